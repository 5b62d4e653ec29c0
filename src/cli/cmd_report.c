/* cmd_report.c - the report again, from the files. */
#include <stdio.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "weir/version.h"

int cmd_report(const command *c, const options *o, const char *line)
{
    (void)line;
    weir_error err;
    if (o->words == 0) {
        weir_fail(&err, WEIR_E_VALUE, "name the folder of a run or of a sweep: weir report DIR");
        return fail_with(c->name, &err);
    }
    char path[4096];
    if (o->out)
        snprintf(path, sizeof path, "%s", o->out);
    else
        snprintf(path, sizeof path, "%s/report.html", o->word[0]);
    if (weir_report_write(o->word, o->words, path, &err) != WEIR_OK)
        return fail_with(c->name, &err);
    if (o->json)
        return print_json(
            json_pack("{s:s, s:i, s:s}", "weir", weir_version(), "schema", 1, "report", path));
    printf("%s\n", path);
    return EXIT_DONE;
}
