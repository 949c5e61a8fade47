/*
 * Who is there: accounts of people, how they sign in, sessions, OAuth 2.1 and SMART App Launch.
 * docs/identity.md has every address with its input and output.
 *
 * Kept in DIR/identity.db (store/kept.h), each as one JSON object:
 *   account        by account id       account.h
 *   login          by folded login -> account id
 *   passkey        by credential id (base64url) -> account id
 *   external       by provider, line feed, subject -> account id
 *   nhs-number     by number -> account id
 *   own-record     by id of a Patient, '/', id of a professional's account -> account id
 *   invite         by SHA-256 of its token
 *   session        by SHA-256 of its cookie
 *   client, grant, code, token, refresh    oauth.h
 *   provider       by name             oidc.h
 *   key            the node's signing keys
 *   node           `base`: the address at which it last served (people.h)
 *   event          by UUID: what the command line did, until the node has it in its access log
 * Secrets are kept as hashes only (passwords: Argon2id; tokens, cookies, codes: SHA-256 of 256
 * random bits), but for TOTP secrets and signing keys, which are sealed with the key in DIR/secret.
 */
#ifndef KITH_IDENTITY_IDENTITY_H
#define KITH_IDENTITY_IDENTITY_H

#include "audit/event.h"
#include "net/http.h"
#include "policy/actor.h"
#include "policy/scope.h"
#include "store/kept.h"

struct account;
struct identity;
struct seal_key;

struct identity_invited {
    text account; /* id */
    text patient; /* id of their record */
    text by;      /* account of the administrator */
    text by_name;
    text by_person; /* "Practitioner/x"; empty: it is not known who that is */
};

/* What identity asks of the node around it. Any may be NULL where a test needs none. */
struct identity_world {
    void *context;
    /* A durable entry of the access log. 0, or why it could not be written: then the thing itself
     * is refused. */
    int (*record)(void *context, const struct audit_event *event, struct err *e);
    /* References that a person is besides those of the account: PractitionerRole and CareTeam of a
     * Practitioner, RelatedPerson of a Patient; in the arena. */
    int (*parties)(void *context, text person, struct arena *a, text **ret_parties,
                   size_t *ret_count, struct err *e);
    /* The node's Patient with this NHS number: ERR_NOT_FOUND, ERR_MULTIPLE. */
    int (*patient)(void *context, text nhs_number, struct arena *a, text *ret_id, struct err *e);
    /* The name of a Patient whose record this person may see now, for an app that is to be about
     * one patient: ERR_NOT_FOUND. NULL: nobody's but their own. */
    int (*sees)(void *context, const struct actor *actor, text patient, struct arena *a,
                text *ret_name, struct err *e);
    /* The name of an organisation that is not this one ("Organization/x"): ERR_NOT_FOUND. */
    int (*organisation)(void *context, text reference, struct arena *a, text *ret_name,
                        struct err *e);
    /* An administrator let somebody add a way in to the account of a patient that had one: the
     * patient is told, and somebody else has to look at it. Durable, or refused. */
    int (*invited)(void *context, const struct identity_invited *invited, struct arena *a,
                   struct err *e);
    /* What search parameters there are, to compile scopes with parameters. */
    struct index_rules (*rules)(void *context);
};

/* The other nodes of a demonstration, which whoever started them all stops and starts. */
struct identity_demo {
    void *context;
    /* Adds {"nodes":[{"ods","name","kind","url","running"}]}. */
    int (*list)(void *context, struct arena *a, struct buf *out, struct err *e);
    /* ERR_NOT_FOUND: there is no such node; ERR_FORBIDDEN: it is this one. */
    int (*want)(void *context, text ods, bool runs, struct arena *a, struct err *e);
};

struct identity_config {
    const char *dir;   /* of the node */
    text base;         /* FHIR base, "https://host/fhir"; empty: from each request's Host */
    text organisation; /* ODS code */
    text organisation_name;
    text organisation_reference; /* "Organization/x" of this organisation in the store; empty: none
                                  */
    text version;                /* of the program, for GET /auth/session */
    bool loopback; /* cookies without Secure are allowed: the listener is plain and on loopback */
    bool demo;     /* accounts of the demonstration may be entered by one click */
    const struct identity_demo *demo_nodes; /* NULL: it is alone */
    bool registration;                      /* dynamic registration of clients (RFC 7591) */
    const struct limits *limits;
    struct identity_world world;
};

int identity_open(const struct identity_config *config, struct identity **ret_identity,
                  struct err *e);
/* NULL is allowed. */
void identity_close(struct identity *id);
struct kept *identity_kept(struct identity *id);
const struct identity_config *identity_config(const struct identity *id);
/* What seals TOTP secrets, signing keys and keys of clients (identity/secret.h). */
const struct seal_key *identity_seal(const struct identity *id);
/* "https://host", "http://localhost:8080": of config.base, else of the request's Host (on loopback
 * only names of loopback, so that no other name leads here). In the arena. ERR_INVALID. */
int identity_origin(const struct identity *id, const struct http_request *request, text *ret_origin,
                    struct err *e);
/* ERR_FORBIDDEN unless the browser says that a page of this node sends it: Sec-Fetch-Site
 * same-origin, or Origin; at least one of them is there. */
int identity_same_origin(const struct identity *id, const struct http_request *request,
                         struct err *e);
/* world.record(), or nothing where there is none. */
int identity_record(struct identity *id, const struct audit_event *event, struct err *e);
/* The one value of a cookie; empty: none, or several of that name. */
text identity_cookie(const struct http_request *request, text name);

/* --- who asks -----------------------------------------------------------------------------------
 */

struct caller {
    struct actor actor;
    struct scopes *scopes; /* of a token, with their plans; NULL: a session, not limited further */
    text client;           /* id of the app; empty: this node's own portal */
    text client_name;
    text session;        /* hash, of the portal's session; empty: a token of an app */
    text launch_patient; /* the patient in context */
};
/* Who it is, in an event of the access log: account, person, role, organisation, app, purpose. */
void caller_event(const struct caller *caller, struct audit_event *event);

/*
 * By `Authorization: Bearer`, and by nothing else: a cookie opens no record. *ret_caller has
 * ACTOR_NOBODY when there is none. ERR_LOGIN: there is one, and it is not (or no longer) valid. All
 * from the arena of the request. Cheap: no database for a token that was seen before.
 */
int identity_caller(struct identity *id, const struct http_request *request,
                    struct caller *ret_caller, struct err *e);
/*
 * By the session's cookie alone, for the pages of the node itself (/auth/...): a request that
 * changes something needs Origin or Sec-Fetch-Site of this node, and the header X-Kith-CSRF with
 * the session's token. As above; ERR_FORBIDDEN: it comes from another site.
 */
int identity_page_caller(struct identity *id, const struct http_request *request,
                         struct caller *ret_caller, struct err *e);

/*
 * The actor that an account is now in one of its roles (0: the first), with the parties that the
 * world knows; from memory while nothing of it has changed. ERR_LOGIN: the account is disabled, has
 * gone, or has another epoch than this. For sessions and tokens alike.
 */
int identity_actor(struct identity *id, text account, size_t role, uint64_t epoch, struct arena *a,
                   struct actor *ret_actor, struct err *e);

/* Whether a patient's record is that of somebody who works here, as far as accounts say so. Cheap.
 */
int identity_is_staff(struct identity *id, text patient, bool *ret_is, struct err *e);

/*
 * Somebody has found no good reason for an invitation: it ends, with every session and token of the
 * account; where it was taken up, nobody enters the account any more until an administrator enables
 * it. By whom: `actor`. An account that has gone is no error.
 */
int identity_end_invited(struct identity *id, text account, const struct actor *actor,
                         struct arena *a, struct err *e);

/* --- addresses -----------------------------------------------------------------------------------
 */

/* Whether the path is identity's: /auth/..., /oauth/..., /open, /.well-known/...,
 * /fhir/.well-known/... */
bool identity_serves(text path);
void identity_handle(struct identity *id, const struct http_request *request,
                     struct http_reply *reply);

/* --- the demonstration --------------------------------------------------------------------------
 */

/* Makes an account that POST /auth/demo enters, or makes the one of that login so again; it has no
 * password. `words`: who this is. ERR_FORBIDDEN but in demo mode. */
int identity_demo_account(struct identity *id, const struct account *account, const char *words,
                          struct arena *a, text *ret_account, struct err *e);

#endif
