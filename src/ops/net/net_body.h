/* net_body.h - the network's kernels in f32, written once in the words of a vocabulary header,
 * which is included before. Fills the table WEIR_NET_NAME of that instruction set.
 *
 * Reductions go by WEIR_LANES lanes in the order that simd_words.h fixes, so every set gives the
 * same bits. */
#include "ops/net/net.h"
#include "ops/net/net_isa.h"
#include "ops/net/net_loop.h"
#include "ops/net/net_exp.h"

#include <math.h>
#include <stddef.h>

#include "ops/net/net_linear_body.h"
#include "ops/net/net_activation_body.h"
#include "ops/net/net_softmax_body.h"
#include "ops/net/net_optimizer_body.h"

const weir_net_table_f32 WEIR_KERNEL_NAME(net_f32) = {
#define WEIR_NET_KERNEL(result, name, parameters) .name = name,
#include "ops/net/net.def"
#undef WEIR_NET_KERNEL
};
