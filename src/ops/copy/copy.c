#include "ops/copy/copy_isa.h"

#include <string.h>

#include "simd/isa.h"

static void copy_memcpy(const weir_copy_job *job, int64_t first, int64_t end)
{
    const int64_t at = first * WEIR_COPY_BLOCK / (int64_t)sizeof(float);
    memcpy(job->out[0] + at, job->in[0] + at, (size_t)(end - first) * WEIR_COPY_BLOCK);
}

#define LOOP(name, isa, manner, suffix)                                                            \
    {                                                                                              \
        name, isa, weir_copy_##manner##_##suffix, false                                            \
    }
#define LOOPS(isa, suffix)                                                                         \
    LOOP(#suffix, isa, plain, suffix), LOOP(#suffix " streaming", isa, stream, suffix),            \
        LOOP(#suffix " streaming, prefetched", isa, fetch, suffix)

/* In the order of weir_isa. */
static const weir_copy copies[] = {
    {"memcpy", WEIR_ISA_SCALAR, copy_memcpy, true},
    LOOP("scalar", WEIR_ISA_SCALAR, plain, scalar),
#if WEIR_HAVE_X86
    LOOPS(WEIR_ISA_AVX2, avx2),
    LOOPS(WEIR_ISA_AVX512, avx512),
#endif
#if WEIR_HAVE_NEON
    LOOP("neon", WEIR_ISA_NEON, plain, neon),
    LOOP("neon prefetched", WEIR_ISA_NEON, fetch, neon),
#endif
};

const weir_copy *weir_copies(int *count)
{
    const int all = sizeof copies / sizeof copies[0], best = (int)weir_isa_detect();
    *count = 0;
    while (*count < all && (int)copies[*count].isa <= best) (*count)++;
    return copies;
}
