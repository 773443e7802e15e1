/* What a launch asks of a card: see plan_cost.h. */
#include "bench/plan_cost.h"

#include <math.h>
#include <string.h>

#include "kernels/base/args.h"
#include "kernels/cells/cells.h"
#include "plan/groups.h"
#include "rnn_gpu/config.h"

enum { OUTER_RUN = 4, REGISTERS_UNKNOWN = 128, MIN_PARTIAL = 8 };
static const double FMA_SHARE = 0.83, BARRIER_CYCLES = 1500.0;

const char *const rg_plan_bound_names[RG_N_PLAN_BOUNDS] = {"compute", "latency", "cache", "memory", "launch"};

/* Registers of an item as `bench/static_gpu.py --all` reports them: NVIDIA's sm_90 (ptxas of CUDA 13.0), AMD's gfx90a
 * (clang 14). Other compilers give a few more or less. A kernel that is not here is taken to have REGISTERS_UNKNOWN. */
static const struct {
    enum rg_kernel kernel;
    size_t sm_90, gfx90a;
} registers[] = {
    {RG_K_rg_pack, 56, 76},
    {RG_K_rg_copy, 18, 14},
    {RG_K_rg_head, 128, 124},
    {RG_K_rg_weight_gradient, 128, 126},
    {RG_K_rg_input_gradient, 129, 106},
    {RG_K_rg_reduce_gradient, 48, 68},
    {RG_K_rg_norm_partials, 32, 30},
    {RG_K_rg_norm_total, 32, 20},
    {RG_K_rg_adam, 30, 28},
    {RG_K_rg_product, 116, 122},
    {RG_K_rg_wide_loss, 48, 92},
    {RG_K_rg_rnn_forward, 114, 166},
    {RG_K_rg_rnn_reverse, 96, 172},
    {RG_K_rg_lstm_forward, 120, 162},
    {RG_K_rg_lstm_reverse, 128, 124},
    {RG_K_rg_gru_forward, 112, 164},
    {RG_K_rg_gru_reverse, 128, 124},
};

static size_t registers_of(const struct rg_card *card, enum rg_kernel kernel) {
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++) {
        if (registers[i].kernel == kernel) {
            return strcmp(card->registers_of, "gfx90a") == 0 ? registers[i].gfx90a : registers[i].sm_90;
        }
    }
    return REGISTERS_UNKNOWN;
}

/* The scan that a kernel is. */
struct scan {
    bool is_scan, reverse;
    double gates, saved, deltas;
};
#define SCANS(A, name, NAME, gates, saved, deltas, ...)                     \
    [RG_K_rg_##name##_forward] = {true, false, (gates), (saved), (deltas)}, \
    [RG_K_rg_##name##_reverse] = {true, true, (gates), (saved), (deltas)},
static const struct scan scans[RG_N_KERNELS] = {RG_CELLS(SCANS, )};

/* The work of a launch. */
struct load {
    double rounds;       /* of a group, one after the other, each ended by a barrier */
    double runs;         /* of the busiest item row in a round, one after the other; 0: no products */
    double lanes;        /* multiply-adds of an item in a run */
    double blocks, room; /* blocks of a round of a group, and item rows times passes for them */
    double again;        /* bytes that a group reads anew in every round */
    double flops, bytes;
    double cache_bytes; /* to the shared cache, apart from `again` */
};

static double up(double n, double by) {
    return ceil(n / by);
}

/* k of a run, of an item with that many vectors. */
static double run_of(double vectors) {
    return RG_K_AT_ONCE((int)vectors);
}

static double columns_of(const struct rg_device *device) {
    return (double)device->info.nv * device->info.vec;
}

static struct load scan_load(const struct rg_device *device, const struct rg_launch *launch, const struct scan *scan) {
    const struct rg_scan_args *const s = launch->args;
    const double real = (double)device->info.real_bytes, hidden = (double)s->hidden;
    const double item_rows = launch->item_rows ? launch->item_rows : device->info.rows;
    const double height = launch->item_rows ? launch->block_rows : RG_GPU_BLOCK_ROWS;
    const double rows = fmin((double)(s->rows - s->first_row), (double)(launch->groups[0] * s->tile));
    const double steps = (double)(s->to - s->from), units = (double)s->h_stride;
    const double tile = fmin((double)s->tile, rows), panel = (double)rg_device_panel(device);
    const double first = s->from == 0 ? 1.0 : 0.0, last = s->to == s->steps ? 1.0 : 0.0; /* steps without a product */
    const bool gated = scan->gates > 1.0, wide = scan->reverse || !gated;
    const double panels = up(units / (wide ? panel : panel / device->info.nv), (double)launch->groups[1]);
    const double vectors = wide ? device->info.nv : scan->gates, run = run_of(vectors);
    const double depth = scan->reverse ? scan->gates * hidden : hidden + (double)s->inputs;
    const double blocks = panels * up(tile, height), passes = up(blocks, item_rows);
    const double products =
        scan->reverse ? (steps - last) * hidden : (steps - first) * hidden + steps * (double)s->inputs;
    const double states = units * (scan->reverse ? 1.0 + scan->saved + scan->deltas : 1.0 + scan->saved);
    return (struct load){
        .rounds = steps,
        .runs = passes * up(depth, run),
        .lanes = run * height * vectors * device->info.vec,
        .blocks = blocks,
        .room = passes * item_rows,
        .again = real * panels * depth * (wide ? panel : panel / device->info.nv * scan->gates),
        .flops = 2.0 * scan->gates * hidden * products * rows,
        .bytes = real * rows * steps * (states + (scan->reverse ? 0.0 : (double)s->x_stride)),
        .cache_bytes = scan->reverse && gated ? real * rows * steps * scan->gates * units * panels : 0.0,
    };
}

static struct load gradient_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_weight_gradient_args *const s = launch->args;
    const double real = (double)device->info.real_bytes, panel = (double)rg_device_panel(device);
    const double item_rows = (double)rg_launch_items(device, launch) / device->info.cols, parts = (double)s->parts;
    const double rows = (double)s->rows * (double)(s->end - s->begin), groups = (double)launch->groups[0];
    const double sums = (double)s->n_slices * parts;
    const double blocks = (double)rg_groups_blocks(s, rg_device_panel(device)) * sums;
    const double passes = up(blocks, groups * item_rows);
    const double longest = up((double)(s->end - s->begin), s->n_slices) *
                           (parts > 1.0 ? up(up((double)s->rows, s->block), parts) * s->block : (double)s->rows);
    double products = 0.0, depth = 0.0;
    for (rg_u32 i = 0; i < s->n_sources; i++) {
        const bool gap = s->sources[i].skip_gate != (rg_u32)RG_NO_GATE;
        products += (double)s->sources[i].depth * (s->n - (gap ? (double)s->gate_width : 0.0));
        depth += (double)s->sources[i].depth;
    }
    return (struct load){
        .rounds = 1.0,
        .runs = passes * up(longest, OUTER_RUN),
        .lanes = OUTER_RUN * RG_OUTER_ROWS * columns_of(device),
        .blocks = blocks,
        .room = passes * item_rows * groups,
        .again = INFINITY,
        .flops = 2.0 * rows * products,
        .bytes = real * (rows * (depth + s->n) + sums * depth * s->n),
        .cache_bytes = real * rows * groups / sums * (fmin(item_rows * RG_OUTER_ROWS, depth) + panel),
    };
}

static struct load head_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_head_args *const s = launch->args;
    const double real = (double)device->info.real_bytes, item_rows = device->info.rows;
    const double rows = (double)(s->end - s->begin), steps = (double)(s->to - s->from), states = (double)s->hidden;
    const double panel = (double)rg_device_panel(device), outputs = (double)s->o_stride / panel;
    const double back = s->loss == RG_LOSS_AUTO ? 0.0 : up(states, panel), run = run_of(device->info.nv);
    const double blocks = up(fmin((double)s->tile, rows), RG_GPU_BLOCK_ROWS), passes = up(blocks, item_rows);
    return (struct load){
        .rounds = steps,
        .runs = passes * (outputs * up(states, run) + back * up((double)s->outputs, run)),
        .lanes = run * RG_GPU_BLOCK_ROWS * columns_of(device),
        .blocks = blocks,
        .room = passes * item_rows,
        .again = real * states * (double)s->o_stride * 2.0,
        .flops = 2.0 * rows * steps * states * (double)s->outputs * (back > 0.0 ? 2.0 : 1.0),
        .bytes = real * rows * steps * ((double)s->h_stride * 2.0 + (double)s->o_stride * 2.0),
    };
}

/* A plain product of rows with panels. */
static struct load product_load(const struct rg_device *device, const struct rg_launch *launch, double rows,
                                double depth, double panels, double tile) {
    const double real = (double)device->info.real_bytes, item_rows = device->info.rows;
    const double panel = (double)rg_device_panel(device), blocks = panels * up(fmin(tile, rows), RG_GPU_BLOCK_ROWS);
    const double each = up(panels, (double)launch->groups[1]), run = run_of(device->info.nv);
    const double passes = each * up(up(fmin(tile, rows), RG_GPU_BLOCK_ROWS), item_rows);
    return (struct load){
        .rounds = 1.0,
        .runs = passes * up(depth, run),
        .lanes = run * RG_GPU_BLOCK_ROWS * columns_of(device),
        .blocks = blocks / panels * each,
        .room = passes * item_rows,
        .again = INFINITY,
        .flops = 2.0 * rows * depth * panels * panel,
        .bytes = real * rows * (depth + panels * panel),
        .cache_bytes = real * (rows * depth * panels + (double)launch->groups[0] * depth * panels * panel),
    };
}

/* n numbers of which each group has an equal share and each item takes `wide` vectors in turn. */
static struct load numbers_load(const struct rg_device *device, const struct rg_launch *launch, double n,
                                double bytes) {
    const double groups = (double)(launch->groups[0] * launch->groups[1]), items = (double)rg_device_items(device);
    const double share = fmax(n / device->info.vec / groups, 1.0);
    return (struct load){.rounds = up(share, items), .blocks = share, .room = up(share, items) * items, .bytes = bytes};
}

static struct load pack_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_pack_args *const s = launch->args;
    const double vec = device->info.vec, items = (double)rg_device_items(device);
    struct load sum = {.rounds = 0.0};
    for (size_t i = 0; i < launch->groups[0]; i++) {
        const struct rg_pack_job *const job = &s->jobs[i];
        const double squares = floor((double)job->padded / job->width) * up(job->depth, vec) * job->gates;
        const double vectors = job->width / vec, across = fmin(items, vectors);
        const double rounds = up(up(squares, (double)launch->groups[1]), floor(items / across)) * up(vectors, across);
        sum.rounds = fmax(sum.rounds, rounds);
        sum.blocks += squares * job->width / vec;
        sum.bytes += 2.0 * (double)device->info.real_bytes * (double)job->depth * job->gates * job->padded;
    }
    sum.room = sum.rounds * items * (double)(launch->groups[0] * launch->groups[1]);
    return sum;
}

static struct load reduce_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_reduce_args *const s = launch->args;
    const double vec = device->info.vec, items = (double)rg_device_items(device);
    struct load sum = {.rounds = 0.0};
    for (size_t i = 0; i < launch->groups[0]; i++) {
        const struct rg_reduce_job *const job = &s->jobs[i];
        const double runs = job->gates * up(job->units, vec), squares = up(job->columns, vec);
        const double across = fmin(items, squares);
        const double rounds =
            up(up(runs, (double)launch->groups[1]), floor(items / across)) * up(squares, across) * job->n_slices;
        sum.rounds = fmax(sum.rounds, rounds);
        sum.blocks += runs * squares * job->n_slices;
        sum.bytes += (double)device->info.real_bytes * (job->n_slices + 1.0) * job->gates * job->units * job->columns;
    }
    sum.room = sum.rounds * items * (double)(launch->groups[0] * launch->groups[1]);
    return sum;
}

static struct load norm_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_norm_args *const s = launch->args;
    if (launch->kernel == RG_K_rg_norm_total) { /* one item joins the partial norms */
        return (struct load){.rounds = s->n_partials, .blocks = 1.0, .room = (double)rg_device_items(device)};
    }
    struct load load = numbers_load(device, launch, (double)s->n, (double)device->info.real_bytes * (double)s->n);
    load.rounds += MIN_PARTIAL; /* the items' norms, halved again and again */
    return load;
}

/* What a head with many outputs computes of the loss: a row of outputs each. */
static struct load loss_load(const struct rg_device *device, const struct rg_launch *launch) {
    const struct rg_head_args *const s = launch->args;
    const double n = (double)(s->end - s->begin) * (double)(s->to - s->from) * (double)s->o_stride;
    return numbers_load(device, launch, n, 3.0 * (double)device->info.real_bytes * n);
}

static struct load load_of(const struct rg_device *device, const struct rg_launch *launch) {
    const double real = (double)device->info.real_bytes;
    if (scans[launch->kernel].is_scan) {
        return scan_load(device, launch, &scans[launch->kernel]);
    }
    switch (launch->kernel) {
    case RG_K_rg_weight_gradient:
        return gradient_load(device, launch);
    case RG_K_rg_head:
        return head_load(device, launch);
    case RG_K_rg_wide_loss:
        return loss_load(device, launch);
    case RG_K_rg_product: {
        const struct rg_product_args *const s = launch->args;
        return product_load(device, launch, (double)s->rows, s->depth, s->panels, s->tile);
    }
    case RG_K_rg_pack:
        return pack_load(device, launch);
    case RG_K_rg_reduce_gradient:
        return reduce_load(device, launch);
    case RG_K_rg_norm_partials:
    case RG_K_rg_norm_total:
        return norm_load(device, launch);
    case RG_K_rg_copy: {
        const struct rg_copy_args *const s = launch->args;
        return numbers_load(device, launch, (double)s->n, 2.0 * real * (double)s->n);
    }
    default: { /* an optimiser: weights, gradient and two states, read and written but for the gradient */
        const struct rg_optimizer_args *const s = launch->args;
        return numbers_load(device, launch, (double)s->n, 7.0 * real * (double)s->n);
    }
    }
}

/* Groups of a launch that a unit holds at once. */
static double resident(const struct rg_card *card, size_t n_registers, double items, double local_bytes) {
    const double rounded = up((double)n_registers, 8) * 8.0;
    double fit = fmin((double)card->registers / (rounded * items), (double)card->unit_items / items);
    fit = local_bytes > 0.0 ? fmin(fit, (double)card->unit_local / local_bytes) : fit;
    return fmax(floor(fit), 1.0);
}

/* Seconds of the products, or of loads that are waited for one after the other. */
static void spend(const struct rg_card *card, const struct rg_device *device, const struct rg_launch *launch,
                  const struct load *load, struct rg_plan_cost *out) {
    const double items = (double)rg_launch_items(device, launch), units = card->units;
    const double clock = card->peak / (2.0 * units * card->schedulers * card->lanes);
    const double groups = (double)(launch->groups[0] * launch->groups[1]);
    const double together = fmin(resident(card, out->registers, items, (double)launch->local_bytes), up(groups, units));
    const double waves = up(groups, units * together), busy = fmax(load->room > 0.0 ? out->busy_rows : 1.0, 1e-9);
    if (load->runs == 0.0) {
        out->seconds[RG_PLAN_LATENCY] = waves * load->rounds * card->far / clock;
        return;
    }
    const double sub_groups = up(busy * items, card->sub_group) * together, each = up(sub_groups, card->schedulers);
    const double issue = load->lanes * card->sub_group / card->lanes / FMA_SHARE;
    const bool stays = load->rounds > 1.0 && load->again <= (double)card->near_bytes; /* near the unit, in a launch */
    const double wait = stays ? card->near : card->far;
    const double ended = load->rounds > 1.0 ? BARRIER_CYCLES / together : 0.0;
    const double runs = load->runs * waves;
    const bool hidden = each * issue >= issue + wait;
    const double waiting = waves * load->rounds * ended / clock, products = load->rounds * runs * each * issue / clock;
    const double spent = load->rounds * runs * fmax(each * issue, issue + wait) / clock + waiting;
    out->seconds[RG_PLAN_COMPUTE] = hidden ? spent : products;
    out->seconds[RG_PLAN_LATENCY] = hidden ? waiting : spent;
    const double again = stays                ? load->again * units * together
                         : isinf(load->again) ? 0.0
                                              : load->again * load->rounds * groups;
    out->seconds[RG_PLAN_CACHE] = (again + load->cache_bytes) / card->cache_bandwidth;
}

void rg_plan_cost(const struct rg_card *card, const struct rg_device *device, const struct rg_launch *launch,
                  struct rg_plan_cost *out) {
    const struct load load = load_of(device, launch);
    *out = (struct rg_plan_cost){.busy_rows = load.room > 0.0 ? load.blocks / load.room : 1.0,
                                 .registers = registers_of(card, launch->kernel),
                                 .flops = load.flops,
                                 .bytes = load.bytes};
    spend(card, device, launch, &load, out);
    out->seconds[RG_PLAN_MEMORY] = load.bytes / card->bandwidth;
    out->seconds[RG_PLAN_LAUNCH] = card->launch;
    for (enum rg_plan_bound i = 0; i < RG_N_PLAN_BOUNDS; i++) {
        out->bound = out->seconds[i] > out->seconds[out->bound] ? i : out->bound;
        out->estimated = i == RG_PLAN_LAUNCH ? out->estimated : fmax(out->estimated, out->seconds[i]);
    }
    out->estimated += card->launch;
}
