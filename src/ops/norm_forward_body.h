/* norm_forward_body.h - the forward pass of the norms where all matrices have one type, in the words
 * of simd/. Included once by each kernel file.
 *
 * A row is read twice: to measure it, and to write it. Rows go in groups of WEIR_ROW_GROUP, and
 * while one group is written the next but one is measured, a piece of each at a time, and that
 * between them is settled (norm_group_body.h): so the memory always has reads and writes in hand,
 * and nothing waits for divisions and roots. A group is measured row by row, in the order of memory;
 * it is written column by column, so that of wide rows gamma and beta are read once for the group.
 * The sum with the residual is computed in both passes, so that in-place operands need no second
 * thought: an element is read for the last time just before it is written.
 */
#ifndef WEIR_OPS_NORM_FORWARD_BODY_H
#define WEIR_OPS_NORM_FORWARD_BODY_H

#include "ops/norm_group_body.h"

/* A row as it is read, and as it is written: pointers to its first column. */
INLINE source fast_source(const weir_fwd_job *job, int64_t row, kind k)
{
    return (source){.x = at(job->x, k.type, row * job->ldx),
                    .residual = k.residual ? at(job->residual, k.type, row * job->ldr) : NULL,
                    .alpha = job->alpha};
}

typedef struct target {
    void *y, *sum;
    bool stream;
} target;

INLINE target target_of(const weir_fwd_job *job, int64_t row, kind k)
{
    return (target){at_out(job->y, k.type, row * job->ldy),
                    k.residual ? at_out(job->sum, k.type, row * job->lds) : NULL, job->stream};
}

/* y of columns j..j+n-1, from s; their gain and beta begin at `i`. */
INLINE vf y_of(vf s, const row_scale *by, const affine *a, int64_t i, int n, kind k)
{
    const vf xhat = float_xhat(s, by, k.centred), gain = load_of(WEIR_F32, a->gain, i, n);
    return k.centred ? vf_mul_add(xhat, gain, load_of(WEIR_F32, a->beta, i, n))
                     : vf_mul(xhat, gain);
}

/* One step of both passes: columns from..from+measured-1 of one row are measured, columns
 * at..at+written-1 of another are written. Either number may be 0. The sums of a row that goes on are
 * in *m meanwhile. */
typedef struct step {
    source read, write;
    moments *m;
    vd *first, *second; /* what becomes of the sums */
    bool begins, ends;  /* the row that is measured */
    target to;
    row_scale by;
    affine affine; /* of column `at` on */
    int64_t from, measured, at, written;
    bool ahead; /* what is measured next is fetched from the third-level cache */
} step;

/* From there a line takes longer to come than the CPU looks ahead by itself: in f32, where there is little
 * else to do meanwhile, from so many columns on or with two operands to read. */
enum { AHEAD_BYTES = 4096, AHEAD_FROM = 512 };

INLINE void look_ahead(const step *s, int64_t i, kind k)
{
    const int64_t size = size_of(k.type), from = (s->from + i) * size + AHEAD_BYTES;
    for (int64_t b = 0; b < WEIR_LANES * size; b += 64) {
        vf_prefetch(s->read.x, (intptr_t)(from + b));
        if (k.residual) vf_prefetch(s->read.residual, (intptr_t)(from + b));
    }
}

/* WEIR_LANES columns, the i-th of the step and on. */
INLINE void write_group(const step *to_do, int64_t i, kind k)
{
    vf s[VF_ROW], y[VF_ROW];
    UNROLLED
    for (int v = 0; v < VF_ROW; v++) {
        const int64_t at = i + v * VF_LANES;
        s[v] = source_load(&to_do->write, to_do->at + at, VF_LANES, k.residual, k.type);
        y[v] = y_of(s[v], &to_do->by, &to_do->affine, at, VF_LANES, k);
    }
    if (k.residual && to_do->to.sum)
        store_lanes(k.type, to_do->to.sum, to_do->at + i, s, to_do->to.stream);
    store_lanes(k.type, to_do->to.y, to_do->at + i, y, to_do->to.stream);
}

INLINE void write_tail(const step *to_do, int64_t i, int n, kind k)
{
    const int64_t j = to_do->at + i;
    const vf s = source_load(&to_do->write, j, n, k.residual, k.type);
    const vf y = y_of(s, &to_do->by, &to_do->affine, i, n, k);
    if (k.residual && to_do->to.sum) store_of(k.type, to_do->to.sum, j, s, n, to_do->to.stream);
    store_of(k.type, to_do->to.y, j, y, n, to_do->to.stream);
}

/* Measures whole groups of WEIR_LANES columns, two vectors of lanes at a time: that many sums have a
 * register each in any set. */
INLINE void measure_in_parts(moments *m, const source *src, int64_t from, int64_t columns, kind k)
{
    for (int part = 0; part < VF_ROW; part += 2) {
        moments sums; /* of these lanes: its first four */
        UNROLLED
        for (int i = 0; i < 4; i++) {
            sums.first[i] = m->first[2 * part + i];
            sums.second[i] = m->second[2 * part + i];
        }
        for (int64_t j = from + part * VF_LANES; j < from + columns; j += WEIR_LANES) {
            const int64_t next = j + VF_LANES;
            add_moment(&sums, 0, source_widen(src, j, VF_LANES, k.residual, k.type), k.centred);
            add_moment(&sums, 1, source_widen(src, next, VF_LANES, k.residual, k.type), k.centred);
        }
        UNROLLED
        for (int i = 0; i < 4; i++) {
            m->first[2 * part + i] = sums.first[i];
            m->second[2 * part + i] = sums.second[i];
        }
    }
}

/* The sums of a row that has been measured to its end. */
INLINE void finish(const step *s, const moments *m, kind k)
{
    if (k.centred) *s->first = vd_halve_row(m->first);
    *s->second = vd_halve_row(m->second);
}

/* Both passes in one loop, where a set has the registers for it: the one waits for the arithmetic,
 * the other for the stores. Sums of a row that is one piece are never in memory. */
INLINE int64_t measure_and_write(const step *s, int64_t measured, int64_t written, kind k)
{
    const int64_t both = measured < written ? measured : written;
    moments m;
    if (s->begins)
        clear(&m);
    else
        copy_moments(&m, s->m, k.centred);
    int64_t i = 0;
    for (; i < both; i += WEIR_LANES) {
        if (k.type == WEIR_F32 && s->ahead) look_ahead(s, i, k);
        measure_group(&m, &s->read, s->from + i, k.centred, k.residual, k.type);
        write_group(s, i, k);
    }
    for (; i < measured; i += WEIR_LANES)
        measure_group(&m, &s->read, s->from + i, k.centred, k.residual, k.type);
    if (s->ends) sums_in_order(&m, k.centred, k.type);
    if (s->ends && measured == s->measured)
        finish(s, &m, k);
    else
        copy_moments(s->m, &m, k.centred);
    return both;
}

INLINE void take_step(const step *given, kind k)
{
    const step s = *given; /* so that the compiler knows that no store changes it */
    const int64_t measured = s.measured & -WEIR_LANES, written = s.written & -WEIR_LANES;
    const bool in_parts = VF_ROW > (k.centred ? 2 : 4); /* LayerNorm has twice the sums */
    int64_t i = 0;
    if (in_parts) {
        if (s.begins) clear(s.m);
        measure_in_parts(s.m, &s.read, s.from, measured, k);
    } else {
        i = measure_and_write(&s, measured, written, k);
    }
    if (measured < s.measured)
        measure_tail(s.m, &s.read, s.from + measured, s.from + s.measured, k.centred, k.residual,
                     k.type);
    if (s.ends && (in_parts || measured < s.measured)) finish(&s, s.m, k);
    for (; i < written; i += WEIR_LANES) write_group(&s, i, k);
    for (; i < s.written; i += VF_LANES) write_tail(&s, i, part_of(s.written - i), k);
}

/* Where reading and fetching are: both go through the rows in the order of memory. */
typedef struct reader {
    cursor read, fetch;
} reader;

INLINE void fetch_piece(const weir_fwd_job *job, cursor *ahead, int64_t piece, kind k)
{
    const int64_t end = piece_end(ahead, job->dim, piece);
    fetch(job->x, k.type, job->ldx, ahead, end);
    if (k.residual) fetch(job->residual, k.type, job->ldr, ahead, end);
    advance(ahead, job->dim, piece);
}

/* Sets up the reading half of a step, of a row of `g`; measured 0 when the group has been read. */
INLINE void read_piece(const weir_fwd_job *job, step *s, reader *at_piece, group *g, moments *m,
                       int64_t piece, kind k)
{
    cursor *read = &at_piece->read;
    s->measured = 0;
    s->begins = s->ends = false;
    if (read->row >= g->first + g->rows) return;
    if (job->fetch) fetch_piece(job, &at_piece->fetch, piece, k);
    const int64_t end = piece_end(read, job->measured, piece);
    s->read = fast_source(job, read->row, k);
    const int64_t r = read->row - g->first;
    s->m = &m[r];
    s->first = &g->sums.first[r];
    s->second = &g->sums.second[r];
    s->from = read->col;
    s->measured = end > read->col ? end - read->col : 0;
    s->begins = read->col == 0;
    s->ends = s->measured > 0 && end == job->measured;
    advance(read, job->dim, piece);
}

/* To the next row. */
INLINE void go_down(const weir_fwd_job *job, step *s, kind k)
{
    s->read.x = at(s->read.x, k.type, job->ldx);
    s->write.x = at(s->write.x, k.type, job->ldx);
    s->to.y = at_out(s->to.y, k.type, job->ldy);
    if (!k.residual) return;
    s->read.residual = at(s->read.residual, k.type, job->ldr);
    s->write.residual = at(s->write.residual, k.type, job->ldr);
    s->to.sum = at_out(s->to.sum, k.type, job->lds);
}

/* Whether as many rows are written as are measured, which are one piece, and measured to the end; and
 * those that wait can be settled between them: what most calls consist of. (Never where the arithmetic
 * takes so long that the code would not be worth its size.) */
INLINE bool all_is_whole(const weir_fwd_job *job, const group *done, const group *waits,
                         const group *next, int64_t piece, kind k)
{
    const bool worth = VF_REGISTERS >= 32 || (VF_HALVES && k.type == WEIR_F32);
    return worth && piece == job->dim && piece == job->measured && done->rows == next->rows &&
           !done->rare && done->rows >= (waits->rows ? STAGES : 1);
}

/* write_and_measure of such: the same with less to keep account of, which is half of the work when rows
 * are as narrow as a head of attention. */
INLINE void write_and_measure_whole(const weir_fwd_job *job, const group *done, group *waits,
                                    group *next, reader *at_piece, affine whole, kind k)
{
    const int64_t dim = job->dim;
    moments m;
    step s = {.read = fast_source(job, next->first, k),
              .write = fast_source(job, done->first, k),
              .m = &m,
              .begins = true,
              .ends = true,
              .to = target_of(job, done->first, k),
              .affine = whole,
              .measured = dim,
              .written = dim,
              .ahead = !job->close && !job->fetch && (dim > AHEAD_FROM || k.residual)};
    for (int r = 0;; go_down(job, &s, k)) {
        if (job->fetch) fetch_piece(job, &at_piece->fetch, dim, k);
        s.first = &next->sums.first[r];
        s.second = &next->sums.second[r];
        s.by = scale_in(done, r, k);
        take_step(&s, k);
        if (waits->rows) settle(job, waits, r, k);
        if (++r == done->rows) break;
    }
    at_piece->read.row += done->rows;
}

/* Writes `done`, if it has rows, settles `waits`, if it has, and measures `next`, if it has. */
INLINE void write_and_measure(const weir_fwd_job *job, const group *done, group *waits, group *next,
                              reader *at_piece, affine whole, float room[2][PIECE], kind k)
{
    const int64_t dim = job->dim, piece = piece_of(dim, job->fetch);
    UNROLLED
    for (int r = 0; r < WEIR_ROW_GROUP; r++) /* (no string instruction; see clear) */
        if (r >= next->rows || job->moments)
            next->sums.first[r] = next->sums.second[r] = vd_zero(); /* which nobody measures */
    if (all_is_whole(job, done, waits, next, piece, k)) {
        write_and_measure_whole(job, done, waits, next, at_piece, whole, k);
        return;
    }
    const int steps = done->rows > next->rows ? done->rows : next->rows;
    moments m[WEIR_ROW_GROUP];
    int stage = waits->rows ? 0 : STAGES;
    for (int64_t j = 0; steps && j < dim; j += piece) {
        const int64_t columns = dim - j < piece ? dim - j : piece;
        step s = {.m = m, .at = j, .affine = whole};
        if (piece < dim && done->rows) s.affine = affine_of(job, room, j, columns, k.centred);
        for (int r = 0; r < steps; r++) {
            read_piece(job, &s, at_piece, next, m, piece, k);
            s.written = r < done->rows && !done->rare ? columns : 0;
            if (s.written) {
                s.write = fast_source(job, done->first + r, k);
                s.to = target_of(job, done->first + r, k);
                s.by = scale_in(done, r, k);
            }
            if (s.measured || s.written) take_step(&s, k);
            if (stage < STAGES) settle_apart(job, waits, stage++, k.centred);
        }
    }
    while (stage < STAGES) settle_apart(job, waits, stage++, k.centred);
    if (done->rare) forward_mixed(job, done->first, done->first + done->rows, k.centred);
}

/* How rows go. */
typedef struct plan {
    int rows;    /* of a group */
    bool staged; /* a group is settled while the next is measured, and not at once */
} plan;

/* A group has as many rows as leave room for three, and for one as it is written, in the first-level
 * cache, or of rows that are wider than that in the second. But rows that come from behind the second and
 * are not narrow find more than that in the first: two of them are settled at once, so that they are
 * there when they are written. (Those of 16 bits have more arithmetic to wait for.) */
INLINE plan plan_of(const weir_fwd_job *job, int64_t piece, kind k)
{
    const int64_t bytes = job->dim * size_of(k.type) * (k.residual ? 2 : 1);
    const int64_t narrow = k.type == WEIR_F32 ? 2048 : 4096;
    const bool in_pieces = job->dim > piece, staged = in_pieces || job->close || bytes <= narrow;
    const int64_t room = in_pieces ? 131072 : staged ? 16384 : 8192, rows = room / bytes;
    return (plan){rows > WEIR_ROW_GROUP ? WEIR_ROW_GROUP : rows < 1 ? 1 : (int)rows, staged};
}

INLINE void forward_of_kind(const weir_fwd_job *job, int64_t first, int64_t end, kind k)
{
    const int64_t piece = piece_of(job->dim, job->fetch);
    const plan p = plan_of(job, piece, k);
    float room[2][PIECE];
    group groups[3], *done = &groups[0], *waits = &groups[1], *next = &groups[2];
    affine whole = {NULL, NULL};
    reader at_piece = {{first, 0}, {first, 0}};
    if (job->fetch) at_piece.fetch = fetch_from(first, job->dim, piece, size_of(k.type));
    if (piece == job->dim) whole = affine_of(job, room, 0, piece, k.centred);
    done->rows = waits->rows = 0;
    done->rare = waits->rare = false;
    for (int64_t i = first; i < end || done->rows || waits->rows; i += p.rows) {
        const int64_t left = end > i ? end - i : 0;
        next->first = end - left;
        next->rows = (int)(left < p.rows ? left : p.rows);
        write_and_measure(job, done, waits, next, &at_piece, whole, room, k);
        group *written = done;
        if (p.staged) {
            done = waits;
            waits = next;
        } else {
            settle_at_once(job, next, k.centred);
            done = next;
        }
        next = written;
    }
    if (job->stream) vf_stream_end();
}

INLINE void forward_of_type(const weir_fwd_job *job, int64_t first, int64_t end, weir_dtype type,
                            bool centred)
{
    if (type != WEIR_F32 && !VF_HALVES)
        forward_mixed(job, first, end, centred);
    else if (job->residual)
        forward_of_kind(job, first, end, (kind){type, centred, true});
    else
        forward_of_kind(job, first, end, (kind){type, centred, false});
}

#endif
