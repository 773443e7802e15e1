/* The name that was probably meant by a misspelt one. */
#ifndef RG_NEAREST_H
#define RG_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, exchange neighbours) between two names; 1 if one is the beginning of the other, such
 * as `--hid` and `--hidden`. */
size_t rg_name_distance(const char *a, const char *b);

/* RG_NAME_EDIT for each of these edits, and 1 more for each replaced letter, so that of equally near names the one is
 * meant from which a letter was left out, or in which two were exchanged: `--bath` is --batch rather than --math. */
enum { RG_NAME_EDIT = 128 };
size_t rg_name_cost(const char *a, const char *b);

/* Is a distance small enough for "did you mean"? About a third of the letters may be wrong. */
int rg_name_is_near(const char *given, size_t distance);

/* The nearest of the NULL-ended names if it is near, or NULL. */
const char *rg_name_nearest(const char *given, const char *const *names);

/* The same of `n` names. */
const char *rg_name_nearest_of(const char *given, const char *const *names, size_t n);

/* "; did you mean NAME?" for the end of a message, or "" where no name is near. Returns `text`. */
enum { RG_HINT_BYTES = 160 };
const char *rg_name_hint(const char *given, const char *const *names, char text[RG_HINT_BYTES]);

#endif
