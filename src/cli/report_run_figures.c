#include <math.h>

#include "cli/report_curves.h"
#include "cli/report_panel.h"
#include "cli/report_sections.h"

static weir_status draw_loss(weir_text *out, weir_report_data *data, const weir_report_run *run)
{
    weir_report_curve curve[2] = {
        {.name = "training", .colour = 0, .id = 0, .broken = run->state == WEIR_REPORT_DIVERGED},
        {.name = "held out", .colour = 1, .id = 1, .dots = true}};
    weir_report_level level[2];
    if (weir_report_step_curve(&data->arena, run, WEIR_REPORT_LOSS, 1, &curve[0]) ||
        weir_report_step_curve(&data->arena, run, WEIR_REPORT_VAL_LOSS, 1, &curve[1]))
        return WEIR_E_MEMORY;
    weir_report_range x = weir_report_range_none(), y = weir_report_range_none();
    weir_report_add_curves(&x, &y, curve, 2);
    if (x.lo > x.hi) return WEIR_OK;
    weir_report_cap_loss(data, &y);
    weir_report_chart chart = {.heading = "",
                               .x_name = "step",
                               .y_name = "loss, nats per token",
                               .width = 1136,
                               .height = 300,
                               .gutter = weir_report_gutter(curve, curve[1].count ? 2 : 1),
                               .whole_x = true,
                               .curve = curve,
                               .curves = curve[1].count ? 2 : 1,
                               .level = level,
                               .levels = weir_report_loss_levels(data, level)};
    chart.x = weir_report_axis_of(&x, WEIR_REPORT_LINEAR, true, 0, 0);
    chart.y = weir_report_axis_of(&y, WEIR_REPORT_AUTO, false, 0, 0);
    weir_report_open_figure(
        out, "loss", "Loss, by step",
        "Lower is better. The unigram entropy is what knowing only how often each token "
        "occurs would give; no model can stay below the entropy floor. Held-out loss far above "
        "training loss is overfitting.",
        "");
    weir_text_add(out, "<div class=\"panels\">\n");
    weir_status status = weir_report_chart_draw(out, &chart, &data->arena);
    weir_text_add(out, "</div></section>\n");
    return status;
}

/* One chart of a run with up to two curves, if they hold anything. */
static weir_status draw_small(weir_text *out, weir_report_data *data, const char *x_name,
                              const char *y_name, bool may_be_log, const weir_report_curve *curve,
                              int curves)
{
    weir_report_range x = weir_report_range_none(), y = weir_report_range_none();
    weir_report_add_curves(&x, &y, curve, curves);
    if (x.lo > x.hi) return WEIR_OK;
    weir_report_chart chart = {.heading = "",
                               .x_name = x_name,
                               .y_name = y_name,
                               .width = 556,
                               .height = 240,
                               .gutter = weir_report_gutter(curve, curves),
                               .whole_x = true,
                               .curve = curve,
                               .curves = curves};
    chart.x = weir_report_axis_of(&x, WEIR_REPORT_LINEAR, true, 0, 0);
    chart.y = weir_report_magnitude_axis(y, may_be_log);
    return weir_report_chart_draw(out, &chart, &data->arena);
}

static weir_status draw_pace(weir_text *out, weir_report_data *data, const weir_report_run *run)
{
    weir_report_curve lr = {.name = ""};
    weir_report_curve grad = lr;
    if (weir_report_step_curve(&data->arena, run, WEIR_REPORT_LR, 1, &lr) ||
        weir_report_step_curve(&data->arena, run, WEIR_REPORT_STEP_GRAD_NORM, 1, &grad))
        return WEIR_E_MEMORY;
    if (!lr.count && !grad.count) return WEIR_OK;
    weir_report_open_figure(out, "pace", "Learning rate and gradient norm, by step",
                            "A gradient norm that jumps by decades foretells a loss that does.",
                            "");
    weir_text_add(out, "<div class=\"panels\">\n");
    if (draw_small(out, data, "step", "gradient norm, all weights", true, &grad, 1) ||
        draw_small(out, data, "step", "learning rate", false, &lr, 1))
        return WEIR_E_MEMORY;
    weir_text_add(out, "</div></section>\n");
    return WEIR_OK;
}

static weir_status draw_layers(weir_text *out, weir_report_data *data, const weir_report_run *run)
{
    static const struct {
        weir_report_metric metric;
        const char *name;
    } panels[] = {{WEIR_REPORT_GRAD_NORM, "gradient norm of the layer's weights"},
                  {WEIR_REPORT_RESID_RMS, "rms of the residual stream"},
                  {WEIR_REPORT_BRANCH_RMS, "rms of the branches"},
                  {WEIR_REPORT_DRESID_RMS, "rms of the stream's gradient"},
                  {WEIR_REPORT_MAX_ABS, "largest absolute value of the stream"},
                  {WEIR_REPORT_UPDATE_RATIO, "largest |change| / |weight| of one AdamW step"}};
    int64_t steps[2] = {weir_report_first_measured(run), weir_report_last_measured(run)};
    if (steps[0] < 0) return WEIR_OK;
    int times = steps[1] > steps[0] ? 2 : 1;
    weir_report_open_figure(
        out, "layers", "Layer by layer, first and last measured",
        "Level lines are what a network of any depth wants. A gradient that falls or rises "
        "by decades, or a stream that grows from layer to layer, is where deep networks "
        "fail.",
        "");
    weir_text_add(out, "<div class=\"panels\">\n");
    for (size_t p = 0; p < sizeof panels / sizeof panels[0]; p++) {
        weir_report_curve curve[2];
        for (int t = 0; t < times; t++) {
            curve[t] = (weir_report_curve){.colour = t, .id = 2 + t};
            curve[t].name = weir_report_format(&data->arena, "step %lld", (long long)steps[t]);
            if (!curve[t].name ||
                weir_report_layer_curve(&data->arena, run, panels[p].metric, steps[t], &curve[t]))
                return WEIR_E_MEMORY;
        }
        if (draw_small(out, data, "layer", panels[p].name, true, curve, times))
            return WEIR_E_MEMORY;
    }
    weir_text_add(out, "</div></section>\n");
    return WEIR_OK;
}

weir_status weir_report_run_figures(weir_text *out, weir_report_data *data,
                                    const weir_report_run *run)
{
    if (draw_loss(out, data, run) || draw_pace(out, data, run) || draw_layers(out, data, run))
        return WEIR_E_MEMORY;
    return WEIR_OK;
}
