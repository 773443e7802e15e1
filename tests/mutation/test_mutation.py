#!/usr/bin/env python3
"""tests/mutate.py on texts and on a tree that are small enough to know every answer."""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import operators  # noqa: E402
from coverage import Coverage  # noqa: E402

TEXT = """/* a < b */
#include <math.h>
#define LIMIT 7

static rg_status check(int a, const char *b) {
    if (a < 3 && b) {
        return rg_fail(RG_USAGE, "a < %d", a);
    } else {
        a += 2;
    }
    assert(a < 3);
    RG_TRY(other(a, b));
    free(b);
    return RG_OK;
}
"""

TREE = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.20)
project(small C)
if(RG_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
if(RG_SANITIZE)
    add_compile_options(-fsanitize=${RG_SANITIZE})
    add_link_options(-fsanitize=${RG_SANITIZE})
endif()
add_library(small STATIC host/last.c host/sum.c)
add_executable(rnn-gpu host/main.c)
add_executable(test_sum tests/unit/test_sum.c)
target_link_libraries(rnn-gpu small)
target_link_libraries(test_sum small)
enable_testing()
add_test(NAME unit/test_sum COMMAND test_sum WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
set_tests_properties(unit/test_sum PROPERTIES LABELS unit)
""",
    "host/main.c": "int main(void) {\n    return 0;\n}\n",
    "host/sum.c": """int sum(const int *v, int n);
int sum(const int *v, int n) {
    int total = 0;
    for (int i = 0; i < n; i++) {
        total += v[i];
    }
    return total;
}

int untested(int a);
int untested(int a) {
    return a > 3 ? a + 5 : a;
}
""",
    "host/last.c": """int last(const int *v, int n);
int last(const int *v, int n) {
    int value = 0;
    for (int i = 0; i < n; i++) {
        value = v[i] > 0 ? v[i] : value;
    }
    return value > 0;
}
""",
    "tests/unit/test_sum.c": """#include <stdlib.h>
int sum(const int *v, int n);
int last(const int *v, int n);
int main(void) {
    const int v[3] = {1, 2, 4};
    int *const one = calloc(1, sizeof(int));
    one[0] = 1;
    const int failed = sum(v, 2) != 3 || last(one, 1) != 1;
    free(one);
    return failed;
}
""",
}


class Operators(unittest.TestCase):
    def changes(self, name):
        found = []
        for mutant in operators.mutants_of(TEXT)[name]:
            number = TEXT.count("\n", 0, mutant.start)
            found.append(mutant.apply(TEXT).split("\n")[number].strip())
        return found

    def test_each_operator(self):
        self.assertEqual(self.changes("comparison"), ["if (a <= 3 && b) {"])
        self.assertEqual(self.changes("logic"), ["if (a < 3 || b) {"])
        self.assertEqual(self.changes("condition"), ["if (!(a < 3 && b)) {"])
        self.assertEqual(self.changes("arithmetic"), ["a -= 2;"])
        self.assertEqual(self.changes("statement"), [";", ";"])
        self.assertEqual(self.changes("argument"), ["RG_TRY(other(b, a));"])
        self.assertEqual(self.changes("else"), ["}"])
        self.assertEqual(self.changes("status"), ["return RG_OK;", "(void)(other(a, b));"])
        self.assertEqual([change for change in self.changes("constant") if "LIMIT" in change and "7" not in change][0][:14],
                         "#define LIMIT ")
        self.assertEqual(len(self.changes("constant")), 3)

    def test_functions(self):
        owners = operators.functions_of(TEXT)
        self.assertEqual(owners[4:15], ["check"] * 11)
        self.assertEqual(set(owners[:4] + owners[15:]), {None})


class Lines(unittest.TestCase):
    def test_an_else_is_reached_by_who_reaches_its_branch(self):
        coverage = Coverage.__new__(Coverage)
        coverage.reached = {"check()\0return rg_fail(RG_USAGE, \"a < %d\", a);": {"first"}, "check()\0a += 2;": {"second"}}
        coverage.seconds, coverage.breadth = {"first": 1.0, "second": 1.0}, {"first": 1, "second": 1}
        lines = [line.strip() for line in TEXT.split("\n")]
        self.assertEqual(coverage.tests_of("x.c", lines.index("} else {") - 1, TEXT), ["first"])
        self.assertEqual(coverage.tests_of("x.c", lines.index("} else {"), TEXT), ["second"])
        self.assertEqual(coverage.tests_of("x.c", lines.index("assert(a < 3);"), TEXT), ["second"])


class Tool(unittest.TestCase):
    def run_tool(self, *arguments):
        done = subprocess.run([sys.executable, HERE.parent / "mutate.py", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_same_seed_chooses_the_same_mutants_of_this_tree(self):
        first = self.run_tool("30", "5", "--list", "--only", "host/plan")
        self.assertEqual(first.count("\n"), 30)
        self.assertEqual(first, self.run_tool("30", "5", "--list", "--only", "host/plan"))
        self.assertNotEqual(first, self.run_tool("30", "6", "--list", "--only", "host/plan"))

    def test_a_small_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            for name, text in TREE.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text)
            arguments = ["1", "--tree", str(tree), "--work", str(Path(folder) / "work"), "--only", "host/sum"]
            output = self.run_tool("3", *arguments)
            self.assertRegex(output, r"coverage 1/1: unit/test_sum")
            self.assertRegex(output, r"seen +host/sum.c:4  < to <=: .*\[unit/test_sum: ")
            self.assertRegex(output, r"seen +host/sum.c:5  statement left out: .*\[unit/test_sum: ")
            self.assertRegex(output, r"NOT SEEN host/sum.c:12  > to >=: .*\[no test reaches the line\]")
            table = re.search(r"^host +(\d+) +(\d+) ", output, re.M)
            lines = re.findall(r"^ *\d+ (seen|NOT SEEN) ", output, re.M)
            self.assertEqual(table.groups(), (str(len(lines)), str(lines.count("seen"))))
            self.assertEqual((tree / "host/sum.c").read_text(), TREE["host/sum.c"])
            again = self.run_tool("1", *arguments)
            self.assertEqual(again.split("\n")[0], output.split("\n")[1])
            self.assertEqual(self.run_tool("3", *arguments, "--jobs", "2").split("\n"), output.split("\n")[1:])
            arguments[-1] = "host/last"
            self.assertRegex(self.run_tool("8", *arguments), r"seen +host/last.c:4  < to <=: .*\[unit/test_sum, sanitized: ")


if __name__ == "__main__":
    unittest.main()
