/* Predictions as a CSV file: see predict_csv.h. */
#include "cli/commands/predict_csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "files/json.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/score.h"

enum { NUMBER_BYTES = 40 };

struct table {
    const struct rg_predictions *p;
    struct rg_text rows;   /* text of the file */
    double *probabilities; /* [classes] */
    size_t n_classes;      /* 0: values */
};

/* ---- Cells ---- */

static rg_status add_number(struct table *t, const char *lead, double value) {
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, t->p->exact ? "%s%.17g" : "%s%.9g", lead, value);
    return rg_text_add_string(&t->rows, text);
}

static rg_status add_count(struct table *t, const char *lead, size_t value) {
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, "%s%zu", lead, value);
    return rg_text_add_string(&t->rows, text);
}

/* Add a text, quoted if RFC 4180 requires it, with every quote doubled. */
static rg_status add_text(struct table *t, const char *text) {
    const bool quoted = strpbrk(text, ",;\"\r\n") != NULL;
    RG_TRY(rg_text_add_string(&t->rows, quoted ? "\"" : ""));
    for (const char *at = text; *at != '\0'; at++) {
        RG_TRY(rg_text_add(&t->rows, at, 1));
        RG_TRY(*at == '"' ? rg_text_add(&t->rows, at, 1) : RG_OK);
    }
    return rg_text_add_string(&t->rows, quoted ? "\"" : "");
}

/* The names of the classes, or NULL. The classes of a language model are the words of its vocabulary. */
static char *const *class_names(const struct rg_model *m) {
    return m->level != RG_LEVEL_NONE ? m->vocabulary : m->classes;
}

static rg_status add_class(struct table *t, size_t class) {
    char *const *const names = class_names(t->p->model);
    return names ? add_text(t, names[class]) : add_count(t, "", class);
}

/* ---- Rows ---- */

static bool every_step(const struct table *t) {
    return t->p->model->shape.target == RG_TARGET_STEPS;
}

/* Labels of a row in the form of the file: one, or those of several target columns. */
static size_t n_labels(const struct table *t) {
    const struct rg_dataset *const d = t->p->data;
    const size_t rows = every_step(t) ? d->n_steps : 1, named = d->n_target_names;
    return !rg_dataset_is_labelled(d) ? 0 : d->n_targets == rows ? 1 : d->n_targets == rows * named ? named : 0;
}

static rg_status add_label(struct table *t, size_t at) {
    const struct rg_dataset *const d = t->p->data;
    const double label = rg_dataset_target(d, at);
    RG_TRY(rg_text_add_string(&t->rows, ","));
    char *const *const names = t->p->model->level != RG_LEVEL_NONE ? t->p->model->vocabulary : d->classes;
    if (isnan(label) || (names && label < 0.0)) {
        return RG_OK; /* no label, or a class or token that the model does not know */
    }
    return names ? add_text(t, names[(size_t)label]) : add_number(t, "", label);
}

/* Add the class with the largest probability, and all probabilities. */
static rg_status add_classes(struct table *t, const double *z) {
    size_t best = 0;
    if (t->p->problem->loss == RG_LOSS_CE) {
        rg_softmax(z, t->n_classes, t->probabilities);
        best = rg_largest(z, t->n_classes);
    } else {
        t->probabilities[0] = rg_sigmoid(-z[0]);
        t->probabilities[1] = rg_sigmoid(z[0]);
        best = z[0] > 0.0;
    }
    RG_TRY(rg_text_add_string(&t->rows, ","));
    RG_TRY(add_class(t, best));
    for (size_t c = 0; c < t->n_classes; c++) {
        RG_TRY(add_number(t, ",", t->probabilities[c]));
    }
    return RG_OK;
}

static rg_status add_row(struct table *t, size_t sequence, size_t step, const double *z) {
    const struct rg_predictions *const p = t->p;
    const size_t width = p->model->shape.outputs;
    RG_TRY(add_count(t, "", sequence + 1));
    if (p->data->names) {
        RG_TRY(rg_text_add_string(&t->rows, ","));
        RG_TRY(add_text(t, p->data->names[sequence]));
    }
    RG_TRY(every_step(t) ? add_count(t, ",", step + 1) : RG_OK);
    if (p->data->rows) { /* the row of the last step, less the later steps */
        RG_TRY(add_count(t, ",", p->data->rows[sequence] - (every_step(t) ? p->data->n_steps - 1 - step : 0)));
    }
    if (p->data->texts) {
        RG_TRY(rg_text_add_string(&t->rows, ","));
        RG_TRY(add_text(t, p->data->texts[sequence]));
    }
    const size_t n = n_labels(t), row = every_step(t) ? sequence * p->data->n_steps + step : sequence;
    for (size_t k = 0; k < n; k++) {
        RG_TRY(add_label(t, row * n + k));
    }
    if (t->n_classes > 0) {
        RG_TRY(add_classes(t, z));
    }
    for (size_t o = 0; t->n_classes == 0 && o < width; o++) {
        RG_TRY(add_number(t, ",", p->problem->loss == RG_LOSS_BCE ? rg_sigmoid(z[o]) : z[o]));
    }
    return rg_text_add_string(&t->rows, "\n");
}

/* Add the header of one of several outputs. It contains the name of the target column, or of the forecast column. */
static rg_status add_predicted(struct table *t, size_t o) {
    const struct rg_model *const m = t->p->model;
    struct rg_text name = {.bytes = NULL};
    char *const *const names = m->n_targets > 1 ? m->targets : m->windows.forecast ? m->features : NULL;
    if (!names) {
        return add_count(t, ",predicted_", o + 1);
    }
    rg_status status = rg_text_add_string(&name, "predicted_");
    status = status == RG_OK ? rg_text_add(&name, names[o], strlen(names[o]) + 1) : status;
    status = status == RG_OK ? rg_text_add_string(&t->rows, ",") : status;
    status = status == RG_OK ? add_text(t, name.bytes) : status;
    rg_text_destroy(&name);
    return status;
}

static rg_status add_header(struct table *t) {
    const size_t width = t->p->model->shape.outputs;
    RG_TRY(rg_text_add_string(&t->rows, "sequence"));
    RG_TRY(rg_text_add_string(&t->rows, t->p->data->names ? ",series" : ""));
    RG_TRY(rg_text_add_string(&t->rows, every_step(t) ? ",step" : ""));
    RG_TRY(rg_text_add_string(&t->rows, t->p->data->rows ? ",row" : ""));
    RG_TRY(rg_text_add_string(&t->rows, t->p->data->texts ? ",text" : ""));
    for (size_t k = 0; k < n_labels(t); k++) {
        RG_TRY(rg_text_add_string(&t->rows, ","));
        RG_TRY(add_text(t, t->p->data->targets ? t->p->data->targets[k] : "label"));
    }
    for (size_t o = 0; t->n_classes == 0 && width > 1 && o < width; o++) {
        RG_TRY(add_predicted(t, o));
    }
    RG_TRY(rg_text_add_string(&t->rows, t->n_classes > 0 || width == 1 ? ",predicted" : ""));
    for (size_t c = 0; c < t->n_classes; c++) {
        struct rg_text name = {.bytes = NULL};
        char number[NUMBER_BYTES];
        char *const *const names = class_names(t->p->model);
        (void)snprintf(number, sizeof number, "%zu", c);
        rg_status status = rg_text_add_string(&name, "probability_");
        status = status == RG_OK ? rg_text_add_string(&name, names ? names[c] : number) : status;
        status = status == RG_OK ? rg_text_add(&name, "", 1) : status;
        status = status == RG_OK ? rg_text_add_string(&t->rows, ",") : status;
        status = status == RG_OK ? add_text(t, name.bytes) : status;
        rg_text_destroy(&name);
        RG_TRY(status);
    }
    return rg_text_add_string(&t->rows, "\n");
}

static rg_status add_rows(struct table *t) {
    const struct rg_dataset *const d = t->p->data;
    const size_t width = t->p->model->shape.outputs, steps = every_step(t) ? d->n_steps : 1;
    for (size_t i = 0; i < d->n_sequences; i++) {
        const size_t length = !every_step(t) ? 1 : d->lengths ? (size_t)d->lengths[i] : steps;
        const size_t first = d->pad_left ? steps - length : 0;
        for (size_t step = first; step < first + length; step++) {
            RG_TRY(add_row(t, i, step, t->p->outputs + (i * steps + step) * width));
        }
    }
    return RG_OK;
}

rg_status rg_predictions_write_csv(const struct rg_predictions *predictions, const char *path) {
    const enum rg_loss loss = predictions->problem->loss;
    const size_t outputs = predictions->model->shape.outputs;
    struct table t = {.p = predictions};
    t.n_classes = loss == RG_LOSS_CE ? outputs : loss == RG_LOSS_BCE && outputs == 1 ? 2 : 0;
    RG_TRY(rg_alloc(&t.probabilities, t.n_classes, sizeof *t.probabilities, "probabilities"));
    rg_status status = add_header(&t);
    status = status == RG_OK ? add_rows(&t) : status;
    status = status == RG_OK ? rg_file_write(path, t.rows.bytes, t.rows.length) : status;
    rg_text_destroy(&t.rows);
    rg_free(t.probabilities);
    return status;
}
