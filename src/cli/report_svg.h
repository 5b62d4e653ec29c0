/* report_svg.h - line charts as SVG text. Floor 6.
 *
 * Nothing here knows what it draws. Colours, dashes and type are classes of assets/report.css
 * (c0..c7, d0..d3); the script finds a curve's numbers in data-v ("x,y x,y ...", as many as the
 * path has points). No NaN or infinity is ever written: a point that is not finite, or not above
 * zero on a log axis, breaks the line.
 */
#ifndef WEIR_CLI_REPORT_SVG_H
#define WEIR_CLI_REPORT_SVG_H

#include "base/text.h"
#include "cli/report_arena.h"
#include "cli/report_scale.h"
#include "weir/status.h"

typedef struct weir_report_curve {
    const double *x, *y;
    int count;
    int colour, dash;
    int id;            /* curves with the same id light up together across the page */
    const char *name;  /* for the tooltip and the label at the end; never NULL */
    const char *extra; /* shown after the name in the label: a slope; may be NULL */
    bool faint;        /* one of several seeds: pale, without a label */
    bool dots;         /* a dot at every point */
    bool broken;       /* it diverged: its end is crossed */
} weir_report_curve;

/* A horizontal line that means something. */
typedef struct weir_report_level {
    double y; /* not drawn when not finite or outside the axis */
    const char *label;
    bool right; /* the label stands at the right end */
} weir_report_level;

typedef struct weir_report_chart {
    const char *heading;         /* "96 layers"; may be "" */
    const char *x_name, *y_name; /* with units */
    int width, height;
    int gutter;           /* room for the labels, from weir_report_gutter */
    bool whole_x;         /* x counts things */
    const double *x_tick; /* where ticks stand on x; NULL: at round values */
    int x_ticks;
    weir_report_axis x, y; /* from and to are set by the drawing */
    const weir_report_curve *curve;
    int curves;
    const weir_report_level *level;
    int levels;
} weir_report_chart;

/* The width that the end labels of these curves need. */
int weir_report_gutter(const weir_report_curve *curve, int curves);

/* Adds one <svg>. Scratch is taken from the arena: WEIR_E_MEMORY is the only failure (out->failed
 * is not looked at). */
weir_status weir_report_chart_draw(weir_text *out, const weir_report_chart *chart,
                                   weir_report_arena *arena);

/* A word-sized curve without axes; y is the range that all of them share, level a line across (NaN:
 * none). */
void weir_report_spark_draw(weir_text *out, const weir_report_curve *curve, int width,
                            const weir_report_range *x, const weir_report_range *y, double level);

/* Moves `count` labels, wanted at at[] (ascending), apart to at least `gap`, within lo..hi if they
 * fit, each as near to its place as the others allow. scratch: 2 * count doubles. */
void weir_report_spread(double *at, int count, double gap, double lo, double hi, double *scratch);

#endif
