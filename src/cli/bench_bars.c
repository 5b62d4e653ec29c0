/* bench_bars.c - bars of the fraction of a copy, as SVG. Colours and type are classes of
 * assets/report.css. */
#include <string.h>

#include "cli/bench_view.h"
#include "cli/report_html.h"
#include "cli/report_scale.h"

enum { LABEL = 98, LETTER = 6, BARS = 140, BARS_OF_SETS = 100, RIGHT = 34 };
enum { TOP = 26, BAR = 11, PITCH = 15, BETWEEN = 5, BOTTOM = 20 };

/* What rests on a bar, and what an ear hears of it. */
static void add_title(weir_text *out, const bench_view *v, const weir_bench_row *row)
{
    char time[WEIR_REPORT_NUMBER], copy[WEIR_REPORT_NUMBER];
    weir_text_addf(out, "<title>%s %s %s, %s, %s: %s µs, %.1f GB/s\nthe copy: %s µs, %.1f GB/s (",
                   weir_norm_op_name(row->what.op), weir_bench_pass_names[row->what.pass],
                   weir_bench_type_names[row->what.type], weir_isa_name(row->isa),
                   bench_cached(v, row), weir_report_number_text(row->seconds * 1e6, 3, time),
                   bench_gbps(row, row->seconds),
                   weir_report_number_text(row->copy_seconds * 1e6, 3, copy),
                   bench_gbps(row, row->copy_seconds));
    weir_report_escape(out, row->copy);
    weir_text_add(out, ")</title>");
}

static void draw_bar(weir_text *out, const bench_view *v, const weir_report_axis *x,
                     const weir_bench_row *row, double y)
{
    const int op = (int)row->what.op - 1;
    const double end = weir_report_axis_at(x, weir_bench_fraction(row));
    weir_text_addf(out, "<g class=\"s c%d\" data-s=\"%d\">", op, op);
    add_title(out, v, row);
    weir_text_addf(out,
                   "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s %s%s%s</text>",
                   x->from - 8, y + BAR - 1.5, weir_norm_op_name(row->what.op),
                   weir_bench_type_names[row->what.type], v->request->isas > 1 ? " " : "",
                   v->request->isas > 1 ? weir_isa_name(row->isa) : "");
    weir_text_addf(out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>"
                   "<text class=\"t\" x=\"%.1f\" y=\"%.1f\">%.2f</text></g>",
                   x->from, y, end - x->from, BAR, end + 5, y + BAR - 1.5,
                   weir_bench_fraction(row));
}

/* The line at 1 is the copy. */
static void draw_axis(weir_text *out, const weir_report_axis *x, double bottom)
{
    double tick[WEIR_REPORT_TICKS];
    char number[WEIR_REPORT_NUMBER];
    const int ticks = weir_report_ticks(x, 4, tick);
    for (int i = 0; i < ticks; i++) {
        const double at = weir_report_axis_at(x, tick[i]);
        weir_text_addf(out,
                       "<path class=\"%s\" d=\"M%.1f %dV%.1f\"/>"
                       "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>",
                       tick[i] == 1 ? "r" : "g", at, TOP - 4, bottom, at, bottom + 14,
                       weir_report_tick_text(tick[i], number));
    }
}

/* Bars of one operator stand together. */
static double gap_before(const weir_bench_row *const *row, int i)
{
    return i && row[i]->what.op != row[i - 1]->what.op ? BETWEEN : 0;
}

/* How wide what stands before the bars is: operator and type, and of several sets the longest name. */
static int label_width(const bench_view *v)
{
    size_t longest = 0;
    if (v->request->isas == 1) return LABEL;
    for (int i = 0; i < v->request->isas; i++) {
        const size_t letters = strlen(weir_isa_name(v->request->isa[i]));
        if (letters > longest) longest = letters;
    }
    return LABEL + LETTER * (int)(longest + 1); /* (a blank) */
}

void bench_bars_draw(weir_text *out, const bench_view *v, const char *heading,
                     const weir_bench_row *const *row, int rows, double top)
{
    double bottom = TOP + rows * PITCH;
    for (int i = 0; i < rows; i++) bottom += gap_before(row, i);
    const int left = label_width(v), bars = v->request->isas > 1 ? BARS_OF_SETS : BARS;
    const int end = left + bars, width = end + RIGHT;
    const weir_report_axis x = {.lo = 0, .hi = top, .from = left, .to = end};
    weir_text_addf(out,
                   "<svg class=\"bars\" role=\"img\" width=\"%d\" height=\"%.0f\" "
                   "viewBox=\"0 0 %d %.0f\" aria-label=\"%s\"><text class=\"h\" x=\"0\" "
                   "y=\"13\">%s</text>",
                   width, bottom + BOTTOM, width, bottom + BOTTOM, heading, heading);
    draw_axis(out, &x, bottom);
    double y = TOP;
    for (int i = 0; i < rows; i++, y += PITCH) {
        y += gap_before(row, i);
        draw_bar(out, v, &x, row[i], y);
    }
    weir_text_add(out, "</svg>\n");
}
