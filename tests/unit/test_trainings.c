/* The finished trainings of compare and sweep: which training a stored result belongs to, what is refused, and what is
 * said of the folder. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include <sys/stat.h>

#include "cli/commands/trainings.h"
#include "failing_memory.h"

static struct rg_config options;
static struct rg_summary made;
static struct rg_trainings trainings;

/* A result in which every number differs from every other. */
static void make_summary(void) {
    rg_summary_init(&made, 10);
    made.config = options;
    made.task = "adding";
    (void)snprintf(made.labels, sizeof made.labels, "two classes");
    made.loss_kind = RG_LOSS_CE;
    made.reason = RG_REASON_PATIENCE;
    made.verdict = RG_STABLE;
    made.n_parts = RG_SUMMARY_PARTS;
    made.n_lags = made.lag_steps = RG_SUMMARY_LAGS;
    made.loss = 0.5;
    made.median_loss = 0.25;
    made.weights_hash = UINT64_MAX;
    made.lag_norm[RG_SUMMARY_LAGS - 1] = 3.0;
    made.part_count[1] = 4;
}

static void open_trainings(const char *line) {
    accept(line);
    options = config;
    ck_assert_msg(rg_trainings_open(&options, &trainings) == RG_OK, "`%s`: %s", line, rg_error_message());
    make_summary();
}

/* Is there a stored result of the training `asked`? If so, check that it has the numbers that make_summary gave it. */
static bool is_found(const struct rg_config *asked) {
    struct rg_summary summary = {.loss = 7.0};
    bool found = false;
    ck_assert_msg(rg_trainings_find(&trainings, asked, &summary, &found) == RG_OK, "%s", rg_error_message());
    if (found) {
        ck_assert_str_eq(summary.task, "adding");
        ck_assert_str_eq(summary.labels, "two classes");
        ck_assert(summary.loss_kind == RG_LOSS_CE && summary.reason == RG_REASON_PATIENCE &&
                  summary.verdict == RG_STABLE && summary.n_parts == RG_SUMMARY_PARTS &&
                  summary.n_lags == RG_SUMMARY_LAGS && summary.planned == 10);
        ck_assert(summary.loss == 0.5 && summary.median_loss == 0.25 && summary.weights_hash == UINT64_MAX);
        ck_assert(summary.lag_norm[RG_SUMMARY_LAGS - 1] == 3.0 && summary.part_count[1] == 4);
        ck_assert(summary.config.output.out == asked->output.out && summary.config.output.json == asked->output.json);
        ck_assert(summary.config.arguments == asked->arguments && summary.config.n_arguments == asked->n_arguments);
        ck_assert(summary.config.compare.seeds == asked->compare.seeds);
        ck_assert_int_eq(memcmp(summary.config.given, asked->given, sizeof asked->given), 0);
    }
    return found;
}

static bool is_done(const struct rg_config *asked) {
    bool done = true;
    ck_assert_int_eq(rg_trainings_is_done(&trainings, asked, &done), RG_OK);
    return done;
}

/* ---- Finding ---- */

/* What another rank has sent is found, also where no folder keeps it. */
START_TEST(a_result_of_another_rank) {
    static const char *const lines[] = {"compare --hidden 5", "compare --hidden 5 --out folder"};
    for (size_t i = 0; i < 2; i++) {
        struct rg_sections *sections = NULL;
        open_trainings(lines[i]);
        struct rg_config other = options;
        other.training.seed++;
        ck_assert(!is_found(&options) && !is_done(&options));
        ck_assert_int_eq(rg_trainings_gather(&trainings, &other, &made, &sections), RG_OK);
        ck_assert_int_eq(rg_trainings_take(&trainings, sections), RG_OK);
        ck_assert(!is_found(&options) && is_found(&other));
        ck_assert_int_eq(rg_trainings_gather(&trainings, &options, &made, &sections), RG_OK);
        ck_assert(rg_trainings_is(sections));
        ck_assert_int_eq(rg_trainings_take(&trainings, sections), RG_OK);
        ck_assert(is_found(&options)); /* each is found once: its text becomes the summary's */
        ck_assert(!is_done(&options));
        ck_assert_uint_eq(trainings.n_found, 0);
        rg_trainings_close(&trainings);
        ck_assert(trainings.n_taken == 0 && trainings.lock.file == -1);
    }
}
END_TEST

/* A stored result is found if every option of the training is the same. Options of the screen, of files, and of the
 * machine's size may differ. */
START_TEST(a_stored_result) {
    open_trainings("compare --hidden 5 --out folder --json");
    ck_assert_int_eq(rg_trainings_keep(&trainings, &options, &made), RG_OK);
    ck_assert(is_done(&options) && is_found(&options));
    ck_assert_uint_eq(trainings.n_found, 1);
    ck_assert_uint_eq(rg_trainings_count("folder"), 1);

    struct rg_config same = options, other = options;
    same.machine.threads = 7;
    same.machine.memory = 1 << 20;
    same.output.json = false;
    same.output.report = "r.html";
    same.compare.seeds = 9;
    ck_assert(is_found(&same) && is_done(&same));
    ck_assert_uint_eq(trainings.n_found, 2);
    other.model.hidden = 6;
    ck_assert(!is_found(&other) && !is_done(&other));
    other = options;
    other.machine.precision = RG_PRECISION_DOUBLE;
    ck_assert(!is_found(&other));
    trainings.files[0].crc = 1; /* other data under the same name */
    ck_assert(!is_found(&options));
    trainings.files[0] = (struct rg_fingerprint){.bytes = 1};
    ck_assert(!is_found(&options));
    trainings.files[0] = (struct rg_fingerprint){.bytes = 0};
    ck_assert(is_found(&options));
    other.data.val = "val.csv";
    ck_assert_int_eq(rg_trainings_keep(&trainings, &other, &made), RG_OK);
    ck_assert(is_found(&other));
    trainings.files[1].crc = 1;
    ck_assert(!is_found(&other) && is_found(&options));
    trainings.files[1] = (struct rg_fingerprint){.bytes = 1};
    ck_assert(!is_found(&other));
    ck_assert_uint_eq(rg_trainings_count("folder"), 2);
    rg_trainings_close(&trainings);
    open_trainings("compare --hidden 5 --out folder --overwrite");
    ck_assert(!is_found(&options) && !is_done(&options));
    rg_trainings_close(&trainings);
}
END_TEST

/* With --keep a result counts only beside its model. */
START_TEST(a_result_without_its_model) {
    char model[RG_TRAINING_PATH], best[RG_TRAINING_PATH];
    open_trainings("compare --out folder --keep");
    ck_assert_int_eq(rg_trainings_model(&trainings, &options, 3, model), RG_OK);
    ck_assert(strncmp(model, "folder/training-", 16) == 0 && strlen(model) == 16 + 16 + strlen(".safetensors"));
    rg_trainings_best(model, best);
    ck_assert_int_eq(strncmp(best, model, 32), 0);
    ck_assert_str_eq(best + 32, "-best.safetensors");
    ck_assert_int_eq(rg_trainings_keep(&trainings, &options, &made), RG_OK);
    ck_assert(!is_found(&options) && !is_done(&options));
    put_text(model, "");
    ck_assert(is_found(&options) && is_done(&options));
    rg_trainings_close(&trainings);
    open_trainings("compare --out folder");
    ck_assert_int_eq(rg_trainings_model(&trainings, &options, 3, model), RG_OK);
    ck_assert_str_eq(model, "");
    rg_trainings_best(model, best);
    ck_assert_str_eq(best, "");
    rg_trainings_close(&trainings);
    open_trainings("compare --out some.table.csv --keep");
    ck_assert_int_eq(rg_trainings_model(&trainings, &options, 3, model), RG_OK);
    ck_assert_str_eq(model, "some.table-models/run-3.safetensors");
    ck_assert_int_eq(access("some.table-models", F_OK), 0);
    ck_assert_int_eq(rg_trainings_keep(&trainings, &options, &made), RG_OK);
    ck_assert(!is_found(&options));
    rg_trainings_close(&trainings);
}
END_TEST

/* A number or a name that does not fit is no result of a training: it is trained again. */
START_TEST(a_result_that_does_not_fit) {
    open_trainings("compare --hidden 5");
    for (size_t i = 0; i < 7; i++) {
        struct rg_sections *sections = NULL;
        make_summary();
        switch (i) {
        case 0:
            made.loss_kind = RG_LOSS_CE + 1;
            break;
        case 1:
            made.reason = RG_REASON_PATIENCE + 1;
            break;
        case 2:
            made.n_parts = RG_SUMMARY_PARTS + 1;
            break;
        case 3:
            made.n_lags = RG_SUMMARY_LAGS + 1;
            made.lag_steps = RG_SUMMARY_LAGS + 1;
            break;
        case 4:
            made.lag_steps = RG_SUMMARY_LAGS - 1;
            break;
        case 5:
            made.verdict = RG_STABLE + 1;
            break;
        default:
            (void)memset(made.labels, 'x', sizeof made.labels);
            break;
        }
        ck_assert_int_eq(rg_trainings_gather(&trainings, &options, &made, &sections), RG_OK);
        ck_assert_int_eq(rg_trainings_take(&trainings, sections), RG_OK);
        ck_assert_msg(!is_found(&options), "case %zu", i);
    }
    rg_trainings_close(&trainings);
}
END_TEST

/* ---- The folder ---- */

START_TEST(folders) {
    static const struct {
        const char *line, *message;
        rg_status status;
    } cases[] = {
        {"compare --keep", "--keep needs --out: a folder, or the name of a table", RG_USAGE},
        {"compare --out file", "file: --out is not a folder", RG_NOT_SAVED},
        {"compare --out no/folder", "no/folder: cannot make the folder of --out: No such file or directory",
         RG_NOT_SAVED},
        {"compare --out no/table.csv --keep", "no/table-models: cannot make the folder of --keep: No such file",
         RG_NOT_SAVED},
        {"compare --out folder --data -", "--out folder keeps results by the contents of the data, and stdin, `-`",
         RG_USAGE},
        {"compare --out folder --data file --val -", "and stdin, `-`, is read once", RG_USAGE},
        {"compare --out folder --data none.csv", "none.csv", RG_BAD_FILE},
        {"compare --out table.csv --data -", NULL, RG_OK},
        {"compare", NULL, RG_OK},
    };
    put_text("file", "a,label\n1,2\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(cases[i].line);
        const rg_status status = rg_trainings_open(&config, &trainings);
        ck_assert_msg(status == cases[i].status, "`%s`: %d, %s", cases[i].line, (int)status, rg_error_message());
        ck_assert_msg(!cases[i].message || strstr(rg_error_message(), cases[i].message), "`%s`: %s", cases[i].line,
                      rg_error_message());
        rg_trainings_close(&trainings);
    }
    char longest[4002];
    (void)memset(longest, 'x', sizeof longest);
    longest[4001] = '\0';
    for (size_t i = 0; i < 2; i++) { /* no folder has a name of so many bytes, but a path could */
        accept("compare");
        config.output.out = longest + i;
        ck_assert_int_eq(rg_trainings_open(&config, &trainings), i ? RG_NOT_SAVED : RG_USAGE);
        rg_trainings_close(&trainings);
    }
    put_text("folder/training-1.done", "");
    put_text("folder/training-2.donee", "");
    put_text("folder/raining-3.done", "");
    ck_assert_uint_eq(rg_trainings_count("folder"), 1);
    ck_assert_uint_eq(rg_trainings_count("file"), 0);
}
END_TEST

/* Of several ranks only the first locks the folder. */
START_TEST(locks) {
    struct rg_ranks ranks = {.rank = 1, .n = 2};
    open_trainings("compare --out folder");
    ck_assert_int_ge(trainings.lock.file, 0);
    struct rg_trainings second;
    ck_assert_int_eq(rg_trainings_open(&options, &second), RG_NOT_SAVED);
    options.machine.ranks = &ranks;
    ck_assert_int_eq(rg_trainings_open(&options, &second), RG_OK);
    ck_assert_int_eq(second.lock.file, -1);
    ranks.rank = 0;
    ck_assert_int_eq(rg_trainings_open(&options, &second), RG_NOT_SAVED);
    rg_trainings_close(&trainings);
    ck_assert_int_eq(rg_trainings_open(&options, &second), RG_OK);
    rg_trainings_close(&second);
}
END_TEST

/* A result that cannot be saved is told once. */
START_TEST(results_that_cannot_be_saved) {
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
    text_add(&told, "%s", "");
    open_trainings("compare --out folder");
    trainings.folder = "away";
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(rg_trainings_keep(&trainings, &options, &made), RG_OK);
        ck_assert(strstr(told.bytes, "note: away/training-") && strstr(told.bytes, "; the trainings continue\n"));
        ck_assert_ptr_null(strstr(strchr(told.bytes, '\n') + 1, "note"));
    }
    rg_trainings_close(&trainings);
}
END_TEST

START_TEST(what_is_told_after_an_interrupt) {
    static const struct {
        const char *line, *note;
    } cases[] = {
        {"compare --out folder",
         "note: interrupted; 1 of 3 runs is done; the same command with --out folder trains the others\n"},
        {"compare --out table.csv",
         "note: interrupted; 1 of 3 runs is done; table.csv has these and cannot be continued: "
         "the same command trains all again, and only --out DIR goes on where it was "
         "stopped\n"},
        {"compare", "note: interrupted; 1 of 3 runs is done\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        free(told.bytes);
        told = (struct text){NULL, 0, 0};
        open_trainings(cases[i].line);
        rg_trainings_tell_rest(&trainings, 1, 3, "run");
        ck_assert_str_eq(told.bytes, cases[i].note);
        rg_trainings_close(&trainings);
    }
}
END_TEST

static rg_status keep(void) {
    return rg_trainings_keep(&trainings, &options, &made);
}

static rg_status gather(void) {
    struct rg_sections *sections = NULL;
    const rg_status status = rg_trainings_gather(&trainings, &options, &made, &sections);
    ck_assert((status == RG_OK) == (sections != NULL));
    rg_sections_destroy(sections);
    return status;
}

static rg_status name_model(void) {
    char model[RG_TRAINING_PATH];
    return rg_trainings_model(&trainings, &options, 1, model);
}

static rg_status ask(void) {
    bool done = false;
    trainings.starts_anew = true; /* nothing is read: what cannot be read counts as not there */
    return rg_trainings_is_done(&trainings, &options, &done);
}

static rg_status find(void) {
    bool found = false;
    struct rg_summary summary;
    trainings.n_taken = 0;
    return rg_trainings_find(&trainings, &options, &summary, &found);
}

START_TEST(memory_that_ends) {
    open_trainings("compare --out folder --keep");
    each_fails("storing a result", keep, 10);
    each_fails("naming a model", name_model, 2);
    each_fails("asking for a result", ask, 2);
    each_fails("finding none", find, 2);
    each_fails("gathering a result", gather, 10);
    rg_trainings_close(&trainings);
}
END_TEST

TEST_MAIN("trainings") {
    TCase *const tests = add_tests(suite, "trainings");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, a_result_of_another_rank);
    tcase_add_test(tests, a_stored_result);
    tcase_add_test(tests, a_result_without_its_model);
    tcase_add_test(tests, a_result_that_does_not_fit);
    tcase_add_test(tests, folders);
    tcase_add_test(tests, locks);
    tcase_add_test(tests, results_that_cannot_be_saved);
    tcase_add_test(tests, memory_that_ends);
    tcase_add_test(tests, what_is_told_after_an_interrupt);
}
