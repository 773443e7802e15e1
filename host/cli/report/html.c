/* A run as one HTML file: see html.h. */
#include "cli/report/html.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/counted.h"
#include "cli/report/picture.h"
#include "cli/report/svg.h"
#include "cli/report/walk_story.h"
#include "files/shell_text.h"
#include "gradient/verdict.h"
#include "rnn_gpu/tensors.h"

/* Bytes kept for what follows the figures, the tables before and after them, and the walk. */
enum {
    ROOM_AFTER_FIGURES = 80000,
    ROOM_AFTER_RESULT = 200000,
    ROOM_AFTER_TABLE = 50000,
    ROOM_AFTER_WALK = 120000,
    TEXT_LIMIT = 2000,
    COMMAND_LIMIT = 6000,
    CLASS_BYTES = 16
};

/* A page shows large figures at most 28rem wide, small ones 21rem (.figures, below): both are then drawn larger by the
 * same factor, so that their texts are alike. */
static const double FIGURE_WIDTH = 400.0, FIGURE_HEIGHT = 290.0, SMALL_WIDTH = 300.0, SMALL_HEIGHT = 230.0;

static void colors(struct rg_markup *out, bool dark) {
    rg_markup_add(out, ":root{--paper:#%06x;--text:#%06x;--faint:#%06x;--grid:#%06x;--mark:#%06x}",
                  (unsigned)rg_ink_color(RG_INK_PAPER, dark), (unsigned)rg_ink_color(RG_INK_TEXT, dark),
                  (unsigned)rg_ink_color(RG_INK_FAINT, dark), (unsigned)rg_ink_color(RG_INK_GRID, dark),
                  (unsigned)rg_ink_color(RG_INK_SERIES, dark));
}

static void head(struct rg_markup *out, const struct rg_report *report) {
    const char *const title = report->title;
    rg_markup_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    rg_markup_escaped(out, title, TEXT_LIMIT);
    rg_markup_add(out, "</title>\n<style>\n");
    colors(out, false);
    rg_markup_add(out, "@media(prefers-color-scheme:dark){");
    colors(out, true);
    rg_markup_add(out, "}\n");
    rg_svg_style(out, RG_THEME_AUTO);
    rg_markup_add(
        out,
        "\nbody{margin:0 auto;padding:1.5rem;max-width:80rem;background:var(--paper);color:var(--text);"
        "font:1rem/1.5 system-ui,\"DejaVu Sans\",sans-serif}\n"
        "h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}\n"
        "@media(max-width:40rem){body{padding:.75rem}}\n"
        ".verdict{border-left:.3rem solid var(--mark);padding:.2rem 0 .2rem 1rem;font-size:1.1rem}"
        ".verdict "
        "b,.word{color:var(--mark);font-weight:600}\n.stable{--mark:#1f8a4c}.fading,.sensitive,.mixed{--mark:#b26a00}"
        ".vanishing,.none{--mark:#2f6fd0}.exploding{--mark:#d0342c}"
        "@media(prefers-color-scheme:dark){.stable{--mark:#4cc38a}.fading,.sensitive,.mixed{--mark:#f0a843}"
        ".vanishing,.none{--mark:#7cb0ff}.exploding{--mark:#ff7b72}}\n"
        ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%%,28rem),1fr));"
        "gap:1.5rem;margin-top:1.5rem}.small{grid-template-columns:repeat(auto-fill,minmax(min(100%%,18rem),"
        "1fr))}\nsvg{width:100%%;max-width:28rem;height:auto}.small svg{max-width:21rem}"
        "@media(max-width:30rem){.small svg{max-width:75vw}}\n"
        "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.3rem 1.5rem;margin:0}"
        "dl div{border-bottom:1px solid var(--grid);overflow-wrap:anywhere}dt{color:var(--faint);"
        "font-size:.85rem}dd{margin:0}dd.set{font-weight:600}\n"
        "summary{cursor:pointer;margin:1rem 0 .5rem;color:var(--faint)}\n"
        "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--grid);padding:.7rem 1rem}\n"
        /* shadows at the edges behind which a table goes on */
        ".wide{overflow-x:auto;background:linear-gradient(to right,var(--paper) 40%%,transparent),"
        "linear-gradient(to left,var(--paper) 40%%,transparent) 100%% 0,linear-gradient(to right,var(--faint),"
        "transparent),linear-gradient(to left,var(--faint),transparent) 100%% 0;background-repeat:no-repeat;"
        "background-size:2rem 100%%,2rem 100%%,.5rem 100%%,.5rem 100%%;"
        "background-attachment:local,local,scroll,scroll}table{border-collapse:collapse;font-size:.875rem;font-"
        "variant-numeric:tabular-nums}"
        "th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}"
        "th{white-space:normal;vertical-align:bottom}"
        "th:first-child,td:first-child{text-align:left}\n.note{color:var(--faint)}\n");
    if (report->walk) {
        rg_walk_html_style(out);
    }
    rg_markup_add(out, "</style>\n</head>\n<body>\n<h1>");
    rg_markup_escaped(out, title, TEXT_LIMIT);
    rg_markup_add(out, "</h1>\n");
}

/* The class of a verdict in the style sheet: its name in small letters, or "" if the name is too long for one. */
static void verdict_class(const char *name, size_t length, char class[CLASS_BYTES]) {
    class[0] = '\0';
    for (size_t i = 0; length < CLASS_BYTES && i < length; i++) {
        class[i] = (char)tolower((unsigned char)name[i]);
        class[i + 1] = '\0';
    }
}

/* A name and its value. A value that the user has chosen is bold. */
static void fact(struct rg_markup *out, const char *name, const char *value, bool chosen) {
    rg_markup_add(out, "<div><dt>");
    rg_markup_escaped(out, name, TEXT_LIMIT);
    rg_markup_add(out, "</dt><dd%s>", chosen ? " class=\"set\"" : "");
    rg_markup_escaped(out, value, TEXT_LIMIT);
    rg_markup_add(out, "</dd></div>\n");
}

static void facts(struct rg_markup *out, const struct rg_report *r) {
    if (r->n_facts == 0) {
        return;
    }
    rg_markup_add(out, "<h2>Result</h2>\n<dl>\n");
    for (size_t i = 0; i < r->n_facts; i++) {
        fact(out, r->facts[i].name, r->facts[i].value, false);
    }
    rg_markup_add(out, "</dl>\n");
}

/* A cell; the name of a verdict has its colour. */
static void cell(struct rg_markup *out, const char *text, bool may_be_verdict) {
    char class[CLASS_BYTES] = "";
    for (size_t v = 0; may_be_verdict && rg_verdict_names[v]; v++) {
        if (strcmp(text, rg_verdict_names[v]) == 0) {
            verdict_class(text, strlen(text), class);
        }
    }
    rg_markup_add(out, class[0] ? "<td class=\"word %s\">" : "<td>", class);
    rg_markup_escaped(out, text, TEXT_LIMIT);
    rg_markup_add(out, "</td>");
}

static void row(struct rg_markup *out, const struct rg_table *t, size_t r) {
    rg_markup_add(out, "<tr>");
    for (size_t c = 0; c < t->n_columns; c++) {
        cell(out, t->cells[r * t->n_columns + c], c > 0 && c == t->verdict_column);
    }
    rg_markup_add(out, "</tr>\n");
}

static void table(struct rg_markup *out, const struct rg_table *t) {
    const bool folded = t->place == RG_TABLE_DETAIL;
    const size_t room = t->place == RG_TABLE_RESULT ? ROOM_AFTER_RESULT : ROOM_AFTER_TABLE;
    rg_markup_add(out, folded ? "<details><summary>" : "<h2>");
    rg_markup_escaped(out, t->title, TEXT_LIMIT);
    rg_markup_add(out, "%s\n<div class=\"wide\"><table>\n<tr>", folded ? "</summary>" : "</h2>");
    for (size_t c = 0; c < t->n_columns; c++) {
        rg_markup_add(out, "<th>");
        rg_markup_escaped(out, t->heads[c], TEXT_LIMIT);
        rg_markup_add(out, "</th>");
    }
    rg_markup_add(out, "</tr>\n");
    size_t left_out = 0;
    for (size_t r = 0; r < t->n_rows && left_out == 0; r++) {
        const size_t before = out->text.length;
        row(out, t, r);
        if (out->text.length > RG_REPORT_BYTES - room) {
            rg_markup_cut(out, before);
            left_out = t->n_rows - r;
        }
    }
    rg_markup_add(out, "</table></div>\n");
    if (left_out) {
        rg_markup_add(out, "<p class=\"note\">Left out, to keep this file small: the last %zu of %zu rows.</p>\n",
                      left_out, t->n_rows);
    }
    rg_markup_add(out, folded ? "</details>\n" : "");
}

/* The tables of results, or the others. */
static void tables(struct rg_markup *out, const struct rg_report *r, bool results) {
    for (size_t i = 0; i < r->n_tables; i++) {
        if ((r->tables[i].place == RG_TABLE_RESULT) == results) {
            table(out, &r->tables[i]);
        }
    }
}

/* Figures that a page has no room for. */
struct left_out {
    size_t n, unnamed;
    char titles[TEXT_LIMIT]; /* with semicolons between them; those that do not fit are counted in `unnamed` */
};

static void leave_out(struct left_out *l, const struct rg_plot *plot) {
    const size_t used = strlen(l->titles), room = sizeof l->titles - used;
    l->n++;
    if (l->unnamed || snprintf(l->titles + used, room, "%s%s", used ? "; " : "", plot->title) >= (int)room) {
        l->titles[used] = '\0';
        l->unnamed++;
    }
}

/* Add the small figures, or the others. */
static void figures(struct rg_markup *out, const struct rg_report *r, bool small, struct left_out *left_out) {
    const size_t start = out->text.length;
    rg_markup_add(out, "<div class=\"%s\">\n", small ? "figures small" : "figures");
    const size_t empty = out->text.length;
    for (size_t i = 0; i < r->n_plots; i++) {
        const struct rg_plot *const plot = &r->plots[i];
        const size_t before = out->text.length;
        if (rg_plot_is_empty(plot) || plot->small != small) {
            continue;
        }
        rg_picture_add_plot(out, plot, small ? SMALL_WIDTH : FIGURE_WIDTH, small ? SMALL_HEIGHT : FIGURE_HEIGHT);
        if (out->text.length > RG_REPORT_BYTES - ROOM_AFTER_FIGURES) {
            rg_markup_cut(out, before);
            leave_out(left_out, plot);
        }
    }
    if (out->text.length == empty) {
        rg_markup_cut(out, start);
    } else {
        rg_markup_add(out, "</div>\n");
    }
}

static void all_figures(struct rg_markup *out, const struct rg_report *r) {
    struct left_out left_out = {.n = 0};
    figures(out, r, false, &left_out);
    figures(out, r, true, &left_out);
    if (left_out.n) {
        char number[RG_COUNTED_BYTES];
        rg_markup_add(out, "<p class=\"note\">Left out, to keep this file below %d kB: %s (", RG_REPORT_BYTES / 1000,
                      rg_counted(left_out.n, "figure", number));
        rg_markup_escaped(out, left_out.titles, TEXT_LIMIT);
        if (left_out.unnamed) {
            rg_markup_add(out, "; and %zu more", left_out.unnamed);
        }
        rg_markup_add(out, "). The file of --plot has all of them.</p>\n");
    }
}

static void walk(struct rg_markup *out, const struct rg_report *r) {
    const size_t before = out->text.length;
    if (!r->walk) {
        return;
    }
    rg_markup_note(out, rg_walk_html(r->walk, r->sequence, out));
    if (out->text.length > RG_REPORT_BYTES - ROOM_AFTER_WALK) {
        rg_markup_cut(out, before);
        rg_markup_add(out, "<p class=\"note\">Left out, to keep this file small: the trace; --sequence N shows that of "
                           "one sequence.</p>\n");
    }
}

/* Add the command, so that it can be pasted into a shell. */
static void command_line(struct rg_markup *out, const struct rg_config *config) {
    struct rg_markup line = {.status = RG_OK};
    rg_markup_add(&line, RG_CALLED);
    rg_markup_note(&line, rg_shell_text_add(&line.text, config->n_arguments, config->arguments));
    rg_markup_add(out, "<h2>Made by</h2>\n<pre>");
    rg_markup_escaped(out, rg_markup_string(&line), COMMAND_LIMIT);
    rg_markup_add(out, "</pre>\n");
    rg_markup_note(out, line.status);
    rg_markup_destroy(&line);
}

/* Did the user choose the value, or is it another one than the default? */
static bool is_chosen(const struct rg_setting *setting) {
    return setting->is_given || !setting->is_usual;
}

/* Add the options that were chosen, or those with their defaults. Returns their number. */
static size_t options_of(struct rg_markup *out, const struct rg_report *r, bool chosen) {
    size_t n = 0;
    rg_markup_add(out, "<dl>\n");
    for (size_t i = 0; i < r->settings->n; i++) {
        const struct rg_setting *const setting = &r->settings->items[i];
        if (is_chosen(setting) == chosen) {
            fact(out, setting->option->name, setting->text, chosen);
            n++;
        }
    }
    rg_markup_add(out, "</dl>\n");
    return n;
}

/* Add every option with its value. Options with default values are folded. */
static void options(struct rg_markup *out, const struct rg_report *r) {
    rg_markup_add(out, "<h2>Options</h2>\n");
    if (options_of(out, r, true) < r->settings->n) {
        rg_markup_add(out, "<details><summary>The others, which have their defaults</summary>\n");
        (void)options_of(out, r, false);
        rg_markup_add(out, "</details>\n");
    }
}

/* Add the verdict in its colour, and the advice. */
static void verdict(struct rg_markup *out, const struct rg_report *r) {
    const size_t name = r->verdict ? strcspn(r->verdict, ":") : 0;
    char class[CLASS_BYTES] = "";
    if (r->verdict && r->verdict[name] == ':') {
        verdict_class(r->verdict, name, class);
    }
    if (r->verdict) {
        rg_markup_add(out, "<p class=\"verdict%s%s\">", class[0] ? " " : "", class);
        if (class[0]) {
            rg_markup_add(out, "<b>%.*s</b>", (int)name, r->verdict);
        }
        rg_markup_escaped(out, r->verdict + (class[0] ? name : 0), TEXT_LIMIT);
        rg_markup_add(out, "</p>\n");
    }
    if (r->command) {
        rg_markup_add(out, "<p>What to try next:</p>\n<pre class=\"try\">");
        rg_markup_escaped(out, r->command, TEXT_LIMIT);
        rg_markup_add(out, "</pre>\n<p>");
        rg_markup_escaped(out, r->advice, TEXT_LIMIT);
        rg_markup_add(out, "</p>\n");
    }
}

rg_status rg_report_write(const struct rg_report *report, const char *path) {
    struct rg_markup out = {.status = RG_OK};
    head(&out, report);
    verdict(&out, report);
    facts(&out, report);
    tables(&out, report, true);
    walk(&out, report);
    all_figures(&out, report);
    tables(&out, report, false);
    command_line(&out, report->config);
    options(&out, report);
    rg_markup_add(&out,
                  "<p class=\"note\">rnn-gpu %s. A lag counts the steps back from the loss. The share of lag tau "
                  "is &lt;G_tau, G&gt; / |G|&sup2;, and all shares sum to 1.</p>\n",
                  RG_VERSION);
    if (report->made) {
        rg_markup_add(&out, "<p class=\"note\">Made ");
        rg_markup_escaped(&out, report->made, TEXT_LIMIT);
        rg_markup_add(&out, ".</p>\n");
    }
    rg_markup_add(&out, "</body>\n</html>\n");
    if (out.status == RG_OK && out.text.length >= RG_REPORT_BYTES) {
        out.status = rg_fail(RG_NOT_SAVED, "%s: the page would have %zu bytes; the most is %d", path, out.text.length,
                             RG_REPORT_BYTES - 1);
    }
    const rg_status status = out.status == RG_OK ? rg_file_write(path, out.text.bytes, out.text.length) : out.status;
    rg_markup_destroy(&out);
    return status;
}
