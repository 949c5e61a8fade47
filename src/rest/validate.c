#include "rest/validate.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "fhir/reference.h"
#include "rest/definitions.h"
#include "rest/operation.h"

/* --- on write ------------------------------------------------------------------------------- */

static int64_t deadline(const struct call *c)
{
    return clock_mono_ns() + (int64_t)c->rest->limits->validate_seconds * 1000000000;
}

static int hold_base(struct call *c, const struct resource *r, struct err *e)
{
    struct defs *core = definitions_core(c->rest);
    struct validate_ask ask = {
        .no_meta_profiles = true,
        .options = {.no_bindings = true, .no_unknown = true, .no_warnings = true},
        .deadline = deadline(c)};
    size_t errors = c->issues.errors;
    int rc = core ? validate_checked(core, r->root, &ask, c->arena, &c->issues, e) : 0;
    if (!rc && c->issues.errors > errors) {
        rc = err_set(e, ERR_BUSINESS_RULE, "the resource breaks rules of FHIR R4");
    }
    return rc;
}

/* Findings that refuse nothing: the write goes on, and they are told. */
static void tell(struct call *c, const struct issues *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct issue *is = &found->items[i];
        issues_add(&c->issues, is->severity == ISSUE_ERROR ? ISSUE_WARNING : is->severity, is->code,
                   is->expression, "%.*s", TEXT_ARG(is->details));
    }
}

void validate_shelf_done(const struct rest *rest, struct validate_shelf *shelf)
{
    definitions_release(rest, shelf->defs);
    shelf->defs = NULL;
}

/* A shelf that has become full meanwhile is no fault of who asks: the next one is empty. Findings
 * of the first time are left behind. */
static int check_on_shelf(struct call *c, const struct validate_ask *ask, yyjson_val *root,
                          bool is_checked, struct issues *found, struct err *e)
{
    const struct issues before = *found;
    struct validate_shelf own = {0};
    struct validate_shelf *shelf = c->shelf ? c->shelf : &own;
    int rc = 0;
    bool again = false;
    do {
        bool was = again;
        *found = before;
        rc = shelf->defs ? 0 : definitions_hold(c->rest, &shelf->defs, e);
        if (rc) {
            return rc;
        }
        rc = is_checked ? validate_checked(shelf->defs, root, ask, c->arena, found, e)
                        : validate_tree(shelf->defs, root, ask, c->arena, found, e);
        again = !was && rc == ERR_MEMORY && defs_is_full(shelf->defs);
        if (again) {
            validate_shelf_done(c->rest, shelf);
        }
    } while (again);
    validate_shelf_done(c->rest, &own);
    return rc;
}

/* Words are made only for those who will read them: who asked for them, or whose write is refused.
 */
static int hold_profiles(struct call *c, const struct resource *r, bool reject, struct err *e)
{
    struct issues found;
    bool asked = c->prefer == PREFER_OUTCOME;
    struct validate_ask ask = {
        .options = {.no_warnings = !asked, .no_texts = !asked && !reject, .base_held = !asked},
        .deadline = deadline(c)};
    issues_init(&found, c->arena);
    int rc = check_on_shelf(c, &ask, r->root, true, &found, e);
    if (rc) {
        return rc;
    }
    metric_add(METRIC_profile_findings_total, (int64_t)found.errors);
    if (!reject || found.errors == 0) {
        tell(c, &found);
        return 0;
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct issue *is = &found.items[i];
        issues_add(&c->issues, is->severity, is->code, is->expression, "%.*s",
                   TEXT_ARG(is->details));
    }
    return err_set(e, ERR_BUSINESS_RULE,
                   "the resource breaks rules of a profile that it names in meta.profile, which "
                   "this node refuses for %.*s",
                   TEXT_ARG(fhir_type_name(r->type)));
}

int validate_on_write(struct call *c, const struct resource *r, struct err *e)
{
    enum profile_policy policy = c->rest->profiles[r->type];
    const yyjson_val *named = policy ? json_get(json_get(r->root, T("meta")), T("profile")) : NULL;
    int rc = hold_base(c, r, e);
    return rc || !named || !c->rest->definitions
               ? rc
               : hold_profiles(c, r, policy == PROFILES_REJECT, e);
}

/* --- $validate (R4 resource-operation-validate.html) ---------------------------------------- */

struct asked {
    struct validate_ask ask;
    yyjson_val *root;
    text mode;
};

enum { ASKED_PROFILES_MOST = 20 };

static int take_mode(struct asked *a, text mode, struct err *e)
{
    static const struct {
        text name;
        enum validate_mode mode;
    } modes[] = {{{"create", 6}, VALIDATE_CREATE},
                 {{"update", 6}, VALIDATE_UPDATE},
                 {{"delete", 6}, VALIDATE_DELETE},
                 {{"profile", 7}, VALIDATE_RESOURCE}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (text_eq(mode, modes[i].name)) {
            a->ask.mode = modes[i].mode;
            a->mode = mode;
            return 0;
        }
    }
    return err_set(e, ERR_VALUE, "mode is create, update, delete or profile; '%.*s' is none",
                   TEXT_ARG(text_short(mode, 60)));
}

static int take_parameters(struct call *c, struct asked *a, struct err *e)
{
    static const char *const names[] = {"resource", "mode", "profile", NULL};
    struct operation_parameter *given;
    size_t count;
    int rc = operation_parameters(c, true, &given, &count, e);
    rc = rc ? rc : operation_only(given, count, names, e);
    text *profiles = rc ? NULL : arena_zalloc(c->arena, count + 1, sizeof *profiles);
    if (!rc && !profiles) {
        rc = err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; !rc && i < count; i++) {
        const struct operation_parameter *p = &given[i];
        if (text_eq(p->name, T("mode"))) {
            rc = a->mode.n ? err_set(e, ERR_DUPLICATE, "mode is given twice; give it once")
                 : operation_is_of(p, "Code String")
                     ? take_mode(a, p->value, e)
                     : err_set(e, ERR_VALUE, "the parameter mode must be a valueCode");
        } else if (text_eq(p->name, T("profile"))) {
            if (!operation_is_of(p, "Canonical Uri Url String") || p->value.n == 0) {
                rc = err_set(e, ERR_VALUE,
                             "the parameter profile must be a valueUri or a valueCanonical");
                continue;
            }
            profiles[a->ask.profile_count++] = p->value;
        } else if (!p->tree || json_type(p->tree) != YYJSON_TYPE_OBJ || a->root) {
            rc = err_set(e, ERR_INVALID,
                         "the parameter resource is one whole resource, in the body");
        } else {
            a->root = (yyjson_val *)(uintptr_t)p->tree;
        }
    }
    if (!rc && a->ask.profile_count > ASKED_PROFILES_MOST) {
        rc = err_set(e, ERR_TOO_COSTLY, "at most %d profiles can be asked for at once",
                     ASKED_PROFILES_MOST);
    }
    a->ask.profiles = profiles;
    return rc;
}

/* What the mode and the address say about the resource. */
static void check_place(struct call *c, const struct asked *a)
{
    text type = json_text(json_get(a->root, T("resourceType")));
    text id = json_text(json_get(a->root, T("id")));
    text named = fhir_type_name(c->route.type);
    if (!text_eq(type, named) && fhir_type_of(type)) {
        issues_add(&c->issues, ISSUE_ERROR, ERR_INVALID, T("resourceType"),
                   "the address is for %.*s, but the resource is of type %.*s", TEXT_ARG(named),
                   TEXT_ARG(type));
    }
    bool update = a->ask.mode == VALIDATE_UPDATE;
    if (update && id.n == 0) {
        issues_add(&c->issues, ISSUE_ERROR, ERR_REQUIRED,
                   arena_printf(c->arena, "%.*s.id", TEXT_ARG(type)),
                   "an update needs the id of what it replaces");
    }
    if (update && c->route.id.n && id.n && !text_eq(id, c->route.id)) {
        issues_add(&c->issues, ISSUE_ERROR, ERR_INVALID,
                   arena_printf(c->arena, "%.*s.id", TEXT_ARG(type)),
                   "the address says id '%.*s', the resource says '%.*s'; they must agree",
                   TEXT_ARG(c->route.id), TEXT_ARG(id));
    }
}

static int read_target(struct store_view *view, struct call *c, text reference, struct arena *a,
                       const yyjson_val **ret_root, struct err *e)
{
    struct version v = {0};
    yyjson_val *root;
    struct reference r = reference_parse(reference, c->base);
    if (r.kind != REFERENCE_LOCAL) {
        return ERR_NOT_FOUND;
    }
    int rc = store_read(view, r.type, r.id, a, &v, e);
    rc = !rc && v.deleted ? ERR_NOT_FOUND : rc;
    rc = rc ? rc : version_tree(&v, c->rest->limits, a, &root, e);
    if (!rc) {
        *ret_root = root;
    }
    return rc;
}

/* References are followed within what the caller may read. */
static int resolve(void *context, text reference, struct arena *a, const yyjson_val **ret_root,
                   struct err *e)
{
    struct call *c = context;
    struct store_view *view;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = read_target(view, c, reference, a, ret_root, e);
    store_view_end(view);
    return rc;
}

static int run(struct call *c, struct asked *a, struct err *e)
{
    struct path_world world = {.resolve = resolve, .context = c};
    a->ask.world = &world;
    a->ask.deadline = deadline(c);
    check_place(c, a);
    return check_on_shelf(c, &a->ask, a->root, false, &c->issues, e);
}

int do_validate(struct call *c, struct err *e)
{
    struct asked a = {0};
    int rc = take_parameters(c, &a, e);
    bool deletes = a.ask.mode == VALIDATE_DELETE;
    if (!rc && !a.root && c->route.id.n) {
        rc = operation_instance(c, &a.root, e);
    }
    if (!rc && !a.root && !deletes) {
        rc = err_set(e, ERR_REQUIRED,
                     "send the resource to be validated: as the body, or as the parameter resource "
                     "of a Parameters resource");
    }
    if (!rc && deletes && !c->route.id.n) {
        rc = err_set(e, ERR_REQUIRED, "whether something can be deleted is asked of [type]/[id]");
    }
    rc = rc || deletes ? rc : run(c, &a, e);
    if (rc) {
        return rc;
    }
    c->answer.status = 200;
    if (c->issues.count == 0) {
        outcome_print_done(deletes ? T("it can be deleted") : T("no problems were found"),
                           &c->answer.body);
    } else {
        outcome_print(&c->issues, &c->answer.body);
    }
    return 0;
}
