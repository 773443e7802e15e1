/* The rows of compare: the options of each remedy with each variant, against tests/expected/remedies.txt; rates; words
 * that are refused. */
#include <math.h>
#include <string.h>

#include "cli/commands/remedies.h"
#include "expected.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

enum { WORDS = 16 };

static struct rg_config options_of(const char *command_line) {
    static char text[1000];
    char *words[WORDS] = {"rnn-gpu", "compare"};
    int n = 2;
    struct rg_config config;
    const char *command = NULL, *topic = NULL;
    (void)snprintf(text, sizeof text, "%s", command_line);
    for (char *at = strtok(text, " "); at; at = strtok(NULL, " ")) {
        ck_assert_int_lt(n, WORDS);
        words[n++] = at;
    }
    ck_assert_msg(rg_options_parse(n, words, &config, &command, &topic) == RG_OK, "%s", rg_error_message());
    return config;
}

static void release(struct rg_comparison *comparison) {
    for (size_t i = 0; i < comparison->n_rows; i++) {
        rg_free(comparison->rows[i].runs);
    }
    rg_free(comparison->rows);
}

/* Add the options of every row that differ from those of the command line; what does not belong to train is left out.
 */
static void add_rows(struct text *text, const char *command_line, size_t steps) {
    const struct rg_config config = options_of(command_line);
    struct rg_comparison comparison = {.steps = steps};
    ck_assert_msg(rg_remedies_choose(&comparison, &config) == RG_OK, "%s", rg_error_message());
    text_add(text, "======== %s, %zu steps\n", command_line, steps);
    for (size_t i = 0; i < comparison.n_rows; i++) {
        const struct rg_comparison_row *const row = &comparison.rows[i];
        text_add(text, "%s+%s: lr %g, work %g;", row->remedy, row->with, row->config.training.lr,
                 rg_remedies_work(row));
        for (size_t k = 0; k < rg_n_options; k++) {
            char before[RG_OPTION_TEXT_BYTES], now[RG_OPTION_TEXT_BYTES];
            const struct rg_option *const option = &rg_options[k];
            if (option->kind == RG_KIND_TEXT || strcmp(option->name, "lr") == 0) {
                continue;
            }
            if (strcmp(rg_option_exact_text(option, &config, before),
                       rg_option_exact_text(option, &row->config, now)) != 0) {
                text_add(text, " %s %s", option->name, now);
            }
        }
        text_add(text, "\n");
        ck_assert_ptr_nonnull(row->runs);
    }
    release(&comparison);
}

START_TEST(rows) {
    static const char all[] = "--remedies tanh+plain,tanh+clip,tanh+rate,relu,irnn,orthogonal,skip,learned,lstm,gru";
    static const char *const given[] = {"", " --clip-norm 0.5 --warmup 7 --schedule exponential:0.99 --updates 50",
                                        " --clip-value 0.25 --skip 5 --updates 95", " --rates 1e-3,0.5", " --lr 0.25"};
    struct text text = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char line[400];
        (void)snprintf(line, sizeof line, "%s%s", all, given[i]);
        add_rows(&text, line, i == 1 ? 7 : i == 2 ? 8 : 100);
    }
    add_rows(&text, "--remedies lstm+rate,skip+plain --updates 9", 7);
    add_rows(&text, "--remedies lstm+clip,lstm+rate --clip-value 3 --schedule linear --forget-bias 3", 8);
    add_rows(&text, "--remedies tanh,tanh+rate,skip --clip-norm 0 --warmup 1 --skip 1", 8);
    add_rows(&text, "--remedies skip,lstm --lr 0.5", 8);
    check_expected("remedies.txt", text.bytes);
    free(text.bytes);
}
END_TEST

START_TEST(words_that_are_refused) {
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"--remedies lstn", "unknown remedy 'lstn'; help compare lists them; did you mean lstm"},
        {"--remedies lstm+rat", "unknown variant 'rat'; help compare lists them; did you mean rate"},
        {"--remedies lstm+", "unknown variant ''"},
        {"--remedies +clip", "unknown remedy ''"},
        {"--remedies gru,", "unknown remedy ''"},
        {"--remedies gru,tanh,gru+clip", "gru+clip is listed twice; list it once"},
        {"--rates 1e-3,1e-3", "--rates: 0.001 is listed twice"},
        {"--rates 1e-3,", "--rates: '1e-3,' is not a list of 1 to 8 rates above 0"},
        {"--rates 0", "'0' is not a list"},
        {"--rates 1e6", "'1e6' is not a list"},
        {"--rates 1x", "'1x' is not a list"},
        {"--rates 1x2", "'1x2' is not a list"},
        {"--remedies gru --schedule cosine",
         "--schedule is for rows with +rate, such as gru+rate; add one to --remedies, or leave --schedule out"},
        {"--remedies gru --warmup 5", "--warmup is for rows with +rate, such as gru+rate"},
        {"--remedies gru+plain --clip-norm 0.5", "--clip-norm is for rows with +clip, such as gru+clip"},
        {"--remedies gru+plain --clip-value 0.5", "--clip-value is for rows with +clip, such as gru+clip"},
        {"--remedies gru --skip 2", "--skip is for rows with the remedy skip"},
        {"--remedies gru --skip-budget 0.5", "--skip-budget is for rows with the remedy learned"},
        {"--remedies gru --forget-bias 2", "--forget-bias is for rows with the remedy lstm"},
        {"--remedies gru --skip-kind learned",
         "--skip-kind learned is the remedy learned; add it to --remedies, and leave --skip-kind out"},
        {"--rates 1,2,3,4,5,6,7,8,9", "is not a list of 1 to 8 rates"},
        {"--rates 1e-3 --lr 0.5", "--lr and --rates are both given; leave one out"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rg_config config = options_of(cases[i].options);
        struct rg_comparison comparison = {.steps = 10};
        ck_assert_msg(rg_remedies_choose(&comparison, &config) == RG_USAGE, "%s", cases[i].options);
        ck_assert_msg(strstr(rg_error_message(), cases[i].message) != NULL, "%s: %s", cases[i].options,
                      rg_error_message());
        release(&comparison);
    }
    static const char *const accepted[] = {
        "--remedies gru,skip --skip 2 --skip-kind dilated",
        "--remedies gru,gru+rate --schedule cosine --warmup 5",
        "--remedies gru+plain,gru --clip-norm 0.5",
        "--remedies gru,gru+plain --clip-value 0.5",
        "--remedies gru+plain --clip-norm 1", /* as it is anyway */
        "--remedies gru,learned --skip-budget 0.5",
        "--remedies lstm,gru --forget-bias 2",
    };
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        const struct rg_config given = options_of(accepted[i]);
        struct rg_comparison chosen = {.steps = 10};
        ck_assert_msg(rg_remedies_choose(&chosen, &given) == RG_OK, "%s: %s", accepted[i], rg_error_message());
        release(&chosen);
    }
    const struct rg_config config = options_of("--rates 1,2,3,4,5,6,7,8 --remedies gru,lstm");
    struct rg_comparison comparison = {.steps = 10};
    ck_assert_int_eq(rg_remedies_choose(&comparison, &config), RG_OK);
    ck_assert_uint_eq(comparison.n_rows, 16);
    release(&comparison);
}
END_TEST

TEST_MAIN("remedies") {
    TCase *const tests = add_tests(suite, "remedies");
    tcase_add_test(tests, rows);
    tcase_add_test(tests, words_that_are_refused);
}
