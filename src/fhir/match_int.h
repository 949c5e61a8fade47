/* Inside fhir/match*.c: a person made ready to be compared, and what is known of names. */
#ifndef KITH_FHIR_MATCH_INT_H
#define KITH_FHIR_MATCH_INT_H

#include "fhir/match.h"

enum {
    MATCH_NAMES_MOST = 12,    /* of one patient that are looked at */
    MATCH_WORDS_MOST = 6,     /* given names in one name */
    MATCH_CONTACTS_MOST = 12, /* telephone numbers, addresses, identifiers */
};

/* A whole name; all texts are folded. */
struct match_name {
    text family;       /* "de la cruz" */
    text family_whole; /* without spaces */
    char sound[MATCH_SOUND_SIZE];
    text given[MATCH_WORDS_MOST]; /* words; what is customary before a name is left out */
    size_t given_count;
    text given_whole;
    text custom; /* such a word that was left out: "mohammed" of "Mohammed Ali" */
    char given_sound[MATCH_SOUND_SIZE];
};

struct match_place {
    text postcode; /* empty: none, or one that stands for "no address" */
    text line;     /* the first, with the short forms of Road, Street ... */
};

struct match_identifier {
    text system;
    text value;
};

struct match_person {
    char numbers[MATCH_CONTACTS_MOST][11]; /* valid NHS numbers */
    size_t number_count;
    char doubtful[11]; /* one that is temporary, or that the spine has not agreed to; or empty */
    text wrong;        /* one that is none */
    struct match_identifier identifiers[MATCH_CONTACTS_MOST];
    size_t identifier_count;
    text birth_date; /* empty: none, or one that stands for "not known" */
    text gender;     /* male, female, or empty */
    struct match_name names[MATCH_NAMES_MOST];
    size_t name_count;
    struct match_place places[MATCH_CONTACTS_MOST];
    size_t place_count;
    text contacts[MATCH_CONTACTS_MOST];
    size_t contact_count;
    text death;           /* date */
    bool one_of_many;     /* of several born together */
    unsigned birth_order; /* among them; 0: not said */
    bool unnamed;         /* "Baby" stands for a given name */
};

/* Whether two folded given names are forms of one: short, of another language, or spelled in
 * another way ("kate" "catherine", "muhammad" "mohammed", "sean" "shaun"). */
bool match_given_forms(text a, text b);
/* Whether they look or sound alike, but are known to be the names of different people: "hassan"
 * "hussain", "louis" "louise". */
bool match_given_apart(text a, text b);
/* Families of one origin in several spellings: "chan" "chen", "choudhury" "chaudhry". */
bool match_family_forms(text a, text b);
/* Said before the name by which somebody goes: "mohammed", "syed". */
bool match_given_custom(text word);
/* Stands for a given name that there is not yet: "baby", "infant", "twin". */
bool match_given_placeholder(text word);
/* So many people have it that it says little: "singh", "khan", "jones". */
bool match_family_common(text folded);
/* "street" -> "st"; a word that has no shorter form is itself. */
text match_line_word(text word);
/* Whether a word is one of a list of words apart by spaces. */
bool match_is_word_of(text word, text list);

#endif
