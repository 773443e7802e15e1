/* What follows is for the last panel of a row where that has one vector more than the others (RG_ROOMY). */
#undef RG_N
#undef RG_WIDTH
#define RG_N (RG_NV + 1)
#define RG_WIDTH _wide_
