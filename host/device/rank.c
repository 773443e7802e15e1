/* Which device `auto` takes: see rank.h. */
#include "device/rank.h"

#include <stdio.h>
#include <string.h>

/* Platforms that are not the vendor's: the smaller rank goes first. */
static const struct {
    const char *name;
    int rank;
} platforms[] = {{"Portable Computing Language", 1}, {"rusticl", 2}, {"Clover", 3}, {"clvk", 3}, {"OpenCLOn12", 3}};

static int platform_rank(const struct rg_device_info *info) {
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++) {
        if (strcmp(info->platform, platforms[i].name) == 0) {
            return platforms[i].rank;
        }
    }
    return 0;
}

enum key { KIND, PLATFORM, MEMORY, N_KEYS };
enum kind { DISCRETE, UNIFIED, PROCESSOR };

static enum kind kind_of(const struct rg_device_info *info) {
    return !info->is_gpu ? PROCESSOR : info->is_unified ? UNIFIED : DISCRETE;
}

/* The first key by which a goes before b (*sign < 0) or after it; N_KEYS: they are alike. */
static enum key compare(const struct rg_device_info *a, const struct rg_device_info *b, int *sign) {
    const int by[N_KEYS] = {(int)kind_of(a) - (int)kind_of(b), platform_rank(a) - platform_rank(b),
                            a->memory_bytes > b->memory_bytes   ? -1
                            : a->memory_bytes < b->memory_bytes ? 1
                                                                : 0};
    enum key key = KIND;
    while (key < N_KEYS && by[key] == 0) {
        key++;
    }
    *sign = key < N_KEYS ? by[key] : 0;
    return key;
}

size_t rg_device_rank(const struct rg_device_entry *entries, size_t n, size_t *order) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].info.is_accelerator || entries[i].problem[0]) {
            continue;
        }
        size_t at = count++;
        for (int sign = 0; at > 0; at--) {
            (void)compare(&entries[i].info, &entries[order[at - 1]].info, &sign);
            if (sign >= 0) {
                break;
            }
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return count;
}

void rg_device_reason(const struct rg_device_entry *entries, const size_t *order, size_t count, char *text,
                      size_t bytes) {
    static const char *const alone[] = {[DISCRETE] = "the only GPU",
                                        [UNIFIED] = "the only GPU",
                                        [PROCESSOR] = "the processor's only OpenCL device; there is no GPU"};
    static const char *const kinds[] = {
        [DISCRETE] = "a GPU with its own memory", [UNIFIED] = "a GPU", [PROCESSOR] = "a processor"};
    static const char *const keys[] = {[PLATFORM] = "by its vendor's driver or the better known one",
                                       [MEMORY] = "the one with the most memory",
                                       [N_KEYS] = "the first of several alike"};
    const struct rg_device_info *const best = &entries[order[0]].info;
    int sign = 0;
    if (count == 1) {
        (void)snprintf(text, bytes, "%s", alone[kind_of(best)]);
        return;
    }
    const enum key key = compare(best, &entries[order[1]].info, &sign);
    size_t used = (size_t)snprintf(text, bytes, "%s, before", key == KIND ? kinds[kind_of(best)] : keys[key]);
    for (size_t i = 1; i < count && used < bytes; i++) {
        used += (size_t)snprintf(text + used, bytes - used, "%s %s %.40s", i > 1 ? "," : "", entries[order[i]].id,
                                 entries[order[i]].info.name);
    }
}
