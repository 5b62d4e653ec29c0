# compares.awk - the rule of compares.sh; see strip.awk.
function check(line) {
    if (line ~ /[^->]>=?[^;&|?]*(tol|bound|allowed)([^A-Za-z]|$|erance)/)
        print FILENAME ":" FNR ": a NaN passes this; demand error <= tolerance"
}
