/* K4: for the patient, who has copies and what has not been acknowledged yet; and of whom that has
 * to be decided anew. */
#include "locality/copies_int.h"
#include "locality/feed_int.h"

struct gathering {
    struct copies_where *at;
};

static int count_one(void *context, text key, text value)
{
    struct gathering *g = context;
    (void)key;
    if (value.n > FEED_OUT_HEAD) {
        int64_t made = (int64_t)feed_get_u64(value.p);
        g->at->waiting_since_ms =
            g->at->waiting && g->at->waiting_since_ms < made ? g->at->waiting_since_ms : made;
        g->at->waiting++;
    }
    return 0;
}

static int look_at(struct copies *c, const struct member *m, const uint8_t person[32],
                   struct copies_where *ret, struct err *e)
{
    const struct loc_world *w = c->world;
    char given[COPIES_KEY], stream[FEED_STREAM];
    struct copies_pair pair = {0};
    struct gathering g = {.at = ret};
    bool has = false;
    copies_key(person, m->ods, given);
    feed_stream_key(m->ods, person, stream);
    *ret = (struct copies_where){0};
    int rc = copies_pair_get(c, "given", given, &pair, &has, e);
    ret->since_ms = has ? pair.at_ms : 0;
    return rc ? rc : w->each(w->context, "out", text_make(stream, sizeof stream), count_one, &g, e);
}

int copies_shown(struct copies *c, const uint8_t person[32], struct arena *a,
                 struct copies_where **ret, size_t *ret_count, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    size_t n = 0;
    const struct directory *d = trust_directory(c->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    struct copies_where *all = arena_zalloc(a, d->member_count + 1, sizeof *all);
    int rc = all ? 0 : copies_no_memory(e);
    for (size_t i = 0; !rc && i < d->member_count; i++) {
        const struct member *m = &d->members[i];
        rc = look_at(c, m, person, &all[n], e);
        if (!rc && (all[n].since_ms || all[n].waiting)) {
            all[n].ods = arena_copy(a, m->ods);
            all[n].name = arena_copy(a, m->name);
            rc = all[n].ods.p && all[n].name.p ? 0 : copies_no_memory(e);
            n++;
        }
    }
    trust_done(ref);
    if (!rc) {
        *ret = all;
        *ret_count = n;
    }
    return rc;
}

/* --- to be decided anew -------------------------------------------------------------------------
 */

struct listing {
    struct arena *a;
    struct copies_unsettled *all;
    size_t count, most;
    bool no_memory;
};

static int list_one(void *context, text key, text value)
{
    struct listing *l = context;
    if (key.n != 32 || l->count == l->most) {
        return l->count == l->most ? FEED_ENOUGH : 0;
    }
    struct copies_unsettled *one = &l->all[l->count++];
    memcpy(one->person, key.p, 32);
    one->nhs_number = arena_copy(l->a, value);
    l->no_memory = l->no_memory || (value.n && !one->nhs_number.p);
    return 0;
}

int copies_unsettled(struct copies *c, size_t most, struct arena *a, struct copies_unsettled **ret,
                     size_t *ret_count, struct err *e)
{
    const struct loc_world *w = c->world;
    struct listing l = {.a = a, .all = arena_zalloc(a, most, sizeof *l.all), .most = most};
    int rc = l.all ? w->each(w->context, "unsettled", (text){0}, list_one, &l, e) : 0;
    if (!l.all || l.no_memory) {
        return copies_no_memory(e);
    }
    *ret = l.all;
    *ret_count = l.count;
    return rc == FEED_ENOUGH ? 0 : rc;
}

int copies_settled(struct copies *c, const struct copies_unsettled *one, struct err *e)
{
    const struct loc_world *w = c->world;
    const struct kept_change gone = {.change = KEPT_DELETE,
                                     .kind = "unsettled",
                                     .key = text_make((const char *)one->person, 32)};
    return w->write(w->context, &gone, 1, NULL, e);
}
