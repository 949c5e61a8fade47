/* References against their target profiles (R4 references.html, elementdefinition.html). */
#include "fhir/profile_tables.h"
#include "fhir/reference.h"

static struct reference read_reference(const struct path_node *node)
{
    return reference_parse(json_text(json_get(node->value, T("reference"))), T(""));
}

fhir_type profile_reference_type(const struct path_node *node)
{
    struct reference r = read_reference(node);
    bool has_type = r.kind == REFERENCE_LOCAL || r.kind == REFERENCE_ABSOLUTE ||
                    r.kind == REFERENCE_CONDITIONAL;
    return has_type ? r.type : fhir_type_of(json_text(json_get(node->value, T("type"))));
}

int profile_resolve(struct profile_run *run, const struct path_node *node,
                    const struct path_node **ret)
{
    const struct path *resolve;
    struct path_item focus = {.kind = PATH_NODE, .u.node = node};
    struct path_items all = {&focus, 1};
    struct path_items found = {0};
    struct err ignored = {0};
    struct path_env env = {
        .world = run->world, .now_ms = profile_now(run), .limits = path_limits_default()};
    *ret = NULL;
    if (!json_get(node->value, T("reference"))) {
        return 0;
    }
    int rc = path_compile(T("resolve()"), run->arena, &resolve, &ignored);
    rc = rc ? rc : path_eval(resolve, &env, &all, run->arena, &found, &ignored);
    if (rc == ERR_MEMORY) {
        return err_set(run->e, rc, "no memory to follow a reference");
    }
    if (!rc && found.count == 1 && found.items[0].kind == PATH_NODE &&
        profile_is_resource(found.items[0].u.node->type)) {
        *ret = found.items[0].u.node;
    }
    return 0;
}

int profile_target_type(struct profile_run *run, struct profile_link *target, fhir_type *ret_type,
                        const struct profile **ret_profile)
{
    text url = target->canonical;
    text name = text_starts(url, T(DEFS_BASE)) ? text_from(url, sizeof DEFS_BASE - 1) : T("");
    *ret_profile = NULL;
    *ret_type = fhir_type_of(name);
    if (text_eq(name, T("Resource")) || text_eq(name, T("DomainResource"))) {
        return 0;
    }
    int rc = profile_link_find(run, target, ret_profile);
    if (!rc && *ret_profile) {
        *ret_type = fhir_type_of((*ret_profile)->type);
    }
    return rc;
}

/* --- form
 * ----------------------------------------------------------------------------------------- */

static bool is_in_bundle(const struct path_node *node)
{
    for (; node; node = node->parent) {
        if (node->type == FHIR_BUNDLE) {
            return true;
        }
    }
    return false;
}

static void form_check(struct profile_run *run, const struct profile *p,
                       const struct profile_type *type, const struct path_node *node,
                       const struct path_node *target)
{
    struct reference r = read_reference(node);
    bool is_contained = r.kind == REFERENCE_FRAGMENT;
    bool is_bundled = target && !is_contained && is_in_bundle(target);
    if (r.kind == REFERENCE_BAD) {
        return;
    }
    if (type->aggregation && is_contained && !(type->aggregation & PROFILE_CONTAINED)) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this points to a contained resource, which the profile %.*s does not allow; "
                      "store it by itself and refer to that",
                      TEXT_ARG(p->url));
    } else if (type->aggregation == PROFILE_CONTAINED && !is_contained) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this has to point to a contained resource by the profile %.*s",
                      TEXT_ARG(p->url));
    } else if (type->aggregation && !(type->aggregation & PROFILE_REFERENCED) && !is_contained &&
               is_in_bundle(node) && !is_bundled) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this has to point to an entry of the same bundle by the profile %.*s",
                      TEXT_ARG(p->url));
    }
    bool has_version = r.version.n > 0;
    bool wants = type->versioning == VERSIONING_SPECIFIC;
    if (type->versioning != VERSIONING_EITHER && has_version != wants && !is_contained) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this %s a version; the profile %.*s wants it %s one",
                      has_version ? "names" : "does not name", TEXT_ARG(p->url),
                      wants ? "with" : "without");
    }
}

/* --- targets
 * -------------------------------------------------------------------------------------- */

struct targets {
    bool type_fits; /* one is of the reference's type */
    bool conforms;  /* one does, or cannot be told */
    text first_of_type;
};

static int one_target(struct profile_run *run, struct profile_link *link, fhir_type type,
                      const struct path_node *target, const struct path_node *node,
                      struct targets *t)
{
    fhir_type wanted = 0;
    const struct profile *p = NULL;
    int rc = profile_target_type(run, link, &wanted, &p);
    if (rc) {
        return rc;
    }
    if (wanted && type && wanted != type) {
        return 0;
    }
    t->type_fits = true;
    t->first_of_type = t->first_of_type.p ? t->first_of_type : link->canonical;
    if (!p || p->is_base || !target || run->in_target) {
        t->conforms = true;
        return p || wanted || text_starts(link->canonical, T(DEFS_BASE))
                   ? 0
                   : profile_unknown(run, node, link->canonical);
    }
    bool conforms = false;
    const struct path_node *root = run->root;
    run->in_target = true;
    run->root = target->parent ? root : target;
    rc = profile_try(run, p, target, &conforms);
    run->root = root;
    run->in_target = false;
    t->conforms |= conforms;
    return rc;
}

static bool has_constraint(const struct profile_type *type)
{
    for (size_t i = 0; i < type->target_count; i++) {
        text url = type->targets[i].canonical;
        if (!text_starts(url, T(DEFS_BASE)) ||
            !fhir_type_of(text_from(url, sizeof DEFS_BASE - 1))) {
            return true;
        }
    }
    return false;
}

int profile_reference_check(struct profile_run *run, const struct profile *p,
                            const struct profile_type *type, const struct path_node *node)
{
    const struct path_node *target = NULL;
    struct targets t = {0};
    struct reference r = read_reference(node);
    bool follow = !run->in_target && (has_constraint(type) || type->aggregation ||
                                      r.kind == REFERENCE_FRAGMENT || r.kind == REFERENCE_URI);
    int rc = node->value && follow ? profile_resolve(run, node, &target) : 0;
    if (rc || !node->value) {
        return rc;
    }
    form_check(run, p, type, node, target);
    fhir_type of = target ? (fhir_type)target->type : profile_reference_type(node);
    for (size_t i = 0; i < type->target_count && !rc && !t.conforms; i++) {
        rc = one_target(run, &type->targets[i], of, target, node, &t);
    }
    if (rc || t.conforms || !type->target_count) {
        return rc;
    }
    if (!t.type_fits) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this points to a %.*s; the profile %.*s allows %.*s%s here",
                      TEXT_ARG(fhir_type_name(of)), TEXT_ARG(p->url),
                      TEXT_ARG(type->targets[0].canonical),
                      type->target_count > 1 ? " and others" : "");
    } else {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "the %.*s that this points to does not conform to %.*s%s; validate it "
                      "against that to see why",
                      TEXT_ARG(fhir_type_name(of)), TEXT_ARG(t.first_of_type),
                      type->target_count > 1 ? ", nor to another that may stand here" : "");
    }
    return 0;
}

int profile_reference_exists(struct profile_run *run, const struct path_node *node)
{
    const struct path_node *target = NULL;
    if (!run->options.references || !node->value || run->in_target || !run->world ||
        !run->world->resolve) {
        return 0;
    }
    struct reference r = read_reference(node);
    if (r.kind != REFERENCE_LOCAL) {
        return 0;
    }
    int rc = profile_resolve(run, node, &target);
    if (!rc && !target) {
        profile_issue(run, ISSUE_ERROR, ERR_NOT_FOUND, node,
                      "%.*s is not here; store it first, or mend the reference",
                      TEXT_ARG(text_short(json_text(json_get(node->value, T("reference"))), 200)));
    }
    return rc;
}
