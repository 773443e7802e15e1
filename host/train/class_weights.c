/* The weights of classes: see class_weights.h. */
#define _GNU_SOURCE
#include "train/class_weights.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "files/listed_name.h"
#include "rnn_gpu/memory.h"

enum { SHOWN = 6, NAME_SHOWN = 24 };
static const double LARGEST = 1e9;

static void balance(const size_t *of_class, size_t n, double *weights) {
    size_t rows = 0, classes = 0;
    for (size_t c = 0; c < n; c++) {
        rows += of_class[c];
        classes += of_class[c] > 0;
    }
    for (size_t c = 0; c < n; c++) {
        weights[c] = of_class[c] ? (double)rows / ((double)classes * (double)of_class[c]) : 0.0;
    }
}

/* The number at the start of the text, which a comma or the end follows. */
static rg_status read_number(const char *text, locale_t locale, double *value, const char **rest) {
    const size_t length = strcspn(text, ",");
    char *end = NULL;
    *value = strtod_l(text, &end, locale);
    const bool decimal = length > 0 && strspn(text, "+-.0123456789eE") >= length && end == text + length;
    if (!decimal || !(*value >= 0.0 && *value <= LARGEST)) {
        return rg_fail(RG_USAGE, "--class-weights takes `balanced` or numbers from 0 to 1e9 such as 1,2.5, not '%.*s'",
                       (int)rg_min(length, 40), text);
    }
    *rest = text + length;
    return RG_OK;
}

static rg_status read_list(const char *text, locale_t locale, const struct rg_targets *t, double *weights) {
    size_t n = 0;
    for (const char *at = text;; at++) {
        double value = 0.0;
        RG_TRY(read_number(at, locale, &value, &at));
        if (n < t->n_classes) {
            weights[n] = value;
        }
        n++;
        if (*at == '\0') {
            break;
        }
    }
    if (n != t->n_classes) {
        char labels[RG_LABELS_BYTES];
        rg_targets_describe(t, RG_LOSS_CE, labels, sizeof labels);
        return rg_fail(RG_USAGE, "--class-weights has %zu weight%s, and %s has %s: give one for each, in this order", n,
                       n == 1 ? "" : "s", t->data->path, labels);
    }
    return RG_OK;
}

static rg_status make(const char *text, const struct rg_targets *t, const size_t *of_class, double *weights) {
    if (strcmp(text, "balanced") == 0) {
        balance(of_class, t->n_classes, weights);
        return RG_OK;
    }
    const locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale == (locale_t)0) {
        return rg_fail(RG_NO_MEMORY, "--class-weights: no memory for the C locale; free memory");
    }
    const rg_status status = read_list(text, locale, t, weights);
    freelocale(locale);
    RG_TRY(status);
    size_t live = 0;
    for (size_t c = 0; c < t->n_classes; c++) {
        live += of_class[c] > 0 && weights[c] > 0.0;
    }
    return live >= 2 ? RG_OK
                     : rg_fail(RG_USAGE,
                               "--class-weights %.80s leaves %s of the classes that occur in %s a weight above 0; two "
                               "or more are needed",
                               text, live ? "only one" : "none", t->data->path);
}

rg_status rg_class_weights_give(const char *text, struct rg_problem *problem, double **weights) {
    struct rg_targets *const t = &problem->targets;
    size_t *of_class = NULL;
    *weights = NULL;
    if (problem->loss == RG_LOSS_MSE || t->n_classes == 0) {
        return rg_fail(RG_USAGE,
                       "--class-weights is for classes, and %s is trained with --loss %s on values; leave it out",
                       t->data->path, rg_loss_names[problem->loss]);
    }
    RG_TRY(rg_alloc(weights, t->n_classes, sizeof **weights, "the weights of classes"));
    RG_TRY(rg_alloc(&of_class, t->n_classes, sizeof *of_class, "counts of classes"));
    rg_targets_count(t, of_class);
    const rg_status status = make(text, t, of_class, *weights);
    rg_free(of_class);
    RG_TRY(status);
    t->weights = *weights; /* problem->score_baseline stays */
    problem->n_targets = t->numbers + 1;
    return rg_targets_baseline(t, problem->loss, &problem->baseline);
}

void rg_class_weights_describe(const struct rg_targets *t, char *text, size_t bytes) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t c = 0; c < t->n_classes && c < SHOWN && length < bytes; c++) {
        const char *const lead = c ? ", " : "";
        char name[RG_LISTED_BYTES];
        length +=
            (size_t)(t->data->classes ? snprintf(text + length, bytes - length, "%s%s %.4g", lead,
                                                 rg_listed_name(t->data->classes[c], NAME_SHOWN, name), t->weights[c])
                                      : snprintf(text + length, bytes - length, "%s%zu: %.4g", lead, c, t->weights[c]));
    }
    if (t->n_classes > SHOWN && length < bytes) {
        (void)snprintf(text + length, bytes - length, ", ...");
    }
}
