/* Launches of bounded length: none is to take longer than info.launch_seconds. During a longer one a screen on the same
 * GPU would stand still, or the driver's watchdog would end the work.
 *
 * Work is counted in units. In a scan a unit is a step, or a part of a step if there are very many sequences. In a
 * weight gradient it is a slice of a block. The first launches of each kind of work are timed, beginning with one unit.
 * Once a launch of as many units as there are was within the limit, all of them become one launch and nothing waits.
 * Else launches stay cut, and each is waited for. Cuts change no result: the order of sums does not depend on them. */
#ifndef RG_PIECES_H
#define RG_PIECES_H

#include <stddef.h>

#include "plan/plan.h"

struct rg_net;

/* Kinds of work whose launches grow with steps and sequences. */
enum rg_work {
    RG_WORK_DATA,
    RG_WORK_FORWARD,
    RG_WORK_DROPOUT,
    RG_WORK_READOUT,
    RG_WORK_HEAD,
    RG_WORK_REVERSE,
    RG_WORK_INITIAL,
    RG_WORK_INPUTS,
    RG_WORK_GRADIENT,
    RG_WORK_GATE_GRADIENT,
    RG_WORK_EMBED_COUNT,
    RG_WORK_EMBED_ORDER,
    RG_WORK_EMBED_GRADIENT,
    RG_WORK_HEAD_GRADIENT,
    RG_N_WORK
};

/* What is known of a kind of work in one layer. */
struct rg_rate {
    size_t rows;  /* sequences of the chunk that was timed; more of them are unknown */
    size_t room;  /* units that the next launch may have */
    size_t timed; /* most units of a launch that kept to the limit */
    double each;  /* seconds of a unit */
};

struct rg_pieces {
    struct rg_rate rates[RG_N_WORK][RG_MAX_LAYERS];
    double queued; /* seconds of the launches since the last wait, as far as known */
};

struct rg_cut {
    enum rg_work work;
    size_t layer;
    size_t units;
    size_t together; /* a launch has part of so many units, or a multiple of them; 1: any number */
};

/* Queue units [done, done + n). */
typedef rg_status rg_queue_units(struct rg_net *net, void *self, size_t done, size_t n);

/* Queue all units of the net's chunk, in order. As everything that goes through chunks, this ends with the status of
 * rg_stop_check if the program is to stop. */
rg_status rg_in_pieces(struct rg_net *net, const struct rg_cut *cut, rg_queue_units *queue, void *self);

/* The same for work on steps, counted from 0, each of `rows` rows. A cut leaves whole steps, or some rows of one. The
 * first of these is a multiple of `grain`. */
struct rg_area {
    enum rg_work work;
    size_t layer;
    size_t steps, rows, grain;
};
typedef rg_status rg_queue_area(struct rg_net *net, void *self, struct rg_span steps, struct rg_span rows);
rg_status rg_in_area(struct rg_net *net, const struct rg_area *area, rg_queue_area *queue, void *self);

/* The same for work on the steps of net->segment, which `queue` finds narrowed. */
typedef rg_status rg_queue_steps(struct rg_net *net, void *self);
rg_status rg_in_steps(struct rg_net *net, enum rg_work work, size_t layer, rg_queue_steps *queue, void *self);

#endif
