/* What the commands share, host/train/setup.h and device_setup.h: the device of each rank, inputs that are too large,
 * and a model with its data. What runs compute with them is tested through the program. */
#define _GNU_SOURCE
#include <math.h>

#include "dataset_files.h"
#include "ranks/ranks.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/tensors.h"
#include "started_model.h"
#include "train/device_setup.h"
#include "train/setup.h"

static char told[2000]; /* the notices of a call, a line each */

static void note(void *self, const char *line) {
    (void)self;
    const size_t used = strlen(told);
    (void)snprintf(told + used, sizeof told - used, "%s\n", line);
}

/* ---- Devices ---- */

/* Rank r of a host takes the device r of a list, and the list starts again where there are more ranks. */
START_TEST(devices_of_ranks) {
    static const struct {
        const char *list;
        size_t rank;
        enum rg_status status;
        const char *message;
    } cases[] = {{"nosuch-a,nosuch-b,nosuch-c", 0, RG_NO_DEVICE, "nosuch-a matches no device"},
                 {"nosuch-a,nosuch-b,nosuch-c", 1, RG_NO_DEVICE, "nosuch-b matches no device"},
                 {"nosuch-a,nosuch-b,nosuch-c", 2, RG_NO_DEVICE, "nosuch-c matches no device"},
                 {"nosuch-a,nosuch-b,nosuch-c", 3, RG_NO_DEVICE, "nosuch-a matches no device"},
                 {"nosuch-a,nosuch-b,nosuch-c", 7, RG_NO_DEVICE, "nosuch-b matches no device"},
                 {"nosuch-a", 5, RG_NO_DEVICE, "nosuch-a matches no device"},
                 {"cpu,,cpu", 1, RG_USAGE, "--device cpu,,cpu: an empty name"},
                 {"cpu,,cpu", 2, RG_OK, NULL},
                 {"nosuch,cpu", 1, RG_OK, NULL}};
    struct rg_config config = rg_config_default();
    struct rg_device *device = NULL;
    char name[300];
    config.machine.threads = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_ranks ranks = {
            .rank = cases[i].rank, .n = 8, .local_rank = cases[i].rank, .local_n = 8, .n_hosts = 1};
        config.machine.ranks = &ranks;
        config.machine.device = cases[i].list;
        const rg_status status = rg_setup_device(&config, &device);
        ck_assert_msg(status == cases[i].status, "%s, rank %zu: %s", cases[i].list, cases[i].rank, rg_error_message());
        ck_assert(!cases[i].message || strstr(rg_error_message(), cases[i].message));
        ck_assert((device != NULL) == (status == RG_OK));
        rg_device_destroy(device);
    }
    config.machine.ranks = NULL;
    config.machine.device = "cpu,cpu";
    ck_assert_int_eq(rg_setup_device(&config, &device), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "--device cpu,cpu distributes devices to the ranks of mpirun"));
    config.machine.device = name;
    for (size_t bytes = 255; bytes < 257; bytes++) {
        memset(name, 'x', bytes);
        name[bytes] = '\0';
        ck_assert_int_eq(rg_setup_device(&config, &device), bytes == 255 ? RG_NO_DEVICE : RG_USAGE);
    }
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "a name of more than 255 bytes"));
}
END_TEST

/* ---- Data ---- */

static struct rg_dataset *dataset_of(const char *name, const char *text) {
    struct rg_dataset *d = NULL;
    put(name, text, strlen(text));
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    return d;
}

static const char *told_of_scale(struct rg_dataset *d) {
    told[0] = '\0';
    rg_log_to(note, NULL);
    ck_assert_int_eq(rg_setup_tell_scale(d), RG_OK);
    rg_log_to(NULL, NULL);
    return told;
}

/* The feature with the largest root mean square is named, by its column or its number. */
START_TEST(inputs_that_are_large) {
    char wanted[700];
    struct rg_dataset *d = dataset_of("d.csv", "series,a,b,c\n0,1,-400,30\n0,2,300,40\n1,1,500,20\n");
    (void)snprintf(wanted, sizeof wanted,
                   "%s: the inputs are large (`b` is about 4.1e+02), which saturates units; --normalize scales them\n",
                   path);
    ck_assert_str_eq(told_of_scale(d), wanted);
    char **const features = d->features;
    d->features = NULL; /* as of a file without names */
    (void)snprintf(wanted, sizeof wanted,
                   "%s: the inputs are large (feature 2 is about 4.1e+02), which saturates units; --normalize scales "
                   "them\n",
                   path);
    ck_assert_str_eq(told_of_scale(d), wanted);
    d->features = features;
    rg_dataset_destroy(d);
    d = dataset_of("d.csv", "series,a\n0,30\n0,-30\n");
    ck_assert_str_eq(told_of_scale(d), "");
    rg_dataset_destroy(d);
    d = dataset_of("d.csv", "series,a\n0,31\n0,-31\n");
    ck_assert_str_ne(told_of_scale(d), "");
    rg_dataset_destroy(d);
    d = dataset_of("d.csv", "text,label\na b c,1\nd e f,0\n");
    ck_assert_str_eq(told_of_scale(d), "");
    rg_dataset_destroy(d);
}
END_TEST

/* ---- A model and its data ---- */

static char model_file[600];

static void save_model(enum rg_target target, size_t inputs) {
    struct rg_shape shape = shape_of(RG_CELL_RNN, inputs, 2, 1);
    shape.target = target;
    struct rg_model *const model = create(&shape);
    (void)snprintf(model_file, sizeof model_file, "%s/model.safetensors", folder);
    ck_assert_msg(rg_model_save(model, model_file) == RG_OK, "%s", rg_error_message());
    rg_model_destroy(model);
}

static void put_series(bool labelled) {
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, y[] = {.1F, .2F, .3F, .4F, .5F, .6F, .7F, .8F, .9F, 1};
    const struct rg_tensor items[] = {
        {.name = "x", .dtype = RG_F32, .n_dims = 3, .shape = {2, 5, 1}, .data = x, .data_bytes = sizeof x},
        {.name = "y", .dtype = RG_F32, .n_dims = 2, .shape = {2, 5}, .data = y, .data_bytes = sizeof y}};
    (void)snprintf(path, sizeof path, "%s/d.npz", folder);
    ck_assert_msg(rg_npz_write(path, items, labelled ? 2 : 1) == RG_OK, "%s", rg_error_message());
}

/* --steps keeps the last steps of the inputs, and of targets at every step. */
START_TEST(the_last_steps) {
    for (size_t steps = 0; steps <= 6; steps++) { /* 0: not given */
        struct rg_config config = rg_config_default();
        struct rg_model *model = NULL;
        struct rg_dataset *data = NULL;
        struct rg_problem problem;
        const size_t kept = steps == 0 || steps > 5 ? 5 : steps;
        save_model(RG_TARGET_STEPS, 1);
        put_series(true);
        config.data.model_file = model_file;
        config.data.file = path;
        config.data.steps = steps ? steps : config.data.steps;
        rg_config_set_given(&config, "steps", steps > 0);
        ck_assert_msg(rg_setup_model_and_data(&config, true, &model, &data, &problem) == RG_OK, "%s",
                      rg_error_message());
        ck_assert(data->n_steps == kept && data->n_targets == kept && problem.n_targets == 1);
        for (size_t i = 0; i < 2 * kept; i++) {
            const size_t from = i / kept * 5 + 5 - kept + i % kept;
            double x = 0.0;
            ck_assert_int_eq(rg_dataset_numbers(data, i, 1, &x), RG_OK);
            ck_assert_double_eq(x, (double)(from + 1));
            ck_assert_double_eq_tol(rg_dataset_target(data, i), 0.1 * (double)(from + 1), 1e-6);
        }
        rg_model_destroy(model);
        rg_dataset_destroy(data);
    }
    ck_assert_int_eq(remove(model_file), 0);
}
END_TEST

START_TEST(a_model_and_data_that_do_not_fit) {
    static const struct {
        size_t inputs, stride;
        bool has_model, has_data, labelled;
        const char *message; /* NULL: they fit */
    } cases[] = {{1, 1, false, true, true, "--model FILE and --data FILE are both needed"},
                 {1, 1, true, false, true, "--model FILE and --data FILE are both needed"},
                 {1, 2, true, true, true, "--stride 2, but "},
                 {3, 1, true, true, true, "has 1 features, but rnn.weight_ih_l0 of "},
                 {1, 1, true, true, false, "has no labels (y), which the loss needs"},
                 {1, 1, true, true, true, NULL}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const bool needs_labels = i % 2 == 0;
        struct rg_config config = rg_config_default();
        struct rg_model *model = NULL;
        struct rg_dataset *data = NULL;
        struct rg_problem problem;
        save_model(RG_TARGET_STEPS, cases[i / 2].inputs);
        put_series(cases[i / 2].labelled);
        config.data.model_file = cases[i / 2].has_model ? model_file : NULL;
        config.data.file = cases[i / 2].has_data ? path : NULL;
        config.data.stride = cases[i / 2].stride;
        const char *const wanted = cases[i / 2].labelled || needs_labels ? cases[i / 2].message : NULL;
        const rg_status status = rg_setup_model_and_data(&config, needs_labels, &model, &data, &problem);
        ck_assert_msg((status == RG_OK) == !wanted, "case %zu: %s", i, rg_error_message());
        ck_assert_msg(!wanted || strstr(rg_error_message(), wanted), "%s", rg_error_message());
        ck_assert((model != NULL) == !wanted && (data != NULL) == !wanted);
        rg_model_destroy(model);
        rg_dataset_destroy(data);
    }
    ck_assert_int_eq(remove(model_file), 0);
}
END_TEST

TEST_MAIN("setup") {
    TCase *const tests = add_tests(suite, "setup");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, devices_of_ranks);
    tcase_add_test(tests, inputs_that_are_large);
    tcase_add_test(tests, the_last_steps);
    tcase_add_test(tests, a_model_and_data_that_do_not_fit);
}
