/* Drivers tried in a child process: see trial.h. */
#define _GNU_SOURCE
#include "device/opencl/trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/guard.h"
#include "base/hash.h"
#include "base/stop.h"
#include "device/opencl/pocl_cache.h"
#include "rnn_gpu/log.h"

enum {
    MAX_DEAD = 16,
    PLACE_BYTES = 16,
    NAME_BYTES = 128,
    RECORD_BYTES = 8192,
    PATH_BYTES = 4096,
    LINE_BYTES = 512,
    REASON_BYTES = 120
};
enum { POLL_MS = 100, NOTICE_MS = 2000, PATIENCE_SECONDS = 60 };

/* A driver that is left out. */
struct dead {
    char place[PLACE_BYTES], reason[REASON_BYTES];
};

static struct {
    bool done;
    size_t n_dead;
    struct dead dead[MAX_DEAD];
    char record[RECORD_BYTES]; /* a line "good PLACE NAME|VERSION" for each device that went well */
    char path[RG_CACHE_PATH];  /* where it is kept; "" if nowhere */
} trial;

/* ---- What is known without a call of OpenCL ---- */

static void mix(uint64_t *hash, const void *bytes, size_t n) {
    *hash = rg_hash_bytes(*hash, bytes, n);
}

static void mix_text(uint64_t *hash, const char *text) {
    mix(hash, text, strlen(text) + 1);
}

/* A file's name, size, time and first bytes; a name alone where there is none. */
static void mix_file(uint64_t *hash, const char *path) {
    char text[1024];
    struct stat info;
    mix_text(hash, path);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return;
    }
    if (fstat(file, &info) == 0) {
        const int64_t facts[] = {info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
        mix(hash, facts, sizeof facts);
    }
    const ssize_t n = S_ISREG(info.st_mode) ? read(file, text, sizeof text) : 0;
    mix(hash, text, n > 0 ? (size_t)n : 0);
    (void)close(file);
}

/* The .icd files of a folder. Their hashes are added up, so their order does not matter. */
static void mix_folder(uint64_t *hash, const char *folder) {
    char path[PATH_BYTES];
    uint64_t sum = 0;
    DIR *const list = opendir(folder);
    for (const struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        uint64_t one = RG_HASH_START;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.') {
            mix_file(&one, path);
            sum += one;
        }
    }
    if (list) {
        (void)closedir(list);
    }
    mix(hash, &sum, sizeof sum);
}

static void mix_environment(uint64_t *hash) {
    static const char *const starts[] = {"OCL_",  "OPENCL_", "CL_",   "POCL_",        "RUSTICL_", "CUDA_",
                                         "MESA_", "GALLIUM", "INTEL", "SYCL_",        "LD_",      "XDG_CACHE_HOME",
                                         "ROC",   "HSA_",    "GPU_",  "NEOReadDebug", "ZE_"};
    uint64_t sum = 0;
    for (size_t i = 0; environ[i]; i++) {
        for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
            uint64_t one = RG_HASH_START;
            if (strncmp(environ[i], starts[k], strlen(starts[k])) == 0) {
                mix_text(&one, environ[i]);
                sum += one;
                break;
            }
        }
    }
    mix(hash, &sum, sizeof sum);
}

static uint64_t key(void) {
    static const int limits[] = {RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_MEMLOCK};
    uint64_t hash = RG_HASH_START;
    const char *const vendors = getenv("OCL_ICD_VENDORS");
    const uint32_t user = (uint32_t)geteuid();
    mix_text(&hash, RG_VERSION);
    mix(&hash, &user, sizeof user);
    mix_folder(&hash, "/etc/OpenCL/vendors");
    if (vendors) {
        mix_folder(&hash, vendors);
        mix_file(&hash, vendors);
    }
    mix_file(&hash, "/etc/ld.so.cache");
    mix_file(&hash, "/proc/driver/nvidia/version");
    mix_environment(&hash);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit = {0, 0};
        (void)getrlimit((__rlimit_resource_t)limits[i], &limit);
        mix(&hash, &limit.rlim_cur, sizeof limit.rlim_cur);
    }
    return hash;
}

static void find_record(void) {
    char name[40];
    (void)snprintf(name, sizeof name, "drivers-%016llx", (unsigned long long)key());
    (void)rg_cache_path(name, trial.path); /* without a folder the record is not kept */
}

static bool read_record(void) {
    const int file = trial.path[0] ? open(trial.path, O_RDONLY | O_CLOEXEC) : -1;
    const ssize_t n = file >= 0 ? read(file, trial.record, sizeof trial.record - 1) : 0;
    trial.record[n > 0 ? n : 0] = '\0';
    if (file >= 0) {
        (void)close(file);
    }
    return n > 0;
}

/* Write the record whole or not at all. A record that cannot be written costs a trial the next time. */
static void write_record(void) {
    char temporary[RG_CACHE_PATH + 16];
    if (!trial.path[0]) {
        return;
    }
    rg_cache_make_folders(trial.path);
    (void)snprintf(temporary, sizeof temporary, "%s.%ld", trial.path, (long)getpid());
    const int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return;
    }
    const size_t n = strlen(trial.record);
    const bool whole = write(file, trial.record, n) == (ssize_t)n;
    if (close(file) != 0 || !whole || rename(temporary, trial.path) != 0) {
        (void)unlink(temporary);
    }
}

/* ---- The parent ---- */

static const char *signal_words(int number, char text[40]) {
    const char *const name = sigabbrev_np(number);
    (void)snprintf(text, 40, "ended with %s%s", name ? "SIG" : "signal ", name ? name : "?");
    return text;
}

/* Leave the driver of a place out. `reason` is a clause, `name` the name of a platform for people. */
static void leave_out(const char *place, const char *name, const char *reason) {
    if (trial.n_dead == MAX_DEAD) {
        return;
    }
    struct dead *const d = &trial.dead[trial.n_dead++];
    (void)snprintf(d->place, sizeof d->place, "%s", place);
    (void)snprintf(d->reason, sizeof d->reason, "%s", reason);
    if (!strchr(place, ':')) { /* a device is shown with its reason where it is chosen or listed */
        char problem[RG_POCL_CACHE_PROBLEM];
        rg_pocl_cache_problem(name, problem);
        rg_log("OpenCL %s%s is left out: %s%s%s", place[0] == '*' ? "" : "platform ", place[0] == '*' ? "itself" : name,
               d->reason, problem[0] ? "; " : "", problem);
    }
}

/* A child under way. */
struct child {
    pid_t process;
    FILE *from;
    char place[PLACE_BYTES], name[NAME_BYTES]; /* what it is trying */
    bool complete;                             /* it said so */
};

/* Wait until a child has ended. Returns how, as waitpid says it. */
static int wait_for(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static bool start_child(struct child *c, const char *without) {
    int out[2];
    char program[] = "/proc/self/exe", argument[] = RG_TRIAL_ARGUMENT, list[MAX_DEAD * PLACE_BYTES];
    char *const argv[] = {program, argument, list, NULL};
    posix_spawn_file_actions_t actions;
    (void)snprintf(list, sizeof list, "%s", without);
    *c = (struct child){.place = "*", .name = "all drivers"};
    if (pipe2(out, O_CLOEXEC) != 0) {
        return false;
    }
    int code = posix_spawn_file_actions_init(&actions);
    code = code ? code : posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    code = code ? code : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    code = code ? code : posix_spawn(&c->process, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    c->from = code == 0 ? fdopen(out[0], "r") : NULL;
    if (!c->from) {
        (void)close(out[0]);
    }
    if (code == 0 && !c->from) {
        (void)kill(c->process, SIGKILL);
        wait_for(c->process);
    }
    return c->from != NULL;
}

/* "try PLACE NAME", "good PLACE NAME|VERSION", "done". */
static void take_line(struct child *c, const char *line) {
    const size_t used = strlen(trial.record);
    if (strcmp(line, "done\n") == 0) {
        c->complete = true;
    } else if (strncmp(line, "good ", 5) == 0) {
        (void)snprintf(trial.record + used, sizeof trial.record - used, "%s", line);
    } else {
        (void)sscanf(line, "try %15s %127[^\n]", c->place, c->name);
    }
}

static int patience_ms(void) {
    const long seconds = rg_guard_options()->driver_seconds;
    return 1000 * (int)(seconds > 0 ? seconds : PATIENCE_SECONDS);
}

/* Read what the child says until its end; false: it was silent for too long, or the work is to stop. */
static bool listen(struct child *c) {
    char line[LINE_BYTES];
    struct pollfd from = {.fd = fileno(c->from), .events = POLLIN};
    const int patience = patience_ms();
    int silent = 0, waited = 0;
    (void)setvbuf(c->from, NULL, _IONBF, 0);
    while (silent < patience && !rg_stop_requested()) {
        const int ready = poll(&from, 1, POLL_MS);
        waited += POLL_MS;
        silent += POLL_MS;
        if (waited == NOTICE_MS) {
            rg_log("trying the OpenCL drivers, once for each version");
        }
        if (ready > 0) {
            silent = 0;
            if (!fgets(line, sizeof line, c->from)) {
                return true;
            }
            take_line(c, line);
        }
    }
    return false;
}

/* The end of the child; notes what it died of. */
static void end_child(struct child *c, bool heard) {
    char words[40], reason[REASON_BYTES];
    if (!heard) {
        (void)kill(c->process, SIGKILL);
    }
    const int status = wait_for(c->process);
    (void)fclose(c->from);
    if (rg_stop_requested() || c->complete) {
        return;
    }
    (void)snprintf(reason, sizeof reason, "its driver %s when it was tried",
                   !heard                ? "hung"
                   : WIFSIGNALED(status) ? signal_words(WTERMSIG(status), words)
                                         : "ended the process");
    leave_out(c->place, c->name, reason);
}

/* Start children until one runs to its end. Each leaves out the drivers that ended the children before it. */
static rg_status try_all(void) {
    bool complete = false;
    while (!complete && !rg_cl_trial_problem("*") && trial.n_dead < MAX_DEAD) {
        char without[MAX_DEAD * PLACE_BYTES] = "";
        struct child c;
        for (size_t i = 0; i < trial.n_dead; i++) {
            const size_t used = strlen(without);
            (void)snprintf(without + used, sizeof without - used, "%s%s", i ? "," : "", trial.dead[i].place);
        }
        trial.record[0] = '\0';
        if (!start_child(&c, without)) {
            return RG_OK; /* without processes there is no trial */
        }
        end_child(&c, listen(&c));
        RG_TRY(rg_stop_check());
        complete = c.complete;
    }
    if (trial.n_dead == 0) {
        write_record();
    }
    return RG_OK;
}

/* Note the drivers that ended the process before this one: see base/guard.h. */
static void read_died(void) {
    const char *at = rg_guard_options()->died;
    char place[PLACE_BYTES], words[40], reason[REASON_BYTES];
    int number = 0, length = 0;
    while (at && sscanf(at, "%15[^=,]=%d%n", place, &number, &length) == 2) {
        if (number == 0) {
            leave_out(place, place, "the process before this one ended by a call of exit while its driver was loaded");
        } else {
            (void)snprintf(reason, sizeof reason,
                           "the process before this one %s while its driver was loaded, cause unknown",
                           signal_words(number, words));
            leave_out(place, place, reason);
        }
        at += length;
        at += *at == ',';
    }
}

rg_status rg_cl_trial(void) {
    if (trial.done || !rg_guard_is_enabled()) {
        return RG_OK;
    }
    trial.done = true;
    read_died();
    find_record();
    return read_record() ? RG_OK : try_all();
}

const char *rg_cl_trial_problem(const char *place) {
    for (size_t i = 0; i < trial.n_dead; i++) {
        const char *const dead = trial.dead[i].place;
        const size_t n = strlen(dead);
        if (dead[0] == '*' || (strncmp(dead, place, n) == 0 && (place[n] == '\0' || place[n] == ':'))) {
            return trial.dead[i].reason;
        }
    }
    return NULL;
}

int rg_cl_trial_left_out(void) {
    return trial.n_dead > 0;
}

rg_status rg_cl_trial_of(const char *place, const char *name, const char *version) {
    char line[LINE_BYTES];
    if (!rg_guard_is_enabled() || rg_cl_trial_problem(place)) {
        return RG_OK;
    }
    (void)snprintf(line, sizeof line, "good %s %s|%s\n", place, name, version);
    return strstr(trial.record, line) ? RG_OK : try_all();
}
