/* The model: a table of named parameters over one flat array, and its file. */
#ifndef RNN_GPU_MODEL_H
#define RNN_GPU_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/config.h"
#include "rnn_gpu/status.h"

enum {
    RG_MAX_LAYERS = 16,
    RG_MAX_PARAMETERS = RG_MAX_LAYERS * 2 * 6 + 3,
    RG_NAME_BYTES = 64,
    RG_ARENA_ALIGN = 16 /* elements */
};

struct rg_shape {
    enum rg_cell cell;
    enum rg_activation activation;
    size_t inputs;  /* F; E with an embedding table */
    size_t hidden;  /* H */
    size_t outputs; /* O */
    enum rg_loss loss;
    enum rg_target target;
    enum rg_readout readout; /* with RG_TARGET_LAST, else RG_READOUT_LAST */
    size_t layers;           /* L */
    bool bidirectional;      /* D = 2 */
    size_t skip;             /* d of h_{t-d}; 0: none; 1 with a learned skip, which has no distance */
    enum rg_skip_kind skip_kind;
    size_t words; /* V of an embedding table [V][E] that tokens go through; 0: none */
};

/* A tensor [rows][columns] in PyTorch's layout; a bias has columns = 0 and is written as [rows]. */
struct rg_parameter {
    char name[RG_NAME_BYTES]; /* PyTorch's: rnn.weight_ih_l0 … head.bias */
    size_t rows, columns;
    size_t offset; /* elements into the arena, a multiple of RG_ARENA_ALIGN; the gaps hold zeros */
    bool absent;   /* a bias that the file lacks: zeros, and no part of its gradient */
};

struct rg_model {
    struct rg_shape shape;
    size_t n_parameters; /* entries of the table */
    struct rg_parameter parameters[RG_MAX_PARAMETERS];
    size_t n_weights;        /* numbers in the tensors, as reported to the user */
    size_t arena;            /* elements of `weights`, gaps included */
    float *weights;          /* [arena]; NULL of a model in double precision */
    double *exact;           /* [arena], of a model in double precision, else NULL */
    double *input_mean;      /* [features] what the inputs are normalised with before the first layer: */
    double *input_deviation; /* (x - mean) / deviation; both NULL: not at all; set by rg_model_set_normalization */
    double *input_fill;      /* [features] what stands for a missing input, before that; NULL: none may be missing */
    bool fill_previous;      /* a missing input is first that of the step before */
    char **vocabulary;       /* of token models: [features] words, or NULL; set by rg_model_set_vocabulary */
    char **features; /* [features] names of the columns it was trained on, or NULL; set by rg_model_set_features */
    char **classes;  /* [n_classes] names of the classes, or NULL; set by rg_model_set_classes */
    size_t n_classes;
    enum rg_level level;       /* of a language model, whose outputs are the words of the vocabulary */
    bool lowercase;            /* and what is made of its text first */
    struct rg_windows windows; /* what series are cut into for it */
};

/* What a parameter of a layer is. */
enum rg_role {
    RG_ROLE_WEIGHT_IH, /* [G*H][inputs of the layer]: F, or D*H above the first layer */
    RG_ROLE_WEIGHT_HH, /* [G*H][H] */
    RG_ROLE_BIAS_IH,   /* [G*H] */
    RG_ROLE_BIAS_HH,   /* [G*H] */
    RG_ROLE_WEIGHT_SH, /* [G*H][H], with skip of kind add */
    RG_ROLE_WEIGHT_UH, /* [1][H], with skip of kind learned: the update gate */
    RG_ROLE_BIAS_UH,   /* [1], likewise */
    RG_N_ROLES
};

/* Position in the table of a parameter of layer `layer`, direction 0 or 1; the shape has the role. */
size_t rg_model_parameter(const struct rg_model *model, size_t layer, size_t direction, enum rg_role role);
/* Positions of head.weight [O][D*H] and head.bias [O]. */
size_t rg_model_head_weight(const struct rg_model *model);
size_t rg_model_head_bias(const struct rg_model *model);

/* Position of embed.weight [V][E], where shape.words says that there is one. */
size_t rg_model_embed(const struct rg_model *model);

/* What a data set for the shape has: V with an embedding table, else F. */
size_t rg_shape_features(const struct rg_shape *shape);

/* Directions D of a shape: 2 if bidirectional. */
size_t rg_shape_directions(const struct rg_shape *shape);

/* Set the shape's readout, of whose target and directions the default is made: `asked`, or that for RG_N_READOUTS.
 * RG_USAGE where another than RG_READOUT_LAST is asked for and every step has an output. */
rg_status rg_shape_set_readout(struct rg_shape *shape, enum rg_readout asked);

/* Set the options that a shape decides; the others stay. */
void rg_shape_options(const struct rg_shape *shape, struct rg_model_options *options);

/* A model of the given shape with zero weights. */
rg_status rg_model_create(const struct rg_shape *shape, struct rg_model **out);
void rg_model_destroy(struct rg_model *model); /* NULL allowed */

/* A model of the shape in double precision, with zero weights. */
rg_status rg_model_create_exact(const struct rg_shape *shape, struct rg_model **out);
/* Give `to`, of the same shape, the names of words, columns and classes, and the normalisation. RG_NO_MEMORY. */
rg_status rg_model_copy_names(const struct rg_model *from, struct rg_model *to);
/* A copy, names and normalisation included; `exact`: with doubles as weights, else with floats, to which doubles are
 * rounded. */
rg_status rg_model_copy(const struct rg_model *model, bool exact, struct rg_model **out);
/* Make the weights doubles; RG_OK if they are. */
rg_status rg_model_widen(struct rg_model *model);

/* Keep a copy of the [features] words, in order of their number. */
rg_status rg_model_set_vocabulary(struct rg_model *model, char *const *words);
/* Keep a copy of the [features] names of columns. */
rg_status rg_model_set_features(struct rg_model *model, char *const *names);
/* Keep a copy of the names of classes: as many as outputs, or two for one output. */
rg_status rg_model_set_classes(struct rg_model *model, char *const *names, size_t count);

/* Keep a copy of mean and deviation [features] of the inputs. RG_NO_MEMORY. */
rg_status rg_model_set_normalization(struct rg_model *model, const double *mean, const double *deviation);

/* Keep a copy of what stands for missing inputs [features]. RG_NO_MEMORY. */
rg_status rg_model_set_fill(struct rg_model *model, const double *values, bool previous);

/* Gates of a cell: 1 for rnn, 4 for lstm (i, f, g, o), 3 for gru (r, z, n). */
size_t rg_cell_gates(enum rg_cell cell);

/* How the weights start. */
struct rg_init_options {
    struct rg_init hidden; /* weight_hh and weight_sh, gate by gate */
    struct rg_init input;  /* weight_ih */
    bool zero_biases;      /* of the cells */
    double forget_bias;    /* lstm: b_ih of the forget gate, b_hh then 0; NAN: as drawn */
};

/* Fill the weights from the seed: biases and head as torch.nn does (U(-1/sqrt H, 1/sqrt H)), an embedding table too
 * (N(0, 1)), the matrices as `init` says; the update gate's weights as the biases, its own bias 1 (Campos et al. 2018).
 * The same seed gives the same weights on every machine. */
rg_status rg_model_initialise(struct rg_model *model, const struct rg_init_options *init, uint64_t seed);

/* Elements of a parameter, and its first element in `weights`. */
size_t rg_parameter_elements(const struct rg_parameter *parameter);
float *rg_model_values(const struct rg_model *model, size_t parameter);

/* How a model's file is read. */
struct rg_model_reading {
    const struct rg_shape
        *defaults;    /* what a plain PyTorch file does not say: activation, loss, target, readout, skip */
    const char *head; /* the module of a plain PyTorch file that is the head; NULL: found by its name */
    bool exact;       /* in double precision: `exact` holds what the file does */
};

/* Load a safetensors file: ours (options in its metadata) or plain PyTorch, whose sizes come from the tensors and whose
 * parts are found by their names (host/model/state_names.h). A cell or readout of the defaults that is not RG_N_CELLS
 * or RG_N_READOUTS must be the file's. Biases that the file lacks are zero and marked `absent`; tensors of a plain
 * PyTorch file that are no part of the model are left out and logged. RG_BAD_FILE names the tensor and both shapes. */
rg_status rg_model_read(const char *path, const struct rg_model_reading *how, struct rg_model **out);
rg_status rg_model_load(const char *path, const struct rg_shape *defaults, struct rg_model **out);
rg_status rg_model_load_exact(const char *path, const struct rg_shape *defaults, struct rg_model **out);
/* As F32, or of a model in double precision as F64. */
rg_status rg_model_save(const struct rg_model *model, const char *path);

#endif
