/* record.c - run.json: what was asked for, on which machine, and what came of it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/json_dump.h"
#include "io/json_load.h"
#include "io/machine.h"
#include "nn/blas.h"
#include "train/config_json.h"
#include "train/run_files.h"
#include "weir/cpu.h"
#include "weir/version.h"

enum { SCHEMA = 1, RECORD_MAX = 16 << 20, HASH_DIGITS = 16, HOST_TEXT = 128 };

static const char *const outcome_names[] = {[WEIR_RUNNING] = "running",
                                            [WEIR_TRAINED] = "trained",
                                            [WEIR_STUCK] = "stuck",
                                            [WEIR_DIVERGED] = "diverged",
                                            [WEIR_INTERRUPTED] = "interrupted"};

const char *weir_outcome_name(weir_outcome outcome)
{
    return outcome_names[outcome];
}

char *weir_run_path(const char *folder, const char *name)
{
    weir_text path = {0};
    weir_text_addf(&path, "%s/%s", folder, name);
    return path.data;
}

weir_status weir_run_has(const char *folder, const char *name, bool *there, weir_error *err)
{
    char *path = weir_run_path(folder, name);
    if (!path) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    *there = weir_file_exists(path);
    weir_free(path);
    return WEIR_OK;
}

void weir_run_sweep(const char *folder, const char *name)
{
    char *path = weir_run_path(folder, name);
    if (path) weir_file_sweep(path);
    weir_free(path);
}

weir_status weir_run_same(const weir_run_identity *was, const weir_run_identity *now,
                          bool uses_time, const char *where, weir_error *err)
{
    WEIR_TRY(weir_config_same_run(was->config, now->config, uses_time, where, err));
    if (strcmp(was->layout_text, now->layout_text) != 0)
        return weir_fail(err, WEIR_E_STATE,
                         "%s: this run was begun with another layout, which reads\n%s", where,
                         was->layout_text);
    if (was->data_hash != now->data_hash)
        return weir_fail(err, WEIR_E_STATE,
                         "%s: this run was begun with other data than --data %s holds now", where,
                         now->config->data);
    return WEIR_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Text that is only read by people: bytes that are not UTF-8 become question marks. */
static json_t *lenient_string(const char *text)
{
    if (weir_text_is_utf8(text)) return json_string(text);
    char *copy = weir_strdup(text);
    if (!copy) return NULL;
    for (char *c = copy; *c; c++) {
        if ((unsigned char)*c >= 0x80) *c = '?';
    }
    json_t *value = json_string(copy);
    weir_free(copy);
    return value;
}

static json_t *host_object(int threads)
{
    char cpu[WEIR_CPU_NAME], blas[HOST_TEXT];
    weir_cpu_name(cpu);
    return json_pack("{s:o, s:i, s:s, s:s}", "cpu", lenient_string(cpu), "threads", threads, "isa",
                     weir_isa_name(weir_isa_active()), "blas", weir_blas_name(blas, sizeof blas));
}

static json_t *outcome_object(const weir_run_result *result)
{
    return json_pack("{s:s, s:o, s:o, s:I, s:o, s:s}", "state", weir_outcome_name(result->outcome),
                     "loss", weir_json_number(result->loss), "val_loss",
                     weir_json_number(result->val_loss), "steps", (json_int_t)result->steps,
                     "seconds", weir_json_number(result->seconds), "why", result->why);
}

static json_t *layout_object(const weir_run_request *request)
{
    return json_pack("{s:o, s:o, s:s}", "name", lenient_string(request->layout_name), "title",
                     lenient_string(request->layout_title), "text",
                     weir_layout_canonical(request->layout));
}

/* Adds what is known of the data to the settings of that group. */
static bool describe_data(json_t *data, const weir_corpus *corpus)
{
    char hash[HASH_DIGITS + 1];
    snprintf(hash, sizeof hash, "%016" PRIx64, weir_corpus_hash(corpus));
    int failed =
        json_object_set_new(data, "describe", lenient_string(weir_corpus_describe(corpus)));
    failed |= json_object_set_new(data, "hash", json_string(hash));
    failed |= json_object_set_new(data, "unigram_entropy",
                                  weir_json_number(weir_corpus_unigram_entropy(corpus)));
    failed |= json_object_set_new(data, "entropy_floor",
                                  weir_json_number(weir_corpus_entropy_floor(corpus)));
    return !failed;
}

/* The three groups of settings; none when it fails. */
static weir_status settings_objects(const weir_config *config, json_t *group[3], weir_error *err)
{
    static const char *const name[] = {"model", "train", "data"};
    for (int i = 0; i < 3; i++) {
        weir_status status = weir_config_to_json(config, name[i], &group[i], err);
        if (status == WEIR_OK) continue;
        while (i--) json_decref(group[i]);
        return status;
    }
    return WEIR_OK;
}

static weir_status record_text(const weir_run_request *request, const weir_run_result *result,
                               weir_text *text, weir_error *err)
{
    json_t *group[3];
    WEIR_TRY(settings_objects(&request->config, group, err));
    bool ok = describe_data(group[2], request->corpus);
    json_t *root =
        json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "weir", weir_version(), "schema",
                  SCHEMA, "command", lenient_string(request->command), "layout",
                  layout_object(request), "model", group[0], "train", group[1], "data", group[2],
                  "host", host_object(request->threads), "outcome", outcome_object(result));
    bool whole = ok && weir_json_dump(root, JSON_INDENT(2), 17, text);
    json_decref(root);
    return whole ? WEIR_OK : weir_fail(err, WEIR_E_MEMORY, "out of memory for run.json");
}

weir_status weir_run_write(const weir_run_request *request, const weir_run_result *result,
                           weir_error *err)
{
    weir_text text = {0};
    char *path = NULL;
    weir_status status = record_text(request, result, &text, err);
    if (status == WEIR_OK && !(path = weir_run_path(request->folder, WEIR_RUN_RECORD)))
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    if (status == WEIR_OK) status = weir_file_write(path, text.data, text.len, err);
    weir_free(path);
    weir_text_deinit(&text);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

static double number_or_nan(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool read_outcome(const json_t *object, weir_run_result *result)
{
    const char *state = json_string_value(json_object_get(object, "state"));
    const char *why = json_string_value(json_object_get(object, "why"));
    const json_t *steps = json_object_get(object, "steps");
    int known = (int)(sizeof outcome_names / sizeof outcome_names[0]), outcome = 0;
    while (state && outcome < known && strcmp(state, outcome_names[outcome]) != 0) outcome++;
    if (!state || outcome == known || !why || !json_is_integer(steps)) return false;
    *result = (weir_run_result){.outcome = (weir_outcome)outcome,
                                .steps = json_integer_value(steps),
                                .loss = number_or_nan(json_object_get(object, "loss")),
                                .val_loss = number_or_nan(json_object_get(object, "val_loss")),
                                .seconds = number_or_nan(json_object_get(object, "seconds"))};
    snprintf(result->why, sizeof result->why, "%s", why);
    return true;
}

static bool read_hash(const json_t *value, uint64_t *hash)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != HASH_DIGITS || strspn(text, "0123456789abcdef") != HASH_DIGITS)
        return false;
    *hash = strtoull(text, NULL, 16);
    return true;
}

static bool read_text(const json_t *value, char text[WEIR_CONFIG_TEXT])
{
    const char *s = json_string_value(value);
    return s && snprintf(text, WEIR_CONFIG_TEXT, "%s", s) < WEIR_CONFIG_TEXT;
}

static weir_status copy_text(const json_t *value, const char *key, char **text, weir_error *err)
{
    if (!json_is_string(value)) return weir_fail(err, WEIR_E_FORMAT, "\"%s\" is missing", key);
    *text = weir_strdup(json_string_value(value));
    return *text ? WEIR_OK : weir_fail(err, WEIR_E_MEMORY, "out of memory to read it");
}

static weir_status read_root(const json_t *root, weir_run_record *record, weir_error *err)
{
    const json_t *layout = json_object_get(root, "layout"), *data = json_object_get(root, "data");
    if (json_integer_value(json_object_get(root, "schema")) != SCHEMA)
        return weir_fail(err, WEIR_E_FORMAT, "its \"schema\" is not %d, the one this version reads",
                         SCHEMA);
    if (!read_text(json_object_get(layout, "name"), record->layout_name) ||
        !read_text(json_object_get(layout, "title"), record->layout_title))
        return weir_fail(err, WEIR_E_FORMAT, "\"layout\" lacks a name or a title");
    WEIR_TRY(copy_text(json_object_get(layout, "text"), "text", &record->layout_text, err));
    WEIR_TRY(copy_text(json_object_get(root, "command"), "command", &record->command, err));
    WEIR_TRY(weir_config_from_json(&record->config, "model", json_object_get(root, "model"), err));
    WEIR_TRY(weir_config_from_json(&record->config, "train", json_object_get(root, "train"), err));
    WEIR_TRY(weir_config_from_json(&record->config, "data", data, err));
    if (!read_hash(json_object_get(data, "hash"), &record->data_hash))
        return weir_fail(err, WEIR_E_FORMAT, "\"data\" lacks a \"hash\" of %d digits", HASH_DIGITS);
    if (!read_outcome(json_object_get(root, "outcome"), &record->result))
        return weir_fail(err, WEIR_E_FORMAT, "\"outcome\" is not what a run writes");
    return WEIR_OK;
}

static weir_status parse(const char *data, size_t bytes, weir_run_record *record, weir_error *err)
{
    json_error_t why;
    json_t *root;
    weir_status status = weir_json_load(data, bytes, &root, &why);
    if (status == WEIR_E_MEMORY) return weir_fail(err, status, "out of memory to read it");
    if (status != WEIR_OK)
        return weir_fail(err, status, "line %d is not JSON: %s", why.line, why.text);
    status = read_root(root, record, err);
    json_decref(root);
    return status;
}

void weir_run_record_deinit(weir_run_record *record)
{
    weir_free(record->layout_text);
    weir_free(record->command);
    memset(record, 0, sizeof *record);
}

weir_status weir_run_read(const char *folder, weir_run_record *record, weir_error *err)
{
    char *path = weir_run_path(folder, WEIR_RUN_RECORD), *data;
    size_t bytes;
    if (!path) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    weir_run_record read = {.layout_text = NULL};
    weir_status status = weir_file_read(path, RECORD_MAX, &data, &bytes, err);
    if (status == WEIR_OK) {
        status = parse(data, bytes, &read, err);
        if (status != WEIR_OK) weir_fail_within(err, status, "%s: ", path);
        weir_free(data);
    }
    if (status == WEIR_OK) {
        *record = read;
    } else {
        weir_run_record_deinit(&read);
    }
    weir_free(path);
    return status;
}
