#include "rest/everything.h"
#include "rest/withheld.h"

#include "base/pace.h"

#include <stdlib.h>

/*
 * $everything in pages (_count): the patient, the compartment in the order of its keys, then the
 * shared resources in the order of their names. A page is made from where it begins, which its
 * token tells: nothing is kept between pages, and what did not change in between is neither
 * repeated nor lost.
 */

/* What a token says: 'c' and where the scan goes on, or 's' and the last name that was listed. */
enum { TOKEN_COMPARTMENT = 'c', TOKEN_SHARED = 's' };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the reply needs more memory than it may have");
}

static text scope_of(const struct call *c, const struct everything *s)
{
    return arena_printf(c->arena, "everything %.*s %.*s", TEXT_ARG(s->patient),
                        TEXT_ARG(s->ask.self));
}

/* Reads the token, if there is one; *ret_last: the last shared resource of the page before. */
static int take_token(struct call *c, struct everything *s, text *ret_last, struct err *e)
{
    text bytes;
    *ret_last = T("");
    if (!s->ask.page.n) {
        return 0;
    }
    int rc = token_read(c, s->ask.page, scope_of(c, s), &bytes, e);
    if (rc) {
        return rc;
    }
    bool is_shared = bytes.n && bytes.p[0] == TOKEN_SHARED;
    text place = text_from(bytes, 1);
    if (is_shared) {
        s->phase = PHASE_SHARED;
        *ret_last = place;
    } else {
        s->next_size = place.n < sizeof s->next ? place.n : sizeof s->next;
        memcpy(s->next, place.p, s->next_size);
    }
    return 0;
}

/* The next stretch of the compartment. `out` NULL: only what it refers to is wanted. */
static int scan(struct everything *s, struct store_view *view, size_t most, struct buf *out,
                struct err *e)
{
    struct versions vs;
    text from = text_make(s->next, s->next_size);
    int rc = store_scan(view, s->patient, most, EVERYTHING_BYTES, from, &s->arena, &vs, e);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        bool is_patient = vs.items[i].type == FHIR_PATIENT && text_eq(vs.items[i].id, s->patient);
        rc = is_patient && out ? 0 : everything_put(s, out, &vs.items[i], e);
    }
    rc = rc ? rc : everything_scanned(s, &vs, e);
    arena_reset(&s->arena);
    pace_give_way();
    return rc;
}

/* Whether a resource of the compartment would be printed. */
static int is_shown(struct everything *s, const struct version *v, bool *ret_yes, struct err *e)
{
    bool is_patient = v->type == FHIR_PATIENT && text_eq(v->id, s->patient);
    bool yes = !is_patient && everything_wants(&s->ask, v);
    int rc = 0;
    if (yes && s->ask.dated && fhir_type_in_patient_compartment(v->type)) {
        rc = everything_in_time(&s->ask, s->rest, s->base, v, &s->arena, &yes, e);
    }
    *ret_yes = yes;
    return rc;
}

/* When a page is full: goes on as long as there is nothing to print, so that the next link leads to
 * something. */
static int look_ahead(struct everything *s, struct store_view *view, bool *ret_found, struct err *e)
{
    struct versions vs;
    text from = text_make(s->next, s->next_size);
    int rc =
        store_scan(view, s->patient, EVERYTHING_COUNT, EVERYTHING_BYTES, from, &s->arena, &vs, e);
    *ret_found = false;
    for (size_t i = 0; !rc && !*ret_found && i < vs.count; i++) {
        rc = is_shown(s, &vs.items[i], ret_found, e);
    }
    if (!rc && !*ret_found) {
        rc = everything_scanned(s, &vs, e);
    }
    arena_reset(&s->arena);
    pace_give_way();
    return rc;
}

static int by_name(const void *a, const void *b)
{
    const struct shared *x = a;
    const struct shared *y = b;
    return x->type != y->type ? (x->type < y->type ? -1 : 1) : text_cmp(x->id, y->id);
}

/* All that the record refers to, and what that refers to, in the order of names. */
static int gather_shared(struct everything *s, struct store_view *view, struct err *e)
{
    int rc = 0;
    s->phase = PHASE_COMPARTMENT;
    s->next_size = 0;
    while (!rc && s->phase == PHASE_COMPARTMENT) {
        rc = scan(s, view, EVERYTHING_COUNT, NULL, e);
    }
    for (size_t i = 0; !rc && i < s->shared_count; i++) {
        struct version v;
        rc = store_read(view, s->shared[i].type, s->shared[i].id, &s->arena, &v, e);
        rc = rc == ERR_NOT_FOUND ? 0 : rc || v.deleted ? rc : everything_put(s, NULL, &v, e);
        arena_reset(&s->arena);
    }
    if (!rc && s->shared_count) {
        qsort(s->shared, s->shared_count, sizeof *s->shared, by_name);
    }
    return rc;
}

/* The next one, if it is there and wanted: as long as there is room. *ret_full: there is none. */
static int put_next(struct everything *s, struct store_view *view, bool *ret_full, struct buf *out,
                    struct err *e)
{
    const struct shared *at = &s->shared[s->shared_done];
    struct version v;
    int rc = store_read(view, at->type, at->id, &s->arena, &v, e);
    bool wanted = !rc && !v.deleted && everything_wants(&s->ask, &v);
    *ret_full = wanted && s->entries == s->ask.count;
    if (wanted && !*ret_full) {
        rc = everything_put(s, out, &v, e);
    }
    arena_reset(&s->arena);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* After `last`; shared_done is at the first that found no room. */
static int put_shared(struct everything *s, struct store_view *view, text last, struct buf *out,
                      struct err *e)
{
    int rc = gather_shared(s, view, e);
    struct shared after = {fhir_type_of(text_first(last, text_find(last, '/'))),
                           text_from(last, text_find(last, '/') + 1)};
    while (!rc && last.n && s->shared_done < s->shared_count &&
           by_name(&s->shared[s->shared_done], &after) <= 0) {
        s->shared_done++;
    }
    bool full = false;
    while (!rc && !full && s->shared_done < s->shared_count) {
        rc = put_next(s, view, &full, out, e);
        s->shared_done += !full;
    }
    return rc;
}

/* Where the next page begins; p == NULL: nowhere. */
static text next_page(struct call *c, const struct everything *s, text last)
{
    text bytes = {0};
    if (s->phase == PHASE_COMPARTMENT) {
        text place = text_make(s->next, s->next_size);
        const text parts[] = {T("c"), place};
        bytes = arena_join(c->arena, parts, 2);
    } else if (s->shared_done < s->shared_count) {
        if (s->shared_done) {
            const struct shared *at = &s->shared[s->shared_done - 1];
            last = arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(at->type)),
                                TEXT_ARG(at->id));
        }
        const text parts[] = {T("s"), last};
        bytes = arena_join(c->arena, parts, 2);
    }
    return bytes.p ? token_make(c, bytes, scope_of(c, s)) : bytes;
}

static text link_to(struct call *c, const struct everything *s, text token)
{
    return arena_printf(c->arena, "%.*s/Patient/%.*s/$everything?%.*s%s%.*s", TEXT_ARG(c->base),
                        TEXT_ARG(s->patient), TEXT_ARG(text_from(s->ask.self, 1)),
                        token.n ? "&_page=" : "", TEXT_ARG(token));
}

static int fill(struct call *c, struct everything *s, const struct version *patient, text *last,
                struct buf *out, struct err *e)
{
    struct store_view *view;
    int rc = take_token(c, s, last, e);
    if (!rc && !s->ask.page.n) {
        rc = everything_put(s, out, patient, e);
    }
    rc = rc ? rc : store_view_begin(s->rest->store, s->grant, STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    bool found = false;
    while (!rc && s->phase == PHASE_COMPARTMENT && !found) {
        size_t room = s->ask.count - (size_t)s->entries;
        rc = room ? scan(s, view, room < EVERYTHING_COUNT ? room : EVERYTHING_COUNT, out, e)
                  : look_ahead(s, view, &found, e);
    }
    if (!rc && s->phase == PHASE_SHARED) {
        rc = put_shared(s, view, *last, out, e);
    }
    store_view_end(view);
    return rc;
}

int everything_page(struct call *c, struct everything *s, const struct version *patient,
                    struct err *e)
{
    text last;
    struct buf entries;
    buf_init(&entries, (size_t)c->rest->limits->request_memory);
    int rc = fill(c, s, patient, &last, &entries, e);
    if (!rc) {
        text next = next_page(c, s, last);
        struct bundle_link links[2] = {{"self", link_to(c, s, s->ask.page)},
                                       {"next", next.p ? link_to(c, s, next) : (text){0}}};
        bundle_open(&c->answer.body, "searchset", NULL, links, 2);
        buf_add(&c->answer.body, buf_text(&entries));
        buf_add(&c->answer.body, s->entries && s->withheld ? T("," WITHHELD_ENTRY) : T(""));
        buf_add(&c->answer.body, s->entries ? T("]}") : T("}"));
        rc = buf_failed(&entries) ? no_memory(e) : 0;
    }
    buf_done(&entries);
    return rc;
}
