#include "cli/report_svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_html.h"

enum { TOP = 30, LEFT = 46, BOTTOM = 38, LABEL_CHARS = 26, LABEL_GAP = 13 };
static const double CHAR_WIDTH = 6.3; /* of an 11 px label, on the generous side */

/* ---- paths ---------------------------------------------------------------------------------- */

/* A path under construction: the pixels for d, the numbers for data-v. */
typedef struct pen {
    weir_text d, v;
    bool down;
} pen;

static void draw_to(pen *p, double px, double py, double x, double y)
{
    weir_text_addf(&p->d, "%s%.1f %.1f", p->down ? "L" : "M", px, py);
    weir_text_addf(&p->v, "%s%.6g,%.6g", p->v.len ? " " : "", x, y);
    p->down = true;
}

/* Points that fall on the same pixels: only the lowest and the highest are drawn, in their order.
 */
typedef struct bucket {
    long column;
    int lowest, highest; /* indices; -1: empty */
} bucket;

typedef struct plot {
    weir_report_axis x, y;
} plot;

static void draw_point(pen *p, const plot *at, const weir_report_curve *c, int i)
{
    draw_to(p, weir_report_axis_at(&at->x, c->x[i]), weir_report_axis_at(&at->y, c->y[i]), c->x[i],
            c->y[i]);
}

static void flush(pen *p, const plot *at, const weir_report_curve *c, bucket *b)
{
    if (b->lowest < 0) return;
    int first = b->lowest < b->highest ? b->lowest : b->highest;
    int last = b->lowest < b->highest ? b->highest : b->lowest;
    draw_point(p, at, c, first);
    if (last != first) draw_point(p, at, c, last);
    b->lowest = b->highest = -1;
}

static bool drawable(const plot *at, const weir_report_curve *c, int i)
{
    return isfinite(weir_report_axis_at(&at->x, c->x[i])) &&
           isfinite(weir_report_axis_at(&at->y, c->y[i]));
}

/* The whole curve, thinned to two points for every 1.5 pixels where it has more. */
static void trace(pen *p, const plot *at, const weir_report_curve *c)
{
    double columns = fabs(at->x.to - at->x.from) / 1.5;
    bool thin = c->count > 2 * columns;
    bucket b = {0, -1, -1};
    for (int i = 0; i < c->count; i++) {
        if (!drawable(at, c, i)) {
            flush(p, at, c, &b);
            p->down = false;
            continue;
        }
        long column = thin ? (long)((weir_report_axis_at(&at->x, c->x[i]) - at->x.from) / 1.5) : i;
        if (column != b.column) flush(p, at, c, &b);
        b.column = column;
        if (b.lowest < 0) b.lowest = b.highest = i;
        if (c->y[i] < c->y[b.lowest]) b.lowest = i;
        if (c->y[i] > c->y[b.highest]) b.highest = i;
    }
    flush(p, at, c, &b);
}

static double clamp(double v, double a, double b)
{
    return fmin(fmax(v, fmin(a, b)), fmax(a, b));
}

/* The last point that can be drawn, inside the plot; false: there is none. */
static bool end_of(const plot *at, const weir_report_curve *c, double *px, double *py)
{
    for (int i = c->count - 1; i >= 0; i--) {
        if (!drawable(at, c, i)) continue;
        *px = clamp(weir_report_axis_at(&at->x, c->x[i]), at->x.from, at->x.to);
        *py = clamp(weir_report_axis_at(&at->y, c->y[i]), at->y.from, at->y.to);
        return true;
    }
    return false;
}

static void draw_curve(weir_text *out, const plot *at, const weir_report_curve *c)
{
    pen p = {0};
    trace(&p, at, c);
    if (p.d.len) {
        weir_text_addf(out, "<path class=\"l d%d\" d=\"%s\" data-v=\"%s\"/>", c->dash, p.d.data,
                       p.v.data);
    }
    if (p.d.failed || p.v.failed) out->failed = true;
    weir_text_deinit(&p.d);
    weir_text_deinit(&p.v);
}

/* ---- labels --------------------------------------------------------------------------------- */

/* Bytes of the first `chars` characters of UTF-8 text; *seen: how many there were, at most chars.
 */
static size_t utf8_prefix(const char *s, int chars, int *seen)
{
    size_t n = 0;
    for (*seen = 0; s[n] && *seen < chars; (*seen)++) {
        n++;
        while (((unsigned char)s[n] & 0xC0) == 0x80) n++;
    }
    return n;
}

int weir_report_gutter(const weir_report_curve *curve, int curves)
{
    int widest = 0;
    for (int i = 0; i < curves; i++) {
        if (curve[i].faint) continue;
        int name, extra = 0;
        utf8_prefix(curve[i].name, LABEL_CHARS, &name);
        if (curve[i].extra) utf8_prefix(curve[i].extra, LABEL_CHARS, &extra);
        int chars = name + (extra ? extra + 1 : 0);
        if (chars > widest) widest = chars;
    }
    return widest ? 16 + (int)(widest * CHAR_WIDTH) : 12;
}

void weir_report_spread(double *at, int count, double gap, double lo, double hi, double *scratch)
{
    /* Groups of labels that touch, each centred on the mean of the places its labels want; a group
     * that would overlap the one before it joins it. Then each label sits in its group's row. */
    double *sum = scratch, *size = scratch + count;
    int groups = 0;
    for (int i = 0; i < count; i++) {
        sum[groups] = at[i];
        size[groups] = 1;
        groups++;
        while (groups > 1) {
            int g = groups - 1;
            double above = clamp(sum[g - 1] / size[g - 1], lo, hi), below = sum[g] / size[g];
            if (above + size[g - 1] * gap / 2 <= below - size[g] * gap / 2) break;
            sum[g - 1] += sum[g];
            size[g - 1] += size[g];
            groups--;
        }
    }
    int i = 0;
    double free_from = lo - gap / 2;
    for (int g = 0; g < groups; g++) {
        double start = fmax(sum[g] / size[g] - size[g] * gap / 2, free_from);
        for (int k = 0; k < (int)size[g]; k++) at[i++] = start + (k + 0.5) * gap;
        free_from = start + size[g] * gap;
    }
    double limit = hi;
    for (i = count - 1; i >= 0 && at[i] > limit; i--) {
        at[i] = limit;
        limit -= gap;
    }
}

typedef struct label {
    double x, y, placed;
    const weir_report_curve *curve;
} label;

static int higher_first(const void *a, const void *b)
{
    const label *p = a, *q = b;
    if (p->y != q->y) return p->y < q->y ? -1 : 1;
    return p->curve < q->curve ? -1 : p->curve > q->curve;
}

static void draw_label(weir_text *out, const label *l, double x, double size)
{
    int seen;
    const weir_report_curve *c = l->curve;
    size_t shown = utf8_prefix(c->name, LABEL_CHARS, &seen);
    if (c->name[shown]) shown = utf8_prefix(c->name, LABEL_CHARS - 1, &seen);
    weir_text part = {0};
    weir_text_add_n(&part, c->name, shown);
    if (fabs(l->placed - l->y) > 1.5 || x - l->x > 12)
        weir_text_addf(out, "<path class=\"k\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1f\"/>", l->x + 3,
                       l->y, x - 10, l->y, x - 3, l->placed);
    weir_text_addf(out, "<text class=\"e\" x=\"%.1f\" y=\"%.1f\" style=\"font-size:%.1fpx\">", x,
                   l->placed + 0.34 * size, size);
    weir_report_escape(out, part.data);
    if (c->name[shown]) weir_text_add(out, "…");
    if (c->extra) {
        weir_text_add(out, " <tspan class=\"x\">");
        weir_report_escape(out, c->extra);
        weir_text_add(out, "</tspan>");
    }
    weir_text_add(out, "</text>");
    if (part.failed) out->failed = true;
    weir_text_deinit(&part);
}

/* ---- the chart ------------------------------------------------------------------------------ */

/* Ticks of a counting axis: its two ends, and round values that keep clear of them. */
static int end_ticks(const weir_report_axis *x, int want, double tick[WEIR_REPORT_TICKS])
{
    double round[WEIR_REPORT_TICKS];
    int rounds = weir_report_whole_ticks(x, want, round), count = 0;
    double clear = 0.45 * fabs(x->to - x->from) / want;
    tick[count++] = x->lo;
    for (int i = 0; i < rounds && count < WEIR_REPORT_TICKS - 1; i++) {
        double at = weir_report_axis_at(x, round[i]);
        if (at > x->from + clear && at < x->to - clear) tick[count++] = round[i];
    }
    tick[count++] = x->hi;
    return count;
}

static void draw_frame(weir_text *out, const weir_report_chart *chart, const plot *at)
{
    double tick[WEIR_REPORT_TICKS];
    char number[WEIR_REPORT_NUMBER];
    int room = (int)fabs(at->y.to - at->y.from) / 34;
    int count = weir_report_ticks(&at->y, room < 3 ? 3 : room, tick);
    for (int i = 0; i < count; i++) {
        double y = weir_report_axis_at(&at->y, tick[i]);
        weir_text_addf(out,
                       "<path class=\"g\" d=\"M%.1f %.1fH%.1f\"/>"
                       "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                       at->x.from, y, at->x.to, at->x.from - 6, y + 3.6,
                       weir_report_tick_text(tick[i], number));
    }
    room = (int)fabs(at->x.to - at->x.from) / 70;
    if (room < 2) room = 2;
    if (chart->x_tick) {
        count = chart->x_ticks < WEIR_REPORT_TICKS ? chart->x_ticks : WEIR_REPORT_TICKS;
        memcpy(tick, chart->x_tick, (size_t)count * sizeof *tick);
    } else
        count =
            chart->whole_x ? end_ticks(&at->x, room, tick) : weir_report_ticks(&at->x, room, tick);
    weir_text_addf(out, "<path class=\"a\" d=\"M%.1f %.1fH%.1f\"/>", at->x.from, at->y.from,
                   at->x.to);
    for (int i = 0; i < count; i++) {
        double x = weir_report_axis_at(&at->x, tick[i]);
        weir_text_addf(out,
                       "<path class=\"a\" d=\"M%.1f %.1fv4\"/>"
                       "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>",
                       x, at->y.from, x, at->y.from + 16, weir_report_tick_text(tick[i], number));
    }
    weir_text_addf(out, "<text class=\"n\" x=\"%.1f\" y=\"%d\" text-anchor=\"end\">", at->x.to,
                   chart->height - 5);
    weir_report_escape(out, chart->x_name);
    weir_text_addf(out, "</text><text class=\"h\" x=\"%d\" y=\"13\">", 0);
    weir_report_escape(out, chart->heading);
    weir_text_addf(out, "<tspan class=\"n\" dx=\"%d\">", chart->heading[0] ? 8 : 0);
    weir_report_escape(out, chart->y_name);
    weir_text_add(out, at->y.log ? ", log scale</tspan></text>" : "</tspan></text>");
}

/* The lines across the plot, or what they are called: that stands before the curves, and they behind. */
static void draw_levels(weir_text *out, const weir_report_chart *chart, const plot *at, bool names)
{
    for (int i = 0; i < chart->levels; i++) {
        const weir_report_level *level = &chart->level[i];
        double y = weir_report_axis_at(&at->y, level->y);
        if (!(y >= at->y.to - 0.5 && y <= at->y.from + 0.5)) continue;
        if (!names) {
            weir_text_addf(out, "<path class=\"r\" d=\"M%.1f %.1fH%.1f\"/>", at->x.from, y,
                           at->x.to);
            continue;
        }
        weir_text_addf(out, "<text class=\"r\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
                       level->right ? at->x.to - 4 : at->x.from + 6, y - 5,
                       level->right ? "end" : "start");
        weir_report_escape(out, level->label);
        weir_text_add(out, "</text>");
    }
}

static void open_group(weir_text *out, const weir_report_curve *c)
{
    weir_text_addf(out, "<g class=\"s c%d%s\" data-s=\"%d\" data-n=\"", c->colour,
                   c->faint ? " faint" : "", c->id);
    weir_report_escape(out, c->name);
    weir_text_add(out, "\">");
}

static void draw_marks(weir_text *out, const plot *at, const weir_report_curve *c)
{
    double px, py;
    for (int i = 0; c->dots && i < c->count; i++) {
        if (!drawable(at, c, i)) continue;
        px = clamp(weir_report_axis_at(&at->x, c->x[i]), at->x.from, at->x.to);
        py = clamp(weir_report_axis_at(&at->y, c->y[i]), at->y.from, at->y.to);
        weir_text_addf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", px, py);
    }
    if (c->broken && end_of(at, c, &px, &py))
        weir_text_addf(out, "<path class=\"b\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/>", px - 4, py - 4);
}

static weir_status draw_labels(weir_text *out, const weir_report_chart *chart, const plot *at,
                               weir_report_arena *arena)
{
    size_t room = (size_t)chart->curves;
    label *labels = weir_report_take(arena, room, sizeof *labels);
    double *places = weir_report_take(arena, 3 * room, sizeof *places);
    if (!labels || !places) return WEIR_E_MEMORY;
    int count = 0;
    for (int i = 0; i < chart->curves; i++) {
        label l = {.curve = &chart->curve[i]};
        if (l.curve->faint || !l.curve->name[0]) continue;
        if (end_of(at, l.curve, &l.x, &l.y)) labels[count++] = l;
    }
    qsort(labels, (size_t)count, sizeof *labels, higher_first);
    for (int i = 0; i < count; i++) places[i] = labels[i].y;
    double height = at->y.from - at->y.to;
    double gap = fmin(LABEL_GAP, height / fmax(count - 1, 1));
    weir_report_spread(places, count, gap, at->y.to, at->y.from, places + count);
    for (int i = 0; i < count; i++) {
        labels[i].placed = places[i];
        open_group(out, labels[i].curve);
        draw_label(out, &labels[i], at->x.to + 12, fmin(11, fmax(gap - 1, 6)));
        weir_text_add(out, "</g>");
    }
    return WEIR_OK;
}

weir_status weir_report_chart_draw(weir_text *out, const weir_report_chart *chart,
                                   weir_report_arena *arena)
{
    plot at = {.x = chart->x, .y = chart->y};
    at.x.from = LEFT;
    at.x.to = chart->width - chart->gutter;
    at.y.from = chart->height - BOTTOM;
    at.y.to = TOP;
    weir_text_addf(
        out,
        "<svg class=\"chart\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "data-box=\"%.0f %.0f %.0f %.0f\" data-x=\"",
        chart->width, chart->height, chart->width, chart->height, at.x.from, at.y.to, at.x.to,
        at.y.from);
    weir_report_escape(out, chart->x_name);
    weir_text_add(out, "\" data-y=\"");
    weir_report_escape(out, chart->y_name);
    weir_text_add(out, "\" aria-label=\"");
    weir_report_escape(out, chart->heading);
    weir_text_add(out, chart->heading[0] ? ": " : "");
    weir_report_escape(out, chart->y_name);
    weir_text_add(out, "\">");
    draw_frame(out, chart, &at);
    draw_levels(out, chart, &at, false);
    /* The inner svg clips what leaves the plot. */
    weir_text_addf(out,
                   "<svg x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" "
                   "viewBox=\"%.0f %.0f %.0f %.0f\">",
                   at.x.from, at.y.to - 1, at.x.to - at.x.from, at.y.from - at.y.to + 2, at.x.from,
                   at.y.to - 1, at.x.to - at.x.from, at.y.from - at.y.to + 2);
    for (int i = 0; i < chart->curves; i++) {
        open_group(out, &chart->curve[i]);
        draw_curve(out, &at, &chart->curve[i]);
        weir_text_add(out, "</g>");
    }
    weir_text_add(out, "</svg>");
    for (int i = 0; i < chart->curves; i++) {
        if (!chart->curve[i].dots && !chart->curve[i].broken) continue;
        open_group(out, &chart->curve[i]);
        draw_marks(out, &at, &chart->curve[i]);
        weir_text_add(out, "</g>");
    }
    draw_levels(out, chart, &at, true);
    weir_status status = draw_labels(out, chart, &at, arena);
    weir_text_add(out, "</svg>\n");
    return status;
}

void weir_report_spark_draw(weir_text *out, const weir_report_curve *curve, int width,
                            const weir_report_range *x, const weir_report_range *y, double level)
{
    enum { HEIGHT = 36 };
    plot at = {.x = weir_report_axis_of(x, WEIR_REPORT_LINEAR, true, 2, width - 6),
               .y = weir_report_axis_of(y, WEIR_REPORT_AUTO, true, HEIGHT - 4, 4)};
    double line = weir_report_axis_at(&at.y, level), px, py;
    weir_text_addf(out,
                   "<svg class=\"spark c%d\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                   "aria-hidden=\"true\">",
                   curve->colour, width, HEIGHT, width, HEIGHT);
    if (line >= 0 && line <= HEIGHT)
        weir_text_addf(out, "<path class=\"r\" d=\"M2 %.1fH%d\"/>", line, width - 6);
    pen p = {0};
    trace(&p, &at, curve);
    if (p.d.len) weir_text_addf(out, "<path class=\"l\" d=\"%s\"/>", p.d.data);
    if (p.d.failed || p.v.failed) out->failed = true;
    weir_text_deinit(&p.d);
    weir_text_deinit(&p.v);
    if (curve->broken)
        draw_marks(out, &at, curve);
    else if (end_of(&at, curve, &px, &py))
        weir_text_addf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>", px, py);
    weir_text_add(out, "</svg>");
}
