"""Writes a checkpoint of train.py as a Hugging Face folder that kvstep embeds:
config.json, model.safetensors (float16), tokenizer.json, world.json.

    python3 export.py out/story.pt ../../sim/checkpoint/models/story
"""
import hashlib
import json
import os
import sys

import torch

import tokenizer
import train
from grammar import WORDS, Rng, document
from safetensors_file import pack

# What the page offers, the first one at the start; evaluate.py continues all of them.
PROMPTS = {
    "en": ["Sam gave a green book to Rosa. Rosa gave the book to Leo.",
           "Sam has a yellow kite. Rosa has a white cup. Who has the kite?",
           "One day, Lily met a little white rabbit in the garden.",
           "Say it again: cat hat red apple Tom.",
           "Tom has a red ball. Anna has a blue hat. Who has the hat?",
           "The bear is big. The mouse is small. Which one is small?",
           "Max has three apples. Max gets two more.",
           "It was night. Max was tired.",
           "Monday, Tuesday,",
           "dog = 小狗. cat ="],
    "zh": ["小军把一本绿色的书给了小雪。小雪把书给了小龙。",
           "小明有一个红色的球。小红有一顶蓝色的帽子。谁有球？",
           "有一天，小丽在花园里遇见了一只白色的兔子。",
           "再说一遍：苹果，小猫，红色，风筝。",
           "小华把球放在花园里。小兰把帽子放在厨房里。球在哪里？",
           "小刚在公园里找到了一只黄色的风筝。",
           "小明有四个苹果。又来了两个。",
           "“大”的反义词是“小”。“热”的反义词是",
           "天黑了，小雪累了。",
           "星期一，星期二，"],
}
# Prompts after which several tokens are likely (a test of sim/run computes how likely): what sampling is shown with.
OPEN = {
    "en": ["Mia found a yellow book",
           "Sam put the cup",
           "One day, Tom met a little white rabbit",
           "Today is Friday. It is",
           "Lily has seven peaches. Lily eats",
           "Anna"],
    "zh": ["小丽在桥上找到了",
           "小狗会唱歌。熊猫会",
           "小红有一朵",
           "小鱼会",
           "小丽"],
}

NAMES = {"n1": "input_layernorm", "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
         "n2": "post_attention_layernorm", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}


def tensors(checkpoint):
    """Hugging Face name -> weight, in the order of the forward pass."""
    m = checkpoint["m"]
    out = {"model.embed_tokens.weight": m["embed"]}
    for l in range(checkpoint["c"]["layers"]):
        out |= {f"model.layers.{l}.{full}.weight": m[f"layers.{l}.{short}"] for short, full in NAMES.items()}
    return out | {"model.norm.weight": m["norm"]}


def config(shape):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": shape["dim"], "intermediate_size": shape["ffn"],
            "num_hidden_layers": shape["layers"], "num_attention_heads": shape["heads"], "num_key_value_heads": shape["kv_heads"],
            "head_dim": shape["head_dim"], "vocab_size": train.VOCAB, "max_position_embeddings": train.CONTEXT, "rms_norm_eps": 1e-05,
            "rope_theta": train.ROPE_BASE, "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
            "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float16"}


def corpus(documents=10000):
    """The beginning of the training text; its hash names the grammar that made it."""
    r = Rng(1)
    return "\n".join(document(r) for _ in range(documents))


def seen(text):
    """Every word of letters and every Chinese character of the training text."""
    found, word = set(), ""
    for c in text + " ":
        k = tokenizer.kind(c)
        if k == "letter":
            word += c
            continue
        if word:
            found.add(word)
            word = ""
        if k == "han" or ord(c) >= 0x80 and not c.isspace():
            found.add(c)
    return sorted(found)


def main(source, folder):
    c = torch.load(source)
    text = corpus()
    vocabulary = json.dumps(tokenizer.cached(source).json(), ensure_ascii=False, indent=0).encode()
    metadata = {
        "name": os.path.basename(os.path.normpath(folder)), "licence": "MIT",
        "description": "A small Llama trained from nothing on English and Chinese text of a grammar in this repository.",
        "trained_by": "notebooks/train/train.py", "started_from": c.get("pool") or "random weights", "seed": str(train.SEED),
        "corpus_sha256_of_first_10000_documents": hashlib.sha256(text.encode()).hexdigest(),
        "tokenizer_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "steps": str(c["step"]), "tokens_seen": str(c["tokens"]), "minutes": f"{c['spent'] / 60:.1f}", "torch": torch.__version__}
    os.makedirs(folder, exist_ok=True)
    put = lambda name, data: open(os.path.join(folder, name), "wb").write(data)
    put("model.safetensors", pack({n: t.to(torch.float16).numpy() for n, t in tensors(c).items()}, metadata))
    put("tokenizer.json", vocabulary)
    put("config.json", json.dumps(config(c["c"]), indent=2).encode() + b"\n")
    put("world.json", json.dumps({"prompts": PROMPTS, "open": OPEN, "words": WORDS, "seen": seen(text)}, ensure_ascii=False, indent=1).encode() + b"\n")
    print(os.path.getsize(os.path.join(folder, "model.safetensors")), "bytes,", c["step"], "steps")


if __name__ == "__main__":
    main(*sys.argv[1:])
