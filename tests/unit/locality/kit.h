/* Nodes of a simulated locality that ask and answer: for tests of ask*.c and reconcile*.c. */
#ifndef KITH_TESTS_LOCALITY_KIT_H
#define KITH_TESTS_LOCALITY_KIT_H

#include "identity/identity.h"
#include "locality/ask.h"
#include "locality/reconcile.h"
#include "members.h"
#include "sim.h"

/* By the kinds of tests/sim/members.c. */
enum { GP, HOSPITAL, COUNCIL, PHARMACY, PLATFORM, NODES };

struct kit {
    struct sim *s;
    struct members *m;
    struct arena a;
    text request; /* the newest body of /locality/ask that went out */
    /* Changes what goes between nodes: request->status, answer, receipt. NULL: nothing is. */
    void (*lie)(struct kit *k, size_t from, size_t to, struct sim_request *request,
                struct arena *a);
    bool log_fails;   /* the log of all nodes takes nothing more */
    unsigned opened;  /* how often $open was called */
    int64_t holds_ms; /* an answer takes so long */
    int64_t rests_ms; /* between two rounds, where nothing in them matters for days */
};

struct kit_node {
    struct loc_world world;
    struct trust *trust;
    struct asking *asking;
};

struct kit *kit_new(void);
void kit_free(struct kit *k);
struct kit_node *kit_node(struct kit *k, size_t node);

/* Ana Smith, as everyone has her. */
extern const struct subject kit_ana;
/* At a node: the Patient "p1", an Observation "o1" about her, and the Organization of each node
 * ("org-<ODS>"). */
void kit_put_ana(struct kit *k, size_t node);
/* An EpisodeOfCare of hers by which this organisation has a relationship there. */
void kit_put_admission(struct kit *k, size_t node, size_t with);
/* A Consent of hers at a node: "sharing" (deny) or "home" (permit), about an organisation. */
void kit_put_consent(struct kit *k, size_t node, const char *kind, size_t about);

/* A professional of a node, care of the patient. Texts are constants. */
struct caller kit_caller(const char *role);
/* Ana's own, at her platform. */
struct caller kit_patient(void);
/* Asks for her Observations. */
struct ask kit_ask(struct kit *k, const struct caller *caller);
/* One member, with what kit_ask() says; returns the outcome. */
enum ask_outcome kit_run(struct kit *k, size_t from, size_t to, const struct ask *ask,
                         struct ask_one *ret_one);
/* A request as it would come to a node by a connection with this key. */
int kit_send(struct kit *k, size_t to, const uint8_t tls[32], const char *path, text body,
             struct sim_request *ret);

/* Lets days go by. The nodes do next to nothing by themselves meanwhile. */
void kit_days(struct kit *k, int64_t days);

bool kit_has_alarm(struct kit *k, size_t node, const char *words);
/* The number of log entries of a kind at a node; *ret_line, ret_hash: of the newest. */
size_t kit_entries(struct kit *k, size_t node, const char *kind, text *ret_line,
                   uint8_t ret_hash[32]);

/* cmocka's setup and teardown: Ana is at the hospital. */
int kit_with_ana(void **state);
int kit_end(void **state);
/* A GP asks the hospital about Ana, where the record has a relationship with the practice. */
enum ask_outcome kit_gp_asks(struct kit *k, struct ask_one *one);
bool kit_has(text line, text part);

#endif
