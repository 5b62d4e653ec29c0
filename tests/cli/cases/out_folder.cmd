weir train $run --out a >made
says weir train $run --out a
weir compare $run --layout pre,post --out s >made
says weir train $run --out s
says weir compare $run --layout pre --out a
says weir compare $run --layout pre,deepnorm --out s
says weir compare $run --layout pre,post --out s --lr 0.5 2>&1
mkdir mine
echo kept >mine/report.html
says weir train $run --out mine
says weir compare $run --out mine
cat mine/report.html
echo kept >file
says weir train $run --out file
says weir compare $run --out file/below
cat file
mkdir book
text 400 >book/a.txt
says weir train $run --data book --out book/runs/a
says weir compare $run --data . --out t
ls book
same_run a s/runs/pre-d1
