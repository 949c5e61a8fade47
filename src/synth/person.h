/* One household and the people in it, before anything is written. Days are since 1970-01-01. */
#ifndef KITH_SYNTH_PERSON_H
#define KITH_SYNTH_PERSON_H

#include "synth/names.h"
#include "synth/places.h"

#define HOUSEHOLD_MAX 9
#define ALIVE INT64_MAX

enum role { ROLE_HEAD, ROLE_PARTNER, ROLE_CHILD, ROLE_GRANDPARENT, ROLE_SHARER };

enum home { HOME_FAMILY, HOME_SHARED, HOME_CARE };

struct member {
    const struct culture *culture;
    enum role role;
    bool female;
    int64_t birth;
    int64_t death; /* or ALIVE */
    const char *given;
    const char *middle; /* or "" */
    char family[64];
    char nhs[11];
};

struct household {
    struct member member[HOUSEHOLD_MAX];
    int count;
    enum home kind;
    int care_home; /* of HOME_CARE */
    int area;
    char line[64];
    char postcode[12];
    unsigned phone;
};

/* NHS numbers of the range 999 in an order that the seed decides: all 10-digit ones, once each. */
struct nhs_numbers {
    uint64_t at;
    uint64_t step;
};
void nhs_start(struct nhs_numbers *n, uint64_t seed);
void nhs_next(struct nhs_numbers *n, char out[11]);

void household_make(struct household *h, uint64_t seed, uint64_t number, int64_t today,
                    struct nhs_numbers *nhs);

enum smoking { SMOKING_NEVER, SMOKING_EX, SMOKING_CURRENT };

#define CONDITIONS_MAX 64
#define NOT_HAD INT64_MAX

struct person {
    uint64_t index;
    const struct household *home;
    const struct member *m;
    int slot;
    int64_t birth;
    int64_t end;   /* the day of death, or today */
    int64_t start; /* of the electronic record */
    bool dead;
    int age; /* at end */
    int practice;
    int gp; /* index of staff */
    int pharmacy;
    int decile;
    enum smoking smoking;
    int height_mm; /* as an adult */
    int bmi10;     /* at 50, in tenths */
    int systolic;  /* without disease or treatment */
    int drift;     /* -100 .. 100: how fast things get worse */
    int frailty;   /* 0 none, 1 mild, 2 moderate, 3 severe */
    bool needs_interpreter;
    bool speaks_own; /* prefers the family's language */
    bool is_carer;
    bool social_care;
    int64_t onset[CONDITIONS_MAX];      /* by condition; NOT_HAD */
    uint32_t serial_of[CONDITIONS_MAX]; /* of the Condition; 0: not written */
};

/* Everything that is decided once; g->r is the person's own. */
void person_make(struct gen *g, struct person *p, const struct household *h, int slot,
                 uint64_t index);
/* The Patient, always serial 0, and the related people. */
void person_write(struct gen *g);

int age_on(const struct person *p, int64_t day);
/* Whether they had it on that day. */
bool has(const struct person *p, int condition, int64_t day);

/* A life: all that follows the Patient. */
void life_write(struct gen *g, struct person *p);

#endif
