/* What follows is for a panel of RG_NV vectors. */
#undef RG_N
#undef RG_WIDTH
#define RG_N RG_NV
#define RG_WIDTH _
