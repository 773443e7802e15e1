/* Files of named sections: what is written reads back, and what is not whole is refused with the damaged place. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include <zlib.h>

#include "files/sections.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

static char folder[200], path[300];
static bool foreign; /* of the last one read */

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/a.ckpt", folder);
}

static void tear_down(void) {
    (void)remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

enum { N_VALUES = 37, MAX_BYTES = 4096 };

/* A small file of three sections and two numbers. */
static void write_small(void) {
    struct rg_sections *s = NULL;
    double *values = NULL;
    void *nothing = NULL;
    ck_assert_int_eq(rg_sections_create(&s), RG_OK);
    ck_assert_int_eq(rg_sections_add(s, "weights", N_VALUES * sizeof *values, &values), RG_OK);
    for (size_t i = 0; i < N_VALUES; i++) {
        values[i] = 1.0 / (double)(i + 1);
    }
    ck_assert_int_eq(rg_sections_add(s, "empty", 0, &nothing), RG_OK);
    ck_assert_int_eq(rg_sections_add_text(s, "options", "{\"cell\":\"lstm\"}"), RG_OK);
    rg_sections_put(s, "updates", 1234567890123456789u);
    rg_sections_put_real(s, "loss", -0.1);
    ck_assert_int_eq(rg_sections_write(s, path), RG_OK);
    rg_sections_destroy(s);
}

/* Whether the file reads, and then as write_small wrote it. */
static bool reads_equal(void) {
    struct rg_sections *s = NULL;
    const void *values = NULL;
    char *text = NULL;
    uint64_t updates = 0;
    double loss = 0.0;
    if (rg_sections_read(path, &s, &foreign) != RG_OK) {
        return false;
    }
    ck_assert_int_eq(rg_sections_get(s, "weights", N_VALUES * sizeof(double), &values), RG_OK);
    for (size_t i = 0; i < N_VALUES; i++) {
        ck_assert_double_eq(((const double *)values)[i], 1.0 / (double)(i + 1));
    }
    ck_assert_int_eq(rg_sections_get_text(s, "options", &text), RG_OK);
    ck_assert_str_eq(text, "{\"cell\":\"lstm\"}");
    ck_assert_uint_eq(rg_sections_find(s, "empty")->bytes, 0);
    ck_assert_int_eq(rg_sections_number(s, "updates", UINT64_MAX, &updates), RG_OK);
    ck_assert_uint_eq(updates, 1234567890123456789u);
    ck_assert_int_eq(rg_sections_real(s, "loss", &loss), RG_OK);
    ck_assert_double_eq(loss, -0.1);
    rg_sections_destroy(s);
    return true;
}

static size_t read_bytes(unsigned char *bytes) {
    FILE *const file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(bytes, 1, MAX_BYTES, file);
    ck_assert(n > 0 && n < MAX_BYTES);
    (void)fclose(file);
    return n;
}

/* In place: some file systems write a file that is emptied first to the disk. */
static void write_bytes(const unsigned char *bytes, size_t n) {
    const int file = open(path, O_WRONLY);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq((int)pwrite(file, bytes, n, 0), (int)n);
    ck_assert_int_eq(ftruncate(file, (off_t)n), 0);
    (void)close(file);
}

/* Make the header's checksum right again. */
static void seal(unsigned char *bytes, size_t n) {
    uint32_t sections, crc = 0;
    memcpy(&sections, bytes + 12, sizeof sections);
    memset(bytes + 24, 0, sizeof crc);
    const size_t front = 32 + 64 * (size_t)sections;
    crc = (uint32_t)crc32(0, bytes, (uInt)(front < n ? front : n));
    memcpy(bytes + 24, &crc, sizeof crc);
}

START_TEST(what_is_written_reads_back) {
    write_small();
    ck_assert(reads_equal());
}
END_TEST

START_TEST(every_truncation_is_refused) {
    unsigned char bytes[MAX_BYTES];
    write_small();
    const size_t n = read_bytes(bytes);
    for (size_t length = 0; length < n; length++) {
        write_bytes(bytes, length);
        ck_assert_msg(!reads_equal(), "%zu of %zu bytes are read", length, n);
        ck_assert_msg(strncmp(rg_error_message(), path, strlen(path)) == 0, "%s", rg_error_message());
    }
    bytes[n] = 0;
    write_bytes(bytes, n + 1);
    ck_assert(!reads_equal());
}
END_TEST

START_TEST(every_flipped_bit_is_refused) {
    unsigned char bytes[MAX_BYTES];
    write_small();
    const size_t n = read_bytes(bytes);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        write_bytes(bytes, n);
        ck_assert_msg(!reads_equal(), "bit %zu is flipped and the file is read", bit);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}
END_TEST

static void refused_with(const char *text) {
    ck_assert(!reads_equal());
    ck_assert_msg(strstr(rg_error_message(), text) != NULL, "'%s' is not in: %s", text, rg_error_message());
}

START_TEST(a_message_names_the_place) {
    unsigned char bytes[MAX_BYTES], whole[MAX_BYTES];
    write_small();
    const size_t n = read_bytes(whole);
    uint64_t begin;
    memcpy(&begin, whole + 32 + 2 * 64 + 40, sizeof begin); /* of the third section */
    memcpy(bytes, whole, n);
    bytes[begin] ^= 1;
    write_bytes(bytes, n);
    refused_with("the section 'options' is damaged: its checksum");
    memcpy(bytes, whole, n);
    bytes[40] ^= 1;
    write_bytes(bytes, n);
    refused_with("the header is damaged: its checksum");
    ck_assert(!foreign);
    write_bytes(whole, n - 1);
    refused_with("cut short");
    memcpy(bytes, whole, n);
    bytes[8] = 2;
    seal(bytes, n);
    write_bytes(bytes, n);
    refused_with("format 2, of another version");
    ck_assert(foreign);
    write_bytes((const unsigned char *)"something else that is long enough for a header", 48);
    refused_with("not a checkpoint");
}
END_TEST

START_TEST(what_is_missing_is_named) {
    struct rg_sections *s = NULL;
    const void *data = NULL;
    uint64_t number = 0;
    double real = 0.0;
    char *text = NULL;
    write_small();
    ck_assert_int_eq(rg_sections_read(path, &s, &foreign), RG_OK);
    ck_assert_int_eq(rg_sections_get(s, "weights", 8, &data), RG_BAD_FILE);
    ck_assert_int_eq(rg_sections_get(s, "control", 8, &data), RG_BAD_FILE);
    ck_assert_int_eq(rg_sections_get_text(s, "weights", &text), RG_BAD_FILE);
    ck_assert_int_eq(rg_sections_number(s, "loss", UINT64_MAX, &number), RG_BAD_FILE);
    ck_assert_int_eq(rg_sections_number(s, "updates", 5, &number), RG_BAD_FILE);
    ck_assert_int_eq(rg_sections_real(s, "updates", &real), RG_BAD_FILE);
    rg_sections_destroy(s);
}
END_TEST

/* Random changes of a file whose header's checksum is right again, and so reaches what is behind that check. */
START_TEST(random_changes_do_no_harm) {
    unsigned char bytes[MAX_BYTES], whole[MAX_BYTES];
    uint32_t random = 12345;
    write_small();
    const size_t n = read_bytes(whole);
    const int tries = getenv("RG_TRIES") ? atoi(getenv("RG_TRIES")) : 20000;
    for (int i = 0; i < tries; i++) {
        memcpy(bytes, whole, n);
        size_t length = n;
        for (int change = 0; change < 1 + i % 5; change++) {
            random = random * 1664525u + 1013904223u;
            const size_t at = (random >> 8) % (i % 2 ? n : 32 + 4 * 64);
            bytes[at] = (unsigned char)(random >> 3 & 1 ? random >> 24 : bytes[at] ^ 1u << (random >> 5) % 8);
        }
        if (i % 7 == 0) {
            length = random % n;
        }
        if (i % 3) {
            seal(bytes, length > 40 ? length : n);
        }
        write_bytes(bytes, length);
        struct rg_sections *s = NULL;
        if (rg_sections_read(path, &s, &foreign) == RG_OK) {
            for (size_t k = 0; k < s->n; k++) { /* all of it can be read */
                random ^= (uint32_t)crc32(0, s->items[k].data, (uInt)s->items[k].bytes);
            }
        }
        rg_sections_destroy(s);
    }
}
END_TEST

TEST_MAIN("sections") {
    TCase *const tests = add_tests(suite, "sections");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_written_reads_back);
    tcase_add_test(tests, every_truncation_is_refused);
    tcase_add_test(tests, every_flipped_bit_is_refused);
    tcase_add_test(tests, a_message_names_the_place);
    tcase_add_test(tests, what_is_missing_is_named);
    tcase_add_test(tests, random_changes_do_no_harm);
}
