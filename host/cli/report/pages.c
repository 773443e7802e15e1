/* --plot and --report: see pages.h. */
#define _GNU_SOURCE
#include "cli/report/pages.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/attempts.h"
#include "base/nearest.h"
#include "cli/report/picture.h"
#include "files/fingerprint.h"
#include "files/json.h"
#include "rnn_gpu/tensors.h"

enum { MIN_PIXELS = 100, MAX_PIXELS = 10000 }; /* limits of --figure-size */

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

static rg_status check_figure(const char *figure, const char *const *figures) {
    char names[400] = "";
    for (size_t i = 0; figures[i]; i++) {
        const size_t at = strlen(names);
        if (strcmp(figure, figures[i]) == 0) {
            return RG_OK;
        }
        (void)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", figures[i]);
    }
    const char *const nearest = rg_name_nearest(figure, figures);
    return rg_fail(RG_USAGE, "--figure: there is no figure '%.80s' here; the figures are %s%s%s%s", figure, names,
                   nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static bool ends_with(const char *path, const char *ending) {
    const size_t length = strlen(path), n = strlen(ending);
    return length > n && strcasecmp(path + length - n, ending) == 0;
}

/* A page, or a device such as /dev/null. */
static rg_status check_report(const char *path) {
    return !path || ends_with(path, ".html") || ends_with(path, ".htm") || strncmp(path, "/dev/", 5) == 0
               ? RG_OK
               : rg_fail(RG_USAGE, "--report %s: the name must end in .html or .htm", path);
}

rg_status rg_pages_check(const struct rg_config *config, const char *const *figures) {
    const struct rg_output_options *const o = &config->output;
    double width, height;
    if (!o->plot && (o->figure || o->figure_size)) {
        return rg_fail(RG_USAGE, "--%s requires --plot FILE", o->figure ? "figure" : "figure-size");
    }
    RG_TRY(read_size(o->figure_size, &width, &height));
    RG_TRY(o->figure ? check_figure(o->figure, figures) : RG_OK);
    RG_TRY(check_report(o->report));
    return o->plot ? rg_picture_check(o->plot) : RG_OK;
}

bool rg_pages_wanted(const struct rg_config *config) {
    return config->output.plot || config->output.report;
}

rg_status rg_pages_write(const struct rg_config *config, const struct rg_report *report) {
    struct rg_picture picture = {.title = report->title,
                                 .plots = report->plots,
                                 .n_plots = report->n_plots,
                                 .columns = 2,
                                 .theme = config->output.theme,
                                 .figure = config->output.figure};
    struct rg_attempts attempts = {.status = RG_OK};
    RG_TRY(read_size(config->output.figure_size, &picture.width, &picture.height));
    rg_attempt(&attempts, config->output.plot ? rg_picture_write(&picture, config->output.plot) : RG_OK);
    rg_attempt(&attempts, config->output.report ? rg_report_write(report, config->output.report) : RG_OK);
    return rg_attempts_end(&attempts);
}

void rg_pages_made(char text[RG_MADE_BYTES]) {
    char date[40] = "", host[80] = "";
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts)) {
        (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    }
    const bool named = gethostname(host, sizeof host - 1) == 0 && host[0];
    (void)snprintf(text, RG_MADE_BYTES, "%s%s%s", date, named ? " on " : "", named ? host : "");
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

void rg_facts_data(struct rg_facts *facts, const struct rg_config *config) {
    struct rg_fingerprint print;
    if (config->data.file && rg_fingerprint_take(config->data.file, &print) == RG_OK) {
        rg_facts_add(facts, "data", "%s, %llu bytes, CRC-32 %08x", config->data.file, (unsigned long long)print.bytes,
                     (unsigned)print.crc);
    }
}

void rg_facts_time(struct rg_facts *facts, double seconds) {
    rg_facts_add(facts, "time", seconds < 100.0 ? "%.2f s" : "%.0f s", seconds);
}

void rg_facts_number(struct rg_facts *facts, const char *name, double value) {
    if (isnan(value)) {
        rg_facts_add(facts, name, "not measurable");
    } else {
        rg_facts_add(facts, name, "%.4g", value);
    }
}
