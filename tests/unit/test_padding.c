/* The padding of an .npz file changes no result: not the verdict, not the lags, not the weights. Only outputs of every
 * step have the steps that the file has. */
#define _GNU_SOURCE
#include "files/files.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "run_command.h"

#define CPU "--device cpu --threads 1 --diagnose full "

enum { SEQUENCES = 8, LONGEST = 10, WIDEST = 60, FEATURES = 2 };
static const int64_t lengths[SEQUENCES] = {5, 6, 7, 8, 9, 10, 10, 5};

/* Write d.npz: the same sequences, padded to `width` steps on one side, with a number or `every_step` a number of each
 * step to be learned. */
static void put_padded(size_t width, bool left, bool every_step) {
    static float x[SEQUENCES * WIDEST * FEATURES], y[SEQUENCES * WIDEST];
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    for (size_t i = 0; i < SEQUENCES; i++) {
        const size_t n = (size_t)lengths[i], first = left ? width - n : 0;
        for (size_t t = 0; t < n; t++) {
            for (size_t f = 0; f < FEATURES; f++) {
                x[(i * width + first + t) * FEATURES + f] = (float)((i * 7 + t * 5 + f * 3) % 11) / 10.0F - 0.5F;
            }
            y[every_step ? i * width + first + t : i] = (float)((i * 3 + t) % 5) - 2.0F;
        }
    }
    const struct rg_tensor tensors[] = {{.name = "x",
                                         .dtype = RG_F32,
                                         .n_dims = 3,
                                         .shape = {SEQUENCES, width, FEATURES},
                                         .data = x,
                                         .data_bytes = SEQUENCES * width * FEATURES * sizeof *x},
                                        {.name = "y",
                                         .dtype = RG_F32,
                                         .n_dims = every_step ? 2 : 1,
                                         .shape = {SEQUENCES, width},
                                         .data = y,
                                         .data_bytes = SEQUENCES * (every_step ? width : 1) * sizeof *y},
                                        {.name = "lengths",
                                         .dtype = RG_I64,
                                         .n_dims = 1,
                                         .shape = {SEQUENCES},
                                         .data = lengths,
                                         .data_bytes = sizeof lengths}};
    (void)remove("d.npz");
    ck_assert_msg(rg_npz_write("d.npz", tensors, 3) == RG_OK, "%s", rg_error_message());
}

static const size_t widths[] = {LONGEST, 20, WIDEST};
enum { N_WIDTHS = sizeof widths / sizeof *widths };

/* `line` prints the same for every width. */
static void alike_for_all_widths(const char *line, bool left, bool every_step) {
    char *first = NULL;
    for (size_t k = 0; k < N_WIDTHS; k++) {
        put_padded(widths[k], left, every_step);
        char *const text = printed_by(line);
        if (first) {
            ck_assert_str_eq(text, first);
            free(text);
        } else {
            first = text;
        }
    }
    free(first);
}

/* The member of the last line of JSON. */
static void last_text(const char *printed, const char *key, char *out, size_t bytes) {
    char wanted[40];
    (void)snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = NULL;
    for (const char *next = strstr(printed, wanted); next; next = strstr(next + 1, wanted)) {
        at = next;
    }
    ck_assert_msg(at != NULL, "no %s in %s", wanted, printed);
    (void)snprintf(out, bytes, "%.*s", (int)strcspn(at, ",}"), at);
}

/* The sides of the padding, with one target a sequence and with one a step. */
START_TEST(the_width_changes_nothing) {
    const bool left = _i % 2 == 1, every_step = _i / 2 == 1;
    char line[300], hash[80] = "";
    (void)snprintf(line, sizeof line, CPU "--data d.npz --pad %s --target %s", left ? "left" : "right",
                   every_step ? "steps" : "last");
    test_case("%s", line);
    char *const options = strdup(line);
    for (size_t k = 0; k < N_WIDTHS; k++) {
        char found[80];
        put_padded(widths[k], left, every_step);
        (void)snprintf(line, sizeof line, "train --json --hidden 4 --updates 5 --out m --overwrite %s --val d.npz",
                       options);
        char *const printed = printed_by(line);
        last_text(printed, "weights_hash", found, sizeof found);
        ck_assert_msg(k == 0 || strcmp(found, hash) == 0, "width %zu: %s, %s", widths[k], found, hash);
        (void)snprintf(hash, sizeof hash, "%s", found);
        last_text(printed, "lags_measured", found, sizeof found);
        ck_assert_str_eq(found, "\"lags_measured\":10");
        free(printed);
    }
    (void)snprintf(line, sizeof line, "grad --json --model m/model.safetensors --data d.npz --pad %s",
                   left ? "left" : "right");
    alike_for_all_widths(line, left, every_step);
    (void)snprintf(line, sizeof line, "grad --model m/model.safetensors --data d.npz --steps 7 --pad %s",
                   left ? "left" : "right");
    alike_for_all_widths(line, left, every_step);
    free(options);
}
END_TEST

/* The last number of a file of floats or doubles is the output of the step at place `step` of the last sequence. */
static struct rg_tensors *outputs(const char *file, size_t width) {
    struct rg_tensors *list = NULL;
    ck_assert_msg(rg_tensors_read(file, &list) == RG_OK, "%s", rg_error_message());
    const struct rg_tensor *const output = rg_tensors_find(list, "output");
    ck_assert(output != NULL && output->n_dims == 3 && output->shape[0] == SEQUENCES && output->shape[1] == width &&
              output->shape[2] == 1 && output->dtype == RG_F32);
    return list;
}

/* Outputs of every step stand where the file has the steps, in predict and in grad, and zeros in the padding. */
START_TEST(outputs_have_the_steps_of_the_file) {
    const bool left = _i == 1;
    const char *const side = left ? "left" : "right";
    char line[200];
    test_case("%s", side);
    put_padded(LONGEST, left, true);
    (void)snprintf(line, sizeof line,
                   "train --quiet --hidden 4 --updates 5 --out m --target steps " CPU "--data d.npz --pad %s", side);
    free(printed_by(line));
    for (size_t k = 0; k < 2; k++) {
        const char *const what = k == 0 ? "predict" : "grad";
        struct rg_tensors *of[2];
        for (size_t wide = 0; wide < 2; wide++) {
            const char *const name = wide ? "wide.safetensors" : "narrow.safetensors";
            put_padded(wide ? WIDEST : LONGEST, left, true);
            (void)snprintf(line, sizeof line, "%s --model m/model.safetensors --data d.npz --out %s --pad %s", what,
                           name, side);
            free(printed_by(line));
            of[wide] = outputs(name, wide ? WIDEST : LONGEST);
            ck_assert_int_eq(remove(name), 0);
        }
        const float *const narrow = rg_tensors_find(of[0], "output")->data;
        const float *const wide = rg_tensors_find(of[1], "output")->data;
        for (size_t i = 0; i < SEQUENCES * WIDEST; i++) {
            const size_t row = i / WIDEST, step = i % WIDEST, before = left ? WIDEST - LONGEST : 0;
            const bool inside = step >= before && step - before < LONGEST;
            const float expected = inside ? narrow[row * LONGEST + step - before] : 0.0F;
            ck_assert_msg(wide[i] == expected, "%s: row %zu, step %zu: %g, not %g", what, row, step, (double)wide[i],
                          (double)expected);
        }
        ck_assert_msg(narrow[left ? LONGEST - 1 : 0] != 0.0F, "the output of the first sequence is 0");
        rg_tensors_destroy(of[0]);
        rg_tensors_destroy(of[1]);
    }
}
END_TEST

/* A cut takes of the padding what it can, and the rest is no padding any more. */
START_TEST(padding_is_counted) {
    const struct rg_dataset_options options = {.pad_left = _i == 1};
    struct rg_dataset *d = NULL;
    put_padded(WIDEST, _i == 1, true);
    ck_assert_msg(rg_dataset_read("d.npz", &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->n_steps == WIDEST && d->padding == 0);
    rg_dataset_trim(d, true);
    ck_assert(d->n_steps == LONGEST && d->n_targets == LONGEST && d->padding == WIDEST - LONGEST);
    ck_assert(d->lengths != NULL && d->lengths[0] == 5);
    rg_dataset_cut(d, 30, true);
    ck_assert(d->n_steps == LONGEST && d->padding == 20);
    rg_dataset_trim(d, true);
    ck_assert(d->n_steps == LONGEST && d->padding == 20);
    rg_dataset_cut(d, 4, true);
    ck_assert(d->n_steps == 4 && d->padding == 0 && d->lengths == NULL);
    rg_dataset_destroy(d);
}
END_TEST

/* One number a sequence, where each step needs one, stays wrong when the steps are cut to a number that divides. */
START_TEST(targets_of_no_step_are_refused) {
    static const float x[2 * 4] = {1, 2, 3, 4, 5, 6, 7, 8}, y[2 * 2] = {1, 2, 3, 4};
    static const int64_t two[2] = {2, 1};
    const struct rg_tensor tensors[] = {
        {.name = "x", .dtype = RG_F32, .n_dims = 3, .shape = {2, 4, 1}, .data = x, .data_bytes = sizeof x},
        {.name = "y", .dtype = RG_F32, .n_dims = 2, .shape = {2, 2}, .data = y, .data_bytes = sizeof y},
        {.name = "lengths", .dtype = RG_I64, .n_dims = 1, .shape = {2}, .data = two, .data_bytes = sizeof two}};
    static const char *const cuts[] = {"", "--steps 2"};
    ck_assert_msg(rg_npz_write("d.npz", tensors, _i == 1 ? 2 : 3) == RG_OK, "%s", rg_error_message());
    char line[200];
    (void)snprintf(line, sizeof line, "train --quiet --hidden 2 --updates 1 --target steps --data d.npz %s", cuts[_i]);
    ck_assert_int_eq(run_command(line), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(),
                     "d.npz: y has 2 numbers a sequence; --target steps needs them for each of the 4 steps, "
                     "[sequences,steps] or [sequences,steps,outputs]");
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}
END_TEST

TEST_MAIN("padding") {
    TCase *const tests = add_tests(suite, "padding");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_loop_test(tests, the_width_changes_nothing, 0, 4);
    tcase_add_loop_test(tests, outputs_have_the_steps_of_the_file, 0, 2);
    tcase_add_loop_test(tests, padding_is_counted, 0, 2);
    tcase_add_loop_test(tests, targets_of_no_step_are_refused, 0, 2);
}
