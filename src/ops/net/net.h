/* net.h - the network's own elementwise kernels: what a transformer needs beside norms and matrix
 * products. Floor 2.
 *
 * One table of functions for each element type; net.def has a row for each kernel, with its maths.
 * weir_net_f32() picks the best instruction set; all sets give the same bits (unfused multiply and
 * add, one order for each reduction, weir's own exp), save the sign and payload of a NaN.
 * weir_net_f64() is the plain-loop oracle in double, with libm's exp; it is also what the network
 * runs on when it is compiled for double (gradient checks).
 *
 * Matrices are rows x cols with a row stride `ld*` in elements (>= cols); plain vectors have n
 * elements. Nothing between cols and the stride is touched. Pointers need no alignment. An output
 * may be the same array as an input of the same shape and stride, unless the row says otherwise; it
 * may not overlap one in any other way. No rows or no columns is a no-op, or 0. Nothing allocates,
 * nothing fails, and calls on different outputs may run at the same time. Reductions to a number,
 * and down columns, accumulate double.
 */
#ifndef WEIR_OPS_NET_NET_H
#define WEIR_OPS_NET_NET_H

#include <stdint.h>

#define WEIR_NET_KERNEL(result, name, parameters) result(*name) parameters;

typedef struct weir_net_table_f32 {
#define T float
#include "ops/net/net.def"
#undef T
} weir_net_table_f32;

typedef struct weir_net_table_f64 {
#define T double
#include "ops/net/net.def"
#undef T
} weir_net_table_f64;

#undef WEIR_NET_KERNEL

/* The table for weir_isa_active(). Take it once per pass, not once per call: the set may change. */
const weir_net_table_f32 *weir_net_f32(void);

/* The table for a named weir_isa; NULL for a set that this CPU or this build lacks. */
const weir_net_table_f32 *weir_net_f32_isa(int isa);

/* The oracle. */
const weir_net_table_f64 *weir_net_f64(void);

#endif
