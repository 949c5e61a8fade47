#include "rest/access.h"

#include "base/clock.h"
#include "fhir/reference.h"
#include "format/json.h"
#include "rest/access_proof.h"
#include "rest/access_rollup.h"
#include "rest/record.h"

/*
 * /audit/...: the access log as the pages read it. The public part (checkpoint, tiles, key) is
 * commitments, which tell nobody anything; the rest is for whoever may see the entry.
 */

enum { ROWS = 50, ROWS_MOST = 200, PIECE = 500, LOOK_MOST = 5000 };
#define CHECK_MS (INT64_C(3600) * 1000)

static const char json_type_name[] = "application/json; charset=utf-8";
static const char plain_type[] = "text/plain; charset=utf-8";

/* What a page is asked with. */
struct page_ask {
    struct call call;
    struct access access;
    const struct http_request *request;
    struct http_reply *reply;
    text below; /* the address, behind its first part */
};

/* --- the public files --------------------------------------------------------------------------
 */

static bool is_partial(text path)
{
    for (size_t i = 0; i + 3 <= path.n; i++) {
        if (memcmp(path.p + i, ".p/", 3) == 0) {
            return true;
        }
    }
    return false;
}

/* Small letters, digits, '/', '.' and no step upwards: the names that a log's files have. */
static bool is_file_name(text path)
{
    bool is = path.n && path.n < 200 && path.p[0] != '/';
    for (size_t i = 0; is && i < path.n; i++) {
        char c = path.p[i];
        char next = i + 1 < path.n ? path.p[i + 1] : 'x';
        is = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '.' && next != '.') ||
             (c == '/' && next != '/' && next != '.');
    }
    return is;
}

static int serve_file(const struct rest *rest, const struct http_request *r,
                      struct http_reply *reply, text name, struct err *e)
{
    text bytes = {0};
    bool tile = text_starts(name, T("tile/"));
    int rc = is_file_name(name) ? audit_file(rest->audit, name, r->arena, &bytes, e)
                                : err_set(e, ERR_NOT_FOUND, "the access log has no such file");
    if (rc) {
        return rc;
    }
    reply->status = 200;
    reply->content_type = tile ? "application/octet-stream" : plain_type;
    buf_add(&reply->body, bytes);
    http_reply_field(reply, T("Cache-Control"),
                     tile && !is_partial(name) ? T("public, max-age=31536000, immutable")
                                               : T("no-cache"));
    http_reply_field(reply, T("Access-Control-Allow-Origin"), T("*"));
    return 0;
}

static int serve_key(const struct rest *rest, struct http_reply *reply)
{
    reply->status = 200;
    reply->content_type = plain_type;
    buf_add(&reply->body, audit_verifier_key(rest->audit));
    buf_addc(&reply->body, '\n');
    http_reply_field(reply, T("Cache-Control"), T("no-cache"));
    http_reply_field(reply, T("Access-Control-Allow-Origin"), T("*"));
    return 0;
}

/* --- who asks ------------------------------------------------------------------------------------
 */

static int open_page(struct page_ask *p, struct err *e)
{
    struct call *c = &p->call;
    const struct rest *rest = c->rest;
    struct caller *caller = arena_zalloc(c->arena, 1, sizeof *caller);
    if (!caller) {
        return access_no_memory(e);
    }
    int rc = 0;
    if (c->caller) { /* known already */
        *caller = *c->caller;
    } else {
        rc = identity_caller(rest->identity, p->request, caller, e);
    }
    if (!rc && caller->actor.kind == ACTOR_NOBODY) {
        rc = err_set(e, ERR_LOGIN, "sign in first, on this node's page");
    }
    if (rc) {
        return rc;
    }
    struct grant_config config = {.actor = &caller->actor,
                                  .scopes = caller->scopes,
                                  .key = store_policy_key(rest->store),
                                  .now_ms = clock_real_ms(),
                                  .tells_withheld = rest->tells_withheld};
    c->caller = caller;
    c->grant = grant_make(&config, c->arena);
    return c->grant ? access_open(c, (text){0}, &p->access, e) : access_no_memory(e);
}

/* Who looked at the list stands in the list, before they have it. */
static int note(struct page_ask *p, enum event_kind kind, text what, const struct err *refused,
                struct err *e)
{
    const struct access *a = &p->access;
    uint64_t ticket = 0;
    struct audit_event event = {
        .at_ms = clock_real_ms(),
        .kind = kind,
        .outcome = refused ? EVENT_SERIOUS : EVENT_OK,
        .why = refused ? text_short(text_of(err_text(refused)), 300) : (text){0},
        .patient = refused ? (text){0} : a->patient,
        .what = what,
        .relation = text_of(relationship_words(
            (enum relationship)(a->decision.reads ? a->decision.relation : RELATION_DUTY))),
    };
    caller_event(p->call.caller, &event);
    int rc = record_class(p->call.rest, a->actor, a->view, a->patient, a->arena, &event.access, e);
    rc = rc ? rc : audit_append(p->call.rest->audit, &event, 1, &ticket, e);
    return rc ? rc : audit_wait(p->call.rest->audit, ticket, e);
}

/* --- a patient's list --------------------------------------------------------------------------
 */

struct list_ask {
    uint64_t before;
    uint64_t rows;
    bool checking; /* part of a check, whose entry in the log stands for all of it */
};

/* Whose check of whose list: a ticket is nobody else's, and of no other list. */
static text check_scope(const struct page_ask *p)
{
    const struct caller *caller = p->call.caller;
    return arena_printf(p->call.arena, "check of %.*s by %.*s %.*s", TEXT_ARG(p->below),
                        TEXT_ARG(p->access.actor->account), TEXT_ARG(caller->client));
}

/* A ticket is "entries until": how many the chain had when the check began, and when it ends. */
static int take_ticket(struct page_ask *p, text ticket, uint64_t *ret_entries, struct err *e)
{
    text bytes = {0};
    text entries = {0};
    uint64_t until = 0;
    int rc = token_read(&p->call, ticket, check_scope(p), &bytes, e);
    bool good = !rc && text_cut(&bytes, ' ', &entries) && text_to_u64(entries, ret_entries) &&
                text_to_u64(bytes, &until) && p->access.now_ms < (int64_t)until;
    return good || rc == ERR_MEMORY
               ? rc
               : err_set(e, ERR_INVALID,
                         "this check is over, or is not yours; begin again with /audit/check/%.*s",
                         TEXT_ARG(p->below));
}

static int take_one(struct page_ask *p, enum log_sight sight, const struct search_pair *pair,
                    struct list_ask *ask, uint64_t *entries, struct err *e)
{
    text value = pair->value;
    bool before = text_eq(pair->name, T("before"));
    if (text_eq(pair->name, T("check"))) {
        ask->checking = true;
        return take_ticket(p, value, entries, e);
    }
    if (!before && !text_eq(pair->name, T("count"))) {
        return err_set(e, ERR_INVALID, "this list takes before, count and check; not '%.*s'",
                       TEXT_ARG(text_short(pair->name, 60)));
    }
    int rc = before && sight == LOG_PROXY ? token_read(&p->call, value, p->below, &value, e) : 0;
    return rc || text_to_u64(value, before ? &ask->before : &ask->rows)
               ? rc
               : err_set(e, ERR_VALUE, "before and count are numbers");
}

static int take_list(struct page_ask *p, enum log_sight sight, struct list_ask *ask, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    uint64_t entries = UINT64_MAX - 1;
    *ask = (struct list_ask){.before = UINT64_MAX, .rows = ROWS};
    int rc = call_pairs(&p->call, &pairs, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_one(p, sight, &pairs[i], ask, &entries, e);
    }
    /* What came after a check began is none of its business. */
    ask->before = ask->before > entries + 1 ? entries + 1 : ask->before;
    ask->rows = ask->rows == 0 ? 1 : ask->rows > ROWS_MOST ? ROWS_MOST : ask->rows;
    return rc;
}

struct list {
    struct rollup rollup;
    uint64_t total;
    uint64_t next; /* 0: that was all */
    int64_t day;
    size_t looked;
};

/* A page ends with a day, so that what goes together stands together; a day that is longer than a
 * request may look through goes on on the next page. */
static bool ends_before(const struct list *l, const struct list_ask *ask,
                        const struct audit_entry *entry)
{
    return l->rollup.count >= ask->rows && !entry->erased && rollup_day(entry) != l->day;
}

static int add_entry(struct page_ask *p, struct list *l, enum log_sight sight,
                     const struct audit_entry *entry)
{
    struct audit_entry shown = *entry;
    bool told = entry->erased ? sight != LOG_PROXY
                              : log_show(&p->access, sight, &entry->event, &shown.event, NULL);
    l->day = entry->erased ? l->day : rollup_day(entry);
    l->looked++;
    return told ? rollup_add(&l->rollup, &shown) : 0;
}

static int gather(struct page_ask *p, struct list *l, enum log_sight sight,
                  const struct list_ask *ask, struct err *e)
{
    uint64_t before = ask->before;
    bool more = true;
    int rc = 0;
    while (!rc && more && l->looked < LOOK_MOST) {
        struct audit_entry *entries = NULL;
        size_t count = 0;
        rc = audit_of_patient(p->call.rest->audit, p->access.patient, before, PIECE, p->call.arena,
                              &entries, &count, &l->total, e);
        more = !rc && count;
        for (size_t i = 0; !rc && more && i < count; i++) {
            more = !ends_before(l, ask, &entries[i]);
            rc = more && add_entry(p, l, sight, &entries[i]) ? access_no_memory(e) : 0;
            before = more ? entries[i].patient_seq : before;
        }
        l->next = count && before > 1 ? before : 0; /* of whom nothing is, nothing follows */
        more = more && l->next;
    }
    return rc;
}

/* A patient is told names, not codes. */
static int name_peers(const struct page_ask *p, struct list *l, struct err *e)
{
    const struct locality_view *view = &p->call.rest->locality;
    for (size_t i = 0; view->name && i < l->rollup.count; i++) {
        struct rollup_row *row = &l->rollup.rows[i];
        for (size_t k = 0; k < row->peer_count; k++) {
            row->peers[k] = view->name(view->context, row->peers[k], p->call.arena);
            if (!row->peers[k].p) {
                return access_no_memory(e);
            }
        }
    }
    return 0;
}

static int print_list(struct page_ask *p, const struct list *l, enum log_sight sight, struct err *e)
{
    struct buf *out = &p->reply->body;
    bool places = sight != LOG_PROXY;
    char number[24];
    if (places) {
        buf_printf(out, "{\"total\":%llu,\"verified_size\":%llu,\"entries\":",
                   (unsigned long long)l->total,
                   (unsigned long long)audit_size(p->call.rest->audit));
    } else {
        buf_add(out, T("{\"total\":null,\"verified_size\":null,\"entries\":"));
    }
    rollup_print(&l->rollup, places, out);
    int n = snprintf(number, sizeof number, "%llu", (unsigned long long)l->next);
    if (l->next && places) {
        buf_printf(out, ",\"next\":%s", number);
    } else if (l->next) {
        text token = token_make(&p->call, text_make(number, (size_t)n), p->below);
        if (!token.p) {
            return access_no_memory(e);
        }
        buf_printf(out, ",\"next\":\"%.*s\"", TEXT_ARG(token));
    }
    buf_addc(out, '}');
    p->reply->status = 200;
    p->reply->content_type = json_type_name;
    return 0;
}

static int serve_list(struct page_ask *p, struct err *e)
{
    struct access *a = &p->access;
    struct list l = {.day = INT64_MIN};
    struct list_ask ask;
    enum log_sight sight;
    int rc = access_about(a, p->below, e);
    rc = rc ? rc : log_sight(a, &sight, e);
    rc = rc ? rc : take_list(p, sight, &ask, e);
    if (rc) {
        return rc;
    }
    rollup_init(&l.rollup, p->call.arena, a->now_ms, sight == LOG_ALL);
    rc = gather(p, &l, sight, &ask, e);
    rc = rc || ask.checking ? rc : note(p, EVENT_SEARCH, T("AuditEvent"), NULL, e);
    rc = rc ? rc : name_peers(p, &l, e);
    rc = rc ? rc : print_list(p, &l, sight, e);
    rollup_done(&l.rollup);
    return rc;
}

/* --- proofs
 * ---------------------------------------------------------------------------------------- */

/* A proof tells an entry's place among all of the patient's. */
static int no_places(struct err *e)
{
    return err_set(e, ERR_FORBIDDEN,
                   "proofs are for the person themself and for privacy officers: they tell how "
                   "many entries there are");
}

static int none(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "the access log has no such entry that you may see");
}

/* Without what opens it where the asker may not see that. */
static int make_proof(struct page_ask *p, enum log_sight sight, const struct audit_entry *entry,
                      text *ret_proof, struct err *e)
{
    struct arena *a = p->call.arena;
    struct audit_event shown;
    bool whole = true;
    if (!entry->erased) {
        (void)log_show(&p->access, sight, &entry->event, &shown, &whole);
    }
    int rc = audit_proof(p->call.rest->audit, entry->leaf, a, ret_proof, e);
    return rc || whole ? rc : proof_silence(*ret_proof, a, ret_proof, e);
}

static int serve_proof(struct page_ask *p, struct err *e)
{
    struct access *a = &p->access;
    struct audit *log = p->call.rest->audit;
    struct audit_entry entry;
    struct err ignored = {0};
    enum log_sight sight;
    uint64_t leaf = 0;
    text proof = {0};
    int rc = text_to_u64(p->below, &leaf) ? audit_read(log, leaf, p->call.arena, &entry, &ignored)
                                          : ERR_NOT_FOUND;
    if (rc) {
        *e = ignored;
        return rc == ERR_NOT_FOUND ? none(e) : rc;
    }
    rc = access_about(a, entry.event.patient, e);
    if (rc || log_sight(a, &sight, &ignored)) {
        return rc ? rc : none(e);
    }
    if (sight == LOG_PROXY) {
        return no_places(e);
    }
    rc = make_proof(p, sight, &entry, &proof, e);
    rc = rc ? rc
            : note(p, EVENT_READ,
                   arena_printf(p->call.arena, "AuditEvent/%llu", (unsigned long long)leaf), NULL,
                   e);
    if (rc) {
        return rc;
    }
    p->reply->status = 200;
    p->reply->content_type = plain_type;
    buf_add(&p->reply->body, proof);
    http_reply_field(p->reply, T("Content-Disposition"),
                     arena_printf(p->call.arena, "attachment; filename=\"entry-%llu.tlog-proof\"",
                                  (unsigned long long)leaf));
    return 0;
}

/* Who may have proofs and statements about p->below. */
static int open_places(struct page_ask *p, enum log_sight *ret_sight, struct err *e)
{
    int rc = access_about(&p->access, p->below, e);
    rc = rc ? rc : log_sight(&p->access, ret_sight, e);
    return rc || *ret_sight != LOG_PROXY ? rc : no_places(e);
}

static int serve_statement(struct page_ask *p, struct err *e)
{
    enum log_sight sight;
    text statement = {0};
    int rc = open_places(p, &sight, e);
    rc = rc ? rc
            : audit_statement(p->call.rest->audit, p->access.patient, p->call.arena, &statement, e);
    rc = rc ? rc : note(p, EVENT_READ, T("AuditEvent"), NULL, e);
    if (rc) {
        return rc;
    }
    p->reply->status = 200;
    p->reply->content_type = plain_type;
    buf_add(&p->reply->body, statement);
    return 0;
}

/* --- a check of a whole list -----------------------------------------------------------------
 */

/* The number in a statement's line "entries n". */
static bool stated_entries(text statement, uint64_t *ret_entries)
{
    const text word = T("entries ");
    text line;
    while (text_cut(&statement, '\n', &line)) {
        if (text_starts(line, word)) {
            return text_to_u64(text_from(line, word.n), ret_entries);
        }
    }
    return false;
}

/* The statement, and a ticket for what it counts. The entry that this leaves in the log stands for
 * all that is read with the ticket: a check that noted each of its steps would make the list that
 * it checks many times as long. */
static int serve_check(struct page_ask *p, struct err *e)
{
    struct buf *out = &p->reply->body;
    char bytes[64];
    enum log_sight sight;
    uint64_t entries = 0;
    text statement = {0};
    int rc = open_places(p, &sight, e);
    rc = rc ? rc
            : audit_statement(p->call.rest->audit, p->access.patient, p->call.arena, &statement, e);
    if (!rc && !stated_entries(statement, &entries)) {
        rc = err_set(e, ERR_INTERNAL, "the statement about this list could not be made");
    }
    rc = rc ? rc : note(p, EVENT_READ, T("AuditEvent"), NULL, e);
    if (rc) {
        return rc;
    }
    int n = snprintf(bytes, sizeof bytes, "%llu %lld", (unsigned long long)entries,
                     (long long)(p->access.now_ms + CHECK_MS));
    text ticket = token_make(&p->call, text_make(bytes, (size_t)n), check_scope(p));
    if (!ticket.p) {
        return access_no_memory(e);
    }
    buf_add(out, T("{\"statement\":"));
    json_write_string(statement, out);
    buf_printf(out, ",\"check\":\"%.*s\"}", TEXT_ARG(ticket));
    p->reply->status = 200;
    p->reply->content_type = json_type_name;
    return 0;
}

/* Proofs of a piece of the chain, newest first, for a check that has begun. */
static int serve_proofs(struct page_ask *p, struct err *e)
{
    struct buf *out = &p->reply->body;
    struct list_ask ask;
    struct audit_entry *entries = NULL;
    size_t count = 0;
    uint64_t total = 0;
    enum log_sight sight;
    int rc = open_places(p, &sight, e);
    rc = rc ? rc : take_list(p, sight, &ask, e);
    if (!rc && !ask.checking) {
        rc = err_set(e, ERR_VALUE,
                     "proofs of many entries are for a check: begin it with /audit/check/%.*s and "
                     "send what it gives as check=",
                     TEXT_ARG(p->below));
    }
    rc = rc ? rc
            : audit_of_patient(p->call.rest->audit, p->access.patient, ask.before, (size_t)ask.rows,
                               p->call.arena, &entries, &count, &total, e);
    buf_add(out, T("{\"proofs\":["));
    for (size_t i = 0; !rc && i < count; i++) {
        struct arena_mark mark = arena_mark(p->call.arena);
        text proof = {0};
        rc = make_proof(p, sight, &entries[i], &proof, e);
        buf_add(out, i ? T(",") : T(""));
        json_write_string(proof, out);
        arena_rewind(p->call.arena, mark);
    }
    buf_addc(out, ']');
    uint64_t last = count ? entries[count - 1].patient_seq : 0;
    if (last > 1) {
        buf_printf(out, ",\"next\":%llu", (unsigned long long)last);
    }
    buf_addc(out, '}');
    p->reply->status = 200;
    p->reply->content_type = json_type_name;
    return rc;
}

/* --- where it goes
 * ----------------------------------------------------------------------------------- */

static const struct {
    const char *prefix;
    int (*serve)(struct page_ask *p, struct err *e);
} pages[] = {
    {"patient/", serve_list}, {"proof/", serve_proof},   {"statement/", serve_statement},
    {"check/", serve_check},  {"proofs/", serve_proofs},
};

static int serve_private(const struct rest *rest, const struct caller *caller,
                         const struct http_request *request, struct http_reply *reply, text path,
                         struct err *e)
{
    struct page_ask p = {.request = request, .reply = reply};
    size_t k = 0;
    (void)rest_allow_sites(request, reply);
    while (k < sizeof pages / sizeof *pages && !text_starts(path, text_of(pages[k].prefix))) {
        k++;
    }
    if (k == sizeof pages / sizeof *pages) {
        return err_set(
            e, ERR_NOT_FOUND,
            "there is nothing at this address; the access log has patient/[id], "
            "proof/[leaf], statement/[id], check/[id], proofs/[id], checkpoint, tile/... "
            "and key");
    }
    p.below = text_from(path, strlen(pages[k].prefix));
    p.call = (struct call){.rest = rest,
                           .caller = caller,
                           .arena = request->arena,
                           .method = request->method,
                           .path = path,
                           .query = request->query,
                           .http = request};
    issues_init(&p.call.issues, request->arena);
    int rc = reference_id_ok(p.below)
                 ? open_page(&p, e)
                 : err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
    rc = rc ? rc : record_settle(rest, e);
    rc = rc ? rc : pages[k].serve(&p, e);
    if (rc == ERR_FORBIDDEN && p.call.caller) {
        struct err refused = *e;
        rc = note(&p, EVENT_REFUSED, T("AuditEvent"), &refused, e);
        rc = rc ? rc : ERR_FORBIDDEN;
        *e = rc == ERR_FORBIDDEN ? refused : *e;
    }
    access_close(&p.access);
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    return rc;
}

static int serve(const struct rest *rest, const struct caller *caller,
                 const struct http_request *request, struct http_reply *reply, struct err *e)
{
    text path = text_from(request->path, T("/audit/").n);
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        http_reply_field(reply, T("Allow"), T("GET, HEAD"));
        return err_set(e, ERR_METHOD, "the access log is only read: GET");
    }
    if (text_eq(path, T("key"))) {
        return serve_key(rest, reply);
    }
    return text_eq(path, T("checkpoint")) || text_eq(path, T("checkpoint.cosigned")) ||
                   text_eq(path, T("witnesses")) || text_starts(path, T("tile/"))
               ? serve_file(rest, request, reply, path, e)
               : serve_private(rest, caller, request, reply, path, e);
}

void access_pages(const struct rest *rest, const struct caller *caller,
                  const struct http_request *request, struct http_reply *reply)
{
    struct err e = {0};
    if (request->method == HTTP_OPTIONS && rest_allow_sites(request, reply)) {
        return;
    }
    int rc = rest->audit && rest->identity
                 ? serve(rest, caller, request, reply, &e)
                 : err_set(&e, ERR_NOT_FOUND, "this node keeps no access log");
    if (rc) {
        e.code = rc;
        buf_clear(&reply->body);
        reply->status = err_info(rc)->status;
        rest_refuse(&e, reply);
    }
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
}
