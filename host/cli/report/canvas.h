/* The surface of a picture: lines, boxes, text and cells in a few named inks, in pixels from the top left corner. svg.c
 * and cairo.c implement canvases. Errors are kept in the canvas until the picture is finished. */
#ifndef RG_REPORT_CANVAS_H
#define RG_REPORT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum { RG_N_SERIES_INKS = 8, RG_HEAT_LEVELS = 32, RG_SIGNED_LEVELS = 33, RG_LABEL_LIMIT = 200 /* bytes of a text */ };

/* Colours by purpose; a canvas has a light and a dark version of each. The eight series colours differ for every common
 * kind of colour blindness (after Okabe and Ito 2008, darkened to 3:1 on white). */
enum {
    RG_INK_PAPER,
    RG_INK_TEXT,
    RG_INK_FAINT, /* secondary text */
    RG_INK_GRID,
    RG_INK_SERIES,                                  /* … + RG_N_SERIES_INKS - 1 */
    RG_INK_HEAT = RG_INK_SERIES + RG_N_SERIES_INKS, /* … from the smallest to the largest value, viridis */
    RG_INK_SIGNED = RG_INK_HEAT + RG_HEAT_LEVELS,   /* … from blue through the paper's colour to orange */
    RG_N_INKS = RG_INK_SIGNED + RG_SIGNED_LEVELS
};

#define RG_TINT 0.18 /* how much of a tint covers what lies below */

/* 0xRRGGBB */
uint32_t rg_ink_color(int ink, bool dark);

struct rg_stroke {
    int ink;
    double width;
    bool dashed;
};

enum rg_anchor { RG_ANCHOR_START, RG_ANCHOR_MIDDLE, RG_ANCHOR_END };

struct rg_label {
    double x, y; /* left end of the base line */
    double size; /* pixels of an em */
    enum rg_anchor anchor;
    int ink;
    bool bold;
};

struct rg_box {
    double x, y, width, height;
};

/* A box cut into equal cells. */
struct rg_cells {
    struct rg_box box;
    size_t rows, columns;
    const uint8_t *levels; /* [rows][columns], row 0 at the top */
    int ink;               /* ink of level 0 */
    size_t n_levels;       /* cells with this level or a higher one stay empty */
};

struct rg_canvas {
    /* `points`: n pairs x, y; n >= 2 */
    void (*line)(struct rg_canvas *canvas, const struct rg_stroke *stroke, const double *points, size_t n);
    /* n lines, each from x0, y0 to x1, y1 */
    void (*segments)(struct rg_canvas *canvas, const struct rg_stroke *stroke, const double *points, size_t n);
    /* a polygon of n corners in a pale tint of the ink, through which what lies below shows; n >= 3 */
    void (*tint)(struct rg_canvas *canvas, int ink, const double *points, size_t n);
    void (*box)(struct rg_canvas *canvas, const struct rg_box *box, int ink);
    void (*text)(struct rg_canvas *canvas, const struct rg_label *label, const char *text);
    void (*cells)(struct rg_canvas *canvas, const struct rg_cells *cells);
    rg_status status; /* the first error; nothing is drawn after it */
};

/* Width of a text in pixels, estimated from its characters. */
double rg_text_width(const char *text, double size);

#endif
