#!/bin/sh
# mutate - breaks the norms on purpose, one fault at a time, and demands that the tests find each:
#
#     mutate.sh [--every K] [FIRST [LAST]]
#     mutate.sh --texts
#
# A copy of the sources is built in a scratch folder; nothing here is touched. A fault that every test passes is a hole
# in the tests: it is printed, and the script exits with 1; with 2 where it could not try. The numbers choose some of the
# faults, and --every each K-th of those. --texts builds nothing: it looks whether every fault has still its place.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
every=1 only_texts=false
if [ "${1:-}" = --texts ]; then
    only_texts=true
    shift
elif [ "${1:-}" = --every ]; then
    every=${2:?"mutate: --every wants a number"}
    shift 2
fi
case $every in
0* | *[!0-9]*)
    echo "mutate: --every wants a number from 1 on, not '$every'" >&2
    exit 2
    ;;
esac
first=${1:-1} last=${2:-1000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
tests="norm_errors_check norm_overlap_check norm_props_check norm_types_check norm_rounding_check norm_quantum_check
norm_split_check norm_ops_check norm_groups_check norm_order_check norm_pieces_check"
likely='' cpu='' number=0 tried=0 survivors=0

# Builds the tests named.
build() {
    cmake --build "$scratch/build" --parallel 2 --target "$@" >"$scratch/log" 2>&1
}

# Whether the tests named pass. A fault that makes one run for ever is found too, and the way is said.
pass() {
    how=''
    for test in "$@"; do
        timeout 300 "$scratch/build/tests/$test" >"$scratch/log" 2>&1 || {
            [ $? -ne 124 ] || how=" ($test did not end)"
            return 1
        }
    done
}

# The test that the faults from here on are made for.
by() {
    likely=$1
}

# Only a CPU with one of the features $1, as /proc/cpuinfo has them, shows the faults from here on; '' is any.
on() {
    cpu=$1
}

# Ends: fault $1 could not be tried, because $2.
give_up() {
    echo "mutate: $number, $1: $2" >&2
    exit 2
}

# One fault: in file $2 the first place of text $3 becomes $4. $1 says what it is.
mutant() {
    number=$((number + 1))
    grep -q -F -e "$3" "$scratch/$2" || give_up "$1" "\"$3\" is not in $2"
    ! $only_texts || return 0
    { [ "$number" -ge "$first" ] && [ "$number" -le "$last" ]; } || return 0
    [ $(((number - first) % every)) -eq 0 ] || return 0
    if [ -n "$cpu" ] && ! grep -q -w -E "$cpu" /proc/cpuinfo; then
        echo "$number left out: $1 (this CPU has no $cpu)"
        return 0
    fi
    tried=$((tried + 1))
    file=$scratch/$2
    cp "$file" "$scratch/kept"
    FROM=$3 TO=$4 awk '
    !done && (at = index($0, ENVIRON["FROM"])) {
        $0 = substr($0, 1, at - 1) ENVIRON["TO"] substr($0, at + length(ENVIRON["FROM"]))
        done = 1
    }
    { print }' "$scratch/kept" >"$file"
    ! cmp -s "$file" "$scratch/kept" || give_up "$1" "it changes nothing"
    build "$likely" || give_up "$1" "does not compile: $(cat "$scratch/log")"
    caught=true
    if pass "$likely"; then
        # shellcheck disable=SC2086 # one word a test
        build $tests || give_up "$1" "does not compile: $(cat "$scratch/log")"
        # shellcheck disable=SC2086
        ! pass $tests || caught=false
    fi
    if $caught; then
        echo "$number caught: $1$how"
    else
        survivors=$((survivors + 1))
        echo "$number SURVIVES: $1 ($2)"
    fi
    cp "$scratch/kept" "$file"
}

# A copy of the sources, in which the tests pass.
prepare() {
    for part in CMakeLists.txt cmake include src tests; do
        cp -R "$root/$part" "$scratch/"
    done
    mkdir "$scratch/fuzz" "$scratch/examples"
    : >"$scratch/fuzz/CMakeLists.txt" && : >"$scratch/examples/CMakeLists.txt"
    # Kernels are built for each fault, and most are caught at once: what counts is how long they compile.
    echo 'target_compile_options(weir_ops PRIVATE -O0 -w)' >>"$scratch/src/ops/CMakeLists.txt"
    cmake -S "$scratch" -B "$scratch/build" -DWEIR_LAB=OFF -DWEIR_BENCH=OFF -DCMAKE_BUILD_TYPE=Debug >/dev/null
    # shellcheck disable=SC2086 # one word a test
    if ! build $tests || ! pass $tests; then
        cat "$scratch/log" >&2
        echo "mutate: the tests must pass before anything is broken" >&2
        exit 2
    fi
}
if $only_texts; then
    cp -R "$root/src" "$scratch/"
else
    prepare
fi

stats=src/ops/norm_stats.h forward=src/ops/norm_forward_body.h rows=src/ops/norm_rows_body.h
operand=src/ops/row_operand.h writer=src/ops/row_write_body.h
settle=src/ops/norm_group_body.h sums=src/ops/norm_back_group_body.h
words=src/ops/norm_words.h backward=src/ops/norm_backward_body.h tasks=src/ops/norm_tasks.c
check=src/ops/norm_check.c operands=src/ops/operands.c squash=src/ops/squash_body.h

by norm_ops_check
mutant "last column not measured" $stats 'for (int k = 0; j < end; j += VF_LANES, k++)' 'for (int k = 0; j + 1 < end; j += VF_LANES, k++)'
mutant "absent lanes not at the shift" $stats 'if (n < VF_LANES) a = vf_select(vf_first(n), a, shift)' 'if (n < 0) a = shift'
mutant "variance about the shift not centred" $stats 'vd_fold_row(square) / n - offset * offset' 'vd_fold_row(square) / n'
mutant "shift not of the summed row" $stats '*source_piece(src, 0, 1, room)' '((src->x_type == WEIR_F32) ? *(const float *)src->x : *source_piece(src, 0, 1, room))'
mutant "large mean not noticed" $stats '!(mean * mean <= 4 * var)' '!(mean * mean <= 0x1p60 * var)'
mutant "eps dropped" $stats 'rule == WEIR_RSTD_MEAN ? v + eps : v' 'v'
mutant "no rstd for rows without variance" $stats 'under == 0 ? 0 : 1 / under' '1 / under'
mutant "clamp ignored" $stats 'rule == WEIR_RSTD_CLAMP && root < eps' 'rule == WEIR_RSTD_CLAMP && root < 0'
mutant "rstd out of range not noticed" $stats '!(stats->rstd >= RSTD_MIN && stats->rstd <= RSTD_MAX)' '!(stats->rstd >= 0)'
mutant "low part of the mean dropped in double" $stats 'w.lo = vd_sub(vd_sub(w.lo, hi), lo)' 'w.lo = vd_sub(w.lo, hi)'
mutant "low part of the mean dropped" $operand '(float)(-stats->mean_lo * (double)rstd)' '0'
mutant "sums of a row without its last group of lanes" $forward 'for (; i < measured; i += WEIR_LANES)' 'for (; i + WEIR_LANES < measured; i += WEIR_LANES)'
mutant "row begun with the sums of another" $forward 's->begins = read->col == 0' 's->begins = false'
mutant "row ended before its last piece" $forward 's->ends = s->measured > 0 && end == job->measured' 's->ends = s->measured > 0'
mutant "row ended once more by a piece that is not measured" $forward 's->ends = s->measured > 0 && end == job->measured' 's->ends = end == job->measured'
mutant "tail of a row not in its sums" $forward 'if (s.ends && (in_parts || measured < s.measured))' 'if (s.ends && in_parts)'
mutant "sums in parts not begun anew" $forward 'if (s.begins) clear(s.m)' 'if (0) clear(s.m)'
mutant "alpha dropped from the sum" $operand 'vf_add(vf_mul(vf_set1(src->alpha), residual), x)' 'vf_add(residual, x)'
mutant "alpha dropped from the sum of mixed types" $operand 'sum_of(src, vf_load(x + i), vf_load(r + i))' 'vf_add(vf_load(r + i), vf_load(x + i))'
mutant "last columns of the sum of mixed types left out" $operand 'if (i < n) {' 'if (0) {'
mutant "next row of whole groups by another stride" $forward 's->write.x = at(s->write.x, k.type, job->ldx)' 's->write.x = at(s->write.x, k.type, job->ldy)'
mutant "residual of whole groups stays" $forward 's->write.residual = at(s->write.residual, k.type, job->ldr)' 's->write.residual = at(s->write.residual, k.type, 0)'
mutant "whole groups that are measured in part" $forward 'piece == job->dim && piece == job->measured' 'piece == job->dim'
mutant "mean_lo written wrong" $operand 'job->mean_lo[i] = (float)stats->mean_lo' 'job->mean_lo[i] = 0'
mutant "variance by dim - 1" $settle 'g->var[r] /= n' 'g->var[r] /= n > 1 ? n - 1 : 1'
mutant "variance of a group not centred" $settle 'g->var[r] -= g->mean[r] * g->mean[r]' 'g->var[r] -= 0'
mutant "low part of the mean of a group dropped" $settle '(float)(-g->mean_lo[r] * (double)(float)g->rstd[r])' '0'
mutant "large mean in a group not noticed" $settle 'g->far |= is_far_from_zero' 'g->far |= 0 && is_far_from_zero'
mutant "large mean of the last row of a group not noticed" $settle 'for (int r = 0; r < WEIR_ROW_GROUP; r++) g->far' 'for (int r = 0; r < WEIR_ROW_GROUP - 1; r++) g->far'
mutant "eps of a group dropped" $settle 'job->rule == WEIR_RSTD_MEAN ? job->eps : 0' '0'
mutant "clamp of a group ignored" $settle 'root < least ? least : root' 'root'
mutant "L2Norm of a group by the mean" $settle 'job->rule == WEIR_RSTD_MEAN ? 1 : (double)job->measured' '1'
mutant "given moments ignored" $settle 'g->far = job->moments != NULL' 'g->far = false'
mutant "variance not centred" $rows '/ n - mean * mean' '/ n'
mutant "L2Norm by the mean" $rows 's->var * (double)job->measured' 's->var'
mutant "all columns of a partial norm measured" $forward 'piece_end(read, job->measured, piece)' 'piece_end(read, job->dim, piece)'
mutant "tail of y dropped" $forward 'for (; i < s.written; i += VF_LANES)' 'for (; i + VF_LANES <= s.written; i += VF_LANES)'
mutant "beta subtracted" $forward 'vf_mul_add(xhat, gain, load_of(WEIR_F32, a->beta, i, n))' 'vf_sub(vf_mul(xhat, gain), load_of(WEIR_F32, a->beta, i, n))'
mutant "y rounded twice" $forward 'vf_mul_add(xhat, gain, load_of(WEIR_F32, a->beta, i, n))' 'vf_add(vf_mul(xhat, gain), load_of(WEIR_F32, a->beta, i, n))'
mutant "sum written in the tail is x" $forward 'store_of(k.type, to_do->to.sum, j, s, n, to_do->to.stream)' 'store_of(k.type, to_do->to.sum, j, load_of(k.type, to_do->write.x, j, n), n, false)'
mutant "sum written is y" $forward 'to_do->to.sum, to_do->at + i, s,' 'to_do->to.sum, to_do->at + i, y,'
mutant "row finished with the statistics of another" $forward 's.by = scale_in(done, r, k)' 's.by = scale_in(done, 0, k)'
mutant "groups written in the order of settling" $forward 'done = waits;' 'done = next;'
mutant "rare row taken for ordinary" $settle 'g->rare = true' 'g->rare = false'
mutant "rare row alone of its group" $forward 'done->first, done->first + done->rows, k.centred' 'done->first, done->first + 1, k.centred'
mutant "gamma_offset dropped" $words 'gamma && offset != 0' 'gamma && offset > 2'
mutant "offset taken for none" $words 'if (is_plain(gamma, type, scalar) && offset == 0)' 'if (is_plain(gamma, type, scalar))'
mutant "absent lanes of a tail stored" $words 'if (n < VF_LANES)' 'if (n < 2)'
mutant "dsum dropped" $backward 'if (k.plain || !row->at.dsum) return' 'if (1) return'
mutant "alpha dropped from dresidual" $backward 'vf_mul(vf_set1(alpha), dx[0])' 'dx[0]'
mutant "mean(g) added" $sums 'g->less_g[r] = (float)-sum_g[r]' 'g->less_g[r] = (float)sum_g[r]'
mutant "xhat dropped from dx" $backward 'vf_mul_add(xhat, vf_set1(row->less_gx), g)' 'vf_add(vf_set1(row->less_gx), g)'
mutant "rstd dropped from dx" $backward 'return vf_mul(vf_set1(row->by.rstd), dx)' 'return dx'
mutant "rstd dropped from dx beside dsum" $backward 'vf_mul_add(vf_set1(row->by.rstd), dx,' 'vf_mul_add(vf_set1(1), dx,'
mutant "low part of the mean dropped in backward" $sums 'g->offset[r] = by.offset' 'g->offset[r] = 0'
mutant "column sums assigned, not added" $backward 'has_gamma ? load_of(WEIR_F32, to_gamma, i, at.n) : vf_zero()' 'vf_zero()'
mutant "second pair of rows in the place of the first" $backward 'all_gamma[v] = vf_add(all_gamma[v], dgamma[v])' 'all_gamma[v] = dgamma[v]'
mutant "tail of a chunk not in the sum of g xhat" $sums 'c = rest;' ''
mutant "second row of a pair left out" $backward 'if (rows > 1) back_vectors' 'if (rows > 4) back_vectors'
mutant "both rows of a pair are the first" $backward 'back_row_of(job, given, first + r, j, t, k)' 'back_row_of(job, given, first, j, t, k)'
mutant "second pair of a group is the first" $backward 'back_row_of(job, given, first + r, j, t, k)' 'back_row_of(job, given, r, j, t, k)'
mutant "last of an odd number of rows left out" $backward 'if (r < g->rows) finish_rows' 'if (0) finish_rows'
mutant "dsum of another type taken for f32" src/ops/back_operand.h 'if (row->dsum) f.dsum =' 'if (0) f.dsum ='
mutant "dresidual of another type not written" src/ops/back_operand.h 'if (floats->dresidual != row->dresidual)' 'if (0)'
mutant "sums of all pieces in the columns of the first" src/ops/back_operand.h 'sums[k] + j' 'sums[k]'
mutant "rows of mixed types in one room" $backward '&room[r]' '&room[0]'
mutant "all chunks of a row are the first" $sums 'back_operands_at(job, g->first + r, j, t)' 'back_operands_at(job, g->first + r, 0, t)'
mutant "dresidual taken for none" $backward '!job->dsum && !job->dresidual &&' '!job->dsum &&'
mutant "absent lanes in the sum of g xhat" $sums 'if (n < VF_LANES) xhat =' 'if (n < 0) xhat ='
mutant "gamma dropped from dx" $backward 'vf_mul_add(dy, gain, vf_set1(row->less_g)) : vf_mul(dy, gain)' 'vf_add(dy, vf_set1(row->less_g)) : dy'
mutant "unmeasured columns have a part in rstd" $backward 'if (at.inside < n)' 'if (0)'
mutant "column where measuring ends has a part in rstd" $backward 'part_of(measured - at.i) : 0' 'VF_LANES : 0'
mutant "partial sums by all columns" $sums 'n = (double)job->measured;' 'n = (double)job->dim;'
mutant "clamped rows have a gradient through rstd" $sums 'rstd == (float)(1 / job->eps) ? 0 : gx' 'gx'
mutant "mixed types taken for the first" src/ops/norm.c 'if (type && mats[i]->type != type) return WEIR_MIXED' 'if (type && mats[i]->type != type) break'
mutant "f16 read as bf16" $words 'vf_load_f16(halves) : vf_load_f16_n(halves, n)' 'vf_load_bf16(halves) : vf_load_f16_n(halves, n)'
mutant "tail of bf16 written as f16" $words 'vf_store_bf16_n(halves, a, n)' 'vf_store_f16_n(halves, a, n)'
mutant "gamma of 16 bits taken for f32" $words 'data && type == WEIR_F32 && !scalar' 'data && !scalar'

by norm_types_check
mutant "a fused sum without its term" src/simd/simd_scalar.h 'double sum = product + term;' 'double sum = product;'
mutant "bf16 cut off" src/simd/simd_scalar.h '(bits + 0x7fff + (bits >> 16 & 1)) >> 16' 'bits >> 16'
mutant "ties of f16 away from 0" src/simd/simd_scalar.h '0xfff + (rest >> 13 & 1)' '0x1000'
mutant "small f16 cut off" src/simd/simd_scalar.h 'rest < 0x38800000' 'rest < 0x38000000'

by norm_groups_check
mutant "all groups have gamma of their own" $tasks 'return s->gamma_dim == s->dim ? group * s->width : 0' 'return group * s->width'
mutant "groups with own gamma taken for rows" $tasks '(!job->gamma || s->gamma_dim != s->dim)' '(!job->gamma || s->gamma_dim != 0)'
mutant "groups of padded rows taken for rows" $tasks 'job->ldx == s->dim' 'job->ldx >= s->dim'
mutant "statistics of groups in one place" $tasks 'if (job.rstd) job.rstd += g' ''
mutant "column sums of groups in one place" $tasks 'out + g * s->width : NULL' 'out : NULL'
mutant "some rows of groups left out" $tasks 'i < end; i += GROUPED_ROWS)' 'i < end; i += GROUPED_ROWS + 1)'
mutant "first column not in a shared sum" $tasks 'for (int64_t i = j; i < dim; i += period)' 'for (int64_t i = j + period; i < dim; i += period)'
mutant "scalar gamma read along the row" $words 'widen_piece(type, data, 0, 1, &absent)' 'widen_piece(type, data, j, 1, &absent)'
mutant "groups of two taken for single columns" $check 's->gamma_dim == 1 && s->width > 1' 's->gamma_dim == 1 && s->width > 2'

by norm_rounding_check
mutant "xhat not rounded" $writer 'if (job->rounding & WEIR_ROUND_XHAT)' 'if (0)'
mutant "xhat rounded to the type of y" $writer 'round_to(job->x_type, v[k])' 'round_to(job->y_type, v[k])'
mutant "sum not rounded" $operand 'round = job->rounding & WEIR_ROUND_SUM' 'round = 0'
mutant "sum rounded to the type of x, though written" $operand 'job->sum ? job->sum_type' 'job->sum ? job->x_type'
mutant "habits ignored by the kernels of one type" src/ops/norm.c 'norm->rounding == WEIR_ROUND_ONCE ||' 'norm->rounding != 9 ||'

by norm_quantum_check
mutant "codes up to 128" $writer '127.0F : 448.0F' '128.0F : 448.0F'
mutant "least scale ignored" $writer 'if (scale < job->scale_min)' 'if (0)'
mutant "largest scale ignored" $writer 'job->scale_max > 0 && scale' '0 && scale'
mutant "codes not clamped" $writer 'vf_min(limit, vf_mul(y, per_unit))' 'vf_mul(y, per_unit)'
mutant "NaN gets a scale" $writer 'vm_any(vf_isnan(most)) ? NAN : vf_fold_max(most)' 'vf_fold_max(most)'
mutant "infinity gets a scale" $writer 'if (!(max <= FLT_MAX)) return NAN' 'if (isnan(max)) return NAN'
mutant "scales of groups in one place" $writer 'job->y_scale[i * job->ld_stats]' 'job->y_scale[i]'
mutant "what lies behind the last column has a part in the scale" $writer 'n < VF_LANES ? vf_select(vf_first(n), v[k], most) : v[k]' 'v[k]'
mutant "divided by the scale" $writer 'vf_mul(y, per_unit)' 'vf_div(y, vf_div(vf_set1(1), per_unit))'
mutant "y of all pieces of a row of codes in one place" $writer 'once ? y + j : y' 'y'
mutant "sum of a row of codes written before its second reading" $writer 's_piece(job, row, j, n, room, once)' 's_piece(job, row, j, n, room, true)'
mutant "y of a row of codes not had once more" $writer 'y_piece(job, row, stats, s, j, n, y, vf_zero(), centred);' '(void)s;'
mutant "gamma of the first piece for all of a row of codes" $writer 'a = affine_of(job, room, j, n, true)' 'a = affine_of(job, room, 0, n, true)'
mutant "ties of e4m3 away from 0" src/simd/simd_scalar.h '0x7ffff + (rest >> 20 & 1)' '0x80000'
mutant "small e4m3 cut off" src/simd/simd_scalar.h 'rest < 0x3c800000' 'rest < 0x3c000000'

by norm_split_check
mutant "merging forgets how far means are apart" src/ops/norm.c 'apart * apart * (a.count * share)' '0'
mutant "nothing merged with nothing is no number" src/ops/norm.c 'if (count == 0) continue' ''
mutant "merged mean between the means" src/ops/norm.c 'a.mean + apart * share' '(a.mean + b.mean) / 2'
mutant "sums assigned, not merged" src/ops/norm.c 'into[i].gx += from[i].gx' 'into[i].gx = from[i].gx'
mutant "mean found without the shift" $rows 'v.shift + v.offset, v.var * n' 'v.offset, v.var * n'
mutant "given moments not divided" $rows 'm->m2 / m->count : m->m2' 'm->m2 : m->m2'
mutant "columns of the part for those of the row" $sums '(float)-(m.g / m.count)' '(float)-(m.g / (double)job->measured)'
mutant "given sum of g xhat ignored" $sums 'gx_share(job, g->rstd[r], m.gx, m.count)' '0'
mutant "L2Norm of a part by the mean" $rows 'm->m2 / m->count : m->m2' 'm->m2 / m->count : m->m2 / m->count'

by norm_pieces_check
mutant "gamma of the first piece for all" $forward 'affine_of(job, room, j, columns, k.centred)' 'affine_of(job, room, 0, columns, k.centred)'
mutant "cursor stops at the end of a row" $words 'if (c->col >= dim)' 'if (c->col > dim)'
mutant "last piece too long" $words 'return dim - c->col < piece ? dim : c->col + piece' 'return c->col + piece'
mutant "wide pieces that are no multiple of the lanes" $words 'PIECE = 1024' 'PIECE = 1032'
mutant "streaming to rows off the cache lines" src/ops/norm.c '(uintptr_t)out->data % 64 == 0 &&' ''

by norm_order_check
mutant "last block of rows not folded" $tasks 'b + step < t->blocks; b' 'b + step + 1 < t->blocks; b'
mutant "folded sums assigned" $tasks 'into[j] += from[j]' 'into[j] = from[j]'
mutant "partial sums not cleared" $tasks 'if (top) memset(top, 0,' 'if (first < 0) memset(top, 0,'
mutant "first row of a task skipped" $tasks 'const int64_t first = index * t->span, end' 'const int64_t first = index * t->span + (index > 0), end'
mutant "all but the first block of a task left out" $tasks 'first += WEIR_ROW_BLOCK, n++)' 'first += t->span, n++)'
mutant "sums of equally many blocks left on the stack" $tasks 'odd & 1; odd >>= 1' 'odd == 1; odd >>= 1'
mutant "sums left on the stack not added" $tasks 'for (; height > 1; height--)' 'for (; height < 0; height--)'
mutant "tasks of backward that are no subtrees" $tasks 'span < s->rows) span *= 2' 'span < s->rows) span += WEIR_ROW_BLOCK'
mutant "a call that allocates" $tasks 'bool wanted = false;' 'extern void *malloc(size_t); bool wanted = malloc(8) == NULL;'

by norm_overlap_check
mutant "dx may be x" $check 'weir_add_mat(&o, "x", &args->x, WEIR_FLOAT_TYPES, WEIR_INPUT' 'weir_add_mat(&o, "x", &args->x, WEIR_FLOAT_TYPES, WEIR_SOURCE'
mutant "in place with another stride" $operands 'a->pitch == b->pitch && a->type' 'a->type'
mutant "in place with another type" $operands ' && a->type == b->type' ''
mutant "touching slices refused" $operands 'a->pitch - shift >= high->row_bytes' 'a->pitch - shift > high->row_bytes'
mutant "slices that wrap round" $operands 'return shift >= low->row_bytes && ' 'return shift >= low->row_bytes || '
mutant "alignment not looked at" $operands 'if (region.data % align)' 'if (0)'
mutant "mean_lo not among the outputs" $check '"mean_lo", args->mean_lo, stats, f32, f32, WEIR_OUTPUT' '"mean_lo", args->mean_lo, stats, f32, f32, WEIR_INPUT'
mutant "statistics of one group" $check '(uint64_t)s->rows * (uint64_t)s->groups' '(uint64_t)s->rows'
mutant "workspace off the cache lines" $check 'WORKSPACE_ALIGN = 64' 'WORKSPACE_ALIGN = 32'

by norm_errors_check
mutant "size of a matrix overflows" $operands '__builtin_mul_overflow(o->rows - 1, pitch, &bytes)' '(bytes = (int64_t)((uint64_t)(o->rows - 1) * (uint64_t)pitch), 0)'
mutant "workspace may be small" $check 'args->workspace_bytes < need' 'args->workspace_bytes + 1 < need'
mutant "NaN passes as eps" $check '!(norm->eps >= 0) || !isfinite(norm->eps)' 'norm->eps < 0 || isinf(norm->eps)'
mutant "gamma_offset beyond f32" $check 'isfinite((float)value)' 'isfinite(value)'
mutant "only the first reserved field is looked at" $check 'if (norm->reserved[i])' 'if (norm->reserved[0])'
mutant "gamma_dim need not be a group" $check ' && s->gamma_dim != s->width' ''
mutant "one measured column too many" $check 'partial > width)' 'partial > width + 1)'
mutant "a scale without reciprocal" $check '!(least >= 0x1p-126F)' '!(least >= 0)'
mutant "codes without a scale" $check 'WEIR_TRY(demand(args->y_scale, "y_scale", err));' ''
mutant "measuring may be given y" $check '{args->y.data, "y"},' '{NULL, "y"},'
mutant "message names another operand" $check 'demand(args->mean_lo, "mean_lo", err)' 'demand(args->mean_lo, "mean", err)'

by norm_ops_check
on 'avx2|asimd'
mutant "ceiling ignored" src/simd/cpu.c '(cap < best ? cap : best)' 'best'
on avx2
mutant "row wired to another kernel" src/ops/kernels.def 'WEIR_KERNEL(LAYERNORM, AVX2, layernorm, avx2)' 'WEIR_KERNEL(LAYERNORM, AVX2, rmsnorm, avx2)'
mutant "AVX2 mask off by one" src/simd/simd_avx2.h '_mm256_set1_epi32(n), _mm256_setr' '_mm256_set1_epi32(n + 1), _mm256_setr'
mutant "second of two bf16 vectors of AVX2 is the first" src/simd/simd_avx2.h 'bf16_of_two(a[2 * i], a[2 * i + 1]));' 'bf16_of_two(a[2 * i], a[2 * i]));'
mutant "AVX2 multiplies and adds in another order" src/simd/simd_avx2.h 'return _mm256_add_pd(a, b);' 'return _mm256_sub_pd(b, _mm256_sub_pd(_mm256_set1_pd(0x1p-60), a));'
by words_check
mutant "NaNs in two vectors of bf16 not looked for by AVX2" src/simd/simd_avx2.h '_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q)) != 0' '0'
by norm_ops_check
on avx512bw
mutant "row wired to another set" src/ops/kernels.def 'WEIR_KERNEL(RMSNORM, AVX512, rmsnorm, avx512)' 'WEIR_KERNEL(RMSNORM, AVX512, rmsnorm, scalar)'
mutant "sums of bf16 not put in order" $stats 'if (centred) vd_in_order(m->first);' ''
mutant "AVX-512 drifts by 2^-30" src/simd/simd_avx512.h 'return _mm512_mul_pd(a, b);' 'return _mm512_mul_pd(_mm512_mul_pd(a, b), _mm512_set1_pd(1 + 0x1p-30));'
mutant "halves swapped" src/simd/simd_avx512.h 'return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));' 'return _mm512_cvtps_pd(_mm512_castps512_ps256(a));'
on avx512_bf16
mutant "subnormals of bf16 in a second vector taken for 0" src/simd/simd_avx512.h '!_kortestz_mask16_u8(subnormals(a[0]), subnormals(a[1]))' 'subnormals(a[0])'
mutant "subnormals of the last bf16 of a row taken for 0" src/simd/simd_avx512.h 'subnormals(a) != 0' '0'
mutant "row wired to the set without rounding" src/ops/kernels.def 'WEIR_BF16_KERNEL(RMSNORM, AVX512BF16, rmsnorm, avx512bf16, avx512)' 'WEIR_BF16_KERNEL(RMSNORM, AVX512BF16, rmsnorm, avx512, avx512)'
mutant "rare rows of bf16 by another norm" src/ops/norm_rows_body.h 'WEIR_REST_NAME(layernorm_fwd_mixed)(job, first, end)' 'WEIR_REST_NAME(rmsnorm_fwd_mixed)(job, first, end)'
mutant "second vector of bf16 is the first" $backward '{at.i + v * VF_LANES, at.n' '{at.i, at.n'
mutant "gain of the second vector of bf16 is that of the first" $backward 'load_of(WEIR_F32, gain, i, at.n)' 'load_of(WEIR_F32, gain, at.i, at.n)'
mutant "last rows of bf16 by another norm" $backward 'WEIR_REST_NAME(layernorm_bwd_mixed)(job, first, end, sums)' 'WEIR_REST_NAME(rmsnorm_bwd_mixed)(job, first, end, sums)'
on ''

by norm_ops_check
mutant "last columns of a row without y" $squash 'for (; i < end; i += VF_LANES)' 'for (; i + VF_LANES <= end; i += VF_LANES)'
mutant "slope dropped" $squash 'vf_mul(vf_mul(dy, load_of(WEIR_F32, gain, i, n)), slope[r])' 'vf_mul(dy, load_of(WEIR_F32, gain, i, n))'
mutant "scale dropped from dx" $squash 'vf dx = vf_mul(g, vf_set1(job->scale))' 'vf dx = g'
mutant "dscale by the function, not by s" $squash 'vf_mul(g, s[r])' 'vf_mul(g, z[r])'
mutant "second row of a pair left out" $squash 'squash_back_piece(job, i, BACK_GROUP, gain' 'squash_back_piece(job, i, 1, gain'
mutant "last of an odd number of rows left out" $squash 'if (i < end) squash_back_piece(job, i, 1' 'if (i < 0) squash_back_piece(job, i, 1'

by norm_props_check
mutant "oracle: variance by dim + 1" src/ops/oracle.c 'sum / (double)p->measured + p->norm->eps' 'sum / (double)(p->measured + 1) + p->norm->eps'
mutant "oracle: sum of g x" src/ops/oracle.c 'sum_gx += g * (x[j] - mean) * rstd' 'sum_gx += g * (x[j] - mean)'
mutant "oracle: dsum not scaled by alpha" src/ops/oracle.c 'dresidual[j] = args->alpha * ds' 'dresidual[j] = args->alpha * (ds - (dsum ? dsum[j] : 0))'
mutant "oracle: gamma of the first group for all" src/ops/oracle.c '(p->at + j) % dim' 'j % dim'

if $only_texts; then
    echo "all of $number faults have their places"
    exit
fi
if [ "$tried" -eq 0 ]; then
    echo "mutate: there is no fault to try among $number" >&2
    exit 2
fi
echo "$((tried - survivors)) of $tried caught"
[ "$survivors" -eq 0 ]
