/* The beginning of every program: arguments, helpers, blocks of a plain product. */
#ifndef RG_BASE_CL
#define RG_BASE_CL
#include "base/args.h"
#include "cells/cells.h"
#include "base/common.cl"
#include "base/activations.cl"
#if RG_TF32
#include "base/mma.cl"
#define RG_R 16
#include "base/plain.cl"
#undef RG_R
#endif
#define RG_R 8
#include "base/plain.cl"
#undef RG_R
#define RG_R 4
#include "base/plain.cl"
#undef RG_R
#define RG_R 2
#include "base/plain.cl"
#undef RG_R
#define RG_R 1
#include "base/plain.cl"
#undef RG_R
#endif
