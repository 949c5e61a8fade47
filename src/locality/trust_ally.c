/*
 * Allies (D7): the directories of other localities. Each is known by the hash of its number 1,
 * which the members here have signed; from there on every number has to follow the one before
 * (D1), whoever it came from. All numbers are kept, so that other members can have them from here.
 */
#include "locality/trust_int.h"

#include "format/json.h"

#include <stdlib.h>

enum { FIRST = 32, ALLY_KEY = FIRST + 8, ALLIES_MAX = 50, LOOK_MS = 10000 };

struct allied {
    uint8_t first[FIRST];
    struct directory_ref *now;
    struct allied *next;
};

/* --- what is known
 * ---------------------------------------------------------------------------------------------- */

static void ally_key(const uint8_t first[FIRST], uint64_t number, char ret[ALLY_KEY])
{
    char both[16];
    trust_row_key(number, 0, both);
    memcpy(ret, first, FIRST);
    memcpy(ret + FIRST, both, 8);
}

static struct allied *find(const struct trust *t, const uint8_t first[FIRST])
{
    struct allied *x = t->allies;
    while (x && memcmp(x->first, first, FIRST) != 0) {
        x = x->next;
    }
    return x;
}

/* The newest that is known; NULL: nothing yet. */
static struct directory_ref *hold(struct trust *t, const uint8_t first[FIRST])
{
    pthread_mutex_lock(&t->looking);
    struct allied *x = find(t, first);
    struct directory_ref *ref = x ? x->now : NULL;
    if (ref) {
        atomic_fetch_add(&ref->holders, 1);
    }
    pthread_mutex_unlock(&t->looking);
    return ref;
}

/* Takes over the reference. */
static int put(struct trust *t, const uint8_t first[FIRST], struct directory_ref *ref,
               struct err *e)
{
    struct allied *made = calloc(1, sizeof *made);
    if (!made) {
        trust_done(ref);
        return err_set(e, ERR_MEMORY, "no memory for an ally's directory");
    }
    pthread_mutex_lock(&t->looking);
    struct allied *x = find(t, first);
    if (!x) {
        memcpy(made->first, first, FIRST);
        made->next = t->allies;
        t->allies = x = made;
        made = NULL;
    }
    struct directory_ref *before = x->now;
    x->now = ref;
    pthread_mutex_unlock(&t->looking);
    trust_done(before);
    free(made);
    return 0;
}

void trust_allies_done(struct trust *t)
{
    struct allied *next;
    for (struct allied *x = t->allies; x; x = next) {
        next = x->next;
        trust_done(x->now);
        free(x);
    }
    t->allies = NULL;
}

/* Rows behind what is known: kept by another process, or before a start. */
static int reread(struct trust *t, const uint8_t first[FIRST], struct err *e)
{
    const struct loc_world *w = t->world;
    int rc = 0;
    for (bool more = true; !rc && more;) {
        struct directory_ref *now = hold(t, first), *ref = NULL;
        struct arena a;
        char key[ALLY_KEY];
        text note;
        struct err none;
        arena_init(&a, 2 * TRUST_MEMORY);
        ally_key(first, now ? now->directory.number + 1 : 1, key);
        trust_done(now);
        rc = w->get(w->context, "ally", text_make(key, sizeof key), &a, &note, &none);
        more = rc == 0;
        rc = rc == ERR_NOT_FOUND ? 0 : rc ? err_set(e, rc, "%s", err_text(&none)) : 0;
        rc = rc || !more ? rc : trust_ref_new(note, &ref, e);
        rc = rc || !ref ? rc : put(t, first, ref, e);
        arena_done(&a);
    }
    return rc;
}

/* --- what comes
 * -------------------------------------------------------------------------------------------------
 */

/* A second text of a number, signed as D1 says: kept is what was first (D3). */
static int look_for_fork(struct trust *t, const uint8_t first[FIRST],
                         const struct directory_ref *next, struct err *e)
{
    const struct loc_world *w = t->world;
    struct directory_ref *now = hold(t, first), *before = NULL;
    struct arena a;
    char key[ALLY_KEY];
    text note;
    struct err none;
    bool other = now && now->directory.number == next->directory.number &&
                 memcmp(now->directory.hash, next->directory.hash, 32) != 0 &&
                 next->directory.number > 1;
    int rc = 0;
    arena_init(&a, 2 * TRUST_MEMORY);
    ally_key(first, next->directory.number - 1, key);
    if (other && !w->get(w->context, "ally", text_make(key, sizeof key), &a, &note, &none) &&
        !trust_ref_new(note, &before, &none) &&
        !directory_follows(next->note, &next->directory, &before->directory, &none)) {
        rc = w->alarm(w->context, "ally-fork", (text){0},
                      arena_printf(&a,
                                   "The locality %.*s has two directories of number %llu, both "
                                   "signed by enough of its members. The one that came first "
                                   "counts here; ask its members what has happened.",
                                   TEXT_ARG(next->directory.name),
                                   (unsigned long long)next->directory.number),
                      e);
    }
    trust_done(before);
    trust_done(now);
    arena_done(&a);
    return rc;
}

/* *ret_took: it is the next number, and kept. What does not follow is nobody's. */
static int take_one(struct trust *t, const struct ally *ally, text note, bool *ret_took,
                    struct err *e)
{
    const struct loc_world *w = t->world;
    struct directory_ref *now = hold(t, ally->first), *next = NULL;
    struct err why;
    char key[ALLY_KEY];
    *ret_took = false;
    if (trust_ref_new(note, &next, &why)) {
        trust_done(now);
        return 0;
    }
    bool follows =
        text_eq(next->directory.name, ally->name) &&
        (now || memcmp(next->directory.hash, ally->first, 32) == 0) &&
        directory_follows(next->note, &next->directory, now ? &now->directory : NULL, &why) == 0;
    int rc = 0;
    if (follows) {
        ally_key(ally->first, next->directory.number, key);
        const struct kept_change add = {.change = KEPT_ADD,
                                        .kind = "ally",
                                        .key = text_make(key, sizeof key),
                                        .value = next->note};
        rc = w->write(w->context, &add, 1, NULL, e);
        /* Another process was first: it is read again in the next round. */
        *ret_took = rc == 0;
        rc = rc == ERR_CONFLICT ? 0 : rc;
    } else {
        rc = look_for_fork(t, ally->first, next, e);
    }
    trust_done(now);
    if (*ret_took) {
        return put(t, ally->first, next, e);
    }
    trust_done(next);
    return rc;
}

/* `changing` is held. */
static int take_all(struct trust *t, const struct ally *ally, text notes, struct err *e)
{
    struct arena a;
    yyjson_val *root = NULL;
    arena_init(&a, 8 * TRUST_MEMORY);
    int rc = json_read(notes, 4, &a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    if (!rc && json_type(list) != YYJSON_TYPE_ARR) {
        rc = err_set(e, ERR_INVALID, "{\"notes\": [...]} is expected");
    }
    const yyjson_val *item = rc || !json_len(list) ? NULL : list + 1;
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        bool took;
        rc = take_one(t, ally, json_text(item), &took, e);
    }
    arena_done(&a);
    return rc;
}

int trust_ally_take(struct trust *t, const struct ally *ally, text notes, struct err *e)
{
    pthread_mutex_lock(&t->changing);
    int rc = reread(t, ally->first, e);
    rc = rc ? rc : take_all(t, ally, notes, e);
    pthread_mutex_unlock(&t->changing);
    struct directory_ref *now = rc ? NULL : hold(t, ally->first);
    if (!rc && !now) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "no first directory with this name and hash is among what was given; 'kith "
                     "locality list' shows both at each member there");
    }
    trust_done(now);
    return rc;
}

int trust_first_hash(text note, struct buf *out, struct err *e)
{
    struct directory_ref *ref = NULL;
    int rc = trust_ref_new(note, &ref, e);
    if (!rc) {
        base64_print(text_make((const char *)ref->directory.hash, FIRST), out);
        trust_done(ref);
    }
    return rc;
}

/* --- what is told
 * ------------------------------------------------------------------------------------------------
 */

struct telling {
    struct buf *out;
    uint64_t after;
    size_t count;
    bool full;
};

static int tell(void *context, text key, text value)
{
    struct telling *x = context;
    if (key.n != ALLY_KEY || trust_row_number(text_from(key, FIRST)) <= x->after || x->full) {
        return 0;
    }
    x->full = x->count == TRUST_NOTES_MAX || (x->count && x->out->n + value.n > TRUST_TELL_BYTES);
    if (!x->full) {
        buf_add(x->out, x->count ? T(",") : T(""));
        json_write_string(value, x->out);
        x->count++;
    }
    return 0;
}

static bool from_hex(text hex, uint8_t ret[FIRST])
{
    for (size_t i = 0; i < hex.n && hex.n == 2 * FIRST; i++) {
        char c = hex.p[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0) {
            return false;
        }
        ret[i / 2] = (uint8_t)(i % 2 ? ret[i / 2] << 4 | v : v);
    }
    return hex.n == 2 * FIRST;
}

int trust_ally_tell(struct trust *t, text query, struct arena *a, text *ret, struct err *e)
{
    const struct loc_world *w = t->world;
    struct buf out;
    struct telling x = {.out = &out};
    uint8_t first[FIRST];
    text rest = query, hex;
    (void)text_cut(&rest, '&', &hex);
    if (!text_starts(hex, T("ally=")) || !from_hex(text_from(hex, 5), first) ||
        !text_starts(rest, T("after=")) || !text_to_u64(text_from(rest, 6), &x.after)) {
        return err_set(e, ERR_INVALID,
                       "GET /locality/directory takes ?ally=HASH&after=NUMBER, the hash in hex");
    }
    buf_init(&out, 4 * DIRECTORY_MAX);
    buf_add(&out, T("{\"notes\":["));
    int rc = w->each(w->context, "ally", text_make((const char *)first, FIRST), tell, &x, e);
    buf_add(&out, T("]}"));
    *ret = rc || buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return rc || ret->p ? rc : err_set(e, ERR_MEMORY, "no memory for an ally's directory");
}

/* --- what is asked for
 * ------------------------------------------------------------------------------------------- */

/* Its own members know best; ours may have what we have not, and have it when it is new here. */
static int look(struct trust *t, const struct directory *d, const struct ally *ally, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    char hex[2 * FIRST + 1];
    int rc = reread(t, ally->first, e);
    struct directory_ref *now = rc ? NULL : hold(t, ally->first);
    uint64_t turn = t->asked_ally++, after = now ? now->directory.number : 0;
    bool theirs = now && turn % 2 == 0;
    const struct directory *of = theirs ? &now->directory : d;
    const struct member *m = &of->members[turn / 2 % of->member_count];
    arena_init(&a, 8 * TRUST_MEMORY);
    text_hex(ally->first, FIRST, hex);
    struct peer_call get = {
        .to = m,
        .method = T("GET"),
        .path = theirs
                    ? arena_printf(&a, "/locality/directory?after=%llu", (unsigned long long)after)
                    : arena_printf(&a, "/locality/directory?ally=%s&after=%llu", hex,
                                   (unsigned long long)after),
        .most_bytes = 4 * DIRECTORY_MAX};
    if (!rc && !text_eq(m->ods, text_of(t->ods))) {
        struct err nothing;
        w->call(w->context, &get, 1, w->now_ms(w->context) + TRUST_CALL_MS, &a);
        if (!get.result && get.status == 200) {
            rc = trust_ally_take(t, ally, get.answer, &nothing);
            rc = rc == ERR_IO || rc == ERR_FULL ? err_set(e, rc, "%s", err_text(&nothing)) : 0;
        }
    }
    arena_done(&a);
    trust_done(now);
    return rc;
}

int trust_ally_round(struct trust *t, const struct directory *d, struct err *e)
{
    int64_t now = t->world->now_ms(t->world->context);
    int rc = 0;
    if (!d->ally_count || (now < t->allies_at_ms && t->allies_at_ms - now <= LOOK_MS)) {
        return 0;
    }
    bool lacks = false;
    for (size_t i = 0; !rc && i < d->ally_count && i < ALLIES_MAX; i++) {
        rc = look(t, d, &d->allies[i], e);
        struct directory_ref *ref = hold(t, d->allies[i].first);
        lacks = lacks || !ref;
        trust_done(ref);
    }
    t->allies_at_ms = now + (lacks ? 0 : LOOK_MS);
    return rc;
}

/* --- who is meant
 * ------------------------------------------------------------------------------------------------
 */

struct wanted {
    text ods;
    const uint8_t *tls;
};

static const struct member *one_of(const struct directory *d, const struct wanted *x)
{
    return x->tls ? directory_by_tls(d, x->tls) : directory_member(d, x->ods);
}

/* Of the allies that the directory in force names, and whose own has not expired (D4). */
static const struct member *seek(struct trust *t, const struct directory *own,
                                 const struct wanted *x, struct directory_ref **ret_ref)
{
    int64_t now = t->world->now_ms(t->world->context);
    for (size_t i = 0; i < own->ally_count && i < ALLIES_MAX; i++) {
        struct directory_ref *ref = hold(t, own->allies[i].first);
        bool counts = ref && ref->directory.until_ms > now;
        const struct member *m = counts ? one_of(&ref->directory, x) : NULL;
        if (m) {
            *ret_ref = ref;
            return m;
        }
        trust_done(ref);
    }
    return NULL;
}

const struct member *trust_member(struct trust *t, const struct directory *own, text ods,
                                  struct directory_ref **ret_ref)
{
    const struct member *m = directory_member(own, ods);
    const struct wanted x = {.ods = ods};
    *ret_ref = NULL;
    return m ? m : seek(t, own, &x, ret_ref);
}

const struct directory *trust_of_key(struct trust *t, const struct directory *own,
                                     const uint8_t tls[32], struct directory_ref **ret_ref)
{
    const struct wanted x = {.tls = tls};
    *ret_ref = NULL;
    return directory_by_tls(own, tls) || !seek(t, own, &x, ret_ref) ? own : &(*ret_ref)->directory;
}

const struct directory *trust_of_member(struct trust *t, const struct directory *own, text ods,
                                        struct directory_ref **ret_ref)
{
    return !trust_member(t, own, ods, ret_ref) || !*ret_ref ? own : &(*ret_ref)->directory;
}
