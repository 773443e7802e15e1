/* How trainings are dealt to ranks: the longest first, each to the rank with the least to do. */
#include "cli/commands/deal.h"
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

TEST_MAIN("deal") {
    TCase *const trainings = add_tests(suite, "trainings");
    tcase_add_test(trainings, the_longest_go_first);
    tcase_add_test(trainings, more_ranks_than_trainings);
}
