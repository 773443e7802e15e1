/* CRC-32 by folding against zlib's tables: every length and alignment around the borders of blocks, and in two parts.
 */
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

#include "files/crc.h"
#include "suite.h"

enum { BYTES = 1 << 12, LENGTHS = 400, STARTS = 17 };
static unsigned char bytes[BYTES];

static void fill(void) {
    uint32_t random = 1;

    for (size_t i = 0; i < BYTES; i++) {
        random = random * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(random >> 24);
    }
}

START_TEST(known) {
    ck_assert_uint_eq(rg_crc32(0, "", 0), 0);
    ck_assert_uint_eq(rg_crc32(0, "123456789", 9), 0xCBF43926u);
}
END_TEST

START_TEST(as_zlib) {
    fill();
    for (size_t n = 0; n < LENGTHS; n++) {
        for (size_t start = 0; start < STARTS; start++) {
            const uint32_t before = (uint32_t)(n * 2654435761u);

            ck_assert_uint_eq(rg_crc32(before, bytes + start, n), crc32_z(before, bytes + start, n));
        }
    }
    ck_assert_uint_eq(rg_crc32(0, bytes, BYTES), crc32_z(0, bytes, BYTES));
}
END_TEST

START_TEST(in_parts) {
    fill();
    for (size_t cut = 0; cut <= BYTES; cut += 97) {
        ck_assert_uint_eq(rg_crc32(rg_crc32(0, bytes, cut), bytes + cut, BYTES - cut), crc32_z(0, bytes, BYTES));
    }
}
END_TEST

TEST_MAIN("crc") {
    TCase *const tests = add_tests(suite, "crc");
    tcase_add_test(tests, known);
    tcase_add_test(tests, as_zlib);
    tcase_add_test(tests, in_parts);
}
