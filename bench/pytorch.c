/* PyTorch in a process of its own: see pytorch.h. */
#define _GNU_SOURCE
#include "bench/pytorch.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/stop.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum { LINE_BYTES = 1024 };

struct rg_pytorch {
    pid_t process;
    FILE *to, *from;
    char version[64];
};

static const char *script(void) {
    for (size_t i = 0; i < rg_n_bench_scripts; i++) {
        if (strcmp(rg_bench_scripts[i].name, "pytorch_step.py") == 0) {
            return (const char *)rg_bench_scripts[i].text;
        }
    }
    return "";
}

/* Start `argv` with its stdin and stdout at the other ends of in[1] and out[0]. */
static int spawn(char *const argv[], const int in[2], const int out[2], pid_t *process) {
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        return code;
    }
    code = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    code = code ? code : posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    code = code ? code : posix_spawnp(process, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

static void close_pair(int pair[2]) {
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
}

/* Make the pipes to and from the process. `p` owns this program's ends. */
static rg_status start_process(struct rg_pytorch *p, char *const argv[]) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int code = pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ? errno : spawn(argv, in, out, &p->process);
    if (code == 0) {
        p->to = fdopen(in[1], "w");
        in[1] = p->to ? -1 : in[1];
        p->from = fdopen(out[0], "r");
        out[0] = p->from ? -1 : out[0];
        code = p->to && p->from ? 0 : ENOMEM;
    }
    close_pair(in);
    close_pair(out);
    return code == 0 ? RG_OK
                     : rg_fail(RG_ERROR, "PyTorch is left out: %s cannot be started: %s (RNN_GPU_PYTHON names another)",
                               argv[0], strerror(code));
}

/* Wait until the process says something or ends; false: the work is to stop. */
static bool await(const struct rg_pytorch *p) {
    struct pollfd from = {.fd = fileno(p->from), .events = POLLIN};
    while (!rg_stop_requested() && poll(&from, 1, -1) < 0 && errno == EINTR) {
    }
    return !rg_stop_requested();
}

/* Read the next line of the process as an object; NULL at its end, or if the work is to stop. */
static json_t *read_object(struct rg_pytorch *p) {
    char line[LINE_BYTES];
    return await(p) && fgets(line, sizeof line, p->from) ? json_loads(line, 0, NULL) : NULL;
}

rg_status rg_pytorch_start(int threads, uint64_t memory, struct rg_pytorch **out) {
    const char *const named = getenv("RNN_GPU_PYTHON");
    char program[4096], threads_text[16], memory_text[24], *text = NULL;
    struct rg_pytorch *p = NULL;
    *out = NULL;
    (void)snprintf(program, sizeof program, "%s", named && *named ? named : "python3");
    (void)snprintf(threads_text, sizeof threads_text, "%d", threads);
    (void)snprintf(memory_text, sizeof memory_text, "%llu", (unsigned long long)memory);
    RG_TRY(rg_copy_string(&text, script()));
    rg_status status = rg_alloc(&p, 1, sizeof *p, "PyTorch's process");
    char option[] = "-c";
    if (status == RG_OK) {
        status = start_process(p, (char *[]){program, option, text, threads_text, memory_text, NULL});
    }
    rg_free(text);
    if (status == RG_OK) {
        json_t *const first = read_object(p);
        const char *const version = json_string_value(json_object_get(first, "version"));
        (void)snprintf(p->version, sizeof p->version, "%s", version ? version : "");
        json_decref(first);
        if (!version) {
            status = rg_fail(RG_ERROR, "PyTorch is left out: %s has no torch (pip install torch, or RNN_GPU_PYTHON)",
                             program);
        }
    }
    if (status != RG_OK) {
        rg_pytorch_stop(p);
        return status;
    }
    *out = p;
    return RG_OK;
}

const char *rg_pytorch_version(const struct rg_pytorch *pytorch) {
    return pytorch->version;
}

rg_status rg_pytorch_time(struct rg_pytorch *p, const struct rg_bench_case *c, struct rg_pytorch_times *times) {
    *times = (struct rg_pytorch_times){0};
    const char *const cell =
        !rg_cell_is_gated(c->cell) && c->activation == RG_ACT_RELU ? "relu" : rg_cell_names[c->cell];
    if (!rg_cell_is_gated(c->cell) && c->activation != RG_ACT_RELU && c->activation != RG_ACT_TANH) {
        return RG_OK; /* torch.nn.RNN has no other */
    }
    (void)fprintf(p->to, "%s %zu %zu %zu %zu %zu %g\n", cell, c->batch, c->steps, c->hidden, c->input, c->repeats,
                  c->patience);
    (void)fflush(p->to);
    json_t *const line = read_object(p);
    if (!json_is_object(line)) {
        json_decref(line);
        RG_TRY(rg_stop_check());
        return rg_fail(RG_ERROR, "PyTorch's process ended at %s B=%zu T=%zu H=%zu and is left out from here on", cell,
                       c->batch, c->steps, c->hidden);
    }
    times->whole = json_number_value(json_object_get(line, "whole_s"));
    times->best = json_number_value(json_object_get(line, "best_s"));
    times->best_chunk = (size_t)json_integer_value(json_object_get(line, "best_chunk"));
    json_decref(line);
    return RG_OK;
}

void rg_pytorch_stop(struct rg_pytorch *p) {
    if (!p) {
        return;
    }
    if (p->to) {
        (void)fclose(p->to); /* the end of its input ends it */
    }
    if (p->from) {
        (void)fclose(p->from);
    }
    if (p->process > 0) {
        if (rg_stop_requested()) {
            (void)kill(p->process, SIGKILL); /* it may be in the middle of a long case */
        }
        while (waitpid(p->process, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    rg_free(p);
}
