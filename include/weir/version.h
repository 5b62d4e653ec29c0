/* version.h - the version of the headers, and of the library that was linked. */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#include "weir/status.h"

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION       "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The WEIR_VERSION of the library at run time. */
WEIR_API const char *weir_version(void);

#ifdef __cplusplus
}
#endif
#endif
