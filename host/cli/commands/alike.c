/* Checks that ranks start from equal data, devices and weights: see alike.h. */
#include "cli/commands/alike.h"

#include <stdio.h>

#include "base/hash.h"
#include "cli/commands/checkpoints.h"
#include "data/data_fingerprint.h"
#include "ranks/ranks.h"

/* The hash with n more numbers, the same on hosts of either byte order. */
static uint64_t add_numbers(uint64_t hash, const uint64_t *numbers, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            const unsigned char byte = (unsigned char)(numbers[i] >> shift & 0xFF);
            hash = rg_hash_bytes(hash, &byte, 1);
        }
    }
    return hash;
}

/* Compare the files that the training reads. */
static rg_status check_files(const struct rg_config *config, struct rg_ranks *ranks) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        struct rg_fingerprint found = {0, 0};
        char text[400];
        if (!files[i].path) {
            continue;
        }
        RG_TRY(rg_ranks_agree(ranks, rg_dataset_fingerprint(files[i].path, &found)));
        (void)snprintf(text, sizeof text, "--%s %.200s is another file there than on rank 0; copy one to all hosts",
                       files[i].name, files[i].path);
        RG_TRY(rg_ranks_same(ranks, (uint64_t)found.crc << 32 ^ found.bytes, RG_BAD_FILE, text));
    }
    return RG_OK;
}

/* Compare the devices. Kinds of devices compute different bits, and so do plans for another cache size. */
static rg_status check_devices(const struct rg_run *run, struct rg_ranks *ranks) {
    const struct rg_device_info *const info = &run->device->info;
    const struct rg_plan *const p = &run->engine->net.plan;
    const uint64_t numbers[] = {
        info->is_gpu,        info->has_prefetch, info->has_fma,        info->real_bytes,     info->tf32,
        (uint64_t)info->vec, (uint64_t)info->nv, (uint64_t)info->cols, (uint64_t)info->rows, p->block,
        p->accum_steps,      p->sum_slices,      p->head_parts};
    char text[400];
    uint64_t hash = rg_hash_item(RG_HASH_START, info->backend);
    hash = rg_hash_item(hash, info->name);
    hash = rg_hash_item(hash, info->version);
    hash = rg_hash_item(hash, info->library);
    (void)snprintf(text, sizeof text,
                   "its device, %.100s (%s), is of another kind than rank 0's, so the bits would depend on the ranks; "
                   "--mixed allows it",
                   info->name, info->version);
    return rg_ranks_same(ranks, add_numbers(hash, numbers, sizeof numbers / sizeof *numbers), RG_NO_DEVICE, text);
}

rg_status rg_alike_check(const struct rg_config *config, const struct rg_run *run) {
    struct rg_ranks *const ranks = run->config.machine.ranks;
    if (!rg_ranks_several(ranks)) {
        return RG_OK;
    }
    RG_TRY(check_files(config, ranks));
    RG_TRY(run->config.machine.mixed ? RG_OK : check_devices(run, ranks));
    const struct rg_plan *const p = &run->engine->net.plan;
    const uint64_t start[] = {rg_run_weights_hash(run->model),
                              run->state.training.updates,
                              run->problem.n_sequences,
                              run->config.machine.shards,
                              p->arena,
                              p->real_bytes};
    return rg_ranks_same(ranks, add_numbers(RG_HASH_START, start, sizeof start / sizeof *start), RG_CHECK_FAILED,
                         "it starts from other weights or data than rank 0");
}

rg_status rg_alike_check_end(const struct rg_run *run) {
    return rg_ranks_same(run->config.machine.ranks, run->result.weights_hash, RG_CHECK_FAILED,
                         "its weights differ from those of rank 0 at the end: its processor or memory is faulty, or of "
                         "another kind");
}

void rg_alike_hush(struct rg_config *config) {
    struct rg_output_options *const o = &config->output;
    o->out = o->resume = o->log = o->report = o->plot = o->figure = o->figure_size = o->tensorboard = NULL;
    o->quiet = true;
}

rg_status rg_alike_check_data(const struct rg_config *config) {
    return check_files(config, config->machine.ranks);
}

void rg_alike_hush_pages(struct rg_config *config) {
    const char *const out = config->output.out;
    if (config->machine.ranks && config->machine.ranks->rank > 0) {
        rg_alike_hush(config);
        config->output.out = out;
    }
}
