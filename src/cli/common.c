/* common.c - layouts by name or file, and the product of the lists. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "io/files.h"
#include "lab/emit.h"
#include "train/trainer.h"

int fail_with(const char *name, const weir_error *err)
{
    fprintf(stderr, "weir %s: %s\n", name, err->message);
    switch (err->status) {
    case WEIR_E_VALUE:
    case WEIR_E_SHAPE:
    case WEIR_E_LAYOUT:
    case WEIR_E_STATE:
    case WEIR_E_UNSUPPORTED: return EXIT_MISUSE;
    default: return EXIT_FAILED;
    }
}

int print_json(const char *name, json_t *value)
{
    weir_text text = {0};
    bool ready = value && weir_emit_dump(value, JSON_INDENT(2) | JSON_ENSURE_ASCII, &text);
    if (ready)
        printf("%s\n", text.data);
    else
        fprintf(stderr, "weir %s: out of memory for the JSON\n", name);
    weir_text_deinit(&text);
    json_decref(value);
    return ready ? EXIT_DONE : EXIT_FAILED;
}

weir_status write_report(const char *folder, weir_text *path, weir_error *err)
{
    weir_text_addf(path, "%s/report.html", folder);
    if (path->failed) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    return weir_report_write(&folder, 1, path->data, err);
}

/* Whether `path`, which need not be there yet, is `folder` or lies below it. */
static bool lies_in(const char *path, const char *folder)
{
    char outer[PATH_MAX], inner[PATH_MAX], known[PATH_MAX];
    if (!realpath(folder, outer)) return false;
    if (snprintf(known, sizeof known, "%s", path) >= PATH_MAX) return false;
    while (!realpath(known, inner)) { /* upwards, to what is there */
        char *slash = strrchr(known, '/');
        if (errno != ENOENT || strcmp(known, ".") == 0) return false;
        if (slash && slash != known)
            *slash = 0;
        else
            snprintf(known, sizeof known, slash ? "/" : ".");
    }
    size_t n = strlen(outer);
    return strncmp(inner, outer, n) == 0 && (n == 1 || inner[n] == '/' || !inner[n]);
}

weir_status check_out(const char *data, const char *out, weir_error *err)
{
    if (strcmp(data, "synthetic") == 0 || !lies_in(out, data)) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE,
                     "--out %s lies in --data %s, and the run's own files would become its text; "
                     "choose a folder outside",
                     out, data);
}

static weir_status load_file(const char *path, named_layout *out, weir_error *err)
{
    char *text;
    size_t bytes;
    WEIR_TRY(weir_file_read(path, (size_t)1 << 20, &text, &bytes, err));
    weir_status status = weir_layout_parse(text, bytes, path, &out->layout, err);
    weir_free(text);
    if (status != WEIR_OK) return status;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path,
               *dot = strrchr(base, '.');
    size_t n = dot && dot != base ? (size_t)(dot - base) : strlen(base);
    if (n > WEIR_LAYOUT_NAME) n = WEIR_LAYOUT_NAME;
    for (size_t i = 0; i < n; i++) {
        char ch = base[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
        out->name[i] = plain ? ch : '_';
    }
    out->name[n] = 0;
    snprintf(out->title, sizeof out->title, "%s", out->name);
    return WEIR_OK;
}

weir_status layout_load(const char *name, named_layout *out, weir_error *err)
{
    const weir_builtin_layout *built_in = weir_builtin_layout_find(name);
    *out = (named_layout){.built_in = built_in};
    if (!built_in && (strpbrk(name, "./") || weir_file_exists(name)))
        return load_file(name, out, err);
    if (!built_in) {
        const char *near = weir_builtin_layout_nearest(name);
        return weir_fail(err, WEIR_E_VALUE,
                         "there is no built-in layout and no file named '%s'; %s%s%s", name,
                         near ? "did you mean '" : "`weir layouts` lists what there is",
                         near ? near : "", near ? "'?" : "");
    }
    snprintf(out->name, sizeof out->name, "%s", built_in->name);
    snprintf(out->title, sizeof out->title, "%s", built_in->title);
    return weir_layout_parse(built_in->text, strlen(built_in->text), built_in->name, &out->layout,
                             err);
}

/* Compiles the layout for one shape, so that what is wrong is said before any work is done; prints
 * its warnings. */
static weir_status check_layout(const options *o, const weir_layout *layout,
                                const weir_config *config, bool warn, weir_error *err)
{
    weir_layout_shape shape = weir_config_layout_shape(config);
    weir_program *program;
    WEIR_TRY(weir_layout_compile(layout, &shape, true, &program, err));
    for (int i = 0; warn && !o->quiet && i < program->warnings; i++)
        fprintf(stderr, "%s\n", program->warning[i]);
    weir_program_destroy(&program);
    return WEIR_OK;
}

/* ---- the product of the lists --------------------------------------------------------------- */

/* "layout-dDEPTH", then whatever else is a list. */
static void name_variant(const options *o, const char *layout, variant *v)
{
    size_t n =
        (size_t)snprintf(v->name, sizeof v->name, "%s-d%lld", layout, (long long)v->config.depth);
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = weir_config_row_at(i);
        if (!o->list[i] || strcmp(row->field, "layout") == 0 || strcmp(row->field, "depth") == 0)
            continue;
        char text[WEIR_CONFIG_TEXT];
        weir_config_get(&v->config, row, text);
        n += (size_t)snprintf(v->name + n, sizeof v->name - n, "-%s%s",
                              row->kind == WEIR_CONFIG_WORD ? "" : row->field, text);
        if (n >= sizeof v->name) n = sizeof v->name - 1;
    }
}

/* Element `index` of the product; the rows turn like an odometer, the layout slowest. */
static weir_status fill_variant(const options *o, variants *all, int index, weir_error *err)
{
    variant *v = &all->v[index];
    v->config = o->config;
    int rest = index;
    for (int i = weir_config_rows() - 1; i >= 0; i--) {
        const weir_config_row *row = weir_config_row_at(i);
        if (!o->list[i] || strcmp(row->field, "layout") == 0) continue;
        char text[WEIR_CONFIG_TEXT];
        int n = options_list_count(o->list[i]);
        options_list_get(o->list[i], rest % n, text);
        rest /= n;
        WEIR_TRY(weir_config_set(&v->config, row, text, err));
    }
    v->layout = rest;
    const weir_config_row *row = weir_config_row_find("layout");
    WEIR_TRY(weir_config_set(&v->config, row, all->layout[rest].name, err));
    WEIR_TRY(weir_config_resolve(&v->config, err));
    name_variant(o, all->layout[rest].name, v);
    for (int i = 0; i < index; i++) {
        if (strcmp(all->v[i].name, v->name) == 0)
            return weir_fail(err, WEIR_E_VALUE,
                             "%s is asked for twice: a value stands twice in a list, or two layout "
                             "files have one name",
                             v->name);
    }
    return WEIR_OK;
}

static weir_status load_layouts(const options *o, variants *all, weir_error *err)
{
    int row = (int)(weir_config_row_find("layout") - weir_config_row_at(0));
    all->layouts = options_list_count(o->list[row]);
    all->layout = weir_alloc((size_t)all->layouts, sizeof *all->layout);
    if (!all->layout) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the layouts");
    for (int i = 0; i < all->layouts; i++) {
        char name[WEIR_CONFIG_TEXT];
        if (o->list[row])
            options_list_get(o->list[row], i, name);
        else
            snprintf(name, sizeof name, "%s", o->config.layout);
        WEIR_TRY(layout_load(name, &all->layout[i], err));
    }
    return WEIR_OK;
}

static weir_status make(const options *o, variants *all, weir_error *err)
{
    WEIR_TRY(load_layouts(o, all, err));
    int64_t count = all->layouts;
    for (int i = 0; i < weir_config_rows(); i++) {
        if (strcmp(weir_config_row_at(i)->field, "layout") != 0)
            count *= options_list_count(o->list[i]);
        if (count > 10000)
            return weir_fail(err, WEIR_E_VALUE, "the lists make more than 10000 runs");
    }
    all->v = weir_alloc((size_t)count, sizeof *all->v);
    if (!all->v)
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for %lld runs", (long long)count);
    for (int i = 0; i < count; i++) WEIR_TRY(fill_variant(o, all, i, err));
    all->count = (int)count;
    for (int i = 0; i < count; i++) {
        bool first = i == 0 || all->v[i].layout != all->v[i - 1].layout;
        WEIR_TRY(
            check_layout(o, all->layout[all->v[i].layout].layout, &all->v[i].config, first, err));
    }
    const weir_config *c = &all->v[0].config;
    return weir_corpus_open(c->data, (int)c->vocab, c->val_frac, (int)c->ctx, &all->corpus, err);
}

weir_status variants_make(const options *o, variants *all, weir_error *err)
{
    memset(all, 0, sizeof *all);
    weir_status status = make(o, all, err);
    if (status != WEIR_OK) variants_deinit(all);
    return status;
}

void variants_deinit(variants *all)
{
    for (int i = 0; all->layout && i < all->layouts; i++)
        weir_layout_destroy(&all->layout[i].layout);
    weir_free(all->layout);
    weir_free(all->v);
    weir_corpus_close(&all->corpus);
    memset(all, 0, sizeof *all);
}
