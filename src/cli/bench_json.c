/* bench_json.c - the results of a benchmark as JSON. json_pack takes over what it is given, also
 * when it fails, so one check is enough. */
#include "cli/bench_view.h"
#include "io/json_dump.h"
#include "lab/emit.h"
#include "weir/version.h"

static json_t *machine(const bench_view *v)
{
    json_t *caches = json_object();
    static const char *const name[] = {"", "l1", "l2", "l3"};
    for (int i = 1; caches && i <= WEIR_CACHE_LEVELS; i++) {
        const int64_t bytes = v->caches.level[i];
        if (json_object_set_new(caches, name[i], bytes ? json_integer(bytes) : json_null()) == 0)
            continue;
        json_decref(caches);
        caches = NULL;
    }
    return json_pack("{s:o, s:i, s:o}", "cpu", weir_emit_text(v->cpu), "cores", v->cores, "caches",
                     caches);
}

static json_t *result(const bench_view *v, const weir_bench_row *row)
{
    const weir_bench_case *c = &row->what;
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:i, s:s, s:s, s:I, s:o, s:o, s:o, s:{s:s, s:o, s:o}}", "op",
        weir_norm_op_name(c->op), "pass", weir_bench_pass_names[c->pass], "type",
        weir_bench_type_names[c->type], "rows", (json_int_t)row->rows, "dim", (json_int_t)row->dim,
        "threads", row->threads, "isa", weir_isa_name(row->isa), "cached", bench_cached(v, row),
        "bytes", (json_int_t)row->bytes, "seconds", weir_json_number(row->seconds), "gbps",
        weir_json_number(bench_gbps(row, row->seconds)), "fraction",
        weir_json_number(weir_bench_fraction(row)), "copy", "loop", row->copy, "seconds",
        weir_json_number(row->copy_seconds), "gbps",
        weir_json_number(bench_gbps(row, row->copy_seconds)));
}

/* Puts a new element at the end of *all, or NULL into *all when memory is out. */
static void append(json_t **all, json_t *element)
{
    if (!*all) {
        json_decref(element);
    } else if (json_array_append_new(*all, element) != 0) {
        json_decref(*all);
        *all = NULL;
    }
}

json_t *bench_json(const bench_view *v, const char *page)
{
    json_t *results = json_array();
    for (int i = 0; i < v->rows; i++) append(&results, result(v, &v->row[i]));
    return json_pack("{s:s, s:i, s:o, s:o, s:i, s:b, s:o, s:o}", "weir", weir_version(), "schema",
                     1, "command", weir_emit_text(v->command), "machine", machine(v), "rounds",
                     v->request->rounds, "interrupted", v->interrupted, "results", results,
                     "report", weir_emit_text(page));
}
