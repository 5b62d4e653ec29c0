#include <math.h>
#include <stdlib.h>

#include "cli/report_curves.h"
#include "cli/report_html.h"
#include "cli/report_panel.h"
#include "cli/report_sections.h"

enum { MANY_ROWS = 12 }; /* labels of more rows than these make charts wider and taller */

/* Widths of a chart when one, two, or more stand side by side in the page's 1136 pixels. */
static int chart_width(int panels, int rows)
{
    if (panels == 1) return 1136;
    return panels == 2 || rows > MANY_ROWS ? 556 : 368;
}

static int chart_height(int rows)
{
    return rows <= MANY_ROWS ? 252 : 68 + 15 * rows;
}

/* ---- a figure: one panel for each depth, drawn by one recipe -------------------------------- */

typedef struct recipe {
    const char *id, *title, *how, *x_name, *y_name;
    int window;  /* of the loss: how many steps a point is the mean of */
    bool layers; /* by layer; else the loss by step */
    bool last;   /* of the layers: the last measured step, not the first */
    weir_report_metric metric;
} recipe;

static weir_status curve_of(weir_report_arena *arena, const recipe *what,
                            const weir_report_run *run, weir_report_curve *curve)
{
    if (!what->layers) {
        curve->broken = run->state == WEIR_REPORT_DIVERGED;
        return weir_report_step_curve(arena, run, WEIR_REPORT_LOSS, what->window, curve);
    }
    int64_t step = what->last ? weir_report_last_measured(run) : weir_report_first_measured(run);
    return weir_report_layer_curve(arena, run, what->metric, step, curve);
}

/* The curves of one depth, seeds before their median so that it lies on top. */
static weir_status panel_curves(weir_report_data *data, const weir_report_grid *grid,
                                const recipe *what, int depth, weir_report_curve **out, int *count)
{
    weir_report_curve *curve = weir_report_take(&data->arena, (size_t)data->runs, sizeof *curve);
    if (!curve) return WEIR_E_MEMORY;
    *count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int r = 0; r < grid->rows; r++) {
            const weir_report_row *row = &grid->row[r];
            const weir_report_cell *cell = &row->cell[depth];
            for (int i = 0; i < cell->runs; i++) {
                bool median = cell->run[i] == cell->median;
                if (median != (pass == 1)) continue;
                weir_report_curve *c = &curve[*count];
                *c = (weir_report_curve){.colour = row->colour,
                                         .dash = row->dash,
                                         .id = r,
                                         .name = row->label,
                                         .faint = !median};
                if (curve_of(&data->arena, what, cell->run[i], c)) return WEIR_E_MEMORY;
                if (c->count) (*count)++;
            }
        }
    }
    *out = curve;
    return WEIR_OK;
}

/* What a figure adds to its explanation; NULL when memory is out. */
static const char *figure_notes(weir_report_arena *arena, const recipe *what, bool faint)
{
    const char *seeds = faint ? " Pale lines are further seeds." : "";
    if (what->layers || what->window < 2) return seeds;
    return weir_report_format(arena, " Each point is the mean of %d steps.%s", what->window, seeds);
}

static weir_status draw_figure(weir_text *out, weir_report_data *data, const weir_report_grid *grid,
                               const recipe *what)
{
    weir_report_curve **curve = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *curve);
    int *count = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *count);
    if (!curve || !count) return WEIR_E_MEMORY;
    weir_report_range x = weir_report_range_none(), y = weir_report_range_none();
    int total = 0, gutter = 0;
    bool faint = false;
    for (int d = 0; d < grid->depths; d++) {
        if (panel_curves(data, grid, what, d, &curve[d], &count[d])) return WEIR_E_MEMORY;
        weir_report_add_curves(&x, &y, curve[d], count[d]);
        total += count[d];
        for (int i = 0; i < count[d]; i++) faint |= curve[d][i].faint;
        int wants = weir_report_gutter(curve[d], count[d]);
        if (wants > gutter) gutter = wants;
    }
    if (!total) return WEIR_OK;
    const char *more = figure_notes(&data->arena, what, faint);
    if (!more) return WEIR_E_MEMORY;
    if (!what->layers) weir_report_cap_loss(data, &y);

    weir_report_level level[2];
    weir_report_chart chart = {.x_name = what->x_name,
                               .y_name = what->y_name,
                               .width = chart_width(grid->depths, grid->rows),
                               .height = chart_height(grid->rows),
                               .gutter = gutter,
                               .whole_x = true,
                               .y = what->layers
                                        ? weir_report_magnitude_axis(y, true)
                                        : weir_report_axis_of(&y, WEIR_REPORT_AUTO, false, 0, 0),
                               .level = level,
                               .levels = what->layers ? 0 : weir_report_loss_levels(data, level)};
    weir_report_open_figure(out, what->id, what->title, what->how, more);
    weir_text_add(out, "<div class=\"panels\">\n");
    for (int d = 0; d < grid->depths; d++) {
        chart.heading = weir_report_format(&data->arena, "%d layer%s", grid->depth[d],
                                           grid->depth[d] == 1 ? "" : "s");
        if (!chart.heading) return WEIR_E_MEMORY;
        weir_report_range own = weir_report_range_none(), unused = own;
        weir_report_add_curves(&own, &unused, curve[d], count[d]);
        chart.x = weir_report_axis_of(what->layers ? &own : &x, WEIR_REPORT_LINEAR, true, 0, 0);
        chart.curve = curve[d];
        chart.curves = count[d];
        if (weir_report_chart_draw(out, &chart, &data->arena)) return WEIR_E_MEMORY;
    }
    weir_text_add(out, "</div></section>\n");
    return WEIR_OK;
}

/* ---- the first update by depth -------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the seeds of a cell; NaN when none was measured. */
static weir_status median_update(weir_report_arena *arena, const weir_report_cell *cell,
                                 double *out)
{
    double *v = weir_report_take(arena, (size_t)cell->runs, sizeof *v);
    int count = 0;
    if (!v) return WEIR_E_MEMORY;
    for (int i = 0; i < cell->runs; i++) {
        double update = cell->run[i]->probe.sgd_update;
        if (isfinite(update)) v[count++] = update;
    }
    qsort(v, (size_t)count, sizeof *v, ascending);
    *out = !count ? NAN : count % 2 ? v[count / 2] : (v[count / 2 - 1] + v[count / 2]) / 2;
    return WEIR_OK;
}

static weir_status update_curves(weir_report_data *data, const weir_report_grid *grid,
                                 weir_report_curve *curve, double *slope)
{
    for (int r = 0; r < grid->rows; r++) {
        const weir_report_row *row = &grid->row[r];
        double *x = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *x);
        double *y = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *y);
        if (!x || !y) return WEIR_E_MEMORY;
        for (int d = 0; d < grid->depths; d++) {
            x[d] = grid->depth[d];
            if (median_update(&data->arena, &row->cell[d], &y[d])) return WEIR_E_MEMORY;
        }
        slope[r] = weir_report_slope(x, y, grid->depths);
        curve[r] = (weir_report_curve){.x = x,
                                       .y = y,
                                       .count = grid->depths,
                                       .colour = row->colour,
                                       .dash = row->dash,
                                       .id = r,
                                       .name = row->label,
                                       .dots = true};
        if (isfinite(slope[r])) {
            curve[r].extra = weir_report_format(&data->arena, "%+.2f", slope[r]);
            if (!curve[r].extra) return WEIR_E_MEMORY;
        }
    }
    return WEIR_OK;
}

static void update_table(weir_text *out, const weir_report_grid *grid,
                         const weir_report_curve *curve, const double *slope)
{
    char number[WEIR_REPORT_NUMBER];
    weir_text_add(out, "<table class=\"plain sortable\"><thead><tr><th>layout</th>");
    for (int d = 0; d < grid->depths; d++)
        weir_text_addf(out, "<th class=\"num\">%d</th>", grid->depth[d]);
    if (grid->depths > 1) weir_text_add(out, "<th class=\"num\">slope</th>");
    weir_text_add(out, "</tr></thead><tbody>\n");
    for (int r = 0; r < grid->rows; r++) {
        weir_text_addf(out, "<tr data-s=\"%d\"><td><i class=\"sw c%d\"></i>", r, curve[r].colour);
        weir_report_escape(out, curve[r].name);
        weir_text_add(out, "</td>");
        for (int d = 0; d < grid->depths; d++)
            weir_text_addf(out, "<td class=\"num\">%s</td>",
                           weir_report_number_text(curve[r].y[d], 3, number));
        if (grid->depths > 1)
            weir_text_addf(out, "<td class=\"num\">%s</td>",
                           isfinite(slope[r]) ? curve[r].extra : "–");
        weir_text_add(out, "</tr>\n");
    }
    weir_text_add(out, "</tbody></table>\n");
}

static weir_status draw_updates(weir_text *out, weir_report_data *data,
                                const weir_report_grid *grid)
{
    size_t rows = (size_t)grid->rows;
    weir_report_curve *curve = weir_report_take(&data->arena, rows, sizeof *curve);
    double *slope = weir_report_take(&data->arena, rows, sizeof *slope);
    double *depth = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *depth);
    if (!curve || !slope || !depth) return WEIR_E_MEMORY;
    if (update_curves(data, grid, curve, slope)) return WEIR_E_MEMORY;
    weir_report_range x = weir_report_range_none(), y = weir_report_range_none();
    weir_report_add_curves(&x, &y, curve, grid->rows);
    if (x.lo > x.hi) return WEIR_OK;
    for (int d = 0; d < grid->depths; d++) depth[d] = grid->depth[d];

    weir_report_open_figure(
        out, "update", "First update of the network, by depth",
        "How far one plain SGD step on the branch matrices moves the last hidden state, as "
        "the mean over tokens of the 2-norm. A layout whose line is flat (slope 0, what "
        "DeepNet&#39;s theorem 4.2 promises of DeepNorm) takes the same first step at every "
        "depth; one that rises is harder to train the deeper it is.",
        "");
    weir_text_add(out, "<div class=\"beside\">\n");
    if (grid->depths > 1) {
        weir_report_chart chart = {.heading = "",
                                   .x_name = "layers",
                                   .y_name = "change of the last hidden state",
                                   .width = 620,
                                   .height = chart_height(grid->rows) + 30,
                                   .gutter = weir_report_gutter(curve, grid->rows),
                                   .x_tick = depth,
                                   .x_ticks = grid->depths,
                                   .curve = curve,
                                   .curves = grid->rows};
        chart.x = weir_report_axis_of(&x, WEIR_REPORT_LOG, false, 0, 0);
        chart.y = weir_report_axis_of(&y, WEIR_REPORT_LOG, false, 0, 0);
        if (weir_report_chart_draw(out, &chart, &data->arena)) return WEIR_E_MEMORY;
    }
    update_table(out, grid, curve, slope);
    weir_text_add(out, "</div></section>\n");
    return WEIR_OK;
}

/* ---- the page of several runs --------------------------------------------------------------- */

static bool measured_later(const weir_report_data *data)
{
    for (int i = 0; i < data->runs; i++) {
        if (weir_report_last_measured(&data->run[i]) > weir_report_first_measured(&data->run[i]))
            return true;
    }
    return false;
}

weir_status weir_report_figures(weir_text *out, weir_report_data *data,
                                const weir_report_grid *grid)
{
    static const recipe recipes[] = {
        {.id = "loss",
         .title = "Training loss, by step",
         .how = "Lower is better. A curve that stays at the unigram entropy has learned how often "
                "each token occurs and nothing else; no model can stay below the entropy floor. "
                "A cross marks where a run diverged.",
         .x_name = "step",
         .y_name = "loss, nats per token"},
        {.id = "gradient",
         .title = "Gradient norm by layer, before training",
         .how =
             "One point is the norm of the loss&#39;s gradient for all weights of a layer. Level: "
             "every layer learns at the same pace. Steep: the layers at one end take steps that "
             "are too large for them, or those at the other hardly move.",
         .x_name = "layer",
         .y_name = "gradient norm",
         .layers = true,
         .metric = WEIR_REPORT_GRAD_NORM},
        {.id = "residual",
         .title = "Residual stream by layer, before training",
         .how =
             "Root mean square of the stream after each layer. Level: the norms hold it. Growing "
             "as the square root of the layer: every branch adds its variance to what is there.",
         .x_name = "layer",
         .y_name = "rms of the stream",
         .layers = true,
         .metric = WEIR_REPORT_RESID_RMS},
        {.id = "branch",
         .title = "What the branches add, by layer, before training",
         .how =
             "Root mean square of what attention and MLP return. Read it against the stream above: "
             "a branch much smaller than the stream changes it little.",
         .x_name = "layer",
         .y_name = "rms of the branches",
         .layers = true,
         .metric = WEIR_REPORT_BRANCH_RMS},
    };
    static const recipe later = {.id = "residual-later",
                                 .title = "Residual stream by layer, when last measured",
                                 .how = "The same after training, where a run was measured again.",
                                 .x_name = "layer",
                                 .y_name = "rms of the stream",
                                 .layers = true,
                                 .last = true,
                                 .metric = WEIR_REPORT_RESID_RMS};
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        recipe what = recipes[i];
        what.window = weir_report_loss_window(data);
        if (draw_figure(out, data, grid, &what)) return WEIR_E_MEMORY;
    }
    if (measured_later(data) && draw_figure(out, data, grid, &later)) return WEIR_E_MEMORY;
    return draw_updates(out, data, grid);
}
