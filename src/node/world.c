#include "node/world.h"

#include "base/clock.h"
#include "fhir/resource.h"
#include "fhir/search.h"
#include "format/json.h"
#include "policy/facts.h"
#include "rest/access_account.h"

enum {
    PARTIES_MOST = 100,
};

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define NHS_SYSTEM "https://fhir.nhs.uk/Id/nhs-number"

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory");
}

int world_find(struct world *w, fhir_type type, const struct search_pair *pairs, size_t pair_count,
               size_t most, struct arena *a, struct versions *ret, struct err *e)
{
    struct store_view *view;
    struct plan plan = {0};
    struct index_rules rules = store_rules(w->store);
    struct search_question q = {.types = &type,
                                .type_count = 1,
                                .pairs = pairs,
                                .count = pair_count,
                                .rules = &rules,
                                .limits = w->limits};
    rules.base = w->base;
    int rc = search_parse_criteria(&q, a, &plan, e);
    rc = rc ? rc
            : store_view_begin(w->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (!rc) {
        rc = store_match(view, &plan, most, a, ret, e);
        store_view_end(view);
    }
    return rc;
}

static int find(struct world *w, fhir_type type, text param, text value, size_t most,
                struct arena *a, struct versions *ret, struct err *e)
{
    const struct search_pair pair = {param, value};
    return world_find(w, type, &pair, 1, most, a, ret, e);
}

static int tree_of(struct world *w, const struct version *v, struct arena *a, yyjson_val **ret_root,
                   struct err *e)
{
    const struct resource_head head = {v->type, v->id, v->vid, version_instant(v)};
    struct buf json;
    buf_init(&json, (size_t)w->limits->resource_bytes * 2);
    int rc = resource_print(&head, v->packed, &json, e);
    text copy = rc ? (text){0} : arena_copy(a, buf_text(&json));
    buf_done(&json);
    return rc       ? rc
           : copy.p ? json_read(copy, (size_t)w->limits->json_depth, a, ret_root, e)
                    : no_memory(e);
}

/* --- who somebody is besides -------------------------------------------------------------------
 */

struct parties {
    text *items;
    size_t count;
};

static int add_found(struct world *w, struct parties *p, const char *type_name, const char *param,
                     text person, struct arena *a, struct err *e)
{
    struct versions found = {0};
    /* A team that has ended, and a role that is not held any more, are nobody's. */
    bool is_team = text_eq(text_of(type_name), T("CareTeam"));
    const struct search_pair pairs[] = {{text_of(param), person},
                                        is_team
                                            ? (struct search_pair){T("status"), T("active")}
                                            : (struct search_pair){T("active:not"), T("false")}};
    int rc = world_find(w, fhir_type_of(text_of(type_name)), pairs, 2, PARTIES_MOST - p->count, a,
                        &found, e);
    for (size_t i = 0; !rc && i < found.count && p->count < PARTIES_MOST; i++) {
        yyjson_val *team = NULL;
        text party = arena_printf(a, "%s/%.*s", type_name, TEXT_ARG(found.items[i].id));
        rc = party.p ? 0 : no_memory(e);
        rc = rc || !is_team ? rc : world_read(w, party, a, &team, e);
        if (rc || (is_team && !policy_team_has(team, person, clock_real_ms()))) {
            rc = rc == ERR_NOT_FOUND ? 0 : rc; /* it has gone meanwhile */
            continue;
        }
        p->items[p->count++] = party;
    }
    return rc;
}

static int parties_of(void *context, text person, struct arena *a, text **ret_parties,
                      size_t *ret_count, struct err *e)
{
    struct world *w = context;
    struct parties p = {.items = arena_zalloc(a, PARTIES_MOST, sizeof(text))};
    int rc = p.items ? 0 : no_memory(e);
    if (text_starts(person, T("Practitioner/"))) {
        rc = rc ? rc : add_found(w, &p, "PractitionerRole", "practitioner", person, a, e);
        size_t roles = p.count;
        rc = rc ? rc : add_found(w, &p, "CareTeam", "participant", person, a, e);
        for (size_t i = 0; !rc && i < roles; i++) {
            rc = add_found(w, &p, "CareTeam", "participant", p.items[i], a, e);
        }
    }
    if (!rc) {
        *ret_parties = p.items;
        *ret_count = p.count;
    }
    return rc;
}

static int patient_of(void *context, text nhs_number, struct arena *a, text *ret_id, struct err *e)
{
    struct world *w = context;
    struct versions found = {0};
    text value = arena_printf(a, NHS_SYSTEM "|%.*s", TEXT_ARG(nhs_number));
    if (!value.p) {
        return no_memory(e);
    }
    int rc = find(w, FHIR_PATIENT, T("identifier"), value, 2, a, &found, e);
    if (rc) {
        return rc;
    }
    if (found.count != 1) {
        return err_set(e, found.count ? ERR_MULTIPLE : ERR_NOT_FOUND,
                       found.count
                           ? "more than one record here has this NHS number; they have to be "
                             "put in order first"
                           : "no record here has this NHS number; register the person first");
    }
    *ret_id = found.items[0].id;
    return 0;
}

int world_organisation(struct world *w, text ods, struct arena *a, text *ret_reference,
                       struct err *e)
{
    struct versions found = {0};
    text value = arena_printf(a, ODS_SYSTEM "|%.*s", TEXT_ARG(ods));
    if (!value.p) {
        return no_memory(e);
    }
    int rc = find(w, fhir_type_of(T("Organization")), T("identifier"), value, 1, a, &found, e);
    if (!rc) {
        *ret_reference =
            found.count ? arena_printf(a, "Organization/%.*s", TEXT_ARG(found.items[0].id)) : T("");
        rc = ret_reference->p ? 0 : no_memory(e);
    }
    return rc;
}

text world_name(const yyjson_val *person, struct arena *a)
{
    yyjson_val *names = json_get(person, T("name"));
    yyjson_val *name = names ? yyjson_arr_get_first(names) : NULL;
    yyjson_val *given = name ? yyjson_arr_get_first(json_get(name, T("given"))) : NULL;
    text words = name ? json_text(json_get(name, T("text"))) : (text){0};
    text family = name ? json_text(json_get(name, T("family"))) : (text){0};
    text first = given ? json_text(given) : (text){0};
    return words.n ? arena_copy(a, words)
                   : arena_printf(
                         a, "%.*s%s%.*s", TEXT_ARG(first), first.n && family.n ? " " : "",
                         TEXT_ARG(family.n || first.n ? family : T("somebody without a name")));
}

static int read_as(struct world *w, const struct grant *g, text reference, struct arena *a,
                   yyjson_val **ret_root, struct err *e)
{
    struct store_view *view;
    struct version v;
    text id = reference;
    text type;
    (void)text_cut(&id, '/', &type);
    int rc = store_view_begin(w->store, g, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, fhir_type_of(type), id, a, &v, e);
    store_view_end(view);
    if (rc || v.deleted) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "there is no %.*s here", TEXT_ARG(reference));
    }
    return tree_of(w, &v, a, ret_root, e);
}

int world_read(struct world *w, text reference, struct arena *a, yyjson_val **ret_root,
               struct err *e)
{
    return read_as(w, policy_local_administrator(), reference, a, ret_root, e);
}

int world_read_version(struct world *w, fhir_type type, text id, uint64_t vid, struct arena *a,
                       yyjson_val **ret_root, struct err *e)
{
    struct store_view *view;
    struct version v;
    int rc = store_view_begin(w->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_vread(view, type, id, vid, a, &v, e);
    store_view_end(view);
    return rc          ? rc
           : v.deleted ? err_set(e, ERR_NOT_FOUND, "this version is a deletion")
                       : tree_of(w, &v, a, ret_root, e);
}

/* By the same decision as a request of theirs. */
static int sees(void *context, const struct actor *actor, text patient, struct arena *a,
                text *ret_name, struct err *e)
{
    struct world *w = context;
    yyjson_val *root;
    struct grant_config config = {
        .actor = actor, .key = store_policy_key(w->store), .now_ms = clock_real_ms()};
    const struct grant *g = grant_make(&config, a);
    text reference = arena_printf(a, "Patient/%.*s", TEXT_ARG(patient));
    if (!g || !reference.p) {
        return no_memory(e);
    }
    int rc = read_as(w, g, reference, a, &root, e);
    if (!rc) {
        *ret_name = world_name(root, a);
        rc = ret_name->p ? 0 : no_memory(e);
    }
    return rc;
}

static int organisation_of(void *context, text reference, struct arena *a, text *ret_name,
                           struct err *e)
{
    yyjson_val *root;
    int rc = text_starts(reference, T("Organization/"))
                 ? world_read(context, reference, a, &root, e)
                 : err_set(e, ERR_NOT_FOUND, "this is no organisation");
    if (!rc) {
        *ret_name = json_text(json_get(root, T("name")));
    }
    return rc;
}

/* --- the log ------------------------------------------------------------------------------------
 */

static int record(void *context, const struct audit_event *event, struct err *e)
{
    struct world *w = context;
    uint64_t ticket;
    int rc = audit_append(w->audit, event, 1, &ticket, e);
    return rc ? rc : audit_wait(w->audit, ticket, e);
}

static struct index_rules rules(void *context)
{
    struct world *w = context;
    struct index_rules now = store_rules(w->store);
    now.base = w->base;
    return now;
}

static int invited(void *context, const struct identity_invited *invited, struct arena *a,
                   struct err *e)
{
    const struct world *w = context;
    return w->rest ? access_account_invited(w->rest, invited, a, e)
                   : err_set(e, ERR_INTERNAL, "nobody can be told yet");
}

struct identity_world world_of(struct world *w)
{
    return (struct identity_world){.context = w,
                                   .record = record,
                                   .parties = parties_of,
                                   .patient = patient_of,
                                   .sees = sees,
                                   .organisation = organisation_of,
                                   .invited = invited,
                                   .rules = rules};
}
