/* copy_isa.h - the loops of each instruction set, for copy.c to choose from. */
#ifndef WEIR_OPS_COPY_ISA_H
#define WEIR_OPS_COPY_ISA_H

#include "ops/copy/copy.h"

/* NAME_scalar(job, first, end), ... */
#define WEIR_COPY_LOOPS(suffix)                                                                    \
    weir_copy_loop weir_copy_plain_##suffix, weir_copy_stream_##suffix, weir_copy_fetch_##suffix;
WEIR_COPY_LOOPS(scalar)
WEIR_COPY_LOOPS(avx2)
WEIR_COPY_LOOPS(avx512)
WEIR_COPY_LOOPS(neon)
#undef WEIR_COPY_LOOPS

#endif
