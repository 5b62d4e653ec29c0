/* words.h - the reserved words of the language. Private to the room.
 *
 * Every quoted word of the grammar is reserved: none can be assigned, let or learned.
 */
#ifndef WEIR_LAYOUT_WORDS_H
#define WEIR_LAYOUT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum word {
    WORD_NONE, /* an ordinary name */
    /* statements */
    WORD_ENCODER,
    WORD_DECODER,
    WORD_LET,
    WORD_GAIN,
    WORD_PARAM,
    WORD_WHEN,
    WORD_OTHERWISE,
    /* places */
    WORD_EMBED,
    WORD_SUBLAYER,
    WORD_ATTN,
    WORD_MLP,
    WORD_CROSS,
    WORD_BLOCK,
    WORD_HEAD,
    WORD_INSIDE,
    /* spots, in the order of weir_spot */
    WORD_Q,
    WORD_K,
    WORD_V,
    WORD_MIX,
    WORD_MID,
    /* the other roles */
    WORD_O,
    WORD_UP,
    WORD_GATE,
    WORD_DOWN,
    WORD_XQ,
    WORD_XK,
    WORD_XV,
    WORD_XO,
    /* params */
    WORD_SCALAR,
    WORD_VECTOR,
    WORD_HEADS,
    WORD_SHARED,
    WORD_PROFILE,
    /* second arguments */
    WORD_PLAIN,
    WORD_OFFSET,
    WORD_EACH,
    /* conditions */
    WORD_OR,
    WORD_AND,
    WORD_NOT,
    /* functions of numbers */
    WORD_IF,
    WORD_SQRT,
    WORD_LOG,
    WORD_EXP,
    WORD_CEIL,
    WORD_FLOOR,
    WORD_MIN,
    WORD_MAX,
    /* norms */
    WORD_NORM,
    WORD_LAYERNORM,
    WORD_RMSNORM,
    WORD_HEADNORM,
    WORD_DYT,
    /* the branch of a sublayer; attn, mlp and cross are branches too */
    WORD_F,
    WORDS
} word;

/* The word that n bytes spell, or WORD_NONE. */
word weir_word_find(const char *text, size_t n);

/* Its spelling; "" for WORD_NONE. */
const char *weir_word_text(word w);

bool weir_word_is_statement(word w); /* may begin a statement */
bool weir_word_is_place(word w);     /* embed ... head, not inside */
bool weir_word_is_spot(word w);
bool weir_word_is_norm(word w);     /* norm ... dyt, headnorm among them */
bool weir_word_is_branch(word w);   /* f, attn, mlp, cross */
bool weir_word_is_function(word w); /* may stand before "(" in an expression */

#endif
