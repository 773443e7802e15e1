/* Devices by themselves: how they are named and opened, buffers and their borders, numbers on their way there and back,
 * and wide products by a library. */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executions.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

static const struct execution machines[] = {
    {"native", "cpu", {.threads = 2}},
    {"native, double", "cpu", {.threads = 3, .is_double = true}},
#ifdef RG_OPENCL
    {"opencl", "opencl", {0}},
    {"opencl, double", "opencl", {.is_double = true}},
    {"opencl, one thread", "opencl", {.threads = 1}},
#endif
};
enum { N_MACHINES = sizeof machines / sizeof *machines };

/* ---- Names ---- */

static void expect_opened(const char *spec, const struct rg_device_info *wanted) {
    struct rg_device *device = NULL;
    ck_assert_msg(rg_device_open(spec, &(struct rg_device_options){.threads = 1}, &device) == RG_OK, "--device %s: %s",
                  spec, rg_error_message());
    ck_assert_str_eq(device->info.backend, wanted->backend);
    ck_assert_str_eq(device->info.name, wanted->name);
    ck_assert(device->used_bytes == 0 || device->info.backend[0] == 'o');
    rg_device_destroy(device);
}

static void expect_refused(const char *spec, rg_status status, const char *words) {
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_device_open(spec, &(struct rg_device_options){.threads = 1}, &device), status);
    ck_assert_ptr_null(device);
    ck_assert_msg(strstr(rg_error_message(), words) != NULL, "--device %s: %s", spec, rg_error_message());
}

START_TEST(every_device_opens_by_number_and_by_part_of_its_name) {
    struct rg_device_entry *entries = NULL;
    size_t n = 0;
    rg_log_quiet(1);
    expect_ok(rg_device_list(&(struct rg_device_options){.threads = 1}, &entries, &n), "list");
    ck_assert_uint_ge(n, 1);
    const struct rg_device_entry *const native = &entries[n - 1];
    ck_assert_str_eq(native->id, "cpu");
    ck_assert_str_eq(native->info.backend, "native");
    expect_opened("cpu", &native->info);
    expect_opened("CPU", &native->info);
    expect_opened("native", &native->info);
    size_t usable = 0, gpus = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        char part[64];
        size_t same = 0;
        if (entries[i].problem[0]) {
            continue;
        }
        usable++;
        gpus += entries[i].info.is_gpu;
        expect_opened(entries[i].id, &entries[i].info);
        /* without its first letter, in capitals */
        (void)snprintf(part, sizeof part, "%s", entries[i].info.name + 1);
        for (char *c = part; *c; c++) {
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        }
        for (size_t k = 0; k + 1 < n; k++) {
            same += strcasestr(entries[k].info.name, part) != NULL;
        }
        if (same == 1) {
            expect_opened(part, &entries[i].info);
        } else {
            expect_refused(part, RG_USAGE, "say which by its number");
        }
        expect_refused("no such device", RG_NO_DEVICE, entries[i].info.name); /* a refusal lists what there is */
        expect_refused("no such device", RG_NO_DEVICE, entries[i].id);
    }
    expect_refused("no such device", RG_NO_DEVICE, "--device no such device matches no device");
    expect_refused("no such device", RG_NO_DEVICE, native->info.name);
    expect_refused("99:0", RG_NO_DEVICE, "matches no device");
    if (gpus == 0) {
        expect_refused("gpu", RG_NO_DEVICE, "matches no device");
    }
    if (usable > 0) {
        expect_opened("opencl", &entries[0].info);
    }
    if (gpus == 0) {
        expect_opened("auto", usable > 0 ? &entries[0].info : &native->info);
    }
    rg_free(entries);
}
END_TEST

START_TEST(the_native_device_is_the_machine) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const uint64_t memory = (uint64_t)pages * (uint64_t)page;
    for (int is_double = 0; is_double < 2; is_double++) {
        for (int threads = 1; threads < 4; threads++) {
            struct rg_device_info info;
            rg_native_describe(&(struct rg_device_options){.threads = threads, .is_double = is_double}, &info);
            ck_assert_int_eq(info.units, threads);
            ck_assert_uint_eq(info.memory_bytes, memory / 4 * 3);
            ck_assert_uint_eq(info.max_buffer_bytes, info.memory_bytes);
            ck_assert_uint_eq(info.max_local_bytes, 1 << 20);
            ck_assert_uint_eq(info.real_bytes, is_double ? 8 : 4);
            ck_assert(!info.is_gpu && info.has_double && info.cols == 1 && info.rows == 1);
            /* a vector register of 16 to 64 bytes; lanes of half as many doubles */
            const int bytes = info.vec * (int)info.real_bytes;
            ck_assert(bytes == 16 || bytes == 32 || bytes == 64);
            ck_assert(strlen(info.name) > 0 && strlen(info.version) > 0);
        }
    }
}
END_TEST

/* What a child process may do with its parent's device and buffer: nothing but destroy them. */
static bool is_refused_and_freed(struct rg_device *device, struct rg_buffer *buffer) {
    char bytes[64] = {0};
    struct rg_buffer *other = NULL;
    const struct rg_fill_args args = {.bytes = sizeof bytes};
    const struct rg_launch launch = {.kernel = RG_K_rg_fill, .buffers = {buffer}, .args = &args, .groups = {1, 1}};
    const struct rg_wide_product product = {.a = buffer, .b = buffer, .c = buffer};
    bool refused = rg_buffer_write(device, buffer, 0, bytes, 64) == RG_ERROR &&
                   strstr(rg_error_message(), "was opened before fork(), and this is the child process") != NULL;
    refused = refused && rg_buffer_read(device, bytes, buffer, 0, 64) == RG_ERROR;
    refused = refused && rg_buffer_zero(device, buffer) == RG_ERROR && rg_device_finish(device) == RG_ERROR;
    refused = refused && rg_buffer_create(device, 64, "more", &other) == RG_ERROR && !other;
    refused = refused && rg_device_launch(device, &launch) == RG_ERROR && rg_device_try(device, &launch) == RG_ERROR;
    refused = refused && rg_device_flush(device) == RG_ERROR && rg_device_use_library(device) == RG_ERROR;
    refused = refused && rg_device_product(device, &product) == RG_ERROR;
    rg_buffer_destroy(device, buffer);
    refused = refused && rg_device_renew(device) == RG_ERROR && !rg_device_descend(device);
    rg_device_destroy(device);
    return refused;
}

START_TEST(a_child_process_cannot_use_the_device) {
    enum { PATIENCE_SECONDS = 60 };
    struct rg_device *const device = open_one(&machines[_i]);
    if (!device) {
        return;
    }
    struct rg_buffer *buffer = NULL;
    expect_ok(rg_buffer_create(device, 64, "numbers", &buffer), "buffer");
    expect_ok(rg_buffer_zero(device, buffer), "zero");
    (void)usleep(20000); /* until the native device's threads sleep */
    const pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGALRM, SIG_DFL); /* Check's handler kills the whole process group */
        (void)alarm(PATIENCE_SECONDS);
        _exit(is_refused_and_freed(device, buffer) ? 0 : 1);
    }
    int how = 1;
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_msg(how == 0, "%s: the child ended with %d", machines[_i].name, how);
    expect_ok(rg_buffer_zero(device, buffer), "the parent goes on");
    rg_buffer_destroy(device, buffer);
    rg_device_destroy(device);
}
END_TEST

/* ---- Buffers ---- */

START_TEST(buffers_keep_their_bytes_and_borders) {
    enum { BYTES = 1003 };
    struct rg_device *const device = open_one(&machines[_i]);
    if (!device) {
        return;
    }
    struct rg_buffer *buffers[3], *one = NULL;
    unsigned char out[BYTES], in[BYTES];
    const size_t used = device->used_bytes;
    expect_ok(rg_buffers_create(device, 3, BYTES, "three", buffers), "three");
    expect_ok(rg_buffer_create(device, 0, "nothing", &one), "nothing");
    ck_assert_uint_eq(device->used_bytes, used + 3 * BYTES + 1);
    ck_assert_uint_eq(device->peak_bytes, device->used_bytes);
    for (size_t b = 0; b < 3; b++) {
        expect_ok(rg_buffer_zero(device, buffers[b]), "zero");
        for (size_t i = 0; i < BYTES; i++) {
            out[i] = (unsigned char)(i * 7 + b);
        }
        expect_ok(rg_buffer_write(device, buffers[b], 10 * b, out, BYTES - 10 * b), "up to the end");
    }
    for (size_t b = 0; b < 3; b++) {
        memset(in, 0xEE, sizeof in);
        expect_ok(rg_buffer_read(device, in, buffers[b], 0, BYTES), "all of it");
        for (size_t i = 0; i < BYTES; i++) {
            ck_assert_uint_eq(in[i], i < 10 * b ? 0 : (unsigned char)((i - 10 * b) * 7 + b));
        }
        memset(in, 0xEE, sizeof in);
        expect_ok(rg_buffer_read(device, in, buffers[b], BYTES - 1, 1), "the last byte");
        ck_assert(in[0] == (unsigned char)((BYTES - 1 - 10 * b) * 7 + b) && in[1] == 0xEE);
        ck_assert_int_eq(rg_buffer_read(device, in, buffers[b], 1, BYTES), RG_ERROR);
        ck_assert_int_eq(rg_buffer_read(device, in, buffers[b], BYTES, 1), RG_ERROR);
        ck_assert_int_eq(rg_buffer_write(device, buffers[b], BYTES + 1, in, 0), RG_ERROR);
        ck_assert_int_eq(rg_buffer_write(device, buffers[b], 3, in, SIZE_MAX), RG_ERROR);
        expect_ok(rg_buffer_read(device, in, buffers[b], BYTES, 0), "nothing at the end");
    }
    const size_t peak = device->peak_bytes;
    for (size_t b = 0; b < 3; b++) {
        rg_buffer_destroy(device, buffers[b]);
    }
    rg_buffer_destroy(device, one);
    rg_buffer_destroy(device, NULL);
    ck_assert(device->used_bytes == used && device->peak_bytes == peak);
    rg_device_destroy(device);
    rg_device_destroy(NULL);
}
END_TEST

START_TEST(a_buffer_beyond_the_device_is_refused) {
    struct rg_device *const device = open_one(&machines[_i]);
    if (!device) {
        return;
    }
    struct rg_buffer *buffers[3] = {NULL};
    device->info.max_buffer_bytes = 3000;
    const size_t used = device->used_bytes;
    ck_assert_int_eq(rg_buffers_create(device, 3, 1001, "the things", buffers), RG_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "the things needs a buffer of 0.0 MiB"));
    ck_assert_ptr_nonnull(strstr(rg_error_message(), device->info.name));
    ck_assert(!buffers[0] && !buffers[1] && !buffers[2] && device->used_bytes == used);
    ck_assert_int_eq(rg_buffers_create(device, 3, SIZE_MAX / 2, "the things", buffers), RG_NO_MEMORY);
    expect_ok(rg_buffers_create(device, 3, 1000, "the things", buffers), "exactly the limit");
    for (size_t b = 0; b < 3; b++) {
        rg_buffer_destroy(device, buffers[b]);
    }
    rg_device_destroy(device);
}
END_TEST

START_TEST(numbers_come_back) {
    enum { N = 77, FIRST = 5 };
    struct rg_device *const device = open_one(&machines[_i]);
    if (!device) {
        return;
    }
    const bool is_double = device->info.real_bytes == sizeof(double);
    ck_assert(is_double == machines[_i].options.is_double && (is_double || device->info.real_bytes == sizeof(float)));
    struct rg_buffer *buffer = NULL;
    double out[N], in[N + 1];
    float floats[N];
    expect_ok(rg_reals_create(device, N + FIRST, "numbers", &buffer), "numbers");
    expect_ok(rg_buffer_zero(device, buffer), "zero");
    for (size_t i = 0; i < N; i++) {
        out[i] = 1.0 / (1.0 + (double)i);
        floats[i] = 1.0f / (2.0f + (float)i);
    }
    expect_ok(rg_reals_write(device, buffer, FIRST, out, N), "doubles");
    in[N] = 99.0;
    expect_ok(rg_reals_read(device, in, buffer, FIRST, N), "doubles");
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq(in[i], is_double ? out[i] : (double)(float)out[i]);
    }
    ck_assert_double_eq(in[N], 99.0);
    expect_ok(rg_reals_write_floats(device, buffer, FIRST, floats, N), "floats");
    expect_ok(rg_reals_read(device, in, buffer, FIRST, N), "floats");
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq(in[i], (double)floats[i]);
    }
    expect_ok(rg_reals_read(device, in, buffer, 0, FIRST), "what was not written");
    for (size_t i = 0; i < FIRST; i++) {
        ck_assert_double_eq(in[i], 0.0);
    }
    ck_assert_int_eq(rg_reals_write(device, buffer, FIRST + 1, out, N), RG_ERROR);
    ck_assert_int_eq(rg_reals_read(device, in, buffer, FIRST + 1, N), RG_ERROR);
    rg_buffer_destroy(device, buffer);
    rg_device_destroy(device);
}
END_TEST

/* ---- Wide products ---- */

static const struct {
    size_t m, n, k, step, block;
    bool transposed, add;
} products[] = {
    {2, 3, 4, 1, 1, false, false},     {12, 7, 5, 6, 4, false, false},  {12, 7, 5, 6, 4, true, false},
    {30, 65, 33, 10, 16, false, true}, {30, 65, 33, 10, 8, true, true},
};

/* The library computes every product itself, and what lies around c stays. */
START_TEST(a_library_computes_products) {
    enum { MAX_NUMBERS = 8192, EDGE = 3 };
    /* CLBlast compiles for long; the first part of test_library has its products in updates */
    const bool in_rest = machines[_i].spec[0] == 'o';
    struct rg_device *const device = case_runs(!in_rest) ? open_one(&machines[_i]) : NULL;
    if (!device) {
        return;
    }
    static double a[MAX_NUMBERS], b[MAX_NUMBERS], before[MAX_NUMBERS], after[MAX_NUMBERS];
    struct rg_buffer *buffers[3];
    const double eps = device->info.real_bytes == sizeof(double) ? 0x1p-52 : 0x1p-23;
    expect_ok(rg_device_use_library(device), "library");
    const char *const name = device->info.backend[0] == 'n' ? "OpenBLAS" : "CLBlast";
    ck_assert_int_eq(strncmp(device->info.library, name, strlen(name)), 0);
    expect_ok(rg_buffers_create(device, 3, MAX_NUMBERS * device->info.real_bytes, "operands", buffers), "operands");
    for (size_t i = 0; i < MAX_NUMBERS; i++) {
        a[i] = (double)(i * 37 % 101) / 64.0 - 0.75;
        b[i] = (double)(i * 53 % 97) / 64.0 - 0.75;
        before[i] = (double)(i * 29 % 89) / 64.0;
    }
    expect_ok(rg_reals_write(device, buffers[0], 0, a, MAX_NUMBERS), "a");
    expect_ok(rg_reals_write(device, buffers[1], 0, b, MAX_NUMBERS), "b");
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        const struct rg_wide_product p = {.a = buffers[0],
                                          .b = buffers[1],
                                          .c = buffers[2],
                                          .a_at = 11,
                                          .b_at = 13,
                                          .c_at = 17,
                                          .a_stride = products[i].k + EDGE,
                                          .b_stride = (products[i].transposed ? products[i].k : products[i].n) + EDGE,
                                          .c_stride = products[i].n + EDGE,
                                          .m = products[i].m,
                                          .n = products[i].n,
                                          .k = products[i].k,
                                          .step = products[i].step,
                                          .block = products[i].block,
                                          .transposed = products[i].transposed,
                                          .add = products[i].add};
        const size_t launches = device->launches;
        expect_ok(rg_reals_write(device, buffers[2], 0, before, MAX_NUMBERS), "c");
        expect_ok(rg_device_product(device, &p), machines[_i].name);
        expect_ok(rg_reals_read(device, after, buffers[2], 0, MAX_NUMBERS), "c");
        ck_assert_uint_eq(device->launches, launches + 1);
        for (size_t at = 0; at < MAX_NUMBERS; at++) {
            const size_t r = (at - p.c_at) / p.c_stride, c = (at - p.c_at) % p.c_stride;
            double sum = before[at];
            if (at >= p.c_at && r < p.m && c < p.n) {
                sum = p.add ? sum : 0.0;
                for (size_t x = 0; x < p.k; x++) {
                    sum += a[p.a_at + r * p.a_stride + x] *
                           b[p.b_at + (p.transposed ? c * p.b_stride + x : x * p.b_stride + c)];
                }
            }
            ck_assert_msg(fabs(after[at] - sum) <= 40.0 * eps, "%s, product %zu, element %zu: %.9g for %.9g",
                          machines[_i].name, i, at, after[at], sum);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        rg_buffer_destroy(device, buffers[i]);
    }
    rg_device_destroy(device);
}
END_TEST

#ifdef RG_OPENCL
/* CLBlast's own refusal becomes an error that names it. */
START_TEST(a_library_that_refuses_is_named) {
    struct rg_device *const device = open_one(&machines[2]);
    if (!device) {
        return;
    }
    struct rg_buffer *buffer = NULL;
    expect_ok(rg_device_use_library(device), "library");
    expect_ok(rg_reals_create(device, 4, "operands", &buffer), "operands");
    const struct rg_wide_product p = {
        .a = buffer, .b = buffer, .c = buffer, .a_stride = 8, .b_stride = 8, .c_stride = 8, .m = 8, .n = 8, .k = 8};
    ck_assert_int_eq(rg_device_product(device, &p), RG_ERROR);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "CLBlast failed with code -"));
    rg_buffer_destroy(device, buffer);
    rg_device_destroy(device);
}
END_TEST
#endif

TEST_MAIN("device") {
    TCase *const tests = add_tests(suite, "device");
    tcase_add_test(tests, every_device_opens_by_number_and_by_part_of_its_name);
    tcase_add_test(tests, the_native_device_is_the_machine);
    tcase_add_loop_test(tests, buffers_keep_their_bytes_and_borders, 0, N_MACHINES);
    tcase_add_loop_test(tests, a_buffer_beyond_the_device_is_refused, 0, N_MACHINES);
    tcase_add_loop_test(tests, numbers_come_back, 0, N_MACHINES);
    tcase_add_loop_test(tests, a_library_computes_products, 0, N_MACHINES);
    tcase_add_loop_test(tests, a_child_process_cannot_use_the_device, 0, N_MACHINES);
#ifdef RG_OPENCL
    tcase_add_test(tests, a_library_that_refuses_is_named);
#endif
}
