/* How the net is found in the graph of an ONNX file: graphs that differ in one thing each, and what is read from them
 * or why they are refused (tests/expected/onnx-nets.txt). */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "expected.h"
#include "export/formats.h"
#include "export/onnx_graph.h"
#include "rnn_gpu/log.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Graphs from text ----
 *
 * A line is a node: "out,out = Op(in,in) key=value key=value". A value is 2, 0.5f, 'text', or a list of those such as
 * [0 1]. An input that begins with # is a constant of floats: #1x8x3 are 1 x 8 x 3 times 0.5, and #1x2=0 twice 0. One
 * with @ is a whole number, @-1, or a list, @[0 1]. x [time, batch, 3], w [time, batch] and s are inputs of the graph,
 * z is its output. */

enum { MAX_NAMES = 64, MAX_PARTS = 16 };

struct graph {
    struct rg_onnx_graph g;
    char *constants[MAX_NAMES]; /* those that are there */
    size_t n_constants;
};

static void add_constant(struct graph *graph, const char *name) {
    size_t dims[3] = {1, 1, 1}, n_dims = 0, count = 0;
    float numbers[256];
    int64_t whole[4];
    for (size_t i = 0; i < graph->n_constants; i++) {
        if (strcmp(graph->constants[i], name) == 0) {
            return;
        }
    }
    ck_assert_uint_lt(graph->n_constants, MAX_NAMES);
    ck_assert_ptr_nonnull(graph->constants[graph->n_constants++] = strdup(name));
    char *at = (char *)name + 1;
    if (name[0] == '@') {
        const bool list = *at == '[';
        for (at += list; *at && *at != ']'; count++) {
            whole[count] = strtoll(at, &at, 10);
        }
        rg_onnx_ints(&graph->g, name, list ? count : 0, whole);
        return;
    }
    while (*at && *at != '=') {
        dims[n_dims++] = strtoul(at, &at, 10);
        at += *at == 'x';
    }
    const float value = *at == '=' ? strtof(at + 1, NULL) : 0.5F;
    for (size_t i = 0; i < dims[0] * dims[1] * dims[2]; i++) {
        ck_assert_uint_lt(i, COUNT(numbers));
        numbers[i] = value;
    }
    rg_onnx_floats(&graph->g, name, n_dims, dims, numbers);
}

/* Cut a list at the commas. */
static void split(char *list, const char *parts[MAX_PARTS]) {
    size_t n = 0;
    for (char *at = list; at;) {
        ck_assert_uint_lt(n, MAX_PARTS - 1);
        parts[n++] = strsep(&at, ",");
    }
    parts[n] = NULL;
}

/* One "key=value". It points to the numbers or texts in the other arguments. */
static struct rg_onnx_attribute attribute_of(char *text, int64_t *ints, float *floats, const char **strings) {
    char *value = strchr(text, '=');
    ck_assert_ptr_nonnull(value);
    *value++ = '\0';
    struct rg_onnx_attribute a = {.name = text};
    const bool list = *value == '[';
    for (value += list; *value && *value != ']'; a.count++) {
        ck_assert_uint_lt(a.count, 4);
        if (*value == '\'') {
            strings[a.count] = value + 1;
            value = strchr(value + 1, '\'');
            *value++ = '\0';
            a.kind = list ? RG_IS_STRINGS : RG_IS_STRING;
        } else if (strcspn(value, "f") < strcspn(value, ",]")) {
            floats[a.count] = strtof(value, &value);
            value++;
            a.kind = list ? RG_IS_FLOATS : RG_IS_FLOAT;
        } else {
            ints[a.count] = strtoll(value, &value, 10);
            a.kind = list ? RG_IS_INTS : RG_IS_INT;
        }
        value += *value == ',';
    }
    a.i = ints[0], a.f = floats[0], a.s = strings[0];
    a.ints = ints, a.floats = floats, a.strings = strings;
    return a;
}

static void add_line(struct graph *graph, char *line) {
    const char *inputs[MAX_PARTS], *outputs[MAX_PARTS], *strings[3][4] = {{NULL}};
    struct rg_onnx_attribute attributes[4] = {{.name = NULL}};
    int64_t ints[3][4] = {{0}};
    float floats[3][4] = {{0}};
    char *const op = strstr(line, " = "), *const open = strchr(line, '('), *const close = strchr(line, ')');
    ck_assert_msg(op && open && close, "%s", line);
    *op = *open = *close = '\0';
    split(line, outputs);
    split(open + 1, inputs);
    for (size_t i = 0; inputs[i]; i++) {
        if (inputs[i][0] == '#' || inputs[i][0] == '@') {
            add_constant(graph, inputs[i]);
        }
    }
    char *rest = close + 1;
    for (size_t n = 0; *rest == ' '; n++) {
        char *const text = rest + 1;
        ck_assert_uint_lt(n, 3);
        rest = text + strcspn(text, " ");
        if (*rest) {
            *rest = '\0';
            attributes[n] = attribute_of(text, ints[n], floats[n], strings[n]);
            *rest = ' ';
        } else {
            attributes[n] = attribute_of(text, ints[n], floats[n], strings[n]);
        }
    }
    rg_onnx_node(&graph->g, op + 3, inputs, outputs, attributes);
}

static char folder[256], path[300];

static void write_graph(const char *lines) {
    struct graph graph = {.g = {.proto = {.status = RG_OK}}};
    struct rg_proto file = {.status = RG_OK};
    char *const copy = strdup(lines), *rest = copy;
    ck_assert_ptr_nonnull(copy);
    rg_onnx_value(&graph.g, RG_GRAPH_INPUT, "x", RG_ONNX_FLOAT, 3, RG_NAMES("time", "batch", "3"));
    rg_onnx_value(&graph.g, RG_GRAPH_INPUT, "w", RG_ONNX_INT64, 2, RG_NAMES("time", "batch"));
    rg_onnx_value(&graph.g, RG_GRAPH_INPUT, "s", RG_ONNX_FLOAT, 3, RG_NAMES("1", "batch", "2"));
    while (rest && *rest) {
        add_line(&graph, strsep(&rest, "\n"));
    }
    if (strstr(lines, "z = ")) {
        rg_onnx_value(&graph.g, RG_GRAPH_OUTPUT, "z", RG_ONNX_FLOAT, 2, RG_NAMES("batch", "1"));
    }
    rg_proto_message(&file, RG_MODEL_GRAPH, &graph.g.proto);
    ck_assert_int_eq(file.status, RG_OK);
    (void)remove(path);
    FILE *const out = fopen(path, "wb");
    ck_assert(out && fwrite(file.text.bytes, 1, file.text.length, out) == file.text.length && fclose(out) == 0);
    rg_text_destroy(&file.text);
    for (size_t i = 0; i < graph.n_constants; i++) {
        free(graph.constants[i]);
    }
    free(copy);
}

/* ---- The graphs ---- */

#define RNN "y,yh = RNN(x,#1x2x3,#1x2x2)"
#define GRU "y,yh = GRU(x,#1x6x3,#1x6x2) linear_before_reset=1"
#define LSTM "y,yh,yc = LSTM(x,#1x8x3,#1x8x2)"
#define BOTH "y,yh = GRU(x,#2x6x3,#2x6x2) linear_before_reset=1 direction='bidirectional'"
#define LAST "\na = Gather(y,@-1)"
#define HEAD "\nz = Gemm(a,#2x1)"
#define HEAD4 "\nz = Gemm(a,#4x1)"
#define TWO                                                                           \
    "y1,yh1 = GRU(x,#2x6x3,#2x6x2) linear_before_reset=1 direction='bidirectional'\n" \
    "y2,yh2 = GRU(y1,#2x6x4,#2x6x2) linear_before_reset=1 direction='bidirectional'\n"
#define JOIN(p, q) "\np = Gather(yh,@" #p ")\nq = Gather(yh,@" #q ")\na = Concat(p,q)" HEAD4

static const char *const graphs[] = {
    /* the readout */
    LSTM LAST HEAD,
    LSTM "\nz = Gemm(y,#2x1)",
    LSTM "\na = Squeeze(yh)" HEAD,
    LSTM "\na = Squeeze(yc)" HEAD,
    LSTM "\na = Gather(yh,@-1)" HEAD,
    LSTM "\na = Gather(yh,@0)" HEAD,
    LSTM "\na = Gather(yh,@1)" HEAD,
    LSTM "\na = Gather(yh,@-2)" HEAD,
    LSTM "\na = Gather(yh,@-1) axis=1" HEAD,
    LSTM "\na = Gather(yh,w)" HEAD,
    LSTM "\na = Gather(yh,@[0 1])" HEAD,
    LSTM "\na = Gather(yc,@-1)" HEAD,
    LSTM "\na = Gather(y,@0)" HEAD,
    LSTM "\na = Gather(y,@-1) axis=1" HEAD,
    LSTM "\na = Gather(y,@-1) axis=-3" HEAD,
    LSTM "\na = Gather(y,@-1) axis=-2" HEAD,
    LSTM "\nt = Transpose(y) perm=[1,0,2]\na = Gather(t,@-1) axis=1" HEAD,
    LSTM "\nt = Transpose(y) perm=[1,0,2]\na = Gather(t,@-1) axis=-2" HEAD,
    LSTM "\nt = Transpose(y) perm=[1,0,2]\na = Gather(t,@-1) axis=0" HEAD,
    LSTM "\nt = Transpose(y) perm=[1,0,2]\nu = Transpose(t) perm=[1,0,2]\na = Gather(u,@-1) axis=0" HEAD,
    LSTM "\nt = Transpose(y) perm=[0,2,1]\na = Gather(t,@-1) axis=0" HEAD,
    LSTM "\nt = Transpose(y)\na = Gather(t,@-1) axis=0" HEAD,
    LSTM "\na = ReduceMean(y) axes=[0]" HEAD,
    LSTM "\na = ReduceMax(y) axes=[-3]" HEAD,
    LSTM "\na = ReduceMean(y) axes=[1]" HEAD,
    LSTM "\na = ReduceMean(y) axes=[1,0]" HEAD,
    LSTM "\na = ReduceMean(y,@[0])" HEAD,
    LSTM "\na = ReduceMax(y,@[0 1])" HEAD,
    LSTM "\na = ReduceMean(y,@[1])" HEAD,
    LSTM "\na = ReduceMean(y)" HEAD,
    LSTM "\nb = ReduceMean(y) axes=[0]\na = ReduceMax(b) axes=[0]" HEAD,
    LSTM "\nb = Gather(y,@-1)\na = ReduceMax(b) axes=[0]" HEAD,
    LSTM "\nb = ReduceMean(y) axes=[0]\na = Gather(b,@-1)" HEAD,
    LSTM "\na = Relu(y)" HEAD,
    /* two final states */
    BOTH JOIN(-2, -1),
    BOTH JOIN(0, 1),
    BOTH JOIN(-1, -2),
    BOTH JOIN(0, -1),
    BOTH JOIN(-2, -2),
    BOTH JOIN(-3, -1),
    BOTH JOIN(1, 1),
    BOTH "\np = Gather(yh,@-2)\nq = Gather(yh,w)\na = Concat(p,q)" HEAD4,
    TWO "yh = Concat(yh1,yh2)" JOIN(-2, -1),
    TWO "yh = Concat(yh1,yh2)" JOIN(2, 3),
    TWO "yh = Concat(yh1,yh2)" JOIN(0, 1),
    TWO "yh = Concat(yh1,yh2)\na = Gather(yh,@-1)" HEAD4,
    BOTH "\np = Gather(yh,@-2)\nq = Gather(yh,@-1)\na = Concat(p,q,p)" HEAD4,
    BOTH "\np = Gather(yh,@-2)\na = Concat(p,yh)" HEAD4,
    BOTH "\np = Gather(yh,@-2)\na = Concat(yh,p)" HEAD4,
    BOTH "\np = Gather(yh,@-2)\na = Concat(p)" HEAD4,
    BOTH "\np = Gather(yh,@-2)\nv = Identity(yh)\nq = Gather(v,@-1)\na = Concat(p,q)" HEAD4,
    BOTH "\nv = Concat(y,yh)\np = Gather(v,@-2)\nq = Gather(v,@-1)\na = Concat(p,q)" HEAD4,
    BOTH "\nv = Concat(yh,y)\np = Gather(v,@-2)\nq = Gather(v,@-1)\na = Concat(p,q)" HEAD4,
    BOTH "\nv = Relu(yh)\np = Gather(v,@-2)\nq = Gather(v,@-1)\na = Concat(p,q)" HEAD4,
    /* the head */
    LSTM LAST "\nz = Gemm(a,#1x2) transB=1",
    LSTM LAST "\nz = Gemm(a,#2x3,#3)",
    LSTM LAST "\nz = Gemm(a,#2x3,#2)",
    LSTM LAST "\nz = Gemm(a,#3x1)",
    LSTM LAST "\nz = Gemm(a,#2x1x1)",
    LSTM LAST "\nz = Gemm(a,s)",
    LSTM LAST "\nz = Gemm(a,#2x1) transA=1",
    LSTM LAST "\nz = Gemm(a,#2x1) alpha=1f beta=1f",
    LSTM LAST "\nz = Gemm(a,#2x1) alpha=0.5f",
    LSTM LAST "\nz = Gemm(a,#2x1) alpha=2f",
    LSTM LAST "\nz = Gemm(a,#2x1) beta=2f",
    LSTM LAST "\nz = MatMul(a,#2x3)",
    LSTM LAST "\nm = MatMul(a,#2x3)\nz = Add(m,#3)",
    LSTM LAST "\nm = MatMul(a,#2x3)\nz = Add(#3,m)",
    LSTM LAST "\nm = MatMul(a,#2x3)\nz = Add(m,m)",
    LSTM LAST "\nm = MatMul(a,s)\nz = Add(m,#3)",
    LSTM LAST "\nm = Relu(a)\nz = Add(m,#3)",
    LSTM LAST "\nz = Relu(a)",
    LSTM LAST "\nv = Gemm(a,#2x1)\nz = Reshape(v,@1)",
    "z = Gemm(x,#3x1)",
    LSTM "\nz = Gemm(q,#3x1)",
    LSTM "\nz = Gemm(x,#3x1)",
    LSTM,
    /* a layer */
    GRU LAST HEAD,
    "y = GRU(x,#1x6x3,#1x6x2)" LAST HEAD,
    "y = GRU(x,#1x6x3,#1x6x2) linear_before_reset=0" LAST HEAD,
    RNN " clip=1f" LAST HEAD,
    LSTM " input_forget=1" LAST HEAD,
    LSTM " input_forget=0" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,,,#1x6)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,#1x16)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,#1x8)" LAST HEAD,
    "y = LSTM(x,#1x6x3,#1x8x2)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x6x2)" LAST HEAD,
    "y = LSTM(x,#8x3,#1x8x2)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#8x2)" LAST HEAD,
    "y = LSTM(x,s,#1x8x2)" LAST HEAD,
    "y = LSTM(x,#1x8x3,s)" LAST HEAD,
    LSTM " direction='forward'" LAST HEAD,
    LSTM " direction='reverse'" LAST HEAD,
    LSTM " direction='bidirectional'" LAST HEAD4,
    LSTM " activations=['Sigmoid','Tanh','Tanh']" LAST HEAD,
    LSTM " activations=['Sigmoid','Tanh','Relu']" LAST HEAD,
    LSTM " activations=['Tanh','Sigmoid','Tanh']" LAST HEAD,
    GRU " activations=['Sigmoid','Tanh']" LAST HEAD,
    GRU " activations=['Sigmoid','Tanh','Sigmoid','Tanh']" LAST HEAD,
    GRU " activations=['Sigmoid','Tanh','Tanh']" LAST HEAD,
    GRU " activations=['Sigmoid','Sigmoid']" LAST HEAD,
    RNN " activations=['Tanh']" LAST HEAD,
    RNN " activations=['Relu']" LAST HEAD,
    RNN " activations=['Relu','Relu']" LAST HEAD,
    RNN " activations=['Relu','Tanh']" LAST HEAD,
    RNN " activations=['Softsign']" LAST HEAD,
    RNN " activations=['HardSigmoid']" LAST HEAD,
    RNN " activations=['LeakyRelu']" LAST HEAD,
    RNN " activations=['LeakyRelu'] activation_alpha=[0.01f]" LAST HEAD,
    RNN " activations=['LeakyRelu'] activation_alpha=[0.02f]" LAST HEAD,
    RNN " activations=['LeakyRelu'] activation_beta=[0.5f]" LAST HEAD,
    RNN " activations=['Relu'] activation_alpha=[0.5f]" LAST HEAD,
    RNN " activations=['Affine']" LAST HEAD,
    /* the state that it starts from */
    "y = LSTM(x,#1x8x3,#1x8x2,,,s)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,,s)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,#1x1x2=0,#1x1x2=0)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,#1x1x2=0,#1x1x2=-1)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,#1x1x2=1,#1x1x2=0)" LAST HEAD,
    "h = ConstantOfShape(@[1 1 2])\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "h = Expand(#1x1x2=0,@[1 1 2])\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "h = Expand(#1x1x2=1,@[1 1 2])\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "h = Relu(s)\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "h = Identity(h)\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "h = Slice(s)\ny = LSTM(x,#1x8x3,#1x8x2,,,h,h)" LAST HEAD,
    "y = LSTM(x,#1x8x3,#1x8x2,,,missing)" LAST HEAD,
    /* several layers */
    LSTM "\nt = Squeeze(y)\nv = LSTM(t,#1x8x2,#1x8x2)\na = Gather(v,@-1)" HEAD,
    LSTM "\nv = LSTM(y,#1x8x3,#1x8x2)\na = Gather(v,@-1)" HEAD,
    LSTM "\nv = LSTM(yh,#1x8x2,#1x8x2)\na = Gather(v,@-1)" HEAD,
    LSTM "\nv = GRU(y,#1x6x2,#1x6x2) linear_before_reset=1\na = Gather(v,@-1)" HEAD,
    LSTM "\nv = LSTM(y,#2x8x2,#2x8x2) direction='bidirectional'\na = Gather(v,@-1)" HEAD4,
    RNN "\nv = RNN(y,#1x2x2,#1x2x2) activations=['Relu']\na = Gather(v,@-1)" HEAD,
    LSTM "\nt = Relu(y)\nv = LSTM(t,#1x8x2,#1x8x2)\na = Gather(v,@-1)" HEAD,
    "t = Transpose(x) perm=[1,0,2]\ny = LSTM(t,#1x8x3,#1x8x2)" LAST HEAD,
    "y = LSTM(q,#1x8x3,#1x8x2)" LAST HEAD,
    /* words */
    "e = Gather(#7x3,w)\ny = LSTM(e,#1x8x3,#1x8x2)" LAST HEAD,
    "e = Gather(#7x2,w)\ny = LSTM(e,#1x8x3,#1x8x2)" LAST HEAD,
    "e = Gather(#7x3x1,w)\ny = LSTM(e,#1x8x3,#1x8x2)" LAST HEAD,
    "e = Gather(s,w)\ny = LSTM(e,#1x8x3,#1x8x2)" LAST HEAD,
    "e = Gather(#7x3,w)\nf = Gather(#7x3,e)\ny = LSTM(f,#1x8x3,#1x8x2)" LAST HEAD,
};

/* The text of a graph of RNNs, one on the other. */
static const char *stacked(size_t layers) {
    static char text[2000];
    size_t n = (size_t)snprintf(text, sizeof text, "y1 = RNN(x,#1x2x3,#1x2x2)\n");
    for (size_t i = 2; i <= layers; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "y%zu = RNN(y%zu,#1x2x2,#1x2x2)\n", i, i - 1);
    }
    (void)snprintf(text + n, sizeof text - n, "a = Gather(y%zu,@-1)" HEAD, layers);
    return text;
}

/* A net whose start comes through so many nodes. */
static const char *started_through(size_t nodes) {
    static char text[2000];
    size_t n = (size_t)snprintf(text, sizeof text, "h1 = Identity(s)\n");
    for (size_t i = 2; i <= nodes; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "h%zu = Identity(h%zu)\n", i, i - 1);
    }
    (void)snprintf(text + n, sizeof text - n, "y = LSTM(x,#1x8x3,#1x8x2,,,h%zu,s)" LAST HEAD, nodes);
    return text;
}

static void tell(struct text *told, const char *graph) {
    struct rg_model *model = NULL;
    write_graph(graph);
    const rg_status status = rg_import_onnx(path, RG_LOSS_MSE, &model);
    ck_assert_msg(status == RG_OK || status == RG_BAD_FILE, "%s\n%s", graph, rg_error_message());
    ck_assert((status == RG_OK) == (model != NULL));
    if (status == RG_OK) {
        const struct rg_shape *const s = &model->shape;
        text_add(told, "-> %s %s, %zu layers%s, %zu -> %zu -> %zu, %zu words, %s%s", rg_cell_names[s->cell],
                 rg_activation_names[s->activation], s->layers, s->bidirectional ? " in both directions" : "",
                 s->inputs, s->hidden, s->outputs, s->words, s->target == RG_TARGET_STEPS ? "every step" : "",
                 s->target == RG_TARGET_STEPS ? "" : rg_readout_names[s->readout]);
        for (size_t i = 0; i < model->n_parameters; i++) { /* the first number of each */
            text_add(told, "%s %g", i ? "" : ";", (double)rg_model_values(model, i)[0]);
        }
        text_add(told, "\n");
    } else {
        const char *const message = rg_error_message();
        ck_assert_msg(strncmp(message, path, strlen(path)) == 0, "%s", message);
        text_add(told, "-> refused%s\n", message + strlen(path));
    }
    rg_model_destroy(model);
}

START_TEST(nets_are_the_stored_ones) {
    struct text told = {NULL, 0, 0};
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/m.onnx", folder);
    rg_log_quiet(1);
    for (size_t i = 0; i < COUNT(graphs); i++) {
        test_case("graph %zu", i);
        text_add(&told, "%s\n", graphs[i]);
        tell(&told, graphs[i]);
    }
    for (size_t layers = 16; layers <= 17; layers++) {
        text_add(&told, "%zu layers\n", layers);
        tell(&told, stacked(layers));
    }
    for (size_t nodes = 16; nodes <= 17; nodes++) {
        text_add(&told, "%zu nodes before a start\n", nodes);
        tell(&told, started_through(nodes));
    }
    rg_log_quiet(0);
    (void)remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
    check_expected("onnx-nets.txt", told.bytes);
    free(told.bytes);
}
END_TEST

TEST_MAIN("onnx_net") {
    TCase *const tests = add_tests(suite, "onnx_net");
    tcase_add_test(tests, nets_are_the_stored_ones);
}
