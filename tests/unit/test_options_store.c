/* The options that a checkpoint keeps are those that were asked for: every one of train, off its default. */
#include <math.h>

#include "options/options_store.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

static size_t command;

/* A value that the option takes and that is not its default; NULL for a flag. */
static const char *a_value(const struct rg_option *option) {
    static const char *const numbers[] = {
        "3", "2", "1G", "0.1", "0.3333333333333333", "1e-7", "123s", "step:3:0.3", "normal:0.1", "here", "max", "yes"};
    const struct rg_config usual = rg_config_of_command(command);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct rg_config config = usual;
        char text[RG_OPTION_TEXT_BYTES], before[RG_OPTION_TEXT_BYTES];
        if (rg_option_set(option, numbers[i], &config) != RG_OK) {
            continue;
        }
        rg_option_value_text(option, &config, text);
        rg_option_value_text(option, &usual, before);
        if (strcmp(text, before) != 0) {
            return numbers[i];
        }
    }
    return option->names && option->names[1] ? option->names[1] : NULL;
}

static bool is_kept(const struct rg_option *option) {
    static const char *const left_out[] = {"out", "overwrite", "resume", "config", "dump-config"};
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if (strcmp(option->name, left_out[i]) == 0) {
            return false;
        }
    }
    return (option->commands >> command & 1) != 0;
}

/* Store and restore; the field of the option must have the same bytes. */
static void expect_same(const struct rg_option *option, const struct rg_config *config) {
    struct rg_config back;
    char *text = NULL, a[RG_OPTION_TEXT_BYTES], b[RG_OPTION_TEXT_BYTES];
    ck_assert_int_eq(rg_options_store("train", config, &text), RG_OK);
    const rg_status status = rg_options_restore("train", "options", text, &back);
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
    rg_option_value_text(option, config, a);
    rg_option_value_text(option, &back, b);
    const bool is_file =
        option->kind == RG_KIND_TEXT && option->group == RG_GROUP_SCREEN && strcmp(option->name, "model") != 0;
    ck_assert_msg(is_file ? b[0] == '/' && strstr(b, a) != NULL : strcmp(a, b) == 0, "--%s: %s became %s", option->name,
                  a, b);
    if (option->kind == RG_KIND_FLAG) {
        ck_assert(*(const bool *)((const char *)&back + option->offset));
    }
    if (option->kind == RG_KIND_REAL || option->kind == RG_KIND_RATE || option->kind == RG_KIND_FRACTION ||
        option->kind == RG_KIND_SIGNED) {
        ck_assert_double_eq(*(const double *)((const char *)&back + option->offset),
                            *(const double *)((const char *)config + option->offset));
    }
    ck_assert(rg_config_gives(&back, option->name) == option->given_matters);
    rg_free(text);
}

START_TEST(every_option_comes_back) {
    size_t checked = 0;
    command = rg_command_find("train");
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        struct rg_config config = rg_config_of_command(command);
        if (!is_kept(option)) {
            continue;
        }
        if (option->kind == RG_KIND_FLAG) {
            *(bool *)((char *)&config + option->offset) = true;
        } else {
            const char *const value = a_value(option);
            ck_assert_msg(value != NULL, "--%s: no value is known", option->name);
            ck_assert_int_eq(rg_option_set(option, value, &config), RG_OK);
        }
        rg_config_set_given(&config, option->name, true);
        /* what others need */
        config.model.layers = config.model.dropout > 0.0 ? 2 : config.model.layers;
        if (rg_options_check(command, &config) == RG_OK) {
            expect_same(option, &config);
            checked++;
        }
    }
    ck_assert_uint_gt(checked, 40);
}
END_TEST

START_TEST(what_was_not_given_stays_so) {
    const struct rg_config usual = rg_config_of_command(rg_command_find("train"));
    struct rg_config back;
    char *text = NULL;
    ck_assert_int_eq(rg_options_store("train", &usual, &text), RG_OK);
    ck_assert_int_eq(rg_options_restore("train", "options", text, &back), RG_OK);
    ck_assert(isnan(back.model.forget_bias) && isnan(back.training.epsilon) && isnan(back.data.ignore_label));
    ck_assert(!back.data.file && !back.output.log && !rg_config_gives(&back, "batch") &&
              !rg_config_gives(&back, "updates"));
    ck_assert_int_eq(back.model.readout, RG_N_READOUTS);
    rg_free(text);
}
END_TEST

START_TEST(hostile_texts_are_refused) {
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"cell\"}",
                                        "{\"cell\":1}",
                                        "{\"cell\":\"lstm\"",
                                        "{\"cell\":\"lstm\"} x",
                                        "{\"cell\":\"nothing\"}",
                                        "{\"out\":\"/etc/passwd\"}",
                                        "{\"given\":\"batch nothing\"}",
                                        "{\"hidden\":\"0\"}",
                                        "{\"hidden\":\"99999999999999999999\"}",
                                        "{\"dropout\":\"0.5\"}",
                                        "{\"clip-norm\":\"1\",\"clip-value\":\"1\"}",
                                        "{\"init\":\"chrono:20\"}",
                                        "{\"matrix\":\"1,2\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rg_config config;
        char *text = NULL;
        ck_assert_int_eq(rg_copy_string(&text, texts[i]), RG_OK);
        const rg_status status = rg_options_restore("train", "options", text, &config);
        ck_assert_msg(status == RG_BAD_FILE, "%s: status %d", texts[i], (int)status);
        rg_free(text);
    }
}
END_TEST

/* Whether the key of two configurations is the same. */
static bool same_key(const struct rg_config *a, const struct rg_config *b, enum rg_option_effect effect) {
    char *key_a = NULL, *key_b = NULL;
    ck_assert_int_eq(rg_options_key("train", a, effect, &key_a), RG_OK);
    ck_assert_int_eq(rg_options_key("train", b, effect, &key_b), RG_OK);
    const bool same = strcmp(key_a, key_b) == 0;
    rg_free(key_a);
    rg_free(key_b);
    return same;
}

/* Runs of a sweep share data and launches only where every option that matters to these is the same. */
START_TEST(keys_tell_data_and_sizes) {
    command = rg_command_find("train");
    const struct rg_config usual = rg_config_of_command(command);
    static const char *const of_values[] = {"lr",   "seed",       "updates",     "clip-norm",  "activation",
                                            "init", "init-input", "forget-bias", "skip-budget"};
    static const char *const not_of_values[] = {"optimizer", "accumulate", "tbptt", "freeze"}; /* of the training */
    size_t n_values = 0, n_sizes = 0, n_data = 0;
    ck_assert(same_key(&usual, &usual, RG_EFFECT_DATA) && same_key(&usual, &usual, RG_EFFECT_SIZES));
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        struct rg_config config = usual;
        const char *const value = a_value(option);
        if (!is_kept(option) || (!value && option->kind != RG_KIND_FLAG)) {
            continue;
        }
        if (option->kind == RG_KIND_FLAG) {
            *(bool *)((char *)&config + option->offset) ^= true;
        } else {
            ck_assert_int_eq(rg_option_set(option, value, &config), RG_OK);
        }
        const bool data = same_key(&usual, &config, RG_EFFECT_DATA), sizes = same_key(&usual, &config, RG_EFFECT_SIZES);
        bool is_value = option->group != RG_GROUP_MODEL && option->group != RG_GROUP_DATA;
        for (size_t k = 0; k < sizeof of_values / sizeof *of_values; k++) {
            is_value = is_value || strcmp(option->name, of_values[k]) == 0;
        }
        for (size_t k = 0; k < sizeof not_of_values / sizeof *not_of_values; k++) {
            is_value = is_value && strcmp(option->name, not_of_values[k]) != 0;
        }
        ck_assert_msg(sizes == is_value, "--%s: the sizes' key is %s", option->name, sizes ? "the same" : "another");
        ck_assert_msg(data || !sizes, "--%s: data of other sizes", option->name);
        n_values += sizes, n_sizes += !sizes && data, n_data += !data;
    }
    ck_assert(n_values > 20 && n_sizes > 10 && n_data > 10);
}
END_TEST

TEST_MAIN("options_store") {
    TCase *const tests = add_tests(suite, "options_store");
    tcase_add_test(tests, every_option_comes_back);
    tcase_add_test(tests, what_was_not_given_stays_so);
    tcase_add_test(tests, hostile_texts_are_refused);
    tcase_add_test(tests, keys_tell_data_and_sizes);
}
