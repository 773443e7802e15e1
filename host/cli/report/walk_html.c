/* The walk as folding sections of a page: see walk_story.h. No script: it uses details and summary. */
#include <string.h>

#include "cli/report/markup.h"
#include "cli/report/walk_story.h"

static const struct {
    const char *name, *sign;
} signs[] = {{"delta", "δ"}, {"sigma", "σ"}, {"phi", "φ"}, {"tau", "τ"}, {"sum", "∑"}, {"cdot", "·"}};

static const char *sign_of(const char *name) {
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strcmp(signs[i].name, name) == 0) {
            return signs[i].sign;
        }
    }
    return name;
}

static void add_script(struct rg_markup *out, const char *tag, const char *text) {
    rg_markup_add(out, "<%s>", tag);
    rg_markup_escaped(out, text[0] == '\\' ? sign_of(text + 1) : text, RG_PIECE_BYTES);
    rg_markup_add(out, "</%s>", tag);
}

/* Add markup; runs of plain characters are escaped at once. */
static void add_pieces(struct rg_markup *out, const char *markup) {
    char text[RG_PIECE_BYTES], run[700];
    size_t n = 0;
    enum rg_walk_piece piece = RG_PIECE_TEXT;
    while (piece != RG_PIECE_END) {
        piece = rg_walk_piece(&markup, text);
        if (piece == RG_PIECE_TEXT && n + 8 < sizeof run) {
            memcpy(run + n, text, strlen(text));
            n += strlen(text);
            continue;
        }
        run[n] = '\0';
        rg_markup_escaped(out, run, sizeof run);
        n = 0;
        switch (piece) {
        case RG_PIECE_SIGN:
            rg_markup_add(out, "%s", sign_of(text));
            break;
        case RG_PIECE_NAME:
            add_script(out, "code", text);
            break;
        case RG_PIECE_LOWER:
            add_script(out, "sub", text);
            break;
        case RG_PIECE_UPPER:
            add_script(out, "sup", text);
            break;
        case RG_PIECE_TEXT: /* the run was full */
            n = strlen(text);
            memcpy(run, text, n);
            break;
        case RG_PIECE_END:
            break;
        }
    }
}

static void begin(void *self, int level, const char *title, bool open) {
    (void)level;
    rg_markup_add(self, "<details%s><summary>", open ? " open" : "");
    add_pieces(self, title);
    rg_markup_add(self, "</summary>\n");
}

static void end(void *self, int level) {
    (void)level;
    rg_markup_add(self, "</details>\n");
}

static void text(void *self, enum rg_walk_text kind, const char *markup) {
    rg_markup_add(self, kind == RG_WALK_FORMULA ? "<p class=\"formula\">" : "<p>");
    add_pieces(self, markup);
    rg_markup_add(self, "</p>\n");
}

/* Add a row of the table. Optional end tags are left out, because there are many rows. */
static void add_line(struct rg_markup *out, const struct rg_walk_line *line) {
    char number[16];
    rg_markup_add(out, "<tr>");
    if (line->label[0]) {
        rg_markup_add(out, "<th>");
        add_pieces(out, line->label);
    } else {
        rg_markup_add(out, "<th>");
    }
    for (size_t j = 0; j < line->n; j++) {
        rg_walk_number(line->values[line->stride * (line->index ? line->index[j] : j)], 9, number);
        rg_markup_add(out, "<td>%s", number);
    }
    rg_markup_add(out, "\n");
}

static void add_heads(struct rg_markup *out, const struct rg_walk_block *block) {
    rg_markup_add(out, "<tr><th>");
    for (size_t j = 0; j < block->n_heads; j++) {
        rg_markup_add(out, "<th>");
        rg_markup_escaped(out, block->heads[j] ? block->heads[j] : "", RG_PIECE_BYTES);
    }
    rg_markup_add(out, "\n");
}

static void blocks(void *self, const struct rg_walk_block *items, size_t n) {
    rg_markup_add(self, "<div class=\"walk\">\n");
    for (size_t b = 0; b < n; b++) {
        rg_markup_add(self, "<div class=\"wide\"><table>");
        if (items[b].title[0]) {
            rg_markup_add(self, "<caption>");
            add_pieces(self, items[b].title);
            rg_markup_add(self, "</caption>");
        }
        if (items[b].heads) {
            add_heads(self, &items[b]);
        }
        for (size_t i = 0; i < items[b].n_lines; i++) {
            add_line(self, &items[b].lines[i]);
        }
        rg_markup_add(self, "</table></div>\n");
    }
    rg_markup_add(self, "</div>\n");
}

void rg_walk_html_style(struct rg_markup *out) {
    rg_markup_add(out, "details{margin:.3rem 0;border-left:2px solid var(--grid);padding-left:.7rem}"
                       "summary{cursor:pointer;font-weight:600;padding:.15rem 0}"
                       ".formula{margin:.1rem 0 .1rem 1rem;font-family:Georgia,\"DejaVu Serif\",serif}"
                       ".walk{display:flex;flex-wrap:wrap;gap:.8rem 2rem;margin:.7rem 0}.walk .wide{max-width:100%%}"
                       ".walk caption{text-align:left;font-size:.875rem;color:var(--faint);padding:0 .3rem}"
                       ".walk th,.walk td{border:0;padding:.05rem .35rem;text-align:right}"
                       ".walk th{font-weight:400;color:var(--faint);white-space:nowrap}\n");
}

rg_status rg_walk_html(const struct rg_walk *walk, size_t sequence, struct rg_markup *out) {
    const struct rg_walk_writer writer = {.self = out, .begin = begin, .end = end, .text = text, .blocks = blocks};
    rg_markup_add(out, "<h2>The walk, step by step</h2>\n");
    RG_TRY(rg_walk_tell(walk, sequence, &writer));
    return out->status;
}
