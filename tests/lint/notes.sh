#!/bin/sh
# notes - every built-in layout begins with a title, every operator's folder has its maths note
# (src/ops/net and src/ops/copy hold no norms; net.h says its maths, and copies have none).
. "$(dirname "$0")/lib.sh"
for layout in $(list layouts '*.layout'); do
    head -n 1 "$layout" | grep -q '^# *[A-Za-z0-9]' || fault "$layout:1: the first line is not a title (# Name. Source)"
done
for folder in src/ops/*/; do
    [ -d "$folder" ] || continue
    op=$(basename "$folder")
    [ "$op" = net ] || [ "$op" = copy ] || [ -s "$folder$op.md" ] || fault "$folder$op.md: the note is missing"
done
verdict
