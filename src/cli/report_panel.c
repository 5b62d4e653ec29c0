#include "cli/report_panel.h"

#include <math.h>

void weir_report_open_figure(weir_text *out, const char *id, const char *title, const char *how,
                             const char *more)
{
    weir_text_addf(out,
                   "<section class=\"figure\" id=\"%s\"><h2>%s</h2>\n"
                   "<p class=\"how\">%s%s</p>\n",
                   id, title, how, more);
}

/* The axis of what cannot be below zero: from zero, so that level looks level, unless it spans
 * decades. */
weir_report_axis weir_report_magnitude_axis(weir_report_range range, bool may_be_log)
{
    weir_report_axis axis = weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 0);
    if (axis.log && may_be_log) return axis;
    weir_report_range_add(&range, 0);
    return weir_report_axis_of(&range, WEIR_REPORT_LINEAR, false, 0, 0);
}

void weir_report_add_curves(weir_report_range *x, weir_report_range *y,
                            const weir_report_curve *curve, int count)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < curve[i].count; k++) {
            if (isfinite(curve[i].y[k])) weir_report_range_add(x, curve[i].x[k]);
            weir_report_range_add(y, curve[i].y[k]);
        }
    }
}

void weir_report_cap_loss(const weir_report_data *data, weir_report_range *y)
{
    double cap = 0;
    for (int i = 0; i < data->runs; i++) {
        const weir_report_run *run = &data->run[i];
        if (run->steps) cap = fmax(cap, 1.15 * run->step[0].loss);
        cap = fmax(cap, 1.15 * run->unigram);
        weir_report_range_add(y, run->floor);
        weir_report_range_add(y, run->unigram);
    }
    if (cap > 0) y->hi = fmin(y->hi, cap);
}

int weir_report_loss_levels(const weir_report_data *data, weir_report_level level[2])
{
    double floor = data->run[0].floor, unigram = data->run[0].unigram;
    for (int i = 1; i < data->runs; i++) {
        if (!(data->run[i].floor == floor)) floor = NAN;
        if (!(data->run[i].unigram == unigram)) unigram = NAN;
    }
    level[0] = (weir_report_level){unigram, "unigram entropy", true};
    level[1] = (weir_report_level){floor, "entropy floor", false};
    return 2;
}
