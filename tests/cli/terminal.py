"""A program on a terminal of its own.

usage: terminal.py COLUMNS COMMAND...      runs it on a terminal of so many columns and prints all that it wrote there
"""
import fcntl, os, pty, struct, sys, termios


def start(columns, command):
    """Run `command` on a terminal of so many columns. Returns its process and the terminal's other end."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    resize(master, columns)
    return pid, master


def resize(master, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def read(master):
    """The next bytes that the program wrote; none at its end."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    pid, master = start(int(sys.argv[1]), sys.argv[2:])
    while part := read(master):
        sys.stdout.buffer.write(part)
    sys.stdout.flush()
    sys.exit(status(pid))
