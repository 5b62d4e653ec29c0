/* norm_want.h - what must come of a problem, and how nearly: of the operators that measure, and of
 * those that do not. */
#ifndef WEIR_TESTS_NORM_WANT_H
#define WEIR_TESTS_NORM_WANT_H

#include "norm_problem.h"

/* Fill want and tol, of operands that have been drawn. */
void want_norm(problem *p);
void want_squash(problem *p);

/* For weir_free. NULL: an absent operand. */
double *widened(const float *v, int64_t n);

/* gamma_offset + gamma, which is by definition rounded to float; beta. j counts along the row. */
double gain_at(const problem *p, int64_t j);
double beta_at(const problem *p, int64_t j);

#endif
