/* Files of named sections: see sections.h. */
#include "files/sections.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "files/files.h"
#include "rnn_gpu/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they are in memory");

enum { ALIGN = 64 };
static const char numbers_name[] = "numbers";

/* The head of the file and a row of its table, as stored in the file. */
struct head {
    char magic[8];
    uint32_t format, n;
    uint64_t bytes;
    uint32_t crc, zero;
};
struct row {
    char name[RG_SECTION_NAME];
    uint64_t begin, bytes;
    uint32_t crc, zero;
};
_Static_assert(sizeof(struct head) == 32 && sizeof(struct row) == 64 && sizeof(struct rg_number) == 48,
               "the structures have no gaps");

static size_t aligned(size_t bytes) {
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static uint32_t crc_of(const void *data, size_t bytes) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, bytes);
}

/* ---- Building ---- */

rg_status rg_sections_create(struct rg_sections **out) {
    return rg_alloc(out, 1, sizeof **out, "the state of the run");
}

void rg_sections_destroy(struct rg_sections *s) {
    if (!s) {
        return;
    }
    for (size_t i = 0; !s->file && i < s->n; i++) {
        rg_free(s->items[i].data);
    }
    rg_free(s->file);
    rg_free(s);
}

rg_status rg_sections_add(struct rg_sections *s, const char *name, size_t bytes, void *out) {
    assert(s->n < RG_SECTIONS_MAX && strlen(name) < RG_SECTION_NAME && !rg_sections_find(s, name));
    struct rg_section *const item = &s->items[s->n];
    RG_TRY(rg_alloc(&item->data, bytes, 1, "the state of the run"));
    (void)snprintf(item->name, sizeof item->name, "%s", name);
    item->bytes = bytes;
    s->n++;
    memcpy(out, &item->data, sizeof item->data);
    return RG_OK;
}

rg_status rg_sections_add_text(struct rg_sections *s, const char *name, const char *text) {
    char *memory = NULL;
    const size_t bytes = strlen(text) + 1;
    RG_TRY(rg_sections_add(s, name, bytes, &memory));
    memcpy(memory, text, bytes);
    return RG_OK;
}

static const struct rg_number *find_number(const struct rg_sections *s, const char *name) {
    size_t i = 0;
    while (i < s->n_numbers && strcmp(s->numbers[i].name, name) != 0) {
        i++;
    }
    return i < s->n_numbers ? &s->numbers[i] : NULL;
}

static void put(struct rg_sections *s, const char *name, char kind, uint64_t bits) {
    assert(s->n_numbers < RG_NUMBERS_MAX && strlen(name) < sizeof s->numbers[0].name && !find_number(s, name));
    struct rg_number *const number = &s->numbers[s->n_numbers++];
    *number = (struct rg_number){.kind = kind, .bits = bits};
    memcpy(number->name, name, strlen(name));
}

void rg_sections_put(struct rg_sections *s, const char *name, uint64_t value) {
    put(s, name, 'u', value);
}

void rg_sections_put_real(struct rg_sections *s, const char *name, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(s, name, 'd', bits);
}

/* ---- Finding ---- */

const struct rg_section *rg_sections_find(const struct rg_sections *s, const char *name) {
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->items[i].name, name) == 0) {
            return &s->items[i];
        }
    }
    return NULL;
}

static rg_status missing(const struct rg_sections *s, const char *what, const char *name) {
    return rg_fail(RG_BAD_FILE, "%s: the %s '%s' is missing", s->path, what, name);
}

rg_status rg_sections_get(const struct rg_sections *s, const char *name, size_t bytes, const void **out) {
    const struct rg_section *const item = rg_sections_find(s, name);
    if (!item) {
        return missing(s, "section", name);
    }
    if (item->bytes != bytes) {
        return rg_fail(RG_BAD_FILE, "%s: the section '%s' has %zu bytes; this run has %zu", s->path, name, item->bytes,
                       bytes);
    }
    *out = item->data;
    return RG_OK;
}

rg_status rg_sections_get_text(const struct rg_sections *s, const char *name, char **out) {
    const struct rg_section *const item = rg_sections_find(s, name);
    if (!item) {
        return missing(s, "section", name);
    }
    if (item->bytes == 0 || strnlen(item->data, item->bytes) != item->bytes - 1) {
        return rg_fail(RG_BAD_FILE, "%s: the section '%s' is not a text", s->path, name);
    }
    *out = item->data;
    return RG_OK;
}

static rg_status find_kind(const struct rg_sections *s, const char *name, char kind, uint64_t *bits) {
    const struct rg_number *const number = find_number(s, name);
    if (!number || number->kind != kind) {
        return missing(s, kind == 'u' ? "whole number" : "number", name);
    }
    *bits = number->bits;
    return RG_OK;
}

rg_status rg_sections_number(const struct rg_sections *s, const char *name, uint64_t max, uint64_t *out) {
    RG_TRY(find_kind(s, name, 'u', out));
    if (*out > max) {
        return rg_fail(RG_BAD_FILE, "%s: the number '%s' is %llu; at most %llu was expected", s->path, name,
                       (unsigned long long)*out, (unsigned long long)max);
    }
    return RG_OK;
}

rg_status rg_sections_real(const struct rg_sections *s, const char *name, double *out) {
    uint64_t bits = 0;
    RG_TRY(find_kind(s, name, 'd', &bits));
    memcpy(out, &bits, sizeof bits);
    return RG_OK;
}

/* ---- Writing ---- */

/* Everything before the first section. */
struct front {
    struct head head;
    struct row rows[RG_SECTIONS_MAX + 1];
};

static size_t front_bytes(size_t n) {
    return sizeof(struct head) + n * sizeof(struct row);
}

/* Fill in the header and the row of every section. The section of numbers comes last. */
static void fill_front(const struct rg_section *items, size_t n, struct front *front) {
    size_t at = front_bytes(n);
    *front = (struct front){.head = {.format = RG_SECTIONS_FORMAT, .n = (uint32_t)n}};
    memcpy(front->head.magic, RG_SECTIONS_MAGIC, sizeof front->head.magic);
    for (size_t i = 0; i < n; i++) {
        struct row *const row = &front->rows[i];
        at = aligned(at);
        memcpy(row->name, items[i].name, sizeof row->name);
        row->begin = at;
        row->bytes = items[i].bytes;
        row->crc = crc_of(items[i].data, items[i].bytes);
        at += items[i].bytes;
    }
    front->head.bytes = at;
    front->head.crc = crc_of(front, front_bytes(n));
}

static rg_status write_sections(struct rg_writer *writer, const struct rg_section *items, size_t n) {
    static const char zeros[ALIGN] = {0};
    struct front front;
    fill_front(items, n, &front);
    size_t at = front_bytes(n);
    RG_TRY(rg_writer_append(writer, &front, at));
    for (size_t i = 0; i < n; i++) {
        RG_TRY(rg_writer_append(writer, zeros, (size_t)front.rows[i].begin - at));
        RG_TRY(rg_writer_append(writer, items[i].data, items[i].bytes));
        at = (size_t)front.rows[i].begin + items[i].bytes;
    }
    return rg_writer_commit(writer);
}

rg_status rg_sections_write(const struct rg_sections *s, const char *path) {
    struct rg_section items[RG_SECTIONS_MAX + 1] = {{.bytes = 0}};
    struct rg_number numbers[RG_NUMBERS_MAX];
    struct rg_writer writer;
    memcpy(items, s->items, s->n * sizeof *items);
    memcpy(numbers, s->numbers, sizeof numbers);
    items[s->n] = (struct rg_section){.data = numbers, .bytes = s->n_numbers * sizeof *numbers};
    memcpy(items[s->n].name, numbers_name, sizeof numbers_name);
    rg_status status = rg_writer_open(&writer, path);
    status = status == RG_OK ? write_sections(&writer, items, s->n + 1) : status;
    if (status != RG_OK) {
        rg_writer_abandon(&writer);
    }
    return status;
}

/* ---- Reading ---- */

static rg_status damaged_head(const char *path, const char *why) {
    return rg_fail(RG_BAD_FILE, "%s: the header is damaged: %s", path, why);
}

static rg_status damaged(const char *path, const char *name, const char *why) {
    return rg_fail(RG_BAD_FILE, "%s: the section '%s' is damaged: %s", path, name, why);
}

/* Check size and checksum of everything before the first section. */
static rg_status check_front(struct rg_sections *s, size_t bytes, struct head *head) {
    const char *const path = s->path;
    const unsigned char *const file = s->file;
    static const char no_crc[sizeof head->crc] = {0};
    memcpy(head, file, sizeof *head);
    const size_t begin = offsetof(struct head, crc), end = begin + sizeof head->crc;
    const size_t front = front_bytes(head->n);
    if (head->n == 0 || head->n > RG_SECTIONS_MAX + 1 || front > bytes) {
        return damaged_head(path, "its number of sections is impossible");
    }
    unsigned long crc = crc32_z(crc32_z(0, NULL, 0), file, begin);
    crc = crc32_z(crc32_z(crc, (const unsigned char *)no_crc, sizeof no_crc), file + end, front - end);
    if (head->bytes != bytes && (uint32_t)crc == head->crc) {
        return rg_fail(RG_BAD_FILE, "%s: the file has %zu bytes instead of %llu: it was cut short or added to", path,
                       bytes, (unsigned long long)head->bytes);
    }
    if ((uint32_t)crc != head->crc) {
        return damaged_head(path, "its checksum does not match");
    }
    s->is_foreign = head->format != RG_SECTIONS_FORMAT;
    if (s->is_foreign) {
        return rg_fail(RG_BAD_FILE,
                       "%s: a checkpoint of format %u, of another version of rnn-gpu; this one reads format %d", path,
                       (unsigned)head->format, RG_SECTIONS_FORMAT);
    }
    return RG_OK;
}

static bool is_zero(const unsigned char *bytes, size_t n) {
    size_t i = 0;
    while (i < n && bytes[i] == 0) {
        i++;
    }
    return i == n;
}

/* Check one section, which begins after byte *at. *at = its end. */
static rg_status check_section(const struct rg_sections *s, size_t bytes, const struct row *row, size_t *at) {
    unsigned char *const file = s->file;
    const size_t begin = aligned(*at);
    if (row->name[0] == '\0' || row->name[sizeof row->name - 1] != '\0') {
        return damaged_head(s->path, "a section has an invalid name");
    }
    if (row->begin != begin || begin > bytes || row->bytes > bytes - begin || row->zero != 0) {
        return damaged(s->path, row->name, "its place or size is impossible");
    }
    if (!is_zero(file + *at, begin - *at)) {
        return damaged(s->path, row->name, "the gap before it is not zero");
    }
    if (crc_of(file + begin, (size_t)row->bytes) != row->crc) {
        return damaged(s->path, row->name, "its checksum does not match");
    }
    if (rg_sections_find(s, row->name)) {
        return damaged(s->path, row->name, "there are two of that name");
    }
    *at = begin + (size_t)row->bytes;
    return RG_OK;
}

/* Take the numbers out of their section, which is the last. */
static rg_status take_numbers(struct rg_sections *s, const struct rg_section *section) {
    const struct rg_number *const from = section->data;
    s->n_numbers = section->bytes / sizeof *from;
    if (strcmp(section->name, numbers_name) != 0 || section->bytes % sizeof *from != 0 ||
        s->n_numbers > RG_NUMBERS_MAX) {
        return damaged(s->path, section->name, "it does not hold the numbers");
    }
    memcpy(s->numbers, from, section->bytes);
    for (size_t i = 0; i < s->n_numbers; i++) {
        if (memchr(s->numbers[i].name, '\0', sizeof s->numbers[i].name) == NULL) {
            return damaged(s->path, section->name, "it holds an invalid name");
        }
    }
    return RG_OK;
}

static rg_status take_sections(struct rg_sections *s, size_t bytes) {
    unsigned char *const file = s->file;
    struct head head;
    struct rg_section last = {.bytes = 0};
    RG_TRY(check_front(s, bytes, &head));
    size_t at = front_bytes(head.n);
    for (size_t i = 0; i < head.n; i++) {
        struct row row;
        memcpy(&row, file + sizeof head + i * sizeof row, sizeof row);
        RG_TRY(check_section(s, bytes, &row, &at));
        last = (struct rg_section){.data = file + row.begin, .bytes = (size_t)row.bytes};
        memcpy(last.name, row.name, sizeof last.name);
        if (i + 1 < head.n) {
            s->items[s->n++] = last;
        }
    }
    if (at != bytes) {
        return damaged_head(s->path, "the sections end before the file does");
    }
    return take_numbers(s, &last);
}

static rg_status read_file(struct rg_source *source, struct rg_sections *s) {
    if (source->bytes < sizeof(struct head)) {
        return rg_fail(RG_BAD_FILE, "%s: not a checkpoint, or one that was cut short: it has %zu bytes", s->path,
                       source->bytes);
    }
    struct head head;
    RG_TRY(rg_source_read_at(source, 0, &head, sizeof head));
    if (memcmp(head.magic, RG_SECTIONS_MAGIC, sizeof head.magic) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: not a checkpoint: it does not begin as one", s->path);
    }
    RG_TRY(rg_alloc(&s->file, source->bytes, 1, "the checkpoint"));
    RG_TRY(rg_source_read(source, s->file, source->bytes));
    return take_sections(s, source->bytes);
}

rg_status rg_sections_read(const char *path, struct rg_sections **out, bool *foreign) {
    struct rg_source source;
    struct rg_sections *s = NULL;
    *out = NULL;
    *foreign = false;
    RG_TRY(rg_source_open(&source, path));
    rg_status status = rg_sections_create(&s);
    if (status == RG_OK) {
        s->path = path;
        status = read_file(&source, s);
    }
    rg_source_close(&source);
    *foreign = s && s->is_foreign;
    if (status != RG_OK) {
        rg_sections_destroy(s);
        return status;
    }
    *out = s;
    return RG_OK;
}
