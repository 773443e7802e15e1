/* The program: every file in order, one text for OpenCL C and for C (host/device/native/kernels.c). */
#include "args.h"
#include "common.cl"
#define RG_R 8
#include "plain.cl"
#undef RG_R
#define RG_R 4
#include "plain.cl"
#undef RG_R
#define RG_R 2
#include "plain.cl"
#undef RG_R
#define RG_R 1
#include "plain.cl"
#undef RG_R
#include "cells/rnn.cl"
#include "sweep.cl"
#include "cells/lstm.cl"
#include "sweep.cl"
#include "cells/gru.cl"
#include "sweep.cl"
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
