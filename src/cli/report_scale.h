/* report_scale.h - axes: from data to pixels, and where the ticks stand. Floor 6. */
#ifndef WEIR_CLI_REPORT_SCALE_H
#define WEIR_CLI_REPORT_SCALE_H

#include <stdbool.h>

/* The range of the data that an axis must show. Start from weir_report_range_none(). */
typedef struct weir_report_range {
    double lo, hi;      /* of the finite values; lo > hi: none was seen */
    double lo_positive; /* the smallest above zero; INFINITY: none */
} weir_report_range;

weir_report_range weir_report_range_none(void);
void weir_report_range_add(weir_report_range *range,
                           double v); /* values that are not finite are passed over */

typedef struct weir_report_axis {
    double lo, hi; /* data at the ends; lo < hi, both finite; both > 0 when log */
    bool log;
    double from, to; /* pixels at lo and hi */
} weir_report_axis;

typedef enum weir_report_axis_kind {
    WEIR_REPORT_LINEAR,
    WEIR_REPORT_AUTO, /* log when all values are above zero and span more than 1.5 decades */
    WEIR_REPORT_LOG   /* log when there is a value above zero */
} weir_report_axis_kind;

/* An axis that shows the range with a little air. tight: no air (steps, layers). An empty range
 * gives 0..1. A log axis spans at most 16 decades below its top. */
weir_report_axis weir_report_axis_of(const weir_report_range *range, weir_report_axis_kind kind,
                                     bool tight, double from, double to);

/* The pixel of v; outside the axis at most ten lengths away from it. NaN when v is not finite, or
 * not above zero on a log axis. */
double weir_report_axis_at(const weir_report_axis *axis, double v);

enum { WEIR_REPORT_TICKS = 24 };

/* Round values inside the axis, ascending; about `want` of them and never more than
 * WEIR_REPORT_TICKS. Linear: steps of 1, 2 or 5 times a power of ten. Log: powers of ten, with 2
 * and 5 between them (or all nine) when the axis is short. */
int weir_report_ticks(const weir_report_axis *axis, int want, double tick[WEIR_REPORT_TICKS]);

/* The same for counted things: no tick falls between two whole numbers. */
int weir_report_whole_ticks(const weir_report_axis *axis, int want, double tick[WEIR_REPORT_TICKS]);

/* The slope of log y over log x by least squares; points that are not above zero are passed over.
 * NaN with fewer than two different x. */
double weir_report_slope(const double *x, const double *y, int count);

#endif
