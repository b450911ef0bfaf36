"""Text for the story model: little documents in English and Chinese, from a seed."""
MASK = (1 << 64) - 1


class Rng:
    """splitmix64: the same documents from the same seed, on any machine."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() % n

    def pick(self, xs):
        return xs[self.below(len(xs))]

    def some(self, xs, k):
        xs = list(xs)
        for i in range(k):
            j = i + self.below(len(xs) - i)
            xs[i], xs[j] = xs[j], xs[i]
        return xs[:k]


NAMES = {"en": "Tom Anna Ben Lily Max Mia Sam Rosa Leo Nora Jack Ivy".split(),
         "zh": "小明 小红 小刚 小丽 小华 小兰 小军 小雪 小龙 小美 小林 小月".split()}
HE = dict(zip("Tom Anna Ben Lily Max Mia Sam Rosa Leo Nora Jack Ivy".split(), "he she he she he she he she he she he she".split()))
HIS = {"he": "his", "she": "her"}
TA = dict(zip(NAMES["zh"], "他 她 他 她 他 她 他 她 他 她 他 她".split()))
# (en, zh with measure word, zh noun)
THINGS = [("ball", "一个球", "球"), ("hat", "一顶帽子", "帽子"), ("book", "一本书", "书"), ("cup", "一个杯子", "杯子"),
          ("key", "一把钥匙", "钥匙"), ("box", "一个盒子", "盒子"), ("boat", "一条船", "船"), ("drum", "一面鼓", "鼓"),
          ("kite", "一只风筝", "风筝"), ("lamp", "一盏灯", "灯"), ("coin", "一枚硬币", "硬币"), ("shell", "一个贝壳", "贝壳"),
          ("bell", "一个铃铛", "铃铛"), ("stone", "一块石头", "石头"), ("map", "一张地图", "地图"), ("doll", "一个娃娃", "娃娃"),
          ("flower", "一朵花", "花"), ("umbrella", "一把雨伞", "雨伞"), ("pencil", "一支铅笔", "铅笔"), ("bag", "一个书包", "书包")]
FOODS = [("apple", "苹果"), ("pear", "梨"), ("cake", "蛋糕"), ("egg", "鸡蛋"), ("peach", "桃子"), ("cookie", "饼干"), ("plum", "李子"), ("melon", "西瓜"), ("orange", "橙子"), ("carrot", "胡萝卜")]
ANIMALS = [("cat", "小猫"), ("dog", "小狗"), ("bird", "小鸟"), ("fish", "小鱼"), ("rabbit", "兔子"), ("horse", "小马"), ("duck", "鸭子"), ("frog", "青蛙"), ("bear", "小熊"), ("fox", "狐狸"), ("cow", "奶牛"), ("mouse", "老鼠")]
COLORS = [("red", "红色"), ("blue", "蓝色"), ("green", "绿色"), ("yellow", "黄色"), ("white", "白色"), ("black", "黑色"), ("brown", "棕色"), ("pink", "粉色")]
PLACES = [("in the garden", "花园里"), ("in the park", "公园里"), ("at the school", "学校里"), ("in the kitchen", "厨房里"), ("by the river", "河边"), ("on the hill", "山上"), ("under the tree", "树下"), ("at the market", "市场里"), ("in the forest", "森林里"), ("by the sea", "海边")]
DAYS = [("Monday", "星期一"), ("Tuesday", "星期二"), ("Wednesday", "星期三"), ("Thursday", "星期四"), ("Friday", "星期五"), ("Saturday", "星期六"), ("Sunday", "星期日")]
OPPOSITES = [("big", "大", "small", "小"), ("hot", "热", "cold", "冷"), ("up", "上", "down", "下"), ("day", "白天", "night", "夜晚"), ("fast", "快", "slow", "慢"), ("old", "旧", "new", "新"), ("happy", "高兴", "sad", "难过"), ("long", "长", "short", "短"), ("open", "开", "closed", "关"), ("wet", "湿", "dry", "干"), ("full", "满", "empty", "空"), ("left", "左", "right", "右")]
NUM_EN = "zero one two three four five six seven eight nine ten".split()
NUM_ZH = "零 一 二 三 四 五 六 七 八 九 十".split()
MOODS = [("happy", "高兴"), ("glad", "开心"), ("sad", "难过"), ("tired", "累"), ("proud", "骄傲"), ("surprised", "吃惊")]
