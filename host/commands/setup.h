/* What the commands share: opening the device, the data and the model. */
#ifndef RG_SETUP_H
#define RG_SETUP_H

#include "device/device.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "train/source.h"

/* Let a library compute the device's wide products if --gemm says so, or, with auto, the tuning, or without one that it
 * is a GPU. RG_NO_DEVICE if --gemm library finds none. */
rg_status rg_setup_library(const struct rg_config *config, struct rg_device *device);

/* What --math asks of a device. */
enum rg_tf32 rg_setup_tf32(const struct rg_config *config);

/* The device that --device, --threads, --precision and --math ask for, tuned if `bench --tune` has run. */
rg_status rg_setup_device(const struct rg_config *config, struct rg_device **out);

/* The data set --data in the precision of --precision; `words` of a model, or NULL for those of the file. */
rg_status rg_setup_data(const struct rg_config *config, char *const *words, size_t n_words, struct rg_dataset **out);

/* Fashion-MNIST as Debian's dataset-fashion-mnist installs it: the training or the held-out pair. */
rg_status rg_setup_fashion_mnist(bool held_out, struct rg_dataset **out);

/* A tensor of doubles as the file of a run has it: as it is in double precision, else made F32 in place. */
void rg_setup_round(const struct rg_config *config, struct rg_tensor *tensor);

/* --model with the data of --data, read with the model's words and checked against its sizes. `labelled`: labels are
 * needed. */
rg_status rg_setup_model_and_data(const struct rg_config *config, bool labelled, struct rg_model **model,
                                  struct rg_dataset **data, struct rg_problem *problem);

/* Outputs of a model for a whole data set, in the file's order, batch by batch: [N][O], or [N][T][O] of a model with
 * an output at every step, zeros in the padding, which is where the file has it. */
rg_status rg_setup_outputs(struct rg_device *device, const struct rg_model *model, const struct rg_dataset *data,
                           const struct rg_problem *problem, uint64_t memory, double *outputs);
/* Numbers of one sequence in it; and the engine's order, where sequences end together, into the file's. */
size_t rg_setup_output_elements(const struct rg_model *model, const struct rg_dataset *data);
void rg_setup_align_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs);

#endif
