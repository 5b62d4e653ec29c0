#include "train/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "train/run_files.h"
#include "weir/version.h"

enum { KEY_BYTES = 64, NUMBER_BYTES = 24, MOMENTS = 2, FIXED_PAIRS = 4 };
static const char *const moment_suffix[MOMENTS] = {".m", ".v"};

static weir_status no_memory(weir_error *err)
{
    return weir_fail(err, WEIR_E_MEMORY, "out of memory for a checkpoint");
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The strings of the metadata and what holds them. */
typedef struct metadata {
    const char **pair; /* key, value, key, value, ... */
    int pairs;
    char (*key)[KEY_BYTES]; /* of each setting */
    char (*value)[WEIR_CONFIG_TEXT];
    char step[NUMBER_BYTES], hash[NUMBER_BYTES];
} metadata;

static void setting_key(const weir_config_row *row, char key[KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "%s.%s", row->group, row->field);
}

static void add_pair(metadata *m, const char *key, const char *value)
{
    m->pair[2 * m->pairs] = key;
    m->pair[2 * m->pairs++ + 1] = value;
}

static void metadata_deinit(metadata *m)
{
    weir_free(m->pair);
    weir_free(m->key);
    weir_free(m->value);
}

/* False when memory is out; deinit in any case. */
static bool metadata_init(metadata *m, const weir_trainer *t, const char *layout_text)
{
    int rows = weir_config_rows();
    *m = (metadata){.pair = weir_alloc((size_t)(2 * (rows + FIXED_PAIRS)), sizeof *m->pair),
                    .key = weir_alloc((size_t)rows, sizeof *m->key),
                    .value = weir_alloc((size_t)rows, sizeof *m->value)};
    if (!m->pair || !m->key || !m->value) return false;
    snprintf(m->step, sizeof m->step, "%lld", (long long)t->step);
    snprintf(m->hash, sizeof m->hash, "%016" PRIx64, weir_corpus_hash(t->corpus));
    add_pair(m, "weir", weir_version());
    add_pair(m, "step", m->step);
    add_pair(m, "layout_text", layout_text);
    add_pair(m, "data_hash", m->hash);
    for (int i = 0; i < rows; i++) {
        setting_key(weir_config_row_at(i), m->key[i]);
        weir_config_get(&t->config, weir_config_row_at(i), m->value[i]);
        add_pair(m, m->key[i], m->value[i]);
    }
    return true;
}

/* The tensors of the file: each parameter, then each parameter's moments. */
typedef struct tensors {
    weir_st_entry *entry;
    int count;
    char (*name)[WEIR_ST_NAME_MAX]; /* of the moments */
} tensors;

static int dims_of(const weir_param *p)
{
    return p->role == WEIR_ROLES ? 1 : 2;
}

static void add_tensor(tensors *x, const weir_param *p, const char *name, const float *values)
{
    x->entry[x->count++] = (weir_st_entry){
        .name = name, .dims = dims_of(p), .shape = {p->rows, p->cols}, .data = values + p->offset};
}

static void tensors_deinit(tensors *x)
{
    weir_free(x->entry);
    weir_free(x->name);
}

/* False when memory is out; deinit in any case. */
static bool tensors_init(tensors *x, const weir_trainer *t)
{
    const weir_model *m = t->model;
    const float *moment[MOMENTS] = {t->moment1, t->moment2};
    int moments = t->moment1 ? MOMENTS : 0, names = 0;
    *x = (tensors){.entry = weir_alloc((size_t)m->params * (size_t)(1 + moments), sizeof *x->entry),
                   .name = weir_alloc((size_t)m->params * (size_t)moments, sizeof *x->name)};
    if (!x->entry || !x->name) return false;
    for (int i = 0; i < m->params; i++) add_tensor(x, &m->param[i], m->param[i].name, t->theta);
    for (int k = 0; k < moments; k++) {
        for (int i = 0; i < m->params; i++) {
            char *name = x->name[names++];
            snprintf(name, WEIR_ST_NAME_MAX, "%s%s", m->param[i].name, moment_suffix[k]);
            add_tensor(x, &m->param[i], name, moment[k]);
        }
    }
    return true;
}

static weir_status make_folder(const char *folder, weir_error *err)
{
    char *path = weir_run_path(folder, "checkpoint");
    weir_status status = path ? weir_folder_make(path, err) : no_memory(err);
    weir_free(path);
    return status;
}

weir_status weir_checkpoint_write(const char *folder, const weir_trainer *t,
                                  const char *layout_text, weir_error *err)
{
    WEIR_TRY(make_folder(folder, err));
    tensors x = {0};
    metadata m = {0};
    char *path = weir_run_path(folder, WEIR_RUN_CHECKPOINT);
    bool ready = path && tensors_init(&x, t) && metadata_init(&m, t, layout_text);
    weir_status status =
        ready ? weir_st_write(path, x.entry, x.count, m.pair, m.pairs, err) : no_memory(err);
    metadata_deinit(&m);
    tensors_deinit(&x);
    weir_free(path);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* An open checkpoint and what its metadata says. */
typedef struct state {
    char *path;
    weir_st_file *file;
    weir_config config;
    int64_t step;
    uint64_t data_hash;
    const char *layout_text; /* owned by file */
} state;

static weir_status bad(const state *s, const char *what, const char *name, weir_error *err)
{
    return weir_fail(err, WEIR_E_FORMAT, "%s: %s \"%s\"; the checkpoint cannot be used", s->path,
                     what, name);
}

static weir_status read_settings(state *s, weir_error *err)
{
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = weir_config_row_at(i);
        char key[KEY_BYTES];
        setting_key(row, key);
        const char *value = weir_st_metadata(s->file, key);
        if (!value) return bad(s, "its metadata lacks", key, err);
        if (weir_config_set(&s->config, row, value, err) != WEIR_OK)
            return weir_fail_within(err, WEIR_E_FORMAT, "%s: ", s->path);
    }
    if (weir_config_resolve(&s->config, err) != WEIR_OK)
        return weir_fail_within(err, WEIR_E_FORMAT, "%s: ", s->path);
    return WEIR_OK;
}

/* What is read was checked against its checksums; a file without them is not ours, or is ours and
 * damaged just there. */
static weir_status read_metadata(state *s, weir_error *err)
{
    static const char *const needed[] = {"weir_crc32", "weir_header_crc32", "step", "layout_text",
                                         "data_hash"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!weir_st_metadata(s->file, needed[i]))
            return bad(s, "its metadata lacks", needed[i], err);
    }
    char *end;
    const char *step = weir_st_metadata(s->file, "step"),
               *hash = weir_st_metadata(s->file, "data_hash");
    s->step = strtoll(step, &end, 10);
    if (end == step || *end || s->step < 0) return bad(s, "this is no step:", step, err);
    s->data_hash = strtoull(hash, &end, 16);
    if (end == hash || *end) return bad(s, "this is no hash:", hash, err);
    s->layout_text = weir_st_metadata(s->file, "layout_text");
    return read_settings(s, err);
}

static void state_close(state *s)
{
    weir_st_close(&s->file);
    weir_free(s->path);
}

/* On failure nothing is left open. */
static weir_status state_open(state *s, const char *folder, weir_error *err)
{
    *s = (state){.path = weir_run_path(folder, WEIR_RUN_CHECKPOINT)};
    if (!s->path) return no_memory(err);
    weir_status status = weir_st_open(s->path, &s->file, err);
    if (status == WEIR_OK) status = read_metadata(s, err);
    if (status != WEIR_OK) state_close(s);
    return status;
}

static weir_status find_tensor(const state *s, const weir_param *p, const char *suffix,
                               const void **data, weir_error *err)
{
    char name[WEIR_ST_NAME_MAX];
    snprintf(name, sizeof name, "%s%s", p->name, suffix);
    const weir_st_tensor *t = weir_st_find(s->file, name);
    if (!t) return bad(s, "lacks the tensor", name, err);
    bool fits = strcmp(t->dtype, "F32") == 0 && t->dims == dims_of(p) && t->shape[0] == p->rows &&
                (t->dims == 1 || t->shape[1] == p->cols);
    if (!fits) return bad(s, "of another type or shape is the tensor", name, err);
    *data = t->data;
    return WEIR_OK;
}

/* Copies every parameter's tensor with this suffix into an array laid out as theta; out NULL only
 * checks them. */
static weir_status read_tensors(const state *s, const weir_model *m, const char *suffix, float *out,
                                weir_error *err)
{
    for (int i = 0; i < m->params; i++) {
        const weir_param *p = &m->param[i];
        const void *data;
        WEIR_TRY(find_tensor(s, p, suffix, &data, err));
        if (out) memcpy(out + p->offset, data, (size_t)weir_param_size(p) * sizeof *out);
    }
    return WEIR_OK;
}

static weir_status check_same(const state *s, const weir_trainer *t, const char *layout_text,
                              weir_error *err)
{
    weir_run_identity was = {&s->config, s->layout_text, s->data_hash};
    weir_run_identity now = {&t->config, layout_text, weir_corpus_hash(t->corpus)};
    WEIR_TRY(weir_run_same(&was, &now, t->model->program->uses_time, s->path, err));
    if (s->step <= t->config.steps) return WEIR_OK;
    return weir_fail(err, WEIR_E_FORMAT, "%s: stands at step %lld, past the last", s->path,
                     (long long)s->step);
}

static weir_status read_state(const state *s, weir_trainer *t, const char *layout_text,
                              weir_error *err)
{
    float *array[1 + MOMENTS] = {t->theta, t->moment1, t->moment2};
    const char *suffix[1 + MOMENTS] = {"", moment_suffix[0], moment_suffix[1]};
    int arrays = t->moment1 ? 1 + MOMENTS : 1;
    WEIR_TRY(check_same(s, t, layout_text, err));
    if (weir_st_count(s->file) != arrays * t->model->params)
        return weir_fail(err, WEIR_E_FORMAT, "%s: holds %d tensors, and the run has %d", s->path,
                         weir_st_count(s->file), arrays * t->model->params);
    for (int i = 0; i < arrays; i++) WEIR_TRY(read_tensors(s, t->model, suffix[i], NULL, err));
    for (int i = 0; i < arrays; i++) WEIR_TRY(read_tensors(s, t->model, suffix[i], array[i], err));
    t->step = s->step;
    return WEIR_OK;
}

weir_status weir_checkpoint_read(const char *folder, weir_trainer *t, const char *layout_text,
                                 weir_error *err)
{
    state s;
    WEIR_TRY(state_open(&s, folder, err));
    weir_status status = read_state(&s, t, layout_text, err);
    state_close(&s);
    return status;
}

static weir_status make_model(const state *s, weir_model **model, float **theta, weir_error *err)
{
    weir_layout *layout;
    WEIR_TRY(weir_layout_parse(s->layout_text, strlen(s->layout_text), s->path, &layout, err));
    weir_model *m = NULL;
    float *values = NULL;
    weir_status status = weir_trainer_model(&s->config, layout, &m, err);
    weir_layout_destroy(&layout);
    if (status == WEIR_OK && !(values = weir_alloc((size_t)m->total, sizeof *values)))
        status = no_memory(err);
    if (status == WEIR_OK) status = read_tensors(s, m, "", values, err);
    if (status != WEIR_OK) {
        weir_model_destroy(&m);
        weir_free(values);
        return status;
    }
    *model = m;
    *theta = values;
    return WEIR_OK;
}

weir_status weir_checkpoint_model(const char *folder, weir_config *config, weir_model **model,
                                  float **theta, weir_error *err)
{
    state s;
    WEIR_TRY(state_open(&s, folder, err));
    weir_status status = make_model(&s, model, theta, err);
    if (status == WEIR_OK) *config = s.config;
    state_close(&s);
    return status;
}
