/* Plans of GPUs from their numbers: full groups, a group for each unit, and estimates that hang together. */
#include <math.h>

#include "bench/bench.h"
#include "bench/planned.h"
#include "suite.h"

/* Scans and the weight gradient of this cell, which take nearly all of an update's time. */
static bool is_product(const char *kernel, enum rg_cell cell) {
    char forward[64], reverse[64];
    (void)snprintf(forward, sizeof forward, "rg_%s_forward", rg_cell_names[cell]);
    (void)snprintf(reverse, sizeof reverse, "rg_%s_reverse", rg_cell_names[cell]);
    return strcmp(kernel, forward) == 0 || strcmp(kernel, reverse) == 0 || strcmp(kernel, "rg_weight_gradient") == 0;
}

static void plan(const struct rg_card *card, const struct rg_bench_case *c, struct rg_planned *planned) {
    struct rg_plan made;
    rg_planned_open(card, planned);
    ck_assert_msg(rg_bench_queue(&planned->base, c, &made) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(planned->base.used_bytes, 0);
}

/* _i: card and cell. */
START_TEST(groups_are_full) {
    const struct rg_card *const card = &rg_cards[(size_t)_i / RG_N_CELLS];
    const enum rg_cell cell = (enum rg_cell)(_i % RG_N_CELLS);
    const struct rg_bench_case c = {.cell = cell, .batch = 4096, .steps = 100, .hidden = 128, .input = 2, .outputs = 1};
    struct rg_planned planned;
    size_t products = 0;
    double seconds = 0.0, others = 0.0;
    test_case("%s %s", card->name, rg_cell_names[cell]);
    plan(card, &c, &planned);
    for (size_t i = 0; i < planned.n_kernels; i++) {
        const struct rg_planned_kernel *const k = &planned.kernels[planned.order[i]];
        const char *const name = rg_kernel_signatures[planned.order[i]].name;
        seconds += k->estimated;
        if (!is_product(name, cell)) {
            others += k->estimated;
            continue;
        }
        products++;
        ck_assert_msg(k->busy_rows >= 0.9 && k->busy_rows <= 1.0, "%s: %.2f of the item rows", name, k->busy_rows);
        ck_assert_msg(k->groups >= (size_t)card->units, "%s: %zu groups, %d units", name, k->groups, card->units);
        ck_assert_msg(k->items % (size_t)card->sub_group == 0, "%s: groups of %zu items", name, k->items);
    }
    ck_assert_uint_eq(products, 3);
    ck_assert_msg(others < 0.15 * seconds, "%.0f %% of the time is no product's", 100.0 * others / seconds);
    ck_assert_double_gt(rg_bench_flops(&c) / seconds, (strcmp(card->name, "h100") == 0 ? 0.5 : 0.05) * card->peak);
    ck_assert_double_lt(rg_bench_flops(&c) / seconds, card->peak);
}
END_TEST

/* Of 32 sequences each has a unit to itself where there are so many. */
START_TEST(a_small_batch_is_spread) {
    const struct rg_card *const card = &rg_cards[(size_t)_i / RG_N_CELLS];
    const enum rg_cell cell = (enum rg_cell)(_i % RG_N_CELLS);
    const struct rg_bench_case c = {.cell = cell, .batch = 32, .steps = 100, .hidden = 128, .input = 2, .outputs = 1};
    const size_t units = (size_t)card->units;
    struct rg_planned planned;
    test_case("%s %s", card->name, rg_cell_names[cell]);
    plan(card, &c, &planned);
    for (size_t i = 0; i < planned.n_kernels; i++) {
        const struct rg_planned_kernel *const k = &planned.kernels[planned.order[i]];
        const char *const name = rg_kernel_signatures[planned.order[i]].name;
        if (is_product(name, cell)) {
            ck_assert_msg(k->groups >= (units < 32 ? units : 32), "%s: %zu groups, %zu units", name, k->groups, units);
        }
        ck_assert_msg(strcmp(name, "rg_weight_gradient") != 0 || 2 * k->groups >= units, "%zu groups, %zu units",
                      k->groups, units);
    }
}
END_TEST

/* Seconds of an update where a step has a launch of its own from so many bytes on; 0: as the plan has it. */
static double seconds_of(const struct rg_card *card, const struct rg_bench_case *c, uint64_t shared_bytes) {
    struct rg_planned planned;
    struct rg_plan made;
    rg_planned_open(card, &planned);
    planned.base.info.shared_step_bytes = shared_bytes ? shared_bytes : planned.base.info.shared_step_bytes;
    ck_assert_msg(rg_bench_queue(&planned.base, c, &made) == RG_OK, "%s", rg_error_message());
    return rg_planned_seconds(&planned);
}

/* Few sequences go in scans or with a launch for each step, whichever the estimate has faster, or nearly: a rule of
 * sizes decides, for all cards. */
START_TEST(few_sequences_go_the_faster_way) {
    const enum rg_cell cell = (enum rg_cell)_i;
    double lost = 0.0, n = 0.0;
    for (size_t i = 0; i < rg_n_cards; i++) {
        for (size_t batch = 16; batch <= 64; batch *= 2) {
            for (size_t hidden = 128; hidden <= 512; hidden *= 2) {
                const struct rg_bench_case c = {
                    .cell = cell, .batch = batch, .steps = 100, .hidden = hidden, .input = 2, .outputs = 1};
                const double scans = seconds_of(&rg_cards[i], &c, UINT64_MAX), steps = seconds_of(&rg_cards[i], &c, 1);
                const double more = seconds_of(&rg_cards[i], &c, 0) / fmin(scans, steps) - 1.0;
                test_case("%s, batch %zu, hidden %zu: %.3f and %.3f ms", rg_cards[i].name, batch, hidden, scans * 1e3,
                          steps * 1e3);
                ck_assert_msg(more < (hidden == 128 ? 1e-9 : 0.8), "%.0f %% more than it takes", 100.0 * more);
                lost += more;
                n += 1.0;
            }
        }
    }
    ck_assert_msg(lost / n < 0.05, "%.1f %% more than it takes, on average", 100.0 * lost / n);
}
END_TEST

START_TEST(cards_are_plausible) {
    for (size_t i = 0; i < rg_n_cards; i++) {
        const struct rg_card *const card = &rg_cards[i], *found = NULL;
        const double clock = card->peak / (2.0 * card->units * card->schedulers * card->lanes);
        test_case("%s", card->name);
        ck_assert_int_eq(rg_card_find(card->name, &found), RG_OK);
        ck_assert_ptr_eq(found, card);
        ck_assert_msg(clock > 0.9e9 && clock < 3e9, "a clock of %g Hz", clock);
        ck_assert_uint_le(card->local_bytes, card->unit_local);
        ck_assert_double_le(card->bandwidth, card->cache_bandwidth);
        ck_assert(strlen(card->source) > 10 && card->sub_group % 8 == 0);
    }
}
END_TEST

TEST_MAIN("cards") {
    TCase *const tests = add_tests(suite, "cards");
    tcase_add_test(tests, cards_are_plausible);
    tcase_add_loop_test(tests, few_sequences_go_the_faster_way, 0, RG_N_CELLS);
    tcase_add_loop_test(tests, groups_are_full, 0, (int)rg_n_cards * RG_N_CELLS);
    tcase_add_loop_test(tests, a_small_batch_is_spread, 0, (int)rg_n_cards * RG_N_CELLS);
}
