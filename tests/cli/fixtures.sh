# shellcheck shell=sh disable=SC2034,SC2317 # used by the cases
# fixtures.sh - what every case finds: words for small networks, and functions. Read by run.sh.

# A network and a run so small that a case takes milliseconds.
net="--depth 1 --width 8 --heads 2 --ctx 8 --batch 2 --threads 1"
run="$net --steps 4 --quiet"

# layout TEXT: writes ./mine.layout.
layout() { printf '%b\n' "$1" >mine.layout; }

# says COMMAND...: prints the command, all that it says on either stream, and its exit status.
says() {
    echo "\$ $*"
    "$@" 2>&1
    echo "status $?"
}

# unprivileged COMMAND...: with permissions that hold; root's hold only where it has given up to override them.
unprivileged() {
    if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
        weir() { setpriv --bounding-set=-dac_override,-dac_read_search weir "$@"; }
    fi
    "$@"
}

# text BYTES: that much text, the same each time.
text() {
    awk -v n="$1" 'BEGIN { srand(7); for (i = 1; i <= n; i++) printf "%s", i % 60 ? substr("etaoin shrdlu", i * i * 7 % 13 + 1, 1) : "\n" }'
}

# numbers: # for what depends on the BLAS's last bits.
numbers() { sed -E 's/ *-?[0-9]+\.[0-9]+(e[-+]?[0-9]+)?/ #/g'; }

# same_run A B: whether two folders hold the same bits: the steps without their seconds, the layers, the checkpoint.
same_run() {
    sed 's/, "seconds": [0-9.]*}//' "$1/steps.jsonl" >steps.1
    sed 's/, "seconds": [0-9.]*}//' "$2/steps.jsonl" | cmp steps.1 - || return
    cmp "$1/layers.jsonl" "$2/layers.jsonl" || return
    cmp "$1/checkpoint/state.safetensors" "$2/checkpoint/state.safetensors" || return
    echo "the same bits"
}

# halves FOLDER: files left half-written.
halves() { find "$1" -name '*.tmp*'; }

# flip FILE OFFSET: turns one bit over.
flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# until_line FILE N: waits until the file has N lines, at most 20 seconds.
until_lines() {
    tries=0
    until [ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 2000 ] || return 1
        sleep 0.01
    done
}
