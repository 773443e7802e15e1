/* A canvas whose picture is drawn by cairo: PNG at twice the size for sharp text, or PDF; see picture.h. */
#include "cli/report/picture.h"

#ifdef RG_CAIRO
#include <cairo-pdf.h>
#include <cairo.h>

#include "rnn_gpu/tensors.h"

static const double ZOOM = 2.0;

struct drawing {
    struct rg_canvas canvas; /* first, so that a pointer to our canvas is a pointer to its drawing */
    cairo_t *cairo;
    bool dark;
    struct rg_text file;
};

static cairo_t *cairo_of(struct rg_canvas *canvas) {
    return ((struct drawing *)canvas)->cairo;
}

static void set_ink(struct rg_canvas *canvas, int ink) {
    const uint32_t color = rg_ink_color(ink, ((struct drawing *)canvas)->dark);
    cairo_set_source_rgb(cairo_of(canvas), (color >> 16) / 255.0, (color >> 8 & 0xFF) / 255.0, (color & 0xFF) / 255.0);
}

static void stroke(struct rg_canvas *canvas, const struct rg_stroke *s) {
    static const double dashes[] = {5.0, 3.5};
    cairo_t *const c = cairo_of(canvas);
    set_ink(canvas, s->ink);
    cairo_set_line_width(c, s->width);
    cairo_set_dash(c, dashes, s->dashed ? 2 : 0, 0.0);
    cairo_stroke(c);
}

static void draw_line(struct rg_canvas *canvas, const struct rg_stroke *s, const double *points, size_t n) {
    cairo_t *const c = cairo_of(canvas);
    cairo_new_path(c); /* text sets a current point */
    for (size_t i = 0; i < n; i++) {
        cairo_line_to(c, points[2 * i], points[2 * i + 1]);
    }
    stroke(canvas, s);
}

static void draw_segments(struct rg_canvas *canvas, const struct rg_stroke *s, const double *points, size_t n) {
    cairo_t *const c = cairo_of(canvas);
    for (size_t i = 0; i < n; i++) {
        cairo_move_to(c, points[4 * i], points[4 * i + 1]);
        cairo_line_to(c, points[4 * i + 2], points[4 * i + 3]);
    }
    stroke(canvas, s);
}

static void draw_tint(struct rg_canvas *canvas, int ink, const double *points, size_t n) {
    cairo_t *const c = cairo_of(canvas);
    const uint32_t color = rg_ink_color(ink, ((struct drawing *)canvas)->dark);
    cairo_set_source_rgba(c, (color >> 16) / 255.0, (color >> 8 & 0xFF) / 255.0, (color & 0xFF) / 255.0, RG_TINT);
    cairo_new_path(c);
    for (size_t i = 0; i < n; i++) {
        cairo_line_to(c, points[2 * i], points[2 * i + 1]);
    }
    cairo_fill(c);
}

static void draw_box(struct rg_canvas *canvas, const struct rg_box *b, int ink) {
    cairo_t *const c = cairo_of(canvas);
    set_ink(canvas, ink);
    cairo_rectangle(c, b->x, b->y, b->width, b->height);
    cairo_fill(c);
}

static void draw_text(struct rg_canvas *canvas, const struct rg_label *label, const char *text) {
    cairo_t *const c = cairo_of(canvas);
    cairo_text_extents_t size;
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           label->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, label->size);
    cairo_text_extents(c, text, &size);
    set_ink(canvas, label->ink);
    cairo_move_to(c, label->x - size.x_advance * 0.5 * (double)label->anchor, label->y);
    cairo_show_text(c, text);
}

/* Without anti-aliasing, which would leave seams between cells. */
static void draw_cells(struct rg_canvas *canvas, const struct rg_cells *cells) {
    cairo_t *const c = cairo_of(canvas);
    const double width = cells->box.width / (double)cells->columns, height = cells->box.height / (double)cells->rows;
    cairo_set_antialias(c, CAIRO_ANTIALIAS_NONE);
    for (size_t i = 0; i < cells->rows * cells->columns; i++) {
        if (cells->levels[i] < cells->n_levels) {
            const size_t row = i / cells->columns, column = i % cells->columns;
            set_ink(canvas, cells->ink + cells->levels[i]);
            cairo_rectangle(c, cells->box.x + (double)column * width, cells->box.y + (double)row * height, width,
                            height);
            cairo_fill(c);
        }
    }
    cairo_set_antialias(c, CAIRO_ANTIALIAS_DEFAULT);
}

static cairo_status_t keep_bytes(void *closure, const unsigned char *bytes, unsigned length) {
    struct drawing *const d = closure;
    return rg_text_add(&d->file, (const char *)bytes, length) == RG_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

/* The date is left out, so that equal pictures give equal files. */
static cairo_surface_t *open_pdf(struct drawing *d, const char *title, double width, double height) {
    cairo_surface_t *const surface = cairo_pdf_surface_create_for_stream(keep_bytes, d, width, height);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    return surface;
}

rg_status rg_cairo_write(const struct rg_picture *picture, double width, double height, const char *path) {
    struct drawing d = {.canvas = {.line = draw_line,
                                   .segments = draw_segments,
                                   .tint = draw_tint,
                                   .box = draw_box,
                                   .text = draw_text,
                                   .cells = draw_cells},
                        .dark = picture->theme == RG_THEME_DARK};
    const bool pdf = rg_picture_format(path) == RG_PICTURE_PDF;
    cairo_surface_t *const surface =
        pdf ? open_pdf(&d, picture->title, width, height)
            : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(ZOOM * width), (int)(ZOOM * height));
    d.cairo = cairo_create(surface);
    if (!pdf) {
        cairo_scale(d.cairo, ZOOM, ZOOM);
    }
    set_ink(&d.canvas, RG_INK_PAPER);
    cairo_paint(d.cairo);
    rg_picture_draw(picture, &d.canvas);
    rg_status status = d.canvas.status;
    if (status == RG_OK) {
        cairo_status_t result = CAIRO_STATUS_SUCCESS;
        if (pdf) {
            cairo_show_page(d.cairo);
            cairo_surface_finish(surface);
            result = cairo_surface_status(surface);
        } else {
            result = cairo_surface_write_to_png_stream(surface, keep_bytes, &d);
        }
        status = result == CAIRO_STATUS_SUCCESS
                     ? rg_file_write(path, d.file.bytes, d.file.length)
                     : rg_fail(RG_ERROR, "%s: cairo cannot draw it: %s", path, cairo_status_to_string(result));
    }
    cairo_destroy(d.cairo);
    cairo_surface_destroy(surface);
    rg_text_destroy(&d.file);
    return status;
}

bool rg_cairo_is_built(void) {
    return true;
}
#else
rg_status rg_cairo_write(const struct rg_picture *picture, double width, double height, const char *path) {
    (void)picture;
    (void)width;
    (void)height;
    return rg_fail(RG_ERROR, "%s: built without cairo", path);
}

bool rg_cairo_is_built(void) {
    return false;
}
#endif
