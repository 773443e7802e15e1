/* A canvas whose picture is SVG, alone in a file or inside a page. */
#ifndef RG_REPORT_SVG_H
#define RG_REPORT_SVG_H

#include "report/canvas.h"
#include "report/markup.h"

struct rg_svg {
    struct rg_canvas canvas; /* first, so that a canvas of ours is an rg_svg */
    struct rg_markup *out;
};

/* The rules that give the inks their colours, light and, where the reader prefers it, dark: once a file. */
void rg_svg_style(struct rg_markup *out);

/* Begin a picture of that size; `title` is read out in its place. `alone`: a file of its own, with style and paper. */
void rg_svg_begin(struct rg_svg *svg, struct rg_markup *out, double width, double height, const char *title,
                  bool alone);
void rg_svg_end(struct rg_svg *svg);

#endif
