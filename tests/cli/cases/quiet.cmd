# With --quiet nothing is written on standard error but errors; without, plain lines when it is no terminal.
weir probe $net --quiet >made
weir train $run --out a >made
weir compare $run --layout pre,post --out s >made
weir train $net --steps 20 --out b 2>&1 >made | numbers >&2
weir compare $net --layout pre,post --steps 1 --out t 2>&1 >made | numbers >&2
weir compare $net --layout pre,post --steps 1 --out t 2>&1 >made | numbers >&2
