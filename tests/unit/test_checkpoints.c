/* Which files of a folder are checkpoints, and what cannot be listed or removed. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/checkpoints.h"
#include "files/shell_text.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "suite.h"

static void make_file(const char *folder, const char *name) {
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(checkpoints_are_listed_and_removed) {
    static const char *const names[] = {"checkpoint-9.ckpt", "checkpoint-10.ckpt", "checkpoint-010.ckpt", "notes"};
    char folder[100], path[200];
    uint64_t *updates = NULL;
    size_t n = 0;
    make_scratch_folder(folder, sizeof folder);
    for (size_t i = 0; i < 4; i++) {
        make_file(folder, names[i]);
    }
    ck_assert_int_eq(rg_checkpoints_list(folder, &updates, &n), RG_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(updates[0], 10);
    ck_assert_uint_eq(updates[1], 9);
    rg_free(updates);
    ck_assert_int_eq(rg_checkpoints_clear(folder), RG_OK);
    ck_assert_int_eq(rg_checkpoints_list(folder, &updates, &n), RG_OK);
    ck_assert_uint_eq(n, 0);
    rg_free(updates);

    (void)snprintf(path, sizeof path, "%s/checkpoint-5.ckpt", folder);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(rg_checkpoints_clear(folder), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "cannot be removed"));
    ck_assert_int_eq(rmdir(path), 0);
    for (size_t i = 2; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(only_a_missing_folder_has_none) {
    char folder[100], path[200];
    uint64_t *updates = NULL;
    size_t n = 1;
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/file", folder);
    ck_assert_int_eq(rg_checkpoints_list(path, &updates, &n), RG_OK);
    ck_assert_uint_eq(n, 0);
    make_file(folder, "file");
    ck_assert_int_eq(rg_checkpoints_list(path, &updates, &n), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "cannot be read"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(words_of_a_shell) {
    char word[RG_SHELL_WORD], text[RG_SHELL_WORD];
    for (size_t length = 1; length < RG_SHELL_WORD; length++) { /* also where it fills a block of memory */
        (void)memset(text, 'a', length);
        text[length] = '\0';
        ck_assert_str_eq(rg_shell_word(text, word), text);
    }
    ck_assert_str_eq(rg_shell_word("runs/a-1", word), "runs/a-1");
    ck_assert_str_eq(rg_shell_word("two words", word), "'two words'");
    ck_assert_str_eq(rg_shell_word("it's", word), "'it'\\''s'");
    ck_assert_str_eq(rg_shell_word("", word), "''");
}
END_TEST

TEST_MAIN("checkpoints") {
    TCase *const folders = add_tests(suite, "folders");
    tcase_add_test(folders, checkpoints_are_listed_and_removed);
    tcase_add_test(folders, only_a_missing_folder_has_none);
    tcase_add_test(folders, words_of_a_shell);
}
