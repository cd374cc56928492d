/* The main function of a target where there is no libFuzzer: replays the files and folders that
 * it is given; without any, tests/fuzz/corpus/<boundary> and tests/fuzz/crashes/<boundary>. */
#include "replay.h"

#define SUFFIX "_fuzz"

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    struct cc_str name = cc_str_from(slash ? slash + 1 : argv[0]);
    char corpus[128], crashes[128];
    char *roots[] = { corpus, crashes, NULL };
    int len = (int)(name.len - (cc_str_ends(name, CC_STR(SUFFIX)) ? sizeof(SUFFIX) - 1 : 0));

    snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%.*s", len, name.at);
    snprintf(crashes, sizeof(crashes), "tests/fuzz/crashes/%.*s", len, name.at);
    if (access(corpus, R_OK) != 0 && argc == 1) {
        fprintf(stderr, "%s: not there\n", corpus);
        return EXIT_FAILURE;
    }
    return replay(LLVMFuzzerTestOneInput, argc > 1 ? argv + 1 : roots, stdout) == 0 ? EXIT_SUCCESS
                                                                                    : EXIT_FAILURE;
}
