/* Files of named sections: what is written reads back, and what is not whole is refused with the damaged place. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "failing_memory.h"
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

static void expect_message(const char *text) {
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted, "%s: %s", path, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

START_TEST(what_is_missing_is_named) {
    struct rg_sections *s = NULL;
    const void *data = NULL;
    uint64_t number = 0;
    double real = 0.0;
    char *text = NULL;
    write_small();
    ck_assert_int_eq(rg_sections_read(path, &s, &foreign), RG_OK);
    ck_assert_int_eq(rg_sections_get(s, "weights", 8, &data), RG_BAD_FILE);
    expect_message("the section 'weights' has 296 bytes; this run has 8");
    ck_assert_int_eq(rg_sections_get(s, "control", 8, &data), RG_BAD_FILE);
    expect_message("the section 'control' is missing");
    ck_assert_int_eq(rg_sections_get_text(s, "weights", &text), RG_BAD_FILE);
    expect_message("the section 'weights' is not a text");
    ck_assert_int_eq(rg_sections_get_text(s, "empty", &text), RG_BAD_FILE);
    expect_message("the section 'empty' is not a text");
    ck_assert_int_eq(rg_sections_get_text(s, "control", &text), RG_BAD_FILE);
    expect_message("the section 'control' is missing");
    ck_assert(data == NULL && text == NULL);
    ck_assert_int_eq(rg_sections_number(s, "loss", UINT64_MAX, &number), RG_BAD_FILE);
    expect_message("the whole number 'loss' is missing");
    ck_assert_int_eq(rg_sections_number(s, "epochs", UINT64_MAX, &number), RG_BAD_FILE);
    expect_message("the whole number 'epochs' is missing");
    ck_assert_int_eq(rg_sections_number(s, "updates", 1234567890123456789u, &number), RG_OK);
    ck_assert_int_eq(rg_sections_number(s, "updates", 1234567890123456788u, &number), RG_BAD_FILE);
    expect_message("the number 'updates' is 1234567890123456789; at most 1234567890123456788 was expected");
    ck_assert_int_eq(rg_sections_real(s, "updates", &real), RG_BAD_FILE);
    expect_message("the number 'updates' is missing");
    ck_assert_ptr_null(rg_sections_find(s, "numbers")); /* they are no section */
    rg_sections_destroy(s);
    rg_sections_destroy(NULL);
}
END_TEST

/* ---- Every byte ---- */

enum { HEAD = 32, ROW = 64, WEIGHTS = 320, OPTIONS = 640, NUMBERS = 704, ALL = 800 };

static uint64_t number_at(const unsigned char *bytes, size_t n) {
    uint64_t value = 0;
    memcpy(&value, bytes, n);
    return value;
}

START_TEST(bytes_of_a_file) {
    static const struct {
        const char *name;
        size_t begin, bytes;
    } rows[] = {{"weights", WEIGHTS, 296}, {"empty", OPTIONS, 0}, {"options", OPTIONS, 16}, {"numbers", NUMBERS, 96}};
    unsigned char bytes[MAX_BYTES], zeros[ROW] = {0};
    write_small();
    ck_assert_uint_eq(read_bytes(bytes), ALL);
    ck_assert_mem_eq(bytes, "\x89RGckpt\n\1\0\0\0\4\0\0\0\x20\3\0\0\0\0\0\0", 24);
    ck_assert_uint_eq(number_at(bytes + 28, 4), 0);
    for (size_t i = 0; i < 4; i++) {
        const unsigned char *const row = bytes + HEAD + ROW * i;
        test_case("%s", rows[i].name);
        ck_assert_str_eq((const char *)row, rows[i].name);
        ck_assert_mem_eq(row + strlen(rows[i].name), zeros, 40 - strlen(rows[i].name));
        ck_assert_uint_eq(number_at(row + 40, 8), rows[i].begin);
        ck_assert_uint_eq(number_at(row + 48, 8), rows[i].bytes);
        ck_assert_uint_eq(number_at(row + 56, 4), crc32(0, bytes + rows[i].begin, (uInt)rows[i].bytes));
        ck_assert_uint_eq(number_at(row + 60, 4), 0);
    }
    ck_assert_mem_eq(bytes + HEAD + 4 * ROW, zeros, WEIGHTS - HEAD - 4 * ROW);
    ck_assert_mem_eq(bytes + WEIGHTS + 296, zeros, OPTIONS - WEIGHTS - 296);
    ck_assert_mem_eq(bytes + OPTIONS, "{\"cell\":\"lstm\"}", 16);
    ck_assert_mem_eq(bytes + NUMBERS, "updates\0", 8);
    ck_assert(bytes[NUMBERS + 39] == 'u' && number_at(bytes + NUMBERS + 40, 8) == 1234567890123456789u);
    ck_assert_mem_eq(bytes + NUMBERS + 48, "loss\0", 5);
    const double loss = -0.1;
    ck_assert_int_eq(bytes[NUMBERS + 48 + 39], 'd');
    ck_assert_mem_eq(bytes + NUMBERS + 48 + 40, &loss, 8);
    unsigned char sealed[MAX_BYTES];
    memcpy(sealed, bytes, ALL);
    seal(sealed, ALL);
    ck_assert_mem_eq(sealed, bytes, ALL);
}
END_TEST

/* What no program of ours writes, with checksums that are right. */
START_TEST(rules_of_a_file) {
    static const struct {
        size_t at, n;
        const char *bytes; /* written there; sections 0 to 2, then the numbers */
        const char *message;
    } cases[] = {
        {12, 1, "\0", "the header is damaged: its number of sections is impossible"},
        {12, 1, "\102", "the header is damaged: its number of sections is impossible"}, /* 66 */
        {12, 1, "\15", "the header is damaged: its number of sections is impossible"},  /* 13: longer than the file */
        {12, 1, "\14", "the section 'weights' is damaged: its place or size is impossible"},
        {HEAD, 1, "\0", "the header is damaged: a section has an invalid name"},
        {HEAD + 39, 1, "x", "the header is damaged: a section has an invalid name"},
        {HEAD + 40, 2, "\x80\1", "the section 'weights' is damaged: its place or size is impossible"},
        {HEAD + 40, 2, "\0\1", "the section 'weights' is damaged: its place or size is impossible"},
        {HEAD + 60, 1, "\1", "the section 'weights' is damaged: its place or size is impossible"},
        {HEAD + 48, 2, "\xe1\1",
         "the section 'weights' is damaged: its place or size is impossible"}, /* 481 bytes: one too many */
        {HEAD + 48, 2, "\xe0\1", "the section 'weights' is damaged: its checksum does not match"},
        {HEAD + 56, 4, "\0\0\0\0", "the section 'weights' is damaged: its checksum does not match"},
        {WEIGHTS - 1, 1, "x", "the section 'weights' is damaged: the gap before it is not zero"},
        {HEAD + 4 * ROW, 1, "x", "the section 'weights' is damaged: the gap before it is not zero"},
        {WEIGHTS + 296, 1, "x", "the section 'empty' is damaged: the gap before it is not zero"},
        {HEAD + 2 * ROW, 8, "weights", "the section 'weights' is damaged: there are two of that name"},
        {HEAD + 3 * ROW, 1, "m", "the section 'mumbers' is damaged: it does not hold the numbers"},
        {16, 1, "\x21", "the file has 800 bytes instead of 801: it was cut short or added to"},
        {8, 1, "\2", "a checkpoint of format 2, of another version of rnn-gpu; this one reads format 1"},
        {0, 1, "R", "not a checkpoint: it does not begin as one"},
        {7, 1, "x", "not a checkpoint: it does not begin as one"},
    };
    unsigned char bytes[MAX_BYTES], whole[MAX_BYTES];
    write_small();
    const size_t n = read_bytes(whole);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_sections *s = NULL;
        test_case("rule %zu", i);
        memcpy(bytes, whole, n);
        memcpy(bytes + cases[i].at, cases[i].bytes, cases[i].n);
        seal(bytes, n);
        write_bytes(bytes, n);
        ck_assert_int_eq(rg_sections_read(path, &s, &foreign), RG_BAD_FILE);
        ck_assert_ptr_null(s);
        expect_message(cases[i].message);
        ck_assert_int_eq(foreign, cases[i].at == 8);
    }
    /* a checksum that is wrong counts more than the format, and than the size */
    memcpy(bytes, whole, n);
    bytes[16]++;
    write_bytes(bytes, n);
    refused_with("the header is damaged: its checksum does not match");
    write_bytes(whole, 31);
    refused_with("not a checkpoint, or one that was cut short: it has 31 bytes");
    write_bytes(whole, 32);
    refused_with("the header is damaged: its number of sections is impossible");
}
END_TEST

/* The last section with its checksum: numbers of another size, and a name without an end. */
START_TEST(numbers_of_a_file) {
    static const struct {
        size_t bytes;
        const char *message;
    } cases[] = {{95, "the section 'numbers' is damaged: it does not hold the numbers"},
                 {97, "the section 'numbers' is damaged: it does not hold the numbers"},
                 {48, NULL},
                 {0, NULL}};
    unsigned char bytes[MAX_BYTES], whole[MAX_BYTES];
    struct rg_sections *s = NULL;
    write_small();
    (void)read_bytes(whole);
    memset(whole + ALL, 0, 64);
    for (size_t i = 0; i <= sizeof cases / sizeof *cases; i++) {
        const bool long_name = i == sizeof cases / sizeof *cases;
        const size_t n = long_name ? 96 : cases[i].bytes, all = NUMBERS + n;
        unsigned char *const row = bytes + HEAD + 3 * ROW;
        const char *const message =
            long_name ? "the section 'numbers' is damaged: it holds an invalid name" : cases[i].message;
        test_case("numbers of %zu bytes", n);
        memcpy(bytes, whole, ALL + 64);
        if (long_name) {
            memset(bytes + NUMBERS, 'n', 39);
        }
        const uint32_t crc = (uint32_t)crc32(0, bytes + NUMBERS, (uInt)n);
        memcpy(row + 48, &n, 8);
        memcpy(row + 56, &crc, 4);
        memcpy(bytes + 16, &all, 8);
        seal(bytes, all);
        write_bytes(bytes, all);
        ck_assert_int_eq(rg_sections_read(path, &s, &foreign), message ? RG_BAD_FILE : RG_OK);
        if (message) {
            expect_message(message);
        } else {
            ck_assert_uint_eq(s->n_numbers, n / 48);
        }
        rg_sections_destroy(s);
    }
    memcpy(bytes, whole, ALL); /* a byte behind the last section */
    const size_t longer = ALL + 1;
    memcpy(bytes + 16, &longer, 8);
    bytes[ALL] = 0;
    seal(bytes, longer);
    write_bytes(bytes, longer);
    refused_with("the header is damaged: the sections end before the file does");
}
END_TEST

/* As many sections and numbers as there may be, with names of all the length. */
START_TEST(as_many_as_may_be) {
    struct rg_sections *s = NULL;
    unsigned char *data = NULL;
    const void *found = NULL;
    char name[RG_SECTION_NAME];
    uint64_t value = 0;
    ck_assert_int_eq(rg_sections_create(&s), RG_OK);
    for (size_t i = 0; i < RG_SECTIONS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%039zu", i);
        ck_assert_int_eq(rg_sections_add(s, name, i, &data), RG_OK);
        for (size_t k = 0; k < i; k++) {
            ck_assert_int_eq(data[k], 0);
            data[k] = (unsigned char)(i + k);
        }
    }
    for (size_t i = 0; i < RG_NUMBERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%038zu", i);
        rg_sections_put(s, name, i);
    }
    ck_assert_int_eq(rg_sections_write(s, path), RG_OK);
    rg_sections_destroy(s);
    ck_assert_msg(rg_sections_read(path, &s, &foreign) == RG_OK, "%s", rg_error_message());
    ck_assert(s->n == RG_SECTIONS_MAX && s->n_numbers == RG_NUMBERS_MAX);
    for (size_t i = 0; i < RG_SECTIONS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%039zu", i);
        ck_assert_int_eq(rg_sections_get(s, name, i, &found), RG_OK);
        for (size_t k = 0; k < i; k++) {
            ck_assert_int_eq(((const unsigned char *)found)[k], (int)(i + k));
        }
    }
    for (size_t i = 0; i < RG_NUMBERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%038zu", i);
        ck_assert_int_eq(rg_sections_number(s, name, UINT64_MAX, &value), RG_OK);
        ck_assert_uint_eq(value, i);
    }
    rg_sections_destroy(s);
}
END_TEST

/* ---- No room, no memory ---- */

static rg_status make_small(void) {
    struct rg_sections *s = NULL;
    void *values = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_sections_create(&s));
    RG_TRY_GOTO(rg_sections_add(s, "weights", 100, &values));
    RG_TRY_GOTO(rg_sections_add_text(s, "options", "text"));
    RG_TRY_GOTO(rg_sections_add(s, "more", 1, &values));
    rg_sections_put(s, "updates", 7);
    RG_TRY_GOTO(rg_sections_write(s, path));
cleanup:
    rg_sections_destroy(s);
    return status;
}

static rg_status read_again(void) {
    struct rg_sections *s = NULL;
    const rg_status status = rg_sections_read(path, &s, &foreign);
    ck_assert((s != NULL) == (status == RG_OK));
    rg_sections_destroy(s);
    return status;
}

START_TEST(without_memory) {
    each_fails("writing sections", make_small, 4);
    each_fails("reading them", read_again, 2);
}
END_TEST

START_TEST(without_room) {
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(make_small(), RG_OK);
    unsigned char bytes[MAX_BYTES], old[MAX_BYTES];
    const size_t n = read_bytes(old);
    for (size_t room = 0; room <= n; room += room + 16 > n && room < n ? n - room : 16) {
        test_case("room for %zu of %zu bytes", room, n);
        const int limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){room, before.rlim_max});
        const rg_status status = make_small();
        const int unlimited = setrlimit(RLIMIT_FSIZE, &before);
        ck_assert(limited == 0 && unlimited == 0);
        ck_assert_int_eq(status, room < n ? RG_NOT_SAVED : RG_OK);
        ck_assert_uint_eq(read_bytes(bytes), n);
        ck_assert_mem_eq(bytes, old, n);
    }
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
    tcase_add_test(tests, bytes_of_a_file);
    tcase_add_test(tests, rules_of_a_file);
    tcase_add_test(tests, numbers_of_a_file);
    tcase_add_test(tests, as_many_as_may_be);
    tcase_add_test(tests, without_memory);
    tcase_add_test(tests, without_room);
    tcase_add_test(tests, random_changes_do_no_harm);
}
