#include "identity/oauth_int.h"

#include <stdlib.h>

/*
 * Tokens that were seen, so that a request costs a digest and a look into memory. An entry is good
 * while nothing of what it was made of has changed (kept_changes()); who the person is now is asked
 * of identity each time, which keeps that itself.
 */

enum { SHARDS = 16, SETS = 256, WAYS = 4, TOKEN_LENGTH = 43 };

static const char *const made_of[] = {"token", "grant", "client"};
enum { MADE_OF = sizeof made_of / sizeof *made_of };

struct seen {
    unsigned char hash[32];
    uint64_t changes[MADE_OF];
    int64_t expires_ms;
    uint64_t used;
    bool is_system;
    bool local;
    bool alone;
    bool queries; /* a scope has parameters: plans are made for each request */
    size_t role;
    uint64_t epoch;
    text account;
    text client;
    text client_name;
    text patient;
    text scope; /* the items' texts are slices of it */
    struct scopes scopes;
    struct arena arena;
};

struct shard {
    pthread_mutex_t lock;
    EVP_MD_CTX *digest;
    uint64_t clock;
    struct seen *seen[SETS][WAYS];
};

struct oauth_cache {
    EVP_MD *sha256;
    struct hash_key key;
    struct shard shards[SHARDS];
};

struct oauth_cache *cache_new(void)
{
    struct oauth_cache *c = calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    random_bytes(&c->key, sizeof c->key);
    c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    bool fine = c->sha256;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&c->shards[i].lock, NULL);
        c->shards[i].digest = EVP_MD_CTX_new();
        fine = fine && c->shards[i].digest;
    }
    if (!fine) {
        cache_free(c);
        return NULL;
    }
    return c;
}

static void forget(struct seen **place)
{
    if (*place) {
        arena_done(&(*place)->arena);
    }
    free(*place);
    *place = NULL;
}

void cache_free(struct oauth_cache *c)
{
    for (size_t i = 0; c && i < SHARDS; i++) {
        for (size_t at = 0; at < (size_t)SETS * WAYS; at++) {
            forget(&c->shards[i].seen[at / WAYS][at % WAYS]);
        }
        EVP_MD_CTX_free(c->shards[i].digest);
        pthread_mutex_destroy(&c->shards[i].lock);
    }
    if (c) {
        EVP_MD_free(c->sha256);
    }
    free(c);
}

/* --- from what is kept -------------------------------------------------------------------------
 */

static int ended(struct err *e)
{
    return err_set(e, ERR_LOGIN,
                   "the access token is not valid, or no longer; refresh it or sign in again");
}

static int read_client(struct oauth *o, struct seen *s, const struct oauth_token *row,
                       struct err *e)
{
    struct client client;
    if (row->local) {
        s->client_name = row->name;
        return 0;
    }
    int code = client_read(o->kept, row->client, &s->arena, &client, e);
    s->client_name = code ? T("") : client.name;
    return code == ERR_NOT_FOUND || (!code && client.disabled) ? ended(e) : code;
}

static int read_grant(struct oauth *o, struct seen *s, const struct oauth_token *row,
                      int64_t now_ms, struct err *e)
{
    struct oauth_grant grant = {0};
    text was;
    if (!row->grant.n) {
        s->is_system = true;
        return 0;
    }
    int code = grant_read(o->kept, row->grant, &s->arena, &grant, &was, e);
    if (code == ERR_NOT_FOUND || (!code && grant.expires_ms <= now_ms)) {
        return ended(e);
    }
    s->account = grant.account;
    s->patient = grant.patient;
    s->role = (size_t)grant.role;
    s->epoch = (uint64_t)grant.epoch;
    s->expires_ms = grant.expires_ms < s->expires_ms ? grant.expires_ms : s->expires_ms;
    return code;
}

static int load(struct oauth *o, text token, int64_t now_ms, struct seen *s, struct err *e)
{
    struct oauth_token row;
    text was;
    for (size_t i = 0; i < MADE_OF; i++) {
        s->changes[i] = kept_changes(o->kept, made_of[i]);
    }
    int code = oauth_token_read(o->kept, "token", token, now_ms, &s->arena, &row, &was, e);
    if (code == ERR_NOT_FOUND) {
        return ended(e);
    }
    if (code) {
        return code;
    }
    s->expires_ms = row.expires_ms;
    s->client = row.client;
    s->scope = row.scope;
    s->local = row.local;
    s->alone = row.alone;
    code = read_client(o, s, &row, e);
    code = code ? code : read_grant(o, s, &row, now_ms, e);
    code = code ? code : scopes_parse(row.scope, &s->arena, &s->scopes, e);
    for (size_t i = 0; !code && i < s->scopes.count; i++) {
        s->queries = s->queries || s->scopes.items[i].query.n;
    }
    return code;
}

/* --- into the request's memory -----------------------------------------------------------------
 */

static text put(char **to, text t)
{
    text out = {*to, t.n};
    if (t.n) {
        memcpy(*to, t.p, t.n);
    }
    *to += t.n;
    return out;
}

/* An item's text stands in the scope's: the same place in its copy. */
static text moved(text t, text from, text to)
{
    return t.n ? text_make(to.p + (t.p - from.p), t.n) : T("");
}

struct copy {
    text account;
    text client;
    text client_name;
    text patient;
    struct scopes *scopes;
};

/* In one piece: an entry may go while the request still runs. */
static bool copy_seen(const struct seen *s, struct arena *a, struct copy *ret_copy)
{
    size_t count = s->scopes.count;
    size_t texts = s->account.n + s->client.n + s->client_name.n + s->patient.n + s->scope.n;
    size_t fixed = sizeof(struct scopes) + count * (sizeof(struct scope) + sizeof(struct plan *));
    char *to = arena_alloc(a, fixed + texts);
    if (!to) {
        return false;
    }
    struct scopes *scopes = (void *)to;
    struct scope *items = (void *)(to + sizeof *scopes);
    const struct plan **plans = (void *)(to + sizeof *scopes + count * sizeof *items);
    to += fixed;
    text scope = put(&to, s->scope);
    *scopes = s->scopes;
    scopes->items = items;
    scopes->plans = plans;
    for (size_t i = 0; i < count; i++) {
        items[i] = s->scopes.items[i];
        items[i].query = moved(items[i].query, s->scope, scope);
        items[i].words = moved(items[i].words, s->scope, scope);
        plans[i] = NULL;
    }
    *ret_copy = (struct copy){.account = put(&to, s->account),
                              .client = put(&to, s->client),
                              .client_name = put(&to, s->client_name),
                              .patient = put(&to, s->patient),
                              .scopes = scopes};
    scopes->patient = ret_copy->patient;
    return true;
}

/* What of an entry is needed beside its texts. */
struct facts {
    bool is_system, local, queries, alone;
    size_t role;
    uint64_t epoch;
};

static struct facts facts_of(const struct seen *s)
{
    return (struct facts){s->is_system, s->local, s->queries, s->alone, s->role, s->epoch};
}

static bool digest(struct shard *shard, const EVP_MD *md, text token, unsigned char hash[32])
{
    unsigned n = 0;
    return EVP_DigestInit_ex2(shard->digest, md, NULL) == 1 &&
           EVP_DigestUpdate(shard->digest, token.p, token.n) == 1 &&
           EVP_DigestFinal_ex(shard->digest, hash, &n) == 1 && n == 32;
}

static bool is_current(struct oauth *o, const struct seen *s, int64_t now_ms)
{
    bool same = s->expires_ms > now_ms;
    for (size_t i = 0; same && i < MADE_OF; i++) {
        same = s->changes[i] == kept_changes(o->kept, made_of[i]);
    }
    return same;
}

static struct seen **find(struct shard *shard, size_t set, const unsigned char hash[32])
{
    for (size_t i = 0; i < WAYS; i++) {
        struct seen *s = shard->seen[set][i];
        if (s && CRYPTO_memcmp(s->hash, hash, 32) == 0) {
            return &shard->seen[set][i];
        }
    }
    return NULL;
}

/* Its own place, a free one, or that of the one which was not used for longest. */
static void keep(struct shard *shard, size_t set, struct seen *s)
{
    struct seen **place = find(shard, set, s->hash);
    for (size_t i = 0; !place && i < WAYS; i++) {
        place = shard->seen[set][i] ? NULL : &shard->seen[set][i];
    }
    if (!place) {
        place = &shard->seen[set][0];
        for (size_t i = 1; i < WAYS; i++) {
            if (shard->seen[set][i]->used < (*place)->used) {
                place = &shard->seen[set][i];
            }
        }
    }
    forget(place);
    s->used = ++shard->clock;
    *place = s;
}

static int look_up(struct oauth *o, text token, struct arena *a, struct copy *ret_copy,
                   struct facts *ret_facts, struct err *e)
{
    uint64_t place = hash_text(o->cache->key, token);
    struct shard *shard = &o->cache->shards[place % SHARDS];
    size_t set = place / SHARDS % SETS;
    int64_t now_ms = clock_real_ms();
    unsigned char hash[32];
    bool there = false, copied = false;
    (void)pthread_mutex_lock(&shard->lock);
    bool digested = digest(shard, o->cache->sha256, token, hash);
    struct seen **known = digested ? find(shard, set, hash) : NULL;
    if (known && is_current(o, *known, now_ms)) {
        there = true;
        (*known)->used = ++shard->clock;
        copied = copy_seen(*known, a, ret_copy);
        *ret_facts = facts_of(*known);
    } else if (known) {
        forget(known);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    if (there || !digested) {
        return copied ? 0 : err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    struct seen *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    arena_init(&s->arena, 1 << 20);
    memcpy(s->hash, hash, sizeof hash);
    int code = load(o, token, now_ms, s, e);
    if (!code && !copy_seen(s, a, ret_copy)) {
        code = err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    *ret_facts = facts_of(s);
    if (code) {
        forget(&s);
        return code;
    }
    (void)pthread_mutex_lock(&shard->lock);
    keep(shard, set, s);
    (void)pthread_mutex_unlock(&shard->lock);
    return 0;
}

/* --- who it is ----------------------------------------------------------------------------------
 */

/* Every right on every type, so that the administrator at the machine can use it with curl. */
static bool is_all(const struct scopes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct scope *one = &s->items[i];
        if (one->level == SCOPE_SYSTEM && !one->type && !one->query.n &&
            one->rights == (MAY_CREATE | MAY_READ | MAY_UPDATE | MAY_DELETE | MAY_SEARCH)) {
            return true;
        }
    }
    return false;
}

static struct actor system_actor(const struct oauth *o, const struct copy *c, bool local)
{
    struct actor actor = {.kind = ACTOR_SYSTEM,
                          .name = c->client_name,
                          .organisation = o->config->organisation_reference,
                          .organisation_name = o->config->organisation_name,
                          .purpose = local ? PURPOSE_SYSTEM : PURPOSE_OPERATIONS,
                          .alone = true};
    if (local && is_all(c->scopes)) {
        actor.activities = ACTIVITY_BIT(ACTIVITY_MANAGE_PEOPLE) |
                           ACTIVITY_BIT(ACTIVITY_MANAGE_DIRECTORY) |
                           ACTIVITY_BIT(ACTIVITY_MANAGE_NODE);
    }
    return actor;
}

int oauth_plan(struct oauth *o, struct scopes *s, struct arena *a, struct err *e)
{
    const struct identity_world *world = &o->config->world;
    struct index_rules rules = {.base = o->config->base};
    if (world->rules) {
        rules = world->rules(world->context);
    }
    return scopes_plan(s, &rules, a, e);
}

int oauth_bearer(struct oauth *o, text token, struct arena *a, struct caller *ret_caller,
                 struct err *e)
{
    struct copy copy = {0};
    struct facts facts = {0};
    struct caller caller = {0};
    if (token.n == OAUTH_PORTAL_TOKEN) {
        return portal_bearer(o, token, a, ret_caller, e);
    }
    if (token.n != TOKEN_LENGTH) {
        return ended(e);
    }
    int code = look_up(o, token, a, &copy, &facts, e);
    if (!code && facts.is_system) {
        caller.actor = system_actor(o, &copy, facts.local);
    } else if (!code) {
        code = identity_actor(o->id, copy.account, facts.role, facts.epoch, a, &caller.actor, e);
    }
    caller.actor.alone = facts.is_system || facts.alone;
    if (!code && facts.queries) {
        code = oauth_plan(o, copy.scopes, a, e);
    }
    if (code) {
        return code;
    }
    caller.scopes = copy.scopes;
    caller.client = copy.client;
    caller.client_name = copy.client_name;
    caller.launch_patient = copy.patient;
    *ret_caller = caller;
    return 0;
}
