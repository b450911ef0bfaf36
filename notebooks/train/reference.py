"""An independent forward pass in numpy, float64, from the exported folder.

It shares no code with train.py or with the Go engine: it reads the safetensors
file and config.json as any other program would, and recomputes the whole
sequence for every token. The Go engine's tests compare with what it prints.

    python3 reference.py ../../sim/checkpoint/models/story > reference_story.json
"""
import json
import sys

import numpy as np

from safetensors_file import unpack
from tokenizer import Tokenizer


def load(folder):
    """(config, float64 weights, tokenizer) of a Hugging Face folder."""
    config = json.load(open(folder + "/config.json"))
    weights, _ = unpack(open(folder + "/model.safetensors", "rb").read())
    return config, {name: w.astype(np.float64) for name, w in weights.items()}, Tokenizer.load(folder + "/tokenizer.json")


def rms(x, gain, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * gain


def rope(x, base):
    """Half-split rotary embedding; x is [tokens, heads, head_dim]."""
    t, _, d = x.shape
    angle = np.arange(t)[:, None] * base ** (-np.arange(0, d, 2) / d)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    a, b = x[..., :d // 2], x[..., d // 2:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def forward(config, w, ids):
    """(logits [tokens, vocab], layers of {Q, K, V, probs}) of a whole sequence."""
    h, g, d = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
    eps, base, t = config["rms_norm_eps"], config["rope_theta"], len(ids)
    x = w["model.embed_tokens.weight"][ids]
    mask = np.triu(np.full((t, t), -np.inf), 1)
    layers = []
    for l in range(config["num_hidden_layers"]):
        p = lambda name: w[f"model.layers.{l}.{name}.weight"]
        n = rms(x, p("input_layernorm"), eps)
        q = rope((n @ p("self_attn.q_proj").T).reshape(t, h, d), base)
        k = rope((n @ p("self_attn.k_proj").T).reshape(t, g, d), base)
        v = (n @ p("self_attn.v_proj").T).reshape(t, g, d)
        out, probs = np.empty((t, h, d)), []
        for i in range(h):
            s = q[:, i] @ k[:, i * g // h].T / np.sqrt(d) + mask
            s = np.exp(s - s.max(-1, keepdims=True))
            s /= s.sum(-1, keepdims=True)
            out[:, i] = s @ v[:, i * g // h]
            probs.append(s)
        layers.append({"Q": q, "K": k, "V": v, "probs": np.array(probs)})
        x = x + out.reshape(t, h * d) @ p("self_attn.o_proj").T
        n = rms(x, p("post_attention_layernorm"), eps)
        gate, up = n @ p("mlp.gate_proj").T, n @ p("mlp.up_proj").T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ p("mlp.down_proj").T
    return rms(x, w["model.norm.weight"], eps) @ w["model.embed_tokens.weight"].T, layers


def greedy(config, w, ids, n):
    ids = list(ids)
    for _ in range(n):
        ids.append(int(forward(config, w, ids)[0][-1].argmax()))
        if ids[-1] == config["eos_token_id"]:
            break
    return ids


def main(folder):
    config, w, tok = load(folder)
    world = json.load(open(folder + "/world.json"))
    cases = []
    for prompt in world["prompts"]["en"][:2] + world["prompts"]["zh"][:2] + ["Zebra 你好 ½ 🙂"]:
        ids = [config["bos_token_id"]] + tok.encode(prompt)
        logits, layers = forward(config, w, ids)
        top = np.argsort(-logits[-1], kind="stable")[:10]
        cases.append({
            "prompt": prompt, "ids": ids,
            "top": [[int(i), round(float(logits[-1][i]), 6)] for i in top],
            "layers": [{
                **{name: {"sum": round(float(layer[name].sum()), 6), "size": round(float(np.abs(layer[name]).sum()), 6),
                          "first8": [round(float(v), 6) for v in layer[name].ravel()[:8]]} for name in ("K", "V")},
                "probs_head1_last": [round(float(v), 6) for v in layer["probs"][1, -1]],
            } for layer in layers],
            "greedy": greedy(config, w, ids, 24)[len(ids):],
        })
    json.dump({"note": "float64 numpy from the float16 weights; written by notebooks/train/reference.py", "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(sys.argv[1])
