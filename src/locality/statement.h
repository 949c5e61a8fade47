/*
 * What an asker signs about one request, and a holder about one answer: JWS (EdDSA) by the member's
 * key. Claims: docs/locality.md, "Asking". Pure; but nonces are remembered in struct nonces.
 */
#ifndef KITH_LOCALITY_STATEMENT_H
#define KITH_LOCALITY_STATEMENT_H

#include "locality/directory.h"
#include "policy/actor.h"

enum { STATEMENT_SECONDS = 60, STATEMENT_SKEW_S = 30, RECEIPT_MINUTES = 5, NONCES_MAX = 1 << 20 };

struct subject { /* the person asked about */
    text nhs_number, family, given, birth_date, gender, postcode;
};

struct statement {
    text asker, holder; /* ODS codes */
    int64_t made_ms, ends_ms;
    uint8_t nonce[16];
    text locality;
    uint64_t number;     /* of the directory */
    uint8_t tls[32];     /* the asker's key on the connection */
    uint8_t request[32]; /* SHA-256 of the request as sent */
    text account, name, role, role_name;
    enum purpose purpose;
    text relation; /* words of relationship_words(); empty: none stated */
    text reason;   /* of an override: code, then words */
    struct subject subject;
    uint8_t leaf[32]; /* of the asker's log */
};

int statement_sign(const struct statement *s, const struct note_signer *by, struct arena *a,
                   text *ret_jws, struct err *e);

/*
 * Of one process: what has been seen and could still be valid. A lock inside. It remembers nothing
 * of the process before, so statements that were made before `now_ms` of its begin do not count.
 */
struct nonces;
int nonces_new(int64_t now_ms, struct nonces **ret_nonces, struct err *e);
void nonces_free(struct nonces *n);
/* ERR_FORBIDDEN: it was here before; ERR_PRECONDITION: it is from before this process; ERR_BUSY:
 * NONCES_MAX of them are remembered. */
int nonces_take(struct nonces *n, const uint8_t nonce[16], int64_t made_ms, int64_t now_ms,
                struct err *e);

struct statement_expect {
    const struct directory *directory;
    text self;              /* ODS code of the one who reads it */
    const uint8_t *tls;     /* of the connection (32 bytes); NULL: one that came enclosed (L3) */
    const uint8_t *request; /* hash of what came */
    int64_t now_ms;
    struct nonces *nonces; /* NULL: not looked at */
};
/* Who says that they have signed it, unseen: whose directory it has to be read with. */
int statement_issuer(text jws, struct arena *a, text *ret, struct err *e);
/* ERR_FORBIDDEN with which claim does not hold; nothing of it says more than the asker knows.
 * ERR_PRECONDITION: its time is over, or has not come (clocks differ, or this node has just
 * started). *ret_asker: of the directory. */
int statement_read(text jws, const struct statement_expect *expect, struct arena *a,
                   struct statement *ret, const struct member **ret_asker, struct err *e);

struct receipt {
    text holder, asker;
    uint8_t nonce[16];
    int64_t made_ms;
    int64_t until_ms; /* the right to show it */
    int status;
    uint8_t body[32];
    uint8_t leaf[32];  /* of the holder's log */
    uint32_t withheld; /* labels; 0: nothing, or it is not told */
    uint64_t consent;  /* version */
    uint64_t number;   /* of the holder's directory */
    /* Whose record it is, so that the asker can compare (J6). Empty: nothing was given. */
    text patient;           /* the holder's id */
    struct subject subject; /* as the holder has it */
    text superseded;        /* the number that was asked for, where subject has the one since */
};
int receipt_sign(const struct receipt *r, const struct note_signer *by, struct arena *a,
                 text *ret_jws, struct err *e);
/* That it is the holder's, about this statement and an answer of this hash, and not too old:
 * ERR_FORBIDDEN. */
int receipt_read(text jws, const struct member *holder, const struct statement *about,
                 const uint8_t body[32], int64_t now_ms, struct arena *a, struct receipt *ret,
                 struct err *e);

#endif
