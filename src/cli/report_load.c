#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/report_data.h"
#include "cli/report_json.h"
#include "io/files.h"

enum { MAX_DEPTH = 1000000, PATH_BYTES = 4096 };

const char *weir_report_state_name(weir_report_state state)
{
    static const char *const names[] = {"trained", "interrupted", "running", "stuck", "diverged"};
    return names[state];
}

static weir_status memory(weir_error *err)
{
    return weir_fail(err, WEIR_E_MEMORY, "report: out of memory");
}

/* Adds one element of `size` bytes, zeroed, to a growing array; NULL when memory is out. */
static void *grow(void **array, int *count, int *room, size_t size)
{
    if (*count == *room) {
        int wider = *room ? 2 * *room : 16;
        void *grown = weir_realloc(*array, (size_t)*room * size, (size_t)wider * size);
        if (!grown) return NULL;
        *array = grown;
        *room = wider;
    }
    return (char *)*array + (size_t)(*count)++ * size;
}

static weir_status note(weir_report_data *data, const char *text, weir_error *err)
{
    if (!text) return memory(err);
    const char **slot = grow((void **)&data->note, &data->notes, &data->note_room, sizeof *slot);
    if (!slot) return memory(err);
    *slot = text;
    return WEIR_OK;
}

/* ---- run.json ------------------------------------------------------------------------------- */

static weir_status read_settings(const weir_report_source *src, json_t *root, weir_report_run *run)
{
    static const char *const groups[] = {"model", "train", "data", "host"};
    enum { GROUPS = sizeof groups / sizeof groups[0] };
    json_t *object[GROUPS];
    size_t count = 0;
    for (int g = 0; g < GROUPS; g++) {
        WEIR_TRY(weir_report_child(src, root, groups[g], &object[g]));
        count += json_object_size(object[g]);
    }
    run->setting = weir_report_take(src->arena, count, sizeof *run->setting);
    if (!run->setting) return memory(src->err);
    for (int g = 0; g < GROUPS; g++) {
        const char *key;
        json_t *value;
        json_object_foreach(object[g], key, value)
        {
            weir_report_setting *setting = &run->setting[run->settings++];
            setting->group = groups[g];
            setting->key = weir_report_copy(src->arena, key);
            if (!setting->key) return memory(src->err);
            WEIR_TRY(weir_report_shown(src, value, &setting->value));
        }
    }
    return WEIR_OK;
}

static weir_status read_outcome(const weir_report_source *src, json_t *root, weir_report_run *run)
{
    json_t *outcome;
    const char *state;
    double steps;
    run->state = WEIR_REPORT_RUNNING;
    WEIR_TRY(weir_report_child(src, root, "outcome", &outcome));
    WEIR_TRY(weir_report_number(src, outcome, "loss", &run->loss));
    WEIR_TRY(weir_report_number(src, outcome, "val_loss", &run->val_loss));
    WEIR_TRY(weir_report_number(src, outcome, "seconds", &run->seconds));
    WEIR_TRY(weir_report_number(src, outcome, "steps", &steps));
    WEIR_TRY(weir_report_string(src, outcome, "why", &run->why));
    WEIR_TRY(weir_report_string(src, outcome, "state", &state));
    run->steps_done = steps >= 0 && steps < 1e15 ? (int64_t)steps : -1;
    if (!state) return WEIR_OK;
    for (int s = 0; s < WEIR_REPORT_STATES; s++) {
        run->state = (weir_report_state)s;
        if (strcmp(state, weir_report_state_name(run->state)) == 0) return WEIR_OK;
    }
    return weir_report_wrong(src, "outcome.state",
                             "trained, stuck, diverged, interrupted or running");
}

/* The command, given as one text or as a list of words. */
static weir_status read_command(const weir_report_source *src, const json_t *root,
                                const char **command)
{
    const json_t *value = json_object_get(root, "command");
    if (!json_is_array(value)) return weir_report_string(src, root, "command", command);
    const char *line = "";
    size_t i;
    json_t *word;
    json_array_foreach(value, i, word)
    {
        if (!json_is_string(word)) return weir_report_wrong(src, "command", "a list of texts");
        line =
            weir_report_format(src->arena, "%s%s%s", line, i ? " " : "", json_string_value(word));
        if (!line) return memory(src->err);
    }
    *command = line;
    return WEIR_OK;
}

static weir_status read_run(const weir_report_source *src, json_t *root, weir_report_run *run)
{
    json_t *layout, *model, *data;
    int64_t depth;
    WEIR_TRY(weir_report_child(src, root, "layout", &layout));
    WEIR_TRY(weir_report_child(src, root, "model", &model));
    WEIR_TRY(weir_report_child(src, root, "data", &data));
    WEIR_TRY(weir_report_string(src, layout, "name", &run->layout));
    WEIR_TRY(weir_report_string(src, layout, "title", &run->title));
    WEIR_TRY(weir_report_string(src, layout, "text", &run->text));
    WEIR_TRY(weir_report_whole(src, model, "depth", 1, MAX_DEPTH, &depth));
    WEIR_TRY(weir_report_string(src, data, "describe", &run->data));
    WEIR_TRY(weir_report_number(src, data, "unigram_entropy", &run->unigram));
    WEIR_TRY(weir_report_number(src, data, "entropy_floor", &run->floor));
    WEIR_TRY(weir_report_string(src, root, "weir", &run->version));
    WEIR_TRY(read_command(src, root, &run->command));
    WEIR_TRY(read_settings(src, root, run));
    WEIR_TRY(read_outcome(src, root, run));
    if (!run->layout || !run->layout[0]) return weir_report_wrong(src, "layout.name", "a text");
    if (!run->title || !run->title[0]) run->title = run->layout;
    if (!run->text) run->text = "";
    if (!run->version) run->version = "unknown";
    if (!run->command) run->command = "";
    if (run->why && !run->why[0]) run->why = NULL;
    run->depth = (int)depth;
    return WEIR_OK;
}

/* ---- steps.jsonl and layers.jsonl ----------------------------------------------------------- */

static weir_status start_steps(void *self, const weir_report_source *src, int lines)
{
    weir_report_run *run = self;
    run->step = weir_report_take(src->arena, (size_t)lines, sizeof *run->step);
    return run->step ? WEIR_OK : memory(src->err);
}

static weir_status take_step(void *self, const weir_report_source *src, const json_t *line)
{
    weir_report_run *run = self;
    weir_report_step *step = &run->step[run->steps];
    WEIR_TRY(weir_report_whole(src, line, "step", 0, INT64_MAX, &step->step));
    WEIR_TRY(weir_report_number(src, line, "loss", &step->loss));
    WEIR_TRY(weir_report_number(src, line, "val_loss", &step->val_loss));
    WEIR_TRY(weir_report_number(src, line, "lr", &step->lr));
    WEIR_TRY(weir_report_number(src, line, "grad_norm", &step->grad_norm));
    if (run->steps && step->step <= step[-1].step)
        return weir_report_wrong(src, "step", "a number above that of the line before");
    run->steps++;
    return WEIR_OK;
}

static weir_status start_layers(void *self, const weir_report_source *src, int lines)
{
    weir_report_run *run = self;
    run->layer = weir_report_take(src->arena, (size_t)lines, sizeof *run->layer);
    return run->layer ? WEIR_OK : memory(src->err);
}

static weir_status read_update_ratio(const weir_report_source *src, const json_t *line, double *out)
{
    json_t *weights;
    WEIR_TRY(weir_report_child(src, line, "weights", &weights));
    const char *key;
    json_t *weight;
    *out = NAN;
    json_object_foreach(weights, key, weight)
    {
        double ratio;
        if (!json_is_object(weight)) return weir_report_wrong(src, key, "an object");
        WEIR_TRY(weir_report_number(src, weight, "update_ratio", &ratio));
        *out = fmax(*out, ratio);
    }
    return WEIR_OK;
}

static weir_status take_layer(void *self, const weir_report_source *src, const json_t *line)
{
    static const char *const keys[] = {"grad_norm", "resid_rms", "branch_rms", "dresid_rms",
                                       "max_abs"};
    weir_report_run *run = self;
    weir_report_layer *layer = &run->layer[run->layers];
    int64_t l;
    WEIR_TRY(weir_report_whole(src, line, "step", 0, INT64_MAX, &layer->step));
    WEIR_TRY(weir_report_whole(src, line, "l", 1, run->depth, &l));
    layer->layer = (int)l;
    for (int m = 0; m < WEIR_REPORT_UPDATE_RATIO; m++)
        WEIR_TRY(weir_report_number(src, line, keys[m], &layer->value[m]));
    WEIR_TRY(read_update_ratio(src, line, &layer->value[WEIR_REPORT_UPDATE_RATIO]));
    run->layers++;
    return WEIR_OK;
}

static weir_status read_log(weir_report_data *data, const weir_report_source *src,
                            const weir_report_reader *reader)
{
    bool torn, missing;
    WEIR_TRY(weir_report_read_lines(src, reader, &torn, &missing));
    if (torn)
        return note(data,
                    weir_report_format(src->arena,
                                       "%s: the last line is torn, as a killed run leaves "
                                       "it; it was left out.",
                                       src->file),
                    src->err);
    if (missing)
        return note(data, weir_report_format(src->arena, "%s is not there.", src->file), src->err);
    return WEIR_OK;
}

/* ---- probe.json ----------------------------------------------------------------------------- */

static weir_status read_rules(const weir_report_source *src, const json_t *verdict,
                              weir_report_probe *probe)
{
    const json_t *rules = json_object_get(verdict, "rules");
    if (!rules || json_is_null(rules)) return WEIR_OK;
    if (!json_is_array(rules)) return weir_report_wrong(src, "verdict.rules", "a list");
    probe->rule = weir_report_take(src->arena, json_array_size(rules), sizeof *probe->rule);
    if (!probe->rule) return memory(src->err);
    size_t i;
    json_t *item;
    json_array_foreach(rules, i, item)
    {
        weir_report_rule *rule = &probe->rule[i];
        const json_t *fired = json_object_get(item, "fired");
        if (!json_is_object(item)) return weir_report_wrong(src, "verdict.rules", "objects");
        WEIR_TRY(weir_report_string(src, item, "name", &rule->name));
        WEIR_TRY(weir_report_string(src, item, "formula", &rule->formula));
        WEIR_TRY(weir_report_string(src, item, "source", &rule->source));
        WEIR_TRY(weir_report_string(src, item, "record", &rule->record));
        WEIR_TRY(weir_report_number(src, item, "value", &rule->value));
        WEIR_TRY(weir_report_number(src, item, "threshold", &rule->threshold));
        if (fired && !json_is_boolean(fired) && !json_is_null(fired))
            return weir_report_wrong(src, "verdict.rules.fired", "true or false");
        rule->fired = json_is_true(fired);
        if (!rule->name) rule->name = "unnamed rule";
    }
    probe->rules = (int)json_array_size(rules);
    return WEIR_OK;
}

static weir_status read_probe(const weir_report_source *src, json_t *root, weir_report_probe *probe)
{
    json_t *update, *sgd, *adamw, *verdict;
    WEIR_TRY(weir_report_child(src, root, "model_update", &update));
    WEIR_TRY(weir_report_child(src, update, "sgd", &sgd));
    WEIR_TRY(weir_report_child(src, update, "adamw", &adamw));
    WEIR_TRY(weir_report_number(src, sgd, "per_token", &probe->sgd_update));
    WEIR_TRY(weir_report_number(src, adamw, "per_token", &probe->adamw_update));
    WEIR_TRY(weir_report_child(src, root, "verdict", &verdict));
    WEIR_TRY(weir_report_string(src, verdict, "value", &probe->verdict));
    WEIR_TRY(weir_report_string(src, verdict, "suggestion", &probe->suggestion));
    return read_rules(src, verdict, probe);
}

/* ---- folders -------------------------------------------------------------------------------- */

/* "FOLDER/NAME", without doubling a slash; NULL when memory is out. */
static const char *path_in(weir_report_arena *arena, const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    return weir_report_format(arena, "%s%s%s", folder, slash, name);
}

static weir_status load_run(weir_report_data *data, const char *folder, weir_error *err)
{
    for (int i = 0; i < data->runs; i++) {
        if (strcmp(data->run[i].folder, folder) == 0) return WEIR_OK;
    }
    weir_report_run run = {.folder = folder, .probe = {.sgd_update = NAN, .adamw_update = NAN}};
    weir_report_source src = {.arena = &data->arena, .err = err};
    json_t *root;

    if (!(src.file = path_in(&data->arena, folder, "run.json"))) return memory(err);
    WEIR_TRY(weir_report_read_object(&src, true, &root));
    weir_status status = read_run(&src, root, &run);
    json_decref(root);
    WEIR_TRY(status);

    const weir_report_reader steps = {start_steps, take_step, &run};
    if (!(src.file = path_in(&data->arena, folder, "steps.jsonl"))) return memory(err);
    WEIR_TRY(read_log(data, &src, &steps));
    const weir_report_reader layers = {start_layers, take_layer, &run};
    if (!(src.file = path_in(&data->arena, folder, "layers.jsonl"))) return memory(err);
    WEIR_TRY(read_log(data, &src, &layers));

    if (!(src.file = path_in(&data->arena, folder, "probe.json"))) return memory(err);
    if (weir_file_exists(src.file)) {
        WEIR_TRY(weir_report_read_object(&src, false, &root));
        status = read_probe(&src, root, &run.probe);
        json_decref(root);
        WEIR_TRY(status);
    }

    weir_report_run *slot = grow((void **)&data->run, &data->runs, &data->run_room, sizeof *slot);
    if (!slot) return memory(err);
    *slot = run;
    return WEIR_OK;
}

/* A run that compare.json promises; one that has not begun is noted and passed over. */
static weir_status load_listed(weir_report_data *data, const char *folder, const json_t *name,
                               const weir_report_source *src)
{
    if (!json_is_string(name)) return weir_report_wrong(src, "runs", "a list of texts");
    const char *path = path_in(src->arena, folder, json_string_value(name));
    const char *file = path ? path_in(src->arena, path, "run.json") : NULL;
    if (!file) return memory(src->err);
    if (weir_file_exists(file)) return load_run(data, path, src->err);
    data->absent++;
    return note(data, weir_report_format(src->arena, "%s has not begun.", path), src->err);
}

static weir_status load_compare(weir_report_data *data, const char *folder, const char *file,
                                weir_error *err)
{
    weir_report_source src = {.file = file, .arena = &data->arena, .err = err};
    json_t *root;
    WEIR_TRY(weir_report_read_object(&src, true, &root));
    const json_t *runs = json_object_get(root, "runs");
    weir_status status = json_is_array(runs) ? read_command(&src, root, &data->command)
                                             : weir_report_wrong(&src, "runs", "a list of texts");
    for (size_t i = 0; !status && i < json_array_size(runs); i++)
        status = load_listed(data, folder, json_array_get(runs, i), &src);
    json_decref(root);
    return status;
}

static weir_status load_folder(weir_report_data *data, const char *dir, weir_error *err)
{
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/') length--;
    if (!length || length >= PATH_BYTES)
        return weir_fail(err, WEIR_E_FILE, "'%.80s': the name of a run folder is wanted", dir);
    const char *folder = weir_report_format(&data->arena, "%.*s", (int)length, dir);
    const char *compare = folder ? path_in(&data->arena, folder, "compare.json") : NULL;
    const char *run = folder ? path_in(&data->arena, folder, "run.json") : NULL;
    if (!compare || !run) return memory(err);
    if (weir_file_exists(compare)) return load_compare(data, folder, compare, err);
    if (weir_file_exists(run)) return load_run(data, folder, err);
    return weir_fail(err, WEIR_E_FILE,
                     "%s: neither run.json nor compare.json is there; a folder that weir train or "
                     "weir compare made is wanted",
                     folder);
}

weir_status weir_report_load(const char *const *dirs, int count, weir_report_data *data,
                             weir_error *err)
{
    weir_status status = WEIR_OK;
    for (int i = 0; !status && i < count; i++) status = load_folder(data, dirs[i], err);
    if (!status && !data->runs)
        status = weir_fail(err, WEIR_E_FILE, "report: no run has begun in the folders given");
    if (status) weir_report_data_deinit(data);
    return status;
}

void weir_report_data_deinit(weir_report_data *data)
{
    weir_free(data->run);
    weir_free(data->note);
    weir_report_arena_deinit(&data->arena);
    memset(data, 0, sizeof *data);
}

const char *weir_report_setting_of(const weir_report_run *run, const char *group, const char *key)
{
    for (int i = 0; i < run->settings; i++) {
        const weir_report_setting *s = &run->setting[i];
        if ((!group || strcmp(s->group, group) == 0) && strcmp(s->key, key) == 0) return s->value;
    }
    return NULL;
}

double weir_report_final_loss(const weir_report_run *run)
{
    return isfinite(run->val_loss) ? run->val_loss : run->loss;
}
