/* A device that fails, or memory that ends, in the middle: the first call from each place of the library fails once,
 * and what asked for it says so, with RG_NO_DEVICE or RG_NO_MEMORY, and gives its buffers back. Where a status is
 * ignored, it ends with success. */
#define _GNU_SOURCE
#include <errno.h>

#include "run_command.h"
/* after it, which has to be first */
#include "device/device.h"
#include "stack_places.h"
#include "train/checkpoint.h"
#include "train/estimate.h"
#include "train/evaluator.h"
#include "train/pass.h"
#include "train/run.h"
#include "train/setup.h"
#include "verify/experiments/probe.h"
#include "verify/selftest/cases.h"
#include "verify/selftest/selftest.h"

enum { MANY = 4000, WORDS = 400, AT_LEAST = 200 /* places; how many depends on what the compiler inlines */ };

/* ---- The calls ---- */

static bool is_acting;          /* calls count */
static size_t n_calls, failing; /* of the act up to now; the one that fails, 0: none */
static rg_status failed;        /* what that call failed with */

static bool is_failing(rg_status with) {
    n_calls += is_acting ? 1 : 0;
    if (is_acting && failing == 0) {
        note_place(n_calls);
    }
    if (!is_acting || n_calls != failing) {
        return false;
    }
    failed = with;
    return true;
}

/* In place of the C library's, through which all memory of the library comes. */
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    if (is_failing(RG_NO_MEMORY)) {
        return ENOMEM;
    }
    *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    return *memory ? 0 : ENOMEM;
}

static const struct rg_device_ops *native;

static bool call_fails(void) {
    return is_failing(RG_NO_DEVICE) && rg_fail(RG_NO_DEVICE, "call %zu of the device fails", failing) != RG_OK;
}

static rg_status create_buffers(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    return call_fails() ? RG_NO_DEVICE : native->buffers_create(device, n, bytes, out);
}

static rg_status write_bytes(struct rg_device *device, struct rg_buffer *to, size_t at, const void *from, size_t n) {
    return call_fails() ? RG_NO_DEVICE : native->write(device, to, at, from, n);
}

static rg_status read_bytes(struct rg_device *device, void *to, struct rg_buffer *from, size_t at, size_t n) {
    return call_fails() ? RG_NO_DEVICE : native->read(device, to, from, at, n);
}

static rg_status zero(struct rg_device *device, struct rg_buffer *buffer, size_t bytes) {
    return call_fails() ? RG_NO_DEVICE : native->zero(device, buffer, bytes);
}

static rg_status launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    return call_fails() ? RG_NO_DEVICE : native->launch(device, launches, n);
}

static rg_status multiply(struct rg_device *device, const struct rg_wide_product *product) {
    return call_fails() ? RG_NO_DEVICE : native->product(device, product);
}

static rg_status finish(struct rg_device *device) {
    return call_fails() ? RG_NO_DEVICE : native->finish(device);
}

static bool takes_library; /* for wide products, where this machine has one */

static struct rg_device *open_device(void) {
    static struct rg_device_ops ops;
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_native_open(&(struct rg_device_options){.threads = 1}, &device), RG_OK);
    ck_assert(!takes_library || rg_device_use_library(device) == RG_OK || device->info.library[0] == '\0');
    native = device->ops;
    ops = *native;
    ops.buffers_create = create_buffers;
    ops.write = write_bytes;
    ops.read = read_bytes;
    ops.zero = zero;
    ops.launch = launch;
    ops.product = multiply;
    ops.finish = finish;
    device->ops = &ops;
    return device;
}

/* `act` on such a device; each place that no earlier act has fails once. */
static void each_place_fails(const char *line, rg_status (*act)(struct rg_device *device)) {
    static size_t tried;
    for (bool fails = false; !fails || tried < n_places; tried += fails, fails = true) {
        struct rg_device *const device = open_device();
        n_calls = 0;
        failing = fails ? first_at[tried] : 0;
        failed = RG_OK;
        is_acting = true;
        const rg_status status = act(device);
        is_acting = false;
        ck_assert_msg(status == failed && (!fails || failed != RG_OK), "`%s`, call %zu: status %d, not %d: %s", line,
                      failing, (int)status, (int)failed, rg_error_message());
        ck_assert_msg(device->used_bytes == 0, "`%s`, call %zu: %zu bytes are left", line, failing, device->used_bytes);
        rg_device_destroy(device);
    }
}

/* ---- Trainings ---- */

static struct rg_run_data run_data;

static rg_status train(struct rg_device *device) {
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    struct rg_run *run = NULL;
    struct rg_sections *sections = NULL;
    double seconds = 0.0;
    bool is_finite = false;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_run_create(&config, &run_data, device, &run));
    RG_TRY_GOTO(rg_run_estimate(run, &seconds));
    RG_TRY_GOTO(rg_run_train(run, &hooks));
    RG_TRY_GOTO(rg_sections_create(&sections));
    RG_TRY_GOTO(rg_checkpoint_gather(run, sections, &is_finite));
    RG_TRY_GOTO(rg_run_measure(run, RG_FIND_ALL, NULL));
cleanup:
    rg_sections_destroy(sections);
    rg_run_destroy(run);
    return status;
}

START_TEST(trainings) {
    static const char *const cases[] = {
        "--task adding --batch 3 --steps 4 --layers 2 --updates 2 --dropout 0.2 --lag-every 1",
        "--task copy --batch 3 --steps 4 --updates 2 --cell lstm --bidirectional --skip 1",
        "--task adding --batch 4 --steps 4 --updates 2 --accumulate 2 --shards 2",
        "--task adding --batch 4 --steps 4 --updates 2 --skip-kind learned --readout max",
        "--task adding --batch 64 --steps 3 --updates 2 --lr auto",
        "--data classes.csv --updates 2 --cell gru --val-frac 0.4 --val-every 1 --test classes.csv",
        "--data many.csv --updates 2 --batch 2 --memory 160K",
        "--data wide.txt --updates 2 --batch 2 --steps 4 --level word --layers 2",
        "--data wide.txt --updates 2 --batch 2 --steps 4 --level word --layers 2 --gemm library",
        "--data text.txt --updates 2 --tbptt 4 --batch 2 --level word --embed 2 --cell lstm",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[200];
        (void)snprintf(line, sizeof line, "train --device cpu --hidden 3 %s", cases[i]);
        accept(line);
        takes_library = config.machine.gemm == RG_GEMM_LIBRARY;
        ck_assert_msg(rg_run_data_read(&config, &run_data) == RG_OK, "`%s`: %s", line, rg_error_message());
        each_place_fails(line, train);
        rg_run_data_release(&run_data);
    }
}
END_TEST

/* ---- Models ---- */

static struct rg_model *model;
static struct rg_dataset *data;
static struct rg_problem problem;

static rg_status take_gradient(struct rg_device *device) {
    static const struct rg_watch watch = {.go_on = NULL, .span = 1.0};
    struct rg_pass *pass = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_pass_create(&config, device, model, data, &problem, &pass));
    RG_TRY_GOTO(rg_pass_diagnose(pass, 1, &watch));
cleanup:
    rg_pass_destroy(pass);
    return status;
}

static rg_status score(struct rg_device *device) {
    const struct rg_evaluator_options options = {.problem = &problem, .batch = 2};
    struct rg_evaluator *evaluator = NULL;
    struct rg_metrics *metrics = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_evaluator_create(device, model, &options, &evaluator));
    RG_TRY_GOTO(rg_evaluator_run(evaluator, model, &metrics));
cleanup:
    rg_evaluator_destroy(evaluator);
    rg_metrics_destroy(metrics);
    return status;
}

static rg_status predict(struct rg_device *device) {
    static double outputs[1000];
    ck_assert_uint_le(data->n_sequences * rg_setup_output_elements(model, data), sizeof outputs / sizeof *outputs);
    return rg_setup_outputs(device, model, data, &problem, 0, outputs);
}

START_TEST(models) {
    static const struct {
        const char *line;
        rg_status (*act)(struct rg_device *device);
    } cases[] = {
        {"grad --model run/model.safetensors --data classes.csv", take_gradient},
        {"grad --model both/model.safetensors --data classes.csv", take_gradient},
        {"grad --model text/model.safetensors --data text.txt --probe-times 1,2", take_gradient},
        {"eval --model run/model.safetensors --data classes.csv", score},
        {"predict --model run/model.safetensors --data classes.csv", predict},
    };
    make("train --quiet --device cpu --data classes.csv --hidden 2 --layers 2 --updates 1 --out run");
    make("train --quiet --device cpu --data classes.csv --hidden 2 --cell lstm --bidirectional --skip 1 "
         "--updates 1 --out both");
    make("train --quiet --device cpu --data text.txt --hidden 2 --updates 1 --steps 4 --batch 2 --out text");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(cases[i].line);
        ck_assert_msg(rg_setup_model_and_data(&config, false, &model, &data, &problem) == RG_OK, "`%s`: %s",
                      cases[i].line, rg_error_message());
        each_place_fails(cases[i].line, cases[i].act);
        rg_dataset_destroy(data);
        rg_model_destroy(model);
    }
}
END_TEST

/* ---- Checks and experiments ---- */

static rg_status check_updates(struct rg_device *device) {
    struct rg_checks checks = {.updates = 1};
    const struct rg_update_case *const from_states = &rg_selftest_initial_cases[rg_n_selftest_initial_cases - 1];
    const struct rg_update_case *const embedded = &rg_selftest_embedded_cases[rg_n_selftest_embedded_cases - 1];
    RG_TRY(rg_check_updates(&checks, device, from_states, true, 0));
    return rg_check_updates(&checks, device, embedded, false, embedded->sizes.steps);
}

static rg_status check_terms(struct rg_device *device) {
    struct rg_checks checks = {.updates = 1};
    return rg_check_step_terms(&checks, device, &rg_selftest_step_terms[0]);
}

static rg_status check_kernels(struct rg_device *device) {
    struct rg_checks checks = {.updates = 1};
    RG_TRY(rg_check_dropout(&checks, device, RG_CELL_LSTM));
    RG_TRY(rg_check_marks(&checks, device));
    RG_TRY(rg_check_symbols(&checks, device));
    RG_TRY(rg_check_gather(&checks, device));
    RG_TRY(rg_check_peak(&checks, device));
    RG_TRY(rg_check_layout(&checks, device));
    return rg_check_specials(&checks, device, true, true);
}

static rg_status check_quickly(struct rg_device *device) {
    return rg_selftest_quick(device, &(struct rg_selftest_scope){.cell = RG_CELL_RNN, .stacked = true, .updates = 1});
}

START_TEST(checks) {
    each_place_fails("updates of the self-test", check_updates);
    each_place_fails("terms of the self-test", check_terms);
    each_place_fails("kernels of the self-test", check_kernels);
    each_place_fails("a quick self-test", check_quickly);
}
END_TEST

static const struct rg_probe *experiment;

static void ignore_number(void *self, const struct rg_probe_number *number) {
    (void)self, (void)number;
}

static rg_status probe(struct rg_device *device) {
    struct rg_probe_report report = {.number = ignore_number, .probe = experiment->name};
    return experiment->run(&(struct rg_probe_context){&config, device}, &report);
}

/* Without those that take long. */
START_TEST(experiments) {
    static const char *const names[] = {"wall", "power", "fixed-point", "sigmoid", "lyapunov", "alive-paths", "curse"};
    accept("probe all --hidden 16 --steps 8");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t k = 0;
        while (strcmp(rg_probes[k].name, names[i]) != 0) {
            ck_assert_uint_lt(++k, rg_n_probes);
        }
        experiment = &rg_probes[k];
        each_place_fails(names[i], probe);
    }
    ck_assert_uint_ge(n_places, AT_LEAST);
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n"
                            "4,1,1,red\n4,0,2,red\n");
    FILE *const many = fopen("many.csv", "wb"); /* more than half of the memory: it is sent update by update */
    ck_assert(many && fputs("series,a,b,label\n", many) >= 0);
    for (int i = 0; i < MANY; i++) {
        (void)fprintf(many, "%d,1,2,%d\n%d,3,4,%d\n", i, i % 2, i, i % 2);
    }
    ck_assert_int_eq(fclose(many), 0);
    FILE *const wide = fopen("wide.txt", "wb"); /* as many different words as a wide head has */
    ck_assert_ptr_nonnull(wide);
    for (int i = 0; i < WORDS; i++) {
        (void)fprintf(wide, "w%d%s", i, i % 8 == 7 ? "\n" : " ");
    }
    ck_assert_int_eq(fclose(wide), 0);
    put_text("text.txt", "The cat sat.\nThe rat ran.\nThe cat ran.\n");
}

TEST_MAIN("calls_fail") {
    TCase *const tests = add_tests(suite, "calls_fail");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, models);
    tcase_add_test(tests, checks);
    tcase_add_test(tests, experiments);
}
