/* Options by their names, and which of them were given. */
#include <assert.h>
#include <string.h>

#include "options/options.h"

const struct rg_option *rg_option_named(const char *name) {
    for (size_t i = 0; i < rg_n_options; i++) {
        if (strcmp(rg_options[i].name, name) == 0) {
            return &rg_options[i];
        }
    }
    return NULL;
}

const struct rg_option *rg_option_find(const char *argument, size_t length) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (length == 2 && argument[1] == option->letter && option->letter != 0) {
            return option;
        }
        if (argument[1] == '-' && strlen(option->name) == length - 2 &&
            strncmp(option->name, argument + 2, length - 2) == 0) {
            return option;
        }
    }
    return NULL;
}

/* The option of that name, which must exist. */
static const struct rg_option *existing(const char *name) {
    const struct rg_option *const option = rg_option_named(name);
    assert(option != NULL && "an option of the table");
    return option;
}

enum { WORD_BITS = 64 };

bool rg_config_gives(const struct rg_config *config, const char *name) {
    const size_t place = (size_t)(existing(name) - rg_options);
    return (config->given[place / WORD_BITS] >> place % WORD_BITS & 1) != 0;
}

void rg_config_set_given(struct rg_config *config, const char *name, bool given) {
    const size_t place = (size_t)(existing(name) - rg_options);
    assert(place / WORD_BITS < sizeof config->given / sizeof *config->given);
    uint64_t *const word = &config->given[place / WORD_BITS];
    const uint64_t bit = (uint64_t)1 << place % WORD_BITS;
    *word = given ? *word | bit : *word & ~bit;
}

bool rg_words_give(size_t n, char *const *words, const char *name) {
    const struct rg_option *const option = existing(name);
    for (size_t i = 0; i < n; i++) {
        if (words[i][0] == '-' && rg_option_find(words[i], strcspn(words[i], "=")) == option) {
            return true;
        }
    }
    return false;
}
