/* Declarations that the files of the public interface (rnn_gpu/rnn_gpu.h) share: the handles, and functions that turn a
 * caller's options into a configuration. */
#ifndef RG_API_H
#define RG_API_H

#include <pthread.h>
#include <stdatomic.h>

#include "device/device.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/rnn_gpu.h"
#include "rnn_gpu/tensors.h"
#include "train/diagnosis.h"

struct rnn_gpu_device {
    struct rg_device *device;
    pthread_mutex_t mutex;             /* held by the call that computes on the device */
    struct rg_machine_options machine; /* the options with which it was opened */
};

/* The options that were set, each as an argument of a command line: `--name=value` or `--name`. */
struct rnn_gpu_options {
    size_t command; /* index in rg_commands */
    size_t n, room; /* arguments; how many the array can hold */
    char **arguments;
};

struct rnn_gpu_data {
    char *path; /* the file; NULL: the arrays */
    struct rg_arrays arrays;
};

struct rnn_gpu_model {
    struct rg_model *model;
};

struct rnn_gpu_tensors {
    size_t count;
    struct rg_tensor *items; /* [count]; names and data are in `storage` */
    char *storage;
};

/* Record the status as the thread's last one, and return it. Every public function ends with it. */
rnn_gpu_status rg_api_end(rg_status status);

/* RG_USAGE with a message that names the function and the argument that is NULL. */
rg_status rg_api_null(const char *function, const char *argument);

/* Return from a public function if one of its pointers is NULL. */
#define RG_API_NEED(pointer)                                    \
    do {                                                        \
        if (!(pointer)) {                                       \
            return rg_api_end(rg_api_null(__func__, #pointer)); \
        }                                                       \
    } while (0)

/* A lock for what the process may do only once at a time: opening devices, which loads libraries and drivers, and
 * saving files. */
void rg_api_lock(void);
void rg_api_unlock(void);

/* The inputs of a function besides its options; NULL: none. */
struct rg_api_inputs {
    const rnn_gpu_device *device;
    const rnn_gpu_model *model;
    const rnn_gpu_data *data, *validation;
    const char *model_path; /* instead of `model` */
};

/* A configuration and the texts that it points to. */
struct rg_api_config {
    struct rg_config config;
    char **arguments;
};

/* The configuration of `command` from the options (NULL: none), checked like a command line. RG_USAGE for options of
 * another command, and for options that contradict each other. */
rg_status rg_api_configure(const rnn_gpu_options *options, const char *command, const struct rg_api_inputs *inputs,
                           struct rg_api_config *out);
/* Set only config->machine from the options. Its texts point into `options`. */
rg_status rg_api_machine(const rnn_gpu_options *options, struct rg_config *config);
void rg_api_config_release(struct rg_api_config *config);

/* The device that the configuration asks for. */
rg_status rg_api_open(const struct rg_config *config, rnn_gpu_device **out);

/* Wait until no other call computes on the device, and keep it until rg_api_release. RG_ERROR if another process opened
 * it: there it may have been held when this process began. */
rg_status rg_api_hold(rnn_gpu_device *device);
void rg_api_release(rnn_gpu_device *device);

/* A handle that owns the model. On failure the model is destroyed. */
rg_status rg_api_give_model(struct rg_model *model, rnn_gpu_model **out);

/* Handles with copies of tensors and their names. */
rg_status rg_api_give_tensors(const struct rg_tensor *items, size_t count, rnn_gpu_tensors **out);

/* The public form of a verdict; its word is NULL if nothing was measured. */
struct rnn_gpu_verdict rg_api_verdict(const struct rg_diagnosis *diagnosis);

#endif
