#include "rest/operation.h"

#include "policy/touched.h"
#include "rest/access.h"
#include "rest/bulk/job.h"
#include "rest/patch.h"
#include "rest/request.h"
#include "rest/terminology.h"
#include "rest/write.h"

#define CORE "http://hl7.org/fhir/OperationDefinition/"
#define BACKPORT_OPERATION "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"
#define OWN "https://kith.care/fhir/OperationDefinition/"

const struct operation operation_table[] = {
    {"$validate", NULL, OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     CORE "Resource-validate", do_validate, 0},
    {"$convert", NULL, OPERATION_SYSTEM, OPERATION_POST, CORE "Resource-convert", do_convert, 0},
    {"$expand", "ValueSet", OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     CORE "ValueSet-expand", do_expand, 0},
    {"$validate-code", "CodeSystem", OPERATION_TYPE | OPERATION_INSTANCE,
     OPERATION_GET | OPERATION_POST, CORE "CodeSystem-validate-code", do_validate_code, 0},
    {"$validate-code", "ValueSet", OPERATION_TYPE | OPERATION_INSTANCE,
     OPERATION_GET | OPERATION_POST, CORE "ValueSet-validate-code", do_validate_code, 0},
    {"$lookup", "CodeSystem", OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     CORE "CodeSystem-lookup", do_lookup, 0},
    {"$subsumes", "CodeSystem", OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     CORE "CodeSystem-subsumes", do_subsumes, 0},
    {"$translate", "ConceptMap", OPERATION_TYPE | OPERATION_INSTANCE,
     OPERATION_GET | OPERATION_POST, CORE "ConceptMap-translate", do_translate, 0},
    {"$preferred-id", "NamingSystem", OPERATION_TYPE, OPERATION_GET | OPERATION_POST,
     CORE "NamingSystem-preferred-id", do_preferred_id, 0},
    {"$versions", NULL, OPERATION_SYSTEM, OPERATION_GET | OPERATION_POST,
     "http://hl7.org/fhir/5.0/OperationDefinition/CapabilityStatement-versions", do_versions, 0},
    {"$match", "Patient", OPERATION_TYPE, OPERATION_POST, CORE "Patient-match", do_match,
     MAY_SEARCH},
    {"$document", "Composition", OPERATION_TYPE | OPERATION_INSTANCE,
     OPERATION_GET | OPERATION_POST, CORE "Composition-document", do_document, MAY_READ},
    {"$summary", "Patient", OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     "http://hl7.org/fhir/uv/ips/OperationDefinition/summary", do_summary, MAY_READ},
    {"$joined", "Patient", OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST, OWN "Patient-joined",
     do_joined, MAY_READ},
    {"$process-message", NULL, OPERATION_SYSTEM, OPERATION_POST | OPERATION_CHANGES,
     CORE "MessageHeader-process-message", do_process_message, 0},
    {"$move", "Patient", OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST, OWN "Patient-move",
     do_move, 0},
    {"$acknowledge", "Task", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Task-acknowledge", do_acknowledge, 0},
    {"$sharing", "Patient", OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     OWN "Patient-sharing", do_sharing, 0},
    {"$sharing-end", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-sharing-end", do_sharing_end, 0},
    {"$grant-access", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-grant-access", do_grant_access, 0},
    {"$preview", "Patient", OPERATION_INSTANCE, OPERATION_POST, OWN "Patient-preview", do_preview,
     0},
    {"$withheld", "Patient", OPERATION_INSTANCE, OPERATION_GET, OWN "Patient-withheld", do_withheld,
     0},
    {"$open", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Patient-open",
     do_break_glass, 0},
    {"$claim", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-claim", do_claim, 0},
    {"$legal-access", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-legal-access", do_legal_access, 0},
    {"$proxies", "Patient", OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     OWN "Patient-proxies", do_proxies, 0},
    {"$proxies-end", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-proxies-end", do_proxies_end, 0},
    {"$query-access", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-query-access", do_query_access, 0},
    {"$review", "Task", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Task-review",
     do_review, 0},
    {"$share-link", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-share-link", do_share_link, 0},
    {"$share-links", "Patient", OPERATION_INSTANCE, OPERATION_GET, OWN "Patient-share-links",
     do_share_links, 0},
    {"$share-link-end", "Patient", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Patient-share-link-end", do_share_link_end, 0},
    {"$ask", NULL, OPERATION_SYSTEM | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     OWN "Resource-ask", do_ask, 0},
    {"$take", "Task", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Task-take",
     do_take, 0},
    {"$hand-over", "Task", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Task-hand-over", do_hand_over, 0},
    {"$answer", "Task", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Task-answer",
     do_answer, 0},
    {"$withdraw", "Task Communication", OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Resource-withdraw", do_withdraw, 0},
    {"$seal", NULL, OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Resource-seal",
     do_seal, 0},
    {"$unseal", NULL, OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES, OWN "Resource-unseal",
     do_unseal, 0},
    {"$release", NULL, OPERATION_INSTANCE, OPERATION_POST | OPERATION_CHANGES,
     OWN "Resource-release", do_release, 0},
    {"$status", "Subscription", OPERATION_TYPE | OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     BACKPORT_OPERATION "backport-subscription-status", do_subscription_status, MAY_READ},
    {"$events", "Subscription", OPERATION_INSTANCE, OPERATION_GET | OPERATION_POST,
     BACKPORT_OPERATION "backport-subscription-events", do_subscription_events, MAY_READ},
    {"$get-ws-binding-token", "Subscription", OPERATION_TYPE | OPERATION_INSTANCE,
     OPERATION_GET | OPERATION_POST,
     BACKPORT_OPERATION "backport-subscription-get-ws-binding-token", do_subscription_token,
     MAY_READ},
    {"$topics", "Subscription", OPERATION_TYPE, OPERATION_GET, OWN "Subscription-topics",
     do_subscription_topics, 0},
    {0},
};

/* --- which it is ---------------------------------------------------------------------------- */

bool operation_is_for(const struct operation *o, fhir_type type)
{
    return !o->types || (!type && (o->levels & OPERATION_SYSTEM)) ||
           text_is_among(fhir_type_name(type), o->types);
}

static bool is_here(const struct operation *o, const struct route *route)
{
    unsigned level = !route->type   ? OPERATION_SYSTEM
                     : !route->id.n ? OPERATION_TYPE
                                    : OPERATION_INSTANCE;
    return (o->levels & level) && operation_is_for(o, route->type);
}

/* "ValueSet/$expand, ValueSet/{id}/$expand": where it is. */
static void list_places(const struct operation *o, char *out, size_t room)
{
    const char *type = o->types ? o->types : "[type]";
    text first = text_first(text_of(type), text_find(text_of(type), ' '));
    (void)snprintf(out, room, "%s%s%.*s%s%s%s%.*s%s%s", o->levels & OPERATION_SYSTEM ? o->name : "",
                   o->levels & OPERATION_SYSTEM ? ", " : "",
                   o->levels & OPERATION_TYPE ? (int)first.n : 0, first.p,
                   o->levels & OPERATION_TYPE ? "/" : "", o->levels & OPERATION_TYPE ? o->name : "",
                   o->levels & OPERATION_TYPE && o->levels & OPERATION_INSTANCE ? ", " : "",
                   o->levels & OPERATION_INSTANCE ? (int)first.n : 0, first.p,
                   o->levels & OPERATION_INSTANCE ? "/{id}/" : "",
                   o->levels & OPERATION_INSTANCE ? o->name : "");
}

static int unknown(text name, struct err *e)
{
    char list[600];
    size_t n = 0;
    for (const struct operation *o = operation_table; o->name && n < sizeof list; o++) {
        int added = snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", o->name);
        n += added > 0 ? (size_t)added : 0;
    }
    return err_set(e, ERR_NOT_SUPPORTED,
                   "the operation '%.*s' is not supported here; this node has $everything, "
                   "$export, $import, $meta, $meta-add, $meta-delete, $reindex, $status, %s",
                   TEXT_ARG(text_short(name, 60)), list);
}

int operation_find(const struct route *route, text name, const struct operation **ret_operation,
                   struct err *e)
{
    const struct operation *named = NULL;
    for (const struct operation *o = operation_table; o->name; o++) {
        if (!text_eq(text_of(o->name), name)) {
            continue;
        }
        if (is_here(o, route)) {
            *ret_operation = o;
            return 0;
        }
        named = o;
    }
    if (!named) {
        return unknown(name, e);
    }
    char places[200];
    list_places(named, places, sizeof places);
    return err_set(e, ERR_NOT_SUPPORTED, "%s is not an operation of this address; it is at %s",
                   named->name, places);
}

/* --- what it is told ------------------------------------------------------------------------ */

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* The value of a parameter: the member value[x] or resource. */
static const yyjson_val *value_of(const yyjson_val *parameter)
{
    const yyjson_val *key = parameter + 1;
    size_t members = json_type(parameter) == YYJSON_TYPE_OBJ ? json_len(parameter) : 0;
    for (size_t left = members; left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_starts(name, T("value")) || text_eq(name, T("resource"))) {
            return key + 1;
        }
    }
    return NULL;
}

/* Texts and numbers by json_text(); true and false by name. */
static text plain(const yyjson_val *v)
{
    text t = json_text(v);
    return t.p                                                     ? t
           : json_type(v) != YYJSON_TYPE_BOOL                      ? (text){0}
           : (v->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE ? T("true")
                                                                   : T("false");
}

static void from_body(const yyjson_val *list, struct operation_parameter *to, size_t *count)
{
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        const yyjson_val *value = value_of(item);
        to[(*count)++] = (struct operation_parameter){json_text(json_get(item, T("name"))),
                                                      plain(value), value, item};
    }
}

/* The body as Parameters, or as the one resource it is about. */
static int take_body(struct call *c, bool lone, const yyjson_val **ret_list,
                     const yyjson_val **ret_lone, struct err *e)
{
    struct resource r;
    int rc = read_body(c, e);
    if (rc) {
        return rc;
    }
    text type = json_text(json_get(c->resource, T("resourceType")));
    if (!text_eq(type, T("Parameters"))) {
        *ret_lone = lone ? c->resource : NULL;
        return lone ? 0
                    : err_at(e, ERR_INVALID, T("resourceType"),
                             "this operation takes a Parameters resource, not '%.*s'",
                             TEXT_ARG(text_short(type, 60)));
    }
    /* What is to be validated may be as wrong as it likes: the operation looks at it itself. */
    rc = lone ? 0 : resource_check(c->resource, false, c->arena, &c->issues, &r);
    if (rc) {
        return err_set(e, rc, "the parameters are not valid FHIR R4");
    }
    const yyjson_val *list = json_get(c->resource, T("parameter"));
    *ret_list = json_type(list) == YYJSON_TYPE_ARR ? list : NULL;
    return 0;
}

int operation_parameters(struct call *c, bool lone, struct operation_parameter **ret_parameters,
                         size_t *ret_count, struct err *e)
{
    struct search_pair *pairs = NULL;
    size_t pair_count = 0;
    const yyjson_val *list = NULL;
    const yyjson_val *resource = NULL;
    bool body = c->method == HTTP_POST && (c->body.n || c->resource);
    int rc = call_pairs(c, &pairs, &pair_count, e);
    rc = rc || !body ? rc : take_body(c, lone, &list, &resource, e);
    if (rc) {
        return rc;
    }
    size_t most = pair_count + (list ? json_len(list) : 0) + 1;
    struct operation_parameter *found = arena_zalloc(c->arena, most, sizeof *found);
    size_t count = 0;
    if (!found) {
        return no_memory(e);
    }
    for (size_t i = 0; i < pair_count; i++) {
        if (!text_eq(pairs[i].name, T("_format")) && !text_eq(pairs[i].name, T("_pretty"))) {
            found[count++] =
                (struct operation_parameter){pairs[i].name, pairs[i].value, NULL, NULL};
        }
    }
    from_body(list, found, &count);
    if (resource) {
        found[count++] = (struct operation_parameter){T("resource"), {0}, resource, NULL};
    }
    *ret_parameters = found;
    *ret_count = count;
    return 0;
}

bool operation_is_of(const struct operation_parameter *p, const char *types)
{
    text rest = text_of(types);
    text type;
    const yyjson_val *key = json_type(p->part) == YYJSON_TYPE_OBJ ? p->part + 1 : NULL;
    bool is = !p->part;
    for (size_t left = key ? json_len(p->part) : 0; !is && left;
         left--, key = json_after(key + 1)) {
        text name = json_text(key);
        rest = text_of(types);
        while (!is && text_starts(name, T("value")) && text_cut(&rest, ' ', &type)) {
            is = text_eq(text_from(name, 5), type);
        }
    }
    return is;
}

const struct operation_parameter *operation_parameter(const struct operation_parameter *parameters,
                                                      size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(parameters[i].name, text_of(name))) {
            return &parameters[i];
        }
    }
    return NULL;
}

int operation_only(const struct operation_parameter *parameters, size_t count,
                   const char *const *names, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        char list[400];
        size_t n = 0;
        bool known = false;
        for (size_t k = 0; !known && names[k]; k++) {
            known = text_eq(parameters[i].name, text_of(names[k]));
            int added = n < sizeof list
                            ? snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", names[k])
                            : 0;
            n += added > 0 ? (size_t)added : 0;
        }
        if (!known) {
            return err_set(e, ERR_INVALID, "this operation has no parameter '%.*s'; it takes %s",
                           TEXT_ARG(text_short(parameters[i].name, 60)), n ? list : "none");
        }
    }
    return 0;
}

/* --- what it is called on, and says --------------------------------------------------------- */

int operation_instance(struct call *c, yyjson_val **ret_root, struct err *e)
{
    struct version v = {0};
    struct store_view *view;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, c->route.type, c->route.id, c->arena, &v, e);
    store_view_end(view);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, rc ? ERR_NOT_FOUND : ERR_DELETED, "there is no %.*s/%.*s here%s",
                       TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(c->route.id),
                       rc ? "" : " any more: it has been deleted");
    }
    return rc ? rc : version_tree(&v, c->rest->limits, c->arena, ret_root, e);
}

int operation_reply(struct call *c, struct buf *json, struct err *e)
{
    bool failed = buf_failed(json);
    if (!failed) {
        buf_add(&c->answer.body, buf_text(json));
    }
    buf_done(json);
    c->answer.status = 200;
    return failed || buf_failed(&c->answer.body) ? no_memory(e) : 0;
}

int operation_touch(struct call *c, text patient, struct err *e)
{
    struct store_view *view;
    uint64_t compartment, from, to, *others;
    size_t count;
    if (!c->touched) {
        return 0;
    }
    int rc =
        store_view_begin(c->rest->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_patient_keys(view, patient, c->arena, &from, &to, &others, &count, e);
    store_view_end(view);
    if (!rc && store_patients_compartment(from, &compartment)) {
        grant_touch(c->grant, compartment);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}
