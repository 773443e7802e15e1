/* Plots in a file of their own: SVG, or PNG and PDF where the build has cairo. */
#ifndef RG_REPORT_PICTURE_H
#define RG_REPORT_PICTURE_H

#include "cli/report/markup.h"
#include "cli/report/plot.h"
#include "rnn_gpu/config.h"

struct rg_picture {
    const char *title;
    const struct rg_plot *plots; /* empty plots are left out */
    size_t n_plots;
    size_t columns; /* plots side by side */
    enum rg_theme theme;
    const char *figure;   /* only the plots with that name, without a heading; NULL: all */
    double width, height; /* size of a plot; 0: the default */
};

/* What the ending of a file's name asks for. */
enum rg_picture_format { RG_PICTURE_SVG, RG_PICTURE_PNG, RG_PICTURE_PDF, RG_PICTURE_NONE };
enum rg_picture_format rg_picture_format(const char *path);

/* Before any work: RG_USAGE unless the name ends in .svg, or in .png or .pdf if the build can write those. */
rg_status rg_picture_check(const char *path);

/* RG_NOT_SAVED, also with the available names if no plot has the figure's name; RG_NO_MEMORY. The file is written whole
 * or not at all. */
rg_status rg_picture_write(const struct rg_picture *picture, const char *path);

/* Add one plot to a page as an SVG element. */
void rg_picture_add_plot(struct rg_markup *out, const struct rg_plot *plot, double width, double height);

/* cairo.c: write a PNG, or a PDF if the name has that ending. RG_ERROR in a build without cairo. */
rg_status rg_cairo_write(const struct rg_picture *picture, double width, double height, const char *path);
bool rg_cairo_is_built(void);

/* Its size in the canvas's units. Returns how many plots it has. */
size_t rg_picture_size(const struct rg_picture *picture, double *width, double *height);

/* Draw a picture on a canvas, which must be large enough. */
void rg_picture_draw(const struct rg_picture *picture, struct rg_canvas *canvas);

#endif
