"""The words of the story world. Each row is one thing in both languages."""

NAMES = {
    "en": "Tom Anna Ben Lily Max Mia Sam Rosa Leo Nora Jack Ivy".split(),
    "zh": "小明 小红 小刚 小丽 小华 小兰 小军 小雪 小龙 小美 小林 小月".split(),
}
PRONOUN = {"en": ["he", "she"], "zh": ["他", "她"]}  # names alternate
HIS = {"he": "his", "she": "her"}

# English, Chinese, Chinese measure word
THINGS = [tuple(row.split()) for row in """ball 球 个
hat 帽子 顶
book 书 本
cup 杯子 个
key 钥匙 把
box 盒子 个
boat 小船 条
drum 鼓 面
kite 风筝 只
lamp 灯 盏
coin 硬币 枚
shell 贝壳 个
bell 铃铛 个
stone 石头 块
map 地图 张
doll 娃娃 个
flower 花 朵
umbrella 雨伞 把
pencil 铅笔 支
bag 书包 个
chair 椅子 把
clock 钟 个
ring 戒指 枚
letter 信 封
basket 篮子 个
blanket 毯子 条
candle 蜡烛 支
ladder 梯子 把
mirror 镜子 面
scarf 围巾 条""".splitlines()]
FOODS = [tuple(row.split()) for row in """apple 苹果 个
pear 梨 个
cake 蛋糕 块
egg 鸡蛋 个
peach 桃子 个
cookie 饼干 块
plum 李子 个
melon 西瓜 个
orange 橙子 个
carrot 胡萝卜 根
banana 香蕉 根
bun 包子 个
tomato 番茄 个
potato 土豆 个""".splitlines()]
ANIMALS = [tuple(row.split()) for row in """cat 小猫 只
dog 小狗 只
bird 小鸟 只
fish 小鱼 条
rabbit 兔子 只
horse 小马 匹
duck 鸭子 只
frog 青蛙 只
bear 小熊 只
fox 狐狸 只
cow 奶牛 头
mouse 老鼠 只
sheep 小羊 只
monkey 猴子 只
tiger 老虎 只
panda 熊猫 只""".splitlines()]
COLORS = [tuple(row.split()) for row in """red 红色
blue 蓝色
green 绿色
yellow 黄色
white 白色
black 黑色
brown 棕色
pink 粉色
purple 紫色
gray 灰色""".splitlines()]
PLACES = [tuple(p.strip() for p in row.split("|")) for row in """in the garden | 花园里
in the park | 公园里
at the school | 学校里
in the kitchen | 厨房里
by the river | 河边
on the hill | 山上
under the tree | 树下
at the market | 市场里
in the forest | 森林里
by the sea | 海边
in the barn | 谷仓里
on the bridge | 桥上
near the lake | 湖边
behind the house | 房子后面""".splitlines()]
WEATHER = [tuple(row.split()) for row in """sunny 晴天
rainy 雨天
windy 刮风
snowy 下雪
cloudy 阴天""".splitlines()]
MOODS = [tuple(row.split()) for row in """happy 高兴
glad 开心
proud 骄傲
surprised 惊讶
thankful 感激""".splitlines()]
JOBS = [tuple(row.split()) for row in """teacher 老师
doctor 医生
farmer 农夫
baker 面包师
painter 画家
singer 歌手
driver 司机
cook 厨师""".splitlines()]
SKILLS = [tuple(row.split()) for row in """swim 游泳
sing 唱歌
dance 跳舞
draw 画画
run 跑步
read 读书
jump 跳高
cook 做饭
write 写字
fly 飞""".splitlines()]
# Words that no story turns on: for lists, echoes and pairs.
MORE = [tuple(row.split()) for row in """sun 太阳
moon 月亮
star 星星
cloud 云
sky 天空
water 水
fire 火
grass 草
leaf 叶子
sand 沙子
mountain 高山
village 村庄
city 城市
road 道路
door 门
window 窗户
table 桌子
bed 床
wall 墙
roof 屋顶
floor 地板
mother 妈妈
father 爸爸
brother 哥哥
sister 妹妹
grandma 奶奶
grandpa 爷爷
child 孩子
king 国王
queen 王后
hand 手
foot 脚
eye 眼睛
ear 耳朵
nose 鼻子
mouth 嘴
tooth 牙齿
hair 头发
shoe 鞋
coat 外套
sock 袜子
glove 手套
button 纽扣
bread 面包
rice 米饭
milk 牛奶
tea 茶
soup 汤
sugar 糖
salt 盐
honey 蜂蜜
bottle 瓶子
spoon 勺子
plate 盘子
car 汽车
train 火车
plane 飞机
ship 轮船
bridge 大桥
wheel 轮子
music 音乐
song 歌曲
picture 图片
paper 纸
robot 机器人
gift 礼物
dream 梦
game 游戏
gold 金子
silver 银子
lion 狮子
elephant 大象
snake 蛇
turtle 乌龟
bee 蜜蜂
butterfly 蝴蝶
chicken 母鸡
pig 猪
goat 山羊
wolf 狼
world 世界
question 问题
answer 答案
alphabet 字母
morning 早晨
evening 傍晚
minute 分钟
week 星期
year 年
rainbow 彩虹
ice 冰
thunder 雷声
soccer 足球
piano 钢琴
pen 钢笔
knife 小刀
garlic 大蒜
bean 豆子
corn 玉米
grape 葡萄
lemon 柠檬""".splitlines()]
DAYS = list(zip("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
                "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split()))
MONTHS = list(zip("January February March April May June July August September October November December".split(),
                  "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()))
SEASONS = list(zip("spring summer autumn winter".split(), "春天 夏天 秋天 冬天".split()))
# English, Chinese, and their opposites
OPPOSITES = [tuple(row.split()) for row in """big 大 small 小
hot 热 cold 冷
up 上 down 下
fast 快 slow 慢
old 旧 new 新
happy 高兴 sad 难过
long 长 short 短
open 开 closed 关
wet 湿 dry 干
full 满 empty 空
left 左 right 右
light 轻 heavy 重
near 近 far 远
high 高 low 低
early 早 late 晚
day 白天 night 黑夜""".splitlines()]
NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve".split(),
    "zh": "零 一 二 三 四 五 六 七 八 九 十 十一 十二".split(),
}


def plural(noun):
    """The plural of an English noun of this world."""
    if noun in ("fish", "sheep"):
        return noun
    if noun == "mouse":
        return "mice"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh", "to")) else "s")


def article(word):
    return ("an " if word[0] in "aeiou" else "a ") + word
