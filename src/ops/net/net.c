/* net.c - which table the network's kernels come from. */
#include "ops/net/net_isa.h"
#include "simd/isa.h"

#include <stddef.h>

static const weir_net_table_f32 *const tables[WEIR_ISA_COUNT] = {
    [WEIR_ISA_SCALAR] = &weir_k_net_f32_scalar,
#if WEIR_HAVE_X86
    [WEIR_ISA_AVX2] = &weir_k_net_f32_avx2,
    [WEIR_ISA_AVX512] = &weir_k_net_f32_avx512,
    /* There is no bf16 in it. */
    [WEIR_ISA_AVX512BF16] = &weir_k_net_f32_avx512,
#endif
#if WEIR_HAVE_NEON
    [WEIR_ISA_NEON] = &weir_k_net_f32_neon,
#endif
};

const weir_net_table_f32 *weir_net_f32_isa(int isa)
{
    return isa < 0 || isa > (int)weir_isa_detect() ? NULL : tables[isa];
}

const weir_net_table_f32 *weir_net_f32(void)
{
    return tables[weir_isa_active()];
}
