/* Kernels as entries of a table, for the files that include their text. */
#ifndef RG_NATIVE_ENTRIES_H
#define RG_NATIVE_ENTRIES_H

#include "device/native/native_kernels.h"

#define RG_BUFFERS_2 buffers[0], buffers[1]
#define RG_BUFFERS_1 buffers[0]
#define RG_BUFFERS_3 RG_BUFFERS_2, buffers[2]
#define RG_BUFFERS_4 RG_BUFFERS_3, buffers[3]
#define RG_BUFFERS_5 RG_BUFFERS_4, buffers[4]
#define RG_BUFFERS_6 RG_BUFFERS_5, buffers[5]
#define RG_BUFFERS_7 RG_BUFFERS_6, buffers[6]
#define RG_BUFFERS_8 RG_BUFFERS_7, buffers[7]
#define RG_CALL_0(name, n, type) name(RG_CAT(RG_BUFFERS_, n), *(const struct type *)args)
#define RG_CALL_1(name, n, type) name(RG_CAT(RG_BUFFERS_, n), *(const struct type *)args, local)

#define RG_ENTRY(name, n, type, uses_local)                                                                 \
    static void name##_entry(size_t const *id, size_t const *count, void *const *buffers, const void *args, \
                             void *local) {                                                                 \
        (void)local;                                                                                        \
        rg_native_group.id[0] = id[0];                                                                      \
        rg_native_group.id[1] = id[1];                                                                      \
        rg_native_group.count[0] = count[0];                                                                \
        rg_native_group.count[1] = count[1];                                                                \
        RG_CALL_##uses_local(name, n, type);                                                                \
    }
#define RG_SLOT(name, n, type, uses_local) name##_entry,

#endif
