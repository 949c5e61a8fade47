/* Extensions by their url, and where they may stand (R4 extensibility.html,
 * defining-extensions.html).
 */
#include "base/clock.h"
#include "fhir/profile_tables.h"

/* --- contexts
 * ------------------------------------------------------------------------------------- */

static bool is_a(uint16_t type, text name)
{
    text own = model_text(model_types[type].name);
    bool is_resource = profile_is_resource(type);
    bool is_part = text_find(own, '.') < own.n;
    if (text_eq(own, name)) {
        return true;
    }
    /* R4's own definitions carry extensions of "Element" on resources (structuredefinition-wg on
     * each of them): it means anything. */
    if (text_eq(name, T("Element"))) {
        return true;
    }
    if (text_eq(name, T("BackboneElement"))) {
        return is_part;
    }
    if (text_eq(name, T("Resource"))) {
        return is_resource;
    }
    if (text_eq(name, T("DomainResource"))) {
        return is_resource && model_find(&model_types[type], T("contained"));
    }
    if (text_eq(name, T("Quantity"))) {
        return text_eq(own, T("Age")) || text_eq(own, T("Duration")) || text_eq(own, T("Count")) ||
               text_eq(own, T("Distance")) || text_eq(own, T("SimpleQuantity")) ||
               text_eq(own, T("MoneyQuantity"));
    }
    if (text_eq(name, T("string"))) {
        return type == MODEL_CODE || type == MODEL_ID || type == MODEL_MARKDOWN;
    }
    if (text_eq(name, T("uri"))) {
        return type == MODEL_URL || type == MODEL_CANONICAL || type == MODEL_OID ||
               type == MODEL_UUID;
    }
    return text_eq(name, T("integer")) &&
           (type == MODEL_POSITIVE_INT || type == MODEL_UNSIGNED_INT);
}

/* "valueQuantity" for a value that is a Quantity. */
static bool is_concrete(text name, const struct path_node *node)
{
    text type = model_text(model_types[node->type].name);
    if (name.n != node->name.n + type.n || !text_starts(name, node->name)) {
        return false;
    }
    char first = name.p[node->name.n];
    return (first | 0x20) == (type.p[0] | 0x20) &&
           text_eq(text_from(name, node->name.n + 1), text_from(type, 1));
}

/* Patient.name.family from its end on, up to a type that the node is of. */
static bool is_at(text expression, const struct path_node *node)
{
    while (node) {
        if (is_a(node->type, expression)) {
            return true;
        }
        text name = profile_last_of(expression);
        if (name.n == expression.n || !node->parent) {
            return false;
        }
        text bare = profile_bare_name(expression);
        if (!text_eq(bare, node->name) && !is_concrete(bare, node)) {
            return false;
        }
        expression = text_first(expression, expression.n - name.n - 1);
        node = node->parent;
    }
    return false;
}

static struct path_env env_of(struct profile_run *run)
{
    struct path_env env = {.world = run->world,
                           .as_of_many = true,
                           .now_ms = profile_now(run),
                           .limits = path_limits_default()};
    env.limits.deadline = run->deadline;
    if (run->resource && run->root) {
        env.resource = (struct path_item){.kind = PATH_NODE, .u.node = run->resource};
        env.root = (struct path_item){.kind = PATH_NODE, .u.node = run->root};
    }
    return env;
}

/* What has no answer is no fault of the resource; but that nobody has looked is said. */
static int say_unknown(struct profile_run *run, const struct path_node *node, int code,
                       const struct err *why)
{
    bool is_late = run->deadline && code == ERR_TOO_COSTLY && clock_mono_ns() > run->deadline;
    if (code == ERR_MEMORY || is_late) {
        return err_set(run->e, code, "%s", err_text(why));
    }
    profile_issue(run, ISSUE_WARNING, ERR_EXTENSION, node,
                  "whether this extension may stand here was not checked: %s", err_text(why));
    return 0;
}

/* extension: the one that stands in `in`. */
static int is_found(struct profile_run *run, const struct path *path, const struct path_node *in,
                    const struct path_node *extension, bool *ret)
{
    struct path_item focus = {.kind = PATH_NODE, .u.node = run->resource};
    struct path_items all = {&focus, 1};
    struct path_items found = {0};
    struct err why = {0};
    struct path_env env = env_of(run);
    *ret = false;
    if (!run->resource) {
        return 0;
    }
    struct arena_mark mark = arena_mark(run->arena);
    int rc = path_eval(path, &env, &all, run->arena, &found, &why);
    for (size_t i = 0; !rc && i < found.count; i++) {
        const struct path_item *item = &found.items[i];
        *ret |= item->kind == PATH_NODE && item->u.node->value == in->value &&
                item->u.node->shadow == in->shadow;
    }
    arena_rewind(run->arena, mark);
    *ret |= rc != 0;
    return rc ? say_unknown(run, extension, rc, &why) : 0;
}

static int context_holds(struct profile_run *run, const struct profile_context *c,
                         const struct path_node *extension, bool *ret)
{
    const struct path_node *in = extension->parent;
    *ret = false;
    if (text_eq(c->type, T("fhirpath"))) {
        return is_found(run, c->path, in, extension, ret);
    }
    if (text_eq(c->type, T("extension"))) {
        *ret = in->type == MODEL_EXTENSION &&
               text_eq(c->expression, json_text(json_get(in->value, T("url"))));
        return 0;
    }
    /* An element of a profile stands behind its address and '#'. */
    size_t hash = text_find(c->expression, '#');
    *ret = is_at(hash < c->expression.n ? text_from(c->expression, hash + 1) : c->expression, in);
    return 0;
}

/*
 * Contexts that definitions of R4 leave out, although R4 itself uses the extensions there, in
 * thousands of places: in every snapshot and every normative definition that it publishes.
 */
static bool is_used_so(text url, const struct path_node *in)
{
    static const struct {
        text url, expression;
    } used[] = {
        {T(DEFS_BASE "structuredefinition-fhir-type"), T("ElementDefinition.type")},
        {T(DEFS_BASE "structuredefinition-normative-version"), T("DomainResource")},
        {T(DEFS_BASE "structuredefinition-normative-version"), T("ElementDefinition")},
        {T(DEFS_BASE "regex"), T("ElementDefinition.type")},
        {T(DEFS_BASE "regex"), T("ElementDefinition.type.code")},
        {T(DEFS_BASE "valueset-concept-comments"), T("CodeSystem.concept")},
    };
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++) {
        if (text_eq(used[i].url, url) && is_at(used[i].expression, in)) {
            return true;
        }
    }
    return false;
}

static int place_check(struct profile_run *run, const struct profile *p,
                       const struct path_node *node)
{
    bool holds = p->context_count == 0 || is_used_so(p->url, node->parent);
    int rc = 0;
    for (size_t i = 0; i < p->context_count && !holds && !rc; i++) {
        rc = context_holds(run, &p->contexts[i], node, &holds);
    }
    if (!rc && !holds) {
        profile_issue(run, ISSUE_ERROR, ERR_EXTENSION, node,
                      "the extension %.*s may not stand here; its definition has it on %.*s%s",
                      TEXT_ARG(p->url), TEXT_ARG(p->contexts[0].expression),
                      p->context_count > 1 ? " and others" : "");
    }
    return rc;
}

/* contextInvariant: on the element that the extension is on. */
static int invariants_check(struct profile_run *run, const struct profile *p,
                            const struct path_node *node)
{
    struct path_item focus = {.kind = PATH_NODE, .u.node = node->parent};
    struct path_item self = {.kind = PATH_NODE, .u.node = node};
    struct path_variable extension = {T("extension"), {&self, 1}};
    struct path_items all = {&focus, 1};
    struct path_env env = env_of(run);
    int rc = 0;
    env.variables = &extension;
    env.variable_count = 1;
    for (size_t i = 0; i < p->invariant_count && !rc; i++) {
        struct path_items found = {0};
        struct err why = {0};
        struct path_item plain;
        struct arena_mark mark = arena_mark(run->arena);
        rc = path_eval(p->invariants[i], &env, &all, run->arena, &found, &why);
        bool fails = !rc && found.count == 1 && path_plain(&found.items[0], &plain) &&
                     plain.kind == PATH_BOOLEAN && !plain.u.boolean;
        arena_rewind(run->arena, mark);
        rc = rc ? say_unknown(run, node, rc, &why) : 0;
        if (fails) {
            profile_issue(run, ISSUE_ERROR, ERR_EXTENSION, node,
                          "the extension %.*s may not stand here: its contextInvariant does not "
                          "hold: %.*s",
                          TEXT_ARG(p->url), TEXT_ARG(text_short(p->invariant_words[i], 300)));
        }
    }
    return rc;
}

/* --- the extension
 * --------------------------------------------------------------------------------- */

static int known_check(struct profile_run *run, const struct profile *p,
                       const struct path_node *node)
{
    bool as_modifier = text_eq(node->name, T("modifierExtension"));
    if (!text_eq(p->type, T("Extension"))) {
        profile_issue(run, ISSUE_ERROR, ERR_EXTENSION, node,
                      "%.*s is the definition of a %.*s, not of an extension", TEXT_ARG(p->url),
                      TEXT_ARG(p->type));
        return 0;
    }
    if (p->is_modifier != as_modifier) {
        profile_issue(run, ISSUE_ERROR, ERR_EXTENSION, node,
                      "the extension %.*s %s the meaning of what it is on; it belongs in %s",
                      TEXT_ARG(p->url), p->is_modifier ? "changes" : "does not change",
                      p->is_modifier ? "modifierExtension" : "extension");
    }
    int rc = place_check(run, p, node);
    rc = rc ? rc : invariants_check(run, p, node);
    return rc ? rc : profile_apply(run, p, node);
}

int profile_extension_check(struct profile_run *run, const struct path_node *node)
{
    const struct profile *p = NULL;
    const struct profile *base = NULL;
    text url = json_text(json_get(node->value, T("url")));
    bool is_nested = node->parent && node->parent->type == MODEL_EXTENSION;
    bool is_absolute = text_find(url, ':') < url.n;
    if (!is_absolute && !is_nested && url.n) {
        profile_issue(run, ISSUE_ERROR, ERR_EXTENSION, node,
                      "the url '%.*s' is not absolute; only an extension within another may have "
                      "such a name",
                      TEXT_ARG(text_short(url, 200)));
    }
    struct profile_link whole = {.canonical = T("Extension")};
    int rc = profile_link_find(run, &whole, &base);
    if (!rc && base) {
        rc = profile_apply(run, base, node);
    }
    if (rc || !is_absolute) {
        return rc;
    }
    struct profile_link link = {.canonical = url};
    rc = profile_link_find(run, &link, &p);
    if (!rc && !p) {
        rc = profile_unknown(run, node, url);
    } else if (!rc) {
        rc = known_check(run, p, node);
    }
    return rc;
}
