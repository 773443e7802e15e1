/* A canvas whose picture is SVG, alone in a file or inside a page. */
#ifndef RG_REPORT_SVG_H
#define RG_REPORT_SVG_H

#include "cli/report/canvas.h"
#include "cli/report/markup.h"
#include "rnn_gpu/config.h"

struct rg_svg {
    struct rg_canvas canvas; /* first, so that a pointer to our canvas is a pointer to its rg_svg */
    struct rg_markup *out;
};

/* Add the style rules for the inks, once a file. AUTO: light, and dark if the reader prefers it. */
void rg_svg_style(struct rg_markup *out, enum rg_theme theme);

/* Begin a picture of that size. Screen readers read `title`. */
void rg_svg_begin(struct rg_svg *svg, struct rg_markup *out, double width, double height, const char *title);
/* Begin a picture in a file of its own, with style and background. */
void rg_svg_begin_alone(struct rg_svg *svg, struct rg_markup *out, double width, double height, const char *title,
                        enum rg_theme theme);
void rg_svg_end(struct rg_svg *svg);

#endif
