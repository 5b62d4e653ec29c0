#include "support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

weir_layout_shape test_shape(int depth, bool gated)
{
    return (weir_layout_shape){.depth = depth,
                               .width = 64,
                               .heads = 4,
                               .kv_heads = gated ? 2 : 4,
                               .ffn = 256,
                               .gated = gated,
                               .norm = WEIR_LAYERNORM,
                               .steps = 100};
}

weir_layout *test_parse(const char *text)
{
    weir_error err;
    weir_layout *layout;
    if (weir_layout_parse(text, strlen(text), "test", &layout, &err) != WEIR_OK) {
        fail_msg("%s", err.message);
    }
    return layout;
}

weir_program *test_compile(const char *text, const weir_layout_shape *shape, bool fuse)
{
    weir_error err;
    weir_program *program;
    weir_layout *layout = test_parse(text);
    weir_status status = weir_layout_compile(layout, shape, fuse, &program, &err);
    weir_layout_destroy(&layout);
    if (status != WEIR_OK) fail_msg("%s\n%s", err.message, text);
    return program;
}

void test_read_file(const char *path, weir_text *out)
{
    char buffer[4096];
    size_t n;
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("cannot open %s", path);
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) weir_text_add_n(out, buffer, n);
    fclose(file);
    assert_false(out->failed);
}

void test_each_layout(const char *folder, void (*each)(const char *name, const char *text))
{
    for (int i = 0; i < weir_builtin_layout_count(); i++) {
        const weir_builtin_layout *b = weir_builtin_layout_at(i);
        each(b->name, b->text);
    }
    struct dirent **entry;
    int files = 0, count = scandir(folder, &entry, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(entry[i]->d_name, '.');
        if (dot && strcmp(dot, ".layout") == 0) {
            char path[1024];
            weir_text text = {0};
            snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
            test_read_file(path, &text);
            each(entry[i]->d_name, text.data);
            weir_text_deinit(&text);
            files++;
        }
        free(entry[i]);
    }
    free(entry);
    assert_true(files >= 20);
}

/* ---- the shape of a program ----------------------------------------------------------------- */

typedef struct checking {
    const weir_program *program;
    bool *defined;   /* [values] */
    int *uses;       /* [values] */
    bool *parameter; /* [params]: some step uses it */
} checking;

static void define(checking *c, int value, weir_space space)
{
    assert_in_range(value, 0, c->program->values - 1);
    assert_false(c->defined[value]);
    c->defined[value] = true;
    assert_int_equal(c->program->value[value].space, space);
}

static weir_space reads(checking *c, int value)
{
    assert_in_range(value, 0, c->program->values - 1);
    assert_true(c->defined[value]);
    c->uses[value]++;
    return c->program->value[value].space;
}

static const weir_lparam *parameter(checking *c, int index)
{
    assert_in_range(index, 0, c->program->params - 1);
    c->parameter[index] = true;
    return &c->program->param[index];
}

static int heads_of(const weir_program *p, weir_space space)
{
    return space == WEIR_SPACE_K || space == WEIR_SPACE_V ? p->shape.kv_heads : p->shape.heads;
}

static void check_coef(checking *c, const weir_coef *coef, weir_space space)
{
    assert_true(isfinite((float)coef->number));
    assert_in_range(coef->scalars, 0, WEIR_COEF_SCALARS_MAX);
    for (int i = 0; i < coef->scalars; i++) {
        assert_int_equal(parameter(c, coef->scalar[i])->kind, WEIR_LPARAM_SCALAR);
    }
    if (coef->vector < 0) return;
    const weir_lparam *v = parameter(c, coef->vector);
    if (space == WEIR_SPACE_X) {
        assert_int_equal(v->kind, WEIR_LPARAM_VECTOR);
        assert_int_equal(v->size, c->program->shape.width);
    } else {
        assert_int_equal(v->kind, WEIR_LPARAM_HEADS);
        assert_int_equal(v->size, heads_of(c->program, space));
    }
}

static void check_norm(checking *c, const weir_norm_step *n, weir_space space)
{
    int64_t width = weir_space_width(&c->program->shape, space);
    assert_true(n->op == WEIR_LAYERNORM || n->op == WEIR_RMSNORM);
    assert_true(n->groups == 1 || n->groups == heads_of(c->program, space));
    assert_true(!n->gamma_shared || n->groups > 1);
    if (n->gamma >= 0) {
        const weir_lparam *gamma = parameter(c, n->gamma);
        char name[80];
        snprintf(name, sizeof name, "%s.gamma", n->name);
        assert_string_equal(gamma->name, name);
        assert_int_equal(gamma->size, n->gamma_shared ? width / n->groups : width);
        assert_true(gamma->init + n->gamma_offset == 1);
    }
    assert_int_equal(n->beta >= 0, n->gamma >= 0 && n->op == WEIR_LAYERNORM);
    if (n->beta >= 0) {
        assert_int_equal(parameter(c, n->beta)->size, c->program->param[n->gamma].size);
        assert_true(c->program->param[n->beta].init == 0);
    }
}

static bool is_one(const weir_coef *c)
{
    return c->number == 1 && !c->scalars && c->vector < 0 && c->recipe < 0;
}

static void check_fused(const weir_step *step)
{
    const weir_coef *a = &step->term[0].coef, *b = &step->term[1].coef;
    assert_int_equal(step->terms, 2);
    assert_int_equal(step->norm.groups, 1);
    assert_true(is_one(a) || is_one(b));
    const weir_coef *scale = is_one(a) ? b : a;
    assert_true((float)scale->number != 0);
    assert_true(scale->scalars == 0 && scale->vector < 0 && scale->recipe < 0);
}

static void check_step(checking *c, const weir_step *step)
{
    weir_space space = WEIR_SPACE_X;
    assert_int_equal(step->in >= 0, step->kind == WEIR_STEP_NORM || step->kind == WEIR_STEP_BRANCH);
    if (step->in >= 0) space = reads(c, step->in);
    for (int i = 0; i < step->terms; i++) {
        weir_space at = reads(c, step->term[i].value);
        if (i == 0) space = at;
        assert_int_equal(at, space);
        check_coef(c, &step->term[i].coef, space);
    }
    switch (step->kind) {
    case WEIR_STEP_SUM:
        assert_in_range(step->terms, 1, WEIR_TERMS_MAX);
        assert_false(step->terms == 1 && is_one(&step->term[0].coef));
        break;
    case WEIR_STEP_NORM: check_norm(c, &step->norm, space); break;
    case WEIR_STEP_SUM_NORM:
        check_fused(step);
        define(c, step->sum, WEIR_SPACE_X);
        check_norm(c, &step->norm, space);
        break;
    case WEIR_STEP_BRANCH:
        assert_int_equal(space, WEIR_SPACE_X);
        assert_true(c->program->branch_used[(step->layer - 1) * 2 + (int)step->branch]);
        break;
    }
    define(c, step->out, space);
}

static void check_list(checking *c, const weir_steps *list, weir_space space)
{
    define(c, list->in, space);
    for (int i = 0; i < list->count; i++) check_step(c, &list->step[i]);
    assert_int_equal(reads(c, list->out), space);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const weir_lparam *)a)->name, ((const weir_lparam *)b)->name);
}

static void check_names(const weir_program *p)
{
    weir_lparam *sorted = calloc((size_t)p->params + 1, sizeof *sorted);
    assert_non_null(sorted);
    if (p->params) memcpy(sorted, p->param, (size_t)p->params * sizeof *sorted);
    qsort(sorted, (size_t)p->params, sizeof *sorted, compare_names);
    for (int i = 1; i < p->params; i++) assert_string_not_equal(sorted[i - 1].name, sorted[i].name);
    free(sorted);
}

void test_check_program(const weir_program *p)
{
    static const weir_space spaces[WEIR_SPOTS] = {WEIR_SPACE_Q, WEIR_SPACE_K, WEIR_SPACE_V,
                                                  WEIR_SPACE_MIX, WEIR_SPACE_MID};
    checking c = {.program = p,
                  .defined = calloc((size_t)p->values, sizeof(bool)),
                  .uses = calloc((size_t)p->values, sizeof(int)),
                  .parameter = calloc((size_t)p->params + 1, sizeof(bool))};
    assert_true(c.defined && c.uses && c.parameter);
    check_list(&c, &p->main, WEIR_SPACE_X);
    for (int l = 1; l <= p->shape.depth; l++) {
        for (int spot = 0; spot < WEIR_SPOTS; spot++) {
            check_list(&c, weir_program_inside(p, l, (weir_spot)spot), spaces[spot]);
        }
        for (int i = 0; i < 2; i++) {
            int x = p->stream[(l - 1) * 2 + i];
            assert_true(x >= 0 ? c.defined[x] : i == 0);
        }
    }
    for (int v = 0; v < p->values; v++) {
        assert_true(c.defined[v]);
        assert_int_equal(c.uses[v], p->value[v].uses);
    }
    for (int i = 0; i < p->params; i++) assert_true(c.parameter[i]);
    check_names(p);
    free(c.defined);
    free(c.uses);
    free(c.parameter);
}

/* ---- a program run on single numbers -------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
    }
    return hash;
}

/* Some f32 in [-1, 1) that depends on a name and a number, bit for bit. */
static float scramble(const char *name, float x)
{
    uint64_t hash = mix(0xcbf29ce484222325u, name, strlen(name));
    hash = mix(hash, &x, sizeof x);
    hash = (hash ^ hash >> 31) * 0x9E3779B97F4A7C15u;
    return (float)(int32_t)(hash >> 32) * 0x1p-31f;
}

static float product(const weir_program *p, const weir_term *t, const float *value)
{
    double c = t->coef.number;
    for (int i = 0; i < t->coef.scalars; i++) {
        c *= (double)scramble(p->param[t->coef.scalar[i]].name, 0);
    }
    float rounded = (float)c;
    if (t->coef.vector >= 0) rounded *= scramble(p->param[t->coef.vector].name, 0);
    return rounded * value[t->value];
}

static void run_step(const weir_program *p, const weir_step *step, float *value)
{
    char name[80];
    float sum = step->terms ? product(p, &step->term[0], value) : 0;
    for (int i = 1; i < step->terms; i++) sum += product(p, &step->term[i], value);
    switch (step->kind) {
    case WEIR_STEP_SUM: value[step->out] = sum; break;
    case WEIR_STEP_NORM: value[step->out] = scramble(step->norm.name, value[step->in]); break;
    case WEIR_STEP_SUM_NORM:
        value[step->sum] = sum;
        value[step->out] = scramble(step->norm.name, sum);
        break;
    case WEIR_STEP_BRANCH:
        snprintf(name, sizeof name, "%d %d", step->layer, (int)step->branch);
        value[step->out] = scramble(name, value[step->in]);
        break;
    }
}

uint64_t test_run_program(const weir_program *p)
{
    float *value = calloc((size_t)p->values, sizeof *value);
    uint64_t hash = 1;
    assert_non_null(value);
    value[p->main.in] = 0.7f;
    for (int i = 0; i < p->main.count; i++) run_step(p, &p->main.step[i], value);
    hash = mix(hash, &value[p->main.out], sizeof *value);
    for (int i = 0; i < p->shape.depth * 2; i++) {
        if (p->stream[i] >= 0) hash = mix(hash, &value[p->stream[i]], sizeof *value);
    }
    free(value);
    return hash;
}

static int norms_in(const weir_steps *list)
{
    int norms = 0;
    for (int i = 0; i < list->count; i++) {
        norms += list->step[i].kind == WEIR_STEP_NORM || list->step[i].kind == WEIR_STEP_SUM_NORM;
    }
    return norms;
}

int test_count_norms(const weir_program *p)
{
    int norms = norms_in(&p->main);
    for (int i = 0; i < p->shape.depth * WEIR_SPOTS; i++) norms += norms_in(&p->inside[i]);
    return norms;
}
