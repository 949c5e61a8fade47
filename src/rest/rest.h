/*
 * The FHIR RESTful API (R4 http.html): one call is one interaction, from the network or from an
 * entry of a bundle.
 *
 * A request runs through the named steps of rest.c:  route -> who -> what -> may -> do -> reply.
 */
#ifndef KITH_REST_REST_H
#define KITH_REST_REST_H

#include "audit/audit.h"
#include "base/limits.h"
#include "identity/identity.h"
#include "net/http.h"
#include "rest/joined.h"
#include "rest/mail.h"
#include "rest/move.h"
#include "store/store.h"

struct jobs;
struct definitions;
struct links;
struct subscriptions;

/* What becomes of a write that breaks a profile which it names itself (meta.profile). */
enum profile_policy { PROFILES_OFF, PROFILES_WARN, PROFILES_REJECT };

/* Entries of committed writes are on their way to the access log for a moment (node/feeder.h). */
struct log_feed {
    void *context;
    /* ERR_IO: the log takes nothing more, so nothing may be written; ERR_FULL: until its disk has
     * room. */
    int (*takes)(void *context, struct err *e);
    /* Until the entries of all writes committed so far are in the log. */
    int (*settle)(void *context, struct err *e);
};

/* How the locality is, as JSON (node/locality_state.h). print == NULL: this node is in none. */
struct locality_view {
    void *context;
    int (*print)(void *context, struct arena *a, struct buf *out, struct err *e);
    /* What a member is called; the code itself, where it is none any more. p == NULL: no memory. */
    text (*name)(void *context, text ods, struct arena *a);
};

/* Other members of the locality are told of what the patient refuses (node/changes.h). */
struct elsewhere {
    text ods, name;
    int64_t since_ms; /* since when it has copies of the record; 0: it has none */
    uint64_t waiting; /* what it was told and has not acknowledged */
    int64_t waiting_since_ms;
};
struct choice_feed {
    void *context;
    /* Members with copies of a patient's (an own id) record, or that have not acknowledged all that
     * they were told of it. In the arena. */
    int (*elsewhere)(void *context, text patient, struct arena *a, struct elsewhere **ret,
                     size_t *ret_count, struct err *e);
    /* Until that of all choices written so far is durable (docs/locality.md, K3). */
    int (*settle)(void *context, struct err *e);
};

/* The node as this layer sees it. Constant while the node runs. */
struct rest {
    struct store *store;
    const struct limits *limits;
    text base;    /* FHIR base for links, without a closing slash; empty: from the request's Host */
    text version; /* of Kith */
    struct jobs *jobs;                   /* NULL: none run here */
    struct definitions *definitions;     /* rest/definitions.h */
    struct subscriptions *subscriptions; /* rest/subscribe/subscribe.h; NULL: nobody is told */
    struct links *links;                 /* rest/links.h; NULL: nothing is shared by links */
    uint8_t profiles[256];               /* enum profile_policy, by fhir_type */
    bool loopback;                       /* the listener takes connections from this machine only */
    struct identity *identity;
    struct audit *audit;
    struct log_feed feed;        /* takes == NULL: nobody feeds the log here */
    struct choice_feed choices;  /* settle == NULL: there is nobody to tell */
    struct joined_source joined; /* answer == NULL: nobody else is asked from here */
    struct move_source move;     /* begin == NULL: no record moves from or to here */
    struct mail_source mail;     /* send == NULL: nothing is sent from here */
    struct locality_view locality;
    bool tells_withheld; /* the jurisdiction's switch (docs/policy.md) */
    bool unrecorded;     /* reads leave no entry in the access log: whoever asks makes one of its
                            own (locality/) */
    bool
        local; /* no network: calls are made in this process, by the administrator at the machine */
};

/* For struct http_config: context is a const struct rest. Answers everything below /fhir. */
void rest_handle(void *context, const struct http_request *request, struct http_reply *reply);

/* The same for somebody who has proved elsewhere who they are: nothing of the request is asked for
 * that. The texts of `caller` must stay until the reply has been sent. */
void rest_handle_as(const struct rest *rest, const struct caller *caller,
                    const struct http_request *request, struct http_reply *reply);

/* GET /locality-state, for whoever manages the node or reviews for its patients. */
bool locality_page_serves(text path);
void locality_page(const struct rest *rest, const struct http_request *request,
                   struct http_reply *reply);

/* An OperationOutcome for a request that was refused before it had a handler. */
void rest_refuse(const struct err *why, struct http_reply *reply);
/* For apps in a browser, which are pages of other sites: fields of CORS where the request has an
 * Origin. True: it was only the question what may be asked, and is answered. */
bool rest_allow_sites(const struct http_request *request, struct http_reply *reply);

/* --- without a network: for `kith import DIR` ---------------------------------------------- */

/* One piece of input: a bundle or a single resource as JSON text. */
struct rest_item {
    text json;
    /* Set: */
    int result;
    struct err err;
    uint64_t written;      /* resources that were created or changed */
    uint64_t same;         /* resources that were there already */
    uint64_t failed;       /* entries of a batch that were refused; err tells of the first */
    uint64_t by_type[256]; /* written or same, by fhir_type */
};

/*
 * Takes transaction and batch bundles, other bundles (each resource as if it stood alone) and
 * single resources (PUT where they have an id, else POST). Independent items share commits. The
 * arena is reset by the caller.
 */
void rest_take(const struct rest *rest, const struct grant *grant, struct rest_item *items,
               size_t count, struct arena *arena);

#endif
