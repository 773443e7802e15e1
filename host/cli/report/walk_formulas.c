/* The formulas of the walk, for each cell, skip, readout and loss: see walk_story.h for their markup. */
#include <stdio.h>

#include "cli/report/walk_parts.h"

static bool has_bias(const struct rg_story *s, struct rg_story_run run, enum ref_role role) {
    return rg_story_has(s, ref_parameter_at(s->walk->net, run.layer, run.direction, role));
}

static bool is_kind(const struct rg_story *s, enum ref_skip_kind kind) {
    return s->walk->net->skip > 0 && s->walk->net->skip_kind == kind;
}

/* h_{t-1}, or the state that replaces it with a dilated skip or in the reverse direction. */
static void past_state(const struct rg_story *s, struct rg_story_run run, char letter, char text[40]) {
    const size_t back = is_kind(s, REF_SKIP_DILATED) ? s->walk->net->skip : 1;
    (void)snprintf(text, 40, "%c_{t%c%zu}", letter, run.direction ? '+' : '-', back);
}

/* ---- Forward ---- */

/* The argument of each gate. The n of gru is shown separately. */
static void preactivation(const struct rg_story *s, struct rg_story_run run) {
    char past[40], far[64] = "";
    past_state(s, run, 'h', past);
    if (is_kind(s, REF_SKIP_ADD)) {
        (void)snprintf(far, sizeof far, " + W_{sh} h_{t%c%zu}", run.direction ? '+' : '-', s->walk->net->skip);
    }
    const char *const b = has_bias(s, run, REF_ROLE_BIAS_IH) ? " + b_{ih}" : "";
    const char *const c = has_bias(s, run, REF_ROLE_BIAS_HH) ? " + b_{hh}" : "";
    if (s->walk->net->cell == REF_CELL_GRU) {
        rg_story_formula(s, "a_{r}, a_{z} = W_{ih} x_{t}%s%s + W_{hh} %s%s", b, far, past, c);
        rg_story_formula(s, "a_{n} = W_{ih} x_{t}%s%s + r (W_{hh} %s%s), their rows of n", b, far, past, c);
        return;
    }
    rg_story_formula(s, "a_{t} = W_{ih} x_{t}%s%s + W_{hh} %s%s", b, far, past, c);
}

static const char *const activations[REF_N_ACTIVATIONS] = {
    [REF_ACT_TANH] = "tanh(a_{t})",
    [REF_ACT_RELU] = "max(a_{t}, 0)",
    [REF_ACT_LEAKY_RELU] = "max(a_{t}, 0.01 a_{t})",
    [REF_ACT_ELU] = "a_{t} where a_{t} > 0, else e^{a} - 1",
    [REF_ACT_SIGMOID] = "\\sigma(a_{t})",
    [REF_ACT_SOFTSIGN] = "a_{t} / (1 + |a_{t}|)",
    [REF_ACT_SOFTPLUS] = "log(1 + e^{a})",
    [REF_ACT_HARDTANH] = "min(max(a_{t}, -1), 1)",
    [REF_ACT_LINEAR] = "a_{t}",
};

/* Of the activation, by its argument or by what the cell makes, @. */
static const char *const slopes[REF_N_ACTIVATIONS] = {
    [REF_ACT_TANH] = "1 - @^{2}",
    [REF_ACT_RELU] = "1 where a_{t} > 0, else 0",
    [REF_ACT_LEAKY_RELU] = "1 where a_{t} > 0, else 0.01",
    [REF_ACT_ELU] = "1 where a_{t} > 0, else e^{a}",
    [REF_ACT_SIGMOID] = "@ (1 - @)",
    [REF_ACT_SOFTSIGN] = "1 / (1 + |a_{t}|)^{2}",
    [REF_ACT_SOFTPLUS] = "\\sigma(a_{t})",
    [REF_ACT_HARDTANH] = "1 where |a_{t}| < 1, else 0",
    [REF_ACT_LINEAR] = "1",
};

void rg_story_forward_formulas(const struct rg_story *s, struct rg_story_run run) {
    const struct ref_model *const net = s->walk->net;
    const bool learned = is_kind(s, REF_SKIP_LEARNED);
    const char *const made = learned ? "S_{t}" : "h_{t}", *const cell = learned ? "C_{t}" : "c_{t}";
    char h[40], c[40];
    past_state(s, run, 'h', h);
    past_state(s, run, 'c', c);
    preactivation(s, run);
    switch (net->cell) {
    case REF_CELL_LSTM:
        rg_story_formula(s, "i = \\sigma(a_{i}), f = \\sigma(a_{f}), g = tanh(a_{g}), o = \\sigma(a_{o})");
        rg_story_formula(s, "%s = f %s + i g, %s = o tanh(%s)", cell, c, made, cell);
        break;
    case REF_CELL_GRU:
        rg_story_formula(s, "r = \\sigma(a_{r}), z = \\sigma(a_{z}), n = tanh(a_{n})");
        rg_story_formula(s, "%s = (1 - z) n + z %s", made, h);
        break;
    default:
        rg_story_formula(s, "%s = %s", made, activations[net->activation]);
        break;
    }
    if (learned) {
        rg_story_text(s, "The gate u_{t}, 0 or 1, takes the state that the cell makes, or keeps the one before:");
        rg_story_formula(s, "h_{t} = u_{t} S_{t} + (1 - u_{t}) h_{t-1}, %su_{t} = round(v_{t})",
                         net->cell == REF_CELL_LSTM ? "c_{t} likewise, " : "");
        rg_story_formula(s, "p_{t} = \\sigma(W_{uh} %s + b_{uh})", net->cell == REF_CELL_LSTM ? "c_{t}" : "h_{t}");
        rg_story_formula(s, "v_{t+1} = p_{t} if u_{t} = 1, else v_{t} + min(p_{t}, 1 - v_{t}); v_{1} = 1");
    }
}

/* ---- Head and loss ---- */

void rg_story_head_formulas(const struct rg_story *s) {
    const struct ref_model *const net = s->walk->net;
    const char *const b = rg_story_has(s, ref_head_bias(net)) ? " + b_{o}" : "";
    if (net->target == REF_TARGET_STEPS) {
        rg_story_formula(s, "z_{t} = W_{o} h_{t}%s", b);
        return;
    }
    switch (net->readout) {
    case REF_READOUT_FINAL:
        rg_story_formula(s, "r = the state with which each direction ends, z = W_{o} r%s", b);
        break;
    case REF_READOUT_MEAN:
        rg_story_formula(s, "r = mean of h_{1} ... h_{T}, z = W_{o} r%s", b);
        break;
    case REF_READOUT_MAX:
        rg_story_formula(s, "r = the largest of h_{1} ... h_{T}, unit by unit; z = W_{o} r%s", b);
        break;
    default:
        rg_story_formula(s, "z = W_{o} h_{T}%s", b);
        break;
    }
}

void rg_story_loss_formulas(const struct rg_story *s) {
    const char *const mean = s->walk->net->outputs > 1 ? ", the mean over the outputs" : "";
    switch (s->walk->batch.loss) {
    case REF_LOSS_BCE:
        rg_story_formula(s, "y = \\sigma(z), loss = -(target log y + (1 - target) log(1 - y))%s", mean);
        break;
    case REF_LOSS_CE:
        rg_story_formula(s, "y = e^{z} / \\sum e^{z}, loss = -log y_{target}");
        break;
    default:
        rg_story_formula(s, "y = z, loss = (y - target)^{2}%s", mean);
        break;
    }
}

/* ---- Backward ---- */

static void loss_gradient(const struct rg_story *s) {
    const bool squared = s->walk->batch.loss == REF_LOSS_MSE;
    const char *const t = s->walk->net->target == REF_TARGET_STEPS ? "_{t}" : "";
    rg_story_formula(s, "dL/dz%s = %s(y%s - %s) / %.0f", t, squared ? "2 " : "", t,
                     s->walk->batch.loss == REF_LOSS_CE ? "1 at the target" : "target", s->walk->result->count);
}

static void head_gradient(const struct rg_story *s) {
    const struct ref_model *const net = s->walk->net;
    const bool last = net->target == REF_TARGET_LAST && net->readout == REF_READOUT_LAST;
    if (net->target == REF_TARGET_STEPS) {
        rg_story_formula(s, "dL/dh_{t} from the head: W_{o}^{T} dL/dz_{t}");
    } else if (last) {
        rg_story_formula(s, "dL/dh_{T} = W_{o}^{T} dL/dz");
    } else {
        rg_story_formula(s, "dL/dr = W_{o}^{T} dL/dz, %s",
                         net->readout == REF_READOUT_MEAN  ? "a T-th of it to each h_{t}"
                         : net->readout == REF_READOUT_MAX ? "each unit of it to the step that was largest"
                                                           : "to the state with which each direction ends");
    }
}

/* phi' with what the cell makes in place of @. */
static void slope_text(const char *made, const char *slope, char text[80]) {
    size_t n = 0;
    text[0] = '\0';
    for (; *slope && n + 8 < 80; slope++) {
        n += (size_t)snprintf(text + n, 80 - n, *slope == '@' ? "%s" : "%.1s", *slope == '@' ? made : slope);
    }
}

/* An index of the step that comes `back` steps later in the direction's order. */
static void later_index(struct rg_story_run run, size_t back, char text[40]) {
    (void)snprintf(text, 40, "_{t%c%zu}", run.direction ? '-' : '+', back);
}

static void cell_gradient(const struct rg_story *s, struct rg_story_run run) {
    const struct ref_model *const net = s->walk->net;
    const bool learned = is_kind(s, REF_SKIP_LEARNED);
    char h[40], c[40], later[40], slope[80];
    past_state(s, run, 'h', h);
    past_state(s, run, 'c', c);
    later_index(run, is_kind(s, REF_SKIP_DILATED) ? net->skip : 1, later);
    switch (net->cell) {
    case REF_CELL_LSTM:
        if (learned) {
            rg_story_formula(s, "dL/dC_{t} = u_{t} dL/dc_{t} + dL/dS_{t} o (1 - tanh(C_{t})^{2})");
            rg_story_text(s, "Below, dL/dc is dL/dC and dL/dh is dL/dS.");
        } else {
            rg_story_formula(s, "dL/dc_{t} = dL/dh_{t} o (1 - tanh(c_{t})^{2}) + f%s dL/dc%s", later, later);
        }
        rg_story_formula(s, "\\delta_{i} = dL/dc g i (1 - i), \\delta_{f} = dL/dc %s f (1 - f)", c);
        rg_story_formula(s, "\\delta_{g} = dL/dc i (1 - g^{2}), \\delta_{o} = dL/dh tanh(c) o (1 - o)");
        break;
    case REF_CELL_GRU:
        if (learned) {
            rg_story_text(s, "Below, dL/dh is dL/dS.");
        }
        rg_story_formula(s, "\\delta_{n} = dL/dh (1 - z) (1 - n^{2}), \\delta_{z} = dL/dh (%s - n) z (1 - z)", h);
        rg_story_formula(s, "\\delta_{r} = \\delta_{n} r (1 - r) times the n of W_{hh} %s%s", h,
                         has_bias(s, run, REF_ROLE_BIAS_HH) ? " + b_{hh}" : "");
        break;
    default:
        slope_text(learned ? "S_{t}" : "h_{t}", slopes[net->activation], slope);
        rg_story_formula(s, "\\delta_{t} = dL/da_{t} = %s \\cdot \\phi'(a_{t}), \\phi'(a_{t}) = %s",
                         learned ? "dL/dS_{t}" : "dL/dh_{t}", slope);
        break;
    }
}

/* What a learned skip's gate adds on the way back; rounding counts as the identity. */
static void gate_gradient(const struct rg_story *s, struct rg_story_run run) {
    const bool lstm = s->walk->net->cell == REF_CELL_LSTM;
    char h[40], c[40], later[40], cell[96] = "", budget[64] = "";
    past_state(s, run, 'h', h);
    past_state(s, run, 'c', c);
    later_index(run, 1, later);
    if (lstm) {
        rg_story_formula(s, "dL/dc_{t} = f%s dL/dC%s + (1 - u%s) dL/dc%s + W_{uh}^{T} q_{t}", later, later, later,
                         later);
        (void)snprintf(cell, sizeof cell, " + (C_{t} - %s) dL/dc_{t}", c);
    }
    if (s->walk->net->skip_budget > 0.0) {
        (void)snprintf(budget, sizeof budget, " + %.4g / %zu", s->walk->net->skip_budget, s->walk->batch.n_sequences);
    }
    rg_story_text(s,
                  "dL/dS_{t} = u_{t} dL/dh_{t}: a skipped step passes its gradient on as it is, and its \\delta is 0. "
                  "The gate's gradient, with rounding taken as the identity:");
    rg_story_formula(s, "dL/dv_{t} = (S_{t} - %s) dL/dh_{t}%s + (p_{t} - v_{t} - m_{t}) dL/dv%s%s", h, cell, later,
                     budget);
    rg_story_formula(s, "m_{t} = min(p_{t}, 1 - v_{t}); dL/dv%s more where u_{t} = 0 and p_{t} < 1 - v_{t}", later);
    rg_story_formula(s, "q_{t} = p_{t} (1 - p_{t}) dL/dv%s where u_{t} = 1 or p_{t} < 1 - v_{t}, else 0", later);
}

/* What leads from a step to the one before it in the direction's order. */
static void step_back(const struct rg_story *s, struct rg_story_run run) {
    const struct ref_model *const net = s->walk->net;
    const bool learned = is_kind(s, REF_SKIP_LEARNED), gru = net->cell == REF_CELL_GRU;
    const bool top = run.layer + 1 == net->layers;
    const bool every =
        net->target == REF_TARGET_STEPS || net->readout == REF_READOUT_MEAN || net->readout == REF_READOUT_MAX;
    char far[96] = "", kept[128] = "", copied[160] = "", later[40];
    later_index(run, is_kind(s, REF_SKIP_DILATED) ? net->skip : 1, later);
    if (is_kind(s, REF_SKIP_ADD)) {
        char skipped[40];
        later_index(run, net->skip, skipped);
        (void)snprintf(far, sizeof far, " + W_{sh}^{T} \\delta%s", skipped);
    }
    if (gru) {
        (void)snprintf(kept, sizeof kept, " + z%s dL/d%s%s", later, learned ? "S" : "h", later);
    }
    if (learned) {
        (void)snprintf(copied, sizeof copied, " + (1 - u%s) dL/dh%s%s", later, later,
                       net->cell == REF_CELL_LSTM ? "" : " + W_{uh}^{T} q_{t}");
    }
    rg_story_formula(s, "dL/dh_{t} = W_{hh}^{T} \\delta%s%s%s%s%s%s", later, far, kept, copied,
                     top ? "" : " + W_{ih}^{T} \\delta_{t} of the layer above",
                     top && every ? " + what comes from the head" : "");
    if (gru) {
        rg_story_text(s, "W_{hh}^{T} takes r \\delta_{n} in place of \\delta_{n}.");
    }
    if (learned) {
        gate_gradient(s, run);
    }
}

void rg_story_backward_formulas(const struct rg_story *s, struct rg_story_run run) {
    if (run.layer + 1 == s->walk->net->layers && run.direction == 0) {
        loss_gradient(s);
        head_gradient(s);
    }
    step_back(s, run);
    cell_gradient(s, run);
}
