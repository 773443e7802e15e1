/* Files that are written while the system writes only a part, or nothing: what is said, what is in the file, what waits
 * for room, and that no signal and no temporary file is left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/stop.h"
#include "expected.h"
#include "files/files.h"
#include "files/growing.h"
#include "noted.h"
#include "tensor_files.h"

/* ---- write() in place of the C library's ---- */

static struct {
    bool is_on;
    size_t room; /* bytes that are still written, at most `most` at a time */
    size_t most;
    int error;       /* what comes then; 0: nothing is written, without an error */
    int interrupted; /* calls that a signal interrupts first */
    size_t n_calls;
} disk;

ssize_t write(int fd, const void *data, size_t bytes) {
    if (!disk.is_on) {
        return syscall(SYS_write, fd, data, bytes);
    }
    disk.n_calls++;
    if (disk.interrupted > 0) {
        disk.interrupted--;
        errno = EINTR;
        return -1;
    }
    size_t n = bytes < disk.most ? bytes : disk.most;
    n = n < disk.room ? n : disk.room;
    if (n == 0 && bytes > 0) {
        errno = disk.error;
        return disk.error ? -1 : 0;
    }
    const ssize_t written = syscall(SYS_write, fd, data, n);
    disk.room -= written > 0 ? (size_t)written : 0;
    return written;
}

/* ---- fsync() likewise: of files, or of folders, it fails ---- */

static struct { int error_of_files, error_of_folders; } syncs;

int fsync(int fd) {
    struct stat info;
    const int error = fstat(fd, &info) != 0   ? EBADF
                      : S_ISDIR(info.st_mode) ? syncs.error_of_folders
                                              : syncs.error_of_files;
    errno = error;
    return error ? -1 : 0;
}

static void disk_is(size_t room, int error) {
    disk.is_on = true;
    disk.room = room;
    disk.most = SIZE_MAX;
    disk.error = error;
    disk.interrupted = 0;
    disk.n_calls = 0;
}

static void disk_is_good(void) {
    disk.is_on = false;
}

static void expect_file(const char *text) {
    load();
    ck_assert_uint_eq(file_bytes, strlen(text));
    ck_assert_mem_eq(file, text, file_bytes);
}

/* The file has this text, and nothing else is in the folder. */
static void expect_only(const char *text) {
    expect_file(text);
    ck_assert_uint_eq(remove_folder(), 1);
    make_folder();
}

static void expect_note(size_t i, const char *text) {
    char wanted[600];
    ck_assert_uint_lt(i, n_notes);
    (void)snprintf(wanted, sizeof wanted, "%s%s", path, text);
    ck_assert_str_eq(notes[i], wanted);
}

static void begin(void) {
    make_folder();
    n_notes = 0;
    rg_log_to(take_note, NULL);
}

static void end(void) {
    disk_is_good();
    syncs.error_of_files = syncs.error_of_folders = 0;
    rg_log_to(NULL, NULL);
    clean();
}

/* ---- Whole files ---- */

/* The advice of every failure, and the old file. */
START_TEST(failures) {
    static const struct {
        int error;
        const char *message;
    } cases[] = {
        {ENOSPC, ": cannot be saved: No space left on device; free some space or choose another disk"},
        {EDQUOT, ": cannot be saved: Disk quota exceeded; free some space or choose another disk"},
        {EFBIG, ": cannot be saved: File too large; free some space or choose another disk"},
        {EIO, ": cannot be saved: Input/output error; check that the folder can be written"},
        {0, ": cannot be saved: No space left on device; free some space or choose another disk"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t room = 0; room < 4; room++) {
            test_case("error %d, room %zu", cases[i].error, room);
            put("old", 3);
            disk_is(room, cases[i].error);
            const rg_status status = rg_file_write(path, "news", 4);
            disk_is_good();
            ck_assert_int_eq(status, RG_NOT_SAVED);
            expect_message(path, cases[i].message);
            expect_only("old");
        }
    }
}
END_TEST

START_TEST(paths_that_cannot_be_written) {
    char name[600];
    static const struct {
        const char *below, *message;
    } cases[] = {
        {"", ": cannot be saved: Is a directory; give the name of a file"},
        {"/", ": cannot be saved: Is a directory; give the name of a file"},
        {"/none/x", ": cannot be saved: No such file or directory; check that the folder exists"},
        {"/t/x", ": cannot be saved: Not a directory; one of the names before the last is that of a file"},
        {"/none/", ": cannot be saved: No such file or directory; check that the folder exists"},
        {"/socket", ": cannot be saved: No such device or address; check that the folder can be written"},
    };
    put("old", 3);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/socket", folder);
    const int socket_file = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(socket_file, (struct sockaddr *)&address, sizeof address), 0);
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        (void)snprintf(name, sizeof name, "%s%s", folder, cases[i / 2].below);
        test_case("%s", name);
        ck_assert_int_eq(i % 2 ? rg_file_try(name) : rg_file_write(name, "news", 4), RG_NOT_SAVED);
        expect_message(name, cases[i / 2].message);
    }
    (void)close(socket_file);
    ck_assert_int_eq(rg_file_write("", "x", 1), RG_NOT_SAVED);
    expect_message("", ": cannot be saved: No such file or directory; check that the folder exists");
    ck_assert_uint_eq(remove_folder(), 2);
    make_folder();
}
END_TEST

/* Short writes and interruptions by signals make no difference; a name without a folder is in this one. */
START_TEST(written_in_pieces) {
    char before[4096];
    disk_is(SIZE_MAX, EIO);
    disk.most = 2;
    disk.interrupted = 3;
    const rg_status status = rg_file_write(path, "seven b", 7);
    disk_is_good();
    ck_assert_int_eq(status, RG_OK);
    ck_assert_uint_eq(disk.n_calls, 3 + 4);
    expect_only("seven b");
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(rg_file_write("t", "here", 4), RG_OK);
    ck_assert_int_eq(chdir(before), 0);
    expect_only("here");
}
END_TEST

/* What does not reach the disk is not saved. Some file systems have no sync of folders, by which no data are lost. */
START_TEST(syncs_that_fail) {
    static const struct {
        int of_files, of_folders;
        const char *message, *content; /* NULL: saved */
    } cases[] = {
        {EIO, 0, ": cannot be saved: Input/output error; check that the folder can be written", "old"},
        {ENOSPC, 0, ": cannot be saved: No space left on device; free some space or choose another disk", "old"},
        {0, EIO, ": cannot be saved: Input/output error; check that the folder can be written", "news"},
        {0, EINVAL, NULL, "news"},
        {0, ENOTSUP, NULL, "news"},
        {0, 0, NULL, "news"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_growing g;
        int fd = 99;
        uint64_t written = 99;
        test_case("syncs %zu", i);
        put("old", 3);
        const int next = dup(STDIN_FILENO);
        (void)close(next);
        syncs.error_of_files = cases[i].of_files;
        syncs.error_of_folders = cases[i].of_folders;
        const rg_status status = rg_file_write(path, "news", 4);
        ck_assert_int_eq(status, cases[i].message ? RG_NOT_SAVED : RG_OK);
        if (cases[i].message) {
            expect_message(path, cases[i].message);
        }
        expect_only(cases[i].content);
        if (cases[i].message) {
            ck_assert_int_eq(rg_file_grow(path, &fd), RG_NOT_SAVED);
            ck_assert_int_eq(fd, -1);
            expect_message(path, cases[i].message);
        }
        const int after = dup(STDIN_FILENO); /* no descriptor was left open */
        (void)close(after);
        ck_assert_int_eq(after, next);
        syncs.error_of_files = syncs.error_of_folders = 0;
        ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
        ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_OK);
        syncs.error_of_files = cases[i].of_files;
        ck_assert_int_eq(rg_growing_sync(&g, &written), cases[i].of_files ? RG_NOT_SAVED : RG_OK);
        ck_assert_uint_eq(written, cases[i].of_files ? 99 : 4);
        syncs.error_of_files = 0;
        ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    }
}
END_TEST

START_TEST(tries) {
    static const char full[] = ": cannot be saved: No space left on device; free some space or choose another disk";
    put("old", 3);
    ck_assert_int_eq(rg_file_try(path), RG_OK);
    disk_is(7, ENOSPC); /* one byte too few */
    const rg_status status = rg_file_try(path);
    disk_is(8, ENOSPC);
    const rg_status enough = rg_file_try(path);
    disk_is_good();
    ck_assert_int_eq(status, RG_NOT_SAVED);
    expect_message(path, full);
    ck_assert_int_eq(enough, RG_OK);
    expect_only("old");
    ck_assert_int_eq(rg_file_try(path), RG_OK);
    ck_assert_int_ne(access(path, F_OK), 0); /* no file begins to be there */
    ck_assert_int_eq(rg_file_try("/dev/null"), RG_OK);
    ck_assert_int_eq(rg_file_try("/dev/full"), RG_OK); /* nothing is written to a device */
}
END_TEST

/* A name of an open descriptor is written where that stands, and not replaced. */
START_TEST(descriptors) {
    char name[100];
    struct stat before, after;
    put("0123456789", 10);
    const int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &before), 0);
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ck_assert_int_eq(rg_file_write(name, "ab", 2), RG_OK);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", fd);
    ck_assert_int_eq(rg_file_write(name, "c", 1), RG_OK);
    ck_assert(stat(path, &after) == 0 && after.st_ino == before.st_ino);
    expect_file("cb23456789"); /* each name opens the file anew */
    ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
    static const struct {
        const char *name;
        int number;
    } streams[] = {{"/dev/stdout", STDOUT_FILENO}, {"/dev/stderr", STDERR_FILENO}};
    (void)fflush(stdout);
    for (size_t i = 0; i < COUNT(streams); i++) { /* these share the place */
        const int copy = dup(streams[i].number);
        ck_assert_int_eq(dup2(fd, streams[i].number), streams[i].number);
        const rg_status status = rg_file_write(streams[i].name, i ? "E" : "O", 1);
        (void)dup2(copy, streams[i].number);
        (void)close(copy);
        ck_assert_int_eq(status, RG_OK);
    }
    (void)close(fd);
    expect_only("cb23OE6789");
}
END_TEST

/* ---- Signals ---- */

static bool is_pending(int number) {
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, number) == 1;
}

/* A write that a signal would end returns its error. The signals of others stay as they are. */
START_TEST(no_signal_is_left) {
    sigset_t before, after, pipe_signal;
    int ends[2];
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    for (int waits = 0; waits < 2; waits++) {
        test_case("a signal waits: %d", waits);
        ck_assert_int_eq(pipe(ends), 0);
        (void)close(ends[0]);
        ck_assert_int_eq(pthread_sigmask(waits ? SIG_BLOCK : SIG_UNBLOCK, &pipe_signal, &before), 0);
        if (waits) {
            ck_assert_int_eq(raise(SIGPIPE), 0);
        }
        ck_assert_int_eq(rg_write_all(ends[1], "x", 1), EPIPE);
        ck_assert_int_eq(is_pending(SIGPIPE), waits);
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
        ck_assert_int_eq(sigismember(&after, SIGPIPE), waits);
        ck_assert_int_eq(sigismember(&after, SIGXFSZ), 0);
        if (waits) {
            ck_assert_int_eq(sigtimedwait(&pipe_signal, NULL, &(struct timespec){0}), SIGPIPE);
        }
        ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
        (void)close(ends[1]);
    }
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    put("", 0);
    const int fd = open(path, O_WRONLY);
    const int limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){2, limit.rlim_max});
    const int error = rg_write_all(fd, "new", 3);
    const int unlimited = setrlimit(RLIMIT_FSIZE, &limit);
    (void)close(fd);
    ck_assert(limited == 0 && unlimited == 0 && error == EFBIG && !is_pending(SIGXFSZ));
    expect_only("ne"); /* what there was room for */
    ck_assert_int_eq(rg_write_all(-1, "x", 1), EBADF);
    ck_assert_int_eq(rg_write_all(-1, "x", 0), 0);
}
END_TEST

/* ---- Pipes ---- */

static int reader;

static void *read_late(void *unused) {
    (void)usleep(30000);
    reader = open(path, O_RDONLY);
    return unused;
}

/* A pipe is waited for, with one notice, and then written in order, also if it is full for a while. */
START_TEST(pipes) {
    enum { LARGE = 1 << 18 };
    static char sent[LARGE], got[LARGE];
    pthread_t thread;
    struct rg_writer writer;
    for (size_t i = 0; i < LARGE; i++) {
        sent[i] = (char)(unsigned char)(i * i >> 5);
    }
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_late, NULL), 0);
    ck_assert_int_eq(rg_writer_open(&writer, path), RG_OK);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(n_notes, 1);
    expect_note(0, ": a pipe that no program reads; waiting for one");
    ck_assert_int_eq(fcntl(writer.fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(writer.fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(rg_writer_append(&writer, sent, 1000), RG_OK);
    ck_assert_int_eq(rg_writer_commit(&writer), RG_OK);
    rg_writer_abandon(&writer); /* no effect */
    ck_assert_int_eq((int)read(reader, got, LARGE), 1000);
    ck_assert_mem_eq(got, sent, 1000);
    ck_assert_int_eq((int)read(reader, got, 1), 0);
    ck_assert_int_eq(rg_file_write(path, "again", 5), RG_OK); /* one that is read already */
    ck_assert_uint_eq(n_notes, 1);
    ck_assert_int_eq((int)read(reader, got, 9), 5);
    (void)close(reader);
}
END_TEST

/* Whoever stops the work ends the wait. */
START_TEST(a_stop_ends_the_wait) {
    static const atomic_bool stop = true;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const atomic_bool *const before = rg_stop_watch(&stop);
    const rg_status status = rg_file_write(path, "x", 1);
    (void)rg_stop_watch(before);
    ck_assert_int_eq(status, RG_INTERRUPTED);
    ck_assert_uint_eq(n_notes, 1);
}
END_TEST

/* ---- Files that grow ---- */

START_TEST(a_file_is_there_at_once) {
    int fd = 99;
    struct stat info;
    char link[600];
    put("old", 3);
    (void)snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(rg_file_grow(link, &fd), RG_OK);
    expect_file("old"); /* the link is replaced and not what it names */
    ck_assert(lstat(link, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(rg_write_all(fd, "grows", 5), 0);
    char *const text = text_of_file(link);
    ck_assert_str_eq(text, "grows");
    free(text);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_uint_eq(remove_folder(), 2);
    ck_assert_int_eq(rg_file_grow(path, &fd), RG_NOT_SAVED);
    ck_assert_int_eq(fd, -1);
    expect_message(path, ": cannot be saved: No such file or directory; check that the folder exists");
    make_folder();
}
END_TEST

/* A record for which the disk has no room is kept whole in memory, and written before any later record. */
START_TEST(records_wait_for_room) {
    static const int errors[] = {ENOSPC, EDQUOT, 0};
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct rg_growing g;
        uint64_t written = 99;
        char note[200];
        test_case("error %d", errors[i]);
        n_notes = 0;
        ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
        ck_assert(g.is_regular && !g.is_full);
        ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_OK);
        disk_is(2, errors[i]);
        ck_assert_int_eq(rg_growing_append(&g, "two\n", 4), RG_OK);
        expect_file("one\n"); /* half of the record is cut off again */
        (void)snprintf(note, sizeof note, ": %s; new records are kept until there is room",
                       strerror(errors[i] ? errors[i] : ENOSPC));
        ck_assert_uint_eq(n_notes, 1);
        expect_note(0, note);
        ck_assert_int_eq(rg_growing_append(&g, "three\n", 6), RG_OK);
        ck_assert(n_notes == 1 && g.is_full && g.waiting.length == 10); /* said once */
        ck_assert_int_eq(rg_growing_sync(&g, &written), RG_NOT_SAVED);
        ck_assert_uint_eq(written, 99);
        expect_file("one\n");
        disk_is_good();
        ck_assert_int_eq(rg_growing_append(&g, "four\n", 5), RG_OK);
        expect_file("one\ntwo\nthree\nfour\n");
        ck_assert(n_notes == 2 && !g.is_full && g.waiting.length == 0);
        expect_note(1, ": there is room again, and nothing was lost");
        ck_assert_int_eq(rg_growing_sync(&g, &written), RG_OK);
        ck_assert_uint_eq(written, 19);
        disk_is(3, errors[i]);
        ck_assert_int_eq(rg_growing_append(&g, "five\n", 5), RG_OK);
        ck_assert_uint_eq(n_notes, 3);
        disk_is(0, errors[i]);
        ck_assert_int_eq(rg_growing_close(&g), RG_NOT_SAVED);
        disk_is_good();
        (void)snprintf(note, sizeof note, " cannot be written: %s; check the folder and the space left",
                       strerror(errors[i] ? errors[i] : ENOSPC));
        expect_message(path, note);
        expect_only("one\ntwo\nthree\nfour\n");
        ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    }
}
END_TEST

/* What waits is written at the latest when the file is closed. */
START_TEST(records_that_waited_until_the_end) {
    struct rg_growing g;
    uint64_t written = 0;
    ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
    disk_is(0, ENOSPC);
    ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_OK);
    disk_is_good();
    ck_assert_int_eq(rg_growing_sync(&g, &written), RG_OK);
    ck_assert_uint_eq(written, 4);
    disk_is(0, ENOSPC);
    ck_assert_int_eq(rg_growing_append(&g, "two\n", 4), RG_OK);
    disk_is_good();
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    expect_only("one\ntwo\n");
}
END_TEST

/* Other failures, and pipes, do not wait; nor do more than 64 MiB. */
START_TEST(records_that_cannot_wait) {
    enum { MOST = 1 << 26 };
    struct rg_growing g;
    int ends[2];
    ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
    disk_is(1, EIO);
    ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_NOT_SAVED);
    disk_is_good();
    expect_message(path, " cannot be written: Input/output error; check the folder and the space left");
    ck_assert_uint_eq(n_notes, 0);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK); /* now it can be */
    expect_only("one\n");
    ck_assert_int_eq(pipe(ends), 0);
    rg_growing_adopt(&g, path, ends[1]);
    ck_assert(!g.is_regular);
    disk_is(0, ENOSPC);
    ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_NOT_SAVED);
    disk_is_good();
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    (void)close(ends[0]);
    ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
    disk_is(0, ENOSPC);
    g.waiting = (struct rg_text){.bytes = malloc(MOST + 2), .length = MOST - 1, .capacity = MOST + 2};
    ck_assert_ptr_nonnull(g.waiting.bytes);
    ck_assert_int_eq(rg_growing_append(&g, "x", 1), RG_OK);
    ck_assert_int_eq(rg_growing_append(&g, "x", 1), RG_NOT_SAVED);
    expect_message(path, " cannot be written: No space left on device; check the folder and the space left");
    ck_assert_int_eq(rg_growing_close(&g), RG_NOT_SAVED);
    disk_is_good();
    expect_only("");
}
END_TEST

/* A file that goes on must begin as it should, be no link, and be long enough. */
START_TEST(files_that_go_on) {
    struct rg_growing g;
    uint64_t written = 0;
    char link[600], start[65];
    memset(start, 's', sizeof start);
    put(start, sizeof start);
    ck_assert_int_eq(rg_growing_resume(&g, path, 64, start, 64), RG_OK); /* as long a start as is looked at */
    ck_assert(g.is_regular && g.written == 64);
    ck_assert_int_ne(fcntl(g.fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(rg_growing_append(&g, "x", 1), RG_OK);
    ck_assert_int_eq(rg_growing_sync(&g, &written), RG_OK);
    ck_assert_uint_eq(written, 65);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    load();
    ck_assert(file_bytes == 65 && file[63] == 's' && file[64] == 'x');
    put(start, sizeof start);
    ck_assert_int_eq(rg_growing_resume(&g, path, 65, start, 65), RG_NOT_SAVED);
    expect_message(path, " is not the file that the run had written");
    (void)snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(rg_growing_resume(&g, link, 4, start, 4), RG_NOT_SAVED);
    expect_message(link, ": Too many levels of symbolic links");
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    ck_assert_int_eq(rg_growing_resume(&g, "/dev/null", 0, "", 0), RG_NOT_SAVED);
    expect_message("/dev/null", " is not the file that the run had written");
}
END_TEST

TEST_MAIN("output") {
    TCase *const tests = add_tests(suite, "output");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, paths_that_cannot_be_written);
    tcase_add_test(tests, written_in_pieces);
    tcase_add_test(tests, syncs_that_fail);
    tcase_add_test(tests, tries);
    tcase_add_test(tests, descriptors);
    tcase_add_test(tests, no_signal_is_left);
    tcase_add_test(tests, pipes);
    tcase_add_test(tests, a_stop_ends_the_wait);
    tcase_add_test(tests, a_file_is_there_at_once);
    tcase_add_test(tests, records_wait_for_room);
    tcase_add_test(tests, records_that_waited_until_the_end);
    tcase_add_test(tests, records_that_cannot_wait);
    tcase_add_test(tests, files_that_go_on);
}
