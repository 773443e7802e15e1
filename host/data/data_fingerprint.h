/* A data file's fingerprint tells whether the file has changed. */
#ifndef RG_DATA_FINGERPRINT_H
#define RG_DATA_FINGERPRINT_H

#include "files/fingerprint.h"

/* As rg_fingerprint_take. For IDX images it includes the file of their labels. */
rg_status rg_dataset_fingerprint(const char *path, struct rg_fingerprint *out);

#endif
