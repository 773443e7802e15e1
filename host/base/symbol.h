/* Symbols of a library that dlopen has opened. */
#ifndef RG_SYMBOL_H
#define RG_SYMBOL_H

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* Set a pointer to a function or an object, which is at `pointer`, to the symbol's address; to NULL if the library
 * lacks the symbol. Returns whether the library has it. memcpy, because C cannot convert dlsym's result to a pointer to
 * a function. */
static inline bool rg_symbol_find(void *library, const char *symbol, void *pointer) {
    void *const address = dlsym(library, symbol);
    memcpy(pointer, &address, sizeof address);
    return address != NULL;
}

#endif
