"""Trains the story model: a small Llama, on text that the grammar generates.

    python3 train.py                         # writes out/story.pt, resumes if it is there
    python3 train.py --start FOLDER          # from an exported model, whatever its tokenizer
    python3 train.py --pool out/story.pt --kv-heads 2 --out out/story-gqa.pt --millions 4
    python3 train.py --pool out/story.pt --kv-heads 1 --out out/story-mqa.pt --millions 4
    python3 train.py --dim 64 --layers 3 --ffn 96 --out out/story-draft.pt --millions 16
    python3 train.py --quick                 # half a minute, for a test of the whole chain

Needs PyTorch only (Debian: python3-torch, and libopenblas0-pthread, without
which its matrix products are fifteen times slower).
"""
import argparse
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import tokenizer
from grammar import Rng, document

SEED = 20261124
CONTEXT = 512
ROPE_BASE = 100.0  # documents are short: lower angles would never turn
VOCAB = 1792
PEAK = 2e-3

# (until this share of the tokens, row length, rows, share of rows that are random
# lists said over and over). Short and list-rich first: that is what the copying
# heads grow from. Then longer rows, up to the context that is shown.
PHASES = [(0.30, 96, 32, 0.5), (0.60, 96, 32, 0.3), (0.85, 192, 16, 0.2), (1.01, 512, 6, 0.15)]


class Layer(torch.nn.Module):
    """One decoder layer; every weight is [out, in]."""

    def __init__(self, c):
        super().__init__()
        d, kv = c["dim"], c["kv_heads"] * c["head_dim"]
        w = lambda out, inp, k=1.0: torch.nn.Parameter(torch.randn(out, inp) * 0.04 * k)
        back = (2 * c["layers"]) ** -0.5  # what is added to the residual stream starts small
        self.n1, self.n2 = torch.nn.Parameter(torch.ones(d)), torch.nn.Parameter(torch.ones(d))
        self.q, self.k, self.v, self.o = w(d, d), w(kv, d), w(kv, d), w(d, d, back)
        self.gate, self.up, self.down = w(c["ffn"], d), w(c["ffn"], d), w(d, c["ffn"], back)


def rms(x, gain):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * gain


def angles(head_dim):
    """Cosines and sines of RoPE, [context, head_dim], half-split."""
    a = torch.arange(CONTEXT).double()[:, None] * ROPE_BASE ** (-torch.arange(0, head_dim, 2).double() / head_dim)
    return torch.cat([a.cos()] * 2, -1).float(), torch.cat([a.sin()] * 2, -1).float()


class Model(torch.nn.Module):
    """c: dim, layers, heads, kv_heads, head_dim, ffn."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed = torch.nn.Parameter(torch.randn(VOCAB, c["dim"]) * 0.04)
        self.layers = torch.nn.ModuleList(Layer(c) for _ in range(c["layers"]))
        self.norm = torch.nn.Parameter(torch.ones(c["dim"]))
        self.cos, self.sin = angles(c["head_dim"])

    def rope(self, x):
        t = x.shape[-2]
        a, b = x.chunk(2, -1)
        return x * self.cos[:t] + torch.cat([-b, a], -1) * self.sin[:t]

    def forward(self, ids, probs=None):
        """Logits [rows, tokens, vocab]; probs, if given, collects each layer's attention."""
        b, t = ids.shape
        hd, group = self.c["head_dim"], self.c["heads"] // self.c["kv_heads"]
        mask = torch.full((t, t), -1e9).triu(1)
        x = self.embed[ids]
        for l in self.layers:
            h = rms(x, l.n1)
            q, k, v = (F.linear(h, w).view(b, t, -1, hd).transpose(1, 2) for w in (l.q, l.k, l.v))
            k, v = (m.repeat_interleave(group, 1) for m in (k, v))  # heads of a group read the same K and V
            p = (self.rope(q) @ self.rope(k).transpose(-1, -2) / math.sqrt(hd) + mask).softmax(-1)
            if probs is not None:
                probs.append(p)
            x = x + F.linear((p @ v).transpose(1, 2).reshape(b, t, -1), l.o)
            h = rms(x, l.n2)
            x = x + F.linear(F.silu(F.linear(h, l.gate)) * F.linear(h, l.up), l.down)
        return F.linear(rms(x, self.norm), self.embed)


def pool(weights, kv_heads, head_dim):
    """The weights of a model whose K and V heads are the means of its groups (Ainslie et al., 2023)."""
    out = dict(weights)
    for name, w in weights.items():
        if name.endswith((".k", ".v")):
            out[name] = w.view(kv_heads, -1, head_dim, w.shape[-1]).mean(1).reshape(kv_heads * head_dim, -1)
    return out


def adopt(folder, tok):
    """The weights of an exported model with the same shape. Its vocabulary may be
    another: a token that it has keeps its vector, another gets the mean of the
    vectors of the tokens that spell it there."""
    import export
    import reference
    config, weights, theirs = reference.load(folder)
    table = weights["model.embed_tokens.weight"]
    spell = lambda piece: [theirs.ids[piece]] if piece in theirs.ids else theirs.word(piece)
    out = {"embed": np.array([table[0] if p is None else table[spell(p)].mean(0) for p in tok.pieces]), "norm": weights["model.norm.weight"]}
    for l in range(config["num_hidden_layers"]):
        out |= {f"layers.{l}.{short}": weights[f"model.layers.{l}.{full}.weight"] for short, full in export.NAMES.items()}
    return {name: torch.as_tensor(w).float() for name, w in out.items()}


class Data:
    """Rows of token ids, from a seed, without end."""

    def __init__(self, tok, seed):
        self.tok, self.r = tok, Rng(seed)

    def text(self, t):
        """Whole documents one after the other, each ended by token 0."""
        row = [0]
        while len(row) < t + 1:
            row += self.tok.encode(document(self.r)) + [0]
        return row[:t + 1]

    def lists(self, t):
        """4 to 64 random tokens, said again until the row is full."""
        n = 4 + self.r.below(min(t // 2, 64) - 4)
        items = [257 + self.r.below(VOCAB - 257) if self.r.below(16) else 1 + self.r.below(VOCAB - 1) for _ in range(n)]
        return ([0] + items * (t // n + 2))[:t + 1]

    def batch(self, rows, t, share):
        k = round(rows * share)
        return torch.tensor([self.lists(t) for _ in range(k)] + [self.text(t) for _ in range(rows - k)])


def probe(model, t=96, n=24):
    """On lists of n random tokens said again: share of right copies, and the
    best head's mean attention to the previous token and to what followed last time."""
    r, ps = Rng(99), []
    rows = torch.tensor([([0] + [257 + r.below(VOCAB - 257) for _ in range(n)] * 5)[:t] for _ in range(16)])
    with torch.no_grad():
        logits = model(rows, ps)
    copied = (logits[:, n + 1:-1].argmax(-1) == rows[:, n + 2:]).float().mean().item()
    best = lambda i, j: max((p[:, :, i, j].mean((0, 2)).max().item(), layer) for layer, p in enumerate(ps))
    i, k = torch.arange(1, t), torch.arange(n + 2, t)
    return copied, best(i, i - 1), best(k, k - n + 1)


def rate(step, f):
    """Warm up for 200 steps, hold until 45 % of the tokens, fall as a cosine to 3 %."""
    fall = 1 if f < 0.45 else 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1, (f - 0.45) / 0.55)))
    return PEAK * min(1, (step + 1) / 200) * fall


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--millions", type=float, default=40, help="tokens to train on")
    args.add_argument("--quick", action="store_true", help="a tiny model for half a minute: to test the chain, not to be fluent")
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--out", default="out/story.pt")
    args.add_argument("--start", help="start from this exported model")
    args.add_argument("--pool", help="start from this checkpoint, its K and V heads averaged in groups")
    for name, default in (("dim", 128), ("layers", 5), ("heads", 4), ("kv-heads", 4), ("ffn", 192)):
        args.add_argument("--" + name, type=int, default=default)
    a = args.parse_args()
    if a.quick:
        a.dim, a.layers, a.heads, a.kv_heads, a.ffn, a.millions = 32, 2, 2, 1, 48, 1.0
    budget = a.millions * 1e6
    torch.set_num_threads(a.threads)
    torch.manual_seed(SEED)
    tok = tokenizer.cached(a.out, 1000 if a.quick else 10000)
    c = {"dim": a.dim, "layers": a.layers, "heads": a.heads, "kv_heads": min(a.kv_heads, a.heads), "head_dim": a.dim // a.heads, "ffn": a.ffn}
    model = Model(c)
    if a.pool and not os.path.exists(a.out):
        model.load_state_dict(pool(torch.load(a.pool)["m"], c["kv_heads"], c["head_dim"]))
    if a.start and not os.path.exists(a.out):
        model.load_state_dict(adopt(a.start, tok))
    matrices = [p for p in model.parameters() if p.dim() > 1]
    gains = [p for p in model.parameters() if p.dim() == 1]
    opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": gains, "weight_decay": 0.0}],
                            lr=PEAK, betas=(0.9, 0.98))
    data, step, tokens, spent, begun = Data(tok, 1), 0, 0, 0.0, a.pool and os.path.basename(a.pool) or a.start and "an earlier " + os.path.basename(os.path.normpath(a.start))
    held_out = Data(tok, 1 << 40).batch(16, 96, 0)
    if os.path.exists(a.out):
        kept = torch.load(a.out)
        model.load_state_dict(kept["m"])
        opt.load_state_dict(kept["o"])
        step, tokens, spent, data.r.state, begun = kept["step"], kept["tokens"], kept["spent"], kept["rng"], kept.get("pool")
    print(sum(p.numel() for p in model.parameters()), "parameters")

    def save():
        os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
        torch.save({"m": model.state_dict(), "o": opt.state_dict(), "step": step, "tokens": tokens,
                    "spent": spent, "rng": data.r.state, "c": c, "pool": begun}, a.out + ".tmp")
        os.replace(a.out + ".tmp", a.out)

    def loss_on(rows):
        return F.cross_entropy(model(rows[:, :-1]).reshape(-1, VOCAB), rows[:, 1:].reshape(-1))

    then = time.time()
    while tokens < budget:
        f = tokens / budget
        if begun:  # copying is there already: join the schedule halfway
            f = 0.5 + f / 2
        _, t, rows, share = next(p for p in PHASES if f < p[0])
        for group in opt.param_groups:
            group["lr"] = rate(step, f)
        loss = loss_on(data.batch(rows, t, share))
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        now = time.time()
        step, tokens, spent, then = step + 1, tokens + rows * t, spent + now - then, now
        if step % 100 == 0:
            with torch.no_grad():
                held = loss_on(held_out).item()
            copied, previous, induction = probe(model)
            print(f"{step} {tokens / 1e6:.2f}M {spent / 60:.1f}min T={t} loss {loss.item():.3f} val {held:.3f} copy {copied:.3f} "
                  f"prev {previous[0]:.2f}@{previous[1]} ind {induction[0]:.2f}@{induction[1]}", flush=True)
        if step % 500 == 0:
            save()
    save()
    if a.quick:
        with torch.no_grad():
            held = loss_on(held_out).item()
        print(f"loss on unseen documents {held:.2f}; knowing nothing is {math.log(VOCAB):.2f}")
        if held > 5.5:
            sys.exit("quick: nothing was learned")


if __name__ == "__main__":
    main()
