/* Runs that are saved, resumed, listed and refused, and their pages, against tests/expected/commands-resume.txt. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include <sys/stat.h>

#include "files/sections.h"
#include "told_page.h"

#define TINY "--device cpu --threads 1 --precision double "
#define SMALL TINY "--batch 2 --steps 3 --hidden 2 "

/* The names in a folder, sorted. */
static void tell_folder(const char *folder) {
    struct dirent **names = NULL;
    const int n = scandir(folder, &names, NULL, alphasort);
    text_add(&told, n < 0 ? "%s/ is not there" : "%s/:", folder);
    for (int i = 0; i < n; i++) {
        text_add(&told, names[i]->d_name[0] == '.' ? "%.0s" : " %s", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    text_add(&told, "\n");
}

/* Run a line of which the notes and the status matter, not what it prints. */
static void run_for_notes(const char *line) {
    struct text all = told;
    char *rest = NULL;
    told = (struct text){NULL, 0, 0};
    (void)run_command(line);
    struct text now = told;
    told = all;
    for (char *at = strtok_r(now.bytes, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest)) {
        const bool is_told = at[0] == '$' || strncmp(at, "note: ", 6) == 0 || strncmp(at, "status ", 7) == 0;
        if (is_told) {
            text_add(&told, "%s\n", at);
        }
    }
    free(now.bytes);
}

/* What inspect says of a checkpoint: the command that made it, its options and its sections. */
static void tell_checkpoint(const char *name) {
    struct text all = told;
    char line[200], *rest = NULL;
    (void)snprintf(line, sizeof line, "inspect %s", name);
    told = (struct text){NULL, 0, 0};
    run_ok(line);
    struct text now = told;
    told = all;
    bool is_told = true; /* not what stands between the head and the command, which depends on the machine */
    for (char *at = strtok_r(now.bytes, "\n", &rest); at && strncmp(at, "tensor ", 7) != 0;
         at = strtok_r(NULL, "\n", &rest)) {
        is_told = strcmp(at, "made by") == 0 || (is_told && !strstr(at, " of training on "));
        const bool is_of_machine = strstr(at, "  device ") == at || strstr(at, "  data   ") == at;
        text_add(&told, is_told && !is_of_machine ? "%s\n" : "%.0s", at);
    }
    free(now.bytes);
}

/* The command lines that a page says it was made by. */
static void tell_made_by(const char *name) {
    char *const page = text_of_file(name), *const by = strstr(page, "<h2>Made by</h2>");
    ck_assert_ptr_nonnull(by);
    text_add(&told, "%.*s\n", (int)(strstr(by, "</pre>") - by), by);
    free(page);
}

/* Damage a byte in the middle of a file. */
static void damage(const char *name) {
    FILE *const file = fopen(name, "r+b");
    ck_assert(file && fseek(file, -30, SEEK_END) == 0);
    const int byte = fgetc(file);
    ck_assert(fseek(file, -1, SEEK_CUR) == 0 && fputc(byte ^ 1, file) >= 0 && fclose(file) == 0);
}

/* ---- Which checkpoints are written and kept ---- */

START_TEST(checkpoints) {
    make("train --quiet " SMALL "--updates 7 --out run --save-every 2 --diagnose none");
    tell_folder("run");
    make("train --quiet " SMALL "--updates 6 --out even --save-every 3");
    tell_folder("even");
    make("train --quiet " SMALL "--updates 3 --out few");
    tell_folder("few");
    make("train --quiet " SMALL "--updates 0 --out none --diagnose none");
    tell_folder("none");
    /* those of the run before go */
    put_text("run/checkpoint-900.ckpt", "");
    (void)run_command("train --quiet " SMALL "--updates 1 --out run");
    make("train --quiet " SMALL "--updates 1 --out run --overwrite");
    tell_folder("run");
    make("train --quiet " TINY "--data classes.csv --hidden 2 --updates 4 --val-frac 0.5 --val-every 1 --out best "
         "--lr 0.5 --log own.jsonl --diagnose none");
    tell_folder("best");
    tell_file("own.jsonl");
}
END_TEST

/* A run in which no update is possible, and one that diverges after some. */
START_TEST(divergence) {
    static const char *const lines[] = {
        "train --json " TINY "--batch 8 --steps 12 --hidden 4 --updates 300 --lr 1e6 --optimizer sgd --clip-norm 0 "
        "--activation linear --out gone --save-every 1 --diagnose none --quiet",
        "train --json " TINY "--batch 8 --steps 12 --hidden 4 --updates 300 --lr 1e6 --optimizer sgd --clip-norm 0 "
        "--activation linear --nonfinite stop --diagnose none --quiet",
        "train --json " TINY "--data huge.csv --hidden 2 --updates 9 --diagnose none --out huge --quiet",
        "train --json " TINY "--data huge.csv --hidden 2 --updates 9 --activation linear --quiet",
        "train --json --quiet " SMALL "--init identity:1e6 --steps 60 --activation linear --updates 9 --quiet",
        "train --json " SMALL "--init identity:1e6 --steps 9 --activation linear --updates 9 --quiet --lr 0",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run_for_notes(lines[i]);
    }
    tell_folder("gone");
    tell_folder("huge");
}
END_TEST

/* ---- Resuming ---- */

START_TEST(resumed) {
    make("train --quiet " TINY "--data classes.csv --hidden 2 --updates 4 --out run --save-every 2 --lr 0.1 --val-frac "
         "0.5 --val-every 2 --report page.html --plot loss.svg --log own.jsonl --tensorboard board "
         "--diagnose none");
    tell_page("page.html");
    run_ok("train --json --resume run --updates 6");
    tell_file("run/log.jsonl");
    tell_folder("run");
    run_for_notes("train --resume run --epochs 7");
    run_ok("train --json --resume run --updates=7 --quiet");

    (void)run_command("train --json --resume run --hidden 3");
    tell_page("run/report.html");
    run_ok("runs .");
}
END_TEST

/* What a resumed run says first: from where, and which files outside the folder it will write. */
START_TEST(notes_of_a_resumed_run) {
    make("train " SMALL "--updates 2 --out loud --diagnose none --log own.jsonl --report page.html --plot loss.svg "
         "--tensorboard board");
    run_for_notes("train --resume loud --updates 4");
    run_for_notes("train --resume loud --updates 5 --max-time 0");
    run_for_notes("train --resume loud --updates 6 --max-time 9000");
    run_for_notes("train --resume loud --updates 5");
    (void)rg_fail(RG_OK, "-");
    const rg_status status = parse("train --resume loud --updates 7 --max-time 1e-9");
    ck_assert(status == RG_OK && rg_command_run(command, &config) == RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "loud/checkpoint-6.ckpt has already trained for "));
    ck_assert_ptr_nonnull(strstr(rg_error_message(),
                                 ", and --max-time ends the whole run after 1e-06 ms; give a larger "
                                 "--max-time"));
}
END_TEST

/* The command line that makes a run, where the options beside --resume change it. */
START_TEST(the_command_line_of_a_run) {
    static const char *const lines[] = {
        "train --resume run --updates 4 --quiet",
        "train --resume run --updates=5 --quiet",
        "train --resume run --epochs 9 --quiet",
        "train --resume run --max-time 900 --quiet",
        "train --resume run --threads 2 --updates 8 --quiet",
        "train --resume run --quiet --patience 4",
    };
    make("train --quiet " SMALL "--data classes.csv --updates=3 --out run --val-frac 0.5 --seed 5 --patience=9");
    make("train --quiet " SMALL "--schedule cosine --updates 3 --out wave");
    tell_checkpoint("run/checkpoint-3.ckpt");
    tell_checkpoint("wave/checkpoint-3.ckpt");
    make("train --quiet " TINY "--data classes.csv --hidden 2 --epochs 2 --out passes --diagnose none");
    tell_checkpoint("passes/checkpoint-2.ckpt");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run_for_notes(lines[i]);
        tell_made_by("run/report.html");
    }
    run_for_notes("train --resume wave --updates 5");
    tell_made_by("wave/report.html");
}
END_TEST

START_TEST(what_cannot_be_resumed) {
    make("train --quiet " TINY
         "--data classes.csv --val val.csv --hidden 2 --updates 4 --out run --save-every 2 --diagnose none");
    make("sweep --quiet " SMALL "--updates 1 --seed 1-2 --out swept");
    ck_assert_int_eq(mkdir("two words", 0777), 0);
    static const char *const folders[] = {"nowhere", "classes.csv", "two words", "swept"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "train --resume %s", i == 2 ? "." : folders[i]);
        (void)run_command(line);
        (void)snprintf(line, sizeof line, "runs %s", i == 2 ? "." : folders[i]);
        (void)run_command(line);
    }
    /* the data move, change and go */
    ck_assert_int_eq(rename("val.csv", "moved.csv"), 0);
    run_for_notes("train --quiet --resume run --updates 5");
    put_text("val.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,blue\n3,1,0,green\n");
    run_for_notes("train --quiet --resume run --updates 5");
    ck_assert_int_eq(rename("moved.csv", "val.csv"), 0);
    /* a damaged checkpoint is set aside for the one before it */
    damage("run/checkpoint-4.ckpt");
    run_ok("runs run");
    run_for_notes("train --resume run --updates 3 --quiet");
    tell_folder("run");
    damage("run/checkpoint-2.ckpt");
    damage("run/checkpoint-3.ckpt");
    run_for_notes("train --resume run --updates 5");
    tell_folder("run");
    run_ok("runs run --json");
}
END_TEST

/* Data that cannot be read again: there is nothing to resume from. */
START_TEST(data_from_a_pipe) {
    const int before = dup(STDIN_FILENO);
    ck_assert(before >= 0 && freopen("classes.csv", "r", stdin) != NULL);
    run_for_notes("train " TINY "--data - --hidden 2 --updates 3 --out piped --save-every 1 --diagnose none");
    ck_assert(dup2(before, STDIN_FILENO) == STDIN_FILENO && close(before) == 0);
    tell_folder("piped");
}
END_TEST

/* Change the last byte but `back` of a section of a checkpoint, and give it the checksums that fit. */
static void change_section(const char *name, const char *section, size_t back, char byte) {
    struct rg_sections *sections = NULL;
    bool foreign = false;
    ck_assert_int_eq(rg_sections_read(name, &sections, &foreign), RG_OK);
    const struct rg_section *const found = rg_sections_find(sections, section);
    ck_assert(found && found->bytes > back);
    ((char *)found->data)[found->bytes - 1 - back] = byte;
    ck_assert_int_eq(rg_sections_write(sections, name), RG_OK);
    rg_sections_destroy(sections);
}

/* A checkpoint of another version, and one without the command line that made it. */
START_TEST(checkpoints_that_do_not_fit) {
    make("train --quiet " SMALL "--updates 2 --out run --save-every 1 --diagnose none");
    change_section("run/checkpoint-2.ckpt", "program", 1, 'x');
    const rg_status status = parse("train --resume run --updates 3");
    ck_assert(status == RG_OK && rg_command_run(command, &config) == RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "run/checkpoint-2.ckpt was written by rnn-gpu "));
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "; this is rnn-gpu " RG_VERSION ", which would continue with "
                                                     "different bits: resume it with that version"));
    ck_assert_int_eq(unlink("run/checkpoint-2.ckpt"), 0);
    change_section("run/checkpoint-1.ckpt", "arguments", 0, 'x');
    (void)run_command("train --resume run --updates 3");
    tell_folder("run");
}
END_TEST

/* ---- Before the first update ---- */

START_TEST(notes_and_refusals) {
    static const char *const lines[] = {
        "train " SMALL "--updates 1 --skip 3 --diagnose none",
        "train " SMALL "--updates 1 --skip 2 --diagnose none",
        "train " SMALL "--updates 1 --skip 9 --steps 2 --diagnose none",
        "train " TINY "--data far.csv --loss mse --hidden 2 --updates 1 --diagnose none",
        "train " TINY "--data even.csv --loss mse --hidden 2 --updates 1 --diagnose none",
        "train --json --dry-run --resume run",
        "train --json " TINY "--data classes.csv --hidden 2 --epochs 3 --batch 3 --dry-run --val-frac 0.5",
        "train --dry-run " SMALL "--updates 5 --figure gates --plot p.svg",
        "train --dry-run " SMALL "--updates 5 --plot p.gif",
        "train --dry-run " SMALL "--updates 5 --report nowhere/p.html",
        "train " SMALL "--updates 0 --figure loss --plot p.svg",
        "train " SMALL "--updates 5 --figure gates --plot p.svg",
        "train " SMALL "--updates 5 --figure lags --plot p.svg --diagnose none",
        "train " SMALL "--updates 5 --figure depth --plot p.svg --diagnose none",
        "train " SMALL "--updates 5 --figure norm-map --plot p.svg --lag-every 6",
        "train " SMALL "--updates 5 --figure norm-map --plot p.svg --lag-every 5 --diagnose none",
        "train --quiet " SMALL "--updates 5 --figure norm-map --plot p.svg --lag-every 5",
        "train --quiet " SMALL "--updates 4 --figure share-map --plot p.svg --lag-every 2 --diagnose none",
        "train --quiet " SMALL "--updates 5 --figure lags --plot p.svg --lag-every 5 --diagnose none",
        "train " TINY
        "--data classes.csv --hidden 2 --updates 4 --figure accuracy --plot p.svg --val-frac 0.5 --val-every 4",
        "train --quiet " TINY
        "--data classes.csv --hidden 2 --updates 4 --figure accuracy --plot p.svg --val-frac 0.5 --val-every 2",
        "train --quiet " TINY "--data classes.csv --hidden 2 --updates 4 --figure gates --plot p.svg --cell gru",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run_for_notes(lines[i]);
    }
    tell_folder(".");
    check_told("commands-resume.txt");
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n"
                            "4,1,1,red\n4,0,2,red\n");
    put_text("val.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n3,1,0,blue\n");
    put_text("far.csv", "series,a,label\n1,1,40\n1,2,40\n2,3,31\n3,0,20\n");
    put_text("even.csv", "series,a,label\n1,1,30\n1,2,30\n2,3,30\n3,0,30\n");
    put_text("huge.csv", "series,a,label\n1,1,1e200\n1,2,1e200\n2,3,-1e200\n3,0,2e200\n");
}

TEST_MAIN("command_resume") {
    TCase *const tests = add_tests(suite, "command_resume");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, checkpoints);
    tcase_add_test(tests, divergence);
    tcase_add_test(tests, resumed);
    tcase_add_test(tests, notes_of_a_resumed_run);
    tcase_add_test(tests, the_command_line_of_a_run);
    tcase_add_test(tests, what_cannot_be_resumed);
    tcase_add_test(tests, checkpoints_that_do_not_fit);
    tcase_add_test(tests, data_from_a_pipe);
    tcase_add_test(tests, notes_and_refusals);
}
