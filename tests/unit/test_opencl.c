/* The OpenCL device on made-up drivers (made_up_opencl.h): what it finds of devices that no machine here has, which
 * calls it makes and in which order, and that every call that fails ends in an error and leaves nothing behind. What
 * kernels compute is tested on real drivers, in tests/kernels. Calls and facts are stored in tests/expected/opencl.txt.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include "suite.h"

#ifdef RG_OPENCL

#include <math.h>
#include <unistd.h>

#include "base/cache.h"
#include "device/device.h"
#include "device/opencl/binary_cache.h"
#include "device/opencl/devices.h"
#include "device/opencl/pocl_cache.h"
#include "made_up_opencl.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"

static struct text told; /* of all cases, in order */

static struct made_up_device card_of(void) {
    struct made_up_device card = processor;
    card.type = CL_DEVICE_TYPE_GPU;
    card.units = 40;
    card.unified = CL_FALSE;
    card.local = 1 << 15;
    card.local_type = CL_LOCAL;
    card.fp32 = CL_FP_FMA;
    card.fp64 = 0;
    card.name = "A card";
    return card;
}

static void begin(const struct made_up_device *device, const char *platform) {
    made_up = (struct made_up){.n_devices = 1,
                               .platform = platform,
                               .max_items = 1024,
                               .build_log = "",
                               .kernels_of_program = 7,
                               .failure = CL_OUT_OF_RESOURCES};
    made_up.devices[0] = *device;
}

/* ---- What a device says of itself ---- */

static void describe(const char *name, const struct made_up_device *device, const char *platform) {
    struct rg_cl_found found[RG_CL_DEVICES];
    struct rg_device_info i;
    char problem[RG_DEVICE_PROBLEM], place[24];
    begin(device, platform);
    const struct rg_cl *const cl = rg_cl_load(NULL);
    ck_assert_uint_eq(rg_cl_find(cl, found), 1);
    rg_cl_place(&found[0], place);
    ck_assert_str_eq(place, "0:0");
    memset(&i, 0xEE, sizeof i);
    rg_cl_describe(cl, &found[0], &i, problem);
#if defined(__x86_64__) || defined(__i386__)
    const bool fma = i.has_fma && (i.is_gpu || !__builtin_cpu_supports("fma")); /* a processor's are not made up */
#else
    const bool fma = i.has_fma && i.is_gpu;
#endif
    text_add(&told, "%s: %s|%s|%s|%s|%s\n", name, i.name, i.backend, i.version, i.platform, problem);
    text_add(&told, " %s%s%s%s%s%s%s units %d", i.is_gpu ? " gpu" : "", i.is_unified ? " unified" : "",
             i.is_accelerator ? " accelerator" : "", i.has_double ? " double" : "", i.has_prefetch ? " prefetch" : "",
             fma ? " fma" : "", i.has_tf32 ? " tf32" : "", i.units);
    text_add(&told, " memory %llu", (unsigned long long)i.memory_bytes);
    if (!i.is_unified || !i.is_gpu || i.budget_bytes < GIB) { /* else half of what this machine has */
        text_add(&told, " budget %llu", (unsigned long long)i.budget_bytes);
    }
    text_add(&told, " buffer %llu local %zu cache %llu real %zu", (unsigned long long)i.max_buffer_bytes,
             i.max_local_bytes, (unsigned long long)i.cache_bytes, i.real_bytes);
    text_add(&told, " shape %d,%d,%d,%d step %llu launch %g\n", i.nv, i.vec, i.cols, i.rows,
             (unsigned long long)i.shared_step_bytes, i.launch_seconds);
}

START_TEST(what_devices_are) {
    text_add(&told, "======== facts\n");
    struct made_up_device d = processor;
    describe("a processor", &d, "Portable Computing Language");
    d.width = 16;
    d.fp64 = 0;
    describe("wide vectors, no doubles", &d, "Intel");
    d.width = 7;
    describe("narrow vectors", &d, "Portable Computing Language");
    d.type = CL_DEVICE_TYPE_ACCELERATOR;
    d.fp32 = CL_FP_FMA;
    describe("an accelerator", &d, "Portable Computing Language");
    d = card_of();
    describe("a card", &d, "a\tvendor's");
    d.watched = CL_TRUE;
    d.capability = 8;
    describe("with a screen, capability 8, of another driver", &d, "rusticl");
    d.extensions = "cl_khr_fp64 cl_nv_compiler_options";
    describe("of NVIDIA", &d, "NVIDIA CUDA");
    d.capability = 7;
    d.watched = CL_FALSE;
    d.fp32 = 0;
    d.memory = 512 << 20;
    describe("capability 7, little memory, no fma", &d, "Apple");
    d.memory = 600 << 20;
    describe("share just below", &d, "x");
    d.memory = 603 << 20;
    describe("share just above", &d, "rusticl");
    d.memory = 16 * GIB;
    d.free_kib = 1000;
    describe("nearly all of it in use", &d, "AMD");
    d.free_kib = 32 << 20;
    describe("more free than is planned", &d, "AMD");
    d.unified = CL_TRUE;
    d.free_kib = 0;
    d.memory = 1 << 20;
    describe("in the processor's memory", &d, "Intel(R) OpenCL Graphics");
    d.units = 7;
    describe("seven execution units", &d, "Intel(R) OpenCL Graphics");
    d.slices = 3;
    d.sub_slices = 4;
    describe("slices of another vendor", &d, "x");
    d.extensions = "cl_intel_device_attribute_query";
    describe("slices", &d, "Intel(R) OpenCL Graphics");
    d.sub_slices = 0;
    describe("slices without parts", &d, "Intel(R) OpenCL Graphics");
    d.units = 0;
    describe("no units", &d, "x");
}
END_TEST

START_TEST(what_devices_lack) {
    text_add(&told, "======== lacks\n");
    size_t longest = 0;
    for (size_t i = 0; i < RG_N_KERNELS; i++) {
        const struct rg_kernel_signature *const s = &rg_kernel_signatures[i];
        const size_t bytes = (s->buffers + (s->local ? 1 : 0)) * 8 + s->args_bytes;
        longest = bytes > longest ? bytes : longest;
    }
    static const char *const lacks[] = {"available", "compiler", "little", "embedded", "local", "no local", "address"};
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        struct made_up_device d = processor;
        d.available = i == 0 ? CL_FALSE : CL_TRUE;
        d.compiler = i == 1 ? CL_FALSE : CL_TRUE;
        d.little = i == 2 ? CL_FALSE : CL_TRUE;
        d.profile = i == 3 ? "EMBEDDED_PROFILE" : "FULL_PROFILE";
        d.local = i == 4 ? 0 : 1 << 18;
        d.local_type = i == 5 ? CL_NONE : CL_GLOBAL;
        d.address_bits = i == 6 ? 32 : 64;
        describe(lacks[i], &d, "x");
    }
    struct rg_cl_found found[RG_CL_DEVICES];
    struct rg_device_info info;
    char problem[RG_DEVICE_PROBLEM], wanted[120];
    struct made_up_device d = processor;
    d.arguments = longest;
    begin(&d, "x");
    const struct rg_cl *const cl = rg_cl_load(NULL);
    ck_assert_uint_eq(rg_cl_find(cl, found), 1);
    rg_cl_describe(cl, &found[0], &info, problem);
    ck_assert_str_eq(problem, "");
    made_up.devices[0].arguments = longest - 1;
    rg_cl_describe(cl, &found[0], &info, problem);
    (void)snprintf(wanted, sizeof wanted, "a kernel takes at most %zu bytes of arguments, %zu are needed", longest - 1,
                   longest);
    ck_assert_str_eq(problem, wanted);
    made_up.n_devices = MADE_UP_DEVICES;
    ck_assert_uint_eq(rg_cl_find(cl, found), MADE_UP_DEVICES);
    ck_assert(found[2].device == 2 && found[2].platform == 0);
    for (made_up.failing = 1; made_up.failing <= 2; made_up.failing++) {
        made_up.n_calls = 0;
        ck_assert_uint_eq(rg_cl_find(cl, found), 0);
    }
}
END_TEST

/* ---- A device at work ---- */

static struct rg_device_options options;

/* Buffers, kernels of several programs, of one launch and of many; `device` is destroyed. */
static rg_status work(void) {
    enum { BYTES = 1000 };
    static unsigned char bytes[BYTES];
    static unsigned char args[2][512];
    struct rg_device *device = NULL;
    struct rg_buffer *buffers[2] = {NULL, NULL}, *one = NULL;
    rg_status status = RG_OK;
    memset(args[1], 1, sizeof args[1]);
    RG_TRY(rg_device_open("opencl", &options, &device));
    RG_TRY_GOTO(rg_buffers_create(device, 2, BYTES, "two", buffers));
    RG_TRY_GOTO(rg_buffer_create(device, BYTES, "one", &one));
    RG_TRY_GOTO(rg_buffer_zero(device, buffers[1]));
    RG_TRY_GOTO(rg_buffer_write(device, buffers[1], 5, bytes, BYTES - 5));
    RG_TRY_GOTO(rg_buffer_read(device, bytes, buffers[1], 0, BYTES));
    struct rg_launch launches[2] = {
        {.kernel = RG_K_rg_fill, .buffers = {one}, .args = args[0], .groups = {3, 2}},
        {.kernel = RG_K_rg_fill, .buffers = {buffers[1]}, .args = args[1], .groups = {3, 2}}};
    RG_TRY_GOTO(rg_device_launch(device, &launches[0]));
    RG_TRY_GOTO(rg_device_launch(device, &launches[1])); /* its buffer begins inside its memory */
    launches[0].buffers[0] = buffers[0];
    RG_TRY_GOTO(rg_device_launch_all(device, launches, 2));
    RG_TRY_GOTO(rg_device_launch_all(device, launches, 2)); /* the same rows are there */
    args[1][0]++;
    RG_TRY_GOTO(rg_device_launch_all(device, launches, 2)); /* others are not */
    struct rg_launch scan = {.kernel = RG_K_rg_rnn_forward,
                             .buffers = {one, one, NULL, one, one},
                             .args = args[0],
                             .groups = {2, 1},
                             .local_bytes = 96};
    RG_TRY_GOTO(rg_device_launch(device, &scan));
    RG_TRY_GOTO(rg_device_try(device, &scan));
    if (device->info.rows > 1) {
        scan.item_rows = 4;
        scan.block_rows = 8;
        RG_TRY_GOTO(rg_device_launch(device, &scan));
        RG_TRY_GOTO(rg_device_launch(device, &scan));
        scan.block_rows = 4;
        RG_TRY_GOTO(rg_device_launch(device, &scan));
        scan.kernel = RG_K_rg_rnn_reverse;
        RG_TRY_GOTO(rg_device_launch(device, &scan));
        scan.kernel = RG_K_rg_weight_gradient;
        RG_TRY_GOTO(rg_device_launch(device, &scan));
    }
    RG_TRY_GOTO(rg_device_flush(device));
    RG_TRY_GOTO(rg_device_finish(device));
cleanup:
    for (size_t i = 0; i < 2; i++) {
        rg_buffer_destroy(device, buffers[i]);
    }
    rg_buffer_destroy(device, one);
    made_up.closing = true;
    if (status == RG_OK) {
        status = rg_device_renew(device);
    }
    rg_device_destroy(device);
    return status;
}

static void show_work(const char *name) {
    text_add(&told, "======== %s\n", name);
    made_up.calls = &told;
    const rg_status status = work();
    ck_assert_msg(status == RG_OK, "%s: %s", name, rg_error_message());
    made_up.calls = NULL;
    ck_assert_int_eq(made_up.alive, 0);
}

/* Each call fails once, but those that are alike. With `lenient` the work may go on: a card with a ladder of shapes
 * tries the next one. Without, it only may where a device is described that is opened later, calls 3 and 4. */
static void each_call_fails(const char *name, const struct made_up_device *device, bool lenient) {
    begin(device, RG_POCL_NAME);
    ck_assert_int_eq(work(), RG_OK);
    const size_t all = made_up.n_calls;
    bool alike[MADE_UP_CALLS], unheard[MADE_UP_CALLS];
    size_t failed = 0;
    ck_assert_uint_le(all, MADE_UP_CALLS);
    memcpy(alike, made_up.alike, sizeof alike);
    memcpy(unheard, made_up.unheard, sizeof unheard);
    for (size_t i = 1; i <= all; i++) {
        if (alike[i - 1]) {
            continue;
        }
        begin(device, RG_POCL_NAME);
        made_up.failing = i;
        const rg_status status = work();
        failed += status != RG_OK;
        ck_assert_msg(made_up.alive == 0, "%s, call %zu of %zu: %ld objects are left, status %d", name, i, all,
                      made_up.alive, (int)status);
        ck_assert_msg(status == RG_NO_DEVICE || status == RG_NO_MEMORY ||
                          ((lenient || i == 3 || i == 4 || unheard[i - 1]) && status == RG_OK),
                      "%s, call %zu of %zu: status %d, %s", name, i, all, (int)status, rg_error_message());
    }
    ck_assert_uint_ge(failed, 60);
}

START_TEST(calls) {
    const struct made_up_device card = card_of();
    rg_log_quiet(1);
    options = (struct rg_device_options){.threads = 1};
    begin(&processor, "Portable Computing Language");
    show_work("work on a processor");
    options.is_double = true;
    begin(&processor, "another");
    show_work("in doubles");
    options.is_double = false;
    begin(&card, "a vendor's");
    show_work("work on a card");
    options.shape = (struct rg_device_shape){2, 2, 8, 8};
    begin(&card, "a vendor's");
    show_work("in another shape");
    each_call_fails("a card in one shape", &card, false);
    options.shape = (struct rg_device_shape){0};
    each_call_fails("a card", &card, true);
    options.threads = 0;
    each_call_fails("a processor", &processor, false);
}
END_TEST

/* Units of a device that is opened for so many threads. */
static int units_of(const struct made_up_device *d, int threads, bool is_whole) {
    struct rg_device *device = NULL;
    begin(d, "x");
    made_up.is_whole = is_whole;
    ck_assert_int_eq(rg_device_open("0:0", &(struct rg_device_options){.threads = threads}, &device), RG_OK);
    const int units = device->info.units;
    rg_device_destroy(device);
    ck_assert_int_eq(made_up.alive, 0);
    return units;
}

START_TEST(threads_limit_a_processor) {
    const struct made_up_device card = card_of();
    rg_log_quiet(1);
    ck_assert_int_eq(units_of(&processor, 0, false), 8);
    ck_assert_int_eq(units_of(&processor, 1, false), 1);
    ck_assert_int_eq(units_of(&processor, 7, false), 7);
    ck_assert_int_eq(units_of(&processor, 8, false), 8);
    ck_assert_int_eq(units_of(&processor, 9, false), 8);
    ck_assert_int_eq(units_of(&processor, 3, true), 8);
    ck_assert_int_eq(units_of(&card, 3, false), 40);
}
END_TEST

START_TEST(refusals) {
    struct rg_device *device = NULL;
    struct made_up_device d = card_of();
    options = (struct rg_device_options){.is_double = true};
    begin(&d, "x");
    text_add(&told, "======== refusals\n");
    ck_assert_int_eq(rg_device_open("0:0", &options, &device), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    options = (struct rg_device_options){.tf32 = RG_TF32_TENSOR_CORES};
    ck_assert_int_eq(rg_device_open("0:0", &options, &device), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    options = (struct rg_device_options){.threads = 1};
    ck_assert_int_eq(rg_opencl_open(1, &options, &device), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    made_up.devices[0].compiler = CL_FALSE;
    ck_assert_int_eq(rg_device_open("0:0", &options, &device), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    begin(&d, "x");
    made_up.n_devices = 2;
    made_up.devices[1] = processor;
    ck_assert_int_eq(rg_device_open("A ", &options, &device), RG_USAGE);
    text_add(&told, "%.*s\n", length_to_native(rg_error_message()), rg_error_message());
    options.of_environment = true;
    ck_assert_int_eq(rg_device_open("nothing", &options, &device), RG_NO_DEVICE);
    text_add(&told, "%.*s\n", length_to_native(rg_error_message()), rg_error_message());
    made_up.n_devices = 0;
    ck_assert_int_eq(rg_device_open("opencl", &options, &device), RG_NO_DEVICE);
    text_add(&told, "%.120s\n", rg_error_message());
    ck_assert_ptr_null(device);
    static const char *const logs[] = {"", "a warning\nfile:3: error: no such thing", "error at the end", "only words"};
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        begin(&processor, "x");
        made_up.build_code = CL_BUILD_PROGRAM_FAILURE;
        made_up.build_log = logs[i];
        ck_assert_int_eq(rg_device_open("0:0", &options, &device), RG_NO_DEVICE);
        text_add(&told, "%s\n", rg_error_message());
        ck_assert_int_eq(made_up.alive, 0);
    }
    static const cl_int codes[] = {CL_DEVICE_NOT_FOUND,
                                   CL_OUT_OF_RESOURCES,
                                   CL_OUT_OF_HOST_MEMORY,
                                   CL_INVALID_COMMAND_QUEUE,
                                   CL_INVALID_KERNEL,
                                   CL_INVALID_WORK_GROUP_SIZE,
                                   CL_INVALID_BUFFER_SIZE,
                                   -9999,
                                   -1001,
                                   -77777};
    static const char *const of[] = {"clCreateBuffer", "clEnqueueX", "clFinish", "clFlush"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
            const rg_status plain = rg_cl_check(codes[i], of[k], "it");
            text_add(&told, "%d %s\n", (int)plain, rg_error_message());
            const rg_status memory = rg_cl_check_memory(codes[i], of[k], "it");
            text_add(&told, "%d %s\n", (int)memory, rg_error_message());
        }
    }
    ck_assert(rg_cl_check(CL_SUCCESS, "clFinish", "it") == RG_OK && rg_cl_check_memory(CL_SUCCESS, "x", "it") == RG_OK);
}
END_TEST

/* ---- The ladder of shapes ---- */

static struct rg_device *card_with(size_t max_items) {
    struct rg_device *device = NULL;
    const struct made_up_device card = card_of();
    begin(&card, "a vendor's");
    made_up.max_items = max_items;
    options = (struct rg_device_options){.threads = 1};
    if (rg_device_open("opencl", &options, &device) != RG_OK) {
        text_add(&told, "%s\n", rg_error_message());
    }
    return device;
}

START_TEST(ladder) {
    static const unsigned char args[512];
    static const size_t items[] = {256, 255, 128, 127, 64, 63, 32};
    text_add(&told, "======== the ladder\n");
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        struct rg_device *const device = card_with(items[i]);
        ck_assert_ptr_nonnull(device);
        text_add(&told, "%zu items: %d,%d,%d,%d\n", items[i], device->info.nv, device->info.vec, device->info.cols,
                 device->info.rows);
        rg_device_destroy(device);
    }
    ck_assert_ptr_null(card_with(31));
    const struct rg_launch scan = {.kernel = RG_K_rg_lstm_forward, .args = args, .groups = {1, 1}, .local_bytes = 1000};
    struct rg_device *device = card_with(1024);
    made_up.private_of_fill = 100;
    made_up.private_bytes = 356;
    made_up.local_of_kernels = 1 << 15;
    ck_assert_int_eq(rg_device_try(device, &scan), RG_OK);
    made_up.local_of_kernels++;
    ck_assert_int_eq(rg_device_try(device, &scan), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    made_up.local_of_kernels = 0;
    struct rg_launch large = scan;
    large.local_bytes = (1 << 15) + 1;
    ck_assert_int_eq(rg_device_try(device, &large), RG_NO_DEVICE);
    text_add(&told, "%s\n", rg_error_message());
    ck_assert(!rg_device_descend(device) || device->info.rows == 16); /* one rung down */
    made_up.private_bytes = 357;
    for (int rung = 1; rung < 8; rung++) { /* every shape spills: the first one is taken, with its spills */
        const rg_status status = rg_device_try(device, &scan);
        text_add(&told, "rung %d: %d,%d,%d,%d: %s\n", rung, device->info.nv, device->info.vec, device->info.cols,
                 device->info.rows, status == RG_OK ? "ok" : rg_error_message());
        if (status == RG_OK) {
            break;
        }
        ck_assert_int_eq(status, RG_NO_DEVICE);
        ck_assert(rg_device_descend(device));
    }
    rg_device_destroy(device);
    ck_assert_int_eq(made_up.alive, 0);
    device = card_with(1024); /* without spills the ladder ends */
    size_t rungs = 0;
    while (rg_device_descend(device)) {
        ck_assert_uint_le(++rungs, 4);
    }
    ck_assert_uint_eq(rungs, 4);
    rg_device_destroy(device);
    begin(&processor, "x");
    ck_assert_int_eq(rg_device_open("opencl", &options, &device), RG_OK);
    made_up.private_bytes = 1000;
    ck_assert(rg_device_try(device, &scan) == RG_OK && !rg_device_descend(device));
    rg_device_destroy(device);
}
END_TEST

/* A program of several kernels that was not created whole is created anew by the next launch, and nothing of the first
 * attempt is left. */
START_TEST(programs_are_whole) {
    static const unsigned char args[512];
    const struct rg_launch scan = {.kernel = RG_K_rg_rnn_reverse, .args = args, .groups = {1, 1}, .local_bytes = 96};
    size_t failed = 0;
    for (bool fails = true; fails; failed += fails) {
        struct rg_device *const device = card_with(1024);
        const long before = made_up.alive;
        made_up.failing = made_up.n_calls + failed + 1;
        fails = rg_device_launch(device, &scan) != RG_OK;
        const long left = made_up.alive - before;
        made_up.failing = 0;
        ck_assert_int_eq(rg_device_launch(device, &scan), RG_OK);
        ck_assert_int_eq(made_up.alive - before, 3); /* the program, forward, reverse */
        ck_assert_msg(left == 0 || left == 3, "call %zu: %ld objects are left", failed + 1, left);
        rg_device_destroy(device);
        ck_assert_int_eq(made_up.alive, 0);
    }
    ck_assert_uint_ge(failed, 7); /* the program, its build, its kernels and their sizes, the launch */
    struct rg_device *const device = card_with(1024);
    const long before = made_up.alive;
    made_up.max_items = 1;
    for (int i = 0; i < 2; i++) { /* its groups are too large, and stay so */
        ck_assert_int_eq(rg_device_launch(device, &scan), RG_NO_DEVICE);
        ck_assert(made_up.alive == before && strstr(rg_error_message(), "can run 1 items a group"));
    }
    rg_device_destroy(device);
    ck_assert_int_eq(made_up.alive, 0);
}
END_TEST

/* ---- Built programs on disk ---- */

START_TEST(binaries) {
    char folder[256], path[300];
    struct rg_cl_binary b, other;
    cl_program program = NULL;
    begin(&processor, "Portable Computing Language");
    const struct rg_cl *const cl = rg_cl_load(NULL);
    cl_device_id const id = (cl_device_id)&made_up.devices[0];
    const struct rg_cl_target target = {.cl = cl, .id = id};
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/deep/er", folder);
    ck_assert_int_eq(rg_cache_set_folder(path), RG_OK);
    rg_cl_binary_find(cl, id, "text", "-options", &b);
    ck_assert_str_eq(b.path, ""); /* PoCL has its own */
    ck_assert(!rg_cl_binary_load(&target, "", &b, &program));
    rg_cl_binary_save(cl, (cl_program)&made_up, &b);
    made_up.platform = "another";
    rg_cl_binary_find(cl, id, "text", "-options", &b);
    ck_assert_int_eq(strncmp(b.path, path, strlen(path)), 0);
    const char *const texts[][2] = {{"texu", "-options"}, {"text", "-optiont"}, {"t", "ext-options"}};
    for (size_t i = 0; i < 3; i++) {
        rg_cl_binary_find(cl, id, texts[i][0], texts[i][1], &other);
        ck_assert(other.key[0] != b.key[0] && other.key[1] != b.key[1] && strcmp(other.path, b.path) != 0);
    }
    const char **const facts[] = {&made_up.devices[0].name, &made_up.devices[0].version, &made_up.devices[0].driver,
                                  &made_up.platform};
    for (size_t i = 0; i < 4; i++) {
        const char *const was = *facts[i];
        *facts[i] = "something else";
        rg_cl_binary_find(cl, id, "text", "-options", &other);
        ck_assert(other.key[0] != b.key[0] && other.key[1] != b.key[1]);
        *facts[i] = was;
    }
    ck_assert(!rg_cl_binary_load(&target, "-options", &b, &program) && !program);
    rg_cl_binary_save(cl, (cl_program)&made_up, &b);
    ck_assert_int_eq(access(b.path, F_OK), 0);
    text_add(&told, "======== binaries\n");
    made_up.calls = &told;
    ck_assert(rg_cl_binary_load(&target, "-options", &b, &program) && program);
    made_up.calls = NULL;
    ck_assert_int_eq(made_up.alive, 1);
    ck_assert_int_eq(access(b.path, F_OK), 0);
    /* what is damaged or refused is removed */
    char *const whole = text_of_file(b.path);
    for (int damage = 0; damage < 7; damage++) {
        made_up.alive = 0;
        rg_cl_binary_save(cl, (cl_program)&made_up, &b);
        FILE *const file = fopen(b.path, "r+");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fseek(file,
                               damage == 0   ? 0
                               : damage == 1 ? 8
                               : damage == 2 ? -1
                                             : 0,
                               damage < 2 ? SEEK_SET : SEEK_END),
                         0);
        if (damage < 4) { /* the magic, the key, the last byte, one byte more */
            ck_assert_int_ge(fputc('#', file), 0);
        }
        ck_assert_int_eq(fclose(file), 0);
        made_up.kernels_of_program = damage == 4 ? 8 : 7;
        made_up.build_code = damage == 5 ? CL_BUILD_PROGRAM_FAILURE : CL_SUCCESS;
        made_up.n_calls = 0;
        made_up.failing = damage == 6 ? 1 : 0;
        program = (cl_program)&made_up;
        ck_assert_msg(!rg_cl_binary_load(&target, "-options", &b, &program), "damage %d", damage);
        ck_assert(!program && made_up.alive == 0 && access(b.path, F_OK) != 0);
        made_up.kernels_of_program = 7;
    }
    free(whole);
    ck_assert_int_eq(rg_cache_set_folder(NULL), RG_OK);
    rg_cl_binary_find(cl, id, "text", "-options", &other);
    ck_assert(other.path[0] == '\0' && other.key[0] == b.key[0]);
    ck_assert_int_eq(rmdir(path), 0);
    (void)snprintf(path, sizeof path, "%s/deep", folder);
    ck_assert(rmdir(path) == 0 && rmdir(folder) == 0);
    check_expected("opencl.txt", told.bytes);
    free(told.bytes);
}
END_TEST

TEST_MAIN("opencl") {
    TCase *const tests = add_tests(suite, "opencl");
    tcase_add_test(tests, what_devices_are);
    tcase_add_test(tests, what_devices_lack);
    tcase_add_test(tests, calls);
    tcase_add_test(tests, threads_limit_a_processor);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, ladder);
    tcase_add_test(tests, programs_are_whole);
    tcase_add_test(tests, binaries);
}

#else

#include "device/device.h"

START_TEST(no_opencl) {
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_device_open("opencl", &(struct rg_device_options){.threads = 1}, &device), RG_NO_DEVICE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "this build has no OpenCL"));
}
END_TEST

TEST_MAIN("opencl") {
    tcase_add_test(add_tests(suite, "opencl"), no_opencl);
}

#endif
