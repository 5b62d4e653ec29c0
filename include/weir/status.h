/* status.h - how a call says that it failed.
 *
 * Every function that can fail returns a weir_status. Where more can be said, it also takes an
 * optional weir_error * (NULL: no message wanted) and fills it on failure only. Outputs are
 * untouched on failure.
 */
#ifndef WEIR_STATUS_H
#define WEIR_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Before each function of the library; who compiles weir into a program may say otherwise. */
#ifndef WEIR_API
#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif
#endif

typedef enum weir_status {
    WEIR_OK = 0,
    WEIR_E_NULL,        /* a pointer that must be given is NULL */
    WEIR_E_SHAPE,       /* a size or stride is out of range, or sizes disagree */
    WEIR_E_DTYPE,       /* an unknown or unsupported element type */
    WEIR_E_VALUE,       /* a number is out of its range, NaN, or was forgotten */
    WEIR_E_ALIAS,       /* operands overlap in a way that is not allowed */
    WEIR_E_MEMORY,      /* an allocation failed */
    WEIR_E_FILE,        /* a file cannot be opened, read, written or renamed */
    WEIR_E_FORMAT,      /* a file was read, and its bytes are not what they should be */
    WEIR_E_LAYOUT,      /* a block equation is wrong */
    WEIR_E_UNSUPPORTED, /* a valid request that this build cannot serve */
    WEIR_E_STATE,       /* a request that contradicts what is there (another run, other settings) */
    WEIR_E_INTERRUPTED, /* stopped on request; what is there can be resumed */
    WEIR_E_ALIGN        /* a pointer is not aligned to what it points to */
} weir_status;

/* What went wrong, in one message a user can act on. line and col count from 1; 0 means "no place".
 */
typedef struct weir_error {
    weir_status status;
    int line, col;
    char message[1024];
} weir_error;

/* The name of a status ("WEIR_E_SHAPE"), never NULL. Reentrant. */
WEIR_API const char *weir_status_name(weir_status status);

#ifdef __cplusplus
}
#endif
#endif
