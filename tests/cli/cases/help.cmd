weir --help
weir train --help
for command in layouts probe compare report sample bench; do
    says weir $command --help | sed '/^the network:/,/^options:/d'
done
weir help report | head -n 1
weir train --depth 3 -h | head -n 1
weir --version
