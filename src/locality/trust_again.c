/* A node that is no member of its directory: waits to be taken in, or was removed. */
#include "locality/trust_int.h"

struct spent {
    const struct trust *t;
    const uint8_t *tls;
    bool key_too, tls_too;
};

static int look_at_number(void *context, text key, text value)
{
    struct spent *s = context;
    struct directory_ref *ref = NULL;
    struct err ignored;
    (void)key;
    if (trust_ref_new(value, &ref, &ignored)) {
        return 0;
    }
    const struct member *m = directory_member(&ref->directory, text_of(s->t->ods));
    if (m && s->t->signer) {
        s->key_too = s->key_too || memcmp(m->key.key, note_signer_key(s->t->signer)->key, 32) == 0;
    }
    for (size_t i = 0; m && s->tls && i < m->tls_count; i++) {
        s->tls_too = s->tls_too || memcmp(m->tls[i], s->tls, 32) == 0;
    }
    trust_done(ref);
    return 0;
}

/* Under `changing`. Members: nothing is spent. */
static int look_at_keys(struct trust *t, struct spent *s, struct err *e)
{
    if (!t->now || !t->ods[0] || directory_member(&t->now->directory, text_of(t->ods))) {
        return 0;
    }
    return t->world->each(t->world->context, "directory", (text){0}, look_at_number, s, e);
}

int trust_tls_spent(struct trust *t, const uint8_t tls[32], bool *ret_spent, struct err *e)
{
    struct spent s = {.t = t, .tls = tls};
    pthread_mutex_lock(&t->changing);
    int rc = look_at_keys(t, &s, e);
    pthread_mutex_unlock(&t->changing);
    *ret_spent = s.tls_too;
    return rc;
}

int trust_forget_spent(struct trust *t, struct err *e)
{
    const struct loc_world *w = t->world;
    struct spent s = {.t = t};
    const struct kept_change forget[] = {
        {.change = KEPT_DELETE, .kind = "own", .key = T("key")},
        {.change = KEPT_DELETE, .kind = "own", .key = T("next")},
    };
    int rc = trust_read_self(t, e);
    rc = rc ? rc : look_at_keys(t, &s, e);
    if (rc || !s.key_too) {
        return rc;
    }
    return w->write(w->context, forget, sizeof forget / sizeof *forget, NULL, e);
}

struct leaving {
    struct arena a;
    const char *kind;
    struct kept_change *changes;
    size_t count, capacity;
};

static int leave_row(void *context, text key, text value)
{
    struct leaving *x = context;
    struct kept_change *grown =
        arena_grow(&x->a, x->changes, x->count, &x->capacity, sizeof *x->changes);
    text copy = arena_copy(&x->a, key);
    (void)value;
    if (!grown || !copy.p) {
        return ERR_MEMORY;
    }
    x->changes = grown;
    if (strcmp(x->kind, "own") != 0 || !text_eq(key, T("ods"))) {
        x->changes[x->count++] =
            (struct kept_change){.change = KEPT_DELETE, .kind = x->kind, .key = copy};
    }
    return 0;
}

int trust_leave(struct trust *t, struct err *e)
{
    static const char *const kinds[] = {"directory", "proposal", "vote", "double",
                                        "fork",      "invite",   "ally", "own"};
    const struct loc_world *w = t->world;
    struct leaving x = {0};
    int rc = 0;
    arena_init(&x.a, 8 * TRUST_MEMORY);
    pthread_mutex_lock(&t->changing);
    for (size_t i = 0; !rc && i < sizeof kinds / sizeof *kinds; i++) {
        x.kind = kinds[i];
        rc = w->each(w->context, x.kind, (text){0}, leave_row, &x, e);
    }
    rc = rc == ERR_MEMORY ? err_set(e, rc, "no memory to forget a locality") : rc;
    rc = rc || !x.count ? rc : w->write(w->context, x.changes, x.count, NULL, e);
    pthread_mutex_unlock(&t->changing);
    arena_done(&x.a);
    return rc;
}

const struct directory *trust_newest(struct trust *t, struct directory_ref **ret_ref)
{
    *ret_ref = trust_hold(t);
    return *ret_ref ? &(*ret_ref)->directory : NULL;
}

bool trust_asks(struct trust *t)
{
    struct arena a;
    struct err ignored;
    text wish;
    arena_init(&a, 1 << 20);
    bool asks = t->world->get(t->world->context, "own", T("invitation"), &a, &wish, &ignored) == 0;
    arena_done(&a);
    return asks;
}
