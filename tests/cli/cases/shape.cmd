says weir probe --depth 0
says weir compare --out x --depth 6,0
out="--out x --quiet"
says weir train $out --width 9
says weir train $out --heads 4 --kv-heads 3
says weir train $out --width 12 --pos rotary
says weir train $out --batch 2 --micro-batches 3
says weir train $out --lr 1e-3 --min-lr 1e-2
says weir train $out --vocab 1
says weir train $out --vocab 65
says weir train $out --val-frac 1 --data synthetic
says weir probe --depth 2,4 --width 8,9
ls -d x 2>&1
