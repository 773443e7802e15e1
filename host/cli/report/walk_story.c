/* The walk step by step: see walk_story.h. Forward, loss and backward; walk_terms.c has the rest. */
#include "cli/report/walk_story.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report/screen.h"
#include "cli/report/walk_parts.h"
#include "reference/reference_parts.h"
#include "rnn_gpu/memory.h"

/* ---- Forward ---- */

/* The word at step t, from 1. NULL if inputs are numbers; "<unk>" for an unknown word. */
static const char *word_at(const struct rg_walk *w, size_t sequence, size_t t) {
    const struct rg_dataset *const data = w->data;
    if (data->kind != RG_INPUT_TOKEN || !data->vocabulary) {
        return NULL;
    }
    const size_t place = sequence * data->n_steps + rg_walk_first_step(w, sequence) + t - 1;
    int32_t token = -1;
    return rg_dataset_tokens(data, place, 1, &token) != RG_OK || token < 0 ? "<unk>" : data->vocabulary[token];
}

/* The step whose index in the direction's order, from 0, is `order`. */
static size_t step_at(const struct rg_walk *w, struct rg_story_run run, size_t sequence, size_t order) {
    return run.direction == 0 ? order + 1 : rg_walk_length(w, sequence) - order;
}

static void name_run(const struct rg_story *s, struct rg_story_run run, char text[48]) {
    const struct ref_model *const net = s->walk->net;
    text[0] = '\0';
    if (net->layers > 1 || ref_directions(net) > 1) {
        (void)snprintf(text, 48, ", layer %zu%s", run.layer,
                       ref_directions(net) == 1 ? ""
                       : run.direction          ? ", from the last step to the first"
                                                : ", from the first step to the last");
    }
}

static void input_line(struct rg_story *s, struct rg_story_run run, size_t sequence, size_t t) {
    const struct ref_run at = {.model = s->walk->net,
                               .batch = &s->walk->batch,
                               .result = s->walk->result,
                               .layer = run.layer,
                               .direction = run.direction,
                               .sequence = sequence};
    const struct rg_story_matrix shown =
        rg_story_of_role(s, run, REF_ROLE_WEIGHT_IH, ref_factor(&at, REF_ROLE_WEIGHT_IH, t), 1);
    rg_story_line(s, shown.values, shown.columns, "x_{%zu}", t);
    s->lines[s->n_lines - 1].index = shown.index;
    if (run.layer == 0) {
        s->blocks[s->n_blocks - 1].heads = s->heads;
        s->blocks[s->n_blocks - 1].n_heads = s->n_inputs;
    }
}

static void forward_step(struct rg_story *s, struct rg_story_run run, size_t sequence, size_t t) {
    const struct rg_walk *const w = s->walk;
    const struct ref_trace *const trace = rg_walk_trace(w, run.layer, run.direction);
    const size_t n = w->net->hidden, gates = ref_gates(w->net);
    const double *const a = rg_walk_row(w, trace->a, t - 1, sequence, gates * n);
    const double *const values = rg_walk_row(w, trace->gates, t - 1, sequence, gates * n);
    const char *const word = run.layer == 0 ? word_at(w, sequence, t) : NULL;
    const bool learned = w->net->skip > 0 && w->net->skip_kind == REF_SKIP_LEARNED;
    char letter[2], raw[RG_STORY_RAW];
    rg_story_block(s, "t = %zu%s%s", t, word ? ": " : "", word ? rg_story_raw(word, raw) : "");
    input_line(s, run, sequence, t);
    for (size_t g = 0; g < gates; g++) {
        if (gates == 1) {
            rg_story_line(s, a, n, "a_{%zu}", t);
        } else {
            rg_story_line(s, a + g * n, n, "a_{%s}", rg_story_gate(s, g, letter));
        }
    }
    for (size_t g = 0; gates > 1 && g < gates; g++) {
        rg_story_line(s, values + g * n, n, "%s", rg_story_gate(s, g, letter));
    }
    if (learned) {
        if (w->net->cell == REF_CELL_LSTM) {
            rg_story_line(s, rg_walk_row(w, trace->made_cell, t, sequence, n), n, "C_{%zu}", t);
        }
        rg_story_line(s, rg_walk_row(w, trace->made, t, sequence, n), n, "S_{%zu}", t);
        rg_story_number(s, *rg_walk_row(w, trace->gate, t, sequence, 1), "v");
        rg_story_number(s, *rg_walk_row(w, trace->gate, t, sequence, 1) > 0.5 ? 1.0 : 0.0, "u");
        rg_story_number(s, *rg_walk_row(w, trace->chance, t, sequence, 1), "p");
    }
    if (w->net->cell == REF_CELL_LSTM) {
        rg_story_line(s, rg_walk_row(w, trace->cell, t, sequence, n), n, "c_{%zu}", t);
    }
    rg_story_line(s, rg_walk_row(w, trace->state, t, sequence, n), n, "h_{%zu}", t);
}

static void forward(struct rg_story *s, struct rg_story_run run, size_t sequence) {
    const struct rg_walk *const w = s->walk;
    const struct ref_trace *const trace = rg_walk_trace(w, run.layer, run.direction);
    char where[48];
    name_run(s, run, where);
    rg_story_begin(s, 2, true, "Forward%s", where);
    if (run.layer > 0) {
        rg_story_text(s, "x_{t} is the h_{t} of layer %zu%s.", run.layer - 1,
                      ref_directions(w->net) > 1 ? ", both directions side by side" : "");
    }
    rg_story_forward_formulas(s, run);
    if (w->batch.h_0) {
        rg_story_block(s, "before the first step");
        rg_story_line(s, rg_walk_row(w, trace->state, 0, sequence, w->net->hidden), w->net->hidden, "h_{0}");
        if (w->net->cell == REF_CELL_LSTM) {
            rg_story_line(s, rg_walk_row(w, trace->cell, 0, sequence, w->net->hidden), w->net->hidden, "c_{0}");
        }
    }
    for (size_t i = 0; i < rg_walk_length(w, sequence); i++) {
        forward_step(s, run, sequence, step_at(w, run, sequence, i));
    }
    rg_story_flush(s);
    rg_story_end(s, 2);
}

/* ---- Head and loss ---- */

/* Compute y from outputs z: probabilities for bce and ce, else z. */
static void activate_output(enum ref_loss loss, const double *z, size_t n, double *y) {
    double largest = z[0], sum = 0.0;
    for (size_t o = 0; o < n; o++) {
        largest = fmax(largest, z[o]);
    }
    for (size_t o = 0; o < n; o++) {
        y[o] = loss == REF_LOSS_BCE ? 1.0 / (1.0 + exp(-z[o])) : loss == REF_LOSS_CE ? exp(z[o] - largest) : z[o];
        sum += y[o];
    }
    for (size_t o = 0; loss == REF_LOSS_CE && o < n; o++) {
        y[o] /= sum;
    }
}

/* A subscript with the step's number if every step has an output. */
static void subscript(const struct rg_story *s, size_t t, char text[24]) {
    text[0] = '\0';
    if (s->walk->net->target == REF_TARGET_STEPS) {
        (void)snprintf(text, 24, "_{%zu}", t);
    }
}

/* Targets of row `slot` of the outputs; NULL if it has no loss. */
static const double *targets_at(const struct rg_walk *w, size_t slot) {
    const double *const y = w->y + slot * (w->batch.loss == REF_LOSS_CE ? 1 : w->net->outputs);
    return isnan(*y) ? NULL : y;
}

/* Memory for numbers of the present block. */
static double *room_for(struct rg_story *s, size_t n) {
    double *const numbers = &s->numbers[s->n_numbers];
    assert(s->n_numbers + n <= RG_STORY_NUMBERS);
    s->n_numbers += n;
    return numbers;
}

static void output_row(struct rg_story *s, size_t slot, size_t t) {
    const struct rg_walk *const w = s->walk;
    const size_t n = w->net->outputs, targets = w->batch.loss == REF_LOSS_CE ? 1 : n;
    const double *const z = w->result->output + slot * n, *const target = targets_at(w, slot);
    char at[24], label[40];
    subscript(s, t, at);
    (void)snprintf(label, sizeof label, "t = %zu%s", t, target ? "" : ", without a target");
    rg_story_block(s, "%s", at[0] ? label : "");
    rg_story_line(s, z, n, "z%s", at);
    double *const y = room_for(s, n);
    activate_output(w->batch.loss, z, n, y);
    rg_story_line(s, y, n, "y%s", at);
    if (target) {
        double *const slope = room_for(s, n);
        rg_story_line(s, target, targets, "target");
        const double loss = ref_row_loss(w->batch.loss, z, target, n, slope);
        rg_story_number(s, w->batch.loss == REF_LOSS_CE ? loss : loss / (double)n, "loss");
    }
}

/* Does a head on the last step read something other than h_T? */
static bool reads_more(const struct rg_walk *w) {
    return w->net->target == REF_TARGET_LAST && (w->net->readout != REF_READOUT_LAST || w->net->bidirectional);
}

static void output(struct rg_story *s, size_t sequence) {
    const struct rg_walk *const w = s->walk;
    const size_t width = ref_directions(w->net) * w->net->hidden, steps = w->data->n_steps;
    rg_story_begin(s, 2, true, "Output and loss");
    rg_story_head_formulas(s);
    rg_story_loss_formulas(s);
    if (reads_more(w)) {
        rg_story_block(s, "what the head reads");
        rg_story_line(s, w->result->read + sequence * width, width, "r");
    }
    if (w->net->target == REF_TARGET_LAST) {
        output_row(s, sequence, 0);
    }
    for (size_t t = 1; w->net->target == REF_TARGET_STEPS && t <= rg_walk_length(w, sequence); t++) {
        output_row(s, sequence * steps + t - 1, t);
    }
    rg_story_flush(s);
    rg_story_end(s, 2);
}

/* ---- Backward ---- */

static void loss_row(struct rg_story *s, size_t slot, size_t t) {
    const struct rg_walk *const w = s->walk;
    const size_t n = w->net->outputs;
    const double *const target = targets_at(w, slot);
    char at[24];
    subscript(s, t, at);
    double *const slope = room_for(s, n);
    if (target) {
        (void)ref_row_loss(w->batch.loss, w->result->output + slot * n, target, n, slope);
    }
    for (size_t o = 0; o < n; o++) {
        slope[o] = target ? slope[o] / w->result->count : 0.0;
    }
    rg_story_line(s, slope, n, "dL/dz%s", at);
}

static void loss_rows(struct rg_story *s, size_t sequence) {
    const struct rg_walk *const w = s->walk;
    const size_t width = ref_directions(w->net) * w->net->hidden, steps = w->data->n_steps;
    rg_story_block(s, "from the loss");
    if (w->net->target == REF_TARGET_LAST) {
        loss_row(s, sequence, 0);
        rg_story_line(s, w->result->d_read + sequence * width, width, "%s",
                      reads_more(w) ? "dL/dr" : "W_{o}^{T} dL/dz");
    }
    for (size_t t = 1; w->net->target == REF_TARGET_STEPS && t <= rg_walk_length(w, sequence); t++) {
        loss_row(s, sequence * steps + t - 1, t);
    }
}

static void backward_step(struct rg_story *s, struct rg_story_run run, size_t sequence, size_t t) {
    const struct rg_walk *const w = s->walk;
    const struct ref_trace *const trace = rg_walk_trace(w, run.layer, run.direction);
    const size_t n = w->net->hidden, gates = ref_gates(w->net);
    const double *const delta = rg_walk_row(w, trace->delta, t - 1, sequence, gates * n);
    const bool learned = w->net->skip > 0 && w->net->skip_kind == REF_SKIP_LEARNED;
    char letter[2];
    rg_story_block(s, "t = %zu, lag %zu", t, ref_lag_of(w->net, &w->batch, run.direction, sequence, t));
    rg_story_line(s, rg_walk_row(w, trace->d_state, t, sequence, n), n, "dL/dh_{%zu}", t);
    if (learned) {
        rg_story_number(s, *rg_walk_row(w, trace->d_gate, t, sequence, 1), "dL/dv");
        rg_story_line(s, rg_walk_row(w, trace->d_made, t, sequence, n), n, "dL/dS_{%zu}", t);
        if (w->net->cell == REF_CELL_LSTM) {
            rg_story_line(s, rg_walk_row(w, trace->d_cell_whole, t, sequence, n), n, "dL/dC_{%zu}", t);
        }
    }
    if (w->net->cell == REF_CELL_LSTM) {
        rg_story_line(s, rg_walk_row(w, rg_walk_cell_gradient(w, trace), t, sequence, n), n, "dL/dc_{%zu}", t);
    }
    for (size_t g = 0; g < gates; g++) {
        if (gates == 1) {
            rg_story_line(s, delta, n, "\\delta_{%zu}", t);
        } else {
            rg_story_line(s, delta + g * n, n, "\\delta_{%s}", rg_story_gate(s, g, letter));
        }
    }
    if (w->net->cell == REF_CELL_GRU) {
        rg_story_line(s, rg_walk_row(w, trace->delta_hh, t - 1, sequence, gates * n) + 2 * n, n, "r \\delta_{n}");
    }
}

static void backward(struct rg_story *s, struct rg_story_run run, size_t sequence) {
    const struct rg_walk *const w = s->walk;
    const size_t length = rg_walk_length(w, sequence);
    char where[48];
    name_run(s, run, where);
    rg_story_begin(s, 2, true, "Backward%s", where);
    rg_story_backward_formulas(s, run);
    if (run.layer + 1 == w->net->layers && run.direction == 0) {
        loss_rows(s, sequence);
        rg_story_flush(s);
    }
    for (size_t i = length; i-- > 0;) {
        backward_step(s, run, sequence, step_at(w, run, sequence, i));
    }
    rg_story_flush(s);
    rg_story_end(s, 2);
}

/* ---- Whole walk ---- */

static void tell_sequence(struct rg_story *s, size_t sequence) {
    const struct rg_walk *const w = s->walk;
    const size_t directions = ref_directions(w->net);
    const char *const text = w->data->texts ? w->data->texts[sequence] : NULL;
    struct rg_story_run run;
    char raw[RG_STORY_RAW];
    rg_story_begin(s, 1, sequence == s->first, "Sequence %zu of %zu%s%s", sequence + 1, w->data->n_sequences,
                   text ? ": " : "", text ? rg_story_raw(text, raw) : "");
    if (rg_walk_length(w, sequence) == 0) {
        rg_story_text(s, "It has no step: the head reads the state before the first one.");
    }
    for (run.layer = 0; run.layer < w->net->layers; run.layer++) {
        for (run.direction = 0; run.direction < directions; run.direction++) {
            forward(s, run, sequence);
        }
    }
    output(s, sequence);
    for (run.layer = w->net->layers; run.layer-- > 0;) {
        for (run.direction = 0; run.direction < directions; run.direction++) {
            backward(s, run, sequence);
        }
    }
    rg_story_end(s, 1);
}

static void introduce(const struct rg_story *s) {
    const struct rg_walk *const w = s->walk;
    const bool outputs = w->batch.loss != REF_LOSS_CE && w->net->outputs > 1;
    const bool notes = w->net->cell == REF_CELL_RNN && w->net->activation == REF_ACT_TANH && w->net->skip == 0 &&
                       !rg_story_has(s, ref_parameter_at(w->net, 0, 0, REF_ROLE_BIAS_IH)) &&
                       !rg_story_has(s, ref_parameter_at(w->net, 0, 0, REF_ROLE_BIAS_HH));
    char model[160];
    rg_screen_model_text(w->model, model, sizeof model);
    rg_story_text(s, "%s; %zu sequence%s of %zu step%s. Loss L = %.10g (%s, the mean over %s%s%s).", model,
                  w->data->n_sequences, w->data->n_sequences == 1 ? "" : "s", w->data->n_steps,
                  w->data->n_steps == 1 ? "" : "s", w->result->loss, rg_loss_names[w->problem->loss],
                  w->net->target == REF_TARGET_STEPS ? "the steps" : "the sequences",
                  w->problem->targets.n_left_out ? " that have a target" : "", outputs ? " and the outputs" : "");
    rg_story_text(s,
                  "h_{t} is the notes' O_{t}, x_{t} their X_{t}. The notes multiply rows: their Wi, Wh and Wo are the "
                  "transposes of \\name{weight_ih}, \\name{weight_hh} and \\name{head.weight}.");
    if (notes) {
        rg_story_formula(s, "O_{t} = tanh(X_{t} Wi + O_{t-1} Wh)%s", w->batch.h_0 ? "" : ", O_{0} = 0");
    }
    rg_story_text(s, "Everything is computed in double precision%s",
                  w->net->target == REF_TARGET_STEPS ? "; the gradient is that of the losses of all steps together."
                                                     : ".");
}

/* If inputs are one-hot words and many words do not occur, choose the columns of those that do. */
static rg_status choose_inputs(struct rg_story *s) {
    const struct rg_walk *const w = s->walk;
    const bool one_hot = w->data->kind == RG_INPUT_TOKEN && w->net->words == 0;
    const char *const *const names = (const char *const *)(one_hot         ? w->data->vocabulary
                                                           : w->net->words ? NULL
                                                                           : w->data->features);
    s->n_inputs = w->net->inputs;
    RG_TRY(rg_alloc(&s->index, w->net->inputs, sizeof *s->index, "the walk"));
    RG_TRY(rg_alloc(&s->heads, w->net->inputs, sizeof *s->heads, "the walk"));
    for (size_t f = s->n_inputs = 0; f < w->net->inputs; f++) {
        bool occurs = !one_hot || w->net->inputs <= RG_WALK_HIDDEN;
        for (size_t i = s->first; !occurs && i < s->end; i++) {
            for (size_t t = 0; !occurs && t < rg_walk_length(w, i); t++) {
                occurs = w->x[(i * w->data->n_steps + t) * w->net->inputs + f] != 0.0;
            }
        }
        if (occurs) {
            s->heads[s->n_inputs] = names ? names[f] : NULL;
            s->index[s->n_inputs++] = f;
        }
    }
    if (!names) {
        rg_free(s->heads);
        s->heads = NULL;
    }
    return RG_OK;
}

rg_status rg_walk_tell(const struct rg_walk *walk, size_t sequence, const struct rg_walk_writer *writer) {
    struct rg_story *s = NULL;
    RG_TRY(rg_alloc(&s, 1, sizeof *s, "the walk"));
    s->walk = walk;
    s->to = writer;
    s->first = sequence > 0 ? sequence - 1 : 0;
    s->end = sequence > 0 ? sequence : walk->data->n_sequences;
    s->alone = s->end - s->first < walk->data->n_sequences;
    rg_status status = RG_OK;
    RG_TRY_GOTO(choose_inputs(s));
    introduce(s);
    rg_story_weights(s);
    for (size_t i = s->first; i < s->end; i++) {
        tell_sequence(s, i);
    }
    RG_TRY_GOTO(rg_story_terms(s));
    rg_story_gradient(s);
cleanup:
    rg_free(s->index);
    rg_free(s->heads);
    rg_free(s);
    return status;
}
