# rename.awk - gives names that only some files know a form of their own, so that all files fit into one; and makes static what
# the headers declare. It reads what expand.awk prints.
#   awk -f rename.awk            a file by itself adds its own: `worker` of pool.c becomes weir_worker_pool
#   awk -f rename.awk -v set=S   and all add the set's: `vf_add` becomes weir_vf_add_S, xhat_of of dyt_body.h weir_xhat_of_dyt_S
# A name is what is defined outside of functions: a function, variable, type, tag, enumerator, macro. A member of a struct may
# be called the same, and keeps its name. What begins with weir_ is everybody's, except in a set.
function is_word(token) {
    return token ~ /^[A-Za-z_]/
}

function define(name,    prefix) {
    if (name ~ /^_/ || (set == "" && (file == "" || name ~ /^(weir|WEIR)_/))) return
    prefix = name ~ /[a-z]/ ? "weir_" : "WEIR_"
    names[file, name] = (index(name, prefix) == 1 ? "" : prefix) name suffix
}

function new_name(name) {
    return (file, name) in names ? names[file, name] : ("", name) in names ? names["", name] : name
}

# A declaration outside of functions has ended, or none has begun.
function start_declaration() {
    first = function_name = last = ""
    value = body = 0
}

# The struct, union or enum that the last token begins, or names.
function leader() {
    return previous ~ /^(struct|union|enum)$/ ? previous : is_word(previous) && before ~ /^(struct|union|enum)$/ ? before : ""
}

# What a token that stands in no brace or parenthesis defines, or the one before it.
function declare(token, i) {
    if (first == "") {
        first = token
        first_line = i
    }
    if (is_word(token)) {
        if (token !~ /^__/) last = token
    } else if (token == "{") {
        if (leader() == before) define(previous)
        body = previous == ")"
    } else if (first == "typedef") {
        if (token == ";") define(last)
    } else if (token == "(") {
        if (function_name == "" && is_word(previous) && previous !~ /^__/ && !(previous in macros))
            define(function_name = previous)
    } else if (token ~ /^[=,;[]$/) {
        if (function_name == "" && !value && is_word(previous) && leader() == "") define(previous)
        if (token == ";" && function_name ~ /^weir_/ && file == "" && set == "" && first != "static") local[first_line]
        value = token == "="
    }
    if (token == ";") start_declaration()
}

# One token outside of preprocessor lines: keeps count of where we are.
function walk(token, i) {
    if (!depth && !parens) declare(token, i)
    else if (inside[depth] == "enum" && !parens && previous ~ /^[{,]$/ && is_word(token)) define(token)
    if (token == "{") {
        outer[++depth] = parens
        inside[depth] = leader()
        parens = 0
    } else if (token == "}") {
        parens = outer[depth--]
        if (!depth && body) start_declaration()
    } else if (token ~ /^[([]$/) {
        parens++
    } else if (token ~ /^[])]$/) {
        parens--
    }
}

# Whether a name, before `rest`, is a member's: it stands behind a point or an arrow, or is declared in a struct.
function is_member(rest) {
    if (previous == "." || previous == "->") return 1
    if (inside[depth] !~ /^(struct|union)$/) return 0
    return parens ? previous == "*" && rest ~ /^\)/ : rest ~ /^ *[],;:[]/
}

# A line with its names changed.
function changed(i,    rest, out, token, end, directive, kept) {
    rest = line[i]
    directive = continued || rest ~ /^[ \t]*#/
    kept = previous
    while (rest != "") {
        if (comment) {
            end = index(rest, "*/")
            out = out (end ? substr(rest, 1, end + 1) : rest)
            rest = end ? substr(rest, end + 2) : ""
            comment = !end
            continue
        }
        if (!match(rest,
            /[A-Za-z_][A-Za-z0-9_]*|[0-9][A-Za-z0-9_.]*|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'|\/\*|\/\/|->|[^ \t]/)) break
        token = substr(rest, RSTART, RLENGTH)
        out = out substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        if (token == "/*") {
            out = out token
            comment = 1
            continue
        }
        if (token == "//") return out token rest
        if (!directive) {
            walk(token, i)
        } else if (previous == "define" && before == "#") {
            define(token)
            macros[token]
        }
        out = out (is_word(token) && !is_member(rest) ? new_name(token) : token)
        before = previous
        previous = token
    }
    if (directive) previous = kept
    continued = directive && line[i] ~ /\\$/
    return out rest
}

# A file begins: one by itself, or, as "", one of those that share their names.
function start_file(title) {
    file = title ~ /, by itself =/ ? title : ""
    suffix = set == "" ? "" : "_" set
    if (file != "") {
        sub(/\.[ch],.*/, "", title)
        sub(/.*\//, "", title)
        sub(/_body$/, "", title)
        suffix = "_" title suffix
    }
    start_declaration()
    depth = parens = comment = continued = 0
    previous = before = ""
}

{ line[NR] = $0 }
END {
    for (pass = 1; pass <= 2; pass++)
        for (i = 1; i <= NR; i++) {
            if (line[i] ~ /^\/\* ======== /) start_file(line[i])
            text = changed(i)
            # Kernels are declared in a macro.
            if (file == "" && text ~ /^ +weir_[a-z]+_kernel weir_k_/) sub(/weir_/, "static weir_", text)
            if (pass == 2) print (i in local ? "static " : "") text
        }
}
