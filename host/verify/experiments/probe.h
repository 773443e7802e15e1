/* Experiments on gradients whose answers are known, without training. Each prints what it measures beside what theory
 * or a published computation says, or beside an earlier measurement of its own, which its comment then says.
 *
 * Where the physics is a map or a matrix it is computed in double on the host; where it is about the gradient of a
 * network, with the kernels of the device and the lag profile. */
#ifndef RG_PROBE_H
#define RG_PROBE_H

#include "device/device.h"
#include "rnn_gpu/config.h"

enum rg_probe_rule {
    RG_PROBE_RELATIVE, /* |measured - expected| <= tolerance |expected|; if 0 is expected, only 0 fits */
    RG_PROBE_ABSOLUTE, /* |measured - expected| <= tolerance */
    RG_PROBE_AT_MOST,  /* measured <= expected */
    RG_PROBE_AT_LEAST, /* measured >= expected */
    RG_PROBE_SHOWN     /* nothing is known for these options */
};
extern const char *const rg_probe_rule_names[];

/* One number of an experiment. */
struct rg_probe_number {
    const char *probe;
    char quantity[64];
    double measured;
    double expected;  /* NAN for SHOWN */
    double tolerance; /* NAN where the rule has none */
    enum rg_probe_rule rule;
    bool ok;
};

/* Where the numbers go, and how many were outside. */
struct rg_probe_report {
    void (*number)(void *self, const struct rg_probe_number *number);
    void *self;
    const char *probe; /* under way */
    size_t numbers, outside;
};

/* What an experiment works with: config's steps and hidden are 0 where it is to take its own, weight is NAN, matrix and
 * point NULL. `device` is borrowed, and NULL where the experiment needs none. */
struct rg_probe_context {
    const struct rg_config *config;
    struct rg_device *device;
};

struct rg_probe {
    const char *name;
    const char *summary;
    const char *source;
    bool on_device;
    rg_status (*run)(const struct rg_probe_context *options, struct rg_probe_report *report);
};
extern const struct rg_probe rg_probes[];
extern const size_t rg_n_probes;

/* The size that was given, or the usual one of an experiment if it was not: the config then has 0. */
static inline size_t rg_probe_size_or(size_t given, size_t usual) {
    return given > 0 ? given : usual;
}

/* Report a number; `quantity` is formatted. */
struct rg_probe_expectation {
    enum rg_probe_rule rule;
    double expected, tolerance;
};
void rg_probe_note(struct rg_probe_report *report, double measured, struct rg_probe_expectation expectation,
                   const char *quantity, ...) __attribute__((format(printf, 4, 5)));
struct rg_probe_expectation rg_probe_near(double expected, double relative);
struct rg_probe_expectation rg_probe_within(double expected, double absolute);
struct rg_probe_expectation rg_probe_at_most(double bound);
struct rg_probe_expectation rg_probe_at_least(double bound);
struct rg_probe_expectation rg_probe_shown(void);

/* The experiments: maps.c, matrices.c, networks.c. */
rg_status rg_probe_wall(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_curse(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_power(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_fixed_point(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_lyapunov(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_mean_field(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_orthogonal(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_sigmoid(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_forget_bias(const struct rg_probe_context *options, struct rg_probe_report *report);
rg_status rg_probe_alive_paths(const struct rg_probe_context *options, struct rg_probe_report *report);

#endif
