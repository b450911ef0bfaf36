"""Draws what train.py printed, as the figure in the model card.

    python3 curve.py logs curves.svg          # reads logs/*.log
"""
import glob
import os
import re
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "kvstep"  # the same bytes every time
import matplotlib.pyplot as plt

LINE = re.compile(r"^(\d+) ([\d.]+)M ([\d.]+)min T=(\d+) loss ([\d.]+) val ([\d.]+) copy ([\d.]+) prev ([\d.]+)@\d+ ind ([\d.]+)@\d+$")
ORDER = ["story", "story-gqa", "story-mqa", "story-draft"]


def read(path):
    """Rows of (millions of tokens, validation loss, share copied, previous-token attention, induction attention)."""
    found = (LINE.match(line) for line in open(path).read().splitlines())
    return [tuple(float(m[i]) for i in (2, 6, 7, 8, 9)) for m in found if m]


def main(folder, out):
    logs = {os.path.basename(p)[:-4]: read(p) for p in glob.glob(folder + "/*.log")}
    figure, (copy, loss) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    x, _, copied, previous, induction = zip(*logs["from-scratch"])
    for y, text in ((copied, "copied right"), (previous, "best previous-token head"), (induction, "best induction head")):
        copy.plot(x, y, lw=1.4, label=text)
    copy.set(xlabel="tokens seen (millions)", ylabel="share", ylim=(0, 1.02), title="from random weights, on repeated random lists: copying comes suddenly")
    copy.legend(frameon=False, fontsize=8, loc=(0.22, 0.36))
    ends = []
    for name in [n for n in ORDER if n in logs]:
        x, val, *_ = zip(*logs[name])
        line, = loss.plot(x, val, lw=1.4)
        ends.append([val[-1], x[-1], name, line.get_color()])
    at = -1.0
    for y, x, name, color in sorted(ends):
        at = max(at, y) + 0.025  # names that would touch stand one above the other
        loss.annotate(name, (x, y), xytext=(x * 1.03, at - 0.035), color=color, va="center", fontsize=8)
    loss.set(xlabel="tokens of the last training (millions)", ylabel="nats per token", title="loss on unseen documents, as shipped")
    loss.set_xlim(0, max(logs[n][-1][0] for n in ORDER if n in logs) * 1.2)
    for axes in (loss, copy):
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(9.5)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
