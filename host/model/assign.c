/* Single weights of a model given by name: see assign.h. */
#define _GNU_SOURCE
#include "model/assign.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/sizes.h"
#include "rnn_gpu/log.h"

/* An assignment NAME[i,j]=V. */
struct assignment {
    const char *text; /* its text */
    size_t length;
    char name[RG_NAME_BYTES];
    size_t index[2], n_indices;
    double value;
};

/* A matrix that a name stands for: [rows][columns], columns 0 for a vector. */
struct target {
    size_t parameter, rows, columns;
    bool transposed;
};

static rg_status refuse(const struct assignment *a, const char *what) {
    return rg_fail(RG_USAGE, "--set %.*s: %s", (int)rg_min(a->length, 80), a->text, what);
}

/* ---- Reading ---- */

/* Read the whole number at *at and move past it. */
static bool scan_index(const char **at, size_t *out) {
    const char *p = *at;
    *out = 0;
    while (*p >= '0' && *p <= '9' && p - *at < 9) {
        *out = *out * 10 + (size_t)(*p++ - '0');
    }
    const bool good = p > *at;
    *at = p;
    return good;
}

/* Read the decimal number at *at and move past it. Returns false if there is no finite number. */
static bool scan_value(const char **at, double *out) {
    const size_t length = strspn(*at, "+-.0123456789eE");
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end = NULL;
    if (c == (locale_t)0) {
        return false;
    }
    *out = strtod_l(*at, &end, c);
    freelocale(c);
    const bool good = length > 0 && end == *at + length && isfinite(*out);
    *at += length;
    return good;
}

static rg_status scan(const char **at, struct assignment *a) {
    const char *p = *at;
    *a = (struct assignment){.text = p};
    const size_t name = strcspn(p, "[=,");
    (void)snprintf(a->name, sizeof a->name, "%.*s", (int)(name < sizeof a->name ? name : sizeof a->name - 1), p);
    p += name;
    bool good = name > 0 && *p == '[';
    while (good && *p != ']') {
        p++;
        good = a->n_indices < 2 && scan_index(&p, &a->index[a->n_indices++]) && (*p == ',' || *p == ']');
    }
    if (good) {
        p++;
        good = *p++ == '=' && scan_value(&p, &a->value) && (*p == ',' || *p == '\0');
    }
    a->length = good ? (size_t)(p - a->text) : strlen(a->text);
    if (!good) {
        return refuse(a, "expected NAME[i,j]=V, such as Wh[0,2]=0.5 or rnn.bias_ih_l0[1]=-1");
    }
    *at = *p == ',' ? p + 1 : p;
    return RG_OK;
}

/* ---- Finding ---- */

enum { N_NOTES = 3 };
static const char *const notes_names[N_NOTES] = {"Wi", "Wh", "Wo"};

static size_t notes_parameter(const struct rg_model *model, size_t i) {
    return i == 2 ? rg_model_head_weight(model)
                  : rg_model_parameter(model, 0, 0, i == 0 ? RG_ROLE_WEIGHT_IH : RG_ROLE_WEIGHT_HH);
}

/* Name number `i` of all names of the model's weights, and its matrix. Returns false past the last one. */
static bool name_at(const struct rg_model *model, size_t i, const char **name, struct target *target) {
    const bool notes = i < N_NOTES;
    const size_t p = notes ? notes_parameter(model, i) : i - N_NOTES;
    if (p >= model->n_parameters) {
        return false;
    }
    const struct rg_parameter *const w = &model->parameters[p];
    *name = notes ? notes_names[i] : w->name;
    *target = (struct target){.parameter = p, .rows = w->rows, .columns = w->columns, .transposed = notes};
    if (notes) {
        target->rows = w->columns;
        target->columns = w->rows;
    }
    return true;
}

static bool is_name(const char *given, const char *name) {
    static const char prefix[] = "rnn.";
    const bool of_layer = strncmp(name, prefix, strlen(prefix)) == 0;
    return strcmp(given, name) == 0 || (of_layer && strcmp(given, name + strlen(prefix)) == 0);
}

static void shape_text(const struct target *t, char text[64]) {
    if (t->columns > 0) {
        (void)snprintf(text, 64, "[%zu, %zu]", t->rows, t->columns);
    } else {
        (void)snprintf(text, 64, "[%zu]", t->rows);
    }
}

/* Find the weight of that name. If there is none, the message has the nearest one. */
static rg_status find(const struct rg_model *model, const struct assignment *a, struct target *out) {
    const char *name = NULL, *nearest = NULL;
    struct target target, best = {.rows = 0};
    size_t min = SIZE_MAX;
    char shape[64], what[300];
    for (size_t i = 0; name_at(model, i, &name, &target); i++) {
        if (model->parameters[target.parameter].absent) {
            continue;
        }
        if (is_name(a->name, name)) {
            *out = target;
            return RG_OK;
        }
        const size_t cost = rg_name_cost(a->name, name);
        if (cost < min) {
            min = cost;
            nearest = name;
            best = target;
        }
    }
    shape_text(&best, shape);
    (void)snprintf(what, sizeof what, "the model has no %.60s; the nearest is %s, which is %s", a->name,
                   nearest ? nearest : "none", shape);
    return refuse(a, what);
}

/* Index of the weight in the parameter's values. */
static rg_status place_of(const struct assignment *a, const struct target *t, size_t *place) {
    const bool vector = t->columns == 0;
    const bool one = a->n_indices == 1 && (vector || t->columns == 1);
    const size_t row = a->index[0], column = one ? 0 : a->index[1];
    char shape[64], what[200];
    if ((!one && (vector || a->n_indices != 2)) || row >= t->rows || (!one && column >= t->columns)) {
        shape_text(t, shape);
        (void)snprintf(what, sizeof what, "%s is %s, and places count from 0%s", a->name, shape,
                       vector ? ": it takes one" : "");
        return refuse(a, what);
    }
    *place = t->transposed ? column * t->rows + row : row * (vector ? 1 : t->columns) + column;
    return RG_OK;
}

/* ---- Setting ---- */

static rg_status set(struct rg_model *model, const struct assignment *a, bool tell) {
    struct target target = {.rows = 0};
    size_t place = 0;
    RG_TRY(find(model, a, &target));
    RG_TRY(place_of(a, &target, &place));
    if (!model->exact && fabs(a->value) > (double)FLT_MAX) {
        return refuse(a, "too large for a float; use --precision double");
    }
    const size_t at = model->parameters[target.parameter].offset + place;
    const double before = rg_model_weight(model, at);
    rg_model_set_weight(model, at, a->value);
    if (tell) {
        rg_log("set %.*s (it was %.9g)", (int)a->length, a->text, before);
    }
    return RG_OK;
}

rg_status rg_model_assign(struct rg_model *model, const char *text, bool tell) {
    struct assignment a;
    while (*text) {
        RG_TRY(scan(&text, &a));
        RG_TRY(set(model, &a, tell));
    }
    return RG_OK;
}
