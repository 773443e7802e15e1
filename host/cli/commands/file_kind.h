/* The kind of a file according to its first bytes. */
#ifndef RG_FILE_KIND_H
#define RG_FILE_KIND_H

#include "rnn_gpu/status.h"

enum rg_file_kind { RG_FILE_OTHER, RG_FILE_CHECKPOINT, RG_FILE_SAFETENSORS, RG_FILE_NPZ, RG_FILE_NPY };

/* RG_BAD_FILE if it is not a regular file that can be read. */
rg_status rg_file_kind_of(const char *path, enum rg_file_kind *kind);

#endif
