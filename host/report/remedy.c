/* One remedy as a command: see remedy.h. */
#include "report/remedy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Options to add, and those that give way to them, each list separated by spaces. */
struct remedy {
    char add[64];
    const char *instead_of;
};

static const char *const INITIAL = "cell activation init init-input forget-bias",
                         *const CLIPPING = "clip-norm clip-value", *const LEARNED = "skip-kind skip-budget",
                         *const FILES = "out report plot plot-theme log tensorboard";

static struct remedy against_vanishing(const struct rg_config *c) {
    struct remedy r = {"--cell irnn", INITIAL};
    const bool keeps_lengths = c->init.kind == RG_INIT_ORTHOGONAL || c->init.kind == RG_INIT_IDENTITY;
    if (c->cell == RG_CELL_RNN && keeps_lengths) {
        (void)snprintf(r.add, sizeof r.add, "--cell lstm --forget-bias 1");
    } else if (c->cell != RG_CELL_RNN && c->init.kind != RG_INIT_CHRONO && c->steps > 2) {
        (void)snprintf(r.add, sizeof r.add, "--cell lstm --init chrono:%zu", c->steps);
    } else if (c->cell != RG_CELL_RNN) {
        (void)snprintf(r.add, sizeof r.add, "--skip %zu", c->steps < 8 ? (size_t)2 : c->steps / 4);
        r.instead_of = "skip skip-kind skip-budget";
    }
    return r;
}

static struct remedy against_explosion(const struct rg_config *c) {
    struct remedy r = {"--clip-norm 1", CLIPPING};
    if (c->cell == RG_CELL_RNN && (c->init.kind == RG_INIT_NORMAL || c->init.value > 1.0)) {
        (void)snprintf(r.add, sizeof r.add, "--init orthogonal");
        r.instead_of = "init";
    } else if (c->clip_norm > 0.0 || c->clip_value > 0.0) {
        (void)snprintf(r.add, sizeof r.add, "--lr %g", c->lr / 10.0);
        r.instead_of = "lr";
    }
    return r;
}

/* Is the argument "--name" or "--name=value" with a name of the list? */
static bool gives_way(const char *argument, const char *list) {
    if (strncmp(argument, "--", 2) != 0) {
        return false;
    }
    const size_t length = strcspn(argument + 2, "=");
    for (const char *at = list; *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, argument + 2, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

/* What the remedy replaces; what this run has written; the updates of a run that made none, for a remedy is trained. */
static bool is_left_out(const struct rg_config *c, const char *argument, const char *instead_of) {
    return gives_way(argument, instead_of) || gives_way(argument, FILES) ||
           (c->updates == 0 && gives_way(argument, "updates")) ||
           (c->skip_kind == RG_SKIP_LEARNED && instead_of == INITIAL && gives_way(argument, LEARNED));
}

/* Append a word as a shell needs it; false: no room. */
static bool append(char *out, size_t bytes, const char *word) {
    size_t at = strlen(out);
    const bool plain = *word && !strpbrk(word, " \t\n'\"\\$`*?[]#~&;|<>(){}!");
    at += (size_t)snprintf(out + at, bytes - at, plain ? " %s" : " '", word);
    for (const char *c = word; !plain && *c && at + 6 < bytes; c++) {
        at += (size_t)snprintf(out + at, bytes - at, *c == '\'' ? "'\\''" : "%c", *c);
    }
    if (!plain && at + 2 < bytes) {
        (void)snprintf(out + at, bytes - at, "'");
    }
    return at + 8 < bytes;
}

void rg_remedy_command(enum rg_verdict verdict, const struct rg_config *c, char *out, size_t bytes) {
    out[0] = '\0';
    if (verdict == RG_STABLE || c->model || c->n_arguments < 1) {
        return;
    }
    const bool explodes = verdict == RG_EXPLODING || verdict == RG_SENSITIVE || c->cell != RG_CELL_RNN;
    struct remedy r = verdict == RG_VANISHING || !explodes ? against_vanishing(c) : against_explosion(c);
    (void)snprintf(out, bytes, "./rnn-gpu");
    bool fits = true;
    for (int i = 1; fits && i < c->n_arguments; i++) {
        const char *const argument = c->arguments[i];
        if (!is_left_out(c, argument, r.instead_of)) {
            fits = append(out, bytes, argument);
        } else if (!strchr(argument, '=')) {
            i++; /* its value */
        }
    }
    const size_t at = strlen(out);
    if (!fits || at + strlen(r.add) + 2 > bytes) {
        out[0] = '\0';
        return;
    }
    (void)snprintf(out + at, bytes - at, " %s", r.add);
}
