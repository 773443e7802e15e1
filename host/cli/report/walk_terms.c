/* The end of the walk: weights, terms by lag and their sum, gradient. See walk_story.h. */
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "cli/report/walk_parts.h"
#include "reference/reference_parts.h"
#include "rnn_gpu/memory.h"

/* ---- Matrices ---- */

/* The notes' name of the matrix whose transpose this is, or "". */
static const char *notes_name(struct rg_story_run run, enum ref_role role) {
    if (run.layer > 0 || run.direction > 0) {
        return "";
    }
    return role == REF_ROLE_WEIGHT_IH ? " = Wi^{T}" : role == REF_ROLE_WEIGHT_HH ? " = Wh^{T}" : "";
}

/* Add a cell's matrix as one block for each gate. A title is `title` and the gate. */
static void add_gates(struct rg_story *s, struct rg_story_run run, enum ref_role role, const double *values,
                      const char *title) {
    const size_t hidden = s->walk->net->hidden, gates = ref_gates(s->walk->net);
    const size_t columns = ref_columns(s->walk->net, run.layer, role);
    char letter[2];
    for (size_t g = 0; g < gates; g++) {
        const struct rg_story_matrix part = rg_story_of_role(s, run, role, values + g * hidden * columns, hidden);
        rg_story_block(s, "%s%s%s", title, gates > 1 ? ", gate " : "", rg_story_gate(s, g, letter));
        rg_story_matrix(s, &part);
    }
}

/* Add a bias as vectors, one line for each gate. */
static void add_bias(struct rg_story *s, const double *values, const char *title) {
    const size_t hidden = s->walk->net->hidden, gates = ref_gates(s->walk->net);
    char letter[2];
    rg_story_block(s, "%s", title);
    for (size_t g = 0; g < gates; g++) {
        rg_story_line(s, values + g * hidden, hidden, "%s", rg_story_gate(s, g, letter));
    }
}

/* Add a matrix without gates. */
static void add_plain(struct rg_story *s, size_t parameter, const double *values, const char *title) {
    const size_t rows = ref_parameter_rows(s->walk->net, parameter);
    const size_t columns = ref_parameter_columns(s->walk->net, parameter);
    const struct rg_story_matrix whole = {.values = values,
                                          .rows = columns ? rows : 1,
                                          .columns = columns ? columns : rows,
                                          .row_step = columns,
                                          .column_step = 1};
    rg_story_block(s, "%s", title);
    rg_story_matrix(s, &whole);
}

/* Can the word be part of a label? It can if it has only letters and digits. */
static bool is_simple(const char *word) {
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] == '\0';
}

/* Add the rows of an embedding table, or of its gradient, for the words that occur. */
static void add_words(struct rg_story *s, const double *values, const char *title) {
    const struct rg_walk *const w = s->walk;
    const size_t columns = w->net->inputs;
    rg_story_block(s, "%s", title);
    for (size_t word = 0; word < w->net->words; word++) {
        bool occurs = false;
        for (size_t i = s->first; !occurs && i < s->end; i++) {
            for (size_t t = 0; !occurs && t < rg_walk_length(w, i); t++) {
                occurs = w->words[i * w->data->n_steps + t] == (int32_t)word;
            }
        }
        if (occurs && w->data->vocabulary && is_simple(w->data->vocabulary[word])) {
            rg_story_line(s, values + word * columns, columns, "\\name{%.16s}", w->data->vocabulary[word]);
        } else if (occurs) {
            rg_story_line(s, values + word * columns, columns, "word %zu", word);
        }
    }
}

/* Add the weights of a direction, or their gradients. Titles begin with `of`. */
static void add_direction(struct rg_story *s, struct rg_story_run run, double *const *values, const char *of) {
    const struct ref_model *const net = s->walk->net;
    for (enum ref_role role = 0; role < REF_N_ROLES; role++) {
        char title[120];
        const size_t p = ref_has_role(net, role) ? ref_parameter_at(net, run.layer, run.direction, role) : 0;
        if (!ref_has_role(net, role) || !rg_story_has(s, p)) {
            continue;
        }
        (void)snprintf(title, sizeof title, "%s\\name{%s}%s", of, ref_parameter_name(net, p),
                       of[0] ? "" : notes_name(run, role));
        if (role == REF_ROLE_WEIGHT_UH || role == REF_ROLE_BIAS_UH) {
            add_plain(s, p, values[p], title);
        } else if (ref_parameter_columns(net, p) > 0) {
            add_gates(s, run, role, values[p], title);
        } else {
            add_bias(s, values[p], title);
        }
    }
    rg_story_flush(s);
}

static void add_head(struct rg_story *s, double *const *values, const char *of) {
    const struct ref_model *const net = s->walk->net;
    char title[120];
    (void)snprintf(title, sizeof title, "%s\\name{head.weight}%s", of, of[0] ? "" : " = Wo^{T}");
    add_plain(s, ref_head_weight(net), values[ref_head_weight(net)], title);
    if (rg_story_has(s, ref_head_bias(net))) {
        (void)snprintf(title, sizeof title, "%s\\name{head.bias}", of);
        add_plain(s, ref_head_bias(net), values[ref_head_bias(net)], title);
    }
    if (net->words > 0) {
        (void)snprintf(title, sizeof title, "%s\\name{embed.weight}, the words that occur", of);
        add_words(s, values[ref_embed(net)], title);
    }
    rg_story_flush(s);
}

static void add_parameters(struct rg_story *s, double *const *values, const char *of) {
    struct rg_story_run run;
    for (run.layer = 0; run.layer < s->walk->net->layers; run.layer++) {
        for (run.direction = 0; run.direction < ref_directions(s->walk->net); run.direction++) {
            add_direction(s, run, values, of);
        }
    }
    add_head(s, values, of);
}

void rg_story_weights(struct rg_story *s) {
    rg_story_begin(s, 1, false, "The weights");
    if (s->n_inputs < s->walk->net->inputs) {
        rg_story_text(s, "Of the %zu words only those that occur have columns here.", s->walk->net->inputs);
    }
    add_parameters(s, s->walk->net->values, "");
    rg_story_end(s, 1);
}

/* ---- The terms ---- */

/* A matrix's term at every lag, and the sum of the terms. */
struct terms {
    struct rg_story_run run;
    enum ref_role role;
    size_t parameter, elements, lags;
    double *numbers; /* [lags + 1][elements]; the sum is last */
};

static rg_status create_terms(const struct rg_story *s, struct terms *terms) {
    const struct rg_walk *const w = s->walk;
    terms->parameter = ref_parameter_at(w->net, terms->run.layer, terms->run.direction, terms->role);
    terms->elements = ref_parameter_elements(w->net, terms->parameter);
    for (size_t i = s->first; i < s->end; i++) {
        terms->lags = rg_max(rg_walk_length(w, i), terms->lags);
    }
    RG_TRY(rg_alloc(&terms->numbers, terms->lags + 1, terms->elements * sizeof *terms->numbers, "the walk"));
    double *const sum = terms->numbers + terms->lags * terms->elements;
    for (size_t tau = 0; tau < terms->lags; tau++) {
        double *const term = terms->numbers + tau * terms->elements;
        if (s->alone) {
            const struct ref_term which = {.model = w->net,
                                           .batch = &w->batch,
                                           .result = w->result,
                                           .parameter = terms->parameter,
                                           .tau = tau,
                                           .sequence = s->first};
            ref_sequence_term(&which, term);
        } else {
            ref_lag_term(w->net, &w->batch, w->result, terms->parameter, tau, term);
        }
        for (size_t i = 0; i < terms->elements; i++) {
            sum[i] += term[i];
        }
    }
    return RG_OK;
}

/* "delta_3 h_2^T" if all sequences have the same steps, else "". */
static void name_term(const struct rg_story *s, const struct terms *terms, size_t tau, char text[64]) {
    const struct rg_walk *const w = s->walk;
    const struct ref_model *const net = w->net;
    const bool reverse = terms->run.direction == 1;
    const size_t back =
        terms->role == REF_ROLE_WEIGHT_SH || (net->skip > 0 && net->skip_kind == REF_SKIP_DILATED) ? net->skip : 1;
    size_t t = 0;
    text[0] = '\0';
    while (t < terms->lags && ref_lag_of(net, &w->batch, terms->run.direction, s->first, t + 1) != tau) {
        t++;
    }
    t++;
    for (size_t i = s->first; i < s->end; i++) {
        if (rg_walk_length(w, i) != terms->lags) {
            return;
        }
    }
    if (terms->role == REF_ROLE_WEIGHT_IH) {
        (void)snprintf(text, 64, " = \\delta_{%zu} x_{%zu}^{T}", t, t);
    } else if (reverse) {
        (void)snprintf(text, 64, " = \\delta_{%zu} h_{%zu}^{T}", t, t + back);
    } else if (t >= back) {
        (void)snprintf(text, 64, " = \\delta_{%zu} h_{%zu}^{T}", t, t - back);
    } else {
        (void)snprintf(text, 64, " = 0, nothing lies %zu steps before", back);
    }
}

static double product(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Add norm and share beside a term of a gate, or of the whole matrix if there is one gate. */
static void add_measures(struct rg_story *s, const double *term, const double *sum, size_t n) {
    const double square = product(sum, sum, n);
    rg_story_number(s, ref_norm(term, n), "norm");
    rg_story_number(s, square > 0.0 ? product(term, sum, n) / square : 0.0, "share");
}

static void tell_lag(struct rg_story *s, const struct terms *terms, size_t tau) {
    const size_t gates = ref_gates(s->walk->net), part = terms->elements / gates;
    const double *const term = terms->numbers + tau * terms->elements;
    const double *const sum = terms->numbers + terms->lags * terms->elements;
    char name[64], letter[2];
    name_term(s, terms, tau, name);
    for (size_t g = 0; g < gates; g++) {
        const struct rg_story_matrix m =
            rg_story_of_role(s, terms->run, terms->role, term + g * part, s->walk->net->hidden);
        rg_story_block(s, "lag %zu%s%s%s", tau, gates > 1 ? ", gate " : "", rg_story_gate(s, g, letter), name);
        rg_story_matrix(s, &m);
        add_measures(s, term + g * part, sum + g * part, part);
    }
    if (gates > 1) {
        rg_story_flush(s);
    }
}

static rg_status tell_terms(struct rg_story *s, struct rg_story_run run, enum ref_role role) {
    static const char *const factors[REF_N_ROLES] = {
        [REF_ROLE_WEIGHT_IH] = "x_{t}^{T}", [REF_ROLE_WEIGHT_HH] = "h_{t-1}^{T}", [REF_ROLE_WEIGHT_SH] = "h_{t-d}^{T}"};
    static const char *const letters[REF_N_ROLES] = {
        [REF_ROLE_WEIGHT_IH] = "ih", [REF_ROLE_WEIGHT_HH] = "hh", [REF_ROLE_WEIGHT_SH] = "sh"};
    const struct ref_model *const net = s->walk->net;
    struct terms terms = {.run = run, .role = role};
    const bool r_times = net->cell == REF_CELL_GRU && role == REF_ROLE_WEIGHT_HH;
    char title[120];
    RG_TRY(create_terms(s, &terms));
    rg_story_begin(s, 2, true, "The terms of \\name{%s}%s", ref_parameter_name(net, terms.parameter),
                   notes_name(run, role));
    rg_story_formula(s, "dL/dW_{%s} = \\sum_{t} \\delta_{t} %s%s", letters[role],
                     role == REF_ROLE_WEIGHT_HH && run.direction ? "h_{t+1}^{T}" : factors[role],
                     r_times ? ", in the n with r \\delta_{n}" : "");
    for (size_t tau = 0; tau < terms.lags; tau++) {
        tell_lag(s, &terms, tau);
    }
    (void)snprintf(title, sizeof title, s->alone ? "their sum, the part of sequence %zu" : "their sum, the gradient",
                   s->first + 1);
    add_gates(s, run, role, terms.numbers + terms.lags * terms.elements, title);
    rg_story_flush(s);
    rg_story_end(s, 2);
    rg_free(terms.numbers);
    return RG_OK;
}

rg_status rg_story_terms(struct rg_story *s) {
    static const enum ref_role roles[] = {REF_ROLE_WEIGHT_HH, REF_ROLE_WEIGHT_IH, REF_ROLE_WEIGHT_SH};
    const struct ref_model *const net = s->walk->net;
    struct rg_story_run run;
    rg_status status = RG_OK;
    if (s->alone) {
        rg_story_begin(s, 1, true, "The terms by lag, of sequence %zu", s->first + 1);
    } else {
        rg_story_begin(s, 1, true, "The terms by lag%s", s->end > 1 ? ", summed over the sequences" : "");
    }
    rg_story_text(
        s,
        "Lag \\tau is \\tau steps before the %s. Share is <G_{\\tau}, G> / |G|^{2}: all shares of a matrix sum "
        "to 1.",
        net->target == REF_TARGET_STEPS ? "last step" : "loss");
    for (run.layer = 0; run.layer < net->layers; run.layer++) {
        for (run.direction = 0; run.direction < ref_directions(net); run.direction++) {
            for (size_t i = 0; i < sizeof roles / sizeof *roles && status == RG_OK; i++) {
                status = ref_has_role(net, roles[i]) ? tell_terms(s, run, roles[i]) : RG_OK;
            }
        }
    }
    rg_story_end(s, 1);
    return status;
}

/* ---- The gradient ---- */

/* Add dL/dWi, dL/dWh and dL/dWo in the notes' form. */
static void add_notes(struct rg_story *s) {
    const struct ref_model *const net = s->walk->net;
    const size_t parameters[] = {ref_head_weight(net), ref_parameter_at(net, 0, 0, REF_ROLE_WEIGHT_HH),
                                 ref_parameter_at(net, 0, 0, REF_ROLE_WEIGHT_IH)};
    static const char *const names[] = {"dL/dWo", "dL/dWh", "dL/dWi"};
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        const size_t rows = ref_parameter_rows(net, parameters[i]), columns = ref_parameter_columns(net, parameters[i]);
        const struct rg_story_matrix transposed = {.values = s->walk->result->gradient[parameters[i]],
                                                   .rows = columns,
                                                   .columns = rows,
                                                   .row_step = 1,
                                                   .column_step = columns};
        rg_story_block(s, "%s", names[i]);
        rg_story_matrix(s, &transposed);
    }
    rg_story_flush(s);
}

/* Norm over all parameters, without biases that the file lacks. */
static double norm_of(const struct rg_story *s) {
    const struct ref_model *const net = s->walk->net;
    double norms[REF_MAX_PARAMETERS] = {0.0};
    for (size_t p = 0; p < net->n_parameters; p++) {
        norms[p] = rg_story_has(s, p) ? ref_norm(s->walk->result->gradient[p], ref_parameter_elements(net, p)) : 0.0;
    }
    return ref_norm(norms, net->n_parameters);
}

void rg_story_gradient(struct rg_story *s) {
    const struct ref_model *const net = s->walk->net;
    rg_story_begin(s, 1, true, "The gradient%s", s->alone ? ", of all sequences" : "");
    const char *const read = net->target == REF_TARGET_STEPS                           ? "h_{t}"
                             : net->readout == REF_READOUT_LAST && !net->bidirectional ? "h_{T}"
                                                                                       : "r";
    rg_story_formula(s, "dL/dW_{o} = \\sum dL/dz %s^{T}%s", read,
                     rg_story_has(s, ref_head_bias(net)) ? ", dL/db_{o} = \\sum dL/dz" : "");
    if (rg_story_has(s, ref_parameter_at(net, 0, 0, REF_ROLE_BIAS_IH))) {
        rg_story_formula(s, "dL/db = \\sum_{t} \\delta_{t}");
    }
    add_parameters(s, s->walk->result->gradient, "dL/d ");
    rg_story_text(s, "Its norm is %.10g.", norm_of(s));
    if (net->cell == REF_CELL_RNN && net->layers == 1 && !net->bidirectional && net->words == 0 &&
        s->n_inputs == net->inputs && net->inputs <= RG_WALK_HIDDEN) {
        rg_story_text(s, "In the layout of the notes, for rows on the left of a matrix:");
        add_notes(s);
    }
    rg_story_end(s, 1);
}
