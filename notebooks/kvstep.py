"""Runs the kvstep command for the notebooks and reads what it writes."""
import json
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(here)
sys.path.insert(0, os.path.join(here, "train"))
from safetensors_file import unpack  # noqa: E402

binary = os.path.join(root, ".cache", "notebooks", "kvstep")
subprocess.run(["go", "build", "-o", binary, "./cmd/kvstep"], cwd=root, check=True)


def run(*args):
    """Standard output of one command, as bytes. A failure shows what it said."""
    done = subprocess.run([binary, *map(str, args)], capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def trace(*args):
    """The steps of a run, one dict each (docs/trace.md)."""
    return [json.loads(line) for line in run("trace", "--format", "jsonl", *args).splitlines()]


def tensors(*args):
    """Every number of a run: (tensors by name, steps, config, ids)."""
    found, meta = unpack(run("trace", "--format", "safetensors", *args))
    return found, json.loads(meta["steps"]), json.loads(meta["config"]), json.loads(meta["ids"])


def cost(*args):
    """What a generation costs (docs/cost.md)."""
    return json.loads(run("cost", "--format", "json", *args))
