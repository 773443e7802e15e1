/* rnn_gpu.h: recurrent networks trained on any OpenCL device or on the processor, and their gradient over time.
 *
 * This is the public header of the library, for C99 and C++17. docs/library.md is the guide to it; docs/examples/ has
 * whole programs. Link with `pkg-config --cflags --libs rnn-gpu`, or with find_package(rnn_gpu) and rnn_gpu::rnn_gpu.
 *
 * Letters in shapes: N sequences, T time steps, F input features, H hidden units, O outputs. Arrays are row-major.
 *
 * Errors. A function that can fail returns an rnn_gpu_status. What failed, on which object, and what to do about it is
 * then in rnn_gpu_error_message(), of the same thread. Outputs are set on RNN_GPU_OK alone, handles to NULL otherwise.
 * Every function may also return RNN_GPU_USAGE, for a NULL that is not allowed, and RNN_GPU_NO_MEMORY.
 *
 * Handles. What a `create`, `open` or `load` made, its `destroy` or `close` releases, which takes NULL too. A handle
 * keeps nothing of other handles that it was made of, except where "must outlive" says so.
 *
 * Threads. Different handles can be used by different threads at the same time. One device, one options and one data
 * handle may be shared: calls that compute on the same device wait for one another. A model may be read by several
 * threads, as long as none calls rnn_gpu_model_set. A trainer belongs to one thread, but any thread may cancel it.
 *
 * The library prints nothing, ends no process, catches no signal and reads no option from the environment. */
#ifndef RNN_GPU_RNN_GPU_H
#define RNN_GPU_RNN_GPU_H

#include <stddef.h>
#include <stdint.h>

#define RNN_GPU_VERSION_MAJOR 0
#define RNN_GPU_VERSION_MINOR 1
#define RNN_GPU_VERSION_PATCH 0

#if defined(__GNUC__)
#define RNN_GPU_API __attribute__((visibility("default")))
#else
#define RNN_GPU_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors, version, notices ---- */

typedef enum rnn_gpu_status {
    RNN_GPU_OK = 0,
    RNN_GPU_ERROR = 1,        /* anything without a code of its own */
    RNN_GPU_USAGE = 2,        /* arguments or options that make no sense */
    RNN_GPU_NO_DEVICE = 3,    /* no usable device */
    RNN_GPU_BAD_DATA = 4,     /* a missing or malformed file; data or weights that do not fit */
    RNN_GPU_DIVERGED = 5,     /* loss, gradient or weights were not finite, beyond what the option `nonfinite` allows */
    RNN_GPU_NO_MEMORY = 7,    /* the memory of the host or of the device does not suffice */
    RNN_GPU_NOT_SAVED = 8,    /* a file could not be written */
    RNN_GPU_INTERRUPTED = 130 /* cancelled; what was done until then stands */
} rnn_gpu_status;

/* "0.1.0": of the library that runs, which the macros above are of the header that was compiled. */
RNN_GPU_API const char *rnn_gpu_version(void);

/* What the last function of the library that returned a status returned to this thread; RNN_GPU_OK before. */
RNN_GPU_API rnn_gpu_status rnn_gpu_last_status(void);

/* The last error of this thread in one line without a newline; never NULL, "" before the first. It names options as the
 * program's command line does, with two dashes. The text stands until this thread's next error. */
RNN_GPU_API const char *rnn_gpu_error_message(void);

/* "no device" for RNN_GPU_NO_DEVICE, and so on; never NULL. */
RNN_GPU_API const char *rnn_gpu_status_name(rnn_gpu_status status);

/* A notice: a line without a newline, such as which device was skipped and why. */
typedef void rnn_gpu_log_function(void *user, const char *line);

/* Give all notices of the process to `log`, from whatever thread they come, one at a time; NULL, as at the start: to
 * nobody. `log` must not call the library. When the function returns, the earlier receiver is not called any more. */
RNN_GPU_API void rnn_gpu_set_log(rnn_gpu_log_function *log, void *user);

/* ---- Options: those of the program's command line, by their long names ---- */

typedef struct rnn_gpu_options rnn_gpu_options;

/* Options with their defaults. `command` says what they are for: "train" (rnn_gpu_trainer_create,
 * rnn_gpu_model_create), "predict" (rnn_gpu_predict, rnn_gpu_model_load) or "grad" (rnn_gpu_gradient). All three can
 * open a device. Where a function takes options, NULL means the defaults. RNN_GPU_USAGE for another command. */
RNN_GPU_API rnn_gpu_status rnn_gpu_options_create(const char *command, rnn_gpu_options **options);
RNN_GPU_API void rnn_gpu_options_destroy(rnn_gpu_options *options);

/* Set an option, as `--name value` does: "cell" to "lstm", "lr" to "3e-3", "schedule" to "step:1000:0.5". A flag, such
 * as "bidirectional", is set by "true" or "1" and cleared by "false" or "0". The last value counts. RNN_GPU_USAGE, with
 * the allowed range or the nearest name, for what the command does not take; whether options contradict each other is
 * checked where they are used. Data, models and results are arguments of functions and no options. */
RNN_GPU_API rnn_gpu_status rnn_gpu_options_set(rnn_gpu_options *options, const char *name, const char *value);

/* Write the option's present value into text, as help writes it: cut to `bytes`, with a final 0. */
RNN_GPU_API rnn_gpu_status rnn_gpu_options_get(const rnn_gpu_options *options, const char *name, char *text,
                                               size_t bytes);

/* Name of the command's option number `index`, from 0; NULL past the last one, and for an unknown command. */
RNN_GPU_API const char *rnn_gpu_option_name(const char *command, size_t index);

/* What the option does, in a line of text; NULL for an unknown name. */
RNN_GPU_API const char *rnn_gpu_option_help(const char *name);

/* ---- Devices ---- */

typedef struct rnn_gpu_device rnn_gpu_device;

struct rnn_gpu_device_info {
    char id[24];           /* what the option `device` takes: "0:1" (platform and device), or "cpu" */
    char name[128];        /* as the vendor calls it */
    char backend[16];      /* "opencl", or "native": the processor without OpenCL */
    char problem[440];     /* why it cannot be used, or "" */
    uint64_t memory_bytes; /* that a run may use; 0: unknown */
    int is_gpu;            /* 1 or 0 */
    int units;             /* compute units, or threads */
};

/* Write the devices that there are into devices[room], the native one last, and their number into *count, which may be
 * more than `room`. */
RNN_GPU_API rnn_gpu_status rnn_gpu_devices(struct rnn_gpu_device_info *devices, size_t room, size_t *count);

/* Open the device that the options `device`, `threads`, `precision`, `math` and `gemm` ask for. A function that takes a
 * device computes in its precision and leaves those five options of its own unused; for NULL it opens the device of its
 * options for the time of the call, which costs the building of the kernels each time. RNN_GPU_NO_DEVICE says what
 * there is. A device cannot be used in a child process after fork(). */
RNN_GPU_API rnn_gpu_status rnn_gpu_device_open(const rnn_gpu_options *options, rnn_gpu_device **device);
RNN_GPU_API void rnn_gpu_device_close(rnn_gpu_device *device);

/* What is known of an open device. */
RNN_GPU_API rnn_gpu_status rnn_gpu_device_describe(const rnn_gpu_device *device, struct rnn_gpu_device_info *info);

/* ---- Arrays and data ---- */

typedef enum rnn_gpu_type {
    RNN_GPU_F16,
    RNN_GPU_BF16,
    RNN_GPU_F32,
    RNN_GPU_F64,
    RNN_GPU_U8,
    RNN_GPU_I8,
    RNN_GPU_I16,
    RNN_GPU_I32,
    RNN_GPU_I64,
    RNN_GPU_BOOL,
    RNN_GPU_U16,
    RNN_GPU_U32,
    RNN_GPU_U64
} rnn_gpu_type;

struct rnn_gpu_array {
    const void *values; /* row-major without gaps, in the byte order of the machine; NULL: there is no such array */
    rnn_gpu_type type;
    size_t n_dims;
    size_t shape[4];
};

/* Sequences in memory. Only x must be there. */
struct rnn_gpu_arrays {
    struct rnn_gpu_array x;       /* numbers [N][T][F] or floats [N][T]; whole numbers [N][T] are words */
    struct rnn_gpu_array y;       /* targets [N], [N][O], [N][T] or [N][T][O]; whole numbers are classes */
    struct rnn_gpu_array lengths; /* whole numbers [N], 0 to T: steps of each sequence; none: T */
    struct rnn_gpu_array h_0;     /* floats [layers*directions][N][H], the first states; none: 0 */
    struct rnn_gpu_array c_0;     /* likewise, of the cell lstm */
};

typedef struct rnn_gpu_data rnn_gpu_data;

/* Data in memory. The arrays are not copied: they must outlive the handle, and must not change while a call uses it.
 * RNN_GPU_BAD_DATA for shapes that do not fit each other; values are checked where the data are used. */
RNN_GPU_API rnn_gpu_status rnn_gpu_data_create(const struct rnn_gpu_arrays *arrays, rnn_gpu_data **data);

/* Data of a file, by its ending: .csv, .tsv, .npz, .npy, .txt, .idx, -ubyte or .gz (docs/data-and-files.md). Each call
 * that uses the handle reads the file, by the names of the model where there is one. RNN_GPU_BAD_DATA for a file that
 * cannot be opened. */
RNN_GPU_API rnn_gpu_status rnn_gpu_data_open(const char *path, rnn_gpu_data **data);
RNN_GPU_API void rnn_gpu_data_destroy(rnn_gpu_data *data);

/* ---- Named arrays that the library hands out ---- */

typedef struct rnn_gpu_tensors rnn_gpu_tensors;

/* How many there are. */
RNN_GPU_API size_t rnn_gpu_tensors_count(const rnn_gpu_tensors *tensors);

/* Name of number `index`, from 0; NULL past the last one. */
RNN_GPU_API const char *rnn_gpu_tensors_name(const rnn_gpu_tensors *tensors, size_t index);

/* *array = the array of that name, of type RNN_GPU_F32 or RNN_GPU_F64; its values live as long as the handle.
 * RNN_GPU_USAGE, with the nearest name, where there is none. */
RNN_GPU_API rnn_gpu_status rnn_gpu_tensors_get(const rnn_gpu_tensors *tensors, const char *name,
                                               struct rnn_gpu_array *array);

/* Write them as a safetensors file. RNN_GPU_NOT_SAVED. */
RNN_GPU_API rnn_gpu_status rnn_gpu_tensors_save(const rnn_gpu_tensors *tensors, const char *path);
RNN_GPU_API void rnn_gpu_tensors_destroy(rnn_gpu_tensors *tensors);

/* ---- Models ---- */

typedef struct rnn_gpu_model rnn_gpu_model;

struct rnn_gpu_model_info {
    const char *cell;      /* "rnn", "lstm", "gru" */
    const char *loss;      /* "mse", "bce" (outputs are logits), "ce" (an output is the logit of a class) */
    const char *target;    /* "last": an output for a sequence; "steps": one for each step */
    size_t inputs;         /* F, or the size of the vocabulary */
    size_t hidden;         /* H */
    size_t outputs;        /* O */
    size_t layers;         /* L */
    size_t directions;     /* D, 1 or 2 */
    size_t n_parameters;   /* named ones */
    size_t n_weights;      /* numbers in all of them */
    size_t n_classes;      /* that have a name; 0: none has */
    int is_double;         /* the weights are doubles, else floats */
    int takes_words;       /* inputs are numbers of words that an embedding table turns into vectors */
    int has_normalization; /* inputs are scaled by a mean and a deviation that the model holds */
};

/* A new model, with weights drawn by the options `seed`, `init`, `init-input` and `forget-bias`. Its shape are the
 * options `cell`, `activation`, `hidden`, `layers`, `bidirectional`, `skip`, `embed`, `target` and `readout`, with
 * `inputs` features (words, with `embed`) and `outputs` outputs, for the loss of the option `loss`; "auto" is "mse". */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_create(const rnn_gpu_options *options, size_t inputs, size_t outputs,
                                                rnn_gpu_model **model);

/* A saved model: safetensors, of this library or of PyTorch. Options of "predict" say what a plain PyTorch file lacks;
 * with `precision` "double" the weights become doubles. RNN_GPU_BAD_DATA names the tensor and both shapes. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_load(const char *path, const rnn_gpu_options *options, rnn_gpu_model **model);

/* Write a model as safetensors with PyTorch's names; the file of that name is replaced at the end and at once.
 * RNN_GPU_NOT_SAVED. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_save(const rnn_gpu_model *model, const char *path);
RNN_GPU_API void rnn_gpu_model_destroy(rnn_gpu_model *model);

/* Sizes and kind. The texts live as long as the program. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_describe(const rnn_gpu_model *model, struct rnn_gpu_model_info *info);

/* Name of parameter number `index`, from 0, as PyTorch calls it: "rnn.weight_ih_l0" … "head.bias"; NULL past the last
 * one. The text lives as long as the handle. */
RNN_GPU_API const char *rnn_gpu_model_parameter(const rnn_gpu_model *model, size_t index);

/* Name of class number `index`; NULL where classes have no names. */
RNN_GPU_API const char *rnn_gpu_model_class(const rnn_gpu_model *model, size_t index);

/* shape[2] = rows and columns of a parameter; columns 0: a vector. RNN_GPU_USAGE, with the nearest name, where the
 * model has no such parameter. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_shape(const rnn_gpu_model *model, const char *name, size_t shape[2]);

/* Copy a parameter's `count` numbers out, or in. RNN_GPU_USAGE for a `count` that is not the parameter's; of `set` also
 * for a number that is not finite, and none is set then. A model of floats rounds. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_get(const rnn_gpu_model *model, const char *name, double *values,
                                             size_t count);
RNN_GPU_API rnn_gpu_status rnn_gpu_model_set(rnn_gpu_model *model, const char *name, const double *values,
                                             size_t count);

/* ---- Training ---- */

typedef struct rnn_gpu_trainer rnn_gpu_trainer;

struct rnn_gpu_update {
    uint64_t update;        /* its number, from 1 */
    double loss;            /* mean over the batch */
    double grad_norm;       /* of the whole gradient, before clipping */
    double lr;              /* learning rate */
    double sequences_per_s; /* since the last report */
    int clipped;            /* the gradient was clipped */
    int skipped;            /* loss or gradient was not finite, so that the weights stayed as they were */
};

struct rnn_gpu_validation {
    uint64_t update; /* the weights are those after this one */
    uint64_t epoch;  /* passes over the training data that were complete by then */
    double loss;
    double accuracy; /* of classes, 0 to 1; else NaN */
    double r2;       /* of values; else NaN */
    int best;        /* the lowest loss until then */
};

/* What was found of the gradient over time (docs/gradient-by-lag.md). */
struct rnn_gpu_verdict {
    const char *verdict; /* "VANISHING", "STABLE", …; NULL: not measured */
    double decay;        /* slope of ln ||delta|| a step back, by least squares over all lags */
    double factor;       /* e^decay */
    double log10_reach;  /* log10 of ||delta|| at the furthest lag over that at the loss; -infinity for 0 */
    size_t horizon;      /* smallest k for which lags below k give the gradient of weight_hh to 10 % */
};

struct rnn_gpu_result {
    const char *reason; /* "done", "target", "time", "interrupted", "diverged", "patience" */
    uint64_t updates;   /* made, skipped ones included */
    uint64_t skipped;
    double loss;            /* mean over the last tenth of the updates, at least 20; NaN after a divergence */
    double last_loss;       /* of the last update */
    double baseline;        /* loss of the best answer that has not seen the sequence; NaN: not known */
    double grad_norm;       /* of the last update */
    double clip_rate;       /* share of updates that were clipped, 0 to 1 */
    double seconds;         /* of the training loop */
    double sequences_per_s; /* over all of it */
    struct rnn_gpu_validation validation; /* the last one; loss NaN: there was none */
    uint64_t best_update;                 /* of the lowest validation loss; 0: there was none */
    double best_loss;
    double test_loss, test_accuracy, test_r2; /* of the option `test`; NaN: not known */
    struct rnn_gpu_verdict verdict;
    uint64_t weights_hash; /* equal for equal weights; the program's `weights_hash` */
};

/* Called after each update, in order, on the thread that runs the trainer; a fast device reports several updates
 * together, about ten times a second. `update` is valid during the call. Another value than 0 ends the training as
 * rnn_gpu_trainer_cancel does. */
typedef int rnn_gpu_update_function(void *user, const struct rnn_gpu_update *update);
/* Likewise after each validation. */
typedef int rnn_gpu_validation_function(void *user, const struct rnn_gpu_validation *validation);

/* Make a training ready: read the data, plan the memory, build the kernels. `device` must outlive the trainer; NULL:
 * that of the options. `start`: a model whose weights and sizes the training begins with; NULL: drawn ones, of the
 * options. `training` NULL: the synthetic task of the option `task`, made on the device. `validation` NULL: that of the
 * option `val-frac`, if any. RNN_GPU_USAGE for options that contradict each other or the data, RNN_GPU_BAD_DATA,
 * RNN_GPU_NO_DEVICE; RNN_GPU_NO_MEMORY says what would fit. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_create(rnn_gpu_device *device, const rnn_gpu_options *options,
                                                  const rnn_gpu_model *start, const rnn_gpu_data *training,
                                                  const rnn_gpu_data *validation, rnn_gpu_trainer **trainer);
RNN_GPU_API void rnn_gpu_trainer_destroy(rnn_gpu_trainer *trainer);

/* Whom to call; NULL: nobody. Before rnn_gpu_trainer_run. */
RNN_GPU_API void rnn_gpu_trainer_on_update(rnn_gpu_trainer *trainer, rnn_gpu_update_function *call, void *user);
RNN_GPU_API void rnn_gpu_trainer_on_validation(rnn_gpu_trainer *trainer, rnn_gpu_validation_function *call, void *user);

/* Train to the end, once. Unless the option `diagnose` is "none", the gradient over time of one more batch is measured
 * at the end. RNN_GPU_INTERRUPTED after a cancellation, RNN_GPU_DIVERGED; the result and the model are then those of
 * the last finished update whose weights were finite. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_run(rnn_gpu_trainer *trainer);

/* End the training after the update that is under way. Any thread may call it, at any time between create and destroy,
 * and so may a signal handler: it sets a flag. */
RNN_GPU_API void rnn_gpu_trainer_cancel(rnn_gpu_trainer *trainer);

/* What the training came to. RNN_GPU_USAGE before rnn_gpu_trainer_run has returned. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_result(const rnn_gpu_trainer *trainer, struct rnn_gpu_result *result);

/* *model = a copy of the trained model; with `best` 1 that of the lowest validation loss. RNN_GPU_USAGE while the
 * trainer runs, and for `best` where there was no validation. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_model(const rnn_gpu_trainer *trainer, int best, rnn_gpu_model **model);

/* The gradient by lag as the trainer measured it, under the names of rnn_gpu_gradient, from `lag.norm.P` on.
 * RNN_GPU_USAGE where nothing was measured. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_lags(const rnn_gpu_trainer *trainer, rnn_gpu_tensors **tensors);

/* ---- Using a model ---- */

/* Outputs of the model for all sequences, in their order: the tensor `output`, [N][O], or [N][T][O] of a model with the
 * target "steps", 0 in the padding. They are what the head gives: numbers, or the logits of classes. Targets of the
 * data are not looked at. RNN_GPU_BAD_DATA for data that do not fit the model. */
RNN_GPU_API rnn_gpu_status rnn_gpu_predict(rnn_gpu_device *device, const rnn_gpu_model *model, const rnn_gpu_data *data,
                                           const rnn_gpu_options *options, rnn_gpu_tensors **outputs);

/* One forward and backward pass over all sequences as one batch. The tensors, all but the first four of type
 * RNN_GPU_F64, P standing for a parameter's name:
 *
 *     loss [1], output [N][O] or [N][T][O], grad_norm [1], grad.P in P's shape; grad.h_0, grad.c_0 with first states
 *     lag.norm.P, lag.share.P, lag.cosine.P   [T], of each weight matrix P: entry tau is the term whose lag is tau
 *     delta.norm [T], and more                docs/gradient-by-lag.md
 *
 * The terms of a matrix sum to its gradient, and its shares to 1. `verdict` may be NULL. The data need targets. */
RNN_GPU_API rnn_gpu_status rnn_gpu_gradient(rnn_gpu_device *device, const rnn_gpu_model *model,
                                            const rnn_gpu_data *data, const rnn_gpu_options *options,
                                            rnn_gpu_tensors **tensors, struct rnn_gpu_verdict *verdict);

#ifdef __cplusplus
}
#endif

#endif
