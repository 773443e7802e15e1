/* rnn_gpu.h: training of recurrent networks on any OpenCL device or on the processor, and their gradient over time.
 *
 * This is the public header of the library, for C99 and C++17. docs/library.md is the guide to it; docs/examples/ has
 * complete programs. Link with `pkg-config --cflags --libs rnn-gpu`, or with find_package(rnn_gpu) and
 * rnn_gpu::rnn_gpu.
 *
 * Letters in shapes: N sequences, T time steps, F input features, H hidden units, O outputs. Arrays are row-major.
 *
 * Errors. A function that can fail returns an rnn_gpu_status. rnn_gpu_error_message(), called on the same thread, then
 * says what failed, on which object, and what to do about it. Outputs are set only on RNN_GPU_OK; handles are NULL
 * otherwise. Every function may also return RNN_GPU_NO_MEMORY, and RNN_GPU_USAGE for a NULL that is not allowed.
 *
 * Handles. Each handle from `create`, `open` or `load` is released by its `destroy` or `close`, which accepts NULL. A
 * handle keeps no reference to the handles that it was made from, unless "must outlive" says so.
 *
 * Threads. Different threads can use different handles at the same time. They may share a device, options and data:
 * calls that compute on the same device wait for one another. Several threads may read a model as long as none calls
 * rnn_gpu_model_set. A trainer belongs to one thread, but any thread may cancel it.
 *
 * The library prints nothing, ends no process and catches no signal. No variable of the environment changes what it
 * does. OpenCL drivers, which it loads, may read theirs. Where PoCL cannot write its files, the library reads the
 * variables that name PoCL's folder, so that the message can name it. */
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
    RNN_GPU_INTERRUPTED = 130 /* cancelled; what was done before is kept */
} rnn_gpu_status;

/* "0.1.0": version of the library that runs. The macros above are the version of the header that was compiled. */
RNN_GPU_API const char *rnn_gpu_version(void);

/* The last status that the library returned on this thread; RNN_GPU_OK before the first. */
RNN_GPU_API rnn_gpu_status rnn_gpu_last_status(void);

/* The last error of this thread in one line without a newline; never NULL, "" before the first. It names options with
 * two dashes, as on the program's command line. The text is valid until this thread's next error. */
RNN_GPU_API const char *rnn_gpu_error_message(void);

/* "no device" for RNN_GPU_NO_DEVICE, and so on; never NULL. */
RNN_GPU_API const char *rnn_gpu_status_name(rnn_gpu_status status);

/* Receives a notice: a line without a newline, such as which device was skipped and why. */
typedef void rnn_gpu_log_function(void *user, const char *line);

/* Send all notices of the process to `log`, from any thread, one at a time. NULL, as at the start, drops them. `log`
 * must not call the library. After the function has returned, the earlier receiver is not called any more. */
RNN_GPU_API void rnn_gpu_set_log(rnn_gpu_log_function *log, void *user);

/* Keep files between processes in this folder, an absolute path; missing folders are made. What OpenCL drivers have
 * built is then not built again, and a timing that chooses a device is not repeated. NULL, as at the start: keep
 * nothing. Call it before a device is opened. RNN_GPU_USAGE for another path. */
RNN_GPU_API rnn_gpu_status rnn_gpu_set_cache(const char *folder);

/* ---- Options: those of the program's command line, by their long names ---- */

typedef struct rnn_gpu_options rnn_gpu_options;

/* Options with their defaults. `command` says what they are for: "train" (rnn_gpu_trainer_create,
 * rnn_gpu_model_create), "predict" (rnn_gpu_predict, rnn_gpu_model_load) or "grad" (rnn_gpu_gradient). All three can
 * open a device. Where a function takes options, NULL means the defaults. RNN_GPU_USAGE for another command. */
RNN_GPU_API rnn_gpu_status rnn_gpu_options_create(const char *command, rnn_gpu_options **options);
RNN_GPU_API void rnn_gpu_options_destroy(rnn_gpu_options *options);

/* Set an option, as `--name value` does: "cell" to "lstm", "lr" to "3e-3", "schedule" to "step:1000:0.5". "true" or "1"
 * sets a flag, such as "bidirectional"; "false" or "0" clears it. The last value counts. RNN_GPU_USAGE for an option or
 * value that the command does not take; the message has the allowed range or the nearest name. Contradictions between
 * options are found where the options are used. Data, models and results are arguments of functions;
 * only the option "test" names a file. */
RNN_GPU_API rnn_gpu_status rnn_gpu_options_set(rnn_gpu_options *options, const char *name, const char *value);

/* Write the option's present value into text as help shows it, cut to `bytes` with a final 0. */
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
    uint64_t memory_bytes; /* of the device; a run may use less of it (docs/memory.md); 0: unknown */
    int is_gpu;            /* 1 or 0 */
    int units;             /* compute units, or threads */
};

/* Write the available devices into devices[room], the native one last, and their number into *count. The number may be
 * larger than `room`. */
RNN_GPU_API rnn_gpu_status rnn_gpu_devices(struct rnn_gpu_device_info *devices, size_t room, size_t *count);

/* Open the device for the options `device`, `threads`, `precision`, `math` and `gemm`. A function that takes a device
 * computes in that device's precision and ignores these five options of its own. If the device is NULL, the function
 * opens the one of its options for the time of the call, and builds the kernels each time. RNN_GPU_NO_DEVICE says which
 * devices there are. A child process after fork() cannot use a device of its parent: calls fail
 * with RNN_GPU_ERROR. It may close it. */
RNN_GPU_API rnn_gpu_status rnn_gpu_device_open(const rnn_gpu_options *options, rnn_gpu_device **device);
RNN_GPU_API void rnn_gpu_device_close(rnn_gpu_device *device);

/* Describe an open device. */
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

/* Sequences in memory. Only x is required. */
struct rnn_gpu_arrays {
    struct rnn_gpu_array x;       /* numbers [N][T][F] or floats [N][T]; whole numbers [N][T] are words */
    struct rnn_gpu_array y;       /* targets [N], [N][O], [N][T] or [N][T][O]; whole numbers are classes */
    struct rnn_gpu_array lengths; /* whole numbers [N], 0 to T: steps of each sequence; none: T */
    struct rnn_gpu_array h_0;     /* floats [layers*directions][N][H], the first states; none: 0 */
    struct rnn_gpu_array c_0;     /* as h_0, for the cell lstm */
};

typedef struct rnn_gpu_data rnn_gpu_data;

/* Data in memory. The arrays are not copied: they must outlive the handle and must not change while a call uses it.
 * RNN_GPU_BAD_DATA for shapes that do not fit each other. Values are checked where the data are used. */
RNN_GPU_API rnn_gpu_status rnn_gpu_data_create(const struct rnn_gpu_arrays *arrays, rnn_gpu_data **data);

/* Data of a file; its ending gives the format: .csv, .tsv, .npz, .npy, .txt, .idx, -ubyte or .gz
 * (docs/data-and-files.md). Each call that uses the handle reads the file, with the names of the model if there is one.
 * RNN_GPU_BAD_DATA for a file that cannot be opened. */
RNN_GPU_API rnn_gpu_status rnn_gpu_data_open(const char *path, rnn_gpu_data **data);
RNN_GPU_API void rnn_gpu_data_destroy(rnn_gpu_data *data);

/* ---- Named arrays that the library returns ---- */

typedef struct rnn_gpu_tensors rnn_gpu_tensors;

/* Number of arrays. */
RNN_GPU_API size_t rnn_gpu_tensors_count(const rnn_gpu_tensors *tensors);

/* Name of array number `index`, from 0; NULL past the last one. */
RNN_GPU_API const char *rnn_gpu_tensors_name(const rnn_gpu_tensors *tensors, size_t index);

/* *array = the array of that name, of type RNN_GPU_F32 or RNN_GPU_F64. Its values live as long as the handle.
 * RNN_GPU_USAGE, with the nearest name, if there is none. */
RNN_GPU_API rnn_gpu_status rnn_gpu_tensors_get(const rnn_gpu_tensors *tensors, const char *name,
                                               struct rnn_gpu_array *array);

/* Write the arrays as a safetensors file. RNN_GPU_NOT_SAVED. */
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
    size_t n_parameters;   /* number of named parameters */
    size_t n_weights;      /* numbers in all parameters, without those of biases that the file lacks */
    size_t n_classes;      /* number of classes that have names; 0: none */
    int is_double;         /* the weights are doubles, else floats */
    int takes_words;       /* inputs are numbers of words that an embedding table turns into vectors */
    int has_normalization; /* inputs are scaled by a mean and a deviation that the model holds */
};

/* A new model. The options `seed`, `init`, `init-input` and `forget-bias` determine its initial weights; `cell`,
 * `activation`, `hidden`, `layers`, `bidirectional`, `skip`, `embed`, `target` and `readout` its shape, together with
 * `inputs` features (words, with `embed`) and `outputs` outputs. Its loss is that of the option `loss`; "auto" is
 * "mse". */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_create(const rnn_gpu_options *options, size_t inputs, size_t outputs,
                                                rnn_gpu_model **model);

/* A saved model: safetensors or .npz of this library, or safetensors of PyTorch. Options of "predict" supply what a
 * plain PyTorch file lacks. With `precision` "double" the weights become doubles. RNN_GPU_BAD_DATA names the tensor and
 * both shapes. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_load(const char *path, const rnn_gpu_options *options, rnn_gpu_model **model);

/* Write a model as safetensors with PyTorch's names. An existing file is replaced at once, at the end.
 * RNN_GPU_NOT_SAVED. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_save(const rnn_gpu_model *model, const char *path);
RNN_GPU_API void rnn_gpu_model_destroy(rnn_gpu_model *model);

/* Describe a model. The texts live as long as the program. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_describe(const rnn_gpu_model *model, struct rnn_gpu_model_info *info);

/* Name of parameter number `index`, from 0, as PyTorch calls it: "rnn.weight_ih_l0" … "head.bias"; NULL past the last
 * one. The text lives as long as the handle. */
RNN_GPU_API const char *rnn_gpu_model_parameter(const rnn_gpu_model *model, size_t index);

/* Name of class number `index`; NULL where classes have no names. */
RNN_GPU_API const char *rnn_gpu_model_class(const rnn_gpu_model *model, size_t index);

/* shape[2] = rows and columns of a parameter; columns 0 means a vector. RNN_GPU_USAGE, with the nearest name, if the
 * model has no such parameter. */
RNN_GPU_API rnn_gpu_status rnn_gpu_model_shape(const rnn_gpu_model *model, const char *name, size_t shape[2]);

/* Copy a parameter's `count` numbers out of or into the model. RNN_GPU_USAGE if `count` is not the parameter's. `set`
 * also returns it for a number that is not finite, and then changes nothing. A model of floats rounds the numbers. */
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
    uint64_t epoch;  /* passes over the training data completed by then */
    double loss;
    double accuracy; /* of classes, 0 to 1; else NaN */
    double r2;       /* of values; else NaN */
    int best;        /* the lowest loss so far */
};

/* The verdict on the gradient over time (docs/gradient-by-lag.md). */
struct rnn_gpu_verdict {
    const char *verdict; /* "VANISHING", "STABLE", …; NULL: not measured */
    double decay;        /* slope of ln ||delta|| a step back, least squares over all lags; NaN with fewer than two */
    double factor;       /* e^decay */
    /* log10 of ||delta|| at the furthest lag over that at the loss, median over the sequences; -infinity: nothing
     * arrives; NaN: not measured */
    double log10_reach;
    size_t horizon; /* smallest k for which lags below k give the gradient of weight_hh within 10 %; 0: not measured */
};

struct rnn_gpu_result {
    const char *reason; /* "done", "target", "time", "interrupted", "diverged", "patience" */
    uint64_t updates;   /* number of updates, including skipped ones */
    uint64_t skipped;
    double loss;            /* mean over the last tenth of the updates, at least 20; NaN after a divergence */
    double last_loss;       /* of the last update; not finite if that was skipped for it; NaN: no update was made */
    double baseline;        /* loss of the best answer that has not seen the sequence; NaN: not known */
    double grad_norm;       /* as last_loss */
    double clip_rate;       /* share of updates that were clipped, 0 to 1 */
    double seconds;         /* of the training loop */
    double sequences_per_s; /* over the whole training */
    struct rnn_gpu_validation validation;     /* the last validation; loss NaN: there was none */
    uint64_t best_update;                     /* update with the lowest validation loss; 0: there was none */
    double best_loss;                         /* NaN: there was none */
    double test_loss, test_accuracy, test_r2; /* results for the data of the option `test`; NaN: not known */
    struct rnn_gpu_verdict verdict;
    uint64_t weights_hash; /* equal for equal weights; the program prints it as `weights_hash` */
};

/* Called after each update, in order, on the thread that runs the trainer. A fast device reports several updates
 * together, about ten times a second. `update` is valid only during the call. A return value other than 0 ends the
 * training, as rnn_gpu_trainer_cancel does. */
typedef int rnn_gpu_update_function(void *user, const struct rnn_gpu_update *update);
/* Called after each validation; otherwise as above. */
typedef int rnn_gpu_validation_function(void *user, const struct rnn_gpu_validation *validation);

/* Prepare a training: read the data, plan the memory, build the kernels. `device` must outlive the trainer; NULL: that
 * of the options. `start` is a model with the initial weights and the sizes; NULL: weights are drawn as the options
 * say. `training` NULL: the synthetic task of the option `task`, generated on the device. `validation` NULL: that of
 * the option `val-frac`, if any. RNN_GPU_USAGE for options that contradict each other or the data; RNN_GPU_BAD_DATA;
 * RNN_GPU_NO_DEVICE; RNN_GPU_NO_MEMORY, with the sizes that would fit. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_create(rnn_gpu_device *device, const rnn_gpu_options *options,
                                                  const rnn_gpu_model *start, const rnn_gpu_data *training,
                                                  const rnn_gpu_data *validation, rnn_gpu_trainer **trainer);
RNN_GPU_API void rnn_gpu_trainer_destroy(rnn_gpu_trainer *trainer);

/* Set the functions that are called; NULL: none. Call it before rnn_gpu_trainer_run. */
RNN_GPU_API void rnn_gpu_trainer_on_update(rnn_gpu_trainer *trainer, rnn_gpu_update_function *call, void *user);
RNN_GPU_API void rnn_gpu_trainer_on_validation(rnn_gpu_trainer *trainer, rnn_gpu_validation_function *call, void *user);

/* Train to the end, once. Unless the option `diagnose` is "none", the gradient over time is then measured on one more
 * batch. RNN_GPU_INTERRUPTED after a cancellation; RNN_GPU_DIVERGED. In both cases the model has the last weights that
 * were finite, and the result counts every finished update. Where the training itself ended early, nothing is measured:
 * `verdict` is NULL in the result, and the results of test data are NaN. But a training that diverges before its first
 * applied update has a verdict, on its first weights. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_run(rnn_gpu_trainer *trainer);

/* End the training after the present update. Any thread may call it, at any time between create and destroy. A signal
 * handler may call it too: it only sets a flag. */
RNN_GPU_API void rnn_gpu_trainer_cancel(rnn_gpu_trainer *trainer);

/* The result of the training. RNN_GPU_USAGE before rnn_gpu_trainer_run has returned. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_result(const rnn_gpu_trainer *trainer, struct rnn_gpu_result *result);

/* *model = a copy of the trained model; with `best` 1, of the model with the lowest validation loss. RNN_GPU_USAGE
 * while the trainer runs, and for `best` if there was no validation. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_model(const rnn_gpu_trainer *trainer, int best, rnn_gpu_model **model);

/* The gradient by lag that the trainer measured, under the names of rnn_gpu_gradient from `lag.norm.P` on.
 * RNN_GPU_USAGE if nothing was measured. */
RNN_GPU_API rnn_gpu_status rnn_gpu_trainer_lags(const rnn_gpu_trainer *trainer, rnn_gpu_tensors **tensors);

/* ---- Using a model ---- */

/* Outputs of the model for all sequences, in their order: the tensor `output`, [N][O], of type RNN_GPU_F32, or
 * RNN_GPU_F64 with the option `precision` "double". A model with the target "steps"
 * gives [N][T][O], with 0 in the padding. Outputs are those of the head: numbers, or logits of classes. Targets in the
 * data are ignored. RNN_GPU_BAD_DATA for data that do not fit the model. */
RNN_GPU_API rnn_gpu_status rnn_gpu_predict(rnn_gpu_device *device, const rnn_gpu_model *model, const rnn_gpu_data *data,
                                           const rnn_gpu_options *options, rnn_gpu_tensors **outputs);

/* One forward and backward pass over all sequences as one batch. The tensors, where P is a parameter's name, are the
 * following. `loss`, `output`, `grad_norm` and all `grad.` tensors are of type RNN_GPU_F32, or RNN_GPU_F64 with the
 * option `precision` "double"; the others are always of type RNN_GPU_F64.
 *
 *     loss [1], output [N][O] or [N][T][O], grad_norm [1], grad.P in P's shape; grad.h_0, grad.c_0 with first states
 *     lag.norm.P, lag.share.P, lag.cosine.P   [T], of each weight matrix P: entry tau is the term whose lag is tau
 *     delta.norm [T], and more                docs/gradient-by-lag.md
 *
 * The terms of a matrix sum to its gradient, and its shares to 1. `verdict` may be NULL. The data must have targets. */
RNN_GPU_API rnn_gpu_status rnn_gpu_gradient(rnn_gpu_device *device, const rnn_gpu_model *model,
                                            const rnn_gpu_data *data, const rnn_gpu_options *options,
                                            rnn_gpu_tensors **tensors, struct rnn_gpu_verdict *verdict);

#ifdef __cplusplus
}
#endif

#endif
