/* Scalars for TensorBoard: see tensorboard.h. */
#define _GNU_SOURCE
#include "report/tensorboard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rnn_gpu/memory.h"

enum { PATH_BYTES = 4096, EVENT_BYTES = 2048, MAX_SCALARS = 16, FLUSH_SECONDS = 1 };

struct rg_tensorboard {
    FILE *file;
    char path[PATH_BYTES];
    int error; /* the first errno */
    time_t flushed;
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

/* Event { double wall_time = 1; int64 step = 2; … }, to be continued. */
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
    struct message frame = {.length = 0};
    add_little(&frame, event->length, 8);
    add_little(&frame, rg_crc32c_masked(frame.bytes, 8), 4);
    errno = 0;
    const size_t written =
        fwrite(frame.bytes, 1, frame.length, t->file) + fwrite(event->bytes, 1, event->length, t->file);
    const size_t before = frame.length + event->length;
    frame.length = 0;
    add_little(&frame, rg_crc32c_masked(event->bytes, event->length), 4);
    if (written + fwrite(frame.bytes, 1, 4, t->file) != before + 4 && t->error == 0) {
        t->error = errno ? errno : EIO;
    }
}

static rg_status not_saved(const struct rg_tensorboard *t, int error) {
    return rg_fail(RG_NOT_SAVED, "%s: --tensorboard cannot be written: %s; choose another folder", t->path,
                   strerror(error));
}

rg_status rg_tensorboard_create(const char *folder, struct rg_tensorboard **out) {
    struct rg_tensorboard *t = NULL;
    char host[65] = "host";
    *out = NULL;
    RG_TRY(rg_alloc(&t, 1, sizeof *t, "the TensorBoard file"));
    (void)gethostname(host, sizeof host - 1);
    const int length = snprintf(t->path, sizeof t->path, "%s/events.out.tfevents.%lld.%s.%ld", folder,
                                (long long)time(NULL), host, (long)getpid());
    const bool made = mkdir(folder, 0777) == 0 || errno == EEXIST;
    t->file = made && length < (int)sizeof t->path ? fopen(t->path, "wxe") : NULL;
    if (!t->file) {
        const rg_status status = not_saved(t, length < (int)sizeof t->path ? errno : ENAMETOOLONG);
        rg_free(t);
        return status;
    }
    struct message event;
    begin_event(&event, 0);
    add_bytes(&event, 3 << 3 | 2, "brain.Event:2", strlen("brain.Event:2")); /* file_version = 3 */
    write_record(t, &event);
    *out = t;
    return RG_OK;
}

static void write_summary(struct rg_tensorboard *t, uint64_t step, const struct message *summary) {
    struct message event;
    begin_event(&event, step);
    add_bytes(&event, 5 << 3 | 2, summary->bytes, summary->length); /* summary = 5 */
    write_record(t, &event);
    const time_t now = time(NULL);
    if (now >= t->flushed + FLUSH_SECONDS) { /* so that a run can be watched */
        (void)fflush(t->file);
        t->flushed = now;
    }
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
    errno = 0;
    if (fclose(t->file) != 0 && t->error == 0) {
        t->error = errno ? errno : EIO;
    }
    const rg_status status = t->error ? not_saved(t, t->error) : RG_OK;
    rg_free(t);
    return status;
}
