/* Reporting the singular values of a Jacobian product (gradient/spectrum.h): lines and JSON. */
#ifndef RG_REPORT_SPECTRUM_TEXT_H
#define RG_REPORT_SPECTRUM_TEXT_H

#include <jansson.h>

#include "gradient/spectrum.h"

/* Print some lines on stdout, or nothing if nothing was measured. `followed` is the number of directions in the lines
 * before. */
void rg_spectrum_text_print(const struct rg_spectrum *spectrum, size_t followed);

/* Add to *object: "log10_singular" [n], "log10_condition", "log10_sigma_max", "spectrum_steps", "spectrum_sequences",
 * and for power iteration "sigma_max_iterations" and "sigma_max_converged". A value that was not measured is null. */
void rg_spectrum_text_add(json_t **object, const struct rg_spectrum *spectrum);

#endif
