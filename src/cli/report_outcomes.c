#include <math.h>
#include <string.h>

#include "cli/report_curves.h"
#include "cli/report_html.h"
#include "cli/report_sections.h"

enum { EQUATION_LINES = 5 };

/* ---- the equation --------------------------------------------------------------------------- */

static int count_lines(const char *text)
{
    int lines = text[0] != 0;
    for (const char *c = text; *c; c++) lines += *c == '\n' && c[1];
    return lines;
}

/* The text up to the end of its n-th line. */
static size_t first_lines(const char *text, int n)
{
    size_t at = 0;
    while (text[at] && (n -= text[at] == '\n')) at++;
    return at;
}

static void add_equation(weir_text *out, const char *text)
{
    weir_text head = {0};
    int lines = count_lines(text);
    size_t cut = lines > EQUATION_LINES + 1 ? first_lines(text, EQUATION_LINES) : strlen(text);
    while (cut && text[cut - 1] == '\n') cut--;
    weir_text_add_n(&head, text, cut);
    weir_text_add(out, "<pre>");
    weir_report_escape(out, head.data);
    weir_text_add(out, "</pre>");
    if (text[cut] && lines > EQUATION_LINES + 1) {
        weir_text_addf(out, "<details><summary>%d more lines</summary><pre>",
                       lines - EQUATION_LINES);
        weir_report_escape(out, text + cut + 1);
        weir_text_add(out, "</pre></details>");
    }
    if (head.failed) out->failed = true;
    weir_text_deinit(&head);
}

/* ---- a cell --------------------------------------------------------------------------------- */

/* What the reader sees when resting on a cell: every run of it. */
static void add_hover(weir_text *out, const weir_report_cell *cell)
{
    char number[WEIR_REPORT_NUMBER];
    for (int i = 0; i < cell->runs; i++) {
        const weir_report_run *run = cell->run[i];
        const char *seed = weir_report_setting_of(run, "train", "seed");
        weir_text_addf(out, "%s%s", i ? "\n" : "", seed ? "seed " : "");
        weir_report_escape(out, seed);
        weir_text_addf(out, "%s%s, loss %s", seed ? ": " : "", weir_report_state_name(run->state),
                       weir_report_number_text(run->loss, 4, number));
        if (isfinite(run->val_loss))
            weir_text_addf(out, ", held out %s", weir_report_number_text(run->val_loss, 4, number));
        if (run->why) weir_text_add(out, ": ");
        weir_report_escape(out, run->why);
        weir_text_add(out, "\n  ");
        weir_report_escape(out, run->folder);
    }
}

static void add_outcome(weir_text *out, const weir_report_cell *cell)
{
    const weir_report_run *run = cell->median;
    if (cell->runs == 1 || cell->trained == cell->runs || !cell->trained)
        weir_text_add(out, weir_report_state_name(run->state));
    else
        weir_text_addf(out, "%d of %d trained", cell->trained, cell->runs);
    if (run->state == WEIR_REPORT_DIVERGED && run->steps_done >= 0 && cell->runs == 1)
        weir_text_addf(out, "</span><span class=\"word\">at step %lld", (long long)run->steps_done);
    if (cell->runs > 1 && (cell->trained == cell->runs || !cell->trained))
        weir_text_addf(out, "</span><span class=\"word\">median of %d", cell->runs);
}

/* The width of the small curves: what a 1136 pixel table can give them. */
static int spark_width(int depths)
{
    return depths <= 2 ? 150 : depths == 3 ? 104 : depths == 4 ? 72 : 48;
}

static weir_status add_cell(weir_text *out, weir_report_data *data, const weir_report_grid *grid,
                            const weir_report_row *row, int depth, const weir_report_range *x,
                            const weir_report_range *y)
{
    char number[WEIR_REPORT_NUMBER];
    const weir_report_cell *cell = &row->cell[depth];
    const weir_report_run *run = cell->median;
    if (!run) {
        weir_text_add(out, "<td class=\"cell none\"><span class=\"word\">not run</span></td>");
        return WEIR_OK;
    }
    double loss = weir_report_final_loss(run);
    weir_report_curve curve = {
        .colour = row->colour, .name = row->label, .broken = run->state == WEIR_REPORT_DIVERGED};
    if (weir_report_step_curve(&data->arena, run, WEIR_REPORT_LOSS, weir_report_loss_window(data),
                               &curve))
        return WEIR_E_MEMORY;
    /* Sorted by outcome first, then by loss. */
    weir_text_addf(out, "<td class=\"cell %s\" data-v=\"%.12g\" title=\"",
                   weir_report_state_name(run->state),
                   1e6 * (double)run->state + (isfinite(loss) ? fmin(fmax(loss, 0), 1e5) : 1e5));
    add_hover(out, cell);
    weir_text_add(out, "\"><div>");
    weir_report_spark_draw(out, &curve, spark_width(grid->depths), x, y, run->unigram);
    weir_text_addf(out, "<p><b>%s</b><span class=\"word\">",
                   weir_report_number_text(loss, 3, number));
    add_outcome(out, cell);
    weir_text_add(out, "</span></p></div></td>");
    return WEIR_OK;
}

/* ---- the table ------------------------------------------------------------------------------ */

/* What the small curves share: all steps, and losses up to a little above where training began. */
static void spark_ranges(const weir_report_data *data, weir_report_range *x, weir_report_range *y)
{
    double start = -INFINITY;
    *x = *y = weir_report_range_none();
    for (int i = 0; i < data->runs; i++) {
        const weir_report_run *run = &data->run[i];
        weir_report_range_add(y, run->floor);
        weir_report_range_add(y, run->unigram);
        start = fmax(start, run->unigram);
        if (run->steps) start = fmax(start, run->step[0].loss);
        for (int k = 0; k < run->steps; k++) {
            weir_report_range_add(x, (double)run->step[k].step);
            weir_report_range_add(y, run->step[k].loss);
        }
    }
    if (isfinite(start)) y->hi = fmin(y->hi, 1.1 * start);
}

static void add_caption(weir_text *out, const weir_report_grid *grid)
{
    const char *which = grid->any_val && grid->all_val ? "held-out"
                        : grid->any_val ? "held-out (or, where there is none, training)"
                                        : "training";
    weir_text_addf(
        out,
        "<p class=\"how\">The number is the final %s loss in nats per token; the curve is "
        "the training loss over the steps%s. Rest on a cell for its runs.</p>\n",
        which,
        isfinite(grid->data->run[0].unigram) ? ", and the line across it the unigram entropy" : "");
}

/* Many depths leave no room for a column of equations: they go under the names. */
static bool is_narrow(const weir_report_grid *grid)
{
    return grid->depths > 3;
}

static void add_name(weir_text *out, const weir_report_row *row, bool narrow)
{
    weir_text_addf(out,
                   "<th scope=\"row\"><svg class=\"key c%d\" width=\"22\" height=\"8\" "
                   "aria-hidden=\"true\"><path class=\"l d%d\" d=\"M1 4H21\"/></svg>",
                   row->colour, row->dash);
    weir_report_escape(out, row->first->title);
    if (row->variant[0]) {
        weir_text_add(out, "<span class=\"variant\">");
        weir_report_escape(out, row->variant);
        weir_text_add(out, "</span>");
    }
    weir_text_add(out, narrow ? "<div class=\"eq\">" : "</th><td class=\"eq\">");
    add_equation(out, row->first->text);
    weir_text_add(out, narrow ? "</div></th>" : "</td>");
}

weir_status weir_report_outcomes(weir_text *out, weir_report_data *data,
                                 const weir_report_grid *grid)
{
    weir_report_range x, y;
    bool narrow = is_narrow(grid);
    spark_ranges(data, &x, &y);
    weir_text_add(out, "<section id=\"outcomes\"><div class=\"wide\">"
                       "<table class=\"outcomes sortable\"><thead><tr><th>layout</th>");
    if (!narrow) weir_text_add(out, "<th data-nosort>equation</th>");
    for (int d = 0; d < grid->depths; d++)
        weir_text_addf(out, "<th class=\"depth\">%d layer%s</th>", grid->depth[d],
                       grid->depth[d] == 1 ? "" : "s");
    weir_text_add(out, "</tr></thead><tbody>\n");
    for (int r = 0; r < grid->rows; r++) {
        weir_text_addf(out, "<tr data-s=\"%d\">", r);
        add_name(out, &grid->row[r], narrow);
        for (int d = 0; d < grid->depths; d++) {
            if (add_cell(out, data, grid, &grid->row[r], d, &x, &y)) return WEIR_E_MEMORY;
        }
        weir_text_add(out, "</tr>\n");
    }
    weir_text_add(out, "</tbody></table></div>\n");
    add_caption(out, grid);
    weir_text_add(out, "</section>\n");
    return WEIR_OK;
}
