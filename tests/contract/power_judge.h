/* tests/contract/power_judge.h - whether a store that was found after a power cut holds what its
 * people were told. */
#ifndef CC_TESTS_POWER_JUDGE_H
#define CC_TESTS_POWER_JUDGE_H

#include "tests/contract/power_scene.h"

enum power_verdict {
    POWER_SOUND,
    POWER_REFUSED, /* it does not open */
    POWER_DAMAGED, /* it cannot be read, or its structure is not sound */
    POWER_LOST,    /* something is missing that was acknowledged */
    POWER_WRONG,   /* a hole, something twice, rows that contradict each other */
    POWER_STUCK,   /* it takes nothing new */
    POWER_VERDICTS
};
extern const char *const power_verdict_names[POWER_VERDICTS];

struct power_finding {
    enum power_verdict verdict;
    char why[384];
};

/* Opens what is in `folder` as the product would, after the first `ops` operations of the scene. */
void power_judge(struct power_scene *scene, size_t ops, const char *folder,
                 struct power_finding *out);

#endif
