/* `rnn-gpu devices`: the devices that a run can use. */
#include <stdio.h>

#include "cli/commands/commands.h"
#include "device/device.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

static rg_status print_json(const struct rg_device_entry *e) {
    const struct rg_device_info *const i = &e->info;
    return rg_json_print(rg_json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:i, s:I, s:I, s:I, s:i, s:f, s:b, s:s}", "id",
                                      e->id, "name", i->name, "backend", i->backend, "version", i->version, "gpu",
                                      i->is_gpu, "double", i->has_double, "units", i->units, "memory_bytes",
                                      (json_int_t)i->memory_bytes, "max_buffer_bytes", (json_int_t)i->max_buffer_bytes,
                                      "local_bytes", (json_int_t)i->max_local_bytes, "vector", i->vec, "launch_s",
                                      i->launch_seconds, "usable", !e->problem[0], "problem", e->problem));
}

static void print_line(const struct rg_device_entry *e) {
    const struct rg_device_info *const i = &e->info;
    (void)printf("%-5s %-8s %s\n", e->id, i->backend, i->name);
    (void)printf("      %s\n      %d %s, %.1f GiB of memory, buffers up to %.1f GiB, vectors of %d%s\n", i->version,
                 i->units, i->backend[0] == 'n' ? "threads" : "units", (double)i->memory_bytes / 1073741824.0,
                 (double)i->max_buffer_bytes / 1073741824.0, i->vec, i->has_double ? "" : ", no doubles");
    if (e->problem[0]) {
        (void)printf("      cannot be used: %s\n", e->problem);
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
    rg_status status = RG_OK;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        if (config->output.json) {
            status = print_json(&entries[i]);
        } else {
            print_line(&entries[i]);
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
