/* Memory that ends in the middle of a command: the first allocation of each place of the library fails, and the command
 * ends with RG_NO_MEMORY. Where a status is ignored, it ends with success. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include <sys/wait.h>

#include "failing_memory.h"

#define TINY "--device cpu --threads 1 --precision double "

static void forget(void) {
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}

/* Some failures of memory do not end a command. A training goes on if it cannot copy its state, write a checkpoint or
 * remove old ones. A page of a report says that it could not read the data again. Exported C is complete, but a comment
 * in it has the name of the model's file without quotes. */
static bool is_allowed(const char *line, const char *message) {
    static const struct {
        const char *command, *message;
    } allowed[] = {{"train ", "the state of the run: "},
                   {"train ", "a text: "}, /* of its options */
                   {"train ", "text: "},
                   {"train ", "the names of checkpoints: "},
                   {"train ", "a block of a file: "},
                   {"grad ", "a block of a file: "},
                   {"compare ", "a block of a file: "},
                   {"sweep ", "a block of a file: "},
                   {"export ", "a text: no memory for 256 bytes"}};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (strncmp(line, allowed[i].command, strlen(allowed[i].command)) == 0 &&
            strncmp(message, allowed[i].message, strlen(allowed[i].message)) == 0) {
            return true;
        }
    }
    return false;
}

/* Run the line with allocation `number` failing, in a process of its own: a failure may ask the process to stop. */
static void run_failing(const char *line, size_t number) {
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        n_allocations = 0;
        failing = number;
        (void)rg_fail(RG_OK, "no message");
        const rg_status status = run_command(line);
        const bool is_told = status == RG_NO_MEMORY ||
                             (status == RG_NOT_SAVED && strstr(rg_error_message(), "no memory")) ||
                             (status == RG_OK && is_allowed(line, rg_error_message()));
        if (!is_told) {
            fprintf(stderr, "`%s`, allocation %zu: status %d, %s\n", line, number, (int)status, rg_error_message());
        }
        (void)fflush(stderr);
        _exit(is_told ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int ended = 0;
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert_msg(ended == 0, "`%s`, allocation %zu: see above, or signal %d", line, number, WTERMSIG(ended));
}

static const char *const lines[] = {
    "train --json " TINY "--batch 2 --steps 2 --hidden 1 --updates 1 --log log.jsonl --report r.html --plot p.svg",
    "train " TINY
    "--data classes.csv --val-frac 0.4 --val-every 1 --hidden 2 --cell lstm --updates 2 --out new --overwrite",
    "train --json " TINY "--data text.txt --hidden 2 --updates 2 --tbptt 4 --batch 2 --level word",
    "train --json " TINY "--data numbers.csv --hidden 2 --epochs 1 --fill mean --normalize --target-column up,down",
    "train --json " TINY "--data words.csv --hidden 2 --updates 1 --embed 2 --layers 2 --bidirectional --cell gru",
    "grad " TINY "--model run/model.safetensors --data classes.csv --out g.safetensors --report g.html",
    "grad --json --task adding --batch 2 --steps 4 --hidden 2 --trace --device cpu --out trace.safetensors",
    "eval --json " TINY "--model run/model.safetensors --data classes.csv",
    "predict " TINY "--model run/model.safetensors --data classes.csv --out p.csv",
    "predict --json " TINY "--model run/model.safetensors --data classes.csv",
    "sample --model text/model.safetensors --length 5",
    "compare --json " TINY "--batch 2 --steps 2 --hidden 1 --updates 1 --remedies tanh --seeds 1 --report c.html",
    "sweep " TINY "--batch 2 --steps 3 --hidden 2 --updates 2 --lr 0.1,0.2 --seed 1-2 --report s.html",
    "sweep --json " TINY "--batch 2 --steps 3 --hidden 2 --updates 2 --cell rnn,gru --out swept --overwrite",
    "probe fixed-point --json",
    "probe power",
    "export --model run/model.safetensors --out r.onnx",
    "export --model run/model.safetensors --out r.npz",
    "export --model run/model.safetensors --out r.c",
    "export --task adding --steps 4 --sequences 3 --out t.npz",
    "inspect run/model.safetensors",
    "inspect run/checkpoint-3.ckpt --json",
    "verify run",
    "runs .",
};

/* A place that one command has in common with an earlier one fails once. */
START_TEST(commands) {
    enum { AT_LEAST = 300 };
    notes_places = true;
    for (size_t i = 0, tried = 0; i < sizeof lines / sizeof *lines; i++) {
        n_allocations = failing = 0;
        ck_assert_msg(run_command(lines[i]) == RG_OK, "`%s`: %s", lines[i], rg_error_message());
        forget();
        for (notes_places = false; tried < n_places; tried++) {
            run_failing(lines[i], first_at[tried]);
        }
        notes_places = true;
    }
    ck_assert_uint_ge(n_places, AT_LEAST);
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n"
                            "4,1,1,red\n4,0,2,red\n");
    put_text("numbers.csv",
             "series,a,b,up,down\n1,1,2,0.5,1\n1,2,,0.5,1\n2,3,5,1,-1\n2,,4,1,-1\n3,0,1,2,0\n3,1,0,2,0\n");
    put_text("words.csv", "text,label\ncat mat rat,1\nrat rat mat,1\nmat mat cat,0\ncat,0\nrat mat,1\n");
    put_text("text.txt", "The cat sat.\nThe rat ran.\nThe cat ran.\n");
    make("train --quiet " TINY "--data classes.csv --hidden 2 --updates 3 --out run --save-every 2");
    make("train --quiet " TINY "--data text.txt --hidden 2 --updates 1 --steps 4 --batch 2 --out text");
}

TEST_MAIN("command_memory") {
    TCase *const tests = add_tests(suite, "command_memory");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, commands);
}
