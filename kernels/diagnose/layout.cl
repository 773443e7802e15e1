/* What a device's compiler makes of argument structs: their sizes, then three members of one that the host has filled.
 * OpenCL does not promise that a struct by value arrives as the host laid it out. */
RG_KERNEL void rg_layout(__global rg_u32 *restrict out, const struct rg_weight_gradient_args s) {
    rg_u32 n = 0;
    if (rg_item() > 0) {
        return;
    }
#define RG_SIZE(name) out[n++] = (rg_u32)sizeof(struct name);
    RG_LAYOUT_STRUCTS(RG_SIZE)
#undef RG_SIZE
    out[n++] = (rg_u32)s.rows;
    out[n++] = s.sources[1].depth;
    out[n] = s.sources[RG_MAX_SOURCES - 1].unused;
}
