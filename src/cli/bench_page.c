/* bench_page.c - the results of a benchmark as one page. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/bench_view.h"
#include "cli/report_frame.h"
#include "cli/report_html.h"
#include "cli/report_panel.h"
#include "io/files.h"
#include "lab/measure.h"
#include "weir/version.h"

/* Rows picked from those of the view, and room to sort their fractions. */
typedef struct pick {
    const weir_bench_row **row;
    float *fraction;
    int rows;
} pick;

/* ---- the head ------------------------------------------------------------------------------- */

/* The rows that are cached in this way; all when it is NULL. */
static void pick_cached(const bench_view *v, const char *cached, pick *p)
{
    p->rows = 0;
    for (int i = 0; i < v->rows; i++) {
        const weir_bench_row *row = &v->row[i];
        if (cached && strcmp(bench_cached(v, row), cached) != 0) continue;
        p->fraction[p->rows++] = (float)weir_bench_fraction(row);
    }
}

static void add_medians(weir_text *out, const bench_view *v, pick *p)
{
    static const char *const cached[] = {"in L1", "in L2", "in L3", "beyond the caches"};
    const char *before = "The median is ";
    for (size_t i = 0; i < sizeof cached / sizeof cached[0]; i++) {
        pick_cached(v, cached[i], p);
        if (!p->rows) continue;
        weir_text_addf(out, "%s%.2f %s", before, (double)weir_median(p->fraction, p->rows),
                       cached[i]);
        before = ", ";
    }
    if (before[0] == ',') weir_text_add(out, ". ");
}

static void add_machine(weir_text *out, const bench_view *v)
{
    weir_text machine = {0};
    bench_machine(v, &machine);
    weir_report_escape(out, machine.data);
    if (machine.failed) out->failed = true;
    weir_text_deinit(&machine);
    weir_text_addf(out, "; weir %s", weir_version());
}

static void add_header(weir_text *out, const bench_view *v, pick *p)
{
    pick_cached(v, NULL, p);
    weir_text_addf(
        out,
        "<header><h1>Half of the norms run at %.2f of the speed of a copy, or better</h1>\n"
        "<p class=\"lede\">",
        (double)weir_median(p->fraction, p->rows));
    bench_interruption(v, out);
    if (v->interrupted) weir_text_add(out, " ");
    add_medians(out, v, p);
    add_machine(out, v);
    weir_text_add(out, ".</p></header>\n");
}

/* ---- the bars ------------------------------------------------------------------------------- */

/* The bars of one pass of a shape. */
static void add_panel(weir_text *out, const bench_view *v, const bench_shape *shape, int threads,
                      weir_bench_pass pass, pick *p, double top)
{
    char heading[64];
    p->rows = 0;
    for (int i = 0; i < v->rows; i++) {
        const weir_bench_row *row = &v->row[i];
        if (row->rows == shape->rows && row->dim == shape->dim && row->threads == threads &&
            row->what.pass == pass)
            p->row[p->rows++] = row;
    }
    if (!p->rows) return;
    snprintf(heading, sizeof heading, "%s, %d thread%s", weir_bench_pass_names[pass], threads,
             threads == 1 ? "" : "s");
    bench_bars_draw(out, v, heading, p->row, p->rows, top);
}

static void add_bars(weir_text *out, const bench_view *v, pick *p)
{
    double top = 1.1;
    for (int i = 0; i < v->rows; i++) {
        const double fraction = weir_bench_fraction(&v->row[i]);
        if (fraction > top) top = fraction;
    }
    const int counts = v->request->thread_counts, measured = bench_measured(v);
    for (int s = 0; s * counts < measured; s++) {
        const bench_shape *shape = &v->request->shape[s];
        char title[64];
        snprintf(title, sizeof title, "%lldx%lld", (long long)shape->rows, (long long)shape->dim);
        weir_report_open_figure(
            out, title, title, "",
            s ? ""
              : "A bar is the speed of a norm, as a fraction of that of the best "
                "loop that only reads and writes as many bytes: the line at 1. "
                "Rest on a bar for its numbers.");
        for (int t = 0; t < counts && s * counts + t < measured; t++) {
            weir_text_add(out, "<div class=\"panels\">\n");
            for (int pass = 0; pass < WEIR_BENCH_PASSES; pass++)
                add_panel(out, v, shape, v->request->threads[t], (weir_bench_pass)pass, p, top);
            weir_text_add(out, "</div>\n");
        }
        weir_text_add(out, "</section>\n");
    }
}

/* ---- the table ------------------------------------------------------------------------------ */

static void add_row(weir_text *out, const bench_view *v, const weir_bench_row *row)
{
    char time[WEIR_REPORT_NUMBER];
    const int op = (int)row->what.op - 1;
    weir_text_addf(
        out,
        "<tr data-s=\"%d\"><td data-v=\"%.0f\">%lldx%lld</td><td class=\"num\">%d</td>"
        "<td><i class=\"sw c%d\"></i>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>",
        op, (double)row->rows * (double)row->dim, (long long)row->rows, (long long)row->dim,
        row->threads, op, weir_norm_op_name(row->what.op), weir_bench_pass_names[row->what.pass],
        weir_bench_type_names[row->what.type], weir_isa_name(row->isa), bench_cached(v, row));
    weir_text_addf(out,
                   "<td class=\"num\" data-v=\"%.9g\">%s µs</td><td class=\"num\">%.1f</td>"
                   "<td class=\"num\"><b>%.2f</b></td><td class=\"num\">%.1f</td><td>",
                   row->seconds, weir_report_number_text(row->seconds * 1e6, 3, time),
                   bench_gbps(row, row->seconds), weir_bench_fraction(row),
                   bench_gbps(row, row->copy_seconds));
    weir_report_escape(out, row->copy);
    weir_text_add(out, "</td></tr>\n");
}

static void add_table(weir_text *out, const bench_view *v)
{
    weir_report_open_figure(out, "all", "All measurements",
                            "A column sorts when its head is clicked.", "");
    weir_text_add(out, "<div class=\"wide\"><table class=\"plain one-line sortable\"><thead><tr>"
                       "<th>shape</th><th class=\"num\">threads</th><th>norm</th><th>pass</th>"
                       "<th>type</th><th>set</th><th>cached</th><th class=\"num\">time</th>"
                       "<th class=\"num\">GB/s</th><th class=\"num\">of the copy</th>"
                       "<th class=\"num\">its GB/s</th><th>the best copy</th>"
                       "</tr></thead><tbody>\n");
    for (int i = 0; i < v->rows; i++) add_row(out, v, &v->row[i]);
    weir_text_add(out, "</tbody></table></div></section>\n");
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void add_details(weir_text *out, const bench_view *v)
{
    weir_text_addf(
        out,
        "<section id=\"details\"><h2>How it was measured</h2>\n"
        "<p class=\"how\">Everything of a shape with a number of threads ran on the same buffers, "
        "in turn, for %d round%s; a time is the median. So what is cached is as the one before "
        "left "
        "it, for norms and copies alike; &ldquo;in L2&rdquo; says where the bytes of a call can "
        "be, by their number. One thread stayed on its core and its own time was counted; several "
        "were those of a pool, and the wall clock counted. The copies were loops on as many "
        "threads that read and write what the norm does and only add: a plain one for every "
        "instruction set of the machine, for its vector sets others that write past the caches, "
        "if the set can, and that prefetch; and, of one matrix to one, memcpy. GB/s count each "
        "matrix once.</p>\n",
        v->request->rounds, v->request->rounds == 1 ? "" : "s");
    weir_text_add(out, "<pre class=\"command\">");
    weir_report_escape(out, v->command);
    weir_text_add(out, "</pre></section>\n");
}

weir_status bench_page_write(const bench_view *v, const char *path, weir_error *err)
{
    weir_text page = {0};
    const size_t rows = (size_t)v->rows;
    pick p = {.row = weir_alloc(rows, sizeof *p.row),
              .fraction = weir_alloc(rows, sizeof *p.fraction)};
    const bool room = p.row && p.fraction;
    if (room) {
        weir_report_open_page(&page, "norms beside copies");
        add_header(&page, v, &p);
        add_bars(&page, v, &p);
        add_table(&page, v);
        add_details(&page, v);
        weir_report_close_page(&page);
    }
    weir_status status = room && !page.failed
                             ? weir_file_write(path, page.data, page.len, err)
                             : weir_fail(err, WEIR_E_MEMORY, "%s: out of memory", path);
    weir_text_deinit(&page);
    weir_free(p.row);
    weir_free(p.fraction);
    return status;
}
