/* Expanding templates: see template.h. */
#include "export/template.h"

#include <stdbool.h>
#include <string.h>

#include "base/embedded.h"

enum { MAX_DEPTH = 8 };

/* Position in the template, and whether lines are active at each depth of conditions. */
struct place {
    const char *name;
    bool counts[MAX_DEPTH];
    size_t depth;
};

static bool holds(const struct rg_template *with, const char *condition, size_t length) {
    for (size_t i = 0; with->conditions[i] != NULL; i++) {
        if (strlen(with->conditions[i]) == length && strncmp(with->conditions[i], condition, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Does one of the conditions of a line hold? `end` is the line's end. */
static bool any_holds(const struct rg_template *with, const char *at, const char *end) {
    while (at < end) {
        const size_t length = strcspn(at, " \n");
        const bool wanted = *at != '!';
        if (holds(with, at + !wanted, length - !wanted) == wanted) {
            return true;
        }
        at += length + 1;
    }
    return false;
}

/* Process an @if, @else or @end. */
static rg_status take_mark(struct place *place, const struct rg_template *with, const char *line, const char *end) {
    const bool inside = place->counts[place->depth];
    if (strncmp(line, "@if ", 4) == 0 && place->depth + 1 < MAX_DEPTH) {
        place->counts[++place->depth] = inside && any_holds(with, line + 4, end);
        return RG_OK;
    }
    if (strncmp(line, "@else", 5) == 0 && place->depth > 0) {
        place->counts[place->depth] = place->counts[place->depth - 1] && !inside;
        return RG_OK;
    }
    if (strncmp(line, "@end", 4) == 0 && place->depth > 0) {
        place->depth--;
        return RG_OK;
    }
    return rg_fail(RG_ERROR, "template %s: misplaced mark @", place->name);
}

/* The word whose @name@ is at `at`, or NULL. */
static const struct rg_template_word *word_at(const struct rg_template *with, const char *at) {
    for (size_t i = 0; i < with->n_words; i++) {
        const size_t length = strlen(with->words[i].name);
        if (strncmp(at + 1, with->words[i].name, length) == 0 && at[1 + length] == '@') {
            return &with->words[i];
        }
    }
    return NULL;
}

static rg_status add_line(const struct rg_template *with, const char *at, const char *end, struct rg_text *out) {
    while (at < end) {
        const char *const mark = memchr(at, '@', (size_t)(end - at));
        RG_TRY(rg_text_add(out, at, (size_t)((mark != NULL ? mark : end) - at)));
        if (mark == NULL) {
            return RG_OK;
        }
        const struct rg_template_word *const word = word_at(with, mark);
        RG_TRY(word != NULL ? rg_text_add_string(out, word->text) : rg_text_add(out, "@", 1));
        at = mark + (word != NULL ? strlen(word->name) + 2 : 1);
    }
    return RG_OK;
}

static const struct rg_embedded_file *find(const char *name) {
    for (size_t i = 0; i < rg_n_export_templates; i++) {
        if (strcmp(rg_export_templates[i].name, name) == 0) {
            return &rg_export_templates[i];
        }
    }
    return NULL;
}

rg_status rg_template_expand(const char *name, const struct rg_template *with, struct rg_text *out) {
    const struct rg_embedded_file *const file = find(name);
    struct place place = {.name = name, .counts = {true}};
    if (file == NULL) {
        return rg_fail(RG_ERROR, "there is no template %s", name);
    }
    for (const char *line = (const char *)file->text; *line != '\0';) {
        const char *const end = line + strcspn(line, "\n") + 1;
        if (*line == '@' && word_at(with, line) == NULL) {
            RG_TRY(take_mark(&place, with, line, end));
        } else if (place.counts[place.depth]) {
            RG_TRY(add_line(with, line, end, out));
        }
        line = end;
    }
    return place.depth == 0 ? RG_OK : rg_fail(RG_ERROR, "template %s: an @end is missing", name);
}
