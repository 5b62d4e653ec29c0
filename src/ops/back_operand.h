/* back_operand.h - rows of a backward job as they are read and written: where they lie, and where their
 * types are mixed in floats, a piece at a time, so that types do not multiply the code. In the words of
 * simd/. */
#ifndef WEIR_OPS_BACK_OPERAND_H
#define WEIR_OPS_BACK_OPERAND_H

#include "ops/row_operand.h"

/* As far as the compiler is told of the types: MIXED is any. */
#define MIXED ((weir_dtype)0)

typedef struct back_types {
    weir_dtype dy, x, dsum, dx, dresidual;
} back_types;

INLINE back_types types_of(const weir_bwd_job *job, weir_dtype known)
{
    if (known != MIXED) return (back_types){known, known, known, known, known};
    return (back_types){job->dy_type, job->x_type, job->dsum_type, job->dx_type,
                        job->dresidual_type};
}

/* The type of the rows that are computed with. */
INLINE weir_dtype type_at_work(weir_dtype known)
{
    return known == MIXED ? WEIR_F32 : known;
}

/* A row, from some column on. What is absent is NULL. */
typedef struct back_operands {
    const void *dy, *x, *dsum;
    void *dx, *dresidual;
} back_operands;

INLINE back_operands back_operands_at(const weir_bwd_job *job, int64_t row, int64_t j, back_types t)
{
    return (back_operands){
        at(job->dy, t.dy, row * job->lddy + j), at(job->x, t.x, row * job->ldx + j),
        at(job->dsum, t.dsum, row * job->ldds + j), at_out(job->dx, t.dx, row * job->lddx + j),
        at_out(job->dresidual, t.dresidual, row * job->lddr + j)};
}

/* As many columns at a time. */
enum { BACK_ROOM = 256 };

typedef struct back_room {
    float dy[BACK_ROOM], x[BACK_ROOM], dsum[BACK_ROOM], dx[BACK_ROOM], dresidual[BACK_ROOM];
} back_room;

/* n <= BACK_ROOM columns in floats: of what is f32 already where it lies, of the rest in the room, from
 * where write_back takes the results. */
INLINE back_operands in_floats(const back_operands *row, back_types t, int64_t n, bool stream,
                               back_room *room)
{
    back_operands f = *row;
    f.dy = float_piece(t.dy, row->dy, 0, n, room->dy);
    f.x = float_piece(t.x, row->x, 0, n, room->x);
    if (row->dsum) f.dsum = float_piece(t.dsum, row->dsum, 0, n, room->dsum);
    if (row->dx && (stream || t.dx != WEIR_F32)) f.dx = room->dx;
    if (row->dresidual && (stream || t.dresidual != WEIR_F32)) f.dresidual = room->dresidual;
    return f;
}

INLINE void write_back(const back_operands *row, const back_operands *floats, back_types t,
                       int64_t n, bool stream)
{
    if (floats->dx != row->dx) narrow_piece(t.dx, row->dx, 0, n, floats->dx, stream);
    if (floats->dresidual != row->dresidual)
        narrow_piece(t.dresidual, row->dresidual, 0, n, floats->dresidual, stream);
}

/* A sum of columns from j on, or NULL. */
INLINE float *column_sum(float *const sums[WEIR_COLUMN_SUMS], weir_column_sum k, int64_t j)
{
    return sums[k] ? sums[k] + j : NULL;
}

#endif
