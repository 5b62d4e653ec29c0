/* cmd_layouts.c - what layouts there are; check and show one. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "train/trainer.h"
#include "weir/version.h"

static json_t *describe(const char *name, const char *title, const char *summary,
                        const weir_layout *layout)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(name));
    json_object_set_new(o, "title", json_string(title));
    if (summary) json_object_set_new(o, "summary", json_string(summary));
    json_object_set_new(o, "equations", json_string(weir_layout_canonical(layout)));
    return o;
}

static int list_all(const command *c, const options *o)
{
    json_t *array = o->json ? json_array() : NULL;
    for (int i = 0; i < weir_builtin_layout_count(); i++) {
        const weir_builtin_layout *b = weir_builtin_layout_at(i);
        if (!o->json) {
            printf("%-12s %s\n", b->name, b->summary);
            continue;
        }
        named_layout l;
        weir_error err;
        if (layout_load(b->name, &l, &err) != WEIR_OK) {
            json_decref(array);
            return fail_with(c->name, &err);
        }
        json_array_append_new(array, describe(b->name, b->title, b->summary, l.layout));
        weir_layout_destroy(&l.layout);
    }
    if (!o->json) {
        printf("\n`weir layouts NAME` shows one; a file of block equations is taken wherever a "
               "name is.\n");
        return EXIT_DONE;
    }
    return print_json(
        json_pack("{s:s, s:i, s:o}", "weir", weir_version(), "schema", 1, "layouts", array));
}

static int show(const options *o, const named_layout *l, const weir_program *program)
{
    const weir_builtin_layout *b = weir_builtin_layout_find(l->name);
    weir_text lowered = {0};
    if (o->lowered) weir_program_print(program, &lowered);
    int status = EXIT_DONE;
    if (o->json) {
        json_t *object = json_pack("{s:s, s:i, s:o}", "weir", weir_version(), "schema", 1, "layout",
                                   describe(l->name, l->title, b ? b->summary : NULL, l->layout));
        if (o->lowered)
            json_object_set_new(object, "lowered", json_string(lowered.data ? lowered.data : ""));
        status = print_json(object);
    } else {
        if (b) printf("# %s: %s\n", b->title, b->summary);
        printf("%s", weir_layout_canonical(l->layout));
        if (o->lowered) printf("\n%s", lowered.data ? lowered.data : "");
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
        for (int i = 0; i < program->warnings; i++) fprintf(stderr, "%s\n", program->warning[i]);
        code = show(o, &l, program);
    }
    weir_program_destroy(&program);
    weir_layout_destroy(&l.layout);
    return code;
}
