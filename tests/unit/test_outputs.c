/* The files that a command writes: which are refused before any work, that trying them leaves nothing behind, and what
 * is told of them afterwards. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include <sys/stat.h>

#include "cli/commands/outputs.h"

static const char trailing[] = "train --updates 1 ";

static void expect_message(rg_status status, rg_status wanted, const char *line, const char *message) {
    ck_assert_msg(status == wanted && (wanted == RG_OK || strcmp(rg_error_message(), message) == 0),
                  "`%s`: status %d, %s", line, (int)status, rg_error_message());
}

/* The number of entries of the folder. */
static size_t entries(void) {
    DIR *const list = opendir(".");
    size_t n = 0;
    ck_assert_ptr_nonnull(list);
    while (readdir(list)) {
        n++;
    }
    (void)closedir(list);
    return n - 2;
}

static rg_status check(const char *line, enum rg_out out) {
    const size_t before = entries();
    accept(line);
    const rg_status status = rg_outputs_check(&config, out);
    ck_assert_msg(entries() == before, "`%s` left something behind", line);
    return status;
}

/* ---- Files that would overwrite each other ---- */

START_TEST(names_that_are_taken) {
    static const struct {
        enum rg_out out;
        const char *line, *message; /* NULL: they differ */
    } cases[] = {
        {RG_OUT_TRAINING, "--log a.jsonl --report a.html --plot a.svg --tensorboard a --out b", NULL},
        {RG_OUT_TRAINING, "--data d.csv --report ./d.csv.html", NULL},
        {RG_OUT_TRAINING, "--data d.csv --val d.csv --test d.csv", NULL},
        {RG_OUT_TRAINING, "--data d.csv --log d.csv",
         "--log d.csv is the file of --data, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--data d.csv --log ./sub/../d.csv",
         "--log ./sub/../d.csv is the file of --data, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--data d.csv --log soft.csv",
         "--log soft.csv is the file of --data, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--data d.csv --log hard.csv",
         "--log hard.csv is the file of --data, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--data d.csv --val v.csv --log v.csv",
         "--log v.csv is the file of --val, which it would overwrite; give another name"},
        /* also where nothing of the path is there */
        {RG_OUT_TRAINING, "--log new/deep/x --tensorboard ./new//deep/x",
         "--tensorboard ./new//deep/x is the file of --log, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--log new/deep/x --tensorboard new/deep/x/",
         "--tensorboard new/deep/x/ is the file of --log, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--log sub/x --tensorboard sub/../sub/x",
         "--tensorboard sub/../sub/x is the file of --log, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--log x --tensorboard y --plot z", NULL},
        /* two folders may be one */
        {RG_OUT_TRAINING, "--out sub --tensorboard sub", NULL},
        {RG_OUT_TRAINING, "--out new --tensorboard new", NULL},
        /* the files of a training */
        {RG_OUT_TRAINING, "--out sub --log sub/log.jsonl",
         "--log sub/log.jsonl is the file of --out: its log.jsonl, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--out new --report new/report.html",
         "--report new/report.html is the file of --out: its report.html, which it would overwrite; give another "
         "name"},
        {RG_OUT_TRAINING, "--out new/ --log new//log.jsonl",
         "--log new//log.jsonl is the file of --out: its log.jsonl, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--data sub/model.safetensors --out sub",
         "--out sub/model.safetensors is the file of --data, which it would overwrite; give another name"},
        {RG_OUT_TRAINING, "--model sub/best.safetensors --out sub/ --data d.csv",
         "--out sub//best.safetensors is the file of --model, which it would overwrite; give another name"},
        {RG_OUT_FILE, "--out sub.html --log sub.html/log.jsonl", NULL},
        {RG_OUT_FILE, "--out made.html --report made.html",
         "--report made.html is the file of --out, which it would overwrite; give another name"},
        {RG_OUT_RUNS, "--out runs.csv --log runs.csv",
         "--log runs.csv is the file of --out, which it would overwrite; give another name"},
        {RG_OUT_RUNS, "--out runs --tensorboard runs", NULL},
        /* what takes everything is no file that loses something */
        {RG_OUT_TRAINING, "--log /dev/null --report /dev/null", NULL},
        {RG_OUT_TRAINING, "--log pipe --plot pipe", NULL},
    };
    put_text("d.csv", "a\n");
    put_text("v.csv", "a\n");
    ck_assert(mkdir("sub", 0777) == 0 && mkdir("sub.html", 0777) == 0);
    ck_assert(symlink("d.csv", "soft.csv") == 0 && link("d.csv", "hard.csv") == 0 && mkfifo("pipe", 0666) == 0);
    put_text("sub/best.safetensors", "");
    put_text("sub/model.safetensors", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[300];
        (void)snprintf(line, sizeof line, "%s%s", trailing, cases[i].line);
        const rg_status status = check(line, cases[i].out);
        if (cases[i].message) {
            expect_message(status, RG_USAGE, line, cases[i].message);
        } else {
            /* a folder may be missing, but no name is taken */
            ck_assert_msg(status == RG_OK || !strstr(rg_error_message(), "overwrite"), "`%s`: %s", line,
                          rg_error_message());
        }
    }
}
END_TEST

/* ---- Files that cannot be written ---- */

START_TEST(places_that_are_refused) {
    static const struct {
        enum rg_out out;
        const char *line, *message; /* NULL: they can be written */
    } cases[] = {
        {RG_OUT_TRAINING, "--tensorboard new", NULL},
        {RG_OUT_TRAINING, "--tensorboard sub", NULL},
        {RG_OUT_TRAINING, "--log sub/x.jsonl --report sub/x.html --plot x.svg", NULL},
        {RG_OUT_TRAINING, "--tensorboard file", "--tensorboard file: this is no folder; give another name"},
        {RG_OUT_TRAINING, "--tensorboard nowhere/x",
         "--tensorboard nowhere/x: the folder cannot be made: No such file or directory"},
        {RG_OUT_TRAINING, "--log nowhere/x.jsonl",
         "nowhere/x.jsonl: cannot be saved: No such file or directory; check that the folder exists"},
        {RG_OUT_TRAINING, "--log sub", "sub: cannot be saved: Is a directory; give the name of a file"},
        /* a folder that will be made before the file in it; not one that is deeper */
        {RG_OUT_TRAINING, "--out new --log new/x.jsonl", NULL},
        {RG_OUT_TRAINING, "--tensorboard new --log new/x.jsonl", NULL},
        {RG_OUT_TRAINING, "--tensorboard sub --log sub/nowhere/x.jsonl",
         "sub/nowhere/x.jsonl: cannot be saved: No such file or directory; check that the folder exists"},
        {RG_OUT_TRAINING, "--out new/ --log new/x.jsonl", NULL},
        {RG_OUT_TRAINING, "--out new --log new//x.jsonl", NULL},
        {RG_OUT_TRAINING, "--tensorboard sub --log sub/taken",
         "sub/taken: cannot be saved: Is a directory; give the name of a file"},
        /* the training itself tries the folder of --out */
        {RG_OUT_TRAINING, "--out nowhere/x", NULL},
        {RG_OUT_FILE, "--out nowhere/x",
         "nowhere/x: cannot be saved: No such file or directory; check that the folder exists"},
        {RG_OUT_RUNS, "--out nowhere/x", NULL},
        {RG_OUT_RUNS, "--out nowhere/x.csv",
         "nowhere/x.csv: cannot be saved: No such file or directory; check that the folder exists"},
        {RG_OUT_RUNS, "--out nowhere/x.jsonl",
         "nowhere/x.jsonl: cannot be saved: No such file or directory; check that the folder exists"},
        /* a pipe is not opened, for it would wait for a reader */
        {RG_OUT_TRAINING, "--log pipe", NULL},
        {RG_OUT_TRAINING, "--log /dev/null", NULL},
    };
    put_text("file", "");
    ck_assert(mkdir("sub", 0777) == 0 && mkdir("sub/taken", 0777) == 0 && mkfifo("pipe", 0666) == 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[300];
        (void)snprintf(line, sizeof line, "%s%s", trailing, cases[i].line);
        const rg_status status = check(line, cases[i].out);
        expect_message(status, cases[i].message ? RG_NOT_SAVED : RG_OK, line, cases[i].message);
    }
}
END_TEST

START_TEST(earlier_results) {
    static const char *const names[] = {"model.safetensors", "best.safetensors", "report.html", "log.jsonl"};
    ck_assert_int_eq(rg_outputs_refuse_earlier("nowhere"), RG_OK);
    ck_assert_int_eq(mkdir("two words", 0777), 0);
    put_text("two words/own.jsonl", "");
    ck_assert_int_eq(rg_outputs_refuse_earlier("two words"), RG_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[100], message[200];
        (void)snprintf(path, sizeof path, "two words/%s", names[i]);
        put_text(path, "");
        (void)snprintf(message, sizeof message,
                       "--out two words holds an earlier result (%s): give another folder, or --overwrite", names[i]);
        expect_message(rg_outputs_refuse_earlier("two words"), RG_USAGE, names[i], message);
        ck_assert_int_eq(unlink(path), 0);
    }
    put_text("two words/checkpoint-9.ckpt", "");
    put_text("two words/checkpoint-10.ckpt", "");
    expect_message(rg_outputs_refuse_earlier("two words"), RG_USAGE, "checkpoints",
                   "--out two words holds a run that was stopped (checkpoint-10.ckpt): continue with --resume 'two "
                   "words', give another folder, or --overwrite");
    put_text("file", "");
    ck_assert_int_eq(rg_outputs_refuse_earlier("file"), RG_BAD_FILE);
    /* a table of runs, too, unless --overwrite is given */
    put_text("runs.csv", "run\n");
    ck_assert_int_eq(check("sweep --lr 1,2 --out runs.csv", RG_OUT_RUNS), RG_USAGE);
    ck_assert_int_eq(check("sweep --lr 1,2 --out runs.csv", RG_OUT_FILE), RG_OK);
    ck_assert_int_eq(check("sweep --lr 1,2 --out runs.csv --overwrite", RG_OUT_RUNS), RG_OK);
}
END_TEST

/* ---- What was written ---- */

static void told_after(const char *line, enum rg_out out, const char *wanted) {
    struct text printed = {NULL, 0, 0};
    accept(line);
    text_add(&printed, "%s", "");
    struct captured to = capture_begin(stdout);
    rg_outputs_print(&config, out, 58);
    capture_end(&to, &printed);
    ck_assert_msg(strcmp(printed.bytes, wanted) == 0, "`%s`: %s", line, printed.bytes);
    free(printed.bytes);
}

START_TEST(what_was_written) {
    static const char *const files[] = {"d.csv",         "a.jsonl", "a.html",       "run/model.safetensors",
                                        "run/log.jsonl", "t.csv",   "t-curves.csv", "t-models/x",
                                        "t-lags.csv",    "one.csv", "three.jsonl",  "three-models/x",
                                        "three-lags.csv"};
    ck_assert(mkdir("run", 0777) == 0 && mkdir("board", 0777) == 0 && mkfifo("pipe", 0666) == 0);
    ck_assert(mkdir("t-models", 0777) == 0 && mkdir("three-models", 0777) == 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        put_text(files[i], "");
    }
    told_after("train --data d.csv", RG_OUT_TRAINING, "");
    told_after("train --log none.jsonl --report pipe", RG_OUT_TRAINING, "");
    told_after("train --log a.jsonl", RG_OUT_TRAINING, "wrote a.jsonl\n");
    told_after("train --data d.csv --out run --report a.html --tensorboard board --log a.jsonl", RG_OUT_TRAINING,
               "wrote run/model.safetensors, run/log.jsonl, a.html,\n  a.jsonl, board/\n");
    told_after("train --out run/ --tensorboard board/ --plot pipe", RG_OUT_TRAINING,
               "wrote run/model.safetensors, run/log.jsonl, board/\n");
    told_after("train --tensorboard a.html --log board", RG_OUT_TRAINING, "");
    told_after("sweep --lr 1,2 --out run", RG_OUT_RUNS, "wrote run/\n");
    told_after("sweep --lr 1,2 --out t.csv", RG_OUT_RUNS, "wrote t.csv, t-curves.csv, t-lags.csv\n");
    told_after("sweep --lr 1,2 --out t.csv --keep", RG_OUT_RUNS, "wrote t.csv, t-curves.csv, t-lags.csv, t-models/\n");
    told_after("sweep --lr 1,2 --out one.csv --keep", RG_OUT_RUNS, "wrote one.csv\n");
    told_after("sweep --lr 1,2 --out three.jsonl --keep", RG_OUT_RUNS, "wrote three.jsonl, three-models/\n");
    told_after("grad --task adding --out t.csv", RG_OUT_FILE, "wrote t.csv\n");
}
END_TEST

static void begin(void) {
    begin_commands();
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}

TEST_MAIN("outputs") {
    TCase *const tests = add_tests(suite, "outputs");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, names_that_are_taken);
    tcase_add_test(tests, places_that_are_refused);
    tcase_add_test(tests, earlier_results);
    tcase_add_test(tests, what_was_written);
}
