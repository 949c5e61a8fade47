/*
 * Accounts: one for each person who signs in. Kept as JSON:
 *   {"id","name","login","kind":"patient|professional","disabled":false,"person":"Practitioner/x",
 *    "patient":"id","nhs_number":"9...","organisation":"Organization/x",
 *    "roles":[{"code":"R8000","organisation":"Organization/x","teams":["CareTeam/t"]}],
 *    "password":"$argon2id$...","totp":"sealed","totp_step":n,"recovery":["sha256", ...],
 *    "passkeys":[{"id","key","sign_count","name","added_ms","used_ms","backed_up"}],
 *    "external":[{"provider","subject"}],"epoch":n,"added_ms","changed_ms","invited_ms","demo":false}
 * A person may be a patient and a professional here: that is two accounts. "own_record" of the
 * professional one is the id of their Patient, so that a look at it stands out in the access log.
 */
#ifndef KITH_IDENTITY_ACCOUNT_H
#define KITH_IDENTITY_ACCOUNT_H

#include "base/arena.h"
#include "base/err.h"
#include "policy/actor.h"
#include "store/kept.h"

struct account_role {
    text code; /* of policy/roles.h */
    text organisation;
    text *teams;
    size_t team_count;
};
struct account_passkey {
    text id;  /* credential id, base64url */
    text key; /* COSE public key, base64url */
    uint64_t sign_count;
    text name;
    int64_t added_ms;
    int64_t used_ms;
    bool backed_up;
};
struct account_external {
    text provider;
    text subject;
};
struct account {
    text id;
    text name;
    text login;
    enum actor_kind kind; /* ACTOR_PERSON or ACTOR_PROFESSIONAL */
    bool disabled;
    bool demo;
    text person;  /* "Practitioner/x", "Patient/y", "RelatedPerson/z" */
    text patient; /* id, of a patient */
    text nhs_number;
    text own_record; /* id of a Patient, of a professional */
    struct account_role *roles;
    size_t role_count;
    text password;      /* encoded Argon2id hash; empty: none */
    text totp;          /* sealed secret; empty: none */
    uint64_t totp_step; /* the last one that was used */
    text *recovery;
    size_t recovery_count;
    struct account_passkey *passkeys;
    size_t passkey_count;
    struct account_external *externals;
    size_t external_count;
    uint64_t epoch; /* sessions and tokens of an earlier one have ended */
    int64_t added_ms;
    int64_t changed_ms;
    text words;         /* of the demonstration: who this is */
    text invite;        /* SHA-256 of the open invitation; empty: none */
    int64_t invited_ms; /* the last invitation that was made beside ways in; 0: none */
};

enum { ACCOUNT_ROLES_MAX = 20, ACCOUNT_PASSKEYS_MAX = 20, ACCOUNT_EXTERNALS_MAX = 10 };

/* Case folded and NFKC: how logins are kept and compared. ERR_VALUE: not 3 to 100 characters, or
 * with one that a login may not have. */
int login_fold(text login, struct arena *a, text *ret_folded, struct err *e);
/* Ten digits with a right check digit (modulus 11). */
bool nhs_number_valid(text number);

/* ERR_NOT_FOUND. All texts in the arena. */
int account_read(struct kept *k, text id, struct arena *a, struct account *ret_account,
                 struct err *e);
int account_by_login(struct kept *k, text login, struct arena *a, struct account *ret_account,
                     struct err *e);
int account_by_passkey(struct kept *k, text credential, struct arena *a,
                       struct account *ret_account, struct err *e);
int account_by_external(struct kept *k, text provider, text subject, struct arena *a,
                        struct account *ret_account, struct err *e);
int account_by_nhs_number(struct kept *k, text number, struct arena *a, struct account *ret_account,
                          struct err *e);
/* A way in: a password, a passkey or a provider. */
bool account_has_way_in(const struct account *account);
/* Gives it an id, unless it has one that was made for it. Login folded and unique (ERR_CONFLICT);
 * NHS number valid, one account each; roles known (ERR_VALUE, naming those that there are). */
int account_add(struct kept *k, struct account *account, struct arena *a, struct err *e);
/* Writes `changed` where the kept one is still `was` (ERR_CONFLICT: read it again), with the rows
 * of login, passkeys and externals that go with it. */
int account_change(struct kept *k, const struct account *was, const struct account *changed,
                   struct arena *a, struct err *e);
int account_each(struct kept *k, struct arena *a, struct account **ret_accounts, size_t *ret_count,
                 struct err *e);

/* The actor that an account is in one of its roles (0: the only one, or the first), with the rights
 * and teams of that role alone. `parties` come from struct identity_world. */
int account_actor(const struct account *account, size_t role, const text *parties,
                  size_t party_count, struct arena *a, struct actor *ret_actor, struct err *e);

#endif
