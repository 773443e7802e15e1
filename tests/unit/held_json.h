/* The blocks of memory that jansson holds: what is written must leave none behind. */
#ifndef RG_TEST_HELD_JSON_H
#define RG_TEST_HELD_JSON_H

#include <jansson.h>
#include <stdlib.h>

static long n_held_json;

static void *hold_json(size_t bytes) {
    void *const block = malloc(bytes);
    n_held_json += block != NULL;
    return block;
}

static void release_json(void *block) {
    n_held_json -= block != NULL;
    free(block);
}

/* Before the first JSON of a test. */
static inline void count_held_json(void) {
    n_held_json = 0;
    json_set_alloc_funcs(hold_json, release_json);
}

#endif
