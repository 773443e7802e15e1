/* What inspect, verify, runs, export and import say of files, whole and damaged, against
 * tests/expected/commands-files.txt. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "files/lock.h"
#include "files/sections.h"
#include "rnn_gpu/tensors.h"
#include "run_command.h"

#define TINY "--device cpu --threads 1 --precision double "

/* ---- Tensors ---- */

START_TEST(inspect_tensors) {
    static const float some[] = {1.5F, -2.0F, 0.25F, NAN, INFINITY, 4.0F};
    static const double none[] = {NAN, -INFINITY};
    static const int64_t whole[] = {-3, 9};
    const struct rg_tensor items[] = {
        {.name = "some", .dtype = RG_F32, .n_dims = 2, .shape = {2, 3}, .data = some, .data_bytes = sizeof some},
        {.name = "none", .dtype = RG_F64, .n_dims = 1, .shape = {2}, .data = none, .data_bytes = sizeof none},
        {.name = "whole", .dtype = RG_I64, .n_dims = 1, .shape = {2}, .data = whole, .data_bytes = sizeof whole},
    };
    ck_assert_int_eq(rg_safetensors_write("three.safetensors", items, 3, NULL), RG_OK);
    ck_assert_int_eq(rg_npz_write("two.npz", items + 1, 2), RG_OK);
    ck_assert_int_eq(rg_npy_write("one.npy", items), RG_OK);
    enum { LONG = 10000 }; /* more than are converted at once */
    static float numbers[LONG];
    for (size_t i = 0; i < LONG; i++) {
        numbers[i] = i < LONG / 2 ? (float)i : -(float)i;
    }
    const struct rg_tensor many = {
        .name = "many", .dtype = RG_F32, .n_dims = 1, .shape = {LONG}, .data = numbers, .data_bytes = sizeof numbers};
    ck_assert_int_eq(rg_npy_write("long.npy", &many), RG_OK);
    static const char *const names[] = {"three.safetensors", "two.npz", "one.npy", "long.npy",
                                        "nothing",           "empty",   "text"};
    put_text("empty", "");
    put_text("text", "some words");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "inspect %s", names[i]);
        (void)run_command(line);
        (void)snprintf(line, sizeof line, "inspect %s --json", names[i]);
        (void)run_command(line);
        (void)snprintf(line, sizeof line, "verify %s", names[i]);
        (void)run_command(line);
    }
}
END_TEST

/* ---- Models and results ---- */

/* Change the byte at a place, from the end of the file if it is negative. */
static void damage(const char *name, long at) {
    FILE *const file = fopen(name, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = fgetc(file);
    ck_assert_int_eq(fseek(file, -1, SEEK_CUR), 0);
    ck_assert(fputc(byte ^ 1, file) >= 0 && fclose(file) == 0);
}

/* A model with a prefix of another program, and a tensor that is not part of it. */
static void put_foreign_model(const char *name) {
    static const float zeros[4] = {0.0F, 0.5F, -0.5F, 0.25F};
    static const struct {
        const char *name;
        size_t rows, columns;
    } parts[] = {{"net.lstm_or_rnn.weight_ih_l0", 2, 2},
                 {"net.lstm_or_rnn.weight_hh_l0", 2, 2},
                 {"net.lstm_or_rnn.bias_ih_l0", 2, 0},
                 {"net.lstm_or_rnn.bias_hh_l0", 2, 0},
                 {"decoder.weight", 1, 2},
                 {"decoder.bias", 1, 0},
                 {"decoder.scale", 1, 0}};
    struct rg_tensor items[sizeof parts / sizeof *parts];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t n = parts[i].rows * (parts[i].columns ? parts[i].columns : 1);
        items[i] = (struct rg_tensor){.name = parts[i].name,
                                      .dtype = RG_F32,
                                      .n_dims = parts[i].columns ? 2 : 1,
                                      .shape = {parts[i].rows, parts[i].columns},
                                      .data = zeros,
                                      .data_bytes = n * sizeof *zeros};
    }
    ck_assert_int_eq(rg_safetensors_write(name, items, sizeof items / sizeof *items, NULL), RG_OK);
}

/* Move the result of a training in a folder of a sweep. */
static void move_result(const char *folder, const char *to) {
    DIR *const list = opendir(folder);
    bool found = false;
    ck_assert_ptr_nonnull(list);
    for (const struct dirent *entry = readdir(list); entry && !found; entry = readdir(list)) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found = strstr(entry->d_name, ".done") != NULL && rename(path, to) == 0;
    }
    (void)closedir(list);
    ck_assert(found);
}

START_TEST(models_and_results) {
    put_foreign_model("foreign.safetensors");
    put_text("words.csv", "text,label\ncat mat rat,yes\nrat rat mat,yes\nmat mat cat,no\ncat,no\nrat mat,perhaps\n");
    put_text("ab.csv", "series,a,b,label\n1,1,2,0.5\n1,2,1,0.5\n2,3,5,0.25\n2,2,4,0.25\n");
    make("train --quiet " TINY "--data words.csv --hidden 2 --embed 2 --updates 1 --out words --diagnose none");
    make("train --quiet " TINY "--data ab.csv --normalize --hidden 2 --cell lstm --layers 2 --bidirectional --skip 1 "
         "--updates 1 --out ab --diagnose none");
    static const double norm[] = {1.5};
    const struct rg_tensor gradients[] = {
        {.name = "grad_norm", .dtype = RG_F64, .n_dims = 1, .shape = {1}, .data = norm, .data_bytes = sizeof norm},
        {.name = "grad.bias", .dtype = RG_F64, .n_dims = 1, .shape = {1}, .data = norm, .data_bytes = sizeof norm}};
    ck_assert_int_eq(rg_safetensors_write("g.safetensors", gradients, 2, NULL), RG_OK);
    ck_assert_int_eq(rg_safetensors_write("norm.safetensors", gradients, 1, NULL), RG_OK);
    ck_assert_int_eq(rg_safetensors_write("bias.safetensors", gradients + 1, 1, NULL), RG_OK);
    make("sweep --quiet " TINY "--batch 2 --steps 3 --hidden 2 --updates 1 --seed 1-2 --out swept --diagnose none");
    move_result("swept", "one.done");
    static const char *const lines[] = {
        "inspect foreign.safetensors",
        "inspect foreign.safetensors --json",
        "inspect words/model.safetensors",
        "inspect ab/model.safetensors",
        "inspect words/model.safetensors --json",
        "inspect g.safetensors",
        "inspect norm.safetensors",
        "inspect bias.safetensors",
        "inspect one.done",
        "inspect ./one.done",
        "inspect words",
        "inspect words/log.jsonl",
        "verify one.done",
        "verify words",
        "verify g.safetensors",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        (void)run_command(lines[i]);
    }
    damage("one.done", -2);
    (void)run_command("verify one.done");
}
END_TEST

/* ---- A run's folder ---- */

/* Add what inspect says of a checkpoint whose sections or numbers were changed, if it refuses it. */
static void inspect_changed(const struct rg_sections *sections, const char *without) {
    static const char *const lines[] = {"inspect part.ckpt", "inspect part.ckpt --json"};
    ck_assert_int_eq(rg_sections_write(sections, "part.ckpt"), RG_OK);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct text before = told;
        told = (struct text){NULL, 0, 0};
        const rg_status status = run_command(lines[i]);
        free(told.bytes);
        told = before;
        if (status != RG_OK) {
            text_add(&told, "$ %s, without %s\nstatus %d: %s\n", lines[i], without, (int)status, rg_error_message());
        }
    }
}

/* A checkpoint without one section or number after the other. It has the options twice: in the end without both. */
static void inspect_parts(const char *path) {
    struct rg_sections *sections = NULL;
    bool is_foreign = false;
    ck_assert_int_eq(rg_sections_read(path, &sections, &is_foreign), RG_OK);
    for (size_t i = 0; i < sections->n + sections->n_numbers; i++) {
        char *const name = i < sections->n ? sections->items[i].name : sections->numbers[i - sections->n].name;
        char was[RG_SECTION_NAME];
        (void)snprintf(was, sizeof was, "%s", name);
        if (strcmp(name, "numbers") != 0) {
            name[0] = 'X';
            inspect_changed(sections, was);
            name[0] = was[0];
        }
    }
    for (size_t i = 0; i < sections->n; i++) {
        char *const name = sections->items[i].name;
        name[0] = strcmp(name, "options") == 0 || strcmp(name, "settings") == 0 ? 'X' : name[0];
    }
    inspect_changed(sections, "options and settings");
    rg_sections_destroy(sections);
}

START_TEST(a_run) {
    make("train --quiet " TINY "--batch 2 --steps 3 --hidden 2 --updates 4 --out run --save-every 2 --cell gru");
    run_ok("inspect run/model.safetensors");
    run_ok("inspect run/model.safetensors --json");
    run_ok("inspect run/checkpoint-4.ckpt --json");
    run_ok("verify run");
    run_ok("verify run/checkpoint-4.ckpt --json");
    inspect_parts("run/checkpoint-4.ckpt");
    damage("run/checkpoint-4.ckpt", -20);
    (void)run_command("verify run");
    (void)run_command("verify run --json");
    (void)run_command("verify run/checkpoint-4.ckpt");
    (void)run_command("inspect run/checkpoint-4.ckpt");
    make("train --resume run --updates 6");
    run_ok("verify run");
    (void)run_command("train --quiet " TINY "--updates 2 --out run");
    (void)run_command("verify nothing");
    ck_assert_int_eq(mkdir("nothing", 0777), 0);
    (void)run_command("verify nothing");
    (void)run_command("train --quiet --resume nothing");
}
END_TEST

START_TEST(logs_and_noise) {
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"good.jsonl",
         "{\"event\": \"start\"}\n{\"event\": \"update\", \"update\": 1}\n{\"event\": \"update\", \"update\": 2}\n"},
        {"gap.jsonl", "{\"event\": \"update\", \"update\": 1}\n{\"event\": \"update\", \"update\": 3}\n"},
        {"back.jsonl", "{\"event\": \"update\", \"update\": 2}\n{\"event\": \"update\", \"update\": 2}\n"},
        {"late.jsonl",
         "{\"event\": \"update\", \"update\": 7}\n{\"event\": \"end\"}\n{\"event\": \"update\", \"update\": 8}\n"},
        {"thinned.jsonl", "{\"event\": \"update\", \"update\": 1000}\n{\"event\": \"update\", \"update\": 1010}\n"},
        {"noise.jsonl", "{\"event\": \"start\"}\nhalf a li"},
        {"nameless.jsonl", "{\"events\": \"start\"}\n"},
        {"empty.jsonl", ""},
        /* no tensors, in spite of their names */
        {"noise.safetensors", "noise"},
        {"noise.npz", "noise"},
        {"noise.npy", "noise"},
        {"noise.txt", "noise"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[100];
        put_text(cases[i].name, cases[i].text);
        (void)snprintf(line, sizeof line, "verify %s", cases[i].name);
        (void)run_command(line);
    }
    (void)run_command("verify .");
}
END_TEST

/* ---- The runs of a folder ---- */

START_TEST(runs) {
    static const struct {
        const char *folder, *log;
    } cases[] = {
        {"all/a", "{\"event\": \"start\", \"options\": {\"cell\": \"rnn\", \"hidden\": 8, \"lr\": 0.001, "
                  "\"bidirectional\": false}}\n"
                  "{\"event\": \"update\", \"update\": 1, \"loss\": 0.5}\n"
                  "{\"event\": \"validation\", \"loss\": 0.25, \"best\": true}\n"
                  "{\"event\": \"validation\", \"loss\": 0.75, \"best\": false}\n"
                  "{\"event\": \"end\", \"reason\": \"done\", \"updates\": 12, \"loss\": 0.125, \"best_loss\": 0.2, "
                  "\"verdict\": \"STABLE\", \"test\": {\"loss\": 0.3}}\n"},
        {"all/b", "{\"event\": \"start\", \"options\": {\"cell\": \"lstm\", \"hidden\": 8, \"lr\": 0.01, "
                  "\"bidirectional\": true}}\n"
                  "{\"event\": \"update\", \"update\": 3, \"loss\": 0.625}\n"
                  "{\"event\": \"validation\", \"loss\": 0.5, \"best\": true}\n"
                  "{\"event\": \"upda"},
        {"all/c", "{\"event\": \"start\", \"options\": {\"cell\": \"rnn\", \"hidden\": 8, \"lr\": 0.001}}\n{\"event\": "
                  "\"end\"}\n"},
        {"all/d", "no json\n"},
        /* of a text, by an optimiser without an epsilon; and of a file of numbers, with options that have no use there
         */
        {"all/f",
         "{\"event\": \"start\", \"options\": {\"cell\": \"rnn\", \"hidden\": 8, \"lr\": 0.001, \"data\": \"b.txt\", "
         "\"level\": \"char\", \"min-count\": 3, \"lowercase\": false, \"optimizer\": \"sgd\"}}\n"},
        {"all/g",
         "{\"event\": \"start\", \"options\": {\"cell\": \"rnn\", \"hidden\": 8, \"lr\": 0.001, \"data\": \"x.csv\", "
         "\"level\": \"auto\", \"min-count\": 0, \"lowercase\": false, \"optimizer\": \"adam\", "
         "\"epsilon\": 1e-08, \"normalize\": true}}\n"},
    };
    ck_assert_int_eq(mkdir("all", 0777), 0);
    (void)run_command("runs all");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[100];
        ck_assert_int_eq(mkdir(cases[i].folder, 0777), 0);
        (void)snprintf(path, sizeof path, "%s/log.jsonl", cases[i].folder);
        put_text(path, cases[i].log);
    }
    put_text("all/notes", "no folder");
    ck_assert_int_eq(mkdir("all/.hidden", 0777), 0);
    ck_assert_int_eq(mkdir("all/none", 0777), 0);
    make("train --quiet " TINY "--batch 2 --steps 3 --hidden 2 --updates 2 --out all/e --save-every 2");
    run_ok("runs all");
    run_ok("runs all --json");
    run_ok("runs all/a");
    const int lock = open("all/b/" RG_LOCK_NAME, O_RDWR | O_CREAT, 0666);
    ck_assert_int_ge(lock, 0);
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    run_ok("runs all --json");
    (void)close(lock);
    (void)run_command("runs nowhere");
}
END_TEST

/* ---- Other programs' formats ---- */

static char *bytes_of_file(const char *name, size_t *bytes) {
    enum { ROOM = 1 << 16 };
    FILE *const file = fopen(name, "rb");
    char *const memory = malloc(ROOM);
    ck_assert(file && memory);
    *bytes = fread(memory, 1, ROOM, file);
    ck_assert(*bytes > 0 && *bytes < ROOM && fclose(file) == 0);
    return memory;
}

static void put_bytes(const char *name, const char *memory, size_t bytes) {
    FILE *const file = fopen(name, "wb");
    ck_assert(file && fwrite(memory, 1, bytes, file) == bytes && fclose(file) == 0);
}

START_TEST(formats) {
    make("train --quiet " TINY "--batch 2 --steps 3 --hidden 2 --updates 1 --out net --cell lstm");
    run_ok("export --model net/model.safetensors --out net.onnx");
    run_ok("import --onnx net.onnx --out back.safetensors");
    run_ok("inspect back.safetensors");
    size_t bytes = 0;
    char *const graph = bytes_of_file("net.onnx", &bytes), hidden[] = "\"hidden\":2,";
    char *const place = memmem(graph, bytes, hidden, strlen(hidden));
    ck_assert_ptr_nonnull(place);
    place[strlen(hidden) - 2] = '3'; /* the sizes of the constants are others then */
    put_bytes("odd.onnx", graph, bytes);
    free(graph);
    ck_assert_int_eq(run_command("import --onnx odd.onnx --out odd.safetensors"), RG_BAD_FILE);
    run_ok("export --model net/model.safetensors --out net.npz");
    run_ok("inspect net.npz");
    run_ok("export --model net/model.safetensors --out net/net.py");
    run_ok("export --model net/model.safetensors --out net.c");
    char *const source = text_of_file("net.c");
    ck_assert_ptr_nonnull(strstr(source, "\nstatic const size_t test_steps[TEST_SEQUENCES] = {9, 4, 1};\n"));
    free(source);
    run_ok("export --task copy --sequences 3 --steps 12 --out task.npz");
    run_ok("inspect task.npz");
    run_ok("export --task adding --sequences 1 --steps 2 --out small.npz");
    static const char *const refused[] = {
        "export --model net/model.safetensors --out net.txt",
        "export --task copy --sequences 3 --steps 12 --out task.csv",
        "export --task temporal-order --sequences 3 --steps 1 --out order.npz",
        "import --onnx net.onnx --out back.onnx",
        "import --onnx net.onnx --out back.safetensors --loss ce",
        "import --onnx net/model.safetensors --out other.safetensors",
        "predict --model net/model.safetensors --data task.npz --out p.txt " TINY,
        "predict --model net/model.safetensors --data task.npz --stride 2 " TINY,
        "predict --model net/model.safetensors --data nothing.csv " TINY,
        "eval --model net/model.safetensors --data net.npz " TINY,
        "grad --model net/model.safetensors --data task.npz --probe-time 9 " TINY,
        "grad --model net/model.safetensors --data task.npz --figure gates " TINY,
        "grad --task fashion-mnist " TINY,
        "sample --model net/model.safetensors",
        "export --model net/model.safetensors --out net/model.safetensors",
        "train --out net/model.safetensors/x --updates 1 " TINY,
        "train --out net/model.safetensors --updates 1 " TINY,
        "train --log new --out new --updates 1 " TINY,
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_msg(run_command(refused[i]) != RG_OK, "%s", refused[i]);
    }
    check_told("commands-files.txt");
}
END_TEST

TEST_MAIN("command_files") {
    TCase *const tests = add_tests(suite, "command_files");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, inspect_tensors);
    tcase_add_test(tests, models_and_results);
    tcase_add_test(tests, a_run);
    tcase_add_test(tests, logs_and_noise);
    tcase_add_test(tests, runs);
    tcase_add_test(tests, formats);
}
