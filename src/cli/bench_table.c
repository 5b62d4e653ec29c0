/* bench_table.c - the results of a benchmark as lines of text. */
#include <stdio.h>

#include "cli/bench_view.h"

void bench_print_head(const bench_view *v)
{
    weir_text machine = {0};
    bench_machine(v, &machine);
    printf("%s\n\n", machine.data ? machine.data : v->cpu);
    weir_text_deinit(&machine);
    printf("%-11s %7s  %-9s %-17s %-4s  %-6s  %-17s %13s %13s  %s\n", "shape", "threads", "norm",
           "pass", "type", "set", "cached", "time", "moved", "of the best copy");
}

static void print_row(const bench_view *v, const weir_bench_row *row)
{
    char shape[32];
    snprintf(shape, sizeof shape, "%lldx%lld", (long long)row->rows, (long long)row->dim);
    printf("%-11s %7d  %-9s %-17s %-4s  %-6s  %-17s %10.2f us %8.1f GB/s  %.2f of %.1f GB/s\n",
           shape, row->threads, weir_norm_op_name(row->what.op),
           weir_bench_pass_names[row->what.pass], weir_bench_type_names[row->what.type],
           weir_isa_name(row->isa), bench_cached(v, row), row->seconds * 1e6,
           bench_gbps(row, row->seconds), weir_bench_fraction(row),
           bench_gbps(row, row->copy_seconds));
}

void bench_print_rows(const bench_view *v, const weir_bench_row *row, int rows)
{
    for (int i = 0; i < rows; i++) print_row(v, &row[i]);
    fflush(stdout);
}

void bench_print_foot(const bench_view *v, const char *page)
{
    weir_text interruption = {0};
    bench_interruption(v, &interruption);
    if (interruption.len) printf("\n%s\n", interruption.data);
    weir_text_deinit(&interruption);
    if (v->rows)
        printf(
            "\nMedians of %d round%s, in which everything of a shape runs in turn on the same "
            "buffers: what is\ncached is as the one before left it. One thread: its own time, on "
            "one core; several: by the wall.\n",
            v->request->rounds, v->request->rounds == 1 ? "" : "s");
    if (page) printf("\n%s\n", page);
}
