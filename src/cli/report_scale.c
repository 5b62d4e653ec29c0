#include "cli/report_scale.h"

#include <math.h>

static const double LOG_SPAN = 31.622776601683793; /* 1.5 decades */
static const double DECADES_MAX = 16;

weir_report_range weir_report_range_none(void)
{
    return (weir_report_range){.lo = INFINITY, .hi = -INFINITY, .lo_positive = INFINITY};
}

void weir_report_range_add(weir_report_range *range, double v)
{
    if (!isfinite(v)) return;
    range->lo = fmin(range->lo, v);
    range->hi = fmax(range->hi, v);
    if (v > 0) range->lo_positive = fmin(range->lo_positive, v);
}

static weir_report_axis log_axis(const weir_report_range *range, bool tight)
{
    double hi = log10(range->hi), lo = fmax(log10(range->lo_positive), hi - DECADES_MAX);
    double air = tight ? 0 : 0.05 * (hi - lo);
    /* Nearly equal values are shown as such: less than a factor of 2 does not fill the axis. */
    double widen = fmax(0, 0.3 - (hi - lo)) / 2;
    return (weir_report_axis){.lo = pow(10, fmax(lo - air - widen, -307)),
                              .hi = pow(10, fmin(hi + air + widen, 307)),
                              .log = true};
}

static weir_report_axis linear_axis(const weir_report_range *range, bool tight)
{
    double lo = fmax(range->lo, -1e300), hi = fmin(range->hi, 1e300);
    if (!tight) {
        double size = fmax(fabs(lo), fabs(hi));
        double widen = fmax(0, 0.2 * size - (hi - lo)) / 2, air = 0.05 * (hi - lo);
        bool above = lo >= 0;
        lo -= air + widen;
        hi += air + widen;
        if (above) lo = fmax(lo, 0);
    }
    if (!(hi > lo)) {
        double half = fmax(0.5, fabs(lo) * 1e-6);
        lo -= half, hi += half;
    }
    return (weir_report_axis){.lo = lo, .hi = hi};
}

weir_report_axis weir_report_axis_of(const weir_report_range *range, weir_report_axis_kind kind,
                                     bool tight, double from, double to)
{
    weir_report_axis axis = {.lo = 0, .hi = 1};
    if (range->lo <= range->hi) {
        bool any = isfinite(range->lo_positive);
        bool wide = range->lo > 0 && range->hi > LOG_SPAN * range->lo;
        bool use_log = any && (kind == WEIR_REPORT_LOG || (kind == WEIR_REPORT_AUTO && wide));
        axis = use_log ? log_axis(range, tight) : linear_axis(range, tight);
    }
    axis.from = from;
    axis.to = to;
    return axis;
}

double weir_report_axis_at(const weir_report_axis *axis, double v)
{
    if (!isfinite(v) || (axis->log && v <= 0)) return NAN;
    double part = axis->log ? (log10(v) - log10(axis->lo)) / (log10(axis->hi) - log10(axis->lo))
                            : (v - axis->lo) / (axis->hi - axis->lo);
    return axis->from + fmin(fmax(part, -10), 11) * (axis->to - axis->from);
}

/* The smallest of 1, 2, 5 times a power of ten that is not below v. */
static double round_up(double v)
{
    double power = pow(10, floor(log10(v)));
    double lead = v / power;
    return power * (lead <= 1.0000001 ? 1 : lead <= 2.0000001 ? 2 : lead <= 5.0000001 ? 5 : 10);
}

static int linear_ticks(const weir_report_axis *axis, double step, double tick[WEIR_REPORT_TICKS])
{
    int count = 0;
    double slack = 1e-9 * step;
    for (double k = ceil((axis->lo - slack) / step); count < WEIR_REPORT_TICKS; k++) {
        double v = k * step;
        if (v > axis->hi + slack) break;
        tick[count++] = v == 0 ? 0 : v; /* no "-0" */
    }
    return count;
}

static int log_ticks(const weir_report_axis *axis, int want, double tick[WEIR_REPORT_TICKS])
{
    static const double leads[] = {1, 2, 5};
    double decades = log10(axis->hi) - log10(axis->lo);
    int stride = (int)fmax(1, ceil(decades / want));
    bool between = decades < 1.8;
    int count = 0;
    int first = (int)floor(log10(axis->lo)) - 1, last = (int)ceil(log10(axis->hi));
    for (int power = first; power <= last; power++) {
        if (power % stride) continue;
        for (int i = 0; i < (between ? 3 : 1) && count < WEIR_REPORT_TICKS; i++) {
            double v = leads[i] * pow(10, power);
            if (v >= axis->lo * (1 - 1e-9) && v <= axis->hi * (1 + 1e-9)) tick[count++] = v;
        }
    }
    return count;
}

int weir_report_ticks(const weir_report_axis *axis, int want, double tick[WEIR_REPORT_TICKS])
{
    if (axis->log) return log_ticks(axis, want, tick);
    return linear_ticks(axis, round_up((axis->hi - axis->lo) / want), tick);
}

int weir_report_whole_ticks(const weir_report_axis *axis, int want, double tick[WEIR_REPORT_TICKS])
{
    if (axis->log) return log_ticks(axis, want, tick);
    return linear_ticks(axis, fmax(1, round_up((axis->hi - axis->lo) / want)), tick);
}

double weir_report_slope(const double *x, const double *y, int count)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < count; i++) {
        if (!(x[i] > 0 && y[i] > 0 && isfinite(x[i]) && isfinite(y[i]))) continue;
        double u = log(x[i]), v = log(y[i]);
        n += 1, sx += u, sy += v, sxx += u * u, sxy += u * v;
    }
    double spread = n * sxx - sx * sx;
    return n >= 2 && spread > 1e-12 * (n * sxx + sx * sx) ? (n * sxy - sx * sy) / spread : NAN;
}
