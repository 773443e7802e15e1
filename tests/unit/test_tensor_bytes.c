/* Tensor files byte by byte: headers of npy, an npz archive, a safetensors file; the border of every length in a file
 * that is read; and numbers of every type. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/stop.h"
#include "failing_memory.h"
#include "files/files.h"
#include "tensor_files.h"

static void expect_bytes(const char *wanted, size_t n) {
    load();
    for (size_t i = 0; i < n && i < file_bytes; i++) {
        ck_assert_msg(file[i] == (unsigned char)wanted[i], "byte %zu is %02x, expected %02x", i, file[i],
                      (unsigned char)wanted[i]);
    }
    ck_assert_uint_eq(file_bytes, n);
}

/* The message is the file's path, `: ` and this. */
static void expect_message(const char *text) {
    char wanted[1200];
    (void)snprintf(wanted, sizeof wanted, "%s: %s", path, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

static void expect_refused(const char *text) {
    struct rg_tensors *list = NULL;
    ck_assert_int_eq(rg_tensors_read(path, &list), RG_BAD_FILE);
    ck_assert_ptr_null(list);
    expect_message(text);
}

static struct rg_tensors *read_as(const char *const *names, size_t stay) {
    const struct rg_tensors_reading how = {.names = names, .stay = stay};
    struct rg_tensors *list = NULL;
    ck_assert_msg(rg_tensors_read_as(path, &how, &list) == RG_OK, "%s", rg_error_message());
    return list;
}

/* ---- npy ---- */

/* The dictionary of a header, whose length is the next multiple of 64 with the ten bytes before it and a line end. */
START_TEST(npy_headers) {
    enum { PREFIX = 10 };
    static const struct {
        enum rg_dtype dtype;
        size_t n_dims, shape[RG_MAX_DIMS];
        const char *text;
        size_t bytes;
    } cases[] = {
        {RG_F32, 0, {0}, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 128},
        {RG_F16, 1, {3}, "{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", 128},
        {RG_F64, 2, {3, 40}, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 40), }", 128},
        {RG_U8, 3, {1, 0, 2}, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 0, 2), }", 128},
        {RG_I8, 1, {7}, "{'descr': '|i1', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_BOOL, 1, {7}, "{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_I16, 1, {7}, "{'descr': '<i2', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_I32, 1, {7}, "{'descr': '<i4', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_I64, 1, {7}, "{'descr': '<i8', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_U16, 1, {7}, "{'descr': '<u2', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_U32, 1, {7}, "{'descr': '<u4', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_U64, 1, {7}, "{'descr': '<u8', 'fortran_order': False, 'shape': (7,), }", 128},
        {RG_F32,
         4, /* just full, then one digit too many */
         {10000000000000000U, 10000000000000000U, 100000000000U, 1000000000U},
         "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000000, 10000000000000000, 100000000000, "
         "1000000000), }",
         128},
        {RG_F32,
         4,
         {10000000000000000U, 10000000000000000U, 100000000000U, 10000000000U},
         "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000000, 10000000000000000, 100000000000, "
         "10000000000), }",
         192},
        {RG_F32,
         RG_MAX_DIMS,
         {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX},
         "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 18446744073709551615, "
         "18446744073709551615, 18446744073709551615, 18446744073709551615, 18446744073709551615, "
         "18446744073709551615, 18446744073709551615), }",
         256},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char header[RG_NPY_HEADER_MAX];
        size_t bytes = 0;
        struct rg_tensor item = {.dtype = cases[i].dtype, .n_dims = cases[i].n_dims};
        const size_t length = strlen(cases[i].text);
        test_case("%s", cases[i].text);
        memcpy(item.shape, cases[i].shape, sizeof item.shape);
        memset(header, '~', sizeof header);
        ck_assert_int_eq(rg_npy_header(path, &item, header, &bytes), RG_OK);
        ck_assert_uint_eq(bytes, cases[i].bytes);
        ck_assert_mem_eq(header, "\x93NUMPY\1\0", 8);
        ck_assert_int_eq((unsigned char)header[8], (int)bytes - PREFIX);
        ck_assert_int_eq(header[9], 0);
        ck_assert_mem_eq(header + PREFIX, cases[i].text, length);
        for (size_t k = PREFIX + length; k + 1 < bytes; k++) {
            ck_assert_int_eq(header[k], ' ');
        }
        ck_assert(header[bytes - 1] == '\n' && header[bytes] == '~');
    }
    const struct rg_tensor brain = {.name = "b", .dtype = RG_BF16, .n_dims = 1, .shape = {1}, .data_bytes = 2};
    char header[RG_NPY_HEADER_MAX];
    size_t bytes = 0;
    ck_assert_int_eq(rg_npy_header("f", &brain, header, &bytes), RG_NOT_SAVED);
    ck_assert_str_eq(rg_error_message(), "f: cannot be saved: tensor 'b': npy has no BF16; choose safetensors");
}
END_TEST

/* Bytes in the other order, of numbers of every size; in an array of columns too. */
START_TEST(numbers_of_other_machines) {
    static const struct {
        const char *descr, *order;
        size_t bytes;
        unsigned char data[32];
        int64_t numbers[4];
    } cases[] = {
        {"|i1", "False", 4, {1, 2, 3, 0xFF}, {1, 2, 3, -1}},
        {">i1", "False", 4, {1, 2, 3, 0xFF}, {1, 2, 3, -1}},
        {"<i2", "False", 8, {0x02, 0x01, 4, 3, 6, 5, 0xFE, 0xFF}, {0x102, 0x304, 0x506, -2}},
        {">i2", "False", 8, {0x01, 0x02, 3, 4, 5, 6, 0xFF, 0xFE}, {0x102, 0x304, 0x506, -2}},
        {"=i2", "False", 8, {0x02, 0x01, 4, 3, 6, 5, 0xFE, 0xFF}, {0x102, 0x304, 0x506, -2}},
        {">i4",
         "False",
         16,
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xFF, 0xFF, 0xFF, 0xFD},
         {0x1020304, 0x5060708, 0x90A0B0C, -3}},
        {">i8",
         "False",
         32,
         {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0},
         {0x102030405060708, 9, 0x100000000, 0x100}},
        {"<i2", "True", 8, {1, 0, 2, 0, 3, 0, 4, 0}, {1, 3, 2, 4}}, /* 2 x 2, column by column */
        {">i2", "True", 8, {0, 1, 0, 2, 0, 3, 0, 4}, {1, 3, 2, 4}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char header[100];
        int64_t numbers[4];
        test_case("%s, Fortran %s", cases[i].descr, cases[i].order);
        (void)snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (2, 2)}", cases[i].descr,
                       cases[i].order);
        put_npy(1, header, cases[i].bytes);
        memcpy(file + file_bytes - cases[i].bytes, cases[i].data, cases[i].bytes);
        put(file, file_bytes);
        struct rg_tensors *const list = expect_good();
        ck_assert_int_eq(rg_tensor_to_int64(list->items, numbers), RG_OK);
        for (size_t k = 0; k < 4; k++) {
            ck_assert_int_eq(numbers[k], cases[i].numbers[k]);
        }
        rg_tensors_destroy(list);
    }
}
END_TEST

/* A file that ends in the middle of a header says how many bytes are missing. */
START_TEST(lengths_of_npy_headers) {
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
    enum { LIMIT = 1 << 20, BYTES = 12 + LIMIT + 4 };
    static unsigned char large[BYTES + 1];
    put_npy(1, text, 4);
    put(file, 7);
    expect_refused("byte 7: the file ends where 1 more bytes are expected; it was cut short");
    put(file, 9);
    expect_refused("byte 9: the file ends where 1 more bytes are expected; it was cut short");
    put(file, 10 + sizeof text - 2);
    expect_refused("byte 8: npy header length 55 is more than the file holds");
    put_npy(2, text, 4);
    put(file, 11);
    expect_refused("byte 11: the file ends where 1 more bytes are expected; it was cut short");
    file[11] = 1;
    put(file, file_bytes);
    expect_refused("byte 8: npy header length 16777271 is more than the limit of 1 MiB");
    file[11] = 0;
    file[10] = 1;
    put(file, file_bytes);
    expect_refused("byte 8: npy header length 65591 is more than the file holds");
    /* as long as the limit, of spaces; then one more */
    memset(large, ' ', sizeof large);
    memcpy(large, "\x93NUMPY\2\0\0\0\x10\0", 12);
    memcpy(large + 12, text, sizeof text - 1);
    memcpy(large + BYTES - 4, "\0\0\x80\x3f", 4);
    put(large, BYTES);
    struct rg_tensors *const list = expect_good();
    float one = 0.0F;
    rg_tensor_to_float(list->items, &one);
    ck_assert_float_eq(one, 1.0F);
    rg_tensors_destroy(list);
    large[8] = 1;
    put(large, BYTES + 1);
    expect_refused("byte 8: npy header length 1048577 is more than the limit of 1 MiB");
}
END_TEST

static void expect_unwritten(rg_status status, const char *message) {
    ck_assert_int_eq(status, RG_NOT_SAVED);
    expect_message(message);
    load();
    ck_assert(file_bytes == 3 && memcmp(file, "old", 3) == 0);
}

/* Every piece of a file finds no room once: the old file stays, and nothing else. */
START_TEST(no_room_for_a_piece) {
    static const char numbers[600] = {1};
    const struct rg_tensor items[2] = {{"a", RG_U8, 1, {300}, numbers, 300}, {"b", RG_U8, 1, {300}, numbers, 300}};
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (int format = 0; format < 3; format++) {
        for (size_t room = 0; room < 4000; room += 60) {
            const struct rlimit limit = {.rlim_cur = room, .rlim_max = before.rlim_max};
            test_case("format %d, room for %zu bytes", format, room);
            put("old", 3);
            const int limited = setrlimit(RLIMIT_FSIZE, &limit);
            const rg_status status = format == 0   ? rg_npy_write(path, items)
                                     : format == 1 ? rg_npz_write(path, items, 2)
                                                   : rg_safetensors_write(path, items, 2, "config");
            const int unlimited = setrlimit(RLIMIT_FSIZE, &before);
            ck_assert(limited == 0 && unlimited == 0);
            if (status == RG_OK) {
                load();
                ck_assert_uint_le(file_bytes, room);
                ck_assert(file_bytes + 60 > room && file_bytes > 300); /* it had just enough room */
                rg_tensors_destroy(expect_good());
                break;
            }
            expect_unwritten(status, "cannot be saved: File too large; free some space or choose another disk");
        }
        ck_assert_uint_eq(remove_folder(), 1);
        make_folder();
    }
    const struct rg_tensor nothing = {"a", RG_U8, 1, {0}, NULL, 0}; /* all of the file is its header */
    for (int format = 0; format < 5; format++) {
        test_case("format %d without data", format);
        put("old", 3);
        const int limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){5, before.rlim_max});
        const rg_status status = format == 0  ? rg_npy_write(path, &nothing)
                                 : format < 3 ? rg_npz_write(path, &nothing, (size_t)format - 1)
                                              : rg_safetensors_write(path, &nothing, (size_t)format - 3, NULL);
        const int unlimited = setrlimit(RLIMIT_FSIZE, &before);
        ck_assert(limited == 0 && unlimited == 0);
        expect_unwritten(status, "cannot be saved: File too large; free some space or choose another disk");
    }
    const struct rg_tensor wrong = {"a", RG_U8, 1, {299}, numbers, 300};
    put("old", 3);
    expect_unwritten(rg_npy_write(path, &wrong), "cannot be saved: tensor 'a': its shape does not fit its 300 bytes");
}
END_TEST

static const struct rg_tensor two[] = {{"a", RG_U8, 1, {3}, "abc", 3}, {"bc", RG_I16, 2, {2, 1}, "\1\2\3\4", 4}};

static rg_status write_npy(void) {
    return rg_npy_write(path, two);
}
static rg_status write_npz(void) {
    return rg_npz_write(path, two, 2);
}
static rg_status write_safetensors(void) {
    return rg_safetensors_write(path, two, 2, "c");
}
static rg_status read_file(void) {
    struct rg_tensors *list = NULL;
    const rg_status status = rg_tensors_read(path, &list);
    ck_assert((list != NULL) == (status == RG_OK));
    rg_tensors_destroy(list);
    return status;
}
static rg_status open_file(void) {
    static const struct rg_tensors_reading how = {.names = NULL, .stay = 1};
    struct rg_tensors *list = NULL;
    rg_status status = rg_tensors_open(path, &list);
    ck_assert((list != NULL) == (status == RG_OK));
    rg_tensors_destroy(list);
    if (status == RG_OK) {
        status = rg_tensors_read_as(path, &how, &list);
        ck_assert((list != NULL) == (status == RG_OK));
        rg_tensors_destroy(list);
    }
    return status;
}

START_TEST(files_without_memory) {
    each_fails("writing npy", write_npy, 1);
    each_fails("reading npy", read_file, 5);
    each_fails("opening npy", open_file, 8);
    put_npy(1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", 12);
    each_fails("reading columns", read_file, 6);
    each_fails("writing npz", write_npz, 3);
    each_fails("reading npz", read_file, 10);
    each_fails("opening npz", open_file, 15);
    each_fails("writing safetensors", write_safetensors, 3);
    each_fails("reading safetensors", read_file, 5);
    each_fails("opening safetensors", open_file, 8);
}
END_TEST

/* ---- npz ---- */

/* Bytes that Python's zipfile and NumPy read as these two arrays. */
static const char archive[] =
    /* local header, name, zip64 field, member */
    "PK\003\004-\000\000\010\000\000\000\000!\000\365\042\026\321\377\377\377\377\377\377\377\377\005\000\024\000"
    "a.npy\001\000\020\000\203\000\000\000\000\000\000\000\203\000\000\000\000\000\000\000"
    "\223NUMPY\001\000v\000{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"
    "                                                            \012abc"
    "PK\003\004-\000\000\010\000\000\000\000!\000\006V5\267\377\377\377\377\377\377\377\377\006\000\024\000"
    "bc.npy\001\000\020\000\204\000\000\000\000\000\000\000\204\000\000\000\000\000\000\000"
    "\223NUMPY\001\000v\000{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }"
    "                                                          \012\001\002\003\004"
    /* the directory: header, name, zip64 field with the place */
    "PK\001\002-\000-\000\000\010\000\000\000\000!\000\365\042\026\321\377\377\377\377\377\377\377\377\005\000\034\000"
    "\000\000\000\000\000\000\000\000\000\000\377\377\377\377a.npy\001\000\030\000\203\000\000\000\000\000\000\000"
    "\203\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "PK\001\002-\000-\000\000\010\000\000\000\000!\000\006V5\267\377\377\377\377\377\377\377\377\006\000\034\000"
    "\000\000\000\000\000\000\000\000\000\000\377\377\377\377bc.npy\001\000\030\000\204\000\000\000\000\000\000\000"
    "\204\000\000\000\000\000\000\000\272\000\000\000\000\000\000\000"
    /* zip64 end record, its locator, end record */
    "PK\006\006,\000\000\000\000\000\000\000-\000-\000\000\000\000\000\000\000\000\000\002\000\000\000\000\000\000\000"
    "\002\000\000\000\000\000\000\000\237\000\000\000\000\000\000\000v\001\000\000\000\000\000\000"
    "PK\006\007\000\000\000\000\025\002\000\000\000\000\000\000\001\000\000\000"
    "PK\005\006\000\000\000\000\002\000\002\000\377\377\377\377\377\377\377\377\000\000";
enum { ARCHIVE_BYTES = sizeof archive - 1 };

START_TEST(bytes_of_npz) {
    ck_assert_int_eq(rg_npz_write(path, two, 2), RG_OK);
    expect_bytes(archive, ARCHIVE_BYTES);
    ck_assert_int_eq(rg_npz_write(path, NULL, 0), RG_OK);
    expect_bytes("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
}
END_TEST

/* As many members as may be, and as long a name; then one more. */
START_TEST(limits_of_npz) {
    enum { MOST = RG_NPZ_MEMBERS_MAX, LONGEST = 65000 };
    static struct rg_tensor items[MOST + 1];
    static char names[MOST + 1][8], name[LONGEST + 2];
    struct rg_tensors *list;
    for (size_t i = 0; i <= MOST; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%zu", i);
        items[i] = (struct rg_tensor){names[i], RG_U8, 0, {0}, "x", 1};
    }
    ck_assert_int_eq(rg_npz_write(path, items, MOST), RG_OK);
    list = read_as((const char *const[]){"n1023", NULL}, SIZE_MAX);
    ck_assert_uint_eq(list->count, MOST);
    ck_assert_str_eq(list->items[MOST - 1].name, "n1023");
    ck_assert(*(const char *)list->items[MOST - 1].data == 'x' && list->items[0].data == NULL);
    rg_tensors_destroy(list);
    ck_assert_int_eq(rg_npz_write(path, items, MOST + 1), RG_NOT_SAVED);
    expect_message("cannot be saved: 1025 tensors are more than the 1024 allowed in npz; choose safetensors");
    memset(name, 'n', LONGEST);
    items[0].name = name;
    ck_assert_int_eq(rg_npz_write(path, items, 1), RG_OK);
    list = expect_good();
    ck_assert_str_eq(list->items[0].name, name);
    rg_tensors_destroy(list);
    name[LONGEST] = 'n';
    ck_assert_int_eq(rg_npz_write(path, items, 1), RG_NOT_SAVED);
    expect_message("cannot be saved: the name 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...' is too long for npz");
}
END_TEST

/* Data are written in pieces of 16 MiB, between which a stop is answered. */
START_TEST(pieces_of_npz) {
    enum { PIECE = 1 << 24, BYTES = PIECE + 5 };
    static const atomic_bool stop = true;
    char *const data = calloc(BYTES, 1);
    ck_assert_ptr_nonnull(data);
    data[0] = data[PIECE - 1] = 1;
    data[PIECE] = 2;
    data[BYTES - 1] = 3;
    const struct rg_tensor item = {"x", RG_U8, 1, {BYTES}, data, BYTES};
    ck_assert_int_eq(rg_npz_write(path, &item, 1), RG_OK);
    struct rg_tensors *const list = expect_good();
    ck_assert(list->count == 1 && memcmp(list->items[0].data, data, BYTES) == 0);
    rg_tensors_destroy(list);
    put("old", 3);
    const atomic_bool *const before = rg_stop_watch(&stop);
    const rg_status status = rg_npz_write(path, &item, 1);
    (void)rg_stop_watch(before);
    ck_assert_int_eq(status, RG_INTERRUPTED);
    expect_bytes("old", 3);
    free(data);
}
END_TEST

/* ---- safetensors ---- */

/* Names of every length: the header is filled up to a multiple of eight. */
START_TEST(bytes_of_safetensors) {
    static const char config[] = "a\"\n";
    char wanted[400], name[10] = "";
    for (size_t n = 1; n < sizeof name; n++) {
        struct rg_tensor items[2] = {two[1], two[0]};
        name[n - 1] = 'n';
        items[1].name = name;
        test_case("a name of %zu letters", n);
        int length = snprintf(wanted + 8, sizeof wanted - 8,
                              "{\"__metadata__\":{\"format\":\"pt\"%s},\"bc\":{\"dtype\":\"I16\",\"shape\":[2,1],"
                              "\"data_offsets\":[0,4]},\"%s\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]}}",
                              n % 2 ? ",\"config\":\"a\\\"\\u000a\"" : "", name);
        while (length % 8 != 0) {
            wanted[8 + length++] = ' ';
        }
        memset(wanted, 0, 8);
        wanted[0] = (char)(unsigned char)length;
        memcpy(wanted + 8 + length, "\1\2\3\4abc", 7);
        ck_assert_int_eq(rg_safetensors_write(path, items, 2, n % 2 ? config : NULL), RG_OK);
        expect_bytes(wanted, 8 + (size_t)length + 7);
    }
    ck_assert_int_eq(rg_safetensors_write(path, two, 1, "\xff"), RG_NOT_SAVED);
    expect_message("cannot be saved: the options are not UTF-8");
}
END_TEST

/* Up to 4,096 keys of metadata, the options among them. */
START_TEST(metadata_of_safetensors) {
    enum { MOST = 4096, ROOM = MOST * 16 + 200 };
    char *const text = malloc(ROOM);
    ck_assert_ptr_nonnull(text);
    for (int more = 0; more < 2; more++) {
        size_t n = 8 + (size_t)sprintf(text + 8, "{\"__metadata__\":{\"config\":\"c\"");
        for (int i = 1; i < MOST + more; i++) {
            n += (size_t)sprintf(text + n, ",\"%d\":\"\"", i);
        }
        n += (size_t)sprintf(text + n, "}}");
        for (size_t i = 0; i < 8; i++) {
            text[i] = (char)(unsigned char)((n - 8) >> 8 * i & 0xFF);
        }
        put(text, n);
        if (more) {
            expect_refused("more than 4096 keys in __metadata__");
        } else {
            struct rg_tensors *const list = expect_good();
            ck_assert(list->count == 0 && strcmp(list->config, "c") == 0);
            rg_tensors_destroy(list);
        }
    }
    free(text);
}
END_TEST

START_TEST(lengths_of_safetensors) {
    put_safetensors("{}", 0);
    put(file, 9); /* the first byte of a header, and less of it than its length says */
    expect_refused("byte 0: header length 2 is more than the file's 9 bytes");
    memcpy(file, "\0\xe1\xf5\x05\0\0\0\0", 8); /* 100,000,000 */
    put(file, 10);
    expect_refused("byte 0: header length 100000000 is more than the file's 10 bytes");
    file[0] = 1;
    put(file, 10);
    expect_refused("byte 0: header length 100000001 is above the format's limit of 100000000");
    memset(file, 0, 8);
    file[5] = 1;
    put(file, 10);
    expect_refused("byte 0: header length 1099511627776 is above the format's limit of 100000000");
}
END_TEST

/* ---- Numbers ---- */

/* The largest and the smallest number of each type, as doubles, floats and whole numbers. */
START_TEST(numbers_of_every_type) {
    static const struct {
        enum rg_dtype dtype;
        size_t bytes;
        const char *name, *data; /* two numbers */
        double wide[2];
        int64_t whole[2];
    } cases[] = {
        {RG_U8, 1, "U8", "\x80\xff", {128, 255}, {128, 255}},
        {RG_I8, 1, "I8", "\x80\x7f", {-128, 127}, {-128, 127}},
        {RG_BOOL, 1, "BOOL", "\0\2", {0, 1}, {0, 1}},
        {RG_I16, 2, "I16", "\0\x80\xff\x7f", {-32768, 32767}, {-32768, 32767}},
        {RG_U16, 2, "U16", "\1\x80\xff\xff", {32769, 65535}, {32769, 65535}},
        {RG_I32, 4, "I32", "\0\0\0\x80\xff\xff\xff\x7f", {INT32_MIN, INT32_MAX}, {INT32_MIN, INT32_MAX}},
        {RG_U32, 4, "U32", "\1\0\0\x80\xff\xff\xff\xff", {2147483649.0, 4294967295.0}, {2147483649, 4294967295}},
        {RG_I64,
         8,
         "I64",
         "\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\x7f",
         {-0x1p63, 0x1p63},
         {INT64_MIN, INT64_MAX}},
        {RG_U64,
         8,
         "U64",
         "\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
         {0x1p63, 0x1p64},
         {INT64_MAX, INT64_MAX}},
        {RG_F16, 2, "F16", "\0\x3c\xff\x7b", {1, 65504}, {0, 0}},
        {RG_BF16, 2, "BF16", "\x80\x3f\0\xc0", {1, -2}, {0, 0}},
        {RG_F32, 4, "F32", "\0\0\x80\x3f\0\0\0\xc0", {1, -2}, {0, 0}},
        {RG_F64, 8, "F64", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", {1, -2}, {0, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const bool is_whole = cases[i].dtype >= RG_U8;
        const struct rg_tensor item = {"t", cases[i].dtype, 1, {2}, cases[i].data, 2 * cases[i].bytes};
        double wide[2];
        float single[2];
        int64_t whole[2];
        test_case("%s", cases[i].name);
        ck_assert_str_eq(rg_dtype_name(cases[i].dtype), cases[i].name);
        ck_assert_uint_eq(rg_dtype_bytes(cases[i].dtype), cases[i].bytes);
        ck_assert_uint_eq(rg_tensor_elements(&item), 2);
        rg_tensor_to_double(&item, wide);
        rg_tensor_to_float(&item, single);
        ck_assert_int_eq(rg_tensor_to_int64(&item, whole), is_whole ? RG_OK : RG_BAD_FILE);
        for (size_t k = 0; k < 2; k++) {
            ck_assert_double_eq(wide[k], cases[i].wide[k]);
            ck_assert_float_eq(single[k], (float)cases[i].wide[k]);
            ck_assert(!is_whole || whole[k] == cases[i].whole[k]);
        }
        char wanted[100];
        (void)snprintf(wanted, sizeof wanted, "tensor 't': %s where whole numbers are needed", cases[i].name);
        ck_assert(is_whole || strcmp(rg_error_message(), wanted) == 0);
    }
    static const size_t shape[] = {3, 0, SIZE_MAX};
    ck_assert_str_eq(rg_shape_text(shape, 0).text, "[]");
    ck_assert_str_eq(rg_shape_text(shape, 1).text, "[3]");
    ck_assert_str_eq(rg_shape_text(shape, 3).text, "[3, 0, 18446744073709551615]");
}
END_TEST

TEST_MAIN("tensor_bytes") {
    TCase *const tests = add_tests(suite, "tensor_bytes");
    tcase_add_checked_fixture(tests, make_folder, clean);
    tcase_add_test(tests, npy_headers);
    tcase_add_test(tests, numbers_of_other_machines);
    tcase_add_test(tests, lengths_of_npy_headers);
    tcase_add_test(tests, no_room_for_a_piece);
    tcase_add_test(tests, files_without_memory);
    tcase_add_test(tests, bytes_of_npz);
    tcase_add_test(tests, limits_of_npz);
    tcase_add_test(tests, pieces_of_npz);
    tcase_add_test(tests, bytes_of_safetensors);
    tcase_add_test(tests, metadata_of_safetensors);
    tcase_add_test(tests, lengths_of_safetensors);
    tcase_add_test(tests, numbers_of_every_type);
}
