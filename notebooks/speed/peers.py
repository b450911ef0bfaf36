"""Times kvstep beside other engines on weights of the same shapes, in turns.

    python3 notebooks/speed/peers.py --kvstep ./kvstep [--llama2c PATH] [--llama2c-omp PATH] [--ggml PATH]
        [--llama-bench 'NAME=PATH']... [--cells REGEXP] [--turns N]
    python3 notebooks/speed/peers.py --ports --kvstep ./kvstep [--llama2c PATH] [--llama2c-omp PATH]
        [--other 'NAME=COMMAND with {model} {tokenizer} {new}']... [--shapes ...] [--turns N]

The first gives the table: prefill and decode of 15M, 110M and GPT-2 124M, float32 and float16, with one thread and
with two, beside every peer that has the shape and the bits. The second runs ports of llama2.c on the very file that
kvstep reads. Peers are built by you; nothing is downloaded. PATHs are
  --llama2c      karpathy/llama2.c: gcc -Ofast -march=native run.c -lm
  --llama2c-omp  the same with -fopenmp: it has two threads beside kvstep's two
  --ggml         the example gpt-2-ctx or gpt-2-backend of ggml, Release, GGML_NATIVE=ON
  --llama-bench  llama-bench of llama.cpp or of a fork, Release, GGML_NATIVE=ON
  --other        anything that reads llama2.c's files and says "achieved tok/s: N"; it has two threads
All weights are random, of the same shapes, in each one's own format: llama2.c's (version 0), GGUF, ggml's. llama2.c
knows no prefill: it decodes only. Every figure is the median of the turns: what else the machine does meets all of
them, so that the ratios are worth more than the rates.
"""

import argparse
import json
import math
import os
import re
import statistics
import struct
import subprocess
import tempfile

import numpy

import gguf_file

SHAPES = {  # dim, ffn, layers, heads, kv heads, vocabulary, context
    "stories260K": (64, 172, 5, 8, 4, 512, 512),
    "stories15M": (288, 768, 6, 6, 6, 32000, 256),
    "stories110M": (768, 2048, 12, 12, 12, 32000, 1024),
}
PROMPT = 64
GPT2 = {"vocab": 50257, "context": 1024, "dim": 768, "heads": 12, "layers": 12}


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
        for _ in range(2):  # tables of RoPE that newer readers skip
            put(context, head // 2)


def tokenizer(path, vocab):
    """Writes pieces that say nothing; the text does not matter."""
    with open(path, "wb") as f:
        f.write(struct.pack("i", 8))
        for i in range(vocab):
            piece = f"t{i}".encode()
            f.write(struct.pack("fi", float(-i), len(piece)) + piece)


def ggml_checkpoint(path, half):
    """Writes random weights of GPT-2 124M as ggml's example reads them."""
    random = numpy.random.default_rng(1)
    dim, layers = GPT2["dim"], GPT2["layers"]
    with open(path, "wb") as f:
        f.write(struct.pack("7i", 0x67676D6C, GPT2["vocab"], GPT2["context"], dim, GPT2["heads"], layers, int(half)))
        f.write(struct.pack("i", GPT2["vocab"]))
        for i in range(GPT2["vocab"]):  # a letter is a token
            piece = chr(i).encode() if 97 <= i < 123 else f"<{i}>".encode()
            f.write(struct.pack("i", len(piece)) + piece)

        def put(name, out, width=None, wide=True):
            size = (out,) if width is None else (out, width)
            x = random.standard_normal(size, "<f4") * numpy.float32(0.03)
            kind = int(half and wide and width is not None)
            f.write(struct.pack("iii", len(size), len(name), kind) + struct.pack(f"{len(size)}i", *size[::-1]) + name.encode())
            f.write(x.astype("<f2" if kind else "<f4").tobytes())

        put("model/wte", GPT2["vocab"], dim)
        put("model/wpe", GPT2["context"], dim, wide=False)
        for layer in range(layers):
            at = f"model/h{layer}/"
            for name, out, width in (("attn/c_attn", 3 * dim, dim), ("attn/c_proj", dim, dim), ("mlp/c_fc", 4 * dim, dim), ("mlp/c_proj", dim, 4 * dim)):
                put(at + name + "/w", out, width)
                put(at + name + "/b", out)
            for name in ("ln_1", "ln_2"):
                put(at + name + "/g", dim)
                put(at + name + "/b", dim)
        put("model/ln_f/g", dim)
        put("model/ln_f/b", dim)


def rate(command, threads, work):
    """Tokens a second as a port of llama2.c says it."""
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                          cwd=work)
    return float(re.search(rb"achieved tok/s: ([\d.]+)", done.stdout + done.stderr)[1])


def ggml(binary, model, threads, new):
    """Tokens a second of the pass over the prompt, and of as many tokens after it."""
    def predict(new):
        out = subprocess.run([binary, "-m", model, "-p", "abcdefghijklmnopqrstuvwxyz"[:16] * (PROMPT // 16), "-n", str(new), "-b", str(PROMPT),
                              "-t", str(threads), "--top_k", "1"], capture_output=True, check=True).stdout
        assert f"number of tokens in prompt = {PROMPT}".encode() in out, out[-2000:]
        return float(re.search(rb"predict time = *([\d.]+) ms", out)[1]) / 1000
    first, all_of_it = predict(1), predict(new)
    return {"prefill": PROMPT / first, "decode": (new - 1) / (all_of_it - first)}


def ours(binary, *args, prompt, new, threads):
    out = subprocess.run([binary, "bench", *args, "--prompt", str(prompt), "--new", str(new), "--repeats", "1", "--threads", str(threads), "--format", "json"],
                         capture_output=True, check=True)
    return {row["what"]: row for row in json.loads(out.stdout)["rows"]}


def median(turns, key):
    return statistics.median(turn[key] for turn in turns)


def llama(a, folder, name):
    shape, new = SHAPES[name], 128 if name != "stories110M" else 48
    model, words = os.path.join(folder, name + ".bin"), os.path.join(folder, "tokenizer.bin")
    checkpoint(model, shape)
    tokenizer(words, shape[5])
    work = os.path.join(folder, "work")  # where ports look for ../tokenizer.bin
    os.makedirs(work, exist_ok=True)
    peers = {}
    if a.llama2c:
        peers["llama2.c"] = ([a.llama2c, model, "-t", "0", "-n", str(new), "-z", words, "-i", ""], 1)
    if a.llama2c_omp:
        peers["llama2.c, OpenMP"] = ([a.llama2c_omp, model, "-t", "0", "-n", str(new), "-z", words, "-i", ""], 2)
    for other in a.other:
        label, command = other.split("=", 1)
        peers[label] = ([part.format(model=model, tokenizer=words, new=new) for part in command.split()], 2)
    for label, (command, threads) in list(peers.items()):
        try:
            rate(command, threads, work)
        except (subprocess.CalledProcessError, TypeError):  # some know no grouped queries
            del peers[label]
            print(f"  {label} does not run {name}")
    turns = []
    for _ in range(a.turns):
        # Decoding begins where the peers begin, behind one token.
        us = {threads: ours(a.kvstep, "--model", model, prompt=1, new=new, threads=threads)
              | {"prefill": ours(a.kvstep, "--model", model, prompt=PROMPT, new=2, threads=threads)["prefill"]} for threads in (1, 2)}
        turn = {"bandwidth": us[1]["decode"]["of_bandwidth"]}
        for threads in us:
            turn["decode", threads], turn["prefill", threads] = us[threads]["decode"]["tokens_per_s"], us[threads]["prefill"]["tokens_per_s"]
        for label, (command, threads) in peers.items():
            turn[label] = rate(command, threads, work)
            turn["x", label] = turn["decode", threads] / turn[label]
            turn["prefill x", label] = turn["prefill", threads] / turn[label]
        turns.append(turn)
    print(f"{name}: kvstep decodes {median(turns, ('decode', 1)):.1f} tokens/s with one thread ({100 * median(turns, 'bandwidth'):.0f} % of the bandwidth),"
          f" {median(turns, ('decode', 2)):.1f} with two; prefill of {PROMPT} tokens: {median(turns, ('prefill', 1)):.0f}, {median(turns, ('prefill', 2)):.0f} tokens/s")
    for label, (_, threads) in peers.items():
        print(f"  {label}: {median(turns, label):.1f} tokens/s; with {threads} thread(s) we decode at {median(turns, ('x', label)):.2f} x of that,"
              f" and prefill at {median(turns, ('prefill x', label)):.1f} x", flush=True)
    os.remove(model)


def median_interval(x):
    """Returns the order statistics between which the median lies with 95 % (binomial), or all there is."""
    x, n = sorted(x), len(x)
    below, k = 0.0, 0
    while below + math.comb(n, k) / 2**n <= 0.025:
        below += math.comb(n, k) / 2**n
        k += 1
    return x[max(k - 1, 0)], x[n - max(k, 1)]


TABLE_NEW = {"stories15M": 128, "stories110M": 48, "gpt2": 48}


def table_peers(a, folder, name, bits):
    """Writes the shape's weights for every peer that can read them, and returns what measures each with so many threads."""
    new, peers = TABLE_NEW[name], {}
    if a.llama_bench:
        model = os.path.join(folder, "model.gguf")
        gguf_file.write(model, gguf_file.gpt2(GPT2) if name == "gpt2" else gguf_file.llama(SHAPES[name]), bits == 16)
        for label, path in a.llama_bench:
            if subprocess.run([path, "-m", model, "-p", "2", "-n", "0", "-r", "1"], capture_output=True).returncode:
                print(f"{name}: {label} does not run it", flush=True)  # ik_llama.cpp asserts in GPT-2's norms
            else:
                peers[label] = lambda threads, path=path: bench(path, model, threads, new)
    if name in SHAPES and bits == 32 and (a.llama2c or a.llama2c_omp):
        file, words = os.path.join(folder, "model.bin"), os.path.join(folder, "tokenizer.bin")
        checkpoint(file, SHAPES[name])
        tokenizer(words, SHAPES[name][5])
        binaries = {1: a.llama2c, 2: a.llama2c_omp}
        peers["llama2.c"] = lambda threads: {"decode": rate([binaries[threads], file, "-t", "0", "-n", str(new), "-z", words, "-i", ""], threads, folder)} \
            if binaries[threads] else {}
    if name == "gpt2" and a.ggml:
        weights = os.path.join(folder, "ggml.bin")
        ggml_checkpoint(weights, bits == 16)
        peers["ggml"] = lambda threads: ggml(a.ggml, weights, threads, new)
    return peers


def bench(path, model, threads, new):
    """Tokens a second of llama-bench: a prompt, and as many tokens after one."""
    out = subprocess.run([path, "-m", model, "-p", str(PROMPT), "-n", str(new), "-t", str(threads), "-r", "1", "-o", "json"],
                         capture_output=True, check=True).stdout
    return {"prefill" if row["n_prompt"] else "decode": row["avg_ts"] for row in json.loads(out[out.index(b"["):])}


def table(a, folder):
    """Takes turns, cell by cell of the table: the same shape, bits and threads, prompt and tokens after it."""
    for name in TABLE_NEW:
        for bits in (32, 16):
            cells = [threads for threads in (1, 2) if re.search(a.cells, f"{name} float{bits} {threads}")]
            peers = table_peers(a, folder, name, bits) if cells else {}
            for threads in cells:
                turns = []
                for _ in range(a.turns):
                    def kvstep(prompt, new):
                        return ours(a.kvstep, "--model", name, "--random", "--bits", str(bits), prompt=prompt, new=new, threads=threads)
                    us = {"prefill": kvstep(PROMPT, 2)["prefill"], "decode": kvstep(1, TABLE_NEW[name])["decode"]}
                    turns.append((us, {label: measure(threads) for label, measure in peers.items()}))
                for what, limit in (("prefill", "of_compute"), ("decode", "of_bandwidth")):
                    cell(f"{name}, float{bits}, {threads} thread(s), {what}", turns, what, limit)
            for file in ("model.gguf", "model.bin", "ggml.bin"):
                if os.path.exists(os.path.join(folder, file)):
                    os.remove(os.path.join(folder, file))


def cell(title, turns, what, limit):
    """Prints our rate and share of the limit, and of each peer and the best of them its rate and how many times that we have."""
    share = statistics.median(us[what][limit] for us, _ in turns)
    print(f"{title}: {statistics.median(us[what]['tokens_per_s'] for us, _ in turns):.1f} tokens/s, {100 * share:.0f} % {limit}", flush=True)
    labels = [label for label, rates in turns[0][1].items() if what in rates]
    for label in labels + (["the best of them"] if len(labels) > 1 else []):
        theirs = [rates[label][what] if label in rates else max(rates[each][what] for each in labels) for _, rates in turns]
        ratios = [us[what]["tokens_per_s"] / their for (us, _), their in zip(turns, theirs)]
        low, high = median_interval(ratios)
        print(f"  {label}: {statistics.median(theirs):.1f}; we have {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f}) x that", flush=True)


def named(s):
    name, path = s.split("=", 1)
    return name, os.path.abspath(path)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kvstep", required=True)
    p.add_argument("--llama2c")
    p.add_argument("--llama2c-omp")
    p.add_argument("--other", action="append", default=[])
    p.add_argument("--ggml")
    p.add_argument("--llama-bench", action="append", default=[], type=named)
    p.add_argument("--cells", default="", help="only cells of the table whose name, as 'gpt2 float16 2', has this")
    p.add_argument("--ports", action="store_true")
    p.add_argument("--shapes", default=",".join(SHAPES))
    p.add_argument("--turns", type=int, default=5)
    a = p.parse_args()
    for path in ("kvstep", "llama2c", "llama2c_omp", "ggml"):
        if getattr(a, path):
            setattr(a, path, os.path.abspath(getattr(a, path)))
    with tempfile.TemporaryDirectory() as folder:
        if not a.ports:
            table(a, folder)
        for name in a.shapes.split(",") if a.ports else ():
            llama(a, folder, name)


main()
