#include "layout/words.h"

#include <string.h>

static const char *const spelling[WORDS] = {
    [WORD_NONE] = "",
    [WORD_ENCODER] = "encoder",
    [WORD_DECODER] = "decoder",
    [WORD_LET] = "let",
    [WORD_GAIN] = "gain",
    [WORD_PARAM] = "param",
    [WORD_WHEN] = "when",
    [WORD_OTHERWISE] = "otherwise",
    [WORD_EMBED] = "embed",
    [WORD_SUBLAYER] = "sublayer",
    [WORD_ATTN] = "attn",
    [WORD_MLP] = "mlp",
    [WORD_CROSS] = "cross",
    [WORD_BLOCK] = "block",
    [WORD_HEAD] = "head",
    [WORD_INSIDE] = "inside",
    [WORD_Q] = "q",
    [WORD_K] = "k",
    [WORD_V] = "v",
    [WORD_MIX] = "mix",
    [WORD_MID] = "mid",
    [WORD_O] = "o",
    [WORD_UP] = "up",
    [WORD_GATE] = "gate",
    [WORD_DOWN] = "down",
    [WORD_XQ] = "xq",
    [WORD_XK] = "xk",
    [WORD_XV] = "xv",
    [WORD_XO] = "xo",
    [WORD_SCALAR] = "scalar",
    [WORD_VECTOR] = "vector",
    [WORD_HEADS] = "heads",
    [WORD_SHARED] = "shared",
    [WORD_PROFILE] = "profile",
    [WORD_PLAIN] = "plain",
    [WORD_OFFSET] = "offset",
    [WORD_EACH] = "each",
    [WORD_OR] = "or",
    [WORD_AND] = "and",
    [WORD_NOT] = "not",
    [WORD_IF] = "if",
    [WORD_SQRT] = "sqrt",
    [WORD_LOG] = "log",
    [WORD_EXP] = "exp",
    [WORD_CEIL] = "ceil",
    [WORD_FLOOR] = "floor",
    [WORD_MIN] = "min",
    [WORD_MAX] = "max",
    [WORD_NORM] = "norm",
    [WORD_LAYERNORM] = "layernorm",
    [WORD_RMSNORM] = "rmsnorm",
    [WORD_HEADNORM] = "headnorm",
    [WORD_DYT] = "dyt",
    [WORD_F] = "f",
};

word weir_word_find(const char *text, size_t n)
{
    for (int w = WORD_NONE + 1; w < WORDS; w++) {
        if (strlen(spelling[w]) == n && memcmp(spelling[w], text, n) == 0) return (word)w;
    }
    return WORD_NONE;
}

const char *weir_word_text(word w)
{
    return spelling[w];
}

bool weir_word_is_statement(word w)
{
    return w >= WORD_ENCODER && w <= WORD_INSIDE;
}
bool weir_word_is_place(word w)
{
    return w >= WORD_EMBED && w <= WORD_HEAD;
}
bool weir_word_is_spot(word w)
{
    return w >= WORD_Q && w <= WORD_MID;
}
bool weir_word_is_norm(word w)
{
    return w >= WORD_NORM && w <= WORD_DYT;
}

bool weir_word_is_branch(word w)
{
    return w == WORD_F || w == WORD_ATTN || w == WORD_MLP || w == WORD_CROSS;
}

bool weir_word_is_function(word w)
{
    return w >= WORD_IF || weir_word_is_branch(w);
}
