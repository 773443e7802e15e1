/* `rnn-gpu devices`: the devices that a run can use. */
#include <stdio.h>

#include "cli/commands/commands.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "device/device.h"
#include "device/rank.h"
#include "files/json_lines.h"
#include "plan/tuning.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* The entry that `auto` takes, with the reason in its info. */
static rg_status choose(struct rg_device_entry *entries, size_t n, size_t *chosen) {
    size_t *order = NULL;
    RG_TRY(rg_alloc(&order, n, sizeof *order, "the order of devices"));
    const size_t count = rg_device_rank(entries, n - 1, order);
    *chosen = count > 0 ? order[0] : n - 1;
    struct rg_device_info *const best = &entries[*chosen].info, *const native = &entries[n - 1].info;
    if (count > 0) {
        rg_device_reason(entries, order, count, best->choice, sizeof best->choice);
    } else {
        (void)snprintf(best->choice, sizeof best->choice, "there is no other");
    }
    rg_free(order);
    if (!best->is_gpu || !best->is_unified) {
        return RG_OK;
    }
    rg_tuning_load(best);
    if (best->native_loses < 0) {
        (void)snprintf(native->choice, sizeof native->choice, "faster than %.100s", best->name);
        *chosen = n - 1;
    } else if (best->native_loses == 0) {
        (void)snprintf(best->choice, sizeof best->choice, "if it makes an update faster than the native device");
    }
    return RG_OK;
}

static rg_status print_json(const struct rg_device_entry *e, bool chosen) {
    const struct rg_device_info *const i = &e->info;
    return rg_json_print(rg_json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:i, s:f, s:b, s:s, s:b, s:s}", "id",
        e->id, "name", i->name, "backend", i->backend, "version", i->version, "platform", i->platform, "gpu", i->is_gpu,
        "unified", i->is_unified, "accelerator", i->is_accelerator, "double", i->has_double, "units", i->units,
        "memory_bytes", (json_int_t)i->memory_bytes, "budget_bytes", (json_int_t)rg_device_budget(i),
        "max_buffer_bytes", (json_int_t)i->max_buffer_bytes, "local_bytes", (json_int_t)i->max_local_bytes, "vector",
        i->vec, "launch_s", i->launch_seconds, "usable", !e->problem[0], "problem", e->problem, "auto", chosen,
        "reason", chosen ? i->choice : ""));
}

static void print_lines(const struct rg_device_entry *e, bool chosen, size_t width) {
    enum { HANG = 6, DEEPER = 8 };
    const struct rg_device_info *const i = &e->info;
    rg_lines_format(stdout, width, DEEPER, "%-5s %-8s %s", e->id, i->backend, i->name);
    rg_lines_format(stdout, width, DEEPER, "%*s%s", HANG, "", i->version);
    rg_lines_format(stdout, width, DEEPER, "%*s%d %s, %.1f GiB of memory, buffers up to %.1f GiB, vectors of %d%s",
                    HANG, "", i->units, i->backend[0] == 'n' ? "threads" : "units",
                    (double)i->memory_bytes / 1073741824.0, (double)i->max_buffer_bytes / 1073741824.0, i->vec,
                    i->has_double ? "" : ", no doubles");
    if (chosen) {
        rg_lines_format(stdout, width, DEEPER, "%*sauto takes it: %s", HANG, "", i->choice);
    }
    if (e->problem[0]) {
        rg_lines_format(stdout, width, DEEPER, "%*scannot be used: %s", HANG, "", e->problem);
    }
}

rg_status rg_command_devices(const struct rg_config *config) {
    struct rg_device_entry *entries = NULL;
    size_t n = 0;
    RG_TRY(rg_device_list(&(struct rg_device_options){.threads = config->machine.threads}, &entries, &n));
#ifdef RG_OPENCL
    const char *why = "";
    if (rg_opencl_count(&why) == 0) {
        rg_log("%s", why);
    }
#else
    rg_log("this build has no OpenCL");
#endif
    const struct rg_look look = rg_look_of(config);
    size_t chosen = 0;
    rg_status status = choose(entries, n, &chosen);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        if (config->output.json) {
            status = print_json(&entries[i], i == chosen);
        } else {
            print_lines(&entries[i], i == chosen, rg_look_text(&look));
        }
    }
    rg_free(entries);
    return status;
}

rg_status rg_command_try_drivers(const char *without) {
#ifdef RG_OPENCL
    return rg_opencl_trial(without);
#else
    (void)without;
    return RG_OK;
#endif
}
