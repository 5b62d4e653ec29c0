: >empty.txt
printf x >one.txt
text 40 >short.txt
{ text 4000; printf '\000\001'; } >binary
mkdir no_text
printf '\000' >no_text/image
ln -s nowhere dangling
for data in empty.txt one.txt short.txt binary no_text dangling missing /dev/null; do
    says weir train $run --out x --data $data
done
text 4000 >long.txt
says weir train $run --out x --data long.txt --ctx 500
says weir compare $run --out x --data empty.txt
says weir probe $net --data empty.txt
chmod 0 long.txt
unprivileged says weir train $run --out x --data long.txt
mkdir -m 0 locked
unprivileged says weir train $run --out x --data locked
unprivileged says weir train $run --out locked/x
ls -d x 2>&1
