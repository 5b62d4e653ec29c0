says weir bench --op layernrm
says weir bench --op rmsnorm,
says weir bench --type f32,f64
says weir bench --type int8 --pass backward,backward-residual
says weir bench --pass forwards
says weir bench --shape 4096
says weir bench --shape 0x5
says weir bench --shape 4x
says weir bench --shape 4x5x6
says weir bench --shape -4x5
says weir bench --shape ' 4x5'
says weir bench --shape 4x1000000001
says weir bench --shape 99999999999999999999x1
weir bench --shape "$(text 3000 | tr -d '\n')" 2>&1 | grep -o 'a value is too long'
weir bench --shape "$(awk 'BEGIN { for (i = 1; i <= 65; i++) printf "%s1x%d", (i > 1 ? "," : ""), i }')"
echo "status $?"
says weir bench --threads 0
says weir bench --threads 1,2000
says weir bench --threads 1.5
says weir bench --threads 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
says weir bench --isa mmx | sed 's/one of .* is/one of SETS is/'
says weir bench --rounds 0
says weir bench --depth 3
says weir bench layernorm
says weir train --shape 3x5
