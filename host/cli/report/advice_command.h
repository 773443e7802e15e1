/* The command that advice gives: the words of a run's own command line that stay, then others. */
#ifndef RG_ADVICE_COMMAND_H
#define RG_ADVICE_COMMAND_H

#include "rnn_gpu/config.h"

enum { RG_ADVICE_WORDS = 200, RG_ADVICE_ADDED = 4096 };

struct rg_advice_words {
    char *items[RG_ADVICE_WORDS]; /* the first is the program's name */
    int n;
    char added[RG_ADVICE_ADDED]; /* the bytes of the words that are not borrowed from the run's line */
    size_t used;
    bool is_full; /* some word did not fit */
};

/* Is the option of that name, which ends at `=` or NUL, in the list? Names in a list are separated by spaces. */
bool rg_advice_lists(const char *list, const char *name);

/* Begin with the words of the run, which must outlive `words`. Left out are the options in `lists`, which NULL ends,
 * and how the run was to print. A file or folder that the run has written gets the next number, `model-2` for `model`:
 * a command must not replace what the run has made. */
void rg_advice_words_begin(struct rg_advice_words *words, const struct rg_config *config, const char *const *lists);

__attribute__((format(printf, 2, 3))) void rg_advice_words_add(struct rg_advice_words *words, const char *format, ...);

/* Write the words for a shell, behind the program's name as it is called. Returns false if they do not fit, or contain
 * control characters. */
bool rg_advice_words_write(const struct rg_advice_words *words, char *out, size_t bytes);

#endif
