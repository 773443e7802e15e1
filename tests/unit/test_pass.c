/* Passes of tiny nets in double precision against tests/expected/passes.txt: each tensor with its shape and its norm,
 * and the progress that the watch is told. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "train/pass.h"
#include "train/setup.h"

static bool tell_part(void *self, double part) {
    (void)self;
    text_add(&told, " %.4f", part);
    return true;
}

/* The root of the sum of squares of the finite numbers, and how many others there are. */
static void tell_tensor(const struct rg_tensor *tensor) {
    double squares = 0.0;
    size_t others = 0;
    text_add(&told, "%s [", tensor->name);
    for (size_t i = 0; i < tensor->n_dims; i++) {
        text_add(&told, "%s%zu", i ? "," : "", tensor->shape[i]);
    }
    ck_assert(tensor->dtype == RG_F64);
    for (size_t i = 0; i < tensor->data_bytes / sizeof(double); i++) {
        const double number = ((const double *)tensor->data)[i];
        squares += isfinite(number) ? number * number : 0.0;
        others += isfinite(number) ? 0 : 1;
    }
    text_add(&told, "] %.4g", squares < NOTHING * NOTHING ? 0.0 : sqrt(squares));
    text_add(&told, others ? ", %zu not finite\n" : "\n", others);
}

/* `weight`: of all, instead of the model's own; 0: those. */
static void take_pass(const char *line, double weight) {
    static const struct rg_watch watch = {.go_on = tell_part, .before = 0.25, .span = 0.5};
    struct rg_device *device = NULL;
    struct rg_model *model = NULL;
    struct rg_dataset *data = NULL;
    struct rg_problem problem;
    struct rg_pass *pass = NULL;
    accept(line);
    text_add(&told, "$ %s\nprogress:", line);
    const struct rg_device_options options = {.threads = 1, .is_double = true};
    ck_assert_int_eq(rg_device_open("cpu", &options, &device), RG_OK);
    rg_status status = rg_setup_model_and_data(&config, false, &model, &data, &problem);
    for (size_t i = 0; status == RG_OK && weight > 0.0 && i < model->arena; i++) {
        if (model->exact) {
            model->exact[i] = weight;
        } else {
            model->weights[i] = (float)weight;
        }
    }
    status = status == RG_OK ? rg_pass_create(&config, device, model, data, &problem, &pass) : status;
    status = status == RG_OK ? rg_pass_diagnose(pass, 1, &watch) : status;
    ck_assert_msg(status == RG_OK, "`%s`: %s", line, rg_error_message());
    text_add(&told, "\n");
    for (size_t i = 0; i < pass->n_tensors; i++) {
        tell_tensor(&pass->tensors[i]);
    }
    rg_pass_destroy(pass);
    rg_dataset_destroy(data);
    rg_model_destroy(model);
    rg_device_destroy(device);
}

START_TEST(passes) {
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n"
                            "4,1,1,red\n4,0,2,red\n");
    put_text("text.txt", "The cat sat on the mat and the rat ran from the cat.\n");
    make("train --quiet --device cpu --precision double --data classes.csv --hidden 2 --cell lstm --bidirectional "
         "--skip 1 --updates 1 --out both");
    make("train --quiet --device cpu --precision double --data classes.csv --hidden 2 --activation relu --updates 1 "
         "--out relu");
    make("train --quiet --device cpu --precision double --data text.txt --hidden 2 --layers 2 --updates 1 --steps 20 "
         "--batch 2 --out text");
    take_pass("grad --precision double --model both/model.safetensors --data classes.csv", 0.0);
    take_pass("grad --precision double --model text/model.safetensors --data text.txt --probe-times 2,18-20", 0.0);
    take_pass("grad --precision double --model relu/model.safetensors --data classes.csv", 1e200);
    put_text("wild.csv", "series,a,b,label\n1,1e300,1,red\n1,-1e300,1,red\n2,1,1,green\n2,-1e300,1,green\n");
    take_pass("grad --precision double --model relu/model.safetensors --data wild.csv", 1e200);
    check_told("passes.txt");
}
END_TEST

TEST_MAIN("pass") {
    TCase *const tests = add_tests(suite, "pass");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, passes);
}
