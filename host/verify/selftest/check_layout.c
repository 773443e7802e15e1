/* Checks that the device reads argument structs as the host writes them. */
#include "verify/selftest/checks.h"

enum { MEMBERS = 3 };
#define SIZE(name) sizeof(struct name),
static const size_t sizes[] = {RG_LAYOUT_STRUCTS(SIZE)};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

rg_status rg_check_layout(struct rg_checks *checks, struct rg_device *device) {
    const struct rg_weight_gradient_args args = {
        .rows = 0x01020304, .sources = {[1] = {.depth = 0x05060708}, [RG_MAX_SOURCES - 1] = {.unused = 0x090a0b0c}}};
    const rg_u32 members[MEMBERS] = {0x01020304, 0x05060708, 0x090a0b0c};
    rg_u32 found[N_SIZES + MEMBERS] = {0};
    struct rg_buffer *out = NULL;
    double wrong = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_buffer_create(device, sizeof found, "the self-test", &out));
    RG_TRY_GOTO(rg_device_launch(
        device, &(struct rg_launch){.kernel = RG_K_rg_layout, .buffers = {out}, .args = &args, .groups = {1, 1}}));
    RG_TRY_GOTO(rg_buffer_read(device, found, out, 0, sizeof found));
    for (size_t i = 0; i < N_SIZES + MEMBERS; i++) {
        wrong += found[i] != (i < N_SIZES ? sizes[i] : members[i - N_SIZES]);
    }
    rg_checks_add(checks, "arguments of kernels", "sizes of structs and places of members", wrong, 0.0);
cleanup:
    rg_buffer_destroy(device, out);
    return status;
}
