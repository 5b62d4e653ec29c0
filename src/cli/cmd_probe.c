/* cmd_probe.c - networks at initialization, as a table or as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "lab/probe.h"
#include "weir/version.h"

enum { LAYER_LINES_MAX = 24 }; /* of the table of one network: more layers are thinned */

typedef struct probe_job {
    const variants *all;
    json_t **result;
    weir_status *status;
    weir_error *error;
} probe_job;

static void probe_task(void *arg, int64_t index, int worker)
{
    (void)worker;
    probe_job *job = arg;
    const variant *v = &job->all->v[index];
    const named_layout *l = &job->all->layout[v->layout];
    job->status[index] = stop_asked(NULL)
                             ? weir_fail(&job->error[index], WEIR_E_INTERRUPTED, "interrupted")
                             : weir_probe(&v->config, l->name, l->layout, job->all->corpus,
                                          &job->result[index], &job->error[index]);
}

/* ---- tables --------------------------------------------------------------------------------- */

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *cell(double v, char buf[24])
{
    if (isnan(v))
        snprintf(buf, 24, "-");
    else
        snprintf(buf, 24, "%.4g", v);
    return buf;
}

/* The first and the last layer's value of a key that is not null. */
static void ends(const json_t *run, const char *key, double *first, double *last)
{
    *first = *last = NAN;
    size_t i;
    json_t *layer;
    json_array_foreach(json_object_get(run, "layers"), i, layer)
    {
        double v = number(layer, key);
        if (isnan(v)) continue;
        if (isnan(*first)) *first = v;
        *last = v;
    }
}

/* What else than the depth tells the networks apart. */
static const char *label(const variant *v, const json_t *run, bool long_names)
{
    return long_names ? v->name : json_string_value(json_object_get(run, "layout"));
}

static void print_row(const char *name, int width, const json_t *run)
{
    char b[6][24];
    double g1, gn, r1, rn;
    ends(run, "grad_norm", &g1, &gn);
    ends(run, "resid_rms", &r1, &rn);
    const json_t *update = json_object_get(run, "model_update");
    printf("%-*s %6lld  %-9s %-9s  %-9s %-9s  %-10s %-10s  %s\n", width, name,
           (long long)json_integer_value(json_object_get(run, "depth")), cell(g1, b[0]),
           cell(gn, b[1]), cell(r1, b[2]), cell(rn, b[3]),
           cell(number(json_object_get(update, "sgd"), "per_token"), b[4]),
           cell(number(json_object_get(update, "adamw"), "per_token"), b[5]),
           json_string_value(json_object_get(json_object_get(run, "verdict"), "value")));
}

static void print_layers(const json_t *run)
{
    const json_t *layers = json_object_get(run, "layers");
    json_int_t depth = json_integer_value(json_object_get(run, "depth"));
    json_int_t lines = (json_int_t)json_array_size(layers);
    json_int_t stride = (lines + LAYER_LINES_MAX - 1) / LAYER_LINES_MAX;
    size_t i;
    json_t *layer;
    printf("\nlayer sub   grad norm  stream rms  branch rms  stream grad rms\n");
    json_array_foreach(layers, i, layer)
    {
        char b[4][24];
        json_int_t l = json_integer_value(json_object_get(layer, "l"));
        if (stride > 1 && l % stride != 1 && l != depth) continue;
        printf("%5lld %-5s %-10s %-11s %-11s %s\n", (long long)l,
               json_string_value(json_object_get(layer, "sub")),
               cell(number(layer, "grad_norm"), b[0]), cell(number(layer, "resid_rms"), b[1]),
               cell(number(layer, "branch_rms"), b[2]), cell(number(layer, "dresid_rms"), b[3]));
    }
    if (stride > 1)
        printf("(one layer in %lld, and the last; --json has them all)\n", (long long)stride);
}

static void print_rules(const json_t *run)
{
    const json_t *verdict = json_object_get(run, "verdict");
    size_t i;
    json_t *rule;
    printf("\nverdict: %s\n", json_string_value(json_object_get(verdict, "value")));
    json_array_foreach(json_object_get(verdict, "rules"), i, rule)
    {
        char b[2][24];
        const char *record = json_string_value(json_object_get(rule, "record"));
        printf("  %-5s %-24s %-10s against %-6s (%s; record: %s)\n",
               json_is_true(json_object_get(rule, "fired")) ? "FIRED" : "quiet",
               json_string_value(json_object_get(rule, "name")), cell(number(rule, "value"), b[0]),
               cell(number(rule, "threshold"), b[1]),
               json_string_value(json_object_get(rule, "source")),
               record ? record : "not yet measured");
    }
    const char *suggestion = json_string_value(json_object_get(verdict, "suggestion"));
    if (suggestion) printf("  %s\n", suggestion);
}

static void print_tables(const options *o, const variants *all, json_t *const *result)
{
    bool long_names = false;
    for (int i = 0; i < weir_config_rows(); i++) {
        const char *field = weir_config_row_at(i)->field;
        bool own_column = strcmp(field, "layout") == 0 || strcmp(field, "depth") == 0;
        if (o->list[i] && !own_column) long_names = true;
    }
    int width = 12;
    for (int i = 0; i < all->count; i++) {
        int n = (int)strlen(label(&all->v[i], result[i], long_names));
        if (n > width) width = n;
    }
    printf("%-*s         gradient norm        stream rms            first update per token\n",
           width, "");
    printf("%-*s %6s  %-9s %-9s  %-9s %-9s  %-10s %-10s  %s\n", width,
           long_names ? "network" : "layout", "depth", "first", "last", "first", "last", "SGD",
           "AdamW", "verdict");
    for (int i = 0; i < all->count; i++)
        print_row(label(&all->v[i], result[i], long_names), width, result[i]);
    if (all->count > 1) return;
    print_layers(result[0]);
    print_rules(result[0]);
}

/* ---- the command ---------------------------------------------------------------------------- */

static int finish(const command *c, const options *o, const probe_job *job)
{
    int count = job->all->count;
    for (int i = 0; i < count; i++) {
        if (job->status[i] == WEIR_OK) continue;
        weir_fail_within(&job->error[i], job->status[i], "%s: ", job->all->v[i].name);
        return fail_with(c->name, &job->error[i]);
    }
    if (!o->json) {
        print_tables(o, job->all, job->result);
        return EXIT_DONE;
    }
    json_t *runs = json_array();
    for (int i = 0; runs && i < count; i++) {
        if (json_array_append(runs, job->result[i]) == 0) continue;
        json_decref(runs);
        runs = NULL;
    }
    return print_json(
        c->name, json_pack("{s:s, s:i, s:o}", "weir", weir_version(), "schema", 1, "runs", runs));
}

int cmd_probe(const command *c, const options *o, const char *line)
{
    (void)line;
    weir_error err;
    variants all;
    if (variants_make(o, &all, &err) != WEIR_OK) return fail_with(c->name, &err);
    probe_job job = {.all = &all};
    size_t n = (size_t)all.count;
    weir_pool *pool = NULL;
    int code;
    job.result = weir_alloc(n, sizeof *job.result);
    job.status = weir_alloc(n, sizeof *job.status);
    job.error = weir_alloc(n, sizeof *job.error);
    if (!job.result || !job.status || !job.error ||
        weir_pool_create(o->threads, &pool) != WEIR_OK) {
        weir_fail(&err, WEIR_E_MEMORY, "out of memory, or of threads (--threads %d)", o->threads);
        code = fail_with(c->name, &err);
    } else {
        stop_listen();
        weir_parallel par = weir_pool_parallel(pool);
        par.parallel_for(par.ctx, all.count, probe_task, &job);
        code = finish(c, o, &job);
        for (int i = 0; i < all.count; i++) json_decref(job.result[i]);
    }
    weir_pool_destroy(&pool);
    weir_free(job.result);
    weir_free(job.status);
    weir_free(job.error);
    variants_deinit(&all);
    return code;
}
