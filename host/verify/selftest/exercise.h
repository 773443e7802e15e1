/* A small training problem that the product and the float64 reference both know: data, weights and targets are
 * floats, for devices of either precision; the reference has the same numbers. */
#ifndef RG_EXERCISE_H
#define RG_EXERCISE_H

#include "engine/engine.h"
#include "reference/reference.h"
#include "rnn_gpu/dataset.h"

struct rg_exercise_sizes {
    size_t batch, steps, inputs, hidden, outputs; /* B, T, F, H, O */
    enum rg_loss loss;                            /* not AUTO */
    bool ragged;                                  /* lengths from 0 to T */
};

/* What net it is; zeros: one layer of tanh units, one direction, the head on the last step. */
struct rg_exercise_net {
    enum rg_cell cell;
    enum rg_activation activation;
    enum rg_target target;
    enum rg_readout readout;
    size_t layers; /* 0 means 1 */
    bool bidirectional;
    size_t skip; /* d; 0: none */
    enum rg_skip_kind skip_kind;
};

struct rg_exercise_form {
    struct rg_exercise_sizes sizes;
    struct rg_exercise_net net;
    bool initial; /* sequences start from given states */
    size_t words; /* V of an embedding table for tokens; 0: float inputs */
};

struct rg_exercise {
    struct rg_exercise_sizes sizes;
    struct rg_dataset data; /* B sequences of float inputs or tokens; its arrays are the exercise's */
    struct rg_model *model;
    struct ref_model *reference;
    struct ref_batch batch;    /* points to x, y and the data's lengths */
    struct ref_result *result; /* of the reference */
    size_t target_steps;       /* T', 1 or T */
    double skip_budget;        /* of a learned skip; the reference has the same */
    double *x, *y;             /* [B][T][F], [B][T'][targets of a row] */
    double *h_0, *c_0;         /* [L*D][B][H], or NULL; c_0 is of lstm */
};

/* An exercise of zeros. */
rg_status rg_exercise_create(const struct rg_exercise_form *form, struct rg_exercise **out);
void rg_exercise_destroy(struct rg_exercise *exercise); /* NULL allowed */

/* Random data of modest scale: x in (-1, 1), weights in (-1/sqrt H, 1/sqrt H), which makes every net contractive;
 * targets that keep the loss away from 0; lengths that include 0 and T where there is room. */
void rg_exercise_fill(struct rg_exercise *exercise, uint64_t seed);

/* Give the reference the float data; the weights of the model, or those of an arena [arena]. */
void rg_exercise_copy_data(struct rg_exercise *exercise);
void rg_exercise_copy_model(struct rg_exercise *exercise);
void rg_exercise_copy_weights(struct rg_exercise *exercise, const double *weights);

/* Valid steps of sequence b. */
size_t rg_exercise_length(const struct rg_exercise *exercise, size_t b);

/* Outputs as the engine gives them, [B][T'][O] with sequences that end together, to `out` as the reference has them:
 * zeros past a sequence's end. */
void rg_exercise_outputs(const struct rg_exercise *exercise, const double *outputs, double *out);

/* "lstm L=2 B=3 …": the exercise in words. */
void rg_exercise_name(const struct rg_exercise_form *form, char *out, size_t bytes);

/* Options of an engine that takes the whole exercise as one batch. */
struct rg_engine_options rg_exercise_options(const struct rg_exercise *exercise);

/* An engine that takes the whole batch as one chunk, whatever the device's cache. */
rg_status rg_whole_engine_create(struct rg_device *device, const struct rg_model *model,
                                 const struct rg_engine_options *options, struct rg_engine **out);

/* Parameter p of an arena [arena]: out [elements]. */
void rg_exercise_parameter(const struct rg_exercise *exercise, const double *arena, size_t p, double *out);

/* ||a - b||; NaN if either holds one. */
double rg_exercise_distance(const double *a, const double *b, size_t count);

/* Uniform in (-scale, scale), from a linear congruential generator (Knuth's MMIX constants). */
double rg_exercise_random(uint64_t *state, double scale);

#endif
