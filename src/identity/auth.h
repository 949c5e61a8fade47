/* Private to identity/: the addresses below /auth (docs/identity.md). */
#ifndef KITH_IDENTITY_AUTH_H
#define KITH_IDENTITY_AUTH_H

#include "format/json.h"
#include "identity/inner.h"

enum { AUTH_BODY_MAX = 16 * 1024 };

/* One request below /auth. */
struct auth {
    struct identity *id;
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *a;
    text origin;
    bool secure;
    text part; /* of the path: {token}, {id}, {provider} */
    int64_t now_ms;
    bool has_session; /* then these two are filled */
    struct session session;
    struct account account;
    unsigned wait_seconds; /* goes with ERR_TOO_MANY */
};

void auth_handle(struct identity *id, const struct http_request *request, struct http_reply *reply);
/* {"error","words","seconds"}; seconds only where not 0. */
void auth_answer_error(const struct err *e, unsigned seconds, struct http_reply *reply);

/* --- what comes in -----------------------------------------------------------------------------
 */

/* A member of a body: its value goes to *value, NULL where it is not there. */
struct auth_member {
    const char *name;
    uint8_t type; /* YYJSON_TYPE_*; 0: any */
    bool required;
    const yyjson_val **value;
};
/* Exactly these members, each once, each of its type. ERR_SYNTAX, ERR_INVALID, ERR_REQUIRED. */
int auth_members(const yyjson_val *object, const struct auth_member *members, size_t count,
                 struct err *e);
/* Reads the body of the request as an object with these members. */
int auth_body(struct auth *c, const struct auth_member *members, size_t count, struct err *e);
/* The text of a member; empty: it is not there. */
text auth_text(const yyjson_val *v);
bool auth_true(const yyjson_val *v);

/* --- what goes out -----------------------------------------------------------------------------
 */

/* Members of a JSON object, with a comma before all but the first. */
void auth_name(struct buf *out, const char *name);
void auth_put(struct buf *out, const char *name, text value);
void auth_put_bool(struct buf *out, const char *name, bool value);
void auth_put_number(struct buf *out, const char *name, int64_t value);
/* "2026-11-22T05:29:08.123Z" */
void auth_put_instant(struct buf *out, const char *name, int64_t ms);
/* Answers as GET /auth/session. */
int auth_answer_session(struct auth *c, struct err *e);
void auth_set_cookie(struct auth *c, text name, text value, int max_age);

/* --- signing in --------------------------------------------------------------------------------
 */

/* The value of the cookie of ceremonies, made and set where there is none; its hash is what binds
 * them. */
int auth_binding(struct auth *c, bool make, text *ret_cookie, text *ret_hash, struct err *e);
/* A session with a new cookie for c->account, in the place of the one that there was; recorded. */
int auth_sign_in(struct auth *c, enum session_step step, bool strong, struct err *e);
/* Records it. Always gives an error: `rc` as it is, or that it could not be recorded. */
int auth_sign_in_failed(struct auth *c, const struct account *account, const char *why, int rc,
                        struct err *e);
/* Records a change of an account by the one who is signed in, before it is made. */
int auth_record_change(struct auth *c, const struct account *account, const char *why,
                       struct err *e);
/* account_change() of c->account, which is then the changed one. */
int auth_change(struct auth *c, const struct account *changed, struct err *e);
int auth_throttle(struct auth *c, text who, struct err *e);
/* Whether the person who is signed in may manage people. ERR_FORBIDDEN. */
int auth_may_manage(struct auth *c, struct err *e);

/* --- the addresses -----------------------------------------------------------------------------
 */

int auth_get_session(struct auth *c, struct err *e);
int auth_post_sign_out(struct auth *c, struct err *e);
int auth_post_sign_out_everywhere(struct auth *c, struct err *e);
int auth_post_role(struct auth *c, struct err *e);
int auth_get_roles(struct auth *c, struct err *e);

int auth_post_password(struct auth *c, struct err *e);
int auth_post_password_set(struct auth *c, struct err *e);
int auth_post_totp(struct auth *c, struct err *e);
int auth_post_recovery(struct auth *c, struct err *e);
int auth_post_totp_new(struct auth *c, struct err *e);
int auth_post_totp_confirm(struct auth *c, struct err *e);

int auth_post_passkey_options(struct auth *c, struct err *e);
int auth_post_passkey_verify(struct auth *c, struct err *e);
int auth_get_passkeys(struct auth *c, struct err *e);
int auth_post_passkey_new_options(struct auth *c, struct err *e);
int auth_post_passkey_new_verify(struct auth *c, struct err *e);
int auth_post_passkey_remove(struct auth *c, struct err *e);
int auth_post_passkey_rename(struct auth *c, struct err *e);

int auth_get_invite(struct auth *c, struct err *e);
int auth_post_invite(struct auth *c, struct err *e);
int auth_get_external(struct auth *c, struct err *e);
int auth_get_external_callback(struct auth *c, struct err *e);
int auth_get_demo(struct auth *c, struct err *e);
int auth_get_demo_nodes(struct auth *c, struct err *e);
int auth_post_demo_nodes(struct auth *c, struct err *e);
int auth_post_demo(struct auth *c, struct err *e);

int auth_get_people(struct auth *c, struct err *e);
int auth_post_people(struct auth *c, struct err *e);
int auth_post_person(struct auth *c, struct err *e);

#endif
