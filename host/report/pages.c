/* --plot and --report: see pages.h. */
#include "report/pages.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "report/picture.h"
#include "rnn_gpu/tensors.h"

rg_status rg_pages_check(const struct rg_config *config) {
    return config->plot ? rg_picture_check(config->plot) : RG_OK;
}

rg_status rg_pages_try(const struct rg_config *config) {
    RG_TRY(config->plot ? rg_file_try(config->plot) : RG_OK);
    return config->report ? rg_file_try(config->report) : RG_OK;
}

bool rg_pages_wanted(const struct rg_config *config) {
    return config->plot || config->report;
}

rg_status rg_pages_write(const struct rg_config *config, const struct rg_report *report) {
    const struct rg_picture picture = {report->title, report->plots, report->n_plots, 2, config->theme};
    RG_TRY(config->plot ? rg_picture_write(&picture, config->plot) : RG_OK);
    return config->report ? rg_report_write(report, config->report) : RG_OK;
}

void rg_facts_add(struct rg_facts *facts, const char *name, const char *format, ...) {
    assert(facts->n < RG_MAX_FACTS);
    struct rg_fact *const fact = &facts->items[facts->n++];
    va_list arguments;
    va_start(arguments, format);
    (void)snprintf(fact->name, sizeof fact->name, "%s", name);
    (void)vsnprintf(fact->value, sizeof fact->value, format, arguments);
    va_end(arguments);
}

void rg_facts_number(struct rg_facts *facts, const char *name, double value) {
    if (isnan(value)) {
        rg_facts_add(facts, name, "not measurable");
    } else {
        rg_facts_add(facts, name, "%.4g", value);
    }
}
