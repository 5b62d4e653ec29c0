# json.cmd: one object on standard output, and nothing else there.
check() {
    "$@" >out.json
    echo "status $?"
    json_check <out.json
}
check weir layouts --json
check weir layouts post --json --lowered
check weir probe $net --json
check weir train $run --out a --json
check weir compare $run --layout pre,post --out s --json
check weir compare $run --layout pre,post --out s --json
check weir report s --json
check weir sample a --length 3 --json
check weir sample a --length 3 --json --prompt "$(printf '\377')"
odd=$(printf 'caf\351')
check weir train $run --out "$odd" --json
json_check <a/run.json
json_check <a/probe.json
json_check <s/compare.json
cat a/steps.jsonl a/layers.jsonl | while read -r line; do echo "$line" | json_check; done | sort -u
echo '{} {}' | json_check
