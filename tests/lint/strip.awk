# strip.awk - C without its comments and without what is in its strings; line numbers stay. For `awk -f strip.awk -f
# rule.awk`: the rule's function check(line) is called for each line.
FNR == 1 { in_comment = 0 }
{
    rest = $0
    code = ""
    while (rest != "") {
        if (in_comment) {
            end = index(rest, "*/")
            if (!end) break
            rest = substr(rest, end + 2)
            in_comment = 0
        } else if (match(rest, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'/)) {
            token = substr(rest, RSTART, 2)
            code = code substr(rest, 1, RSTART - 1)
            if (token == "//") break
            in_comment = token == "/*"
            if (!in_comment) code = code "\"\""
            rest = substr(rest, RSTART + (in_comment ? 2 : RLENGTH))
        } else {
            code = code rest
            break
        }
    }
    check(code)
}
