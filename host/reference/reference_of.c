/* The reference of a model of the product: see reference_of.h. */
#include "reference/reference_of.h"

/* The reference's enumerations have the same order as the product's. */
_Static_assert((int)REF_N_CELLS == (int)RG_N_CELLS && (int)REF_N_ACTIVATIONS == (int)RG_N_ACTIVATIONS &&
                   (int)REF_SKIP_LEARNED == (int)RG_SKIP_LEARNED && (int)REF_TARGET_STEPS == (int)RG_TARGET_STEPS &&
                   (int)REF_READOUT_MAX == (int)RG_READOUT_MAX,
               "the reference has all that a model can be");

struct ref_model *ref_model_of(const struct rg_shape *shape, double skip_budget) {
    const struct ref_model form = {.cell = (enum ref_cell)shape->cell,
                                   .activation = (enum ref_activation)shape->activation,
                                   .inputs = shape->inputs,
                                   .hidden = shape->hidden,
                                   .outputs = shape->outputs,
                                   .layers = shape->layers,
                                   .bidirectional = shape->bidirectional,
                                   .skip = shape->skip,
                                   .skip_kind = (enum ref_skip_kind)shape->skip_kind,
                                   .skip_budget = skip_budget,
                                   .target = (enum ref_target)shape->target,
                                   .readout = (enum ref_readout)shape->readout,
                                   .words = shape->words};
    return ref_model_create_like(&form);
}

void ref_model_take(struct ref_model *to, const struct rg_model *from) {
    for (size_t p = 0; p < to->n_parameters; p++) {
        const struct rg_parameter *const parameter = &from->parameters[p];
        for (size_t i = 0; i < rg_parameter_elements(parameter); i++) {
            to->values[p][i] = rg_model_weight(from, parameter->offset + i);
        }
    }
}

enum ref_loss ref_loss_of(enum rg_loss loss) {
    static const enum ref_loss losses[] = {
        [RG_LOSS_MSE] = REF_LOSS_MSE, [RG_LOSS_BCE] = REF_LOSS_BCE, [RG_LOSS_CE] = REF_LOSS_CE};
    return losses[loss];
}
