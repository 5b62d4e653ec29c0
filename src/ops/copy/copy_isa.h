/* copy_isa.h - the loops of each instruction set, for copy.c to choose from. */
#ifndef WEIR_OPS_COPY_ISA_H
#define WEIR_OPS_COPY_ISA_H

#include "ops/copy/copy.h"

weir_copy_loop weir_copy_plain_scalar;
weir_copy_loop weir_copy_plain_avx2, weir_copy_stream_avx2, weir_copy_fetch_avx2;
weir_copy_loop weir_copy_plain_avx512, weir_copy_stream_avx512, weir_copy_fetch_avx512;
weir_copy_loop weir_copy_plain_neon, weir_copy_fetch_neon; /* without streaming stores */

#endif
