#!/bin/bash
# The formulas of `grad --trace` give the numbers below them: the walk is read back from its page, and each number on the
# way back is worked out from those that its formula names.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
export RNN_GPU_DEVICE=cpu

cat >"$folder/formulas.py" <<'PYTHON'
import html, math, re, sys

cell, skip, d, budget = sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
page = open(sys.argv[1], encoding="utf-8").read()
page = page[page.index("<h2>The walk"):page.index("<div class=\"figures\">")]
gates = {"rnn": [""], "lstm": list("ifgo"), "gru": list("rzn")}[cell]

def plain(text):
    return html.unescape(re.sub(r"</?(sub|sup|code|span)[^>]*>", "", text)).strip()

def tables(part):
    """(caption, [(label, numbers)]) of each table."""
    for body in re.findall(r"<table>(.*?)</table>", part, re.S):
        caption = re.search(r"<caption>(.*?)</caption>", body, re.S)
        rows = re.findall(r"<tr><th>(.*?)((?:<td>[^<\n]*)+)", body, re.S)
        yield plain(caption[1]) if caption else "", [(plain(l), [float(v) for v in v.split("<td>")[1:]]) for l, v in rows]

sections = re.split(r"<details[^>]*><summary>", page)
weights, sequences = {}, []
for section in sections[1:]:
    title = plain(section.split("</summary>")[0])
    if title == "The weights":
        for caption, rows in tables(section):
            name = re.match(r"(rnn|head)\.(\w+?)(_l0)?( |,|$)", caption)[2]
            gate = re.search(r"gate (\w)", caption)
            weights.setdefault(name, []).extend(row for _, row in rows)
    elif title.startswith("Sequence"):
        sequences.append({})
    elif title == "Forward":
        for caption, rows in tables(section):
            sequences[-1][int(re.match(r"t = (\d+)", caption)[1])] = {re.sub(r"\d+$", "", l): v for l, v in rows}
    elif title == "Backward":
        for caption, rows in tables(section):
            place = re.match(r"t = (\d+), lag", caption)
            at = sequences[-1][int(place[1])] if place else sequences[-1].setdefault("loss", {})
            at.update({re.sub(r"(?<=[A-Za-zδ])\d+$", "", l): v for l, v in rows})

def add(*vectors):
    return [sum(v) for v in zip(*vectors)]

def scaled(a, v):
    return [a * x for x in v]

def times(*vectors):
    return [math.prod(v) for v in zip(*vectors)]

def back(matrix, v):
    """The transpose of the matrix times v."""
    return [sum(row[j] * x for row, x in zip(matrix, v)) for j in range(len(matrix[0]))]

checked = skipped = 0
def near(what, got, wanted):
    global checked
    assert len(got) == len(wanted) > 0, (what, got, wanted)
    for a, b in zip(got, wanted):
        assert abs(a - b) <= 5e-5, (what, got, wanted)
    checked += len(got)

for walk in sequences:
    T = max(t for t in walk if t != "loss")
    nothing = [0.0] * len(walk[1]["h"])
    def of(name, t):
        return walk[t][name] if 1 <= t <= T else nothing
    def number(name, t):
        return walk[t][name][0] if 1 <= t <= T else 0.0
    def delta(t, hh=False):
        if cell == "rnn":
            return of("δ", t)
        return sum((of("r δn" if hh and cell == "gru" and g == "n" else "δ" + g, t) for g in gates), [])
    learned, step = skip == "learned", d if skip == "dilated" else 1
    for t in range(T, 0, -1):
        now, later = walk[t], t + step
        dh, dS = now["dL/dh"], now["dL/dS"] if learned else now["dL/dh"]
        made = now["S"] if learned else now["h"]
        parts = [back(weights["weight_hh"], delta(later, True))]
        if t == T:
            parts.append(walk["loss"]["WoT dL/dz"])
        if skip == "add":
            parts.append(back(weights["weight_sh"], delta(t + d)))
        if cell == "gru":
            parts.append(times(of("z", later), of("dL/dS" if learned else "dL/dh", later)))
        if learned:
            u, v, p = now["u"][0], now["v"][0], now["p"][0]
            next_v = number("dL/dv", t + 1)
            open_gate = u == 1 or p < 1 - v
            q = p * (1 - p) * next_v if open_gate else 0.0
            through_gate = scaled(q, weights["weight_uh"][0])
            skipped += u == 0
            parts.append(scaled(1 - number("u", t + 1) if t < T else 0.0, of("dL/dh", t + 1)))
            if cell != "lstm":
                parts.append(through_gate)
            near("dL/dS", dS, scaled(u, dh))
            dv = sum(times(add(now["S"], scaled(-1, of("h", t - 1))), dh)) + (p - v - min(p, 1 - v)) * next_v + budget / len(sequences)
            if cell == "lstm":
                dv += sum(times(add(now["C"], scaled(-1, of("c", t - 1))), now["dL/dc"]))
            if u == 0 and p < 1 - v:
                dv += next_v
            near("dL/dv", now["dL/dv"], [dv])
        near("dL/dh", dh, add(*parts))
        if cell == "rnn":
            near("delta", now["δ"], times(dS, [1 - x * x for x in made]))
        elif cell == "gru":
            r, z, n, before = now["r"], now["z"], now["n"], of("h", t - step)
            delta_n = times(dS, [1 - x for x in z], [1 - x * x for x in n])
            near("delta_n", now["δn"], delta_n)
            near("r delta_n", now["r δn"], times(r, delta_n))
            near("delta_z", now["δz"], times(dS, add(before, scaled(-1, n)), z, [1 - x for x in z]))
            rows = weights["weight_hh"][2 * len(n):]
            inner = add([sum(w * x for w, x in zip(row, before)) for row in rows], weights["bias_hh"][2])
            near("delta_r", now["δr"], times(delta_n, r, [1 - x for x in r], inner))
        else:
            i, f, g, o = (now[k] for k in "ifgo")
            c = now["C"] if learned else now["c"]
            slope = [1 - math.tanh(x) ** 2 for x in c]
            if learned:
                near("dL/dc", now["dL/dc"], add(times(of("f", t + 1), of("dL/dC", t + 1)), scaled(1 - number("u", t + 1) if t < T else 0.0, of("dL/dc", t + 1)), through_gate))
                dc = now["dL/dC"]
                near("dL/dC", dc, add(scaled(u, now["dL/dc"]), times(dS, o, slope)))
            else:
                dc = now["dL/dc"]
                near("dL/dc", dc, add(times(dS, o, slope), times(of("f", later), of("dL/dc", later))))
            near("delta_i", now["δi"], times(dc, g, i, [1 - x for x in i]))
            near("delta_f", now["δf"], times(dc, of("c", t - step), f, [1 - x for x in f]))
            near("delta_g", now["δg"], times(dc, i, [1 - x * x for x in g]))
            near("delta_o", now["δo"], times(dS, [math.tanh(x) for x in c], o, [1 - x for x in o]))
assert skip != "learned" or 0 < skipped < sum(len(w) - 1 for w in sequences), "no step is copied, or every one"
print(checked)
PYTHON

total=0
for cell in rnn lstm gru; do
    for skip in none add dilated learned; do
        options=(--cell "$cell" --hidden 5 --steps 6 --batch 3 --task adding --seed 4)
        budget=0
        case $skip in
            add | dilated) options+=(--skip 2 --skip-kind "$skip") ;;
            learned)
                budget=0.25
                options+=(--skip-kind learned --skip-budget "$budget" --set 'rnn.bias_uh_l0[0]=-0.5')
                ;;
        esac
        expect_status 0 "$program" grad "${options[@]}" --trace --report walk.html
        n=$(python3 "$folder/formulas.py" walk.html "$cell" "$skip" 2 "$budget") || fail "a formula of $cell with skip $skip does not give the number below it"
        total=$((total + n))
        if [ "$skip" = learned ]; then
            said=$(tr -s '\n ' ' ' <"$folder/stdout") # a formula may take two lines
            for part in '(1 - u_{t+1}) dL/dh_{t+1}' '+ W_uh^T q_t' '+ 0.25 / 3' 'q_t = p_t (1 - p_t) dL/dv_{t+1}'; do
                [[ $said == *"$part"* ]] || fail "the formulas of $cell lack $part"
            done
        fi
    done
done
[ "$total" -gt 2000 ] || fail "only $total numbers were read"
checked "$total numbers follow from the formulas above them"
