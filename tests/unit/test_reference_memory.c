/* Memory that ends in the float64 reference: no model or result is half made, and nothing is left. Every way in which
 * calloc can fail is tried. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

#include "reference/reference.h"
#include "suite.h"

extern void *__libc_calloc(size_t count, size_t bytes);
extern void __libc_free(void *memory);

static bool counts;
static size_t calls, failing; /* of calloc, while it counts; the call that fails */
static size_t living;

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes) {
    if (counts && ++calls == failing) {
        return NULL;
    }
    void *const memory = __libc_calloc(count, bytes);
    living += counts && memory ? 1 : 0;
    return memory;
}

__attribute__((visibility("default"))) void free(void *memory) {
    living -= counts && memory ? 1 : 0;
    __libc_free(memory);
}

static const struct ref_model forms[] = {
    {.cell = REF_CELL_LSTM, .inputs = 2, .hidden = 3, .outputs = 1, .layers = 2, .bidirectional = true},
    {.cell = REF_CELL_GRU, .inputs = 2, .hidden = 3, .outputs = 2, .layers = 1, .skip = 2, .words = 4},
    {.inputs = 1, .hidden = 1, .outputs = 1, .skip = 1, .skip_kind = REF_SKIP_LEARNED, .target = REF_TARGET_STEPS},
};

START_TEST(models) {
    for (failing = 1;; failing++) {
        calls = living = 0;
        counts = true;
        struct ref_model *const model = ref_model_create_like(&forms[_i]);
        const size_t made = calls, left = model ? 0 : living;
        ref_model_destroy(model);
        const size_t at_end = living;
        counts = false;
        ck_assert_msg(left == 0 && at_end == 0, "call %zu: %zu and %zu left", failing, left, at_end);
        if (model) {
            ck_assert_uint_lt(made, failing);
            break;
        }
    }
    ck_assert_uint_gt(failing, 6);
}
END_TEST

START_TEST(results) {
    struct ref_model *const model = ref_model_create_like(&forms[_i]);
    ck_assert_ptr_nonnull(model);
    for (failing = 1;; failing++) {
        calls = living = 0;
        counts = true;
        struct ref_result *const result = ref_result_create(model, 2, 3);
        const size_t made = calls, left = result ? 0 : living;
        ref_result_destroy(result);
        const size_t at_end = living;
        counts = false;
        ck_assert_msg(left == 0 && at_end == 0, "call %zu: %zu and %zu left", failing, left, at_end);
        if (result) {
            ck_assert_msg(made < failing, "call %zu of %zu failed, and the result was made", failing, made);
            break;
        }
    }
    ck_assert_uint_gt(failing, 30);
    ref_model_destroy(model);
}
END_TEST

/* 0 layers mean one, and there is a largest number of layers. */
START_TEST(layers) {
    struct ref_model form = {.inputs = 1, .hidden = 1, .outputs = 1};
    for (size_t n = 0; n <= REF_MAX_LAYERS + 1; n++) {
        form.layers = n;
        struct ref_model *const model = ref_model_create_like(&form);
        ck_assert_int_eq(model != NULL, n <= REF_MAX_LAYERS);
        ck_assert(!model || model->layers == (n ? n : 1));
        ref_model_destroy(model);
    }
}
END_TEST

/* One word has an embedding as more of them have. */
START_TEST(one_word) {
    const struct ref_model form = {.inputs = 2, .hidden = 1, .outputs = 1, .words = 1};
    struct ref_model *const model = ref_model_create_like(&form);
    ck_assert_uint_eq(model->n_parameters, ref_embed(model) + 1);
    ck_assert_uint_eq(ref_parameter_elements(model, ref_embed(model)), 2);
    ck_assert_ptr_nonnull(model->values[ref_embed(model)]);
    ref_model_destroy(model);
}
END_TEST

TEST_MAIN("reference_memory") {
    TCase *const tests = add_tests(suite, "reference_memory");
    tcase_add_loop_test(tests, models, 0, sizeof forms / sizeof *forms);
    tcase_add_loop_test(tests, results, 0, sizeof forms / sizeof *forms);
    tcase_add_test(tests, layers);
    tcase_add_test(tests, one_word);
}
