"""Writes models of random weights as GGUF (version 3), which llama.cpp and its forks read.

Only what their llama-bench needs: shapes, no vocabulary, float32 or float16 matrices.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct

import numpy

ALIGNMENT = 32
UINT32, FLOAT32, STRING = 4, 6, 8  # types of metadata
F32, F16 = 0, 1  # types of tensors


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def value(v):
    if isinstance(v, str):
        return struct.pack("<I", STRING) + text(v)
    if isinstance(v, float):
        return struct.pack("<If", FLOAT32, v)
    return struct.pack("<II", UINT32, v)


def llama(shape):
    """Returns metadata and tensors (name, rows, columns or None) of a llama2.c shape, tied head."""
    dim, ffn, layers, heads, kv_heads, vocab, context = shape
    head = dim // heads
    meta = {"context_length": context, "embedding_length": dim, "block_count": layers, "feed_forward_length": ffn,
            "attention.head_count": heads, "attention.head_count_kv": kv_heads, "vocab_size": vocab,
            "rope.dimension_count": head, "attention.layer_norm_rms_epsilon": 1e-5}
    tensors = [("token_embd.weight", vocab, dim), ("output_norm.weight", dim, None)]
    for n in range(layers):
        tensors += [(f"blk.{n}.{name}.weight", out, width) for name, out, width in (
            ("attn_norm", dim, None), ("attn_q", dim, dim), ("attn_k", kv_heads * head, dim), ("attn_v", kv_heads * head, dim),
            ("attn_output", dim, dim), ("ffn_norm", dim, None), ("ffn_gate", ffn, dim), ("ffn_down", dim, ffn), ("ffn_up", ffn, dim))]
    return "llama", meta, tensors


def gpt2(shape):
    """Returns the same of a GPT-2 ({vocab, context, dim, heads, layers}); its head stands apart, since ik_llama.cpp asks for it."""
    dim, layers = shape["dim"], shape["layers"]
    meta = {"context_length": shape["context"], "embedding_length": dim, "block_count": layers, "feed_forward_length": 4 * dim,
            "attention.head_count": shape["heads"], "vocab_size": shape["vocab"], "attention.layer_norm_epsilon": 1e-5}
    tensors = [("token_embd.weight", shape["vocab"], dim), ("position_embd.weight", shape["context"], dim),
               ("output_norm.weight", dim, None), ("output_norm.bias", dim, None), ("output.weight", shape["vocab"], dim)]
    for n in range(layers):
        for name, out, width in (("attn_norm", dim, None), ("attn_qkv", 3 * dim, dim), ("attn_output", dim, dim),
                                 ("ffn_norm", dim, None), ("ffn_up", 4 * dim, dim), ("ffn_down", dim, 4 * dim)):
            tensors += [(f"blk.{n}.{name}.weight", out, width), (f"blk.{n}.{name}.bias", out, None)]
    return "gpt2", meta, tensors


def write(path, model, half):
    """Writes a model as llama or gpt2 describe it; with half its matrices are float16."""
    architecture, meta, tensors = model
    pairs = {"general.architecture": architecture, "general.file_type": int(half), "tokenizer.ggml.model": "no_vocab"}
    pairs |= {f"{architecture}.{key}": v for key, v in meta.items()}
    random = numpy.random.default_rng(1)
    with open(path, "wb") as f:
        f.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)))
        for key, v in pairs.items():
            f.write(text(key) + value(v))
        at = 0
        for name, out, width in tensors:
            size = (out,) if width is None else (width, out)  # the fastest dimension first
            kind = F16 if half and width is not None and not name.startswith("position") else F32
            f.write(text(name) + struct.pack(f"<I{len(size)}Q", len(size), *size) + struct.pack("<IQ", kind, at))
            n = out * (width or 1) * (2 if kind == F16 else 4)
            at += n + -n % ALIGNMENT
        f.write(bytes(-f.tell() % ALIGNMENT))
        for name, out, width in tensors:
            x = random.standard_normal((out, width or 1), "<f4") * numpy.float32(0.03)
            f.write(x.astype("<f2" if half and width is not None and not name.startswith("position") else "<f4").tobytes())
            f.write(bytes(-f.tell() % ALIGNMENT))
