/* net_isa.h - the tables of the instruction sets, for net.c to choose from. */
#ifndef WEIR_OPS_NET_ISA_H
#define WEIR_OPS_NET_ISA_H

#include "ops/net/net.h"

extern const weir_net_table_f32 weir_k_net_f32_scalar;
extern const weir_net_table_f32 weir_k_net_f32_avx2;
extern const weir_net_table_f32 weir_k_net_f32_avx512;
extern const weir_net_table_f32 weir_k_net_f32_neon;

#endif
