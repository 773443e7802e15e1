/* Numbers as people read them: a measured time and the time that is left. */
#include "base/number_text.h"
#include "suite.h"

START_TEST(measured_times) {
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0.0, "0 ms"},      {1.234e-5, "0.0123 ms"}, {0.00451, "4.51 ms"},  {0.0449, "44.9 ms"}, {0.9994, "999 ms"},
        {0.9996, "1.00 s"}, {1.25, "1.25 s"},        {9.994, "9.99 s"},     {9.996, "10.0 s"},   {10.119, "10.1 s"},
        {99.94, "99.9 s"},  {99.96, "100 s"},        {1234.5678, "1235 s"},
    };
    char text[RG_NUMBER_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_str_eq(rg_seconds_text(cases[i].seconds, text), cases[i].text);
    }
}
END_TEST

START_TEST(remaining_times) {
    char text[RG_NUMBER_BYTES];
    ck_assert_str_eq(rg_duration_text(119.0, text), "119 s");
    ck_assert_str_eq(rg_duration_text(5400.0, text), "90 min");
    ck_assert_str_eq(rg_duration_text(7200.0, text), "2 h");
}
END_TEST

START_TEST(sizes_over_a_limit) {
    char text[RG_NUMBER_BYTES];
    ck_assert_str_eq(rg_size_over_text(1048580, 1048576, text), "1048580 bytes");
    ck_assert_str_eq(rg_size_over_text(3145728, 1048576, text), "3.0 MiB");
    ck_assert_str_eq(rg_size_over_text(1101005, 1048576, text), "1.1 MiB");
}
END_TEST

TEST_MAIN("number_text") {
    TCase *tests = add_tests(suite, "number_text");
    tcase_add_test(tests, measured_times);
    tcase_add_test(tests, remaining_times);
    tcase_add_test(tests, sizes_over_a_limit);
}
