"""Executes notebooks from their first cell and compares what they print with what
is saved; --write saves it instead.

    python3 check.py *.ipynb

Text must be the same, but in cells tagged "measured", whose numbers are times.
Pictures are not compared: the numbers they draw are. Each notebook has one at least.
"""
import difflib
import sys

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor


def printed(cell):
    """What a cell wrote as text."""
    out = []
    for o in cell.get("outputs", []):
        if o.output_type == "stream" and o.name == "stdout":
            out.append(o.text)
        elif "text/plain" in o.get("data", {}) and "image/png" not in o.get("data", {}):
            out.append(o.data["text/plain"] + "\n")
    return "".join(out)


def execute(path):
    """The notebook as saved and as it runs now."""
    saved = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    ExecutePreprocessor(timeout=300, record_timing=False).preprocess(fresh, {"metadata": {"path": "."}})
    return saved, fresh


def differences(path, saved, fresh):
    for number, (was, now) in enumerate(zip(saved.cells, fresh.cells)):
        if now.cell_type == "code" and "measured" not in now.metadata.get("tags", []):
            yield from difflib.unified_diff(printed(was).splitlines(), printed(now).splitlines(),
                                            f"{path} cell {number}, saved", f"{path} cell {number}, now", lineterm="", n=0)


def pictures(notebook):
    """How many pictures are saved in it."""
    return sum("image/png" in o.get("data", {}) for cell in notebook.cells for o in cell.get("outputs", []))


def main(args):
    failed = False
    for path in [a for a in args if a != "--write"]:
        saved, fresh = execute(path)
        if "--write" in args:
            nbformat.write(fresh, path)
            continue
        lines = list(differences(path, saved, fresh))
        if not pictures(saved) or not pictures(fresh):
            lines.append("no picture shows what it computes")
        failed = failed or bool(lines)
        print(path, "differs from what is saved" if lines else "as saved")
        print("\n".join(lines[:40]))
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
