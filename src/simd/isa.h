/* isa.h - which sets this build has kernels for. Floor 1. */
#ifndef WEIR_SIMD_ISA_H
#define WEIR_SIMD_ISA_H

#include "weir/cpu.h"

#if defined(__x86_64__)
#define WEIR_HAVE_X86 1
#else
#define WEIR_HAVE_X86 0
#endif
#if defined(__aarch64__)
#define WEIR_HAVE_NEON 1
#else
#define WEIR_HAVE_NEON 0
#endif

enum { WEIR_ISA_COUNT = 5 };

/* The best set that this CPU, its operating system and this build have, whatever the ceiling. Asks
 * the CPU each time, which takes microseconds under a hypervisor. */
weir_isa weir_isa_detect(void);

#endif
