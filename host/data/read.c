/* Data sets: choice of the reader by the file's name. */
#include <string.h>
#include <sys/stat.h>

#include "data/readers.h"
#include "rnn_gpu/dataset.h"

static rg_status read_numeric(struct rg_csv *csv, const struct rg_dataset_options *options,
                              struct rg_dataset *dataset) {
    csv->may_be_empty = true; /* a column says itself what it lacks */
    csv->may_fill = options->may_fill;
    return rg_read_csv_numeric(csv, options, dataset);
}

/* Is it the name of a target column? */
static bool is_target(const struct rg_dataset_options *options, const char *name) {
    size_t k = 0;

    while (k < options->n_targets && strcmp(options->targets[k], name) != 0) {
        k++;
    }
    return options->targets != NULL ? k < options->n_targets : strcmp(name, "label") == 0;
}

static rg_status read_csv(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset) {
    struct rg_csv csv;
    struct rg_csv_cell cell;
    rg_status status;

    RG_TRY_GOTO(rg_csv_open(&csv, path));
    csv.doubles = options->doubles;
    RG_TRY_GOTO(rg_csv_next(&csv, &cell));
    const bool has_texts = strcmp(cell.text, "text") == 0 || is_target(options, cell.text);
    if (strcmp(cell.text, "series") == 0 && is_target(options, cell.text)) {
        status =
            rg_csv_fail(&csv, cell.start, "the column `series` has the names of the sequences; it cannot be a target");
    } else if (strcmp(cell.text, "text") == 0 && options->features != NULL) {
        status = rg_csv_fail(&csv, cell.start, "the file has texts; the columns `%s` and others were expected",
                             rg_excerpt(options->features[0], strlen(options->features[0])).text);
    } else if (strcmp(cell.text, "series") == 0 && options->vocabulary != NULL) {
        status = rg_csv_fail(&csv, cell.start, "the file has columns of numbers; text of %s was expected",
                             options->level == RG_LEVEL_CHAR ? "characters" : "words");
    } else if (options->series && strcmp(cell.text, "text") == 0) {
        status = rg_csv_fail(&csv, cell.start, "the file has texts; windows are cut from series of numbers");
    } else if (options->series || strcmp(cell.text, "series") == 0) {
        status = read_numeric(&csv, options, dataset);
    } else if (has_texts) {
        status = rg_read_csv_text(&csv, options, dataset);
    } else {
        status = rg_csv_fail(
            &csv, cell.start,
            "unknown header, it begins with `%s`; `text,label`, `label,text` or `series,<feature>...[,label]` "
            "was expected%s",
            rg_excerpt(cell.text, cell.bytes).text, options->may_window ? ", or --window W for one long series" : "");
    }
cleanup:
    rg_csv_close(&csv);
    return status;
}

/* May the file hold long series of numbers? */
static bool is_series_file(const char *path) {
    return rg_name_ends_with(path, ".csv") || rg_name_ends_with(path, ".tsv") || rg_name_ends_with(path, ".npz") ||
           rg_name_ends_with(path, ".npy") || strcmp(path, "-") == 0;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

rg_status rg_dataset_read(const char *path, const struct rg_dataset_options *given, struct rg_dataset **out) {
    static const struct rg_dataset_options none = {.vocabulary = NULL};
    const struct rg_dataset_options *const options = given != NULL ? given : &none;
    struct rg_dataset *dataset = NULL;
    rg_status status;

    *out = NULL;
    if (options->series && !is_series_file(path)) {
        return rg_fail(RG_BAD_FILE, "%s: windows are cut from series of numbers, in .csv, .tsv, .npz or .npy", path);
    }
    if (rg_is_idx_file(path)) {
        return rg_dataset_read_idx_pair(path, options->memory, out);
    }
    RG_TRY(rg_dataset_create(path, &dataset));
    if (rg_name_ends_with(path, ".csv") || rg_name_ends_with(path, ".tsv") || strcmp(path, "-") == 0) {
        status = read_csv(path, options, dataset);
    } else if (rg_name_ends_with(path, ".txt")) {
        status = rg_read_text(path, options, dataset);
    } else if (rg_name_ends_with(path, ".npz") || rg_name_ends_with(path, ".npy")) {
        status = rg_read_npz(path, options, dataset);
    } else if (is_folder(path)) {
        status = rg_fail(RG_BAD_FILE, "%s: is a folder; give a data file", path);
    } else {
        status = rg_fail(RG_BAD_FILE,
                         "%s: the name of a data file must end in .csv, .tsv, .txt, .npz, .npy, .idx, -ubyte or .gz; "
                         "`-` reads CSV from stdin",
                         path);
    }
    if (status != RG_OK) {
        rg_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return RG_OK;
}
