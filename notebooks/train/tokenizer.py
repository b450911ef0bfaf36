"""Byte-level BPE, trained on the grammar's own text; written as a Hugging Face tokenizer.json."""
import json
import os
import unicodedata
from collections import Counter, defaultdict

PATTERN = r" ?[^\P{L}\p{Han}]+|\p{Han}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"
END = "<|endoftext|>"


def kind(c):
    if "\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf" or c in "々〇〆":
        return "han"
    if c.isspace():
        return "space"
    g = unicodedata.category(c)[0]
    return {"L": "letter", "N": "digit"}.get(g, "other")


def split(text):
    """Cuts text as PATTERN does."""
    out, i, n = [], 0, len(text)
    while i < n:
        j = i + 1 if text[i] == " " and i + 1 < n and kind(text[i + 1]) in ("letter", "digit", "other") else i
        k = kind(text[j])
        if k == "letter" or k == "other":
            e = j + 1
            while e < n and kind(text[e]) == k:
                e += 1
        elif k == "han":
            e = j + 1
            while e < n and kind(text[e]) == "han":
                e += 1
        elif k == "digit":
            e = j + 1
        else:
            e = j + 1
            while e < n and kind(text[e]) == "space":
                e += 1
        out.append(text[i:e])
        i = e
    return out


def byte_names():
    """GPT-2's spelling of bytes as printable characters."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    names, extra = {}, 0
    for b in range(256):
        if b in keep:
            names[b] = chr(b)
        else:
            names[b] = chr(256 + extra)
            extra += 1
    return names


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.pieces = [None] + [bytes([b]) for b in range(256)] + [a + b for a, b in self.merges]
        self.ids = {p: i for i, p in enumerate(self.pieces) if p is not None}
        self.cache = {}

    @classmethod
    def load(cls, path):
        """Reads back what json() wrote."""
        back = {c: b for b, c in byte_names().items()}
        unspell = lambda s: bytes(back[c] for c in s)
        return cls([tuple(unspell(x) for x in m.split(" ")) for m in json.load(open(path, encoding="utf-8"))["model"]["merges"]])

    def encode(self, text):
        out = []
        for w in split(text):
            ids = self.cache.get(w)
            if ids is None:
                ids = self.cache[w] = self.word(w.encode())
            out += ids
        return out

    def word(self, data):
        parts = [bytes([b]) for b in data]
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda i: self.rank.get((parts[i], parts[i + 1]), 1 << 30))
            if (parts[best], parts[best + 1]) not in self.rank:
                break
            pair, merged, i = (parts[best], parts[best + 1]), [], 0
            while i < len(parts):
                if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
                    merged.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    merged.append(parts[i])
                    i += 1
            parts = merged
        return [self.ids[p] for p in parts]

    def decode(self, ids):
        return b"".join(self.pieces[i] or b"" for i in ids).decode("utf-8", "replace")

    def json(self):
        names = byte_names()
        spell = lambda b: "".join(names[x] for x in b)
        vocab = {END: 0}
        for p, i in self.ids.items():
            vocab[spell(p)] = i
        return {"version": "1.0",
                "added_tokens": [{"id": 0, "content": END, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}],
                "normalizer": None,
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False},
                    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
                "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                          "fuse_unk": False, "byte_fallback": False, "vocab": vocab,
                          "merges": [f"{spell(a)} {spell(b)}" for a, b in self.merges]}}


PARTICLES = "的了有在是把和吃送"


def phrase(piece):
    """Chinese pieces are words, not phrases: at most two characters, and none with
    a particle or a common verb stuck to another character."""
    if not any(b >= 0x80 for b in piece) or len(piece) <= 3:
        return False
    return len(piece) > 6 or any(p.encode() in piece for p in PARTICLES)


def train(texts, size):
    """Merges the commonest pair of neighbours again and again, within words."""
    words = Counter(w for t in texts for w in split(t))
    parts = {w: [bytes([b]) for b in w.encode()] for w in words}
    pairs, where = Counter(), defaultdict(set)  # how often a pair stands somewhere, and in which words
    for w, ps in parts.items():
        for p in zip(ps, ps[1:]):
            pairs[p] += words[w]
            where[p].add(w)
    merges = []
    while 257 + len(merges) < size:
        best = max((p for p in pairs if not phrase(p[0] + p[1])), key=lambda p: (pairs[p], p), default=None)
        if best is None or pairs[best] < 2:
            break
        merges.append(best)
        for w in where.pop(best):
            ps = parts[w]
            for p in zip(ps, ps[1:]):
                pairs[p] -= words[w]
            i = 0
            while i + 1 < len(ps):
                if (ps[i], ps[i + 1]) == best:
                    ps[i:i + 2] = [best[0] + best[1]]
                i += 1
            for p in zip(ps, ps[1:]):
                pairs[p] += words[w]
                where[p].add(w)
        del pairs[best]
    return Tokenizer(merges)


def from_grammar(size=1792, documents=10000, seed=7):
    """The story models' tokenizer: the grammar's own text decides the merges."""
    from grammar import Rng, document
    r = Rng(seed)
    return train([document(r) for _ in range(documents)], size)


def cached(checkpoint, documents=10000):
    """The tokenizer beside a checkpoint, made (in a quarter of a minute) if it is not there yet."""
    path = os.path.join(os.path.dirname(checkpoint) or ".", "tokenizer.json")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(from_grammar(documents=documents).json(), f, ensure_ascii=False)
    return Tokenizer.load(path)
