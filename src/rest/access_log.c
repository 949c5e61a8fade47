#include "rest/access.h"
#include "rest/record.h"

#include "fhir/reference.h"

/*
 * The access log as AuditEvents (IHE ITI-81): search and read. An event's id is its leaf. What is
 * asked for is compared with what the asker is told, so that no filter finds what is not.
 */

enum { LOG_COUNT = 50, LOG_MOST = 1000, LOG_LOOK = 100000, CHAIN_PIECE = 500 };

struct log_ask {
    text patient; /* empty: of all */
    int64_t from_ms;
    int64_t until_ms;
    text agent;
    text action;
    text type;
    text subtype;
    text outcome;
    text id;
    text page;
    uint64_t count;
};

struct log_look {
    struct access *access;
    const struct log_ask *ask;
    enum log_sight sight;
    struct audit_entry *found;
    size_t found_count;
    size_t capacity;
    uint64_t next; /* where to go on; 0: that was all */
    int rc;
};

bool access_log_serves(const struct call *c)
{
    enum interaction i = c->route.interaction;
    uint64_t leaf;
    bool is_leaf = i == INTERACTION_READ && text_to_u64(c->route.id, &leaf);
    /* Those that others have sent are resources like any other: read by their ids. */
    return c->rest->audit && (i == INTERACTION_SEARCH || is_leaf) && c->route.type &&
           text_eq(fhir_type_name(c->route.type), T("AuditEvent"));
}

/* --- what is asked for ---------------------------------------------------------------------------
 */

static int take_date(struct log_ask *ask, text value, struct err *e)
{
    static const char *const prefixes[] = {"ge", "gt", "le", "lt", "eq", "sa", "eb"};
    int64_t start;
    int64_t end;
    size_t k = 0;
    while (k < sizeof prefixes / sizeof *prefixes && !text_starts(value, text_of(prefixes[k]))) {
        k++;
    }
    text prefix = k < sizeof prefixes / sizeof *prefixes ? text_first(value, 2) : T("eq");
    value = k < sizeof prefixes / sizeof *prefixes ? text_from(value, 2) : value;
    if (!index_date(value, &start, &end)) {
        return err_set(e, ERR_VALUE,
                       "date takes ge, gt, le, lt, eq, sa or eb before a date or time, such as "
                       "date=ge2027-01-31; '%.*s' is none",
                       TEXT_ARG(text_short(value, 60)));
    }
    start = index_ms_to_1970(start);
    end = index_ms_to_1970(end);
    bool low = text_eq(prefix, T("ge")) || text_eq(prefix, T("eq"));
    bool above = text_eq(prefix, T("gt")) || text_eq(prefix, T("sa"));
    bool high = text_eq(prefix, T("le")) || text_eq(prefix, T("eq"));
    bool below = text_eq(prefix, T("lt")) || text_eq(prefix, T("eb"));
    int64_t from = low ? start : above ? end : INT64_MIN;
    int64_t until = high ? end : below ? start : INT64_MAX;
    ask->from_ms = from > ask->from_ms ? from : ask->from_ms;
    ask->until_ms = until < ask->until_ms ? until : ask->until_ms;
    return 0;
}

static int take_patient(struct call *c, struct log_ask *ask, text value, struct err *e)
{
    struct reference r = reference_parse(value, c->base);
    bool local = r.kind == REFERENCE_LOCAL && r.type == FHIR_PATIENT;
    text id = local ? r.id : value;
    if (!local && !reference_id_ok(value)) {
        return err_set(e, ERR_VALUE, "patient must be Patient/[id] of this node; it is '%.*s'",
                       TEXT_ARG(text_short(value, 80)));
    }
    if (ask->patient.n && !text_eq(ask->patient, id)) {
        return err_set(e, ERR_INVALID, "one patient can be asked for at a time");
    }
    ask->patient = id;
    return 0;
}

static int take_count(struct log_ask *ask, text value, struct err *e)
{
    if (!text_to_u64(value, &ask->count) || ask->count == 0) {
        return err_set(e, ERR_VALUE, "_count must be a number from 1 on");
    }
    ask->count = ask->count < LOG_MOST ? ask->count : LOG_MOST;
    return 0;
}

static int take_pair(struct call *c, struct log_ask *ask, const struct search_pair *p,
                     struct err *e)
{
    const struct {
        const char *name;
        text *to;
    } plain[] = {{"agent", &ask->agent},     {"action", &ask->action},   {"type", &ask->type},
                 {"subtype", &ask->subtype}, {"outcome", &ask->outcome}, {"_id", &ask->id},
                 {"_page", &ask->page}};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (text_eq(p->name, text_of(plain[i].name))) {
            if (plain[i].to->p || !p->value.n) {
                return err_set(e, ERR_INVALID, "%s is taken once, with one value", plain[i].name);
            }
            *plain[i].to = p->value;
            return 0;
        }
    }
    if (text_eq(p->name, T("patient")) || text_eq(p->name, T("patient:Patient"))) {
        return take_patient(c, ask, p->value, e);
    }
    if (text_eq(p->name, T("date"))) {
        return take_date(ask, p->value, e);
    }
    if (text_eq(p->name, T("_count"))) {
        return take_count(ask, p->value, e);
    }
    bool known = text_eq(p->name, T("_format")) || text_eq(p->name, T("_pretty")) ||
                 (text_eq(p->name, T("_sort")) && text_eq(p->value, T("-date")));
    return known || c->lenient
               ? 0
               : err_set(e, ERR_INVALID,
                         "the access log is searched by patient, date, agent, action, type, "
                         "subtype, outcome, _id and _count, newest first (_sort=-date); '%.*s' is "
                         "none of these",
                         TEXT_ARG(text_short(p->name, 60)));
}

static int understand(struct call *c, struct log_ask *ask, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    *ask = (struct log_ask){.from_ms = INT64_MIN, .until_ms = INT64_MAX, .count = LOG_COUNT};
    int rc = call_pairs(c, &pairs, &count, e);
    if (!rc && c->route.compartment.type == FHIR_PATIENT) {
        ask->patient = c->route.compartment.id;
    } else if (!rc && c->route.compartment.type) {
        rc = err_set(e, ERR_NOT_SUPPORTED, "the access log is kept by patient, not by %.*s",
                     TEXT_ARG(fhir_type_name(c->route.compartment.type)));
    }
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_pair(c, ask, &pairs[i], e);
    }
    return rc;
}

/* --- what matches
 * ----------------------------------------------------------------------------------- */

/* "code" of "code", "system|code", "|code"; a system has to be the coding's own. */
static bool is_token(const yyjson_val *coding, text wanted)
{
    size_t bar = text_find(wanted, '|');
    text code = bar == wanted.n ? wanted : text_from(wanted, bar + 1);
    text system = bar == wanted.n ? (text){0} : text_first(wanted, bar);
    return text_eq(json_text(json_get(coding, T("code"))), code) &&
           (!system.n || text_eq(json_text(json_get(coding, T("system"))), system));
}

static int print_event(struct access *a, enum log_sight sight, const struct audit_entry *entry,
                       struct buf *out, struct err *e)
{
    text id = arena_printf(a->arena, "%llu", (unsigned long long)entry->leaf);
    return event_print_fhir(&entry->event, id, entry->leaf,
                            sight == LOG_PROXY ? 0 : entry->patient_seq, out, e);
}

/* "system|own-record,system|relative": classes are compared with the event, not with a resource
 * that would have to be made of it, since privacy officers look through the whole log for them. */
#define CLASS_SYSTEM KITH_SYSTEM "audit-class|"
static bool asks_classes(text wanted)
{
    return text_starts(wanted, T(CLASS_SYSTEM));
}

static bool has_class(text wanted, enum access_class class)
{
    text rest = wanted;
    text item;
    bool has = false;
    while (!has && text_cut(&rest, ',', &item)) {
        has = asks_classes(item) &&
              text_eq(text_from(item, T(CLASS_SYSTEM).n), text_of(access_code(class)));
    }
    return has;
}

/* Types and subtypes are compared with what the AuditEvent says. */
static bool has_codes(struct log_look *l, const struct audit_entry *entry)
{
    struct access *a = l->access;
    const struct log_ask *ask = l->ask;
    struct arena_mark mark = arena_mark(a->arena);
    struct buf out;
    struct err ignored = {0};
    yyjson_val *root = NULL;
    text json = {0};
    buf_init(&out, 256 * 1024);
    int rc = print_event(a, l->sight, entry, &out, &ignored);
    rc = access_text(a, &out, &json, &ignored) ? ERR_MEMORY : rc;
    rc = rc ? rc
            : json_read(json, (size_t)a->call->rest->limits->json_depth, a->arena, &root, &ignored);
    bool has = !rc && (!ask->type.n || is_token(json_get(root, T("type")), ask->type));
    const yyjson_val *list = rc ? NULL : json_get(root, T("subtype"));
    const yyjson_val *item = tree_first(list);
    bool sub = !ask->subtype.n || asks_classes(ask->subtype);
    for (size_t left = tree_items(list); has && !sub && left; left--, item = json_after(item)) {
        sub = is_token(item, ask->subtype);
    }
    l->rc = rc ? rc : l->rc;
    arena_rewind(a->arena, mark);
    return has && sub;
}

static bool matches(struct log_look *l, const struct audit_entry *entry)
{
    static const char actions[EVENT_COUNT] = {
#define ACTION(name, code, action, words) [EVENT_##name] = action,
        EVENT_TABLE(ACTION)
#undef ACTION
    };
    static const char *const outcomes[] = {"0", "4", "8"};
    const struct log_ask *ask = l->ask;
    const struct audit_event *event = &entry->event;
    uint64_t leaf = 0;
    bool is = event->at_ms >= ask->from_ms && event->at_ms < ask->until_ms;
    is = is &&
         (!ask->agent.n || text_eq(ask->agent, event->who) || text_eq(ask->agent, event->client));
    is = is && (!ask->action.n || (ask->action.n == 1 && ask->action.p[0] == actions[event->kind]));
    is = is && (!ask->outcome.n || text_eq(ask->outcome, text_of(outcomes[event->outcome])));
    is = is && (!ask->id.n || (text_to_u64(ask->id, &leaf) && leaf == entry->leaf));
    if (is && asks_classes(ask->subtype)) {
        return has_class(ask->subtype, event->access) && (!ask->type.n || has_codes(l, entry));
    }
    return is && (!(ask->type.n || ask->subtype.n) || has_codes(l, entry));
}

static int take_entry(struct log_look *l, const struct audit_entry *entry)
{
    struct access *a = l->access;
    struct audit_entry shown = *entry;
    if (entry->erased || !log_show(a, l->sight, &entry->event, &shown.event, NULL) ||
        !matches(l, &shown)) {
        return 0;
    }
    struct audit_entry *found =
        arena_grow(a->arena, l->found, l->found_count, &l->capacity, sizeof *found);
    if (!found) {
        return ERR_MEMORY;
    }
    l->found = found;
    found[l->found_count++] = shown;
    return 0;
}

/* One more than the page has was found, so that there is a further page, with something on it: of
 * what is not shown no page tells. */
static void turn_page(struct log_look *l)
{
    if (l->found_count > l->ask->count) {
        l->found_count = (size_t)l->ask->count;
        l->next = l->found[l->found_count - 1].patient_seq;
    }
}

/* A patient's chain, piece by piece; what is older than the time asked for is not looked at. */
static int look_chain(struct log_look *l, uint64_t before, struct err *e)
{
    struct access *a = l->access;
    bool more = true;
    size_t looked = 0;
    int rc = 0;
    while (!rc && more && l->found_count <= l->ask->count && looked < LOG_LOOK) {
        struct audit_entry *entries = NULL;
        size_t count = 0;
        uint64_t total = 0;
        rc = audit_of_patient(a->call->rest->audit, l->ask->patient, before, CHAIN_PIECE, a->arena,
                              &entries, &count, &total, e);
        more = !rc && count;
        for (size_t i = 0; !rc && i < count && l->found_count <= l->ask->count; i++) {
            before = entries[i].patient_seq;
            looked++;
            rc = take_entry(l, &entries[i]) ? access_no_memory(e) : 0;
            more = more && (entries[i].erased || entries[i].event.at_ms >= l->ask->from_ms);
        }
    }
    l->next = more && before > 1 ? before : 0;
    turn_page(l);
    return rc;
}

static bool wanted(void *context, const struct audit_entry *entry)
{
    struct log_look *l = context;
    return !entry->erased && matches(l, entry);
}

static int look_all(struct log_look *l, uint64_t before, struct err *e)
{
    struct access *a = l->access;
    const struct log_ask *ask = l->ask;
    struct audit *log = a->call->rest->audit;
    if (ask->until_ms != INT64_MAX) {
        uint64_t newest = audit_at(log, ask->until_ms);
        before = newest < before ? newest : before;
    }
    int rc = audit_scan(log, before, (size_t)ask->count, LOG_LOOK, wanted, l, a->arena, &l->found,
                        &l->found_count, &l->next, e);
    /* Two minutes: an event may be written a little after it happened. */
    bool dated = ask->from_ms != INT64_MIN;
    if (!rc && dated && l->next < audit_at(log, ask->from_ms - INT64_C(120000))) {
        l->next = 0;
    }
    return rc;
}

/* --- the answer
 * --------------------------------------------------------------------------------------- */

static text query_without_page(const struct call *c)
{
    text query = c->form.p ? c->form : c->query;
    text rest = query;
    text item;
    struct buf out;
    buf_init(&out, 64 * 1024);
    while (text_cut(&rest, '&', &item)) {
        if (item.n && !text_starts(item, T("_page="))) {
            buf_add(&out, out.n ? T("&") : T(""));
            buf_add(&out, item);
        }
    }
    text copy = buf_failed(&out) ? (text){0} : arena_copy(c->arena, buf_text(&out));
    buf_done(&out);
    return copy.p ? copy : T("");
}

static text page_scope(struct access *a, const struct log_ask *ask)
{
    text query = query_without_page(a->call);
    return arena_printf(a->arena, "access log %.*s %.*s", TEXT_ARG(ask->patient), TEXT_ARG(query));
}

/* Where it was asked for: also Patient/x/AuditEvent. */
static text log_address(struct access *a)
{
    const struct call *c = a->call;
    return c->route.compartment.type
               ? arena_printf(a->arena, "%.*s/Patient/%.*s/AuditEvent", TEXT_ARG(c->base),
                              TEXT_ARG(c->route.compartment.id))
               : arena_printf(a->arena, "%.*s/AuditEvent", TEXT_ARG(c->base));
}

static int print_all(struct log_look *l, struct err *e)
{
    struct access *a = l->access;
    struct call *c = a->call;
    struct buf out;
    char number[24];
    text query = query_without_page(c);
    int n = snprintf(number, sizeof number, "%llu", (unsigned long long)l->next);
    text token =
        l->next ? token_make(c, text_make(number, (size_t)n), page_scope(a, l->ask)) : (text){0};
    text at = log_address(a);
    struct bundle_link links[] = {
        {"self",
         arena_printf(a->arena, "%.*s%s%.*s", TEXT_ARG(at), query.n ? "?" : "", TEXT_ARG(query))},
        {"next", token.p ? arena_printf(a->arena, "%.*s?%.*s%s_page=%.*s", TEXT_ARG(at),
                                        TEXT_ARG(query), query.n ? "&" : "", TEXT_ARG(token))
                         : (text){0}},
    };
    int rc = 0;
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    bundle_open(&out, "searchset", NULL, links, 2);
    for (size_t i = 0; !rc && i < l->found_count; i++) {
        const struct audit_entry *entry = &l->found[i];
        buf_printf(&out, "%s{\"fullUrl\":\"%.*s/AuditEvent/%llu\",\"resource\":",
                   i ? "," : ",\"entry\":[", TEXT_ARG(c->base), (unsigned long long)entry->leaf);
        rc = print_event(a, l->sight, entry, &out, e);
        buf_add(&out, T(",\"search\":{\"mode\":\"match\"}}"));
    }
    buf_add(&out, l->found_count ? T("]") : T(""));
    bundle_close(&out);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

static int search_log(struct access *a, struct err *e)
{
    struct call *c = a->call;
    struct log_ask ask;
    struct log_look l = {.access = a, .ask = &ask};
    uint64_t before = UINT64_MAX;
    text bytes = {0};
    int rc = understand(c, &ask, e);
    rc = rc ? rc : record_settle(c->rest, e);
    if (!rc && !ask.patient.n && a->actor->kind == ACTOR_PERSON) {
        ask.patient = a->actor->patient; /* one's own, where nobody else is named */
    }
    rc = rc ? rc : access_about(a, ask.patient, e);
    rc = rc ? rc : log_sight(a, &l.sight, e);
    if (!rc && ask.page.n) {
        rc = token_read(c, ask.page, page_scope(a, &ask), &bytes, e);
        if (!rc && !text_to_u64(bytes, &before)) {
            rc = err_set(e, ERR_INVALID, "this is no page of the access log");
        }
    }
    rc = rc ? rc : ask.patient.n ? look_chain(&l, before, e) : look_all(&l, before, e);
    if (!rc && l.rc) {
        rc = err_set(e, l.rc, "the access log could not be compared with what is asked for");
    }
    rc = rc || !a->patient.n ? rc : access_note(a, EVENT_SEARCH, T("AuditEvent"), e);
    return rc ? rc : print_all(&l, e);
}

/* --- one of them
 * ------------------------------------------------------------------------------------- */

/* The same words for what is not there and for what is somebody else's. */
static int none(const struct call *c, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "there is no AuditEvent/%.*s here that you may see",
                   TEXT_ARG(c->route.id));
}

static int read_log(struct access *a, struct err *e)
{
    struct call *c = a->call;
    struct audit_entry entry;
    struct err ignored = {0};
    enum log_sight sight = LOG_ALL;
    uint64_t leaf;
    struct buf out;
    int rc = text_to_u64(c->route.id, &leaf)
                 ? audit_read(c->rest->audit, leaf, a->arena, &entry, &ignored)
                 : ERR_NOT_FOUND;
    if (rc && rc != ERR_NOT_FOUND) {
        *e = ignored;
        return rc;
    }
    if (rc || entry.erased) {
        return none(c, e);
    }
    rc = access_about(a, entry.event.patient, e);
    if (!rc &&
        (log_sight(a, &sight, &ignored) || !log_show(a, sight, &entry.event, &entry.event, NULL))) {
        return none(c, e);
    }
    rc = rc || !a->patient.n
             ? rc
             : access_note(a, EVENT_READ,
                           arena_printf(a->arena, "AuditEvent/%.*s", TEXT_ARG(c->route.id)), e);
    if (rc) {
        return rc;
    }
    buf_init(&out, 256 * 1024);
    rc = print_event(a, sight, &entry, &out, e);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

int do_access_log(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : c->route.interaction == INTERACTION_READ ? read_log(&a, e) : search_log(&a, e);
    access_close(&a);
    return rc;
}
