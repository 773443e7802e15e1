/* Help, the manual page and the scripts for shells, word by word, against tests/expected/program-texts.txt. */
#define _GNU_SOURCE
#include "shown.h"
/* after it, which has to be first */
#include "cli/help.h"
#include "suite.h"

static struct text told;

static void print_help(const void *topic) {
    ck_assert_int_eq(rg_options_help(topic), RG_OK);
}

static void print_completion(const void *shell) {
    ck_assert_int_eq(rg_completion_print(shell), RG_OK);
}

START_TEST(help) {
    static const char *const topics[] = {"train", "probe", "completion", "help", "runs", "version", "man"};
    text_add_printed(&told, "help", print_help, NULL);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        text_add_printed(&told, topics[i], print_help, topics[i]);
    }
}
END_TEST

/* Add the lines of a script in fish that are no options, and those of a few options of each kind. */
static void add_some_of_fish(const char *script) {
    static const char *const shown[] = {" -l cell ", " -l hidden ", " -l set ", " -l bidirectional ", " -l data "};
    text_add(&told, "======== fish, in part\n");
    for (const char *end; *script; script = end) {
        const size_t length = strcspn(script, "\n") + 1;
        char line[2000];
        end = script + length;
        ck_assert_uint_lt(length, sizeof line);
        (void)snprintf(line, sizeof line, "%.*s", (int)length, script);
        bool is_shown = !strstr(line, " -l ");
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
            is_shown = is_shown || strstr(line, shown[i]);
        }
        text_add(&told, "%s", is_shown ? line : "");
    }
}

START_TEST(completion) {
    struct text fish = {NULL, 0, 0}, zsh = {NULL, 0, 0};
    const size_t begin = told.length;
    text_add_printed(&told, "bash", print_completion, "bash");
    text_add_printed(&zsh, "zsh", print_completion, "zsh");
    static const char head[] = "======== zsh\n#compdef rnn-gpu\nautoload -U +X bashcompinit && bashcompinit\n";
    ck_assert_int_eq(strncmp(zsh.bytes, head, strlen(head)), 0);
    ck_assert_str_eq(zsh.bytes + strlen(head), told.bytes + begin + strlen("======== bash\n"));
    text_add_printed(&fish, "fish", print_completion, "fish");
    add_some_of_fish(fish.bytes + strlen("======== fish\n"));
    free(fish.bytes);
    free(zsh.bytes);
    check_expected("program-texts.txt", told.bytes);
    free(told.bytes);
}
END_TEST

START_TEST(unknown_shells) {
    ck_assert_int_eq(rg_completion_print(NULL), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "completion needs a shell: bash, zsh or fish");
    ck_assert_int_eq(rg_completion_print("fisch"), RG_USAGE);
    ck_assert_str_eq(rg_error_message(),
                     "there is no completion for 'fisch', only for bash, zsh and fish; did you mean fish?");
}
END_TEST

TEST_MAIN("program_texts") {
    TCase *const tests = add_tests(suite, "program_texts");
    tcase_add_test(tests, help);
    tcase_add_test(tests, completion);
    tcase_add_test(tests, unknown_shells);
}
