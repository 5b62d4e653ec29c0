#!/bin/sh
# selftest - shows that snippets.sh can fail: it finds nothing in a page that is right, and what is wrong in each of the
# pages made from it by one edit.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM
bad=0
cases=0

mkdir -p "$tree/docs" "$tree/include/weir" "$tree/layouts"
printf 'typedef struct weir_norm {\n    int dim;\n} weir_norm;\nint weir_dim(const weir_norm *norm);\nint weir_dims(const weir_norm *norm);\n' \
    >"$tree/include/weir/weir.h"
printf '#include "weir/weir.h"\nint weir_dim(const weir_norm *norm)\n{\n    return norm->dim;\n}\n' >"$tree/dim.c"
# shellcheck disable=SC2086 # CFLAGS is a list of words
"${CC:-cc}" ${CFLAGS:-} -I"$tree/include" -c "$tree/dim.c" -o "$tree/dim.o"
ar rc "$tree/libweir.a" "$tree/dim.o"
printf '# Pre-LN.\nsublayer x = x + f(norm(x))\n' >"$tree/layouts/pre.layout"
cat >"$tree/weir" <<'END'
#!/bin/sh
case "$*" in
'probe --help') echo '  --depth N   layers' ;;
layouts*) echo "a layout of $(wc -l <"$2") lines" ;;
*) exit 2 ;;
esac
END
chmod +x "$tree/weir"
cat >"$tree/right.md" <<'END'
# A page, see include/weir/weir.h

```c
#include <stdio.h>
#include <weir/weir.h>
static weir_norm norm = {.dim = 4};
```

```c
printf("dim %d\n", weir_dim(&norm));
```
```output
dim 4
```

```c
#include <weir/weir.h>
int main(void)
{
    return weir_dim(&(weir_norm){.dim = 0});
}
```
```output
```

`layouts/pre.layout` is

```layout
# Pre-LN.
sublayer x = x + f(norm(x))
```

```sh
build/weir probe \
    --depth 6
```

```sh
build/weir layouts layouts/pre.layout
```
```output
a layout of 2 lines
```
END

# Demands of the page: that nothing is found ($1 none), or a fault with the text $1.
expect() {
    cases=$((cases + 1))
    status=0
    output=$(sh "$here/snippets.sh" "$tree" docs/page.md "$tree/libweir.a" "$tree/weir" 2>&1) || status=$?
    if [ "$1" = none ]; then
        [ "$status" -eq 0 ] && return
        echo "a page without a fault fails ($status): $output"
    else
        [ "$status" -eq 1 ] && echo "$output" | grep -q -F "$1" && return
        echo "'$1' is not found ($status): $output"
    fi
    bad=1
}

# A page with one fault: the right one, edited by the sed script $1. Expects the text $2.
fault() {
    sed "$1" "$tree/right.md" >"$tree/docs/page.md"
    ! cmp -s "$tree/right.md" "$tree/docs/page.md" || { echo "'$1' changes nothing" && bad=1; }
    expect "$2"
}

cp "$tree/right.md" "$tree/docs/page.md"
expect none
fault 's/\.dim = 4/.dims = 4/' 'docs/page.md:6:'
fault 's/(&norm)/(\&nrom)/' 'docs/page.md:10:'
fault 's/printf("dim/double d = 1; float y = d; printf("dim/' 'docs/page.md:10:'
fault 's/weir_dim(&norm)/weir_dims(\&norm)/' 'docs/page.md:9: does not link'
fault 's/^dim 4/dim 5/' 'docs/page.md:9: prints something else'
fault 's/\.dim = 4/.dim = 5/' 'docs/page.md:9: prints something else'
fault 's/\.dim = 0/.dim = 3/' 'docs/page.md:16: returns 3'
fault 's/^sublayer x = x/sublayer x = 2*x/' 'not what layouts/pre.layout is'
fault 's/^# Pre-LN\.$/# Pre-LN/' 'not what layouts/pre.layout is'
fault 's/`layouts\/pre.layout` is/It is/' 'names no layout'
fault 's/`layouts\/pre.layout` is/`layouts\/post.layout` is/' 'not what layouts/post.layout is'
fault 's/ --depth 6/ --depths 6/' 'weir probe has no option --depths'
fault 's/weir probe/weir prove/' 'weir prove has no option --depth'
fault 's/of 2 lines/of 3 lines/' 'prints something else'
fault 's/^```layout/```text/' 'a block of an unknown kind'
fault 's/^```c$/```C/' 'a block of an unknown kind'
fault '/^build.weir layouts/,$d' 'this block does not end'
fault '9,13s/^```c/```output/' 'output of nothing'
fault '/^```c/,/^```$/d' 'no c: is this the page?'
fault 's/weir\/weir\.h$/weir\/norm.h/' 'there is no include/weir/norm.h'
echo "snippets: $cases cases"
exit "$bad"
