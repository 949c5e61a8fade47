#include "rest/access.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/reference.h"

/* Who asks about whose record, and what they may see and change of it. */

enum { FIND_COUNT = 1000, FIND_MOST = 20000, PIECE_BYTES = 256 * 1024 };

int access_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

int access_text(struct access *a, struct buf *from, text *ret_text, struct err *e)
{
    text copy = buf_failed(from) ? (text){0} : arena_copy(a->arena, buf_text(from));
    buf_done(from);
    if (!copy.p) {
        return access_no_memory(e);
    }
    *ret_text = copy;
    return 0;
}

/* --- who ------------------------------------------------------------------------------------- */

bool actor_is(const struct actor *actor, text party)
{
    bool is = party.n && text_eq(actor->organisation, party);
    for (size_t i = 0; party.n && !is && i < actor->party_count; i++) {
        is = text_eq(actor->parties[i], party);
    }
    return is;
}

text actor_reference(const struct actor *actor)
{
    static const char *const kinds[] = {"Practitioner/", "Patient/", "RelatedPerson/",
                                        "PractitionerRole/"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; i < actor->party_count; i++) {
            if (text_starts(actor->parties[i], text_of(kinds[k]))) {
                return actor->parties[i];
            }
        }
    }
    return (text){0};
}

static int decide(struct access *a, struct err *e)
{
    int rc = store_decide(a->view, a->patient, &a->decision, &a->sheet, e);
    a->self = !rc && a->actor->kind == ACTOR_PERSON && text_eq(a->actor->patient, a->patient);
    a->sees = !rc && a->decision.reads && !a->decision.demographics_only;
    a->proxy = !rc && !a->self && a->actor->kind == ACTOR_PERSON && a->decision.reads &&
               a->decision.relation == RELATION_PROXY;
    return rc;
}

int access_about(struct access *a, text patient, struct err *e)
{
    a->patient = arena_copy(a->arena, patient);
    return !a->patient.p ? access_no_memory(e) : a->patient.n ? decide(a, e) : 0;
}

static int look(struct access *a, struct err *e)
{
    struct call *c = a->call;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &a->view, e);
    if (rc) {
        a->view = NULL;
        return rc;
    }
    return a->patient.n ? decide(a, e) : 0;
}

int access_open(struct call *c, text patient, struct access *ret_access, struct err *e)
{
    static const struct actor node = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM};
    const struct actor *actor = c->caller ? &c->caller->actor : grant_actor(c->grant);
    *ret_access = (struct access){.call = c,
                                  .arena = c->arena,
                                  .actor = actor ? actor : &node,
                                  .patient = patient,
                                  .now_ms = clock_real_ms()};
    struct access *a = ret_access;
    if (!c->http) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "operations about access are asked for by themselves, not in a bundle");
    }
    return look(a, e);
}

void access_close(struct access *a)
{
    store_view_end(a->view);
    a->view = NULL;
}

int access_again(struct access *a, struct err *e)
{
    access_close(a);
    return look(a, e);
}

/* What a token leaves of a person's own rights on Consent. */
static bool scope_leaves(const struct access *a, bool changing)
{
    const struct caller *caller = a->call->caller;
    bool limited = false;
    if (!caller || !caller->scopes || a->actor->kind != ACTOR_PERSON) {
        return true;
    }
    uint8_t wanted = changing ? MAY_CREATE | MAY_UPDATE : MAY_READ | MAY_SEARCH;
    bool about = text_eq(caller->scopes->patient, a->patient);
    uint8_t rights = scopes_rights(caller->scopes, fhir_type_of(T("Consent")), about, &limited);
    return (rights & wanted) == wanted && !limited;
}

int access_allow(const struct access *a, unsigned by, enum activity activity, struct err *e)
{
    bool can = (by & (BY_ACTIVITY | BY_STRANGER)) && grant_can(a->call->grant, activity);
    bool may = ((by & BY_SELF) && a->self) ||
               ((by & BY_PROXY) && a->proxy && (a->decision.functions & PROXY_VIEW)) ||
               (can && ((by & BY_STRANGER) || a->sees));
    if (may && !scope_leaves(a, by & BY_CHANGING)) {
        return err_set(e, ERR_FORBIDDEN,
                       "this app may not do that: it was not let see or change who may see the "
                       "record (scope patient/Consent.cruds); do it on this node's own pages");
    }
    if (may) {
        return 0;
    }
    const struct activity_info *info = activity_info(activity);
    return (by & (BY_ACTIVITY | BY_STRANGER)) && a->actor->kind == ACTOR_PROFESSIONAL && !can
               ? err_set(e, ERR_FORBIDDEN,
                         "this needs the activity '%s' (%s), which your role does not have",
                         info->code, info->words)
               : err_set(e, ERR_FORBIDDEN,
                         "you may not do this for this person: it is for the person themself%s%s",
                         by & BY_PROXY ? ", those who act for them" : "",
                         by & BY_ACTIVITY   ? ", and staff who look after them and whose role "
                                              "allows it"
                         : by & BY_STRANGER ? ", and staff whose role allows it"
                                            : "");
}

/* --- reading --------------------------------------------------------------------------------- */

static int plan_of(struct access *a, fhir_type type, text query, struct search *ret_search,
                   struct err *e)
{
    struct call *c = a->call;
    struct index_rules rules = call_rules(c);
    struct search_pair *pairs = NULL;
    struct search_question q = {.types = &type,
                                .type_count = 1,
                                .in = {FHIR_PATIENT, a->patient},
                                .rules = &rules,
                                .limits = c->rest->limits};
    int rc = search_decode(query, c->rest->limits, a->arena, &pairs, &q.count, e);
    q.pairs = pairs;
    return rc ? rc : search_parse(&q, a->arena, ret_search, e);
}

int access_find(struct access *a, fhir_type type, text query, struct versions *ret_versions,
                struct err *e)
{
    struct search search = {0};
    struct versions all = {0};
    size_t capacity = 0;
    text from = {0};
    bool more = true;
    int rc = plan_of(a, type, query, &search, e);
    while (!rc && more) {
        struct versions page = {0};
        rc = store_search(a->view, &search.plan, FIND_COUNT, from, a->arena, &page, NULL, NULL, e);
        for (size_t i = 0; !rc && i < page.count; i++) {
            all.items = arena_grow(a->arena, all.items, all.count, &capacity, sizeof *all.items);
            if (!all.items) {
                return access_no_memory(e);
            }
            all.items[all.count++] = page.items[i];
        }
        more = !rc && page.more;
        from = page.next;
        if (!rc && all.count > FIND_MOST) {
            rc = err_set(e, ERR_TOO_COSTLY,
                         "the record has more than %d %.*s resources; ask the "
                         "operator of this node",
                         FIND_MOST, TEXT_ARG(fhir_type_name(type)));
        }
    }
    *ret_versions = all;
    return rc;
}

int access_keys(struct access *a, fhir_type type, text query, struct versions *ret_versions,
                struct err *e)
{
    struct search search = {0};
    int rc = plan_of(a, type, query, &search, e);
    return rc ? rc : store_match(a->view, &search.plan, FIND_MOST, a->arena, ret_versions, e);
}

int access_read(struct access *a, fhir_type type, text id, struct version *ret_version,
                yyjson_val **ret_root, struct err *e)
{
    struct version v = {0};
    int rc = store_read(a->view, type, id, a->arena, &v, e);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_NOT_FOUND, "there is no %.*s/%.*s here that you may see",
                       TEXT_ARG(fhir_type_name(type)), TEXT_ARG(text_short(id, 64)));
    }
    *ret_version = v;
    return rc ? rc : version_tree(&v, a->call->rest->limits, a->arena, ret_root, e);
}

/* A piece has an arena of its own: what the grant notes of whom it touches stands in the request's,
 * which therefore cannot be taken back. */
static int scan_piece(struct access *a, struct store_view *view, struct arena *scratch, text from,
                      int (*each)(void *context, const struct version *v, struct err *e),
                      void *context, struct versions *ret_versions, struct err *e)
{
    struct versions vs = {0};
    int rc = store_scan(view, a->patient, FIND_COUNT, PIECE_BYTES, from, scratch, &vs, e);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        rc = each(context, &vs.items[i], e);
        pace_give_way();
    }
    *ret_versions = vs;
    return rc;
}

int access_scan(struct access *a, bool as_node,
                int (*each)(void *context, const struct version *v, struct err *e), void *context,
                struct err *e)
{
    struct call *c = a->call;
    struct store_view *view = a->view;
    struct arena scratch;
    char next[64];
    size_t looked = 0;
    text from = {0};
    bool more = true;
    int rc = as_node ? store_view_begin(c->rest->store, policy_local_administrator(),
                                        STORE_SNAPSHOT, &view, e)
                     : 0;
    if (rc) {
        return rc;
    }
    arena_init(&scratch, (size_t)c->rest->limits->request_memory);
    while (!rc && more) {
        struct versions vs = {0};
        rc = scan_piece(a, view, &scratch, from, each, context, &vs, e);
        looked += vs.count;
        more = !rc && vs.more;
        if (more && (looked > ACCESS_ENTRIES_MAX || vs.next.n > sizeof next)) {
            rc = err_set(e, ERR_TOO_COSTLY,
                         "the record has more than %d entries, which is more than this may go "
                         "through at once",
                         ACCESS_ENTRIES_MAX);
        } else if (more) {
            memcpy(next, vs.next.p, vs.next.n);
            from = text_make(next, vs.next.n);
            arena_reset(&scratch);
        }
    }
    arena_done(&scratch);
    if (as_node) {
        store_view_end(view);
    }
    return rc;
}

/* --- names ----------------------------------------------------------------------------------- */

static text person_name(const yyjson_val *root, struct arena *a)
{
    const yyjson_val *name = tree_first(json_get(root, T("name")));
    text whole = json_text(json_get(name, T("text")));
    text prefix = json_text(tree_first(json_get(name, T("prefix"))));
    text given = json_text(tree_first(json_get(name, T("given"))));
    text family = json_text(json_get(name, T("family")));
    return whole.n ? whole
                   : text_trim(arena_printf(a, "%.*s%s%.*s%s%.*s", TEXT_ARG(prefix),
                                            prefix.n ? " " : "", TEXT_ARG(given),
                                            given.n ? " " : "", TEXT_ARG(family)));
}

/* A role is named by its person and its organisation, by their references. */
static int role_name(struct access *a, const yyjson_val *root, text *ret_name, struct err *e)
{
    const char *const members[] = {"practitioner", "organization"};
    text names[2] = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < 2; i++) {
        const yyjson_val *of = json_get(root, text_of(members[i]));
        text reference = json_text(json_get(of, T("reference")));
        text display = json_text(json_get(of, T("display")));
        bool is_role = text_starts(reference, T("PractitionerRole/")); /* no names of itself */
        names[i] = display;
        if (reference.n && !is_role) {
            rc = access_name(a, reference, display, &names[i], e);
        }
    }
    *ret_name = rc ? (text){0}
                   : arena_printf(a->arena, "%.*s%s%.*s", TEXT_ARG(names[0]),
                                  names[0].n && names[1].n ? ", " : "", TEXT_ARG(names[1]));
    return rc;
}

int access_name(struct access *a, text reference, text display, text *ret_name, struct err *e)
{
    struct reference r = reference_parse(reference, a->call->base);
    struct version v;
    struct err ignored = {0};
    yyjson_val *root = NULL;
    text name = {0};
    *ret_name = display.n ? display : reference;
    if (r.kind != REFERENCE_LOCAL) {
        return 0;
    }
    int rc = access_read(a, r.type, r.id, &v, &root, &ignored);
    if (rc) {
        if (rc != ERR_NOT_FOUND) {
            *e = ignored;
        }
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    text type = fhir_type_name(r.type);
    if (text_eq(type, T("PractitionerRole"))) {
        rc = role_name(a, root, &name, e);
    } else if (json_type(json_get(root, T("name"))) == YYJSON_TYPE_STR) {
        name = json_text(json_get(root, T("name")));
    } else {
        name = person_name(root, a->arena);
    }
    *ret_name = name.n ? name : *ret_name;
    return rc;
}

/* --- categories ------------------------------------------------------------------------------ */

const struct access_category access_categories[] = {
#define CATEGORY(name, bit, system, code, words) \
    {(bit) < 16 ? (uint32_t)LABEL_##name : 0, system, (bit) < 16 ? code : NULL, words},
    LABEL_TABLE(CATEGORY)
#undef CATEGORY
        {0, NULL, NULL, NULL},
};

const struct access_category *access_category(text code)
{
    for (const struct access_category *at = access_categories; at->code; at++) {
        if (text_eq(text_of(at->code), code)) {
            return at;
        }
    }
    return NULL;
}
