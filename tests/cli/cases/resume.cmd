text 4000 >book.txt
weir train $run --out a >made
says weir train --resume a --quiet | numbers
says weir train --resume a --lr 0.5
says weir train --resume a --depth 2
says weir train --resume a --layout post
says weir train --resume a --data book.txt
says weir train --resume a --steps 2
says weir train --resume a --out b
says weir train --resume missing
says weir train --resume a --steps 6 --quiet | numbers
weir train $run --steps 6 --out b >made
cmp a/checkpoint/state.safetensors b/checkpoint/state.safetensors && echo the same weights
cp -r a c
echo '{' >c/run.json
says weir train --resume c
rm c/run.json
says weir train --resume c
