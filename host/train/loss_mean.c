/* The mean over a run's last updates: see loss_mean.h. */
#include "train/loss_mean.h"

#include <math.h>

#include "base/sort.h"
#include "rnn_gpu/memory.h"

uint64_t rg_loss_mean_window(uint64_t n) {
    const uint64_t tenth = n / 10 < RG_LOSS_MEAN_MAX ? n / 10 : RG_LOSS_MEAN_MAX;
    const uint64_t wanted = tenth > RG_LOSS_MEAN_MIN ? tenth : RG_LOSS_MEAN_MIN;
    return wanted < n ? wanted : n;
}

rg_status rg_loss_mean_create(struct rg_loss_mean *m, uint64_t planned) {
    *m = (struct rg_loss_mean){
        .capacity = (size_t)rg_loss_mean_window(planned) + 1, .start = (double)NAN, .highest = (double)NAN};
    return rg_alloc(&m->ring, m->capacity, sizeof *m->ring, "the last losses");
}

void rg_loss_mean_release(struct rg_loss_mean *m) {
    rg_free(m->ring);
    m->ring = NULL;
}

static struct rg_loss_sum *at(const struct rg_loss_mean *m, size_t i) {
    return &m->ring[(m->first + i) % m->capacity];
}

/* The sums from each loss of the older part to its end. */
static void add_up_older(struct rg_loss_mean *m) {
    struct rg_loss_sum later = {NAN, 0.0, 0};
    for (size_t i = m->older; i-- > 0;) {
        struct rg_loss_sum *const one = at(m, i);
        one->sum = later.sum + (isnan(one->loss) ? 0.0 : one->loss);
        one->finite = later.finite + (isnan(one->loss) ? 0 : 1);
        later = *one;
    }
}

/* All losses become the older part. */
static void turn_over(struct rg_loss_mean *m) {
    m->older = m->newer;
    m->newer = 0;
    m->newer_sum = 0.0;
    m->newer_finite = 0;
    add_up_older(m);
}

static void drop_oldest(struct rg_loss_mean *m) {
    if (m->older == 0) {
        turn_over(m);
    }
    m->first = (m->first + 1) % m->capacity;
    m->older--;
}

static void add_newer(struct rg_loss_mean *m, double loss) {
    *at(m, m->older + m->newer) = (struct rg_loss_sum){.loss = isfinite(loss) ? loss : NAN};
    m->newer++;
    if (isfinite(loss)) {
        m->newer_sum += loss;
        m->newer_finite++;
    }
}

void rg_loss_mean_add(struct rg_loss_mean *m, double loss) {
    add_newer(m, loss);
    m->updates++;
    while (m->older + m->newer > rg_loss_mean_window(m->updates)) {
        drop_oldest(m);
    }
    m->start = isnan(m->start) && isfinite(loss) ? loss : m->start;
    m->highest = fmax(m->highest, rg_loss_mean_value(m)); /* of a number and NAN the number */
}

double rg_loss_mean_value(const struct rg_loss_mean *m) {
    const double sum = m->newer_sum + (m->older ? at(m, 0)->sum : 0.0);
    const uint64_t finite = m->newer_finite + (m->older ? at(m, 0)->finite : 0);
    return finite ? sum / (double)finite : NAN;
}

void rg_loss_mean_losses(const struct rg_loss_mean *m, double *losses) {
    for (size_t i = 0; i < m->older + m->newer; i++) {
        losses[i] = at(m, i)->loss;
    }
}

bool rg_loss_mean_restore(struct rg_loss_mean *m, uint64_t updates, uint64_t older, const double *losses) {
    const uint64_t n = rg_loss_mean_window(updates);
    if (m->updates > 0 || n >= m->capacity || older > n) {
        return false;
    }
    m->updates = updates;
    m->older = (size_t)older;
    for (size_t i = 0; i < m->older; i++) {
        at(m, i)->loss = isfinite(losses[i]) ? losses[i] : NAN;
    }
    add_up_older(m);
    for (size_t i = m->older; i < n; i++) {
        add_newer(m, losses[i]);
    }
    return true;
}

/* Mean, and the square of its standard error, of the finite losses from index `from` to before `to`. */
struct part {
    double mean, error2;
};
static struct part part_of(const struct rg_loss_mean *m, size_t from, size_t to) {
    double n = 0.0, sum = 0.0, squares = 0.0;
    for (size_t i = from; i < to; i++) {
        n += isnan(at(m, i)->loss) ? 0.0 : 1.0;
        sum += isnan(at(m, i)->loss) ? 0.0 : at(m, i)->loss;
    }
    for (size_t i = from; i < to; i++) {
        const double off = isnan(at(m, i)->loss) ? 0.0 : at(m, i)->loss - sum / n;
        squares += off * off;
    }
    return (struct part){sum / n, squares / (n - 1.0) / n};
}

bool rg_loss_mean_falls(const struct rg_loss_mean *m) {
    static const double ERRORS = 2.0;
    const size_t n = m->older + m->newer;
    if (n < RG_LOSS_MEAN_MIN) {
        return false;
    }
    const struct part before = part_of(m, 0, n / 2), after = part_of(m, n / 2, n);
    return before.mean - after.mean > ERRORS * sqrt(before.error2 + after.error2); /* NAN: too few are finite */
}

bool rg_loss_mean_rose(const struct rg_loss_mean *m) {
    static const double NOISE = 0.1;
    return m->highest > (1.0 + NOISE) * m->start;
}

rg_status rg_loss_mean_median(const struct rg_loss_mean *m, double *median) {
    const size_t n = m->older + m->newer;
    double *losses = NULL;
    size_t finite = 0;
    *median = NAN;
    RG_TRY(rg_alloc(&losses, n + 1, sizeof *losses, "the last losses"));
    for (size_t i = 0; i < n; i++) {
        losses[finite] = at(m, i)->loss;
        finite += isnan(losses[finite]) ? 0 : 1;
    }
    if (finite > 0) {
        rg_sort(losses, finite);
        *median = rg_sorted_median(losses, finite);
    }
    rg_free(losses);
    return RG_OK;
}
