/* Synthetic tasks, generated on the device; host/train/tasks.h defines and cites them. x is [T][B][x_stride], with
 * zeros in the padding. Every random number has a counter of its own, so a sequence does not depend on how a batch is
 * cut. */
#include "data/tasks.h"

/* Streams of random numbers of a sequence. The counter is (index, row, update, stream), the key is the seed. */
#define RG_STREAM_VALUES 0u /* step t: word t % 4 of index t / 4 */
#define RG_STREAM_PLACES 1u /* place k: word k of index 0 */
#define RG_STREAM_KEPT 2u   /* k-th symbol to remember: word k % 4 of index k / 4 */

#define RG_COPY_KEPT 10     /* symbols to recall in copy and memorisation */
#define RG_COPY_SYMBOLS 8   /* 1 … 8; 0 is the blank, 9 the delimiter */
#define RG_MEMORY_SYMBOLS 5 /* 0 … 4; 5 is the blank, 6 the trigger */
#define RG_RECALL_SYMBOLS 8 /* 0 … 7; 8 is the blank */
#define RG_ORDER_NOISE 4    /* 2 … 5, beside A = 0 and B = 1 */
#define RG_PERMUTE_NOISE 98 /* 2 … 99, beside 0 and 1 */

RG_INLINE struct rg_random rg_task_draw(const struct rg_task_args s, size_t b, rg_u64 index, rg_u32 stream) {
    return rg_philox((rg_u32)index, (rg_u32)(s.first_row + b), (rg_u32)s.update, stream, s.seed_low, s.seed_high);
}

/* Number t of a stream whose indexes hold four numbers each. */
RG_INLINE rg_u32 rg_task_number(const struct rg_task_args s, size_t b, rg_u64 t, rg_u32 stream) {
    return rg_task_draw(s, b, t / 4, stream).v[t % 4];
}

/* Runs of RG_FILL_STEPS steps in [from, to); the first is shorter, so that the others begin at multiples. Run i belongs
 * to sequence i % rows, so neighbouring items write neighbouring memory. */
RG_INLINE size_t rg_fill_runs(rg_u64 rows, rg_u64 from, rg_u64 to) {
    return rows * ((to + RG_FILL_STEPS - 1) / RG_FILL_STEPS - from / RG_FILL_STEPS);
}

RG_INLINE rg_u64 rg_fill_first(rg_u64 from, rg_u64 i) {
    return i ? (from / RG_FILL_STEPS + i) * RG_FILL_STEPS : from;
}

RG_INLINE rg_u64 rg_fill_last(rg_u64 from, rg_u64 to, rg_u64 i) {
    const rg_u64 last = (from / RG_FILL_STEPS + i + 1) * RG_FILL_STEPS;
    return last < to ? last : to;
}

RG_INLINE rg_real rg_marked_value(rg_u32 task, rg_u32 random) {
    return task == RG_TASK_DELAYED_XOR ? (rg_real)(random >> 31) : rg_uniform(random);
}

RG_INLINE rg_real rg_marked_target(rg_u32 task, rg_real one, rg_real two) {
    if (task == RG_TASK_MULTIPLICATION) {
        return one * two;
    }
    return task == RG_TASK_DELAYED_XOR ? (one != two ? 1.0f : 0.0f) : one + two;
}

/* adding, multiplication, delayed-xor: x = (value, mark), y [B] = sum, product or parity of the marked values. One mark
 * is in [0, T/2), one in [T/2, T); with a single step there is only the second. */
RG_KERNEL void rg_task_marked(__global rg_real *restrict x, __global rg_real *restrict y, const struct rg_task_args s) {
    const size_t n = rg_fill_runs(s.rows, s.from, s.to);
    const size_t end = rg_share(n, get_group_id(0) + 1, get_num_groups(0));
    const rg_u64 middle = s.steps / 2;
    for (size_t run = rg_share(n, get_group_id(0), get_num_groups(0)) + rg_item(); run < end; run += RG_ITEMS) {
        const size_t b = run % s.rows;
        const rg_u64 first = rg_fill_first(s.from, run / s.rows), last = rg_fill_last(s.from, s.to, run / s.rows);
        const struct rg_random places = rg_task_draw(s, b, 0, RG_STREAM_PLACES);
        const rg_u64 one = middle ? rg_below(places.v[0], middle) : s.steps;
        const rg_u64 two = middle + rg_below(places.v[1], s.steps - middle);
        for (rg_u64 t4 = first / 4 * 4; t4 < last; t4 += 4) {
            const struct rg_random values = rg_task_draw(s, b, t4 / 4, RG_STREAM_VALUES);
            for (rg_u64 i = t4 < first ? first % 4 : 0; i < 4 && t4 + i < last; i++) {
                const rg_u64 t = t4 + i;
                __global rg_real *const to = x + ((t - s.base) * s.rows + b) * s.x_stride;
                to[0] = rg_marked_value(s.task, values.v[i]);
                to[1] = t == one || t == two ? 1.0f : 0.0f;
                for (size_t f = 2; f < s.x_stride; f++) {
                    to[f] = 0.0f;
                }
            }
        }
        if (first == s.from) {
            const rg_real b2 = rg_marked_value(s.task, rg_task_number(s, b, two, RG_STREAM_VALUES));
            const rg_real b1 = rg_marked_value(s.task, rg_task_number(s, b, one, RG_STREAM_VALUES));
            y[b] = middle ? rg_marked_target(s.task, b1, b2) : b2;
        }
    }
}

/* The k-th symbol to remember, 0 … n-1. */
RG_INLINE rg_u32 rg_kept(const struct rg_task_args s, size_t b, rg_u64 k, rg_u32 n) {
    return rg_below(rg_task_number(s, b, k, RG_STREAM_KEPT), n);
}

/* Place of a symbol that matters in temporal order: a random step in the tenth of the sequence that begins at `tenths`.
 */
RG_INLINE rg_u64 rg_order_place(rg_u64 steps, rg_u32 tenths, rg_u32 random) {
    return steps * tenths / 10 + rg_below(random, steps < 10 ? 1 : steps / 10);
}

/* The symbols of a temporal-order sequence. A place that the task does not use is past the end. */
struct rg_order {
    rg_u64 place[3];
    rg_u32 bit[3];
};

RG_INLINE struct rg_order rg_order_draw(const struct rg_task_args s, size_t b) {
    const struct rg_random places = rg_task_draw(s, b, 0, RG_STREAM_PLACES);
    const struct rg_random kept = rg_task_draw(s, b, 0, RG_STREAM_KEPT);
    const int three = s.task == RG_TASK_TEMPORAL_ORDER_3BIT;
    struct rg_order o;
    o.place[0] = rg_order_place(s.steps, 1, places.v[0]);
    o.place[1] = rg_order_place(s.steps, three ? 3 : 5, places.v[1]);
    o.place[2] = three ? rg_order_place(s.steps, 6, places.v[2]) : s.steps;
    o.bit[0] = rg_below(kept.v[0], 2);
    o.bit[1] = rg_below(kept.v[1], 2);
    o.bit[2] = three ? rg_below(kept.v[2], 2) : 0;
    return o;
}

/* The symbol of step t. `noise` is the step's random number. */
RG_INLINE rg_u32 rg_task_symbol(const struct rg_task_args s, size_t b, rg_u64 t, const struct rg_order order,
                                rg_u32 noise) {
    /* the first step of copy and memorisation with a symbol to recall */
    const rg_u64 recall = s.steps - RG_COPY_KEPT;
    switch (s.task) {
    case RG_TASK_COPY:
        return t < RG_COPY_KEPT ? 1 + rg_kept(s, b, t, RG_COPY_SYMBOLS) : t + 1 == recall ? 1 + RG_COPY_SYMBOLS : 0;
    case RG_TASK_MEMORISATION:
        return t < RG_COPY_KEPT ? rg_kept(s, b, t, RG_MEMORY_SYMBOLS) : RG_MEMORY_SYMBOLS + (t == recall ? 1 : 0);
    case RG_TASK_PERMUTATION:
        return t == 0 ? rg_kept(s, b, 0, 2) : 2 + rg_below(noise, RG_PERMUTE_NOISE);
    case RG_TASK_DELAYED_RECALL:
        return t + 1 + s.steps / 2 == s.steps ? rg_kept(s, b, 0, RG_RECALL_SYMBOLS) : RG_RECALL_SYMBOLS;
    default:
        for (int k = 0; k < 3; k++) {
            if (t == order.place[k]) {
                return order.bit[k];
            }
        }
        return 2 + rg_below(noise, RG_ORDER_NOISE);
    }
}

/* The target class: at step t in copy and memorisation, of the whole sequence in other tasks. */
RG_INLINE rg_u32 rg_task_class(const struct rg_task_args s, size_t b, rg_u64 t, const struct rg_order order) {
    const rg_u64 recall = s.steps - RG_COPY_KEPT;
    switch (s.task) {
    case RG_TASK_COPY:
        return t < recall ? 0 : 1 + rg_kept(s, b, t - recall, RG_COPY_SYMBOLS);
    case RG_TASK_MEMORISATION:
        return t < recall ? RG_MEMORY_SYMBOLS : rg_kept(s, b, t - recall, RG_MEMORY_SYMBOLS);
    case RG_TASK_PERMUTATION:
        return rg_kept(s, b, 0, 2);
    case RG_TASK_DELAYED_RECALL:
        return rg_kept(s, b, 0, RG_RECALL_SYMBOLS);
    default:
        return order.bit[0] + 2 * order.bit[1] + 4 * order.bit[2];
    }
}

/* The other tasks: x = one of F symbols, y = classes, [T][B] for copy and memorisation, [B] for the others. */
RG_KERNEL void rg_task_symbols(__global rg_real *restrict x, __global rg_real *restrict y,
                               const struct rg_task_args s) {
    const size_t n = rg_fill_runs(s.rows, s.from, s.to);
    const size_t end = rg_share(n, get_group_id(0) + 1, get_num_groups(0));
    const int every_step = s.task == RG_TASK_COPY || s.task == RG_TASK_MEMORISATION;
    for (size_t run = rg_share(n, get_group_id(0), get_num_groups(0)) + rg_item(); run < end; run += RG_ITEMS) {
        const size_t b = run % s.rows;
        const rg_u64 first = rg_fill_first(s.from, run / s.rows), last = rg_fill_last(s.from, s.to, run / s.rows);
        const struct rg_order order = rg_order_draw(s, b);
        for (rg_u64 t4 = first / 4 * 4; t4 < last; t4 += 4) {
            const struct rg_random noise = rg_task_draw(s, b, t4 / 4, RG_STREAM_VALUES);
            for (rg_u64 i = t4 < first ? first % 4 : 0; i < 4 && t4 + i < last; i++) {
                const rg_u64 t = t4 + i;
                const rg_u32 symbol = rg_task_symbol(s, b, t, order, noise.v[i]);
                __global rg_real *const to = x + ((t - s.base) * s.rows + b) * s.x_stride;
                for (size_t f = 0; f < s.x_stride; f++) {
                    to[f] = f == symbol ? 1.0f : 0.0f;
                }
                if (every_step) {
                    y[(t - s.base) * s.rows + b] = (rg_real)rg_task_class(s, b, t, order);
                }
            }
        }
        if (first == s.from && !every_step) {
            y[b] = (rg_real)rg_task_class(s, b, 0, order);
        }
    }
}
