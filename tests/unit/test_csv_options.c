/* CSV files read as a command asks for: with a model's columns, words and classes, several targets, missing values, or
 * as series that will be cut. All that a data set has is compared as a text; what is refused, by its whole message. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>

#include "dataset_files.h"
#include "failing_memory.h"
#include "rnn_gpu/log.h"

static void add_strings(FILE *text, const char *what, char *const *strings, size_t n) {
    (void)fprintf(text, "%s", strings ? what : "");
    for (size_t i = 0; strings && i < n; i++) {
        (void)fprintf(text, " %s", strings[i]);
    }
}

/* The data set in a line: sizes, numbers with `_` for a missing one, and what has names. */
static char *describe(const struct rg_dataset *d) {
    static const char *const kinds[] = {"values", "classes", "numbers"};
    char *found = NULL;
    size_t bytes = 0;
    FILE *const text = open_memstream(&found, &bytes);
    ck_assert_ptr_nonnull(text);
    const size_t n = d->n_sequences * d->n_steps * (d->kind == RG_INPUT_TOKEN ? 1 : d->n_features);
    (void)fprintf(text, "%zux%zux%zu %s:", d->n_sequences, d->n_steps, d->n_features,
                  d->kind == RG_INPUT_TOKEN ? "words"
                  : d->x_double != NULL     ? "doubles"
                                            : "floats");
    for (size_t i = 0; i < n; i++) {
        double value = 0.0;
        if (d->kind == RG_INPUT_TOKEN) {
            value = rg_dataset_token(d, i);
        } else {
            ck_assert_int_eq(rg_dataset_numbers(d, i, 1, &value), RG_OK);
        }
        (void)fprintf(text, isnan(value) ? " _" : " %.9g", value);
    }
    (void)fprintf(text, "%s", d->lengths ? "; lengths" : "");
    for (size_t i = 0; d->lengths && i < d->n_sequences; i++) {
        (void)fprintf(text, " %d", d->lengths[i]);
    }
    if (rg_dataset_is_labelled(d)) {
        (void)fprintf(text, "; %s%s:", d->y_double != NULL ? "double " : "", kinds[d->label_kind]);
        for (size_t i = 0; i < d->n_sequences * d->n_targets; i++) {
            const double value = rg_dataset_target(d, i);
            (void)fprintf(text, isnan(value) ? " _" : " %.9g", value);
        }
    }
    add_strings(text, "; columns", d->features, d->n_features);
    add_strings(text, "; targets", d->targets, d->n_target_names);
    add_strings(text, "; classes", d->classes, d->n_classes);
    add_strings(text, "; names", d->names, d->n_sequences);
    add_strings(text, "; vocabulary", d->vocabulary, d->n_features);
    if (d->n_strangers || d->n_unknown) {
        (void)fprintf(text, "; %zu strangers, %zu of %zu words unknown", d->n_strangers, d->n_unknown, d->n_words);
    }
    ck_assert_int_eq(fclose(text), 0);
    return found;
}

#define FEATURES(...)                               \
    .features = (const char *const[]){__VA_ARGS__}, \
    .n_features = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define CLASSES(...)                               \
    .classes = (const char *const[]){__VA_ARGS__}, \
    .n_classes = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define TARGETS(...)                               \
    .targets = (const char *const[]){__VA_ARGS__}, \
    .n_targets = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define VOCABULARY(...)                               \
    .vocabulary = (const char *const[]){__VA_ARGS__}, \
    .n_vocabulary = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static const struct {
    const char *text;
    struct rg_dataset_options options;
    const char *found; /* the data set, or after the path the message */
} cases[] = {
    /* ---- Columns of a model ---- */
    {"series,b,a\ns,1,2\ns,3,4\n", {FEATURES("a", "b")}, "1x2x2 floats: 2 1 4 3; columns a b"},
    {"series,b,label,a\ns,1,7,2\n", {FEATURES("a", "b")}, "1x1x2 floats: 2 1; numbers: 7; columns a b"},
    {"label,series,b,a\n",
     {FEATURES("a", "b")},
     ":1:7: unknown column `series` in the header; `text,label` was expected, or --target-column with the names of "
     "targets"},
    {"series,b,c,a\ns,1,2,3\n", {FEATURES("a", "b")}, ":1:10: the column `c` is none of the model's 2 features: a, b"},
    {"series,b\ns,1\n", {FEATURES("a", "b")}, ":1:1: the column `a`, which the model needs, is missing"},
    {"\xef\xbb\xbfseries,a\ns,1\n", {FEATURES("a", "b")}, ":1:1: the column `b`, which the model needs, is missing"},
    {"label\na\n", {.doubles = false}, ":1:1: no column `text` in the header; it was expected"},
    {"text,label\na,1\n", {FEATURES("a", "b")}, ":1:1: the file has texts; the columns `a` and others were expected"},
    {"b,a\n1,2\n3,4\n5,6\n", {.series = true, FEATURES("a", "b")}, "1x3x2 floats: 2 1 4 3 6 5; columns a b"},
    {"series,a,b,a\ns,1,2,3\n", {FEATURES("a", "b")}, ":1:12: the column `a` occurs twice"},
    {"series,zz,a,q,a,q\n", {.doubles = false}, ":1:17: the column `q` occurs twice"},
    {"series,c,c,x,b\ns,1,2,3,4\n", {.doubles = false}, ":1:10: the column `c` occurs twice"},
    /* ---- Names that are like those of targets ---- */
    {"series,u,target\ns,1,2\n",
     {.doubles = false},
     ":1:10: the column `target` may be a target: --target-column target learns it"},
    {"series,u,label,Label-2\ns,1,2,3\n",
     {.doubles = false},
     ":1:16: the column `Label-2` may be a target or an input: --target-column label,Label-2 learns both, "
     "--target-column label makes it an input"},
    {"u,label,TARGET 2\n1,2,3\n",
     {.series = true},
     ":1:9: the column `TARGET 2` may be a target or an input: --target-column label,TARGET 2 learns both, "
     "--target-column label makes it an input"},
    {"u,label2\n1,2\n", {.series = true}, "1x1x2 floats: 1 2; columns u label2"},
    {"series,u,labels\ns,1,2\n", {.doubles = false}, "1x1x2 floats: 1 2; columns u labels"},
    {"series,u,target_3.b\ns,1,2\n", {.doubles = false}, "1x1x2 floats: 1 2; columns u target_3.b"},
    {"series,u,label2\ns,1,2\n", {FEATURES("u", "label2")}, "1x1x2 floats: 1 2; columns u label2"},
    {"series,u,label2,w\ns,1,2,3\n", {TARGETS("w")}, "1x1x2 floats: 1 2; numbers: 3; columns u label2; targets w"},
    /* ---- Series with and without names ---- */
    {"series,u\na,1\na,2\nb,3\nlong name,4\n",
     {.keep_names = true},
     "3x2x1 floats: 1 2 3 0 4 0; lengths 2 1 1; columns u; names a b long name"},
    {"series,u\na,1\nb,2\nc,3\nc,4\nc,5\n",
     {.doubles = false},
     "3x3x1 floats: 1 0 0 2 0 0 3 4 5; lengths 1 1 3; columns u"},
    {"u\n1\n2\n", {.series = true, .keep_names = true}, "1x2x1 floats: 1 2; columns u"},
    {"u;v\n1;2\n", {.series = true}, "1x1x2 floats: 1 2; columns u v"},
    {"u\tv\n1\t2\n", {.series = true}, "1x1x2 floats: 1 2; columns u v"},
    {"\"u,x\";v\n1;2\n", {.series = true}, "1x1x2 floats: 1 2; columns u,x v"},
    {"u,v\n1,2\n",
     {.may_window = true},
     ":1:1: unknown header, it begins with `u`; `text,label`, `label,text` or `series,<feature>...[,label]` was "
     "expected, or --window W for one long series"},
    {"text\na\n", {.series = true}, ":1:1: the file has texts; windows are cut from series of numbers"},
    {"label\n1\n", {.series = true}, ":1:1: no feature in the header; `<feature>...[,label]` was expected"},
    {"series,label\na,1\n",
     {.series = true},
     ":1:8: no feature in the header; `series,<feature>...[,label]` was expected"},
    {"u,,v\n1,2,3\n", {.series = true}, ":1:3: column 2 of the header has no name; name the column, or leave it out"},
    {"series,u\n,1\n", {.doubles = false}, ":2:1: the name of the series is missing; a value was expected"},
    {"series,u\na,1\n,1\n", {.missing = true}, ":3:1: the name of the series is missing; a value was expected"},
    {"series,u\n\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80,1\n\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xc2\x80,2\n",
     {.keep_names = true}, /* the first and the last characters of each length */
     "2x1x1 floats: 1 2; columns u; names \xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80 "
     "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xc2\x80"},
    /* ---- Labels at every step ---- */
    {"series,u,label\na,1,2\na,3,4\nb,5,6\n",
     {.series = true},
     "2x2x1 floats: 1 3 5 0; lengths 2 1; numbers: 2 4 6 0; columns u"},
    {"series,h,u,w\na,1,2,3\na,4,5,6\n",
     {.series = true, TARGETS("w", "h"), .doubles = true},
     "1x2x1 doubles: 2 5; double numbers: 3 1 6 4; columns u; targets w h"},
    {"u,label\n1,\n2,NA\n3,4\n", {.series = true, .missing = true}, "1x3x1 floats: 1 2 3; numbers: _ _ 4; columns u"},
    {"u,label\n1,\n", {.series = true}, ":2:3: empty cell in column 2; a value was expected"},
    {"u,label\n1,x\n", {.series = true}, ":2:3: `x` is not a number; a finite decimal number was expected"},
    /* ---- Labels of whole sequences ---- */
    {"series,u,label\na,1,7\na,2,7\nb,3,8.5\n",
     {.doubles = true},
     "2x2x1 doubles: 1 2 3 0; lengths 2 1; double numbers: 7 8.5; columns u"},
    {"series,u,label\na,1,0.1\na,2,0.1\n", {.doubles = false}, "1x2x1 floats: 1 2; numbers: 0.100000001; columns u"},
    {"series,u,label\na,1,worn\nb,2,good\nb,3,good\n",
     {.doubles = false},
     "2x2x1 floats: 1 0 2 3; lengths 1 2; classes: 1 0; columns u; classes good worn"},
    {"series,u,label\na,1,xb\na,2,b\n",
     {.doubles = false},
     ":3:5: label b, but earlier rows of series `a` have another one"},
    {"series,u,label\na,1,b\na,2,xb\n",
     {.doubles = false},
     ":3:5: label xb, but earlier rows of series `a` have another one"},
    {"series,u,label\nz,0,b\na,1,xb\na,2,xb\n",
     {.doubles = false},
     "2x2x1 floats: 0 0 1 2; lengths 1 2; classes: 0 1; columns u; classes b xb"},
    {"series,u,label\na,1,2\na,2,2.5\n",
     {.doubles = false},
     ":3:5: label 2.5, but earlier rows of series `a` have another one"},
    {"series,u,label\na,1,\n", {.doubles = false}, ":2:5: the label is missing; leave the row out, or give it a label"},
    {"series,u,label\na,1,nAn\n",
     {.doubles = false},
     ":2:5: the label is `nAn`; leave the row out, or give it a label"},
    /* ---- Several targets ---- */
    {"series,w,u,h\na,1,2,3\na,1,5,3\nb,4,6,7\n",
     {TARGETS("h", "w")},
     "2x2x1 floats: 2 5 6 0; lengths 2 1; values: 3 1 7 4; columns u; targets h w"},
    {"series,w,u,h\na,1,2,3\nb,4,6,7\nb,4,5,7\n",
     {TARGETS("h", "w")},
     "2x2x1 floats: 2 0 6 5; lengths 1 2; values: 3 1 7 4; columns u; targets h w"},
    {"series,c,u,b,v,a\ns,1,2,3,4,5\n",
     {TARGETS("a", "b", "c")},
     "1x1x2 floats: 2 4; values: 5 3 1; columns u v; targets a b c"},
    {"series,w,u,h\na,1,2,3\na,9,5,3\n",
     {TARGETS("h", "w")},
     ":3:3: label 9, but earlier rows of series `a` have another one"},
    {"series,w,u,h\na,1,2,x\n",
     {TARGETS("h", "w")},
     ":2:7: `x` is not a number; several target columns must all hold numbers, and words need a training of their own"},
    {"series,w,u,h\na,1,2,\"3,5\"\n",
     {TARGETS("h", "w")},
     ":2:7: `3,5` is not a number; a finite decimal number was expected, with a point for the fraction"},
    {"series,u,height\na,1,2\n",
     {TARGETS("hight")},
     ":1:1: no column `hight`, which is a target; did you mean `height`?"},
    {"series,u,v\na,1,2\n", {TARGETS("v", "length")}, ":1:1: no column `length`, which is a target; the columns are u"},
    {"series,u,v,w\na,1,2,3\n",
     {TARGETS("length")},
     ":1:1: no column `length`, which is a target; the columns are u, v, w"},
    {"text,label\na,1\n",
     {TARGETS("length")},
     ":1:6: unknown column `label` in the header; `text,length` was expected"},
    {"series,u,v\na,1,2\n", {TARGETS("v", "w"), .lenient = true}, "1x1x1 floats: 1; columns u"},
    {"series,u,v,v\na,1,2,3\n", {TARGETS("v")}, ":1:12: the column `v` occurs twice"},
    {"h,text,w\n1,a b,2\n3,b,4\n",
     {TARGETS("w", "h")},
     "2x2x2 words: 0 1 1 0; lengths 2 1; values: 2 1 4 3; targets w h; vocabulary a b"},
    /* ---- Classes of a model ---- */
    {"series,u,label\na,1,x\nb,2,y\nb,3,y\n",
     {CLASSES("y", "z", "x")},
     "2x2x1 floats: 1 0 2 3; lengths 1 2; classes: 2 0; columns u; classes y z x"},
    {"series,u,label\na,1,x\na,3,y\n",
     {CLASSES("y", "z", "x")},
     ":3:5: label y, but earlier rows of series `a` have another one"},
    {"series,u,label\na,1,x\nb,2,q\n",
     {CLASSES("y", "z", "x")},
     ":3:5: the label `q` is not one of the model's 3 classes, `y` to `x`"},
    {"series,u,label\na,1,x\nb,2,q\nb,3,r\n",
     {CLASSES("y", "z", "x"), .lenient = true},
     "2x2x1 floats: 1 0 2 3; lengths 1 2; classes: 2 _; columns u; classes y z x; 1 strangers, 0 of 0 words unknown"},
    {"series,u,label\na,1,q\na,3,x\n",
     {CLASSES("y", "z", "x"), .lenient = true},
     ":3:5: label x, but earlier rows of series `a` have another one"},
    {"text,label\na,1\nb,2\n", {CLASSES("2", "1")}, "2x1x2 words: 0 1; classes: 1 0; classes 2 1; vocabulary a b"},
    {"text,label\na,y\nb,\"1,5\"\n",
     {CLASSES("1,5", "y")},
     "2x1x2 words: 0 1; classes: 1 0; classes 1,5 y; vocabulary a b"},
    /* ---- Words ---- */
    {"label,text\n1,a b\n0,b  c\ta\n",
     {VOCABULARY("b", "<unk>", "a")},
     "2x3x3 words: 2 0 0 0 1 2; lengths 2 3; numbers: 1 0; vocabulary b <unk> a; 0 strangers, 1 of 5 words unknown"},
    {"text\nb a\na\n", {.doubles = false}, "2x2x2 words: 1 0 0 0; lengths 2 1; vocabulary a b"},
    {"text,label\na,b c\nb,b d\nc,b c\n",
     {.doubles = true},
     "3x1x3 words: 0 1 2; double classes: 0 1 0; classes b c b d; vocabulary a b c"},
    /* ---- Missing values ---- */
    {"series,u,v\na,,NA\na,n/a,?\na,nULL,nan\na,1,-2\n",
     {.missing = true},
     "1x4x2 floats: _ _ _ _ _ _ 1 -2; columns u v"},
    {"series,u\na,1\na,\n", {.doubles = false}, ":3:3: empty cell in column 2; a value was expected"},
    {"series,u\na,1\na,\n",
     {.may_fill = true},
     ":3:3: empty cell in column 2; a value was expected, or --fill, which gives it one"},
    {"series,u\na,null\n",
     {.may_fill = true},
     ":2:3: `null` is not a number; a finite decimal number was expected, or --fill, which gives it one"},
    {"series,u\na,null\n", {.doubles = false}, ":2:3: `null` is not a number; a finite decimal number was expected"},
    {"series,u\na,nulls\n",
     {.may_fill = true},
     ":2:3: `nulls` is not a number; leave the column `u` out, or make it numbers; if it is the target, say "
     "--target-column u"},
    {"series,u\na,nulls\n",
     {.missing = true},
     ":2:3: `nulls` is not a number; leave the column `u` out, or make it numbers; if it is the target, say "
     "--target-column u"},
    {"series,u,label\na,x,1\n",
     {.doubles = false},
     ":2:3: `x` is not a number; leave the column `u` out, or make it numbers"},
    {"series,u,label\na,Infinity,1\n",
     {.missing = true},
     ":2:3: `Infinity` is not a number; a finite decimal number was expected"},
    {"series,u\na,1-\n", {.missing = true}, ":2:3: `1-` is not a number; a finite decimal number was expected"},
    /* ---- Precision ---- */
    {"series,u\na,3.4028235e38\na,1e-50\n", {.doubles = false}, "1x2x1 floats: 3.40282347e+38 0; columns u"},
    {"series,u\na,3.5e38\n",
     {.doubles = false},
     ":2:3: `3.5e38` is beyond the largest float, 3.4e38; --precision double takes more"},
    {"series,u\na,3.5e38\na,-1e-50\n", {.doubles = true}, "1x2x1 doubles: 3.5e+38 -1e-50; columns u"},
    {"series,u\na,1e309\n", {.doubles = true}, ":2:3: `1e309` is beyond the largest double, 1.8e308"},
    {"series,u\na,1e309\n", {.doubles = false}, ":2:3: `1e309` is beyond the largest double, 1.8e308"},
    /* ---- Rows ---- */
    {"series,u,v\r\r\na,1,2\r\n\r\n\na,3,4\ra,5,6", {.doubles = false}, "1x3x2 floats: 1 2 3 4 5 6; columns u v"},
    {" series , u \n a b\t,\t1 \n", {.keep_names = true}, "1x1x1 floats: 1; columns u; names a b"},
    {"series;u\n\"a;b\"\"\n\";\"1\"\n", {.keep_names = true}, "1x1x1 floats: 1; columns u; names a;b\"\n"},
    {"series,u,v\na,1\n", {.doubles = false}, ":2:4: the row ends after 2 of the header's 3 columns"},
    {"series,u\na,1,2\n", {.doubles = false}, ":2:5: one cell too many; the header has 2 columns"},
    {"series,u\na\n", {.doubles = false}, ":2:2: the row ends after 1 of the header's 2 columns"},
};
enum { N_CASES = sizeof cases / sizeof *cases };

START_TEST(what_is_asked_for) {
    struct rg_dataset *d = NULL;
    char wanted[1200];
    test_case("%s", cases[_i].found);
    put("d.csv", cases[_i].text, strlen(cases[_i].text));
    const rg_status status = rg_dataset_read(path, &cases[_i].options, &d);
    if (status != RG_OK) {
        (void)snprintf(wanted, sizeof wanted, "%s%s", path, cases[_i].found);
        ck_assert_str_eq(rg_error_message(), wanted);
        ck_assert_int_eq(status, RG_BAD_FILE);
        ck_assert_ptr_null(d);
        return;
    }
    char *const found = describe(d);
    ck_assert_str_eq(found, cases[_i].found);
    free(found);
    rg_dataset_destroy(d);
}
END_TEST

/* Of many columns a message has the first ones. */
START_TEST(long_lists_of_columns) {
    char text[2000], *at = text + sprintf(text, "series");
    for (int i = 0; i < 9; i++) {
        at += sprintf(at, ",column-%d-of-a-table", i);
    }
    sprintf(at, "\n");
    put("d.csv", text, strlen(text));
    refuse("which is a target; the columns are column-0-of-a-table, column-1-of-a-table, column-2-of-a-table, "
           "column-3-of-a-table, column-4-of-a-table, column-5-of-a-table, column-6-of-a-table, "
           "column-7-of-a-table, …",
           &(struct rg_dataset_options){TARGETS("zz")});
    put("d.csv", BYTES("series,u,longest-name-of-a-column-that-is-more-than-40-bytes\na,1,2\n"));
    refuse(":1:10: the column `longest-name-of-a-column-that-is-more-th...` is none of the model's 2 features: u, v",
           &(struct rg_dataset_options){FEATURES("u", "v")});
}
END_TEST

/* A name of 4,096 bytes is the longest; classes up to 65,536. */
START_TEST(limits) {
    enum { LONGEST = 4096, MOST = 65536 };
    char *const text = malloc(24 * (MOST + 2)), wanted[100];
    struct rg_dataset *d = NULL;
    size_t n = (size_t)sprintf(text, "series,u\n");
    memset(text + n, 'n', LONGEST);
    strcpy(text + n + LONGEST, ",1\n");
    put("d.csv", text, strlen(text));
    ck_assert_int_eq(rg_dataset_read(path, &(struct rg_dataset_options){.keep_names = true}, &d), RG_OK);
    ck_assert_uint_eq(strlen(d->names[0]), LONGEST);
    rg_dataset_destroy(d);
    for (size_t more = 0; more < 2; more++) {
        n = (size_t)sprintf(text, "text,label\n");
        for (size_t i = 0; i < MOST + more; i++) {
            n += (size_t)sprintf(text + n, "a,c%zu\n", i);
        }
        put("d.csv", text, n);
        if (more) {
            (void)snprintf(wanted, sizeof wanted,
                           ": 65537 different words in the column `label`; at most 65536 classes");
            refuse(wanted, NULL);
        } else {
            ck_assert_int_eq(rg_dataset_read(path, NULL, &d), RG_OK);
            ck_assert(d->n_classes == MOST && rg_dataset_target(d, 0) == 0.0 && rg_dataset_target(d, 1) == 1.0);
            rg_dataset_destroy(d);
        }
    }
    free(text);
}
END_TEST

static rg_status read_as_asked(const struct rg_dataset_options *options) {
    struct rg_dataset *d = NULL;
    const rg_status status = rg_dataset_read(path, options, &d);
    ck_assert((d != NULL) == (status == RG_OK));
    rg_dataset_destroy(d);
    return status;
}

/* What is wrong behind the first block of a file is seen too, at its place. */
START_TEST(behind_the_first_block) {
    enum { ROWS = 20000 };
    static const struct {
        const char *end;
        size_t bytes;
        const char *message;
    } ends[] = {{BYTES("a,\xc3\n"), ":20002:3: byte 0xc3 is not UTF-8; save the file as UTF-8 text"},
                {BYTES("a,\0\n"), ":20002:3: NUL byte where UTF-8 text was expected"},
                {BYTES("a,x\n"), ":20002:3: `x` is not a number; leave the column `u` out, or make it numbers; if it "
                                 "is the target, say --target-column u"},
                {BYTES("a,\"1\n"), ":20002:3: a quote is opened in this cell and never closed"},
                {BYTES("a,\"1\"2\n"), ":20002:6: misplaced quote; a cell with quotes was expected as \"...\", with "
                                      "\"\" for a quote in it"}};
    char *const text = malloc(ROWS * 4 + 100), wanted[700];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct rg_dataset *d = NULL;
        size_t n = (size_t)sprintf(text, "series,u\n");
        for (size_t row = 0; row < ROWS; row++) {
            n += (size_t)sprintf(text + n, "a,1\n");
        }
        memcpy(text + n, ends[i].end, ends[i].bytes);
        put("d.csv", text, n + ends[i].bytes);
        ck_assert_int_eq(rg_dataset_read(path, NULL, &d), RG_BAD_FILE);
        (void)snprintf(wanted, sizeof wanted, "%s%s", path, ends[i].message);
        ck_assert_str_eq(rg_error_message(), wanted);
    }
    free(text);
}
END_TEST

static double parts[100];
static size_t n_parts;

static void note_part(void *self, const char *name, double part) {
    (void)self;
    ck_assert_str_eq(name, path);
    ck_assert_uint_lt(n_parts, 100);
    parts[n_parts++] = part;
}

/* The file is gone through three times; how far that is, is told after each block, and never less than before. */
START_TEST(how_far_it_is) {
    static const size_t sizes[] = {2, 40000}; /* rows: of one block, of three */
    char *const text = malloc(40000 * 4 + 100);
    for (size_t i = 0; i < 2; i++) {
        size_t n = (size_t)sprintf(text, "series,u\n");
        for (size_t row = 0; row < sizes[i]; row++) {
            n += (size_t)sprintf(text + n, "a,1\n");
        }
        put("d.csv", text, n);
        n_parts = 0;
        rg_log_reading_to(note_part, NULL);
        ck_assert_int_eq(read_as_asked(NULL), RG_OK);
        rg_log_reading_to(NULL, NULL);
        const double first = sizes[i] > 2 ? 65536.0 / (3.0 * (double)n) : 1.0 / 3.0;
        ck_assert(fabs(parts[0] - first) < 1e-12 && parts[n_parts - 1] == 1.0);
        bool third = false, two_thirds = false;
        for (size_t k = 0; k < n_parts; k++) {
            ck_assert(k == 0 || parts[k] >= parts[k - 1] || (parts[k] > 1.0 / 3.0 && parts[k] < 2.0 / 3.0 + 1e-12));
            third = third || fabs(parts[k] - 1.0 / 3.0) < 1e-12;
            two_thirds = two_thirds || fabs(parts[k] - 2.0 / 3.0) < 1e-12;
        }
        ck_assert(third && two_thirds);
    }
    free(text);
}
END_TEST

static const struct rg_dataset_options *asked;

static rg_status read_asked(void) {
    return read_as_asked(asked);
}

START_TEST(without_memory) {
    static const char text[] = "series,h,u,w,v\na,1,2,3,4\na,1,5,3,6\nb,4,6,7,8\n";
    const struct rg_dataset_options numbers = {
        .keep_names = true, TARGETS("h", "w"), FEATURES("v", "u"), .doubles = true};
    const struct rg_dataset_options classes = {CLASSES("y", "x")};
    const struct rg_dataset_options series = {.series = true, TARGETS("v", "w")};
    const struct rg_dataset_options words = {VOCABULARY("a", "b"), TARGETS("label"), CLASSES("x", "y")};
    put("d.csv", text, sizeof text - 1);
    asked = &numbers;
    each_fails("numbers", read_asked, 15);
    asked = &series;
    each_fails("series", read_asked, 12);
    put("d.csv", BYTES("series,u,label\na,1,x\nb,2,y\n"));
    asked = &classes;
    each_fails("classes", read_asked, 10);
    asked = NULL;
    each_fails("words of labels", read_asked, 10);
    put("d.csv", BYTES("text,label\na b,x\nb,y\n"));
    asked = &words;
    each_fails("words of a model", read_asked, 8);
}
END_TEST

TEST_MAIN("csv_options") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_loop_test(files, what_is_asked_for, 0, N_CASES);
    tcase_add_test(files, long_lists_of_columns);
    tcase_add_test(files, limits);
    tcase_add_test(files, behind_the_first_block);
    tcase_add_test(files, how_far_it_is);
    tcase_add_test(files, without_memory);
}
