/* builtin.h - the layouts/ folder as the build wrote it into a table. Private to the room. */
#ifndef WEIR_LAYOUT_BUILTIN_H
#define WEIR_LAYOUT_BUILTIN_H

#include "layout/layout.h"

extern const weir_builtin_layout weir_builtin_table[];
extern const int weir_builtin_table_count;

#endif
