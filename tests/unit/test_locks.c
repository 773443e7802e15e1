/* Locks of folders that are taken late or not at all: files that vanish in between, file systems without locks, and no
 * room for the text. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expected.h"
#include "files/lock.h"
#include "noted.h"
#include "tensor_files.h"

/* ---- flock() in place of the C library's ---- */

static struct {
    int error;       /* every call fails; 0: none does */
    int removed;     /* at so many calls another process removes the file first, and makes a new one */
    bool stays_away; /* it makes none */
    char path[400];
    int n_calls;
} locks;

int flock(int fd, int operation) {
    locks.n_calls++;
    if (locks.removed > 0) {
        locks.removed--;
        (void)unlink(locks.path);
        if (!locks.stays_away) {
            (void)close(open(locks.path, O_WRONLY | O_CREAT, 0600));
        }
    }
    if (locks.error) {
        errno = locks.error;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static void begin(void) {
    make_folder();
    n_notes = 0;
    rg_log_to(take_note, NULL);
}

static void end(void) {
    rg_log_to(NULL, NULL);
    clean();
}

/* ---- Locks ---- */

/* Whoever had the lock may remove its file after it was opened and before it is locked: then it is opened anew. */
START_TEST(locks_of_removed_files) {
    for (int i = 0; i < 2; i++) {
        struct rg_lock lock;
        struct stat named, locked;
        test_case("another file is made: %d", i);
        memset(&locks, 0, sizeof locks);
        (void)snprintf(locks.path, sizeof locks.path, "%s/" RG_LOCK_NAME, folder);
        locks.removed = 2;
        const int next = dup(STDIN_FILENO);
        (void)close(next);
        locks.stays_away = i == 0;
        const mode_t before = umask(022);
        ck_assert_int_eq(rg_lock_take(&lock, folder), RG_OK);
        (void)umask(before);
        ck_assert_int_eq(locks.n_calls, 3);
        ck_assert(stat(lock.path, &named) == 0 && fstat(lock.file, &locked) == 0);
        ck_assert(named.st_ino == locked.st_ino && named.st_size > 0);
        ck_assert_int_eq(named.st_mode & 0777, i == 0 ? 0644 : 0600);
        ck_assert_int_ne(fcntl(lock.file, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(lock.folder, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert(lock.folder == next && lock.file == next + 1); /* those that vanished are closed */
        rg_lock_release(&lock);
        ck_assert(fcntl(next, F_GETFD) != 0 && fcntl(next + 1, F_GETFD) != 0);
        ck_assert_int_ne(access(locks.path, F_OK), 0);
        ck_assert_uint_eq(n_notes, 0);
    }
}
END_TEST

START_TEST(locks_where_there_are_none) {
    struct rg_lock lock;
    memset(&locks, 0, sizeof locks);
    locks.error = ENOLCK;
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_OK);
    locks.error = 0;
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted,
                   "%s: no locks on this file system (No locks available); see that no other run writes there", folder);
    ck_assert_uint_eq(n_notes, 1);
    ck_assert_str_eq(notes[0], wanted);
    char *const text = text_of_file(lock.path);
    ck_assert_int_eq(strncmp(text, "rnn-gpu process ", 16), 0);
    free(text);
    rg_lock_release(&lock);
    ck_assert_int_ne(access(lock.path, F_OK), 0);
}
END_TEST

/* The text of a lock finds no room, or not all of it does; a link is not followed. */
START_TEST(locks_without_room) {
    static const char *const messages[] = {
        ": cannot be made: File too large; check that the folder can be written",
        ": cannot be made: No space left on device; check that the folder can be written"};
    struct rg_lock lock, other;
    struct rlimit limit;
    char name[600];
    (void)snprintf(name, sizeof name, "%s/" RG_LOCK_NAME, folder);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 2; room++) {
        test_case("room for %d bytes", (int)room);
        const int limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){room, limit.rlim_max});
        const rg_status status = rg_lock_take(&lock, folder);
        const int unlimited = setrlimit(RLIMIT_FSIZE, &limit);
        ck_assert(limited == 0 && unlimited == 0 && status == RG_NOT_SAVED && lock.file == -1);
        expect_message(name, messages[room]);
        (void)unlink(name);
    }
    (void)signal(SIGXFSZ, before);
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_OK); /* no lock was left */
    ck_assert_int_eq(rg_lock_take(&other, folder), RG_NOT_SAVED);
    rg_lock_release(&lock);
    ck_assert_int_eq(symlink(path, name), 0);
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_NOT_SAVED);
    expect_message(name, ": cannot be made: Too many levels of symbolic links; check that the folder can be written");
    ck_assert_int_eq(lock.file, -1);
}
END_TEST

/* The locked folder is deleted, made anew, or locked by another. */
START_TEST(locks_that_were_lost) {
    char lost[500], name[600];
    (void)snprintf(lost, sizeof lost, "%s/lost", folder);
    (void)snprintf(name, sizeof name, "%s/" RG_LOCK_NAME, lost);
    struct rg_lock lock = RG_LOCK_NONE, other;
    ck_assert_int_eq(rg_lock_check(&lock), RG_OK);
    ck_assert_int_eq(mkdir(lost, 0777), 0);
    ck_assert_int_eq(rg_lock_take(&lock, lost), RG_OK);
    ck_assert_int_eq(rg_lock_check(&lock), RG_OK);
    ck_assert_int_eq(unlink(name), 0); /* nobody else writes there */
    ck_assert_int_eq(rg_lock_check(&lock), RG_OK);
    ck_assert_int_eq(rg_lock_take(&other, lost), RG_OK);
    ck_assert_int_eq(rg_lock_check(&lock), RG_NOT_SAVED);
    expect_message(lost, ": another run has locked it meanwhile; nothing more is saved there");
    rg_lock_release(&lock);
    ck_assert_int_eq(access(name, F_OK), 0); /* the other's lock */
    ck_assert_int_eq(rg_lock_check(&other), RG_OK);
    ck_assert_int_eq(unlink(name) | rmdir(lost), 0);
    ck_assert_int_eq(rg_lock_check(&other), RG_NOT_SAVED);
    expect_message(lost, ": the folder was deleted meanwhile; nothing more is saved there");
    ck_assert_int_eq(mkdir(lost, 0777), 0);
    ck_assert_int_eq(rg_lock_check(&other), RG_NOT_SAVED);
    expect_message(lost, ": the folder was deleted and made anew meanwhile; nothing more is saved there");
    ck_assert_int_eq(rg_lock_take(&lock, lost), RG_OK);
    rg_lock_release(&other);
    ck_assert_int_eq(rg_lock_check(&lock), RG_OK);
    rg_lock_release(&lock);
    ck_assert_int_eq(rmdir(lost), 0);
}
END_TEST

TEST_MAIN("locks") {
    TCase *const tests = add_tests(suite, "locks");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, locks_of_removed_files);
    tcase_add_test(tests, locks_where_there_are_none);
    tcase_add_test(tests, locks_without_room);
    tcase_add_test(tests, locks_that_were_lost);
}
