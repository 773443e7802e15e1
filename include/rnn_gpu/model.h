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
    size_t words; /* V of the embedding table [V][E] for tokens; 0: none */
};

/* A tensor [rows][columns] in PyTorch's layout; a bias has columns = 0 and is written as [rows]. */
struct rg_parameter {
    char name[RG_NAME_BYTES]; /* PyTorch's: rnn.weight_ih_l0 … head.bias */
    size_t rows, columns;
    size_t offset; /* elements into the arena, a multiple of RG_ARENA_ALIGN; the gaps hold zeros */
    bool absent;   /* a bias that the file lacks: it is zero and has no gradient */
    bool frozen;   /* training leaves it unchanged: it has no gradient and no update */
};

struct rg_model {
    struct rg_shape shape;
    size_t n_parameters; /* entries of the table */
    struct rg_parameter parameters[RG_MAX_PARAMETERS];
    size_t n_weights;        /* numbers in all tensors, those of absent ones too */
    size_t arena;            /* elements of `weights`, gaps included */
    float *weights;          /* [arena]; NULL in a model in double precision */
    double *exact;           /* [arena] in a model in double precision, else NULL */
    double *input_mean;      /* [features] mean and deviation for the inputs before the first layer: */
    double *input_deviation; /* (x - mean) / deviation; both NULL: not at all; set by rg_model_set_normalization */
    /* [features] replacement of missing inputs, before normalisation; NULL: none may be missing */
    double *input_fill;
    bool fill_previous; /* a missing input is first replaced by the one of the step before */
    char **vocabulary;  /* of token models: [features] words, or NULL; set by rg_model_set_vocabulary */
    char **features;    /* [features] names of the columns it was trained on, or NULL; set by rg_model_set_features */
    char **classes;     /* [n_classes] names of the classes, or NULL; set by rg_model_set_classes */
    size_t n_classes;
    char **
        targets; /* [n_targets] names of the target columns if they were asked for, or NULL; see rg_model_set_targets */
    size_t n_targets;
    enum rg_level level;       /* tokens of a language model, whose outputs are the words of the vocabulary */
    bool lowercase;            /* the language model's text is made lowercase first */
    struct rg_windows windows; /* how series are cut for this model */
    struct rg_pixels pixels;   /* how images become sequences for it */
};

/* The role of a parameter in a layer. */
enum rg_role {
    RG_ROLE_WEIGHT_IH, /* [G*H][inputs of the layer]: F, or D*H above the first layer */
    RG_ROLE_WEIGHT_HH, /* [G*H][H] */
    RG_ROLE_BIAS_IH,   /* [G*H] */
    RG_ROLE_BIAS_HH,   /* [G*H] */
    RG_ROLE_WEIGHT_SH, /* [G*H][H], with skip of kind add */
    RG_ROLE_WEIGHT_UH, /* [1][H], with skip of kind learned: weights of the update gate */
    RG_ROLE_BIAS_UH,   /* [1], with skip of kind learned: bias of the update gate */
    RG_N_ROLES
};

/* Index in the table of a parameter of layer `layer`, direction 0 or 1. The shape must have that role. */
size_t rg_model_parameter(const struct rg_model *model, size_t layer, size_t direction, enum rg_role role);
/* Indexes of head.weight [O][D*H] and head.bias [O]. */
size_t rg_model_head_weight(const struct rg_model *model);
size_t rg_model_head_bias(const struct rg_model *model);

/* Index of embed.weight [V][E]. shape.words must not be 0. */
size_t rg_model_embed(const struct rg_model *model);

/* Features that a data set for the shape has: V with an embedding table, else F. */
size_t rg_shape_features(const struct rg_shape *shape);

/* Directions D of a shape: 2 if bidirectional. */
size_t rg_shape_directions(const struct rg_shape *shape);

/* Has the shape skip connections of this kind? */
bool rg_shape_has_skip(const struct rg_shape *shape, enum rg_skip_kind kind);

/* Set the shape's readout to `asked`. RG_N_READOUTS selects the default for the shape's target and directions. RG_USAGE
 * if every step has an output and `asked` is not RG_READOUT_LAST. */
rg_status rg_shape_set_readout(struct rg_shape *shape, enum rg_readout asked);

/* Set the options that a shape determines; the others keep their values. */
void rg_shape_options(const struct rg_shape *shape, struct rg_model_options *options);

/* A model of the given shape with zero weights. */
rg_status rg_model_create(const struct rg_shape *shape, struct rg_model **out);
void rg_model_destroy(struct rg_model *model); /* NULL allowed */

/* A model of the shape in double precision, with zero weights. */
rg_status rg_model_create_exact(const struct rg_shape *shape, struct rg_model **out);
/* Copy the names of words, columns and classes, and the normalisation, to `to`, which has the same shape. RG_NO_MEMORY.
 */
rg_status rg_model_copy_names(const struct rg_model *from, struct rg_model *to);
/* A copy, including names and normalisation. With `exact` its weights are doubles, else floats, to which doubles are
 * rounded. */
rg_status rg_model_copy(const struct rg_model *model, bool exact, struct rg_model **out);
/* Convert the weights to doubles. RG_OK if they already are. */
rg_status rg_model_widen(struct rg_model *model);

/* Store a copy of the [features] words, in order of their number. */
rg_status rg_model_set_vocabulary(struct rg_model *model, char *const *words);
/* Store a copy of the [features] names of columns. */
rg_status rg_model_set_features(struct rg_model *model, char *const *names);
/* Store a copy of the names of classes: as many as outputs, or two for one output. */
rg_status rg_model_set_classes(struct rg_model *model, char *const *names, size_t count);

/* Store a copy of the names of target columns: as many as outputs, or one. */
rg_status rg_model_set_targets(struct rg_model *model, char *const *names, size_t count);

/* Store a copy of mean and deviation [features] of the inputs. RG_NO_MEMORY. */
rg_status rg_model_set_normalization(struct rg_model *model, const double *mean, const double *deviation);

/* Store a copy of the replacements of missing inputs [features]. RG_NO_MEMORY. */
rg_status rg_model_set_fill(struct rg_model *model, const double *values, bool previous);

/* Gates of a cell: 1 for rnn, 4 for lstm (i, f, g, o), 3 for gru (r, z, n). */
size_t rg_cell_gates(enum rg_cell cell);

/* How the weights are initialised. */
struct rg_init_options {
    struct rg_init hidden; /* weight_hh and weight_sh, gate by gate */
    struct rg_init input;  /* weight_ih */
    bool zero_biases;      /* of the cells */
    double forget_bias;    /* lstm: b_ih of the forget gate, with b_hh 0; NAN: both as drawn */
};

/* Initialise the weights from the seed. Biases and head are as in torch.nn (U(-1/sqrt H, 1/sqrt H)), an embedding table
 * too (N(0, 1)). The matrices follow `init`. The update gate's weights are drawn like the biases, and its own bias is 1
 * (Campos et al. 2018). The same seed gives the same weights on every machine. */
rg_status rg_model_initialise(struct rg_model *model, const struct rg_init_options *init, uint64_t seed);

/* Number of weights in the tensors that exist; in those that training changes. */
size_t rg_model_n_weights(const struct rg_model *model);
size_t rg_model_n_trained(const struct rg_model *model);

/* Number of elements of a parameter. */
size_t rg_parameter_elements(const struct rg_parameter *parameter);
/* Pointer to the first element of parameter number `parameter` in model->weights. */
float *rg_model_values(const struct rg_model *model, size_t parameter);

/* Element `at` of the arena, whatever the model's precision. A model of floats rounds the value. */
double rg_model_weight(const struct rg_model *model, size_t at);
void rg_model_set_weight(struct rg_model *model, size_t at, double value);

/* How a model file is read. */
struct rg_model_reading {
    const struct rg_shape
        *defaults;    /* settings that a plain PyTorch file lacks: activation, loss, target, readout, skip */
    const char *head; /* the module of a plain PyTorch file that is the head; NULL: find it by its name */
    bool exact;       /* read in double precision, into `exact` */
    /* The user asked for this value of `defaults`. A file that says how it was made must then have the same value. A
     * value other than tanh, 0, add or last always counts as asked for. */
    bool asks_activation, asks_skip, asks_skip_kind, asks_target;
};

/* Load a safetensors or .npz file of rnn-gpu, with options in its metadata, or a plain safetensors file of PyTorch.
 * Sizes of a PyTorch file come from its tensors, and its parts are found by their names (host/model/state_names.h). A
 * cell or readout in `defaults` must match the file, unless it is RG_N_CELLS or RG_N_READOUTS. Biases that the file
 * lacks are zero and marked `absent`. Other tensors of a plain PyTorch file are left out and logged. RG_BAD_FILE names
 * the tensor and both shapes. */
rg_status rg_model_read(const char *path, const struct rg_model_reading *how, struct rg_model **out);
rg_status rg_model_load(const char *path, const struct rg_shape *defaults, struct rg_model **out);
rg_status rg_model_load_exact(const char *path, const struct rg_shape *defaults, struct rg_model **out);
/* Save as F32; a model in double precision as F64. */
rg_status rg_model_save(const struct rg_model *model, const char *path);
/* The same tensors as an npz file. The options are its member `config`, text in bytes; rg_model_read takes them. */
rg_status rg_model_save_npz(const struct rg_model *model, const char *path);

#endif
