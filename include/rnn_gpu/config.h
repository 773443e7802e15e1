/* What a run is asked to do: every option of the command line as plain data, validated once and then const. */
#ifndef RNN_GPU_CONFIG_H
#define RNN_GPU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum rg_cell { RG_CELL_RNN, RG_CELL_LSTM, RG_CELL_GRU, RG_N_CELLS };
enum rg_activation {
    RG_ACT_TANH,
    RG_ACT_RELU,
    RG_ACT_LEAKY_RELU, /* slope 0.01 below 0 */
    RG_ACT_ELU,        /* alpha 1 */
    RG_ACT_SIGMOID,
    RG_ACT_SOFTSIGN,
    RG_ACT_SOFTPLUS,
    RG_ACT_HARDTANH,
    RG_ACT_LINEAR,
    RG_N_ACTIVATIONS
};
enum rg_skip_kind { RG_SKIP_ADD, RG_SKIP_DILATED, RG_SKIP_LEARNED };
enum rg_init_kind {
    RG_INIT_PYTORCH,
    RG_INIT_XAVIER,
    RG_INIT_HE,
    RG_INIT_ORTHOGONAL,
    RG_INIT_IDENTITY,
    RG_INIT_NORMAL,
    RG_INIT_NPRNN, /* normalised positive definite (Talathi, Vartak 2015) */
    RG_INIT_CHRONO /* gate biases for memories up to the value (Tallec, Ollivier 2018); weights as PyTorch's */
};
enum rg_loss { RG_LOSS_AUTO, RG_LOSS_MSE, RG_LOSS_BCE, RG_LOSS_CE };
enum rg_target { RG_TARGET_LAST, RG_TARGET_STEPS };
enum rg_pad { RG_PAD_RIGHT, RG_PAD_LEFT };
enum rg_optimizer {
    RG_OPT_SGD,
    RG_OPT_MOMENTUM,
    RG_OPT_NESTEROV,
    RG_OPT_RMSPROP,
    RG_OPT_ADAM,
    RG_OPT_ADAMW,
    RG_OPT_ADAGRAD,
    RG_N_OPTIMIZERS
};
enum rg_schedule {
    RG_SCHEDULE_CONSTANT,
    RG_SCHEDULE_STEP,        /* times `gamma` every `every` updates */
    RG_SCHEDULE_EXPONENTIAL, /* times `gamma` every update */
    RG_SCHEDULE_COSINE,      /* to 0 at the last update */
    RG_SCHEDULE_LINEAR,      /* to 0 at the last update */
    RG_SCHEDULE_ONE_CYCLE,   /* up to lr over the first 30 %, down to 0 over the rest, by cosines */
    RG_SCHEDULE_PLATEAU      /* times `gamma` when the loss has not improved for `every` updates */
};
enum rg_blas_use { RG_BLAS_AUTO, RG_BLAS_OWN, RG_BLAS_LIBRARY };
enum rg_precision { RG_PRECISION_FLOAT, RG_PRECISION_DOUBLE };
enum rg_math { RG_MATH_FLOAT, RG_MATH_TF32 };
enum rg_nonfinite { RG_NONFINITE_SKIP, RG_NONFINITE_STOP };
enum rg_grid {
    RG_GRID_AUTO,     /* the sizes given, else those of the results compared with, else the standard grid */
    RG_GRID_STANDARD, /* sizes of every kind, in about a minute */
    RG_GRID_FULL      /* B {1,32,256,4096} x T {1,100,1000} x H {16,64,128,256,512,1024} that fits 8 GiB */
};

enum rg_theme {
    RG_THEME_AUTO, /* an SVG as the reader's system has it, a PNG light */
    RG_THEME_LIGHT,
    RG_THEME_DARK
};

/* An initialiser and its number, as in `orthogonal:1.1` (gain), `identity:0.9` (scale), `normal:0.01` (standard
 * deviation), `chrono:200` (longest memory). */
struct rg_init {
    enum rg_init_kind kind;
    double value;
};

/* How the learning rate goes, as in `step:1000:0.5` (every, gamma), `exponential:0.999`, `plateau:200:0.5`. */
struct rg_schedule_options {
    enum rg_schedule kind;
    size_t every;
    double gamma;
};

struct rg_config {
    /* the model */
    enum rg_cell cell;
    enum rg_activation activation; /* of the rnn cell */
    bool irnn;                     /* --cell irnn: rnn, relu, identity, zero biases, input weights normal:0.001 */
    size_t skip;                   /* d of h_{t-d}; 0: none; 1 with a learned skip */
    enum rg_skip_kind skip_kind;
    double skip_budget; /* lambda of a learned skip: the loss of an update of the state */
    size_t hidden;      /* H */
    size_t layers;      /* L */
    size_t embed;       /* E, columns of a table that tokens go through; 0: one-hot */
    bool bidirectional;
    double dropout;            /* between layers */
    struct rg_init init;       /* of weight_hh */
    struct rg_init init_input; /* of weight_ih; biases and head start as PyTorch's */
    double forget_bias;        /* lstm: b_ih + b_hh of the forget gate; NAN: as drawn */
    enum rg_loss loss;         /* AUTO: what the task or the data ask for */
    enum rg_target target;     /* loss on the last step, or on every step */
    size_t probe_time;         /* the step whose loss a lag profile is of, from 1; 0: the last */

    /* the data: a task's name or a file; both NULL means the task "adding" */
    const char *task;
    const char *data;
    enum rg_pad pad; /* the side on which the sequences of an .npz file are padded */
    size_t batch;    /* B; sequences of an update */
    bool batch_given;
    size_t steps; /* T; of a file's sequences at most so many, the last, if steps_given */
    bool steps_given;

    /* training */
    size_t updates;
    bool updates_given;
    double max_time;    /* seconds; 0 is no limit */
    double target_loss; /* stop when an update's loss is at or below; 0 is off */
    enum rg_optimizer optimizer;
    double lr;
    double momentum;     /* of momentum, nesterov and rmsprop */
    double weight_decay; /* as PyTorch's: added to the gradient, or decoupled for adamw */
    struct rg_schedule_options schedule;
    size_t warmup;     /* updates over which the rate rises linearly */
    double clip_norm;  /* 0 is off */
    double clip_value; /* 0 is off */
    enum rg_nonfinite nonfinite;
    size_t lag_every; /* updates from one sample of the lag profile to the next; 0: none */
    uint64_t seed;

    /* the machine */
    const char *device; /* auto, cpu, opencl, gpu, P:D, or part of a name */
    int threads;        /* 0: all processors this process may use */
    enum rg_precision precision;
    enum rg_math math;     /* of the products of sweeps and weight gradients, in float precision */
    enum rg_blas_use blas; /* what computes wide products */
    uint64_t memory;       /* bytes the plan may use on the device; 0: what the device has */

    /* files and screens */
    const char *model; /* of grad and predict */
    const char *out;
    const char *report;      /* an HTML file */
    const char *plot;        /* .svg or .png */
    enum rg_theme theme;     /* of that picture */
    const char *log;         /* JSON lines */
    const char *tensorboard; /* a folder */
    bool json;
    bool quiet;
    int color; /* -1 auto, 0 never, 1 always */

    /* compare */
    const char *remedies; /* such as "tanh,lstm+clip" */

    /* probe */
    const char *probe; /* its name, or all; NULL: list them */
    double weight;     /* of the wall; NAN: not given */
    const char *matrix;

    /* bench */
    bool sizes_given; /* --hidden, --input or --outputs: one case instead of the grid, as with --batch and --steps */
    bool cell_given;  /* one cell of the grid instead of all */
    enum rg_grid grid;
    size_t input;        /* F */
    size_t outputs;      /* O; above 1 classes with cross-entropy */
    size_t repeats;      /* timed updates */
    bool peers;          /* time PyTorch and plain BLAS calls too */
    bool roofline;       /* measure what the device can do at most, and say what binds each case */
    bool verbose;        /* show the plan and the phases of each case */
    const char *compare; /* file of earlier results, or NULL */
    bool tune;           /* measure which chunk and tile suit each device, and keep that */

    /* what was typed, for reports; borrowed, NULL without a command line */
    char **arguments;
    int n_arguments; /* with the program's name */
};

/* Names as the command line spells them; NULL-ended. Index = enum value. */
extern const char *const rg_cell_names[];
extern const char *const rg_activation_names[];
extern const char *const rg_skip_kind_names[];
extern const char *const rg_loss_names[];
extern const char *const rg_target_names[];
extern const char *const rg_pad_names[];
extern const char *const rg_optimizer_names[];
extern const char *const rg_schedule_names[];
extern const char *const rg_precision_names[];
extern const char *const rg_math_names[];

/* The defaults that --help shows. */
struct rg_config rg_config_default(void);

/* Parse `argv[1…]`: fills *config and *command ("train" when none is given). Strings point into argv. RG_USAGE with a
 * message that names the option, the value, the allowed range, and the nearest option for an unknown one. --help and
 * --version are commands ("help", "version") here; *topic is then the command asked about, or NULL. */
rg_status rg_options_parse(int argc, char **argv, struct rg_config *config, const char **command, const char **topic);

/* Print help for a command (NULL: the overview) on stdout. RG_USAGE for a topic that does not exist. */
rg_status rg_options_help(const char *topic);

#endif
