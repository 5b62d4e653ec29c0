/* options.c - the command line against the rows of config.def and a short table of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"

/* Options that are no settings of a run. */
typedef enum own_kind { OWN_FLAG, OWN_TEXT, OWN_INT, OWN_REAL } own_kind;
typedef struct own_option {
    const char *name;
    own_kind kind;
    size_t offset;
    int takes; /* 0: every command */
} own_option;

static const own_option own[] = {
    {"help", OWN_FLAG, offsetof(options, help), 0},
    {"quiet", OWN_FLAG, offsetof(options, quiet), 0},
    {"json", OWN_FLAG, offsetof(options, json), 0},
    {"threads", OWN_INT, offsetof(options, threads), TAKES_THREADS},
    {"out", OWN_TEXT, offsetof(options, out), TAKES_OUT},
    {"resume", OWN_TEXT, offsetof(options, resume), TAKES_RESUME},
    {"fail-on-divergence", OWN_FLAG, offsetof(options, fail_on_divergence), TAKES_DIVERGENCE},
    {"lowered", OWN_FLAG, offsetof(options, lowered), TAKES_LOWERED},
    {"prompt", OWN_TEXT, offsetof(options, prompt), TAKES_SAMPLE},
    {"length", OWN_INT, offsetof(options, length), TAKES_SAMPLE},
    {"temperature", OWN_REAL, offsetof(options, temperature), TAKES_SAMPLE},
};
enum { OWN_COUNT = sizeof own / sizeof own[0] };

bool options_row_lists(const weir_config_row *row)
{
    static const char *const lists[] = {"layout", "depth", "width", "norm", "lr", "warmup", "seed"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(row->option, lists[i]) == 0) return true;
    }
    return false;
}

/* Rows that a command without TAKES_CONFIG still takes: what a layout's numbers depend on, and a
 * seed to sample with. */
static bool row_taken(const command *c, const weir_config_row *row)
{
    if (c->takes & TAKES_CONFIG) return true;
    if (c->takes & TAKES_LOWERED)
        return strcmp(row->group, "model") == 0 || strcmp(row->field, "steps") == 0;
    return (c->takes & TAKES_SAMPLE) && strcmp(row->field, "seed") == 0;
}

static weir_status unknown_option(const command *c, const char *name, weir_error *err)
{
    const char *known[CLI_ROWS_MAX + OWN_COUNT + 1];
    int count = 0;
    for (int i = 0; i < weir_config_rows(); i++) {
        if (row_taken(c, weir_config_row_at(i))) known[count++] = weir_config_row_at(i)->option;
    }
    for (int i = 0; i < OWN_COUNT; i++) {
        if (!own[i].takes || (c->takes & own[i].takes)) known[count++] = own[i].name;
    }
    if (c->takes & TAKES_CONFIG) known[count++] = "betas";
    const char *near = weir_text_nearest(name, known, count);
    if (near)
        return weir_fail(err, WEIR_E_VALUE, "there is no option --%s; did you mean --%s?", name,
                         near);
    return weir_fail(err, WEIR_E_VALUE,
                     "there is no option --%s; `weir %s --help` lists what there is", name,
                     c->name);
}

static weir_status set_own(options *o, const own_option *option, const char *value, weir_error *err)
{
    void *field = (char *)o + option->offset;
    char *end = NULL;
    switch (option->kind) {
    case OWN_FLAG: *(bool *)field = true; return WEIR_OK;
    case OWN_TEXT: *(const char **)field = value; return WEIR_OK;
    case OWN_INT: {
        long v = strtol(value, &end, 10);
        if (end == value || *end || v < 1 || v > 1000000)
            return weir_fail(err, WEIR_E_VALUE,
                             "--%s %s: a whole number from 1 to 1000000 is wanted", option->name,
                             value);
        *(int *)field = (int)v;
        return WEIR_OK;
    }
    case OWN_REAL: {
        double v = strtod(value, &end);
        if (end == value || *end || !(v >= 0 && v <= 1e6))
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: a number from 0 to 1000000 is wanted",
                             option->name, value);
        *(double *)field = v;
        return WEIR_OK;
    }
    }
    return WEIR_OK;
}

/* Copies element `index` of a comma-separated list; false when there is none. */
static bool list_element(const char *list, int index, char *buf, size_t size)
{
    for (; index > 0; index--) {
        list = strchr(list, ',');
        if (!list) return false;
        list++;
    }
    size_t n = strcspn(list, ",");
    snprintf(buf, size, "%.*s", (int)n, list);
    return true;
}

static weir_status set_row(const command *c, options *o, int index, const char *value,
                           weir_error *err)
{
    const weir_config_row *row = weir_config_row_at(index);
    o->given[index] = true;
    o->list[index] = NULL;
    if (!(c->takes & TAKES_LISTS) || !options_row_lists(row) || !strchr(value, ','))
        return weir_config_set(&o->config, row, value, err);
    char element[WEIR_CONFIG_TEXT];
    weir_config scratch = o->config;
    for (int i = 0; list_element(value, i, element, sizeof element); i++)
        WEIR_TRY(weir_config_set(i ? &scratch : &o->config, row, element, err));
    o->list[index] = value;
    return WEIR_OK;
}

static weir_status set_betas(const command *c, options *o, const char *value, weir_error *err)
{
    char element[2][64];
    if (!list_element(value, 0, element[0], 64) || !list_element(value, 1, element[1], 64) ||
        list_element(value, 2, (char[2]){0}, 2))
        return weir_fail(err, WEIR_E_VALUE,
                         "--betas %s: two numbers with a comma between are wanted, as 0.9,0.999",
                         value);
    for (int i = 0; i < weir_config_rows(); i++) {
        const char *field = weir_config_row_at(i)->field;
        int which = strcmp(field, "beta1") == 0 ? 0 : strcmp(field, "beta2") == 0 ? 1 : -1;
        if (which >= 0) WEIR_TRY(set_row(c, o, i, element[which], err));
    }
    return WEIR_OK;
}

/* The value of an option: after '=', or the next argument. */
static weir_status value_of(const char *name, const char *inline_value, int argc, char **argv,
                            int *i, const char **value, weir_error *err)
{
    *value = inline_value;
    if (inline_value) return WEIR_OK;
    if (*i + 1 >= argc) return weir_fail(err, WEIR_E_VALUE, "--%s wants a value after it", name);
    *value = argv[++*i];
    return WEIR_OK;
}

static weir_status parse_option(const command *c, options *o, int argc, char **argv, int *i,
                                weir_error *err)
{
    char name[64];
    const char *text = argv[*i] + 2, *equals = strchr(text, '='), *value;
    snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text : (long)strlen(text)), text);
    const char *inline_value = equals ? equals + 1 : NULL;
    for (int k = 0; k < OWN_COUNT; k++) {
        if (strcmp(own[k].name, name) != 0 || (own[k].takes && !(c->takes & own[k].takes)))
            continue;
        if (own[k].kind == OWN_FLAG) {
            if (equals) return weir_fail(err, WEIR_E_VALUE, "--%s takes no value", name);
            return set_own(o, &own[k], NULL, err);
        }
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_own(o, &own[k], value, err);
    }
    for (int k = 0; k < weir_config_rows(); k++) {
        const weir_config_row *row = weir_config_row_at(k);
        if (strcmp(row->option, name) != 0 || !row_taken(c, row)) continue;
        if (row->kind == WEIR_CONFIG_FLAG && !equals) return set_row(c, o, k, "true", err);
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_row(c, o, k, value, err);
    }
    if (strcmp(name, "betas") == 0 && (c->takes & TAKES_CONFIG)) {
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_betas(c, o, value, err);
    }
    return unknown_option(c, name, err);
}

weir_status options_parse(const command *c, int argc, char **argv, options *o, weir_error *err)
{
    *o = (options){.length = 500, .temperature = 1};
    weir_config_defaults(&o->config);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    o->threads = cores > 0 ? (int)cores : 1;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0) {
            o->help = true;
        } else if (strncmp(argv[i], "--", 2) == 0 && argv[i][2]) {
            WEIR_TRY(parse_option(c, o, argc, argv, &i, err));
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return weir_fail(err, WEIR_E_VALUE, "%s: options are written with two dashes", argv[i]);
        } else if (!(c->takes & TAKES_WORDS)) {
            return weir_fail(err, WEIR_E_VALUE,
                             "'%s' is no option; `weir %s --help` shows the usage", argv[i],
                             c->name);
        } else if (o->words == CLI_WORDS_MAX) {
            return weir_fail(err, WEIR_E_VALUE, "more than %d arguments", CLI_WORDS_MAX);
        } else {
            o->word[o->words++] = argv[i];
        }
    }
    return WEIR_OK;
}
