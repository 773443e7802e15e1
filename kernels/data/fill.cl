/* Zeros for `bytes` bytes of a buffer from byte `at` on, a multiple of 4. clEnqueueFillBuffer hangs on some GPUs, ends
 * the context, or writes other sizes than asked for. */
RG_KERNEL void rg_fill(__global rg_u32 *restrict buffer, const struct rg_fill_args s) {
    __global rg_u32 *const words = buffer + s.at / sizeof(rg_u32);
    const size_t n = s.bytes / sizeof(rg_u32), end = rg_share(n, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(n, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        words[i] = 0;
    }
    for (size_t i = n * sizeof(rg_u32) + rg_item(); get_group_id(0) == 0 && i < s.bytes; i += RG_ITEMS) {
        ((__global uchar *)words)[i] = 0;
    }
}
