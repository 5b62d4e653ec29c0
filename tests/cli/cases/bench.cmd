# bench.cmd: norms beside copies, of a shape so small that it takes no time; times and caches are left out.
small="--shape 3x5,2x8 --op rmsnorm --type f32 --pass forward,residual --threads 1 --isa scalar --rounds 2"
# plain: what does not depend on the machine.
plain() { sed -E '1s/.*/MACHINE/; s/in L1|unknown/CACHED/' | numbers; }
values() { sed -E '/"(weir|command|cpu|cores|l[123]|cached|seconds|gbps|fraction|loop)":/s/: .*/: #/'; }

weir bench $small --out page.html 2>progress | plain
cat progress
grep -c '<rect' page.html
weir bench $small --shape 3x5,3x5 --op rmsnorm,rmsnorm --json --quiet | values
says weir bench --shape 1000000000x1000000000 --quiet
# What cannot be written is told before anything is measured.
mkdir folder
for page in no/such/page.html folder; do
    weir bench --out $page 2>&1
    echo "status $?"
done
for how in "" --json; do
    weir bench $how 2>&1 >/dev/full
    echo "status $?"
    weir bench $how 2>&1 >&-
    echo "status $?"
done
# stop LINES OPTIONS...: interrupts it when the so-many-th shape has begun.
stop() {
    lines=$1
    shift
    rm -f stopped.* # a file of the last one has its lines already
    env --default-signal=INT weir bench --op rmsnorm --type f32 --pass forward --threads 1 --isa scalar \
        --rounds 20 --shape 3x5,16384x1024 "$@" >stopped.out 2>stopped.err & # which a shell ignores in the background
    until_lines stopped.err "$lines"
    kill -INT $!
    wait $! 2>killed
    echo "INT: status $?"
    tail -n 1 stopped.err
}
stop 1 --out stopped.html
plain <stopped.out
[ ! -e stopped.html ] || echo "a page of nothing"
stop 2 --out stopped.html
plain <stopped.out
grep -o 'Interrupted when[^.]*' stopped.html
grep -c '<rect' stopped.html
stop 2 --out stopped.html --json
grep -E '"(interrupted|rows|report)"' stopped.out
halves .
