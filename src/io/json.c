/* json.c - numbers and strings as JSON text. */
#include <math.h>
#include <stdio.h>

#include "io/files.h"

static char *number(double v, int digits, char buf[32])
{
    if (isfinite(v)) {
        snprintf(buf, 32, "%.*g", digits, v);
    } else {
        snprintf(buf, 32, "null");
    }
    return buf;
}

char *weir_json_f32(double v, char buf[32])
{
    return number(v, 9, buf);
}

char *weir_json_f64(double v, char buf[32])
{
    return number(v, 17, buf);
}

void weir_json_string(weir_text *text, const char *s)
{
    weir_text_add(text, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            weir_text_addf(text, "\\%c", c);
        } else if (c < 0x20) {
            weir_text_addf(text, "\\u%04x", c);
        } else {
            weir_text_add_n(text, s, 1);
        }
    }
    weir_text_add(text, "\"");
}
