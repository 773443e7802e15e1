/* The public interface: devices. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "rnn_gpu/memory.h"
#include "train/device_setup.h"

static void describe(const struct rg_device_info *from, const char *id, const char *problem,
                     struct rnn_gpu_device_info *info) {
    *info =
        (struct rnn_gpu_device_info){.memory_bytes = from->memory_bytes, .is_gpu = from->is_gpu, .units = from->units};
    (void)snprintf(info->id, sizeof info->id, "%s", id);
    (void)snprintf(info->name, sizeof info->name, "%s", from->name);
    (void)snprintf(info->backend, sizeof info->backend, "%s", from->backend);
    (void)snprintf(info->problem, sizeof info->problem, "%s", problem);
}

rnn_gpu_status rnn_gpu_devices(struct rnn_gpu_device_info *devices, size_t room, size_t *count) {
    const struct rg_device_options options = {.threads = 0};
    struct rg_device_entry *entries = NULL;
    if (room > 0) {
        RG_API_NEED(devices);
    }
    RG_API_NEED(count);
    *count = 0;
    rg_api_lock();
    const rg_status status = rg_device_list(&options, &entries, count);
    rg_api_unlock();
    for (size_t i = 0; status == RG_OK && i < *count && i < room; i++) {
        describe(&entries[i].info, entries[i].id, entries[i].problem, &devices[i]);
    }
    rg_free(entries);
    return rg_api_end(status);
}

rg_status rg_api_open(const struct rg_config *config, rnn_gpu_device **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the device"));
    rnn_gpu_device *const d = *out;
    (void)pthread_mutex_init(&d->mutex, NULL);
    d->machine = config->machine;
    d->machine.device = "auto"; /* the device is open, so the caller's text of the option may go */
    rg_api_lock();
    const rg_status status = rg_setup_device(config, &d->device);
    rg_api_unlock();
    if (status != RG_OK) {
        rnn_gpu_device_close(d);
        *out = NULL;
    }
    return status;
}

rg_status rg_api_hold(rnn_gpu_device *device) {
    RG_TRY(rg_device_check_owner(device->device));
    (void)pthread_mutex_lock(&device->mutex);
    return RG_OK;
}

void rg_api_release(rnn_gpu_device *device) {
    (void)pthread_mutex_unlock(&device->mutex);
}

rnn_gpu_status rnn_gpu_device_open(const rnn_gpu_options *options, rnn_gpu_device **device) {
    struct rg_config config = rg_config_default();
    RG_API_NEED(device);
    *device = NULL;
    rg_status status = options ? rg_api_machine(options, &config) : RG_OK;
    status = status == RG_OK ? rg_api_open(&config, device) : status;
    return rg_api_end(status);
}

void rnn_gpu_device_close(rnn_gpu_device *device) {
    if (device) {
        rg_device_destroy(device->device);
        (void)pthread_mutex_destroy(&device->mutex);
        rg_free(device);
    }
}

rnn_gpu_status rnn_gpu_device_describe(const rnn_gpu_device *device, struct rnn_gpu_device_info *info) {
    RG_API_NEED(device);
    RG_API_NEED(info);
    describe(&device->device->info, "", "", info);
    return rg_api_end(RG_OK);
}
