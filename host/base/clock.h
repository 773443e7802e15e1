/* The time. */
#ifndef RG_CLOCK_H
#define RG_CLOCK_H

/* Seconds of a monotonic clock. */
double rg_seconds(void);

#endif
