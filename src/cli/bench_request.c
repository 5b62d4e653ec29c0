#include "cli/bench_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static const bench_shape standard_shapes[] = {{64, 768},    {256, 1024},  {4096, 768}, {4096, 4096},
                                              {2048, 8192}, {65536, 128}, {1, 4096}};

/* ---- elements of lists ---------------------------------------------------------------------- */

static weir_status get_element(const char *option, const char *list, int index,
                               char element[WEIR_CONFIG_TEXT], weir_error *err)
{
    const bool whole = options_list_get(list, index, element);
    if (whole && element[0]) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE, "--%s %.200s: %s", option, list,
                     whole ? "a value is missing beside a comma" : "a value is too long");
}

/* Sets the bits of the names in the list; of all when there is no list. */
static weir_status read_names(const char *option, const char *list, const char *const *name,
                              int names, unsigned *bits, weir_error *err)
{
    char element[WEIR_CONFIG_TEXT];
    *bits = list ? 0 : (1u << names) - 1;
    for (int i = 0; list && i < options_list_count(list); i++) {
        WEIR_TRY(get_element(option, list, i, element, err));
        int at = 0;
        while (at < names && strcmp(name[at], element) != 0) at++;
        if (at < names) {
            *bits |= 1u << at;
            continue;
        }
        weir_text known = {0};
        for (at = 0; at < names; at++) weir_text_addf(&known, "%s%s", at ? "|" : "", name[at]);
        weir_fail(err, WEIR_E_VALUE, "--%s %s: one of %s is wanted", option, element,
                  known.failed ? "its names" : known.data);
        weir_text_deinit(&known);
        return WEIR_E_VALUE;
    }
    return WEIR_OK;
}

/* A whole number from 1 to max that ends where `end` says; 0 when there is none. */
static int64_t read_size(const char *text, int64_t max, const char **end)
{
    char *behind = NULL;
    const bool digit = *text >= '0' && *text <= '9';
    const long long v = digit ? strtoll(text, &behind, 10) : 0;
    *end = digit ? behind : text;
    return v >= 1 && v <= max ? v : 0;
}

/* ---- the options ---------------------------------------------------------------------------- */

static weir_status read_cases(const options *o, bench_request *r, weir_error *err)
{
    const char *op_name[WEIR_OP_COUNT];
    unsigned ops, types, passes;
    for (int i = 0; i < WEIR_OP_COUNT; i++) op_name[i] = weir_norm_op_name((weir_norm_op)(i + 1));
    WEIR_TRY(read_names("op", o->ops, op_name, WEIR_OP_COUNT, &ops, err));
    WEIR_TRY(read_names("type", o->types, weir_bench_type_names, WEIR_BENCH_TYPES, &types, err));
    WEIR_TRY(read_names("pass", o->passes, weir_bench_pass_names, WEIR_BENCH_PASSES, &passes, err));
    for (int i = 0; i < BENCH_CASES_MAX; i++) {
        const int op = i / (WEIR_BENCH_TYPES * WEIR_BENCH_PASSES);
        const int type = i / WEIR_BENCH_PASSES % WEIR_BENCH_TYPES, pass = i % WEIR_BENCH_PASSES;
        const weir_bench_case c = {(weir_norm_op)(op + 1), (weir_bench_type)type,
                                   (weir_bench_pass)pass};
        const bool asked = ops >> op & types >> type & passes >> pass & 1;
        if (asked && weir_bench_exists(&c)) r->what[r->cases++] = c;
    }
    if (r->cases) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE,
                     "--type %s --pass %s: int8 and fp8 have the passes forward and residual",
                     o->types, o->passes);
}

static weir_status read_isas(const options *o, bench_request *r, weir_error *err)
{
    const char *name[WEIR_ISA_COUNT];
    weir_isa has[WEIR_ISA_COUNT];
    int count = 0;
    unsigned bits;
    for (int i = 0; i < WEIR_ISA_COUNT; i++) {
        if (!weir_bench_has_isa((weir_isa)i)) continue;
        name[count] = weir_isa_name((weir_isa)i);
        has[count++] = (weir_isa)i;
    }
    r->isa[r->isas++] = weir_isa_active();
    if (!o->isas) return WEIR_OK;
    r->isas = 0;
    WEIR_TRY(read_names("isa", o->isas, name, count, &bits, err));
    for (int i = 0; i < count; i++)
        if (bits >> i & 1) r->isa[r->isas++] = has[i];
    return WEIR_OK;
}

static bool add_shape(bench_request *r, bench_shape shape)
{
    for (int i = 0; i < r->shapes; i++)
        if (r->shape[i].rows == shape.rows && r->shape[i].dim == shape.dim) return true;
    if (r->shapes == BENCH_SHAPES_MAX) return false;
    r->shape[r->shapes++] = shape;
    return true;
}

static weir_status read_shapes(const options *o, bench_request *r, weir_error *err)
{
    char element[WEIR_CONFIG_TEXT];
    const char *list = o->shapes;
    const int standard = sizeof standard_shapes / sizeof standard_shapes[0];
    for (int i = 0; !list && i < standard; i++) add_shape(r, standard_shapes[i]);
    for (int i = 0; list && i < options_list_count(list); i++) {
        const char *end;
        bench_shape shape = {0, 0};
        WEIR_TRY(get_element("shape", list, i, element, err));
        shape.rows = read_size(element, BENCH_SIZE_MAX, &end);
        if (*end == 'x') shape.dim = read_size(end + 1, BENCH_SIZE_MAX, &end);
        if (!shape.rows || !shape.dim || *end)
            return weir_fail(err, WEIR_E_VALUE,
                             "--shape %s: ROWSxWIDTH is wanted, as 4096x768, each from 1 to %d",
                             element, BENCH_SIZE_MAX);
        if (!add_shape(r, shape))
            return weir_fail(err, WEIR_E_VALUE, "--shape: more than %d shapes", BENCH_SHAPES_MAX);
    }
    return WEIR_OK;
}

static bool add_threads(bench_request *r, int threads)
{
    for (int i = 0; i < r->thread_counts; i++)
        if (r->threads[i] == threads) return true;
    if (r->thread_counts == BENCH_THREADS_MAX) return false;
    r->threads[r->thread_counts++] = threads;
    return true;
}

static weir_status read_threads(const options *o, bench_request *r, weir_error *err)
{
    char element[WEIR_CONFIG_TEXT];
    const char *list = o->thread_list, *end;
    if (!list) {
        add_threads(r, 1);
        add_threads(r, o->threads);
    }
    for (int i = 0; list && i < options_list_count(list); i++) {
        WEIR_TRY(get_element("threads", list, i, element, err));
        const int threads = (int)read_size(element, CLI_THREADS_MAX, &end);
        if (!threads || *end)
            return weir_fail(err, WEIR_E_VALUE,
                             "--threads %s: a whole number from 1 to %d is wanted", element,
                             CLI_THREADS_MAX);
        if (!add_threads(r, threads))
            return weir_fail(err, WEIR_E_VALUE, "--threads: more than %d numbers of threads",
                             BENCH_THREADS_MAX);
    }
    return WEIR_OK;
}

weir_status bench_request_read(const options *o, bench_request *r, weir_error *err)
{
    *r = (bench_request){.rounds = o->rounds};
    WEIR_TRY(read_shapes(o, r, err));
    WEIR_TRY(read_threads(o, r, err));
    WEIR_TRY(read_isas(o, r, err));
    return read_cases(o, r, err);
}
