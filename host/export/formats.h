/* Writing a model in the formats of other programs. Each function writes the file whole or not at all (RG_NOT_SAVED).
 * If the format cannot hold a part of the model, RG_USAGE names that part. Models are in single precision. */
#ifndef RG_EXPORT_FORMATS_H
#define RG_EXPORT_FORMATS_H

#include "rnn_gpu/model.h"

/* Sequences and their outputs, with which an exported program can check itself. */
struct rg_export_test {
    size_t n_sequences, n_steps; /* n_steps: of the longest sequence */
    const int32_t *lengths;      /* [n_sequences] */
    const float *x;              /* [n_sequences][n_steps][F], or NULL */
    const int32_t *words;        /* [n_sequences][n_steps] instead of x, for a model that reads words */
    const double *outputs; /* [n_sequences][O]; [n_sequences][n_steps][O] for a model with an output at every step */
};

struct rg_export {
    const struct rg_model *model;
    const char *path;
    const struct rg_export_test *test; /* used by rg_export_c only */
    const char
        *weights; /* used by rg_export_torch only: the model's file, relative to the folder of `path`, or absolute */
};

/* Does the model read word numbers? It does if it has a vocabulary or an embedding. */
bool rg_export_reads_words(const struct rg_model *model);

/* ONNX, opset 14. Inputs: `x`, float [batch, time, F], or int64 [batch, time] for a model that reads words; `lengths`,
 * int32 [batch], the steps of each sequence, which are at its start. Output: `output` [batch, O], or [batch, time, O]
 * with zeros after a sequence's end, as rnn-gpu predict writes them. The metadata `config` has the model's options and
 * names, as in the safetensors file. */
rg_status rg_export_onnx(const struct rg_export *what);

/* One file of C99 with the weights, a function for one step (with one direction only), a function for a sequence, and
 * the test. Its names begin with the name of the file. */
rg_status rg_export_c(const struct rg_export *what);

/* The model in an ONNX file. A file of rg_export_onnx is read with all its metadata. Any other file must have a
 * recurrent part of RNN, LSTM or GRU nodes and a linear head; its loss is then `loss`. RG_BAD_FILE names a node or
 * constant that does not belong to such a model. */
rg_status rg_import_onnx(const char *path, enum rg_loss loss, struct rg_model **out);

/* A Python module with a torch.nn.Module that loads the weights from the model's file: see rg_export.weights. */
rg_status rg_export_torch(const struct rg_export *what);

/* NumPy's .npz: the parameters by name, and `config`, the options as JSON bytes. */
rg_status rg_export_npz(const struct rg_export *what);

/* The model's file with rnn-gpu's names, whatever names were in the file that was read. */
rg_status rg_export_safetensors(const struct rg_export *what);

#endif
