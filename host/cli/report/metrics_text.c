/* Metrics for people and for programs: see metrics_text.h. */
#include "cli/report/metrics_text.h"

#include <math.h>
#include <stdio.h>

#include "files/json.h"
#include "files/json_lines.h"

enum { SHOWN_CLASSES = 20, TABLE_CLASSES = 6, NAME_BYTES = 17, HEADING_BYTES = 10 };

/* ---- JSON ---- */

static json_t *class_names(const struct rg_metrics *m, char *const *names) {
    json_t *list = json_array();
    char number[24];
    for (size_t c = 0; c < m->n_classes; c++) {
        (void)snprintf(number, sizeof number, "%zu", c);
        rg_json_append(&list, rg_json_text(names ? names[c] : number));
    }
    return list;
}

static json_t *confusion(const struct rg_metrics *m) {
    json_t *table = json_array();
    for (size_t c = 0; c < m->n_classes; c++) {
        json_t *row = json_array();
        for (size_t k = 0; k < m->n_classes; k++) {
            rg_json_append(&row, json_integer((json_int_t)m->confusion[c * m->n_classes + k]));
        }
        rg_json_append(&table, row);
    }
    return table;
}

static json_t *of_each_class(const struct rg_metrics *m, double (*measure)(const struct rg_metrics *m, size_t class)) {
    json_t *list = json_array();
    for (size_t c = 0; c < m->n_classes; c++) {
        rg_json_append(&list, rg_json_real(measure(m, c)));
    }
    return list;
}

static void add_classes(json_t **object, struct rg_metrics *m, char *const *names) {
    rg_json_set(object, "classes", class_names(m, names));
    rg_json_set(object, "confusion", confusion(m));
    rg_json_set(object, "precision", of_each_class(m, rg_metrics_precision));
    rg_json_set(object, "recall", of_each_class(m, rg_metrics_recall));
    rg_json_set(object, "f1", of_each_class(m, rg_metrics_f1));
    if (m->n_classes == 2) {
        rg_json_set(object, "auc", rg_json_real(rg_metrics_auc(m)));
    }
}

struct rg_metrics_names rg_metrics_names(const struct rg_model *model) {
    return (struct rg_metrics_names){.classes = model->classes,
                                     .outputs = model->n_targets > 1      ? model->targets
                                                : model->windows.forecast ? model->features
                                                                          : NULL};
}

static bool has_table(const struct rg_metrics *m, const struct rg_metrics_names *names) {
    return m->values && m->outputs > 1 && names->outputs;
}

static json_t *of_each_output(const struct rg_metrics *m,
                              double (*measure)(const struct rg_metrics *m, size_t output)) {
    json_t *list = json_array();
    for (size_t o = 0; o < m->outputs; o++) {
        rg_json_append(&list, rg_json_real(measure(m, o)));
    }
    return list;
}

static void add_outputs(json_t **object, const struct rg_metrics *m, char *const *names) {
    json_t *list = json_array();
    for (size_t o = 0; o < m->outputs; o++) {
        rg_json_append(&list, rg_json_text(names[o]));
    }
    rg_json_set(object, "targets", list);
    rg_json_set(object, "target_mse", of_each_output(m, rg_metrics_mse_of));
    rg_json_set(object, "target_mae", of_each_output(m, rg_metrics_mae_of));
    rg_json_set(object, "target_r2", of_each_output(m, rg_metrics_r2_of));
}

json_t *rg_metrics_json(struct rg_metrics *m, const struct rg_metrics_names *names) {
    json_t *object = rg_json_pack("{s:I, s:I, s:o}", "sequences", (json_int_t)m->sequences, "rows", (json_int_t)m->rows,
                                  "loss", rg_json_real(rg_metrics_loss(m)));
    if (m->level) {
        rg_json_set(&object, "perplexity", rg_json_real(rg_metrics_perplexity(m)));
        rg_json_set(&object, "bits_per_character", rg_json_real(rg_metrics_bits(m) / m->word_length));
        if (m->level == RG_LEVEL_WORD) {
            rg_json_set(&object, "bits_per_word", rg_json_real(rg_metrics_bits(m)));
        }
    }
    if (m->decisions > 0) {
        double low = 0.0, high = 0.0;
        rg_metrics_interval(m, &low, &high);
        rg_json_set(&object, "accuracy", rg_json_real(rg_metrics_accuracy(m)));
        rg_json_set(&object, "accuracy_low", rg_json_real(low));
        rg_json_set(&object, "accuracy_high", rg_json_real(high));
    }
    if (m->n_classes > 0) {
        add_classes(&object, m, names->classes);
    }
    if (m->values) {
        rg_json_set(&object, "mse", rg_json_real(rg_metrics_mse(m)));
        rg_json_set(&object, "mae", rg_json_real(rg_metrics_mae(m)));
        rg_json_set(&object, "r2", rg_json_real(rg_metrics_r2(m)));
    }
    if (has_table(m, names)) {
        add_outputs(&object, m, names->outputs);
    }
    return object;
}

/* ---- The screen ---- */

void rg_metrics_line(const struct rg_metrics *m, char *text, size_t bytes) {
    double low = 0.0, high = 0.0;
    const double loss = rg_metrics_loss(m);
    if (m->values) {
        (void)snprintf(text, bytes, "loss %.6g, R^2 %.4f, mean absolute error %.4g", loss, rg_metrics_r2(m),
                       rg_metrics_mae(m));
        return;
    }
    if (m->level) {
        (void)snprintf(text, bytes, "loss %.6g, perplexity %.4g, %.4f bits per %s, accuracy %.4f", loss,
                       rg_metrics_perplexity(m), rg_metrics_bits(m), m->level == RG_LEVEL_CHAR ? "character" : "word",
                       rg_metrics_accuracy(m));
        return;
    }
    rg_metrics_interval(m, &low, &high);
    (void)snprintf(text, bytes, "loss %.6g, accuracy %.4f (95 %% interval %.4f to %.4f)", loss, rg_metrics_accuracy(m),
                   low, high);
}

/* A class's name or number, cut to `bytes` including the final NUL. */
static const char *class_text(char *const *names, size_t class, char *out, size_t bytes) {
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", class);
    rg_utf8_copy(out, bytes, names ? names[class] : number);
    return out;
}

static void print_confusion(const struct rg_metrics *m, char *const *names) {
    char name[NAME_BYTES], heading[HEADING_BYTES];
    (void)printf("\n%-16s", "true \\ predicted");
    for (size_t c = 0; c < m->n_classes; c++) {
        (void)printf(" %9s", class_text(names, c, heading, sizeof heading));
    }
    (void)putchar('\n');
    for (size_t c = 0; c < m->n_classes; c++) {
        (void)printf("%-16s", class_text(names, c, name, sizeof name));
        for (size_t k = 0; k < m->n_classes; k++) {
            (void)printf(" %9llu", (unsigned long long)m->confusion[c * m->n_classes + k]);
        }
        (void)putchar('\n');
    }
}

static void print_outputs(const struct rg_metrics *m, char *const *names) {
    char name[NAME_BYTES];
    (void)printf("\n%-16s %12s %12s %9s\n", "target", "MSE", "MAE", "R^2");
    for (size_t o = 0; o < m->outputs && o < SHOWN_CLASSES; o++) {
        (void)printf("%-16s %12.6g %12.6g %9.4f\n", class_text(names, o, name, sizeof name), rg_metrics_mse_of(m, o),
                     rg_metrics_mae_of(m, o), rg_metrics_r2_of(m, o));
    }
    if (m->outputs > SHOWN_CLASSES) {
        (void)printf("and %zu more targets; --json has all\n", m->outputs - SHOWN_CLASSES);
    }
}

static void print_classes(struct rg_metrics *m, char *const *names) {
    char name[NAME_BYTES];
    if (m->n_classes <= TABLE_CLASSES) {
        print_confusion(m, names);
    }
    (void)printf("\n%-16s %9s %9s %9s\n", "class", "precision", "recall", "F1");
    for (size_t c = 0; c < m->n_classes && c < SHOWN_CLASSES; c++) {
        (void)printf("%-16s %9.4f %9.4f %9.4f\n", class_text(names, c, name, sizeof name), rg_metrics_precision(m, c),
                     rg_metrics_recall(m, c), rg_metrics_f1(m, c));
    }
    if (m->n_classes > SHOWN_CLASSES) {
        const size_t more = m->n_classes - SHOWN_CLASSES;
        (void)printf("and %zu more class%s; --json has all\n", more, more == 1 ? "" : "es");
    }
    if (m->n_classes == 2) {
        (void)printf("area under the ROC curve %.4f\n", rg_metrics_auc(m));
    }
}

void rg_metrics_print(struct rg_metrics *m, const struct rg_metrics_names *names) {
    if (has_table(m, names)) {
        print_outputs(m, names->outputs);
    }
    if (m->n_classes > 0) {
        print_classes(m, names->classes);
    }
}
