weir layouts
weir layouts deepnorm
weir layouts pre --depth 2 --lowered
layout '# Mine\nlet a = 1/2\nsublayer x = x + a*f(norm(x))'
weir layouts ./mine.layout --lowered --depth 1
weir train $run --layout ./mine.layout --out a | numbers
weir probe $net --layout ./mine.layout,pre | awk "{ print \$1, NF }"
weir compare $run --layout ./mine.layout,pre --out s | numbers
