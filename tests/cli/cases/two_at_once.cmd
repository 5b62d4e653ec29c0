# Two of them in one folder: the second is refused, the first is not disturbed.
long="--depth 1 --width 8 --heads 2 --ctx 8 --batch 2 --threads 2 --steps 3000 --quiet"
weir train $long --out a >made &
until_lines a/steps.jsonl 10
says weir train --resume a
says weir train $long --out a
wait $!
weir compare $long --layout post,pre --out s >made &
until_lines s/runs/pre-d1/steps.jsonl 10
says weir compare --depth 1 --layout post --out s
says weir train --resume s/runs/pre-d1
wait $!
same_run a s/runs/pre-d1
