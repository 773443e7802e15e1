/* A small problem for the tests of the public interface: do sequences of 9 steps and 2 features rise or fall? */
#ifndef RG_TEST_API_PROBLEM_H
#define RG_TEST_API_PROBLEM_H

#include <math.h>
#include <string.h>

#include "rnn_gpu/rnn_gpu.h"
#include "suite.h"

enum { SEQUENCES = 24, STEPS = 9, FEATURES = 2 };

#define GOOD(call) ck_assert_msg((call) == RNN_GPU_OK, "%s", rnn_gpu_error_message())

/* The call fails with that status, and a message of one line that holds the text. */
#define FAILS(call, expected, text)                                                                    \
    do {                                                                                               \
        const rnn_gpu_status got_ = (call);                                                            \
        ck_assert_msg(got_ == (expected), "status %d: %s", (int)got_, rnn_gpu_error_message());        \
        ck_assert_int_eq(rnn_gpu_last_status(), got_);                                                 \
        ck_assert_msg(strstr(rnn_gpu_error_message(), text) != NULL, "`%s`", rnn_gpu_error_message()); \
        ck_assert_ptr_null(strchr(rnn_gpu_error_message(), '\n'));                                     \
    } while (0)

struct problem {
    float x[SEQUENCES][STEPS][FEATURES];
    int32_t y[SEQUENCES];
    float values[SEQUENCES]; /* targets that are numbers */
    int64_t lengths[SEQUENCES];
    struct rnn_gpu_arrays arrays; /* x and y */
};

static inline struct rnn_gpu_array vector_of(const void *values, rnn_gpu_type type) {
    return (struct rnn_gpu_array){.values = values, .type = type, .n_dims = 1, .shape = {SEQUENCES}};
}

static inline void make_problem(struct problem *p) {
    memset(p, 0, sizeof *p);
    for (int n = 0; n < SEQUENCES; n++) {
        p->y[n] = n % 2;
        p->values[n] = (float)(n % 5) / 5.0f;
        p->lengths[n] = 1 + n % STEPS;
        for (int t = 0; t < STEPS; t++) {
            p->x[n][t][0] = (p->y[n] ? 0.1f : -0.1f) * (float)t;
            p->x[n][t][1] = sinf((float)(n + t));
        }
    }
    p->arrays.x =
        (struct rnn_gpu_array){.values = p->x, .type = RNN_GPU_F32, .n_dims = 3, .shape = {SEQUENCES, STEPS, FEATURES}};
    p->arrays.y = vector_of(p->y, RNN_GPU_I32);
}

/* Options of a command with `settings`, pairs of names and values up to a NULL, on the native device. */
static inline rnn_gpu_options *options_with(const char *command, const char *const *settings) {
    rnn_gpu_options *options = NULL;
    GOOD(rnn_gpu_options_create(command, &options));
    GOOD(rnn_gpu_options_set(options, "device", "cpu"));
    for (size_t i = 0; settings && settings[i]; i += 2) {
        GOOD(rnn_gpu_options_set(options, settings[i], settings[i + 1]));
    }
    return options;
}

#endif
