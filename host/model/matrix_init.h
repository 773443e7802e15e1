/* Initial weight matrices. */
#ifndef RNN_GPU_MODEL_MATRIX_INIT_H
#define RNN_GPU_MODEL_MATRIX_INIT_H

#include <stddef.h>

#include "model/philox.h"
#include "rnn_gpu/config.h"

/* `gates` matrices [rows][columns], one below the other. */
struct rg_gate_matrices {
    float *values; /* [gates * rows][columns] */
    size_t gates, rows, columns;
};

/* U(-bound, bound), like every weight and bias of PyTorch's recurrent and linear layers. */
void rg_uniform_fill(float *values, size_t count, double bound, const struct rg_stream *stream);

/* Fill each gate's matrix separately, with fan-in `columns` and fan-out `rows`:
 *   pytorch, chrono  U(-bound, bound)
 *   xavier           U(-a, a), a = sqrt(6 / (rows + columns))                          Glorot, Bengio 2010
 *   he               N(0, 2 / columns)                                                He and others 2015
 *   orthogonal       value times a uniform matrix with orthonormal columns, or rows if there are fewer rows
 *                                                                                     Saxe, McClelland, Ganguli 2014
 *   identity         value on the diagonal                                            Le, Jaitly, Hinton 2015
 *   normal           N(0, value^2)
 *   nprnn            (A + I) / e, A = R R^T / rows, R of normal numbers, e the largest eigenvalue of A + I; square
 *                    matrices only                                                     Talathi, Vartak 2015
 * RG_NO_MEMORY if the working matrices of orthogonal and nprnn, in double, do not fit. */
rg_status rg_matrices_initialise(const struct rg_gate_matrices *matrices, const struct rg_init *init, double bound,
                                 const struct rg_stream *stream);

#endif
