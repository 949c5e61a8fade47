/* The population that bench/policy.c asks about: a scratch store with records, relationships and
 * choices. Whatever goes wrong ends the program. */
#ifndef KITH_BENCH_POLICY_H
#define KITH_BENCH_POLICY_H

#include "store/store.h"

enum {
    PEOPLE = 1000,
    PEOPLE_SOME = 100,    /* the first ones, whom "some" looks after */
    PEOPLE_BURDENED = 50, /* who has made as many choices as anybody could */
    PEOPLE_RELATIONSHIPS = 100000,
    PEOPLE_CHOICES = 10000,
};

struct people {
    struct store *s;
    char dir[512];
};

/* A store in the folder's `name`: the records, the professional "some" with the first patients, and
 * ten choices. */
void people_make(struct people *p, const char *folder, const char *name);
void people_done(struct people *p);

/* Practitioner/`who` gets a relationship to each of the first patients. */
void people_relate(struct people *p, const char *who, unsigned count);
/* `count` choices of one patient's, of all kinds; none refuses what is asked for here. */
void people_choose(struct people *p, unsigned patient, unsigned count, const char *name);
/* PEOPLE_RELATIONSHIPS to other professionals, PEOPLE_CHOICES all over, and as many of one patient.
 */
void people_crowd(struct people *p);

/* What a clinician's session is given. Valid as long as the arena's memory. */
const struct grant *people_grant(const struct people *p, const char *who, struct arena *a);

#endif
