/* The directory of a zip archive that is made byte by byte: what an end record announces, and where a member's data
 * begin, with and without zip64, for lengths of two bytes and at the borders of the file. */
#define _GNU_SOURCE
#include <stdint.h>
#include <unistd.h>

#include "failing_memory.h"
#include "files/zip_directory.h"
#include "scratch.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MOST = 1 << 18, END = 22, LOCATOR = 20, END64 = 56, ENTRY = 46, LOCAL = 30, LONG = 300 };
static const uint64_t ONES = UINT32_MAX;

static char folder[256], path[300];
static unsigned char bytes[MOST]; /* the archive under construction */
static size_t n_bytes;

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/z", folder);
    n_bytes = 0;
}

static void end(void) {
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void add(uint64_t value, size_t n) {
    ck_assert_uint_le(n_bytes + n, MOST);
    for (size_t i = 0; i < n; i++) {
        bytes[n_bytes++] = (unsigned char)(i < 8 ? value >> 8 * i & 0xFF : 0);
    }
}

static void add_text(const char *text, size_t n) {
    ck_assert_uint_le(n_bytes + n, MOST);
    memcpy(bytes + n_bytes, text, n);
    n_bytes += n;
}

static void add_filling(size_t n) {
    ck_assert_uint_le(n_bytes + n, MOST);
    memset(bytes + n_bytes, '~', n);
    n_bytes += n;
}

/* What an entry of the directory says. */
struct entry {
    const char *name;
    uint64_t method, crc, packed, size, place;
    const char *extra;
    size_t extra_bytes, comment_bytes;
};

static void add_entry(const struct entry *e) {
    add_text("PK\1\2", 4);
    add(45, 2);
    add(45, 2);
    add(0, 2);
    add(e->method, 2);
    add(0, 4);
    add(e->crc, 4);
    add(e->packed, 4);
    add(e->size, 4);
    add(strlen(e->name), 2);
    add(e->extra_bytes, 2);
    add(e->comment_bytes, 2);
    add(ONES, 2 + 2 + 4); /* the disk and attributes, which do not matter */
    add(e->place, 4);
    add_text(e->name, strlen(e->name));
    add_text(e->extra ? e->extra : "", e->extra_bytes);
    add_filling(e->comment_bytes);
}

static void add_local(size_t name_bytes, size_t extra_bytes, size_t data_bytes) {
    add_text("PK\3\4", 4);
    add(0, 22);
    add(name_bytes, 2);
    add(extra_bytes, 2);
    add_filling(name_bytes + extra_bytes + data_bytes);
}

static void add_end(uint64_t members, uint64_t directory_bytes, uint64_t offset, size_t comment_bytes) {
    add_text("PK\5\6", 4);
    add(0, 4);
    add(members, 2);
    add(members, 2);
    add(directory_bytes, 4);
    add(offset, 4);
    add(comment_bytes, 2);
}

/* A zip64 end record and its locator. */
static void add_end64(uint64_t members, uint64_t directory_bytes, uint64_t offset) {
    const size_t at = n_bytes;
    add_text("PK\6\6", 4);
    add(44, 8);
    add(0, 2 + 2 + 4 + 4);
    add(members, 8);
    add(members, 8);
    add(directory_bytes, 8);
    add(offset, 8);
    add_text("PK\6\7", 4);
    add(0, 4);
    add(at, 8);
    add(1, 4);
}

static void put_archive(struct rg_source *source) {
    FILE *const file = fopen(path, "wb");
    ck_assert(file && fwrite(bytes, 1, n_bytes, file) == n_bytes && fclose(file) == 0);
    ck_assert_msg(rg_source_open(source, path) == RG_OK, "%s", rg_error_message());
}

/* Check the archive. `message`: why it is refused, after the path; NULL: it is not. */
static struct rg_zip_directory check(const char *message) {
    struct rg_zip_directory last = {7, 7, 7, 7};
    struct rg_source source;
    char wanted[600];
    put_archive(&source);
    const rg_status status = rg_zip_check(&source, &last);
    rg_source_close(&source);
    ck_assert_msg(status == (message ? RG_BAD_FILE : RG_OK), "status %d, %s", (int)status, rg_error_message());
    (void)snprintf(wanted, sizeof wanted, "%s: %s", path, message ? message : "");
    ck_assert(!message || strcmp(rg_error_message(), wanted) == 0 || !printf("got: %s\n", rg_error_message()));
    return last;
}

static void expect_last(struct rg_zip_directory last, uint64_t members, uint64_t directory_bytes, uint64_t offset,
                        uint64_t end_offset) {
    ck_assert_uint_eq(last.members, members);
    ck_assert_uint_eq(last.bytes, directory_bytes);
    ck_assert_uint_eq(last.offset, offset);
    ck_assert_uint_eq(last.end, end_offset);
}

/* ---- End records ---- */

START_TEST(without_members) {
    add_filling(END - 1);
    expect_last(check(NULL), 0, 0, 0, 0); /* too short for an end record */
    n_bytes = 0;
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, 0);
    n_bytes = 0;
    add_filling(5);
    add_end(0, 0, 5, 0);
    expect_last(check(NULL), 0, 0, 5, 5);
    bytes[8] ^= 1; /* no end record any more */
    expect_last(check(NULL), 0, 0, 0, 0);
    n_bytes--;
    bytes[8] ^= 1;
    expect_last(check(NULL), 0, 0, 0, 0); /* nor one without its last byte */
}
END_TEST

static char long_name[LONG + 1];
static const char long_extra[LONG] = {1, 0, 40};

/* Lengths of more than a byte each. */
static const struct entry wide = {.name = long_name, .extra = long_extra, .extra_bytes = LONG, .comment_bytes = LONG};
enum { WIDE = ENTRY + 3 * LONG };

START_TEST(directories) {
    memset(long_name, 'n', LONG);
    add_filling(3);
    add_entry(&wide);
    add_entry(&(struct entry){.name = "x.npy"});
    const size_t at = n_bytes, all = at - 3;
    add_end(2, all, 3, 0);
    expect_last(check(NULL), 2, all, 3, at);
    /* a comment behind it, and what looks like an end record in the data before it */
    n_bytes = 0;
    add_end(9, 1000, 0, 0);
    add_entry(&wide);
    add_end(1, WIDE, END, 4);
    add_filling(4);
    expect_last(check(NULL), 1, WIDE, END, END + WIDE);
    /* the last of two that may be meant */
    n_bytes = 0;
    add_entry(&(struct entry){.name = "x"});
    add_end(1, ENTRY + 1, 0, END);
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, ENTRY + 1 + END);
}
END_TEST

START_TEST(directories_that_are_refused) {
    static const struct {
        uint64_t members, less; /* what the end record announces, and bytes that are missing */
        const char *message;    /* NULL: right */
    } cases[] = {{2, 0, NULL},
                 {1, 0, "byte 47: the directory does not hold the 1 members that it announces"},
                 {3, 0, "byte 94: the directory does not hold the 3 members that it announces"},
                 {0, 0, "byte 0: the directory does not hold the 0 members that it announces"},
                 {2, 1, "byte 47: the directory does not hold the 2 members that it announces"},
                 {2, 2, "byte 47: the directory does not hold the 2 members that it announces"},
                 {1, 46, "byte 47: the directory does not hold the 1 members that it announces"},
                 {1, 47, NULL},
                 {0, 94, NULL}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_case("directory %zu", i);
        n_bytes = 0;
        add_entry(&(struct entry){.name = "x"});
        add_entry(&(struct entry){.name = "y"});
        add_end(cases[i].members, 2 * (ENTRY + 1) - cases[i].less, 0, 0);
        (void)check(cases[i].message);
    }
    n_bytes = 0;
    add_entry(&(struct entry){.name = "x"});
    add_entry(&(struct entry){.name = "y"});
    bytes[ENTRY + 1 + 3] = 3; /* the signature of the second entry */
    add_end(2, 2 * (ENTRY + 1), 0, 0);
    (void)check("byte 47: the directory does not hold the 2 members that it announces");
    /* a directory that would end behind its end record is none */
    n_bytes = 0;
    add_filling(1);
    add_end(5, 1, 1, 0);
    expect_last(check(NULL), 0, 0, 0, 0);
    n_bytes = 0;
    add_end(5, 1, 0, 0);
    expect_last(check(NULL), 0, 0, 0, 0);
}
END_TEST

/* All four bytes of a place and of a size count: these are behind the end record. */
START_TEST(large_directories) {
    for (int i = 0; i < 4; i++) {
        test_case("large directory %d", i);
        n_bytes = 0;
        add_end(5, i % 2 ? 0 : (uint64_t)1 << (i < 2 ? 24 : 31), i % 2 ? (uint64_t)1 << (i < 2 ? 24 : 31) : 0, 0);
        expect_last(check(NULL), 0, 0, 0, 0);
    }
}
END_TEST

START_TEST(as_many_members_as_may_be) {
    for (int more = 0; more < 2; more++) {
        n_bytes = 0;
        for (int i = 0; i < RG_NPZ_MEMBERS_MAX + more; i++) {
            add_entry(&(struct entry){.name = "x"});
        }
        const size_t at = n_bytes;
        add_end(RG_NPZ_MEMBERS_MAX + (uint64_t)more, at, 0, 0);
        const struct rg_zip_directory last = check(more ? "announces 1025 members, more than the limit of 1024" : NULL);
        expect_last(last, more ? 0 : RG_NPZ_MEMBERS_MAX, more ? 0 : at, 0, more ? 0 : at);
    }
}
END_TEST

/* If the archive has a zip64 end record, its numbers are used in place of those in the old end record. A comment of any
 * length may follow the records. */
START_TEST(zip64) {
    static const size_t comments[] = {0, 1, 65534, 65535};
    for (size_t i = 0; i < COUNT(comments); i++) {
        test_case("a comment of %zu bytes", comments[i]);
        n_bytes = 0;
        add_filling(LONG);
        add_entry(&wide);
        add_end64(1, WIDE, LONG);
        add_end(0xFFFF, ONES, ONES, comments[i]);
        add_filling(comments[i]);
        expect_last(check(NULL), 1, WIDE, LONG, LONG + WIDE);
    }
    /* further from the end there is no end record */
    add_filling(LOCATOR + 1);
    expect_last(check(NULL), 0, 0, 0, 0);
    /* all eight bytes of each number count */
    n_bytes = 0;
    add_end64((uint64_t)1 << 40, 0, 0);
    add_end(0, 0, 0, 0);
    (void)check("announces 1099511627776 members, more than the limit of 1024");
    n_bytes = 0;
    add_end64(5, 0, (uint64_t)1 << 40);
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, 0);
    n_bytes = 0;
    add_end64(5, (uint64_t)1 << 40, 0);
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, 0);
}
END_TEST

/* The place that a locator names: the file's last 56 bytes, one more; in a file that is shorter. */
START_TEST(places_of_zip64) {
    enum { COMMENT = END64 - LOCATOR - END };
    static const char outside[] = "the zip64 end record lies outside the file";
    for (int i = 0; i < 3; i++) {
        test_case("place %d", i);
        n_bytes = 0;
        add_text("PK\6\7", 4);
        add(0, 4);
        add(i == 1, 8);
        add(1, 4);
        add_end(0, 0, 0, COMMENT);
        add_filling(i == 2 ? COMMENT - 1 : COMMENT);
        (void)check(i == 0 ? NULL : outside);
    }
    n_bytes = 0; /* the first byte of the locator is missing */
    add_text("K\6\7", 3);
    add(0, 16);
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, LOCATOR - 1);
    n_bytes = 0; /* what stands before an end record is no locator */
    add_text("PK\6\6", 4);
    add(0, 4);
    add(ONES, 8);
    add(1, 4);
    add_end(0, 0, 0, 0);
    expect_last(check(NULL), 0, 0, 0, LOCATOR);
}
END_TEST

/* ---- Places of members ---- */

enum { CRC = 0x12345678, NAME = 5, DATA = 40 };

/* Where the member `x.npy` of `size` bytes is, if the directory of `n` entries is at `directory`. */
static size_t place_of(size_t directory, uint64_t n, uint64_t size) {
    const struct rg_zip_directory d = {.members = n, .offset = directory};
    const struct rg_zip_member wanted = {.name = "x.npy", .bytes = size, .crc = CRC};
    struct rg_source source;
    size_t place = 99;
    put_archive(&source);
    const rg_status status = rg_zip_place(&source, &d, &wanted, &place);
    rg_source_close(&source);
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
    return place;
}

START_TEST(members) {
    static const struct {
        struct entry before; /* the entry in front of the one that is wanted */
        bool stands_in;      /* it is taken for it */
    } cases[] = {
        {{.name = "x.npy", .crc = CRC, .place = 0}, true},
        {{.name = "y.npy", .crc = CRC, .place = 0}, false},
        {{.name = "x.npyx", .crc = CRC, .place = 0}, false},
        {{.name = "x.np", .crc = CRC, .place = 0}, false},
        {{.name = "x.npy", .crc = CRC + 1, .place = 0}, false},
        {{.name = "x.npy", .crc = CRC, .method = 8, .place = 0}, false},
        {{.name = "x.npy", .crc = CRC, .method = 256, .place = 0}, false},
        {{.name = "x.npy", .crc = CRC, .place = 1}, false}, /* there is no header */
        {{.name = "y.npy", .extra = long_extra, .extra_bytes = LONG, .comment_bytes = 2 * LONG}, false},
        {{.name = long_name}, false},
    };
    memset(long_name, 'n', LONG);
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_case("members %zu", i);
        n_bytes = 0;
        add_local(LONG, 2 * LONG, DATA);
        const size_t first = n_bytes - DATA, second = n_bytes;
        add_local(NAME, 0, DATA);
        const size_t data = n_bytes - DATA, directory = n_bytes;
        add_entry(&cases[i].before);
        add_entry(&(struct entry){.name = "x.npy", .crc = CRC, .place = second});
        ck_assert_uint_eq(place_of(directory, 2, DATA), cases[i].stands_in ? first : data);
        ck_assert_uint_eq(place_of(directory, 1, DATA), cases[i].stands_in ? first : 0);
        ck_assert_uint_eq(place_of(directory, 0, DATA), 0);
    }
}
END_TEST

/* The place of a member's header in the field of zip64, which has only what the entry has not. */
START_TEST(wide_places) {
#define WIDE_PLACE "\60\0\0\0\0\0\0\0" /* 48 */
#define OTHER "\1\1\1\1\1\1\1\1"
    static const struct {
        uint64_t packed, size;
        const char *extra;
        size_t n;
        bool found;
    } cases[] = {
        {1, 1, "\1\0\10\0" WIDE_PLACE, 12, true},
        {1, ONES, "\1\0\20\0" OTHER WIDE_PLACE, 20, true},
        {ONES, 1, "\1\0\20\0" OTHER WIDE_PLACE, 20, true},
        {ONES, ONES, "\1\0\30\0" OTHER OTHER WIDE_PLACE, 28, true},
        {ONES, ONES, "\1\0\34\0" OTHER OTHER WIDE_PLACE "\0\0\0\0", 32, true}, /* and the number of a disk */
        {1, 1, "\2\0\0\0\1\0\10\0" WIDE_PLACE, 16, true},                      /* after another field */
        {1, 1, "\2\0\3\0abc\1\0\10\0" WIDE_PLACE, 19, true},
        {1, 1, "\1\1\10\0" OTHER "\1\0\10\0" WIDE_PLACE, 24, true},
        {1, 1, "\1\0\7\0" WIDE_PLACE, 11, false}, /* too short for it */
        {1, ONES, "\1\0\10\0" WIDE_PLACE, 12, false},
        {1, 1, "\1\0\10\0" WIDE_PLACE, 11, false}, /* longer than all */
        {1, 1, "\1\0\10\0", 4, false},
        {1, 1, "\1\0\10", 3, false},
        {1, 1, "", 0, false},
        {1, 1, "\2\0\10\0" WIDE_PLACE, 12, false},
    };
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const bool is_wide = i % 2 == 0; /* else the entry has the place itself */
        test_case("extra field %zu", i);
        n_bytes = 0;
        add_filling(48);
        add_local(NAME, 3, DATA);
        const size_t data = n_bytes - DATA, directory = n_bytes;
        add_entry(&(struct entry){.name = "x.npy",
                                  .crc = CRC,
                                  .packed = cases[i / 2].packed,
                                  .size = cases[i / 2].size,
                                  .extra = cases[i / 2].extra,
                                  .extra_bytes = cases[i / 2].n,
                                  .place = is_wide ? ONES : 48});
        add_filling(20); /* behind the entry, which must not be taken for its extra field */
        ck_assert_uint_eq(place_of(directory, 1, DATA), is_wide && !cases[i / 2].found ? 0 : data);
    }
}
END_TEST

/* Headers and data that end where the file does, or one byte behind it. */
START_TEST(ends_of_members) {
    for (size_t more = 0; more < 2; more++) {
        test_case("%zu bytes more", more);
        n_bytes = 0;
        add_entry(&(struct entry){.name = "x.npy", .crc = CRC, .place = ENTRY + NAME});
        add_local(NAME, 3, DATA);
        ck_assert_uint_eq(place_of(0, 1, DATA + more), more ? 0 : n_bytes - DATA);
        ck_assert_uint_eq(place_of(0, 1, UINT64_MAX - more), 0);
        n_bytes -= DATA + more; /* without data, then without the last byte of the extra field */
        ck_assert_uint_eq(place_of(0, 1, 0), more ? 0 : n_bytes);
        n_bytes = 0;
        add_entry(&(struct entry){.name = "x.npy", .crc = CRC, .place = ENTRY + NAME});
        add_local(0, 0, 0);
        n_bytes -= more; /* a whole header, then one that is cut */
        ck_assert_uint_eq(place_of(0, 1, 0), more ? 0 : n_bytes);
        n_bytes = 0;
        add_entry(
            &(struct entry){.name = "x.npy", .crc = CRC, .place = ENTRY + NAME + more}); /* at the end, behind it */
        ck_assert_uint_eq(place_of(0, 1, 0), 0);
    }
    n_bytes = 0;
    add_entry(&(struct entry){.name = "x.npy", .crc = CRC, .place = ENTRY + NAME});
    add_local(NAME, 0, DATA);
    bytes[ENTRY + NAME + 3] = 5;
    ck_assert_uint_eq(place_of(0, 1, DATA), 0);
}
END_TEST

static rg_status check_archive(void) {
    struct rg_zip_directory last;
    struct rg_source source;
    RG_TRY(rg_source_open(&source, path));
    const rg_status status = rg_zip_check(&source, &last);
    rg_source_close(&source);
    return status;
}

static rg_status place_member(void) {
    static const struct rg_zip_directory d = {.members = 1};
    static const struct rg_zip_member wanted = {.name = "x.npy", .crc = CRC};
    struct rg_source source;
    size_t place = 99;
    RG_TRY(rg_source_open(&source, path));
    const rg_status status = rg_zip_place(&source, &d, &wanted, &place);
    rg_source_close(&source);
    ck_assert(status == RG_OK || place == 0);
    return status;
}

/* What is not there is an error and no place. */
START_TEST(what_cannot_be_read) {
    struct rg_source source;
    add_entry(&(struct entry){.name = "x.npy", .crc = CRC});
    add_end(1, ENTRY + NAME, 0, 0);
    put_archive(&source);
    rg_source_close(&source);
    each_fails("the check of an archive", check_archive, 1);
    each_fails("the place of a member", place_member, 1);
    for (size_t cut = 1; cut < ENTRY + NAME; cut += 10) {
        ck_assert_int_eq(truncate(path, (off_t)(ENTRY + NAME - cut)), 0);
        ck_assert_int_eq(place_member(), RG_BAD_FILE);
    }
}
END_TEST

TEST_MAIN("zip_directory") {
    TCase *const tests = add_tests(suite, "zip_directory");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, without_members);
    tcase_add_test(tests, directories);
    tcase_add_test(tests, directories_that_are_refused);
    tcase_add_test(tests, large_directories);
    tcase_add_test(tests, as_many_members_as_may_be);
    tcase_add_test(tests, zip64);
    tcase_add_test(tests, places_of_zip64);
    tcase_add_test(tests, members);
    tcase_add_test(tests, wide_places);
    tcase_add_test(tests, ends_of_members);
    tcase_add_test(tests, what_cannot_be_read);
}
