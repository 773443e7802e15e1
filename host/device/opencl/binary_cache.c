/* Built programs on disk: see binary_cache.h. */
#define _GNU_SOURCE
#include "device/opencl/binary_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/guard.h"
#include "base/hash.h"
#include "device/opencl/devices.h"
#include "device/opencl/pocl_cache.h"
#include "rnn_gpu/memory.h"

enum { FORMAT = 1, INFO_BYTES = 256 };
/* A second start of the hash, so that a key has 128 bits: 2^64 over the golden ratio. */
static const uint64_t OTHER_START = 0x9E3779B97F4A7C15u;
static const uint64_t MAX_BYTES = (uint64_t)1 << 28;

struct header {
    char magic[8];
    uint64_t key[2];
    uint64_t kernels; /* in the program */
    uint64_t bytes;   /* of the binary */
    uint64_t check;   /* its hash */
};
static const char magic[8] = "rgkernel";

/* Two hashes of a text and the 0 behind it. */
static void mix(uint64_t key[2], const char *text) {
    for (size_t i = 0; i < 2; i++) {
        key[i] = rg_hash_bytes(key[i], text, strlen(text) + 1);
    }
}

void rg_cl_binary_find(const struct rg_cl *cl, cl_device_id device, const char *text, const char *options,
                       struct rg_cl_binary *b) {
    static const cl_device_info facts[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION, CL_DRIVER_VERSION};
    char platform[RG_CL_NAME], format[16], name[48];
    rg_cl_platform_of(cl, device, platform);
    *b = (struct rg_cl_binary){.key = {RG_HASH_START, OTHER_START}};
    if (strcmp(platform, RG_POCL_NAME) == 0) {
        return;
    }
    (void)snprintf(format, sizeof format, "%d", FORMAT);
    mix(b->key, format);
    mix(b->key, platform);
    mix(b->key, options);
    mix(b->key, text);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        char value[INFO_BYTES] = "";
        (void)cl->clGetDeviceInfo(device, facts[i], sizeof value - 1, value, NULL);
        mix(b->key, value);
    }
    (void)snprintf(name, sizeof name, "kernels-%016llx%016llx", (unsigned long long)b->key[0],
                   (unsigned long long)b->key[1]);
    if (rg_cache_path(name, b->path) != RG_OK) {
        b->path[0] = '\0';
    }
}

/* The binary of a file that is whole, or NULL. */
static unsigned char *read_file(const struct rg_cl_binary *b, struct header *header) {
    FILE *const file = fopen(b->path, "rbe");
    unsigned char *bytes = NULL;
    if (!file) {
        return NULL;
    }
    const bool good = fread(header, sizeof *header, 1, file) == 1 && memcmp(header->magic, magic, sizeof magic) == 0 &&
                      memcmp(header->key, b->key, sizeof b->key) == 0 && header->bytes <= MAX_BYTES;
    if (good && rg_alloc(&bytes, (size_t)header->bytes, 1, "a built program") == RG_OK &&
        (fread(bytes, 1, (size_t)header->bytes, file) != header->bytes || fgetc(file) != EOF ||
         rg_hash_bytes(b->key[0], bytes, (size_t)header->bytes) != header->check)) {
        rg_free(bytes);
        bytes = NULL;
    }
    (void)fclose(file);
    return bytes;
}

static uint64_t count_kernels(const struct rg_cl *cl, cl_program program) {
    size_t n = 0;
    return cl->clGetProgramInfo(program, CL_PROGRAM_NUM_KERNELS, sizeof n, &n, NULL) == CL_SUCCESS ? n : 0;
}

bool rg_cl_binary_load(const struct rg_cl_target *target, const char *options, const struct rg_cl_binary *b,
                       cl_program *program) {
    const struct rg_cl *const cl = target->cl;
    struct header header;
    *program = NULL;
    if (!b->path[0] || access(b->path, F_OK) != 0) {
        return false;
    }
    unsigned char *const bytes = read_file(b, &header);
    bool built = false;
    if (bytes) {
        const size_t n = (size_t)header.bytes;
        const unsigned char *text = bytes;
        cl_int code = CL_SUCCESS;
        *program = cl->clCreateProgramWithBinary(target->context, 1, &target->id, &n, &text, NULL, &code);
        built = code == CL_SUCCESS && *program &&
                cl->clBuildProgram(*program, 1, &target->id, options, NULL, NULL) == CL_SUCCESS &&
                count_kernels(cl, *program) == header.kernels;
        rg_guard_rearm();
        rg_free(bytes);
    }
    if (!built) {
        if (*program) {
            (void)cl->clReleaseProgram(*program);
        }
        *program = NULL;
        (void)unlink(b->path);
    }
    return built;
}

/* Whole or not at all. */
static void write_file(const struct rg_cl_binary *b, const struct header *header, const unsigned char *bytes) {
    char temporary[RG_CACHE_PATH + 16];
    (void)snprintf(temporary, sizeof temporary, "%s", b->path);
    rg_cache_make_folders(temporary);
    (void)snprintf(temporary, sizeof temporary, "%s.%ld", b->path, (long)getpid());
    FILE *const file = fopen(temporary, "wbxe");
    if (!file) {
        return;
    }
    const bool whole =
        fwrite(header, sizeof *header, 1, file) == 1 && fwrite(bytes, 1, (size_t)header->bytes, file) == header->bytes;
    if (fclose(file) != 0 || !whole || rename(temporary, b->path) != 0) {
        (void)unlink(temporary);
    }
}

void rg_cl_binary_save(const struct rg_cl *cl, cl_program program, const struct rg_cl_binary *b) {
    size_t n = 0;
    unsigned char *bytes = NULL;
    if (!b->path[0] || cl->clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof n, &n, NULL) != CL_SUCCESS ||
        n == 0 || n > MAX_BYTES || rg_alloc(&bytes, n, 1, "a built program") != RG_OK) {
        return;
    }
    struct header header = {.key = {b->key[0], b->key[1]}, .kernels = count_kernels(cl, program), .bytes = n};
    memcpy(header.magic, magic, sizeof magic);
    if (cl->clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) == CL_SUCCESS) {
        header.check = rg_hash_bytes(b->key[0], bytes, n);
        write_file(b, &header, bytes);
    }
    rg_free(bytes);
}
