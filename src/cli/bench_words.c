/* bench_words.c - what all ways to show a benchmark say in the same words. */
#include "cli/bench_view.h"

const char *bench_cached(const bench_view *v, const weir_bench_row *row)
{
    switch (weir_caches_level(&v->caches, row->bytes, row->threads)) {
    case 1: return "in L1";
    case 2: return "in L2";
    case 3: return "in L3";
    case 0: return "beyond the caches";
    default: return "unknown";
    }
}

void bench_machine(const bench_view *v, weir_text *out)
{
    weir_text_addf(out, "%s, %d core%s", v->cpu, v->cores, v->cores == 1 ? "" : "s");
    for (int i = 1; i <= WEIR_CACHE_LEVELS; i++) {
        const long long kib = v->caches.level[i] / 1024;
        const bool mib = kib >= 1024 && kib % 1024 == 0;
        if (kib)
            weir_text_addf(out, ", L%d %lld %s", i, mib ? kib / 1024 : kib, mib ? "MiB" : "KiB");
    }
}

void bench_interruption(const bench_view *v, weir_text *out)
{
    const bench_request *r = v->request;
    if (v->interrupted)
        weir_text_addf(out,
                       "Interrupted when %d of %d pairs of a shape and a number of threads were "
                       "measured.",
                       bench_measured(v), r->shapes * r->thread_counts);
}
