#include "rest/write.h"

#include "rest/patch.h"
#include "rest/record.h"
#include "rest/reindex.h"

#include "base/metrics.h"
#include "base/pace.h"
#include "base/random.h"
#include "fhir/reference.h"
#include "rest/subscribe/subscription.h"
#include "rest/terms.h"
#include "rest/validate.h"

/* create, update, delete and their conditional forms (R4 http.html#create, #update, #delete,
 * #cond-update). */

/* Of those who change one resource at once, each commit lets one through. */
enum { PREPARE_TRIES = 8, CHANGE_TRIES = 64 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

int read_body(struct call *c, struct err *e)
{
    if (c->resource) {
        return 0;
    }
    if (text_trim(c->body).n == 0) {
        return err_set(e, ERR_REQUIRED, "the request has no body; send the resource as JSON");
    }
    return json_read(c->body, (size_t)c->rest->limits->json_depth, c->arena, &c->resource, e);
}

int relative_links(struct call *c, struct resource *r)
{
    for (size_t i = 0; i < r->link_count; i++) {
        text t = json_text(r->links[i].value);
        if (r->links[i].is_reference && c->base.n && text_starts(t, c->base) && t.n > c->base.n &&
            t.p[c->base.n] == '/' &&
            reference_parse(text_from(t, c->base.n + 1), (text){0}).kind == REFERENCE_LOCAL) {
            json_set_string(r->links[i].value, text_from(t, c->base.n + 1));
        }
    }
    return 0;
}

/* The words of a condition; what they mean in codes is looked up now, once. */
static int parse_condition(struct call *c, fhir_type type, text query, struct plan *ret_plan,
                           struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    struct index_rules rules = call_rules(c);
    struct terms terms;
    struct search_terms face;
    int rc = search_decode(query, c->rest->limits, c->arena, &pairs, &count, e);
    if (rc) {
        return rc;
    }
    terms_init(&terms, c, &face);
    struct search_question q = {.types = &type,
                                .type_count = 1,
                                .pairs = pairs,
                                .count = count,
                                .rules = &rules,
                                .limits = c->rest->limits,
                                .terms = &face};
    rc = search_parse_criteria(&q, c->arena, ret_plan, e);
    terms_done(&terms);
    if (!rc && !ret_plan->root) {
        rc = err_set(
            e, ERR_INVALID,
            "a condition needs at least one search parameter, such as identifier=system|value");
    }
    return rc;
}

int match_one(struct call *c, fhir_type type, text query, struct plan *ret_plan,
              struct version *ret_version, struct err *e)
{
    struct versions found = {0};
    struct store_view *view;
    int rc = parse_condition(c, type, query, ret_plan, e);
    if (rc) {
        return rc;
    }
    rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_match(view, ret_plan, 2, c->arena, &found, e);
    store_view_end(view);
    if (rc) {
        return rc;
    }
    if (found.count > 1 || found.more) {
        return err_set(e, ERR_MULTIPLE,
                       "more than one %.*s matches the condition '%.*s'; make it more specific",
                       TEXT_ARG(fhir_type_name(type)), TEXT_ARG(text_short(query, 200)));
    }
    *ret_version = found.count ? found.items[0] : (struct version){0};
    return 0;
}

/* --- who is meant -------------------------------------------------------------------------- */

static int new_id(struct prepared *p, struct err *e)
{
    char uuid[UUID_SIZE];
    random_uuid(uuid);
    p->write.id = arena_copy(p->call->arena, text_of(uuid));
    p->write.new_id = true;
    p->write.expect = EXPECT_ABSENT;
    return p->write.id.p ? 0 : no_memory(e);
}

int prepared_condition(struct prepared *p, const struct write_condition *condition, struct err *e)
{
    struct write_condition *items = arena_grow(p->call->arena, p->conditions, p->condition_count,
                                               &p->condition_capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    p->conditions = items;
    p->conditions[p->condition_count++] = *condition;
    return 0;
}

/* The plan moves with the prepared write, so a copy in the arena is what the condition points to.
 */
int prepared_match(struct prepared *p, text expected_id, struct err *e)
{
    struct plan *plan = arena_alloc(p->call->arena, sizeof *plan);
    if (!plan) {
        return no_memory(e);
    }
    *plan = p->plan;
    return prepared_condition(p, &(struct write_condition){plan, expected_id}, e);
}

static int target_create(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    if (c->if_none_exist.p) {
        int rc = match_one(c, c->route.type, c->if_none_exist, &p->plan, &p->existing, e);
        if (rc) {
            return rc;
        }
        rc = prepared_match(p, p->existing.id, e);
        if (rc) {
            return rc;
        }
        if (p->existing.id.n) {
            p->exists = true;
            p->write.id = p->existing.id;
            return 0;
        }
    }
    return new_id(p, e);
}

/* If-Match: * wants that there is a current version (RFC 9110 13.1.1), whichever it is. */
static int expect_any_version(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct store_view *view;
    struct version v;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, p->write.type, p->write.id, c->arena, &v, e);
    store_view_end(view);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_PRECONDITION, "there is no %.*s/%.*s to change",
                       TEXT_ARG(fhir_type_name(p->write.type)), TEXT_ARG(p->write.id));
    }
    p->write.expected_vid = rc ? 0 : v.vid;
    p->write.expect = EXPECT_VERSION;
    return rc;
}

static int take_if_match(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    if (c->if_match.p && text_eq(text_trim(c->if_match), T("*"))) {
        int rc = expect_any_version(p, e);
        if (rc) {
            return rc;
        }
    } else if (c->if_match.p) {
        if (!etag_read(c->if_match, &p->write.expected_vid)) {
            return err_set(e, ERR_INVALID,
                           "If-Match must be the ETag of a version, such as W/\"3\"; it is '%.*s'",
                           TEXT_ARG(text_short(c->if_match, 60)));
        }
        p->write.expect = EXPECT_VERSION;
    }
    if (c->if_none_match.p) {
        if (!text_eq(text_trim(c->if_none_match), T("*"))) {
            return err_set(e, ERR_NOT_SUPPORTED, "on an update If-None-Match can only be *");
        }
        p->write.expect = EXPECT_ABSENT;
    }
    return 0;
}

/* RFC 9110 13.1.1: If-Match does not hold where there is nothing. */
static int nothing_matches(const struct prepared *p, struct err *e)
{
    return p->call->if_match.p
               ? err_set(e, ERR_PRECONDITION,
                         "no %.*s matches the condition, so there is none that If-Match could mean",
                         TEXT_ARG(fhir_type_name(p->call->route.type)))
               : 0;
}

static int target_conditional_update(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct version match;
    text given = p->resource.id;
    int rc = match_one(c, c->route.type, c->query.p ? c->query : T(""), &p->plan, &match, e);
    if (!rc) {
        rc = prepared_match(p, match.id, e);
    }
    if (rc) {
        return rc;
    }
    if (match.id.n == 0) {
        rc = nothing_matches(p, e);
        if (rc || given.n == 0) {
            return rc ? rc : new_id(p, e);
        }
        p->write.id = given;
        p->write.expect = EXPECT_ABSENT;
        return 0;
    }
    if (given.n && !text_eq(given, match.id)) {
        return err_at(e, ERR_INVALID,
                      arena_printf(c->arena, "%.*s.id", TEXT_ARG(fhir_type_name(c->route.type))),
                      "the condition matches %.*s/%.*s, but the resource says that its id is "
                      "'%.*s'; leave the id "
                      "out or make them agree",
                      TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(match.id), TEXT_ARG(given));
    }
    p->write.id = match.id;
    return take_if_match(p, e);
}

static int target_conditional_delete(struct prepared *p, struct err *e)
{
    struct version match;
    struct call *c = p->call;
    int rc = match_one(c, c->route.type, c->query.p ? c->query : T(""), &p->plan, &match, e);
    if (!rc) {
        rc = prepared_match(p, match.id, e);
    }
    if (rc) {
        return rc;
    }
    p->write.id = match.id; /* empty: nothing to delete, which is no error */
    return match.id.n ? take_if_match(p, e) : nothing_matches(p, e);
}

int prepare_target(struct call *c, struct prepared *ret_prepared, struct err *e)
{
    *ret_prepared =
        (struct prepared){.call = c, .write.type = c->route.type, .write.id = c->route.id};
    struct prepared *p = ret_prepared;
    bool deletes = c->route.interaction == INTERACTION_DELETE ||
                   c->route.interaction == INTERACTION_DELETE_CONDITIONAL;
    p->write.kind = deletes ? WRITE_DELETE : WRITE_PUT;
    bool by_query = c->route.interaction == INTERACTION_UPDATE_CONDITIONAL ||
                    c->route.interaction == INTERACTION_DELETE_CONDITIONAL ||
                    c->route.interaction == INTERACTION_PATCH_CONDITIONAL;
    int rc = by_query ? 0 : call_no_parameters(c, e);
    if (!rc && c->if_none_exist.p && c->route.interaction != INTERACTION_CREATE) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "If-None-Exist is for creates (POST); an update by a search is PUT "
                     "[type]?[search]");
    }
    if (!rc && c->if_match.p && c->route.interaction == INTERACTION_CREATE) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "If-Match is for updates and deletes: what is created has no version yet");
    }
    if (!rc && !deletes && !is_change(c)) {
        rc = prepared_check(p, e);
    }
    if (rc) {
        return rc;
    }
    switch (c->route.interaction) {
    case INTERACTION_CREATE:
        return target_create(p, e);
    case INTERACTION_UPDATE:
    case INTERACTION_DELETE:
        return take_if_match(p, e);
    case INTERACTION_UPDATE_CONDITIONAL:
        return target_conditional_update(p, e);
    case INTERACTION_DELETE_CONDITIONAL:
        return target_conditional_delete(p, e);
    case INTERACTION_PATCH:
    case INTERACTION_PATCH_CONDITIONAL:
    case INTERACTION_META_ADD:
    case INTERACTION_META_DELETE:
        return target_change(p, e);
    default:
        return err_set(e, ERR_INTERNAL, "not a write");
    }
}

/* --- what is stored ------------------------------------------------------------------------ */

int prepared_check(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    text type = fhir_type_name(c->route.type);
    int rc = read_body(c, e);
    rc = rc ? rc : mark_own(c, e);
    if (!rc) {
        rc = resource_check(c->resource, true, c->arena, &c->issues, &p->resource);
        if (rc) {
            return err_set(e, rc, "the resource is not valid FHIR R4");
        }
    }
    if (rc) {
        return rc;
    }
    if (p->resource.type != c->route.type) {
        return err_at(e, ERR_INVALID, T("resourceType"),
                      "the address is for %.*s, but the resource is of type %.*s", TEXT_ARG(type),
                      TEXT_ARG(fhir_type_name(p->resource.type)));
    }
    if (c->route.interaction == INTERACTION_UPDATE && !text_eq(p->resource.id, c->route.id)) {
        return err_at(e, ERR_INVALID, arena_printf(c->arena, "%.*s.id", TEXT_ARG(type)),
                      "the address says id '%.*s', the resource says '%.*s'; they must agree (R4 "
                      "http.html#update)",
                      TEXT_ARG(c->route.id), TEXT_ARG(p->resource.id));
    }
    bool replaces = c->route.interaction == INTERACTION_UPDATE ||
                    c->route.interaction == INTERACTION_UPDATE_CONDITIONAL;
    if (replaces && subset_tagged(c->resource)) {
        return err_at(e, ERR_BUSINESS_RULE, arena_printf(c->arena, "%.*s.meta.tag", TEXT_ARG(type)),
                      "the resource is tagged SUBSETTED: it came from a reply with _summary or "
                      "_elements, and storing it would lose what was left out; read it whole, "
                      "change that, and send it");
    }
    return relative_links(c, &p->resource);
}

static int no_conditional_references(const struct prepared *p, struct err *e)
{
    for (size_t i = 0; i < p->resource.link_count; i++) {
        text t = json_text(p->resource.links[i].value);
        if (p->resource.links[i].is_reference &&
            reference_parse(t, p->call->base).kind == REFERENCE_CONDITIONAL) {
            return err_set(
                e, ERR_INVALID,
                "the reference '%.*s' is conditional, which only a transaction may have; "
                "refer to Type/id",
                TEXT_ARG(text_short(t, 200)));
        }
    }
    return 0;
}

int prepare_content(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    p->resource.id = p->write.id;
    int rc = subscription_prepare(p, e);
    if (rc || p->write.kind == WRITE_DELETE || p->exists) {
        return rc;
    }
    pace_give_way();
    rc = no_conditional_references(p, e);
    rc = rc ? rc : consent_check(c, &p->resource, e);
    rc = rc ? rc : search_parameter_check(c, &p->resource, e);
    rc = rc ? rc : validate_on_write(c, &p->resource, e);
    if (rc) {
        return rc;
    }
    size_t most = (size_t)c->rest->limits->resource_bytes;
    buf_init(&p->packed, most);
    resource_pack(&p->resource, &p->packed);
    if (buf_failed(&p->packed)) {
        buf_done(&p->packed);
        return err_set(e, ERR_TOO_LARGE, "the resource is larger than %zu bytes", most);
    }
    text packed = arena_copy(c->arena, buf_text(&p->packed));
    buf_done(&p->packed);
    struct index_rules rules = call_rules(c);
    if (!packed.p || index_extract(&p->resource, &rules, c->arena, &p->index)) {
        return no_memory(e);
    }
    p->write.packed = packed;
    p->write.index = &p->index;
    return policy_facts(p->resource.type, p->resource.root, store_labels(c->rest->store), c->arena,
                        &p->write.facts, e);
}

int prepare_write(struct call *c, struct prepared *ret_prepared, struct err *e)
{
    int rc = prepare_target(c, ret_prepared, e);
    return rc ? rc : prepare_content(ret_prepared, e);
}

/* --- the answer ---------------------------------------------------------------------------- */

void version_of_write(const struct prepared *p, struct version *ret_version)
{
    *ret_version = (struct version){.rid = p->write.rid,
                                    .type = p->write.type,
                                    .id = p->write.id,
                                    .vid = p->write.vid,
                                    .t = p->write.t,
                                    .deleted = p->write.kind == WRITE_DELETE,
                                    .packed = p->write.packed};
}

static int answer_existing(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct store_view *view;
    c->answer.status = 200;
    c->answer.has_version = true;
    c->answer.location = true;
    c->answer.version = p->existing;
    if (c->prefer == PREFER_MINIMAL || c->prefer == PREFER_OUTCOME || !c->http) {
        return 0;
    }
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (!rc) {
        rc = store_read(view, p->existing.type, p->existing.id, c->arena, &c->answer.version, e);
        store_view_end(view);
    }
    c->answer.show_version = !rc && !c->answer.version.deleted;
    return rc;
}

int answer_write(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct answer *a = &c->answer;
    if (p->exists) {
        return answer_existing(p, e);
    }
    c->noted = p->write.changed && p->write.note.n;
    version_of_write(p, &a->version);
    a->has_version = p->write.vid != 0;
    if (is_meta_change(c)) {
        a->status = 200;
        return print_meta(c, &a->version, e);
    }
    if (p->write.kind == WRITE_DELETE) {
        a->status = c->prefer == PREFER_OUTCOME ? 200 : 204;
    } else {
        a->status = p->write.created ? 201 : 200;
        a->location = true;
        a->show_version = c->prefer == PREFER_REPRESENTATION || c->prefer == PREFER_NONE;
    }
    if (c->prefer == PREFER_OUTCOME) {
        text done = p->write.kind == WRITE_DELETE ? T("deleted")
                    : p->write.created            ? T("created")
                    : p->write.changed            ? T("updated")
                                       : T("nothing changed: the same data was there already");
        issues_add(&c->issues, ISSUE_INFORMATION, ERR_OK, T(""), "%.*s", TEXT_ARG(done));
        if (c->http) { /* of an entry of a bundle it goes into its response */
            outcome_print(&c->issues, &a->body);
        }
    }
    return 0;
}

int refused_write(const struct call *c, int result, struct err *e)
{
    /* RFC 9110 13.1.2: If-None-Match: * that does not hold. */
    if (result == ERR_CONFLICT && c->if_none_match.p) {
        e->code = ERR_PRECONDITION;
        return ERR_PRECONDITION;
    }
    return result;
}

bool write_again(const struct prepared *p, const struct write_request *request)
{
    return request->result &&
           (request->failed_condition != SIZE_MAX ||
            (p && request->result == ERR_PRECONDITION && is_change(p->call) && p->any_version));
}

static int commit_one(struct prepared *p, bool *ret_again, struct err *e)
{
    struct call *c = p->call;
    bool nothing = p->exists || p->write.id.n == 0;
    int rc = nothing ? 0 : record_note(c, p, e);
    struct write_request request = {.writes = &p->write,
                                    .write_count = nothing ? 0 : 1,
                                    .conditions = p->conditions,
                                    .condition_count = p->condition_count};
    *ret_again = false;
    if (nothing || rc) {
        return rc; /* what was found was true when it was looked for */
    }
    store_commit(c->rest->store, c->grant, &request, 1);
    if (request.result) {
        *ret_again = write_again(p, &request);
        *e = request.err;
        return refused_write(c, request.result, e);
    }
    return 0;
}

int do_write(struct call *c, struct err *e)
{
    for (int i = 0; i < (is_change(c) ? CHANGE_TRIES : PREPARE_TRIES); i++) {
        struct prepared p;
        bool again = false;
        int rc = prepare_write(c, &p, e);
        if (!rc) {
            rc = commit_one(&p, &again, e);
            if (rc && again) {
                metric_add(METRIC_store_retries_total, 1);
                c->issues.count = c->issues.errors = 0;
                continue;
            }
        }
        return rc ? rc : answer_write(&p, e);
    }
    return err_set(e, ERR_BUSY, "others keep changing what this %s; try again shortly",
                   is_change(c) ? "changes" : "condition matches");
}
