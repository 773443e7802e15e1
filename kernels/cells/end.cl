/* Included after a cell's file: defines its scans, unless RG_STEPS_ONLY, and ends its macros. */
#ifndef RG_STEPS_ONLY
#include "scan/scan.cl"
#endif
#undef RG_CELL
#undef RG_GATES
#undef RG_SUMS_A_UNIT
#undef RG_SAVED
#undef RG_DELTAS
#undef RG_WIDE
#undef RG_HIDDEN_TO
#undef RG_HEIGHT
#undef RG_PAST
#undef RG_PAST_IS_STATE
