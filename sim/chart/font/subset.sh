#!/usr/bin/env bash
# subset.sh FONT.ttc: cuts NotoSansSC.otf out of Noto Sans CJK (Debian:
# fonts-noto-cjk, python3-fonttools), keeping GB 2312, Latin letters and the signs
# that figures use. It was made with version 2.004 of the font.
set -euo pipefail
cd "$(dirname "$0")"
letters=$(mktemp)
trap 'rm -f "$letters"' EXIT
python3 - > "$letters" <<'PY'
chars = [chr(c) for c in [*range(0x20, 0x7f), *range(0xa0, 0x180)]]
for row in range(0xa1, 0xf8):
    for cell in range(0xa1, 0xff):
        try:
            chars.append(bytes([row, cell]).decode("gb2312"))
        except UnicodeDecodeError:
            pass
chars += "−∓∝∈⌈⌉⌊⌋₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ·×÷±≤≥≠≈√∑∞→←↑↓…–—‘’“”•○●□■△▲αβγδεθλμπστφω⊙⏎⇥◌‹›␀§°′″‰▶▸"
print("".join(dict.fromkeys(chars)), end="")
PY
# Font 2 of the collection is the one for Simplified Chinese.
python3 -m fontTools.subset "$1" --font-number=2 --text-file="$letters" --output-file=NotoSansSC.otf \
  --layout-features='' --no-hinting --desubroutinize --drop-tables+=vhea,vmtx,VORG,GPOS,GSUB,GDEF,BASE
