/* The program: every file in order, one text for OpenCL C and for C (host/device/native/kernels.c). */
#include "args.h"
#include "common.cl"
#define RG_R 8
#include "block.cl"
#undef RG_R
#define RG_R 4
#include "block.cl"
#undef RG_R
#define RG_R 1
#include "block.cl"
#undef RG_R
#include "cells/rnn.cl"
#define RG_R 8
#include "rows.cl"
#undef RG_R
#define RG_R 4
#include "rows.cl"
#undef RG_R
#define RG_R 1
#include "rows.cl"
#undef RG_R
#include "pack.cl"
#include "sweep.cl"
#include "head.cl"
#include "weight_gradient.cl"
#include "norm.cl"
#include "optimizer.cl"
#include "random.cl"
#include "tasks.cl"
#include "gather.cl"
#include "peak.cl"
