/* The benchmark's lists of sizes, and earlier results as they are read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cases.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "suite.h"

static char folder[256], path[300];

static void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/earlier.jsonl", folder);
}

static void remove_folder(void) {
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void write_file(const char *text) {
    FILE *const file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static struct rg_device device_of_gpu(void) {
    struct rg_device device = {
        .info = {.is_gpu = true, .units = 4, .real_bytes = 4, .vec = 4, .nv = 1, .cols = 16, .rows = 4}};
    device.info.memory_bytes = device.info.max_buffer_bytes = (uint64_t)1 << 40;
    device.info.max_local_bytes = 48 << 10;
    return device;
}

static size_t list(const struct rg_config *config, const struct rg_bench_earlier *earlier, struct rg_bench_case **out) {
    const struct rg_device device = device_of_gpu();
    size_t count = 0;
    ck_assert_msg(rg_bench_cases(config, &device, earlier, out, &count) == RG_OK, "%s", rg_error_message());
    return count;
}

START_TEST(grids) {
    const struct rg_bench_earlier none = {0};
    struct rg_config config = rg_config_default();
    struct rg_bench_case *cases = NULL;
    const size_t standard = list(&config, &none, &cases);
    ck_assert(standard >= 24 && standard % RG_N_CELLS == 0 && cases[standard - 1].cell == RG_CELL_GRU);
    rg_free(cases);
    rg_config_set_given(&config, "cell", true);
    ck_assert_uint_eq(list(&config, &none, &cases), standard / RG_N_CELLS);
    rg_free(cases);
    rg_config_set_given(&config, "cell", false);
    config.bench.grid = RG_GRID_FULL;
    const size_t full = list(&config, &none, &cases);
    ck_assert(full > 200 && full < (size_t)RG_N_CELLS * 90);
    ck_assert_uint_eq(cases[1].batch, 8);
    for (size_t i = 0; i < full; i++) { /* 41 KB a step and sequence: 168 GB */
        ck_assert(cases[i].cell != RG_CELL_LSTM ||
                  cases[i].batch * cases[i].steps * cases[i].hidden < 4096000u * 1024u);
    }
    rg_free(cases);
    rg_config_set_given(&config, "batch", true);
    const struct rg_device device = device_of_gpu();
    size_t count = 0;
    ck_assert_int_eq(rg_bench_cases(&config, &device, &none, &cases, &count), RG_USAGE);
    config.bench.grid = RG_GRID_AUTO;
    ck_assert_uint_eq(list(&config, &none, &cases), 1);
    ck_assert(cases[0].batch == 4096 && cases[0].steps == 100 && cases[0].patience == 0.0);
    rg_free(cases);
}
END_TEST

#define RESULT(cell, backend, batch, update)                              \
    "{\"backend\":\"" backend "\",\"cell\":\"" cell "\",\"batch\":" batch \
    ",\"steps\":7,\"hidden\":9,\"input\":2,\"update_s\":" update "}\n"

START_TEST(earlier_results) {
    struct rg_config config = rg_config_default();
    struct rg_bench_earlier earlier;
    struct rg_bench_case *cases = NULL;
    write_file("{\"bench\":{\"command\":\"rnn-gpu bench\"}}\n" RESULT("gru", "opencl", "5", "0.25") RESULT(
        "gru", "native", "5", "0.5") "\n{\"peer\":\"cblas\",\"update_s\":1}\n" RESULT("rnn", "native", "6", "2"));
    ck_assert_msg(rg_bench_earlier_read(path, RG_PRECISION_FLOAT, RG_MATH_FLOAT, &earlier) == RG_OK, "%s",
                  rg_error_message());
    ck_assert_uint_eq(earlier.count, 3);
    ck_assert_uint_eq(list(&config, &earlier, &cases), 2);
    ck_assert(cases[0].cell == RG_CELL_GRU && cases[0].batch == 5 && cases[0].steps == 7 && cases[0].hidden == 9);
    ck_assert(rg_bench_earlier_update(&earlier, &cases[0], true) == 0.5);
    ck_assert(rg_bench_earlier_update(&earlier, &cases[0], false) == 0.25);
    ck_assert(rg_bench_earlier_update(&earlier, &cases[1], false) == 0.0);
    cases[0].outputs = 2; /* results without outputs and target are of one output of the last step */
    ck_assert(rg_bench_earlier_update(&earlier, &cases[0], true) == 0.0);
    cases[0].outputs = 1;
    cases[0].target = RG_TARGET_STEPS;
    ck_assert(rg_bench_earlier_update(&earlier, &cases[0], true) == 0.0);
    rg_free(cases);
    struct rg_bench_earlier doubles;
    ck_assert_int_eq(rg_bench_earlier_read(path, RG_PRECISION_DOUBLE, RG_MATH_FLOAT, &doubles), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "holds no result"));
    ck_assert_int_eq(rg_bench_earlier_read(path, RG_PRECISION_FLOAT, RG_MATH_TF32, &doubles), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "holds no result"));
    rg_config_set_given(&config, "cell", true);
    ck_assert_uint_eq(list(&config, &earlier, &cases), 1);
    ck_assert(cases[0].cell == RG_CELL_RNN && cases[0].batch == 6);
    rg_free(cases);
    rg_bench_earlier_free(&earlier);
}
END_TEST

static const struct {
    const char *text, *message;
} bad[] = {
    {"", "is empty"},
    {"{}\n", "holds no result of bench"},
    {"{}\nhello\n", "line 2 is not a JSON object"},
    {"[1]\n", "line 1 is not a JSON object"},
    {RESULT("gru", "native", "5", "0.5") "{\"update_s\":", "line 2 is not a JSON object"},
    {RESULT("cnn", "native", "5", "0.5"), "line 1: cell, backend"},
    {RESULT("gru", "native", "0", "0.5"), "out of range"},
    {RESULT("gru", "native", "-5", "0.5"), "out of range"},
    {RESULT("gru", "native", "1e3", "0.5"), "out of range"},
    {RESULT("gru", "native", "99999999999", "0.5"), "out of range"},
    {RESULT("gru", "native", "5", "0"), "out of range"},
    {RESULT("gru", "native", "5", "\"x\""), "out of range"},
    {"{\"update_s\":1}\n", "out of range"},
};

START_TEST(bad_files) {
    struct rg_bench_earlier earlier;
    test_case("%s", bad[_i].message);
    write_file(bad[_i].text);
    ck_assert_int_eq(rg_bench_earlier_read(path, RG_PRECISION_FLOAT, RG_MATH_FLOAT, &earlier), RG_BAD_FILE);
    ck_assert_msg(strstr(rg_error_message(), bad[_i].message) != NULL, "%s", rg_error_message());
    ck_assert_ptr_null(earlier.results);
}
END_TEST

/* Nothing grows with what a file asks for: deep nesting, long lines, many results. */
START_TEST(large_files) {
    enum { BYTES = 1 << 20 };
    struct rg_bench_earlier earlier;
    char *const text = calloc(BYTES + 1, 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', BYTES);
    write_file(text);
    ck_assert_int_eq(rg_bench_earlier_read(path, RG_PRECISION_FLOAT, RG_MATH_FLOAT, &earlier), RG_BAD_FILE);
    const char line[] = RESULT("gru", "native", "5", "0.5");
    for (size_t at = 0; at + sizeof line <= BYTES; at += sizeof line - 1) {
        memcpy(text + at, line, sizeof line);
    }
    write_file(text);
    ck_assert_int_eq(rg_bench_earlier_read(path, RG_PRECISION_FLOAT, RG_MATH_FLOAT, &earlier), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "more than 4096 results"));
    free(text);
    ck_assert_int_eq(rg_bench_earlier_read("/nowhere", RG_PRECISION_FLOAT, RG_MATH_FLOAT, &earlier), RG_BAD_FILE);
}
END_TEST

/* A made-up device whose first launch takes long, as one does that compiles the kernel. */
static size_t n_peak_launches;
static uint64_t last_rounds;

static rg_status peak_buffers(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    (void)device, (void)bytes;
    ck_assert_uint_eq(n, 1);
    *out = calloc(1, sizeof **out);
    ck_assert_ptr_nonnull(*out);
    return RG_OK;
}

static void peak_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    (void)device;
    free(buffer);
}

static rg_status peak_launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    (void)device;
    ck_assert_uint_eq(n, 1);
    last_rounds = ((const struct rg_peak_args *)launches->args)->rounds;
    usleep(n_peak_launches++ == 0 ? 60000 : (useconds_t)(5 * last_rounds));
    return RG_OK;
}

static rg_status peak_finish(struct rg_device *device) {
    (void)device;
    return RG_OK;
}

static struct rg_device peak_device(void) {
    static const struct rg_device_ops ops = {.buffers_create = peak_buffers,
                                             .buffer_destroy = peak_buffer_destroy,
                                             .launch = peak_launch,
                                             .finish = peak_finish};
    struct rg_device device = device_of_gpu();
    device.ops = &ops;
    return device;
}

START_TEST(peak_after_compilation) {
    struct rg_device device = peak_device();
    double gflops = 0.0;
    n_peak_launches = 0;
    ck_assert_int_eq(rg_bench_peak(&device, &gflops), RG_OK);
    ck_assert_uint_ge(last_rounds, 1024); /* 8192 where no launch is held up */
    const double lanes = 4.0 * 64.0 * (double)rg_device_items(&device) * device.info.vec;
    ck_assert_double_le(gflops, 2.0 * RG_PEAK_CHAINS * lanes / 5e-6 / 1e9);
}
END_TEST

/* A peak that an update exceeds is measured again, and never becomes lower. */
START_TEST(peak_below_an_update) {
    struct rg_device device = peak_device();
    const struct rg_bench_case c = {.cell = RG_CELL_LSTM, .batch = 3, .steps = 5, .hidden = 4, .input = 2};
    ck_assert_double_eq(rg_bench_flops(&c), (6.0 * 16 * 6 - 2.0 * 16 * 2) * 15);
    ck_assert_double_eq(rg_bench_unused_flops(&c), 6.0 * 4 * 4 * 4 * 3);
    struct rg_bench_result result = {.update = (rg_bench_flops(&c) - rg_bench_unused_flops(&c)) / 1e9}; /* 1 GFLOP/s */
    double peak = 1.01;
    n_peak_launches = 1;
    ck_assert_int_eq(rg_bench_raise_peak(&device, &c, &result, &peak), RG_OK);
    ck_assert_uint_eq(n_peak_launches, 1);
    ck_assert_double_eq(peak, 1.01);
    peak = 0.99; /* the device reaches more */
    ck_assert_int_eq(rg_bench_raise_peak(&device, &c, &result, &peak), RG_OK);
    ck_assert_uint_gt(n_peak_launches, 1);
    ck_assert_double_gt(peak, 0.99);
    peak = 1e9;
    result.update *= 1e-10;
    ck_assert_int_eq(rg_bench_raise_peak(&device, &c, &result, &peak), RG_OK);
    ck_assert_double_eq(peak, 1e9);
    n_peak_launches = 1;
    peak = 1.0;
    device.info.tf32 = RG_TF32_TENSOR_CORES; /* which may exceed the peak */
    ck_assert_int_eq(rg_bench_raise_peak(&device, &c, &result, &peak), RG_OK);
    ck_assert_uint_eq(n_peak_launches, 1);
    device.info.tf32 = RG_TF32_NONE;
    result.update = 0.0; /* left out */
    ck_assert_int_eq(rg_bench_raise_peak(&device, &c, &result, &peak), RG_OK);
    ck_assert_uint_eq(n_peak_launches, 1);
}
END_TEST

/* Short updates are queued together, long ones are timed one by one. */
START_TEST(updates_of_a_timing) {
    ck_assert_uint_eq(rg_bench_together(0.0005), 4);
    ck_assert_uint_eq(rg_bench_together(0.0011), 1);
    ck_assert_uint_eq(rg_bench_together(0.0019), 1);
    ck_assert_uint_eq(rg_bench_together(3.0), 1);
    ck_assert_uint_eq(rg_bench_together(1e-9), 200);
    ck_assert_uint_eq(rg_bench_together(0.0), 200);
}
END_TEST

TEST_MAIN("bench") {
    TCase *const tests = add_tests(suite, "bench");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, grids);
    tcase_add_test(tests, earlier_results);
    tcase_add_loop_test(tests, bad_files, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, large_files);
    tcase_add_test(tests, peak_after_compilation);
    tcase_add_test(tests, peak_below_an_update);
    tcase_add_test(tests, updates_of_a_timing);
}
