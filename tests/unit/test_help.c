/* What help prints agrees with the table of options, and fits 80 columns. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "suite.h"

enum { TEXT_BYTES = 32768 };

/* Put into `text` what the help prints. Meanwhile stdout is a temporary file. */
static void capture_help(const char *about, char text[TEXT_BYTES]) {
    FILE *const file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    const rg_status status = rg_options_help(about);
    fflush(stdout);
    ck_assert_int_ge(dup2(kept, STDOUT_FILENO), 0);
    close(kept);
    ck_assert_int_eq(status, RG_OK);
    rewind(file);
    const size_t length = fread(text, 1, TEXT_BYTES - 1, file);
    ck_assert_uint_lt(length, TEXT_BYTES - 1);
    text[length] = '\0';
    fclose(file);
}

static void check_columns(const char *text) {
    for (const char *line = text; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        ck_assert_msg(length <= 80, "more than 80 columns: %.*s", (int)length, line);
        ck_assert_msg(length == 0 || line[length - 1] != ' ', "space at the end: %.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

START_TEST(help_text) {
    static const char *const topics[] = {"train", "grad", "predict", "bench", "devices", "selftest", "help", "version"};
    static const char *const parts[] = {"./rnn-gpu --batch 4096 --steps 100\n",
                                        "--hidden H",
                                        "--skip. One of: add, dilated, learned [add]\n",
                                        "T steps of each (default: all); of a text: length of a\n",
                                        "[128; 1 to 65536]",
                                        "--init KIND",
                                        "chrono:TMAX [pytorch]",
                                        "normal:STD [pytorch]",
                                        "[as drawn; -1000 to 1000]",
                                        "[0; 0 to below 1]",
                                        "plateau[:N[:G]]; alone: step:1000:0.5,",
                                        "step:1000:0.5,",
                                        "exponential:0.999, plateau:200:0.5 [constant]",
                                        "fashion-mnist 256 [4096; 1 to\n",
                                        "adagrad [adam]",
                                        "[0.001; 0 to 1000000]",
                                        "1024T]",
                                        "[auto]",
                                        "fashion-mnist [adding]",
                                        "Exit codes",
                                        "RNN_GPU_DEVICE"};
    char text[TEXT_BYTES];
    capture_help(NULL, text);
    check_columns(text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no `%s`", parts[i]);
    }
    ck_assert(strstr(text, "Examples:") < strstr(text, "Options of train"));
    ck_assert_ptr_null(strstr(text, "--repeats"));
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        capture_help(topics[i], text);
        check_columns(text);
        ck_assert_ptr_nonnull(strstr(text, topics[i]));
        ck_assert_ptr_nonnull(strstr(text, "Example:\n  ./rnn-gpu "));
    }
    capture_help("bench", text);
    ck_assert_ptr_nonnull(strstr(text, "--repeats N"));
    ck_assert_ptr_null(strstr(text, "--updates"));
    ck_assert_ptr_nonnull(strstr(text, "--batch B           sequences in the batch [4096; "));
    ck_assert_ptr_nonnull(strstr(text, "--steps T           time steps of a sequence [100; "));
    capture_help("grad", text);
    ck_assert_ptr_nonnull(strstr(text, "--batch B           sequences in the batch [4096; "));
    ck_assert_ptr_nonnull(strstr(text, "--steps T           steps of a task's sequences; "));
    ck_assert_ptr_nonnull(strstr(text, "lstm, gru, irnn [the file's]"));
    capture_help("man", text);
    ck_assert_ptr_nonnull(strstr(text,
                                 "fashion\\-mnist 256 [4096; 1 to 1073741824]\n.br\n(train, compare, sweep)\n.br\n"
                                 "sequences in the batch [4096; 1 to 1073741824]\n.br\n(grad, bench)\n"));
    ck_assert_int_eq(rg_options_help("tarin"), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "unknown help topic 'tarin'; did you mean train?");
}
END_TEST

TEST_MAIN("help") {
    TCase *const tests = add_tests(suite, "help");
    tcase_add_test(tests, help_text);
}
