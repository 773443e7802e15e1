/* JSON lines on stdout: see json_lines.h. */
#include "report/json_lines.h"

#include <math.h>

#include "rnn_gpu/log.h"

json_t *rg_json_real(double value) {
    if (isfinite(value)) {
        return json_real(value);
    }
    return json_string(isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

json_t *rg_json_seed(uint64_t seed) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

json_t *rg_json_text(const char *text) {
    char ascii[4096];
    json_t *const exact = json_string(text);
    if (exact) {
        return exact;
    }
    (void)snprintf(ascii, sizeof ascii, "%s", text);
    for (char *at = ascii; *at; at++) {
        *at = (unsigned char)*at < 0x80 ? *at : '?';
    }
    return json_string(ascii);
}

void rg_json_write(const json_t *object, FILE *stream) {
    /* a failure stays with the stream */
    (void)json_dumpf(object, stream, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    (void)putc('\n', stream);
    (void)fflush(stream);
}

void rg_json_print(json_t *object) {
    if (!object) {
        rg_log("no memory for a line of JSON");
        return;
    }
    rg_json_write(object, stdout); /* main.c reports what stdout did not take */
    json_decref(object);
}
