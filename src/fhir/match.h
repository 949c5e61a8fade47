/*
 * Whether two Patient resources are about one person (R4 patient-operation-match.html): each thing
 * that they both say is compared, weighed, and the verdict explained.
 *
 * The weights are those of record linkage: how much likelier an agreement is for one person than
 * for two (in tenths of a bit), against the odds that two people picked at random are the same.
 * They make the score. The grade has rules of its own, since two people who look alike are not
 * random (twins, father and son, a number given to the wrong one):
 *
 *   certain    the same NHS number, and birth date and names that agree
 *   probable   the same NHS number with a slip elsewhere; or all of birth date, names and address,
 *              telephone or another identifier. Never with other given names or another sex, and
 *              never what may as well be a twin
 *   possible   somebody has to look
 */
#ifndef KITH_FHIR_MATCH_H
#define KITH_FHIR_MATCH_H

#include "base/arena.h"
#include "format/json.h"

#define MATCH_NHS_NUMBER "https://fhir.nhs.uk/Id/nhs-number"

enum match_grade { MATCH_CERTAINLY_NOT, MATCH_POSSIBLE, MATCH_PROBABLE, MATCH_CERTAIN };
/* "certainly-not", "possible", "probable", "certain":
 * http://terminology.hl7.org/CodeSystem/match-grade */
const char *match_grade_code(enum match_grade grade);

enum match_thing {
    MATCH_NUMBER,
    MATCH_IDENTIFIER, /* any other than the NHS number */
    MATCH_BIRTH_DATE,
    MATCH_FAMILY,
    MATCH_GIVEN,
    MATCH_GENDER,
    MATCH_ADDRESS,
    MATCH_CONTACT,
    MATCH_DEATH,
    MATCH_TWINS,
    MATCH_THINGS,
};

struct match {
    enum match_grade grade;
    unsigned score; /* of 1000: how likely they are one person, kept within the grade's share */
    struct {
        int weight;          /* tenths of a bit; 0: nothing to compare */
        const char *finding; /* "the same birth date"; NULL: nothing to compare */
    } things[MATCH_THINGS];
};

/* A Patient as what is compared. Only the first few names, addresses ... are taken, and of each its
 * beginning, so that a comparison's work is bounded whatever was sent. */
struct match_person;

/* A tree of resource_check(), or any object; the person borrows from it. ERR_MEMORY. */
int match_person_make(const yyjson_val *root, struct arena *a, struct match_person **ret_person);
/* Whether it says anything that a person could be found by. */
bool match_person_says(const struct match_person *p);
/* Symmetric: the order of the two does not matter. */
void match_compare(const struct match_person *a, const struct match_person *b,
                   struct match *ret_match);

/* The same of two trees. ERR_MEMORY. */
int match_patients(const yyjson_val *a, const yyjson_val *b, struct arena *arena,
                   struct match *ret_match);

/* The findings as one sentence; p == NULL: no memory. */
text match_explain(const struct match *m, struct arena *a);

/* A valid NHS number: ten digits and the check digit (modulus 11), and none of those that stand for
 * "not known" (one digit ten times, 0123456789, 9876543210). Spaces and dashes are passed over;
 * ret_digits may be NULL. */
bool match_nhs_number(text value, char ret_digits[11]);

/* How a folded name sounds in English, as a short code: names of one code are pronounced alike
 * ("smith" "smyth", "macleod" "mccloud", "catherine" "kathryn"). Empty for an empty name. */
enum { MATCH_SOUND_SIZE = 16 };
void match_sound(text folded, char ret_code[MATCH_SOUND_SIZE]);

/* One slip of the keyboard: a character more, less, other, or two neighbours changed round. */
bool match_slip(text a, text b);

#endif
