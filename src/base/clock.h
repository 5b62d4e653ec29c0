/* clock.h - seconds on a monotonic clock. Floor 0. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H
double weir_clock(void);
#endif
