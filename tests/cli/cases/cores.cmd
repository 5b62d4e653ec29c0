# The default number of threads is that of the cores that the command may run on, not of those that there are.
core=$(sed -nE 's/^Cpus_allowed_list:[[:space:]]*([0-9]+).*/\1/p' /proc/self/status)
taskset -c "$core" true 2>/dev/null || { echo "nobody can be held on a core here"; exit 77; }
taskset -c "$core" weir bench --op rmsnorm --type f32 --pass forward --shape 2x4 --rounds 1 --quiet --json |
    grep -E '"(cores|threads)"'
