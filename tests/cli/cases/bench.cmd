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
weir bench $small --out no/such/page.html --quiet 2>&1 >made
echo "status $?"
env --default-signal=INT weir bench --op rmsnorm --type f32 >stopped.out 2>stopped.err &
until_lines stopped.err 1
kill -INT $!
wait $! 2>killed
echo "INT: status $?"
tail -n 1 stopped.err
