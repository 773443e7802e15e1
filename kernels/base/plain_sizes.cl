/* plain.cl for each number of rows. */
#define RG_R 8
#include "base/plain.cl"
#undef RG_R
#if RG_ROOMY
#define RG_R 5
#include "base/plain.cl"
#undef RG_R
#endif
#define RG_R 4
#include "base/plain.cl"
#undef RG_R
#define RG_R 2
#include "base/plain.cl"
#undef RG_R
#define RG_R 1
#include "base/plain.cl"
#undef RG_R
