/* Decimal numbers of text have the bits of strtod, and a CSV file reads the same whichever of its cells have quotes and
 * wherever the borders of blocks lie. */
#define _GNU_SOURCE
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "data/decimal.h"
#include "dataset_files.h"

static locale_t c_locale;

static bool are_equal(const void *a, const void *b, size_t bytes) {
    return memcmp(a, b, bytes) == 0;
}

static void expect_same(const char *text) {
    char *end = NULL;
    double value = 0.0;
    const double wanted = strtod_l(text, &end, c_locale);

    test_case("%.60s", text);
    ck_assert(rg_decimal(text, strlen(text), c_locale, &value));
    ck_assert(*end == '\0' && are_equal(&value, &wanted, sizeof value));
    if (rg_decimal_is_plain(text, strlen(text))) {
        ck_assert(strpbrk(text, "eE") == NULL && wanted < 1e31 && wanted > -1e31);
    }
}

START_TEST(bits) {
    static const char *const texts[] = {"0",
                                        "-0",
                                        "+7",
                                        ".5",
                                        "5.",
                                        "-.5",
                                        "007",
                                        "0.1",
                                        "0.3",
                                        "1e22",
                                        "1e23",
                                        "1e-22",
                                        "1e-23",
                                        "9007199254740992",
                                        "9007199254740993",
                                        "9007199254740993e5",
                                        "123456789012345678901234567890",
                                        "0.000000000000000000000001",
                                        "1.7976931348623157e308",
                                        "1e400",
                                        "-1e400",
                                        "5e-324",
                                        "1e-400",
                                        "1e99999999999999999999",
                                        "0e99999999999999",
                                        "1E5",
                                        "1e+5",
                                        "8.98846567431158e307",
                                        "3.4028235e38",
                                        "18446744073709551615",
                                        "18446744073709551617"};
    char text[64];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect_same(texts[i]);
    }
    srand(1);
    for (int i = 0; i < 20000; i++) {
        const double number = (double)rand() / (1.0 + (double)rand()) * (i % 2 ? 1.0 : -1.0);

        snprintf(text, sizeof text, i % 3 == 0 ? "%.*e" : i % 3 == 1 ? "%.*f" : "%.*g", i % 18, number);
        expect_same(text);
    }
}
END_TEST

START_TEST(no_numbers) {
    static const char *const texts[] = {"",    ".",   "-",   "+",   "e5", "1e", "1e+", "1e-", ".e1",  "1.2.3", "1,5",
                                        "0x1", "inf", "nan", "NaN", " 1", "1 ", "--1", "+-1", "1e5.", "1e5e5", "x4"};
    double value = 0.0;

    test_case("%s", texts[_i]);
    ck_assert(_i < (int)(sizeof texts / sizeof *texts));
    ck_assert(!rg_decimal(texts[_i], strlen(texts[_i]), c_locale, &value));
    ck_assert(!rg_decimal_is_plain(texts[_i], strlen(texts[_i])));
}
END_TEST

enum { ROWS = 30000, ROW_BYTES = 64 };

/* A file of ROWS rows. `quoted` of 0: no cell has quotes, else one cell in so many. */
static struct rg_dataset *read_rows(unsigned quoted, size_t shift) {
    char *const text = malloc(ROWS * ROW_BYTES + shift + 64);
    size_t n = (size_t)sprintf(text, "series,%*s,b,label\n", (int)shift + 1, "a");
    struct rg_dataset *d = NULL;
    unsigned cell = 0;

    for (unsigned i = 0; i < ROWS; i++) {
        char numbers[2][16];

        snprintf(numbers[0], sizeof numbers[0], "%u.%u", i * i % 977, i % 89);
        snprintf(numbers[1], sizeof numbers[1], "-%u", i % 1013);
        n += (size_t)sprintf(text + n, "%u,", i / 10);
        for (int k = 0; k < 2; k++) {
            const char *const quote = quoted > 0 && ++cell % quoted == 0 ? "\"" : "";

            n += (size_t)sprintf(text + n, i % 7 == 0 ? " %s%s%s\t," : "%s%s%s,", quote, numbers[k], quote);
        }
        n += (size_t)sprintf(text + n, "%s%s", i / 10 % 2 ? "good" : "worn",
                             i % 3 == 0   ? "\r\n"
                             : i % 3 == 1 ? "\n"
                                          : "\n \n");
    }
    put("d.csv", text, n);
    free(text);
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    return d;
}

START_TEST(quotes_and_borders) {
    static const unsigned quoted[] = {0, 1, 2, 7, 1000, 40000};
    make_folder();
    struct rg_dataset *const whole = read_rows(0, 0);
    struct rg_dataset *const other = read_rows(quoted[_i % 6], (size_t)_i * 3);

    test_case("one cell in %u quoted, shifted by %d", quoted[_i % 6], _i * 3);
    ck_assert_uint_eq(whole->n_sequences, ROWS / 10);
    ck_assert(other->n_sequences == whole->n_sequences && other->n_steps == 10 && other->n_features == 2);
    ck_assert(are_equal(whole->x_float, other->x_float, ROWS * 2 * sizeof(float)));
    ck_assert(are_equal(whole->y, other->y, ROWS / 10 * sizeof(float)));
    ck_assert(whole->x_float[2 * 1234 + 1] == -221.0f && whole->lengths == NULL);
    rg_dataset_destroy(whole);
    rg_dataset_destroy(other);
    remove_folder();
}
END_TEST

TEST_MAIN("decimal") {
    TCase *const tests = add_tests(suite, "decimal");
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    tcase_add_test(tests, bits);
    tcase_add_loop_test(tests, no_numbers, 0, 22);
    tcase_add_loop_test(tests, quotes_and_borders, 0, 12);
}
