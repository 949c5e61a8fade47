#include "identity/inner.h"

#include "base/clock.h"
#include "base/map.h"

#include <stdlib.h>

/*
 * One row for an (account, role) that asked: the actor, in memory of its own. It holds while no
 * account has changed, here or by another process; the parties that the store knows are asked for
 * again each second.
 */
enum { ROWS_MAX = 100 * 1000, READ_BYTES = 1024 * 1024, KEY_MOST = 96 };
#define PARTIES_NS INT64_C(1000000000)

struct known {
    struct actor actor;
    void *texts;        /* of the actor */
    char key[KEY_MOST]; /* the map's key points here; account, then role */
    uint64_t epoch;
    uint64_t change; /* kept_changes() before the account was read */
    int64_t read_ns;
    int code; /* not 0: an account that is nobody (any more) */
};

struct actors {
    pthread_mutex_t lock;
    struct map map; /* of struct known * */
};

struct actors *actors_new(void)
{
    struct actors *s = calloc(1, sizeof *s);
    if (s) {
        (void)pthread_mutex_init(&s->lock, NULL);
        map_init(&s->map);
    }
    return s;
}

static void known_free(struct known *k)
{
    if (k) {
        free(k->texts);
        free(k);
    }
}

static void empty(struct actors *s)
{
    for (size_t i = 0; i < s->map.capacity; i++) {
        if (s->map.slots[i].key.p) {
            known_free((struct known *)(uintptr_t)s->map.slots[i].value);
        }
    }
    map_done(&s->map);
    map_init(&s->map);
}

void actors_free(struct actors *s)
{
    if (s) {
        empty(s);
        map_done(&s->map);
        (void)pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

/* --- reading --------------------------------------------------------------------------------- */

/* Roles without an organisation are at this one. */
static int at_home(const struct identity *id, struct account *account, struct arena *a)
{
    struct account_role *roles = arena_zalloc(a, account->role_count + 1, sizeof *roles);
    if (!roles) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < account->role_count; i++) {
        roles[i] = account->roles[i];
        if (!roles[i].organisation.n) {
            roles[i].organisation = id->config.organisation_reference;
        }
    }
    account->roles = roles;
    return 0;
}

enum { FIELDS = 8 };

static void actor_fields(struct actor *actor, text *fields[FIELDS])
{
    text *all[FIELDS] = {&actor->account,   &actor->name,         &actor->role,
                         &actor->role_name, &actor->organisation, &actor->organisation_name,
                         &actor->patient,   &actor->own_record};
    (void)memcpy(fields, all, sizeof all);
}

/* Of its parties and all its texts, in one piece. */
static size_t actor_bytes(struct actor from)
{
    text *fields[FIELDS];
    size_t bytes = from.party_count * sizeof(text) + 1;
    actor_fields(&from, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        bytes += fields[i]->n;
    }
    for (size_t i = 0; i < from.party_count; i++) {
        bytes += from.parties[i].n;
    }
    return bytes;
}

static text put_text(char **at, text t)
{
    text put = text_make(*at, t.n);
    (void)memcpy(*at, t.n ? t.p : "", t.n);
    *at += t.n;
    return put;
}

/* `to` has actor_bytes(). */
static struct actor copy_actor(struct actor from, void *to)
{
    text *fields[FIELDS];
    text *parties = to;
    char *at = (char *)(parties + from.party_count);
    actor_fields(&from, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        *fields[i] = put_text(&at, *fields[i]);
    }
    for (size_t i = 0; i < from.party_count; i++) {
        parties[i] = put_text(&at, from.parties[i]);
    }
    from.parties = parties;
    return from;
}

static int hold_actor(struct known *k, const struct actor *actor, struct err *e)
{
    k->texts = malloc(actor_bytes(*actor));
    if (!k->texts) {
        return err_set(e, ERR_MEMORY, "no memory for the account");
    }
    k->actor = copy_actor(*actor, k->texts);
    return 0;
}

/* Who this person is besides the account; nobody whom the store does not know. */
static int ask_world(const struct identity_world *world, text person, struct arena *a,
                     text **ret_parties, size_t *ret_count, struct err *e)
{
    *ret_parties = NULL;
    *ret_count = 0;
    if (!world->parties || !person.n) {
        return 0;
    }
    int rc = world->parties(world->context, person, a, ret_parties, ret_count, e);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int read_actor(struct identity *id, text account_id, size_t role, struct known *k,
                      struct err *e)
{
    struct arena a;
    struct account account;
    struct actor actor;
    text *parties;
    size_t count;
    arena_init(&a, READ_BYTES);
    int rc = account_read(id->kept, account_id, &a, &account, e);
    if (rc == ERR_NOT_FOUND || (!rc && account.disabled)) {
        k->code = ERR_LOGIN;
        rc = 0;
    } else if (!rc) {
        rc = at_home(id, &account, &a) ? err_set(e, ERR_MEMORY, "no memory for the account") : 0;
        rc = rc ? rc : ask_world(&id->config.world, account.person, &a, &parties, &count, e);
        rc = rc ? rc : account_actor(&account, role, parties, count, &a, &actor, e);
        rc = rc ? rc
                : identity_organisation_name(id, actor.organisation, &a, &actor.organisation_name,
                                             e);
        k->epoch = account.epoch;
        rc = rc ? rc : hold_actor(k, &actor, e);
    }
    arena_done(&a);
    return rc;
}

/* --- asking ---------------------------------------------------------------------------------- */

static int answer(const struct known *k, uint64_t epoch, struct arena *a, struct actor *ret_actor,
                  struct err *e)
{
    if (k->code || k->epoch != epoch) {
        return err_set(e, ERR_LOGIN, "this sign-in has been ended; sign in again");
    }
    void *to = arena_alloc(a, actor_bytes(k->actor));
    if (!to) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_actor = copy_actor(k->actor, to);
    return 0;
}

/* Takes k. */
static void keep(struct actors *s, struct known *k, size_t key_n)
{
    bool is_new;
    if (s->map.count >= ROWS_MAX) {
        empty(s);
    }
    uint64_t *value = map_put(&s->map, text_make(k->key, key_n), &is_new);
    if (!value) {
        known_free(k);
    } else if (is_new) {
        *value = (uint64_t)(uintptr_t)k;
    } else {
        /* The map's key points into the row that is there, and is the same. */
        struct known *there = (struct known *)(uintptr_t)*value;
        free(there->texts);
        *there = *k;
        free(k);
    }
}

int identity_actor(struct identity *id, text account, size_t role, uint64_t epoch, struct arena *a,
                   struct actor *ret_actor, struct err *e)
{
    char bytes[KEY_MOST];
    struct actors *s = id->actors;
    uint64_t change = kept_changes(id->kept, "account");
    int64_t now = clock_mono_ns();
    if (account.n == 0 || account.n + sizeof role > sizeof bytes) {
        return err_set(e, ERR_LOGIN, "there is no such account");
    }
    (void)memcpy(bytes, account.p, account.n);
    (void)memcpy(bytes + account.n, &role, sizeof role);
    text key = text_make(bytes, account.n + sizeof role);
    (void)pthread_mutex_lock(&s->lock);
    const uint64_t *found = map_get(&s->map, key);
    const struct known *k = found ? (const struct known *)(uintptr_t)*found : NULL;
    if (k && k->change == change && now - k->read_ns < PARTIES_NS) {
        int rc = answer(k, epoch, a, ret_actor, e);
        (void)pthread_mutex_unlock(&s->lock);
        return rc;
    }
    (void)pthread_mutex_unlock(&s->lock);
    struct known *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    (void)memcpy(fresh->key, bytes, key.n);
    fresh->change = change;
    fresh->read_ns = now;
    int rc = read_actor(id, account, role, fresh, e);
    rc = rc ? rc : answer(fresh, epoch, a, ret_actor, e);
    if (rc && rc != ERR_LOGIN) {
        known_free(fresh);
        return rc;
    }
    (void)pthread_mutex_lock(&s->lock);
    keep(s, fresh, key.n);
    (void)pthread_mutex_unlock(&s->lock);
    return rc;
}
