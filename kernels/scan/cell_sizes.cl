/* cell_rows.cl for each number of rows. */
#if RG_TF32
#define RG_R 16
#include "scan/cell_rows.cl"
#undef RG_R
#else
#if RG_HOT_ROWS >= 8
#define RG_R 8
#include "scan/cell_rows.cl"
#undef RG_R
#endif
#if RG_ROOMY
#define RG_R 5
#include "scan/cell_rows.cl"
#undef RG_R
#endif
#if RG_HOT_ROWS >= 4
#define RG_R 4
#include "scan/cell_rows.cl"
#undef RG_R
#endif
#if RG_HEIGHT == 2 || RG_HOT_ROWS == 2
#define RG_R 2
#include "scan/cell_rows.cl"
#undef RG_R
#endif
#define RG_R 1
#include "scan/cell_rows.cl"
#undef RG_R
#endif
