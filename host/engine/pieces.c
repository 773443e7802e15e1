/* Bounded launches: see pieces.h. */
#include "engine/pieces.h"

#include "base/clock.h"
#include "base/stop.h"
#include "engine/net.h"

enum { GROWTH = 8 }; /* a launch has at most so many times the units of one that was timed */
static const double QUEUED_SECONDS = 0.25, FLUSHED_SECONDS = 1e-3;

/* Units of the next launch, where `left` are left after `done`. */
static size_t next_units(const struct rg_cut *cut, const struct rg_rate *rate, size_t done) {
    const size_t n = rg_min(cut->units - done, rate->room), at = done % cut->together;
    return at > 0 || n < cut->together ? rg_min(n, cut->together - at) : n - n % cut->together;
}

/* A launch of n units took so long. A short rest of a longer piece says little of what fits. */
static void learn(struct rg_rate *rate, size_t n, double seconds, double limit) {
    const double fitting = (double)n * (seconds > 0.0 ? limit / seconds : GROWTH);
    const size_t room = fitting < 1.0 ? 1 : fitting < (double)(GROWTH * n) ? (size_t)fitting : GROWTH * n;
    if (2 * n >= rate->room || room > rate->room || seconds > limit) {
        rate->room = room;
        rate->each = seconds / (double)n;
    }
    rate->timed = seconds <= limit && n > rate->timed ? n : rate->timed;
}

/* Wait; nothing is queued any more. */
static rg_status wait(struct rg_net *net, double expected) {
    RG_TRY(rg_device_sleep(net->device, expected));
    RG_TRY(rg_device_finish(net->device));
    net->pieces.queued = 0.0;
    return net->uncut ? RG_OK : rg_stop_check();
}

/* Queue n units and wait for them. Kernels that are built meanwhile do not count. */
static rg_status queue_timed(struct rg_net *net, struct rg_rate *rate, rg_queue_units *queue, void *self, size_t done,
                             size_t n) {
    const struct rg_device_info *const info = &net->device->info;
    RG_TRY(wait(net, net->pieces.queued));
    const double begin = rg_seconds(), built = info->build_seconds;
    RG_TRY(queue(net, self, done, n));
    RG_TRY(wait(net, rate->each * (double)n));
    learn(rate, n, rg_seconds() - begin - (info->build_seconds - built), info->launch_seconds);
    return RG_OK;
}

rg_status rg_in_pieces(struct rg_net *net, const struct rg_cut *cut, rg_queue_units *queue, void *self) {
    struct rg_rate *const rate = &net->pieces.rates[cut->work][cut->layer];
    if (net->device->info.launch_seconds <= 0.0) {
        return queue(net, self, 0, cut->units);
    }
    if (net->chunk.rows > rate->rows) {
        *rate = (struct rg_rate){.rows = net->chunk.rows, .room = 1};
    }
    if (cut->units > rate->timed) {
        for (size_t done = 0, n; done < cut->units; done += n) {
            n = next_units(cut, rate, done);
            RG_TRY(queue_timed(net, rate, queue, self, done, n));
        }
        return RG_OK;
    }
    const double seconds = rate->each * (double)cut->units;
    RG_TRY(queue(net, self, 0, cut->units));
    net->pieces.queued += seconds;
    RG_TRY(seconds > FLUSHED_SECONDS ? rg_device_flush(net->device) : RG_OK);
    return net->pieces.queued > QUEUED_SECONDS ? wait(net, net->pieces.queued) : RG_OK;
}

struct area {
    const struct rg_area *area;
    rg_queue_area *queue;
    void *self;
    size_t parts; /* of a step; each has at least one grain for every compute unit of the device */
};

/* Unit u is part u % parts of step u / parts. */
static rg_status queue_area(struct rg_net *net, void *self, size_t done, size_t n) {
    const struct area *const a = self;
    const size_t step = done / a->parts, part = done % a->parts, grain = a->area->grain;
    const struct rg_span grains =
        rg_span_share((struct rg_span){0, rg_divide_up(a->area->rows, grain)}, a->parts, part, rg_min(n, a->parts));
    return a->queue(net, a->self, (struct rg_span){step, step + rg_divide_up(n, a->parts)},
                    (struct rg_span){grains.begin * grain, rg_min(a->area->rows, grains.end * grain)});
}

rg_status rg_in_area(struct rg_net *net, const struct rg_area *area, rg_queue_area *queue, void *self) {
    const size_t grains = rg_divide_up(area->rows, area->grain), units = (size_t)net->device->info.units;
    struct area a = {area, queue, self, rg_max(1, grains / units)};
    const struct rg_cut cut = {area->work, area->layer, area->steps * a.parts, a.parts};
    return rg_in_pieces(net, &cut, queue_area, &a);
}

struct steps {
    rg_queue_steps *queue;
    void *self;
};

static rg_status queue_steps(struct rg_net *net, void *self, size_t done, size_t n) {
    const struct steps *const s = self;
    const struct rg_span whole = net->segment;
    net->segment = (struct rg_span){whole.begin + done, whole.begin + done + n};
    const rg_status status = s->queue(net, s->self);
    net->segment = whole;
    return status;
}

rg_status rg_in_steps(struct rg_net *net, enum rg_work work, size_t layer, rg_queue_steps *queue, void *self) {
    struct steps steps = {queue, self};
    const struct rg_cut cut = {work, layer, net->segment.end - net->segment.begin, 1};
    return rg_in_pieces(net, &cut, queue_steps, &steps);
}
