"""Small changes of C text, each of which a test should notice.

`mutants_of(text)` finds every place where an operator applies and returns a list of Mutant. The text is read by pattern,
not parsed, and relies on the layout that clang-format gives every source here: spaces around binary operators, a
function's name in the first column. A change that does not compile is found later, by compiling it.
"""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`text[start:end]` becomes `new`."""

    kind: str
    start: int
    end: int
    new: str

    def apply(self, text):
        return text[: self.start] + self.new + text[self.end :]


# Comments, strings and characters, preprocessor lines that define nothing, and assertions: left as they are.
_LEFT_OUT = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
      | ^[ \t]*\#[ \t]*(?!define)\w+(?:\\\n|[^\n])* | ^[ \t]*\#[ \t]*define[ \t]+\w+(?:\([^)]*\))?
      | \b(?:_Static_)?assert\([^;]*;""",
    re.S | re.M | re.X,
)


def masked(text):
    """`text` with everything that is left alone as `~`; positions and line ends stay."""
    return _LEFT_OUT.sub(lambda match: re.sub(r"[^\n]", "~", match.group()), text)


def closing(text, at):
    """The place of the bracket that closes the one at `at`, or -1."""
    depth = 0
    for place in range(at, len(text)):
        if text[place] in "([{":
            depth += 1
        elif text[place] in ")]}":
            depth -= 1
            if depth == 0:
                return place
    return -1


def _exchange(kind, pairs):
    """An operator that replaces one binary operator by another."""

    def find(text):
        for old, new in pairs:
            for match in re.finditer(rf"(?<= ){re.escape(old)}(?=[ \n])", text):
                yield Mutant(f"{old} to {new}", match.start(), match.end(), new)

    find.kind = kind
    return find


def _constants(text):
    for match in re.finditer(r"(?<![\w.])(\d+)(u|UL|ull|\.\d+f?)?(?![\w.])", text):
        before = text[: match.start()].rsplit("\n", 1)[-1]
        if re.search(r"\bchar \w+\[$", before) or re.search(r"\bRG_(VEC|ROWS|COLS)\b.*$", before):
            continue  # the size of a text buffer: one byte more or less is no fault
        number = int(match.group(1))
        change = 1 if number == 0 or match.start() % 2 == 0 else -1
        yield Mutant(f"{number} to {number + change}", match.start(1), match.end(1), str(number + change))


def _conditions(text):
    for match in re.finditer(r"\b(?:if|while) \(", text):
        end = closing(text, match.end() - 1)
        if end > 0:
            yield Mutant("condition negated", match.end() - 1, end, "(!(" + "\0" + ")")


_STATEMENT = re.compile(
    r"^[ ]{4,}(?:\(void\))?(?:\w+\(|\*?(?:\w|->|\.|\[[^]=\n]*\]|\(\*\w+\))+(?: [-+*/|&]?= |\+\+;|--;))", re.M
)
_RELEASES = re.compile(r"\s*(?:\(void\))?\w*(?:free|destroy|close|va_end)\(")
_NO_STATEMENT = re.compile(r"\s*(?:if|for|while|switch|return|sizeof|defined|else|do|RG_KERNEL|RG_INLINE)\b")


def _statements(text):
    """Statements that fill whole lines; those that only release memory are for the leak sanitizer to see."""
    for match in _STATEMENT.finditer(text):
        before = text[: match.start()].rstrip(" ~\n")
        if (before and before[-1] not in ";{})") or _NO_STATEMENT.match(match.group()) or _RELEASES.match(match.group()):
            continue
        end, depth = match.start(), 0
        while end < len(text) and not (text[end] == ";" and depth == 0):
            depth += (text[end] in "([{") - (text[end] in ")]}")
            if depth < 0:
                break
            end += 1
        if depth == 0 and end < len(text):
            first = match.start() + len(match.group()) - len(match.group().lstrip())
            yield Mutant("statement left out", first, end, "")


def _arguments(text):
    for match in re.finditer(r"\b(?!if|for|while|switch|return|sizeof)\w+\(", text):
        end = closing(text, match.end() - 1)
        line = text[: match.start()].rsplit("\n", 1)[-1]
        if end < 0 or (line == line.lstrip() and not line.startswith("~")):
            continue  # a declaration or a definition
        places, depth = [match.end()], 0
        for place in range(match.end(), end):
            depth += (text[place] in "([{") - (text[place] in ")]}")
            if text[place] == "," and depth == 0:
                places += [place, place + 1]
        places.append(end)
        parts = [(places[i], places[i + 1]) for i in range(0, len(places), 2)]
        for (a, b), (c, d) in zip(parts, parts[1:]):
            if text[a:b].strip() != text[c:d].strip() and "\n" not in text[a:d] and "~" not in text[a:d]:
                space = text[a:b][: len(text[a:b]) - len(text[a:b].lstrip())]
                yield Mutant("arguments swapped", a, d, f"{space}{text[c:d].strip()}, {text[a:b].strip()}")


def _else_branches(text):
    for match in re.finditer(r"\belse\b", text):
        rest = re.compile(r" ?(if \()?").match(text, match.end())
        end = match.end()
        if rest.group(1):
            end = closing(text, rest.end() - 1) + 1
        brace = re.compile(r"\s*\{").match(text, end)
        stop = closing(text, brace.end() - 1) + 1 if brace else text.find(";", end) + 1
        follows = re.compile(r"\s*else\b").match(text, stop)
        if stop > 0 and not follows:
            yield Mutant("else branch dropped", match.start(), stop, "" if text[match.start() - 2] == "}" else ";")


def _statuses(text):
    for match in re.finditer(r"\breturn (?:rg_\w*fail\(|status;|rg_stop_status\(|error;)", text):
        stop = text.find(";", match.start())
        if stop > 0:
            yield Mutant("failure returned as success", match.start(), stop, "return RG_OK")
    for match in re.finditer(r"\b(RG_TRY|RG_TRY_GOTO)\(", text):
        if match.start() and text[match.start() - 1] == " ":
            yield Mutant("status ignored", match.start(1), match.end(1), "(void)")


OPERATORS = {
    "comparison": _exchange("comparison", [("<", "<="), ("<=", "<"), (">", ">="), (">=", ">"), ("==", "!="), ("!=", "==")]),
    "arithmetic": _exchange("arithmetic", [("+", "-"), ("-", "+"), ("+=", "-="), ("-=", "+="), ("*", "/"), ("/", "*")]),
    "logic": _exchange("logic", [("&&", "||"), ("||", "&&")]),
    "constant": _constants,
    "condition": _conditions,
    "statement": _statements,
    "argument": _arguments,
    "else": _else_branches,
    "status": _statuses,
}


def mutants_of(text):
    """{operator: [Mutant, ...]}, in the order of the text."""
    seen = masked(text)
    found = {}
    for name, find in OPERATORS.items():
        mutants = []
        for mutant in find(seen):
            if name == "condition":  # the condition itself comes from the text, with its strings
                inside = text[mutant.start + 1 : mutant.end]
                mutant = Mutant(mutant.kind, mutant.start, mutant.end, mutant.new.replace("\0", inside))
            elif name == "statement":  # lines stay where they are
                lines = text.count("\n", mutant.start, mutant.end)
                mutant = Mutant(mutant.kind, mutant.start, mutant.end, "\n" * lines)
            mutants.append(mutant)
        found[name] = sorted(mutants, key=lambda mutant: mutant.start)
    return found


def functions_of(text):
    """The function that each line belongs to, None outside of functions: a list with one entry a line."""
    owners, name, is_inside = [], None, False
    for line in masked(text).split("\n"):
        starts = re.match(r"[A-Za-z_].*?\b(\w+)\(", line)
        if not is_inside and starts and not line.rstrip().endswith(";") and "=" not in line.split("(")[0]:
            name = starts.group(1)
        elif not is_inside and line.rstrip().endswith(";"):
            name = None
        is_inside = is_inside or (name is not None and line.rstrip(" ~").endswith("{"))
        owners.append(name)
        if line.startswith("}"):
            name, is_inside = None, False
    return owners
