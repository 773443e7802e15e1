/* Gradients of losses at several steps: which steps a list names, and that each row of the map is a profile's. */
#include <string.h>

#include "gradient/probe_map.h"
#include "gradient/profile.h"
#include "measured_net.h"

enum { BATCH = 9, STEPS = 6 };

/* ---- Lists ---- */

static rg_status read_list(const char *text, size_t steps, struct rg_probe_list *list) {
    const struct rg_shape shape = {.target = RG_TARGET_STEPS};
    return rg_probe_list_read(text, &shape, steps, list);
}

START_TEST(lists) {
    static const struct {
        const char *text;
        size_t n, steps[6];
    } cases[] = {{"1", 1, {1}},
                 {"20", 1, {20}},
                 {"3,1,2", 3, {1, 2, 3}},
                 {"4,8-10,20", 5, {4, 8, 9, 10, 20}},
                 {"5-7,6,7-8,5", 4, {5, 6, 7, 8}},
                 {"9-9", 1, {9}},
                 {"19-20", 2, {19, 20}}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_probe_list list;
        test_case("%s", cases[i].text);
        expect_ok(read_list(cases[i].text, 20, &list));
        ck_assert_uint_eq(list.n, cases[i].n);
        ck_assert_mem_eq(list.steps, cases[i].steps, list.n * sizeof *list.steps);
    }
}
END_TEST

START_TEST(bad_lists) {
    static const char *const malformed[] = {"",   "0",   ",", "1,",   ",1",  "3-2",  "1-",
                                            "-2", "1 2", "x", "1,,2", "0-3", "2-3-4"};
    struct rg_probe_list list;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        test_case("'%s'", malformed[i]);
        ck_assert_int_eq(read_list(malformed[i], 20, &list), RG_USAGE);
        ck_assert_ptr_nonnull(strstr(rg_error_message(), malformed[i]));
    }
    ck_assert_int_eq(read_list("3,21", 20, &list), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "--probe-times: step 21 lies behind the last step, 20");
    ck_assert_int_eq(read_list("19-21", 20, &list), RG_USAGE);
    expect_ok(read_list("1-256", 300, &list));
    ck_assert_uint_eq(list.n, 256);
    ck_assert_int_eq(read_list("1-257", 300, &list), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "--probe-times: there are more than 256 steps; leave some out");
    const struct rg_shape last = {.target = RG_TARGET_LAST}, both = {.target = RG_TARGET_STEPS, .bidirectional = true};
    ck_assert_int_eq(rg_probe_list_read("1", &last, 20, &list), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "the loss is at the last step, 20, alone"));
    ck_assert_int_eq(rg_probe_list_read("1", &both, 20, &list), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "a bidirectional net can be probed at its last step, 20, alone"));
}
END_TEST

/* ---- The map ---- */

static const struct rg_exercise_form forms[] = {
    {.sizes = {BATCH, STEPS, 2, 3, 1, RG_LOSS_MSE, false}, .net = {.layers = 2, .target = RG_TARGET_STEPS}},
    {.sizes = {BATCH, STEPS, 2, 3, 1, RG_LOSS_MSE, true},
     .net = {.cell = RG_CELL_LSTM, .skip = 2, .target = RG_TARGET_STEPS}},
    {.sizes = {BATCH, STEPS, 2, 3, 1, RG_LOSS_MSE, false},
     .net = {.cell = RG_CELL_GRU, .skip = 2, .skip_kind = RG_SKIP_DILATED, .target = RG_TARGET_STEPS}}};

/* Also with the batch in chunks, and of fewer sequences than the batch has. */
START_TEST(rows_are_profiles) {
    static const struct parts chunks[] = {{0, 0, 0}, {4, 0, 0}};
    for (size_t k = 0; k < 2 * COUNT(chunks); k++) {
        const size_t rows = k % 2 ? 3 : BATCH;
        struct net net = net_of(filled(&forms[_i]), &chunks[k / 2]);
        struct rg_probe_list list;
        struct rg_probe_map map = {.steps = 0};
        expect_ok(read_list("1,3-4,6", STEPS, &list));
        expect_ok(rg_probe_map_measure(net.engine, &net.source->source, 0, &list,
                                       &(struct rg_probe_map_options){.rows = rows, .threads = 1}, &map));
        ck_assert(map.probes.n == 4 && map.steps == STEPS && map.rows == rows && map.directions == 1);
        for (size_t i = 0; i < list.n; i++) {
            struct rg_lag_profiles *profiles = NULL;
            expect_ok(rg_lag_measure(net.engine, &net.source->source, 0,
                                     &(struct rg_lag_options){.rows = rows, .threads = 1, .probe = list.steps[i]},
                                     &profiles));
            for (size_t t = 0; t < map.layers * STEPS; t++) {
                const double found = map.log10_norm[(t / STEPS * list.n + i) * STEPS + t % STEPS];
                const size_t step = t % STEPS + 1, probe = list.steps[i];
                const struct rg_lag_profile *const p = rg_lag_profile_of(profiles, t / STEPS, 0);
                near(found, step <= probe ? p->delta_log10[probe - step] : -INFINITY, 1e-12, "a norm", probe - step);
            }
            rg_lag_profiles_destroy(profiles);
        }
        rg_probe_map_release(&map);
        net_destroy(&net);
    }
}
END_TEST

/* A net of two directions has a loss that is probed at the last step, where its reverse direction begins. */
START_TEST(both_directions) {
    static const struct rg_exercise_form form = {
        .sizes = {BATCH, STEPS, 2, 3, 1, RG_LOSS_MSE, true},
        .net = {.layers = 2, .bidirectional = true, .target = RG_TARGET_STEPS}};
    const struct rg_probe_list list = {1, {STEPS}};
    struct net net = net_of(filled(&form), &(struct parts){0});
    struct rg_probe_map map = {.steps = 0};
    struct rg_lag_profiles *profiles = NULL;
    expect_ok(rg_probe_map_measure(net.engine, &net.source->source, 0, &list,
                                   &(struct rg_probe_map_options){.rows = BATCH, .threads = 1}, &map));
    expect_ok(rg_lag_measure(net.engine, &net.source->source, 0,
                             &(struct rg_lag_options){.rows = BATCH, .threads = 1, .probe = STEPS}, &profiles));
    ck_assert(map.layers == 2 && map.directions == 2);
    for (size_t i = 0; i < 4 * STEPS; i++) {
        const size_t layer = i / STEPS / 2, direction = i / STEPS % 2, t = i % STEPS;
        const struct rg_lag_profile *const p = rg_lag_profile_of(profiles, layer, direction);
        near(map.log10_norm[i], p->delta_log10[STEPS - 1 - t], 1e-12, "a norm", STEPS - 1 - t);
    }
    rg_lag_profiles_destroy(profiles);
    rg_probe_map_release(&map);
    net_destroy(&net);
}
END_TEST

TEST_MAIN("probe_map") {
    TCase *const tests = add_tests(suite, "probe_map");
    tcase_add_unchecked_fixture(tests, open_device, close_device);
    tcase_add_test(tests, lists);
    tcase_add_test(tests, bad_lists);
    tcase_add_test(tests, both_directions);
    tcase_add_loop_test(tests, rows_are_profiles, 0, COUNT(forms));
}
