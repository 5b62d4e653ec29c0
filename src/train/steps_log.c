/* steps_log.c - lines of steps.jsonl, written and read again; and how much of layers.jsonl a
 * checkpoint has seen. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/json_load.h"
#include "train/run_files.h"

enum { LINE_MAX_BYTES = 512 };

weir_status weir_steps_append(weir_log *log, const weir_step_report *report, double val_loss,
                              int64_t tokens, double seconds, weir_error *err)
{
    char line[LINE_MAX_BYTES], loss[32], val[32], lr[32], norm[32];
    snprintf(line, sizeof line,
             "{\"step\": %lld, \"loss\": %s, \"val_loss\": %s, \"lr\": %s, \"grad_norm\": %s, "
             "\"tokens\": %lld, "
             "\"seconds\": %.6f}",
             (long long)report->step, weir_json_f32((float)report->loss, loss),
             weir_json_f32((float)val_loss, val), weir_json_f32(report->lr, lr),
             weir_json_f32((float)report->grad_norm, norm), (long long)tokens, seconds);
    return weir_log_line(log, line, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The whole lines of a file, one after the other. */
typedef struct lines {
    const char *path, *at;
    char *data;
    int64_t number; /* of the line just read, from 1 */
} lines;

static weir_status open_lines(lines *l, const char *path, weir_error *err)
{
    size_t bytes;
    *l = (lines){.path = path};
    WEIR_TRY(weir_file_read(path, SIZE_MAX / 2, &l->data, &bytes, err));
    l->at = l->data;
    return WEIR_OK;
}

/* The next line as an object, or *line NULL at the end; a torn last line is no line. */
static weir_status next_line(lines *l, json_t **line, weir_error *err)
{
    *line = NULL;
    const char *end = strchr(l->at, '\n');
    if (!end) return WEIR_OK;
    json_error_t why;
    weir_status status = weir_json_load(l->at, (size_t)(end - l->at), line, &why);
    l->number++;
    l->at = end + 1;
    if (status == WEIR_OK) return WEIR_OK;
    if (status == WEIR_E_MEMORY)
        return weir_fail(err, status, "%s: out of memory to read it", l->path);
    return weir_fail(err, status, "%s:%lld: is not JSON: %s", l->path, (long long)l->number,
                     why.text);
}

/* null stands for every number that is not finite. */
static bool get_number(const json_t *line, const char *key, double *out)
{
    const json_t *value = json_object_get(line, key);
    *out = json_is_number(value) ? json_number_value(value) : NAN;
    return json_is_number(value) || json_is_null(value);
}

static weir_status read_step(const lines *l, const json_t *line, weir_step_history *history,
                             weir_error *err)
{
    double loss, grad_norm, val_loss;
    bool ok = json_integer_value(json_object_get(line, "step")) == l->number &&
              get_number(line, "loss", &loss) && get_number(line, "grad_norm", &grad_norm) &&
              get_number(line, "val_loss", &val_loss) &&
              get_number(line, "seconds", &history->seconds);
    if (!ok) {
        return weir_fail(err, WEIR_E_FORMAT, "%s:%lld: is not what a run writes for that step",
                         l->path, (long long)l->number);
    }
    history->val_loss = (float)val_loss; /* nine digits name a float, not a double */
    return weir_losses_add(&history->losses, loss, grad_norm, err);
}

static weir_status read_steps(lines *l, int64_t steps, weir_step_history *history, weir_error *err)
{
    while (l->number < steps) {
        json_t *line;
        WEIR_TRY(next_line(l, &line, err));
        if (!line) {
            return weir_fail(err, WEIR_E_FORMAT,
                             "%s: holds %lld whole lines, and the checkpoint stands at step %lld",
                             l->path, (long long)l->number, (long long)steps);
        }
        weir_status status = read_step(l, line, history, err);
        json_decref(line);
        WEIR_TRY(status);
    }
    return WEIR_OK;
}

weir_status weir_steps_read(const char *folder, int64_t steps, weir_step_history *history,
                            weir_error *err)
{
    history->val_loss = NAN;
    if (!steps) return WEIR_OK;
    char *path = weir_run_path(folder, WEIR_RUN_STEPS);
    if (!path) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    lines l;
    weir_status status = open_lines(&l, path, err);
    if (status == WEIR_OK) status = read_steps(&l, steps, history, err);
    weir_free(l.data);
    weir_free(path);
    return status;
}

static weir_status count_layers(lines *l, int64_t step, int64_t *count, weir_error *err)
{
    for (;;) {
        json_t *line;
        WEIR_TRY(next_line(l, &line, err));
        const json_t *at = json_object_get(line, "step");
        bool known = json_is_integer(at), counts = known && json_integer_value(at) <= step,
             end = !line;
        json_decref(line);
        if (end) return WEIR_OK;
        if (!known)
            return weir_fail(err, WEIR_E_FORMAT, "%s:%lld: lacks a \"step\"", l->path,
                             (long long)l->number);
        if (!counts) return WEIR_OK;
        ++*count;
    }
}

weir_status weir_layers_count(const char *folder, int64_t step, int64_t *count, weir_error *err)
{
    *count = 0;
    char *path = weir_run_path(folder, WEIR_RUN_LAYERS);
    if (!path) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    weir_status status = WEIR_OK;
    if (weir_file_exists(path)) {
        lines l;
        status = open_lines(&l, path, err);
        if (status == WEIR_OK) status = count_layers(&l, step, count, err);
        weir_free(l.data);
    }
    weir_free(path);
    return status;
}
