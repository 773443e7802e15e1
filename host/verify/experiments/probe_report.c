/* What experiments report: see probe.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "verify/experiments/probe.h"

static bool is_ok(const struct rg_probe_number *n) {
    switch (n->rule) {
    case RG_PROBE_RELATIVE:
        return fabs(n->measured - n->expected) <= n->tolerance * fabs(n->expected);
    case RG_PROBE_ABSOLUTE:
        return fabs(n->measured - n->expected) <= n->tolerance;
    case RG_PROBE_AT_MOST:
        return n->measured <= n->expected;
    case RG_PROBE_AT_LEAST:
        return n->measured >= n->expected;
    case RG_PROBE_SHOWN:
        return true;
    }
    return false; /* no such rule */
}

void rg_probe_note(struct rg_probe_report *report, double measured, struct rg_probe_expectation expectation,
                   const char *quantity, ...) {
    struct rg_probe_number number = {.probe = report->probe,
                                     .measured = measured,
                                     .expected = expectation.expected,
                                     .tolerance = expectation.tolerance,
                                     .rule = expectation.rule};
    va_list list;
    va_start(list, quantity);
    (void)vsnprintf(number.quantity, sizeof number.quantity, quantity, list);
    va_end(list);
    number.ok = is_ok(&number);
    report->numbers++;
    if (!number.ok) {
        report->outside++;
    }
    report->number(report->self, &number);
}

struct rg_probe_expectation rg_probe_near(double expected, double relative) {
    return (struct rg_probe_expectation){RG_PROBE_RELATIVE, expected, relative};
}

struct rg_probe_expectation rg_probe_within(double expected, double absolute) {
    return (struct rg_probe_expectation){RG_PROBE_ABSOLUTE, expected, absolute};
}

struct rg_probe_expectation rg_probe_at_most(double bound) {
    return (struct rg_probe_expectation){RG_PROBE_AT_MOST, bound, NAN};
}

struct rg_probe_expectation rg_probe_at_least(double bound) {
    return (struct rg_probe_expectation){RG_PROBE_AT_LEAST, bound, NAN};
}

struct rg_probe_expectation rg_probe_shown(void) {
    return (struct rg_probe_expectation){RG_PROBE_SHOWN, NAN, NAN};
}
