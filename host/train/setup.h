/* What the commands share: the data and the model that the options ask for. device_setup.h opens the device. */
#ifndef RG_SETUP_H
#define RG_SETUP_H

#include "device/device.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "train/source.h"

/* Settle config->machine.shards: as --shards says, else 1, or with ranks of mpirun by the batch. RG_USAGE for more
 * shards or ranks than sequences. */
rg_status rg_setup_shards(struct rg_config *config);

/* The data set --data in the precision of --precision, read by the names of `model`, or NULL for those of the file.
 * `lenient`: labels that are not the model's classes are left out. */
rg_status rg_setup_data(const struct rg_config *config, const struct rg_model *model, bool lenient,
                        struct rg_dataset **out);

/* A file of validation or test data, or `arrays` if they are not NULL, read by the names of the training data; `start`
 * as in rg_setup_normalize. */
rg_status rg_setup_held_out(const struct rg_config *config, const char *path, const struct rg_arrays *arrays,
                            const struct rg_model *start, const struct rg_dataset *training, struct rg_dataset **out);

/* Split the part of --fold off, or --val-frac of the sequences, at least one of them. RG_BAD_FILE for a single
 * sequence, and for fewer sequences than folds. */
rg_status rg_setup_split(const struct rg_config *config, struct rg_dataset *training, struct rg_dataset **held_out);

/* Cut off the padding that all sequences share, and with --steps all but the last steps of longer sequences. */
void rg_setup_cut(const struct rg_config *config, enum rg_target target, struct rg_dataset *data);

/* Normalise the inputs with the mean and deviation of the training data; with those of `start` unless that is NULL.
 * `others` [n_others] are held-out data; an item may be NULL. RG_USAGE for words, which have neither. */
rg_status rg_setup_normalize(const struct rg_config *config, const struct rg_model *start, struct rg_dataset *training,
                             struct rg_dataset *const *others, size_t n_others);

/* Inputs or targets beyond this size are told. A weight is near 0.1 at first, so an input of 30 adds 3 to a
 * pre-activation, and tanh(3) is 0.995: the unit is saturated. A target of 30 is as far from the head's first outputs.
 */
#define RG_LARGE_NUMBER 30.0

/* Log where inputs are so large that they saturate units, and set data->large_inputs. RG_NO_MEMORY. */
rg_status rg_setup_tell_scale(struct rg_dataset *data);

/* Log what a reader should know of a data set: members that are not used, words that are not known. */
void rg_setup_tell(const struct rg_dataset *data);

/* What the options say of targets, with the loss in the place of `auto` if that is known. */
struct rg_target_options rg_setup_targets(const struct rg_config *config, enum rg_loss loss, enum rg_target target);

/* Fashion-MNIST as Debian's dataset-fashion-mnist installs it: the training or the held-out pair. */
rg_status rg_setup_fashion_mnist(const struct rg_config *config, const struct rg_model *model, bool held_out,
                                 struct rg_dataset **out);

/* A tensor of doubles as the file of a run has it: as it is in double precision, else made F32 in place. */
void rg_setup_round(const struct rg_config *config, struct rg_tensor *tensor);

/* --model, with the options that a plain PyTorch file needs, or a copy of a model in memory; `exact`: in double
 * precision. */
rg_status rg_setup_model(const struct rg_config *config, bool exact, struct rg_model **out);

/* RG_USAGE for an option that was given and that the model decides in another way: its loss, the tokens of its text,
 * its windows. Of a command that does not measure the model by another loss. */
rg_status rg_setup_check_given(const struct rg_config *config, const struct rg_model *model);

/* RG_USAGE for --skip-budget without a learned skip. */
rg_status rg_setup_check_budget(const struct rg_config *config, const struct rg_shape *shape);

/* Do inputs and labels of data to train on fit a model that was trained before? RG_BAD_FILE. */
rg_status rg_setup_check_fit(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *data,
                             const struct rg_problem *problem);

/* --model with the data of --data, read by the model's names and checked against its sizes. `labelled`: labels are
 * needed, and must fit; else those that do not fit are no error. */
rg_status rg_setup_model_and_data(const struct rg_config *config, bool labelled, struct rg_model **model,
                                  struct rg_dataset **data, struct rg_problem *problem);

/* Outputs of a model for a whole data set, in the file's order, batch by batch: [N][O], or [N][T][O] of a model with
 * an output at every step, zeros in the padding, which is where the file has it. */
rg_status rg_setup_outputs(struct rg_device *device, const struct rg_model *model, const struct rg_dataset *data,
                           const struct rg_problem *problem, uint64_t memory, double *outputs);
/* Numbers of one sequence in it; and the engine's order, where sequences end together, into the file's. */
size_t rg_setup_output_elements(const struct rg_model *model, const struct rg_dataset *data);
void rg_setup_align_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs);
/* Numbers of one sequence with as many steps as the file gives it; and [N][T][O] widened to them in place, with zeros
 * in the padding. */
size_t rg_setup_outputs_in_file(const struct rg_model *model, const struct rg_dataset *data);
void rg_setup_pad_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs);

#endif
