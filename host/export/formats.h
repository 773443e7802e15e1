/* A model in the formats of other programs. Each function writes the file as a whole or not at all (RG_NOT_SAVED), and
 * refuses what the format cannot hold by name (RG_USAGE). Models are in single precision. */
#ifndef RG_EXPORT_FORMATS_H
#define RG_EXPORT_FORMATS_H

#include "rnn_gpu/model.h"

/* Sequences and their outputs, by which an exported program can check itself. */
struct rg_export_test {
    size_t n_sequences, n_steps; /* of the longest */
    const int32_t *lengths;      /* [n_sequences] */
    const float *x;              /* [n_sequences][n_steps][F], or NULL */
    const int32_t *words;        /* [n_sequences][n_steps] instead, of a model that reads words */
    const double *outputs; /* [n_sequences][O], or [n_sequences][n_steps][O] of one with an output at every step */
};

struct rg_export {
    const struct rg_model *model;
    const char *path;
    const struct rg_export_test *test; /* for rg_export_c alone */
    const char
        *weights; /* for rg_export_torch alone: the model's file, from the folder of `path` on or from the root */
};

/* Whether the model's input is numbers of words: it has a vocabulary or an embedding. */
bool rg_export_reads_words(const struct rg_model *model);

/* ONNX, opset 14. Inputs: `x`, float [batch, time, F], or int64 [batch, time] of a model that reads words; `lengths`,
 * int32 [batch], steps of each sequence, which stand at its start. Output: `output` [batch, O], or [batch, time, O]
 * with zeros behind a sequence's end, as rnn-gpu predict writes them. The metadata `config` has the model's options and
 * names as the safetensors file has them. */
rg_status rg_export_onnx(const struct rg_export *what);

/* One file of C99 with the weights, a function for a step (of one direction) and one for a sequence, and the test. The
 * names begin with that of the file. */
rg_status rg_export_c(const struct rg_export *what);

/* The model that an ONNX file holds: one that rg_export_onnx wrote, with all that it says of itself, or another of a
 * recurrent part of RNN, LSTM or GRU nodes and a linear head, whose loss is then `loss`. RG_BAD_FILE names the node or
 * constant that such a model does not have. */
rg_status rg_import_onnx(const char *path, enum rg_loss loss, struct rg_model **out);

/* A Python module with a torch.nn.Module that loads the weights from the model's file; see rg_export.weights. */
rg_status rg_export_torch(const struct rg_export *what);

/* NumPy's .npz: the parameters by name, and `config`, the options as JSON in bytes. */
rg_status rg_export_npz(const struct rg_export *what);

/* The model's file as rnn-gpu writes it, whatever the names of the file it was read from. */
rg_status rg_export_safetensors(const struct rg_export *what);

#endif
