/* `rnn-gpu inspect`: the contents of a model, a checkpoint, or another file of tensors. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/called.h"
#include "base/number_text.h"
#include "base/sizes.h"
#include "cli/commands/commands.h"
#include "cli/commands/file_kind.h"
#include "cli/commands/trainings.h"
#include "cli/report/columns.h"
#include "cli/report/lines.h"
#include "cli/report/screen.h"
#include "cli/settings.h"
#include "files/json_lines.h"
#include "files/listed_name.h"
#include "files/sections.h"
#include "files/shell_text.h"
#include "model/state_names.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/checkpoint.h"

enum { PIECE = 4096, NAME_BYTES = 200, N_COLUMNS = 8 };

/* ---- A tensor in a line ---- */

/* Statistics of a tensor's numbers. */
struct figures {
    double min, max, sum; /* of the finite numbers */
    size_t finite, others;
};

static void look_at(const struct rg_tensor *tensor, struct figures *f) {
    double values[PIECE];
    const size_t n = rg_tensor_elements(tensor), width = rg_dtype_bytes(tensor->dtype);
    *f = (struct figures){.min = INFINITY, .max = -INFINITY};
    for (size_t first = 0; first < n; first += PIECE) {
        struct rg_tensor piece = {.name = tensor->name, .dtype = tensor->dtype, .n_dims = 1};
        piece.shape[0] = rg_min(n - first, PIECE);
        piece.data = (const char *)tensor->data + first * width;
        piece.data_bytes = piece.shape[0] * width;
        rg_tensor_to_double(&piece, values);
        for (size_t i = 0; i < piece.shape[0]; i++) {
            const bool finite = isfinite(values[i]);
            f->min = finite ? fmin(f->min, values[i]) : f->min;
            f->max = finite ? fmax(f->max, values[i]) : f->max;
            f->sum += finite ? values[i] : 0.0;
            f->finite += finite;
            f->others += !finite;
        }
    }
}

/* A tensor as it is shown. */
struct shown_tensor {
    const struct rg_tensor *tensor;
    const char *type;      /* of a type that is not read, the file's name for it; else NULL */
    const char *parameter; /* its name in the model, or "" if it has none */
};

static const char *type_of(const struct shown_tensor *shown) {
    return shown->type ? shown->type : rg_dtype_name(shown->tensor->dtype);
}

static rg_status print_tensor_json(const struct shown_tensor *shown, const struct figures *f) {
    const struct rg_tensor *const tensor = shown->tensor;
    size_t elements = 1;
    for (size_t d = 0; d < tensor->n_dims; d++) { /* the bytes of a type that is not read do not tell */
        elements *= tensor->shape[d];
    }
    const double mean = f->finite ? f->sum / (double)f->finite : NAN;
    json_t *sizes = json_array();
    for (size_t d = 0; d < tensor->n_dims; d++) {
        rg_json_append(&sizes, json_integer((json_int_t)tensor->shape[d]));
    }
    json_t *line = rg_json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "name", rg_json_text(tensor->name), "dtype",
                                rg_json_text(type_of(shown)), "shape", sizes, "elements", (json_int_t)elements, "min",
                                f->finite ? rg_json_real(f->min) : json_null(), "max",
                                f->finite ? rg_json_real(f->max) : json_null(), "mean",
                                f->finite ? rg_json_real(mean) : json_null(), "nonfinite",
                                shown->type ? json_null() : json_integer((json_int_t)f->others));
    if (shown->parameter[0]) {
        rg_json_set(&line, "parameter", rg_json_text(shown->parameter));
    }
    return rg_json_print(line);
}

/* A number of a tensor that has finite ones, else a dash. */
static void add_figure(struct rg_columns *table, const struct figures *f, double value) {
    if (f->finite) {
        rg_columns_cell(table, "", "%.4g", value);
    } else {
        rg_columns_cell(table, "", "-");
    }
}

/* Create the table of n tensors. With `matched` its last column has the tensors' names in the model. */
static rg_status make_table(const struct rg_config *config, size_t n, bool matched, struct rg_columns *table) {
    static const struct rg_column columns[N_COLUMNS] = {
        {.head = "tensor", .left = true},
        {.head = "type", .left = true},
        {.head = "shape", .left = true},
        {.head = "least"},
        {.head = "most"},
        {.head = "mean"},
        {.head = "not finite"},
        {.head = "is", .left = true},
    };
    const struct rg_look look = rg_look_of(config);
    const struct rg_columns_options options = {.columns = columns,
                                               .n = matched ? N_COLUMNS : N_COLUMNS - 1,
                                               .keys = 1,
                                               .rows = n,
                                               .width = rg_look_rows(&look),
                                               .gap = 2};
    return rg_columns_create(&options, table);
}

/* Print an object for a tensor, or add a row. */
static rg_status add_tensor(const struct rg_config *config, const struct shown_tensor *shown,
                            struct rg_columns *table) {
    const struct rg_tensor *const tensor = shown->tensor;
    struct figures f = {.finite = 0};
    if (!shown->type) {
        look_at(tensor, &f);
    }
    if (config->output.json) {
        return print_tensor_json(shown, &f);
    }
    rg_columns_cell(table, "", "%s", tensor->name);
    rg_columns_cell(table, "", "%s", type_of(shown));
    rg_columns_cell(table, "", "%s", rg_shape_text(tensor->shape, tensor->n_dims).text);
    add_figure(table, &f, f.min);
    add_figure(table, &f, f.max);
    add_figure(table, &f, f.finite ? f.sum / (double)f.finite : (double)NAN);
    if (shown->type) {
        rg_columns_cell(table, "", "-");
    } else {
        rg_columns_cell(table, "", "%zu", f.others);
    }
    if (table->options.n == N_COLUMNS) {
        rg_columns_cell(table, "", "%s", shown->parameter[0] ? shown->parameter : "-");
    }
    return table->status;
}

/* Show the table if it is complete, and release it. */
static rg_status end_table(const struct rg_config *config, struct rg_columns *table, rg_status status) {
    status = status == RG_OK && !config->output.json ? rg_columns_end(table) : status;
    rg_columns_release(table);
    return status;
}

/* Print "  NAME  VALUE", as long as there is a value. */
static void print_pair(const struct rg_config *config, const char *name, const char *value) {
    const struct rg_look look = rg_look_of(config);
    rg_lines_format(stdout, rg_look_rows(&look), 19, "  %-16s %s", name, value);
}

/* ---- Files of tensors ---- */

/* rnn-gpu's name for a tensor of a model, from the names of the file; "" for a tensor that is not part of the model. */
static void parameter_of(const struct rg_model *model, const struct rg_state_names *names, const char *tensor,
                         char text[NAME_BYTES]) {
    const struct {
        const struct rg_prefix *from;
        const char *to;
    } prefixes[] = {{&names->recurrent, "rnn."}, {&names->head, "head."}, {&names->embed, "embed."}};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const struct rg_prefix *const from = prefixes[i].from;
        if (!from->text || strncmp(tensor, from->text, from->length) != 0) {
            continue;
        }
        (void)snprintf(text, NAME_BYTES, "%s%s", prefixes[i].to, tensor + from->length);
        for (size_t k = 0; k < model->n_parameters; k++) {
            if (strcmp(model->parameters[k].name, text) == 0) {
                return;
            }
        }
    }
    text[0] = '\0';
}

/* Read the model in a safetensors file. *model stays NULL, with the reason in the error slot, if the file holds no
 * model that can be read. Fails only where memory ends. */
static rg_status try_model(const char *path, struct rg_model **model) {
    const struct rg_shape defaults = {.cell = RG_N_CELLS, .readout = RG_N_READOUTS, .loss = RG_LOSS_AUTO};
    const struct rg_model_reading how = {.defaults = &defaults};
    const rg_status status = rg_model_read(path, &how, model);
    return status == RG_NO_MEMORY ? status : RG_OK;
}

/* Are these the gradients that `grad --out` writes? */
static bool are_gradients(const struct rg_tensors *tensors) {
    bool norm = false, gradient = false;
    for (size_t i = 0; i < tensors->count; i++) {
        norm = norm || strcmp(tensors->items[i].name, "grad_norm") == 0;
        gradient = gradient || strncmp(tensors->items[i].name, "grad.", strlen("grad.")) == 0;
    }
    return norm && gradient;
}

/* Add a value of JSON as text, a list with commas between its items. */
static void add_value(const json_t *value, struct rg_line *line) {
    for (size_t i = 0; i < json_array_size(value); i++) {
        rg_line_add(line, "%s", i ? ", " : "");
        const json_t *const item = json_array_get(value, i);
        char name[RG_LISTED_BYTES];
        if (json_is_string(item)) {
            rg_line_add(line, "%s", rg_listed_name(json_string_value(item), RG_LISTED_BYTES, name));
        } else {
            add_value(item, line);
        }
    }
    if (json_is_string(value)) {
        rg_line_add(line, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        rg_line_add(line, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        rg_line_add(line, "%.9g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        rg_line_add(line, "%s", json_is_true(value) ? "yes" : "no");
    }
}

/* Print the options in a model's file, a JSON object. */
static void print_options(const struct rg_config *config, const char *text) {
    json_t *const options = json_loads(text, 0, NULL);
    (void)puts("\noptions");
    for (void *at = json_object_iter(options); at; at = json_object_iter_next(options, at)) {
        struct rg_line line = {.length = 0};
        add_value(json_object_iter_value(at), &line);
        print_pair(config, json_object_iter_key(at), line.text);
    }
    json_decref(options);
}

static rg_status print_head(const struct rg_config *config, const char *format, const struct rg_tensors *tensors,
                            const struct rg_model *model, const char *why) {
    const bool own = tensors->config != NULL;
    char text[160];
    if (model) {
        rg_screen_model_text(model, text, sizeof text);
    }
    if (config->output.json) {
        json_t *head = rg_json_pack("{s:o, s:s, s:I}", "file", rg_json_text(config->subject), "format", format,
                                    "tensors", (json_int_t)tensors->count);
        if (model) {
            rg_json_set(&head, "model", rg_json_text(text));
            rg_json_set(&head, "weights", json_integer((json_int_t)rg_model_n_weights(model)));
            rg_json_set(&head, "written_by", json_string(own ? "rnn-gpu" : "another program"));
        }
        if (own) {
            rg_json_set(&head, "config", json_loads(tensors->config, 0, NULL));
        }
        return rg_json_print(head);
    }
    const struct rg_look look = rg_look_of(config);
    const size_t width = rg_look_rows(&look);
    rg_lines_format(stdout, width, 2, "%s: %s, %zu tensor%s", config->subject, format, tensors->count,
                    tensors->count == 1 ? "" : "s");
    if (model) {
        rg_lines_format(stdout, width, 2, "a model%s: %s", own ? "" : " of another program, such as PyTorch", text);
    } else if (are_gradients(tensors)) {
        (void)printf("the gradients that grad wrote\n");
    } else if (why[0]) {
        rg_lines_format(stdout, width, 2, "not a model that rnn-gpu can load: %s", why);
    }
    if (own) {
        print_options(config, tensors->config);
    }
    (void)putchar('\n');
    return RG_OK;
}

static rg_status print_tensors(const struct rg_config *config, const struct rg_tensors *tensors,
                               const struct rg_model *model) {
    struct rg_state_names names = rg_own_names;
    char parameter[NAME_BYTES] = "";
    const bool matched =
        model && !tensors->config && rg_state_names_find(config->subject, tensors, NULL, &names) == RG_OK;
    struct rg_columns table;
    rg_status status = make_table(config, tensors->count, matched, &table);
    for (size_t i = 0; status == RG_OK && i < tensors->count; i++) {
        if (matched) {
            parameter_of(model, &names, tensors->items[i].name, parameter);
        }
        const struct shown_tensor shown = {
            .tensor = &tensors->items[i], .type = tensors->types[i], .parameter = parameter};
        status = add_tensor(config, &shown, &table);
    }
    return end_table(config, &table, status);
}

static rg_status inspect_tensors(const struct rg_config *config, enum rg_file_kind kind) {
    static const char *const formats[] = {
        [RG_FILE_SAFETENSORS] = "safetensors", [RG_FILE_NPZ] = "npz", [RG_FILE_NPY] = "npy"};
    struct rg_tensors *tensors = NULL;
    struct rg_model *model = NULL;
    char why[500] = "";
    if (kind == RG_FILE_SAFETENSORS) {
        RG_TRY(try_model(config->subject, &model));
        (void)snprintf(why, sizeof why, "%s", model ? "" : rg_error_message());
    }
    rg_status status = rg_tensors_list(config->subject, &tensors);
    status = status == RG_OK ? print_head(config, formats[kind], tensors, model, why) : status;
    status = status == RG_OK ? print_tensors(config, tensors, model) : status;
    rg_tensors_destroy(tensors);
    rg_model_destroy(model);
    return status;
}

/* ---- Checkpoints ---- */

/* The head of a checkpoint. */
struct facts {
    char *program, *device;
    uint64_t update, real_bytes;
    double loss, seconds;
};

static rg_status read_facts(const struct rg_sections *s, struct facts *f) {
    RG_TRY(rg_sections_get_text(s, "program", &f->program));
    RG_TRY(rg_sections_get_text(s, "device", &f->device));
    RG_TRY(rg_sections_number(s, "training.updates", UINT64_MAX, &f->update));
    RG_TRY(rg_sections_number(s, "precision.bytes", sizeof(double), &f->real_bytes));
    RG_TRY(rg_sections_real(s, "training.mean_loss", &f->loss));
    return rg_sections_real(s, "training.seconds", &f->seconds);
}

/* The options of a checkpoint that `inspect` shows: only those that had an effect on the run. */
struct shown {
    const struct rg_config *config;
    struct rg_config run;
    bool exact;     /* the values are those that the run has; else the loss and the steps of a file may be others */
    json_t *object; /* with --json, else NULL: print them */
};

static rg_status show_option(void *self, const char *name, const char *value) {
    struct shown *const shown = self;
    const struct rg_option *const option = rg_option_named(name);
    const bool by_epochs = shown->run.training.epochs > 0 && strcmp(name, "updates") == 0;
    const bool unknown = !shown->exact && ((strcmp(name, "loss") == 0 && shown->run.model.loss == RG_LOSS_AUTO) ||
                                           (strcmp(name, "steps") == 0 && shown->run.data.file));
    if (!option || by_epochs || unknown || !rg_setting_has_part(option, &shown->run)) {
        return RG_OK;
    }
    if (shown->object) {
        rg_json_set(&shown->object, name, rg_json_text(value));
    } else {
        print_pair(shown->config, name, value);
    }
    return RG_OK;
}

/* Print the options, or with --json collect them in `object`. Reading a text of options uses it up. */
static rg_status show_options(const struct rg_config *config, const struct rg_sections *s, json_t **object) {
    const bool exact = rg_sections_find(s, "settings") != NULL;
    struct shown shown = {.config = config, .exact = exact};
    char *text = NULL, *again = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_sections_get_text(s, exact ? "settings" : "options", &text));
    RG_TRY(rg_copy_string(&again, text));
    shown.object = object ? json_object() : NULL;
    RG_TRY_GOTO(rg_options_restore("train", s->path, text, &shown.run));
    RG_TRY_GOTO(rg_options_list(s->path, again, show_option, &shown));
cleanup:
    rg_free(again);
    if (object) {
        *object = shown.object;
    }
    return status;
}

static rg_status print_checkpoint_json(const struct rg_config *config, const struct rg_sections *s,
                                       const struct facts *f) {
    json_t *options = NULL, *sections = json_object();
    const rg_status status = show_options(config, s, &options);
    if (status != RG_OK) {
        json_decref(options);
        json_decref(sections);
        return status;
    }
    for (size_t i = 0; i < s->n; i++) {
        rg_json_set(&sections, s->items[i].name, json_integer((json_int_t)s->items[i].bytes));
    }
    json_t *const head =
        rg_json_pack("{s:o, s:s, s:i, s:o, s:I, s:o, s:o, s:o, s:s, s:o, s:o}", "file", rg_json_text(s->path), "format",
                     "checkpoint", "format_version", RG_SECTIONS_FORMAT, "program", rg_json_text(f->program), "update",
                     (json_int_t)f->update, "loss", rg_json_real(f->loss), "seconds", rg_json_real(f->seconds),
                     "device", rg_json_text(f->device), "precision",
                     f->real_bytes == sizeof(double) ? "double" : "float", "options", options, "sections", sections);
    return rg_json_print(head);
}

/* Print the command that makes the run. */
static rg_status print_command(const struct rg_sections *s) {
    const struct rg_section *const section = rg_sections_find(s, "arguments");
    struct rg_text text = {.bytes = NULL};
    char **words = NULL;
    int n = 0;
    const char *const all = section ? section->data : NULL;
    const size_t bytes = section ? section->bytes : 0;
    if (bytes == 0 || all[bytes - 1] != '\0') {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&words, bytes, sizeof *words, "the command line"));
    for (size_t i = 0; i < bytes; i += strlen(words[n - 1]) + 1) {
        words[n++] = (char *)section->data + i;
    }
    rg_status status = rg_shell_text_add(&text, n, words);
    status = status == RG_OK ? rg_text_add(&text, "", 1) : status;
    if (status == RG_OK) {
        (void)printf("\nmade by\n" RG_CALLED "%s\n", text.bytes);
    }
    rg_text_destroy(&text);
    rg_free(words);
    return status;
}

static rg_status print_checkpoint_head(const struct rg_config *config, const struct rg_sections *s,
                                       const struct facts *f) {
    const struct rg_look look = rg_look_of(config);
    const size_t width = rg_look_rows(&look);
    char time[RG_NUMBER_BYTES];
    rg_lines_format(stdout, width, 2, "%s: a checkpoint of rnn-gpu %s, format %d", s->path, f->program,
                    RG_SECTIONS_FORMAT);
    rg_lines_format(stdout, width, 2, "after update %llu: loss %.6g, %s of training on %s, numbers of %llu bytes",
                    (unsigned long long)f->update, f->loss, rg_seconds_text(f->seconds, time), f->device,
                    (unsigned long long)f->real_bytes);
    RG_TRY(print_command(s));
    (void)puts("\noptions");
    RG_TRY(show_options(config, s, NULL));
    (void)printf("\nsections, in bytes\n");
    for (size_t i = 0; i < s->n; i++) {
        (void)printf("  %-24s %zu\n", s->items[i].name, s->items[i].bytes);
    }
    (void)putchar('\n');
    return RG_OK;
}

/* Add one weight tensor of the arena. RG_BAD_FILE for a place outside of it. */
static rg_status add_parameter(const struct rg_config *config, const struct rg_sections *s,
                               const struct rg_parameter_row *row, size_t real_bytes, struct rg_columns *table) {
    const struct rg_section *const weights = rg_sections_find(s, "weights");
    const size_t arena = weights->bytes / real_bytes;
    size_t elements = 0;
    if (memchr(row->name, '\0', sizeof row->name) == NULL ||
        !rg_multiply((size_t)row->rows, row->columns ? (size_t)row->columns : 1, &elements) || elements > arena ||
        row->offset > arena - elements) {
        return rg_fail(RG_BAD_FILE, "%s: the section 'parameters' refers to places outside of 'weights'", s->path);
    }
    const struct rg_tensor tensor = {.name = row->name,
                                     .dtype = real_bytes == sizeof(double) ? RG_F64 : RG_F32,
                                     .n_dims = row->columns ? 2 : 1,
                                     .shape = {(size_t)row->rows, (size_t)row->columns},
                                     .data = (const char *)weights->data + (size_t)row->offset * real_bytes,
                                     .data_bytes = elements * real_bytes};
    return add_tensor(config, &(struct shown_tensor){.tensor = &tensor, .parameter = ""}, table);
}

static rg_status print_checkpoint(const struct rg_config *config, const struct rg_sections *s) {
    const struct rg_section *const parameters = rg_sections_find(s, "parameters");
    struct facts f;
    RG_TRY(read_facts(s, &f));
    if (!parameters || !rg_sections_find(s, "weights") || (f.real_bytes != 4 && f.real_bytes != 8)) {
        return rg_fail(RG_BAD_FILE, "%s: a checkpoint without weights", s->path);
    }
    RG_TRY(config->output.json ? print_checkpoint_json(config, s, &f) : print_checkpoint_head(config, s, &f));
    const struct rg_parameter_row *const rows = parameters->data;
    const size_t n = parameters->bytes / sizeof *rows;
    struct rg_columns table;
    rg_status status = make_table(config, n, false, &table);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        status = add_parameter(config, s, &rows[i], (size_t)f.real_bytes, &table);
    }
    return end_table(config, &table, status);
}

/* Print the values of an object that are known, without those of objects in it, and without what the heading says. */
static void print_values(const struct rg_config *config, json_t *object) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value) {
        const bool said = strcmp(name, "file") == 0 || strcmp(name, "format") == 0;
        if (!said && !json_is_null(value) && !json_is_object(value)) {
            struct rg_line line = {.length = 0};
            add_value(value, &line);
            print_pair(config, name, line.text);
        }
    }
}

static void print_part(const struct rg_config *config, const char *title, json_t *object) {
    if (object) {
        (void)printf("\n%s\n", title);
        print_values(config, object);
    }
}

/* Print the result of a training of compare or sweep, which has no tensors, and the names of its models. */
static rg_status print_result(const struct rg_config *config, struct rg_sections *sections) {
    json_t *result = NULL;
    RG_TRY(rg_trainings_json(sections, &result));
    if (config->output.json) {
        return rg_json_print(result);
    }
    const struct rg_look look = rg_look_of(config);
    rg_lines_format(stdout, rg_look_table(&look), 2, "%s: the result of a training of compare or sweep",
                    sections->path);
    print_values(config, result);
    print_part(config, "validation", json_object_get(result, "validation"));
    print_part(config, "test", json_object_get(result, "test"));
    print_part(config, "options", json_object_get(result, "options"));
    json_decref(result);
    return RG_OK;
}

rg_status rg_command_inspect(const struct rg_config *config) {
    enum rg_file_kind kind = RG_FILE_OTHER;
    struct stat info;
    if (stat(config->subject, &info) == 0 && S_ISDIR(info.st_mode)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: is a folder, and inspect takes one file; verify DIR checks all files of a folder, and "
                       "runs DIR lists its runs",
                       config->subject);
    }
    RG_TRY(rg_file_kind_of(config->subject, &kind));
    if (kind != RG_FILE_CHECKPOINT) { /* the reader of tensors refuses other files, and says what they are */
        return inspect_tensors(config, kind);
    }
    struct rg_sections *sections = NULL;
    bool foreign = false;
    RG_TRY(rg_sections_read(config->subject, &sections, &foreign));
    const bool is_result = rg_trainings_is(sections);
    const rg_status status = is_result ? print_result(config, sections) : print_checkpoint(config, sections);
    rg_sections_destroy(sections);
    return status;
}
