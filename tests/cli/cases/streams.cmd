# A standard stream that is full, closed, or not read any more.
weir layouts >/dev/full
echo status $?
weir layouts >&-
echo status $?
weir probe $net --json >/dev/full
echo status $?
weir train $run --out a >&-
echo status $?
weir train $net --steps 4 --out b >&- 2>&-
echo status $?
weir train $net --steps 4 --out c 2>/dev/full >made
echo status $?
same_run a b
same_run a c
{
    weir sample a --length 1000000
    echo status $? >status
} | head -c 1 >made
cat status
