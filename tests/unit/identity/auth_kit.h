/* A node's identity and a browser that asks it below /auth. */
#ifndef KITH_TESTS_AUTH_KIT_H
#define KITH_TESTS_AUTH_KIT_H

#include "identity_kit.h"

#include "format/json.h"
#include "identity/inner.h"

#define PASSWORD "\"password\":\"correct pony battery\""

struct node {
    struct kit *kit;
    struct identity *id;
    int events[EVENT_COUNT];
    bool log_broken;
    /* The browser */
    text session; /* cookie */
    text binding;
    text csrf;
    const char *peer;
    const char *origin;
    /* The last answer */
    int status;
    yyjson_val *answer;
    int64_t enrolled_s; /* when the codes were confirmed */
    text recovery;      /* the first of the codes that were shown */
};

/* Its identity is opened below the folder of the kit. */
void open_node(struct node *n, struct kit *k, bool demo);
/* Sends a request as the browser would; the status, also in `status`, the body in `answer`. */
int ask(struct node *n, enum http_method method, const char *path, text body);
int post(struct node *n, const char *path, const char *body);
int get(struct node *n, const char *path);
/* A text of the last answer; empty: none. */
text member(const struct node *n, const char *name);
/* Who the session is: the code of identity_page_caller(). */
int who(struct node *n, struct caller *ret_caller);
/* The browser forgets its cookies. */
void forget(struct node *n);
/* The code that an app shows for a secret in base32. */
const char *code_of(struct node *n, text base32, int64_t at_s);
/* An account with this role; the path of its invitation. */
text invited(struct node *n, const char *name, struct account_role *role, text *ret_id);
/* By invitation, password and one-time code; the secret of the codes is returned. */
text enrol(struct node *n, const char *path, const char *login);

#endif
