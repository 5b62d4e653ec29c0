#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/version.h"

const char *weir_version(void)
{
    return WEIR_VERSION;
}

const char *weir_status_name(weir_status status)
{
    switch (status) {
    case WEIR_OK: return "WEIR_OK";
    case WEIR_E_NULL: return "WEIR_E_NULL";
    case WEIR_E_SHAPE: return "WEIR_E_SHAPE";
    case WEIR_E_DTYPE: return "WEIR_E_DTYPE";
    case WEIR_E_VALUE: return "WEIR_E_VALUE";
    case WEIR_E_ALIAS: return "WEIR_E_ALIAS";
    case WEIR_E_MEMORY: return "WEIR_E_MEMORY";
    case WEIR_E_FILE: return "WEIR_E_FILE";
    case WEIR_E_FORMAT: return "WEIR_E_FORMAT";
    case WEIR_E_LAYOUT: return "WEIR_E_LAYOUT";
    case WEIR_E_UNSUPPORTED: return "WEIR_E_UNSUPPORTED";
    case WEIR_E_STATE: return "WEIR_E_STATE";
    case WEIR_E_INTERRUPTED: return "WEIR_E_INTERRUPTED";
    case WEIR_E_ALIGN: return "WEIR_E_ALIGN";
    }
    return "unknown status";
}

static void fill(weir_error *err, weir_status status, const char *format, va_list args)
{
    err->status = status;
    err->line = err->col = 0;
    vsnprintf(err->message, sizeof err->message, format, args);
}

weir_status weir_fail(weir_error *err, weir_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    fill(err, status, format, args);
    va_end(args);
    return status;
}

weir_status weir_fail_errno(weir_error *err, weir_status status, const char *format, ...)
{
    int why = errno;
    if (!err) return status;
    va_list args;
    va_start(args, format);
    fill(err, status, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(why));
    return status;
}

weir_status weir_fail_within(weir_error *err, weir_status status, const char *format, ...)
{
    if (!err) return status;
    char inner[sizeof err->message];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, "%s", inner);
    err->status = status;
    return status;
}

#if defined(WEIR_ASSERTS)
void weir_assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "%s:%d: weir: assertion failed: %s\n", file, line, expr);
    abort();
}
#endif
