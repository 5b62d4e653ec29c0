/* error.h - making and forwarding failures. Floor 0. */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

#include "weir/status.h"

/* Fills *err (which may be NULL) with a formatted message and returns status. line and col are set
 * to 0. */
weir_status weir_fail(weir_error *err, weir_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with errno's text appended after ": ". */
weir_status weir_fail_errno(weir_error *err, weir_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a formatted prefix before the message that is already there ("runs/a: " ...). Returns
 * err->status. */
weir_status weir_fail_within(weir_error *err, weir_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Forwards a failure to the caller. */
#define WEIR_TRY(call)                                                                             \
    do {                                                                                           \
        weir_status weir_try_status = (call);                                                      \
        if (weir_try_status != WEIR_OK) return weir_try_status;                                    \
    } while (0)

/* A bug of ours: on in debug and test builds. */
#if defined(WEIR_ASSERTS)
void weir_assert_failed(const char *expr, const char *file, int line) __attribute__((noreturn));
#define WEIR_ASSERT(e) ((e) ? (void)0 : weir_assert_failed(#e, __FILE__, __LINE__))
#else
#define WEIR_ASSERT(e) ((void)sizeof(e))
#endif

#endif
