/* The directory in force and the own keys: read, held, read again. */
#include "locality/trust_int.h"

#include <stdlib.h>

/* --- references
 * ----------------------------------------------------------------------------------- */

void trust_done(struct directory_ref *ref)
{
    if (ref && atomic_fetch_sub(&ref->holders, 1) == 1) {
        arena_done(&ref->arena);
        free(ref);
    }
}

int trust_ref_new(text note, struct directory_ref **ret, struct err *e)
{
    struct directory_ref *ref = calloc(1, sizeof *ref);
    text body;
    if (!ref) {
        return err_set(e, ERR_MEMORY, "no memory for a directory");
    }
    atomic_init(&ref->holders, 1);
    arena_init(&ref->arena, TRUST_MEMORY);
    int rc = note.n > DIRECTORY_MAX
                 ? err_set(e, ERR_TOO_LARGE, "a directory of more than %d bytes is refused",
                           DIRECTORY_MAX)
                 : 0;
    ref->note = rc ? (text){0} : arena_copy(&ref->arena, note);
    rc = rc || ref->note.p ? rc : err_set(e, ERR_MEMORY, "no memory for a directory");
    rc = rc ? rc : directory_body(ref->note, &body, e);
    rc = rc ? rc : directory_read(body, &ref->arena, &ref->directory, e);
    if (rc) {
        trust_done(ref);
        return rc;
    }
    *ret = ref;
    return 0;
}

struct directory_ref *trust_hold(struct trust *t)
{
    pthread_mutex_lock(&t->looking);
    struct directory_ref *ref = t->now;
    if (ref) {
        atomic_fetch_add(&ref->holders, 1);
    }
    pthread_mutex_unlock(&t->looking);
    return ref;
}

/* --- rows
 * -------------------------------------------------------------------------------------------- */

void trust_row_key(uint64_t number, uint64_t round, char ret_key[16])
{
    for (int i = 0; i < 8; i++) {
        ret_key[i] = (char)(number >> (56 - 8 * i));
        ret_key[8 + i] = (char)(round >> (56 - 8 * i));
    }
}

uint64_t trust_row_number(text key)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8 && i < key.n; i++) {
        number = number << 8 | (unsigned char)key.p[i];
    }
    return number;
}

/* --- the own keys
 * ---------------------------------------------------------------------------------------- */

/* *signer is changed only when the row is another key than it. */
static int read_key(struct trust *t, const char *name, struct note_signer **signer, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    struct note_signer *read = NULL;
    text key;
    arena_init(&a, 1 << 16);
    int rc = w->get(w->context, "own", text_of(name), &a, &key, e);
    bool none = rc == ERR_NOT_FOUND;
    rc = none ? 0 : rc ? rc : note_signer_read(key, &read, e);
    arena_done(&a);
    struct old_signer *old = rc || !*signer ? NULL : calloc(1, sizeof *old);
    bool same = !rc && *signer && read &&
                memcmp(note_signer_key(*signer)->key, note_signer_key(read)->key, 32) == 0;
    if (rc || same || (*signer && !old)) {
        note_signer_free(read);
        free(old);
        return rc || same ? rc : err_set(e, ERR_MEMORY, "no memory for a key");
    }
    pthread_mutex_lock(&t->looking);
    if (old) {
        *old = (struct old_signer){.signer = *signer, .next = t->old};
        t->old = old;
    }
    *signer = read;
    pthread_mutex_unlock(&t->looking);
    return 0;
}

int trust_read_self(struct trust *t, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    text ods;
    arena_init(&a, 1 << 16);
    int rc = w->get(w->context, "own", T("ods"), &a, &ods, e);
    if (!rc && ods.n >= sizeof t->ods) {
        rc = err_set(e, ERR_CORRUPT, "the ODS code that is kept for this node is too long");
    }
    /* Once, before the key and a directory can be seen by others: who has these reads it freely. */
    if (!rc && !text_eq(ods, text_of(t->ods))) {
        pthread_mutex_lock(&t->looking);
        memcpy(t->ods, ods.p, ods.n);
        t->ods[ods.n] = 0;
        pthread_mutex_unlock(&t->looking);
    }
    if (!rc) {
        rc = read_key(t, "key", &t->signer, e);
        rc = rc ? rc : read_key(t, "next", &t->next_signer, e);
    }
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* --- opening
 * ---------------------------------------------------------------------------------------- */

struct newest {
    struct arena *a;
    uint64_t number;
    struct arena_mark mark;
    text note;
};

static int newest_row(void *context, text key, text value)
{
    struct newest *n = context;
    if (trust_row_number(key) < n->number) {
        return 0;
    }
    arena_rewind(n->a, n->mark);
    n->note = arena_copy(n->a, value);
    return n->note.p ? 0 : ERR_MEMORY;
}

static void put_in_force(struct trust *t, struct directory_ref *next)
{
    pthread_mutex_lock(&t->looking);
    struct directory_ref *before = t->now;
    t->now = next;
    pthread_mutex_unlock(&t->looking);
    trust_done(before);
}

int trust_reread(struct trust *t, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    char key[16];
    uint64_t next = t->now ? t->now->directory.number + 1 : 0;
    struct newest newest = {.a = &a, .number = next};
    struct directory_ref *ref = NULL;
    text ignored;
    int rc = 0;
    arena_init(&a, 2 * TRUST_MEMORY);
    newest.mark = arena_mark(&a);
    if (t->now) {
        trust_row_key(next, 0, key);
        rc = w->get(w->context, "directory", text_make(key, 8), &a, &ignored, e);
        if (rc == ERR_NOT_FOUND) {
            arena_done(&a);
            return 0;
        }
    }
    rc = rc ? rc : trust_read_self(t, e);
    rc = rc ? rc : w->each(w->context, "directory", (text){0}, newest_row, &newest, e);
    rc = rc || !newest.note.n ? rc : trust_ref_new(newest.note, &ref, e);
    arena_done(&a);
    if (!rc && ref) {
        put_in_force(t, ref);
    }
    return rc;
}

int trust_refresh(struct trust *t, struct err *e)
{
    pthread_mutex_lock(&t->changing);
    int rc = trust_reread(t, e);
    pthread_mutex_unlock(&t->changing);
    return rc;
}

int trust_open(const struct loc_world *world, struct trust **ret_trust, struct err *e)
{
    struct trust *t = calloc(1, sizeof *t);
    if (!t) {
        return err_set(e, ERR_MEMORY, "no memory for the directory");
    }
    t->world = world;
    pthread_mutex_init(&t->changing, NULL);
    pthread_mutex_init(&t->looking, NULL);
    int rc = trust_reread(t, e);
    if (rc) {
        trust_close(t);
        return rc;
    }
    *ret_trust = t;
    return 0;
}

void trust_close(struct trust *t)
{
    if (!t) {
        return;
    }
    struct old_signer *next;
    for (struct old_signer *old = t->old; old; old = next) {
        next = old->next;
        note_signer_free(old->signer);
        free(old);
    }
    trust_done(t->now);
    trust_allies_done(t);
    note_signer_free(t->signer);
    note_signer_free(t->next_signer);
    pthread_mutex_destroy(&t->looking);
    pthread_mutex_destroy(&t->changing);
    free(t);
}

/* --- what is in force
 * -------------------------------------------------------------------------------- */

static bool was_removed(const struct directory *d, text ods)
{
    for (size_t i = 0; i < d->removed_count; i++) {
        if (text_eq(d->removed[i].ods, ods)) {
            return true;
        }
    }
    return false;
}

const struct directory *trust_directory(struct trust *t, struct directory_ref **ret_ref,
                                        const char **ret_why)
{
    struct directory_ref *ref = trust_hold(t);
    int64_t now = t->world->now_ms(t->world->context);
    *ret_ref = NULL;
    *ret_why = !ref ? "this node is in no locality"
               : ref->directory.until_ms <= now
                   ? "the locality's directory has expired: 'kith locality propose DIR renew' "
                     "at one member, and the others sign"
               : directory_member(&ref->directory, text_of(t->ods)) ? NULL
               : was_removed(&ref->directory, text_of(t->ods))
                   ? "this node was removed from its locality; a member can invite it again"
                   : "this node is not taken in yet: more than half of the members have to sign";
    if (*ret_why) {
        trust_done(ref);
        return NULL;
    }
    *ret_ref = ref;
    return &ref->directory;
}

int64_t trust_ends_ms(struct trust *t)
{
    struct directory_ref *ref = trust_hold(t);
    int64_t ends = ref ? ref->directory.until_ms : INT64_MAX;
    trust_done(ref);
    return ends;
}

int trust_self(struct trust *t, const struct note_signer **ret_signer, text *ret_ods, struct err *e)
{
    pthread_mutex_lock(&t->looking);
    const struct note_signer *signer = t->signer;
    pthread_mutex_unlock(&t->looking);
    if (!signer) {
        return err_set(e, ERR_NOT_FOUND,
                       "this node is in no locality; 'kith locality create' or 'join' begins");
    }
    *ret_signer = signer;
    *ret_ods = text_of(t->ods);
    return 0;
}

/* --- one number after another
 * -------------------------------------------------------------------------- */

struct pruning {
    struct arena *a;
    const char *kind;
    uint64_t before;
    const struct directory *next;
    struct kept_change *changes;
    size_t count, capacity;
};

/* What is of the number in force stays: it says who signed twice, should there be a fork. */
static int prune_row(void *context, text key, text value)
{
    struct pruning *p = context;
    (void)value;
    if (trust_row_number(key) >= p->before) {
        return 0;
    }
    struct kept_change *grown =
        arena_grow(p->a, p->changes, p->count, &p->capacity, sizeof *p->changes);
    text copy = arena_copy(p->a, key);
    if (!grown || !copy.p) {
        return ERR_MEMORY;
    }
    p->changes = grown;
    p->changes[p->count++] =
        (struct kept_change){.change = KEPT_DELETE, .kind = p->kind, .key = copy};
    return 0;
}

/* An invitation is good once: whoever is a member has used all of theirs. */
static int prune_invite(void *context, text key, text value)
{
    struct pruning *p = context;
    text until;
    (void)text_cut(&value, ' ', &until);
    if (!directory_member(p->next, value)) {
        return 0;
    }
    struct kept_change *grown =
        arena_grow(p->a, p->changes, p->count, &p->capacity, sizeof *p->changes);
    text copy = arena_copy(p->a, key);
    if (!grown || !copy.p) {
        return ERR_MEMORY;
    }
    p->changes = grown;
    p->changes[p->count++] =
        (struct kept_change){.change = KEPT_DELETE, .kind = "invite", .key = copy};
    return 0;
}

static int prune(struct trust *t, struct pruning *p, struct err *e)
{
    static const char *const kinds[] = {"proposal", "vote", "double"};
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof kinds / sizeof *kinds; i++) {
        p->kind = kinds[i];
        rc = t->world->each(t->world->context, kinds[i], (text){0}, prune_row, p, e);
    }
    return rc ? rc : t->world->each(t->world->context, "invite", (text){0}, prune_invite, p, e);
}

static int add_change(struct pruning *p, const struct kept_change *change, struct err *e)
{
    struct kept_change *grown =
        arena_grow(p->a, p->changes, p->count, &p->capacity, sizeof *p->changes);
    if (!grown) {
        return err_set(e, ERR_MEMORY, "no memory for a directory");
    }
    p->changes = grown;
    p->changes[p->count++] = *change;
    return 0;
}

/* The key that waited is the own one from the number on that says so. */
static int turn_key(struct trust *t, const struct directory *d, struct pruning *p, struct err *e)
{
    const struct loc_world *w = t->world;
    const struct member *self = directory_member(d, text_of(t->ods));
    text key;
    if (!self || !t->next_signer ||
        memcmp(self->key.key, note_signer_key(t->next_signer)->key, 32) != 0) {
        return 0;
    }
    struct kept_change forget = {.change = KEPT_DELETE, .kind = "own", .key = T("next")};
    int rc = w->get(w->context, "own", T("next"), p->a, &key, e);
    struct kept_change put = {.change = KEPT_PUT, .kind = "own", .key = T("key"), .value = key};
    rc = rc ? rc : add_change(p, &put, e);
    return rc ? rc : add_change(p, &forget, e);
}

int trust_enforce(struct trust *t, struct directory_ref *next, const struct kept_change *vote,
                  struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    char key[16];
    struct pruning p = {.a = &a, .before = next->directory.number, .next = &next->directory};
    arena_init(&a, TRUST_MEMORY);
    trust_row_key(next->directory.number, 0, key);
    struct kept_change put = {
        .change = KEPT_ADD, .kind = "directory", .key = text_make(key, 8), .value = next->note};
    int rc = trust_read_self(t, e); /* another process may have made a further key */
    rc = rc ? rc : add_change(&p, &put, e);
    rc = rc || !vote ? rc : add_change(&p, vote, e);
    rc = rc ? rc : prune(t, &p, e);
    rc = rc ? rc : turn_key(t, &next->directory, &p, e);
    if (!rc && directory_member(&next->directory, text_of(t->ods))) {
        struct kept_change in = {.change = KEPT_DELETE, .kind = "own", .key = T("invitation")};
        rc = add_change(&p, &in, e);
    }
    rc = rc ? rc : w->write(w->context, p.changes, p.count, NULL, e);
    if (!rc) {
        atomic_fetch_add(&next->holders, 1);
        put_in_force(t, next);
        rc = trust_read_self(t, e);
    }
    arena_done(&a);
    return rc;
}
