/* The small parts of host/files: fingerprints, the lock of a folder, words of a shell, files that grow, and
 * the JSON of headers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expected.h"
#include "failing_memory.h"
#include "files/fingerprint.h"
#include "files/growing.h"
#include "files/lock.h"
#include "files/shell_text.h"
#include "rnn_gpu/log.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[256], path[300];

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/file", folder);
    rg_log_quiet(1);
}

static void end(void) {
    rg_log_quiet(0);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put(const void *bytes, size_t n) {
    FILE *const file = fopen(path, "wb");
    ck_assert(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
}

static void expect_file(const char *text) {
    char *const found = text_of_file(path);
    ck_assert_str_eq(found, text);
    free(found);
}

static void expect_message(const char *end_of_it) {
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted, "%s%s", path, end_of_it);
    ck_assert_str_eq(rg_error_message(), wanted);
}

/* ---- Fingerprints ---- */

/* CRC-32 of zlib, whose check value for "123456789" is cbf43926; a file of several blocks. */
START_TEST(fingerprints) {
    enum { LONG = (1 << 19) + 3 };
    struct rg_fingerprint a, b;
    unsigned char *const bytes = calloc(LONG, 1);
    ck_assert_ptr_nonnull(bytes);
    put("123456789", 9);
    ck_assert_int_eq(rg_fingerprint_take(path, &a), RG_OK);
    ck_assert(a.bytes == 9 && a.crc == 0xcbf43926U);
    put(bytes, LONG);
    ck_assert_int_eq(rg_fingerprint_take(path, &a), RG_OK);
    ck_assert_uint_eq(a.bytes, LONG);
    for (size_t at = 0; at < LONG; at += LONG - 1) { /* a change of the first byte, of the last one */
        bytes[at] = 1;
        put(bytes, LONG);
        bytes[at] = 0;
        ck_assert_int_eq(rg_fingerprint_take(path, &b), RG_OK);
        ck_assert(a.bytes == b.bytes && !rg_fingerprint_equal(&a, &b));
    }
    b = a;
    ck_assert(rg_fingerprint_equal(&a, &b));
    b.bytes++;
    ck_assert(!rg_fingerprint_equal(&a, &b));
    free(bytes);
    (void)unlink(path);
    ck_assert_int_eq(rg_fingerprint_take(path, &a), RG_BAD_FILE);
    ck_assert(a.bytes == 0 && a.crc == 0);
}
END_TEST

static rg_status take_fingerprint(void) {
    struct rg_fingerprint f;
    return rg_fingerprint_take(path, &f);
}

START_TEST(fingerprints_without_memory) {
    put("1", 1);
    each_fails("a fingerprint", take_fingerprint, 1);
}
END_TEST

/* ---- Locks ---- */

START_TEST(locks) {
    struct rg_lock lock, other;
    char wanted[400], name[300];
    (void)snprintf(path, sizeof path, "%s/" RG_LOCK_NAME, folder);
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_OK);
    ck_assert_str_eq(lock.path, path);
    char *const text = text_of_file(path);
    const int n = snprintf(wanted, sizeof wanted, "rnn-gpu process %ld on ", (long)getpid());
    ck_assert_int_eq(strncmp(text, wanted, (size_t)n), 0);
    const char *const since = strstr(text, " since 20");
    ck_assert(since && strlen(since) == strlen(" since 2026-01-02T03:04:05Z\n"));
    /* another run says who has it */
    ck_assert_int_eq(rg_lock_take(&other, folder), RG_NOT_SAVED);
    ck_assert_int_eq(other.file, -1);
    text[strcspn(text, "\n")] = '\0';
    (void)snprintf(wanted, sizeof wanted, "%s: another run writes into it (%s); wait for its end or give another --out",
                   folder, text + strlen("rnn-gpu "));
    ck_assert_str_eq(rg_error_message(), wanted);
    free(text);
    rg_lock_release(&other); /* no effect */
    ck_assert_int_eq(access(path, F_OK), 0);
    /* one that has just begun */
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(rg_lock_take(&other, folder), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "(it has just begun)"));
    rg_lock_release(&lock);
    ck_assert(lock.file == -1 && access(path, F_OK) != 0);
    rg_lock_release(&lock);
    /* a file that a killed process left, longer than the new text; then a foreign file */
    char left[390];
    memset(left, 'x', sizeof left);
    memcpy(left, "rnn-gpu process 1", 17);
    put(left, sizeof left);
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_OK);
    struct stat info;
    ck_assert(stat(path, &info) == 0 && info.st_size < 390);
    rg_lock_release(&lock);
    put("rnn-gpu proces", 14);
    ck_assert_int_eq(rg_lock_take(&lock, folder), RG_NOT_SAVED);
    expect_message(" is not a file of rnn-gpu, which needs that name; give another --out");
    expect_file("rnn-gpu proces");
    (void)unlink(path);
    (void)snprintf(name, sizeof name, "%s/none", folder);
    ck_assert_int_eq(rg_lock_take(&lock, name), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(
        strstr(rg_error_message(), "/none/lock: cannot be made: No such file or directory; check that"));
}
END_TEST

/* ---- Words of a shell ---- */

START_TEST(shell_words) {
    static const struct {
        const char *argument, *word;
    } cases[] = {{"a-Z09_=+:,./@%", "a-Z09_=+:,./@%"},
                 {"", "''"},
                 {"a b", "'a b'"},
                 {"$x", "'$x'"},
                 {"it's", "'it'\\''s'"},
                 {"\xc3\xa9t\xc3\xa9", "'\xc3\xa9t\xc3\xa9'"},
                 {"a\tb'\\\x7f ~", "$'a\\011b\\047\\134\\177 ~'"},
                 {"\x1b[0m\xc3\xa9", "$'\\033[0m\\303\\251'"},
                 {"a\nb", "$'a\\012b'"}};
    char word[RG_SHELL_WORD], large[RG_SHELL_WORD + 10];
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_str_eq(rg_shell_word(cases[i].argument, word), cases[i].word);
    }
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    ck_assert_uint_eq(strlen(rg_shell_word(large, word)), RG_SHELL_WORD - 1);
    struct rg_text text = {.bytes = NULL};
    char *const arguments[] = {"zero", "train", "a b", "\n", "eval", "\n", "x"};
    ck_assert_int_eq(rg_shell_text_add(&text, COUNT(arguments), arguments), RG_OK);
    ck_assert_int_eq(rg_text_add(&text, "", 1), RG_OK);
    ck_assert_str_eq(text.bytes, " train 'a b'\n./rnn-gpu eval\n./rnn-gpu x");
    rg_text_destroy(&text);
    ck_assert_int_eq(rg_shell_text_add(&text, 1, arguments), RG_OK);
    ck_assert_uint_eq(text.length, 0);
}
END_TEST

/* ---- Files that grow ---- */

START_TEST(growing) {
    struct rg_growing g;
    uint64_t bytes = 0;
    put("old", 3);
    ck_assert_int_eq(rg_growing_open(&g, path), RG_OK);
    expect_file("");
    ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_OK);
    ck_assert_int_eq(rg_growing_append(&g, "two\n", 4), RG_OK);
    expect_file("one\ntwo\n");
    ck_assert_int_eq(rg_growing_sync(&g, &bytes), RG_OK);
    ck_assert_uint_eq(bytes, 8);
    ck_assert_int_eq(rg_growing_append(&g, "three\n", 6), RG_OK);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    expect_file("one\ntwo\nthree\n");
    /* not where it was: shorter, another start, less than the start */
    static const struct {
        uint64_t bytes;
        const char *start;
    } others[] = {{15, "one"}, {8, "onf"}, {8, "One"}, {2, "one"}};
    for (size_t i = 0; i < COUNT(others); i++) {
        test_case("another file, %zu", i);
        ck_assert_int_eq(rg_growing_resume(&g, path, others[i].bytes, others[i].start, 3), RG_NOT_SAVED);
        expect_message(" is not the file that the run had written");
        ck_assert_int_eq(rg_growing_close(&g), RG_OK);
        expect_file("one\ntwo\nthree\n");
    }
    ck_assert_int_eq(rg_growing_resume(&g, path, 8, "one", 3), RG_OK);
    expect_file("one\ntwo\n");
    ck_assert_int_eq(rg_growing_append(&g, "four\n", 5), RG_OK);
    ck_assert_int_eq(rg_growing_sync(&g, &bytes), RG_OK);
    ck_assert_uint_eq(bytes, 13);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    expect_file("one\ntwo\nfour\n");
    ck_assert_int_eq(rg_growing_resume(&g, path, 13, "one\ntwo\nfour\n", 13), RG_OK); /* all of it is its start */
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
    expect_file("one\ntwo\nfour\n");
    (void)unlink(path);
    ck_assert_int_eq(rg_growing_resume(&g, path, 0, "", 0), RG_NOT_SAVED);
    expect_message(": No such file or directory");
}
END_TEST

/* /dev/full has never room: a device cannot be cut, so its failure is one; a regular file waits. */
START_TEST(growing_without_room) {
    struct rg_growing g;
    uint64_t bytes = 99;
    put("", 0);
    rg_growing_adopt(&g, path, open("/dev/full", O_WRONLY));
    ck_assert(g.fd >= 0 && !g.is_regular);
    ck_assert_int_eq(rg_growing_append(&g, "one\n", 4), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), strerror(ENOSPC)));
    ck_assert_int_eq(rg_growing_sync(&g, &bytes), RG_NOT_SAVED);
    ck_assert_uint_eq(bytes, 99);
    ck_assert_int_eq(rg_growing_close(&g), RG_NOT_SAVED);
    ck_assert_int_eq(rg_growing_close(&g), RG_OK);
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_strings) {
    static const struct {
        const char *json, *string; /* NULL: refused, */
        size_t at;                 /* there */
    } cases[] = {
        {" \t\r\n\"ab\"", "ab", 0},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 0},
        {"\"\\u0041\\u007F\\u0080\\u07fF\"", "A\x7f\xc2\x80\xdf\xbf", 0},
        {"\"\\u00AA\\u00aa\"", "\xc2\xaa\xc2\xaa", 0},
        {"\"\\u0800\\uFFFF\\uD7FF\\uE000\"", "\xe0\xa0\x80\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 0},
        {"\"\\uD800\\uDC00\\uDBFF\\uDFFF\\ud83d\\ude00\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xf0\x9f\x98\x80", 0},
        {"x", NULL, 0},
        {"\"ab", NULL, 3},
        {"\"a\x1f\"", NULL, 2},
        {"\"a \"", "a ", 0},
        {"\"\\x\"", NULL, 2},
        {"\"\\", NULL, 2},
        {"\"\\u00g0\"", NULL, 5},
        {"\"\\u00G0\"", NULL, 5},
        {"\"\\u00/0\"", NULL, 5},
        {"\"\\u00:0\"", NULL, 5},
        {"\"\\u00@0\"", NULL, 5},
        {"\"\\u00`0\"", NULL, 5},
        {"\"\\u004", NULL, 6},
        {"\"\\u0000\"", NULL, 7},
        {"\"\\uD800\"", NULL, 7},
        {"\"\\uDC00\\uDC00\"", NULL, 7},
        {"\"\\uDFFF\"", NULL, 7},
        {"\"\\uDBFF\\uDBFF\"", NULL, 13},
        {"\"\\uD800\\uE000\"", NULL, 13},
        {"\"\\uD800\\n\"", NULL, 7},
        {"\"\\uD800\\", NULL, 7}};
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        char text[64], wanted[64];
        const char *string = NULL;
        struct rg_json json = {.label = "f", .base = 8, .text = text, .length = strlen(cases[i / 2].json)};
        test_case("%s", cases[i / 2].json);
        memcpy(text, cases[i / 2].json, json.length);
        text[json.length] = "\"u"[i % 2]; /* behind the end, what would go on */
        const rg_status status = rg_json_string(&json, &string, "a name");
        ck_assert_int_eq(status, cases[i / 2].string ? RG_OK : RG_BAD_FILE);
        if (cases[i / 2].string) {
            ck_assert_str_eq(string, cases[i / 2].string);
            ck_assert_uint_eq(json.at, json.length);
        } else {
            (void)snprintf(wanted, sizeof wanted, "f: byte %zu: ", 8 + cases[i / 2].at);
            ck_assert_msg(strncmp(rg_error_message(), wanted, strlen(wanted)) == 0, "%s", rg_error_message());
        }
    }
}
END_TEST

START_TEST(json_sizes) {
    static const struct {
        const char *json;
        bool good;
        size_t value, at;
    } cases[] = {{" 0", true, 0, 2},
                 {"7,", true, 7, 1},
                 {"1024 ", true, 1024, 4},
                 {"18446744073709551615", true, SIZE_MAX, 20},
                 {"18446744073709551616", false, 0, 19},
                 {"99999999999999999999", false, 0, 19},
                 {"00", false, 0, 1},
                 {"01", false, 0, 1},
                 {"10", true, 10, 2},
                 {"100", true, 100, 3},
                 {"1.5", false, 0, 1},
                 {"1e5", false, 0, 1},
                 {"1E5", false, 0, 1},
                 {"-1", false, 0, 0},
                 {"", false, 0, 0},
                 {"x", false, 0, 0},
                 {"/", false, 0, 0},
                 {":", false, 0, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        size_t value = 0;
        struct rg_json json = {.label = "f", .text = text, .length = strlen(cases[i].json)};
        test_case("%s", cases[i].json);
        memcpy(text, cases[i].json, json.length);
        text[json.length] = '1'; /* behind the end, what would go on */
        ck_assert_int_eq(rg_json_size(&json, &value, "a size"), cases[i].good ? RG_OK : RG_BAD_FILE);
        ck_assert(value == cases[i].value && json.at == cases[i].at);
    }
}
END_TEST

/* Table 3-7 of the Unicode standard: the first and last of each row, and what is beside them. */
START_TEST(utf8) {
    static const struct {
        const char *text;
        size_t good;
    } cases[] = {{"", 0},
                 {"a\x7f", 2},
                 {"a\x80", 1},
                 {"\xc1\xbf", 0},
                 {"\xc2\x80\xdf\xbf", 4},
                 {"\xc2\x7f", 0},
                 {"\xc2\xc0", 0},
                 {"\xe0\xa0\x80\xe0\xbf\xbf", 6},
                 {"\xe0\x9f\x80", 0},
                 {"\xe1\x80\x80\xec\xbf\xbf", 6},
                 {"\xed\x9f\xbf", 3},
                 {"\xed\xa0\x80", 0},
                 {"\xee\x80\x80\xef\xbf\xbf", 6},
                 {"\xf0\x90\x80\x80\xf3\xbf\xbf\xbf", 8},
                 {"\xf0\x8f\x80\x80", 0},
                 {"\xf4\x8f\xbf\xbf", 4},
                 {"\xf4\x90\x80\x80", 0},
                 {"\xf5\x80\x80\x80", 0},
                 {"\xe1\x80\x7f", 0},
                 {"\xe1\x80\xc0", 0},
                 {"\xf1\x80\x80\x7f", 0},
                 {"b\xe1\x80", 1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_case("%zu", i);
        ck_assert_uint_eq(rg_utf8_check(cases[i].text, strlen(cases[i].text)), cases[i].good);
    }
    ck_assert_uint_eq(rg_utf8_check("a\xc3\xa9", 2), 1);
}
END_TEST

START_TEST(copies) {
    static const struct {
        const char *text;
        size_t bytes;
        const char *copy;
    } cases[] = {{"abc", 4, "abc"},
                 {"abcd", 4, "\xe2\x80\xa6"},
                 {"abcde", 5, "a\xe2\x80\xa6"},
                 {"a\xc3\xa9"
                  "cdef",
                  6, "a\xe2\x80\xa6"},
                 {"a\xc3\xa9"
                  "cdef",
                  7, "a\xc3\xa9\xe2\x80\xa6"},
                 {"a\nb\x1b", 9, "a b?"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[16] = "~~~~~~~~~~~~~~~";
        test_case("%zu", i);
        rg_utf8_copy(out, cases[i].bytes, cases[i].text);
        ck_assert_str_eq(out, cases[i].copy);
        ck_assert_int_eq(out[cases[i].bytes], '~');
    }
}
END_TEST

START_TEST(texts) {
    struct rg_text text = {.bytes = NULL};
    ck_assert_int_eq(rg_text_add_quoted(&text, "a\"b\\c\n\x1f \xc3\xa9"), RG_OK);
    ck_assert_int_eq(rg_text_add_size(&text, SIZE_MAX), RG_OK);
    ck_assert_int_eq(rg_text_add_string(&text, "z"), RG_OK);
    ck_assert_int_eq(rg_text_add(&text, "", 1), RG_OK);
    ck_assert_str_eq(text.bytes, "\"a\\\"b\\\\c\\u000a\\u001f \xc3\xa9\"18446744073709551615z");
    for (size_t i = text.length; i < 700; i++) { /* it grows, and what it had stays */
        ck_assert_int_eq(rg_text_add(&text, i % 2 ? "x" : "y", 1), RG_OK);
        ck_assert(text.length == i + 1 && text.length <= text.capacity && text.bytes[i] == (i % 2 ? 'x' : 'y'));
    }
    ck_assert_int_eq(strncmp(text.bytes, "\"a\\\"b", 5), 0);
    ck_assert_uint_eq(text.capacity, 1024);
    rg_text_destroy(&text);
    ck_assert(text.length == 0 && text.capacity == 0 && text.bytes == NULL);
    char many[300];
    memset(many, 'm', sizeof many);
    ck_assert_int_eq(rg_text_add(&text, "a", 1), RG_OK);
    ck_assert_int_eq(rg_text_add(&text, many, sizeof many), RG_OK);
    ck_assert(text.length == 301 && text.bytes[0] == 'a' && text.bytes[1] == 'm' && text.bytes[300] == 'm');
    rg_text_destroy(&text);
}
END_TEST

/* ---- Texts without memory ---- */

enum { BLOCK = 256 }; /* the first memory of a text */

static rg_status add_shell(struct rg_text *text) {
    char *const arguments[] = {"zero", "it's one", "\n", "plain", "a\tb", "a b"};
    return rg_shell_text_add(text, COUNT(arguments), arguments);
}

static rg_status add_quoted(struct rg_text *text) {
    return rg_text_add_quoted(text, "a\"b\n c");
}

static rg_status add_size(struct rg_text *text) {
    return rg_text_add_size(text, 12345);
}

/* Each piece of a text finds no memory once. Adding the whole text then fails for want of memory. */
START_TEST(no_piece_is_lost) {
    static rg_status (*const adds[])(struct rg_text *) = {add_shell, add_quoted, add_size};
    char blanks[BLOCK];
    memset(blanks, ' ', sizeof blanks);
    for (size_t i = 0; i < COUNT(adds); i++) {
        struct rg_text text = {.bytes = NULL};
        failing = 0;
        ck_assert_int_eq(adds[i](&text), RG_OK);
        const size_t length = text.length;
        rg_text_destroy(&text);
        for (size_t used = BLOCK - length - 1; used <= BLOCK; used++) {
            test_case("text %zu after %zu bytes", i, used);
            ck_assert_int_eq(rg_text_add(&text, blanks, used), RG_OK);
            n_allocations = 0;
            failing = 1;
            ck_assert_int_eq(adds[i](&text), used + length > BLOCK ? RG_NO_MEMORY : RG_OK);
            failing = 0;
            rg_text_destroy(&text);
        }
    }
    /* a word whose end alone finds no room is the argument as it is */
    char argument[BLOCK - 1], word[RG_SHELL_WORD];
    memset(argument, 'a', sizeof argument);
    argument[7] = ' ';
    argument[BLOCK - 2] = '\0';
    n_allocations = 0;
    failing = 2;
    ck_assert_str_eq(rg_shell_word(argument, word), argument);
    failing = 0;
    ck_assert_int_eq(rg_shell_word(argument, word)[0], '\'');
}
END_TEST

TEST_MAIN("small_files") {
    TCase *const files = add_tests(suite, "files"), *const texts_only = add_tests(suite, "texts");
    tcase_add_checked_fixture(files, begin, end);
    tcase_add_test(files, fingerprints);
    tcase_add_test(files, fingerprints_without_memory);
    tcase_add_test(files, locks);
    tcase_add_test(files, growing);
    tcase_add_test(files, growing_without_room);
    tcase_add_test(texts_only, shell_words);
    tcase_add_test(texts_only, json_strings);
    tcase_add_test(texts_only, json_sizes);
    tcase_add_test(texts_only, utf8);
    tcase_add_test(texts_only, copies);
    tcase_add_test(texts_only, texts);
    tcase_add_test(texts_only, no_piece_is_lost);
}
