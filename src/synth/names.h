/* Where people's families come from, and the names that go with it. Lists are ended by NULL. */
#ifndef KITH_SYNTH_NAMES_H
#define KITH_SYNTH_NAMES_H

#include "base/text.h"

enum name_custom {
    CUSTOM_SHARED,     /* one surname for the household */
    CUSTOM_OWN,        /* partners keep theirs, children have the father's */
    CUSTOM_SLAVIC,     /* shared, with a woman's form of -ski, -cki, -ov, -ev */
    CUSTOM_DOUBLE,     /* two surnames: the father's and the mother's */
    CUSTOM_SINGH_KAUR, /* a middle name that says the sex */
    CUSTOM_SOMALI,     /* the father's and the grandfather's given names */
};

struct culture {
    const char *const *female;
    const char *const *male;
    const char *const *family;
    const char *const *female_old; /* of people born before 1965; NULL: as the others */
    const char *const *male_old;
    const char *ethnicity;      /* code of UKCore-EthnicCategory */
    const char *ethnicity_name; /* its display */
    const char *language;       /* code of UKCore-HumanLanguage; NULL: English only */
    const char *language_name;
    int weight;      /* households in ten thousand */
    int interpreter; /* permille of adults who need one */
    enum name_custom custom;
};

extern const struct culture cultures[];
extern const int culture_count;

extern const char *const english_female[], *const english_male[], *const english_family[];
extern const char *const english_female_old[], *const english_male_old[];
extern const char *const welsh_female[], *const welsh_male[], *const welsh_family[];
extern const char *const scottish_female[], *const scottish_male[], *const scottish_family[];
extern const char *const irish_female[], *const irish_male[], *const irish_family[];
extern const char *const caribbean_female[], *const caribbean_male[], *const caribbean_family[];

#endif
