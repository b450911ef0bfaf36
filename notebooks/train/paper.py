"""Writes the hand-sized model `paper`: every weight is a small integer, so that a
person can compute it with pen and paper (docs/paper.md does).

    python3 paper.py ../../sim/checkpoint/models/paper

Nothing is trained here: the weights were thought up, and this file says what
each of them is for. Needs Python only.
"""
import json
import os
import sys

import numpy as np

from safetensors_file import pack

WORDS = [".", "cat", "sees", "dog", "猫", "看", "狗"]

# A word is four answers of +1 or -1, so that the mean of the squares of a row is 1
# and the first RMSNorm changes nothing:
#         English?  verb?  cat?  full stop?
EMBED = [[+1, -1, +1, +1],   # .
         [+1, -1, +1, -1],   # cat
         [+1, +1, -1, -1],   # sees
         [+1, -1, -1, -1],   # dog
         [-1, -1, +1, -1],   # 猫
         [-1, +1, -1, -1],   # 看
         [-1, -1, -1, -1]]   # 狗

# Head 1 looks for the opposite kind: its q and k agree when one is a verb and the
# other is not, and k turns away from the full stop. Head 2 asks nothing: all its
# scores are 0, so it takes the mean of everything it may see.
Q = [[0, -2, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]]
K = [[0, 2, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]]
# Head 1 carries whether what it found is a verb, and whether it is the cat.
# Head 2 carries the language, and the share of words that are not a full stop.
V = [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, -1]]
# Having seen a verb, the sentence may end; the animal that comes is the other one;
# the language stays.
O = [[0, 0, 1, 0],
     [0, 0, 0, 0],
     [0, -2, 0, 0],
     [3, 0, 0, 0]]
# Two hidden units, one for each kind of word: unless the sentence may end, they
# turn the kind round, so that a verb follows an animal and an animal a verb.
GATE = [[0, -1, 0, -1], [0, 1, 0, -1]]
UP = [[0, -1, 0, 0], [0, 1, 0, 0]]
DOWN = [[0, 0], [3, -3], [0, 0], [0, 0]]

LAYER = "model.layers.0."
TENSORS = [
    ("model.embed_tokens.weight", EMBED),
    (LAYER + "input_layernorm.weight", [1] * 4),
    (LAYER + "self_attn.q_proj.weight", Q), (LAYER + "self_attn.k_proj.weight", K),
    (LAYER + "self_attn.v_proj.weight", V), (LAYER + "self_attn.o_proj.weight", O),
    (LAYER + "post_attention_layernorm.weight", [1] * 4),
    (LAYER + "mlp.gate_proj.weight", GATE), (LAYER + "mlp.up_proj.weight", UP), (LAYER + "mlp.down_proj.weight", DOWN),
    ("model.norm.weight", [1] * 4),
]
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4, "intermediate_size": 2, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 2, "vocab_size": len(WORDS), "max_position_embeddings": 32,
    "rms_norm_eps": 1e-12, "no_rope_layers": [0], "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False,
    "mlp_bias": False, "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float16",
}
TOKENIZER = {
    "version": "1.0", "added_tokens": [], "normalizer": None,
    "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[A-Za-z]+|\p{Han}|[^\sA-Za-z\p{Han}]"}, "behavior": "Removed", "invert": True},
    "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {w: i for i, w in enumerate(WORDS)}, "unk_token": ""},
}
WORLD = {
    "prompts": {"en": ["cat sees", "dog sees", "cat", "dog"], "zh": ["猫看", "狗看", "猫", "狗"]},
    "words": {"en": WORDS[:4], "zh": [WORDS[0]] + WORDS[4:]},
    "seen": [w for w in WORDS if w != "."],
}


def main(folder):
    os.makedirs(folder, exist_ok=True)
    write = lambda name, x: open(os.path.join(folder, name), "w", encoding="utf-8").write(json.dumps(x, ensure_ascii=False, indent=1) + "\n")
    write("config.json", CONFIG)
    write("tokenizer.json", TOKENIZER)
    write("world.json", WORLD)
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(pack({n: np.array(t, np.float16) for n, t in TENSORS}, {"name": "paper", "licence": "MIT", "made_by": "notebooks/train/paper.py",
                                      "description": "A transformer whose weights are small integers, to be computed by hand."}))


if __name__ == "__main__":
    main(sys.argv[1])
