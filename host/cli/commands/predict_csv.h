/* Predictions as a CSV file, with the names of the data. */
#ifndef RG_PREDICT_CSV_H
#define RG_PREDICT_CSV_H

#include "train/setup.h"

/* The predictions; all pointers are borrowed. */
struct rg_predictions {
    const struct rg_model *model;
    const struct rg_dataset *data;
    const struct rg_problem *problem;
    const double *outputs; /* [N][O], or [N][T][O] */
    bool exact;            /* write all digits of a double */
};

/* One row for each sequence, or for each valid step if the model has an output at every step:
 *
 *     sequence[,series][,step][,row][,text][,label],predicted,probability_NAME…   of classes, by name or number
 *     sequence[,series][,step][,row][,text][,label],predicted                     of values; predicted_1… for several
 *                                                                                 outputs, predicted_NAME of a forecast
 *
 * `series` is its name in the data. `sequence` and `step` count from 1, and so does `row`, the row of its series that a
 * window's answer is for. `label` is that of the data, if there is one for each row. RG_NOT_SAVED. */
rg_status rg_predictions_write_csv(const struct rg_predictions *predictions, const char *path);

#endif
