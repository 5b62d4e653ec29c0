/* guarded.h - matrices whose last element is followed by a page that cannot be touched, and around
 * whose rows lies a pattern that must stay. */
#ifndef WEIR_TESTS_GUARDED_H
#define WEIR_TESTS_GUARDED_H

#include "element.h"

typedef struct guarded {
    char *pages;
    size_t bytes; /* that can be touched */
    void *data;   /* NULL: absent */
    weir_dtype type;
    int64_t rows, dim, stride;
} guarded;

/* A matrix of `content`, which is dense and has only values of the type; NULL: of the pattern, which
 * reads as NaN. */
guarded guard(weir_dtype type, const float *content, int64_t rows, int64_t dim, int64_t stride);
guarded guard_vector(weir_dtype type, const float *content, int64_t n);

/* The matrix, dense, for weir_free. Fails the test when the pattern around it is not whole. */
float *unguard(const guarded *g);

/* Gives the memory back; accepts what is absent. */
void guard_free(guarded *g);

weir_mat guarded_mat(const guarded *g);
weir_vec guarded_vec(const guarded *g);

#endif
