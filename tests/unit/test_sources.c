/* Files as sources of bytes: what can be opened, what is read and where the reading stands, and whether the file is
 * still the one that was opened. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "failing_memory.h"
#include "files/files.h"
#include "rnn_gpu/log.h"
#include "tensor_files.h"

enum { PIECE = 1 << 24 };

static void expect_message(const char *name, const char *text) {
    char wanted[1200];
    (void)snprintf(wanted, sizeof wanted, "%s%s", name, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

START_TEST(what_is_opened) {
    struct rg_source source;
    char name[600];
    put("ten bytes.", 10);
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    ck_assert(source.bytes == 10 && source.position == 0 && source.base == 0 && source.fd >= 0);
    ck_assert_str_eq(source.label, path);
    ck_assert_int_ne(fcntl(source.fd, F_GETFD) & FD_CLOEXEC, 0);
    const int fd = source.fd;
    rg_source_close(&source);
    ck_assert(source.fd == -1 && fcntl(fd, F_GETFD) == -1);
    rg_source_close(&source); /* no effect */
    put("", 0);
    ck_assert_int_eq(rg_source_open(&source, path), RG_BAD_FILE);
    expect_message(path, ": the file is empty");
    ck_assert_int_eq(source.fd, -1);
    ck_assert_int_eq(rg_source_open(&source, folder), RG_BAD_FILE);
    expect_message(folder, ": is a folder; give a regular file");
    ck_assert_int_eq(rg_source_open(&source, "/dev/null"), RG_BAD_FILE);
    expect_message("/dev/null", ": is a device or socket; give a regular file");
    (void)snprintf(name, sizeof name, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    ck_assert_int_eq(rg_source_open(&source, name), RG_BAD_FILE);
    expect_message(name, ": is a pipe; give a regular file");
    (void)snprintf(name, sizeof name, "%s/none", folder);
    ck_assert_int_eq(rg_source_open(&source, name), RG_BAD_FILE);
    expect_message(name, ": cannot be read: No such file or directory; check the name");
    ck_assert_int_eq(source.fd, -1);
    const int next = dup(STDIN_FILENO); /* no descriptor was left open */
    ck_assert_int_eq(next, fd);
    (void)close(next);
}
END_TEST

START_TEST(what_is_read) {
    struct rg_source source;
    char got[11] = "~~~~~~~~~~";
    put("0123456789", 10);
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    ck_assert_int_eq(rg_source_read(&source, got, 4), RG_OK);
    ck_assert_str_eq(got, "0123~~~~~~");
    ck_assert_int_eq(rg_source_read(&source, got, 0), RG_OK);
    ck_assert_int_eq(rg_source_pass(&source, 2), RG_OK);
    ck_assert_uint_eq(source.position, 6);
    ck_assert_int_eq(rg_source_read(&source, got, 5), RG_BAD_FILE);
    expect_message(path, ": byte 10: the file ends where 1 more bytes are expected; it was cut short");
    ck_assert_uint_eq(source.position, 6);
    ck_assert_int_eq(rg_source_read(&source, got, 4), RG_OK);
    ck_assert_str_eq(got, "6789~~~~~~");
    ck_assert_int_eq(rg_source_read(&source, got, 1), RG_BAD_FILE);
    ck_assert_int_eq(rg_source_read_at(&source, 3, got, 2), RG_OK);
    ck_assert_str_eq(got, "3489~~~~~~");
    ck_assert_uint_eq(source.position, 10);
    ck_assert_int_eq(rg_source_read_at(&source, 8, got, 3), RG_BAD_FILE);
    expect_message(path, ": byte 10: cannot be read: the file became shorter while it was read");
    source.position = 1; /* of a member that begins at byte 3 */
    source.base = 3;
    ck_assert_int_eq(rg_source_read(&source, got, 2), RG_OK);
    ck_assert_int_eq(strncmp(got, "45", 2), 0);
    ck_assert_int_eq(truncate(path, 5), 0);
    ck_assert_int_eq(rg_source_read(&source, got, 2), RG_BAD_FILE);
    expect_message(path, ": byte 6: cannot be read: the file became shorter while it was read");
    ck_assert_uint_eq(source.position, 3);
    rg_source_close(&source);
    ck_assert_int_eq(rg_source_read_at(&source, 0, got, 1), RG_BAD_FILE);
    expect_message(path, ": byte 0: cannot be read: Bad file descriptor");
}
END_TEST

START_TEST(whether_it_is_the_same) {
    struct rg_source source;
    struct timespec times[2];
    struct stat info;
    put("0123456789", 10);
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    ck_assert(rg_source_is_unchanged(&source));
    ck_assert_int_eq(fstat(source.fd, &info), 0);
    times[0] = times[1] = info.st_mtim;
    times[1].tv_nsec = (info.st_mtim.tv_nsec + 1) % 1000000000;
    ck_assert_int_eq(futimens(source.fd, times), 0);
    struct stat later; /* some file systems keep no nanoseconds */
    ck_assert_int_eq(fstat(source.fd, &later), 0);
    ck_assert(!rg_source_is_unchanged(&source) || later.st_mtim.tv_nsec == info.st_mtim.tv_nsec);
    times[1] = info.st_mtim;
    times[1].tv_sec++;
    ck_assert_int_eq(futimens(source.fd, times), 0);
    ck_assert(!rg_source_is_unchanged(&source));
    times[1] = info.st_mtim;
    ck_assert_int_eq(futimens(source.fd, times), 0);
    ck_assert(rg_source_is_unchanged(&source));
    ck_assert_int_eq(truncate(path, 9), 0);
    ck_assert_int_eq(futimens(source.fd, times), 0);
    ck_assert(!rg_source_is_unchanged(&source));
    rg_source_close(&source);
    ck_assert(!rg_source_is_unchanged(&source));
}
END_TEST

/* ---- Large files ---- */

static double parts[8];
static size_t n_parts;
static atomic_bool stop;

static void note_part(void *self, const char *name, double part) {
    ck_assert_ptr_eq(self, &parts);
    ck_assert_str_eq(name, path);
    ck_assert_uint_lt(n_parts, COUNT(parts));
    parts[n_parts++] = part;
    atomic_store(&stop, part == 0.25);
}

/* Pieces of 16 MiB, after each of which it is told how far the reading is, and asked whether to go on. */
START_TEST(pieces) {
    enum { ALL = 4 * PIECE };
    static char got[2 * PIECE + 3];
    struct rg_source source;
    put("", 0);
    const int fd = open(path, O_WRONLY);
    ck_assert_int_eq(ftruncate(fd, ALL), 0);
    for (int i = 0; i < 4; i++) { /* a mark at each end of a piece */
        ck_assert_int_eq((int)pwrite(fd, "<", 1, i * (off_t)PIECE), 1);
        ck_assert_int_eq((int)pwrite(fd, ">", 1, (i + 1) * (off_t)PIECE - 1), 1);
    }
    (void)close(fd);
    n_parts = 0;
    rg_log_reading_to(note_part, &parts);
    const atomic_bool *const before = rg_stop_watch(&stop);
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    const rg_status stopped = rg_source_read(&source, got, sizeof got);
    ck_assert_int_eq(stopped, RG_INTERRUPTED);
    ck_assert_uint_eq(source.position, PIECE);
    atomic_store(&stop, false);
    ck_assert_int_eq(rg_source_read(&source, got, sizeof got), RG_OK);
    (void)rg_stop_watch(before);
    rg_log_reading_to(NULL, NULL);
    ck_assert_uint_eq(source.position, 3 * (size_t)PIECE + 3);
    ck_assert_uint_eq(n_parts, 4);
    ck_assert(parts[0] == 0.25 && parts[1] == 0.5 && parts[2] == 0.75 && parts[3] > 0.75 && parts[3] < 0.751);
    ck_assert(got[0] == '<' && got[PIECE - 1] == '>' && got[PIECE] == '<' && got[2 * PIECE - 1] == '>');
    ck_assert(got[2 * PIECE] == '<' && got[1] == '\0' && got[PIECE + 1] == '\0');
    rg_source_close(&source);
}
END_TEST

/* Bytes that no file has as they are: they are read in blocks and forgotten. */
static size_t blocks[4], n_blocks;

static rg_status note_block(struct rg_source *source, void *out, size_t n) {
    ck_assert_uint_lt(n_blocks, COUNT(blocks));
    memset(out, 0, n);
    blocks[n_blocks++] = n;
    return source->position < 2 * RG_SOURCE_BLOCK ? RG_OK : rg_fail(RG_BAD_FILE, "no more");
}

static rg_status pass_block(void) {
    struct rg_source source = {.label = "m", .bytes = 1, .read = note_block, .fd = -1};
    n_blocks = 0;
    return rg_source_pass(&source, 1);
}

START_TEST(passing_by) {
    struct rg_source source = {.label = "m", .bytes = 3 * RG_SOURCE_BLOCK, .read = note_block, .fd = -1};
    n_blocks = 0;
    ck_assert_int_eq(rg_source_pass(&source, 0), RG_OK);
    ck_assert_uint_eq(n_blocks, 0);
    ck_assert_int_eq(rg_source_pass(&source, RG_SOURCE_BLOCK + 5), RG_OK);
    ck_assert(n_blocks == 2 && blocks[0] == RG_SOURCE_BLOCK && blocks[1] == 5);
    ck_assert_uint_eq(source.position, RG_SOURCE_BLOCK + 5);
    ck_assert_int_eq(rg_source_pass(&source, RG_SOURCE_BLOCK), RG_OK);
    ck_assert(n_blocks == 3 && blocks[2] == RG_SOURCE_BLOCK);
    n_blocks = 0;
    ck_assert_int_eq(rg_source_pass(&source, RG_SOURCE_BLOCK - 5), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "no more");
    each_fails("passing a block by", pass_block, 1);
}
END_TEST

TEST_MAIN("sources") {
    TCase *const tests = add_tests(suite, "sources");
    tcase_add_checked_fixture(tests, make_folder, clean);
    tcase_add_test(tests, what_is_opened);
    tcase_add_test(tests, what_is_read);
    tcase_add_test(tests, whether_it_is_the_same);
    tcase_add_test(tests, pieces);
    tcase_add_test(tests, passing_by);
}
