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
#include "base/plain_sizes.cl"
#if RG_ROOMY
#include "base/wide.cl"
#include "base/plain_sizes.cl"
#include "base/usual.cl"
#endif
#endif
