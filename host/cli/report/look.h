/* How text on stdout may look: colours, characters, width. */
#ifndef RG_LOOK_H
#define RG_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/config.h"

struct rg_look {
    bool color;     /* stdout may be coloured */
    bool unicode;   /* the locale's characters are UTF-8 */
    bool verbose;   /* --verbose: all causes of a verdict */
    size_t columns; /* of the terminal, 80 where there is none; tables and bars use them */
};

enum {
    RG_ALL_COLUMNS = 1 << 20,
    RG_FEWEST_COLUMNS = 40,
    RG_MIN_COLUMNS = 80,
    RG_MAX_COLUMNS = 160,
    RG_TEXT_COLUMNS = 100
};

struct rg_look rg_look_of(const struct rg_config *config);

/* The terminal's own width, 80 where stdout is none. */
size_t rg_look_terminal(void);

/* The width of bars beside numbers: from 80 to 160. */
size_t rg_look_bars(const struct rg_look *look);

/* The width of tables (columns.h): from 40 to 160. */
size_t rg_look_table(const struct rg_look *look);

/* The width of rows that programs read, such as grep: of a table on a terminal; in a pipe or file no row ends early. */
size_t rg_look_rows(const struct rg_look *look);

/* The width of sentences: from 40 to 100, as longer lines are hard to read. */
size_t rg_look_text(const struct rg_look *look);

#endif
