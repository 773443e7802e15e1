/* Puts the kernel files together (their #include lines are followed here, with #line marks so that a compiler message
 * names the file) and builds them. */
#define _GNU_SOURCE
#include "device/opencl/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/guard.h"
#include "base/stop.h"
#include "device/opencl/binary_cache.h"
#include "device/opencl/devices.h"
#include "device/opencl/pocl_cache.h"
#include "rnn_gpu/memory.h"

static const struct rg_embedded_file *find_source(const char *name, size_t length) {
    for (size_t i = 0; i < rg_n_kernel_sources; i++) {
        if (strlen(rg_kernel_sources[i].name) == length && memcmp(rg_kernel_sources[i].name, name, length) == 0) {
            return &rg_kernel_sources[i];
        }
    }
    return NULL;
}

/* Write one file, and the files it includes, to `out`. */
static rg_status expand(FILE *out, const char *name, size_t length, int depth) {
    static const char include[] = "#include \"";
    const struct rg_embedded_file *source = find_source(name, length);
    if (!source || depth > 8) {
        return rg_fail(RG_ERROR, "kernel file \"%.*s\" is not in this build", (int)length, name);
    }
    const char *text = (const char *)source->text;
    const char *const end = text + source->bytes;
    (void)fprintf(out, "#line 1 \"%s\"\n", source->name);
    for (int line = 1; text < end; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *const next = newline ? newline + 1 : end;
        const char *const quote =
            (size_t)(next - text) > sizeof include - 1 && memcmp(text, include, sizeof include - 1) == 0
                ? memchr(text + sizeof include - 1, '"', (size_t)(next - text) - (sizeof include - 1))
                : NULL;
        if (quote) {
            const char *const file = text + sizeof include - 1;
            RG_TRY(expand(out, file, (size_t)(quote - file), depth + 1));
            (void)fprintf(out, "#line %d \"%s\"\n", line + 1, source->name);
        } else {
            (void)fwrite(text, 1, (size_t)(next - text), out);
        }
        text = next;
    }
    return RG_OK;
}

/* Write the text without its comments, which have letters beyond ASCII and take time. A line break in one becomes a
 * joined line: messages then count lines right, and no macro ends there. */
static void write_without_comments(FILE *out, const char *at) {
    static const char begin[] = "/*", end[] = "*/"; /* the kernels have no comments of the other kind */
    for (const char *comment = strstr(at, begin); comment; comment = strstr(at, begin)) {
        (void)fwrite(at, 1, (size_t)(comment - at), out);
        (void)fputc(' ', out);
        const char *const last = strstr(comment, end);
        for (at = comment; last && at < last; at++) {
            if (*at == '\n') {
                (void)fputs("\\\n", out);
            }
        }
        at += strlen(end);
    }
    (void)fputs(at, out);
}

static rg_status close_text(FILE *stream, rg_status status) {
    return fclose(stream) != 0 && status == RG_OK ? rg_fail(RG_NO_MEMORY, "no memory for the kernel text") : status;
}

/* *out = the whole text, without comments; free() it. */
static rg_status program_text(const char *root, char **out) {
    static const char prelude[] = "base/prelude.cl";
    size_t bytes = 0;
    char *whole = NULL;
    *out = NULL;
    FILE *stream = open_memstream(&whole, &bytes);
    if (!stream) {
        return rg_fail(RG_NO_MEMORY, "no memory for the kernel text");
    }
    rg_status status = expand(stream, prelude, strlen(prelude), 0);
    if (status == RG_OK) {
        status = expand(stream, root, strlen(root), 0);
    }
    status = close_text(stream, status);
    stream = status == RG_OK ? open_memstream(out, &bytes) : NULL;
    if (stream) {
        write_without_comments(stream, whole);
        status = close_text(stream, RG_OK);
    } else if (status == RG_OK) {
        status = rg_fail(RG_NO_MEMORY, "no memory for the kernel text");
    }
    free(whole);
    return status;
}

/* The failed build's options and the beginning of the compiler's log. */
static rg_status build_failed(const struct rg_cl_target *target, cl_program program, cl_int code, const char *options) {
    const struct rg_cl *const cl = target->cl;
    char *log = NULL, problem[RG_POCL_CACHE_PROBLEM], platform[RG_CL_NAME];
    size_t bytes = 0;
    RG_TRY(rg_stop_check()); /* see rg_cl_check */
    rg_cl_platform_of(cl, target->id, platform);
    rg_pocl_cache_problem(platform, problem);
    if (problem[0]) {
        return rg_fail(RG_NO_DEVICE, "the kernels do not build: %s, or try --device cpu", problem);
    }
    (void)cl->clGetProgramBuildInfo(program, target->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    if (rg_alloc(&log, bytes + 1, 1, "a build log") == RG_OK) {
        (void)cl->clGetProgramBuildInfo(program, target->id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL);
    }
    const char *const marked = log ? strstr(log, "error:") : NULL; /* a file's name may have the word */
    const char *const error = marked || !log ? marked : strstr(log, "error");
    const rg_status status =
        rg_fail(RG_NO_DEVICE, "the kernels do not build on this device: %s with \"%s\": %.*s; try --device cpu",
                rg_cl_error_name(code), options, 400,
                error         ? error
                : log && *log ? log
                              : "(no log)");
    rg_free(log);
    return status;
}

static rg_status build_text(const struct rg_cl_target *target, const char *text, const char *options,
                            cl_program *program) {
    const struct rg_cl *const cl = target->cl;
    cl_int code = CL_SUCCESS;
    *program = cl->clCreateProgramWithSource(target->context, 1, (const char *[]){text}, NULL, &code);
    RG_TRY(rg_cl_check(code, "clCreateProgramWithSource", "the kernels"));
    code = cl->clBuildProgram(*program, 1, &target->id, options, NULL, NULL);
    rg_guard_rearm();
    if (code == CL_SUCCESS) {
        return RG_OK;
    }
    const rg_status status = build_failed(target, *program, code, options);
    (void)cl->clReleaseProgram(*program);
    *program = NULL;
    return status;
}

rg_status rg_cl_program_build(const struct rg_cl_target *target, const struct rg_device_info *info,
                              const struct rg_cl_program *what, cl_program *program) {
    /* so many registers that a multiprocessor holds two work-groups */
    static const char *const tf32[] = {[RG_TF32_NONE] = "",
                                       [RG_TF32_TENSOR_CORES] = " -DRG_TF32=1 -cl-nv-maxrregcount=128",
                                       [RG_TF32_EMULATED] = " -DRG_TF32=2"};
    char options[256], shape[64] = "";
    if (what->item_rows) {
        (void)snprintf(shape, sizeof shape, " -DRG_BLOCK_ROWS=%d -DRG_SCAN_PART=%d", what->block_rows, what->scan_part);
    }
    /* -w: PoCL prints warnings itself */
    (void)snprintf(options, sizeof options,
                   "-cl-std=CL1.2 -w -DRG_VEC=%d -DRG_NV=%d -DRG_COLS=%d -DRG_ROWS=%d%s%s%s%s%s%s%s", info->vec,
                   info->nv, info->cols, what->item_rows ? what->item_rows : info->rows, shape,
                   info->real_bytes == sizeof(double) ? " -DRG_DOUBLE=1" : "", what->replicas ? " -DRG_REPLICAS=1" : "",
                   info->has_fma ? "" : " -DRG_HAS_FMA=0", info->subnormals_are_zero ? " -cl-denorms-are-zero" : "",
                   info->has_prefetch && info->cols * info->rows == 1 ? " -DRG_HAS_PREFETCH=1" : "", tf32[info->tf32]);
    char *text = NULL;
    struct rg_cl_binary binary;
    *program = NULL;
    rg_status status = program_text(what->root, &text);
    if (status == RG_OK) {
        rg_cl_binary_find(target->cl, target->id, text, options, &binary);
    }
    if (status == RG_OK && !rg_cl_binary_load(target, options, &binary, program)) {
        status = build_text(target, text, options, program);
        if (status == RG_OK) {
            rg_cl_binary_save(target->cl, *program, &binary);
        }
    }
    free(text);
    return status;
}
