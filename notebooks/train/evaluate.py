"""Measures an exported model with numpy alone (reference.py) and prints JSON.

    python3 evaluate.py ../../sim/checkpoint/models/story > evaluation.json
"""
import json
import sys

import numpy as np

from grammar import WORDS, Rng, check, document, story
from reference import forward, greedy, load

SAMPLES = 200  # a language


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
    return total / count


def copying(config, w, tok, lists=200, words=7):
    """Lists of 7 words said twice: how much of the second copy is foretold, and
    each head's mean attention to the previous token and to the token after the
    same word's first copy, [layers, heads]."""
    r, right, asked, previous, induction, n = Rng(77), 0, 0, 0.0, 0.0, 0
    for _ in range(lists):
        chosen = r.some(WORDS["en"], words)
        once = [i for word in chosen for i in tok.encode(" " + word)]
        ids = [0] + tok.encode("Say it again:") + once + tok.encode(".") + once
        start = len(ids) - len(once)  # of the second copy; the first is len(once)+1 before it
        logits, layers = forward(config, w, ids)
        right += (logits[start:-1].argmax(-1) == ids[start + 1:]).sum()
        asked += len(once) - 1
        probs = np.array([layer["probs"] for layer in layers])  # [layers, heads, t, t]
        i = np.arange(1, len(ids))
        previous = previous + probs[:, :, i, i - 1].mean(-1)
        k = np.arange(start, len(ids) - 1)
        induction = induction + probs[:, :, k, k - len(once)].mean(-1)
        n += 1
    return right / asked, previous / n, induction / n


def sampled(config, w, tok, starts, temperature=0.8, limit=256):
    """Texts sampled from the beginnings of documents; None where one does not end."""
    r, texts = Rng(5), []
    for start in starts:
        ids = [0] + tok.encode(start)
        while len(ids) < limit:
            p = np.exp(log_softmax(forward(config, w, ids)[0][-1] / temperature))
            ids.append(int(np.searchsorted(p.cumsum(), r.next() / 2 ** 64 * p.sum())))
            if ids[-1] == 0:
                break
        texts.append(tok.decode(ids[1:-1]) if ids[-1] == 0 else None)
    return texts


def main(folder):
    config, w, tok = load(folder)
    world = json.load(open(folder + "/world.json"))
    copied, previous, induction = copying(config, w, tok)
    head = lambda table: {"layer": int(table.argmax() // table.shape[1]) + 1, "head": int(table.argmax() % table.shape[1]) + 1, "attention": round(float(table.max()), 3)}
    result = {
        "validation_loss_nats_per_token": round(float(validation_loss(config, w, tok)), 4),
        "copying_7_words_twice": round(float(copied), 4),
        "previous_token_head": head(previous),
        "induction_head": head(induction),
    }
    for lang in ("en", "zh"):
        r = Rng(31)  # the first three tokens of stories that training never saw
        texts = sampled(config, w, tok, [tok.decode(tok.encode(story(r, lang))[:3]) for _ in range(SAMPLES)])
        verdicts = [check(lang, t) if t else "" for t in texts]
        result[f"{lang}_sampled"] = {
            "samples": SAMPLES, "end_by_themselves": sum(t is not None for t in texts),
            "accepted": sum(v != "" for v in verdicts), "consistent": sum(v == "consistent" for v in verdicts),
        }
        result[f"{lang}_samples"] = texts[:8]
        result[f"{lang}_greedy"] = {}
        for prompt in world["prompts"][lang]:
            ids = [0] + tok.encode(prompt)
            out = greedy(config, w, ids, 64)
            result[f"{lang}_greedy"][prompt] = tok.decode(out[len(ids):]) + (" <end>" if out[-1] == 0 else " ...")
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
