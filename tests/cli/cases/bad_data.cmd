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
if [ "$(id -u)" != 0 ]; then
    chmod 0 long.txt
    weir train $run --out x --data long.txt 2>&1 | grep -q '^weir train: long.txt: .*Permission denied$' || echo "unreadable"
fi
ls -d x 2>&1
