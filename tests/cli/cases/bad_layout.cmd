try() {
    layout "$1"
    says weir layouts ./mine.layout --depth 3
}
try 'sublayer x = x + f(norm(y))'
try 'sublayer x = x + f(nrom(x))'
try 'sublayer x = f(x) + f(norm(x))'
try 'sublayer x = x + norm(x)'
try 'let a = b\nlet b = a\nsublayer x = x + a*f(x)'
try 'sublayer x = x + 1/(l-2) * f(norm(x))'
try 'sublayer x = x + f(norm(x)'
try 'attn x = x + f(norm(x))'
try ''
layout 'sublayer x = x + f(norm(y))'
says weir probe --layout ./mine.layout
says weir train --layout ./mine.layout --out x
says weir compare --layout pre,./mine.layout --out x
says weir probe --layout pots
says weir probe --layout ./nowhere.layout
says weir layouts .
says weir layouts nonsense
printf 'sublayer x = \377' >mine.layout
says weir layouts ./mine.layout
ls -d x 2>&1
