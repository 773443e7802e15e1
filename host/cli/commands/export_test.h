/* Random sequences for a model and the outputs of predict for them, with which an exported program checks itself. */
#ifndef RNN_GPU_COMMANDS_EXPORT_TEST_H
#define RNN_GPU_COMMANDS_EXPORT_TEST_H

#include "export/formats.h"

/* Fill *test. For the same model it is the same on every machine, except for the rounding of outputs. Release it also
 * after a failure. */
rg_status rg_export_test_create(const struct rg_model *model, struct rg_export_test *test);
void rg_export_test_release(struct rg_export_test *test);

#endif
