from corpus import *


def a(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def plural(f):
    return f[:-1] + "ies" if f.endswith("y") else f + ("es" if f.endswith(("s", "x", "ch")) else "s")


# ---- English -------------------------------------------------------------
def en_who_has(r):
    n = 2 + r.below(2)
    names, things, colors = r.some(NAMES["en"], n), r.some(THINGS, n), r.some(COLORS, n)
    s = " ".join(f"{p} has a {c[0]} {t[0]}." for p, t, c in zip(names, things, colors))
    k = r.below(n)
    return s + r.pick([f" Who has the {things[k][0]}? {names[k]} has the {things[k][0]}.",
                       f" What does {names[k]} have? {names[k]} has a {colors[k][0]} {things[k][0]}.",
                       f" What color is the {things[k][0]}? The {things[k][0]} is {colors[k][0]}."])


def en_give(r):
    p, q = r.some(NAMES["en"], 2)
    t, c, w, m = r.pick(THINGS)[0], r.pick(COLORS)[0], r.pick(PLACES)[0], r.pick(MOODS[:2])[0]
    return (f"{p} found a {c} {t} {w}. {HE[p].capitalize()} gave the {t} to {q}. {q} was {m}. "
            f"Now {q} has the {c} {t}.")


def en_lost(r):
    p, q = r.some(NAMES["en"], 2)
    t, c = r.pick(THINGS)[0], r.pick(COLORS)[0]
    w1, w2 = r.some(PLACES, 2)
    return (f"{p} lost {HIS[HE[p]]} {c} {t}. {p} looked {w1[0]}, but the {t} was not there. "
            f"Then {q} found the {t} {w2[0]}. \"Thank you, {q}!\" said {p}.")


def en_friend(r):
    p, an, w, f = r.pick(NAMES["en"]), r.pick(ANIMALS)[0], r.pick(PLACES)[0], r.pick(FOODS)[0]
    c = r.pick(COLORS)[0]
    return (f"One day, {p} met a little {c} {an} {w}. The {an} was hungry. {p} gave the {an} {a(f)}. "
            f"The {an} ate the {f} and was happy. {p} and the {an} became friends.")


def en_count(r):
    p, f, i = r.pick(NAMES["en"]), r.pick(FOODS)[0], 2 + r.below(4)
    j = 1 + r.below(4)
    if r.below(2):
        return f"{p} has {NUM_EN[i]} {plural(f)}. {p} gets {NUM_EN[j]} more. Now {p} has {NUM_EN[i+j]} {plural(f) if i+j>1 else f}."
    i += j
    return f"{p} has {NUM_EN[i]} {plural(f)}. {p} eats {NUM_EN[j]}. Now {p} has {NUM_EN[i-j]} {plural(f) if i-j>1 else f}."


def en_days(r):
    k, n = r.below(7), 3 + r.below(5)
    if r.below(2):
        return "The days are " + ", ".join(DAYS[(k + i) % 7][0] for i in range(n)) + "."
    return f"Today is {DAYS[k][0]}. Tomorrow is {DAYS[(k+1)%7][0]}. Yesterday was {DAYS[(k-1)%7][0]}."


def en_week(r):
    p, k = r.pick(NAMES["en"]), r.below(7)
    fs = r.some(FOODS, 3)
    s = " ".join(f"On {DAYS[(k+i)%7][0]} {p} ate {a(f[0])}." for i, f in enumerate(fs))
    i = r.below(3)
    return s + f" What did {p} eat on {DAYS[(k+i)%7][0]}? {p} ate {a(fs[i][0])}."


def en_opposite(r):
    o = r.some(OPPOSITES, 3)
    if r.below(2):
        return " ".join(f"The opposite of {x[0]} is {x[2]}." for x in o)
    an, bn = r.some(ANIMALS, 2)
    x = r.pick([OPPOSITES[i] for i in (0, 4, 5, 9)])
    return f"The {an[0]} is {x[0]}. The {bn[0]} is {x[2]}. Which one is {x[0]}? The {an[0]} is {x[0]}."


def en_sum(r):
    i, j = r.below(6), r.below(5)
    s = f"{i} + {j} = {i+j}."
    for _ in range(r.below(3)):
        i, j = r.below(6), r.below(5)
        s += f" {i} + {j} = {i+j}."
    return s


def en_place(r):
    p, q = r.some(NAMES["en"], 2)
    w = r.some(PLACES, 2)
    k = r.below(2)
    return f"{p} is {w[0][0]}. {q} is {w[1][0]}. Where is {(p, q)[k]}? {(p, q)[k]} is {w[k][0]}."


def en_likes(r):
    n = 3
    names, fs = r.some(NAMES["en"], n), r.some(FOODS, n)
    k = r.below(n)
    s = " ".join(f"{p} likes {plural(f[0])}." for p, f in zip(names, fs))
    return s + f" What does {names[k]} like? {names[k]} likes {plural(fs[k][0])}."


def en_bed(r):
    p, an, t = r.pick(NAMES["en"]), r.pick(ANIMALS)[0], r.pick(THINGS)[0]
    return (f"It was night. {p} was tired. {HE[p].capitalize()} put the {t} under the bed. \"Good night, {t},\" said {p}. "
            f"\"Good night, {an},\" said {p}. Then {p} slept and dreamed of the {an} and the {t}.")


# ---- Chinese -------------------------------------------------------------
def zh_who_has(r):
    n = 2 + r.below(2)
    names, things, colors = r.some(NAMES["zh"], n), r.some(THINGS, n), r.some(COLORS, n)
    s = "".join(f"{p}有{t[1][:2]}{c[1]}的{t[2]}。" for p, t, c in zip(names, things, colors))
    k = r.below(n)
    return s + r.pick([f"谁有{things[k][2]}？{names[k]}有{things[k][2]}。",
                       f"{names[k]}有什么？{names[k]}有{things[k][1][:2]}{colors[k][1]}的{things[k][2]}。",
                       f"{things[k][2]}是什么颜色的？{things[k][2]}是{colors[k][1]}的。"])


def zh_give(r):
    p, q = r.some(NAMES["zh"], 2)
    t, c, w, m = r.pick(THINGS), r.pick(COLORS)[1], r.pick(PLACES)[1], r.pick(MOODS[:2])[1]
    return f"{p}在{w}找到了{t[1][:2]}{c}的{t[2]}。{TA[p]}把{t[2]}送给了{q}。{q}很{m}。现在{q}有{c}的{t[2]}。"


def zh_lost(r):
    p, q = r.some(NAMES["zh"], 2)
    t, c = r.pick(THINGS)[2], r.pick(COLORS)[1]
    w1, w2 = r.some(PLACES, 2)
    return f"{p}丢了{c}的{t}。{p}去{w1[1]}找，可是{t}不在那里。后来{q}在{w2[1]}找到了{t}。{p}说：“谢谢你，{q}！”"


def zh_friend(r):
    p, an, w, f, c = r.pick(NAMES["zh"]), r.pick(ANIMALS)[1], r.pick(PLACES)[1], r.pick(FOODS)[1], r.pick(COLORS)[1]
    return f"有一天，{p}在{w}遇见了一只{c}的{an}。{an}饿了。{p}给了{an}一个{f}。{an}吃了{f}，很开心。{p}和{an}成了好朋友。"


def zh_count(r):
    p, f, i, j = r.pick(NAMES["zh"]), r.pick(FOODS)[1], 2 + r.below(4), 1 + r.below(4)
    z = lambda n: "两" if n == 2 else NUM_ZH[n]
    if r.below(2):
        return f"{p}有{z(i)}个{f}。又来了{z(j)}个。现在{p}有{z(i+j)}个{f}。"
    i += j
    return f"{p}有{z(i)}个{f}。{p}吃了{z(j)}个。现在{p}有{z(i-j)}个{f}。"


def zh_days(r):
    k, n = r.below(7), 3 + r.below(5)
    if r.below(2):
        return "日子是" + "、".join(DAYS[(k + i) % 7][1] for i in range(n)) + "。"
    return f"今天是{DAYS[k][1]}。明天是{DAYS[(k+1)%7][1]}。昨天是{DAYS[(k-1)%7][1]}。"


def zh_week(r):
    p, k = r.pick(NAMES["zh"]), r.below(7)
    fs = r.some(FOODS, 3)
    s = "".join(f"{DAYS[(k+i)%7][1]}{p}吃了一个{f[1]}。" for i, f in enumerate(fs))
    i = r.below(3)
    return s + f"{DAYS[(k+i)%7][1]}{p}吃了什么？{p}吃了一个{fs[i][1]}。"


def zh_opposite(r):
    o = r.some(OPPOSITES, 3)
    return "".join(f"“{x[1]}”的反义词是“{x[3]}”。" for x in o)


def zh_place(r):
    p, q = r.some(NAMES["zh"], 2)
    w = r.some(PLACES, 2)
    k = r.below(2)
    return f"{p}在{w[0][1]}。{q}在{w[1][1]}。{(p, q)[k]}在哪里？{(p, q)[k]}在{w[k][1]}。"


def zh_likes(r):
    names, fs = r.some(NAMES["zh"], 3), r.some(FOODS, 3)
    k = r.below(3)
    return "".join(f"{p}喜欢吃{f[1]}。" for p, f in zip(names, fs)) + f"{names[k]}喜欢吃什么？{names[k]}喜欢吃{fs[k][1]}。"


def zh_bed(r):
    p, an, t = r.pick(NAMES["zh"]), r.pick(ANIMALS)[1], r.pick(THINGS)[2]
    return f"天黑了，{p}累了。{TA[p]}把{t}放在床边。{p}说：“晚安，{t}。晚安，{an}。”然后{p}睡着了，梦见了{an}和{t}。"


# ---- both ----------------------------------------------------------------
WORDS_EN = sorted({x[0] for x in THINGS + FOODS + ANIMALS + COLORS} | set(NUM_EN[1:]) | {o[0] for o in OPPOSITES} | {o[2] for o in OPPOSITES})
WORDS_ZH = sorted({x[2] for x in THINGS} | {x[1] for x in FOODS + ANIMALS + COLORS})


def echo_en(r):
    w = " ".join(r.some(WORDS_EN + NAMES["en"], 3 + r.below(8)))
    return r.pick([f"Say it again: {w}. {w}.", f"{r.pick(NAMES['en'])} said: {w}. The {r.pick(ANIMALS)[0]} said: {w}.", f"{w}, {w}, {w}."])


def echo_zh(r):
    w = "，".join(r.some(WORDS_ZH + NAMES["zh"], 3 + r.below(6)))
    return r.pick([f"再说一遍：{w}。{w}。", f"{r.pick(NAMES['zh'])}说：{w}。{r.pick(ANIMALS)[1]}说：{w}。"])


def rhyme_en(r):
    c, t, an = r.pick(COLORS)[0], r.pick(THINGS)[0], r.pick(ANIMALS)[0]
    l = r.pick([f"{c} {t}, {c} {t}, look at the {an}.", f"The {an} and the {t} went up the hill.", f"One {t}, two {t}s, three {t}s for the {an}."])
    return f"{l} {l}"


def rhyme_zh(r):
    t, an = r.pick(THINGS)[2], r.pick(ANIMALS)[1]
    l = r.pick([f"{an}{an}快快来，看看我的{t}。", f"{t}{t}在哪里？{an}{an}告诉你。"])
    return l + l


def pairs(r):
    xs = r.some([(x[0], x[2]) for x in THINGS] + FOODS + ANIMALS + COLORS, 3 + r.below(3))
    return " ".join(f"{e} = {z}." for e, z in xs)


KINDS = [(3, en_who_has), (3, en_give), (2, en_lost), (3, en_friend), (2, en_count), (1, en_days), (2, en_week), (1, en_opposite), (1, en_sum), (2, en_place), (2, en_likes), (2, en_bed),
         (3, zh_who_has), (3, zh_give), (2, zh_lost), (3, zh_friend), (2, zh_count), (1, zh_days), (2, zh_week), (1, zh_opposite), (2, zh_place), (2, zh_likes), (2, zh_bed),
         (5, echo_en), (5, echo_zh), (2, rhyme_en), (2, rhyme_zh), (1, pairs)]
WHEEL = [f for w, f in KINDS for _ in range(w)]


def document(r):
    return r.pick(WHEEL)(r)


if __name__ == "__main__":
    r = Rng(1)
    for _ in range(40):
        print(document(r))
