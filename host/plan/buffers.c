/* The buffers of a plan: see buffers.h. */
#include "plan/buffers.h"

enum times { ONE, LAYERS, SCANS, PAIR };
/* How many members a row has, those that do not exist too. */
static const size_t counts[] = {[ONE] = 1, [LAYERS] = RG_MAX_LAYERS, [SCANS] = 2 * RG_MAX_LAYERS, [PAIR] = 2};

#define ROW(name, ...) ROW_##name,
enum row { RG_BUFFERS(ROW) N_ROWS };

#define TIMES(name, times, ...) [ROW_##name] = times,
static const enum times times_of[] = {RG_BUFFERS(TIMES)};
#define OFFSET(name, ...) [ROW_##name] = offsetof(struct rg_buffers, name),
static const size_t offset_of[] = {RG_BUFFERS(OFFSET)};
#define WHAT(name, times, unit, elements, exists, what) [ROW_##name] = what,
static const char *const what_of[] = {RG_BUFFERS(WHAT)};

/* Bytes of one buffer of each row if it exists, else 0; `i` as in the table. */
#define REAL p->real_bytes
#define BYTES(name, times, unit, elements, exists, what)               \
    static size_t bytes_of_##name(const struct rg_plan *p, size_t i) { \
        (void)p, (void)i;                                              \
        return (exists) ? (elements) * (unit) : 0;                     \
    }
RG_BUFFERS(BYTES)
#define BYTES_OF(name, ...) [ROW_##name] = bytes_of_##name,
static size_t (*const bytes_of[])(const struct rg_plan *p, size_t i) = {RG_BUFFERS(BYTES_OF)};

/* Bytes of the k-th member of a row. */
static size_t member_bytes(const struct rg_plan *p, enum row row, size_t k) {
    switch (times_of[row]) {
    case ONE:
    case PAIR:
        return bytes_of[row](p, k);
    case LAYERS:
        return k < p->layers ? bytes_of[row](p, k) : 0;
    case SCANS:
        return k / 2 < p->layers && k % 2 < p->directions ? bytes_of[row](p, k / 2) : 0;
    }
    return 0;
}

static struct rg_buffer **member_at(struct rg_buffers *buffers, enum row row, size_t k) {
    return (struct rg_buffer **)(void *)((char *)buffers + offset_of[row]) + k;
}

rg_status rg_plan_buffers_create(struct rg_device *device, const struct rg_plan *plan, struct rg_buffers *buffers) {
    for (enum row row = 0; row < N_ROWS; row++) {
        for (size_t k = 0; k < counts[times_of[row]]; k++) {
            const size_t bytes = member_bytes(plan, row, k);
            if (bytes > 0) {
                RG_TRY(rg_buffer_create(device, bytes, what_of[row], member_at(buffers, row, k)));
            }
        }
    }
    return RG_OK;
}

void rg_plan_buffers_destroy(struct rg_device *device, struct rg_buffers *buffers) {
    for (enum row row = 0; row < N_ROWS; row++) {
        for (size_t k = 0; k < counts[times_of[row]]; k++) {
            rg_buffer_destroy(device, *member_at(buffers, row, k));
        }
    }
}

uint64_t rg_buffers_bytes(const struct rg_plan *plan) {
    uint64_t bytes = 0;
    for (enum row row = 0; row < N_ROWS; row++) {
        for (size_t k = 0; k < counts[times_of[row]]; k++) {
            bytes += member_bytes(plan, row, k);
        }
    }
    return bytes;
}

uint64_t rg_buffers_widest_row(const struct rg_plan *plan) {
    struct rg_plan with = *plan, without = *plan;
    uint64_t widest = 0;
    with.chunk = 1;
    without.chunk = 0;
    for (enum row row = 0; row < N_ROWS; row++) {
        for (size_t k = 0; k < counts[times_of[row]]; k++) {
            const size_t bytes = member_bytes(&with, row, k) - member_bytes(&without, row, k);
            widest = bytes > widest ? bytes : widest;
        }
    }
    return widest;
}
