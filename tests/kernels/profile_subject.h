/* An exercise whose gradient is measured by lag, on each kind of device. */
#ifndef RG_TEST_PROFILE_SUBJECT_H
#define RG_TEST_PROFILE_SUBJECT_H

#include <string.h>

#include "executions.h"
#include "gradient/profile.h"
#include "train/source.h"

static struct rg_device *devices[N_KINDS];

/* An exercise and its profile. */
struct subject {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_lag_profiles *profiles;
};

static inline struct subject make(const struct rg_exercise_form *form) {
    test_case_form(form);
    struct subject s = {0};
    expect_ok(rg_exercise_create(form, &s.exercise), "exercise");
    rg_exercise_fill(s.exercise, 11);
    return s;
}

static inline struct rg_device *device_of(int kind) {
    test_case("%s", executions[kinds[kind]].name);
    return devices[kind];
}

/* The first `rows` sequences, with the exercise's numbers as they stand; `memory` and `segment` are the plan's. */
static inline void measure_in(struct subject *s, struct rg_device *device, size_t rows, size_t probe, uint64_t memory,
                              size_t segment) {
    struct rg_exercise *const e = s->exercise;
    struct rg_engine_options options = rg_exercise_options(e);
    options.plan.memory = memory;
    options.plan.accum_steps = segment ? 2 : 0;
    options.plan.segment_steps = segment;
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &s->source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &s->engine), "engine");
    const struct rg_lag_options lags = {.rows = rows, .probe = probe};
    expect_ok(rg_lag_measure(s->engine, &s->source->source, 0, &lags, &s->profiles), "profile");
}

static inline void measure(struct subject *s, struct rg_device *device, size_t rows, size_t probe, uint64_t memory) {
    measure_in(s, device, rows, probe, memory, 0);
}

static inline void forget(struct subject *s) {
    rg_lag_profiles_destroy(s->profiles);
    rg_engine_destroy(s->engine);
    rg_data_source_destroy(s->source);
    rg_exercise_destroy(s->exercise);
}

/* A net of one layer whose weights are all zero. */
static inline struct subject zeros(const struct rg_exercise_form *form) {
    struct subject s = make(form);
    memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
    return s;
}

static inline float *weights_of(const struct subject *s, enum rg_role role) {
    return rg_model_values(s->exercise->model, rg_model_parameter(s->exercise->model, 0, 0, role));
}

static inline float *head_of(const struct subject *s) {
    return rg_model_values(s->exercise->model, rg_model_head_weight(s->exercise->model));
}

static inline void open_devices(void) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        devices[kind] = open_execution(kinds[kind]);
    }
}

static inline void close_devices(void) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        rg_device_destroy(devices[kind]);
    }
}

#endif
