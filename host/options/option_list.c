/* Lists of values for a sweep: see option_list.h. */
#include "options/option_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"

enum { NUMBER_BYTES = 32 };

static bool is_whole(const struct rg_option *option) {
    return option->kind == RG_KIND_COUNT || option->kind == RG_KIND_U64 || option->kind == RG_KIND_INT;
}

static bool is_real(const struct rg_option *option) {
    return option->kind == RG_KIND_REAL || option->kind == RG_KIND_RATE || option->kind == RG_KIND_SIGNED ||
           option->kind == RG_KIND_FRACTION;
}

static rg_status refuse(const struct rg_option *option, const char *item, const char *rule) {
    return rg_fail(RG_USAGE, "--%s: '%.60s' is not a value for a sweep: %s", option->name, item, rule);
}

/* Write the option's value in the program's form: 4k becomes 4000. */
static rg_status value_text(const struct rg_option *option, const char *typed, char text[RG_OPTION_TEXT_BYTES]) {
    struct rg_config scratch = rg_config_default();
    RG_TRY(rg_option_set(option, typed, &scratch));
    if (option->kind == RG_KIND_RATE && isnan(scratch.training.lr)) {
        return refuse(option, typed, "it is found for one training, of train; write rates, such as 1e-4..1e-2*5");
    }
    rg_option_value_text(option, &scratch, text);
    return RG_OK;
}

/* Add a value after checking that the option accepts it. A whole number is stored as its digits. */
static rg_status add_value(struct rg_option_list *list, const char *typed) {
    char text[RG_OPTION_TEXT_BYTES];
    RG_TRY(value_text(list->option, typed, text));
    for (size_t i = 0; i < list->n; i++) { /* 1e-3 and 0.001 are the same value */
        char other[RG_OPTION_TEXT_BYTES];
        const bool has_form = is_whole(list->option); /* as it is stored */
        RG_TRY(has_form ? RG_OK : value_text(list->option, list->values[i], other));
        if (strcmp(has_form ? list->values[i] : other, text) == 0) {
            return rg_fail(RG_USAGE, "--%s: %.60s is listed twice; a run would count twice", list->option->name, typed);
        }
    }
    if (list->n == RG_MAX_VALUES) {
        return rg_fail(RG_USAGE, "--%s: more than %d values", list->option->name, RG_MAX_VALUES);
    }
    RG_TRY(rg_copy_string(&list->values[list->n], is_whole(list->option) ? text : typed));
    list->n++;
    return RG_OK;
}

/* Read all of text[0, length) as a number. Returns false if it is not one. */
static bool read_number(const char *text, size_t length, double *value) {
    char copy[NUMBER_BYTES], *end = NULL;
    if (length == 0 || length >= sizeof copy || strspn(text, "+-.0123456789eE") < length) {
        return false;
    }
    (void)snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    *value = strtod(copy, &end);
    return *end == '\0' && isfinite(*value);
}

/* Add the values of A..B*N. */
static rg_status add_ratios(struct rg_option_list *list, const char *item, const char *dots) {
    static const char rule[] = "a range is A..B*N with 0 < A < B and N from 2, such as 1e-4..1e-1*10";
    const char *const times = strchr(dots, '*');
    double from = 0.0, to = 0.0, count = 0.0;
    if (!is_real(list->option) && !is_whole(list->option)) {
        return refuse(list->option, item, "it takes no numbers; write a list");
    }
    if (!times || !read_number(item, (size_t)(dots - item), &from) ||
        !read_number(dots + 2, (size_t)(times - dots - 2), &to) || !read_number(times + 1, strlen(times + 1), &count) ||
        !(from > 0.0) || !(to > from) || !(count >= 2.0) || !(count <= RG_MAX_VALUES) || floor(count) < count) {
        return refuse(list->option, item, rule);
    }
    for (size_t i = 0; i < (size_t)count; i++) {
        char text[NUMBER_BYTES];
        const double value = from * pow(to / from, (double)i / (count - 1.0));
        (void)snprintf(text, sizeof text, is_whole(list->option) ? "%.0f" : "%.4g", value);
        if (list->n == 0 || strcmp(list->values[list->n - 1], text) != 0) {
            RG_TRY(add_value(list, text));
        }
    }
    return RG_OK;
}

/* Read one end of a range, text[0, length), as a seed is read: 4k is 4000. */
static rg_status read_end(const struct rg_option *option, const char *text, size_t length, uint64_t *value) {
    struct rg_config scratch = rg_config_default();
    const struct rg_option end = {.name = option->name,
                                  .argument = option->argument,
                                  .kind = RG_KIND_U64,
                                  .offset = offsetof(struct rg_config, training.seed),
                                  .max = UINT64_MAX};
    char *copy = NULL;
    RG_TRY(rg_copy_string(&copy, text));
    copy[length] = '\0';
    const rg_status status = rg_option_set(&end, copy, &scratch);
    *value = scratch.training.seed;
    rg_free(copy);
    return status;
}

/* Add the values of A-B. */
static rg_status add_range(struct rg_option_list *list, const char *item, const char *dash) {
    static const char rule[] = "a range is A-B with A up to B and at most 1000 values, such as 1-8";
    uint64_t from = 0, to = 0;
    if (dash[1] < '0' || dash[1] > '9' || strchr(dash + 1, '-')) {
        return refuse(list->option, item, rule);
    }
    RG_TRY(read_end(list->option, item, (size_t)(dash - item), &from));
    RG_TRY(read_end(list->option, dash + 1, strlen(dash + 1), &to));
    if (to < from || to - from >= RG_MAX_VALUES) {
        return refuse(list->option, item, rule);
    }
    for (uint64_t i = 0; i <= to - from; i++) {
        char text[NUMBER_BYTES];
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)(from + i));
        RG_TRY(add_value(list, text));
    }
    return RG_OK;
}

static rg_status add_item(struct rg_option_list *list, const char *item) {
    const char *const dots = strstr(item, "..");
    const char *const dash = is_whole(list->option) && item[0] != '\0' ? strchr(item + 1, '-') : NULL;
    return dots ? add_ratios(list, item, dots) : dash ? add_range(list, item, dash) : add_value(list, item);
}

rg_status rg_option_list_read(const struct rg_option *option, const char *text, struct rg_option_list *list) {
    char *copy = NULL;
    *list = (struct rg_option_list){.option = option};
    RG_TRY(rg_alloc(&list->values, RG_MAX_VALUES, sizeof *list->values, "values of a sweep"));
    RG_TRY(rg_copy_string(&copy, text));
    rg_status status = RG_OK;
    char *at = copy;
    while (status == RG_OK && at) {
        char *const comma = strchr(at, ',');
        if (comma) {
            *comma = '\0';
        }
        status = add_item(list, at);
        at = comma ? comma + 1 : NULL;
    }
    rg_free(copy);
    return status;
}

void rg_option_list_release(struct rg_option_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        rg_free(list->values[i]);
    }
    rg_free(list->values);
    *list = (struct rg_option_list){.n = 0};
}

rg_status rg_option_list_check(const struct rg_option *option, const char *text) {
    struct rg_option_list list;
    const rg_status status = rg_option_list_read(option, text, &list);
    rg_option_list_release(&list);
    return status;
}
