/* Tensor files that are wrong: a bad file for every rule of every format, every truncation, flipped bits, and names
 * that are no files. All must give one clear message. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "rnn_gpu/memory.h"
#include "tensor_files.h"

/* ---- A bad file for every rule ---- */

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
static const struct {
    const char *header;
    size_t data_bytes;
    const char *fragment;
} bad_safetensors[] = {
    {"", 4, "neither"},
    {"[]", 0, "neither"},
    {"{", 0, "header ends"},
    {"{\"a\":" T("F32", "[1]", "[0,4]"), 4, ", or } after a tensor"},
    {"{}x", 0, "nothing but spaces"},
    {"{}", 1, "the data end at 0"},
    {"{\"\xff\":1}", 0, "byte 10: not UTF-8"},
    {"{\"\xc0\xaf\":1}", 0, "not UTF-8"},
    {"{\"\xed\xa0\x80\":1}", 0, "not UTF-8"},
    {"{\"\xf4\x90\x80\x80\":1}", 0, "not UTF-8"},
    {"{\"a\\ud800\":1}", 0, "surrogate"},
    {"{\"a\\udc00\":1}", 0, "surrogate"},
    {"{\"a\\ud800\\u0041\":1}", 0, "surrogate"},
    {"{\"a\\u0000\":1}", 0, "NUL"},
    {"{\"a\\u00g0\":1}", 0, "hexadecimal"},
    {"{\"a\\x\":1}", 0, "backslash"},
    {"{\"a\tb\":1}", 0, "control"},
    {"{\"a", 0, "end of a string"},
    {"{a:1}", 0, "name of a tensor"},
    {"{\"a\":1}", 0, "expected {"},
    {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, "expected {"},
    {"{\"a\":{}}", 0, "a key of a tensor"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "key 'data_offsets' is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "key 'shape' is missing"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "key 'dtype' is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "duplicate key 'dtype'"},
    {"{\"a\":{\"dtype\":\"F32\",\"x\":[1],\"data_offsets\":[0,4]}}", 4, "unknown key 'x'"},
    {"{\"a\":" T("F31", "[1]", "[0,4]") "}", 4, "dtype 'F31'"},
    {"{\"a\":" T("U32", "[1]", "[0,4]") "}", 4, "dtype 'U32'"},
    {"{\"a\":" T("F32", "[1e0]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[1.0]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[-0]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[01]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[18446744073709551616]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[1,]", "[0,4]") "}", 4, "a dimension"},
    {"{\"a\":" T("F32", "[1 1]", "[0,4]") "}", 4, ", or ] after a dimension"},
    {"{\"a\":" T("F32", "1", "[0,4]") "}", 4, "[ before a shape"},
    {"{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "more than 8 dimensions"},
    {"{\"a\":" T("F32", "[4294967296,4294967297]", "[0,4]") "}", 4, "2^64"},
    {"{\"a\":" T("F32", "[4611686018427387905]", "[0,4]") "}", 4, "2^64"},
    {"{\"a\":" T("F32", "[0,9223372036854775808,2]", "[0,0]") "}", 0, "2^64"},
    {"{\"a\":" T("F32", "[2]", "[0,4]") "}", 4, "needs 8 bytes, its data_offsets hold 4"},
    {"{\"a\":" T("F32", "[1]", "[4,0]") "}", 4, "data_offsets [4, 0]"},
    {"{\"a\":" T("F32", "[1]", "[0,5]") "}", 4, "data_offsets [0, 5]"},
    {"{\"a\":" T("F32", "[1]", "[0]") "}", 4, ", between two"},
    {"{\"a\":" T("F32", "[1]", "[0,4,4]") "}", 4, "] after two"},
    {"{\"a\":" T("F32", "[1]", "[4,8]") "}", 8, "after a hole"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") "}", 8, "the data end at 4"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[6,10]") "}", 10, "tensor 'b': its data begin at 6"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[2,6]") "}", 6, "overlapping"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[0,4]") "}", 4, "overlapping"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[0]", "[2,2]") "}", 4, "overlapping"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"\\u0061\":" T("F32", "[1]", "[4,8]") "}", 8, "duplicate tensor 'a'"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[4,8]") ",\"a\":" T("F32", "[1]", "[8,12]") "}", 12,
     "duplicate tensor 'a'"},
    {"{\"a\":" T("F32", "[1]", "[0,4]") ",}", 4, "name of a tensor"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate key '__metadata__'"},
    {"{\"__metadata__\":{\"k\":\"1\",\"j\":\"\",\"k\":\"2\"}}", 0, "duplicate key 'k'"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "expected a string"},
    {"{\"__metadata__\":{\"k\":{}}}", 0, "expected a string"},
    {"{\"__metadata__\":[]}", 0, "{ after __metadata__"},
    {"{\"__metadata__\":{\"k\":\"1\"", 0, "header ends"},
};

START_TEST(every_rule_of_safetensors) {
    for (size_t i = 0; i < COUNT(bad_safetensors); i++) {
        put_safetensors(bad_safetensors[i].header, bad_safetensors[i].data_bytes);
        expect_bad(path, bad_safetensors[i].fragment, bad_safetensors[i].header);
    }
    static const struct {
        size_t place;
        unsigned char value;
        const char *fragment;
    } lengths[] = {{0, 3, "more than the file's"},
                   {1, 1, "more than the file's"},
                   {3, 0x06, "limit of 100000000"},
                   {7, 0x80, "limit of 100000000"},
                   {0, 1, "header ends"}};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        put_safetensors("{}", 0);
        file[lengths[i].place] = lengths[i].value;
        put(file, file_bytes);
        expect_bad(path, lengths[i].fragment, "length of the header");
    }
    put_safetensors("{\"a?b\":1}", 0);
    file[8 + 3] = '\0';
    put(file, file_bytes);
    expect_bad(path, "byte 11: expected a string without control", "NUL byte");
}
END_TEST

/* A header that would take more memory than twice the file: the number of tensors is bounded by the file's size. */
START_TEST(safetensors_with_too_many_tensors) {
    enum { N = 40000, EACH = 64 };
    char *text = NULL;
    size_t length = 9;
    ck_assert_int_eq(rg_alloc(&text, N, EACH, "text"), RG_OK);
    text[8] = '{';
    for (int i = 0; i < N; i++) {
        length += (size_t)snprintf(text + length, EACH, "%s\"%x\":" T("U8", "[0]", "[0,0]"), i > 0 ? "," : "", i);
    }
    text[length++] = '}';
    for (size_t i = 0; i < 8; i++) {
        text[i] = (char)(unsigned char)((length - 8) >> 8 * i & 0xFF);
    }
    put(text, length);
    rg_free(text);
    expect_bad(path, "too many", "tiny tensors");
}
END_TEST

#define NPY(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"
static const struct {
    int version;
    const char *header;
    size_t data_bytes;
    const char *fragment;
} bad_npy[] = {
    {0, NPY("'<f4'", "False", "(1,)"), 4, "version 0.0"},
    {4, NPY("'<f4'", "False", "(1,)"), 4, "version 4.0"},
    {1, "", 0, "expected {"},
    {1, "{'descr': '<f4', 'fortran_order': False, ", 4, "expected a string"},
    {1, "{'descr': '<f4', 'fortran_order': False, }", 4, "no key 'shape'"},
    {1, "{'descr': '<f4', 'shape': (1,)}", 4, "no key 'fortran_order'"},
    {1, "{'fortran_order': False, 'shape': (1,)}", 4, "no key 'descr'"},
    {1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, "each once"},
    {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, "each once"},
    {1, "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", 4, ", or } after a value"},
    {1, "{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}", 4, ": after a key"},
    {1, "{'descr\\u0041': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, "plain string"},
    {1, "{'a long, long, long key': 1}", 4, "plain string"},
    {1, NPY("'<f4'", "False", "(1,)") "x", 4, "nothing but spaces"},
    {1, NPY("'|O'", "False", "(1,)"), 8, "dtype '|O' (Python objects)"},
    {1, NPY("'<u3'", "False", "(1,)"), 3, "dtype '<u3'"},
    {1, NPY("'<U1'", "False", "(1,)"), 4, "dtype '<U1' (text)"},
    {1, NPY("'<c8'", "False", "(1,)"), 8, "dtype '<c8'"},
    {1, NPY("'|f4'", "False", "(1,)"), 4, "dtype '|f4'"},
    {1, NPY("'f4'", "False", "(1,)"), 4, "dtype 'f4'"},
    {1, NPY("''", "False", "(1,)"), 4, "dtype ''"},
    {1, NPY("[('a', '<f4')]", "False", "(1,)"), 4, "structured"},
    {1, NPY("'<f4", "False", "(1,)"), 4, "dtype '<f4, '"},
    {1, NPY("'<f4'", "0", "(1,)"), 4, "True or False"},
    {1, NPY("'<f4'", "False", "(1)"), 4, "a comma in a shape"},
    {1, NPY("'<f4'", "False", "[1]"), 4, "( before a shape"},
    {1, NPY("'<f4'", "False", "(-1,)"), 4, "not below 0"},
    {1, NPY("'<f4'", "False", "(1.0,)"), 4, ", or ) after"},
    {1, NPY("'<f4'", "False", "(1 1)"), 4, ", or ) after"},
    {1, NPY("'<f4'", "False", "(,)"), 4, "a dimension"},
    {1, NPY("'<f4'", "False", "(18446744073709551616,)"), 4, "below 2^64"},
    {1, NPY("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), 4, "more than 8 dimensions"},
    {1, NPY("'<f4'", "False", "(9223372036854775808,)"), 4, "the 4 bytes that follow"},
    {1, NPY("'<f4'", "False", "(4294967296, 4294967297)"), 4, "the 4 bytes that follow"},
    {1, NPY("'<f4'", "False", "(0, 9223372036854775808, 2)"), 0, "the 0 bytes that follow"},
    {1, NPY("'<f4'", "False", "(1,)"), 3, "the 3 bytes that follow"},
    {1, NPY("'<f4'", "False", "(1,)"), 5, "the 5 bytes that follow"},
    {2, NPY("'<f4'", "False", "()"), 0, "the 0 bytes that follow"},
};

START_TEST(every_rule_of_npy) {
    for (size_t i = 0; i < COUNT(bad_npy); i++) {
        put_npy(bad_npy[i].version, bad_npy[i].header, bad_npy[i].data_bytes);
        expect_bad(path, bad_npy[i].fragment, bad_npy[i].header);
    }
    put_npy(2, NPY("'<f4'", "False", "(1,)"), 4);
    memcpy(file + 8, "\xF0\xFF\xFF\xFF", 4);
    put(file, file_bytes);
    expect_bad(path, "limit of 1 MiB", "length of the header");
    file[10] = 0x10; /* 1 MiB and 15 bytes, and the file has them */
    file[8] = 15;
    file[9] = file[11] = 0;
    put(file, file_bytes);
    ck_assert_int_eq(truncate(path, 2 << 20), 0);
    expect_bad(path, "limit of 1 MiB", "long header");
    put_npy(1, NPY("'<f4'", "False", "(1,)"), 4);
    file[9] = 0xFF;
    put(file, file_bytes);
    expect_bad(path, "more than the file holds", "length of the header");
}
END_TEST

/* file = an archive of one deflated member with `bytes` zeros of dtype u1. */
static void put_deflated_of(const char *member, size_t bytes, const char *descr) {
    unsigned char *npy = NULL;
    char header[128];
    const size_t length = (size_t)snprintf(header, sizeof header,
                                           "{'descr': '%s', 'fortran_order': False, 'shape': "
                                           "(%zu,)}",
                                           descr, bytes);
    ck_assert_int_eq(rg_alloc(&npy, 10 + length + bytes, 1, "npy"), RG_OK);
    memcpy(npy, "\x93NUMPY\1\0", 8);
    npy[8] = (unsigned char)length;
    memcpy(npy + 10, header, length);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    ck_assert_ptr_nonnull(zip);
    zip_source_t *source = zip_source_buffer(zip, npy, 10 + length + bytes, 0);
    const zip_int64_t index = zip_file_add(zip, member, source, 0);
    ck_assert_int_eq(index, 0);
    ck_assert_int_eq(zip_set_file_compression(zip, 0, ZIP_CM_DEFLATE, 9), 0);
    ck_assert_int_eq(zip_close(zip), 0);
    rg_free(npy);
    load();
}

static void put_deflated(const char *member, size_t bytes) {
    put_deflated_of(member, bytes, "|u1");
}

/* Place of a record of the archive by its signature. */
static unsigned char *record(const char *signature) {
    unsigned char *found = memmem(file, file_bytes, signature, 4);
    ck_assert_ptr_nonnull(found);
    return found;
}

static void expect_bad_npz(const char *fragment, const char *what) {
    put(file, file_bytes);
    expect_bad(path, fragment, what);
}

START_TEST(every_rule_of_npz) {
    enum { LOCAL = 0, CENTRAL = 1 };
    static const char *const signatures[] = {"PK\3\4", "PK\1\2"};
    put_deflated("x.npy", 1000000); /* 1,000 : 1, and well */
    struct rg_tensors *list = expect_good();
    ck_assert_uint_eq(list->items[0].data_bytes, 1000000);
    rg_tensors_destroy(list);

    put_deflated("x.npy", 100000);
    memset(record(signatures[CENTRAL]) + 24, 0x7F, 3); /* size */
    memset(record(signatures[LOCAL]) + 22, 0x7F, 3);
    expect_bad_npz("cannot hold", "bomb by its directory");

    put_deflated("x.npy", 100000);
    record(signatures[CENTRAL])[24]++;
    record(signatures[LOCAL])[22]++;
    expect_bad_npz("ends after 100070 bytes", "one byte more announced");

    put_deflated("x.npy", 100000);
    record(signatures[CENTRAL])[24]--;
    record(signatures[LOCAL])[22]--;
    expect_bad_npz("longer than the announced 100069", "one byte less announced");

    /* as many bytes as deflate can make of those in the file, and more */
    put_deflated("x.npy", 100000);
    for (size_t k = 0; k < 2; k++) {
        unsigned char *const central = record(signatures[CENTRAL]), *const local = record(signatures[LOCAL]);
        const size_t packed = central[20] + 256U * central[21], size = 1032 * (packed + k) + (k ? 0 : 1031);
        for (int i = 0; i < 3; i++) {
            central[24 + i] = local[22 + i] = (unsigned char)(size >> 8 * i & 0xFF);
        }
        expect_bad_npz(k ? "bytes in the file cannot hold" : "ends after 100070 bytes", "the ratio of deflate");
    }

    put_deflated("x.npy", 100);
    record(signatures[CENTRAL])[16] ^= 1;
    record(signatures[LOCAL])[14] ^= 1;
    expect_bad_npz("x.npy): CRC error", "wrong checksum");

    put_deflated("x.npy", 100);
    record(signatures[CENTRAL])[10] = 12;
    record(signatures[LOCAL])[8] = 12;
    expect_bad_npz("method 12", "bzip2");

    put_deflated("x.npy", 100);
    record(signatures[CENTRAL])[8] |= 1;
    record(signatures[LOCAL])[6] |= 1;
    expect_bad_npz("encrypted", "encryption");

    put_deflated_of("x.npy", 100, "|u2");
    expect_bad_npz("t(x.npy): byte 25: dtype '|u2' is not supported; save it as float32 or int64", "its dtype");
    put_deflated_of("x.npy", 100, "<u2");
    expect_bad_npz("t(x.npy): the shape does not need the 100 bytes that follow the header", "its shape");

    put_deflated("x.txt", 100);
    expect_bad_npz("not called NAME.npy", "foreign member");
    put_deflated(".npy", 100);
    expect_bad_npz("not called NAME.npy", "no name");

    put_deflated("x.npy", 100);
    record("PK\5\6")[11] = 0x7F;
    expect_bad_npz("limit of 1024", "announced members");
    put_deflated("x.npy", 100);
    record("PK\5\6")[10] = 2;
    expect_bad_npz("does not hold the 2 members", "announced members");
    put_deflated("x.npy", 100);
    record("PK\5\6")[10] = 0;
    expect_bad_npz("does not hold the 0 members", "announced members");

    const struct rg_tensor two[] = {{"x", RG_U8, 1, {3}, "abc", 3}, {"y", RG_U8, 1, {3}, "abc", 3}};
    ck_assert_int_eq(rg_npz_write(path, two, 2), RG_OK);
    load();
    for (unsigned char *y = memmem(file, file_bytes, "y.npy", 5); y != NULL; y = memmem(file, file_bytes, "y.npy", 5)) {
        *y = 'x';
    }
    expect_bad_npz("", "duplicate member");
    ck_assert_int_eq(rg_npz_write(path, two, 2), RG_OK);
    load();
    record("PK\6\7")[8 + 7] = 0x7F;
    expect_bad_npz("zip64 end record", "place of the zip64 end");
    put_deflated("x.npy", 100);
    file_bytes -= 22;
    expect_bad_npz("damaged", "no end record");
}
END_TEST

/* ---- Truncations and flipped bits ---- */

static const float f32[3] = {1.5f, -2.0f, 0.25f};
static const int16_t i16[2] = {3, 300};

static void write_small(int format) {
    const struct rg_tensor two[] = {{"x", RG_F32, 2, {1, 3}, f32, 12}, {"lengths", RG_I16, 1, {2}, i16, 4}};
    ck_assert_int_eq(format == 0   ? rg_safetensors_write(path, two, 2, "{\"hidden\":128}")
                     : format == 1 ? rg_npz_write(path, two, 2)
                                   : rg_npy_write(path, two),
                     RG_OK);
    load();
}

START_TEST(every_truncation_is_refused) {
    write_small(_i);
    for (size_t bytes = 0; bytes < file_bytes; bytes++) {
        put(file, bytes);
        expect_bad(path, "", "cut short");
    }
    put(file, file_bytes + 1);
    expect_bad(path, "", "one byte more");
}
END_TEST

/* A list or an error, never a crash; and in an archive no member's byte may change unseen. */
START_TEST(every_flipped_bit_is_survived) {
    write_small(_i);
    const size_t header_bytes = _i == 0 ? 8 + file[0] + 256u * file[1] : file_bytes;
    const unsigned char *directory = _i == 1 ? record("PK\1\2") : file;
    for (size_t bit = 0; bit < 8 * header_bytes; bit++) {
        struct rg_tensors *list = NULL;
        file[bit / 8] ^= (unsigned char)(1u << bit % 8);
        put(file, file_bytes);
        const rg_status status = rg_tensors_read(path, &list);
        ck_assert_int_eq(status == RG_OK ? RG_BAD_FILE : status, RG_BAD_FILE);
        ck_assert_int_eq(status == RG_OK, list != NULL);
        file[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (list != NULL && _i == 1 && bit / 8 < (size_t)(directory - file)) {
            ck_assert_uint_eq(list->count, 2);
            ck_assert_mem_eq(list->items[0].data, f32, 12);
            ck_assert_mem_eq(list->items[1].data, i16, 4);
        }
        rg_tensors_destroy(list);
    }
}
END_TEST

/* ---- Names that are no files ---- */

START_TEST(only_regular_files_are_read) {
    char name[600];
    expect_bad("/dev/zero", "device", "device");
    expect_bad(folder, "a folder", "folder");
    snprintf(name, sizeof name, "%s/absent", folder);
    expect_bad(name, "No such file", "missing file");
    expect_bad("", "No such file", "empty name");
    put("", 0);
    expect_bad(path, "empty", "empty file");
    put("PK", 2);
    expect_bad(path, "neither", "short file");
    snprintf(name, sizeof name, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    expect_bad(name, "a pipe", "FIFO");
}
END_TEST

TEST_MAIN("tensors_bad") {
    TCase *const tests = add_tests(suite, "tensors_bad");
    tcase_add_checked_fixture(tests, make_folder, clean);
    tcase_add_test(tests, every_rule_of_safetensors);
    tcase_add_test(tests, safetensors_with_too_many_tensors);
    tcase_add_test(tests, every_rule_of_npy);
    tcase_add_test(tests, every_rule_of_npz);
    tcase_add_loop_test(tests, every_truncation_is_refused, 0, 3);
    tcase_add_loop_test(tests, every_flipped_bit_is_survived, 0, 3);
    tcase_add_test(tests, only_regular_files_are_read);
}
