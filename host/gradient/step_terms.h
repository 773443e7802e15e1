/* The part that each lag has in the step that an optimiser makes of the gradient (gradient/step_rule.h): with the
 * factors P held as they are, the part of lag tau is P G_tau of the step P G. */
#ifndef RG_STEP_TERMS_H
#define RG_STEP_TERMS_H

#include "gradient/terms.h"

/* `factors` [arena], `model` for the places of the matrices in it. RG_NO_MEMORY. */
rg_status rg_step_terms_create(struct rg_terms *terms, const struct rg_model *model, const double *factors);

/* As rg_terms_note, _total, _compare and _finish, after them; without factors they do nothing. */
void rg_step_terms_note(struct rg_terms *terms, size_t slot, size_t lag);
void rg_step_terms_total(struct rg_terms *terms);
void rg_step_terms_compare(struct rg_terms *terms, size_t slot, size_t lag);
void rg_step_terms_finish(struct rg_terms *terms);

#endif
