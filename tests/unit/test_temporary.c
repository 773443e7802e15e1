/* Temporary files: whose they are, and when they go. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/files.h"
#include "scratch.h"
#include "suite.h"

static size_t count(const char *folder, const char *start) {
    size_t n = 0;
    DIR *const list = opendir(folder);
    ck_assert_ptr_nonnull(list);
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        n += strncmp(entry->d_name, start, strlen(start)) == 0;
    }
    (void)closedir(list);
    return n;
}

/* Remove the folder, in which there is nothing but files. */
static void clear(const char *folder) {
    char path[500];
    DIR *const list = opendir(folder);
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(list);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* A process that has a temporary file in the folder; *file is its name. */
static pid_t holder(const char *folder, char file[300]) {
    int said[2];
    struct rg_temporary t;
    ck_assert_int_eq(pipe(said), 0);
    const pid_t process = fork();
    if (process == 0) {
        const int at = open(folder, O_RDONLY | O_DIRECTORY);
        if (rg_temporary_create(&t, at) >= 0 && write(said[1], t.name, sizeof t.name) > 0) {
            for (;;) {
                (void)pause();
            }
        }
        _exit(1);
    }
    ck_assert_int_eq((int)read(said[0], t.name, sizeof t.name), (int)sizeof t.name);
    (void)snprintf(file, 300, "%s/%s", folder, t.name);
    (void)close(said[0]);
    (void)close(said[1]);
    return process;
}

START_TEST(of_a_live_process_stays_of_a_dead_one_goes) {
    char folder[200], file[300], other[400];
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(other, sizeof other, "%s/a", folder);
    const pid_t process = holder(folder, file);
    ck_assert_int_eq(rg_file_write(other, "text", 4), RG_OK);
    ck_assert_int_eq(access(file, F_OK), 0);
    ck_assert_int_eq(kill(process, SIGKILL), 0);
    ck_assert_int_eq(waitpid(process, NULL, 0), process);
    ck_assert_int_eq(access(file, F_OK), 0);
    ck_assert_int_eq(rg_file_write(other, "text", 4), RG_OK);
    ck_assert_int_ne(access(file, F_OK), 0);
    clear(folder);
}
END_TEST

START_TEST(a_process_that_leaves_removes_its_own) {
    char folder[200], path[400];
    make_scratch_folder(folder, sizeof folder);
    struct rg_writer writers[20];
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof path, "%s/%zu", folder, i);
        ck_assert_int_eq(rg_writer_open(&writers[i], strdup(path)), RG_OK);
    }
    ck_assert_uint_eq(count(folder, ".rnn-gpu-"), 20);
    rg_temporaries_remove();
    ck_assert_uint_eq(count(folder, ".rnn-gpu-"), 4); /* 16 places */
    for (size_t i = 0; i < 20; i++) {
        rg_writer_abandon(&writers[i]);
        free((char *)writers[i].path);
    }
    ck_assert_uint_eq(count(folder, ".rnn-gpu-"), 0);
    ck_assert_int_eq(rg_file_write(path, "text", 4), RG_OK);
    rg_temporaries_remove(); /* it has its final name */
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_uint_eq(count(folder, ".rnn-gpu-"), 0);
    clear(folder);
}
END_TEST

TEST_MAIN("temporary") {
    TCase *const tests = add_tests(suite, "temporary");
    tcase_add_test(tests, of_a_live_process_stays_of_a_dead_one_goes);
    tcase_add_test(tests, a_process_that_leaves_removes_its_own);
}
