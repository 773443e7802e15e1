/* Scalars for TensorBoard: see tensorboard.h. */
#define _GNU_SOURCE
#include "cli/report/tensorboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files/growing.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { PATH_BYTES = 4096, EVENT_BYTES = 2048, MAX_SCALARS = 16 };

struct rg_tensorboard {
    struct rg_growing file;
    char path[PATH_BYTES];
    rg_status status;  /* status of the first failure */
    char message[512]; /* its message */
};

uint32_t rg_crc32c(const void *bytes, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    for (const unsigned char *b = bytes; length > 0; length--, b++) {
        crc ^= *b;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        }
    }
    return ~crc;
}

uint32_t rg_crc32c_masked(const void *bytes, size_t length) {
    const uint32_t crc = rg_crc32c(bytes, length);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/* ---- Protocol buffers: a tag is field number << 3 | wire type ---- */

struct message {
    unsigned char bytes[EVENT_BYTES];
    size_t length;
};

static void add_little(struct message *m, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++) {
        m->bytes[m->length++] = (unsigned char)(value >> 8 * i);
    }
}

static void add_varint(struct message *m, uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        m->bytes[m->length++] = (unsigned char)(value | 0x80);
    }
    m->bytes[m->length++] = (unsigned char)value;
}

static void add_double(struct message *m, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_little(m, bits, sizeof bits);
}

static void add_bytes(struct message *m, unsigned tag, const void *bytes, size_t length) {
    add_varint(m, tag);
    add_varint(m, length);
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
}

/* The start of Event { double wall_time = 1; int64 step = 2; … }. */
static void begin_event(struct message *event, uint64_t step) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    event->length = 0;
    add_varint(event, 1 << 3 | 1);
    add_double(event, seconds);
    add_varint(event, 2 << 3 | 0);
    add_varint(event, step);
}

/* Summary.Value { string tag = 1; float simple_value = 2; } as a Summary's `value = 1`. */
static void add_scalar(struct message *summary, const struct rg_scalar *scalar) {
    struct message value = {.length = 0};
    const float number = (float)scalar->value;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    add_bytes(&value, 1 << 3 | 2, scalar->tag, strnlen(scalar->tag, 64));
    add_varint(&value, 2 << 3 | 5);
    add_little(&value, bits, sizeof bits);
    add_bytes(summary, 1 << 3 | 2, value.bytes, value.length);
}

/* TFRecord: length, masked CRC of the length, data, masked CRC of the data. */
static void write_record(struct rg_tensorboard *t, const struct message *event) {
    unsigned char record[EVENT_BYTES + 16];
    struct message frame = {.length = 0};
    add_little(&frame, event->length, 8);
    add_little(&frame, rg_crc32c_masked(frame.bytes, 8), 4);
    memcpy(record, frame.bytes, frame.length);
    memcpy(record + frame.length, event->bytes, event->length);
    const size_t before = frame.length + event->length;
    frame.length = 0;
    add_little(&frame, rg_crc32c_masked(event->bytes, event->length), 4);
    memcpy(record + before, frame.bytes, frame.length);
    if (t->status == RG_OK) {
        t->status = rg_growing_append(&t->file, record, before + frame.length);
        (void)snprintf(t->message, sizeof t->message, "%s", t->status == RG_OK ? "" : rg_error_message());
    }
}

static rg_status not_saved(const struct rg_tensorboard *t, int error) {
    return rg_fail(RG_NOT_SAVED, "%s: --tensorboard cannot be written: %s; choose another folder", t->path,
                   strerror(error));
}

/* Create the new file t->path. */
static rg_status create(const char *folder, bool fits, struct rg_tensorboard *t) {
    const bool made = mkdir(folder, 0777) == 0 || errno == EEXIST;
    const int fd = made && fits ? open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (fd < 0) {
        return not_saved(t, fits ? errno : ENAMETOOLONG);
    }
    struct message event;
    rg_growing_adopt(&t->file, t->path, fd);
    begin_event(&event, 0);
    add_bytes(&event, 3 << 3 | 2, "brain.Event:2", strlen("brain.Event:2")); /* file_version = 3 */
    write_record(t, &event);
    return RG_OK;
}

rg_status rg_tensorboard_create(const char *folder, struct rg_tensorboard **out) {
    struct rg_tensorboard *t = NULL;
    char host[65] = "host";
    *out = NULL;
    RG_TRY(rg_alloc(&t, 1, sizeof *t, "the TensorBoard file"));
    (void)gethostname(host, sizeof host - 1);
    const int length = snprintf(t->path, sizeof t->path, "%s/events.out.tfevents.%lld.%s.%ld", folder,
                                (long long)time(NULL), host, (long)getpid());
    const rg_status status = create(folder, length < (int)sizeof t->path, t);
    if (status != RG_OK) {
        rg_free(t);
        return status;
    }
    *out = t;
    return RG_OK;
}

rg_status rg_tensorboard_resume(const char *folder, const char *name, uint64_t bytes, struct rg_tensorboard **out) {
    static const char start[] = "\x1A\0\0\0\0\0\0\0"; /* length of the first record */
    struct rg_tensorboard *t = NULL;
    RG_TRY(rg_alloc(&t, 1, sizeof *t, "the TensorBoard file"));
    const int length = snprintf(t->path, sizeof t->path, "%s/%s", folder, name);
    if (length < (int)sizeof t->path && !strchr(name, '/') &&
        rg_growing_resume(&t->file, t->path, bytes, start, sizeof start - 1) == RG_OK) {
        *out = t;
        return RG_OK;
    }
    rg_free(t);
    rg_log("%s: the event file %s differs from what the run wrote; a new one is started", folder, name);
    return rg_tensorboard_create(folder, out);
}

rg_status rg_tensorboard_sync(struct rg_tensorboard *t, const char **name, uint64_t *bytes) {
    *name = strrchr(t->path, '/') + 1;
    return t->status == RG_OK ? rg_growing_sync(&t->file, bytes) : rg_fail(t->status, "%s", t->message);
}

static void write_summary(struct rg_tensorboard *t, uint64_t step, const struct message *summary) {
    struct message event;
    begin_event(&event, step);
    add_bytes(&event, 5 << 3 | 2, summary->bytes, summary->length); /* summary = 5 */
    write_record(t, &event);
}

void rg_tensorboard_add(struct rg_tensorboard *t, uint64_t step, const struct rg_scalar *scalars, size_t n) {
    struct message summary = {.length = 0};
    for (size_t i = 0; i < n && i < MAX_SCALARS; i++) {
        add_scalar(&summary, &scalars[i]);
    }
    write_summary(t, step, &summary);
}

void rg_tensorboard_add_histogram(struct rg_tensorboard *t, uint64_t step, const char *tag, const double *limits,
                                  const double *weights, size_t n) {
    double all = 0.0, sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double middle = 0.5 * (limits[i] + limits[i + 1]);
        all += weights[i];
        sum += weights[i] * middle;
        squares += weights[i] * middle * middle;
    }
    /* HistogramProto { min, max, num, sum, sum_squares = 1 … 5; repeated double bucket_limit = 6, bucket = 7 } */
    const double numbers[] = {limits[0], limits[n], all, sum, squares};
    struct message histogram = {.length = 0}, value = {.length = 0}, summary = {.length = 0};
    for (unsigned i = 0; i < 5; i++) {
        add_varint(&histogram, (i + 1) << 3 | 1);
        add_double(&histogram, numbers[i]);
    }
    for (unsigned field = 6; field < 8; field++) {
        add_varint(&histogram, field << 3 | 2);
        add_varint(&histogram, n * sizeof(double));
        for (size_t i = 0; i < n; i++) {
            add_double(&histogram, field == 6 ? limits[i + 1] : weights[i]);
        }
    }
    add_bytes(&value, 1 << 3 | 2, tag, strnlen(tag, 64));
    add_bytes(&value, 5 << 3 | 2, histogram.bytes, histogram.length); /* histo = 5 */
    add_bytes(&summary, 1 << 3 | 2, value.bytes, value.length);
    write_summary(t, step, &summary);
}

rg_status rg_tensorboard_close(struct rg_tensorboard *t) {
    if (!t) {
        return RG_OK;
    }
    const rg_status closed = rg_growing_close(&t->file);
    const rg_status status = t->status == RG_OK ? closed : rg_fail(t->status, "%s", t->message);
    rg_free(t);
    return status;
}
