"""Measures the exported models with numpy (reference.py) and prints JSON.

    python3 evaluate.py ../../sim/checkpoint/models out > evaluation.json

The second folder holds the float32 checkpoints of train.py; it is needed, and
PyTorch with it, only to compare the float16 files with them and to measure the
model as it was before training. Without it those figures are null.
"""
import json
import os
import re
import sys

import numpy as np

from grammar import COLORS, NAMES, THINGS, WORDS, Rng, article, check, document, story
from reference import forward, greedy, load

FAMILY = ["story", "story-gqa", "story-mqa", "story-draft"]
SAMPLES = 200  # a language
DRAFTED = 4    # tokens that the draft proposes at a time


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def validation_loss(config, w, tok, documents=300):
    """Mean nats per token of documents that training never saw, each on its own."""
    r, total, count = Rng(1 << 50), 0.0, 0
    for _ in range(documents):
        ids = [0] + tok.encode(document(r)) + [0]
        logp = log_softmax(forward(config, w, ids[:-1])[0])
        total -= logp[np.arange(len(ids) - 1), ids[1:]].sum()
        count += len(ids) - 1
    return round(total / count, 4)


def head(table):
    """The largest entry of [layers, heads], numbered from 1 as the page does."""
    layer, h = np.unravel_index(table.argmax(), table.shape)
    return {"layer": int(layer) + 1, "head": int(h) + 1, "attention": round(float(table.max()), 3)}


def copying(config, w, tok, lists=200, words=7):
    """Lists of 7 words said twice: the share of the second copy that is foretold, and
    the heads that look most at the previous token and at what followed the same
    word's first copy."""
    r, right, asked, previous, induction = Rng(77), 0, 0, 0.0, 0.0
    for _ in range(lists):
        once = [i for word in r.some(WORDS["en"], words) for i in tok.encode(" " + word)]
        ids = [0] + tok.encode("Say it again:") + once + tok.encode(".") + once
        start = len(ids) - len(once)  # of the second copy; the first is len(once)+1 before it
        logits, layers = forward(config, w, ids)
        right += (logits[start:-1].argmax(-1) == ids[start + 1:]).sum()
        asked += len(once) - 1
        probs = np.array([layer["probs"] for layer in layers])  # [layers, heads, t, t]
        i, k = np.arange(1, len(ids)), np.arange(start, len(ids) - 1)
        previous = previous + probs[:, :, i, i - 1].mean(-1) / lists
        induction = induction + probs[:, :, k, k - len(once)].mean(-1) / lists
    return {"copied_right": round(float(right / asked), 4), "previous_token_head": head(previous), "induction_head": head(induction)}


def binding(config, w, tok, asked=200):
    """Who has what: "Tom has a red ball. Anna has a blue hat. Who has the ball?", the
    first or the second fact asked for alike: a guess is right half the time. The share
    answered right, and the head that looks most at the owner's name when the answer is
    due."""
    r, right, attention = Rng(55), 0, 0.0
    for _ in range(asked):
        names, which = r.some(NAMES["en"], 2), r.below(2)
        things, colors = ([row[0] for row in r.some(table, 2)] for table in (THINGS, COLORS))
        facts = [f"{n} has {article(c)} {t}." for n, t, c in zip(names, things, colors)]
        before = [0] + (tok.encode(facts[0] + " ") if which else [])
        ids = [0] + tok.encode(" ".join(facts) + f" Who has the {things[which]}?")
        owner = tok.encode(" " + names[1])[0] if which else tok.encode(names[0])[0]
        logits, layers = forward(config, w, ids)
        right += tok.pieces[int(logits[-1].argmax())].strip() == names[which].encode()
        at = ids.index(owner, len(before) - 1)
        attention = attention + np.array([layer["probs"][:, -1, at] for layer in layers]) / asked
    return {"answered_right": round(right / asked, 3), "binding_head": head(attention)}


def draw(r, p):
    return int(min(np.searchsorted(p.cumsum(), r.next() / 2 ** 64 * p.sum()), len(p) - 1))


def sampled(config, w, tok, starts, temperature=0.8, limit=256):
    """Texts sampled from the first ids of documents; None where one does not end."""
    r, texts = Rng(5), []
    for start in starts:
        ids = [0] + start
        while len(ids) < limit:
            ids.append(draw(r, np.exp(log_softmax(forward(config, w, ids)[0][-1] / temperature))))
            if ids[-1] == 0:
                break
        texts.append(tok.decode(ids[1:-1]) if ids[-1] == 0 else None)
    return texts


def beginnings(tok, lang, n):
    """The first three ids of stories that training never saw."""
    r = Rng(31)
    return [tok.encode(story(r, lang))[:3] for _ in range(n)]


def stories(config, w, tok, lang):
    texts = sampled(config, w, tok, beginnings(tok, lang, SAMPLES))
    verdicts = [check(lang, t) if t else "" for t in texts]
    return {"samples": SAMPLES, "end_by_themselves": sum(t is not None for t in texts), "accepted": sum(v != "" for v in verdicts),
            "consistent": sum(v == "consistent" for v in verdicts), "first": texts[:8]}


def continuations(config, w, tok, prompts):
    out = {}
    for prompt in prompts:
        ids = [0] + tok.encode(prompt)
        made = greedy(config, w, ids, 64)
        out[prompt] = tok.decode(made[len(ids):]) + (" <end>" if made[-1] == 0 else " ...")
    return out


def speculative(target, draft, tok, temperature, texts=40, limit=96):
    """Speculative decoding (Leviathan et al., 2023) of story beginnings in both
    languages: the draft proposes DRAFTED tokens, the target checks them in one pass.
    Temperature 0 is greedy. "of_drafted" is accepted / drafted, "of_checked" leaves out
    what was drafted after a rejection."""
    r, drafted, checked, accepted, passes = Rng(11), 0, 0, 0, 0

    def dist(model, ids, rows):
        logits = forward(*model, ids)[0][-rows:]
        if temperature == 0:
            return np.eye(logits.shape[-1])[logits.argmax(-1)]
        return np.exp(log_softmax(logits / temperature))

    for start in beginnings(tok, "en", texts) + beginnings(tok, "zh", texts):
        ids = [0] + start
        while ids[-1] != 0 and len(ids) < limit:
            guess, q = [], []
            for _ in range(DRAFTED):
                q.append(dist(draft, ids + guess, 1)[0])
                guess.append(draw(r, q[-1]))
            p = dist(target, ids + guess, DRAFTED + 1)
            passes, drafted = passes + 1, drafted + DRAFTED
            for i, x in enumerate(guess):
                checked += 1
                if r.next() / 2 ** 64 >= p[i][x] / q[i][x]:
                    ids.append(draw(r, np.maximum(p[i] - q[i], 0)))
                    break
                accepted += 1
                ids.append(x)
                if x == 0:
                    break
            else:
                ids.append(draw(r, p[DRAFTED]))
    return {"of_drafted": round(accepted / drafted, 3), "of_checked": round(accepted / checked, 3), "accepted_a_target_pass": round(accepted / passes, 2)}


def units(text):
    """Words of a text: runs of letters, digits, Chinese words of the grammar (the
    longest first; other characters alone), and each mark of punctuation."""
    zh = sorted({w for w in WORDS["zh"]}, key=len, reverse=True)
    return re.findall("|".join(map(re.escape, zh)) + r"|[A-Za-z]+|\d|[^\s]", text)


def fertility(tok, documents=2000):
    """Tokens per word on text of the grammar, punctuation counted as words."""
    r, tokens, words = Rng(1 << 51), 0, 0
    for _ in range(documents):
        text = document(r)
        tokens, words = tokens + len(tok.encode(text)), words + len(units(text))
    return round(tokens / words, 3)


def original(path):
    """(float32 weights of a checkpoint as float64, the same model before training)."""
    import torch

    import export
    import train
    c = torch.load(path)
    torch.manual_seed(train.SEED)
    fresh = {**c, "m": train.Model(c["c"]).state_dict()}
    as64 = lambda checkpoint: {n: t.numpy().astype(np.float64) for n, t in export.tensors(checkpoint).items()}
    return as64(c), as64(fresh)


def main(folder, originals=None):
    models = {name: load(os.path.join(folder, name)) for name in FAMILY if os.path.isdir(os.path.join(folder, name))}
    prompts = json.load(open(os.path.join(folder, "story/world.json")))["prompts"]
    result = {}
    for name, (config, w, tok) in models.items():
        print(name, file=sys.stderr)
        this = result[name] = {
            "parameters": sum(x.size for x in w.values()),
            "kv_bytes_per_token_f32": 8 * config["num_hidden_layers"] * config["num_key_value_heads"] * config["head_dim"],
            "validation_loss_nats_per_token": validation_loss(config, w, tok),
            **copying(config, w, tok), **binding(config, w, tok),
            "stories": {lang: stories(config, w, tok, lang) for lang in prompts},
            "greedy": {lang: continuations(config, w, tok, prompts[lang]) for lang in prompts},
            "before_training": None, "float16_gives_the_same_greedy_ids": None,
        }
        if originals:
            full, fresh = original(os.path.join(originals, name + ".pt"))
            every = [[0] + tok.encode(p) for lang in prompts for p in prompts[lang]]
            this["float16_gives_the_same_greedy_ids"] = all(greedy(config, w, ids, 48) == greedy(config, full, ids, 48) for ids in every)
            this["before_training"] = copying(config, fresh, tok, 20)
    config, w, tok = models["story"]
    result["tokens_per_word"] = fertility(tok)
    if "story-draft" in models:
        draft = models["story-draft"][:2]
        result["speculative"] = {f"temperature {t}": speculative((config, w), draft, tok, t) for t in (0, 0.8, 1)}
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
