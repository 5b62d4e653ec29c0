weir train $run --out a >made
file=checkpoint/state.safetensors
bytes=$(wc -c <a/$file)
# Whatever is cut off or turned over is noticed, and named.
try() {
    # shellcheck disable=SC2086
    for command in "train --quiet --steps 8 --resume" sample; do
        weir $command b >out 2>err
        status=$?
        [ $status = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -q "^weir [a-z]*: .*b/$file: " err && [ ! -s out ] && continue
        echo "$*: $command: status $status"
        cat err
    done
    cmp -s a/run.json b/run.json || echo "$*: run.json was changed"
}
for size in 0 1 7 8 100 1000 $((bytes / 2)) $((bytes - 1)); do
    rm -rf b
    cp -r a b
    head -c "$size" a/$file >b/$file
    try cut to "$size"
done
offset=0
while [ $offset -lt "$bytes" ]; do
    rm -rf b
    cp -r a b
    flip b/$file $offset
    try flipped at $offset
    offset=$((offset + bytes / 24 + 1))
done
rm -rf b
cp -r a b
head -n 2 a/steps.jsonl >b/steps.jsonl
says weir train --resume b --steps 8 --quiet
rm -r b/checkpoint/state.safetensors
says weir sample b
