#include "identity/oauth_int.h"

#define ASK(name, kind) {#name, kind, offsetof(struct oauth_ask, name), 0}
const struct row_field oauth_ask_fields[] = {
    ASK(client, ROW_TEXT),
    ASK(redirect, ROW_TEXT),
    ASK(state, ROW_TEXT),
    ASK(scope, ROW_TEXT),
    ASK(challenge, ROW_TEXT),
    ASK(nonce, ROW_TEXT),
    ASK(patient, ROW_TEXT),
    ASK(encounter, ROW_TEXT),
    ASK(account, ROW_TEXT),
    ASK(binding, ROW_TEXT),
    ASK(session, ROW_TEXT),
    ASK(grant, ROW_TEXT),
    ASK(from, ROW_TEXT),
    ASK(person, ROW_TEXT),
    ASK(role, ROW_I64),
    ASK(epoch, ROW_I64),
    ASK(fresh_ms, ROW_I64),
    ASK(auth_ms, ROW_I64),
    ASK(expires_ms, ROW_I64),
    ASK(launched, ROW_BOOL),
    ASK(asks, ROW_BOOL),
    ASK(used, ROW_BOOL),
    {0},
};

#define GRANT(name, kind) {#name, kind, offsetof(struct oauth_grant, name), 0}
const struct row_field oauth_grant_fields[] = {
    GRANT(account, ROW_TEXT),
    GRANT(client, ROW_TEXT),
    GRANT(scope, ROW_TEXT),
    GRANT(patient, ROW_TEXT),
    GRANT(encounter, ROW_TEXT),
    GRANT(session, ROW_TEXT),
    GRANT(role, ROW_I64),
    GRANT(epoch, ROW_I64),
    GRANT(began_ms, ROW_I64),
    GRANT(used_ms, ROW_I64),
    GRANT(expires_ms, ROW_I64),
    GRANT(auth_ms, ROW_I64),
    {0},
};

#define TOKEN(name, kind) {#name, kind, offsetof(struct oauth_token, name), 0}
const struct row_field oauth_token_fields[] = {
    TOKEN(grant, ROW_TEXT),    TOKEN(client, ROW_TEXT),
    TOKEN(scope, ROW_TEXT),    TOKEN(name, ROW_TEXT),
    TOKEN(issued_ms, ROW_I64), TOKEN(expires_ms, ROW_I64),
    TOKEN(local, ROW_BOOL),    TOKEN(used, ROW_BOOL),
    TOKEN(alone, ROW_BOOL),    {0},
};

int grant_read(struct kept *k, text key, struct arena *a, struct oauth_grant *ret_grant,
               text *ret_was, struct err *e)
{
    struct oauth_grant grant = {.key = key};
    text row;
    int code = kept_get(k, "grant", key, a, &row, e);
    code = code ? code : row_read(oauth_grant_fields, row, a, &grant, e);
    if (!code) {
        *ret_grant = grant;
        *ret_was = row;
    }
    return code;
}

int grant_end(struct kept *k, text key, struct err *e)
{
    struct kept_change gone = {.change = KEPT_DELETE, .kind = "grant", .key = key};
    return kept_write(k, &gone, 1, NULL, e);
}

struct collect {
    struct arena *a;
    struct oauth_grant *grants;
    size_t count;
    size_t capacity;
};

static int take_grant(void *context, text key, text value)
{
    struct collect *c = context;
    struct oauth_grant grant = {0};
    struct err e;
    text copy = arena_copy(c->a, value);
    grant.key = arena_copy(c->a, key);
    void *grown = arena_grow(c->a, c->grants, c->count, &c->capacity, sizeof grant);
    if (!copy.p || !grant.key.p || !grown) {
        return ERR_MEMORY;
    }
    c->grants = grown;
    if (row_read(oauth_grant_fields, copy, c->a, &grant, &e)) {
        return ERR_CORRUPT;
    }
    c->grants[c->count++] = grant;
    return 0;
}

int grant_each(struct kept *k, text account, struct arena *a, struct oauth_grant **ret_grants,
               size_t *ret_count, struct err *e)
{
    struct collect c = {.a = a};
    text prefix = arena_printf(a, "%.*s/", TEXT_ARG(account));
    int code = prefix.p ? kept_each(k, "grant", prefix, take_grant, &c, e) : ERR_MEMORY;
    if (code) {
        return err_set(e, code, "the list of apps could not be read: %s", err_info(code)->text);
    }
    *ret_grants = c.grants;
    *ret_count = c.count;
    return 0;
}

int oauth_token_read(struct kept *k, const char *kind, text token, int64_t now_ms, struct arena *a,
                     struct oauth_token *ret_token, text *ret_was, struct err *e)
{
    struct oauth_token row = {0};
    text was, key = secret_hash(token, a);
    if (!key.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    int code = kept_get(k, kind, key, a, &was, e);
    code = code ? code : row_read(oauth_token_fields, was, a, &row, e);
    if (!code && row.expires_ms <= now_ms) {
        return err_set(e, ERR_NOT_FOUND, "the token has expired");
    }
    if (!code) {
        *ret_token = row;
        *ret_was = was;
    }
    return code;
}

/* --- what has expired ------------------------------------------------------------------------- */

enum { SWEEP_MOST = 1000 };

struct sweep {
    struct arena *a;
    const char *kind;
    int64_t now_ms;
    struct kept_change changes[SWEEP_MOST];
    size_t count;
};

static const struct row_field expiry_fields[] = {{"expires_ms", ROW_I64, 0, 0}, {0}};

static int sweep_row(void *context, text key, text value)
{
    struct sweep *s = context;
    int64_t expires_ms = 0;
    struct err e;
    struct arena_mark mark = arena_mark(s->a);
    bool gone = !row_read(expiry_fields, value, s->a, &expires_ms, &e) && expires_ms <= s->now_ms;
    arena_rewind(s->a, mark);
    if (gone) {
        text copy = arena_copy(s->a, key);
        if (!copy.p) {
            return 1;
        }
        s->changes[s->count++] =
            (struct kept_change){.change = KEPT_DELETE, .kind = s->kind, .key = copy};
    }
    return s->count == SWEEP_MOST;
}

void oauth_sweep(struct oauth_call *c)
{
    static const char *const kinds[] = {"token", "refresh", "code", "jti", "grant"};
    (void)pthread_mutex_lock(&c->o->lock);
    bool due = c->now_ms - c->o->swept_ms >= OAUTH_SWEEP_MS || c->now_ms < c->o->swept_ms;
    c->o->swept_ms = due ? c->now_ms : c->o->swept_ms;
    (void)pthread_mutex_unlock(&c->o->lock);
    struct sweep *s = due ? arena_zalloc(c->a, 1, sizeof *s) : NULL;
    for (size_t i = 0; s && i < sizeof kinds / sizeof *kinds; i++) {
        struct err e;
        *s = (struct sweep){.a = c->a, .kind = kinds[i], .now_ms = c->now_ms};
        /* What cannot be removed now is removed at the next sweep: it has ended in any case. */
        (void)kept_each(c->o->kept, kinds[i], T(""), sweep_row, s, &e);
        if (s->count) {
            (void)kept_write(c->o->kept, s->changes, s->count, NULL, &e);
        }
    }
}

bool oauth_rate(struct oauth_call *c, uint32_t *counter, uint32_t most)
{
    struct oauth *o = c->o;
    (void)pthread_mutex_lock(&o->lock);
    int64_t minute = c->now_ms / OAUTH_MINUTE;
    if (minute != o->minute) {
        o->minute = minute;
        o->registrations = 0;
        memset(o->system_tokens, 0, sizeof o->system_tokens);
    }
    bool left = *counter < most;
    *counter += left;
    (void)pthread_mutex_unlock(&o->lock);
    return left;
}

bool oauth_session_lives(struct oauth *o, text hash, int64_t auth_ms, int64_t now_ms,
                         struct arena *a)
{
    struct err e;
    text row;
    return hash.n && now_ms - auth_ms < OAUTH_ONLINE_MS &&
           kept_get(o->kept, "session", hash, a, &row, &e) == 0;
}
