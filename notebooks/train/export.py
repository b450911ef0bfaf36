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
from corpus import Rng, NAMES, THINGS, FOODS, ANIMALS, COLORS, PLACES, DAYS
from stories import document

source, folder = sys.argv[1], sys.argv[2]
c = torch.load(source)
m = c["m"]
tok = tokenizer.from_grammar()
V, D = m["embed"].shape
L = 1 + max(int(k.split(".")[1]) for k in m if k.startswith("layers."))
FF = m["layers.0.gate"].shape[0]
names = {"n1": "input_layernorm", "n2": "post_attention_layernorm", "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
         "o": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}
tensors = [("model.embed_tokens.weight", m["embed"])]
for l in range(L):
    tensors += [(f"model.layers.{l}.{full}.weight", m[f"layers.{l}.{short}"]) for short, full in names.items()]
tensors.append(("model.norm.weight", m["norm"]))
r = Rng(1)
sample = "\n".join(document(r) for _ in range(10000)).encode()
tj = json.dumps(tok.json(), ensure_ascii=False, indent=0).encode()
header, data = {"__metadata__": {
    "name": "story", "licence": "MIT", 
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
json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": D, "intermediate_size": FF, "num_hidden_layers": L,
           "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": D // 4, "vocab_size": V, "max_position_embeddings": 512,
           "rms_norm_eps": 1e-05, "rope_theta": 100.0, "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
           "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float16"}, open(folder + "/config.json", "w"), indent=2)
prompts = {"en": ["Ben found a yellow kite in the park.",
                  "Tom has a red ball. Anna has a blue hat. Who has the ball?",
                  "One day, Lily met a little white rabbit in the garden.",
                  "Say it again: cat hat red apple Tom. cat",
                  "Mia has three apples. Mia gets two more.",
                  "On Monday Sam ate a pear. On Tuesday Sam ate an egg. What did Sam eat on Monday?",
                  "Rosa lost her green bag.", "It was night. Max was tired.", "dog = 小狗. cat ="],
           "zh": ["有一天，小丽在花园里遇见了一只白色的兔子。",
                  "小明有一个红色的球。小红有一顶蓝色的帽子。谁有帽子？",
                  "再说一遍：苹果，小猫，红色，风筝。苹果，",
                  "小刚在公园里找到了一只黄色的风筝。",
                  "小美有三个苹果。又来了两个。",
                  "星期一小军吃了一个梨。星期二小军吃了一个鸡蛋。星期一小军吃了什么？",
                  "小华丢了绿色的书包。", "天黑了，小雪累了。"]}
words = {"en": sorted(set(NAMES["en"]) | {x[0] for x in THINGS + FOODS + ANIMALS + COLORS} | {d[0] for d in DAYS}),
         "zh": sorted(set(NAMES["zh"]) | {x[2] for x in THINGS} | {x[1] for x in FOODS + ANIMALS + COLORS + PLACES + DAYS})}
json.dump({"prompts": prompts, "words": words}, open(folder + "/world.json", "w"), ensure_ascii=False, indent=1)
print(len(data), "bytes,", c["step"], "steps")
