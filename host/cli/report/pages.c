/* --plot and --report: see pages.h. */
#define _GNU_SOURCE
#include "cli/report/pages.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attempts.h"
#include "base/ending.h"
#include "base/number_text.h"
#include "cli/report/explain.h"
#include "cli/report/picture.h"
#include "cli/report/screen.h"
#include "files/fingerprint.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

enum { MIN_PIXELS = 100, MAX_PIXELS = 10000 }; /* limits of --figure-size */
enum { MADE_BYTES = 160 };

/* Read *width and *height from --figure-size; 0 without it. */
static rg_status read_size(const char *text, double *width, double *height) {
    unsigned w = 0, h = 0;
    int end = 0;
    *width = *height = 0.0;
    if (!text) {
        return RG_OK;
    }
    if (sscanf(text, "%5ux%5u%n", &w, &h, &end) != 2 || text[end] || w < MIN_PIXELS || h < MIN_PIXELS ||
        w > MAX_PIXELS || h > MAX_PIXELS) {
        return rg_fail(RG_USAGE, "--figure-size: '%.80s' is not WIDTHxHEIGHT, each from %d to %d; write 800x450", text,
                       MIN_PIXELS, MAX_PIXELS);
    }
    *width = w;
    *height = h;
    return RG_OK;
}

/* A page, or a device such as /dev/null. */
static rg_status check_report(const char *path) {
    return !path || rg_ends_in(path, ".html") || rg_ends_in(path, ".htm") || strncmp(path, "/dev/", 5) == 0
               ? RG_OK
               : rg_fail(RG_USAGE, "--report %s: the name must end in .html or .htm", path);
}

rg_status rg_pages_check(const struct rg_config *config, enum rg_figure_command command) {
    const struct rg_output_options *const o = &config->output;
    double width, height;
    if (!o->plot && (o->figure || o->figure_size || o->theme != RG_THEME_AUTO)) {
        return rg_fail(RG_USAGE, "--%s requires --plot FILE",
                       o->figure        ? "figure"
                       : o->figure_size ? "figure-size"
                                        : "plot-theme");
    }
    RG_TRY(read_size(o->figure_size, &width, &height));
    RG_TRY(o->figure ? rg_figures_check(command, o->figure) : RG_OK);
    RG_TRY(check_report(o->report));
    return o->plot ? rg_picture_check(o->plot) : RG_OK;
}

bool rg_pages_wanted(const struct rg_config *config) {
    return config->output.plot || config->output.report;
}

rg_status rg_pages_create(const struct rg_config *config, enum rg_figure_command command, struct rg_pages **out) {
    const size_t n_plots = rg_figures_count(command);
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the pages"));
    struct rg_pages *const p = *out;
    *p = (struct rg_pages){.config = config, .report = {.config = config}};
    const rg_status status = rg_alloc(&p->plots, n_plots, sizeof *p->plots, "figures");
    if (status != RG_OK) {
        rg_free(p);
        *out = NULL;
        return status;
    }
    p->n_plots = n_plots;
    return RG_OK;
}

static void destroy(struct rg_pages *p) {
    rg_figures_clear(p->plots, p->n_plots);
    for (size_t i = 0; i < RG_MAX_TABLES; i++) {
        rg_table_release(&p->tables[i]);
    }
    rg_settings_release(&p->settings);
    rg_free(p->plots);
    rg_free(p);
}

static rg_status write_picture(const struct rg_pages *p) {
    const struct rg_output_options *const o = &p->config->output;
    struct rg_picture picture = {.title = p->title,
                                 .plots = p->plots,
                                 .n_plots = p->n_plots,
                                 .columns = 2,
                                 .theme = o->theme,
                                 .figure = o->figure};
    RG_TRY(read_size(o->figure_size, &picture.width, &picture.height));
    return rg_picture_write(&picture, o->plot);
}

/* The present time and place: "2026-11-29 02:40 UTC on HOST". */
static void made_text(char text[MADE_BYTES]) {
    char date[40] = "", host[80] = "";
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts)) {
        (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    }
    const bool named = gethostname(host, sizeof host - 1) == 0 && host[0];
    (void)snprintf(text, MADE_BYTES, "%s%s%s", date, named ? " on " : "", named ? host : "");
}

static rg_status write_pages(struct rg_pages *p) {
    const struct rg_output_options *const o = &p->config->output;
    struct rg_report *const report = &p->report;
    struct rg_table tables[RG_MAX_TABLES];
    struct rg_attempts attempts = {.status = RG_OK};
    char made[MADE_BYTES];
    made_text(made);
    report->title = p->title;
    report->verdict = p->verdict[0] ? p->verdict : NULL;
    report->made = made;
    report->settings = &p->settings;
    report->facts = p->facts.items;
    report->n_facts = p->facts.n;
    report->tables = tables;
    report->plots = p->plots;
    report->n_plots = p->n_plots;
    for (size_t i = 0; i < RG_MAX_TABLES; i++) {
        if (p->tables[i].pointers) {
            tables[report->n_tables++] = p->tables[i].table;
        }
    }
    rg_attempt(&attempts, o->plot ? write_picture(p) : RG_OK);
    rg_attempt(&attempts, o->report ? rg_report_write(report, o->report) : RG_OK);
    rg_attempt(&attempts, p->copy ? rg_report_write(report, p->copy) : RG_OK);
    return rg_attempts_end(&attempts);
}

rg_status rg_pages_end(struct rg_pages *pages, rg_status filled) {
    const rg_status status = filled == RG_OK ? write_pages(pages) : filled;
    destroy(pages);
    return status;
}

void rg_facts_add(struct rg_facts *facts, const char *name, const char *format, ...) {
    assert(facts->n < RG_MAX_FACTS);
    struct rg_fact *const fact = &facts->items[facts->n++];
    char value[2 * sizeof fact->value];
    va_list arguments;
    va_start(arguments, format);
    (void)snprintf(fact->name, sizeof fact->name, "%s", name);
    (void)vsnprintf(value, sizeof value, format, arguments);
    rg_utf8_copy(fact->value, sizeof fact->value, value);
    va_end(arguments);
}

void rg_facts_model(struct rg_facts *facts, const struct rg_model *model) {
    char text[sizeof facts->items->value];
    rg_screen_model_text(model, text, sizeof text);
    rg_facts_add(facts, "model", "%s", text);
}

void rg_facts_device(struct rg_facts *facts, const struct rg_device_info *info) {
    rg_facts_add(facts, "device", "%.120s%s", info->name, rg_device_math(info));
}

void rg_facts_data(struct rg_facts *facts, const struct rg_config *config) {
    struct rg_fingerprint print;
    if (!config->data.file) {
        return;
    }
    if (rg_fingerprint_take(config->data.file, &print) != RG_OK) {
        rg_facts_add(facts, "data", "%s, which cannot be read again", config->data.file);
    } else {
        rg_facts_add(facts, "data", "%s, %llu bytes, CRC-32 %08x", config->data.file, (unsigned long long)print.bytes,
                     (unsigned)print.crc);
    }
}

void rg_facts_time(struct rg_facts *facts, double seconds) {
    char text[RG_NUMBER_BYTES];
    rg_facts_add(facts, "time", "%s", rg_seconds_text(seconds, text));
}

void rg_facts_verdict(struct rg_facts *facts, const struct rg_verdict *v) {
    char power[32], factor[32] = "not measurable";
    if (!isnan(v->factor)) {
        (void)snprintf(factor, sizeof factor, "%.4g", v->factor);
    }
    rg_facts_add(facts, "verdict", "%s", rg_verdict_names[v->word]);
    if (v->overflow) {
        rg_facts_add(facts, "gradient by lag", "not known: not finite");
        return;
    }
    rg_facts_add(facts, "reach, of the gradient", "%s at lag %zu", rg_explain_power(v->log10_reach, power), v->last);
    rg_facts_add(facts, "factor a step back, fitted", "%s", factor);
    rg_facts_add(facts, "horizon in steps", "%zu", v->horizon);
}
