/* What the files of the public interface share (rnn_gpu/rnn_gpu.h): the handles, and the way from the options of a
 * caller to a configuration. */
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
    pthread_mutex_t mutex;             /* held by the call that computes on it */
    struct rg_machine_options machine; /* as it was opened */
};

/* The options given, each as an argument of a command line, `--name=value` or `--name`. */
struct rnn_gpu_options {
    size_t command; /* position in rg_commands */
    size_t n, room;
    char **arguments;
};

struct rnn_gpu_data {
    char *path; /* of a file; NULL: the arrays */
    struct rg_arrays arrays;
};

struct rnn_gpu_model {
    struct rg_model *model;
};

struct rnn_gpu_tensors {
    size_t count;
    struct rg_tensor *items; /* [count]; names and data lie in `storage` */
    char *storage;
};

/* Note the status as the thread's last one, and return it. Every public function ends with it. */
rnn_gpu_status rg_api_end(rg_status status);

/* RG_USAGE, which names the function and the argument that is NULL. */
rg_status rg_api_null(const char *function, const char *argument);

/* Return from a public function if one of its pointers is NULL. */
#define RG_API_NEED(pointer)                                    \
    do {                                                        \
        if (!(pointer)) {                                       \
            return rg_api_end(rg_api_null(__func__, #pointer)); \
        }                                                       \
    } while (0)

/* What is done once at a time in the process: opening devices, which loads libraries and drivers, and saving files. */
void rg_api_lock(void);
void rg_api_unlock(void);

/* What a function works on besides its options; NULL: nothing. */
struct rg_api_inputs {
    const rnn_gpu_device *device;
    const rnn_gpu_model *model;
    const rnn_gpu_data *data, *validation;
    const char *model_path; /* in place of `model` */
};

/* A configuration, and the texts that it points into. */
struct rg_api_config {
    struct rg_config config;
    char **arguments;
};

/* The options, NULL for none, as the command takes them, checked as its command line is. RG_USAGE for options of
 * another command, and for those that contradict each other. */
rg_status rg_api_configure(const rnn_gpu_options *options, const char *command, const struct rg_api_inputs *inputs,
                           struct rg_api_config *out);
/* Set the options of the machine alone; texts point into `options`. */
rg_status rg_api_machine(const rnn_gpu_options *options, struct rg_config *config);
/* Is the option given? */
bool rg_api_is_given(const rnn_gpu_options *options, const char *name);
void rg_api_config_release(struct rg_api_config *config);

/* The device that the configuration asks for. */
rg_status rg_api_open(const struct rg_config *config, rnn_gpu_device **out);

/* Wait until no other call computes on the device; from then on this one does, until rg_api_release. */
void rg_api_hold(rnn_gpu_device *device);
void rg_api_release(rnn_gpu_device *device);

/* A handle that owns the model; on failure the model is destroyed. */
rg_status rg_api_give_model(struct rg_model *model, rnn_gpu_model **out);

/* Copies of tensors, with their names. */
rg_status rg_api_give_tensors(const struct rg_tensor *items, size_t count, rnn_gpu_tensors **out);

struct rnn_gpu_verdict rg_api_verdict(const struct rg_diagnosis *diagnosis);

#endif
