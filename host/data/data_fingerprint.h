/* Whether a data file is still the one that it was. */
#ifndef RG_DATA_FINGERPRINT_H
#define RG_DATA_FINGERPRINT_H

#include "files/fingerprint.h"

/* As rg_fingerprint_take; of IDX images together with the file of their labels. */
rg_status rg_dataset_fingerprint(const char *path, struct rg_fingerprint *out);

#endif
