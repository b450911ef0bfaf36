"""Times kvstep beside other engines on the same random weights, in turns.

    python3 notebooks/speed/peers.py --kvstep ./kvstep --llama2c PATH [--llama2c-omp PATH] [--shapes stories15M,stories110M]

PATH is karpathy/llama2.c's run.c, built by you: gcc -Ofast -march=native run.c -lm
(and with -fopenmp). Every figure is the median of the turns; what else the machine
does hits both alike, so that the ratios are worth more than the rates.
"""

import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import tempfile

import numpy

SHAPES = {  # dim, ffn, layers, heads, kv heads, vocabulary, context
    "stories260K": (64, 172, 5, 8, 4, 512, 512),
    "stories15M": (288, 768, 6, 6, 6, 32000, 256),
    "stories110M": (768, 2048, 12, 12, 12, 32000, 1024),
}


def checkpoint(path, shape):
    """Writes a llama2.c checkpoint (version 0) of random weights, tied head."""
    dim, ffn, layers, heads, kv_heads, vocab, context = shape
    head = dim // heads
    random = numpy.random.default_rng(1)
    with open(path, "wb") as f:
        f.write(struct.pack("7i", dim, ffn, layers, heads, kv_heads, vocab, context))

        def put(*size, ones=False):
            x = numpy.ones(size, "<f4") if ones else random.standard_normal(size, "<f4") * numpy.float32(0.03)
            f.write(x.tobytes())

        put(vocab, dim)
        put(layers, dim, ones=True)
        for out in (dim, kv_heads * head, kv_heads * head):
            put(layers, out, dim)
        put(layers, dim, dim)
        put(layers, dim, ones=True)
        put(layers, ffn, dim)
        put(layers, dim, ffn)
        put(layers, ffn, dim)
        put(dim, ones=True)
        put(context, head)  # tables of RoPE that nobody reads any more


def tokenizer(path, vocab):
    """Writes pieces that say nothing; the text does not matter."""
    with open(path, "wb") as f:
        f.write(struct.pack("i", 8))
        for i in range(vocab):
            piece = f"t{i}".encode()
            f.write(struct.pack("fi", float(-i), len(piece)) + piece)


def peer(binary, model, words, new, threads):
    """Tokens a second of llama2.c, which counts from its second token on."""
    out = subprocess.run([binary, model, "-t", "0", "-n", str(new), "-z", words, "-i", ""], capture_output=True, check=True,
                         env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    return float(re.search(rb"achieved tok/s: ([\d.]+)", out.stderr)[1])


def ours(binary, model, prompt, new):
    out = subprocess.run([binary, "bench", "--model", model, "--prompt", str(prompt), "--new", str(new), "--repeats", "1", "--format", "json"],
                         capture_output=True, check=True)
    report = json.loads(out.stdout)
    return {row["what"]: row["tokens_per_s"] for row in report["rows"]} | {"bandwidth": report["rows"][1]["of_bandwidth"]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kvstep", required=True)
    p.add_argument("--llama2c", required=True)
    p.add_argument("--llama2c-omp")
    p.add_argument("--shapes", default=",".join(SHAPES))
    p.add_argument("--turns", type=int, default=5)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in a.shapes.split(","):
            shape, new = SHAPES[name], 128 if name != "stories110M" else 48
            model, words = os.path.join(folder, name + ".bin"), os.path.join(folder, name + ".tok")
            checkpoint(model, shape)
            tokenizer(words, shape[5])
            turns = []
            for _ in range(a.turns):
                us = ours(a.kvstep, model, 64, new)
                them = peer(a.llama2c, model, words, new, 1)
                turn = {"decode": us["decode"] / them, "prefill": us["prefill"] / them, "ours": us["decode"], "theirs": them, "bandwidth": us["bandwidth"]}
                if a.llama2c_omp:
                    turn["omp"] = us["decode"] / peer(a.llama2c_omp, model, words, new, 2)
                turns.append(turn)
            m = {k: statistics.median(t[k] for t in turns) for k in turns[0]}
            print(f"{name}: decode {m['ours']:.1f} tokens/s, llama2.c {m['theirs']:.1f}: {m['decode']:.2f} x; "
                  f"prefill of 64 tokens {m['prefill']:.1f} x" + (f"; decode, one thread to its two: {m['omp']:.2f} x" if "omp" in m else "")
                  + f"; {100 * m['bandwidth']:.0f} % of the bandwidth", flush=True)
            os.remove(model)


main()
