/* The trial of drivers (device/opencl/trial.c): children that go well, die, hang or are known from before. The program
 * itself is the child: it says and does what CHILD tells. Each case has a process of its own, since a process tries
 * drivers once. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/guard.h"
#include "base/stop.h"
#include "expected.h"
#include "rnn_gpu/log.h"
#include "scratch.h"
#include "suite.h"

#ifdef RG_OPENCL

#include "device/opencl/trial.h"

static char folder[256], starts[300]; /* `starts` has a byte for each child that was started */
static char **arguments;

/* ---- The child ---- */

static int be_child(const char *without) {
    const char *const play = getenv("CHILD");
    const int file = open(getenv("STARTS"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    (void)!write(file, ".", 1);
    (void)close(file);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(play, "aborts at once") == 0) {
        abort();
    }
    if (strcmp(play, "aborts at 0") == 0 && without[0] == '\0') {
        (void)puts("try 0 A platform");
        abort();
    }
    if (strcmp(play, "exits at 0:1") == 0 && without[0] == '\0') {
        (void)puts("try 0 A platform\ntry 0:0 A platform\ngood 0:0 A card|1\ntry 0:1 A platform");
        exit(0);
    }
    if (strcmp(play, "dies at 1, then at 2") == 0 && strcmp(without, "1,2") != 0) {
        (void)puts(without[0] ? "try 2 Two" : "try 1 One");
        (void)kill(getpid(), without[0] ? SIGTERM : SIGKILL);
    }
    if (strcmp(play, "hangs at 1") == 0 && without[0] == '\0') {
        (void)puts("try 1 A platform");
        (void)sleep(60);
    }
    if (strcmp(play, "dies anew") == 0) {
        size_t n = 0;
        for (const char *at = without; *at; at++) {
            n += *at == ',';
        }
        (void)printf("try %zu Again\n", without[0] ? n + 1 : 0);
        abort();
    }
    (void)puts("try 0 A platform\ntry 0:0 A platform\ngood 0:0 A card|1\ndone");
    return 0;
}

/* ---- The parent ---- */

static void tell(void *self, const char *line) {
    (void)fprintf(self, "note: %s\n", line);
}

struct plan {
    const char *name, *child, *died;
    long seconds;
    bool disabled, stopped;
    const char *device, *version; /* asked for after the trial, unless NULL */
};

/* In a process of its own: try, and write what is known then. */
static void try_drivers(const struct plan *p, FILE *out) {
    static const char *const places[] = {"*", "0", "0:0", "0:1", "0:10", "1", "1:0", "10", "2"};
    rg_log_to(tell, out);
    (void)setenv("CHILD", p->child, 1);
    if (!p->disabled) {
        rg_guard_enable(&(struct rg_guard_options){.argv = arguments, .died = p->died, .driver_seconds = p->seconds});
    }
    if (p->stopped) {
        rg_stop_with(RG_INTERRUPTED);
    }
    const rg_status status = rg_cl_trial();
    (void)fprintf(out, "status %d, left out %d\n", (int)status, rg_cl_trial_left_out());
    if (p->device) {
        (void)fprintf(out, "of %s: %d\n", p->device, (int)rg_cl_trial_of("0:0", p->device, p->version));
    }
    (void)rg_cl_trial(); /* the second time nothing is done */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *const problem = rg_cl_trial_problem(places[i]);
        if (problem) {
            (void)fprintf(out, " %s: %s\n", places[i], problem);
        }
    }
}

/* Add what a case says, and how many children it started. */
static void add_case(const struct plan *p, struct text *text) {
    FILE *const out = tmpfile();
    char line[600];
    ck_assert_ptr_nonnull(out);
    (void)remove(starts);
    const pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        try_drivers(p, out);
        (void)fflush(out);
        _exit(0);
    }
    int status = 0;
    ck_assert(waitpid(process, &status, 0) == process && status == 0);
    char *const children = text_of_file(starts);
    text_add(text, "======== %s", p->name);
    if (!p->stopped) { /* then it is a matter of luck */
        text_add(text, ", %zu children", strlen(children));
    }
    text_add(text, "\n");
    free(children);
    rewind(out);
    while (fgets(line, sizeof line, out)) {
        text_add(text, "%s", line);
    }
    ck_assert_int_eq(fclose(out), 0);
}

/* Records of what went well. */
static size_t count_records(void) {
    char command[400], number[20] = "";
    (void)snprintf(command, sizeof command, "find %s -name 'drivers-*' | wc -l", folder);
    FILE *const pipe = popen(command, "r");
    ck_assert(pipe && fgets(number, sizeof number, pipe) && pclose(pipe) == 0);
    return strtoul(number, NULL, 10);
}

START_TEST(drivers) {
    static const struct plan plans[] = {
        {.name = "the guard is off", .child = "aborts at once", .disabled = true},
        {.name = "at once", .child = "aborts at once"},
        {.name = "a platform aborts", .child = "aborts at 0"},
        {.name = "a device ends the process", .child = "exits at 0:1"},
        {.name = "two platforms", .child = "dies at 1, then at 2"},
        {.name = "hangs", .child = "hangs at 1", .seconds = 1},
        {.name = "too many", .child = "dies anew"},
        {.name = "interrupted", .child = "aborts at 0", .stopped = true},
        {.name = "all is well", .child = "good"},
        {.name = "that is known", .child = "aborts at once"},
        {.name = "a device that is known", .child = "aborts at 0", .device = "A card", .version = "1"},
        {.name = "another version of it", .child = "aborts at 0", .device = "A card", .version = "2"},
        {.name = "another device", .child = "good", .device = "A", .version = "1"},
        {.name = "died before", .child = "good", .died = "0:1=06,1=00"},
        {.name = "died by another signal", .child = "good", .died = "0=64"},
        {.name = "died in no form", .child = "good", .died = "0:1"},
        {.name = "the device that died", .child = "aborts at 0", .died = "0:0=11", .device = "A", .version = "9"},
    };
    struct text text = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        add_case(&plans[i], &text);
    }
    check_expected("trials.txt", text.bytes);
    free(text.bytes);
}
END_TEST

/* Whether a trial is known depends on what drivers read: what changes makes another record. */
START_TEST(keys) {
    struct text text = {NULL, 0, 0};
    char vendors[300], icd[320];
    const struct plan good = {.name = "good", .child = "good"};
    (void)snprintf(vendors, sizeof vendors, "%s/vendors", folder);
    (void)snprintf(icd, sizeof icd, "%s/a.icd", vendors);
    ck_assert_int_eq(mkdir(vendors, 0777), 0);
    size_t n = count_records();
    const struct {
        const char *variable, *value; /* set; or, without a variable, what is written to the .icd file */
        bool is_new;
    } changes[] = {
        {"POCL_SOMETHING", "1", true},      {"POCL_SOMETHING", "2", true}, {"OF_NO_DRIVER", "1", false},
        {"OCL_ICD_VENDORS", vendors, true}, {NULL, "libone.so", true},     {NULL, "libtwo.so", true},
        {"OCL_ICD_VENDORS", icd, true},     {"ZE_LAST", "", true},         {"ZE_LAST", "", false},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (changes[i].variable) {
            ck_assert_int_eq(setenv(changes[i].variable, changes[i].value, 1), 0);
        } else {
            FILE *const file = fopen(icd, "w");
            ck_assert(file && fputs(changes[i].value, file) >= 0 && fclose(file) == 0);
        }
        add_case(&good, &text);
        n += changes[i].is_new;
        ck_assert_msg(count_records() == n, "change %zu", i);
    }
    ck_assert_int_eq(unlink(icd), 0);
    ck_assert_int_eq(rmdir(vendors), 0);
    free(text.bytes);
}
END_TEST

static void begin(void) {
    char cache[300];
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(starts, sizeof starts, "%s/starts", folder);
    (void)snprintf(cache, sizeof cache, "%s/cache", folder);
    (void)setenv("STARTS", starts, 1);
    ck_assert_int_eq(rg_cache_set_folder(cache), RG_OK);
}

static void end(void) {
    char command[300];
    ck_assert_int_eq(rg_cache_set_folder(NULL), RG_OK);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], RG_TRIAL_ARGUMENT) == 0) {
        return be_child(argv[2]);
    }
    arguments = argv;
    Suite *const suite = suite_create("trial");
    TCase *const tests = add_tests(suite, "trial");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, drivers);
    tcase_add_test(tests, keys);
    return run_suite(suite);
}

#else

START_TEST(no_trial) {
    ck_assert(!rg_guard_is_enabled());
}
END_TEST

TEST_MAIN("trial") {
    tcase_add_test(add_tests(suite, "trial"), no_trial);
}

#endif
