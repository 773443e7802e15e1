/* CRC-32 as zip, gzip and PNG have it (reflected polynomial 0xedb88320), at the speed of memory where the processor
 * multiplies without carries. */
#ifndef RNN_GPU_FILES_CRC_H
#define RNN_GPU_FILES_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` is of (0: nothing) followed by `data` [bytes]: zlib's crc32. */
uint32_t rg_crc32(uint32_t crc, const void *data, size_t bytes);

#endif
