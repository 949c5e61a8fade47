#include "rest/everything.h"
#include "rest/withheld.h"

#include "fhir/reference.h"

#include <stdlib.h>

/*
 * Patient/{id}/$everything (R4 patient-operation-everything.html): the patient, everything in the
 * compartment, and the shared resources (practitioners, organisations ...) that these refer to.
 *
 * Written piece by piece: whatever the size of the record, a reply holds one piece in memory and no
 * worker waits for a slow client. Each piece is read in a view of its own. With _count it comes in
 * pages instead: everything_page.c.
 */

static void everything_free(void *state)
{
    struct everything *s = state;
    arena_done(&s->arena);
    arena_done(&s->names);
    map_done(&s->seen);
    free(s);
}

/*
 * Collects references to shared types. In packed JSON a quote inside a string has a backslash
 * before it, so these bytes can only be a member of that name.
 */
static int collect(struct everything *s, text packed)
{
    static const char member[] = "\"reference\":\"";
    const char *end = packed.p + packed.n;
    const char *at = packed.p;
    while ((at = memmem(at, (size_t)(end - at), member, sizeof member - 1)) != NULL) {
        at += sizeof member - 1;
        size_t n = text_find(text_make(at, (size_t)(end - at)), '"');
        struct reference r = reference_parse(text_make(at, n), (text){0});
        bool is_new;
        at += n;
        if (r.kind != REFERENCE_LOCAL || fhir_type_in_patient_compartment(r.type)) {
            continue;
        }
        text word = text_make(at - n, n - (r.version.n ? r.version.n + T("/_history/").n : 0));
        if (map_get(&s->seen, word)) {
            continue;
        }
        text name = arena_copy(&s->names, word);
        struct shared *items = name.p ? arena_grow(&s->names, s->shared, s->shared_count,
                                                   &s->shared_capacity, sizeof *items)
                                      : NULL;
        if (!items || !map_put(&s->seen, name, &is_new)) {
            return ERR_MEMORY;
        }
        s->shared = items;
        s->shared[s->shared_count++] =
            (struct shared){r.type, text_from(name, fhir_type_name(r.type).n + 1)};
    }
    return 0;
}

static int print(struct everything *s, struct buf *out, const struct version *v, struct err *e)
{
    buf_add(out, s->entries ? T(",{\"fullUrl\":\"") : T(",\"entry\":[{\"fullUrl\":\""));
    buf_add(out, s->base);
    buf_addc(out, '/');
    buf_add(out, fhir_type_name(v->type));
    buf_addc(out, '/');
    buf_add(out, v->id);
    buf_add(out, T("\",\"resource\":"));
    int rc = print_version(v, out, e);
    buf_add(out, T(",\"search\":{\"mode\":\"match\"}}"));
    s->entries++;
    return rc;
}

bool everything_wants(const struct everything_ask *ask, const struct version *v)
{
    return (!ask->types || ask->types[v->type]) && version_instant(v) >= ask->since_ms;
}

/*
 * Of another time, a resource is not there at all; of another type or older than _since, it is only
 * left out: what it refers to is still part of the record.
 */
int everything_put(struct everything *s, struct buf *out, const struct version *v, struct err *e)
{
    const struct everything_ask *ask = &s->ask;
    bool in_time = true;
    int rc = 0;
    if (ask->dated && fhir_type_in_patient_compartment(v->type)) {
        rc = everything_in_time(ask, s->rest, s->base, v, &s->arena, &in_time, e);
    }
    if (rc || !in_time) {
        return rc;
    }
    if (out && everything_wants(ask, v)) {
        rc = print(s, out, v, e);
    }
    if (!rc && collect(s, v->packed)) {
        rc = err_set(e, ERR_MEMORY, "the record needs more memory than a request may have");
    }
    return rc;
}

int everything_scanned(struct everything *s, const struct versions *vs, struct err *e)
{
    if (!vs->more) {
        s->phase = PHASE_SHARED;
    } else if (vs->next.n > sizeof s->next) {
        return err_set(e, ERR_INTERNAL, "a cursor is longer than expected");
    } else {
        memcpy(s->next, vs->next.p, vs->next.n);
        s->next_size = vs->next.n;
    }
    return 0;
}

static int put_compartment(struct everything *s, struct store_view *view, struct buf *out,
                           struct err *e)
{
    struct versions vs;
    text from = text_make(s->next, s->next_size);
    int rc =
        store_scan(view, s->patient, EVERYTHING_COUNT, EVERYTHING_BYTES, from, &s->arena, &vs, e);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        bool is_patient = vs.items[i].type == FHIR_PATIENT && text_eq(vs.items[i].id, s->patient);
        rc =
            is_patient ? 0 : everything_put(s, out, &vs.items[i], e); /* the patient stands first */
    }
    return rc ? rc : everything_scanned(s, &vs, e);
}

static int put_shared(struct everything *s, struct store_view *view, struct buf *out, struct err *e)
{
    for (int i = 0; i < EVERYTHING_COUNT && s->shared_done < s->shared_count; i++) {
        const struct shared *at = &s->shared[s->shared_done++];
        struct version v;
        int rc = store_read(view, at->type, at->id, &s->arena, &v, e);
        if (!rc && !v.deleted) {
            rc = everything_put(s, out, &v, e);
        }
        if (rc && rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    if (s->shared_done == s->shared_count) {
        s->phase = PHASE_DONE;
    }
    return 0;
}

static int put_piece(struct everything *s, struct buf *out, struct err *e)
{
    struct store_view *view;
    int rc = store_view_begin(s->rest->store, s->grant, STORE_SNAPSHOT, &view, e);
    if (rc) {
        return rc;
    }
    if (s->phase == PHASE_COMPARTMENT) {
        rc = put_compartment(s, view, out, e);
    }
    if (!rc && s->phase == PHASE_SHARED) {
        rc = put_shared(s, view, out, e);
    }
    store_view_end(view);
    arena_done(&s->arena); /* the piece is in `out`; nothing more is held while the client reads */
    if (!rc && s->phase == PHASE_DONE) {
        if (s->withheld) { /* it may be all that there is to tell */
            buf_add(out, s->entries ? T("," WITHHELD_ENTRY) : T(",\"entry\":[" WITHHELD_ENTRY));
        }
        buf_printf(out, "%s,\"total\":%llu}", s->entries || s->withheld ? "]" : "",
                   (unsigned long long)s->entries);
    }
    if (!rc && buf_failed(out)) {
        rc = err_set(e, ERR_MEMORY, "the reply needs more memory than it may have");
    }
    return rc;
}

static int more(struct http_reply *reply, void *state)
{
    struct everything *s = state;
    struct err e = {0};
    if (put_piece(s, &reply->body, &e)) {
        return -1; /* the reply is under way: breaking off is the only way to say that it is not
                      whole */
    }
    return s->phase != PHASE_DONE;
}

static int read_patient(struct call *c, struct version *ret_patient, bool *ret_withheld,
                        struct err *e)
{
    struct store_view *view;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, FHIR_PATIENT, c->route.id, c->arena, ret_patient, e);
    rc = rc ? rc : withheld_from(view, c->grant, c->route.id, ret_withheld, e);
    store_view_end(view);
    if (!rc && ret_patient->deleted) {
        rc = err_set(e, ERR_DELETED, "Patient/%.*s has been deleted", TEXT_ARG(c->route.id));
    }
    return rc;
}

static int begin(struct call *c, struct everything *s, const struct version *patient, struct err *e)
{
    text query = text_from(s->ask.self, 1);
    struct bundle_link self = {"self", arena_printf(c->arena, "%.*s/Patient/%.*s/$everything%s%.*s",
                                                    TEXT_ARG(c->base), TEXT_ARG(c->route.id),
                                                    query.n ? "?" : "", TEXT_ARG(query))};
    bundle_open(&c->answer.body, "searchset", NULL, &self, 1);
    return everything_put(s, &c->answer.body, patient, e);
}

static struct everything *make(struct call *c, const struct everything_ask *ask)
{
    struct everything *s = calloc(1, sizeof *s);
    if (s) {
        s->rest = c->rest;
        s->grant = c->grant;
        s->ask = *ask;
        s->base = c->base;
        s->patient = c->route.id;
        arena_init(&s->arena, (size_t)c->rest->limits->request_memory);
        arena_init(&s->names, (size_t)c->rest->limits->request_memory);
        map_init(&s->seen);
    }
    return s;
}

static int run(struct call *c, struct everything *s, const struct version *patient, struct err *e)
{
    if (s->ask.count) {
        int rc = everything_page(c, s, patient, e);
        s->phase = PHASE_DONE;
        return rc;
    }
    int rc = begin(c, s, patient, e);
    if (!rc) {
        rc = put_piece(s, &c->answer.body, e);
    }
    while (!rc && !c->http && s->phase != PHASE_DONE) { /* an entry of a bundle comes whole */
        rc = put_piece(s, &c->answer.body, e);
    }
    return rc;
}

int do_everything(struct call *c, struct err *e)
{
    struct everything_ask ask;
    struct version patient;
    int rc = everything_understand(c, &ask, e);
    bool withheld = false;
    rc = rc ? rc : read_patient(c, &patient, &withheld, e);
    struct everything *s = rc ? NULL : make(c, &ask);
    if (!s) {
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory");
    }
    s->withheld = withheld;
    rc = run(c, s, &patient, e);
    c->answer.status = 200;
    if (rc || s->phase == PHASE_DONE) {
        everything_free(s);
        return rc;
    }
    c->answer.more = more;
    c->answer.more_done = everything_free;
    c->answer.more_state = s;
    return 0;
}
