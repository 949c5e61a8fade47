#include "rest/request.h"

#include "fhir/reference.h"
#include "policy/touched.h"

/*
 * GET $ask: what was asked and said, about a record or one of its entries, as far as the asker may
 * see it; without a record: feedback.
 */

struct list {
    struct access *access;
    struct buf out;
    uint64_t count;
};

static int put_version(struct list *l, const struct version *v, struct err *e)
{
    struct access *a = l->access;
    buf_printf(&l->out, "%s{\"fullUrl\":\"%.*s/%.*s/%.*s\",\"resource\":", l->count ? "," : "",
               TEXT_ARG(a->call->base), TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id));
    int rc = print_version(v, &l->out, e);
    buf_add(&l->out, T(",\"search\":{\"mode\":\"match\"}}"));
    l->count++;
    return rc;
}

static int finish(struct list *l, int rc, struct err *e)
{
    struct call *c = l->access->call;
    struct buf whole;
    if (rc) {
        buf_done(&l->out);
        return rc;
    }
    buf_init(&whole, (size_t)c->rest->limits->request_memory);
    buf_printf(&whole, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":%llu",
               (unsigned long long)l->count);
    buf_add(&whole, l->count ? T(",\"entry\":[") : T(""));
    buf_add(&whole, buf_text(&l->out));
    buf_add(&whole, l->count ? T("]}") : T("}"));
    bool failed = buf_failed(&l->out);
    buf_done(&l->out);
    if (failed) {
        buf_done(&whole);
        return access_no_memory(e);
    }
    return operation_reply(c, &whole, e);
}

/* --- about a record ---------------------------------------------------------------------------
 */

/* A proxy reads no Tasks but those that they asked themselves, while they see what it is about. */
static int is_own(struct access *a, const struct version *v, bool *ret_own, struct err *e)
{
    yyjson_val *root;
    int rc = version_tree(v, a->call->rest->limits, a->arena, &root, e);
    *ret_own = !rc && actor_is(a->actor,
                               json_text(json_get(json_get(root, T("requester")), T("reference"))));
    text focus = rc ? (text){0} : json_text(json_get(json_get(root, T("focus")), T("reference")));
    struct reference r = reference_parse(focus, a->call->base);
    if (rc || !*ret_own || r.kind != REFERENCE_LOCAL) {
        return rc;
    }
    struct version entry;
    struct err ignored = {0};
    rc = store_read(a->view, r.type, r.id, a->arena, &entry, &ignored);
    *ret_own = !rc;
    if (rc && rc != ERR_NOT_FOUND) {
        *e = ignored;
        return rc;
    }
    return 0;
}

static int list_tasks(struct list *l, struct access *looks, bool own_alone, text query,
                      struct err *e)
{
    struct versions found = {0};
    int rc = request_find(looks, fhir_type_of(T("Task")), query, &found, e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        bool shown = true;
        rc = own_alone ? is_own(l->access, &found.items[i], &shown, e) : 0;
        rc = rc || !shown ? rc : put_version(l, &found.items[i], e);
    }
    return rc;
}

/* R4 has no search by Communication.about. */
static int list_comments(struct list *l, text focus, struct err *e)
{
    struct access *a = l->access;
    struct versions found = {0};
    int rc = request_find(a, fhir_type_of(T("Communication")),
                          T("category=" KEPT_REQUESTS "|comment&status=completed"), &found, e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        yyjson_val *root;
        rc = version_tree(&found.items[i], a->call->rest->limits, a->arena, &root, e);
        const yyjson_val *about = rc ? NULL : tree_first(json_get(root, T("about")));
        if (!rc && (!focus.n || text_eq(json_text(json_get(about, T("reference"))), focus))) {
            rc = put_version(l, &found.items[i], e);
        }
    }
    return rc;
}

static int list_record(struct list *l, text focus, struct err *e)
{
    struct access *a = l->access;
    struct access node = {0};
    text query = focus.n
                     ? arena_printf(a->arena, "code=" KEPT_REQUESTS "|&focus=%.*s", TEXT_ARG(focus))
                     : T("code=" KEPT_REQUESTS "|");
    int rc = query.p ? 0 : access_no_memory(e);
    if (!rc && a->proxy) {
        rc = request_as_node(a, &node, e);
        rc = rc ? rc : list_tasks(l, &node, true, query, e);
        request_node_done(&node);
    } else if (!rc) {
        rc = list_tasks(l, a, false, query, e);
    }
    return rc ? rc : list_comments(l, focus, e);
}

/* --- feedback ---------------------------------------------------------------------------------
 */

static bool is_by(const struct access *a, const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("input"));
    const yyjson_val *item = tree_first(list);
    bool is = false;
    for (size_t left = tree_items(list); !is && left; left--, item = json_after(item)) {
        const yyjson_val *coding = tree_first(json_get(json_get(item, T("type")), T("coding")));
        is = text_eq(json_text(json_get(coding, T("code"))), T("by")) && a->actor->account.n &&
             text_eq(json_text(json_get(item, T("valueString"))), a->actor->account);
    }
    return is;
}

/* Whose record feedback of a patient is in is told by its entry of the log, as of any look. */
static int put_feedback(struct list *l, const struct version *v, bool all, struct err *e)
{
    struct access *a = l->access;
    yyjson_val *root;
    uint64_t compartment;
    int rc = version_tree(v, a->call->rest->limits, a->arena, &root, e);
    bool own = !rc && is_by(a, root);
    if (rc || (!own && !all)) {
        return rc;
    }
    if (store_patients_compartment(v->rid, &compartment)) {
        grant_touch(a->call->grant, compartment);
    }
    return put_version(l, v, e);
}

static int list_feedback(struct list *l, struct err *e)
{
    struct access *a = l->access;
    struct access node;
    struct versions found = {0};
    bool all = grant_can(a->call->grant, ACTIVITY_MANAGE_NODE);
    int rc = request_as_node(a, &node, e);
    rc = rc ? rc
            : request_find(&node, fhir_type_of(T("Task")), T("code=" KEPT_REQUESTS "|feedback"),
                           &found, e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        rc = put_feedback(l, &found.items[i], all, e);
    }
    request_node_done(&node);
    return rc;
}

/* --- the operation ---------------------------------------------------------------------------- */

static int run(struct list *l, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access *a = l->access;
    struct access_input in;
    text focus;
    yyjson_val *root = NULL;
    int rc = access_input(a->call, names, NULL, &in, e);
    if (rc || a->call->route.type == 0) {
        return rc ? rc : list_feedback(l, e);
    }
    rc = request_about(a, &focus, &root, e);
    bool reads = grant_rights(a->call->grant, fhir_type_of(T("Task"))) & MAY_READ;
    if (!rc && !a->self && !(a->sees && (a->proxy || reads))) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "you may not see what is asked about this record: it is for the person "
                     "themself, those who act for them, and staff who look after them");
    }
    return rc ? rc : list_record(l, focus, e);
}

int request_list(struct call *c, struct err *e)
{
    struct access a;
    struct list l = {.access = &a};
    buf_init(&l.out, (size_t)c->rest->limits->request_memory);
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run(&l, e);
    access_close(&a);
    return finish(&l, rc, e);
}
