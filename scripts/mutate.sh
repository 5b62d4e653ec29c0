#!/bin/sh
# mutate - breaks the norms on purpose, one fault at a time, and demands that the tests find each: mutate.sh [FIRST [LAST]]
#
# A copy of the sources is built in a scratch folder; nothing here is touched. A fault that every test passes is a hole
# in the tests: it is printed, and the script exits with 1. The numbers choose some of the faults.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
first=${1:-1} last=${2:-1000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tests="norm_ops_check norm_order_check norm_errors_check norm_props_check"
number=0 tried=0 survivors=0

build() {
    # shellcheck disable=SC2086 # one word a target
    cmake --build "$scratch/build" --parallel --target $tests >"$scratch/log" 2>&1
}

# Whether all tests pass.
passes() {
    for test in $tests; do
        "$scratch/build/tests/$test" >"$scratch/log" 2>&1 || return 1
    done
}

# One fault: in file $2 the first place of text $3 becomes $4. $1 says what it is.
mutant() {
    number=$((number + 1))
    { [ "$number" -ge "$first" ] && [ "$number" -le "$last" ]; } || return 0
    tried=$((tried + 1))
    file=$scratch/$2
    cp "$file" "$scratch/kept"
    FROM=$3 TO=$4 awk '
    !done && (at = index($0, ENVIRON["FROM"])) {
        $0 = substr($0, 1, at - 1) ENVIRON["TO"] substr($0, at + length(ENVIRON["FROM"]))
        done = 1
    }
    { print }' "$scratch/kept" >"$file"
    if cmp -s "$file" "$scratch/kept"; then
        echo "mutate: $number, $1: \"$3\" is not in $2" >&2
        exit 2
    fi
    if ! build; then
        cat "$scratch/log" >&2
        echo "mutate: $number, $1: does not compile" >&2
        exit 2
    fi
    if passes; then
        survivors=$((survivors + 1))
        echo "$number SURVIVES: $1 ($2)"
    else
        echo "$number caught: $1"
    fi
    cp "$scratch/kept" "$file"
}

for part in CMakeLists.txt cmake include src tests; do
    cp -R "$root/$part" "$scratch/"
done
mkdir "$scratch/fuzz" "$scratch/examples"
: >"$scratch/fuzz/CMakeLists.txt" && : >"$scratch/examples/CMakeLists.txt"
cmake -S "$scratch" -B "$scratch/build" -DWEIR_LAB=OFF -DWEIR_BENCH=OFF -DCMAKE_BUILD_TYPE=Debug >/dev/null
if ! build || ! passes; then
    cat "$scratch/log" >&2
    echo "mutate: the tests must pass before anything is broken" >&2
    exit 2
fi

forward=src/ops/norm_forward_body.h
mutant "tail of y dropped" $forward 'for (; j < dim; j += VF_LANES)' 'for (; j + VF_LANES <= dim; j += VF_LANES)'
mutant "last column not measured" $forward 'k = 0; j < dim; j += VF_LANES, k++' 'k = 0; j + 1 < dim; j += VF_LANES, k++'
mutant "absent lanes not at the shift" $forward 'shifted && n < VF_LANES' 'shifted && n < 0'
mutant "eps dropped" $forward '1 / sqrt(v.var + eps)' '1 / sqrt(v.var)'
mutant "no rstd for rows without variance" $forward 'v.var + eps == 0 ? 0 : ' ''
mutant "variance by dim - 1" $forward 'vd_fold_row(m.second) / n' 'vd_fold_row(m.second) / (n > 1 ? n - 1 : 1)'
mutant "variance not centred" $forward ' - offset * offset' ''
mutant "large mean not noticed" $forward 'v.offset * v.offset <= 4 * v.var' 'v.offset * v.offset <= 0x1p60 * v.var'
mutant "low part of the mean dropped" $forward 'vf_sub(vf_mul(s, rest), vf_set1((float)stats->mean_lo))' 'vf_mul(s, rest)'
mutant "low part of the mean dropped in double" $forward 's.lo = vd_sub(vd_sub(s.lo, hi), lo)' 's.lo = vd_sub(s.lo, hi)'
mutant "mean_lo written wrong" $forward 'job->mean_lo[row] = (float)stats.mean_lo' 'job->mean_lo[row] = 0'
mutant "beta subtracted" $forward 'vf_add(v, load_part(to->beta' 'vf_sub(v, load_part(to->beta'
mutant "alpha dropped from the sum" $forward 'vf_mul(vf_set1(src->alpha), load_part(src->residual + j, n))' 'load_part(src->residual + j, n)'
mutant "shift not of the summed row" $forward 'src->alpha * src->residual[0] + src->x[0]' 'src->x[0]'
mutant "rstd out of range not noticed" $forward 'stats->rstd >= RSTD_MIN && stats->rstd <= RSTD_MAX' 'stats->rstd >= 0'
mutant "offset taken for none" $forward 'to->gamma && to->offset == 0 && ' 'to->gamma && '
mutant "beta taken for given" $forward 'centred == (to->beta != NULL)' 'centred'
mutant "row finished with the statistics of another" $forward '&stats[(i - lag) & lag]' '&stats[0]'
mutant "sum written is x" $forward 'store_part(to->sum + j, s,' 'store_part(to->sum + j, load_part(src->x + j, n),'
mutant "gamma_offset dropped" src/ops/norm_words.h 'offset != 0 ?' 'offset > 2 ?'
mutant "absent lanes of a tail stored" src/ops/norm_words.h 'if (n < VF_LANES)' 'if (n < 2)'

backward=src/ops/norm_backward_body.h
mutant "dsum dropped" $backward 'if (row->dsum) dx' 'if (0) dx'
mutant "alpha dropped from dresidual" $backward 'vf_mul(vf_set1(job->alpha), dx)' 'dx'
mutant "mean(g) added" $backward 'g = vf_sub(g, vf_set1(row->mean_g))' 'g = vf_add(g, vf_set1(row->mean_g))'
mutant "xhat dropped from dx" $backward 'vf_mul(xhat, vf_set1(row->mean_gx))' 'vf_set1(row->mean_gx)'
mutant "rstd dropped from dx" $backward 'vf_mul(vf_set1(row->rstd), vf_sub(g' 'vf_mul(vf_set1(1), vf_sub(g'
mutant "low part of the mean dropped" $backward 'vf_sub(vf_sub(x, vf_set1(row->mean_hi)), vf_set1(row->mean_lo))' 'vf_sub(x, vf_set1(row->mean_hi))'
mutant "dgamma assigned, not added" $backward 'vf_add(load_part(dgamma + j, n), sum_gamma)' 'sum_gamma'
mutant "dbeta assigned, not added" $backward 'vf_add(load_part(dbeta + j, n), sum_beta)' 'sum_beta'
mutant "chunks counted twice" $backward 'part[k] = vf_zero();' ''
mutant "absent lanes in the sum of g xhat" $backward 'if (n < VF_LANES) gx =' 'if (n < 0) gx ='
mutant "gamma dropped from dx" $backward 'return job->gamma ?' 'return job->dy == job->gamma ?'

mutant "last block of rows not folded" src/ops/norm.c 'b + step < call->blocks; b' 'b + step + 1 < call->blocks; b'
mutant "folded sums assigned" src/ops/norm.c 'out[j] += partials[j]' 'out[j] = partials[j]'
mutant "partial sums not cleared" src/ops/norm.c 'memset(partial, 0,' 'if (first < 0) memset(partial, 0,'
mutant "first row of a task skipped" src/ops/norm.c 'call->kernel(&call->job, index * call->split.span,' 'call->kernel(&call->job, index * call->split.span + (index > 0),'
mutant "blocks by the size of a task" src/ops/norm.c 'first += WEIR_ROW_BLOCK) {' 'first += call->split.span) {'
mutant "streaming to rows off the cache lines" src/ops/norm.c 'return !p || (' 'return !p || p || ('

mutant "dx may be x" src/ops/norm_check.c 'add_mat(&o, &args->x, INPUT,' 'add_mat(&o, &args->x, SOURCE,'
mutant "in place with another stride" src/ops/norm_check.c 'a->data == b->data && a->pitch == b->pitch' 'a->data == b->data'
mutant "touching slices refused" src/ops/norm_check.c 'a->pitch - shift >= width' 'a->pitch - shift > width'
mutant "size of a matrix overflows" src/ops/norm_check.c '__builtin_mul_overflow(o->rows - 1, pitch, &bytes)' '(bytes = (int64_t)((uint64_t)(o->rows - 1) * (uint64_t)pitch), 0)'
mutant "workspace may be small" src/ops/norm_check.c 'args->workspace_bytes < need' 'args->workspace_bytes + 1 < need'
mutant "NaN passes as eps" src/ops/norm_check.c '!(norm->eps >= 0) || !isfinite(norm->eps)' 'norm->eps < 0 || isinf(norm->eps)'

mutant "ceiling ignored" src/simd/cpu.c '(cap < best ? cap : best)' 'best'
case $(uname -m) in
x86_64 | amd64)
    mutant "row wired to another kernel" src/ops/kernels.def 'WEIR_KERNEL(LAYERNORM, AVX2, layernorm, avx2)' 'WEIR_KERNEL(LAYERNORM, AVX2, rmsnorm, avx2)'
    mutant "row wired to another set" src/ops/kernels.def 'WEIR_KERNEL(RMSNORM, AVX512, rmsnorm, avx512)' 'WEIR_KERNEL(RMSNORM, AVX512, rmsnorm, scalar)'
    mutant "AVX2 mask off by one" src/simd/simd_avx2.h '_mm256_set1_epi32(n), _mm256_setr' '_mm256_set1_epi32(n + 1), _mm256_setr'
    mutant "AVX-512 drifts by 2^-30" src/simd/simd_avx512.h 'return _mm512_mul_pd(a, b);' 'return _mm512_mul_pd(_mm512_mul_pd(a, b), _mm512_set1_pd(1 + 0x1p-30));'
    mutant "AVX2 multiplies and adds in another order" src/simd/simd_avx2.h 'return _mm256_add_pd(a, b);' 'return _mm256_sub_pd(b, _mm256_sub_pd(_mm256_set1_pd(0x1p-60), a));'
    mutant "halves swapped" src/simd/simd_avx512.h 'return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));' 'return _mm512_cvtps_pd(_mm512_castps512_ps256(a));'
    ;;
esac

mutant "oracle: variance by dim + 1" src/ops/oracle.c 'sum / (double)dim + eps' 'sum / (double)(dim + 1) + eps'
mutant "oracle: mean(g xhat) of g x" src/ops/oracle.c 'mean_gx += g * (x[j] - mean) * rstd' 'mean_gx += g * (x[j] - mean)'
mutant "oracle: dsum not scaled by alpha" src/ops/oracle.c 'dresidual[j] = args->alpha * ds' 'dresidual[j] = args->alpha * (ds - (dsum ? dsum[j] : 0))'

echo "$((tried - survivors)) of $tried caught"
[ "$survivors" -eq 0 ]
