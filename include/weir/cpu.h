/* cpu.h - which instruction sets the kernels use. Every set gives the same bits; only the speed
 * differs. */
#ifndef WEIR_CPU_H
#define WEIR_CPU_H

#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_isa {
    WEIR_ISA_SCALAR = 0,
    WEIR_ISA_AVX2 = 1, /* with FMA and F16C, as all CPUs that have it */
    WEIR_ISA_AVX512 = 2,
    WEIR_ISA_AVX512BF16 = 3, /* with AVX512_BF16, which rounds floats to bf16; else the same */
    WEIR_ISA_NEON = 4
} weir_isa;

/* The best set that this CPU, its operating system, this build and the ceiling allow.
 * Threads: safe. */
WEIR_API weir_isa weir_isa_active(void);

/* Caps the set that later calls use; the one mutable global of the library (one atomic). They use the
 * best set of this machine whose number is not above the ceiling. So a ceiling above all that the
 * machine has caps nothing, and one of another architecture is a number as any other: AVX512 means
 * scalar on aarch64, and NEON caps nothing on x86-64. A later call may raise the ceiling again.
 * Threads: safe; calls that are already running keep the set they started with. */
WEIR_API void weir_set_isa_ceiling(weir_isa ceiling);

/* "scalar", "avx2", "avx512", "avx512bf16", "neon"; "scalar" for any other number. Never NULL.
 * Reentrant. */
WEIR_API const char *weir_isa_name(weir_isa isa);

#ifdef __cplusplus
}
#endif
#endif
