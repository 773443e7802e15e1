/* Singular values of a Jacobian product (gradient/spectrum.h): lines, and JSON. */
#ifndef RG_REPORT_SPECTRUM_TEXT_H
#define RG_REPORT_SPECTRUM_TEXT_H

#include <jansson.h>

#include "gradient/spectrum.h"

/* Some lines on stdout; nothing where nothing was measured. `followed`: directions that the lines before them are of.
 */
void rg_spectrum_text_print(const struct rg_spectrum *spectrum, size_t followed);

/* Into *object: "log10_singular" [n], "log10_condition", "log10_sigma_max", "spectrum_steps", "spectrum_sequences", and
 * of power iteration "sigma_max_iterations" and "sigma_max_converged"; null for what was not measured. */
void rg_spectrum_text_add(json_t **object, const struct rg_spectrum *spectrum);

#endif
