/* `compare` with trainings that are made up: which are asked for, what is told of them while they run, and what remains
 * where they are interrupted. Against tests/expected/compare-rows.txt. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "base/clock.h"
#include "base/stop.h"
#include "cli/live.h"
#include "train/trial.h"

#define LINE "compare --device cpu --threads 1 --batch 2 --steps 5 --hidden 2 --updates 8 --diagnose none "
#define DATA "compare --device cpu --threads 1 --data d.csv --hidden 2 --updates 8 --diagnose none "

static double now;                /* the time, which trainings take */
static size_t n_trainings;        /* up to now */
static size_t interrupted;        /* this one is, from 1; 0: none */
static size_t failing;            /* this one fails */
static bool interrupts_early;     /* it is not begun any more */
static size_t diverging;          /* this one diverges */
static size_t held_out;           /* sequences of validation data of each */
static const char *lost;          /* a file that goes away during the first */
static const char *remove_all_of; /* a folder that goes away */
static atomic_bool stop;
static const char *labels = "";

double rg_seconds(void) {
    return now;
}

bool rg_live_is_on(const struct rg_config *of) {
    return !of->output.quiet && !of->output.json;
}

size_t rg_live_columns(void) {
    return 79;
}

void rg_live_show(const char *line) {
    text_add(&told, "live: %s\n", line);
}

const char *rg_live_erasing(void) {
    return "";
}

void rg_live_clear(void) {
    text_add(&told, "live: -\n");
}

/* A training takes ten seconds for each unit of its number, and its loss falls from row to row. */
rg_status rg_trial(const struct rg_trial_options *options, struct rg_summary *summary) {
    const struct rg_config *const of = options->config;
    n_trainings++;
    text_add(&told, "training %zu: seed %llu, %s, rate %g%s%s\n", n_trainings, (unsigned long long)of->training.seed,
             rg_cell_names[of->model.cell], of->training.lr, options->model ? ", a file for the weights" : "",
             options->best ? " and the best ones" : "");
    if (options->data->training) {
        text_add(&told, "  on %zu sequences, the first of class %g\n", options->data->training->n_sequences,
                 rg_dataset_target(options->data->training, 0));
    }
    if (lost) {
        ck_assert_int_eq(remove(lost), 0);
        lost = NULL;
    }
    if (remove_all_of) {
        remove_all(remove_all_of);
        remove_all_of = NULL;
    }
    const struct rg_update update = {.update = 2, .loss = 0.25};
    now += 5.0 * (double)n_trainings;
    options->hooks->on_update(options->hooks->self, &update);
    now += 5.0 * (double)n_trainings;
    rg_summary_init(summary, of->training.updates);
    summary->config = *of;
    summary->task = "adding";
    (void)snprintf(summary->labels, sizeof summary->labels, "%s", labels);
    summary->baseline = summary->score_baseline = 0.5;
    summary->steps = 5;
    summary->updates = 8;
    summary->seconds = 10.0 * (double)n_trainings;
    summary->loss = summary->median_loss = summary->last_loss = summary->best_loss = 1.0 / (double)n_trainings;
    summary->learned_update = n_trainings == 2 ? 4 : 0;
    summary->held_out = held_out;
    summary->val_best_loss = summary->val_loss = 0.5 / (double)n_trainings;
    if (n_trainings == failing) {
        return rg_fail(RG_NO_DEVICE, "training %zu fails", n_trainings);
    }
    stop = n_trainings == interrupted;
    summary->reason = n_trainings == interrupted && !interrupts_early ? RG_REASON_INTERRUPTED : RG_REASON_DONE;
    if (n_trainings == diverging) {
        summary->reason = RG_REASON_DIVERGED;
        summary->loss = summary->median_loss = (double)NAN;
    }
    return RG_OK;
}

/* Run a line, of which what is told on stderr is added first. */
static void compare(const char *line) {
    struct text progress = {NULL, 0, 0};
    text_add(&progress, "%s", "");
    now = 0.0;
    n_trainings = 0;
    stop = false;
    const atomic_bool *const before = rg_stop_watch(&stop);
    struct captured err = capture_begin(stderr);
    (void)run_command(line);
    capture_end(&err, &progress);
    (void)rg_stop_watch(before);
    char *const device = strstr(progress.bytes, "device   native: ");
    char *const rest = device ? strchr(device, '\n') : NULL;
    if (rest) { /* its name is the machine's */
        text_add(&told, "stderr:\n%.*sdevice   native: -%s\n", (int)(device - progress.bytes), progress.bytes, rest);
    } else {
        text_add(&told, "stderr:\n%s\n", progress.bytes);
    }
    free(progress.bytes);
    interrupted = failing = diverging = held_out = 0;
    interrupts_early = false;
}

START_TEST(rows) {
    compare(LINE "--remedies tanh,gru --seeds 2 --seed 7");
    put_text("d.csv", "series,a,label\n1,1,red\n2,2,green\n3,4,red\n4,3,green\n");
    labels = "label of 2 classes";
    compare(DATA "--remedies tanh,gru --seeds 2");
    labels = "";
    compare(LINE "--remedies tanh,gru --seeds 2 --out folder");
    compare(LINE "--remedies tanh,gru --seeds 3 --out folder"); /* four of six are there */
    compare(LINE "--remedies tanh --seeds 1 --out other --keep");
    compare(LINE "--remedies tanh,gru --seeds 1 --out table.csv");
    tell_file("table.csv");
    compare(LINE "--remedies tanh --seeds 2 --out kept.csv --keep");
    tell_file("kept.csv");
    diverging = 1;
    compare(LINE "--remedies tanh,gru --seeds 1");
}
END_TEST

/* The seed decides which sequences are held out: each seed has its own data. */
START_TEST(held_out_data) {
    put_text("d.csv", "series,a,label\n1,1,red\n2,2,green\n3,4,red\n4,3,green\n5,2,blue\n6,7,red\n");
    held_out = 1;
    compare(DATA "--val-frac 0.5 --remedies tanh,gru --seeds 3 --seed 2");
    lost = "d.csv";
    compare(DATA "--val-frac 0.5 --remedies tanh,gru --seeds 2");
}
END_TEST

/* In the first row, and in the second; in the middle of a training, and between two. */
START_TEST(interrupts) {
    for (size_t early = 0; early < 2; early++) {
        for (size_t i = 1; i <= 4; i++) {
            interrupted = i;
            interrupts_early = early;
            text_add(&told, "\nInterrupted %s training %zu\n", early ? "after" : "in", i);
            compare(LINE "--remedies tanh,gru --seeds 2");
        }
    }
}
END_TEST

/* A training that fails, and a result that cannot be stored. */
START_TEST(failures) {
    remove_all_of = "folder";
    compare(LINE "--remedies tanh,gru --seeds 2 --out folder");
    failing = 2;
    compare(LINE "--remedies tanh,gru --seeds 2");
    check_told("compare-rows.txt");
}
END_TEST

TEST_MAIN("compare_rows") {
    TCase *const tests = add_tests(suite, "compare_rows");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, rows);
    tcase_add_test(tests, held_out_data);
    tcase_add_test(tests, interrupts);
    tcase_add_test(tests, failures);
}
