/* What asking remembers between requests: who is away, what was said, who guesses. */
#include "locality/ask_int.h"
#include "locality/places.h"

#include "base/hash.h"
#include "locality/trust_int.h"

#include <stdlib.h>

enum { PROBE_MS = 2000 };

int ask_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

int64_t ask_now(const struct asking *k)
{
    return k->world->now_ms(k->world->context);
}

static bool is_away(void *context, text ods)
{
    return ask_is_away(context, ods);
}

static void note_away(void *context, text ods)
{
    ask_set_away(context, ods, true);
}

int asking_open(const struct asking_config *config, struct asking **ret, struct err *e)
{
    struct asking *k = calloc(1, sizeof *k);
    if (!k || pthread_mutex_init(&k->lock, NULL)) {
        free(k);
        return ask_no_memory(e);
    }
    k->world = config->world;
    k->trust = config->trust;
    k->feed = config->feed;
    k->foreigns = config->foreigns;
    k->world->random(k->world->context, (uint8_t *)&k->key, sizeof k->key);
    if (config->places) {
        places_know_away(config->places, &(struct places_away){k, is_away, note_away});
    }
    int rc = nonces_new(ask_now(k), &k->nonces, e);
    if (rc) {
        asking_close(k);
        return rc;
    }
    *ret = k;
    return 0;
}

void asking_close(struct asking *k)
{
    if (k) {
        nonces_free(k->nonces);
        pthread_mutex_destroy(&k->lock);
        free(k);
    }
}

/* --- counting -----------------------------------------------------------------------------------
 */

unsigned ask_count(struct asking *k, const char *what, text member, text who)
{
    int64_t now = ask_now(k);
    uint64_t of = hash_text(k->key, text_of(what)) * 31 + hash_text(k->key, member);
    struct counts *c = who.n ? &k->of_people : &k->of_members;
    struct counted *at = NULL, *oldest = &c->items[0];
    of = of * 31 + hash_text(k->key, who);
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < c->count && !at; i++) {
        at = c->items[i].of == of ? &c->items[i] : NULL;
        oldest = c->items[i].since_ms < oldest->since_ms ? &c->items[i] : oldest;
    }
    if (!at) {
        at = c->count < ASK_COUNTED_MAX ? &c->items[c->count++] : oldest;
        *at = (struct counted){.of = of, .since_ms = now};
    } else if (now - at->since_ms >= HOUR_MS || now < at->since_ms) {
        *at = (struct counted){.of = of, .since_ms = now};
    }
    unsigned count = ++at->count;
    pthread_mutex_unlock(&k->lock);
    return count;
}

/* --- alarms -------------------------------------------------------------------------------------
 */

static bool is_news(struct asking *k, uint64_t of, int64_t now)
{
    for (size_t i = 0; i < ASK_SAID_MAX; i++) {
        if (k->said[i].of == of && now - k->said[i].at_ms < HOUR_MS && now >= k->said[i].at_ms) {
            return false;
        }
    }
    k->said[k->said_next++ % ASK_SAID_MAX] = (struct said){of, now};
    return true;
}

void ask_alarm(struct asking *k, const char *kind, text member, text words)
{
    struct err ignored;
    uint64_t of = hash_text(k->key, text_of(kind)) * 31 + hash_text(k->key, member);
    of = of * 31 + hash_text(k->key, words);
    int64_t now = ask_now(k);
    pthread_mutex_lock(&k->lock);
    bool news = is_news(k, of, now);
    pthread_mutex_unlock(&k->lock);
    if (news && ask_count(k, kind, member, (text){0}) <= ASK_ALARMS) {
        (void)k->world->alarm(k->world->context, kind, member, words, &ignored);
    }
}

/* --- who does not count -------------------------------------------------------------------------
 */

int ask_turned_away(struct asking *k, const struct member *by, int rc, const struct err *why,
                    struct err *e)
{
    text words = text_of(err_text(why));
    uint8_t leaf[1][32];
    struct audit_event event = {.at_ms = ask_now(k),
                                .kind = EVENT_REFUSED,
                                .access = ACCESS_SYSTEM,
                                .outcome = EVENT_SERIOUS,
                                .why = text_short(words, 300),
                                .organisation_name = by ? by->name : (text){0},
                                .peer = by ? by->ods : (text){0}};
    if (rc == ERR_FORBIDDEN || rc == ERR_SYNTAX || rc == ERR_TOO_LARGE) {
        ask_alarm(k, by ? "statement" : "stranger", by ? by->ods : (text){0}, words);
    }
    int noted = by ? k->world->record(k->world->context, &event, 1, leaf, e) : 0;
    if (!noted) {
        *e = *why;
    }
    return noted ? noted : rc;
}

struct former {
    const uint8_t *tls;
    char ods[10]; /* whose it was; empty: nobody's */
};

/* One version of the directory. */
static int look_there(void *context, text key, text value)
{
    struct former *x = context;
    struct directory_ref *ref = NULL;
    struct err ignored;
    (void)key;
    if (trust_ref_new(value, &ref, &ignored) == 0) {
        const struct member *m = directory_by_tls(&ref->directory, x->tls);
        if (m && m->ods.n < sizeof x->ods) {
            memset(x->ods, 0, sizeof x->ods);
            memcpy(x->ods, m->ods.p, m->ods.n);
        }
        trust_done(ref);
    }
    return 0;
}

int ask_stranger(struct asking *k, const uint8_t tls[32], struct err *e)
{
    struct err why, ignored;
    struct former x = {.tls = tls};
    int rc = err_set(&why, ERR_FORBIDDEN,
                     "whoever shows this certificate is no member of this locality (any more)");
    text shown = text_make((const char *)tls, 32);
    /* Each key's first time, and not for whoever makes a new key each time. */
    if (ask_count(k, "key", (text){0}, shown) == 1 &&
        ask_count(k, "keys", (text){0}, (text){0}) <= ASK_LOOKS) {
        (void)k->world->each(k->world->context, "directory", (text){0}, look_there, &x, &ignored);
    }
    if (x.ods[0]) {
        ask_alarm(k, "stolen-certificate", text_of(x.ods),
                  T("somebody has shown a certificate that was once its own and is not any more: "
                    "it is still in use there, or was stolen; ask its people"));
    }
    return ask_turned_away(k, NULL, rc, &why, e);
}

/* --- who is away --------------------------------------------------------------------------------
 */

static struct away *find_away(struct asking *k, text ods)
{
    for (size_t i = 0; i < k->away_count; i++) {
        if (text_eq(text_of(k->away[i].ods), ods)) {
            return &k->away[i];
        }
    }
    return NULL;
}

bool ask_is_away(struct asking *k, text ods)
{
    pthread_mutex_lock(&k->lock);
    bool is = find_away(k, ods);
    pthread_mutex_unlock(&k->lock);
    return is;
}

void ask_set_away(struct asking *k, text ods, bool away)
{
    int64_t now = ask_now(k);
    pthread_mutex_lock(&k->lock);
    struct away *at = find_away(k, ods);
    if (at && !away) {
        *at = k->away[--k->away_count];
    } else if (!at && away && k->away_count < DIRECTORY_MEMBERS_MAX &&
               ods.n < sizeof k->away[0].ods) {
        struct away *one = &k->away[k->away_count++];
        *one = (struct away){.since_ms = now};
        memcpy(one->ods, ods.p, ods.n);
    }
    pthread_mutex_unlock(&k->lock);
}

size_t ask_away(struct asking *k, struct arena *a, text **ret_ods)
{
    pthread_mutex_lock(&k->lock);
    size_t count = k->away_count;
    text *ods = arena_zalloc(a, count + 1, sizeof *ods);
    for (size_t i = 0; ods && i < count; i++) {
        ods[i] = arena_copy(a, text_of(k->away[i].ods));
        ods = ods[i].p ? ods : NULL;
    }
    pthread_mutex_unlock(&k->lock);
    *ret_ods = ods;
    return ods ? count : 0;
}

/* --- newer directories, and whether somebody is there again -------------------------------------
 */

void ask_newer(struct asking *k, text ods, uint64_t theirs, uint64_t ours)
{
    if (theirs > ours && ods.n < sizeof k->newer) {
        pthread_mutex_lock(&k->lock);
        memset(k->newer, 0, sizeof k->newer);
        memcpy(k->newer, ods.p, ods.n);
        pthread_mutex_unlock(&k->lock);
    }
}

static struct peer_call directory_call(const struct member *to, uint64_t after, struct arena *a)
{
    return (struct peer_call){
        .to = to,
        .method = T("GET"),
        .path = arena_printf(a, "/locality/directory?after=%llu", (unsigned long long)after),
        .most_bytes = 4 * DIRECTORY_MAX};
}

/* Who is no member any more is not away either. */
static void forget_gone(struct asking *k, const struct directory *d)
{
    pthread_mutex_lock(&k->lock);
    for (size_t i = k->away_count; i--;) {
        if (!directory_member(d, text_of(k->away[i].ods))) {
            k->away[i] = k->away[--k->away_count];
        }
    }
    pthread_mutex_unlock(&k->lock);
}

/* Those that are away, and whoever has a newer directory: all at once, each answer taken. */
static int probe(struct asking *k, const struct directory *d, struct arena *a, struct err *e)
{
    const struct loc_world *w = k->world;
    struct peer_call *calls = arena_zalloc(a, d->member_count + 1, sizeof *calls);
    size_t count = 0;
    if (!calls) {
        return ask_no_memory(e);
    }
    forget_gone(k, d);
    for (size_t i = 0; i < d->member_count; i++) {
        const struct member *m = &d->members[i];
        pthread_mutex_lock(&k->lock);
        bool newer = text_eq(text_of(k->newer), m->ods), wanted = newer || find_away(k, m->ods);
        if (newer) {
            memset(k->newer, 0, sizeof k->newer);
        }
        pthread_mutex_unlock(&k->lock);
        if (wanted) {
            calls[count] = directory_call(m, d->number, a);
            if (!calls[count++].path.p) {
                return ask_no_memory(e);
            }
        }
    }
    if (count) {
        w->call(w->context, calls, count, ask_now(k) + PROBE_MS, a);
    }
    int rc = 0;
    for (size_t i = 0; i < count; i++) {
        struct err why;
        bool answered = !calls[i].result && calls[i].status == 200;
        /* Directories first: who was away long may have been removed meanwhile, or we (D6). One
         * that sends nonsense keeps nobody else away. */
        int taken = answered ? trust_take(k->trust, calls[i].answer, &why) : 0;
        if (answered && !taken) {
            ask_set_away(k, calls[i].to->ods, false);
        } else if (taken && !rc) {
            rc = taken;
            *e = why;
        }
    }
    return rc;
}

int ask_probe(struct asking *k, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    struct arena a;
    const struct directory *d = trust_directory(k->trust, &ref, &why);
    if (!d) {
        return 0; /* nobody is asked anything */
    }
    pthread_mutex_lock(&k->lock);
    bool idle = !k->away_count && !k->newer[0];
    pthread_mutex_unlock(&k->lock);
    arena_init(&a, 64U << 20);
    int rc = idle ? 0 : probe(k, d, &a, e);
    arena_done(&a);
    trust_done(ref);
    return rc;
}
