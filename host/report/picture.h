/* Plots in a file of their own: SVG, or PNG where the build has cairo. */
#ifndef RG_REPORT_PICTURE_H
#define RG_REPORT_PICTURE_H

#include "report/markup.h"
#include "report/plot.h"
#include "rnn_gpu/config.h"

struct rg_picture {
    const char *title;
    const struct rg_plot *plots; /* empty ones are left out */
    size_t n_plots;
    size_t columns; /* plots side by side */
    enum rg_theme theme;
};

/* Before any work: RG_USAGE unless the name ends in .svg, or in .png and the build can write it. */
rg_status rg_picture_check(const char *path);

/* RG_NOT_SAVED, RG_NO_MEMORY; the file is there whole or not at all. */
rg_status rg_picture_write(const struct rg_picture *picture, const char *path);

/* One plot as an SVG element of a page. */
void rg_picture_add_plot(struct rg_markup *out, const struct rg_plot *plot, double width, double height);

/* png.c. RG_ERROR in a build without cairo. */
rg_status rg_png_write(const struct rg_picture *picture, double width, double height, const char *path);
bool rg_png_is_built(void);

/* Draw a picture on a canvas that is large enough. */
void rg_picture_draw(const struct rg_picture *picture, struct rg_canvas *canvas);

#endif
