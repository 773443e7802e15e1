/* Lists of values for a sweep: `1e-3,3e-3`, `1-8`, `1e-4..1e-1*10`. */
#ifndef RG_OPTION_LIST_H
#define RG_OPTION_LIST_H

#include "options/options.h"

enum { RG_MAX_VALUES = 1000 };

/* An option and its values as text. */
struct rg_option_list {
    const struct rg_option *option;
    size_t n;
    char **values; /* [n] */
};

/* Read a list. Its items are separated by commas. An item is a value, a range of whole numbers A-B, or A..B*N: N values
 * from A to B with equal ratios and four digits. RG_USAGE names option and item; *list must be released then too. */
rg_status rg_option_list_read(const struct rg_option *option, const char *text, struct rg_option_list *list);
void rg_option_list_release(struct rg_option_list *list);

/* Check a list without keeping its values. RG_USAGE, RG_NO_MEMORY. */
rg_status rg_option_list_check(const struct rg_option *option, const char *text);

#endif
