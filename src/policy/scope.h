/*
 * Scopes of SMART App Launch 2.2 (scopes-and-launch-context):
 *     patient|user|system / Type|* . c r u d s [?param=value[&param=value]]
 * `r` is read, vread and instance history; `s` search, type and system history. Those of version 1
 * are mapped (.read -> .rs, .write -> .cud, .* -> .cruds). Chains and modifiers in a scope are
 * refused.
 */
#ifndef KITH_POLICY_SCOPE_H
#define KITH_POLICY_SCOPE_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/index.h"
#include "fhir/search.h"
#include "policy/roles.h"

enum scope_level { SCOPE_PATIENT = 1, SCOPE_USER = 2, SCOPE_SYSTEM = 4 };

struct scope {
    uint8_t level;  /* enum scope_level */
    fhir_type type; /* 0: any */
    uint8_t rights; /* MAY_* */
    text query;     /* "category=laboratory"; empty: none */
    text words;     /* as it was asked for */
};

struct scopes {
    struct scope *items;
    size_t count;
    bool openid;
    bool fhir_user;
    bool profile;
    bool offline_access;
    bool online_access;
    bool launch;
    bool launch_patient;
    bool launch_encounter;
    text patient; /* the launch context: patient-level scopes are about this one; empty: none */
    /* For scopes with a query: the plans, made by scopes_plan(). */
    const struct plan **plans; /* as many as items; NULL entries: no query */
};

/* Most scopes in one request: limit, ERR_TOO_LARGE. */
enum { SCOPES_MAX = 100 };

/* Space-separated. ERR_INVALID names the scope that is wrong and how it should look; a scope of no
 * kind that is known is an error as well. */
int scopes_parse(text t, struct arena *a, struct scopes *ret_scopes, struct err *e);

/* The scopes of `asked` that `allowed` covers (RFC 6749 section 3.3: fewer may be given). */
int scopes_within(const struct scopes *asked, const struct scopes *allowed, struct arena *a,
                  struct scopes *ret_scopes, struct err *e);

/* In canonical order and form (v2). p == NULL: no memory. */
text scopes_print(const struct scopes *s, struct arena *a);

/* Compiles the queries. ERR_NOT_SUPPORTED: chains, modifiers, unknown parameters. */
int scopes_plan(struct scopes *s, const struct index_rules *rules, struct arena *a, struct err *e);

/* Rights on a type; *ret_limited: every scope that gives some of them has a query. For patient
 * scopes only where about_patient. */
uint8_t scopes_rights(const struct scopes *s, fhir_type type, bool about_patient,
                      bool *ret_limited);

/* One scope in plain words for a consent screen: "See your laboratory results". */
text scope_words(const struct scope *s, struct arena *a);

#endif
