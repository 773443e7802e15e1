#!/bin/bash
# What texts say of options is so: every option and command that a help text, a message, a page or a header names exists; the
# default and the range that help shows are those of the command line; so are the defaults that pages state.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"

python3 - "$program" "$root" <<'PYTHON' || fail "the texts are not as expected"
import re, subprocess, sys
from pathlib import Path

program, root = sys.argv[1], Path(sys.argv[2])


def run(*words):
    return subprocess.run([program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)


overview = run("help").stdout
commands = re.findall(r"^  ([a-z]+)  ", overview.split("Commands:")[1].split("Options of train")[0], re.M)
helps = {command: run("help", command).stdout for command in commands}
assert len(commands) == 19 and all(helps.values()), commands

# The entry of each option: its own lines, and nothing else that a help text mentions.
entries = {
    command: {m[1]: " ".join(m[2].split()) for m in re.finditer(r"^  (?:-[a-z], )?(--[a-z][a-z0-9-]*)((?:.*\n)(?:^ {20,}.*\n)*)", text, re.M)}
    for command, text in helps.items()
}
known = {name for of in entries.values() for name in of} | {"--help", "--version"}
assert len(known) > 100, sorted(known)

# Options of other programs, beside the name of the program.
foreign = {
    "cmake": "--build --install --prefix", "ctest": "--test-dir", "tests/run": "--all --exhaustive", "mutate.py": "--jobs", "pkg-config": "--cflags --libs --static",
    "mpirun": "--hostfile --map-by --oversubscribe --enable-recovery --mca", "build_backend.py": "--library",
    "SBATCH": "--nodes --ntasks-per-node --cpus-per-task --time", "[default; range]": "--name", "Set an option": "--name",
}  # fmt: skip
style = r"var\(--[a-z]+\)|--[a-z]+:#|--try-opencl-drivers"  # of a page; of the process that tries drivers


def literals(text):
    """The strings of a C source, adjacent ones joined."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for joined in re.finditer(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text):
        yield "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined[0]))


texts = [(f"help {command}", text) for command, text in helps.items()] + [("help", overview), ("man", run("help", "man").stdout)]
for source in sorted([*root.glob("host/**/*.[ch]"), *root.glob("bench/**/*.[ch]")]):
    texts += [(str(source.relative_to(root)), text.replace("\\n", "\n")) for text in literals(source.read_text())]
n_messages = len(texts)
pages = ["*.md", "docs/*.md", "tests/*.md", "python/**/*.py", "include/**/*.h"]
texts += [(str(page.relative_to(root)), page.read_text()) for glob in pages for page in sorted(root.glob(glob))]
assert n_messages > 2000 and len(texts) - n_messages > 30, (n_messages, len(texts))

wrong = []
for name, text in texts:
    text = re.sub(style, "", text).replace("\\-", "-")
    for m in re.finditer(r"(?<![\w-])--[a-z][a-z0-9-]*", text):
        others = [word for word, options in foreign.items() if m[0] in options.split()]
        if m[0] not in known and not any(word in name + text[max(0, m.start() - 400) : m.end() + 40] for word in others):
            wrong.append(f"{name}: {m[0]} is no option: {text[max(0, m.start() - 40):m.end() + 20]!r}")
    for m in re.finditer(r"(?:\./rnn-gpu|`rnn-gpu|rnn-gpu:? rnn-gpu) ([a-z]+)", text):
        if m[1] not in commands:
            wrong.append(f"{name}: {m[1]} is no command: {m[0]!r}")
print(len(texts), "texts")

# The default and the range in the help of a command.
bases = {
    "grad": ["--data d.npz --model m.safetensors --out g.safetensors", "--task adding --out g.safetensors", "--out g.safetensors"],
    "predict": ["--data d.npz --model m.safetensors"], "eval": ["--data d.npz --model m.safetensors"],
    "sample": ["--model m.safetensors --prompt x"], "import": ["--onnx m.onnx --out o.safetensors"],
    "export": ["--model m.safetensors --out o.npz", "--task adding --out o.npz", "--out o.npz"],
    "inspect": ["m"], "verify": ["m"], "runs": ["m"],
}  # fmt: skip
# Options that need another one.
beside = {
    "--skip-budget": "--skip-kind learned", "--momentum": "--optimizer momentum", "--rmsprop-alpha": "--optimizer rmsprop",
    "--fold": "--data d.npz", "--folds": "--data d.npz --fold 1", "--stride": "--data d.npz --window 9", "--save-every": "--out o",
    "--forget-bias": "--cell lstm", "--patience": "--data d.npz --val-frac 0.1", "--val-every": "--data d.npz --val-frac 0.1",
    "--horizon": "--data d.npz --window 9", "--vocab": "--data d.txt", "--min-count": "--data d.txt", "--level": "--data d.txt",
    "--val-frac": "--data d.npz", "--permute": "--data d-ubyte --pixels", "--embed": "--data d.csv", "--pad": "--data d.npz",
    "--skip-kind": "--skip 2",
}  # fmt: skip
# In forms that --dump-config and --help do not share.
no_range = {"compare --forget-bias", "grad --stride", "predict --stride", "eval --stride"}  # of the cells, or of the file


def dump(command, name, *words):
    """The options of the command, with what the option needs; None if they are refused."""
    for base in bases.get(command, [""]):
        ran = run(command, *base.split(), *beside.get(name, "").split(), *words, "--dump-config")
        if ran.returncode == 0:
            return re.sub(r"^#.*\n", "", ran.stdout), base
    return None, ran.stderr


def number(text):
    return float(text.replace("1024T", str(2**50)))


checked = {"default": 0, "range": 0}
for command, of in entries.items():
    if "--dump-config" not in of:
        continue
    for name, entry in of.items():
        m = re.search(r"\[(?:the file's, else )?([^;\]]+)(?:; (\S+) to (below )?(\S+))?\]$", entry)
        if not m or f"{command} {name}" in no_range:
            continue
        default = m[1]
        said, base = dump(command, name, f"{name}={default}") if " " not in default and default != "needed" else dump(command, name)
        if said is None and default not in ("needed", "as drawn", "the file's"):
            wrong.append(f"help {command}: {name} is refused with its default {default}: {base.strip()}")
            continue
        if " " not in default and default != "needed":
            checked["default"] += 1
            line = re.compile(rf"^{name[2:]} = (.*)$", re.M)
            meant = run(command, *base.split(), *beside.get(name, "").split(), "--dump-config")
            found = line.search(meant.stdout)
            if meant.returncode != 0:
                wrong.append(f"help {command}: {name} has no default, and not {default}: {meant.stderr.strip()}")
            elif found and found[1].strip('"') != line.search(said)[1].strip('"'):
                wrong.append(f"help {command}: {name} has {found[1]}, not {default}")
        if m[4]:
            checked["range"] += 1
            low, high = number(m[2]), number(m[4])
            above = "1025T" if m[4] == "1024T" else f"{high * 1.01:.17g}" if high < 1e18 else "1e30"
            for value, fits in ((m[2], True), (m[4], not m[3]), (above, False), (f"{low - 1:.17g}", False)):
                said = run(command, *base.split(), *beside.get(name, "").split(), f"{name}={value}", "--dump-config").stderr
                if fits == bool(re.search("is out of range|is not a", said)):
                    wrong.append(f"help {command}: {name} {value}: {said.strip() or 'is taken'}; help says {m[0]}")
assert checked["default"] >= 250 and checked["range"] >= 145, checked
print(checked)

# Defaults in prose.
train = entries["train"]
stated = 0
for name, text in texts[n_messages:]:
    if not name.endswith(".md"):
        continue
    for m in re.finditer(r"`(--[a-z-]+)(?: [A-Z]+)?`[^`.]{0,60}\(default:? ([^)]+)\)|`(--[a-z-]+) ([^`]+)`, the default", text):
        option, value = m[1] or m[3], m[2] or m[4]
        stated += 1
        shown = re.search(r"\[([^;\]]+)", train[option])
        if not shown or shown[1] != value:
            wrong.append(f"{name}: {option} has not {value} as its default: {m[0]!r}; help says {train[option]}")
assert stated >= 1, stated
assert not wrong, "\n".join(wrong)
PYTHON
checked "options, commands, defaults and ranges that texts name"

# A default that differs from remedy to remedy is none of the command line.
expect_status 0 "$program" help compare
expect_joined "--lr R\|auto .*\[each remedy's own; "
expect_status 0 "$program" help train
expect_joined "--lr R\|auto .*\[0.001; "
checked "the learning rate of compare is each remedy's own"
