/* words_check.c - the vocabularies of simd/ that this machine can run, word by word; and what a
 * ceiling of the instruction set means. Needs no cmocka, so that it runs wherever the kernels do. */
#include "words_plain.h"
#include "simd/isa.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
    weir_isa isa;
    words_test *words;
} sets[] = {
    {WEIR_ISA_SCALAR, words_scalar},
#if WEIR_HAVE_X86
    {WEIR_ISA_AVX2, words_avx2},
    {WEIR_ISA_AVX512, words_avx512},
    {WEIR_ISA_AVX512BF16, words_avx512bf16},
#endif
#if WEIR_HAVE_NEON
    {WEIR_ISA_NEON, words_neon},
#endif
};
enum { SETS = sizeof sets / sizeof sets[0] };

/* The best set of this machine whose number is not above the ceiling. */
static void check_ceilings(tally *t)
{
    const int best = (int)weir_isa_detect();
    for (int ceiling = -1; ceiling <= WEIR_ISA_COUNT; ceiling++) {
        int want = WEIR_ISA_SCALAR;
        for (int k = 0; k < SETS; k++)
            if ((int)sets[k].isa <= ceiling && (int)sets[k].isa <= best) want = (int)sets[k].isa;
        weir_set_isa_ceiling((weir_isa)ceiling);
        expect(t, (finding){"the set under a ceiling", (uint64_t)ceiling, 0,
                            (uint64_t)weir_isa_active(), (uint64_t)want});
    }
}

/* The end of a page in front of one that nobody may touch. */
static unsigned char *last_page(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *p =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE) != 0) return NULL;
    return p + page;
}

int main(void)
{
    static operands in;
    unsigned char *end = last_page();
    if (!end) {
        perror("words_check");
        return EXIT_FAILURE;
    }
    operands_make(&in);
    tally all = {.set = "ceiling", .in = &in, .end = end};
    check_ceilings(&all);
    for (int k = 0; k < SETS; k++) {
        tally t = {.set = weir_isa_name(sets[k].isa), .in = &in, .end = end};
        if (sets[k].isa > weir_isa_detect()) {
            printf("%s: not on this machine\n", t.set);
            continue;
        }
        sets[k].words(&t);
        printf("%s: %ld comparisons, %ld wrong\n", t.set, t.checks, t.faults);
        all.faults += t.faults;
    }
    return all.faults ? EXIT_FAILURE : EXIT_SUCCESS;
}
