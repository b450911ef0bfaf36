"""Writes a checkpoint of train.py as a Hugging Face folder that kvstep embeds:
config.json, model.safetensors (float16), tokenizer.json, world.json.

    python3 export.py out/story.pt ../../sim/checkpoint/models/story
"""
import hashlib
import json
import os
import struct
import sys

import torch

import tokenizer
from grammar import WORDS, Rng, document

source, folder = sys.argv[1], sys.argv[2]
c = torch.load(source)
m = c["m"]
tok = tokenizer.cached(source)
V, D = m["embed"].shape
shape = c["c"]  # dim, layers, heads, kv_heads, head_dim, ffn
names = {"n1": "input_layernorm", "n2": "post_attention_layernorm", "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
         "o": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}
tensors = [("model.embed_tokens.weight", m["embed"])]
for l in range(shape["layers"]):
    tensors += [(f"model.layers.{l}.{full}.weight", m[f"layers.{l}.{short}"]) for short, full in names.items()]
tensors.append(("model.norm.weight", m["norm"]))
r = Rng(1)
sample = "\n".join(document(r) for _ in range(10000)).encode()
tj = json.dumps(tok.json(), ensure_ascii=False, indent=0).encode()
header, data = {"__metadata__": {
    "name": os.path.basename(os.path.normpath(folder)), "licence": "MIT", 
    "description": "A small Llama trained from nothing on English and Chinese text of a grammar in this repository.",
    "trained_by": "notebooks/train/train.py", "seed": "20261124",
    "corpus_sha256_of_first_10000_documents": hashlib.sha256(sample).hexdigest(),
    "tokenizer_sha256": hashlib.sha256(tj).hexdigest(),
    "steps": str(c["step"]), "tokens_seen": str(c["tokens"]), "minutes": f"{c['spent']/60:.1f}", "torch": torch.__version__}}, b""
for name, t in tensors:
    raw = t.to(torch.float16).contiguous().numpy().tobytes()
    header[name] = {"dtype": "F16", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
os.makedirs(folder, exist_ok=True)
open(folder + "/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data)
open(folder + "/tokenizer.json", "wb").write(tj)
json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": D, "intermediate_size": shape["ffn"], "num_hidden_layers": shape["layers"],
           "num_attention_heads": shape["heads"], "num_key_value_heads": shape["kv_heads"], "head_dim": shape["head_dim"], "vocab_size": V, "max_position_embeddings": 512,
           "rms_norm_eps": 1e-05, "rope_theta": 100.0, "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
           "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float16"}, open(folder + "/config.json", "w"), indent=2)
prompts = {
    "en": ["Sam gave a green book to Rosa. Rosa gave the book to Leo.",
           "One day, Lily met a little white rabbit in the garden.",
           "Say it again: cat hat red apple Tom.",
           "The bear is big. The mouse is small. Which one is small?",
           "It was night. Max was tired.",
           "Monday, Tuesday,",
           "dog = 小狗. cat ="],
    "zh": ["小刚在公园里找到了一只黄色的风筝。",
           "小军把一本绿色的书给了小雪。小雪把书给了小龙。",
           "有一天，小丽在花园里遇见了一只白色的兔子。",
           "再说一遍：苹果，小猫，红色，风筝。",
           "小美有三个苹果。又来了两个。",
           "“大”的反义词是“小”。“热”的反义词是",
           "天黑了，小雪累了。",
           "星期一，星期二，"],
}


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


json.dump({"prompts": prompts, "words": WORDS, "seen": seen(sample.decode())}, open(folder + "/world.json", "w"), ensure_ascii=False, indent=1)
print(len(data), "bytes,", c["step"], "steps")
