/* Command lines that a file adds to (--config), lists that a line repeats, and what is refused of both. */
#define _GNU_SOURCE
#include <unistd.h>

#include "cli/config_file.h"
#include "scratch.h"
#include "suite.h"

enum { MAX_WORDS = 20, LINE_BYTES = 2000 };

static char folder[200], words[400];
static char *argv[MAX_WORDS + 1];

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
    ck_assert_int_eq(chdir(folder), 0);
}

static void tear_down(void) {
    (void)unlink("job.toml");
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put(const char *text, size_t length) {
    FILE *const file = fopen("job.toml", "wb");
    ck_assert(file && fwrite(text, 1, length, file) == length && fclose(file) == 0);
}

/* The words of a line, of which '' is an empty one. */
static int words_of(const char *line) {
    int argc = 0;
    memset(argv, 0, sizeof argv);
    (void)snprintf(words, sizeof words, "rnn-gpu %s", line);
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_int_lt(argc, MAX_WORDS);
        if (*word) {
            argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
        }
    }
    return argc;
}

/* The line with the options of the file in its place: `wanted`. */
static void becomes(const char *line, const char *wanted) {
    struct rg_command_line made;
    char text[LINE_BYTES] = "";
    const rg_status status = rg_command_line_create(words_of(line), argv, &made);
    ck_assert_msg(status == RG_OK, "`%s`: %s", line, rg_error_message());
    for (int i = 0; i < made.argc; i++) {
        const size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", made.argv[i]);
    }
    ck_assert_ptr_null(made.argv[made.argc]);
    rg_command_line_release(&made);
    ck_assert_ptr_null(made.argv);
    ck_assert_msg(strncmp(text, "rnn-gpu", 7) == 0 && strcmp(text + 7 + (text[7] == ' '), wanted) == 0, "`%s`: `%s`",
                  line, text);
}

static void refused(const char *line, rg_status wanted, const char *message) {
    struct rg_command_line made;
    const rg_status status = rg_command_line_create(words_of(line), argv, &made);
    rg_command_line_release(&made);
    ck_assert_msg(status == wanted && strcmp(rg_error_message(), message) == 0, "`%s`: status %d, %s", line,
                  (int)status, rg_error_message());
}

/* ---- Options of a file ---- */

static const char job[] = "# a job\n"
                          "hidden = 8\n"
                          "device = 'cpu'\n"
                          "updates = 9\n"
                          "task = \"copy\"\n"
                          "val-frac = 0.5\n"
                          "quiet = true\n"
                          "bidirectional = false\n"
                          "[sweep]\n"
                          "seed = [1, 2, 3]\n"
                          "cell = ['rnn', \"gru\"]\n"
                          "[train]\n"
                          "hidden = 5\n"
                          "clip-norm = 2\n"
                          "[eval]\n"
                          "data = \"pumps.csv\"\n";

START_TEST(options_of_a_file) {
    static const struct {
        const char *line, *wanted;
    } cases[] = {
        {"", ""},
        {"train", "train"},
        {"--lr 2", "--lr 2"},
        {"--config job.toml", "--hidden=5 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --clip-norm=2"},
        {"--config=job.toml", "--hidden=5 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --clip-norm=2"},
        {"train --lr 2 --config job.toml --seed 4",
         "train --hidden=5 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --clip-norm=2 --lr 2 --seed 4"},
        {"train --lr 2 --config=job.toml --seed 4",
         "train --hidden=5 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --clip-norm=2 --lr 2 --seed 4"},
        {"sweep --config job.toml",
         "sweep --hidden=8 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --seed=1,2,3 --cell=rnn,gru"},
        /* the line wins, also with an option that means the same, and with a short name */
        {"--config job.toml --hidden 7 --device=gpu -q",
         "--updates=9 --task=copy --val-frac=0.5 --clip-norm=2 --hidden 7 --device=gpu -q"},
        {"--config job.toml --epochs 3", "--hidden=5 --device=cpu --task=copy --val-frac=0.5 --quiet --clip-norm=2 "
                                         "--epochs 3"},
        {"--config job.toml --data d.csv",
         "--hidden=5 --device=cpu --updates=9 --val-frac=0.5 --quiet --clip-norm=2 --data d.csv"},
        {"--config job.toml --val v.csv",
         "--hidden=5 --device=cpu --updates=9 --task=copy --quiet --clip-norm=2 --val v.csv"},
        {"--config job.toml --clip-value 1",
         "--hidden=5 --device=cpu --updates=9 --task=copy --val-frac=0.5 --quiet --clip-value 1"},
        /* help and version need no file */
        {"--config nothing.toml --help", "--config nothing.toml --help"},
    };
    put(job, strlen(job));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        becomes(cases[i].line, cases[i].wanted);
    }
}
END_TEST

/* What means the same is replaced the other way round, too. */
START_TEST(either_of_two_options) {
    static const char text[] = "epochs = 9\ndata = 'd.csv'\nval = 'v.csv'\nclip-value = 1\nnormalize = true\n";
    put(text, strlen(text));
    becomes("--config job.toml", "--epochs=9 --data=d.csv --val=v.csv --clip-value=1 --normalize");
    becomes("--config job.toml --updates 1", "--data=d.csv --val=v.csv --clip-value=1 --normalize --updates 1");
    becomes("--config job.toml --task copy", "--epochs=9 --val=v.csv --clip-value=1 --normalize --task copy");
    becomes("--config job.toml --val-frac 1", "--epochs=9 --data=d.csv --clip-value=1 --normalize --val-frac 1");
    becomes("--config job.toml --clip-norm 1", "--epochs=9 --data=d.csv --val=v.csv --normalize --clip-norm 1");
}
END_TEST

/* A table later in the file counts more than the start, also where it takes a flag back. */
START_TEST(a_table_counts_more) {
    static const char text[] = "quiet = true\nset = 'Wh[0,1]=2'\nhidden = 3\n[train]\nquiet = false\nhidden = 4\n";
    put(text, strlen(text));
    becomes("--config job.toml", "--set=Wh[0,1]=2 --hidden=4");
    becomes("grad --config job.toml", "grad --quiet --set=Wh[0,1]=2 --hidden=3");
    becomes("--config job.toml --set Wh[1,1]=3 --lr 2", "--hidden=4 --set Wh[1,1]=3 --lr 2");
}
END_TEST

/* ---- Refused ---- */

START_TEST(files_that_are_refused) {
    static const struct {
        const char *text, *line, *message;
    } cases[] = {
        {"\nhiden = 3\n", "", "job.toml:2: unknown option 'hiden'; did you mean --hidden?"},
        {"[sweep]\ninput = 3\n", "", "job.toml:2: --input does not belong to sweep; it is an option of bench"},
        {"hidden = 0\n", "", "job.toml:1: --hidden: 0 is out of range; 1 to 65536"},
        {"normalize = 'yes'\n", "", "job.toml:1: normalize takes true or false"},
        {"normalize = [true]\n", "", "job.toml:1: normalize takes true or false, not a list"},
        {"normalize = [true, true]\n", "", "job.toml:1: normalize takes true or false, not a list"},
        {"normalize = []\n", "", "job.toml:1: normalize takes true or false, not a list"},
        {"hidden = true\n", "", "job.toml:1: hidden takes a value, not true or false"},
        {"data = ['a', true]\n", "", "job.toml:1: data takes a value, not true or false"},
        {"hidden = [1, 2]\n", "", "job.toml:1: hidden takes one value, not a list; sweep takes lists"},
        {"hidden = [1]\n", "", "job.toml:1: hidden takes one value, not a list; sweep takes lists"},
        {"out = 'a'\nhidden = 1\nhidden = 2\n", "", "job.toml:3: hidden is already in line 2"},
        {"\n[train]\n[eval]\n[train]\n", "", "job.toml:4: [train] is already in line 2"},
        {"[sweep]\nseed = [1]\nseed = [2]\n", "", "job.toml:3: seed is already in line 2"},
        {"[trian]\n", "",
         "job.toml:1: [trian] is not the name of a command: unknown command 'trian'; did you mean train?"},
        {"config = 'x'\n", "", "job.toml:1: config is only for the command line"},
        {"dump-config = true\n", "", "job.toml:1: dump-config is only for the command line"},
        {"[sweep]\nlr = [1e-3, \"x\"]\n", "", "job.toml:2: --lr: 'x' is not a number or auto; 0 to 1000000"},
        {"lr = '1e-3,x'\n", "sweep", "job.toml:1: --lr: 'x' is not a number or auto; 0 to 1000000"},
        {"", "", "job.toml: the file is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[100];
        put(cases[i].text, strlen(cases[i].text));
        (void)snprintf(line, sizeof line, "%s --config job.toml", cases[i].line);
        refused(line, RG_BAD_FILE, cases[i].message);
    }
}
END_TEST

START_TEST(lines_that_are_refused) {
    static const char needs[] = "--config needs a value; write --config F.toml";
    put("hidden = 3\n", 11);
    refused("--config", RG_USAGE, needs);
    refused("--config ''", RG_USAGE, needs);
    refused("--config=", RG_USAGE, needs);
    refused("--config --quiet", RG_USAGE, needs);
    refused("--config job.toml --config=job.toml", RG_USAGE, "--config is given twice; one file holds all options");
    refused("--config job.toml --resume run", RG_USAGE,
            "--config cannot be given with --resume, which uses the options of the run");
    refused("trian --config job.toml", RG_USAGE, "unknown command 'trian'; did you mean train?");
    refused("--config nothing.toml", RG_BAD_FILE,
            "nothing.toml: cannot be read: No such file or directory; check the "
            "name");
}
END_TEST

/* A file of 1 MiB is read, and one of a byte more is not. */
START_TEST(the_largest_file) {
    enum { LARGEST = 1 << 20 };
    char *const text = malloc(LARGEST + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '#', LARGEST + 1);
    memcpy(text, "hidden = 3 ", 11);
    put(text, LARGEST);
    becomes("--config job.toml", "--hidden=3");
    put(text, LARGEST + 1);
    refused("--config job.toml", RG_BAD_FILE, "job.toml: 1048577 bytes; an option file has at most 1 MiB");
    free(text);
}
END_TEST

/* ---- Lists ---- */

/* Several --set become one, behind the other words; so do several --freeze. */
START_TEST(lists) {
    static const char joined[] = "set = 'a[0]=1'\nfreeze = ['a', 'b']\n";
    becomes("--set a[0]=1", "--set a[0]=1");
    becomes("--set=a[0]=1 --lr 2", "--set=a[0]=1 --lr 2");
    becomes("--set a[0]=1 --lr 2 --set=b[0]=3 -q", "--lr 2 -q --set=a[0]=1,b[0]=3");
    becomes("grad --set a[0]=1 --set b[0]=3 --set c[0]=4", "grad --set=a[0]=1,b[0]=3,c[0]=4");
    becomes("--freeze a --set b[0]=3 --freeze c --set d[0]=4", "--set=b[0]=3,d[0]=4 --freeze=a,c");
    becomes("--freeze a --freeze", "--freeze a --freeze");
    becomes("--freeze a --freeze b --freeze", "--freeze --freeze=a,b");
    becomes("--set a[0]=1 --set=", "--set a[0]=1 --set=");
    becomes("--set a[0]=1 set --set=b[0]=1", "set --set=a[0]=1,b[0]=1");
    becomes("--freeze=a --freeze=b", "--freeze=a,b");
    put(joined, strlen(joined));
    becomes("--config job.toml --lr 2", "--set=a[0]=1 --freeze=a,b --lr 2");
}
END_TEST

TEST_MAIN("config_file") {
    TCase *const tests = add_tests(suite, "config_file");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, options_of_a_file);
    tcase_add_test(tests, either_of_two_options);
    tcase_add_test(tests, a_table_counts_more);
    tcase_add_test(tests, files_that_are_refused);
    tcase_add_test(tests, lines_that_are_refused);
    tcase_add_test(tests, the_largest_file);
    tcase_add_test(tests, lists);
}
