/* Parameters that a training leaves as they are: see freeze.h. */
#include "model/freeze.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/sizes.h"

enum { PATTERN_BYTES = 2 * RG_NAME_BYTES };

/* The name without its "rnn.". */
static const char *short_name(const char *name) {
    static const char prefix[] = "rnn.";
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 ? name + length : name;
}

static bool matches(const char *pattern, const char *name) {
    return fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, short_name(name), 0) == 0;
}

/* Cost of the edits from a pattern to a name. Of a pattern with a wildcard only the letters before it count, and as
 * many of the name. */
static size_t cost_of(const char *pattern, const char *name) {
    const size_t stem = strcspn(pattern, "*?[");
    const bool whole = pattern[stem] == '\0';
    char wanted[PATTERN_BYTES], begin[RG_NAME_BYTES];
    (void)snprintf(wanted, sizeof wanted, "%.*s", (int)stem, pattern);
    (void)snprintf(begin, sizeof begin, "%.*s", whole ? RG_NAME_BYTES - 1 : (int)stem, name);
    return rg_name_cost(wanted, begin);
}

static const char *nearest(const struct rg_model *model, const char *pattern) {
    size_t best = 0, min = SIZE_MAX;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const char *const name = model->parameters[i].name;
        const size_t whole = cost_of(pattern, name), part = cost_of(pattern, short_name(name));
        const size_t smaller = rg_min(whole, part);
        if (smaller < min) {
            min = smaller;
            best = i;
        }
    }
    return model->parameters[best].name;
}

static rg_status freeze(struct rg_model *model, const char *pattern) {
    size_t n = 0;
    for (size_t i = 0; i < model->n_parameters; i++) {
        struct rg_parameter *const p = &model->parameters[i];
        const bool found = matches(pattern, p->name);
        p->frozen = p->frozen || found;
        n += found;
    }
    return n > 0 ? RG_OK
                 : rg_fail(RG_USAGE, "--freeze: '%s' matches no parameter of the model; the nearest is %s", pattern,
                           nearest(model, pattern));
}

rg_status rg_model_freeze(struct rg_model *model, const char *list) {
    char pattern[PATTERN_BYTES];
    for (const char *at = list;; at++) {
        const size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof pattern) {
            return rg_fail(RG_USAGE,
                           "--freeze: a pattern of %zu letters; write names of parameters with commas between them, "
                           "such as rnn.weight_ih_*,embed*",
                           length);
        }
        (void)snprintf(pattern, sizeof pattern, "%.*s", (int)length, at);
        RG_TRY(freeze(model, pattern));
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    return rg_model_n_trained(model) > 0
               ? RG_OK
               : rg_fail(RG_USAGE, "--freeze %.80s leaves nothing to train; leave a pattern out", list);
}
