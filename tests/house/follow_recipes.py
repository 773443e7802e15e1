#!/usr/bin/env python3
"""Do what docs/adding.md says, on a copy of the tree.

usage: follow_recipes.py PAGE TREE

The page says "New file `F`:", "In `F`, replace ... by ..." and "In `F`, at the end add ...", each followed by indented
text. A text to be replaced must occur in the file; its first occurrence is. Exits 1 with the sentence that cannot be
followed.
"""
import os
import re
import sys


def blocks(page):
    """The page as (is_code, text): paragraphs, and indented blocks without their indentation."""
    code = None
    for line in page.split("\n"):
        if line.startswith("    ") or (code is not None and not line.strip()):
            code = (code or []) + [line[4:]]
            continue
        if code is not None:
            yield True, "\n".join(code).rstrip("\n")
            code = None
        if line.strip():
            yield False, line.strip()
    if code is not None:
        yield True, "\n".join(code).rstrip("\n")


def main(page, tree):
    action, steps = None, 0
    for is_code, text in blocks(open(page, encoding="utf-8").read()):
        if not is_code:
            found = re.match(r"(?:New file|In) `([^`]+)`(?:, replace|, at the end add)?:?$", text)
            if found:
                kind = "new" if text.startswith("New") else "replace" if "replace" in text else "append"
                action = {"kind": kind, "file": os.path.join(tree, found.group(1)), "says": text}
            elif not (action and action["kind"] == "replace" and text == "by"):
                action = None
            continue
        if action is None:
            continue
        if action["kind"] == "replace" and "old" not in action:
            action["old"] = text
            continue
        apply(action, text)
        action, steps = None, steps + 1
    if steps < 10:
        sys.exit(f"{page} has {steps} steps that this script can follow; it is there to follow its recipes")


def apply(action, text):
    path = action["file"]
    if action["kind"] == "new":
        if os.path.exists(path):
            sys.exit(f"{action['says']} the file is there already")
        new = text + "\n"
    else:
        with open(path, encoding="utf-8") as file:
            before = file.read()
        if action["kind"] == "append":
            new = before + "\n" + text + "\n"
        elif action["old"] in before:
            new = before.replace(action["old"], text, 1)
        else:
            sys.exit(f"{action['says']} {action['old']!r}: the file has no such text")
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


main(*sys.argv[1:])
