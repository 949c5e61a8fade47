/* How a home's list becomes whole again, and what a holder says to it: L1. */
#include "locality/places_int.h"

#include "format/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    MEMORY = 32 << 20,
    HEAL_ANSWER_MAX = 4096,
    HEAL_CALL_MS = 10000,
    DAY_MS = 86400000,
    SOON_MS = 600000, /* for those that were away */
    AT_ONCE = 16,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the places of records");
}

/* --- comparing ----------------------------------------------------------------------------------
 */

/* What was told to one home. With `people`, they are kept there. */
struct told {
    struct places *p;
    text home;
    struct arena *a; /* of what is kept; a row's own memory is given back */
    struct subject *people;
    size_t count, capacity;
    bool keeps;
    struct places_digest digest;
    struct err why;
};

static int tell_row(struct told *t, text key, text value)
{
    struct places_contact_row row = {0};
    uint8_t person[32];
    int rc = places_contact_read(t->p, key, value, t->a, &row, &t->why);
    if (rc || !text_eq(row.home, t->home)) {
        return rc;
    }
    rc = feed_person(t->p->feed, row.subject.nhs_number, person, &t->why);
    if (!rc) {
        places_digest_add(&t->digest, person);
    }
    if (rc || !t->keeps) {
        return rc;
    }
    struct subject *people =
        arena_grow(t->a, t->people, t->count, &t->capacity, sizeof row.subject);
    if (!people) {
        return no_memory(&t->why);
    }
    t->people = people;
    people[t->count++] = row.subject;
    return 0;
}

static int told_one(void *context, text key, text value)
{
    struct told *t = context;
    struct arena_mark mark = arena_mark(t->a);
    int rc = tell_row(t, key, value);
    if (!t->keeps) {
        arena_rewind(t->a, mark);
    }
    return rc;
}

/* Contacts whose key begins with this byte, or all (-1). */
static int go_through(struct told *t, int first, struct err *e)
{
    const struct loc_world *w = t->p->world;
    char byte = (char)first;
    int rc = w->each(w->context, "contact", text_make(&byte, first < 0 ? 0 : 1), told_one, t, e);
    return rc && t->why.code ? err_set(e, t->why.code, "%s", err_text(&t->why)) : rc;
}

/* In 256 parts, so that it needs little memory at a time. What still waits for that home comes by
 * itself, and is not put behind itself once more. */
static int say_again(struct places *p, text home, struct err *e)
{
    uint64_t waiting = 0;
    int rc = feed_waiting(p->feed, home, &waiting, e);
    if (rc || waiting) {
        return rc;
    }
    for (int first = 0; !rc && first < 256; first++) {
        struct arena a;
        struct told t = {.p = p, .home = home, .a = &a, .keeps = true};
        arena_init(&a, (size_t)MEMORY * 4);
        rc = go_through(&t, first, e);
        for (size_t i = 0; !rc && i < t.count; i++) {
            rc = places_tell(p, &t.people[i], home, (text){0}, NULL, 0, e);
        }
        arena_done(&a);
    }
    return rc;
}

int places_serve_heal(struct places *p, const struct member *home, text body, struct arena *a,
                      text *ret_answer, struct err *e)
{
    yyjson_val *root = NULL;
    uint64_t count = 0;
    uint8_t sum[32];
    size_t n = 0;
    struct told t = {.p = p, .home = home->ods, .a = a};
    if (!places_may_heal(p, home->ods)) {
        return err_set(e, ERR_BUSY,
                       "this list has been compared too often; compare it again in some minutes");
    }
    int rc = json_read(body, 2, a, &root, e);
    if (!rc && (!text_to_u64(json_text(json_get(root, T("count"))), &count) ||
                !base64_read(json_text(json_get(root, T("digest"))), sum, 32, &n) || n != 32)) {
        rc = err_set(e, ERR_INVALID, "{\"count\", \"digest\"} is expected");
    }
    rc = rc ? rc : go_through(&t, -1, e);
    bool same = !rc && t.digest.count == count && memcmp(t.digest.sum, sum, 32) == 0;
    rc = rc || same ? rc : say_again(p, home->ods, e);
    if (!rc) {
        *ret_answer = same ? T("{\"same\":true}") : T("{\"same\":false}");
    }
    return rc;
}

/* --- as a home ----------------------------------------------------------------------------------
 */

struct summing {
    struct places *p;
    const struct directory *d;
    struct places_digest *digests; /* of each member */
    struct arena a;                /* of one row */
    struct err why;
};

static int sum_one(void *context, text key, text value)
{
    struct summing *s = context;
    text plain;
    arena_reset(&s->a);
    int rc = places_unseal(s->p, key, value, &s->a, &plain, &s->why);
    if (rc == ERR_CORRUPT || (!rc && plain.n != 32 + PLACES_ODS)) {
        return 0; /* it does not count, so its holder says it again */
    }
    if (rc) {
        return rc;
    }
    const struct member *m =
        directory_member(s->d, text_make(plain.p + 32, strnlen(plain.p + 32, PLACES_ODS)));
    if (m) {
        places_digest_add(&s->digests[m - s->d->members], (const uint8_t *)plain.p);
    }
    return 0;
}

static text heal_body(const struct places_digest *d, struct arena *a)
{
    struct buf out;
    buf_init(&out, 256);
    buf_printf(&out, "{\"count\":%" PRIu64 ",\"digest\":\"", d->count);
    base64_print(text_make((const char *)d->sum, 32), &out);
    buf_add(&out, T("\"}"));
    text body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return body;
}

static int heal_some(struct places *p, const struct directory *d, text self,
                     const struct places_digest *digests, size_t *at, bool *ret_all, struct err *e)
{
    const struct loc_world *w = p->world;
    struct peer_call calls[AT_ONCE];
    struct arena a;
    size_t n = 0;
    int rc = 0;
    arena_init(&a, 1 << 20);
    for (; !rc && *at < d->member_count && n < AT_ONCE; ++*at) {
        const struct member *m = &d->members[*at];
        if (text_eq(m->ods, self)) {
            continue;
        }
        calls[n] = (struct peer_call){.to = m,
                                      .method = T("POST"),
                                      .path = T("/locality/heal"),
                                      .content_type = T("application/json"),
                                      .body = heal_body(&digests[*at], &a),
                                      .most_bytes = HEAL_ANSWER_MAX};
        rc = calls[n++].body.p ? 0 : no_memory(e);
    }
    if (!rc && n) {
        w->call(w->context, calls, n, w->now_ms(w->context) + HEAL_CALL_MS, &a);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        *ret_all = *ret_all && !calls[i].result && calls[i].status == 200;
    }
    arena_done(&a);
    return rc;
}

/* Compares with every member what is noted of it, so that what was lost is said again. *ret_all:
 * each has been reached. */
static int heal(struct places *p, bool *ret_all, struct err *e)
{
    const struct loc_world *w = p->world;
    struct directory_ref *ref;
    const struct note_signer *signer;
    const char *why;
    text self;
    size_t at = 0;
    struct summing s = {.p = p};
    int rc = trust_self(p->trust, &signer, &self, e);
    s.d = rc ? NULL : trust_directory(p->trust, &ref, &why);
    if (!s.d) {
        return rc ? rc : err_set(e, ERR_FORBIDDEN, "no member can be asked: %s", why);
    }
    arena_init(&s.a, 1 << 20);
    s.digests = calloc(s.d->member_count + 1, sizeof *s.digests);
    rc = s.digests ? w->each(w->context, "place", (text){0}, sum_one, &s, e) : no_memory(e);
    rc = rc && s.why.code ? err_set(e, rc, "%s", err_text(&s.why)) : rc;
    *ret_all = true;
    while (!rc && at < s.d->member_count) {
        rc = heal_some(p, s.d, self, s.digests, &at, ret_all, e);
    }
    free(s.digests);
    arena_done(&s.a);
    trust_done(ref);
    return rc;
}

int places_round(struct places *p, int64_t *ret_again_ms, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    int64_t now = p->world->now_ms(p->world->context);
    bool all = false;
    int rc = 0;
    const struct directory *d = trust_directory(p->trust, &ref, &why);
    trust_done(ref);
    if (d && now >= p->heal_ms) {
        rc = heal(p, &all, e);
        p->heal_ms = now + (all && !rc ? DAY_MS : SOON_MS);
    }
    *ret_again_ms = d ? p->heal_ms : now + SOON_MS;
    return rc;
}
