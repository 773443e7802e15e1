/* Exercises of the self-test on the native device in double precision, with an engine that gradients are measured on.
 */
#ifndef RG_TEST_MEASURED_NET_H
#define RG_TEST_MEASURED_NET_H

#include <math.h>

#include "suite.h"
#include "train/source.h"
#include "verify/selftest/exercise.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct rg_device *device;

static inline void open_device(void) {
    ck_assert_int_eq(rg_device_open("cpu", &(struct rg_device_options){.threads = 1, .is_double = true}, &device),
                     RG_OK);
}

static inline void close_device(void) {
    rg_device_destroy(device);
}

static inline void expect_ok(rg_status status) {
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
}

static inline void near(double found, double wanted, double tolerance, const char *what, size_t lag) {
    const bool same = found == wanted || (isnan(found) && isnan(wanted)) || fabs(found - wanted) <= tolerance;
    ck_assert_msg(same, "%s at lag %zu: %.17g, expected %.17g", what, lag, found, wanted);
}

/* How much is in memory at a time: sequences, steps, bytes of terms; 0: all. */
struct parts {
    size_t max_rows, segment, kept_bytes;
};

struct net {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
};

/* An exercise with random data and weights, and the case's name. */
static inline struct rg_exercise *filled(const struct rg_exercise_form *form) {
    struct rg_exercise *exercise = NULL;
    char name[160];
    rg_exercise_name(form, name, sizeof name);
    test_case("%s", name);
    expect_ok(rg_exercise_create(form, &exercise));
    rg_exercise_fill(exercise, 7);
    return exercise;
}

/* Its engine; the reference takes its numbers. */
static inline struct net net_of(struct rg_exercise *exercise, const struct parts *parts) {
    struct net net = {exercise, NULL, NULL};
    struct rg_engine_options options = rg_exercise_options(exercise);
    options.plan.max_rows = parts->max_rows;
    options.plan.segment_steps = parts->segment;
    options.plan.accum_steps = parts->segment ? 1 : 0;
    rg_exercise_copy_data(exercise);
    rg_exercise_copy_model(exercise);
    expect_ok(rg_data_source_create(device, &exercise->data, exercise->sizes.batch, 1, false, &net.source));
    expect_ok(rg_engine_create(device, exercise->model, &options, &net.engine));
    return net;
}

static inline void net_destroy(struct net *net) {
    rg_engine_destroy(net->engine);
    rg_data_source_destroy(net->source);
    rg_exercise_destroy(net->exercise);
}

#endif
