"""resized.py COMMAND...: runs it on a terminal whose window becomes narrower again and again, and prints what the window
shows at the end. Like most terminals, this one breaks its long lines anew when the width changes; the cursor stays on the
character that it was on. The program stands still while the width changes, and has shown a whole line before: no program
can mend a line that it wrote for a width that has just gone."""
import os, re, select, signal, sys, time

import terminal

class Window:
    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0  # whole lines, before they are broken

    def part(self):
        """The first column of the row that the cursor is in."""
        return self.column // self.columns * self.columns

    def write(self, text):
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]", text):
            line = self.lines[self.row]
            if token == "\r":
                self.column = self.part()
            elif token == "\n":
                self.row, self.column = self.row + 1, 0
                if self.row == len(self.lines):
                    self.lines.append("")
            elif token == "\x1b[J":
                self.lines[self.row:] = [line[:self.column]]
            elif token == "\x1b[K":
                self.lines[self.row] = line[:self.column] + line[self.part() + self.columns:]
            elif len(token) == 1:
                self.lines[self.row] = line[:self.column].ljust(self.column) + token + line[self.column + 1:]
                self.column += 1

os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
pid, master = terminal.start(120, sys.argv[1:])
widths, changed, window = [120, 70, 45, 30, 25, 100, 60, 33], 0.0, Window(120)

def show(seconds):
    """Show what the program writes within so many seconds. Returns whether it wrote anything, and None at its end."""
    wrote = False
    while select.select([master], [], [], seconds)[0]:
        part = terminal.read(master)
        if not part:
            return None
        window.write(part.decode(errors="replace"))
        wrote, seconds = True, 0
    return wrote


while (wrote := show(0.05)) is not None:
    if not widths or not wrote or time.monotonic() - changed < 0.25:
        continue
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if show(0) is not None and window.column == window.part():
        window.columns = widths.pop(0)
        terminal.resize(master, window.columns)
        changed = time.monotonic()
    os.kill(pid, signal.SIGCONT)
print("\n".join(window.lines))
sys.exit(terminal.status(pid))
