/* JSON lines on stdout: see json_lines.h. */
#include "report/json_lines.h"

#include <math.h>
#include <stdio.h>

#include "rnn_gpu/log.h"

json_t *rg_json_real(double value) {
    if (isfinite(value)) {
        return json_real(value);
    }
    return json_string(isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

void rg_json_print(json_t *object) {
    if (!object || json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)) != 0 ||
        putchar('\n') == EOF || fflush(stdout) != 0) {
        rg_log("a line of JSON could not be written");
    }
    json_decref(object);
}
