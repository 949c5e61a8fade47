#include "locality/foreign_int.h"

#include "fhir/match.h"
#include "identity/jose.h"

#include <openssl/sha.h>

/*
 * What one server of another make has of a person. Its habits may be other than ours: pages by any
 * address of its own, $everything or not, entries that nobody asked for. Its answer is put together
 * as one Bundle of what the asker may see by type, and that is held against J6.
 */

enum { PAGES_MAX = 64, STATUS_OK = 200, STATUS_LOGIN = 401 };

/* Asked one after another where a server knows no $everything. */
static const char *const types_of_record[] = {
    "AllergyIntolerance", "Condition",         "MedicationRequest", "MedicationStatement",
    "Immunization",       "Observation",       "DiagnosticReport",  "Procedure",
    "Encounter",          "DocumentReference", "CarePlan"};

struct gathered {
    struct foreign_going *g;
    struct buf entries;
    size_t count;
    bool more; /* it has something that was not fetched */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the answer of another server");
}

static int64_t now_ms(const struct foreign_going *g)
{
    return g->f->world->now_ms(g->f->world->context);
}

/* --- one request --------------------------------------------------------------------------------
 */

/* "https://host:port" of an address. */
static text origin_of(text url)
{
    size_t scheme = text_find(url, ':');
    text rest = text_from(url, scheme + 3);
    return text_first(url, scheme + 3 + text_find(rest, '/'));
}

/* Addresses have the person's number in them: they go into no log and no manifest. */
static int in_own_words(int rc, struct err *e)
{
    switch (rc) {
    case ERR_TIMEOUT:
        return err_set(e, rc, "it did not answer in time");
    case ERR_TOO_LARGE:
        return err_set(e, rc, "its answer is too large, so nothing of it was used");
    case ERR_MEMORY:
        return no_memory(e);
    default:
        return err_set(e, ERR_IO, "it could not be reached");
    }
}

static int ask_once(struct foreign_going *g, const struct foreign_request *r,
                    struct fetch_call *call, struct err *e)
{
    const struct loc_world *w = g->f->world;
    text bearer = arena_printf(&g->a, "Authorization: Bearer %.*s", TEXT_ARG(g->token));
    const char *fields[] = {"Accept: application/fhir+json", bearer.p, NULL};
    *call = (struct fetch_call){.method = r->form.n ? T("POST") : T("GET"),
                                .url = r->url,
                                .content_type =
                                    r->form.n ? T("application/x-www-form-urlencoded") : (text){0},
                                .body = r->form,
                                .fields = fields,
                                .most_bytes = JOINED_ANSWER_BYTES - g->bytes,
                                .deadline_ms = g->ask->deadline_ms};
    int rc = bearer.p ? w->fetch(w->context, call, &g->a, e) : no_memory(e);
    g->bytes += rc ? 0 : call->answer.n;
    call->fields = NULL;
    return rc ? in_own_words(rc, e) : 0;
}

int foreign_request(struct foreign_going *g, const struct foreign_request *r, int *ret_status,
                    yyjson_val **ret_tree, text *ret_body, struct err *e)
{
    struct fetch_call call = {0};
    struct err why = {0};
    *ret_tree = NULL;
    /* The token is for this server alone, wherever it says that the next page is. */
    if (!text_eq(origin_of(r->url), origin_of(g->server.base)) ||
        memchr(r->url.p, '\n', r->url.n)) {
        return err_set(e, ERR_INVALID,
                       "its next page is at another server, so nothing of it was "
                       "used");
    }
    if (g->bytes >= JOINED_ANSWER_BYTES) {
        return err_set(e, ERR_TOO_LARGE, "its answer is too large, so nothing of it was used");
    }
    int rc = ask_once(g, r, &call, e);
    if (!rc && call.status == STATUS_LOGIN) {
        rc = foreign_token(g, true, e);
        rc = rc ? rc : ask_once(g, r, &call, e);
    }
    *ret_status = call.status;
    *ret_body = call.answer;
    if (!rc && json_read(call.answer, JOINED_DEPTH, &g->a, ret_tree, &why) &&
        call.status == STATUS_OK) {
        rc = why.code == ERR_MEMORY
                 ? no_memory(e)
                 : err_set(e, ERR_INVALID, "what it gave is not JSON, so nothing of it was used");
    }
    return rc;
}

/* A search by POST: what is looked for stands in no address, so in no log of a proxy either.
 * `query` as it stands behind a '?'. url.p NULL: no memory. */
static struct foreign_request search_of(struct foreign_going *g, text type, text query)
{
    return (struct foreign_request){
        .url = arena_printf(&g->a, "%.*s/%.*s/_search", TEXT_ARG(g->server.base), TEXT_ARG(type)),
        .form = query};
}

/* Of R4 every server that searches takes both forms (http.html, "search"). */
static bool takes_no_post(int status)
{
    return status == 404 || status == 405 || status == 501;
}

static int refused(int status, struct err *e)
{
    return err_set(e, ERR_FORBIDDEN, "it answered with status %d", status);
}

/* --- entries ------------------------------------------------------------------------------------
 */

static bool is_shown(const struct gathered *x, const yyjson_val *entry)
{
    const yyjson_val *resource = json_get(entry, T("resource"));
    fhir_type type = fhir_type_of(json_text(json_get(resource, T("resourceType"))));
    text mode = json_text(json_get(json_get(entry, T("search")), T("mode")));
    return type && type != FHIR_OPERATION_OUTCOME && !text_eq(mode, T("outcome")) &&
           (x->g->ask->decision->classes >> type_class(type) & 1);
}

static int take_entries(struct gathered *x, const yyjson_val *bundle, struct err *e)
{
    const yyjson_val *list = json_get(bundle, T("entry"));
    const yyjson_val *entry = joined_first(list);
    if (!text_eq(json_text(json_get(bundle, T("resourceType"))), T("Bundle"))) {
        return err_set(e, ERR_INVALID,
                       "what it gave is not a Bundle of what was found, so nothing of it was used");
    }
    for (size_t left = entry ? json_len(list) : 0; left; left--, entry = json_after(entry)) {
        if (!is_shown(x, entry)) {
            continue;
        }
        if (x->count++ == JOINED_ENTRIES_MAX) {
            return err_set(e, ERR_TOO_LARGE,
                           "its answer has more than %d entries, so nothing of it was used",
                           JOINED_ENTRIES_MAX);
        }
        buf_add(&x->entries, x->count > 1 ? T(",") : T(""));
        json_write(entry, &x->entries);
    }
    return buf_failed(&x->entries) ? no_memory(e) : 0;
}

static text next_of(const yyjson_val *bundle)
{
    const yyjson_val *links = json_get(bundle, T("link"));
    const yyjson_val *link = joined_first(links);
    for (size_t left = link ? json_len(links) : 0; left; left--, link = json_after(link)) {
        if (text_eq(json_text(json_get(link, T("relation"))), T("next"))) {
            return json_text(json_get(link, T("url")));
        }
    }
    return (text){0};
}

/* All pages from the first on. *ret_status: of that one. */
static int take_pages(struct gathered *x, struct foreign_request first, int *ret_status,
                      struct err *e)
{
    struct foreign_request page = first;
    int rc = page.url.p && (page.form.p || !page.form.n) ? 0 : no_memory(e);
    for (size_t i = 0; !rc && page.url.n; i++) {
        yyjson_val *bundle;
        text body;
        int status = 0;
        if (i == PAGES_MAX) {
            return err_set(e, ERR_TOO_LARGE, "it has no last page, so nothing of it was used");
        }
        rc = foreign_request(x->g, &page, &status, &bundle, &body, e);
        *ret_status = i ? *ret_status : status;
        if (rc || status != STATUS_OK) {
            return rc ? rc : i ? refused(status, e) : 0;
        }
        if (!i && !x->g->part.body[0]) {
            (void)SHA256((const unsigned char *)body.p, body.n, x->g->part.body);
        }
        rc = take_entries(x, bundle, e);
        page = (struct foreign_request){.url = next_of(bundle)};
    }
    return rc;
}

/* --- the person ---------------------------------------------------------------------------------
 */

/* Empty: it has nobody with this number. What it gives besides is nobody's business here. */
static int one_patient(struct foreign_going *g, const yyjson_val *bundle, text *ret_id,
                       struct err *e)
{
    const yyjson_val *list = json_get(bundle, T("entry"));
    const yyjson_val *entry = joined_first(list);
    int rc = 0;
    for (size_t left = entry ? json_len(list) : 0; !rc && left; left--, entry = json_after(entry)) {
        const yyjson_val *patient = json_get(entry, T("resource"));
        enum sameness same = SAME_NOT;
        text why;
        if (!text_eq(json_text(json_get(patient, T("resourceType"))), T("Patient"))) {
            continue;
        }
        rc = person_same(&g->ask->subject, patient, &g->a, &same, &why, e);
        text id = json_text(json_get(patient, T("id")));
        if (!rc && same == SAME_CONFLICT) {
            rc = err_set(e, ERR_CONFLICT,
                         "it has somebody with this number who is not certainly this person, so "
                         "nothing of it was used; people have to look");
        } else if (!rc && same == SAME_PERSON && ret_id->n && !text_eq(*ret_id, id)) {
            rc = err_set(e, ERR_CONFLICT,
                         "it has this person more than once, so nothing of it was "
                         "used; people have to look there");
        } else if (!rc && same == SAME_PERSON) {
            *ret_id = id;
        }
    }
    return rc;
}

static int find_patient(struct foreign_going *g, text *ret_id, struct err *e)
{
    yyjson_val *bundle = NULL;
    text body;
    int status = 0;
    struct foreign_request r =
        search_of(g, T("Patient"),
                  arena_printf(&g->a, "identifier=" MATCH_NHS_NUMBER "%%7C%.*s",
                               TEXT_ARG(g->ask->subject.nhs_number)));
    *ret_id = (text){0};
    int rc =
        r.url.p && r.form.p ? foreign_request(g, &r, &status, &bundle, &body, e) : no_memory(e);
    if (!rc && takes_no_post(status)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "it takes no search by POST (status %d), and the NHS number is put into no "
                     "address; switch POST Patient/_search on there",
                     status);
    } else if (!rc && status != STATUS_OK) {
        rc = refused(status, e);
    }
    rc = rc ? rc : one_patient(g, bundle, ret_id, e);
    if (!rc && ret_id->n > 64) {
        rc = err_set(e, ERR_INVALID, "its id of the person is not one of FHIR");
    }
    return rc;
}

/* --- the record ---------------------------------------------------------------------------------
 */

static text path_with(text path, text id, struct arena *a)
{
    static const text mark = {"{patient}", 9};
    size_t at = 0;
    while (at < path.n && !text_starts(text_from(path, at), mark)) {
        at++;
    }
    text behind = text_from(path, at + mark.n);
    return arena_printf(a, "%.*s%.*s%.*s", (int)at, path.p, TEXT_ARG(id), TEXT_ARG(behind));
}

/* The value of _type in the query of $everything; empty: every type. */
static text types_in(text path)
{
    text query = text_from(path, text_find(path, '?') + 1), pair;
    while (text_cut(&query, '&', &pair)) {
        if (text_starts(pair, T("_type="))) {
            return text_from(pair, 6);
        }
    }
    return (text){0};
}

static bool names_type(text types, const char *type)
{
    text one;
    bool names = !types.n;
    while (!names && text_cut(&types, ',', &one)) {
        names = text_eq(one, text_of(type));
    }
    return names;
}

static bool has_since(text path)
{
    text query = text_from(path, text_find(path, '?') + 1), pair;
    while (text_cut(&query, '&', &pair)) {
        if (text_starts(pair, T("_since="))) {
            return true;
        }
    }
    return false;
}

/* Type by type. What it refuses of one is missing, and said so. */
static int take_types(struct gathered *x, text id, struct err *e)
{
    struct foreign_going *g = x->g;
    text types = types_in(g->ask->path);
    int rc = 0, status = 0;
    if (names_type(types, "Patient")) {
        text query = arena_printf(&g->a, "_id=%.*s", TEXT_ARG(id));
        rc = query.p ? take_pages(x, search_of(g, T("Patient"), query), &status, e) : no_memory(e);
        x->more = x->more || status != STATUS_OK;
    }
    text query = arena_printf(&g->a, "patient=%.*s", TEXT_ARG(id));
    rc = rc || query.p ? rc : no_memory(e);
    for (size_t i = 0; !rc && i < sizeof types_of_record / sizeof *types_of_record; i++) {
        if (names_type(types, types_of_record[i])) {
            rc = take_pages(x, search_of(g, text_of(types_of_record[i]), query), &status, e);
            x->more = x->more || status != STATUS_OK;
        }
    }
    /* It may have other types, and what came is more than was asked for. */
    x->more = x->more || !types.n || has_since(g->ask->path);
    return rc;
}

static int take_record(struct gathered *x, text id, struct err *e)
{
    struct foreign_going *g = x->g;
    int status = 0;
    bool all = text_starts(g->ask->path, T("Patient/"));
    text path = path_with(g->ask->path, id, &g->a);
    size_t mark = text_find(path, '?');
    struct foreign_request r = {0};
    if (all) {
        r.url = arena_printf(&g->a, "%.*s/%.*s", TEXT_ARG(g->server.base), TEXT_ARG(path));
    } else {
        r = search_of(g, text_first(path, mark), text_from(path, mark + 1));
    }
    int rc = path.p ? take_pages(x, r, &status, e) : no_memory(e);
    if (!rc && status != STATUS_OK) {
        bool unknown = status == 404 || status == 400 || status == 405 || status == 501;
        rc = all && unknown ? take_types(x, id, e) : refused(status, e);
    }
    return rc;
}

static int read_all(struct gathered *x, text id, struct err *e)
{
    struct foreign_going *g = x->g;
    struct joined_reading reading;
    yyjson_val *bundle = NULL;
    text json = arena_printf(&g->a, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"%s%.*s%s}",
                             x->count ? ",\"entry\":[" : "", TEXT_ARG(buf_text(&x->entries)),
                             x->count ? "]" : "");
    int rc = json.p ? json_read(json, JOINED_DEPTH, &g->a, &bundle, e) : no_memory(e);
    rc = rc ? rc : joined_read(bundle, &g->ask->subject, id, g->server.base, &g->a, &reading, e);
    if (rc == ERR_FORBIDDEN) { /* about somebody else: that is no refusal */
        rc = e->code = ERR_INVALID;
    }
    if (!rc) {
        g->part.bundles[0] = bundle;
        g->part.bundle_count = 1;
        g->part.more = x->more;
    }
    return rc;
}

static int run(struct foreign_going *g, struct err *e)
{
    struct gathered x = {.g = g};
    text id;
    int rc = foreign_token(g, false, e);
    rc = rc ? rc : find_patient(g, &id, e);
    if (rc || !id.n || g->as_nobody) {
        return rc;
    }
    g->part.patient = id;
    buf_init(&x.entries, 2 * (size_t)JOINED_ANSWER_BYTES);
    rc = take_record(&x, id, e);
    rc = rc ? rc : read_all(&x, id, e);
    buf_done(&x.entries);
    return rc;
}

void foreign_fetch(struct foreign_going *g)
{
    struct err e = {0};
    int rc = run(g, &e);
    if (!rc && now_ms(g) <= g->ask->deadline_ms + 50) {
        g->part.outcome = ASK_ANSWERED;
        g->part.why = NULL;
        return;
    }
    text words = arena_copy(&g->a, text_of(err_text(&e)));
    bool silent = !rc || rc == ERR_TIMEOUT || rc == ERR_IO;
    g->part.bundle_count = 0;
    g->part.outcome = silent ? ASK_TIMED_OUT : rc == ERR_FORBIDDEN ? ASK_REFUSED : ASK_BROKEN;
    g->part.why = words.p && rc ? words.p : "did not answer in time";
}
