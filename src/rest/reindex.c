/*
 * Added search parameters and $reindex: what is refused before it is stored, how far the background
 * work has come.
 *
 *   GET  SearchParameter/[id]/$status    the parameter that this resource adds, for each of its
 * types POST $reindex, [type]/$reindex       202: begins, and says where its progress is to be seen
 *   GET  _reindex                        the progress of the newest $reindex
 */
#include "rest/reindex.h"

#include "base/clock.h"
#include "fhir/search_custom.h"

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- before a SearchParameter is stored ---------------------------------------------------- */

int search_parameter_check(struct call *c, const struct resource *r, struct err *e)
{
    if (r->type != FHIR_SEARCH_PARAMETER || !search_custom_wanted(r->root)) {
        return 0;
    }
    fhir_type *types;
    size_t count;
    struct err why = {0};
    int rc = search_custom_check(r->root, c->arena, &types, &count, &why);
    if (rc) {
        return err_at(e, rc == ERR_MEMORY ? rc : ERR_BUSINESS_RULE, text_of(why.expression),
                      "%s. (With the status 'draft' a search parameter is stored without being "
                      "added.)",
                      err_text(&why));
    }
    struct index_rules rules = call_rules(c);
    text code = json_text(json_get(r->root, T("code")));
    for (size_t i = 0; i < count; i++) {
        const struct search_custom *other = search_custom_find(rules.customs, types[i], code);
        if (other && !text_eq(other->id, r->id)) {
            return err_at(e, ERR_BUSINESS_RULE, T("SearchParameter.code"),
                          "SearchParameter/%.*s has added '%.*s' to %.*s already: change that one, "
                          "or choose another code",
                          TEXT_ARG(other->id), TEXT_ARG(code), TEXT_ARG(fhir_type_name(types[i])));
        }
    }
    return 0;
}

/* --- Parameters ---------------------------------------------------------------------------- */

static void open_parameters(struct buf *out)
{
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
}

static void add_code(struct buf *out, const char *before, const char *name, text code)
{
    buf_printf(out, "%s{\"name\":\"%s\",\"valueCode\":\"%.*s\"}", before, name, TEXT_ARG(code));
}

/* Counts may be greater than an integer of FHIR. */
static void add_count(struct buf *out, const char *name, uint64_t count)
{
    buf_printf(out, ",{\"name\":\"%s\",\"valueDecimal\":%llu}", name, (unsigned long long)count);
}

static void add_instant(struct buf *out, const char *name, int64_t ms)
{
    char when[CLOCK_INSTANT_SIZE];
    clock_instant(ms, when);
    buf_printf(out, ",{\"name\":\"%s\",\"valueInstant\":\"%s\"}", name, when);
}

/* --- SearchParameter/[id]/$status ---------------------------------------------------------- */

static int read_parameter(struct call *c, struct store_view *view, struct version *ret_version,
                          struct err *e)
{
    int rc = store_read(view, FHIR_SEARCH_PARAMETER, c->route.id, c->arena, ret_version, e);
    if (!rc && ret_version->deleted) {
        rc =
            err_set(e, ERR_DELETED, "SearchParameter/%.*s has been deleted", TEXT_ARG(c->route.id));
    }
    return rc;
}

/* Why a definition is not among those that are added. */
static text why_unused(struct call *c, const struct version *v)
{
    yyjson_val *root;
    fhir_type *types;
    size_t count;
    struct err e = {0};
    if (version_tree(v, c->rest->limits, c->arena, &root, &e)) {
        return text_of(err_text(&e));
    }
    if (!text_eq(json_text(json_get(root, T("status"))), T("active"))) {
        return T("its status is not 'active'");
    }
    if (!search_custom_wanted(root)) {
        return T("it is one of the standard's, or derived from one: those are built in");
    }
    if (search_custom_check(root, c->arena, &types, &count, &e)) {
        return arena_copy(c->arena, text_of(err_text(&e)));
    }
    return T("another SearchParameter has this code for the type, or the type has as many added "
             "parameters as it can have (112; numbers of those taken away are free after a "
             "restart)");
}

static int add_states(struct call *c, struct store_view *view, const struct store_param *params,
                      size_t count, struct err *e)
{
    struct buf *out = &c->answer.body;
    static const char *const words[] = {"", "building", "usable", "removing", "removed"};
    for (size_t i = 0; i < count; i++) {
        uint64_t total = 0;
        int rc = store_count(view, params[i].type, &total, e);
        if (rc) {
            return rc;
        }
        bool building = params[i].state == PARAM_BUILDING;
        uint64_t done = !building || params[i].looked > total ? total : params[i].looked;
        buf_printf(out, "%s{\"name\":\"type\",\"part\":[", i ? "," : "");
        add_code(out, "", "base", fhir_type_name(params[i].type));
        add_code(out, ",", "state", text_of(words[params[i].state]));
        if (params[i].state <= PARAM_USABLE) {
            add_count(out, "done", done);
            add_count(out, "total", total);
        }
        buf_add(out, T("]}"));
    }
    return 0;
}

int do_param_status(struct call *c, struct err *e)
{
    struct store_view *view;
    struct version v;
    struct store_param *params;
    size_t count;
    int rc = call_no_parameters(c, e);
    rc = rc ? rc : store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = read_parameter(c, view, &v, e);
    if (!rc && store_params(c->rest->store, c->route.id, c->arena, &params, &count)) {
        rc = no_memory(e);
    }
    if (!rc) {
        struct buf *out = &c->answer.body;
        open_parameters(out);
        rc = add_states(c, view, params, count, e);
        if (count == 0) {
            add_code(out, "", "state", T("unused"));
            buf_add(out, T(",{\"name\":\"reason\",\"valueString\":"));
            json_write_string(why_unused(c, &v), out);
            buf_addc(out, '}');
        }
        buf_add(out, T("]}"));
    }
    store_view_end(view);
    c->answer.status = 200;
    return rc;
}

/* --- $reindex ------------------------------------------------------------------------------ */

static int print_reindex(struct call *c, struct err *e)
{
    struct store_reindex r;
    struct buf *out = &c->answer.body;
    store_reindex_status(c->rest->store, &r);
    if (r.number == 0) {
        return err_set(e, ERR_NOT_FOUND,
                       "there has been no $reindex; POST [base]/$reindex begins one");
    }
    open_parameters(out);
    add_code(out, "", "state",
             r.running ? r.second ? T("entries") : T("resources") : T("completed"));
    if (r.type) {
        add_code(out, ",", "type", fhir_type_name(r.type));
    }
    add_count(out, "number", r.number);
    add_count(out, "resources", r.looked);
    add_count(out, "entries", r.entries);
    add_count(out, "missing", r.missing);
    add_count(out, "stale", r.stale);
    add_instant(out, "began", r.began_ms);
    if (!r.running) {
        add_instant(out, "ended", r.ended_ms);
    }
    buf_add(out, T("]}"));
    return 0;
}

static int no_body(struct call *c, struct err *e)
{
    if (text_trim(c->body).n == 0) {
        return 0;
    }
    yyjson_val *root;
    int rc = json_read(c->body, (size_t)c->rest->limits->json_depth, c->arena, &root, e);
    bool empty = !rc && text_eq(json_text(json_get(root, T("resourceType"))), T("Parameters")) &&
                 yyjson_arr_size(json_get(root, T("parameter"))) == 0;
    return rc || empty ? rc
                       : err_set(e, ERR_NOT_SUPPORTED,
                                 "$reindex takes no parameters: send no body; for one type, POST "
                                 "[base]/[type]/$reindex");
}

int do_reindex(struct call *c, struct err *e)
{
    uint64_t number = 0;
    int rc = call_no_parameters(c, e);
    rc = rc ? rc : no_body(c, e);
    rc = rc ? rc : store_reindex(c->rest->store, c->grant, c->route.type, &number, e);
    if (rc) {
        return rc == ERR_CONFLICT ? err_set(e, rc,
                                            "a $reindex is under way; its progress is at "
                                            "%.*s/_reindex",
                                            TEXT_ARG(c->base))
                                  : rc;
    }
    text at = arena_printf(c->arena, "%.*s/_reindex", TEXT_ARG(c->base));
    answer_field(c, T("Content-Location"), at);
    c->answer.status = 202;
    return at.p ? print_reindex(c, e) : no_memory(e);
}

int do_reindex_status(struct call *c, struct err *e)
{
    int rc = call_no_parameters(c, e);
    c->answer.status = 200;
    return rc ? rc : print_reindex(c, e);
}
