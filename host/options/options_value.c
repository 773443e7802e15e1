/* Values of options from text, with the range in every message. Numbers read the same in every locale. */
#define _GNU_SOURCE
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "options/options.h"

_Static_assert(sizeof(enum rg_activation) == sizeof(int) && sizeof(enum rg_skip_kind) == sizeof(int) &&
                   sizeof(enum rg_loss) == sizeof(int) && sizeof(enum rg_target) == sizeof(int) &&
                   sizeof(enum rg_optimizer) == sizeof(int) && sizeof(enum rg_nonfinite) == sizeof(int) &&
                   sizeof(enum rg_pad) == sizeof(int) && sizeof(enum rg_precision) == sizeof(int) &&
                   sizeof(enum rg_math) == sizeof(int) && sizeof(enum rg_readout) == sizeof(int),
               "every enumeration is set as an int");

static const char suffixes[] = RG_SUFFIXES;

static void *field(const struct rg_option *option, struct rg_config *config) {
    return (char *)config + option->offset;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "a, b, c" in at most `bytes` bytes. */
static void join(const char *const *names, char *text, size_t bytes) {
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; names[i] != NULL && at < bytes; i++) {
        at += (size_t)snprintf(text + at, bytes - at, "%s%s", i > 0 ? ", " : "", names[i]);
    }
}

static rg_status refuse_range(const struct rg_option *option, const char *text) {
    char range[RG_OPTION_TEXT_BYTES];
    rg_option_range_text(option, range);
    return rg_fail(RG_USAGE, "--%s: %.80s is out of range; %s", option->name, text, range);
}

static rg_status refuse_form(const struct rg_option *option, const char *text, const char *form) {
    char range[RG_OPTION_TEXT_BYTES];
    rg_option_range_text(option, range);
    return rg_fail(RG_USAGE, "--%s: '%.80s' is not %s; %s", option->name, text, form, range);
}

/* ---- Whole numbers ---- */

/* The factor behind the digits of a whole number: 10^tens, and k, M, G or T. */
struct scale {
    int tens; /* below 0 for digits behind a point */
    unsigned suffix;
};

/* The digits of a number at *text, without the point among them; saturates, so that what cannot be held is out of every
 * range. */
static uint64_t scan_digits(const char **text, struct scale *scale, bool *overflow) {
    uint64_t value = 0;
    bool fraction = false;
    for (; is_digit(**text) || (**text == '.' && !fraction); (*text)++) {
        if (**text == '.') {
            fraction = true;
            continue;
        }
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value)) {
            *overflow = true;
        }
        scale->tens -= fraction;
    }
    return value;
}

/* e3, E+3: at most MAX_TENS, which no number has. */
static void scan_exponent(const char **text, struct scale *scale) {
    enum { MAX_TENS = 1000 };
    const char *at = *text + 1;
    if (**text != 'e' && **text != 'E') {
        return;
    }
    const bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (!is_digit(*at)) {
        return;
    }
    int tens = 0;
    for (; is_digit(*at); at++) {
        tens = tens < MAX_TENS ? 10 * tens + (*at - '0') : tens;
    }
    scale->tens += negative ? -tens : tens;
    *text = at;
}

/* Which of k, M, G and T stands at *text, in either case, 0 for none. Behind it a size may have B or iB. */
static unsigned scan_suffix(const char **text, bool bytes) {
    const char upper = (char)(**text & ~0x20);
    const char *const suffix = upper != '\0' ? strchr(suffixes, upper) : NULL;
    if (suffix != NULL) {
        (*text)++;
        if (bytes && (**text & ~0x20) == 'I' && ((*text)[1] & ~0x20) == 'B') {
            (*text)++;
        }
    }
    if (bytes && (**text & ~0x20) == 'B') {
        (*text)++;
    }
    return suffix != NULL ? (unsigned)(suffix - suffixes) + 1 : 0;
}

/* value times the scale; false if that is no whole number. */
static bool multiply(uint64_t *value, struct scale scale, bool bytes, bool *overflow) {
    for (unsigned i = 0; i < scale.suffix; i++) {
        *overflow = *overflow || __builtin_mul_overflow(*value, (uint64_t)(bytes ? 1024 : 1000), value);
    }
    for (; scale.tens > 0 && *value > 0 && !*overflow; scale.tens--) {
        *overflow = __builtin_mul_overflow(*value, (uint64_t)10, value);
    }
    for (; scale.tens < 0 && *value > 0 && !*overflow; scale.tens++) {
        if (*value % 10 != 0) {
            return false;
        }
        *value /= 10;
    }
    return true;
}

/* Read 4096, 1e3, 4k or 2.5M at *text and move *text behind it. k, M, G and T are powers of 1,000, or of 1,024 in a
 * size in bytes. False if there is no whole number. */
static bool scan_whole(const char **text, bool bytes, uint64_t *value, bool *overflow) {
    struct scale scale = {0, 0};
    *overflow = false;
    if (!is_digit(**text)) {
        return false;
    }
    *value = scan_digits(text, &scale, overflow);
    scan_exponent(text, &scale);
    scale.suffix = scan_suffix(text, bytes);
    return multiply(value, scale, bytes, overflow);
}

static rg_status parse_whole(const struct rg_option *option, const char *text, uint64_t *value) {
    const bool bytes = option->kind == RG_KIND_BYTES;
    const bool negative = text[0] == '-' && is_digit(text[1]);
    const char *at = negative ? text + 1 : text;
    bool overflow = false;
    if (!scan_whole(&at, bytes, value, &overflow) || *at != '\0') {
        return refuse_form(option, text,
                           bytes ? "a size such as 800M or 2G"
                           : strchr(option->argument, '|') != NULL
                               ? "a whole number, such as 4096, 1e3 or 4k, nor a time: 30s, 5m, 1h"
                               : "a whole number, such as 4096, 1e3 or 4k");
    }
    if (overflow || (negative && *value > 0) || *value < option->min || *value > option->max) {
        return refuse_range(option, text);
    }
    return RG_OK;
}

static rg_status set_whole(const struct rg_option *option, const char *text, struct rg_config *config) {
    uint64_t value = 0;
    RG_TRY(parse_whole(option, text, &value));
    if (option->kind == RG_KIND_COUNT) {
        *(size_t *)field(option, config) = (size_t)value;
    } else if (option->kind == RG_KIND_INT) {
        *(int *)field(option, config) = (int)value;
    } else {
        *(uint64_t *)field(option, config) = value;
    }
    return RG_OK;
}

/* ---- Real numbers ---- */

/* Length of a decimal number, [+-]digits[.digits][e[+-]digits], at the start of the text; 0 if there is none. strtod
 * alone would take hexadecimal, "inf", "nan" and leading space too. */
static size_t number_length(const char *text) {
    const char *at = text + (*text == '+' || *text == '-');
    size_t digits = 0;
    for (; is_digit(*at); at++) {
        digits++;
    }
    if (*at == '.') {
        for (at++; is_digit(*at); at++) {
            digits++;
        }
    }
    if (digits == 0) {
        return 0;
    }
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1;
        exponent += *exponent == '+' || *exponent == '-';
        if (is_digit(*exponent)) {
            for (at = exponent; is_digit(*at);) {
                at++;
            }
        }
    }
    return (size_t)(at - text);
}

/* The number at the start of the text; *rest = what follows it. */
static rg_status scan_real(const struct rg_option *option, const char *text, const char *form, double *value,
                           const char **rest) {
    const size_t length = number_length(text);
    if (length == 0) {
        return refuse_form(option, text, form);
    }
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) {
        return rg_fail(RG_NO_MEMORY, "--%s: no memory for the C locale; free memory", option->name);
    }
    *value = strtod_l(text, NULL, c);
    freelocale(c);
    *rest = text + length;
    return RG_OK;
}

/* Infinity is beyond every range; NaN cannot be written. */
static bool is_within(const struct rg_option *option, double value) {
    const double max = (double)option->max;
    if (option->kind == RG_KIND_SIGNED) {
        return fabs(value) <= max;
    }
    if (option->kind == RG_KIND_POSITIVE) {
        return value >= RG_SMALLEST_POSITIVE && value <= max;
    }
    return value >= (double)option->min && (option->kind == RG_KIND_FRACTION ? value < max : value <= max);
}

static rg_status set_real(const struct rg_option *option, const char *text, struct rg_config *config) {
    const bool duration = option->kind == RG_KIND_DURATION;
    const char *const form = duration                       ? "a time such as 90, 30s, 5m or 1h"
                             : option->kind == RG_KIND_RATE ? "a number or auto"
                                                            : "a number";
    const char *rest = "";
    double value = 0.0;
    RG_TRY(scan_real(option, text, form, &value, &rest));
    if (duration && *rest != '\0' && strchr("smh", *rest) != NULL) {
        value *= *rest == 'h' ? 3600.0 : *rest == 'm' ? 60.0 : 1.0;
        rest++;
    }
    if (*rest != '\0') {
        return refuse_form(option, text, form);
    }
    if (!is_within(option, value)) {
        return refuse_range(option, text);
    }
    *(double *)field(option, config) = value;
    return RG_OK;
}

/* ---- Names ---- */

static rg_status find_name(const struct rg_option *option, const char *text, const char *const *names, size_t *index) {
    char list[RG_OPTION_TEXT_BYTES], hint[RG_HINT_BYTES];
    *index = 0;
    while (names[*index] != NULL && strcmp(names[*index], text) != 0) {
        (*index)++;
    }
    if (names[*index] != NULL) {
        return RG_OK;
    }
    join(names, list, sizeof list);
    return rg_fail(RG_USAGE, "--%s: unknown value '%.80s'; expected %s%s%s", option->name, text,
                   names[1] != NULL ? "one of " : "", list, rg_name_hint(text, names, hint));
}

static rg_status set_name(const struct rg_option *option, const char *text, struct rg_config *config) {
    size_t index = 0;
    RG_TRY(find_name(option, text, option->names, &index));
    if (option->kind == RG_KIND_NAME) {
        *(const char **)field(option, config) = option->names[index];
    } else if (option->kind == RG_KIND_COLOR) {
        *(int *)field(option, config) = index == 0 ? -1 : 2 - (int)index;
    } else {
        const int value = (int)index;
        memcpy(field(option, config), &value, sizeof value);
    }
    return RG_OK;
}

static rg_status set_cell(const struct rg_option *option, const char *text, struct rg_config *config) {
    size_t index = 0;
    RG_TRY(find_name(option, text, option->names, &index));
    config->model.irnn = index == RG_N_CELLS; /* the name after those of the table */
    config->model.cell = config->model.irnn ? RG_CELL_RNN : (enum rg_cell)index;
    return RG_OK;
}

/* ---- A name and numbers behind colons ---- */

/* The position in option->names of the name before the first colon; *rest = the text from that colon on. */
static rg_status scan_name(const struct rg_option *option, const char *text, size_t *index, const char **rest) {
    enum { BYTES = 32 };
    char name[BYTES];
    const size_t length = strcspn(text, ":");
    snprintf(name, sizeof name, "%.*s", (int)(length < BYTES ? length : BYTES - 1), text);
    *rest = text + length;
    return find_name(option, name, option->names, index);
}

static rg_status set_init(const struct rg_option *option, const char *text, struct rg_config *config) {
    const char *rest = "";
    size_t index = 0;
    RG_TRY(scan_name(option, text, &index, &rest));
    const struct rg_init_form *const form = &rg_init_forms[index];
    const char *const name = option->names[index];
    struct rg_init init = {(enum rg_init_kind)index, form->value};
    if (*rest == ':' && form->number == NULL) {
        return rg_fail(RG_USAGE, "--%s: %s takes no number; write --%s %s", option->name, name, option->name, name);
    }
    if (*rest != ':' && isnan(form->value)) {
        return rg_fail(RG_USAGE, "--%s: %s needs a number; write --%s %s:%s", option->name, name, option->name, name,
                       form->number);
    }
    if (*rest == ':') {
        const struct rg_option number = {.name = option->name, .min = form->min, .max = option->max};
        const char *const start = rest + 1;
        RG_TRY(scan_real(&number, start, "a number", &init.value, &rest));
        if (*rest != '\0') {
            return refuse_form(&number, start, "a number");
        }
        if (!is_within(&number, init.value)) {
            return refuse_range(&number, start);
        }
    }
    *(struct rg_init *)field(option, config) = init;
    return RG_OK;
}

/* Read `:N` at *text and move *text behind it. False if there is none, or if N is 0 or above `max`. */
static bool scan_every(uint64_t max, const char **text, size_t *every) {
    uint64_t value = 0;
    bool overflow = false;
    if (**text != ':') {
        return false;
    }
    (*text)++;
    const bool good = scan_whole(text, false, &value, &overflow);
    *every = (size_t)value;
    return good && !overflow && value >= 1 && value <= max;
}

static rg_status set_schedule(const struct rg_option *option, const char *text, struct rg_config *config) {
    const char *rest = "";
    size_t index = 0;
    RG_TRY(scan_name(option, text, &index, &rest));
    const struct rg_schedule_form *const form = &rg_schedule_forms[index];
    const char *const name = option->names[index];
    const struct rg_option factor = {.name = option->name, .max = 1};
    struct rg_schedule_options schedule = {(enum rg_schedule)index, form->every, form->gamma};
    bool good = true;
    if (*rest == ':' && *form->numbers == '\0') {
        return rg_fail(RG_USAGE, "--%s: %s takes no number; write --%s %s", option->name, name, option->name, name);
    }
    if (*rest == ':' && form->every > 0) {
        good = scan_every(option->max, &rest, &schedule.every);
    }
    if (good && *rest == ':') {
        RG_TRY(scan_real(&factor, rest + 1, "a number", &schedule.gamma, &rest));
        good = is_within(&factor, schedule.gamma);
    }
    if (!good || *rest != '\0') {
        return rg_fail(RG_USAGE, "--%s: '%.80s' is not %s%s with %sG from 0 to 1", option->name, text, name,
                       form->numbers, form->every > 0 ? "N from 1 to 1000000000 and " : "");
    }
    *(struct rg_schedule_options *)field(option, config) = schedule;
    return RG_OK;
}

/* Whether a text ends with the suffix of a time. */
static bool ends_as_time(const char *text) {
    const size_t length = strlen(text);
    return length > 1 && strchr("smh", text[length - 1]) != NULL;
}

/* A number of updates, or a time with its suffix. */
static rg_status set_every(const struct rg_option *option, const char *text, struct rg_config *config) {
    struct rg_every *const every = field(option, config);
    struct rg_option number = *option;
    if (ends_as_time(text)) {
        number.kind = RG_KIND_DURATION;
        number.offset += offsetof(struct rg_every, seconds);
        RG_TRY(set_real(&number, text, config));
        every->updates = 0;
        return RG_OK;
    }
    number.kind = RG_KIND_COUNT;
    number.offset += offsetof(struct rg_every, updates);
    RG_TRY(set_whole(&number, text, config));
    every->seconds = 0.0;
    return RG_OK;
}

rg_status rg_option_set(const struct rg_option *option, const char *text, struct rg_config *config) {
    if (text[0] == '\0' && option->kind != RG_KIND_FLAG) {
        return rg_fail(RG_USAGE, "--%s: the value is empty; expected %s", option->name, option->argument);
    }
    switch (option->kind) {
    case RG_KIND_FLAG:
        return rg_fail(RG_USAGE, "--%s takes no value; write --%s alone", option->name, option->name);
    case RG_KIND_COUNT:
    case RG_KIND_U64:
    case RG_KIND_INT:
    case RG_KIND_BYTES:
        return set_whole(option, text, config);
    case RG_KIND_RATE:
        if (strcmp(text, "auto") == 0) {
            *(double *)field(option, config) = NAN;
            return RG_OK;
        }
        return set_real(option, text, config);
    case RG_KIND_REAL:
    case RG_KIND_SIGNED:
    case RG_KIND_FRACTION:
    case RG_KIND_POSITIVE:
    case RG_KIND_DURATION:
        return set_real(option, text, config);
    case RG_KIND_NAME:
    case RG_KIND_ENUM:
    case RG_KIND_COLOR:
        return set_name(option, text, config);
    case RG_KIND_CELL:
        return set_cell(option, text, config);
    case RG_KIND_INIT:
        return set_init(option, text, config);
    case RG_KIND_EVERY:
        return set_every(option, text, config);
    case RG_KIND_SCHEDULE:
        return set_schedule(option, text, config);
    case RG_KIND_TEXT:
        break;
    }
    *(const char **)field(option, config) = text;
    return RG_OK;
}
