/* Images and labels in IDX files, the format of MNIST: a big-endian magic number (0, 0, type, number of dimensions),
 * the sizes, the bytes. zlib reads gzip and plain files alike. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/sizes.h"
#include "data/data_fingerprint.h"
#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/memory.h"

enum {
    IMAGES_MAGIC = 0x00000803, /* bytes, three dimensions */
    LABELS_MAGIC = 0x00000801, /* bytes, one dimension */
    MAX_IDX_DIMS = 3,
    READ_BLOCK = 1 << 20
};

struct idx_file {
    const char *path;
    gzFile stream;
    size_t file_bytes; /* on disk */
    size_t n_dims;
    size_t shape[MAX_IDX_DIMS];
    size_t payload; /* bytes after the header, according to the shape */
};

bool rg_is_idx_file(const char *path) {
    return rg_name_ends_with(path, ".idx") || rg_name_ends_with(path, "-ubyte") || rg_name_ends_with(path, ".gz");
}

static rg_status read_failure(const struct idx_file *file, size_t wanted, size_t got) {
    int code = Z_OK;

    gzerror(file->stream, &code);
    if (code != Z_OK && code != Z_BUF_ERROR) {
        return rg_fail(RG_BAD_FILE, "%s: damaged gzip data or unreadable file, found %zu bytes into the contents",
                       file->path, got);
    }
    return rg_fail(RG_BAD_FILE, "%s: the file ends early: %zu bytes were expected here and %zu are there", file->path,
                   wanted, got);
}

/* Read `bytes` bytes; if out is NULL, skip them. */
static rg_status read_bytes(const struct idx_file *file, uint8_t *out, size_t bytes) {
    uint8_t passed[4096];
    size_t block = out != NULL ? READ_BLOCK : sizeof(passed);
    size_t done = 0;

    while (done < bytes) {
        size_t n = rg_min(bytes - done, block);
        int got = gzread(file->stream, out != NULL ? out + done : passed, (unsigned)n);

        if (got <= 0) {
            return read_failure(file, bytes, done);
        }
        done += (size_t)got;
    }
    return RG_OK;
}

/* Check that the file ends here and has the right checksum. */
static rg_status expect_end(const struct idx_file *file) {
    uint8_t byte;
    int got = gzread(file->stream, &byte, 1);
    int code = Z_OK;

    gzerror(file->stream, &code);
    if (got == 0 && code == Z_OK) {
        return RG_OK;
    }
    if (got <= 0) {
        return read_failure(file, file->payload, file->payload);
    }
    return rg_fail(RG_BAD_FILE, "%s: more bytes than the %zu that its header announces", file->path, file->payload);
}

static rg_status read_header(struct idx_file *file, uint32_t magic) {
    uint8_t bytes[4 + 4 * MAX_IDX_DIMS];
    uint32_t word[1 + MAX_IDX_DIMS];

    file->n_dims = magic & 0xff;
    RG_TRY(read_bytes(file, bytes, 4 + 4 * file->n_dims));
    for (size_t i = 0; i <= file->n_dims; i++) {
        word[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8 |
                  bytes[4 * i + 3];
    }
    if (word[0] != magic) {
        return rg_fail(RG_BAD_FILE, "%s: not an IDX file of %s: magic number 0x%08x, 0x%08x was expected", file->path,
                       magic == IMAGES_MAGIC ? "images" : "labels", word[0], magic);
    }
    file->payload = 1;
    for (size_t i = 0; i < file->n_dims; i++) {
        file->shape[i] = word[1 + i];
        if (file->shape[i] == 0 || file->shape[i] > INT32_MAX) {
            return rg_fail(RG_BAD_FILE, "%s: dimension %zu is %zu; 1 to %d was expected", file->path, i + 1,
                           file->shape[i], INT32_MAX);
        }
        if (!rg_multiply(file->payload, file->shape[i], &file->payload)) {
            return rg_fail(RG_BAD_FILE, "%s: the product of the dimensions exceeds any file", file->path);
        }
    }
    return RG_OK;
}

/* Make sure that the announced bytes exist before memory is allocated for them. A plain file shows it by its size. A
 * gzip file that announces more than twice its own size is unpacked once without storing anything. */
static rg_status check_size(const struct idx_file *file) {
    size_t header = 4 + 4 * file->n_dims;

    if (gzdirect(file->stream)) {
        if (file->file_bytes - header != file->payload) {
            return rg_fail(RG_BAD_FILE, "%s: %zu bytes after the header; its dimensions require %zu", file->path,
                           file->file_bytes - header, file->payload);
        }
        return RG_OK;
    }
    if (file->payload / 2 <= file->file_bytes) {
        return RG_OK;
    }
    RG_TRY(read_bytes(file, NULL, file->payload));
    RG_TRY(expect_end(file));
    if (gzrewind(file->stream) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be read a second time", file->path);
    }
    return read_bytes(file, NULL, header);
}

static rg_status open_idx(struct idx_file *file, const char *path, uint32_t magic) {
    int fd = -1;

    file->path = path;
    RG_TRY(rg_data_open(path, &fd, &file->file_bytes));
    file->stream = gzdopen(fd, "rb");
    if (file->stream == NULL) {
        close(fd);
        return rg_fail(RG_NO_MEMORY, "%s: no memory to read it", path);
    }
    gzbuffer(file->stream, 1 << 16);
    return read_header(file, magic);
}

static rg_status read_payload(const struct idx_file *file, uint8_t **out) {
    RG_TRY(check_size(file));
    RG_TRY(rg_alloc(out, file->payload, 1, file->path));
    RG_TRY(read_bytes(file, *out, file->payload));
    return expect_end(file);
}

/* Leave the images in their file, if it is plain and they take more than half of the memory. */
static rg_status leave(const struct idx_file *images, uint64_t memory, struct rg_dataset *data, bool *left) {
    struct rg_source source;
    struct rg_stored *pixels = NULL;

    *left = memory > 0 && images->payload > memory / 2 && gzdirect(images->stream);
    if (!*left) {
        return RG_OK;
    }
    RG_TRY(check_size(images));
    RG_TRY(rg_source_open(&source, images->path));
    const size_t header = source.bytes - images->payload;
    const rg_status status = source.bytes == images->file_bytes
                                 ? rg_stored_open(&source, header, RG_U8, images->payload, &pixels)
                                 : rg_fail(RG_BAD_FILE, "%s: the file changed while it was read", images->path);
    rg_source_close(&source);
    return status == RG_OK ? rg_dataset_leave(data, &data->x_file, pixels, data->n_steps * data->n_features) : status;
}

static rg_status fill(const struct idx_file *images, const struct idx_file *labels, uint64_t memory,
                      struct rg_dataset *data) {
    bool left = false;
    uint8_t *bytes = NULL;

    if (images->shape[0] != labels->shape[0]) {
        return rg_fail(RG_BAD_FILE, "%s has %zu images and %s has %zu labels; the same number was expected",
                       images->path, images->shape[0], labels->path, labels->shape[0]);
    }
    data->kind = RG_INPUT_BYTE;
    data->n_sequences = images->shape[0];
    data->n_steps = images->shape[1];
    data->n_features = images->shape[2];
    data->n_targets = 1;
    const rg_status status = read_payload(labels, &bytes);
    data->y_raw = bytes;
    data->y_type = RG_U8;
    data->label_kind = RG_LABELS_CLASSES;
    RG_TRY(status);
    RG_TRY(leave(images, memory, data, &left));
    return left ? RG_OK : read_payload(images, &data->x_byte);
}

/* *labels = name of the labels' file; free it with rg_free. */
static rg_status name_labels(const char *images, char **labels) {
    static const char pixels[] = "images", numbers[] = "labels";
    const char *const slash = strrchr(images, '/'), *const name = slash != NULL ? slash + 1 : images;
    const char *const word = strstr(name, pixels);

    if (word == NULL) {
        return rg_fail(RG_BAD_FILE,
                       "%s: the name of a file of IDX images must contain `images`, as train-images-idx3-ubyte; its "
                       "labels are then in train-labels-idx1-ubyte",
                       images);
    }
    RG_TRY(rg_copy_string(labels, images));
    memcpy(*labels + (word - images), numbers, sizeof numbers - 1);
    char *const kind = strstr(*labels + (word - images), "idx3");
    if (kind != NULL) {
        kind[3] = '1';
    }
    return RG_OK;
}

/* Both files of a pair count. */
rg_status rg_dataset_fingerprint(const char *path, struct rg_fingerprint *out) {
    struct rg_fingerprint of_labels = {0, 0};
    char *labels = NULL;

    RG_TRY(rg_fingerprint_take(path, out));
    if (!rg_is_idx_file(path)) {
        return RG_OK;
    }
    RG_TRY(name_labels(path, &labels));
    const rg_status status = rg_fingerprint_take(labels, &of_labels);
    out->bytes += of_labels.bytes;
    out->crc = (uint32_t)crc32(out->crc, (const Bytef *)&of_labels.crc, sizeof(of_labels.crc));
    rg_free(labels);
    return status;
}

static rg_status read_files(const char *images, const char *labels, uint64_t memory, struct rg_dataset **out) {
    struct idx_file image_file = {0};
    struct idx_file label_file = {0};
    struct rg_dataset *dataset = NULL;
    rg_status status;

    *out = NULL;
    RG_TRY_GOTO(rg_dataset_create(images, &dataset));
    RG_TRY_GOTO(open_idx(&image_file, images, IMAGES_MAGIC));
    RG_TRY_GOTO(open_idx(&label_file, labels, LABELS_MAGIC));
    RG_TRY_GOTO(fill(&image_file, &label_file, memory, dataset));
    *out = dataset;
    dataset = NULL;
cleanup:
    gzclose(image_file.stream);
    gzclose(label_file.stream);
    rg_dataset_destroy(dataset);
    return status;
}

rg_status rg_dataset_read_idx(const char *images, const char *labels, struct rg_dataset **out) {
    return read_files(images, labels, 0, out);
}

rg_status rg_dataset_read_idx_pair(const char *images, uint64_t memory, struct rg_dataset **out) {
    char *labels = NULL;

    *out = NULL;
    RG_TRY(name_labels(images, &labels));
    const rg_status status = read_files(images, labels, memory, out);
    rg_free(labels);
    return status;
}
