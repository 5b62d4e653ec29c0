# On a terminal, one line for each run, redrawn in place.
script -qec "weir compare $net --layout post,pre --steps 2 --out s" log | numbers | tr -d '\r' | sed 's/\x1b/ESC/g' | tail -n 5
