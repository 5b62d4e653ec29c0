/* test_checkpoint.c - a checkpoint gives back what was written, or is refused and changes nothing.
 */
#include "train_case.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/crc32.h"
#include "io/safetensors.h"
#include "io/safetensors_format.h"
#include "train/checkpoint.h"

#define STATE_FILE "checkpoint/state.safetensors"

/* A trainer, a few steps old, and its checkpoint in the case's folder. */
static weir_trainer *trained(train_case *c, int steps)
{
    weir_trainer *t = case_trainer(c, 1);
    weir_step_report report;
    for (int i = 0; i < steps; i++)
        assert_int_equal(weir_trainer_step(t, NULL, &report, &c->err), WEIR_OK);
    if (weir_checkpoint_write(c->folder, t, weir_layout_canonical(c->layout), &c->err) != WEIR_OK)
        fail_msg("%s", c->err.message);
    return t;
}

static weir_status read_into(train_case *c, weir_trainer *t)
{
    return weir_checkpoint_read(c->folder, t, weir_layout_canonical(c->layout), &c->err);
}

static bool same_state(const weir_trainer *a, const weir_trainer *b)
{
    size_t bytes = (size_t)a->model->total * sizeof(float);
    return a->step == b->step && memcmp(a->theta, b->theta, bytes) == 0 &&
           memcmp(a->moment1, b->moment1, bytes) == 0 && memcmp(a->moment2, b->moment2, bytes) == 0;
}

/* Demands that the checkpoint is refused, and that the trainer stays as a new one is. */
static void refuse(train_case *c, weir_trainer *t, const weir_trainer *fresh, const char *what)
{
    weir_status status = read_into(c, t);
    if (status != WEIR_E_FORMAT) fail_msg("%s: %s", what, weir_status_name(status));
    assert_non_null(strstr(c->err.message, c->folder));
    if (!same_state(t, fresh)) fail_msg("%s: the trainer was changed", what);
}

static void state_comes_back(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "deepnorm", "bias=true act=swiglu kv_heads=1");
    weir_trainer *t = trained(&c, 3), *again = case_trainer(&c, 1);
    assert_false(same_state(t, again));
    assert_int_equal(read_into(&c, again), WEIR_OK);
    assert_true(same_state(t, again));
    weir_trainer_destroy(&t);
    weir_trainer_destroy(&again);
    case_close(&c);
}

static void model_comes_back(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "mix-ln", "tie=true pos=rotary");
    weir_trainer *t = trained(&c, 2);
    weir_config config;
    weir_model *model;
    float *theta;
    if (weir_checkpoint_model(c.folder, &config, &model, &theta, &c.err) != WEIR_OK)
        fail_msg("%s", c.err.message);
    assert_int_equal(weir_config_same_run(&config, &c.request.config, true, "here", &c.err),
                     WEIR_OK);
    assert_int_equal(model->total, t->model->total);
    assert_memory_equal(theta, t->theta, (size_t)model->total * sizeof *theta);
    for (int i = 0; i < model->params; i++)
        assert_string_equal(model->param[i].name, t->model->param[i].name);
    weir_free(theta);
    weir_model_destroy(&model);
    weir_trainer_destroy(&t);
    case_close(&c);
}

static void truncated_checkpoint_is_refused(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    case_open(&c, "pre", "");
    weir_trainer *t = trained(&c, 2), *fresh = case_trainer(&c, 1), *victim = case_trainer(&c, 1);
    char *file = case_read(&c, STATE_FILE, &bytes);
    const size_t length[] = {0, 1, 7, 8, 9, 1000, bytes / 2, bytes - 4, bytes - 1};
    for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
        case_write(&c, STATE_FILE, file, length[i]);
        refuse(&c, victim, fresh, "truncated");
    }
    case_write(&c, STATE_FILE, file, bytes);
    assert_int_equal(read_into(&c, victim), WEIR_OK);
    weir_free(file);
    weir_trainer_destroy(&t), weir_trainer_destroy(&fresh), weir_trainer_destroy(&victim);
    case_close(&c);
}

/* Every byte of the header, and every 61st of the data, with a bit of it flipped. */
static void flipped_bits_are_refused(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    case_open(&c, "post", "depth=1 width=4 ffn=4 vocab=8");
    weir_trainer *t = trained(&c, 2), *fresh = case_trainer(&c, 1), *victim = case_trainer(&c, 1);
    char *file = case_read(&c, STATE_FILE, &bytes), *data = strstr(file + 8, "}}");
    size_t header = (size_t)(data - file);
    assert_true(header > 1000 && bytes > header + 1000);
    int flips = 0;
    for (size_t at = 0; at < bytes; at += at < header + 8 ? 1 : 61, flips++) {
        char what[32];
        snprintf(what, sizeof what, "byte %zu", at);
        file[at] = (char)(file[at] ^ (1 << flips % 8));
        case_write(&c, STATE_FILE, file, bytes);
        refuse(&c, victim, fresh, what);
        file[at] = (char)(file[at] ^ (1 << flips % 8));
    }
    weir_free(file);
    weir_trainer_destroy(&t), weir_trainer_destroy(&fresh), weir_trainer_destroy(&victim);
    case_close(&c);
}

/* ---- files that are whole, and not what they should be -------------------------------------- */

enum { PAIRS_MAX = 128, TENSORS_MAX = 256 };

/* What a checkpoint says, to be written again with a change. */
typedef struct copy {
    weir_st_file *file;
    weir_st_entry entry[TENSORS_MAX];
    int entries;
    const char *pair[2 * PAIRS_MAX];
    int pairs;
    char key[PAIRS_MAX][64];
} copy;

static void copy_pair(copy *x, const char *key)
{
    snprintf(x->key[x->pairs], sizeof x->key[0], "%s", key);
    x->pair[2 * x->pairs] = x->key[x->pairs];
    x->pair[2 * x->pairs + 1] = weir_st_metadata(x->file, key);
    assert_non_null(x->pair[2 * x->pairs++ + 1]);
}

static void copy_open(copy *x, const void *bytes, size_t count)
{
    static const char *const fixed[] = {"weir", "step", "layout_text", "data_hash"};
    memset(x, 0, sizeof *x);
    assert_int_equal(weir_st_open_bytes("copy", bytes, count, &x->file, NULL), WEIR_OK);
    x->entries = weir_st_count(x->file);
    assert_true(x->entries <= TENSORS_MAX && weir_config_rows() + 4 <= PAIRS_MAX);
    for (int i = 0; i < x->entries; i++) {
        const weir_st_tensor *t = weir_st_at(x->file, i);
        x->entry[i] = (weir_st_entry){.name = t->name, .dims = t->dims, .data = t->data};
        memcpy(x->entry[i].shape, t->shape, sizeof t->shape);
    }
    for (int i = 0; i < 4; i++) copy_pair(x, fixed[i]);
    for (int i = 0; i < weir_config_rows(); i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", weir_config_row_at(i)->group,
                 weir_config_row_at(i)->field);
        copy_pair(x, key);
    }
}

/* Writes the changed copy over the checkpoint and demands a refusal that says `message`. */
static void refuse_copy(train_case *c, copy *x, weir_trainer *victim, const weir_trainer *fresh,
                        const char *message)
{
    char path[2 * CASE_PATH];
    snprintf(path, sizeof path, "%s/" STATE_FILE, c->folder);
    assert_int_equal(weir_st_write(path, x->entry, x->entries, x->pair, x->pairs, &c->err),
                     WEIR_OK);
    refuse(c, victim, fresh, message);
    if (!strstr(c->err.message, message)) fail_msg("not in \"%s\": %s", c->err.message, message);
    weir_st_close(&x->file);
}

static void set_pair(copy *x, const char *key, const char *value)
{
    for (int i = 0; i < x->pairs; i++) {
        if (strcmp(x->pair[2 * i], key) == 0) x->pair[2 * i + 1] = value;
    }
}

/* Other elements of the same size, under a header whose checksum is right. */
static void other_type_is_refused(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    case_open(&c, "pre", "");
    weir_trainer *t = trained(&c, 2), *fresh = case_trainer(&c, 1), *victim = case_trainer(&c, 1);
    char *file = case_read(&c, STATE_FILE, &bytes), *header = file + WEIR_ST_LENGTH_BYTES;
    char *digits = header + strlen(WEIR_ST_HEADER_START), right[WEIR_ST_CRC_DIGITS + 1];
    uint64_t length;
    memcpy(&length, file, sizeof length);
    memcpy(strstr(header, "\"F32\""), "\"I32\"", 5);
    memset(digits, '0', WEIR_ST_CRC_DIGITS);
    snprintf(right, sizeof right, "%08x", weir_crc32(0, header, (size_t)length));
    memcpy(digits, right, WEIR_ST_CRC_DIGITS);
    case_write(&c, STATE_FILE, file, bytes);
    refuse(&c, victim, fresh, "I32");
    assert_non_null(strstr(c.err.message, "of another type or shape is the tensor \"embed.tok\""));
    weir_free(file);
    weir_trainer_destroy(&t), weir_trainer_destroy(&fresh), weir_trainer_destroy(&victim);
    case_close(&c);
}

static void wrong_contents_are_refused(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    static copy x;
    case_open(&c, "pre", "width=8 ffn=16");
    weir_trainer *t = trained(&c, 2), *fresh = case_trainer(&c, 1), *victim = case_trainer(&c, 1);
    char *file = case_read(&c, STATE_FILE, &bytes);

    copy_open(&x, file, bytes);
    x.entries--;
    refuse_copy(&c, &x, victim, fresh, "tensors, and the run has");
    copy_open(&x, file, bytes);
    x.entry[3].name = "another";
    refuse_copy(&c, &x, victim, fresh, "lacks the tensor");
    copy_open(&x, file, bytes);
    int up = 0;
    while (strcmp(x.entry[up].name, "layers.1.mlp.up") != 0) up++;
    x.entry[up].shape[0] = 8, x.entry[up].shape[1] = 16;
    refuse_copy(&c, &x, victim, fresh,
                "of another type or shape is the tensor \"layers.1.mlp.up\"");
    copy_open(&x, file, bytes);
    set_pair(&x, "step", "2x");
    refuse_copy(&c, &x, victim, fresh, "this is no step");
    copy_open(&x, file, bytes);
    set_pair(&x, "step", "7");
    refuse_copy(&c, &x, victim, fresh, "stands at step 7, past the last");
    copy_open(&x, file, bytes);
    set_pair(&x, "model.heads", "3");
    refuse_copy(&c, &x, victim, fresh, "--width 8 is not divisible by --heads 3");
    copy_open(&x, file, bytes);
    set_pair(&x, "train.lr", "fast");
    refuse_copy(&c, &x, victim, fresh, "--lr fast");
    copy_open(&x, file, bytes);
    x.pairs--;
    refuse_copy(&c, &x, victim, fresh, "its metadata lacks \"data.val_frac\"");

    weir_free(file);
    weir_trainer_destroy(&t), weir_trainer_destroy(&fresh), weir_trainer_destroy(&victim);
    case_close(&c);
}

/* A run with a damaged checkpoint says so, and its other files stay as they were. */
static void damaged_run_loses_nothing(void **state)
{
    (void)state;
    static const char *const name[] = {"run.json", "steps.jsonl", "layers.jsonl", STATE_FILE};
    train_case c;
    size_t bytes[4], now;
    char *before[4];
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 4);
    before[3] = case_read(&c, STATE_FILE, &bytes[3]);
    before[3][bytes[3] / 2] ^= 1;
    case_write(&c, STATE_FILE, before[3], bytes[3]);
    for (int i = 0; i < 3; i++) before[i] = case_read(&c, name[i], &bytes[i]);
    weir_run_result result;
    assert_int_equal(case_try(&c, 1, NULL, &result), WEIR_E_FORMAT);
    assert_non_null(strstr(c.err.message, STATE_FILE));
    for (int i = 0; i < 4; i++) {
        char *after = case_read(&c, name[i], &now);
        assert_int_equal(now, bytes[i]);
        assert_memory_equal(after, before[i], now);
        weir_free(after);
        weir_free(before[i]);
    }
    case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_comes_back),
        cmocka_unit_test(model_comes_back),
        cmocka_unit_test(truncated_checkpoint_is_refused),
        cmocka_unit_test(flipped_bits_are_refused),
        cmocka_unit_test(other_type_is_refused),
        cmocka_unit_test(wrong_contents_are_refused),
        cmocka_unit_test(damaged_run_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
