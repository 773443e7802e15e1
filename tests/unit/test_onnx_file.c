/* The constants and nodes of ONNX files, however other programs store them: numbers as raw bytes, in lists, in another
 * file or behind an Identity; what contradicts itself is refused with the whole message. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "export/onnx_file.h"
#include "export/proto.h"
#include "files/files.h"
#include "scratch.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[200], path[240], beside[240];
static struct rg_onnx_file file;

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/m.onnx", folder);
    (void)snprintf(beside, sizeof beside, "%s/numbers", folder);
}

static void end(void) {
    rg_onnx_close(&file);
    (void)remove(path);
    (void)remove(beside);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void expect_ok(rg_status status) {
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
}

static void expect_refused(rg_status status, const char *message) {
    char whole[600];
    (void)snprintf(whole, sizeof whole, "%s: %s", path, message);
    ck_assert_int_eq(status, RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), whole);
}

static struct rg_bytes name_of(const char *text) {
    return (struct rg_bytes){(const unsigned char *)text, strlen(text)};
}

/* Write and open the graph. */
static rg_status open_graph(struct rg_proto *graph) {
    struct rg_proto model = {.status = RG_OK};
    rg_onnx_close(&file);
    rg_proto_int(&model, RG_MODEL_IR_VERSION, 8);
    rg_proto_message(&model, RG_MODEL_GRAPH, graph);
    expect_ok(model.status);
    expect_ok(rg_file_write(path, model.text.bytes, model.text.length));
    rg_text_destroy(&model.text);
    return rg_onnx_open(path, &file);
}

/* The head of a constant "c": its sizes one by one. */
static struct rg_proto head_of(enum rg_onnx_type type, size_t n_dims, const size_t *dims) {
    struct rg_proto tensor = {.status = RG_OK};
    for (size_t i = 0; i < n_dims; i++) {
        rg_proto_int(&tensor, RG_TENSOR_DIMS, (int64_t)dims[i]);
    }
    rg_proto_int(&tensor, RG_TENSOR_DATA_TYPE, type);
    rg_proto_string(&tensor, RG_TENSOR_NAME, "c");
    return tensor;
}

static rg_status find(struct rg_proto *tensor, struct rg_onnx_tensor *out) {
    struct rg_proto graph = {.status = RG_OK};
    bool found = false;
    rg_proto_message(&graph, RG_GRAPH_INITIALIZER, tensor);
    expect_ok(open_graph(&graph));
    const rg_status status = rg_onnx_constant(&file, name_of("c"), out, &found);
    ck_assert(found);
    return status;
}

static const size_t six[] = {2, 3};

static void expect_six(const struct rg_onnx_tensor *tensor) {
    float numbers[6], last[2];
    ck_assert(tensor->n_dims == 2 && tensor->dims[0] == 2 && tensor->dims[1] == 3 && tensor->count == 6);
    expect_ok(rg_onnx_floats_of(&file, tensor, 0, 6, numbers));
    for (size_t i = 0; i < 6; i++) {
        ck_assert_float_eq(numbers[i], (float)i - 1.5F);
    }
    expect_ok(rg_onnx_floats_of(&file, tensor, 4, 2, last));
    ck_assert(last[0] == 2.5F && last[1] == 3.5F);
    expect_ok(rg_onnx_floats_of(&file, tensor, 6, 0, last));
    expect_refused(rg_onnx_floats_of(&file, tensor, 5, 2, last), "constant 'c' has fewer numbers than the layer needs");
    expect_refused(rg_onnx_floats_of(&file, tensor, 7, 0, last), "constant 'c' has fewer numbers than the layer needs");
}

/* -1.5, -0.5 … 3.5 in each type: as raw bytes, and in a list if the type has one. */
START_TEST(numbers_of_every_type) {
    static const float floats[] = {-1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 3.5F};
    static const double doubles[] = {-1.5, -0.5, 0.5, 1.5, 2.5, 3.5};
    static const uint16_t halves[] = {0xBE00, 0xB800, 0x3800, 0x3E00, 0x4100, 0x4300},
                          brains[] = {0xBFC0, 0xBF00, 0x3F00, 0x3FC0, 0x4020, 0x4060};
    static const struct {
        enum rg_onnx_type type;
        const void *bytes;
        size_t n;
        unsigned list;
    } types[] = {{RG_ONNX_FLOAT, floats, sizeof floats, RG_TENSOR_FLOAT_DATA},
                 {RG_ONNX_DOUBLE, doubles, sizeof doubles, RG_TENSOR_DOUBLE_DATA},
                 {RG_ONNX_FLOAT16, halves, sizeof halves, 0},
                 {RG_ONNX_BFLOAT16, brains, sizeof brains, 0}};
    struct rg_onnx_tensor found;
    double wide[6];
    for (size_t i = 0; i < COUNT(types); i++) {
        test_case("type %zu", i);
        struct rg_proto tensor = head_of(types[i].type, 2, six);
        rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, types[i].bytes, types[i].n);
        expect_ok(find(&tensor, &found));
        expect_six(&found);
        ck_assert_int_eq(rg_onnx_doubles_of(&found, wide), types[i].type == RG_ONNX_DOUBLE);
        if (types[i].type == RG_ONNX_DOUBLE) {
            ck_assert_mem_eq(wide, doubles, sizeof doubles);
        }
        for (size_t n = types[i].n - 1; n <= types[i].n + 1; n += 2) { /* a byte less, a byte more */
            unsigned char bytes[64] = {0};
            tensor = head_of(types[i].type, 2, six);
            rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, bytes, n);
            expect_refused(find(&tensor, &found), "constant 'c' has other bytes than its dimensions");
        }
        if (types[i].list) {
            tensor = head_of(types[i].type, 2, six);
            rg_proto_bytes(&tensor, types[i].list, types[i].bytes, types[i].n);
            expect_ok(find(&tensor, &found));
            expect_six(&found);
            ck_assert(!rg_onnx_doubles_of(&found, wide));
            tensor = head_of(types[i].type, 2, six);
            rg_proto_bytes(&tensor, types[i].list, types[i].bytes, types[i].n / 2);
            expect_refused(find(&tensor, &found), "constant 'c' has other numbers than its dimensions");
        }
        tensor = head_of(types[i].type, 2, six);
        expect_refused(find(&tensor, &found), "constant 'c' has other numbers than its dimensions");
    }
}
END_TEST

/* A thousand numbers are read at a time; the last ones of 2,500. */
START_TEST(many_numbers) {
    enum { N = 2500 };
    static float numbers[N], back[N];
    struct rg_onnx_tensor found;
    for (size_t i = 0; i < N; i++) {
        numbers[i] = (float)i;
    }
    struct rg_proto tensor = head_of(RG_ONNX_FLOAT, 1, (const size_t[]){N});
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, numbers, sizeof numbers);
    expect_ok(find(&tensor, &found));
    expect_ok(rg_onnx_floats_of(&file, &found, 0, N, back));
    ck_assert_mem_eq(back, numbers, sizeof numbers);
    numbers[N - 1] = INFINITY;
    tensor = head_of(RG_ONNX_FLOAT, 1, (const size_t[]){N});
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, numbers, sizeof numbers);
    expect_ok(find(&tensor, &found));
    expect_ok(rg_onnx_floats_of(&file, &found, 0, N - 1, back));
    expect_refused(rg_onnx_floats_of(&file, &found, 1, N - 1, back),
                   "constant 'c' holds a number that is not finite as a float");
}
END_TEST

/* Sizes in a packed list; no size; a size of 0; five sizes; and more numbers than there are. */
START_TEST(sizes) {
    static const unsigned char packed[] = {2, 3};
    static const float one = 1.0F;
    struct rg_onnx_tensor found;
    struct rg_proto tensor = head_of(RG_ONNX_FLOAT, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_DIMS, packed, sizeof packed);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, (const float[6]){0.0F}, 6 * sizeof(float));
    expect_ok(find(&tensor, &found));
    ck_assert(found.n_dims == 2 && found.dims[0] == 2 && found.dims[1] == 3 && found.count == 6);
    tensor = head_of(RG_ONNX_FLOAT, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, &one, sizeof one);
    expect_ok(find(&tensor, &found));
    ck_assert(found.n_dims == 0 && found.count == 1);
    tensor = head_of(RG_ONNX_FLOAT, 2, (const size_t[]){4, 0});
    expect_ok(find(&tensor, &found));
    ck_assert(found.n_dims == 2 && found.count == 0);
    tensor = head_of(RG_ONNX_FLOAT, 4, (const size_t[]){1, 1, 1, 1});
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, &one, sizeof one);
    expect_ok(find(&tensor, &found));
    tensor = head_of(RG_ONNX_FLOAT, 5, (const size_t[]){1, 1, 1, 1, 1});
    expect_refused(find(&tensor, &found), "constant 'c' has more than 4 dimensions");
    tensor = head_of(RG_ONNX_FLOAT, 2, (const size_t[]){SIZE_MAX / 2, 3});
    expect_refused(find(&tensor, &found), "constant 'c' has more numbers than can be counted");
}
END_TEST

/* A whole number: raw, in a list, alone in its field. Nothing else is one. */
START_TEST(whole_numbers) {
    static const int64_t raw = -7;
    static const unsigned char packed[] = {0x2C};
    static const size_t two[] = {2};
    struct rg_onnx_tensor found;
    int64_t whole = 0;
    float number;
    struct rg_proto tensor = head_of(RG_ONNX_INT64, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, &raw, sizeof raw);
    expect_ok(find(&tensor, &found));
    ck_assert(rg_onnx_whole(&found, &whole) && whole == -7);
    expect_refused(rg_onnx_floats_of(&file, &found, 0, 1, &number),
                   "constant 'c' has no floating numbers; expected float, double, float16 or bfloat16");
    tensor = head_of(RG_ONNX_INT64, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_INT64_DATA, packed, sizeof packed);
    expect_ok(find(&tensor, &found));
    ck_assert(rg_onnx_whole(&found, &whole) && whole == 44);
    tensor = head_of(RG_ONNX_INT64, 0, NULL);
    rg_proto_int(&tensor, RG_TENSOR_INT64_DATA, -3);
    expect_ok(find(&tensor, &found));
    ck_assert(rg_onnx_whole(&found, &whole) && whole == -3);
    tensor = head_of(RG_ONNX_INT64, 0, NULL);
    expect_ok(find(&tensor, &found));
    ck_assert(!rg_onnx_whole(&found, &whole));
    tensor = head_of(RG_ONNX_INT64, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_INT64_DATA, "", 0);
    expect_ok(find(&tensor, &found));
    ck_assert(!rg_onnx_whole(&found, &whole));
    tensor = head_of(RG_ONNX_INT64, 1, two);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, (const int64_t[]){1, 2}, 16);
    expect_ok(find(&tensor, &found));
    ck_assert(!rg_onnx_whole(&found, &whole));
    tensor = head_of(RG_ONNX_INT32, 0, NULL);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, &raw, 4);
    expect_ok(find(&tensor, &found));
    ck_assert(!rg_onnx_whole(&found, &whole) && whole == -3);
}
END_TEST

/* ---- Numbers in another file ---- */

static struct rg_proto outside_of(const char *location, const char *offset) {
    struct rg_proto tensor = head_of(RG_ONNX_FLOAT, 2, six), pair = {.status = RG_OK};
    rg_proto_int(&tensor, RG_TENSOR_DATA_LOCATION, 1);
    if (location) {
        rg_proto_string(&pair, 1, "location");
        rg_proto_string(&pair, 2, location);
        rg_proto_message(&tensor, RG_TENSOR_EXTERNAL_DATA, &pair);
    }
    if (offset) {
        rg_proto_string(&pair, 1, "offset");
        rg_proto_string(&pair, 2, offset);
        rg_proto_message(&tensor, RG_TENSOR_EXTERNAL_DATA, &pair);
    }
    return tensor;
}

START_TEST(numbers_in_another_file) {
    static const float numbers[] = {9.0F, -1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 3.5F};
    static const char elsewhere[] = "constant 'c' is in another file, whose name must be one of the same folder",
                      is_short[] = "constant 'c' is not as long in the other file as its dimensions";
    static const char *const bad[] = {NULL, "", ".hidden", "../numbers", "a/numbers"};
    char longest[202];
    struct rg_onnx_tensor found;
    expect_ok(rg_file_write(beside, numbers, sizeof numbers));
    struct rg_proto tensor = outside_of("numbers", "4");
    expect_ok(find(&tensor, &found));
    expect_six(&found);
    tensor = outside_of("numbers", NULL); /* from the begin */
    expect_ok(find(&tensor, &found));
    float first = 0.0F;
    expect_ok(rg_onnx_floats_of(&file, &found, 0, 1, &first));
    ck_assert_float_eq(first, 9.0F);
    tensor = outside_of("numbers", "5");
    expect_refused(find(&tensor, &found), is_short);
    tensor = outside_of("numbers", "18446744073709551615");
    expect_refused(find(&tensor, &found), is_short);
    expect_ok(rg_file_write(beside, numbers, 5 * sizeof *numbers));
    tensor = outside_of("numbers", "0");
    expect_refused(find(&tensor, &found), is_short);
    for (size_t i = 0; i < COUNT(bad); i++) {
        tensor = outside_of(bad[i], "0");
        expect_refused(find(&tensor, &found), elsewhere);
    }
    memset(longest, 'n', sizeof longest);
    longest[201] = '\0';
    tensor = outside_of(longest, "0");
    expect_refused(find(&tensor, &found), elsewhere);
    tensor = outside_of("numbers", "000000000000000000000004"); /* too many digits */
    expect_refused(find(&tensor, &found), elsewhere);
    tensor = outside_of(longest + 1, "0");
    ck_assert_int_ne(find(&tensor, &found), RG_OK);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), longest + 1));
    tensor = outside_of("none", "0");
    ck_assert_int_ne(find(&tensor, &found), RG_OK);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "/none"));
}
END_TEST

/* ---- Nodes ---- */

/* A node of an operator with up to two inputs and two outputs. */
static void add_node(struct rg_proto *graph, const char *operator, const char * const in[2], const char *const out[2],
                     struct rg_proto *attribute) {
    struct rg_proto node = {.status = RG_OK};
    for (size_t i = 0; i < 2 && in[i]; i++) {
        rg_proto_string(&node, RG_NODE_INPUT, in[i]);
    }
    for (size_t i = 0; i < 2 && out[i]; i++) {
        rg_proto_string(&node, RG_NODE_OUTPUT, out[i]);
    }
    rg_proto_string(&node, RG_NODE_OP_TYPE, operator);
    if (attribute) {
        rg_proto_message(&node, RG_NODE_ATTRIBUTE, attribute);
    }
    rg_proto_message(graph, RG_GRAPH_NODE, &node);
}

#define NAMES(...) ((const char *const[2]){__VA_ARGS__})

/* x -> Split -> a, b; Constant -> k -> Identity -> i; a loop of Identities. */
static void open_nodes(void) {
    struct rg_proto graph = {.status = RG_OK}, tensor = head_of(RG_ONNX_FLOAT, 2, six), attribute = {.status = RG_OK};
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, (const float[]){-1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 3.5F}, 24);
    rg_proto_string(&attribute, RG_ATTRIBUTE_NAME, "value");
    rg_proto_message(&attribute, RG_ATTRIBUTE_T, &tensor);
    add_node(&graph, "Constant", NAMES(NULL), NAMES("k"), &attribute);
    rg_proto_string(&attribute, RG_ATTRIBUTE_NAME, "axis");
    rg_proto_int(&attribute, RG_ATTRIBUTE_I, -2);
    add_node(&graph, "Split", NAMES("x", "sizes"), NAMES("a", "b"), &attribute);
    add_node(&graph, "Identity", NAMES("k"), NAMES("i"), NULL);
    add_node(&graph, "Identity", NAMES("loop"), NAMES("loop"), NULL);
    struct rg_proto input = {.status = RG_OK};
    rg_proto_string(&input, 1, "x");
    rg_proto_message(&graph, RG_GRAPH_INPUT, &input);
    expect_ok(open_graph(&graph));
    ck_assert(file.n_nodes == 4 && file.n_constants == 0);
}

START_TEST(nodes) {
    static const char *const outputs[] = {"a", "b"};
    struct rg_bytes node, attribute;
    size_t output = 9;
    open_nodes();
    for (size_t i = 0; i < COUNT(outputs); i++) {
        expect_ok(rg_onnx_producer(&file, name_of(outputs[i]), &node, &output));
        ck_assert(rg_bytes_are(rg_onnx_op(node), "Split"));
        ck_assert_uint_eq(output, i);
    }
    ck_assert(rg_bytes_are(rg_onnx_input(node, 0), "x") && rg_bytes_are(rg_onnx_input(node, 1), "sizes"));
    ck_assert(rg_bytes_are(rg_onnx_output(node, 0), "a") && rg_bytes_are(rg_onnx_output(node, 1), "b"));
    ck_assert(rg_onnx_input(node, 2).at == NULL && rg_onnx_output(node, 2).at == NULL);
    ck_assert(rg_onnx_attribute(node, "axis", &attribute) && !rg_onnx_attribute(node, "axes", &attribute));
    ck_assert_int_eq(rg_onnx_int(node, "axis", 5), -2);
    ck_assert_int_eq(rg_onnx_int(node, "axes", 5), 5);
    expect_ok(rg_onnx_producer(&file, name_of("x"), &node, &output));
    ck_assert_ptr_null(node.at);
    expect_ok(rg_onnx_producer(&file, name_of(""), &node, &output));
    ck_assert_ptr_null(node.at);
    ck_assert(rg_onnx_is_input(&file, name_of("x")) && !rg_onnx_is_input(&file, name_of("a")));
}
END_TEST

START_TEST(constants_of_nodes) {
    static const char *const names[] = {"k", "i"}, *const none[] = {"a", "x", "", "nothing"};
    struct rg_onnx_tensor found;
    bool any = false;
    open_nodes();
    for (size_t i = 0; i < COUNT(names); i++) {
        expect_ok(rg_onnx_constant(&file, name_of(names[i]), &found, &any));
        ck_assert(any && found.count == 6 && rg_bytes_are(found.name, "k"));
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        expect_ok(rg_onnx_constant(&file, name_of(none[i]), &found, &any));
        ck_assert(!any);
    }
    expect_refused(rg_onnx_constant(&file, name_of("loop"), &found, &any),
                   "the graph is too tangled to be read as a recurrent net");
    open_nodes();
    struct rg_bytes node;
    size_t output = 0;
    for (int i = 0; i < 2048; i++) { /* so many look-ups, and no more */
        expect_ok(rg_onnx_producer(&file, name_of("a"), &node, &output));
    }
    ck_assert_int_eq(rg_onnx_producer(&file, name_of("a"), &node, &output), RG_BAD_FILE);
}
END_TEST

START_TEST(no_graph) {
    struct rg_proto model = {.status = RG_OK};
    rg_proto_int(&model, RG_MODEL_IR_VERSION, 8);
    expect_ok(rg_file_write(path, model.text.bytes, model.text.length));
    expect_refused(rg_onnx_open(path, &file), "there is no graph; expected an ONNX model");
    rg_proto_int(&model, RG_MODEL_GRAPH, 3); /* a number in its place */
    expect_ok(rg_file_write(path, model.text.bytes, model.text.length));
    expect_refused(rg_onnx_open(path, &file), "there is no graph; expected an ONNX model");
    rg_text_destroy(&model.text);
    ck_assert(file.nodes == NULL && file.bytes == NULL);
}
END_TEST

/* 16,384 nodes, and one more. */
START_TEST(too_many_nodes) {
    for (size_t n = 16384; n <= 16385; n++) {
        struct rg_proto graph = {.status = RG_OK};
        for (size_t i = 0; i < n; i++) {
            rg_proto_bytes(&graph, RG_GRAPH_NODE, NULL, 0);
        }
        const rg_status status = open_graph(&graph);
        if (n == 16384) {
            expect_ok(status);
        } else {
            expect_refused(status, "the graph has more than 16384 nodes; expected a small recurrent net");
        }
    }
}
END_TEST

START_TEST(names_in_messages) {
    char text[RG_ONNX_TEXT_BYTES], longest[200];
    ck_assert_str_eq(rg_onnx_text(name_of("a \x1f~\x7f\x80"), text), "a ?~??");
    memset(longest, 'n', sizeof longest);
    ck_assert_uint_eq(strlen(rg_onnx_text((struct rg_bytes){(unsigned char *)longest, 200}, text)), 95);
    ck_assert_uint_eq(strlen(rg_onnx_text((struct rg_bytes){(unsigned char *)longest, 96}, text)), 95);
    ck_assert_uint_eq(strlen(rg_onnx_text((struct rg_bytes){(unsigned char *)longest, 95}, text)), 95);
    ck_assert_uint_eq(strlen(rg_onnx_text((struct rg_bytes){(unsigned char *)longest, 94}, text)), 94);
}
END_TEST

TEST_MAIN("onnx_file") {
    TCase *const tests = add_tests(suite, "onnx_file");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, numbers_of_every_type);
    tcase_add_test(tests, many_numbers);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, whole_numbers);
    tcase_add_test(tests, numbers_in_another_file);
    tcase_add_test(tests, nodes);
    tcase_add_test(tests, constants_of_nodes);
    tcase_add_test(tests, no_graph);
    tcase_add_test(tests, too_many_nodes);
    tcase_add_test(tests, names_in_messages);
}
