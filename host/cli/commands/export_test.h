/* Sequences drawn for a model and what predict gives for them, by which an exported program checks itself. */
#ifndef RNN_GPU_COMMANDS_EXPORT_TEST_H
#define RNN_GPU_COMMANDS_EXPORT_TEST_H

#include "export/formats.h"

/* Fill *test; the same for the same model on every machine but for the rounding of outputs. */
rg_status rg_export_test_create(const struct rg_model *model, struct rg_export_test *test);
void rg_export_test_release(struct rg_export_test *test);

#endif
