/* The executions that kernels are tested on: native with several thread counts, OpenCL in the CPU's shape, and OpenCL
 * in shapes of GPUs, which a CPU's runtime also runs. */
#ifndef RG_TEST_EXECUTIONS_H
#define RG_TEST_EXECUTIONS_H

#include <stdio.h>
#include <stdlib.h>

#include "device/device.h"
#include "suite.h"
#include "verify/selftest/exercise.h"

struct execution {
    const char *name, *spec;
    struct rg_device_options options;
};

static const struct execution executions[] = {
    {"native", "cpu", {0}},
    {"native, 1 thread", "cpu", {.threads = 1}},
    {"native, 2 threads", "cpu", {.threads = 2}},
    {"native, 3 threads", "cpu", {.threads = 3}},
#ifdef RG_OPENCL
    {"opencl", "opencl", {0}},
    {"opencl, the GPU shape", "opencl", {.shape = RG_GPU_SHAPE}},
    {"opencl, GPU shape 1 x 2, 16 x 8", "opencl", {.shape = {1, 2, 16, 8}}},
    {"opencl, GPU shape 2 x 1, 8 x 4", "opencl", {.shape = {2, 1, 8, 4}}},
    {"opencl, GPU shape 4 x 2, 8 x 8", "opencl", {.shape = {4, 2, 8, 8}}},
#endif
};
enum { N_EXECUTIONS = sizeof executions / sizeof *executions };

/* The smallest shape of a GPU whose groups have barriers. Its kernels compile fastest, and the first parts of tests
 * share them. */
enum { SMALL_GPU_SHAPE = 7 };

/* The same in double precision. */
static const struct execution doubles[] = {
    {"native, double", "cpu", {.is_double = true}},
#ifdef RG_OPENCL
    {"opencl, double", "opencl", {.is_double = true}},
    {"opencl, double, GPU shape 2 x 1, 16 x 4", "opencl", {.is_double = true, .shape = {2, 1, 16, 4}}},
#endif
};
enum { N_DOUBLES = sizeof doubles / sizeof *doubles };

/* Products as tensor cores make them. */
static const struct execution in_tf32 = {"opencl, TF32", "opencl", {.tf32 = RG_TF32_EMULATED, .shape = RG_GPU_SHAPE}};

/* One of each kind: native, OpenCL in the CPU's shape, OpenCL in a GPU's. */
static const int kinds[] = {
    0,
#ifdef RG_OPENCL
    4,
    5,
#endif
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* Is that kind OpenCL in a GPU's shape? Its kernels take long to compile and to run on a CPU. */
static inline bool kind_is_gpu(int kind) {
    return executions[kinds[kind]].options.shape.vec > 0;
}

/* Is the execution one of the kinds? */
static inline bool is_kind(int execution) {
    for (int k = 0; k < N_KINDS; k++) {
        if (kinds[k] == execution) {
            return true;
        }
    }
    return false;
}

/* The device of an execution; NULL, after a notice, where there is no OpenCL and RG_REQUIRE_OPENCL does not ask for
 * it. */
static inline struct rg_device *open_one(const struct execution *e) {
    test_case("%s", e->name);
    struct rg_device *device = NULL;
    const rg_status status = rg_device_open(e->spec, &e->options, &device);
    const char *required = getenv("RG_REQUIRE_OPENCL");
    if (status == RG_NO_DEVICE && e->spec[0] == 'o' && !(required && required[0] == '1')) {
        (void)fprintf(stderr, "not run on %s: %s\n", e->name, rg_error_message());
        return NULL;
    }
    ck_assert_msg(status == RG_OK, "%s: %s", e->name, rg_error_message());
    return device;
}

static inline struct rg_device *open_execution(int i) {
    return open_one(&executions[i]);
}

/* The device of a kind in the part of the test that it belongs to: a GPU's shape is in the second. NULL otherwise. */
static inline struct rg_device *open_kind(int kind) {
    return case_runs(!kind_is_gpu(kind)) ? open_execution(kinds[kind]) : NULL;
}

/* Name the case after its net and sizes. */
static inline void test_case_form(const struct rg_exercise_form *form) {
    char name[160];
    rg_exercise_name(form, name, sizeof name);
    test_case("%s", name);
}

/* Fail the test with the library's message. */
static inline void expect_ok(rg_status status, const char *what) {
    ck_assert_msg(status == RG_OK, "%s: %s", what, rg_error_message());
}

static inline void *numbers(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

#endif
