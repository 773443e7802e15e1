/* States of PyTorch modules under the names that people give: what is read as recurrent part, head and embedding, what
 * is left out, and what is refused because the names leave a choice. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rnn_gpu/log.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

static char folder[256], path[300];

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    rg_log_quiet(1);
}

static void end(void) {
    rg_log_quiet(0);
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* A tensor by its name and shape; columns 0: one dimension. Element i of a tensor is `value` + i / 8. */
struct item {
    const char *name;
    size_t rows, columns;
    float value;
};

enum { MAX_ITEMS = 12, MAX_NUMBERS = 64 };

static void write_state(const struct item *items, size_t count) {
    static float numbers[MAX_ITEMS][MAX_NUMBERS];
    struct rg_tensor tensors[MAX_ITEMS];
    for (size_t i = 0; i < count; i++) {
        const size_t n = items[i].rows * (items[i].columns > 0 ? items[i].columns : 1);
        ck_assert(count <= MAX_ITEMS && n <= MAX_NUMBERS);
        for (size_t k = 0; k < n; k++) {
            numbers[i][k] = items[i].value + (float)k / 8.0F;
        }
        tensors[i] = (struct rg_tensor){.name = items[i].name,
                                        .dtype = RG_F32,
                                        .n_dims = items[i].columns > 0 ? 2 : 1,
                                        .shape = {items[i].rows, items[i].columns},
                                        .data = numbers[i],
                                        .data_bytes = n * sizeof(float)};
    }
    ck_assert_msg(rg_safetensors_write(path, tensors, count, NULL) == RG_OK, "%s", rg_error_message());
}

static rg_status load(const char *head, struct rg_model **model) {
    static const struct rg_shape defaults = {.cell = RG_N_CELLS, .loss = RG_LOSS_MSE, .readout = RG_N_READOUTS};
    return rg_model_read(path, &(struct rg_model_reading){.defaults = &defaults, .head = head}, model);
}

static size_t count_of(const struct item *items) {
    size_t count = 0;
    while (count < MAX_ITEMS && items[count].name != NULL) {
        count++;
    }
    return count;
}

/* The first number of a parameter. */
static float first(const struct rg_model *model, size_t parameter) {
    return rg_model_values(model, parameter)[0];
}

static const struct {
    struct item items[MAX_ITEMS];
    const char *head;
    float head_value, embed_value; /* 0: no embedding */
} states[] = {
    {{{"lstm.weight_ih_l0", 8, 3, 1}, {"lstm.weight_hh_l0", 8, 2, 2}, {"fc.weight", 1, 2, 3}, {"fc.bias", 1, 0, 4}},
     NULL,
     3,
     0},
    {{{"module.gru.weight_ih_l0", 6, 3, 1}, {"module.gru.weight_hh_l0", 6, 2, 2}, {"module.linear.weight", 1, 2, 3}},
     NULL,
     3,
     0},
    {{{"model.encoder.weight_ih_l0", 2, 3, 1}, {"model.encoder.weight_hh_l0", 2, 2, 2}, {"model.out.weight", 4, 2, 5}},
     NULL,
     5,
     0},
    /* a numbered layer of a Sequential; batch norm beside it is left out */
    {{{"_orig_mod.rnn.weight_ih_l0", 2, 3, 1},
      {"_orig_mod.rnn.weight_hh_l0", 2, 2, 2},
      {"_orig_mod.classifier.1.weight", 1, 2, 6},
      {"_orig_mod.norm.running_mean", 2, 0, 9},
      {"_orig_mod.attention.weight", 1, 2, 9}},
     NULL,
     6,
     0},
    /* known only by its sizes */
    {{{"0.weight_ih_l0", 2, 3, 1}, {"0.weight_hh_l0", 2, 2, 2}, {"2.weight", 1, 2, 7}, {"norm.weight", 2, 0, 9}},
     NULL,
     7,
     0},
    /* the names of PyTorch's word language model, where both tables would fit the states */
    {{{"encoder.weight", 5, 2, 8},
      {"rnn.weight_ih_l0", 8, 2, 1},
      {"rnn.weight_hh_l0", 8, 2, 2},
      {"decoder.weight", 5, 2, 3},
      {"decoder.bias", 5, 0, 9}},
     NULL,
     3,
     8},
    {{{"net.embedding.weight", 5, 3, 8},
      {"net.rnn.weight_ih_l0", 2, 3, 1},
      {"net.rnn.weight_hh_l0", 2, 2, 2},
      {"net.fc.weight", 1, 2, 3}},
     NULL,
     3,
     8},
    /* said by --head, in short or as a whole */
    {{{"rnn.weight_ih_l0", 2, 3, 1},
      {"rnn.weight_hh_l0", 2, 2, 2},
      {"a.fc.weight", 1, 2, 3},
      {"a.value.weight", 1, 2, 4}},
     "value",
     4,
     0},
    {{{"rnn.weight_ih_l0", 2, 3, 1}, {"rnn.weight_hh_l0", 2, 2, 2}, {"a.fc.weight", 1, 2, 3}, {"b.fc.weight", 1, 2, 4}},
     "b.fc",
     4,
     0},
    {{{"rnn.weight_ih_l0", 2, 3, 1}, {"rnn.weight_hh_l0", 2, 2, 2}, {"fc1.weight", 4, 2, 3}, {"fc2.weight", 1, 4, 4}},
     "fc1",
     3,
     0},
};

START_TEST(parts_are_found) {
    struct rg_model *model = NULL;
    test_case("state %d", _i);
    write_state(states[_i].items, count_of(states[_i].items));
    ck_assert_msg(load(states[_i].head, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(first(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_IH)) == 1.0F);
    ck_assert(first(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_HH)) == 2.0F);
    ck_assert(first(model, rg_model_head_weight(model)) == states[_i].head_value);
    ck_assert((model->shape.words > 0) == (states[_i].embed_value > 0.0F));
    if (model->shape.words > 0) {
        ck_assert(model->shape.words == 5 && first(model, rg_model_embed(model)) == states[_i].embed_value);
    }
    rg_model_destroy(model);
}
END_TEST

static const struct {
    struct item items[MAX_ITEMS];
    const char *head, *fragment;
} refused[] = {
    {{{"a.weight_ih_l0", 2, 3, 1}, {"a.weight_hh_l0", 2, 2, 2}, {"b.weight_ih_l0", 2, 3, 1}, {"fc.weight", 1, 2, 3}},
     NULL,
     "has two recurrent parts, 'a.' and 'b.'"},
    {{{"rnn.weight_ih_l0", 2, 3, 1},
      {"rnn.weight_hh_l0", 2, 2, 2},
      {"a.fc.weight", 1, 2, 3},
      {"b.out.weight", 1, 2, 4}},
     NULL,
     "several layers could be the head; say which with --head: a.fc, b.out"},
    {{{"rnn.weight_ih_l0", 2, 3, 1}, {"rnn.weight_hh_l0", 2, 2, 2}, {"a.weight", 1, 2, 3}, {"b.weight", 1, 2, 4}},
     NULL,
     "say which with --head: a, b"},
    {{{"rnn.weight_ih_l0", 2, 3, 1}, {"rnn.weight_hh_l0", 2, 2, 2}, {"fc.weight", 1, 2, 3}},
     "out",
     "no linear layer 'out' reads the 2 numbers of the recurrent part; these do: fc"},
    {{{"rnn.weight_ih_l0", 2, 3, 1}, {"rnn.weight_hh_l0", 2, 2, 2}, {"fc1.weight", 4, 2, 3}, {"fc2.weight", 1, 4, 4}},
     NULL,
     "'fc2.weight' can read the output of 'fc1.weight'"},
    {{{"rnn.weight_ih_l0", 2, 3, 1},
      {"rnn.weight_hh_l0", 2, 2, 2},
      {"rnn.weight_hr_l0", 1, 2, 3},
      {"fc.weight", 1, 2, 3}},
     NULL,
     "tensor 'rnn.weight_hr_l0' does not belong"},
    {{{"net.rnn.weight_ih_l0", 2, 3, 1}, {"fc.weight", 1, 2, 3}}, NULL, "'net.rnn.weight_hh_l0' is missing"},
};

START_TEST(choices_are_refused) {
    struct rg_model *model = NULL;
    test_case("%s", refused[_i].fragment);
    write_state(refused[_i].items, count_of(refused[_i].items));
    ck_assert_int_eq(load(refused[_i].head, &model), RG_BAD_FILE);
    ck_assert_ptr_null(model);
    ck_assert_msg(strstr(rg_error_message(), refused[_i].fragment) != NULL, "got: %s", rg_error_message());
    ck_assert_msg(strstr(rg_error_message(), path) != NULL, "no file in: %s", rg_error_message());
}
END_TEST

/* The first bytes of what torch.save writes, now and before 1.6. */
START_TEST(pickles_get_the_line_that_converts_them) {
    static const struct {
        const char *bytes;
        size_t n;
    } heads[] = {{"PK\3\4\0\0\10\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20\0\22\0archive/data.pkl", 46},
                 {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 15}};
    struct rg_model *model = NULL;
    test_case("form %d", _i);
    FILE *const file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(heads[_i].bytes, 1, heads[_i].n, file), heads[_i].n);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(load(NULL, &model), RG_BAD_FILE);
    ck_assert_msg(strstr(rg_error_message(), "torch.load(") != NULL, "got: %s", rg_error_message());
}
END_TEST

TEST_MAIN("state names") {
    TCase *const tests = add_tests(suite, "state names");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, parts_are_found, 0, sizeof states / sizeof *states);
    tcase_add_loop_test(tests, choices_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, pickles_get_the_line_that_converts_them, 0, 2);
}
