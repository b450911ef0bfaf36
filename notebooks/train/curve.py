"""Draws what train.py printed, as the figure in the model card.

    python3 curve.py logs loss.svg          # reads logs/*.log
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
    figure, (loss, copy) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for name in [n for n in ORDER if n in logs]:
        x, val, *_ = zip(*logs[name])
        line, = loss.plot(x, val, lw=1.4)
        loss.annotate(name, (x[-1], val[-1]), xytext=(4, 0), textcoords="offset points", color=line.get_color(), va="center", fontsize=8)
    x, _, copied, previous, induction = zip(*logs["story"])
    for y, text in ((copied, "copied right"), (previous, "best previous-token head"), (induction, "best induction head")):
        copy.plot(x, y, lw=1.4, label=text)
    loss.set(yscale="log", xlabel="tokens seen (millions)", ylabel="loss on unseen documents (nats per token)", title="loss")
    loss.set_yticks([0.8, 1, 2, 4], ["0.8", "1", "2", "4"])
    loss.minorticks_off()
    loss.set_xlim(0, max(r[-1][0] for r in logs.values()) * 1.2)
    copy.set(xlabel="tokens seen (millions)", ylabel="share", ylim=(0, 1.02), title="story on repeated random lists: copying comes suddenly")
    copy.legend(frameon=False, fontsize=8, loc="center right")
    for axes in (loss, copy):
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(10)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
