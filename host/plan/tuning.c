/* What `bench --tune` found out: see tuning.h. */
#include "plan/tuning.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "files/files.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"

enum { FILE_BYTES = 4096, SCHEMA = 1, MIN_CHUNK = 65536, MIN_TILE = 8, MAX_TILE = 64 };

rg_status rg_tuning_path(const struct rg_device_info *info, char path[RG_CACHE_PATH]) {
    char units[24], name[80];
    (void)snprintf(units, sizeof units, "|%d", info->units);
    uint64_t key = rg_hash_text(rg_hash_text(RG_HASH_START, info->name), "|");
    key = rg_hash_text(rg_hash_text(key, info->version), units);
    (void)snprintf(name, sizeof name, "tune-%s-%016llx.json", info->backend, (unsigned long long)key);
    return rg_cache_path(name, path);
}

rg_status rg_tuning_save(const struct rg_device_info *info) {
    char path[RG_CACHE_PATH];
    RG_TRY(rg_tuning_path(info, path));
    rg_cache_make_folders(path);
    return rg_json_save(path, rg_json_pack("{s:i, s:s, s:s, s:i, s:I, s:I, s:i, s:i}", "schema", SCHEMA, "device",
                                           info->name, "version", info->version, "units", info->units, "chunk_bytes",
                                           (json_int_t)info->chunk_bytes, "tile", (json_int_t)info->tile,
                                           "library_wins", info->library_wins, "native_loses", info->native_loses));
}

static bool same_text(const json_t *object, const char *key, const char *wanted) {
    const char *const text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, wanted) == 0;
}

/* Is the member a whole number that is 0, or from `min` to `max`? *out = the number. */
static bool read_number(const json_t *object, const char *key, uint64_t min, uint64_t max, uint64_t *out) {
    const json_t *const value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    *out = (uint64_t)number;
    return json_is_integer(value) && number >= 0 && (number == 0 || (*out >= min && *out <= max));
}

/* Is the member -1, 0 or 1, or absent? *out = the number, 0 if it is absent: earlier programs did not measure it. */
static bool read_answer(const json_t *object, const char *key, int *out) {
    const json_t *const value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    *out = (int)number;
    return !value || (json_is_integer(value) && number >= -1 && number <= 1);
}

/* Read the file into the fields of rg_tuning_load, or leave them as they are. */
static rg_status read_tuning(const char *path, struct rg_device_info *info) {
    uint64_t chunk = 0, tile = 0;
    int library = 0, native = 0;
    struct rg_source source;
    char text[FILE_BYTES];
    json_t *object = NULL;
    RG_TRY(rg_source_open(&source, path));
    if (source.bytes <= sizeof text && rg_source_read(&source, text, source.bytes) == RG_OK) {
        object = json_loadb(text, source.bytes, JSON_REJECT_DUPLICATES, NULL);
    }
    rg_source_close(&source);
    const bool good = json_integer_value(json_object_get(object, "schema")) == SCHEMA &&
                      same_text(object, "device", info->name) && same_text(object, "version", info->version) &&
                      json_integer_value(json_object_get(object, "units")) == info->units &&
                      read_number(object, "chunk_bytes", MIN_CHUNK, info->memory_bytes, &chunk) &&
                      read_number(object, "tile", MIN_TILE, MAX_TILE, &tile) && tile % MIN_TILE == 0 &&
                      read_answer(object, "library_wins", &library) && read_answer(object, "native_loses", &native);
    json_decref(object);
    if (!good) {
        return rg_fail(RG_BAD_FILE, "%s is no tuning of this device", path);
    }
    info->chunk_bytes = chunk;
    info->tile = (size_t)tile;
    info->library_wins = library;
    info->native_loses = native;
    return RG_OK;
}

void rg_tuning_load(struct rg_device_info *info) {
    char path[RG_CACHE_PATH];
    if (rg_tuning_path(info, path) != RG_OK || access(path, F_OK) != 0) {
        return;
    }
    if (read_tuning(path, info) != RG_OK) {
        rg_log("%s; it is not used (bench --tune makes a new one)", rg_error_message());
    }
}
