/* probe.c - measurements put together: the object of a probe, the lines of layers.jsonl. */
#include "lab/probe.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/json_dump.h"
#include "lab/emit.h"
#include "lab/measure.h"
#include "lab/subject.h"
#include "lab/update.h"
#include "lab/verdict.h"

static weir_status no_memory(weir_error *err)
{
    return weir_fail(err, WEIR_E_MEMORY, "out of memory for the JSON of a probe");
}

/* The word of a setting ("rmsnorm"), as a JSON string. */
static json_t *word(const weir_config *config, const char *option)
{
    char text[WEIR_CONFIG_TEXT];
    weir_config_get(config, weir_config_row_find(option), text);
    return weir_emit_text(text);
}

static json_t *describe(const weir_config *c, const char *layout_name, const weir_layout *layout)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o}", "layout",
                     weir_emit_text(layout_name), "equation",
                     weir_emit_text(weir_layout_canonical(layout)), "arch", word(c, "arch"),
                     "depth", (json_int_t)c->depth, "width", (json_int_t)c->width, "heads",
                     (json_int_t)c->heads, "ffn", (json_int_t)c->ffn, "ctx", (json_int_t)c->ctx,
                     "batch", (json_int_t)c->batch, "vocab", (json_int_t)c->vocab, "norm",
                     word(c, "norm"), "seed", (json_int_t)c->seed, "data", weir_emit_text(c->data));
}

static weir_status probe_subject(weir_subject *subject, const char *layout_name,
                                 const weir_layout *layout, json_t **out, weir_error *err)
{
    weir_measurement m = {0};
    weir_updates updates;
    WEIR_TRY(weir_measure(subject, &m, err));
    weir_status status = weir_update_measure(subject, &updates, err);
    if (status == WEIR_OK) {
        weir_verdict verdict = weir_judge(subject->config, &m, &updates);
        json_t *run = describe(subject->config, layout_name, layout);
        json_t *numbers =
            json_pack("{s:o, s:o, s:o, s:o}", "loss", weir_json_number(m.loss), "layers",
                      weir_emit_layers(&m), "model_update", weir_emit_updates(&updates), "verdict",
                      weir_emit_verdict(&verdict));
        if (!run || !numbers || json_object_update(run, numbers) != 0) {
            json_decref(run);
            run = NULL;
            status = no_memory(err);
        }
        json_decref(numbers);
        *out = run;
    }
    weir_measurement_deinit(&m);
    return status;
}

weir_status weir_probe(const weir_config *config, const char *layout_name,
                       const weir_layout *layout, const weir_corpus *corpus, json_t **out,
                       weir_error *err)
{
    *out = NULL;
    weir_model *model;
    weir_subject subject = {0};
    WEIR_TRY(weir_trainer_model(config, layout, &model, err));
    float *theta = weir_alloc((size_t)model->total, sizeof *theta);
    weir_status status = WEIR_OK;
    if (theta) {
        weir_model_init(model, (uint64_t)config->seed, theta);
        status = weir_subject_init(&subject, config, model, theta, corpus, err);
    } else {
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for %lld parameters",
                           (long long)model->total);
    }
    if (status == WEIR_OK) status = probe_subject(&subject, layout_name, layout, out, err);
    weir_subject_deinit(&subject);
    weir_free(theta);
    weir_model_destroy(&model);
    return status;
}

/* ---- hooks of a run ------------------------------------------------------------------------- */

static weir_status subject_of(weir_subject *subject, const weir_trainer *t, weir_error *err)
{
    return weir_subject_init(subject, &t->config, t->model, t->theta, t->corpus, err);
}

static weir_status write_line(weir_log *log, int64_t step, json_t *site, weir_error *err)
{
    weir_text text = {0};
    json_t *line = json_pack("{s:I}", "step", (json_int_t)step);
    bool ok =
        line && json_object_update(line, site) == 0 && weir_emit_dump(line, JSON_COMPACT, &text);
    weir_status status = ok ? weir_log_line(log, text.data, err) : no_memory(err);
    json_decref(line);
    weir_text_deinit(&text);
    return status;
}

weir_status weir_lab_measure(void *ctx, weir_trainer *trainer, int64_t step, weir_log *layers,
                             weir_error *err)
{
    (void)ctx;
    weir_subject subject;
    weir_measurement m = {0};
    WEIR_TRY(weir_program_set_time(trainer->model->program, step > 1 ? step : 1, err));
    WEIR_TRY(subject_of(&subject, trainer, err));
    subject.moment1 = trainer->moment1;
    subject.moment2 = trainer->moment2;
    subject.t = step + 1;
    weir_status status = weir_measure(&subject, &m, err);
    weir_subject_deinit(&subject);
    if (status != WEIR_OK) return status;
    json_t *sites = weir_emit_layers(&m);
    weir_measurement_deinit(&m);
    if (!sites) return no_memory(err);
    for (size_t i = 0; status == WEIR_OK && i < json_array_size(sites); i++)
        status = write_line(layers, step, json_array_get(sites, i), err);
    json_decref(sites);
    return status;
}

static weir_status write_json(const char *folder, const char *name, const json_t *value,
                              weir_error *err)
{
    weir_text path = {0}, text = {0};
    weir_text_addf(&path, "%s/%s", folder, name);
    weir_status status = path.failed || !weir_emit_dump(value, JSON_INDENT(1), &text)
                             ? no_memory(err)
                             : weir_file_write(path.data, text.data, text.len, err);
    weir_text_deinit(&path);
    weir_text_deinit(&text);
    return status;
}

weir_status weir_lab_begin(const char *layout_name, const weir_layout *layout,
                           weir_trainer *trainer, const char *folder, weir_error *err)
{
    weir_subject subject;
    json_t *run;
    WEIR_TRY(weir_program_set_time(trainer->model->program, 1, err));
    WEIR_TRY(subject_of(&subject, trainer, err));
    weir_status status = probe_subject(&subject, layout_name, layout, &run, err);
    weir_subject_deinit(&subject);
    if (status != WEIR_OK) return status;
    status = write_json(folder, "probe.json", run, err);
    json_decref(run);
    return status;
}
