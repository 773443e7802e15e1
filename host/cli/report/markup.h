/* Text of an XML or HTML file that grows. An error stays with it until the end, so that writing needs no checks. */
#ifndef RG_REPORT_MARKUP_H
#define RG_REPORT_MARKUP_H

#include "files/json.h"

struct rg_markup {
    struct rg_text text;
    rg_status status; /* the first error; nothing is added after it */
};

/* printf format; the result may be of any length. */
void rg_markup_add(struct rg_markup *markup, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Anybody's text, as content or inside an attribute's quotes: <, >, & and quotes become entities; what is not UTF-8 or
 * not allowed in XML becomes U+FFFD. At most `limit` bytes of it, then an ellipsis. */
void rg_markup_escaped(struct rg_markup *markup, const char *text, size_t limit);

/* Take back what was added after the first `length` bytes. */
void rg_markup_cut(struct rg_markup *markup, size_t length);
void rg_markup_destroy(struct rg_markup *markup);

#endif
