/* How trainings are dealt to ranks: the longest first, each to the rank with the least to do. */
#include <string.h>

#include "cli/commands/deal.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

START_TEST(the_longest_go_first) {
    const double work[] = {1, 5, 0, 4, 3, 3, 2};
    size_t owners[7];
    ck_assert_int_eq(rg_deal_owners(work, 7, 2, owners), RG_OK);
    /* 5 to rank 0, 4 and 3 to rank 1, 3 to rank 0, 2 to rank 1, 1 to rank 0: 9 each */
    const size_t wanted[] = {0, 0, 2, 1, 1, 0, 1};
    for (size_t i = 0; i < 7; i++) {
        ck_assert_uint_eq(owners[i], wanted[i]);
    }
}
END_TEST

START_TEST(more_ranks_than_trainings) {
    const double work[] = {2, 2};
    size_t owners[2];
    ck_assert_int_eq(rg_deal_owners(work, 2, 5, owners), RG_OK);
    ck_assert_uint_eq(owners[0], 0);
    ck_assert_uint_eq(owners[1], 1);
}
END_TEST

/* With --epochs the batch does not change how long a training takes; the updates of the config are not those it makes.
 */
START_TEST(epochs_count_as_passes_over_the_file) {
    struct rg_config small = rg_config_default();
    small.training.epochs = 10;
    small.model.hidden = 64;
    small.data.batch = 8;
    struct rg_config large = small;
    large.data.batch = 512;
    large.model.hidden = 32;
    ck_assert_double_gt(rg_deal_work(&small), rg_deal_work(&large));
    large = small;
    large.training.epochs = 20;
    ck_assert_double_eq(rg_deal_work(&large), 2.0 * rg_deal_work(&small));
    large.training.epochs = small.training.epochs = 0;
    large.data.batch = 512;
    ck_assert_double_gt(rg_deal_work(&large), rg_deal_work(&small));
}
END_TEST

/* Gates x hidden x (hidden + 8) x layers and directions x steps x sequences of all updates and the diagnosis. */
START_TEST(work_is_a_product) {
    struct rg_config c = rg_config_default();
    c.model.hidden = 2;
    c.data.steps = 5;
    c.data.batch = 3;
    c.training.updates = 6;
    ck_assert_double_eq(rg_deal_work(&c), 1.0 * 2.0 * 10.0 * 1.0 * 5.0 * 3.0 * 7.0);
    c.model.cell = RG_CELL_LSTM;
    c.model.layers = 3;
    c.training.accumulate = 4;
    ck_assert_double_eq(rg_deal_work(&c), 4.0 * 2.0 * 10.0 * 3.0 * 5.0 * 3.0 * 4.0 * 7.0);
    c.model.bidirectional = true;
    ck_assert_double_eq(rg_deal_work(&c), 4.0 * 2.0 * 10.0 * 6.0 * 5.0 * 3.0 * 4.0 * 7.0);
    c.training.epochs = 1;
    ck_assert_double_eq(rg_deal_work(&c), 4.0 * 2.0 * 10.0 * 6.0 * 5.0);
}
END_TEST

/* A result as one rank packs it and another reads it. Every shorter piece, and every larger count, is refused. */
START_TEST(a_damaged_result_is_refused) {
    struct rg_sections *from = NULL, *to = NULL;
    char *packed = NULL, *text = NULL;
    uint64_t number = 0;
    ck_assert_int_eq(rg_sections_create(&from), RG_OK);
    ck_assert_int_eq(rg_sections_add_text(from, "key", "hidden 3"), RG_OK);
    ck_assert_int_eq(rg_sections_add_text(from, "task", "adding"), RG_OK);
    rg_sections_put(from, "updates", 7);
    const size_t bytes = rg_deal_packed_bytes(from);
    ck_assert_int_eq(rg_alloc(&packed, bytes, 1, "a result"), RG_OK);
    rg_deal_pack(from, packed);
    ck_assert_int_eq(rg_sections_create(&to), RG_OK);
    ck_assert_int_eq(rg_deal_unpack(packed, bytes, to), RG_OK);
    ck_assert_int_eq(rg_sections_get_text(to, "task", &text), RG_OK);
    ck_assert_str_eq(text, "adding");
    ck_assert_int_eq(rg_sections_number(to, "updates", UINT64_MAX, &number), RG_OK);
    ck_assert_uint_eq(number, 7);
    ck_assert_str_eq(to->path, "the result of another rank");
    rg_sections_destroy(to);
    for (size_t length = 0; length < bytes; length++) {
        char *piece = NULL; /* of its own, so that a sanitizer sees a read beyond it */
        ck_assert_int_eq(rg_alloc(&piece, length, 1, "a piece"), RG_OK);
        if (length > 0) {
            memcpy(piece, packed, length);
        }
        ck_assert_int_eq(rg_sections_create(&to), RG_OK);
        ck_assert_int_eq(rg_deal_unpack(piece, length, to), RG_BAD_FILE);
        rg_sections_destroy(to);
        rg_free(piece);
    }
    for (size_t field = 0; field < 2; field++) { /* the counts of sections and of numbers */
        const uint64_t large = UINT64_MAX / 2;
        memcpy(packed + field * sizeof large, &large, sizeof large);
        ck_assert_int_eq(rg_sections_create(&to), RG_OK);
        ck_assert_int_eq(rg_deal_unpack(packed, bytes, to), RG_BAD_FILE);
        rg_sections_destroy(to);
        rg_deal_pack(from, packed);
    }
    rg_free(packed);
    rg_sections_destroy(from);
}
END_TEST

/* As many sections and numbers as there can be, and one section more. */
START_TEST(the_largest_result) {
    struct rg_sections *from = NULL, *to = NULL;
    char *packed = NULL;
    ck_assert_int_eq(rg_sections_create(&from), RG_OK);
    for (size_t i = 0; i < RG_SECTIONS_MAX; i++) {
        char name[RG_SECTION_NAME];
        (void)snprintf(name, sizeof name, "section %zu", i);
        ck_assert_int_eq(rg_sections_add_text(from, name, "x"), RG_OK);
    }
    for (size_t i = 0; i < RG_NUMBERS_MAX; i++) {
        char name[RG_SECTION_NAME];
        (void)snprintf(name, sizeof name, "number %zu", i);
        rg_sections_put(from, name, i);
    }
    const size_t bytes = rg_deal_packed_bytes(from), more = RG_SECTION_NAME + sizeof(uint64_t);
    ck_assert_int_eq(rg_alloc(&packed, bytes + more, 1, "a result"), RG_OK);
    rg_deal_pack(from, packed);
    ck_assert_int_eq(rg_sections_create(&to), RG_OK);
    ck_assert_int_eq(rg_deal_unpack(packed, bytes, to), RG_OK);
    ck_assert(to->n == RG_SECTIONS_MAX && to->n_numbers == RG_NUMBERS_MAX);
    rg_sections_destroy(to);
    for (size_t i = 0; i < 2; i++) { /* one byte too many; another section, which is empty */
        const uint64_t n = RG_SECTIONS_MAX + i;
        memcpy(packed, &n, sizeof n);
        ck_assert_int_eq(rg_sections_create(&to), RG_OK);
        ck_assert_int_eq(rg_deal_unpack(packed, i ? bytes + more : bytes + 1, to), RG_BAD_FILE);
        rg_sections_destroy(to);
    }
    rg_free(packed);
    rg_sections_destroy(from);
}
END_TEST

TEST_MAIN("deal") {
    TCase *const trainings = add_tests(suite, "trainings");
    tcase_add_test(trainings, the_longest_go_first);
    tcase_add_test(trainings, more_ranks_than_trainings);
    tcase_add_test(trainings, epochs_count_as_passes_over_the_file);
    tcase_add_test(trainings, work_is_a_product);
    tcase_add_test(trainings, a_damaged_result_is_refused);
    tcase_add_test(trainings, the_largest_result);
}
