# A file may not grow over one block of ulimit's: the checkpoint does not fit, and later it does.
wide="--depth 1 --width 64 --heads 2 --ctx 8 --batch 2 --threads 1 --steps 4 --quiet"
(
    ulimit -f 8
    says weir train $wide --out a
)
halves a
weir train --resume a --quiet >made
weir train $wide --out b >made
same_run a b
(
    ulimit -f 8
    weir compare $wide --layout pre,post --out s >s.out 2>&1
    echo status $?
)
sed 's/  *$//' s.out
weir compare $wide --layout pre,post --out s >made
same_run b s/runs/pre-d1
halves s
(
    ulimit -f 0
    says weir train $wide --out c
    weir layouts 2>&1 >listing
    echo status $?
) | cat
