/* The options of a run: every option of the command line as plain data, validated once and then const. */
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
    RG_INIT_CHRONO /* gate biases for memories of up to `value` steps (Tallec, Ollivier 2018); weights as PyTorch's */
};
enum rg_loss { RG_LOSS_AUTO, RG_LOSS_MSE, RG_LOSS_BCE, RG_LOSS_CE };
enum rg_target { RG_TARGET_LAST, RG_TARGET_STEPS };
/* how the gradient is measured at the end of a run */
enum rg_diagnose { RG_DIAGNOSE_SAMPLE, RG_DIAGNOSE_FULL, RG_DIAGNOSE_NONE };
enum rg_readout {
    RG_READOUT_LAST,  /* the output of a sequence's last step */
    RG_READOUT_FINAL, /* the state with which each direction ends: PyTorch's h_n */
    RG_READOUT_MEAN,  /* mean over the sequence's steps, unit by unit; 0 for an empty sequence */
    /* the largest value over the steps, unit by unit; of equal values the first receives the gradient */
    RG_READOUT_MAX,
    RG_N_READOUTS /* not given: FINAL with two directions, else LAST */
};
enum rg_level { RG_LEVEL_NONE, RG_LEVEL_CHAR, RG_LEVEL_WORD, RG_N_LEVELS }; /* tokens of a plain text */
/* How a long series becomes sequences: windows of `steps` steps; 0: it is not cut. A window's target is `horizon` steps
 * after its last step. With `forecast` it is the inputs at that step, else the label. */
struct rg_windows {
    size_t steps, horizon;
    bool forecast;
};
/* How images become sequences. */
struct rg_pixels {
    bool single;    /* a step is one pixel instead of a row of pixels */
    size_t permute; /* seed of the order of the pixels; 0: row by row */
};
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
enum rg_gemm { RG_GEMM_AUTO, RG_GEMM_OWN, RG_GEMM_LIBRARY };
enum rg_precision { RG_PRECISION_FLOAT, RG_PRECISION_DOUBLE };
enum rg_math { RG_MATH_FLOAT, RG_MATH_TF32 };
enum rg_nonfinite { RG_NONFINITE_SKIP, RG_NONFINITE_STOP };
enum rg_grid {
    RG_GRID_AUTO,     /* the sizes that are given, else those of the earlier results, else the standard grid */
    RG_GRID_STANDARD, /* sizes of every kind, in about a minute */
    RG_GRID_FULL      /* B {1,32,256,4096} x T {1,100,1000} x H {16,64,128,256,512,1024} that fits 8 GiB */
};

enum rg_theme {
    RG_THEME_AUTO, /* an SVG follows the reader's system, a PNG is light */
    RG_THEME_LIGHT,
    RG_THEME_DARK
};

/* An initialiser and its number, as in `orthogonal:1.1` (gain), `identity:0.9` (scale), `normal:0.01` (standard
 * deviation), `chrono:200` (longest memory). */
struct rg_init {
    enum rg_init_kind kind;
    double value;
};

/* The schedule of the learning rate, such as `step:1000:0.5` (every, gamma), `exponential:0.999`, `plateau:200:0.5`. */
struct rg_schedule_options {
    enum rg_schedule kind;
    size_t every;
    double gamma;
};

/* How often a run is saved: every so many updates, or every so many seconds. Both 0: at its end and when it is stopped.
 */
struct rg_every {
    size_t updates;
    double seconds;
};

struct rg_arrays; /* rnn_gpu/dataset.h */
struct rg_model;  /* rnn_gpu/model.h */

/* The network, its loss and its initial weights. */
struct rg_model_options {
    enum rg_cell cell;             /* RG_N_CELLS: as the model's file says */
    enum rg_activation activation; /* of the rnn cell */
    bool irnn;                     /* --cell irnn: rnn, relu, identity, zero biases, input weights by xavier */
    size_t skip;                   /* d of h_{t-d}; 0: none; 1 with a learned skip */
    enum rg_skip_kind skip_kind;
    double skip_budget; /* lambda of a learned skip: added to the loss for every step that is not skipped */
    size_t hidden;      /* H */
    size_t layers;      /* L */
    size_t embed;       /* E, columns of the table that tokens go through; 0: one-hot */
    bool bidirectional;
    double dropout;            /* its probability between layers */
    struct rg_init init;       /* of weight_hh */
    struct rg_init init_input; /* of weight_ih; biases and head start as PyTorch's */
    double forget_bias;        /* lstm: b_ih + b_hh of the forget gate; NAN: as drawn */
    enum rg_loss loss;         /* AUTO: as the task or the data need */
    enum rg_target target;     /* loss on the last step, or on every step */
    enum rg_readout readout;   /* what the head reads with RG_TARGET_LAST */
    const char *set;           /* weights to change, "Wh[0,1]=2,head.bias[0]=1"; NULL: none */
};

/* The data. A task and a file exclude each other; both NULL means the task "adding". */
struct rg_data_options {
    const char *task;
    const char *file;
    const char *model_file;  /* a saved model */
    const char *val;         /* file of validation data, or NULL */
    double val_frac;         /* share of the sequences held out for validation; 0: none */
    size_t fold, folds;      /* held out instead: part `fold`, from 1, of `folds` equal parts; fold 0: none */
    enum rg_level level;     /* tokens of a .txt file; NONE: characters, or those of the model */
    size_t vocabulary;       /* largest number of tokens of a .txt file, <unk> included; 0: all */
    size_t min_count;        /* tokens that occur less often become <unk> */
    bool lowercase;          /* A to Z of a .txt file become a to z */
    struct rg_pixels pixels; /* how images become sequences */
    size_t window;           /* steps of the windows that a series is cut into; 0: it is not cut */
    size_t stride;           /* steps from the start of one window to the start of the next */
    size_t horizon;          /* steps from the last step of a window to its target */
    /* the columns of a CSV file that are the targets, with commas between them; NULL: label, or those of the model */
    const char *target_columns;
    /* replacement of missing values: mean, previous, zero or a number; NULL: a missing value is an error */
    const char *fill;
    bool normalize;   /* scale the inputs by the mean and deviation of the training data */
    const char *test; /* file that is scored at the end, or NULL */
    const char *onnx; /* the file that `import` reads */
    const char *head; /* name of the module that is the head of a plain PyTorch model, or NULL */
    /* rows whose y has this label have no loss; NAN: -100 if every step has a class, else none */
    double ignore_label;
    const char *class_weights; /* `balanced`, or numbers with commas between them; NULL: all classes weigh the same */
    enum rg_pad pad;           /* the side on which the sequences of an .npz file are padded */
    size_t batch;              /* B, sequences of an update */
    size_t sequences;          /* number of sequences of a task that `export` writes */
    size_t steps;              /* T; if given, the last T steps of each of a file's sequences */
    /* A caller of the library gives data and model in memory. Messages then use `file`, `val` and `model_file` as
     * names. NULL: the files are read. */
    const struct rg_arrays *arrays, *val_arrays;
    const struct rg_model *model;
};

struct rg_training_options {
    size_t updates;
    /* steps of a window of truncated BPTT; the state is carried from window to window; 0: not given */
    size_t tbptt;
    size_t accumulate;  /* batches whose gradients are averaged for one update */
    size_t epochs;      /* passes over the training data, in place of updates; 0: not given */
    size_t val_every;   /* updates between two validations; 0: an epoch */
    size_t patience;    /* validations without a lower loss after which the training stops; 0: no limit */
    double max_time;    /* seconds; 0: no limit */
    double target_loss; /* stop when the mean loss of the last updates is this low (train/loss_mean.h); 0: off */
    enum rg_optimizer optimizer;
    double lr;       /* NAN: found by a test before the training (--lr auto) */
    double momentum; /* for momentum, nesterov and rmsprop */
    /* Constants of the optimisers that have them. rmsprop_alpha, beta1 and beta2 are decay rates: of rmsprop's mean
     * square, and of the mean and the mean square of adam and adamw. epsilon is what adam, adamw, rmsprop and adagrad
     * add to the root; NAN: PyTorch's 1e-8, for adagrad 1e-10. */
    double rmsprop_alpha, beta1, beta2, epsilon;
    double weight_decay; /* as PyTorch's: added to the gradient, or decoupled for adamw */
    struct rg_schedule_options schedule;
    size_t warmup;      /* updates over which the rate rises linearly */
    double clip_norm;   /* largest norm of the gradient; 0: no limit */
    double clip_value;  /* largest |number| of the gradient; 0: no limit */
    const char *freeze; /* patterns of the parameters that are not trained, with commas between them; NULL: none */
    enum rg_nonfinite nonfinite;
    enum rg_diagnose diagnose;
    size_t lag_every;        /* updates between two samples of the lag profile; 0: none */
    size_t probe_time;       /* the step whose loss the lag profile splits, from 1; 0: the last */
    const char *probe_times; /* grad: steps whose losses are followed back side by side, such as "5,10-20"; or NULL */
    uint64_t seed;
};

struct rg_ranks; /* host/ranks/ranks.h */

struct rg_machine_options {
    const char *device;         /* auto, cpu, opencl, gpu, P:D, or part of a name */
    bool device_of_environment; /* RNN_GPU_DEVICE gave it; for messages */
    int threads;                /* 0: all processors that this process may use */
    enum rg_precision precision;
    enum rg_math math;     /* number format of the products of scans and weight gradients, in float precision */
    const char *shape;     /* shape of work-groups on an OpenCL device, "NV,VEC,COLS,ROWS"; NULL: the device's own */
    enum rg_gemm gemm;     /* what computes wide products: the kernels or a BLAS library */
    double launch_seconds; /* longest launch on a device; INFINITY: no limit; 0: the device's own limit */
    uint64_t memory;       /* bytes that the plan may use on the device; 0: rg_device_budget */
    /* parts of a batch whose gradients are summed separately; 0: 1, or more with several processes */
    size_t shards;
    bool mixed; /* devices of different kinds may share a training: every update takes the weights of rank 0 */
    /* the processes that mpirun started, including this one; NULL: this one alone. Borrowed */
    struct rg_ranks *ranks;
};

/* Files and screens. */
struct rg_output_options {
    const char *out;
    const char *report;         /* an HTML file */
    const char *plot;           /* .svg, .png or .pdf */
    const char *figure;         /* name of the only figure to draw; NULL: all */
    const char *figure_size;    /* size of each figure, "800x450"; NULL: the default */
    enum rg_theme theme;        /* colours of `plot` */
    const char *log;            /* JSON lines */
    const char *tensorboard;    /* a folder */
    struct rg_every save_every; /* checkpoints in the folder of --out */
    const char *resume;         /* the folder of the run to resume */
    const char *config;         /* a file of options; its values are in the other fields */
    bool dump_config;           /* print the options as such a file, and stop */
    bool json;
    bool dry_run;   /* say what would run and how long it would take, and stop */
    bool overwrite; /* overwrite an earlier result in the folder of --out */
    bool keep;      /* keep the models of compare and sweep */
    bool quiet;
    bool trace;              /* grad: print every step of the walk */
    const char *trace_latex; /* a .tex file for the walk */
    size_t sequence;         /* print the walk of this sequence, from 1; 0: of all */
    bool verbose;
    int color; /* -1 auto, 0 never, 1 always */
};

struct rg_compare_options {
    const char *remedies; /* such as "tanh,lstm+clip" */
    const char *rates;    /* such as "1e-3,3e-3"; NULL: each remedy has its own */
    size_t seeds;         /* number of runs of each row */
};

struct rg_sample_options {
    size_t length;      /* tokens to write */
    double temperature; /* what the logits are divided by; 0: the most probable token */
    const char *prompt; /* what the model reads first, or NULL */
};

struct rg_probe_options {
    const char *name;   /* name of an experiment, or all; NULL: list them */
    double weight;      /* recurrent weight of the experiment `wall`; NAN: not given */
    const char *matrix; /* matrix of the experiment `power`: rows of numbers */
};

struct rg_bench_options {
    enum rg_grid grid;
    size_t input;        /* F */
    size_t outputs;      /* O; above 1 the outputs are classes with cross-entropy */
    size_t repeats;      /* timed updates */
    bool peers;          /* time PyTorch and plain BLAS calls too */
    bool roofline;       /* measure the device's peaks, and say which of them limits each case */
    const char *earlier; /* file of earlier results to compare with, or NULL */
    const char *plan;    /* card to plan for, instead of timing a device, or NULL */
    bool tune;           /* measure which chunk and tile suit each device, and store the result */
};

/* Every option of the command line, grouped by subject. */
struct rg_config {
    struct rg_model_options model;
    struct rg_data_options data;
    struct rg_training_options training;
    struct rg_machine_options machine;
    struct rg_output_options output;
    struct rg_compare_options compare;
    struct rg_sample_options sample;
    struct rg_probe_options probe;
    struct rg_bench_options bench;
    const char *subject; /* the file or folder that inspect, verify and runs look at; NULL for other commands */
    char **arguments;    /* the command line, for reports; borrowed, NULL without a command line */
    int n_arguments;     /* number of arguments, with the program's name */
    uint64_t given[2];   /* bit i: option i of the table rg_options was given */
};

/* Names as the command line spells them; NULL-ended. Index = enum value. */
extern const char *const rg_cell_names[];
extern const char *const rg_activation_names[];
extern const char *const rg_skip_kind_names[];
extern const char *const rg_loss_names[];
extern const char *const rg_target_names[];
extern const char *const rg_readout_names[];
extern const char *const rg_pad_names[];
extern const char *const rg_level_names[];
extern const char *const rg_optimizer_names[];
extern const char *const rg_schedule_names[];
extern const char *const rg_precision_names[];
extern const char *const rg_math_names[];

/* The number that a --fill names; 0 for "zero". Returns false for other values of --fill. */
bool rg_fill_number(const char *fill, double *number);

/* RG_USAGE unless 1 <= fold <= folds. */
rg_status rg_fold_check(size_t fold, size_t folds);

/* The defaults that --help shows. */
struct rg_config rg_config_default(void);

/* Is the task fashion-mnist, the one whose data are files? */
bool rg_config_is_fashion_mnist(const struct rg_config *config);

/* Was the option of that name given on the command line, or in a file of --config? The option must exist. A resumed run
 * was given what its own command line gave, and what was given beside --resume. */
bool rg_config_gives(const struct rg_config *config, const char *name);

/* Record that it was given, or was not. */
void rg_config_set_given(struct rg_config *config, const char *name, bool given);

/* Do the data come from files: --data, or those of fashion-mnist? */
bool rg_config_reads_files(const struct rg_config *config);

/* Does the run compute in doubles (--precision double)? */
bool rg_config_is_double(const struct rg_config *config);

/* Parse `argv[1…]`: fills *config and *command ("train" when none is given). Strings point into argv. On RG_USAGE the
 * message names the option, the value and the allowed range, and for an unknown option the nearest one. --help and
 * --version are commands ("help", "version") here; *topic is then the command asked about, or NULL. */
rg_status rg_options_parse(int argc, char **argv, struct rg_config *config, const char **command, const char **topic);

#endif
