/* Every file in order but those of learned.cl, one text for OpenCL C and for C (host/device/native/kernels.c). An
 * OpenCL device builds it in parts, each when the first of its kernels is needed: compiling a cell's sweeps takes
 * seconds. */
#define RG_PART_ALL 0
#define RG_PART_SHARED 1 /* all but what follows */
#define RG_PART_RNN 2    /* the sweeps of a cell */
#define RG_PART_LSTM 3
#define RG_PART_GRU 4
#define RG_PART_WIDE 5 /* heads of many outputs */
#ifndef RG_PART
#define RG_PART RG_PART_ALL
#endif
#if RG_PART < RG_PART_ALL || RG_PART > RG_PART_WIDE
#error "RG_PART is none of RG_PART_ALL ... RG_PART_WIDE"
#endif
#include "base.cl"
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_RNN
#include "cells/rnn.cl"
#include "sweep.cl"
#endif
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_LSTM
#include "cells/lstm.cl"
#include "sweep.cl"
#endif
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_GRU
#include "cells/gru.cl"
#include "sweep.cl"
#endif
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_SHARED || RG_PART == RG_PART_WIDE
#include "loss.cl"
#endif
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_SHARED
#include "pack.cl"
#include "head.cl"
#include "input_gradient.cl"
#include "initial.cl"
#include "embed.cl"
#include "weight_gradient.cl"
#include "norm.cl"
#include "optimizer.cl"
#include "random.cl"
#include "tasks.cl"
#include "gather.cl"
#include "dropout.cl"
#include "lag.cl"
#include "peak.cl"
#endif
#if RG_PART == RG_PART_ALL || RG_PART == RG_PART_WIDE
#include "wide_head.cl"
#endif
#if RG_REPLICAS
#include "replicas.cl"
#endif
