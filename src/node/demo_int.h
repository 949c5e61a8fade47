/* Private to demo*.c: who plays, and the story. */
#ifndef KITH_NODE_DEMO_INT_H
#define KITH_NODE_DEMO_INT_H

#include "node/demo.h"

#define DEMO_TRUST "Y90001"
#define DEMO_COUNCIL "Y90003"
#define DEMO_PLATFORM "Y90060"
#define DEMO_RECEPTION "Practitioner/demo-reception" /* these two are of the story */
#define DEMO_PRIVACY "Practitioner/demo-privacy"

/* A person as "Type/id"; empty: there is none in the store. */
struct demo_person {
    text reference;
    text name;
};
struct demo_cast {
    struct demo_person patient;
    text patient_id;
    text nhs_number;
    struct demo_person carer; /* RelatedPerson of the patient */
    struct demo_person gp;
    struct demo_person hospital; /* a doctor of the trust who does not know the patient */
    struct demo_person social;
    struct demo_person practice; /* organisations */
    struct demo_person trust;
    struct demo_person council;
    struct demo_person platform; /* where there are several nodes */
};

/*
 * A resource of the story. In its members ' stands for ", << for <, and a word in angle brackets
 * for a value: <patient>, <gp-name> ... of struct demo_cast; <30-days-ago> and <30-days-ahead> for
 * nine o'clock of that day, <30-days-ago-day> for the day alone.
 */
struct demo_told {
    const char *type;
    const char *id;
    const char *members;
};
/* Writes them together and once: nothing where the first of them is here already, or where somebody
 * of the story is missing. */
int demo_tell(struct world *w, const struct rest *rest, const struct demo_cast *cast,
              const struct demo_told *told, size_t count, struct arena *a, struct err *e);

/* More of the story, a part a file; demo_open() calls one after another. */
int demo_own(struct world *w, const struct rest *rest, const struct demo_cast *cast,
             struct arena *a, struct err *e);

/* Results, one of which waits for a comment, unless they are here already. */
int demo_results(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                 struct arena *a, struct err *e);

/* Writes the resources of the story, unless it was written before, and what it leaves in the log.
 * Nothing where somebody of it is missing. */
int demo_story(struct world *w, const struct rest *rest, const struct demo_cast *cast,
               struct arena *a, struct err *e);

/* Letters with their originals, and images, unless they are here already. */
int demo_letters(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                 struct arena *a, struct err *e);
/* What people have asked, and what waits for the surgery, unless it is there already. */
int demo_requests(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                  struct arena *a, struct err *e);

/* That the patient has chosen the platform as their home: each place was told so, once. Nothing
 * where there is no patient or no platform. */
int demo_home(struct world *w, const struct rest *rest, const struct demo_cast *cast,
              struct arena *a, struct err *e);

/* The appointments of this day for whoever works here, and the lists of codes that forms offer;
 * anew on each day on which the demonstration starts. */
int demo_today(struct world *w, const struct rest *rest, const struct demo_cast *cast,
               struct arena *a, struct err *e);

/* Takes a transaction of the story, by the administrator's right. */
int demo_write(const struct rest *rest, text bundle, struct arena *a, struct err *e);

#endif
