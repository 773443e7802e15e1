/* What a run is asked to do: every option of the command line as plain data, validated once and then const. */
#ifndef RNN_GPU_CONFIG_H
#define RNN_GPU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum rg_cell { RG_CELL_RNN, RG_N_CELLS };
enum rg_activation { RG_ACT_TANH, RG_N_ACTIVATIONS };
enum rg_init_kind { RG_INIT_PYTORCH, RG_INIT_XAVIER, RG_INIT_HE, RG_INIT_ORTHOGONAL, RG_INIT_IDENTITY, RG_INIT_NORMAL };
enum rg_loss { RG_LOSS_AUTO, RG_LOSS_MSE, RG_LOSS_BCE, RG_LOSS_CE };
enum rg_optimizer { RG_OPT_SGD, RG_OPT_ADAM };
enum rg_nonfinite { RG_NONFINITE_SKIP, RG_NONFINITE_STOP };

/* An initialiser and its number, as in `orthogonal:1.1` (gain), `identity:0.9` (scale), `normal:0.01` (standard
 * deviation). */
struct rg_init {
    enum rg_init_kind kind;
    double value;
};

struct rg_config {
    /* the model */
    enum rg_cell cell;
    enum rg_activation activation;
    size_t hidden;       /* H */
    struct rg_init init; /* of weight_hh; weight_ih, biases and the head start as PyTorch's */
    enum rg_loss loss;   /* AUTO: what the task or the data asks for */

    /* the data: a task's name or a file; both NULL means the task "adding" */
    const char *task;
    const char *data;
    size_t batch; /* B; sequences of an update */
    bool batch_given;
    size_t steps; /* T; ignored for files, whose sequences have their own */

    /* training */
    size_t updates;
    bool updates_given;
    double max_time;    /* seconds; 0 is no limit */
    double target_loss; /* stop when an update's loss is at or below; 0 is off */
    enum rg_optimizer optimizer;
    double lr;
    double clip_norm; /* 0 is off */
    enum rg_nonfinite nonfinite;
    uint64_t seed;

    /* the machine */
    const char *device; /* auto, cpu, opencl, gpu, P:D, or part of a name */
    int threads;        /* 0: all processors this process may use */
    uint64_t memory;    /* bytes the plan may use on the device; 0: what the device has */

    /* files and screens */
    const char *model; /* of grad and predict */
    const char *out;
    bool json;
    bool quiet;
    int color; /* -1 auto, 0 never, 1 always */

    /* bench */
    bool sizes_given; /* --steps, --hidden or --input: one case instead of the grid, as with --batch */
    size_t input;     /* F */
    size_t repeats;   /* timed updates */
};

/* Names as the command line spells them; NULL-ended. Index = enum value. */
extern const char *const rg_cell_names[];
extern const char *const rg_activation_names[];
extern const char *const rg_loss_names[];
extern const char *const rg_optimizer_names[];

/* The defaults that --help shows. */
struct rg_config rg_config_default(void);

/* Parse `argv[1…]`: fills *config and *command ("train" when none is given). Strings point into argv. RG_USAGE with a
 * message that names the option, the value, the allowed range, and the nearest option for an unknown one. --help and
 * --version are commands ("help", "version") here; *topic is then the command asked about, or NULL. */
rg_status rg_options_parse(int argc, char **argv, struct rg_config *config, const char **command, const char **topic);

/* Print help for a command (NULL: the overview) on stdout. RG_USAGE for a topic that does not exist. */
rg_status rg_options_help(const char *topic);

#endif
