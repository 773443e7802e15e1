/* What the self-test computes, case by case, against tests/expected/selftest-cases.txt: a case that loses its layers,
 * or a size that lies beside the width of a tile, would pass unnoticed. */
#include "expected.h"
#include "suite.h"
#include "verify/selftest/cases.h"

static struct text told;

static void tell_updates(const char *title, const struct rg_update_case *cases, size_t n, bool initial, bool embedded) {
    text_add(&told, "%s\n", title);
    for (size_t i = 0; i < n; i++) {
        const struct rg_update_case *const one = &cases[i];
        const struct rg_exercise_form form = {one->sizes, one->net, initial, embedded ? one->sizes.steps : 0};
        char name[128];
        rg_exercise_name(&form, name, sizeof name);
        text_add(&told, "%s %s clip %g%s\n", name, rg_optimizer_names[one->optimizer], one->clip_norm,
                 one->quick ? " quick" : "");
    }
}

START_TEST(cases) {
    tell_updates("Updates", rg_selftest_cases, rg_n_selftest_cases, false, false);
    tell_updates("Updates from given states", rg_selftest_initial_cases, rg_n_selftest_initial_cases, true, false);
    tell_updates("Updates with words", rg_selftest_embedded_cases, rg_n_selftest_embedded_cases, false, true);
    text_add(&told, "Gradients step by step\n");
    for (size_t i = 0; i < rg_n_selftest_step_terms; i++) {
        char name[128];
        rg_exercise_name(&rg_selftest_step_terms[i], name, sizeof name);
        text_add(&told, "%s\n", name);
    }
    check_expected("selftest-cases.txt", told.bytes);
    free(told.bytes);
}
END_TEST

TEST_MAIN("selftest_cases") {
    TCase *const tests = add_tests(suite, "selftest_cases");
    tcase_add_test(tests, cases);
}
