weir compare $run --layout pre,post --out s >made
says weir sample s
says weir sample missing
says weir sample s/runs/pre-d1 --length 0
weir sample s/runs/pre-d1 --length 3 | wc -w | tr -d " "
text 4000 >book.txt
weir train $run --data book.txt --out a >made
weir sample a --prompt etaoin --length 10 --temperature 0 | head -c 6
echo
weir sample a --seed 1 >one
weir sample a --seed 1 | cmp one - && echo the same seed, the same text
weir sample a --seed 2 | cmp -s one - || echo another seed, another text
