#include "fhir/validate.h"

#include "fhir/defs_world.h"
#include "fhir/model_tables.h"
#include "fhir/profile_int.h"

/*
 * The order of a validation: each resource (of a bundle or of parameters: each by itself) against
 * its base definition and its profiles, of which the compiled form has only what they say beyond
 * it; then what only the whole shows.
 */

enum { PROFILES_MOST = 64, PARTS_DEPTH_MOST = 32 };

struct validation {
    struct profile_run run;
    const struct validate_ask *ask;
    struct defs_world asked; /* by its rules */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the validation needs more memory than a request may have");
}

/* --- one resource --------------------------------------------------------------------------- */

static bool fits(struct validation *v, const struct profile *p, const struct path_node *at)
{
    text type = model_text(model_types[at->type].name);
    text of = profile_type(p);
    if (text_eq(of, type) || text_eq(of, T("DomainResource")) || text_eq(of, T("Resource"))) {
        return true;
    }
    profile_issue(&v->run, ISSUE_ERROR, ERR_INVALID, at,
                  "the profile %.*s is for %.*s, but this is a resource of type %.*s; leave it out "
                  "or name one for %.*s",
                  TEXT_ARG(text_short(profile_url(p), 300)), TEXT_ARG(of), TEXT_ARG(type),
                  TEXT_ARG(type));
    return false;
}

#define NOT_CHECKED "the resource was not checked against the profile "

/* The resources of a bundle name the same profiles again and again. */
static bool is_said(const struct profile_run *run, text canonical)
{
    for (size_t i = 0; run->issues && i < run->issues->count; i++) {
        text said = run->issues->items[i].details;
        text of =
            text_from(said, text_starts(said, T(NOT_CHECKED)) ? sizeof NOT_CHECKED - 1 : said.n);
        text shown = text_short(canonical, 300);
        if (text_starts(of, shown) && text_starts(text_from(of, shown.n), T(": "))) {
            return true;
        }
    }
    return false;
}

/* `asked`: by the caller, not by meta.profile. */
static int check_profile(struct validation *v, text canonical, bool asked,
                         const struct path_node *at)
{
    const struct profile *p;
    struct err why = {0};
    int rc = defs_profile(v->run.defs, canonical, &p, &why);
    if (rc == ERR_MEMORY) {
        *v->run.e = why;
        return rc;
    }
    if (rc) {
        bool silent = !asked && (v->run.options.no_unknown || is_said(&v->run, canonical));
        if (!silent) {
            profile_issue(&v->run, asked ? ISSUE_ERROR : ISSUE_WARNING,
                          rc == ERR_NOT_FOUND ? ERR_NOT_FOUND : ERR_INVALID, at,
                          NOT_CHECKED "%.*s: %s", TEXT_ARG(text_short(canonical, 300)),
                          err_text(&why));
        }
        return 0;
    }
    return fits(v, p, at) ? profile_check(&v->run, p, at) : 0;
}

static bool named_before(const text *seen, size_t count, text canonical)
{
    bool before = false;
    for (size_t i = 0; !before && i < count; i++) {
        before = text_eq(seen[i], canonical);
    }
    return before;
}

/* Those that were asked for (of the outermost resource) and those of meta.profile, each once. */
static int check_profiles(struct validation *v, const struct path_node *at, bool outermost)
{
    text seen[PROFILES_MOST];
    size_t count = 0;
    int rc = 0;
    size_t asked = outermost ? v->ask->profile_count : 0;
    for (size_t i = 0; !rc && i < asked && count < PROFILES_MOST; i++) {
        if (!named_before(seen, count, v->ask->profiles[i])) {
            seen[count++] = v->ask->profiles[i];
            rc = check_profile(v, v->ask->profiles[i], true, at);
        }
    }
    const yyjson_val *named = json_get(json_get(at->value, T("meta")), T("profile"));
    size_t left =
        json_type(named) == YYJSON_TYPE_ARR && !v->ask->no_meta_profiles ? json_len(named) : 0;
    const yyjson_val *item = named ? named + 1 : NULL;
    for (; !rc && left; left--, item = json_after(item)) {
        text canonical = json_text(item);
        if (canonical.n == 0 || named_before(seen, count, canonical)) {
            continue;
        }
        if (count == PROFILES_MOST) {
            profile_issue(&v->run, ISSUE_WARNING, ERR_TOO_COSTLY, at,
                          "the resource names more than %d profiles; it was checked against the "
                          "first ones only",
                          PROFILES_MOST);
            break;
        }
        seen[count++] = canonical;
        rc = check_profile(v, canonical, false, at);
    }
    return rc;
}

static int check_base(struct validation *v, const struct path_node *at)
{
    const struct profile *p;
    text type = model_text(model_types[at->type].name);
    int rc = defs_profile(v->run.defs, type, &p, v->run.e);
    return rc ? rc : profile_check(&v->run, p, at);
}

static int walk_entries(struct validation *v, const struct path_node *bundle, unsigned depth);
static int walk_parameters(struct validation *v, const struct path_node *up, text name,
                           unsigned depth);

static int check_one(struct validation *v, const struct path_node *at, unsigned depth)
{
    struct profile_run outer = v->run;
    v->run.root = v->run.resource = at;
    int rc = check_base(v, at);
    rc = rc ? rc : check_profiles(v, at, depth == 0);
    if (!rc && at->type == FHIR_BUNDLE) {
        rc = walk_entries(v, at, depth + 1);
        v->run.root = v->run.resource = at;
        rc = rc ? rc : bundle_rules(&v->run, at);
    } else if (!rc && at->type == FHIR_PARAMETERS) {
        rc = walk_parameters(v, at, T("parameter"), depth + 1);
    } else if (!rc) {
        rc = questionnaire_rules(&v->run, at);
    }
    v->run.root = outer.root;
    v->run.resource = outer.resource;
    return rc;
}

/* --- resources in others -------------------------------------------------------------------- */

/* The resource that a part of a bundle or of parameters has. */
static int check_inner(struct validation *v, const struct path_node *up, unsigned depth)
{
    const yyjson_val *resource = json_get(up->value, T("resource"));
    struct path_node node = {.value = resource, .name = T("resource"), .parent = up};
    if (!resource) {
        return 0;
    }
    if (depth > PARTS_DEPTH_MOST) {
        return err_set(v->run.e, ERR_INVALID, "bundles are nested more than %d deep",
                       PARTS_DEPTH_MOST);
    }
    node.type = fhir_type_of(json_text(json_get(resource, T("resourceType"))));
    return node.type ? check_one(v, &node, depth) : 0;
}

/* A member of an object that repeats, as a node of the item at `index`. */
static struct path_node part_of(const struct path_node *up, text name, const yyjson_val *item,
                                uint32_t index)
{
    const struct model_element *el = model_find(&model_types[up->type], name);
    return (struct path_node){.value = item,
                              .type = el ? el->type : MODEL_NONE,
                              .name = name,
                              .index = index,
                              .repeats = true,
                              .parent = up};
}

static int walk_entries(struct validation *v, const struct path_node *bundle, unsigned depth)
{
    const yyjson_val *entries = json_get(bundle->value, T("entry"));
    size_t count = json_type(entries) == YYJSON_TYPE_ARR ? json_len(entries) : 0;
    const yyjson_val *item = entries ? entries + 1 : NULL;
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++, item = json_after(item)) {
        struct path_node node = part_of(bundle, T("entry"), item, (uint32_t)i);
        rc = check_inner(v, &node, depth);
    }
    return rc;
}

static int walk_parameters(struct validation *v, const struct path_node *up, text name,
                           unsigned depth)
{
    const yyjson_val *parts = json_get(up->value, name);
    size_t count = json_type(parts) == YYJSON_TYPE_ARR ? json_len(parts) : 0;
    const yyjson_val *item = parts ? parts + 1 : NULL;
    int rc = depth > PARTS_DEPTH_MOST
                 ? err_set(v->run.e, ERR_INVALID, "parameters are nested more than %d deep",
                           PARTS_DEPTH_MOST)
                 : 0;
    for (size_t i = 0; !rc && i < count; i++, item = json_after(item)) {
        struct path_node node = part_of(up, name, item, (uint32_t)i);
        rc = check_inner(v, &node, depth);
        rc = rc ? rc : walk_parameters(v, &node, T("part"), depth + 1);
    }
    return rc;
}

/* --- the faces ------------------------------------------------------------------------------ */

/* By base definitions alone, for errors alone: what a write is held to. */
static bool spares(const struct validate_ask *ask, const yyjson_val *root)
{
    const struct profile_options *o = &ask->options;
    return o->no_bindings && o->no_warnings && !o->references && ask->no_meta_profiles &&
           ask->profile_count == 0 && !profile_has_extensions(root);
}

int validate_checked(struct defs *d, const yyjson_val *root, const struct validate_ask *ask,
                     struct arena *a, struct issues *issues, struct err *e)
{
    struct err unused = {0};
    struct validation v = {.ask = ask};
    v.asked = (struct defs_world){.run = &v.run, .beyond = ask->world};
    const struct path_world world = defs_world(&v.asked);
    struct path_node node = {.value = root,
                             .type = fhir_type_of(json_text(json_get(root, T("resourceType"))))};
    e = e ? e : &unused;
    if (!node.type) {
        struct path_item item; /* says what is wrong */
        return path_of_resource(root, a, &item, e);
    }
    node.name = fhir_type_name((fhir_type)node.type);
    v.run = (struct profile_run){.defs = d,
                                 .arena = a,
                                 .issues = issues,
                                 .world = &world,
                                 .options = ask->options,
                                 .now_ms = ask->now_ms,
                                 .deadline = ask->deadline,
                                 .spares = spares(ask, root),
                                 .e = e};
    return check_one(&v, &node, 0);
}

int validate_tree(struct defs *d, yyjson_val *root, const struct validate_ask *ask, struct arena *a,
                  struct issues *issues, struct err *e)
{
    struct resource r;
    int rc = resource_check(root, true, a, issues, &r);
    if (rc == ERR_MEMORY) {
        return no_memory(e);
    }
    return rc ? 0 : validate_checked(d, root, ask, a, issues, e);
}
