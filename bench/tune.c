/* Measures which chunk and tile a device is fastest with: see tune.h. */
#include "bench/tune.h"

#include <math.h>

#include "rnn_gpu/log.h"

/* What must be won for a setting to be taken: less is noise. */
static const double CLEAR = 1.03;

static const struct rg_bench_case cases[] = {
    {.cell = RG_CELL_RNN, .batch = 2048, .steps = 64, .hidden = 128, .input = 2, .patience = 0.6},
    {.cell = RG_CELL_LSTM, .batch = 1024, .steps = 64, .hidden = 128, .input = 2, .patience = 0.6},
    {.cell = RG_CELL_GRU, .batch = 1024, .steps = 64, .hidden = 128, .input = 2, .patience = 0.6},
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* Sum over the cases of the logarithm of the fastest update, so a setting counts by the share of time that it saves. */
static rg_status measure(struct rg_device *device, size_t repeats, double *cost) {
    *cost = 0.0;
    for (size_t i = 0; i < N_CASES; i++) {
        struct rg_bench_case c = cases[i];
        struct rg_bench_result result;
        c.repeats = repeats;
        RG_TRY(rg_bench_run(device, &c, &result));
        *cost += log(result.fastest);
    }
    return RG_OK;
}

static double times_faster(double cost, double than) {
    return exp((than - cost) / N_CASES);
}

/* Time an update of a net with a wide head: first with the kernels, then with the library. */
static rg_status tune_library(struct rg_device *device, size_t repeats) {
    const struct rg_bench_case c = {.cell = RG_CELL_RNN,
                                    .batch = 512,
                                    .steps = 4,
                                    .hidden = 128,
                                    .input = 2,
                                    .outputs = 4096,
                                    .target = RG_TARGET_STEPS,
                                    .repeats = repeats,
                                    .patience = 0.6};
    struct rg_bench_result own, other;
    device->info.library_wins = -1;
    device->info.library[0] = '\0';
    RG_TRY(rg_bench_run(device, &c, &own));
    if (rg_device_use_library(device) != RG_OK) {
        rg_log("%s", rg_error_message());
        return RG_OK;
    }
    RG_TRY(rg_bench_run(device, &c, &other));
    device->info.library_wins = other.fastest * CLEAR < own.fastest ? 1 : -1;
    return RG_OK;
}

rg_status rg_bench_tune(struct rg_device *device, size_t repeats, double *gain) {
    static const uint64_t shares[] = {32, 16, 8, 4, 1}; /* of the cache; a half is the plan's own */
    static const size_t tiles[] = {8, 16, 24, 32, 48, 64};
    struct rg_device_info *const info = &device->info;
    uint64_t chunk = 0;
    size_t tile = 0;
    double own = 0.0, cost = 0.0;
    info->chunk_bytes = 0;
    info->tile = 0;
    RG_TRY(measure(device, repeats, &own));
    double best = own;
    for (size_t i = 0; info->cache_bytes > 0 && i < sizeof shares / sizeof *shares; i++) {
        info->chunk_bytes = info->cache_bytes / shares[i];
        RG_TRY(measure(device, repeats, &cost));
        if (times_faster(cost, best) > CLEAR) {
            best = cost;
            chunk = info->chunk_bytes;
        }
    }
    info->chunk_bytes = chunk;
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        info->tile = tiles[i];
        RG_TRY(measure(device, repeats, &cost));
        if (times_faster(cost, best) > CLEAR) {
            best = cost;
            tile = info->tile;
        }
    }
    info->tile = tile;
    RG_TRY(tune_library(device, repeats));
    *gain = times_faster(best, own);
    return RG_OK;
}
