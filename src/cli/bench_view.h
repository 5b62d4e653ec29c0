/* bench_view.h - what `weir bench` measured, and the three ways to show it. Floor 6. */
#ifndef WEIR_CLI_BENCH_VIEW_H
#define WEIR_CLI_BENCH_VIEW_H

#include <jansson.h>

#include "base/text.h"
#include "cli/bench_request.h"
#include "io/machine.h"
#include "lab/bench.h"

typedef struct bench_view {
    const bench_request *request;
    const weir_bench_row *row; /* by shape, then threads, then as the request has cases and sets */
    int rows;
    int cores;
    char cpu[WEIR_CPU_NAME];
    weir_caches caches;
    const char *command; /* the line that was typed */
    bool interrupted;    /* what is missing comes last */
} bench_view;

/* How many of the pairs of a shape and a number of threads were measured. */
static inline int bench_measured(const bench_view *v)
{
    return v->rows / (v->request->cases * v->request->isas);
}

/* Adds that it was interrupted, and when; nothing when it was not. */
void bench_interruption(const bench_view *v, weir_text *out);

/* "in L2": where what a call reads and writes can be. */
const char *bench_cached(const bench_view *v, const weir_bench_row *row);

/* Adds "AMD EPYC, 2 cores, L1 48 KiB, ...". */
void bench_machine(const bench_view *v, weir_text *out);

static inline double bench_gbps(const weir_bench_row *row, double seconds)
{
    return row->bytes / seconds * 1e-9;
}

/* The table on stdout, as it grows. page: where it was written, or NULL. */
void bench_print_head(const bench_view *v);
void bench_print_rows(const bench_view *v, const weir_bench_row *row, int rows);
void bench_print_foot(const bench_view *v, const char *page);

/* docs/formats.md. page as above. A new reference; NULL when memory is out. */
json_t *bench_json(const bench_view *v, const char *page);

/* Writes one page that opens offline, of at least one row. Atomic: on failure path is as it was. */
weir_status bench_page_write(const bench_view *v, const char *path, weir_error *err);

/* One bar for each row: the fraction of the copy's speed, on an axis that ends at `top`. */
void bench_bars_draw(weir_text *out, const bench_view *v, const char *heading,
                     const weir_bench_row *const *row, int rows, double top);

#endif
