/* Shapes of work-groups: see device.h. */
#include <stdio.h>
#include <string.h>

#include "device/device.h"

/* The ladder of GPUs, from the fastest down, then what processors take. */
static const struct rg_device_shape shapes[] = {RG_GPU_SHAPE, {2, 4, 8, 16}, {2, 2, 8, 16}, {2, 2, 8, 8},
                                                {1, 2, 8, 4}, {16, 2, 1, 1}, {8, 1, 1, 1},  {4, 1, 1, 1}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes, N_RUNGS = 5, SHAPE_TEXT = 32, LIST_TEXT = 256 };

static void shape_text(const struct rg_device_shape *shape, char text[SHAPE_TEXT]) {
    (void)snprintf(text, SHAPE_TEXT, "%d,%d,%d,%d", shape->nv, shape->vec, shape->cols, shape->rows);
}

rg_status rg_device_shape_read(const char *text, struct rg_device_shape *out) {
    char list[LIST_TEXT] = "", name[SHAPE_TEXT];
    size_t length = 0;
    for (size_t i = 0; i < N_SHAPES; i++) {
        shape_text(&shapes[i], name);
        if (strcmp(text, name) == 0) {
            *out = shapes[i];
            return RG_OK;
        }
        const int more = snprintf(list + length, sizeof list - length, "%s%s", i ? "; " : "", name);
        length += more > 0 ? (size_t)more : 0;
    }
    return rg_fail(RG_USAGE, "--shape: there is no shape '%.40s'; NV,VEC,COLS,ROWS is one of %s", text, list);
}

const struct rg_device_shape *rg_device_rung(size_t i) {
    return i < N_RUNGS ? &shapes[i] : NULL;
}
