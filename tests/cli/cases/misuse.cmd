says weir
says weir trian
says weir frobnicate
says weir --depth 3 train
says weir train --layot pre
says weir train --qqqqqqq
says weir report --lowered
says weir train -o x
says weir train pre
says weir train --out
says weir train --out ''
says weir train --json=yes
says weir train --tie=maybe
says weir train --depth
says weir train --depth x
says weir train --depth 0
says weir train --depth -1
says weir train --depth 1,2
says weir probe --depth 1,,2
says weir probe --depth 1,1
says weir train --depth 1e3
says weir train --depth 99999999999999999999
says weir train --lr nan
says weir train --lr 1e-3x
says weir train --act tanh
says weir train --betas 0.9
says weir train --betas 0.9,2
says weir train --threads 0
says weir train --steps 10
says weir compare --steps 10
says weir report
says weir sample
says weir sample a b
says weir layouts pre post
WEIR_ISA=mmx says weir layouts
