"""Documents from a seed, and the checker that knows whether a text is one.

    python3 grammar.py            # prints some documents

Both read the same templates, so that a text is accepted exactly when some
template and some choice of words give it.
"""
import re

import templates
from words import (ANIMALS, COLORS, DAYS, FOODS, HIS, JOBS, MONTHS, MOODS, MORE, NAMES, NUMBERS, OPPOSITES, PLACES,
                   PRONOUN, SEASONS, SKILLS, THINGS, WEATHER, article, plural)

MASK = (1 << 64) - 1
SLOT = re.compile(r"\{([a-zA-Z_]+)([+-]\d)?\.(\d)(?:\.(\d))?\}")
TABLES = {"thing": THINGS, "food": FOODS, "animal": ANIMALS, "color": COLORS, "place": PLACES, "weather": WEATHER,
          "mood": MOODS, "job": JOBS, "skill": SKILLS, "day": DAYS, "month": MONTHS, "season": SEASONS, "adj": OPPOSITES}
BASE = {"he": "name", "He": "name", "his": "name", "foods": "food", "anti": "adj", "sum": "num", "diff": "num"}
LARGEST = 6  # of a number that is drawn


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
        """k different ones."""
        xs = list(xs)
        for i in range(k):
            j = i + self.below(len(xs) - i)
            xs[i], xs[j] = xs[j], xs[i]
        return xs[:k]


def base(kind):
    """The table that a kind of slot draws from: a_thing, m_thing -> thing."""
    return BASE.get(kind) or re.sub(r"^[am]_", "", kind)


def size(kind, lang):
    return {"name": len(NAMES[lang]), "num": LARGEST}.get(kind) or len(TABLES[kind])


def word(lang, kind, i, shift=0):
    """What a slot says when choice i was made for its base; shift goes along a cycle."""
    zh = lang == "zh"
    b = base(kind)
    if b == "name":
        he = PRONOUN[lang][i % 2]
        return {"name": NAMES[lang][i], "he": he, "He": he.capitalize(), "his": HIS.get(he, he)}[kind]
    if b == "num":
        number = NUMBERS[lang][i + 1]
        return "两" if zh and i == 1 else number
    row = TABLES[b][(i + shift) % len(TABLES[b])]
    if kind == "anti":
        return row[3] if zh else row[2]
    if kind == "foods":
        return plural(row[0])
    if kind.startswith("m_"):
        return "一" + row[2]
    if kind.startswith("a_"):
        return "一" + row[2] + row[1] if zh else article(row[0])
    return row[1] if zh else row[0]


def fill(lang, template, chosen):
    """A template with its slots said; chosen maps (base kind, index) to a choice."""
    def say(m):
        kind, shift, i, j = m[1], int(m[2] or 0), m[3], m[4]
        if kind in ("sum", "diff"):
            a, b = chosen["num", i] + 1, chosen["num", j] + 1
            n = a + b if kind == "sum" else a - b
            return "两" if lang == "zh" and n == 2 else NUMBERS[lang][n]
        return word(lang, kind, chosen[base(kind), i], shift)
    return SLOT.sub(say, template)


def slots(template):
    """The (base kind, index) pairs of a template, in order of appearance."""
    found = []
    for m in SLOT.finditer(template):
        for i in filter(None, (m[3], m[4])):
            if (base(m[1]), i) not in found:
                found.append((base(m[1]), i))
    return found


def told(r, lang, template):
    """The template with words drawn for its slots."""
    chosen, drawn = {}, {}
    for kind, i in slots(template):
        if kind == "num":  # numbers may be equal
            chosen[kind, i] = r.below(LARGEST)
            continue
        while (n := r.below(size(kind, lang))) in drawn.get(kind, ()):
            pass
        drawn.setdefault(kind, []).append(n)
        chosen[kind, i] = n
    return fill(lang, template, chosen)


def story(r, lang):
    return told(r, lang, r.pick(templates.EN if lang == "en" else templates.ZH))


WORDS = {
    "en": sorted({row[0] for t in (THINGS, FOODS, ANIMALS, COLORS, DAYS, MONTHS, SKILLS, JOBS, MORE) for row in t}
                 | {w for row in OPPOSITES for w in (row[0], row[2])} | set(NUMBERS["en"]) | set(NAMES["en"])),
    "zh": sorted({row[1] for t in (THINGS, FOODS, ANIMALS, COLORS, DAYS, MONTHS, SKILLS, JOBS, MORE) for row in t}
                 | {row[1] for row in PLACES} | set(NAMES["zh"])),
}


def again(r, lang):
    """Something said again, word for word: what copying grows from."""
    if lang == "en":
        w = " ".join(r.some(WORDS["en"], 3 + r.below(8)))
        name, animal, thing, color = r.pick(NAMES["en"]), r.pick(ANIMALS)[0], r.pick(THINGS)[0], r.pick(COLORS)[0]
        line = r.pick([f"{color} {thing}, {color} {thing}, look at the {animal}.", f"The {animal} and the {thing} went up the hill.",
                       f"One {thing}, two {plural(thing)}, three {plural(thing)} for the {animal}."])
        return r.pick([f"Say it again: {w}. {w}.", f"{name} said: {w}. The {animal} said: {w}.", f"List: {w}. List: {w}. List: {w}.", f"{line} {line}"])
    w = "，".join(r.some(WORDS["zh"], 3 + r.below(6)))
    name, animal, thing = r.pick(NAMES["zh"]), r.pick(ANIMALS)[1], r.pick(THINGS)[1]
    line = r.pick([f"{animal}{animal}快快来，看看我的{thing}。", f"{thing}{thing}在哪里？{animal}{animal}告诉你。"])
    return r.pick([f"再说一遍：{w}。{w}。", f"{name}说：{w}。{animal}说：{w}。", f"清单：{w}。清单：{w}。", line + line])


def pairs(r):
    """Words of both languages, side by side."""
    rows = r.some([row for t in (THINGS, FOODS, ANIMALS, COLORS, MORE) for row in t], 3 + r.below(4))
    return r.pick([" ".join(f"{row[0]} = {row[1]}." for row in rows), " ".join(f"{row[1]} = {row[0]}." for row in rows)])


def sums(r):
    """Short sums, in digits or in words."""
    lang, out = r.pick(["en", "zh", "digits"]), []
    for _ in range(2 + r.below(4)):
        a, b = 1 + r.below(6), 1 + r.below(6)
        if lang == "digits":
            out.append(f"{a} + {b} = {a + b}." if r.below(2) else f"{a + b} - {b} = {a}.")
        elif lang == "en":
            say = NUMBERS["en"]
            out.append(f"{say[a]} and {say[b]} make {say[a + b]}." if r.below(2) else f"{say[a + b]} without {say[b]} is {say[a]}.")
        else:
            say = NUMBERS["zh"]
            out.append(f"{say[a]}加{say[b]}等于{say[a + b]}。" if r.below(2) else f"{say[a + b]}减{say[b]}等于{say[a]}。")
    return ("" if lang == "zh" else " ").join(out)


def document(r):
    """One document: 62 % stories, 29 % said again, the rest pairs and sums."""
    n, lang = r.below(100), r.pick(["en", "zh"])
    if n < 62:
        return story(r, lang)
    if n < 91:
        return again(r, lang)
    return pairs(r) if n < 96 else sums(r)


# --- the checker ----------------------------------------------------------

def forms(lang, kind):
    """Everything a slot of this kind can say."""
    if kind in ("sum", "diff", "num"):
        return NUMBERS[lang] + (["两"] if lang == "zh" else [])
    return [word(lang, kind, i) for i in range(size(base(kind), lang))]


def pattern(lang, template):
    """A regular expression for the template with any word of the right kind in each slot."""
    out, at = [], 0
    for m in SLOT.finditer(template):
        out.append(re.escape(template[at:m.start()]))
        out.append("(" + "|".join(re.escape(w) for w in sorted(set(forms(lang, m[1])), key=len, reverse=True)) + ")")
        at = m.end()
    return re.compile("".join(out) + re.escape(template[at:]))


def ends(text):
    """How many sentences end in which way: tells most templates apart at once."""
    return tuple(text.count(c) for c in ".?!。？！")


PATTERNS = {lang: [(t, ends(SLOT.sub("", t)), pattern(lang, t)) for t in (templates.EN if lang == "en" else templates.ZH)] for lang in ("en", "zh")}


def check(lang, text):
    """"" if no story fits; "story" if one fits with words of the right
    kinds; "consistent" if also every name, thing and number stays what it was."""
    best = ""
    for template, sentences, p in PATTERNS[lang]:
        m = ends(text) == sentences and p.fullmatch(text)
        if not m:
            continue
        best = "story"
        chosen = {}
        for slot, said in zip(SLOT.finditer(template), m.groups()):
            kind, shift, i = slot[1], int(slot[2] or 0), slot[3]
            b = base(kind)
            if kind in ("sum", "diff", "he", "He", "his", "anti", "foods") or kind.startswith("m_") or shift or (b, i) in chosen:
                continue
            chosen[b, i] = next((k for k in range(size(b, lang)) if word(lang, kind, k) == said), None)
        if None in chosen.values():  # a number that is never drawn
            continue
        # A template may name a derived slot first ({sum.1.2} before {num.2}): try every choice of what is still open.
        open_slots = [s for s in slots(template) if s not in chosen]
        options = [chosen]
        for s in open_slots:
            options = [{**o, s: k} for o in options for k in range(size(s[0], lang))]
        if any(fill(lang, template, o) == text for o in options):
            return "consistent"
    return best


if __name__ == "__main__":
    r = Rng(1)
    for _ in range(30):
        print(document(r))
