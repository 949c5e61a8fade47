/* What a holder has told the homes of its patients: L1, L5. A row for each person and home. */
#include "locality/places_int.h"

#include "base/buf.h"

enum { MEMORY = 8 << 20, FIELDS = 6, HOMES_MAX = 64 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the places of records");
}

/* --- a row --------------------------------------------------------------------------------------
 */

static text *fields_of(struct subject *s, size_t i)
{
    text *const all[FIELDS] = {&s->nhs_number, &s->family, &s->given,
                               &s->birth_date, &s->gender, &s->postcode};
    return all[i];
}

/* The home, who named it, then the subject's fields, a zero byte behind each. */
static int print(const struct places_contact_row *row, struct arena *a, text *ret, struct err *e)
{
    struct subject copy = row->subject;
    struct buf out;
    buf_init(&out, 16384);
    buf_add(&out, row->home);
    buf_addc(&out, 0);
    buf_add(&out, row->by);
    buf_addc(&out, 0);
    for (size_t i = 0; i < FIELDS; i++) {
        buf_add(&out, *fields_of(&copy, i));
        buf_addc(&out, 0);
    }
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : no_memory(e);
}

int places_contact_read(const struct places *p, text key, text value, struct arena *a,
                        struct places_contact_row *ret, struct err *e)
{
    text rest;
    int rc = places_unseal(p, key, value, a, &rest, e);
    bool good = !rc && text_cut(&rest, 0, &ret->home) && text_cut(&rest, 0, &ret->by);
    for (size_t i = 0; i < FIELDS; i++) {
        good = good && text_cut(&rest, 0, fields_of(&ret->subject, i));
    }
    return rc || good ? rc : err_set(e, ERR_CORRUPT, "what a home was told cannot be read");
}

static int get(struct places *p, const struct subject *s, text home, struct arena *a,
               struct places_contact_row *ret, bool *ret_found, struct err *e)
{
    const struct loc_world *w = p->world;
    char key[PLACES_ROW];
    text sealed;
    struct err none = {0};
    places_row_key(p, s->nhs_number, home, key);
    int rc = w->get(w->context, "contact", text_make(key, sizeof key), a, &sealed, &none);
    *ret_found = !rc;
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : err_set(e, rc, "%s", err_text(&none));
    }
    return places_contact_read(p, text_make(key, sizeof key), sealed, a, ret, e);
}

/* --- telling a home -----------------------------------------------------------------------------
 */

int places_tell(struct places *p, const struct subject *s, text home, text body,
                const struct kept_change *more, size_t more_count, struct err *e)
{
    struct feed_row row = {.kind = FEED_CONTACT, .subject = *s, .body = body};
    int rc = feed_person(p->feed, s->nhs_number, row.person, e);
    return rc ? rc : feed_send(p->feed, &home, 1, &row, more, more_count, e);
}

/* `by`: the home that names it; empty: the own record does, and no home takes that back. */
static int add(struct places *p, const struct subject *s, text home, text by, struct err *e)
{
    const struct loc_world *w = p->world;
    const struct note_signer *signer;
    struct places_contact_row was = {0}, row = {.home = home, .by = by, .subject = *s};
    struct arena a;
    char key[PLACES_ROW];
    text self, plain, sealed;
    bool found = false;
    arena_init(&a, MEMORY);
    places_row_key(p, s->nhs_number, home, key);
    int rc = trust_self(p->trust, &signer, &self, e);
    bool wanted = !rc && home.n && !text_eq(home, self); /* the home itself need not be told */
    rc = rc || !wanted ? rc : get(p, s, home, &a, &was, &found, e);
    wanted = wanted && !(found && (!was.by.n || text_eq(was.by, by)));
    rc = rc || !wanted ? rc : print(&row, &a, &plain, e);
    rc = rc || !wanted ? rc : places_seal(p, text_make(key, sizeof key), plain, &a, &sealed, e);
    if (!rc && wanted) {
        const struct kept_change put = {.change = KEPT_PUT,
                                        .kind = "contact",
                                        .key = text_make(key, sizeof key),
                                        .value = sealed};
        rc = found ? w->write(w->context, &put, 1, NULL, e)
                   : places_tell(p, s, home, (text){0}, &put, 1, e);
    }
    arena_done(&a);
    return rc;
}

/* The word that it has ended, and the row, in one commit. */
static int leave(struct places *p, const struct subject *s, text home, struct err *e)
{
    char key[PLACES_ROW];
    places_row_key(p, s->nhs_number, home, key);
    const struct kept_change gone = {
        .change = KEPT_DELETE, .kind = "contact", .key = text_make(key, sizeof key)};
    return places_tell(p, s, home, T("{\"ended\":true}"), &gone, 1, e);
}

int places_contact(struct places *p, const struct subject *s, text home, struct err *e)
{
    return add(p, s, home, (text){0}, e);
}

int places_left(struct places *p, const struct subject *s, text home, struct err *e)
{
    struct places_contact_row row = {0};
    struct arena a;
    bool found = false;
    arena_init(&a, MEMORY);
    int rc = get(p, s, home, &a, &row, &found, e);
    rc = rc || !found || row.by.n ? rc : leave(p, s, home, e);
    arena_done(&a);
    return rc;
}

/* --- what a home says of others -----------------------------------------------------------------
 */

struct naming {
    const struct places *p;
    struct arena *a;
    const text *by; /* NULL: of all */
    text *homes;
    size_t count;
    struct err why;
};

static int name_one(void *context, text key, text value)
{
    struct naming *n = context;
    struct places_contact_row row = {0};
    int rc = places_contact_read(n->p, key, value, n->a, &row, &n->why);
    if (!rc && (!n->by || text_eq(row.by, *n->by)) && n->count < HOMES_MAX) {
        n->homes[n->count++] = row.home;
    }
    return rc;
}

static int told_by(struct places *p, text nhs_number, const text *by, struct arena *a,
                   text **ret_ods, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = p->world;
    struct naming n = {.p = p, .a = a, .by = by, .homes = arena_zalloc(a, HOMES_MAX, sizeof(text))};
    char key[PLACES_ROW];
    places_row_key(p, nhs_number, (text){0}, key);
    int rc = n.homes ? w->each(w->context, "contact", text_make(key, 32), name_one, &n, e)
                     : no_memory(e);
    rc = rc && n.why.code ? err_set(e, n.why.code, "%s", err_text(&n.why)) : rc;
    *ret_ods = n.homes;
    *ret_count = rc ? 0 : n.count;
    return rc;
}

int places_told(struct places *p, text nhs_number, struct arena *a, text **ret_ods,
                size_t *ret_count, struct err *e)
{
    return told_by(p, nhs_number, NULL, a, ret_ods, ret_count, e);
}

/* What it named before, and names no longer, is not told any more. */
static int end_others(struct places *p, const struct subject *s, text from, text but,
                      struct arena *a, struct err *e)
{
    text *homes = NULL;
    size_t count = 0;
    int rc = told_by(p, s->nhs_number, &from, a, &homes, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = text_eq(homes[i], but) ? 0 : leave(p, s, homes[i], e);
    }
    return rc;
}

/* The old one last: until then its word counts, so a crash in between begins it again. */
int places_moved(struct places *p, const struct subject *s, text from, const struct places_home *to,
                 struct err *e)
{
    struct places_contact_row row = {0};
    struct arena a;
    bool found = false;
    bool other = to->practice.n && !text_eq(to->practice, from);
    arena_init(&a, MEMORY);
    int rc = get(p, s, from, &a, &row, &found, e);
    /* One that this node goes by because another home named it does not name others. */
    if (!rc && found && !row.by.n) {
        rc = other ? add(p, s, to->practice, (text){0}, e) : 0;
        rc = rc ? rc : add(p, s, to->platform, other ? to->practice : from, e);
        rc = rc ? rc : end_others(p, s, from, other ? (text){0} : to->platform, &a, e);
        rc = rc || !other ? rc : leave(p, s, from, e);
    }
    arena_done(&a);
    return rc;
}
