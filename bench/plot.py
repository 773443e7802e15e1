#!/usr/bin/env python3
"""Draw results of `rnn-gpu bench --out FILE` as SVG: seconds of an update, one row a case, one mark a device or peer.

usage: plot.py RESULTS.jsonl > PLOT.svg
"""
import json
import math
import sys
from xml.sax.saxutils import escape

# name in the legend, colour (Okabe and Ito's), mark around (0, 0)
SERIES = {
    "opencl": ("OpenCL", "#0072b2", '<circle r="5"/>'),
    "native": ("native C", "#d55e00", '<rect x="-4.5" y="-4.5" width="9" height="9"/>'),
    "pytorch": ("PyTorch, best chunks", "#009e73", '<path d="M0-6.5 6.5 0 0 6.5-6.5 0Z"/>'),
    "cblas": ("BLAS step by step", "#cc79a7", '<path d="M0-6 6 5H-6Z"/>'),
}
LEFT, RIGHT, ROW, TOP, WIDTH = 150, 30, 20, 70, 860
STYLE = """text{font:13px sans-serif;fill:#222}.small{font-size:12px}.title{font-size:16px;font-weight:bold}
.back{fill:#fff}.grid{stroke:#ddd}.rule{stroke:#bbb}
@media(prefers-color-scheme:dark){.back{fill:#161616}text{fill:#ddd}.grid{stroke:#333}.rule{stroke:#666}}"""


def read(path):
    """(command and machine or {}, {case: {series: seconds}}) of a file of results."""
    heading, cases = {}, {}
    with open(path) as lines:
        for line in filter(str.strip, lines):
            result = json.loads(line)
            heading = result.get("bench", heading)
            seconds = result.get("best_s") or result.get("update_s")
            if seconds:
                case = tuple(result[key] for key in ("cell", "batch", "steps", "hidden"))
                cases.setdefault(case, {})[result.get("peer") or result["backend"]] = seconds
    return heading, cases


def text(x, y, words, anchor="start", style=""):
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'


def seconds_text(exponent):
    return {-6: "1 µs", -5: "10 µs", -4: "100 µs", -3: "1 ms", -2: "10 ms", -1: "100 ms", 0: "1 s", 1: "10 s",
            2: "100 s"}.get(exponent, f"1e{exponent} s")


def draw(heading, cases):
    times = [seconds for case in cases.values() for seconds in case.values()]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    high = max(high, low + 1)
    place = lambda seconds: LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - low) / (high - low)
    shown = [name for name in SERIES if any(name in case for case in cases.values())]
    cells = list(dict.fromkeys(case[0] for case in cases))
    bottom = TOP + ROW * (len(cases) + len(cells)) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 60}" role="img">',
           f"<title>Seconds of a training update</title><style>{STYLE}</style>",
           f'<rect class="back" width="{WIDTH}" height="{bottom + 60}"/>',
           text(12, 24, "Seconds of a whole training update, shorter is better", style="title")]
    x = 12
    for name in shown:
        label, colour, mark = SERIES[name]
        out += [f'<g transform="translate({x + 6} 44)" fill="{colour}">{mark}</g>', text(x + 18, 48, label)]
        x += 50 + 7.2 * len(label)
    for exponent in range(low, high + 1):
        at = place(10.0**exponent)
        out += [f'<path class="grid" d="M{at:g} {TOP - 8}V{bottom}"/>',
                text(at, bottom + 16, seconds_text(exponent), "middle", "small")]
    y = TOP
    for cell in cells:
        out.append(text(12, y + 9, f"{cell}: batch × steps × hidden", style="small"))
        for case in (c for c in cases if c[0] == cell):
            y += ROW
            out.append(text(LEFT - 12, y + 9, " × ".join(map(str, case[1:])), "end", "small"))
            ends = [place(seconds) for seconds in cases[case].values()]
            out.append(f'<path class="rule" d="M{min(ends):.1f} {y + 5}H{max(ends):.1f}"/>')
            for name in shown:
                if name in cases[case]:
                    out.append(f'<g transform="translate({place(cases[case][name]):.1f} {y + 5})" '
                               f'fill="{SERIES[name][1]}">{SERIES[name][2]}</g>')
        y += ROW
    if heading:
        out.append(text(12, bottom + 44, f"{heading.get('command', '')} on {heading.get('machine', '')}", style="small"))
    return "\n".join([*out, "</svg>"])


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    try:
        heading, cases = read(sys.argv[1])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        sys.exit(f"plot: {sys.argv[1]} holds no results of bench: {error!r}")
    if not cases:
        sys.exit(f"plot: {sys.argv[1]} holds no results of bench")
    print(draw(heading, cases))


main()
