/* The operations of a device and those of a team (device/device.c, device/team.c) on a made-up device, whose calls are
 * listed: what is checked, counted, rounded and put together, against values worked out by hand. */
#include <math.h>
#include <pthread.h>

#include "device/device.h"
#include "device/team.h"
#include "expected.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

/* ---- The made-up device ---- */

struct made_buffer {
    struct rg_buffer base;
    char name; /* 'a' for the first one that was made, and so on */
    unsigned char *memory;
};

static struct text calls; /* since the last expect_calls */
static char next_name;
static size_t n_calls, failing; /* this call fails, from 1; 0: none */
static long alive;

static rg_status called(void) {
    return ++n_calls == failing ? rg_fail(RG_NO_DEVICE, "the made-up device fails") : RG_OK;
}

static char name_of(const struct rg_buffer *buffer) {
    return ((const struct made_buffer *)buffer)->name;
}

static rg_status made_buffers_create(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    (void)device;
    text_add(&calls, "create %zu x %zu\n", n, bytes);
    RG_TRY(called());
    for (size_t i = 0; i < n; i++) {
        struct made_buffer *const b = calloc(1, sizeof *b);
        ck_assert_ptr_nonnull(b);
        b->memory = malloc(bytes);
        ck_assert_ptr_nonnull(b->memory);
        b->name = next_name++;
        out[i] = &b->base;
        alive++;
    }
    return RG_OK;
}

static void made_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    (void)device;
    free(((struct made_buffer *)buffer)->memory);
    free(buffer);
    alive--;
}

static rg_status made_write(struct rg_device *device, struct rg_buffer *to, size_t at, const void *from, size_t bytes) {
    (void)device;
    text_add(&calls, "write %zu at %zu of %c\n", bytes, at, name_of(to));
    memcpy(((struct made_buffer *)to)->memory + at, from, bytes);
    return called();
}

static rg_status made_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t at, size_t bytes) {
    (void)device;
    text_add(&calls, "read %zu at %zu of %c\n", bytes, at, name_of(from));
    memcpy(to, ((struct made_buffer *)from)->memory + at, bytes);
    return called();
}

static rg_status made_zero(struct rg_device *device, struct rg_buffer *buffer, size_t bytes) {
    (void)device;
    text_add(&calls, "zero %zu of %c\n", bytes, name_of(buffer));
    memset(((struct made_buffer *)buffer)->memory, 0, bytes);
    return called();
}

/* "launch 0 in 3x2 with a- 7, b- 9": the first two buffers and the first byte of the arguments of each launch. */
static rg_status made_launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    (void)device;
    text_add(&calls, "launch %d in %zux%zu with", (int)launches->kernel, launches->groups[0], launches->groups[1]);
    for (size_t i = 0; i < n; i++) {
        text_add(&calls, "%s ", i ? "," : "");
        for (size_t b = 0; b < 2; b++) {
            text_add(&calls, "%c", launches[i].buffers[b] ? name_of(launches[i].buffers[b]) : '-');
        }
        text_add(&calls, " %d", *(const unsigned char *)launches[i].args);
    }
    text_add(&calls, "\n");
    return called();
}

static rg_status made_finish(struct rg_device *device) {
    (void)device;
    text_add(&calls, "finish\n");
    return called();
}

static rg_status made_flush(struct rg_device *device) {
    (void)device;
    text_add(&calls, "flush\n");
    return called();
}

static rg_status made_renew(struct rg_device *device) {
    (void)device;
    text_add(&calls, "renew\n");
    return called();
}

static bool made_descend(struct rg_device *device) {
    (void)device;
    text_add(&calls, "descend\n");
    return true;
}

static rg_status made_try(struct rg_device *device, const struct rg_launch *launch) {
    (void)device;
    text_add(&calls, "try %d\n", (int)launch->kernel);
    return called();
}

static rg_status made_product(struct rg_device *device, const struct rg_wide_product *product) {
    (void)device, (void)product;
    text_add(&calls, "product\n");
    return called();
}

static const char *library_name;

static const char *made_library(struct rg_device *device) {
    (void)device;
    return library_name;
}

static void made_destroy(struct rg_device *device) {
    (void)device;
    text_add(&calls, "destroy\n");
}

static const struct rg_device_ops all_ops = {.destroy = made_destroy,
                                             .buffers_create = made_buffers_create,
                                             .buffer_destroy = made_buffer_destroy,
                                             .write = made_write,
                                             .read = made_read,
                                             .zero = made_zero,
                                             .launch = made_launch,
                                             .finish = made_finish,
                                             .flush = made_flush,
                                             .renew = made_renew,
                                             .descend = made_descend,
                                             .try_kernel = made_try,
                                             .library = made_library,
                                             .product = made_product};
static const struct rg_device_ops few_ops = {.destroy = made_destroy, .library = made_library};

static struct rg_device device_of(size_t real_bytes) {
    next_name = 'a';
    n_calls = failing = 0;
    return (struct rg_device){.ops = &all_ops,
                              .info = {.name = "made up",
                                       .backend = "opencl",
                                       .real_bytes = real_bytes,
                                       .max_buffer_bytes = 100,
                                       .units = 3,
                                       .vec = 4,
                                       .nv = 2,
                                       .cols = 8,
                                       .rows = 2}};
}

static void expect_calls(const char *wanted) {
    ck_assert_str_eq(calls.bytes ? calls.bytes : "", wanted);
    free(calls.bytes);
    calls = (struct text){NULL, 0, 0};
}

static void expect_message(rg_status status, rg_status wanted, const char *message) {
    ck_assert_int_eq(status, wanted);
    ck_assert_str_eq(rg_error_message(), message);
}

/* ---- Operations ---- */

START_TEST(buffers) {
    struct rg_device d = device_of(4);
    struct rg_buffer *two[2], *none[2], *one = NULL;
    unsigned char bytes[50] = {7, 8, 9}, back[3] = {0};
    ck_assert_int_eq(rg_buffers_create(&d, 2, 50, "weights", two), RG_OK);
    ck_assert(d.used_bytes == 100 && d.peak_bytes == 100 && two[0]->bytes == 50 && two[1]->bytes == 50);
    none[0] = none[1] = two[0];
    d.info.max_buffer_bytes = (3 << 20) - 1;
    expect_message(rg_buffers_create(&d, 2, 3 << 19, "weights", none), RG_NO_MEMORY,
                   "weights needs a buffer of 3.0 MiB, made up allows 3.0 MiB");
    expect_message(rg_buffers_create(&d, 2, SIZE_MAX / 2 + 1, "all", none), RG_NO_MEMORY,
                   "all needs a buffer of 17592186044416.0 MiB, made up allows 3.0 MiB");
    ck_assert(!none[0] && !none[1] && d.used_bytes == 100);
    ck_assert_int_eq(rg_buffer_write(&d, two[1], 47, bytes, 3), RG_OK);
    ck_assert_int_eq(rg_buffer_read(&d, back, two[1], 48, 2), RG_OK);
    ck_assert(back[0] == 8 && back[1] == 9);
    ck_assert_int_eq(rg_buffer_write(&d, two[1], 50, bytes, 0), RG_OK); /* no call */
    ck_assert_int_eq(rg_buffer_read(&d, back, two[1], 0, 0), RG_OK);
    expect_message(rg_buffer_write(&d, two[0], 48, bytes, 3), RG_ERROR,
                   "bytes 48 + 3 are outside a buffer of 50 bytes");
    expect_message(rg_buffer_write(&d, two[0], 51, bytes, 0), RG_ERROR,
                   "bytes 51 + 0 are outside a buffer of 50 bytes");
    expect_message(rg_buffer_read(&d, back, two[0], SIZE_MAX, 2), RG_ERROR,
                   "bytes 18446744073709551615 + 2 are outside a buffer of 50 bytes");
    ck_assert_int_eq(rg_buffer_zero(&d, two[0]), RG_OK);
    rg_buffer_destroy(&d, two[0]);
    rg_buffer_destroy(&d, NULL);
    ck_assert(d.used_bytes == 50 && d.peak_bytes == 100);
    ck_assert_int_eq(rg_buffer_create(&d, 0, "nothing", &one), RG_OK);
    ck_assert(one->bytes == 1 && d.used_bytes == 51 && d.peak_bytes == 100);
    ck_assert_int_eq(rg_device_renew(&d), RG_OK); /* not with buffers */
    ck_assert(!rg_device_descend(&d));
    failing = n_calls + 1;
    ck_assert_int_eq(rg_buffer_create(&d, 9, "x", &none[0]), RG_NO_DEVICE);
    ck_assert(d.used_bytes == 51);
    rg_buffer_destroy(&d, one);
    rg_buffer_destroy(&d, two[1]);
    ck_assert_int_eq(rg_device_renew(&d), RG_OK);
    ck_assert(rg_device_descend(&d) && alive == 0);
    rg_device_destroy(&d);
    rg_device_destroy(NULL);
    expect_calls("create 2 x 50\nwrite 3 at 47 of b\nread 2 at 48 of b\nzero 50 of a\ncreate 1 x 1\ncreate 1 x 9\n"
                 "renew\ndescend\ndestroy\n");
}
END_TEST

START_TEST(numbers) {
    const double doubles[] = {0.1, -3.0};
    const float floats[] = {0.1F, 5.0F};
    for (size_t bytes = 4; bytes <= 8; bytes += 4) {
        struct rg_device d = device_of(bytes);
        struct rg_buffer *b = NULL;
        double back[4] = {9.0, 9.0, 9.0, 9.0};
        ck_assert_int_eq(rg_reals_create(&d, 5, "numbers", &b), RG_OK);
        ck_assert_int_eq(rg_buffer_zero(&d, b), RG_OK);
        ck_assert_int_eq(rg_reals_write(&d, b, 1, doubles, 2), RG_OK);
        ck_assert_int_eq(rg_reals_write_floats(&d, b, 3, floats, 2), RG_OK);
        ck_assert_int_eq(rg_reals_read(&d, back, b, 1, 4), RG_OK);
        ck_assert(back[0] == (bytes == 4 ? (double)0.1F : 0.1) && back[1] == -3.0 && back[2] == (double)0.1F &&
                  back[3] == 5.0);
        ck_assert_int_eq(rg_reals_read(&d, back, b, 0, 1), RG_OK);
        ck_assert(back[0] == 0.0 && back[1] == -3.0);
        ck_assert_int_eq(rg_reals_write(&d, b, 4, doubles, 2), RG_ERROR);
        ck_assert_int_eq(rg_reals_write_floats(&d, b, 4, floats, 2), RG_ERROR);
        ck_assert_int_eq(rg_reals_read(&d, back, b, 4, 2), RG_ERROR);
        rg_buffer_destroy(&d, b);
        expect_calls(bytes == 4 ? "create 1 x 20\nzero 20 of a\nwrite 8 at 4 of a\nwrite 8 at 12 of a\n"
                                  "read 16 at 4 of a\nread 4 at 0 of a\n"
                                : "create 1 x 40\nzero 40 of a\nwrite 16 at 8 of a\nwrite 16 at 24 of a\n"
                                  "read 32 at 8 of a\nread 8 at 0 of a\n");
    }
}
END_TEST

START_TEST(launches) {
    struct rg_device d = device_of(4);
    const unsigned char args[512] = {7};
    struct rg_launch two[2] = {{.kernel = RG_K_rg_fill, .args = args, .groups = {3, 2}}};
    two[1] = two[0];
    ck_assert_int_eq(rg_device_launch(&d, two), RG_OK);
    ck_assert_int_eq(rg_device_launch_all(&d, two, 2), RG_OK);
    ck_assert_int_eq(rg_device_launch_all(&d, two, 0), RG_OK);
    two[0].groups[0] = 0;
    ck_assert_int_eq(rg_device_launch(&d, two), RG_OK);
    two[0].groups[0] = 3;
    two[0].groups[1] = 0;
    ck_assert_int_eq(rg_device_launch(&d, two), RG_OK);
    ck_assert_uint_eq(d.launches, 2);
    ck_assert_int_eq(rg_device_product(&d, NULL), RG_OK);
    ck_assert_uint_eq(d.launches, 3);
    ck_assert_int_eq(rg_device_try(&d, two), RG_OK);
    ck_assert(rg_device_flush(&d) == RG_OK && rg_device_finish(&d) == RG_OK);
    char wanted[200];
    (void)snprintf(wanted, sizeof wanted,
                   "launch %d in 3x2 with -- 7\nlaunch %d in 3x2 with -- 7, -- 7\nproduct\ntry %d\nflush\nfinish\n",
                   (int)RG_K_rg_fill, (int)RG_K_rg_fill, (int)RG_K_rg_fill);
    expect_calls(wanted);
    for (size_t i = 1; i <= 5; i++) { /* a failure is not lost */
        n_calls = 0;
        failing = 1;
        ck_assert_int_eq(i == 1   ? rg_device_launch(&d, &two[1])
                         : i == 2 ? rg_device_try(&d, two)
                         : i == 3 ? rg_device_flush(&d)
                         : i == 4 ? rg_device_finish(&d)
                                  : rg_device_renew(&d),
                         RG_NO_DEVICE);
    }
    free(calls.bytes);
    calls = (struct text){NULL, 0, 0};
    d.ops = &few_ops; /* what a device need not have */
    ck_assert(rg_device_try(&d, two) == RG_OK && rg_device_flush(&d) == RG_OK && rg_device_renew(&d) == RG_OK);
    ck_assert(!rg_device_descend(&d));
    expect_calls("");
}
END_TEST

/* Only a GPU with a limit sleeps, and not for less than 5 ms. */
START_TEST(sleeps) {
    static const struct {
        bool is_gpu, flushes;
        double limit, seconds;
    } cases[] = {
        {true, true, 0.5, 0.005}, {true, false, 0.5, 0.0049}, {true, false, 0.0, 0.005}, {false, false, 0.5, 0.005}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_device d = device_of(4);
        d.info.is_gpu = cases[i].is_gpu;
        d.info.launch_seconds = cases[i].limit;
        ck_assert_int_eq(rg_device_sleep(&d, cases[i].seconds), RG_OK);
        expect_calls(cases[i].flushes ? "flush\n" : "");
    }
}
END_TEST

START_TEST(sizes) {
    struct rg_device d = device_of(4);
    static const struct {
        bool is_gpu;
        size_t n, per_group, groups;
    } cases[] = {{false, 0, 10, 1},    {false, 10, 10, 1},  {false, 11, 10, 2},  {false, 120, 10, 12},
                 {false, 121, 10, 12}, {true, 640, 99, 10}, {true, 641, 99, 11}, {true, 100, 10, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) { /* 16 items of 4 lanes, 3 units */
        d.info.is_gpu = cases[i].is_gpu;
        ck_assert_uint_eq(rg_device_groups(&d, cases[i].n, cases[i].per_group), cases[i].groups);
    }
    ck_assert_uint_eq(rg_device_panel(&d), 64);
    ck_assert_uint_eq(rg_device_items(&d), 16);
    ck_assert_uint_eq(rg_launch_items(&d, &(struct rg_launch){.item_rows = 0}), 16);
    ck_assert_uint_eq(rg_launch_items(&d, &(struct rg_launch){.item_rows = 5}), 40);
    ck_assert_uint_eq(rg_device_units(&d, 1), 64);
    ck_assert_uint_eq(rg_device_units(&d, 64), 64);
    ck_assert_uint_eq(rg_device_units(&d, 65), 128);
    ck_assert_uint_eq(rg_device_budget(&(struct rg_device_info){.memory_bytes = 1009}), 900);
    ck_assert_uint_eq(rg_device_budget(&(struct rg_device_info){.memory_bytes = 1009, .budget_bytes = 5}), 5);
    rg_device_set_gpu(&d.info);
    ck_assert(d.info.is_gpu && d.info.vec == 2 && d.info.nv == 4 && d.info.cols == 8 && d.info.rows == 32);
    ck_assert_uint_eq(d.info.shared_step_bytes, 201326592);
    ck_assert_str_eq(rg_device_math(&d.info), "");
    d.info.tf32 = RG_TF32_EMULATED;
    ck_assert_str_eq(rg_device_math(&d.info), ", products in TF32");
}
END_TEST

START_TEST(shapes) {
    static const char *const texts[] = {"4,2,8,32", "4,2,8,16", "2,2,8,16", "2,2,8,8",
                                        "2,1,8,4",  "2,16,1,1", "1,8,1,1",  "1,4,1,1"};
    struct rg_device_shape shape;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[40];
        ck_assert_msg(rg_device_shape_read(texts[i], &shape) == RG_OK, "%s", texts[i]);
        (void)snprintf(text, sizeof text, "%d,%d,%d,%d", shape.nv, shape.vec, shape.cols, shape.rows);
        ck_assert_str_eq(text, texts[i]);
        const struct rg_device_shape *const rung = rg_device_rung(i);
        ck_assert(i < 5 ? rung && memcmp(rung, &shape, sizeof shape) == 0 : !rung);
    }
    expect_message(rg_device_shape_read("4,2,8,3", &shape), RG_USAGE,
                   "--shape: there is no shape '4,2,8,3'; NV,VEC,COLS,ROWS is one of 4,2,8,32; 4,2,8,16; 2,2,8,16; "
                   "2,2,8,8; 2,1,8,4; 2,16,1,1; 1,8,1,1; 1,4,1,1");
}
END_TEST

START_TEST(libraries) {
    struct rg_device d = device_of(4);
    library_name = "CLBlast";
    ck_assert_int_eq(rg_device_use_library(&d), RG_OK);
    ck_assert_str_eq(d.info.library, "CLBlast");
    library_name = NULL;
    expect_message(rg_device_use_library(&d), RG_NO_DEVICE,
                   "no CLBlast (libclblast.so.1) on this machine for products of the opencl device (Debian: "
                   "libclblast1); install it or leave out --gemm library");
    (void)snprintf(d.info.backend, sizeof d.info.backend, "native");
    expect_message(rg_device_use_library(&d), RG_NO_DEVICE,
                   "no OpenBLAS (libopenblas.so.0) on this machine for products of the native device (Debian: "
                   "libopenblas0-pthread); install it or leave out --gemm library");
    ck_assert_str_eq(d.info.library, "CLBlast");
    ck_assert_int_eq(rg_device_check_tf32(&d.info, RG_TF32_NONE), RG_OK);
    ck_assert_int_eq(rg_device_check_tf32(&d.info, RG_TF32_EMULATED), RG_OK);
    ck_assert_int_eq(rg_device_check_tf32(&d.info, RG_TF32_TENSOR_CORES), RG_NO_DEVICE);
    d.info.has_tf32 = true;
    ck_assert_int_eq(rg_device_check_tf32(&d.info, RG_TF32_TENSOR_CORES), RG_OK);
}
END_TEST

/* ---- A team ---- */

static void *drive(void *team) {
    static rg_status status;
    status = rg_team_drive(team);
    return &status;
}

/* Two members whose commands the driver takes while this thread gives them one after the other: a member that has none
 * left holds the other up, so the order is always the same. */
struct pair {
    struct rg_device device;
    struct rg_team *team;
    struct rg_device *members[2];
    struct rg_buffer *a[2], *b[2], *own[2]; /* the members' first, second and third */
    pthread_t thread;
};

static void begin_pair(struct pair *p) {
    p->device = device_of(4);
    p->device.info.launch_seconds = 0.5;
    (void)snprintf(p->device.info.library, sizeof p->device.info.library, "CLBlast");
    ck_assert_int_eq(rg_team_create(&p->device, 2, &p->team), RG_OK);
    for (size_t i = 0; i < 2; i++) {
        p->members[i] = rg_team_member(p->team, i);
        ck_assert(p->members[i]->info.launch_seconds == 0.0 && p->members[i]->info.library[0] == '\0');
        ck_assert_str_eq(p->members[i]->info.name, "made up");
        ck_assert_int_eq(rg_buffer_create(p->members[i], 8, "a", &p->a[i]), RG_OK);
        ck_assert_int_eq(rg_buffer_create(p->members[i], 8, "b", &p->b[i]), RG_OK);
        ck_assert_int_eq(rg_buffer_create(p->members[i], 4 + i, "own", &p->own[i]), RG_OK);
    }
    ck_assert_int_eq(pthread_create(&p->thread, NULL, drive, p->team), 0);
}

static rg_status end_pair(struct pair *p) {
    void *status = NULL;
    for (size_t i = 0; i < 2; i++) {
        rg_buffer_destroy(p->members[i], p->a[i]);
        rg_buffer_destroy(p->members[i], p->b[i]);
        rg_buffer_destroy(p->members[i], p->own[i]);
        rg_team_leave(p->members[i]);
    }
    ck_assert_int_eq(pthread_join(p->thread, &status), 0);
    rg_team_destroy(p->team);
    ck_assert(alive == 0 && p->device.used_bytes == 0);
    return *(rg_status *)status;
}

static struct rg_launch launch_of(struct rg_buffer *first, struct rg_buffer *second, const unsigned char *args) {
    return (struct rg_launch){.kernel = RG_K_rg_fill, .buffers = {first, second}, .args = args, .groups = {3, 2}};
}

START_TEST(a_team) {
    struct pair p;
    const unsigned char one[512] = {1}, two[512] = {2};
    unsigned char back[8];
    begin_pair(&p);
    /* buffers of one size share memory, others do not */
    expect_calls("create 2 x 8\ncreate 2 x 8\ncreate 2 x 4\ncreate 1 x 5\n");
    const struct rg_launch same[2] = {launch_of(p.a[0], p.b[0], one), launch_of(p.a[1], p.b[1], two)};
    ck_assert_int_eq(rg_buffer_write(p.members[0], p.a[0], 1, "abc", 3), RG_OK);
    ck_assert_int_eq(rg_buffer_write(p.members[1], p.b[1], 0, "defg", 4), RG_OK);
    for (int i = 0; i < 7; i++) { /* different in one thing, and then alike */
        struct rg_launch other = same[1];
        other.groups[i == 0] += i == 0 || i == 1;
        other.local_bytes += i == 2;
        other.item_rows += i == 3;
        other.block_rows += i == 4;
        other.buffers[1] = i == 5 ? p.own[1] : other.buffers[1];
        ck_assert_int_eq(rg_device_launch(p.members[0], &same[0]), RG_OK);
        ck_assert_int_eq(rg_device_launch(p.members[1], &other), RG_OK);
    }
    ck_assert_int_eq(rg_buffer_read(p.members[0], back, p.a[0], 1, 3), RG_OK);
    ck_assert_int_eq(memcmp(back, "abc", 3), 0);
    ck_assert_int_eq(rg_buffer_read(p.members[1], back, p.b[1], 1, 2), RG_OK);
    ck_assert_int_eq(memcmp(back, "ef", 2), 0);
    ck_assert_int_eq(rg_device_finish(p.members[0]), RG_OK); /* from here on the members do not wait */
    ck_assert_int_eq(rg_buffer_zero(p.members[0], p.a[0]), RG_OK);
    ck_assert_int_eq(rg_device_launch(p.members[1], &same[1]), RG_OK);
    ck_assert_int_eq(rg_device_finish(p.members[1]), RG_OK);
    ck_assert_int_eq(end_pair(&p), RG_OK);
    static const char *const lines[] = {"3x2 with ac 1",      "3x3 with bd 2", "3x2 with ac 1", "4x2 with bd 2",
                                        "3x2 with ac 1",      "3x2 with bd 2", "3x2 with ac 1", "3x2 with bd 2",
                                        "3x2 with ac 1",      "3x2 with bd 2", "3x2 with ac 1", "3x2 with bg 2",
                                        "3x2 with ac 1, bd 2"};
    struct text wanted = {NULL, 0, 0}; /* members have a, c, e and b, d, g */
    text_add(&wanted, "write 3 at 1 of a\nwrite 4 at 0 of d\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        text_add(&wanted, "launch %d in %s\n", (int)RG_K_rg_fill, lines[i]);
    }
    text_add(&wanted, "read 3 at 1 of a\nread 2 at 1 of d\nfinish\nzero 8 of a\nlaunch %d in 3x2 with bd 2\nfinish\n",
             (int)RG_K_rg_fill);
    expect_calls(wanted.bytes);
    free(wanted.bytes);
}
END_TEST

/* The first failure is everybody's. */
START_TEST(a_team_that_fails) {
    struct pair p;
    unsigned char back[8];
    begin_pair(&p);
    failing = n_calls + 1;
    ck_assert_int_eq(rg_buffer_write(p.members[0], p.a[0], 0, "abc", 3), RG_OK);
    ck_assert_int_eq(rg_buffer_zero(p.members[1], p.a[1]), RG_OK);
    for (size_t i = 0; i < 2; i++) {
        expect_message(rg_buffer_read(p.members[i], back, p.a[i], 0, 3), RG_NO_DEVICE, "the made-up device fails");
        ck_assert_int_eq(rg_buffer_write(p.members[i], p.a[i], 0, "abc", 3), RG_NO_DEVICE);
        ck_assert_int_eq(rg_device_finish(p.members[i]), RG_NO_DEVICE);
    }
    ck_assert_int_eq(end_pair(&p), RG_NO_DEVICE);
    expect_calls("create 2 x 8\ncreate 2 x 8\ncreate 2 x 4\ncreate 1 x 5\nwrite 3 at 0 of a\n");
}
END_TEST

/* So is the failure of a member that no longer waits for the others. _i: what fails. */
START_TEST(a_team_that_fails_out_of_step) {
    struct pair p;
    unsigned char back[8];
    begin_pair(&p);
    ck_assert_int_eq(rg_device_finish(p.members[0]), RG_OK);
    failing = n_calls + 1;
    expect_message(_i == 0   ? rg_buffer_zero(p.members[0], p.a[0])
                   : _i == 1 ? rg_buffer_read(p.members[0], back, p.a[0], 0, 3)
                             : rg_device_finish(p.members[0]),
                   RG_NO_DEVICE, "the made-up device fails");
    for (size_t i = 0; i < 2; i++) {
        expect_message(rg_buffer_write(p.members[i], p.a[i], 0, "abc", 3), RG_NO_DEVICE, "the made-up device fails");
        expect_message(rg_buffer_read(p.members[i], back, p.a[i], 0, 3), RG_NO_DEVICE, "the made-up device fails");
    }
    ck_assert_int_eq(end_pair(&p), RG_NO_DEVICE);
    free(calls.bytes);
    calls = (struct text){NULL, 0, 0};
}
END_TEST

/* What a failure of the device itself leaves: no buffer, and its status. */
START_TEST(calls_of_a_team_that_fail) {
    struct rg_device d = device_of(4);
    struct rg_buffer *made[2] = {NULL, NULL};
    struct rg_team *team = NULL;
    pthread_t thread;
    ck_assert_int_eq(rg_team_create(&d, 2, &team), RG_OK);
    struct rg_device *const member = rg_team_member(team, 0);
    failing = 2;
    ck_assert_int_eq(rg_buffers_create(member, 2, 8, "two", made), RG_NO_DEVICE);
    ck_assert(!made[0] && !made[1]);
    ck_assert_int_eq(rg_buffer_create(member, 8, "a", &made[0]), RG_OK);
    expect_calls("create 2 x 8\ncreate 2 x 8\ncreate 1 x 8\n");
    ck_assert_int_eq(pthread_create(&thread, NULL, drive, team), 0);
    rg_team_leave(rg_team_member(team, 1)); /* it has made none: the team releases its part of the memory */
    failing = n_calls + 1;
    ck_assert_int_eq(rg_device_finish(member), RG_NO_DEVICE);
    rg_buffer_destroy(member, made[0]);
    rg_team_leave(member);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    rg_team_destroy(team);
    ck_assert(alive == 0 && d.used_bytes == 0);
    expect_calls("finish\n");
}
END_TEST

TEST_MAIN("device_calls") {
    TCase *const tests = add_tests(suite, "device_calls");
    tcase_add_test(tests, buffers);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, launches);
    tcase_add_test(tests, sleeps);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, shapes);
    tcase_add_test(tests, libraries);
    tcase_add_test(tests, a_team);
    tcase_add_test(tests, a_team_that_fails);
    tcase_add_loop_test(tests, a_team_that_fails_out_of_step, 0, 3);
    tcase_add_test(tests, calls_of_a_team_that_fail);
}
