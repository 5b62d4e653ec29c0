/* random_layout.h - layouts made at random from the grammar, for tests of everything that takes a
 * layout. */
#ifndef WEIR_TESTS_LAYOUT_RANDOM_LAYOUT_H
#define WEIR_TESTS_LAYOUT_RANDOM_LAYOUT_H

#include <stdint.h>

#include "base/text.h"

/* Appends a decoder layout; the same seed gives the same text on every machine.
 *
 * It is valid at every depth, for every shape. It uses embed, sublayer, attn, mlp, block, head and
 * inside rules, when and otherwise, lets, params of each kind, gains, temporaries (some of which
 * hide t or h), a second state, every norm and every option of it. It is tame: coefficients are
 * about 0.3 to 1.5, nothing cancels exactly, a rule that a network is made of calls its branch and
 * does not let the stream grow much. Head dims under 4 make headnorm ill-conditioned. */
void weir_random_layout(uint64_t seed, weir_text *out);

#endif
