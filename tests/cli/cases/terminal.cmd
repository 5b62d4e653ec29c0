# On a terminal, one line for each run, redrawn in place.
script -qec true /dev/null >/dev/null 2>&1 || { echo "there is no pseudo-terminal here"; exit 77; }
script -qec "weir compare $net --layout post,pre --steps 2 --out s" log | numbers | tr -d '\r' | sed 's/\x1b/ESC/g' | tail -n 5
