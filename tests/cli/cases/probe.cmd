# The tables: one network in full, more of them in a line each; deep ones are thinned. Of each line what does not hang on the
# last bits: its first words, and how many it has.
words() { awk '{ print $1, $2, NF }'; }
weir probe $net --layout deepnorm --depth 13 | sed '/^verdict/,$d' | words
weir probe $net --layout pre,post --depth 1,2 | words
weir probe $net --width 8,16 --norm layernorm,rmsnorm | words
