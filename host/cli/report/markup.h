/* Growing text of an XML or HTML file. An error is kept in it until the end, so callers that write need no checks. */
#ifndef RG_REPORT_MARKUP_H
#define RG_REPORT_MARKUP_H

#include "files/json.h"

struct rg_markup {
    struct rg_text text;
    rg_status status; /* the first error; nothing is added after it */
};

/* Add text in printf format; the result may have any length. */
void rg_markup_add(struct rg_markup *markup, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add foreign text, as content or inside an attribute's quotes. <, >, & and quotes become entities; bytes that are not
 * UTF-8, and characters that XML forbids, become U+FFFD. At most `limit` bytes, followed by an ellipsis if it is
 * longer. */
void rg_markup_escaped(struct rg_markup *markup, const char *text, size_t limit);

/* Keep the status of another function if it is the first error. */
void rg_markup_note(struct rg_markup *markup, rg_status status);

/* The text as a string, to which nothing may be added afterwards; "" after an error. */
const char *rg_markup_string(struct rg_markup *markup);

/* Remove everything after the first `length` bytes. */
void rg_markup_cut(struct rg_markup *markup, size_t length);
void rg_markup_destroy(struct rg_markup *markup);

#endif
