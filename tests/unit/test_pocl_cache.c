/* Why PoCL cannot write its cache of kernels: the folder that it would use, which variable names it, and the reason. */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/opencl/pocl_cache.h"
#include "scratch.h"
#include "suite.h"

enum { PATH = 130, MESSAGE = 2 * PATH + RG_POCL_CACHE_PROBLEM };

static char folder[PATH - 40];

/* The variables that PoCL reads, in its order; NULL: not set. */
static void set_variables(const char *pocl, const char *cache, const char *home) {
    const char *const names[] = {"POCL_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}, *const values[] = {pocl, cache, home};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(values[i] ? setenv(names[i], values[i], 1) : unsetenv(names[i]), 0);
    }
}

static void expect_problem(const char *wanted) {
    char text[RG_POCL_CACHE_PROBLEM];
    memset(text, 'x', sizeof text);
    rg_pocl_cache_problem(RG_POCL_NAME, text);
    ck_assert_str_eq(text, wanted);
}

/* The folder exists, it is empty, and only its owner may use it. */
static void expect_empty_folder(const char *path) {
    struct stat about;
    ck_assert_msg(stat(path, &about) == 0 && (about.st_mode & 0777) == 0700, "%s is not its owner's", path);
    DIR *const list = opendir(path);
    ck_assert_msg(list != NULL, "%s is not there", path);
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        ck_assert_msg(entry->d_name[0] == '.', "%s has %s", path, entry->d_name);
    }
    ck_assert_int_eq(closedir(list), 0);
}

static void remove_folders(const char *const *paths, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char path[PATH];
        (void)snprintf(path, sizeof path, "%s%s", folder, paths[i]);
        ck_assert_msg(rmdir(path) == 0, "%s", path);
    }
}

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
}

/* The first variable that is set and not empty names the folder, which is made with those above it. */
START_TEST(folders_are_made) {
    static const struct {
        const char *below[3]; /* of the test's folder: the three variables; "": empty, NULL: not set */
        const char *made[5];  /* what is made, from the deepest one; the first is the cache */
    } cases[] = {{{"/a/b", "/c", "/d"}, {"/a/b", "/a"}},
                 {{NULL, "/c", "/d"}, {"/c/pocl/kcache", "/c/pocl", "/c"}},
                 {{"", "/c", NULL}, {"/c/pocl/kcache", "/c/pocl", "/c"}},
                 {{NULL, "", "/d"}, {"/d/.cache/pocl/kcache", "/d/.cache/pocl", "/d/.cache", "/d"}},
                 {{"", NULL, "/d"}, {"/d/.cache/pocl/kcache", "/d/.cache/pocl", "/d/.cache", "/d"}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char values[3][PATH], cache[PATH];
        size_t n = 0;
        for (size_t k = 0; k < 3; k++) {
            const char *const below = cases[i].below[k];
            (void)snprintf(values[k], PATH, "%s%s", below && *below ? folder : "", below ? below : "");
        }
        set_variables(cases[i].below[0] ? values[0] : NULL, cases[i].below[1] ? values[1] : NULL,
                      cases[i].below[2] ? values[2] : NULL);
        for (int again = 0; again < 2; again++) { /* the second time they are there */
            expect_problem("");
            (void)snprintf(cache, sizeof cache, "%s%s", folder, cases[i].made[0]);
            expect_empty_folder(cache);
        }
        while (n < 5 && cases[i].made[n]) {
            n++;
        }
        remove_folders(cases[i].made, n);
        expect_empty_folder(folder);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* A file is where a folder should be, at each depth; the message has the variable and the reason. */
START_TEST(folders_that_cannot_be_made) {
    static const struct {
        const char *variable, *below;
    } cases[] = {{"POCL_CACHE_DIR", ""}, {"XDG_CACHE_HOME", "/pocl/kcache"}, {"HOME", "/.cache/pocl/kcache"}};
    static const char *const depths[] = {"/file", "/file/a", "/file/a/b/"};
    char file[PATH];
    (void)snprintf(file, sizeof file, "%s/file", folder);
    FILE *const made = fopen(file, "w");
    ck_assert(made != NULL && fclose(made) == 0);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            char value[PATH], wanted[MESSAGE];
            (void)snprintf(value, sizeof value, "%s%s", folder, depths[k]);
            set_variables(i == 0 ? value : NULL, i == 1 ? value : NULL, i == 2 ? value : NULL);
            (void)snprintf(wanted, sizeof wanted,
                           "PoCL cannot write its cache of kernels, %s%s (from %s): Not a directory; make room there, "
                           "or set POCL_CACHE_DIR to another folder",
                           value, cases[i].below, cases[i].variable);
            expect_problem(wanted);
        }
    }
    char text[RG_POCL_CACHE_PROBLEM] = "x";
    rg_pocl_cache_problem("another", text);
    ck_assert_str_eq(text, "");
    ck_assert(unlink(file) == 0 && rmdir(folder) == 0);
}
END_TEST

/* A limit to the size of files stands for a disk that is nearly full: 4 MiB are tried, twice what the kernels of a run
 * take. */
START_TEST(little_room) {
    enum { TRIED = 4 << 20, BLOCK = 1 << 16 };
    struct rlimit before, limit;
    char wanted[MESSAGE];
    void (*const handler)(int) = signal(SIGXFSZ, SIG_IGN);
    set_variables(folder, NULL, NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)snprintf(wanted, sizeof wanted,
                   "PoCL cannot write its cache of kernels, %s (from POCL_CACHE_DIR): File too large; make room there, "
                   "or set POCL_CACHE_DIR to another folder",
                   folder);
    for (int is_enough = 0; is_enough < 2; is_enough++) {
        limit = before;
        limit.rlim_cur = is_enough ? TRIED : TRIED - BLOCK;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        expect_problem(is_enough ? "" : wanted);
        expect_empty_folder(folder);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

TEST_MAIN("pocl_cache") {
    TCase *const tests = add_tests(suite, "pocl_cache");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, folders_are_made);
    tcase_add_test(tests, folders_that_cannot_be_made);
    tcase_add_test(tests, little_room);
}
