/* Listing, choosing and opening devices. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/stop.h"
#include "device/device.h"
#include "device/rank.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

rg_status rg_device_list(const struct rg_device_options *options, struct rg_device_entry **out, size_t *count) {
    size_t n = 0;
#ifdef RG_OPENCL
    const char *why = "";
    RG_TRY(rg_opencl_try());
    n = rg_opencl_count(&why);
#endif
    RG_TRY(rg_alloc(out, n + 1, sizeof **out, "the list of devices"));
#ifdef RG_OPENCL
    for (size_t i = 0; i < n; i++) {
        rg_opencl_describe(i, &(*out)[i]);
    }
#endif
    (void)snprintf((*out)[n].id, sizeof(*out)[n].id, "cpu");
    rg_native_describe(options, &(*out)[n].info);
    *count = n + 1;
    return RG_OK;
}

static bool is_native(const char *spec) {
    return strcasecmp(spec, "cpu") == 0 || strcasecmp(spec, "native") == 0;
}

/* Does a spec that is not "auto" or native mean this OpenCL device? */
static bool matches(const char *spec, const struct rg_device_entry *entry) {
    if (strcasecmp(spec, "opencl") == 0) {
        return true;
    }
    if (strcasecmp(spec, "gpu") == 0) {
        return entry->info.is_gpu;
    }
    return strcmp(spec, entry->id) == 0 || strcasestr(entry->info.name, spec) != NULL;
}

/* "0:0 pthread-… (OpenCL), cpu …": what --device could have meant. */
static void name_all(const struct rg_device_entry *entries, size_t n, char *text, size_t bytes) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n && used + 1 < bytes; i++) {
        const int wrote = snprintf(text + used, bytes - used, "%s%s %s%s%s", i ? ", " : "", entries[i].id,
                                   entries[i].info.name, entries[i].problem[0] ? ": " : "", entries[i].problem);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static rg_status open_opencl(size_t index, const struct rg_device_options *options, struct rg_device **out) {
#ifdef RG_OPENCL
    return rg_opencl_open(index, options, out);
#else
    (void)index;
    (void)options;
    (void)out;
    return rg_fail(RG_NO_DEVICE, "this build has no OpenCL");
#endif
}

/* The best device that can be opened, else native; each failure is told. */
static rg_status open_auto(const struct rg_device_entry *entries, size_t n, size_t *order,
                           const struct rg_device_options *options, struct rg_device **out) {
    size_t count = rg_device_rank(entries, n - 1, order);
    for (; count > 0; count--, order++) {
        const struct rg_device_entry *const e = &entries[order[0]];
        const rg_status status = open_opencl(order[0], options, out);
        if (status == RG_OK && (count > 1 || e->info.is_gpu)) {
            rg_device_reason(entries, order, count, (*out)->info.choice, sizeof(*out)->info.choice);
        }
        if (status == RG_OK || rg_stop_is(status)) {
            return status;
        }
        rg_log("skipping device %s %s: %s", e->id, e->info.name, rg_error_message());
    }
    for (size_t i = 0; i + 1 < n; i++) {
        if (entries[i].problem[0]) {
            rg_log("skipping device %s %s: %s", entries[i].id, entries[i].info.name, entries[i].problem);
        }
    }
    if (n == 1) {
        const char *why = "this build has no OpenCL";
#ifdef RG_OPENCL
        (void)rg_opencl_count(&why);
#endif
        rg_log("%s; running on the native device (--device cpu)", why);
    }
    return rg_native_open(options, out);
}

/* "opencl" and "gpu" mean the best of their kind. */
static bool means_best(const char *spec) {
    return strcasecmp(spec, "opencl") == 0 || strcasecmp(spec, "gpu") == 0;
}

/* The entry that a spec other than "auto" and native means; *count = how many match. */
static size_t find_entry(const char *spec, const struct rg_device_entry *entries, size_t n, size_t *order,
                         size_t *count) {
    size_t found = n, ranked = means_best(spec) ? rg_device_rank(entries, n - 1, order) : 0;
    *count = 0;
    for (size_t i = n - 1; i-- > 0;) {
        if (matches(spec, &entries[i]) && !(means_best(spec) && entries[i].info.is_accelerator)) {
            found = i;
            ++*count;
        }
    }
    while (ranked-- > 0) {
        found = matches(spec, &entries[order[ranked]]) ? order[ranked] : found;
    }
    return found;
}

static rg_status open_named(const char *spec, const struct rg_device_entry *entries, size_t n, size_t *order,
                            const struct rg_device_options *options, struct rg_device **out) {
    size_t count = 0;
    const size_t found = find_entry(spec, entries, n, order, &count);
    const char *const by = options->of_environment ? "RNN_GPU_DEVICE=" : "--device ";
    char all[600];
    name_all(entries, n, all, sizeof all);
    if (count == 0) {
        const char *why = "";
#ifdef RG_OPENCL
        if (rg_opencl_count(&why) > 0) {
            why = "";
        }
#else
        why = "this build has no OpenCL";
#endif
        return rg_fail(RG_NO_DEVICE, "%s%s matches no device%s%s; there is: %s", by, spec, *why ? ": " : "", why, all);
    }
    if (count > 1 && !means_best(spec)) {
        return rg_fail(RG_USAGE, "%s%s matches %zu devices; say which by its number: %s", by, spec, count, all);
    }
    return open_opencl(found, options, out);
}

static rg_status open_device(const char *spec, const struct rg_device_options *options, struct rg_device **out) {
    if (is_native(spec)) {
        return rg_native_open(options, out);
    }
    struct rg_device_entry *entries = NULL;
    size_t n = 0, *order = NULL;
    RG_TRY(rg_device_list(options, &entries, &n));
    rg_status status = rg_alloc(&order, n, sizeof *order, "the order of devices");
    if (status == RG_OK) {
        status = strcasecmp(spec, "auto") == 0 ? open_auto(entries, n, order, options, out)
                                               : open_named(spec, entries, n, order, options, out);
    }
    rg_free(order);
    rg_free(entries);
    return status;
}

rg_status rg_device_open(const char *spec, const struct rg_device_options *options, struct rg_device **out) {
    struct rg_device *device = NULL;
    *out = NULL;
    rg_status status = open_device(spec, options, &device);
    if (status == RG_OK && device && options->launch_seconds > 0.0) {
        device->info.launch_seconds = isinf(options->launch_seconds) ? 0.0 : options->launch_seconds;
    }
    if (status != RG_OK) {
        rg_device_destroy(device);
        return status;
    }
    *out = device;
    return RG_OK;
}
