/* The part of each lag in the step that an optimiser makes (gradient/step_rule.h). With fixed factors P, lag tau
 * contributes P G_tau to the step P G. */
#ifndef RG_STEP_TERMS_H
#define RG_STEP_TERMS_H

#include "gradient/terms.h"

/* `factors` is [arena]; `model` gives the places of the matrices in it. RG_NO_MEMORY. */
rg_status rg_step_terms_create(struct rg_terms *terms, const struct rg_model *model, const double *factors);

/* Call each after the function of rg_terms with the same name: note, total, compare, finish. Without factors they do
 * nothing. */
void rg_step_terms_note(struct rg_terms *terms, size_t slot, size_t lag);
void rg_step_terms_total(struct rg_terms *terms);
void rg_step_terms_compare(struct rg_terms *terms, size_t slot, size_t lag);
void rg_step_terms_finish(struct rg_terms *terms);

#endif
