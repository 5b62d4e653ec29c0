#include "io/json_dump.h"

#include <math.h>

json_t *weir_json_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static int add_bytes(const char *bytes, size_t count, void *out)
{
    weir_text_add_n(out, bytes, count);
    return 0;
}

bool weir_json_dump(const json_t *value, size_t flags, int digits, weir_text *out)
{
    size_t precision = JSON_REAL_PRECISION((size_t)digits);
    return value && json_dump_callback(value, add_bytes, out, flags | precision) == 0 &&
           !out->failed;
}
