# Ctrl-C, and kills that nobody can catch, cost at most the steps since the last checkpoint, and not one bit.
long="--depth 1 --width 8 --heads 2 --ctx 8 --batch 2 --threads 2 --steps 3000 --checkpoint-every 100 --quiet"
weir train $long --out whole >made
# stop SIGNAL FILE LINES COMMAND...: sends the signal when the file has so many lines; prints the exit status.
stop() {
    signal=$1 file=$2 lines=$3
    shift 3
    env --default-signal=INT "$@" >stopped.out 2>stopped.err & # which a shell ignores in the background
    until_lines "$file" "$lines"
    kill -"$signal" $!
    wait $! 2>killed
    echo "$signal: status $?"
    cat stopped.err
}
ended() { [ "$(wc -l <"$1")" -lt 3000 ] || echo "$1: ended before it was stopped"; }

for signal in INT TERM HUP KILL; do
    rm -rf a
    stop $signal a/steps.jsonl 150 weir train $long --out a
    ended a/steps.jsonl
    stop $signal a/steps.jsonl 700 weir train --resume a --threads 1 --quiet
    ended a/steps.jsonl
    weir train --resume a --quiet >made
    same_run whole a
    halves a
done
for signal in INT KILL; do
    rm -rf s
    stop $signal s/runs/pre-d1/steps.jsonl 150 weir compare $long --layout post,pre,deepnorm --out s
    ended s/runs/pre-d1/steps.jsonl
    [ $signal = KILL ] || [ -s s/report.html ] || echo "no report"
    weir compare $long --layout post,pre,deepnorm --out s >made
    sed 's/ loss.*//' made
    same_run whole s/runs/pre-d1
    halves s
done
