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

/* How many of the cases have this operator and (unless it is WEIR_BENCH_TYPES) this type. */
static int count(const weir_bench_case *c, int cases, weir_norm_op op, weir_bench_type type)
{
    int found = 0;
    for (int i = 0; i < cases; i++)
        found += c[i].op == op && (type == WEIR_BENCH_TYPES || c[i].type == type);
    return found;
}

void bench_absent(const bench_request *r, weir_text *out)
{
    const char *before = "";
    for (int i = 0; i < r->absents; i++) {
        const weir_bench_case *c = &r->absent[i];
        const bool whole_op = !count(r->what, r->cases, c->op, WEIR_BENCH_TYPES);
        const bool whole_type = !count(r->what, r->cases, c->op, c->type);
        const weir_bench_type type = whole_op ? WEIR_BENCH_TYPES : c->type;
        /* What goes together is said at its first. */
        if (whole_type && count(r->absent, i, c->op, type)) continue;
        weir_text_addf(out, "%s%s", before, weir_norm_op_name(c->op));
        if (!whole_type) weir_text_addf(out, " %s", weir_bench_pass_names[c->pass]);
        if (!whole_op) weir_text_addf(out, " in %s", weir_bench_type_names[c->type]);
        before = ", ";
    }
}
