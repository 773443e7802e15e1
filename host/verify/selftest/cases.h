/* The cases of the self-test. A field that a row leaves out is 0: tanh, the head on the last step, one layer, one
 * direction, no skip, no clipping. */
#ifndef RG_SELFTEST_CASES_H
#define RG_SELFTEST_CASES_H

#include "verify/selftest/checks.h"

extern const struct rg_update_case rg_selftest_cases[];
extern const size_t rg_n_selftest_cases;
extern const struct rg_update_case rg_selftest_initial_cases[];
extern const size_t rg_n_selftest_initial_cases;
extern const struct rg_update_case rg_selftest_embedded_cases[];
extern const size_t rg_n_selftest_embedded_cases;
extern const struct rg_exercise_form rg_selftest_step_terms[];
extern const size_t rg_n_selftest_step_terms;

#endif
