/* A provider that runs, a node's side of it, and a browser between them. */
#ifndef KITH_TESTS_OIDC_KIT_H
#define KITH_TESTS_OIDC_KIT_H

#include "identity/oidc_int.h"

#include <sys/types.h>

#define BACK T("https://kith.example/auth/external/nhs-login/callback")
#define BROWSER T("a-cookie-of-this-browser")

struct kit {
    pid_t pid;
    char issuer[64];
    char dir[64];
    struct kept *kept;
    struct seal_key *seal;
    struct oidc *oidc;
    struct http_client *http;
};
extern struct kit kit;
extern struct arena arena;
extern const char *script; /* oidc_provider.py */
extern int64_t ahead_ms;   /* of the node's clock */
int64_t test_clock(void);

/* Setup and teardown of a test. */
int begin(void **state);
int begin_rsa(void **state);
int end(void **state);

/* To the provider: POST /test/WHAT. */
text tell(const char *what, text body);
void set(const char *what, const char *name, const char *value);
unsigned long asked_for(const char *path);

struct oidc_new nhs_login(void);
/* On both sides. */
void add(const struct oidc_new *n);

/* The query that the browser brings back; finishing with it; both. */
text go(text provider);
int come_back(text provider, text query, struct oidc_person *ret, struct err *e);
int sign_in(text provider, struct oidc_person *ret, struct err *e);

#endif
