/* `rnn-gpu probe`: gradient experiments with known answers. */
#include "verify/experiments/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/guard.h"
#include "base/nearest.h"
#include "base/stop.h"
#include "cli/commands/commands.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "files/json_lines.h"
#include "train/device_setup.h"

enum { MAX_PROBES = 32, MIN_STEPS = 8, MAX_STEPS = 500, MIN_HIDDEN = 16, MAX_HIDDEN = 1024 };

struct printer {
    bool json;
    size_t width;
    struct rg_json_lines lines; /* with json */
    const char *probe;          /* the experiment whose heading was printed */
};

static rg_status print_list(bool json, size_t width) {
    for (size_t i = 0; i < rg_n_probes; i++) {
        if (json) {
            RG_TRY(rg_json_print(rg_json_pack("{s:s, s:s, s:s}", "probe", rg_probes[i].name, "summary",
                                              rg_probes[i].summary, "source", rg_probes[i].source)));
        } else {
            rg_lines_format(stdout, width, 13, "%-12s %s", rg_probes[i].name, rg_probes[i].summary);
        }
    }
    return RG_OK;
}

static void print_heading(struct printer *printer, const char *name) {
    const bool first = printer->probe == NULL;
    size_t i = 0;
    while (strcmp(rg_probes[i].name, name) != 0) {
        i++;
    }
    (void)fputs(first ? "" : "\n", stdout);
    rg_lines_format(stdout, printer->width, 2, "%s: %s", name, rg_probes[i].summary);
    rg_lines_format(stdout, printer->width, 3, "  (%s)", rg_probes[i].source);
    if (first) {
        (void)printf("  %-34s %12s %12s %9s\n", "", "measured", "known", "within");
    }
    printer->probe = name;
}

static void print_json(struct rg_json_lines *lines, const struct rg_probe_number *n) {
    json_t *line = rg_json_pack("{s:s, s:s, s:o, s:s, s:b}", "probe", n->probe, "quantity", n->quantity, "measured",
                                rg_json_real(n->measured), "rule", rg_probe_rule_names[n->rule], "ok", n->ok);
    if (n->rule != RG_PROBE_SHOWN) {
        rg_json_set(&line, "expected", rg_json_real(n->expected));
    }
    if (!isnan(n->tolerance)) {
        rg_json_set(&line, "tolerance", rg_json_real(n->tolerance));
    }
    rg_json_lines_write(lines, line);
}

static void print_number(void *self, const struct rg_probe_number *n) {
    struct printer *const printer = self;
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    if (printer->json) {
        print_json(&printer->lines, n);
        return;
    }
    if (printer->probe != n->probe) {
        print_heading(printer, n->probe);
    }
    char expected[48] = "", tolerance[32] = "";
    if (n->rule == RG_PROBE_AT_MOST || n->rule == RG_PROBE_AT_LEAST) {
        (void)snprintf(expected, sizeof expected, "%s %.6g", n->rule == RG_PROBE_AT_MOST ? "<=" : ">=", n->expected);
    } else if (n->rule != RG_PROBE_SHOWN) {
        (void)snprintf(expected, sizeof expected, "%.7g", n->expected);
        (void)snprintf(tolerance, sizeof tolerance, "%.1g%s", n->tolerance, n->rule == RG_PROBE_RELATIVE ? " rel" : "");
    }
    (void)printf("  %-34s %12.7g %12s %9s %s\n", n->quantity, n->measured, expected, tolerance,
                 n->rule == RG_PROBE_SHOWN ? ""
                 : n->ok                   ? "ok"
                                           : "OUTSIDE");
    (void)fflush(stdout);
}

/* Indexes of the requested experiments. Returns their number, 0 for an unknown name. */
static size_t choose(const char *name, size_t *chosen) {
    size_t n = 0;
    for (size_t i = 0; i < rg_n_probes && i < MAX_PROBES; i++) {
        if (strcmp(name, "all") == 0 || strcmp(name, rg_probes[i].name) == 0) {
            chosen[n++] = i;
        }
    }
    return n;
}

static rg_status refuse(const char *name) {
    const char *names[MAX_PROBES + 2] = {"all"};
    char hint[RG_HINT_BYTES];
    for (size_t i = 0; i < rg_n_probes && i < MAX_PROBES; i++) {
        names[i + 1] = rg_probes[i].name;
    }
    return rg_fail(RG_USAGE, "unknown probe '%.40s'; `" RG_CALLED " probe` lists them%s", name,
                   rg_name_hint(name, names, hint));
}

/* Check sizes: large enough for meaningful averages, small enough for a run of seconds and for the range of a double.
 */
static rg_status check_sizes(const struct rg_config *config) {
    if (config->data.steps > 0 && (config->data.steps < MIN_STEPS || config->data.steps > MAX_STEPS)) {
        return rg_fail(RG_USAGE, "--steps: a probe takes %d to %d steps, not %zu", MIN_STEPS, MAX_STEPS,
                       config->data.steps);
    }
    if (config->model.hidden > 0 && (config->model.hidden < MIN_HIDDEN || config->model.hidden > MAX_HIDDEN)) {
        return rg_fail(RG_USAGE, "--hidden: a probe takes %d to %d units, not %zu", MIN_HIDDEN, MAX_HIDDEN,
                       config->model.hidden);
    }
    return RG_OK;
}

/* Refuse an option that belongs to another experiment. */
static rg_status check_owner(const struct rg_config *config) {
    const char *const name = config->probe.name;
    const bool all = strcmp(name, "all") == 0;
    if (config->probe.matrix && !all && strcmp(name, "power") != 0) {
        return rg_fail(RG_USAGE, "--matrix is an option of the probe power; %s has none, leave it out", name);
    }
    if (!isnan(config->probe.weight) && !all && strcmp(name, "wall") != 0) {
        return rg_fail(RG_USAGE, "--weight is an option of the probe wall; %s has none, leave it out", name);
    }
    return RG_OK;
}

static rg_status run(const struct rg_config *config, const size_t *chosen, size_t n, struct rg_device *device) {
    const struct rg_look look = rg_look_of(config);
    struct printer printer = {
        .json = config->output.json, .width = rg_look_text(&look), .lines = rg_json_lines_stdout()};
    const struct rg_probe_context options = {.config = config, .device = device};
    struct rg_probe_report report = {.number = print_number, .self = &printer};
    for (size_t i = 0; i < n && !rg_stop_requested(); i++) {
        const struct rg_probe *const probe = &rg_probes[chosen[i]];
        report.probe = probe->name;
        RG_TRY(probe->run(&options, &report));
        RG_TRY(rg_json_lines_status(&printer.lines));
    }
    if (rg_stop_requested()) {
        return rg_stop_status();
    }
    return report.outside == 0 ? RG_OK
                               : rg_fail(RG_CHECK_FAILED, "%zu of %zu numbers are outside what is known",
                                         report.outside, report.numbers);
}

rg_status rg_command_probe(const struct rg_config *config) {
    size_t chosen[MAX_PROBES];
    bool on_device = false;
    struct rg_device *device = NULL;
    if (!config->probe.name) {
        const struct rg_look look = rg_look_of(config);
        return print_list(config->output.json, rg_look_text(&look));
    }
    const size_t n = choose(config->probe.name, chosen);
    if (n == 0) {
        return refuse(config->probe.name);
    }
    RG_TRY(check_sizes(config));
    RG_TRY(check_owner(config));
    for (size_t i = 0; i < n; i++) {
        on_device = on_device || rg_probes[chosen[i]].on_device;
    }
    if (on_device) {
        RG_TRY(rg_setup_device(config, &device));
    }
    const rg_status status = run(config, chosen, n, device);
    rg_device_destroy(device);
    return status;
}
