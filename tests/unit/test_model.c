/* The model: its table, the statistics of every initialiser, files that come back as they went, and files that are
 * refused with a message that names the tensor. */
#define _GNU_SOURCE
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/philox.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"

enum { MAX_ITEMS = 8 };

static char folder[256], path[300];

static void make_folder(void) {
    const char *const root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/rg-model-XXXXXX", root != NULL ? root : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
}

static void remove_folder(void) {
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static struct rg_model *create(size_t inputs, size_t hidden, size_t outputs) {
    const struct rg_shape shape = {RG_CELL_RNN, RG_ACT_TANH, inputs, hidden, outputs, RG_LOSS_MSE};
    struct rg_model *model = NULL;
    ck_assert_msg(rg_model_create(&shape, &model) == RG_OK, "%s", rg_error_message());
    return model;
}

static struct rg_model *initialised(size_t hidden, enum rg_init_kind kind, double value, uint64_t seed) {
    const struct rg_init init = {kind, value};
    struct rg_model *const model = create(7, hidden, 3);
    ck_assert_msg(rg_model_initialise(model, &init, seed) == RG_OK, "%s", rg_error_message());
    return model;
}

/* ---- The table ---- */

START_TEST(table) {
    static const struct {
        const char *name;
        size_t rows, columns;
    } wanted[RG_P_COUNT] = {{"rnn.weight_ih_l0", 5, 3}, {"rnn.weight_hh_l0", 5, 5}, {"rnn.bias_ih_l0", 5, 0},
                            {"rnn.bias_hh_l0", 5, 0},   {"head.weight", 2, 5},      {"head.bias", 2, 0}};
    struct rg_model *const model = create(3, 5, 2);
    size_t end = 0, total = 0;
    ck_assert_uint_eq(model->n_parameters, RG_P_COUNT);
    for (size_t i = 0; i < RG_P_COUNT; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        ck_assert_str_eq(p->name, wanted[i].name);
        ck_assert(p->rows == wanted[i].rows && p->columns == wanted[i].columns);
        ck_assert(p->offset % RG_ARENA_ALIGN == 0 && p->offset >= end && p->offset < end + RG_ARENA_ALIGN);
        ck_assert_ptr_eq(rg_model_values(model, i), model->weights + p->offset);
        end = p->offset + rg_parameter_elements(p);
        total += rg_parameter_elements(p);
    }
    ck_assert(model->n_weights == total && total == 62 && model->arena >= end);
    for (size_t i = 0; i < model->arena; i++)
        ck_assert(model->weights[i] == 0.0F);
    rg_model_destroy(model);
    rg_model_destroy(NULL);
}
END_TEST

START_TEST(bad_shapes) {
    static const struct {
        size_t inputs, hidden, outputs;
        rg_status status;
    } cases[] = {{0, 1, 1, RG_ERROR},
                 {1, 0, 1, RG_ERROR},
                 {1, 1, 0, RG_ERROR},
                 {1, (size_t)1 << 33, 1, RG_NO_MEMORY},
                 {SIZE_MAX, 1, 1, RG_NO_MEMORY},
                 {SIZE_MAX / 2, 1, SIZE_MAX / 2, RG_NO_MEMORY},
                 {1, (size_t)1 << 31, 1, RG_NO_MEMORY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rg_shape shape = {RG_CELL_RNN,     RG_ACT_TANH,      cases[i].inputs,
                                       cases[i].hidden, cases[i].outputs, RG_LOSS_AUTO};
        struct rg_model *model = (struct rg_model *)(void *)path;
        ck_assert_int_eq(rg_model_create(&shape, &model), cases[i].status);
        ck_assert_ptr_null(model);
    }
}
END_TEST

/* ---- Initialisers ---- */

struct moments {
    double mean, variance, largest;
};

static struct moments measure(const float *values, size_t count) {
    struct moments m = {0.0, 0.0, 0.0};
    for (size_t i = 0; i < count; i++) {
        m.mean += (double)values[i] / (double)count;
        m.variance += (double)values[i] * (double)values[i] / (double)count;
        m.largest = fmax(m.largest, fabs((double)values[i]));
    }
    m.variance -= m.mean * m.mean;
    return m;
}

/* Mean within 5 standard errors of 0, variance within 5 of `variance`; kurtosis decides the error of the latter. */
static void check_moments(const struct moments *m, size_t count, double variance, double kurtosis) {
    const double n = (double)count;
    ck_assert_msg(fabs(m->mean) < 5.0 * sqrt(variance / n), "mean %g of %zu", m->mean, count);
    ck_assert_msg(fabs(m->variance / variance - 1.0) < 5.0 * sqrt((kurtosis - 1.0) / n), "variance %g, expected %g",
                  m->variance, variance);
}

START_TEST(pytorch_statistics) {
    enum { H = 64 };
    const double bound = 1.0 / sqrt((double)H);
    struct rg_model *const model = initialised(H, RG_INIT_PYTORCH, 0.0, 1);
    for (size_t i = 0; i < model->n_parameters; i++) {
        const size_t count = rg_parameter_elements(&model->parameters[i]);
        const struct moments m = measure(rg_model_values(model, i), count);
        ck_assert(m.largest <= bound && m.largest > bound * (count > 30 ? 0.85 : 0.1));
        check_moments(&m, count, bound * bound / 3.0, 1.8);
    }
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        const size_t end = i + 1 < model->n_parameters ? p[1].offset : model->arena;
        for (size_t e = p->offset + rg_parameter_elements(p); e < end; e++)
            ck_assert(model->weights[e] == 0.0F);
    }
    rg_model_destroy(model);
}
END_TEST

START_TEST(recurrent_statistics) {
    enum { H = 96, COUNT = H * H };
    static const struct {
        enum rg_init_kind kind;
        double value, variance, kurtosis;
    } cases[] = {{RG_INIT_PYTORCH, 0.0, 1.0 / H / 3.0, 1.8},
                 {RG_INIT_XAVIER, 0.0, 1.0 / H, 1.8},
                 {RG_INIT_HE, 0.0, 2.0 / H, 3.0},
                 {RG_INIT_NORMAL, 0.01, 1e-4, 3.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_model *const model = initialised(H, cases[i].kind, cases[i].value, 3 + i);
        const struct moments m = measure(rg_model_values(model, RG_P_WEIGHT_HH), COUNT);
        const double deviation = sqrt(cases[i].variance);
        check_moments(&m, COUNT, cases[i].variance, cases[i].kurtosis);
        if (cases[i].kurtosis < 3.0)
            ck_assert(m.largest <= sqrt(3.0) * deviation * (1.0 + 1e-7));
        else
            ck_assert(m.largest > 3.0 * deviation && m.largest < 6.0 * deviation);
        rg_model_destroy(model);
    }
}
END_TEST

/* Shares of a normal sample within 1 and 2 deviations, and no correlation of neighbours (the pairs of Box-Muller). */
START_TEST(normal_shape) {
    enum { H = 128, COUNT = H * H };
    struct rg_model *const model = initialised(H, RG_INIT_NORMAL, 1.0, 5);
    const float *const z = rg_model_values(model, RG_P_WEIGHT_HH);
    double within1 = 0.0, within2 = 0.0, neighbours = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        within1 += fabsf(z[i]) < 1.0F ? 1.0 / COUNT : 0.0;
        within2 += fabsf(z[i]) < 2.0F ? 1.0 / COUNT : 0.0;
        neighbours += i > 0 ? (double)z[i] * (double)z[i - 1] / COUNT : 0.0;
    }
    ck_assert(fabs(within1 - 0.682689) < 0.018 && fabs(within2 - 0.954500) < 0.0082);
    ck_assert(fabs(neighbours) < 0.04);
    rg_model_destroy(model);
}
END_TEST

START_TEST(orthogonal) {
    static const size_t sizes[] = {1, 2, 3, 31, 64, 65};
    const double gain = _i % 2 == 0 ? 1.0 : 1.5;
    const size_t h = sizes[_i];
    struct rg_model *const model = initialised(h, RG_INIT_ORTHOGONAL, gain, (uint64_t)_i);
    const float *const w = rg_model_values(model, RG_P_WEIGHT_HH);
    for (size_t i = 0; i < h; i++)
        for (size_t j = 0; j < h; j++) {
            double product = 0.0;
            for (size_t k = 0; k < h; k++)
                product += (double)w[k * h + i] * (double)w[k * h + j];
            ck_assert_msg(fabs(product - (i == j ? gain * gain : 0.0)) < 1e-6, "[%zu, %zu] is %g", i, j, product);
        }
    rg_model_destroy(model);
}
END_TEST

/* Uniform over the orthogonal matrices: each sign of a 1 by 1 matrix comes half the time. */
START_TEST(orthogonal_signs) {
    int positive = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct rg_model *const model = initialised(1, RG_INIT_ORTHOGONAL, 1.0, seed);
        positive += rg_model_values(model, RG_P_WEIGHT_HH)[0] > 0.0F;
        rg_model_destroy(model);
    }
    ck_assert(positive > 150 && positive < 250);
}
END_TEST

START_TEST(identity) {
    enum { H = 33 };
    struct rg_model *const model = initialised(H, RG_INIT_IDENTITY, 0.9, 1);
    const float *const w = rg_model_values(model, RG_P_WEIGHT_HH);
    for (size_t i = 0; i < H; i++)
        for (size_t j = 0; j < H; j++)
            ck_assert(w[i * H + j] == (i == j ? 0.9F : 0.0F));
    ck_assert(rg_model_values(model, RG_P_BIAS_HH)[0] != 0.0F);
    rg_model_destroy(model);
}
END_TEST

START_TEST(seeds) {
    struct rg_model *const a = initialised(16, RG_INIT_PYTORCH, 0.0, 42);
    struct rg_model *const b = initialised(16, RG_INIT_PYTORCH, 0.0, 42);
    struct rg_model *const c = initialised(16, RG_INIT_PYTORCH, 0.0, 43);
    struct rg_model *const d = initialised(16, RG_INIT_PYTORCH, 0.0, 42 + ((uint64_t)1 << 32));
    struct rg_model *const e = initialised(16, RG_INIT_ORTHOGONAL, 1.0, 42);
    const size_t ih = rg_parameter_elements(&a->parameters[RG_P_WEIGHT_IH]) * sizeof(float);
    ck_assert_mem_eq(a->weights, b->weights, a->arena * sizeof *a->weights);
    ck_assert_mem_ne(a->weights, c->weights, ih);
    ck_assert_mem_ne(a->weights, d->weights, ih);
    ck_assert_mem_eq(rg_model_values(a, RG_P_WEIGHT_IH), rg_model_values(e, RG_P_WEIGHT_IH), ih);
    ck_assert_mem_ne(rg_model_values(a, RG_P_BIAS_IH), rg_model_values(a, RG_P_BIAS_HH), 16 * sizeof(float));
    rg_model_destroy(a);
    rg_model_destroy(b);
    rg_model_destroy(c);
    rg_model_destroy(d);
    rg_model_destroy(e);
}
END_TEST

/* The numbers of a seed never change: Philox4x32-10 at the counters (0, 0, 1, 16) and (1, 0, 1, 16) with key (5, 7),
 * from an implementation of its own that gives the published numbers for counter 0 and key 0. */
START_TEST(known_numbers) {
    static const unsigned wanted[] = {0x90c9b4, 0x8e8ae0, 0x259b3, 0x24bd3e, 0x139b20, 0x7d690c, 0xd06f7, 0x345c4a};
    struct rg_model *const model = initialised(4, RG_INIT_PYTORCH, 0.0, ((uint64_t)7 << 32) + 5);
    const float *const w = rg_model_values(model, RG_P_WEIGHT_HH);
    for (size_t i = 0; i < 8; i++) /* bound (2 u - 1), the bound being 1/2 */
        ck_assert_msg((double)w[i] == wanted[i] * 0x1p-24 - 0.5, "weight %zu is %.9g", i, (double)w[i]);
    rg_model_destroy(model);
}
END_TEST

/* Normal numbers are those of Box and Muller from the uniform ones, held against the C library's functions. */
START_TEST(box_muller) {
    const struct rg_stream stream = {.seed = 1, .parameter = 2};
    for (uint64_t block = 0; block < 500; block++) {
        double u[RG_BLOCK_NUMBERS], z[RG_BLOCK_NUMBERS];
        rg_stream_uniform(&stream, block, u);
        rg_stream_normal(&stream, block, z);
        for (int i = 0; i < RG_BLOCK_NUMBERS; i += 2) {
            const double radius = sqrt(-2.0 * log(u[i] + 0x1p-24)), angle = 2.0 * acos(-1.0) * u[i + 1];
            ck_assert(fabs(z[i] - radius * cos(angle)) < 1e-14 && fabs(z[i + 1] - radius * sin(angle)) < 1e-14);
        }
    }
}
END_TEST

/* ---- Files ---- */

static const struct rg_shape defaults = {RG_CELL_RNN, RG_ACT_TANH, 0, 0, 0, RG_LOSS_BCE};

START_TEST(round_trip) {
    static char *const words[] = {"cat", "m\"a\\t\n", "\xc3\xa9", "\xf0\x9f\x90\x80", "e", "f", "g"};
    const struct rg_init init = {RG_INIT_ORTHOGONAL, 1.0};
    struct rg_model *const model = create(7, 5, 2);
    struct rg_model *back = NULL;
    ck_assert_int_eq(rg_model_initialise(model, &init, 9), RG_OK);
    if (_i == 1)
        ck_assert_int_eq(rg_model_set_vocabulary(model, words), RG_OK);
    ck_assert_msg(rg_model_save(model, path) == RG_OK, "%s", rg_error_message());
    ck_assert_msg(rg_model_load(path, &defaults, &back) == RG_OK, "%s", rg_error_message());
    ck_assert(back->shape.cell == model->shape.cell && back->shape.activation == model->shape.activation);
    ck_assert(back->shape.inputs == 7 && back->shape.hidden == 5 && back->shape.outputs == 2);
    ck_assert_int_eq(back->shape.loss, RG_LOSS_MSE);
    ck_assert_uint_eq(back->arena, model->arena);
    ck_assert_mem_eq(back->weights, model->weights, model->arena * sizeof *model->weights);
    ck_assert((back->vocabulary != NULL) == (_i == 1));
    for (size_t i = 0; i < 7 && _i == 1; i++)
        ck_assert_str_eq(back->vocabulary[i], words[i]);
    rg_model_destroy(model);
    rg_model_destroy(back);
}
END_TEST

START_TEST(saving_fails) {
    struct rg_model *const model = create(1, 1, 1);
    snprintf(path, sizeof path, "%s/no such folder/m.safetensors", folder);
    ck_assert_int_eq(rg_model_save(model, path), RG_NOT_SAVED);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    rg_model_destroy(model);
}
END_TEST

static const float numbers[32] = {0.5F, -1.0F, 2.0F, 0.25F, 4.0F, 8.0F, -0.125F, 1.0F};
static const float infinite[32] = {0.5F, INFINITY};
static const double doubles[32] = {0.1, 1e-3};
static const double too_large[32] = {0.1, 1e300};
static const uint16_t halves[32] = {0x3800 /* 0.5 */, 0xBC00 /* -1 */};
static const uint16_t brains[32] = {0x3F00 /* 0.5 */, 0xBF80 /* -1 */};

static struct rg_tensor tensor(const char *name, enum rg_dtype dtype, size_t rows, size_t columns, const void *data) {
    const size_t elements = rows * (columns > 0 ? columns : 1);
    return (struct rg_tensor){.name = name,
                              .dtype = dtype,
                              .n_dims = columns > 0 ? 2 : 1,
                              .shape = {rows, columns},
                              .data = data,
                              .data_bytes = elements * rg_dtype_bytes(dtype)};
}

/* The six tensors of a model with F = 3, H = 2, O = 1. */
static void six(struct rg_tensor items[MAX_ITEMS]) {
    items[0] = tensor("rnn.weight_ih_l0", RG_F32, 2, 3, numbers);
    items[1] = tensor("rnn.weight_hh_l0", RG_F32, 2, 2, numbers);
    items[2] = tensor("head.weight", RG_F32, 1, 2, numbers);
    items[3] = tensor("rnn.bias_ih_l0", RG_F32, 2, 0, numbers);
    items[4] = tensor("rnn.bias_hh_l0", RG_F32, 2, 0, numbers);
    items[5] = tensor("head.bias", RG_F32, 1, 0, numbers);
}

static rg_status load(const struct rg_tensor *items, size_t count, const char *config, struct rg_model **model) {
    ck_assert_msg(rg_safetensors_write(path, items, count, config) == RG_OK, "%s", rg_error_message());
    return rg_model_load(path, &defaults, model);
}

static void refuse(const struct rg_tensor *items, size_t count, const char *config, const char *fragment) {
    struct rg_model *model = (struct rg_model *)(void *)path;
    ck_assert_msg(load(items, count, config, &model) == RG_BAD_FILE, "accepted, expected `%s`", fragment);
    ck_assert_ptr_null(model);
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "`%s` has no `%s`", rg_error_message(), fragment);
    ck_assert_msg(strstr(rg_error_message(), path) != NULL, "`%s` names no file", rg_error_message());
    ck_assert_ptr_null(strchr(rg_error_message(), '\n'));
}

START_TEST(plain_pytorch) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_model *model = NULL;
    six(items);
    items[0] = tensor("rnn.weight_ih_l0", RG_F16, 2, 3, halves);
    items[1] = tensor("rnn.weight_hh_l0", RG_BF16, 2, 2, brains);
    items[2] = tensor("head.weight", RG_F64, 1, 2, doubles);
    for (size_t count = 3; count <= 6; count++) {
        ck_assert_msg(load(items, count, NULL, &model) == RG_OK, "%s", rg_error_message());
        ck_assert(model->shape.inputs == 3 && model->shape.hidden == 2 && model->shape.outputs == 1);
        ck_assert(model->shape.loss == RG_LOSS_BCE && model->shape.cell == RG_CELL_RNN && model->vocabulary == NULL);
        ck_assert(rg_model_values(model, RG_P_WEIGHT_IH)[1] == -1.0F);
        ck_assert(rg_model_values(model, RG_P_WEIGHT_HH)[0] == 0.5F);
        ck_assert(rg_model_values(model, RG_P_HEAD_WEIGHT)[0] == 0.1F);
        ck_assert(rg_model_values(model, RG_P_BIAS_IH)[1] == (count > 3 ? -1.0F : 0.0F));
        ck_assert(rg_model_values(model, RG_P_HEAD_BIAS)[0] == (count > 5 ? 0.5F : 0.0F));
        rg_model_destroy(model);
    }
}
END_TEST

/* A model of PyTorch in double, with the file's own numbers. */
START_TEST(fixture) {
    struct rg_tensors *tensors = NULL;
    struct rg_model *model = NULL;
    struct rg_tensor items[MAX_ITEMS];
    double first = 0.0;
    static const char *const names[] = {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0",
                                        "rnn.bias_hh_l0",   "head.weight",      "head.bias"};
    ck_assert_int_eq(rg_tensors_read(RG_SOURCE_DIR "/tests/fixtures/rnn_mse_7x5x3x4x2.safetensors", &tensors), RG_OK);
    for (size_t i = 0; i < 6; i++) {
        const struct rg_tensor *const found = rg_tensors_find(tensors, names[i]);
        ck_assert_ptr_nonnull(found);
        items[i] = *found;
    }
    ck_assert_msg(load(items, 6, NULL, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(model->shape.inputs == 3 && model->shape.hidden == 4 && model->shape.outputs == 2);
    for (size_t i = 0; i < 6; i++) {
        memcpy(&first, items[i].data, sizeof first);
        ck_assert(rg_model_values(model, i)[0] == (float)first);
    }
    rg_model_destroy(model);
    rg_tensors_destroy(tensors);
}
END_TEST

START_TEST(bad_tensors) {
    static const struct {
        size_t at; /* which of the six is replaced; 6 adds one, more leaves out the one at - 7 */
        const char *name;
        enum rg_dtype dtype;
        size_t rows, columns;
        const void *data;
        const char *fragment;
    } cases[] = {
        {0, "rnn.weight_ih_l0", RG_F32, 3, 3, numbers, "'rnn.weight_ih_l0' has shape [3, 3]; expected [2, 3]"},
        {0, "rnn.weight_ih_l0", RG_F32, 6, 0, numbers, "'rnn.weight_ih_l0' has shape [6]; expected two dimensions"},
        {0, "rnn.weight_ih_l0", RG_F32, 0, 3, numbers, "'rnn.weight_ih_l0' has shape [0, 3]"},
        {1, "rnn.weight_hh_l0", RG_F32, 4, 2, numbers, "'rnn.weight_hh_l0' has shape [4, 2]; expected [2, 2]"},
        {1, "rnn.weight_hh_l0", RG_F32, 2, 2, infinite, "'rnn.weight_hh_l0': element 1 is inf"},
        {2, "head.weight", RG_F32, 1, 3, numbers, "'head.weight' has shape [1, 3]; expected [1, 2]"},
        {2, "head.weight", RG_F64, 1, 2, too_large, "'head.weight': element 1 is inf; expected finite"},
        {3, "rnn.bias_ih_l0", RG_F32, 3, 0, numbers, "'rnn.bias_ih_l0' has shape [3]; expected [2]"},
        {4, "rnn.bias_hh_l0", RG_F32, 2, 1, numbers, "'rnn.bias_hh_l0' has shape [2, 1]; expected [2]"},
        {5, "head.bias", RG_I32, 1, 0, numbers, "'head.bias' has dtype I32; expected F16, BF16, F32 or F64"},
        {6, "rnn.weight_ih_l1", RG_F32, 2, 2, numbers, "'rnn.weight_ih_l1' does not belong to a one-layer rnn"},
        {7, NULL, RG_F32, 0, 0, NULL, "'rnn.weight_ih_l0' is missing"},
        {8, NULL, RG_F32, 0, 0, NULL, "'rnn.weight_hh_l0' is missing"},
        {9, NULL, RG_F32, 0, 0, NULL, "'head.weight' is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        size_t count = cases[i].at == 6 ? 7 : 6;
        six(items);
        if (cases[i].at <= 6)
            items[cases[i].at] = tensor(cases[i].name, cases[i].dtype, cases[i].rows, cases[i].columns, cases[i].data);
        else
            items[cases[i].at - 7] = items[--count];
        refuse(items, count, NULL, cases[i].fragment);
    }
}
END_TEST

#define HEAD "{\"format\":1,\"cell\":\"rnn\",\"activation\":\"tanh\","
#define SIZES "\"inputs\":3,\"hidden\":2,\"outputs\":1"

START_TEST(good_configs) {
    static const struct {
        const char *config;
        enum rg_loss loss;
        const char *word;
    } cases[] = {{HEAD SIZES "}", RG_LOSS_BCE, NULL},
                 {HEAD SIZES ",\"loss\":\"auto\"}", RG_LOSS_BCE, NULL},
                 {HEAD SIZES ",\"loss\":\"ce\",\"program\":\"x\"}\n ", RG_LOSS_CE, NULL},
                 {" { \"outputs\" : 1 , \"vocabulary\" : [ \"a\" , \"\\u00e9\",\"c\"],\"inputs\":3,\"hidden\":2,"
                  "\"activation\":\"tanh\",\"cell\":\"rnn\",\"format\":1}",
                  RG_LOSS_BCE, "\xc3\xa9"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        struct rg_model *model = NULL;
        six(items);
        ck_assert_msg(load(items, 6, cases[i].config, &model) == RG_OK, "%s", rg_error_message());
        ck_assert_int_eq(model->shape.loss, cases[i].loss);
        if (cases[i].word != NULL)
            ck_assert_str_eq(model->vocabulary[1], cases[i].word);
        rg_model_destroy(model);
    }
}
END_TEST

START_TEST(bad_configs) {
    static const char *const cases[][2] = {
        {"", "expected"},
        {"[]", "expected { before the options"},
        {"{}", "the name of an option in quotes"},
        {"nonsense", "expected {"},
        {"{\"format\":1}", "'cell' is missing"},
        {"{\"format\":2}", "format 2; this version of rnn-gpu reads format 1"},
        {"{\"format\":1,\"format\":1}", "'format' stands there twice"},
        {"{\"format\":1.5}", "a whole number"},
        {"{\"format\":-1}", "a whole number"},
        {"{\"format\":null}", "a whole number"},
        {"{\"format\":99999999999999999999999}", "a whole number"},
        {"{\"cell\":1}", "a name in quotes"},
        {"{\"cell\":\"lstm\"}", "cell 'lstm' is not known"},
        {"{\"cell\":\"\"}", "cell '' is not known"},
        {"{\"loss\":\"x\"}", "loss 'x' is not known"},
        {"{\"skip\":3}", "'skip' is not known"},
        {"{\"cell\" \"rnn\"}", "expected : after"},
        {"{\"cell\":\"rnn\"", "ends where"},
        {"{\"cell\":\"rn", "ends where"},
        {HEAD SIZES "}x", "nothing after the options"},
        {HEAD SIZES ",}", "the name of an option in quotes"},
        {HEAD "\"inputs\":0,\"hidden\":2,\"outputs\":1}", "inputs is 0"},
        {HEAD "\"inputs\":4,\"hidden\":2,\"outputs\":1}", "has shape [2, 3]; expected [2, 4]"},
        {HEAD "\"inputs\":3,\"hidden\":3,\"outputs\":1}", "has shape [2, 3]; expected [3, 3]"},
        {HEAD "\"inputs\":3,\"hidden\":2,\"outputs\":2}", "'head.weight' has shape [1, 2]; expected [2, 2]"},
        {HEAD "\"inputs\":3,\"hidden\":18446744073709551615,\"outputs\":1}", "more elements than can be counted"},
        {HEAD SIZES ",\"vocabulary\":[]}", "a word of the vocabulary in quotes"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"b\"]}", "2 words in the vocabulary, 3 inputs"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"b\",\"c\",\"d\"]}", "more words than rnn.weight_ih_l0 has columns, 3"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"\",\"c\"]}", "word 1 of the vocabulary is empty"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",[[[[", "a word of the vocabulary in quotes"},
        {HEAD SIZES ",\"vocabulary\":[\"a\" \"b\"]}", ", or ] after a word"},
        {HEAD SIZES ",\"vocabulary\":[\"a\"],\"vocabulary\":[\"a\"]}", "'vocabulary' stands there twice"},
    };
    struct rg_tensor items[MAX_ITEMS];
    six(items);
    refuse(items, 6, cases[_i][0], cases[_i][1]);
}
END_TEST
enum { N_BAD_CONFIGS = 33 };

/* Every beginning of a good configuration, and every byte of it changed, is read or refused, never more. */
START_TEST(damaged_configs) {
    static const char good[] = HEAD SIZES ",\"vocabulary\":[\"a\",\"\\u00e9\",\"c\"],\"loss\":\"ce\"}";
    struct rg_tensor items[MAX_ITEMS];
    char text[sizeof good];
    six(items);
    for (size_t i = 0; i < 2 * (sizeof good - 1); i++) {
        struct rg_model *model = NULL;
        memcpy(text, good, sizeof good);
        text[i / 2] = i % 2 == 0 ? '\0' : "\"\\[{,:9x"[i / 2 % 8];
        const rg_status status = load(items, 6, text, &model);
        ck_assert((status == RG_OK && model != NULL) || (status == RG_BAD_FILE && model == NULL));
        rg_model_destroy(model);
    }
}
END_TEST

START_TEST(no_file) {
    struct rg_model *model = (struct rg_model *)(void *)path;
    ck_assert_int_eq(rg_model_load(path, &defaults, &model), RG_BAD_FILE);
    ck_assert_ptr_null(model);
}
END_TEST

int main(void) {
    Suite *const suite = suite_create("model");
    TCase *const weights = tcase_create("weights"), *const files = tcase_create("files");
    SRunner *const runner = srunner_create(suite);
    tcase_add_test(weights, table);
    tcase_add_test(weights, bad_shapes);
    tcase_add_test(weights, pytorch_statistics);
    tcase_add_test(weights, recurrent_statistics);
    tcase_add_test(weights, normal_shape);
    tcase_add_loop_test(weights, orthogonal, 0, 6);
    tcase_add_test(weights, orthogonal_signs);
    tcase_add_test(weights, identity);
    tcase_add_test(weights, seeds);
    tcase_add_test(weights, known_numbers);
    tcase_add_test(weights, box_muller);
    suite_add_tcase(suite, weights);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_loop_test(files, round_trip, 0, 2);
    tcase_add_test(files, saving_fails);
    tcase_add_test(files, plain_pytorch);
    tcase_add_test(files, fixture);
    tcase_add_test(files, bad_tensors);
    tcase_add_test(files, good_configs);
    tcase_add_loop_test(files, bad_configs, 0, N_BAD_CONFIGS);
    tcase_add_test(files, damaged_configs);
    tcase_add_test(files, no_file);
    suite_add_tcase(suite, files);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
