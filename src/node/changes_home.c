/* Where the own node's home of a patient is, and who hears of it: L1, L5. */
#include "node/changes_int.h"

#define HOME_ROWS "changes-home" /* by person: practice and platform as they were told last */

static bool is_member(struct changes *c, text ods)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(locality_trust(c->config.locality), &ref, &why);
    bool is = d && directory_member(d, ods);
    if (d) {
        trust_done(ref);
    }
    return is;
}

int changes_homes(struct changes *c, const struct changed *x, text **ret_ods, size_t *ret_count,
                  struct err *e)
{
    size_t count = 0, n = 0;
    text *ods = NULL;
    int rc = places_homes(c->places, x->person, x->a, &ods, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        if (!text_eq(ods[i], x->self) && is_member(c, ods[i])) {
            ods[n++] = ods[i];
        }
    }
    *ret_ods = ods;
    *ret_count = n;
    return rc;
}

/* Who is home beside this node, or instead of it, is told to whoever goes by it. */
static int tell_registration(struct changes *c, const struct changed *x,
                             const struct places_home *home, const struct kept_change *row_of_home,
                             struct err *e)
{
    struct feed_row row = {.kind = FEED_REGISTRATION,
                           .subject = x->subject,
                           .what = arena_printf(x->a, "Patient/%.*s", TEXT_ARG(x->patient)),
                           .body =
                               arena_printf(x->a, "{\"home\":\"%.*s\",\"also\":\"%.*s\"}",
                                            TEXT_ARG(home->practice), TEXT_ARG(home->platform))};
    memcpy(row.person, x->key, 32);
    return row.what.p && row.body.p ? copies_tell(c->copies, &row, row_of_home, 1, e)
                                    : changes_no_memory(e);
}

/* By the own record; of those that are no members what was before stays: when they join, all is
 * looked at again. */
static int look(struct changes *c, const struct changed *x, const struct places_home *was,
                struct places_home *ret, struct err *e)
{
    int rc = places_home(c->places, x->person, x->a, ret, e);
    if (!rc && !is_member(c, ret->platform)) {
        ret->platform = (text){0};
    }
    if (!rc && !is_member(c, ret->practice)) {
        ret->practice = was->practice;
    }
    return rc;
}

static int read_home(struct changes *c, text key, struct arena *a, text *ret_kept,
                     struct places_home *ret, struct err *e)
{
    const struct loc_world *w = c->config.world;
    *ret = (struct places_home){0};
    *ret_kept = (text){0};
    int rc = w->get(w->context, HOME_ROWS, key, a, ret_kept, e);
    text rest = *ret_kept;
    if (!rc && text_cut(&rest, ' ', &ret->practice)) {
        ret->platform = rest;
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* A home that did not hear of what was refused before. */
static int tell_new(struct changes *c, const struct changed *x, text home, text was, struct err *e)
{
    if (!home.n || text_eq(home, was) || text_eq(home, x->self)) {
        return 0;
    }
    int rc = places_contact(c->places, &x->subject, home, e);
    return rc ? rc
              : choice_tell_standing(c->config.world, locality_trust(c->config.locality), c->feed,
                                     &x->subject, home, e);
}

/* The row last: what is told twice after a crash is known to have been told. */
int changes_home(struct changes *c, const struct changed *x, struct err *e)
{
    const struct loc_world *w = c->config.world;
    struct places_home was, now = {0};
    text kept, value, key = text_make((const char *)x->key, 32);
    int rc = read_home(c, key, x->a, &kept, &was, e);
    rc = rc ? rc : look(c, x, &was, &now, e);
    value = arena_printf(x->a, "%.*s %.*s", TEXT_ARG(now.practice), TEXT_ARG(now.platform));
    if (rc || !value.p) {
        return rc ? rc : changes_no_memory(e);
    }
    if (text_eq(value, kept) || (!kept.n && value.n == 1)) {
        return 0;
    }
    rc = tell_new(c, x, now.practice, was.practice, e);
    rc = rc ? rc : tell_new(c, x, now.platform, was.platform, e);
    if (!rc && was.platform.n && !text_eq(was.platform, now.platform)) {
        rc = places_left(c->places, &x->subject, was.platform, e);
    }
    const struct kept_change put = {
        .change = KEPT_PUT, .kind = HOME_ROWS, .key = key, .value = value};
    bool home = text_eq(kept.n ? was.practice : now.practice, x->self);
    if (!rc && home && (kept.n || now.platform.n)) {
        return tell_registration(c, x, &now, &put, e);
    }
    return rc ? rc : w->write(w->context, &put, 1, NULL, e);
}

int changes_home_forget(struct changes *c, const struct changed *x, struct err *e)
{
    const struct loc_world *w = c->config.world;
    const struct kept_change gone = {
        .change = KEPT_DELETE, .kind = HOME_ROWS, .key = text_make((const char *)x->key, 32)};
    return w->write(w->context, &gone, 1, NULL, e);
}
