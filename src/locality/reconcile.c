/* Comparing what both sides have recorded. */
#include "locality/reconcile_int.h"

#include "base/clock.h"
#include "base/map.h"
#include "identity/jose.h"

enum {
    CALL_MS = 5000,
    LATE_MS = 60 * 1000,      /* what is younger may still be under way */
    AGAIN_MS = 5 * 60 * 1000, /* looked at once more, since rows may come late */
    ROUND_MS = 60 * 60 * 1000,
    PAUSE_MS = 60 * 1000, /* when one has hung */
    ALARMS_MOST = 20,     /* of one comparison; further differences are told as one */
    PAGES_MAX = 100,
    OLD_MAX = 1000, /* rows that are dropped in one go */
};
static const int64_t keep_ms = EXCHANGE_DAYS * INT64_C(86400000);

struct run {
    const struct loc_world *w;
    const struct member *to;
    struct arena *a;
    struct difference *found;
    size_t count, capacity;
    size_t alarms;
    struct kept_change *changes;
    size_t change_count, change_capacity;
    struct exchange_rows ours, theirs;
};

static bool is_zero(const uint8_t leaf[32])
{
    static const uint8_t zero[32];
    return memcmp(leaf, zero, 32) == 0;
}

static int add_change(struct run *x, const struct kept_change *c, struct err *e)
{
    struct kept_change *all =
        arena_grow(x->a, x->changes, x->change_count, &x->change_capacity, sizeof *all);
    if (!all || !c->key.p || (c->change == KEPT_PUT && !c->value.p)) {
        return reconcile_no_memory(e);
    }
    x->changes = all;
    x->changes[x->change_count++] = *c;
    return 0;
}

/* --- a difference -------------------------------------------------------------------------------
 */

/* Whoever differs in much buries no other alarm. */
static int alarm_more(struct run *x, struct err *e)
{
    text words = arena_printf(x->a,
                              "%.*s: there are more than %d differences; 'kith locality reconcile "
                              "DIR %.*s' shows those of the last minutes, both logs have all",
                              TEXT_ARG(x->to->ods), ALARMS_MOST, TEXT_ARG(x->to->ods));
    return words.p ? x->w->alarm(x->w->context, "exchange", x->to->ods, words, e)
                   : reconcile_no_memory(e);
}

static int report(struct run *x, const struct exchange_row *r, const char *what, struct err *e)
{
    char at[CLOCK_INSTANT_SIZE];
    text known, nonce = base64url_print(text_make((const char *)r->nonce, sizeof r->nonce), x->a);
    text key = arena_printf(x->a, "%.*s/%.*s", TEXT_ARG(x->to->ods), TEXT_ARG(nonce));
    clock_instant(r->at_ms, at);
    text words = arena_printf(x->a, "%.*s, at %s, statement %.*s: %s", TEXT_ARG(x->to->ods), at,
                              TEXT_ARG(nonce), what);
    struct difference *all = arena_grow(x->a, x->found, x->count, &x->capacity, sizeof *all);
    if (!all || !key.p || !words.p) {
        return reconcile_no_memory(e);
    }
    x->found = all;
    x->found[x->count] = (struct difference){
        .ods = arena_copy(x->a, x->to->ods), .at_ms = r->at_ms, .words = words.p};
    memcpy(x->found[x->count++].nonce, r->nonce, sizeof r->nonce);
    struct err ignored;
    int rc = x->w->get(x->w->context, "difference", key, x->a, &known, &ignored);
    if (rc != ERR_NOT_FOUND) {
        return rc ? err_set(e, rc, "what was reported before cannot be read") : 0;
    }
    if (x->alarms++ >= ALARMS_MOST) {
        return x->alarms == ALARMS_MOST + 1 ? alarm_more(x, e) : 0;
    }
    /* The alarm first: after a crash it is raised again rather than lost. */
    rc = x->w->alarm(x->w->context, "exchange", x->to->ods, words, e);
    const struct kept_change c = {
        .change = KEPT_PUT, .kind = "difference", .key = key, .value = words};
    return rc ? rc : add_change(x, &c, e);
}

/* --- comparing ----------------------------------------------------------------------------------
 */

/* What this node asked. */
static int compare_asked(struct run *x, const struct exchange_row *ours,
                         const struct exchange_row *theirs, struct err *e)
{
    if (!theirs) {
        return ours->status ? report(x, ours, "it answered this, and has no entry about it", e) : 0;
    }
    if (memcmp(theirs->their_leaf, ours->own_leaf, 32) != 0) {
        return report(x, ours, "its entry names another entry of this node than there is", e);
    }
    if (!is_zero(ours->their_leaf)) {
        return memcmp(theirs->own_leaf, ours->their_leaf, 32) == 0
                   ? 0
                   : report(x, ours, "its entry is another one than its receipt said", e);
    }
    /* Its answer was lost on the way. */
    struct exchange_row whole = *ours;
    struct kept_change c;
    memcpy(whole.their_leaf, theirs->own_leaf, 32);
    int rc = exchange_change(x->to->ods, &whole, x->a, &c, e);
    return rc ? rc : add_change(x, &c, e);
}

/* What this node answered. */
static int compare_gave(struct run *x, const struct exchange_row *ours,
                        const struct exchange_row *theirs, struct err *e)
{
    if (!theirs) {
        return report(x, ours, "it asked this, and has no entry about it", e);
    }
    if (memcmp(theirs->own_leaf, ours->their_leaf, 32) != 0) {
        return report(x, ours, "its entry is another one than its statement said", e);
    }
    return is_zero(theirs->their_leaf) || memcmp(theirs->their_leaf, ours->own_leaf, 32) == 0
               ? 0
               : report(x, ours, "its entry names another entry of this node than there is", e);
}

/* What this node has nothing about. */
static int compare_unknown(struct run *x, const struct exchange_row *theirs, struct err *e)
{
    if (!theirs->is_asker) {
        return report(x, theirs, "it was asked in the name of this node, which has no entry", e);
    }
    return theirs->status
               ? report(x, theirs, "it had an answer of this node, which has no entry", e)
               : 0;
}

static text map_key(const struct exchange_row *r)
{
    return text_make((const char *)r->nonce, sizeof r->nonce);
}

static int compare(struct run *x, struct err *e)
{
    struct map at;
    int rc = 0;
    map_init(&at);
    for (size_t i = 0; !rc && i < x->theirs.count; i++) {
        bool is_new;
        uint64_t *place = map_put(&at, map_key(&x->theirs.items[i]), &is_new);
        if (place) {
            *place = i;
        } else {
            rc = reconcile_no_memory(e);
        }
    }
    bool *seen = arena_zalloc(x->a, x->theirs.count + 1, sizeof *seen);
    rc = rc || seen ? rc : reconcile_no_memory(e);
    for (size_t i = 0; !rc && i < x->ours.count; i++) {
        const struct exchange_row *ours = &x->ours.items[i], *theirs = NULL;
        const uint64_t *place = map_get(&at, map_key(ours));
        if (place && x->theirs.items[*place].is_asker != ours->is_asker) {
            theirs = &x->theirs.items[*place];
            seen[*place] = true;
        }
        rc = ours->is_asker ? compare_asked(x, ours, theirs, e) : compare_gave(x, ours, theirs, e);
    }
    for (size_t i = 0; !rc && i < x->theirs.count; i++) {
        rc = seen[i] ? 0 : compare_unknown(x, &x->theirs.items[i], e);
    }
    map_done(&at);
    return rc;
}

/* --- one member ---------------------------------------------------------------------------------
 */

static int ask(struct run *x, int64_t from_ms, int64_t until_ms, struct err *e)
{
    const struct loc_world *w = x->w;
    struct peer_call call = {.to = x->to,
                             .method = T("POST"),
                             .path = T("/locality/exchanges"),
                             .content_type = T("application/json"),
                             .body = arena_printf(x->a, "{\"from\":%lld,\"until\":%lld}",
                                                  (long long)from_ms, (long long)until_ms),
                             .most_bytes = RECONCILE_ANSWER_MAX};
    if (!call.body.p) {
        return reconcile_no_memory(e);
    }
    w->call(w->context, &call, 1, w->now_ms(w->context) + CALL_MS, x->a);
    if (call.result || call.status != 200) {
        return err_set(e, call.result ? call.result : ERR_IO,
                       "%.*s does not tell what was exchanged; it is asked again later",
                       TEXT_ARG(x->to->ods));
    }
    return exchange_rows_read(call.answer, from_ms, until_ms, x->a, &x->theirs, e);
}

/* The place reached, with what was found, in one write. */
static int keep(struct run *x, int64_t until_ms, struct err *e)
{
    const struct kept_change c = {.change = KEPT_PUT,
                                  .kind = "reconciled",
                                  .key = x->to->ods,
                                  .value = arena_printf(x->a, "%lld", (long long)until_ms)};
    int rc = add_change(x, &c, e);
    rc = rc ? rc : x->w->write(x->w->context, x->changes, x->change_count, NULL, e);
    x->change_count = 0;
    return rc;
}

static int reached(const struct loc_world *w, text ods, struct arena *a, int64_t *ret,
                   struct err *e)
{
    text value;
    uint64_t at = 0;
    int rc = w->get(w->context, "reconciled", ods, a, &value, e);
    *ret = 0;
    if (!rc && text_to_u64(value, &at) && at <= INT64_MAX) {
        *ret = (int64_t)at;
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int pages(struct run *x, int64_t from, int64_t until, struct err *e)
{
    int rc = 0;
    for (int page = 0; !rc && from < until && page < PAGES_MAX; page++) {
        rc = ask(x, from, until, e);
        int64_t end = rc ? until : x->theirs.until_ms;
        rc = rc ? rc : exchange_rows(x->w, x->to->ods, from, end, x->a, &x->ours, e);
        if (!rc && x->ours.until_ms < end) {
            end = x->ours.until_ms; /* of theirs, what is later comes again */
            while (x->theirs.count && x->theirs.items[x->theirs.count - 1].at_ms >= end) {
                x->theirs.count--;
            }
        }
        rc = rc ? rc : compare(x, e);
        rc = rc ? rc : keep(x, end, e);
        from = end;
    }
    return rc;
}

/* Rows that nobody will ask about any more. */
static int drop_old(struct run *x, int64_t now, struct err *e)
{
    struct exchange_rows old = {0};
    int64_t before = now - keep_ms;
    int rc = before > 0 ? exchange_rows(x->w, x->to->ods, 0, before, x->a, &old, e) : 0;
    for (size_t i = 0; !rc && i < old.count && i < OLD_MAX; i++) {
        struct kept_change c;
        rc = exchange_change(x->to->ods, &old.items[i], x->a, &c, e);
        c.change = KEPT_DELETE;
        rc = rc ? rc : add_change(x, &c, e);
    }
    return rc || !x->change_count
               ? rc
               : x->w->write(x->w->context, x->changes, x->change_count, NULL, e);
}

int reconcile_member(const struct loc_world *w, struct trust *t, text ods, struct arena *a,
                     struct difference **ret, size_t *ret_count, struct err *e)
{
    struct directory_ref *ref;
    const char *why = NULL;
    const struct directory *d = trust_directory(t, &ref, &why);
    struct run x = {.w = w, .a = a, .to = d ? directory_member(d, ods) : NULL};
    int64_t now = w->now_ms(w->context), from = 0;
    if (!d) {
        return err_set(e, ERR_FORBIDDEN, "nobody can be asked: %s",
                       why ? why : "this node is in no locality");
    }
    int rc = x.to ? reached(w, ods, a, &from, e)
                  : err_set(e, ERR_NOT_FOUND, "%.*s is no member", TEXT_ARG(ods));
    from = from - AGAIN_MS > now - keep_ms ? from - AGAIN_MS : now - keep_ms;
    rc = rc ? rc : pages(&x, from > 0 ? from : 0, now - LATE_MS, e);
    rc = rc ? rc : drop_old(&x, now, e);
    trust_done(ref);
    if (!rc) {
        *ret = x.found;
        *ret_count = x.count;
    }
    return rc;
}

/* One member, where its hour is over. */
static int reconcile_due(const struct loc_world *w, struct trust *t, const struct member *m,
                         struct err *e)
{
    struct arena a;
    struct difference *found;
    size_t count;
    int64_t at = 0, now = w->now_ms(w->context);
    struct err ignored;
    arena_init(&a, 256U << 20);
    int rc = reached(w, m->ods, &a, &at, e);
    if (!rc && (at > now || now - LATE_MS - at >= ROUND_MS)) {
        (void)reconcile_member(w, t, m->ods, &a, &found, &count, &ignored);
    }
    arena_done(&a);
    return rc;
}

int reconcile_round(const struct loc_world *w, struct trust *t, struct reconcile_turn *turn,
                    struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    text self;
    const struct note_signer *signer;
    int64_t begun = w->now_ms(w->context);
    const struct directory *d = NULL;
    if (begun >= turn->again_ms || begun < turn->again_ms - PAUSE_MS) {
        d = trust_directory(t, &ref, &why);
    }
    if (!d) {
        return 0;
    }
    int rc = trust_self(t, &signer, &self, e);
    for (size_t i = 0; !rc && i < d->member_count && w->now_ms(w->context) - begun < CALL_MS; i++) {
        const struct member *m = &d->members[turn->next++ % d->member_count];
        rc = text_eq(m->ods, self) ? 0 : reconcile_due(w, t, m, e);
    }
    bool hung = w->now_ms(w->context) - begun >= CALL_MS;
    turn->again_ms = begun + (hung ? PAUSE_MS : 0);
    trust_done(ref);
    return rc;
}
