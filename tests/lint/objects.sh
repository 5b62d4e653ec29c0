#!/bin/sh
# objects - what the compiler made of the kernels: objects.sh ROOT BUILT, where BUILT holds the object files of libweir.
# Only a file named for an instruction set holds its instructions, every kernel of a norm has its row in kernels.def, and
# every row its kernel. x86-64 only: on aarch64 the sets differ in their words, not in what the CPU must have. Its rows are
# not looked at.
. "$(dirname "$0")/lib.sh"
built=${2:?usage: $0 ROOT BUILT}
objects=$(list "$built" '*.o')
[ -n "$objects" ] || fault "$built: no object files"
kernels=
for object in $objects; do
    objdump -f "$object" | grep -q x86-64 || continue
    case "$object" in
    *_avx512bf16.c.o) suffix=avx512bf16 wide='^$' ;;
    *_avx512.c.o) suffix=avx512 wide='2bf16' ;;
    *_avx2.c.o) suffix=avx2 wide='%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])' ;;
    *) suffix=scalar wide='%[yz]mm|%k[0-7]|%xmm(1[6-9]|2[0-9]|3[01])' ;;
    esac
    instruction=$(objdump -d --no-show-raw-insn "$object" | grep -m 1 -E "$wide" || true)
    [ -z "$instruction" ] || fault "$object: an instruction above $suffix:$instruction"
    for kernel in $(nm --defined-only "$object" | awk '$2 == "T" && $3 ~ /^weir_k_/ { print $3 }'); do
        kernels="$kernels $kernel"
        [ "${kernel##*_}" = "$suffix" ] || fault "$object: $kernel is in a file for $suffix"
    done
done
[ -n "$kernels" ] || { verdict; exit; }
rows=$(awk -F '[(), ]+' '/^WEIR_KERNEL\(/ && $5 != "neon" {
    split("f32 bf16 f16 mixed", types, " ")
    for (t in types) {
        print "weir_k_" $4 "_fwd_" types[t] "_" $5
        print "weir_k_" $4 "_bwd_" types[t] "_" $5
    }
}
/^WEIR_BF16_KERNEL\(/ {
    print "weir_k_" $4 "_fwd_bf16_" $5
    print "weir_k_" $4 "_bwd_bf16_" $5
}' src/ops/kernels.def)
for kernel in $kernels; do
    echo "$rows" | grep -q -x "$kernel" || fault "$kernel: no row of src/ops/kernels.def"
done
for row in $rows; do
    case " $kernels " in
    *" $row "*) ;;
    *) fault "src/ops/kernels.def: no kernel $row" ;;
    esac
done
verdict
