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
#include "store/store.h"

struct jobs;
struct definitions;

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

/* The node as this layer sees it. Constant while the node runs. */
struct rest {
    struct store *store;
    const struct limits *limits;
    text base;    /* FHIR base for links, without a closing slash; empty: from the request's Host */
    text version; /* of Kith */
    struct jobs *jobs;               /* NULL: none run here */
    struct definitions *definitions; /* rest/definitions.h */
    uint8_t profiles[256];           /* enum profile_policy, by fhir_type */
    bool loopback;                   /* the listener takes connections from this machine only */
    struct identity *identity;
    struct audit *audit;
    struct log_feed feed; /* takes == NULL: nobody feeds the log here */
    bool tells_withheld;  /* the jurisdiction's switch (docs/policy.md) */
    bool
        local; /* no network: calls are made in this process, by the administrator at the machine */
};

/* For struct http_config: context is a const struct rest. Answers everything below /fhir. */
void rest_handle(void *context, const struct http_request *request, struct http_reply *reply);

/* The same for somebody who has proved elsewhere who they are: nothing of the request is asked for
 * that. The texts of `caller` must stay until the reply has been sent. */
void rest_handle_as(const struct rest *rest, const struct caller *caller,
                    const struct http_request *request, struct http_reply *reply);

/* An OperationOutcome for a request that was refused before it had a handler. */
void rest_refuse(const struct err *why, struct http_reply *reply);

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
