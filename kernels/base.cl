/* What both programs begin with: arguments, helpers, blocks of a plain product. */
#include "args.h"
#include "common.cl"
#if RG_TF32
#include "mma.cl"
#define RG_R 16
#include "plain.cl"
#undef RG_R
#endif
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
