/* clock.h - seconds, by two clocks. Floor 0. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

/* On a monotonic clock. */
double weir_clock(void);

/* That the calling thread has had of a core: what another program takes does not count. */
double weir_thread_clock(void);

#endif
