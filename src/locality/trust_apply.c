/* A change of the directory as the text of the next number, and as words. */
#include "base/clock.h"
#include "locality/trust_int.h"

enum { TERM_DAYS = 365 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a directory");
}

static int no_member(text ods, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "%.*s is no member of this locality; 'kith locality list' names them",
                   TEXT_ARG(text_short(ods, 20)));
}

static int add_member(struct directory *d, const struct member *m, struct arena *a, struct err *e)
{
    struct member *members = arena_zalloc(a, d->member_count + 1, sizeof *members);
    size_t at = 0;
    if (!members) {
        return no_memory(e);
    }
    if (directory_member(d, m->ods)) {
        return err_set(e, ERR_CONFLICT, "%.*s is a member already", TEXT_ARG(m->ods));
    }
    while (at < d->member_count && text_cmp(d->members[at].ods, m->ods) < 0) {
        members[at] = d->members[at];
        at++;
    }
    members[at] = *m;
    memcpy(members + at + 1, d->members + at, (d->member_count - at) * sizeof *members);
    d->members = members;
    d->member_count++;
    return 0;
}

static int remove_member(struct directory *d, const struct trust_change *c, int64_t at_ms,
                         struct arena *a, struct err *e)
{
    const struct member *m = directory_member(d, c->ods);
    struct member *members = arena_zalloc(a, d->member_count, sizeof *members);
    struct removed *removed = arena_zalloc(a, d->removed_count + 1, sizeof *removed);
    if (!m) {
        return no_member(c->ods, e);
    }
    if (!members || !removed) {
        return no_memory(e);
    }
    size_t at = (size_t)(m - d->members);
    memcpy(members, d->members, at * sizeof *members);
    memcpy(members + at, d->members + at + 1, (d->member_count - at - 1) * sizeof *members);
    if (d->removed_count) {
        memcpy(removed, d->removed, d->removed_count * sizeof *removed);
    }
    removed[d->removed_count++] = (struct removed){.ods = c->ods, .at_ms = at_ms, .why = c->why};
    d->members = members;
    d->member_count--;
    d->removed = removed;
    return 0;
}

static int change_keys(struct directory *d, const struct member *m, struct arena *a, struct err *e)
{
    const struct member *old = directory_member(d, m->ods);
    struct member *members = arena_zalloc(a, d->member_count, sizeof *members);
    if (!old || !members) {
        return old ? no_memory(e) : no_member(m->ods, e);
    }
    memcpy(members, d->members, d->member_count * sizeof *members);
    members[old - d->members] = *m;
    d->members = members;
    return 0;
}

static int add_ally(struct directory *d, const struct ally *ally, struct arena *a, struct err *e)
{
    struct ally *allies = arena_zalloc(a, d->ally_count + 1, sizeof *allies);
    if (!allies) {
        return no_memory(e);
    }
    for (size_t i = 0; i < d->ally_count; i++) {
        if (text_eq(d->allies[i].name, ally->name)) {
            return err_set(e, ERR_CONFLICT, "%.*s is an ally already", TEXT_ARG(ally->name));
        }
        allies[i] = d->allies[i];
    }
    allies[d->ally_count++] = *ally;
    d->allies = allies;
    return 0;
}

int trust_apply(struct directory *d, const struct trust_change *c, int64_t at_ms, struct arena *a,
                struct err *e)
{
    switch (c->kind) {
    case TRUST_ADD:
        return add_member(d, &c->member, a, e);
    case TRUST_REMOVE:
        return remove_member(d, c, at_ms, a, e);
    case TRUST_KEYS:
        return change_keys(d, &c->member, a, e);
    case TRUST_ALLY:
        return add_ally(d, &c->ally, a, e);
    case TRUST_RENEW:
        break;
    }
    return 0;
}

int trust_next_text(struct trust *t, const struct trust_change *c, struct arena *a, text *ret_body,
                    struct err *e)
{
    const struct directory *now = &t->now->directory;
    struct directory d = *now;
    struct buf body;
    /* Whole seconds: the form of the text has no more. */
    int64_t at_ms = t->world->now_ms(t->world->context) / 1000 * 1000;
    int rc = trust_open_round(t, now, &d.round, e);
    rc = rc ? rc : trust_apply(&d, c, at_ms, a, e);
    d.number = now->number + 1;
    memcpy(d.previous, now->hash, 32);
    d.from_ms = at_ms;
    d.until_ms = d.from_ms + TERM_DAYS * INT64_C(86400000);
    d.quorum = d.member_count / 2 + 1;
    buf_init(&body, DIRECTORY_MAX);
    rc = rc ? rc : directory_print(&d, &body, e);
    *ret_body = rc ? (text){0} : arena_copy(a, buf_text(&body));
    rc = rc || ret_body->p ? rc : no_memory(e);
    buf_done(&body);
    return rc;
}

/* --- in words
 * ------------------------------------------------------------------------------------------------
 */

static bool same_bytes(const struct note_key *x, const struct note_key *y)
{
    return memcmp(x->key, y->key, sizeof x->key) == 0;
}

static void describe_member(const struct member *was, const struct member *is, struct buf *out)
{
    if (!was) {
        buf_printf(out, "; adds %.*s (%.*s, %s, %.*s)", TEXT_ARG(is->name), TEXT_ARG(is->ods),
                   member_kind_words(is->kind), TEXT_ARG(is->url));
        return;
    }
    bool tls = was->tls_count != is->tls_count ||
               memcmp(was->tls, is->tls, is->tls_count * sizeof *is->tls) != 0;
    if (!same_bytes(&was->key, &is->key)) {
        buf_printf(out, "; gives %.*s another key to sign with", TEXT_ARG(is->ods));
    }
    if (!same_bytes(&was->log, &is->log)) {
        buf_printf(out, "; says that %.*s has begun a new access log", TEXT_ARG(is->ods));
    }
    if (tls) {
        buf_printf(out, "; gives %.*s other keys on connections", TEXT_ARG(is->ods));
    }
    if (!text_eq(was->url, is->url) || !text_eq(was->name, is->name) || was->kind != is->kind) {
        buf_printf(out, "; %.*s is now %.*s (%s, %.*s)", TEXT_ARG(is->ods), TEXT_ARG(is->name),
                   member_kind_words(is->kind), TEXT_ARG(is->url));
    }
}

static const struct removed *find_removed(const struct directory *d, const struct removed *r)
{
    for (size_t i = 0; i < d->removed_count; i++) {
        const struct removed *one = &d->removed[i];
        if (text_eq(one->ods, r->ods) && one->at_ms == r->at_ms && text_eq(one->why, r->why)) {
            return one;
        }
    }
    return NULL;
}

/* Lines of those who are members in `now`, or whose lines are there already, aside. */
static void describe_removed(const struct directory *now, const struct directory *next,
                             struct buf *out)
{
    for (size_t i = 0; i < next->removed_count; i++) {
        const struct removed *r = &next->removed[i];
        if (!find_removed(now, r) &&
            (!directory_member(now, r->ods) || directory_member(next, r->ods))) {
            buf_printf(out, "; says that %.*s was removed before: %.*s", TEXT_ARG(r->ods),
                       TEXT_ARG(r->why));
        }
    }
    for (size_t i = 0; i < now->removed_count; i++) {
        if (!find_removed(next, &now->removed[i])) {
            buf_printf(out, "; no longer says that %.*s was removed: %.*s",
                       TEXT_ARG(now->removed[i].ods), TEXT_ARG(now->removed[i].why));
        }
    }
}

static const struct ally *find_ally(const struct directory *d, const struct ally *ally)
{
    for (size_t i = 0; i < d->ally_count; i++) {
        if (text_eq(d->allies[i].name, ally->name) &&
            memcmp(d->allies[i].first, ally->first, sizeof ally->first) == 0) {
            return &d->allies[i];
        }
    }
    return NULL;
}

static void describe_allies(const struct directory *now, const struct directory *next,
                            struct buf *out)
{
    for (size_t i = 0; i < next->ally_count; i++) {
        const struct ally *ally = &next->allies[i];
        if (!find_ally(now, ally)) {
            buf_printf(out, "; recognises the locality %.*s whose first directory has the hash ",
                       TEXT_ARG(ally->name));
            base64_print(text_make((const char *)ally->first, sizeof ally->first), out);
        }
    }
    for (size_t i = 0; i < now->ally_count; i++) {
        if (!find_ally(next, &now->allies[i])) {
            buf_printf(out, "; recognises the locality %.*s no longer as it did",
                       TEXT_ARG(now->allies[i].name));
        }
    }
}

/* All that is proposed stands in the words: people sign what they have read. */
void trust_describe(const struct directory *now, const struct directory *next, struct buf *out)
{
    size_t begun = out->n;
    char ends[CLOCK_INSTANT_SIZE];
    for (size_t i = 0; i < next->member_count; i++) {
        describe_member(directory_member(now, next->members[i].ods), &next->members[i], out);
    }
    for (size_t i = 0; i < now->member_count; i++) {
        if (!directory_member(next, now->members[i].ods)) {
            buf_printf(out, "; removes %.*s (%.*s)", TEXT_ARG(now->members[i].name),
                       TEXT_ARG(now->members[i].ods));
            for (size_t k = 0; k < next->removed_count; k++) {
                if (text_eq(next->removed[k].ods, now->members[i].ods) &&
                    !find_removed(now, &next->removed[k])) {
                    buf_printf(out, ": %.*s", TEXT_ARG(next->removed[k].why));
                }
            }
        }
    }
    describe_removed(now, next, out);
    describe_allies(now, next, out);
    if (next->quorum != next->member_count / 2 + 1) {
        buf_printf(out, "; further changes need %zu of %zu signatures", next->quorum,
                   next->member_count);
    }
    if (out->n == begun) {
        buf_add(out, T("; renews the directory, all else as it is"));
    }
    clock_instant(next->until_ms, ends);
    buf_printf(out, "; good until %.10s", ends);
}
