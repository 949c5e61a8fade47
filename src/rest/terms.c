#include "rest/terms.h"

#include "base/clock.h"
#include "fhir/reference.h"

int terms_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY,
                   "the terminology of the query needs more memory than a request "
                   "may have; name the codes themselves");
}

int terms_in_time(const struct terms *t, struct err *e)
{
    return clock_mono_ns() < t->deadline
               ? 0
               : err_set(e, ERR_TOO_COSTLY,
                         "to work out which codes the query means took longer than %llu seconds; "
                         "use a smaller value set, or name the codes",
                         (unsigned long long)t->call->rest->limits->search_seconds);
}

static int open_view(struct terms *t, struct err *e)
{
    return t->view ? 0
                   : store_view_begin(t->call->rest->store, t->call->grant, STORE_SNAPSHOT,
                                      &t->view, e);
}

static bool has_version(yyjson_val *root, text version)
{
    return version.n == 0 || text_eq(json_text(json_get(root, T("version"))), version);
}

/* The first that has the version. */
static int choose(struct terms *t, const struct versions *found, text version, struct arena *a,
                  yyjson_val **ret_root, struct err *e)
{
    for (size_t i = 0; i < found->count; i++) {
        yyjson_val *root;
        int rc = version_tree(&found->items[i], t->call->rest->limits, a, &root, e);
        if (rc) {
            return rc;
        }
        if (has_version(root, version)) {
            *ret_root = root;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

int terms_by_url(struct terms *t, fhir_type type, text url, struct arena *a, yyjson_val **ret_root,
                 struct err *e)
{
    struct versions found;
    size_t bar = text_find(url, '|');
    const struct search_param *param = search_param_of(NULL, type, T("url"));
    text value = index_uri(text_first(url, bar), a);
    if (!param || !value.p) {
        return terms_no_memory(e);
    }
    struct plan_node node = {
        .kind = PLAN_VALUE, .type = type, .param = param->number, .value = value};
    struct plan_sort newest = {.own = INDEX_LAST_UPDATED, .descending = true};
    struct plan plan = {.type = type, .root = &node, .sorts = &newest, .sort_count = 1};
    int rc = open_view(t, e);
    rc = rc ? rc : store_search(t->view, &plan, 100, (text){0}, a, &found, NULL, NULL, e);
    rc = rc ? rc : choose(t, &found, text_from(url, bar + 1), a, ret_root, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, rc, "no %.*s '%.*s' is stored here; load it first, or name the codes",
                       TEXT_ARG(fhir_type_name(type)), TEXT_ARG(text_short(url, 300)));
    }
    return rc;
}

int terms_value_set(struct terms *t, text name, struct arena *a, yyjson_val **ret_root,
                    struct err *e)
{
    struct version v;
    fhir_type type = fhir_type_of(T("ValueSet"));
    struct reference r = reference_parse(name, t->call->base);
    if (r.kind != REFERENCE_LOCAL || r.type != type) {
        return terms_by_url(t, type, name, a, ret_root, e);
    }
    int rc = open_view(t, e);
    rc = rc ? rc : store_read(t->view, type, r.id, a, &v, e);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_NOT_FOUND, "there is no ValueSet/%.*s here", TEXT_ARG(r.id));
    }
    return rc ? rc : version_tree(&v, t->call->rest->limits, a, ret_root, e);
}

/* --- the face ------------------------------------------------------------------------------ */

/* What is not stored may be defined in another way. */
static bool may_be_defined(const struct terms *t, int rc)
{
    return rc == ERR_NOT_FOUND && t->call->rest->definitions;
}

static int members(void *context, text value_set, struct arena *a, struct search_codes *ret_codes,
                   struct err *e)
{
    struct terms *t = context;
    yyjson_val *root = NULL;
    struct terms_set set = {.arena = a};
    struct terms_import in = {.name = value_set};
    int rc = terms_value_set(t, value_set, a, &root, e);
    if (!rc) {
        map_init(&set.seen);
        rc = terms_expand(t, root, &in, &set, e);
        map_done(&set.seen);
    }
    if (!rc) {
        *ret_codes = set.codes;
    }
    bool is_url = text_find(value_set, ':') < value_set.n; /* not ValueSet/[id] */
    return may_be_defined(t, rc) && (root || is_url)
               ? terms_members_defined(t, value_set, root, a, ret_codes, e)
               : rc;
}

static int related(void *context, text system, text code, bool above, struct arena *a,
                   struct search_codes *ret_codes, struct err *e)
{
    const struct terms_system *s;
    struct search_codes codes = {0};
    if (system.n == 0) {
        return err_set(e, ERR_INVALID,
                       "what is above or below '%.*s' depends on its system; write system|code",
                       TEXT_ARG(text_short(code, 100)));
    }
    int rc = terms_system(context, system, T(""), a, &s, e);
    if (rc) {
        return may_be_defined(context, rc)
                   ? terms_related_defined(context, system, code, above, a, ret_codes, e)
                   : rc;
    }
    const uint64_t *at = map_get(&s->by_code, code);
    if (!at) {
        return err_set(e, ERR_NOT_FOUND,
                       "the CodeSystem '%.*s' that is stored here has no code "
                       "'%.*s'",
                       TEXT_ARG(text_short(system, 200)), TEXT_ARG(text_short(code, 100)));
    }
    unsigned char *marks = terms_closure(s, (size_t)*at, above, a);
    codes.items = marks ? arena_zalloc(a, s->count, sizeof *codes.items) : NULL;
    if (!codes.items) {
        return terms_no_memory(e);
    }
    for (size_t i = 0; i < s->count; i++) {
        if (marks[i] && codes.count == TERMS_CODES_MOST) {
            return err_set(e, ERR_TOO_COSTLY, "more than %d codes are %s '%.*s'; narrow the query",
                           TERMS_CODES_MOST, above ? "above" : "below",
                           TEXT_ARG(text_short(code, 100)));
        }
        if (marks[i]) {
            codes.items[codes.count++] = (struct search_code){system, s->concepts[i].code};
        }
    }
    *ret_codes = codes;
    return 0;
}

void terms_init(struct terms *t, const struct call *c, struct search_terms *ret_face)
{
    int64_t most = (int64_t)c->rest->limits->search_seconds * 1000000000;
    *t = (struct terms){.call = c, .deadline = clock_mono_ns() + most};
    *ret_face = (struct search_terms){.context = t, .members = members, .related = related};
}

void terms_done(struct terms *t)
{
    for (struct terms_system *s = t->systems; s; s = s->next) {
        map_done(&s->by_code);
    }
    t->systems = NULL;
    store_view_end(t->view);
    t->view = NULL;
}
