/* cmd_report.c - the report again, from the files. */
#include <stdio.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "lab/emit.h"
#include "weir/version.h"

int cmd_report(const command *c, const options *o, const char *line)
{
    (void)line;
    weir_error err;
    if (o->words == 0) {
        weir_fail(&err, WEIR_E_VALUE, "name the folder of a run or of a sweep: weir report DIR");
        return fail_with(c->name, &err);
    }
    weir_text path = {0};
    if (o->out)
        weir_text_add(&path, o->out);
    else
        weir_text_addf(&path, "%s/report.html", o->word[0]);
    weir_status status = path.failed ? weir_fail(&err, WEIR_E_MEMORY, "out of memory for a path")
                                     : weir_report_write(o->word, o->words, path.data, &err);
    int code = EXIT_DONE;
    if (status != WEIR_OK)
        code = fail_with(c->name, &err);
    else if (o->json)
        code = print_json(c->name, json_pack("{s:s, s:i, s:o}", "weir", weir_version(), "schema", 1,
                                             "report", weir_emit_text(path.data)));
    else
        printf("%s\n", path.data);
    weir_text_deinit(&path);
    return code;
}
