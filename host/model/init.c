/* Initial weights of a model: matrices as requested (matrix_init.h), biases and head as in PyTorch, and the gates'
 * biases, which decide how long a cell remembers. */
#include <math.h>
#include <string.h>

#include "model/cells.h"
#include "model/layout.h"
#include "model/matrix_init.h"
#include "rnn_gpu/model.h"

static struct rg_stream stream_of(uint64_t seed, size_t parameter) {
    return (struct rg_stream){.seed = seed, .parameter = (uint32_t)parameter};
}

/* Give a gate the bias `value` in b_ih and 0 in b_hh. Only their sum matters. */
static void set_gate(const struct rg_model *model, size_t bias_ih, size_t unit, size_t gate, double value) {
    const size_t row = gate * model->shape.hidden + unit;
    rg_model_values(model, bias_ih)[row] = (float)value;
    rg_model_values(model, bias_ih + RG_ROLE_BIAS_HH - RG_ROLE_BIAS_IH)[row] = 0.0F;
}

/* Chrono initialisation (Tallec, Ollivier 2018). A unit with forget bias ln t remembers for about t steps. So b_f ~ ln
 * U(1, T_max - 1) spreads the memories of the units, and b_i = -b_f keeps the size of the state. In PyTorch's GRU z
 * keeps the state, h = (1 - z) n + z h', so b_z = ln U(1, T_max - 1); in the paper's leaky unit, h = g n + (1 - g) h',
 * b_g = -ln U. The uniform numbers are those that the gate's rows of b_ih would otherwise have used. */
static void chrono(const struct rg_model *model, size_t bias_ih, double longest, uint64_t seed) {
    const struct rg_cell_row *const cell = &rg_cells[model->shape.cell];
    const size_t hidden = model->shape.hidden, gate = cell->forget;
    const struct rg_stream stream = stream_of(seed, bias_ih);
    double u[RG_BLOCK_NUMBERS] = {0};
    for (size_t unit = 0; unit < hidden; unit++) {
        const size_t row = gate * hidden + unit;
        if (unit == 0 || row % RG_BLOCK_NUMBERS == 0) {
            rg_stream_uniform(&stream, row / RG_BLOCK_NUMBERS, u);
        }
        const double bias = rg_natural_log(1.0 + (longest - 2.0) * u[row % RG_BLOCK_NUMBERS]);
        set_gate(model, bias_ih, unit, gate, bias);
        if (cell->input != RG_NO_SUCH_GATE) {
            set_gate(model, bias_ih, unit, cell->input, -bias);
        }
    }
}

static void initialise_biases(const struct rg_model *model, size_t bias_ih, const struct rg_init_options *init,
                              uint64_t seed) {
    const size_t hidden = model->shape.hidden;
    for (size_t k = bias_ih; k <= bias_ih + RG_ROLE_BIAS_HH - RG_ROLE_BIAS_IH; k++) {
        const struct rg_stream stream = stream_of(seed, k);
        const size_t count = rg_parameter_elements(&model->parameters[k]);
        if (init->zero_biases) {
            memset(rg_model_values(model, k), 0, count * sizeof(float));
        } else {
            rg_uniform_fill(rg_model_values(model, k), count, 1.0 / sqrt((double)hidden), &stream);
        }
    }
    if (init->hidden.kind == RG_INIT_CHRONO) {
        chrono(model, bias_ih, init->hidden.value, seed);
    }
    if (rg_cell_has_c(model->shape.cell) && !isnan(init->forget_bias)) {
        for (size_t unit = 0; unit < hidden; unit++) {
            set_gate(model, bias_ih, unit, rg_cells[model->shape.cell].forget, init->forget_bias);
        }
    }
}

static rg_status initialise_matrix(const struct rg_model *model, size_t parameter, const struct rg_init *init,
                                   uint64_t seed) {
    const struct rg_parameter *const p = &model->parameters[parameter];
    const size_t hidden = model->shape.hidden;
    const struct rg_stream stream = stream_of(seed, parameter);
    const struct rg_gate_matrices matrices = {rg_model_values(model, parameter), rg_cell_gates(model->shape.cell),
                                              hidden, p->columns};
    return rg_matrices_initialise(&matrices, init, 1.0 / sqrt((double)hidden), &stream);
}

/* At the start the state is updated rather than skipped: sigma(1) = 0.73 (Campos et al. 2018). */
static void initialise_update_gate(const struct rg_model *model, size_t weight, uint64_t seed) {
    const struct rg_stream stream = stream_of(seed, weight);
    rg_uniform_fill(rg_model_values(model, weight), model->shape.hidden, 1.0 / sqrt((double)model->shape.hidden),
                    &stream);
    rg_model_values(model, weight + RG_ROLE_BIAS_UH - RG_ROLE_WEIGHT_UH)[0] = 1.0F;
}

static void initialise_head(const struct rg_model *model, uint64_t seed) {
    const size_t first = rg_model_head_weight(model);
    const double bound = 1.0 / sqrt((double)model->parameters[first].columns);
    for (size_t k = first; k <= rg_model_head_bias(model); k++) {
        const struct rg_stream stream = stream_of(seed, k);
        rg_uniform_fill(rg_model_values(model, k), rg_parameter_elements(&model->parameters[k]), bound, &stream);
    }
}

static rg_status initialise_embedding(const struct rg_model *model, uint64_t seed) {
    const size_t k = rg_model_embed(model);
    const struct rg_parameter *const p = &model->parameters[k];
    const struct rg_stream stream = stream_of(seed, k);
    const struct rg_gate_matrices table = {rg_model_values(model, k), 1, p->rows, p->columns};
    return rg_matrices_initialise(&table, &(struct rg_init){RG_INIT_NORMAL, 1.0}, 0.0, &stream);
}

static rg_status check_init(const struct rg_shape *shape, const struct rg_init_options *init) {
    const bool chrono_hidden = init->hidden.kind == RG_INIT_CHRONO;
    if (init->input.kind == RG_INIT_NPRNN || init->input.kind == RG_INIT_CHRONO) {
        return rg_fail(RG_ERROR, "model: nprnn and chrono are for the recurrent matrix; use another for the inputs");
    }
    if (chrono_hidden && rg_cells[shape->cell].forget == RG_NO_SUCH_GATE) {
        return rg_fail(RG_ERROR, "model: chrono sets the biases of gates, which an rnn does not have; use lstm or gru");
    }
    if (chrono_hidden && !(init->hidden.value >= 2.0)) {
        return rg_fail(RG_ERROR, "model: chrono with a longest memory of %g steps; expected at least 2",
                       init->hidden.value);
    }
    return RG_OK;
}

rg_status rg_model_initialise(struct rg_model *model, const struct rg_init_options *init, uint64_t seed) {
    RG_TRY(check_init(&model->shape, init));
    for (size_t layer = 0; layer < model->shape.layers; layer++) {
        for (size_t direction = 0; direction < rg_shape_directions(&model->shape); direction++) {
            const size_t first = rg_model_parameter(model, layer, direction, RG_ROLE_WEIGHT_IH);
            RG_TRY(initialise_matrix(model, first + RG_ROLE_WEIGHT_IH, &init->input, seed));
            RG_TRY(initialise_matrix(model, first + RG_ROLE_WEIGHT_HH, &init->hidden, seed));
            initialise_biases(model, first + RG_ROLE_BIAS_IH, init, seed);
            if (rg_shape_has_role(&model->shape, RG_ROLE_WEIGHT_SH)) {
                RG_TRY(initialise_matrix(model, first + RG_ROLE_WEIGHT_SH, &init->hidden, seed));
            }
            if (rg_shape_has_role(&model->shape, RG_ROLE_WEIGHT_UH)) {
                initialise_update_gate(model, rg_model_parameter(model, layer, direction, RG_ROLE_WEIGHT_UH), seed);
            }
        }
    }
    initialise_head(model, seed);
    return model->shape.words > 0 ? initialise_embedding(model, seed) : RG_OK;
}
