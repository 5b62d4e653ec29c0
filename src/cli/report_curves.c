#include "cli/report_curves.h"

#include <math.h>

static double field_of(const weir_report_step *step, weir_report_step_field field)
{
    switch (field) {
    case WEIR_REPORT_LOSS: return step->loss;
    case WEIR_REPORT_VAL_LOSS: return step->val_loss;
    case WEIR_REPORT_LR: return step->lr;
    default: return step->grad_norm;
    }
}

static weir_status take_points(weir_report_arena *arena, int count, double **x, double **y)
{
    *x = weir_report_take(arena, (size_t)count, sizeof **x);
    *y = weir_report_take(arena, (size_t)count, sizeof **y);
    return *x && *y ? WEIR_OK : WEIR_E_MEMORY;
}

/* y[i] is the mean of the last `window` of v[0..i], or of as many as there are. */
static void running_mean(const double *v, double *y, int count, int window)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        int first = i >= window ? i - window + 1 : 0;
        if (i % window == 0) {
            /* Afresh now and then, so that what a spike rounded away does not stay away. */
            sum = 0;
            for (int k = first; k <= i; k++) sum += v[k];
        } else {
            sum += v[i] - (i >= window ? v[i - window] : 0);
        }
        y[i] = sum / (i - first + 1);
    }
}

weir_status weir_report_step_curve(weir_report_arena *arena, const weir_report_run *run,
                                   weir_report_step_field field, int window,
                                   weir_report_curve *curve)
{
    double *x, *y, *v = weir_report_take(arena, (size_t)run->steps, sizeof *v);
    int count = 0;
    if (!v || take_points(arena, run->steps, &x, &y)) return WEIR_E_MEMORY;
    for (int i = 0; i < run->steps; i++) {
        double here = field_of(&run->step[i], field);
        if (!isfinite(here) && field == WEIR_REPORT_LOSS) break;
        if (!isfinite(here)) continue;
        x[count] = (double)run->step[i].step;
        v[count++] = here;
    }
    running_mean(v, y, count, window);
    curve->x = x;
    curve->y = y;
    curve->count = count;
    return WEIR_OK;
}

int weir_report_loss_window(const weir_report_data *data)
{
    int longest = 0;
    for (int i = 0; i < data->runs; i++)
        if (data->run[i].steps > longest) longest = data->run[i].steps;
    return longest < 100 ? 1 : longest / 50;
}

/* What a further sublayer does to the number of its layer; `so_far` is NaN before the first. */
static double join(weir_report_metric metric, double so_far, double v)
{
    if (!isfinite(v)) return so_far;
    switch (metric) {
    case WEIR_REPORT_GRAD_NORM:
    case WEIR_REPORT_BRANCH_RMS: return isnan(so_far) ? v : hypot(so_far, v);
    case WEIR_REPORT_RESID_RMS:
    case WEIR_REPORT_DRESID_RMS: return v;
    default: return fmax(so_far, v);
    }
}

weir_status weir_report_layer_curve(weir_report_arena *arena, const weir_report_run *run,
                                    weir_report_metric metric, int64_t step,
                                    weir_report_curve *curve)
{
    double *x, *y;
    int *joined = weir_report_take(arena, (size_t)run->depth, sizeof *joined);
    curve->count = 0;
    if (!joined || take_points(arena, run->depth, &x, &y)) return WEIR_E_MEMORY;
    for (int l = 0; l < run->depth; l++) x[l] = l + 1, y[l] = NAN;
    bool any = false;
    for (int i = 0; i < run->layers; i++) {
        const weir_report_layer *line = &run->layer[i];
        double v = line->value[metric];
        if (line->step != step || !isfinite(v)) continue;
        y[line->layer - 1] = join(metric, y[line->layer - 1], v);
        joined[line->layer - 1]++;
        any = true;
    }
    for (int l = 0; metric == WEIR_REPORT_BRANCH_RMS && l < run->depth; l++)
        if (joined[l]) y[l] /= sqrt(joined[l]);
    curve->x = x;
    curve->y = y;
    curve->count = any ? run->depth : 0;
    return WEIR_OK;
}

int64_t weir_report_first_measured(const weir_report_run *run)
{
    int64_t first = -1;
    for (int i = 0; i < run->layers; i++)
        if (first < 0 || run->layer[i].step < first) first = run->layer[i].step;
    return first;
}

int64_t weir_report_last_measured(const weir_report_run *run)
{
    int64_t last = -1;
    for (int i = 0; i < run->layers; i++)
        if (run->layer[i].step > last) last = run->layer[i].step;
    return last;
}
