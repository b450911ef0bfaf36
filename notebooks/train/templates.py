"""The documents of the story world, as templates with slots.

A slot is {kind.index}: {name.1} and {name.2} are two different names, and every
{name.1} of a document is the same one. Kinds that are made of another slot's
choice: {he.1} {He.1} {his.1} of name 1, {foods.1} the plural of food 1, {a_food.1}
with its article or measure word, {anti.1} the opposite of adj 1, {day+1.1} the
day after day 1, {sum.1.2} and {diff.1.2} of numbers 1 and 2.
"""

EN = """
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. Who has the {thing.1}? {name.1} has the {thing.1}.
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. Who has the {thing.2}? {name.2} has the {thing.2}.
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. What does {name.1} have? {name.1} has {a_color.1} {thing.1}.
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. {name.3} has {a_color.3} {thing.3}. Who has the {thing.2}? {name.2} has the {thing.2}.
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. {name.3} has {a_color.3} {thing.3}. What color is the {thing.1}? The {thing.1} is {color.1}.
{name.1} has {a_color.1} {thing.1}. {name.2} has {a_color.2} {thing.2}. {name.3} has {a_color.3} {thing.3}. What color is the {thing.3}? The {thing.3} is {color.3}.
{name.1} found {a_color.1} {thing.1} {place.1}. {He.1} gave the {thing.1} to {name.2}. {name.2} was {mood.1}. Now {name.2} has the {color.1} {thing.1}.
{name.1} gave {a_color.1} {thing.1} to {name.2}. {name.2} gave the {thing.1} to {name.3}. Who has the {thing.1} now? {name.3} has the {thing.1}.
{name.1} put the {thing.1} {place.1}. {name.2} put the {thing.2} {place.2}. Where is the {thing.1}? The {thing.1} is {place.1}.
{name.1} put the {thing.1} {place.1}. {name.2} put the {thing.2} {place.2}. Where is the {thing.2}? The {thing.2} is {place.2}.
{name.1} lost {his.1} {color.1} {thing.1}. {name.1} looked {place.1}, but the {thing.1} was not there. Then {name.2} found the {thing.1} {place.2}. "Thank you, {name.2}!" said {name.1}.
One day, {name.1} met a little {color.1} {animal.1} {place.1}. The {animal.1} was hungry. {name.1} gave the {animal.1} {a_food.1}. The {animal.1} ate the {food.1} and was happy. {name.1} and the {animal.1} became friends.
One day, {name.1} saw {a_animal.1} and {a_animal.2} {place.1}. The {animal.1} was {adj.1} and the {animal.2} was {anti.1}. "Hello, {animal.1}! Hello, {animal.2}!" said {name.1}.
{name.1} has {num.1} {foods.1}. {name.1} gets {num.2} more. Now {name.1} has {sum.1.2} {foods.1}.
{name.1} has {sum.1.2} {foods.1}. {name.1} eats {num.2}. How many {foods.1} are left? There are {num.1} left.
Today is {day.1}. Tomorrow is {day+1.1}. Yesterday was {day-1.1}.
{day.1}, {day+1.1}, {day+2.1}, {day+3.1}, {day+4.1}, {day+5.1}, {day+6.1}.
{month.1}, {month+1.1}, {month+2.1}, {month+3.1}, {month+4.1}, {month+5.1}.
After {season.1} comes {season+1.1}. After {season+1.1} comes {season+2.1}.
On {day.1} {name.1} ate {a_food.1}. On {day+1.1} {name.1} ate {a_food.2}. What did {name.1} eat on {day.1}? {name.1} ate {a_food.1}.
On {day.1} {name.1} ate {a_food.1}. On {day+1.1} {name.1} ate {a_food.2}. What did {name.1} eat on {day+1.1}? {name.1} ate {a_food.2}.
The opposite of {adj.1} is {anti.1}. The opposite of {adj.2} is {anti.2}. The opposite of {anti.1} is {adj.1}.
The {animal.1} is {adj.1}. The {animal.2} is {anti.1}. Which one is {adj.1}? The {animal.1} is {adj.1}.
The {animal.1} is {adj.1}. The {animal.2} is {anti.1}. Which one is {anti.1}? The {animal.2} is {anti.1}.
{name.1} is {place.1}. {name.2} is {place.2}. Where is {name.2}? {name.2} is {place.2}.
{name.1} is {place.1}. {name.2} is {place.2}. Who is {place.1}? {name.1} is {place.1}.
{name.1} likes {foods.1}. {name.2} likes {foods.2}. {name.3} likes {foods.3}. What does {name.2} like? {name.2} likes {foods.2}.
{name.1} likes {foods.1}. {name.2} likes {foods.2}. {name.3} likes {foods.3}. Who likes {foods.3}? {name.3} likes {foods.3}.
It was night. {name.1} was tired. {He.1} put the {thing.1} under the bed. "Good night, {thing.1}," said {name.1}. "Good night, {animal.1}," said {name.1}. Then {name.1} slept and dreamed of the {animal.1} and the {thing.1}.
{name.1} is {a_job.1}. {name.2} is {a_job.2}. Who is the {job.1}? {name.1} is the {job.1}.
The {animal.1} can {skill.1}. The {animal.2} can {skill.2}. Can the {animal.1} {skill.1}? Yes, the {animal.1} can {skill.1}.
Today is {day.1}. It is {weather.1}. {name.1} and {name.2} play {place.1}. {name.1} brings {a_thing.1} and {name.2} brings {a_food.1}. They are {mood.1}.
{name.1} wants to {skill.1}. "I can help you," says {name.2}. They {skill.1} all day. Now {name.1} can {skill.1} too.
{name.1} is older than {name.2}. {name.2} is older than {name.3}. Who is the oldest? {name.1} is the oldest. Who is the youngest? {name.3} is the youngest.
""".strip().splitlines()

ZH = """
{name.1}有{a_thing.1}。{name.2}有{a_thing.2}。谁有{thing.1}？{name.1}有{thing.1}。
{name.1}有{a_thing.1}。{name.2}有{a_thing.2}。谁有{thing.2}？{name.2}有{thing.2}。
{name.1}有{m_thing.1}{color.1}的{thing.1}。{name.2}有{m_thing.2}{color.2}的{thing.2}。谁有{thing.1}？{name.1}有{thing.1}。
{name.1}有{m_thing.1}{color.1}的{thing.1}。{name.2}有{m_thing.2}{color.2}的{thing.2}。谁有{thing.2}？{name.2}有{thing.2}。
{name.1}有{m_thing.1}{color.1}的{thing.1}。{name.2}有{m_thing.2}{color.2}的{thing.2}。{name.1}有什么？{name.1}有{m_thing.1}{color.1}的{thing.1}。
{name.1}有{m_thing.1}{color.1}的{thing.1}。{name.2}有{m_thing.2}{color.2}的{thing.2}。{name.3}有{m_thing.3}{color.3}的{thing.3}。{thing.2}是什么颜色的？{thing.2}是{color.2}的。
{name.1}在{place.1}找到了{m_thing.1}{color.1}的{thing.1}。{he.1}把{thing.1}送给了{name.2}。{name.2}很{mood.1}。现在{name.2}有{color.1}的{thing.1}。
{name.1}把{m_thing.1}{color.1}的{thing.1}给了{name.2}。{name.2}把{thing.1}给了{name.3}。现在谁有{thing.1}？{name.3}有{thing.1}。
{name.1}把{thing.1}放在{place.1}。{name.2}把{thing.2}放在{place.2}。{thing.1}在哪里？{thing.1}在{place.1}。
{name.1}把{thing.1}放在{place.1}。{name.2}把{thing.2}放在{place.2}。{thing.2}在哪里？{thing.2}在{place.2}。
{name.1}丢了{color.1}的{thing.1}。{name.1}去{place.1}找，可是{thing.1}不在那里。后来{name.2}在{place.2}找到了{thing.1}。{name.1}说：“谢谢你，{name.2}！”
有一天，{name.1}在{place.1}遇见了{m_animal.1}{color.1}的{animal.1}。{animal.1}饿了。{name.1}给了{animal.1}{a_food.1}。{animal.1}吃了{food.1}，很开心。{name.1}和{animal.1}成了好朋友。
有一天，{name.1}在{place.1}看见了{a_animal.1}和{a_animal.2}。{name.1}说：“你好，{animal.1}！你好，{animal.2}！”
{name.1}有{num.1}个{food.1}。又来了{num.2}个。现在{name.1}有{sum.1.2}个{food.1}。
{name.1}有{sum.1.2}个{food.1}。{name.1}吃了{num.2}个。还剩几个？还剩{num.1}个。
今天是{day.1}。明天是{day+1.1}。昨天是{day-1.1}。
{day.1}，{day+1.1}，{day+2.1}，{day+3.1}，{day+4.1}，{day+5.1}，{day+6.1}。
{month.1}，{month+1.1}，{month+2.1}，{month+3.1}，{month+4.1}，{month+5.1}。
{season.1}之后是{season+1.1}。{season+1.1}之后是{season+2.1}。
{day.1}{name.1}吃了{a_food.1}。{day+1.1}{name.1}吃了{a_food.2}。{day.1}{name.1}吃了什么？{name.1}吃了{a_food.1}。
{day.1}{name.1}吃了{a_food.1}。{day+1.1}{name.1}吃了{a_food.2}。{day+1.1}{name.1}吃了什么？{name.1}吃了{a_food.2}。
“{adj.1}”的反义词是“{anti.1}”。“{adj.2}”的反义词是“{anti.2}”。“{anti.1}”的反义词是“{adj.1}”。
{name.1}在{place.1}。{name.2}在{place.2}。{name.2}在哪里？{name.2}在{place.2}。
{name.1}在{place.1}。{name.2}在{place.2}。谁在{place.1}？{name.1}在{place.1}。
{name.1}喜欢吃{food.1}。{name.2}喜欢吃{food.2}。{name.3}喜欢吃{food.3}。{name.2}喜欢吃什么？{name.2}喜欢吃{food.2}。
{name.1}喜欢吃{food.1}。{name.2}喜欢吃{food.2}。{name.3}喜欢吃{food.3}。谁喜欢吃{food.3}？{name.3}喜欢吃{food.3}。
天黑了，{name.1}累了。{he.1}把{thing.1}放在床边。{name.1}说：“晚安，{thing.1}。晚安，{animal.1}。”然后{name.1}睡着了，梦见了{animal.1}和{thing.1}。
{name.1}是{job.1}。{name.2}是{job.2}。谁是{job.1}？{name.1}是{job.1}。
{animal.1}会{skill.1}。{animal.2}会{skill.2}。{animal.1}会{skill.1}吗？会，{animal.1}会{skill.1}。
今天是{day.1}，是{weather.1}。{name.1}和{name.2}在{place.1}玩。{name.1}带了{a_thing.1}，{name.2}带了{a_food.1}。他们很{mood.1}。
{name.1}想学{skill.1}。{name.2}说：“我来教你。”他们学了一整天。现在{name.1}也会{skill.1}了。
{name.1}比{name.2}大。{name.2}比{name.3}大。谁最大？{name.1}最大。谁最小？{name.3}最小。
""".strip().splitlines()
