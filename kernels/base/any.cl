/* What follows is for blocks of any size, which is in a variable `size`. */
#undef RG_N
#undef RG_WIDTH
#define RG_N size.vectors
#define RG_WIDTH _any_
