/* cmd_layouts.c - what layouts there are; check and show one. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "lab/emit.h"
#include "train/trainer.h"
#include "weir/version.h"

static json_t *describe(const named_layout *l)
{
    const weir_builtin_layout *b = l->built_in;
    return json_pack("{s:s, s:s, s:o, s:s}", "name", l->name, "title", l->title, "summary",
                     weir_emit_text(b ? b->summary : NULL), "equations",
                     weir_layout_canonical(l->layout));
}

static weir_status describe_all(json_t **out, weir_error *err)
{
    json_t *all = json_array();
    weir_status status = WEIR_OK;
    for (int i = 0; all && status == WEIR_OK && i < weir_builtin_layout_count(); i++) {
        named_layout l;
        status = layout_load(weir_builtin_layout_at(i)->name, &l, err);
        if (status != WEIR_OK) break;
        if (json_array_append_new(all, describe(&l)) != 0)
            status = weir_fail(err, WEIR_E_MEMORY, "out of memory for the JSON");
        weir_layout_destroy(&l.layout);
    }
    *out = all;
    return status;
}

static int list_all(const command *c, const options *o)
{
    if (o->json) {
        weir_error err;
        json_t *all;
        weir_status status = describe_all(&all, &err);
        if (status == WEIR_OK)
            return print_json(c->name, json_pack("{s:s, s:i, s:o}", "weir", weir_version(),
                                                 "schema", 1, "layouts", all));
        json_decref(all);
        return fail_with(c->name, &err);
    }
    for (int i = 0; i < weir_builtin_layout_count(); i++) {
        const weir_builtin_layout *b = weir_builtin_layout_at(i);
        printf("%-12s %s\n", b->name, b->summary);
    }
    printf("\n`weir layouts NAME` shows one; a file of block equations is taken wherever a name "
           "is.\n");
    return EXIT_DONE;
}

static int show(const command *c, const options *o, const named_layout *l,
                const weir_program *program)
{
    weir_text lowered = {0};
    if (o->lowered) weir_program_print(program, &lowered);
    int status = EXIT_DONE;
    if (lowered.failed) {
        weir_error err;
        weir_fail(&err, WEIR_E_MEMORY, "out of memory for the steps");
        status = fail_with(c->name, &err);
    } else if (o->json) {
        status = print_json(c->name, json_pack("{s:s, s:i, s:o, s:o}", "weir", weir_version(),
                                               "schema", 1, "layout", describe(l), "lowered",
                                               weir_emit_text(lowered.data)));
    } else {
        if (l->built_in) printf("# %s: %s\n", l->built_in->title, l->built_in->summary);
        printf("%s", weir_layout_canonical(l->layout));
        if (o->lowered) printf("\n%s", lowered.data);
    }
    weir_text_deinit(&lowered);
    return status;
}

int cmd_layouts(const command *c, const options *o, const char *line)
{
    (void)line;
    if (o->words == 0) return list_all(c, o);
    weir_error err;
    if (o->words > 1) {
        weir_fail(&err, WEIR_E_VALUE, "one layout at a time: '%s' is one too many", o->word[1]);
        return fail_with(c->name, &err);
    }
    named_layout l;
    if (layout_load(o->word[0], &l, &err) != WEIR_OK) return fail_with(c->name, &err);
    weir_config config = o->config;
    weir_program *program = NULL;
    weir_status status = weir_config_resolve(&config, &err);
    if (status == WEIR_OK) {
        weir_layout_shape shape = weir_config_layout_shape(&config);
        status = weir_layout_compile(l.layout, &shape, true, &program, &err);
    }
    int code = status == WEIR_OK ? EXIT_DONE : fail_with(c->name, &err);
    if (status == WEIR_OK) {
        for (int i = 0; !o->quiet && i < program->warnings; i++)
            fprintf(stderr, "%s\n", program->warning[i]);
        code = show(c, o, &l, program);
    }
    weir_program_destroy(&program);
    weir_layout_destroy(&l.layout);
    return code;
}
