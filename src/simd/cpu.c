/* cpu.c - what the CPU can do, what the operating system saves, and what the caller allows. */
#include "simd/isa.h"

#include <stdatomic.h>

#if WEIR_HAVE_X86
#include <cpuid.h>

/* XCR0: the registers that the operating system saves when it switches threads. */
static unsigned saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

weir_isa weir_isa_detect(void)
{
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6 };
    const unsigned fma_osxsave_avx_f16c =
        1u << 12 | 1u << 27 | 1u << 28 | 1u << 29; /* leaf 1, ecx */
    const unsigned avx2 = 1u << 5;                 /* leaf 7, ebx */
    const unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    const unsigned bf16 = 1u << 5; /* leaf 7, subleaf 1, eax */
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & fma_osxsave_avx_f16c) != fma_osxsave_avx_f16c)
        return WEIR_ISA_SCALAR;
    unsigned state = saved_state();
    if ((state & YMM_STATE) != YMM_STATE) return WEIR_ISA_SCALAR;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & avx2)) return WEIR_ISA_SCALAR;
    if ((state & ZMM_STATE) != ZMM_STATE || (b & f_dq_bw_vl) != f_dq_bw_vl) return WEIR_ISA_AVX2;
    if (a < 1 || !__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & bf16)) return WEIR_ISA_AVX512;
    return WEIR_ISA_AVX512BF16;
}
#else
/* (NEON is part of the architecture.) */
weir_isa weir_isa_detect(void)
{
    return WEIR_HAVE_NEON ? WEIR_ISA_NEON : WEIR_ISA_SCALAR;
}
#endif

/* The set in use, plus one; 0 until somebody asks. */
static atomic_int chosen;

weir_isa weir_isa_active(void)
{
    int now = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!now) {
        int best = (int)weir_isa_detect() + 1;
        /* A ceiling that another thread has set meanwhile stays: now then holds it. */
        if (atomic_compare_exchange_strong(&chosen, &now, best)) now = best;
    }
    return (weir_isa)(now - 1);
}

void weir_set_isa_ceiling(weir_isa ceiling)
{
    int best = (int)weir_isa_detect(), cap = (int)ceiling;
    /* x86-64 has all the sets below its best one; others have the scalar set alone below it. */
    if (cap < 0 || (!WEIR_HAVE_X86 && cap < best)) cap = WEIR_ISA_SCALAR;
    atomic_store_explicit(&chosen, (cap < best ? cap : best) + 1, memory_order_relaxed);
}

const char *weir_isa_name(weir_isa isa)
{
    switch (isa) {
    case WEIR_ISA_NEON: return "neon";
    case WEIR_ISA_AVX512BF16: return "avx512bf16";
    case WEIR_ISA_AVX512: return "avx512";
    case WEIR_ISA_AVX2: return "avx2";
    case WEIR_ISA_SCALAR: break;
    }
    return "scalar";
}
