/* Powers of ten beyond a double's range, and places in a net, as text: declared in explain.h. */
#include <math.h>
#include <stdio.h>

#include "cli/report/explain.h"

const char *rg_explain_digits(double log10_value, int digits, char out[32]) {
    if (!isfinite(log10_value)) {
        (void)snprintf(out, 32, "%s", isnan(log10_value) ? "-" : log10_value < 0.0 ? "0" : "inf");
        return out;
    }
    double whole = floor(log10_value), lead = pow(10.0, log10_value - whole);
    if (lead >= 10.0 - 0.5 * pow(10.0, 1 - digits)) { /* it would be rounded to 10 */
        lead = 1.0;
        whole += 1.0;
    }
    (void)snprintf(out, 32, "%.*fe%+03.0f", digits - 1, lead, whole);
    return out;
}

const char *rg_explain_power(double log10_value, char out[32]) {
    /* A value that two digits would round to 10 belongs to the next power. */
    const double whole = floor(log10_value + (1.0 - log10(9.95)));
    if (!isfinite(log10_value)) {
        return rg_explain_digits(log10_value, 2, out);
    }
    (void)snprintf(out, 32, "%.2ge%+03.0f", pow(10.0, log10_value - whole), whole);
    return out;
}

const char *rg_explain_place(size_t layer, size_t direction, char out[48]) {
    (void)snprintf(out, 48, "layer %zu%s", layer, direction ? ", reverse" : "");
    return out;
}
