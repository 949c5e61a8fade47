/* Profiles found and put to a node. */
#include "base/hash.h"
#include "base/random.h"
#include "fhir/profile_tables.h"

/* --- which profile ------------------------------------------------------------------------------
 */

int profile_link_find(struct profile_run *run, struct profile_link *link,
                      const struct profile **ret)
{
    const struct profile *p = atomic_load_explicit(&link->found, memory_order_acquire);
    *ret = p;
    if (p || atomic_load_explicit(&link->missing, memory_order_relaxed)) {
        return 0;
    }
    int rc = run->defs ? defs_profile(run->defs, link->canonical, &p, run->e) : ERR_NOT_FOUND;
    if (!rc) {
        atomic_store_explicit(&link->found, p, memory_order_release);
        *ret = p;
    } else if (rc != ERR_MEMORY && rc != ERR_TOO_COSTLY) {
        atomic_store_explicit(&link->missing, true, memory_order_relaxed);
        rc = 0;
    }
    return rc;
}

enum { SEEN_BUCKETS = 1024 };

struct seen {
    struct seen *next;
    text canonical;
    uint16_t in;
};

struct profile_seen {
    struct hash_key key;
    struct seen *buckets[SEEN_BUCKETS];
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to validate a resource");
}

/* Whether this was said before in this run, of an element of this type; from now on it was. */
static int say_once(struct profile_run *run, text canonical, uint16_t in, bool *ret_was)
{
    if (!run->seen) {
        run->seen = arena_zalloc(run->arena, 1, sizeof *run->seen);
        if (!run->seen) {
            return no_memory(run->e);
        }
        random_bytes(&run->seen->key, sizeof run->seen->key);
    }
    size_t at = hash_text(run->seen->key, canonical) % SEEN_BUCKETS;
    *ret_was = true;
    for (const struct seen *s = run->seen->buckets[at]; s; s = s->next) {
        if (s->in == in && text_eq(s->canonical, canonical)) {
            return 0;
        }
    }
    struct seen *seen = arena_alloc(run->arena, sizeof *seen);
    if (!seen) {
        return no_memory(run->e);
    }
    *seen = (struct seen){run->seen->buckets[at], canonical, in};
    run->seen->buckets[at] = seen;
    *ret_was = false;
    return 0;
}

int profile_unknown(struct profile_run *run, const struct path_node *at, text canonical)
{
    struct err why = {0};
    const struct profile *ignored;
    uint16_t in = at->parent ? at->parent->type : MODEL_NONE;
    if (run->options.no_unknown || run->options.no_warnings || run->silent) {
        return 0;
    }
    bool was = false;
    int rc = say_once(run, canonical, in, &was);
    if (rc || was) {
        return rc;
    }
    rc = run->defs ? defs_profile(run->defs, canonical, &ignored, &why) : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND && at->type == MODEL_EXTENSION) {
        profile_issue(run, ISSUE_WARNING, ERR_EXTENSION, at,
                      "the extension %.*s was not checked: its definition is not here; load the "
                      "package that has it",
                      TEXT_ARG(text_short(canonical, 300)));
        return 0;
    }
    profile_issue(run, ISSUE_WARNING, at->type == MODEL_EXTENSION ? ERR_EXTENSION : ERR_NOT_FOUND,
                  at, "this is not checked against its definition %.*s: %s",
                  TEXT_ARG(text_short(canonical, 300)), rc ? err_text(&why) : "try again");
    return 0;
}

/* --- on a node ----------------------------------------------------------------------------------
 */

static bool is_of_type(const struct profile *p, const struct path_node *node)
{
    uint16_t type = profile_model_of(p->type);
    return type == MODEL_NONE || type == node->type ||
           (type == MODEL_RESOURCE && profile_is_resource(node->type)) ||
           (text_eq(p->type, T("Resource")) && profile_is_resource(node->type)) ||
           type == MODEL_ELEMENT;
}

int profile_apply(struct profile_run *run, const struct profile *p, const struct path_node *node)
{
    const struct path_node *outer = run->resource;
    bool is_resource = profile_is_resource(node->type);
    if (run->spares && p->root->is_spare) {
        return 0;
    }
    if (is_resource && !is_of_type(p, node)) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "a %.*s stands here; the profile %.*s is of the type %.*s",
                      TEXT_ARG(fhir_type_name((fhir_type)node->type)), TEXT_ARG(p->url),
                      TEXT_ARG(p->type));
        return 0;
    }
    run->resource = is_resource ? node : outer;
    int rc = profile_element_check(run, p, p->root, node);
    run->resource = outer;
    return rc;
}

/* A silent run of its own; what it takes counts in the one that asks. */
static struct profile_run silent_run(const struct profile_run *run)
{
    struct profile_run quiet = *run;
    quiet.silent = true;
    quiet.issues = NULL;
    quiet.errors = 0;
    return quiet;
}

int profile_try(struct profile_run *run, const struct profile *p, const struct path_node *node,
                bool *ret_conforms)
{
    struct profile_run quiet = silent_run(run);
    int rc = profile_apply(&quiet, p, node);
    run->steps = quiet.steps;
    run->seen = quiet.seen;
    *ret_conforms = !quiet.errors;
    return rc;
}

int profile_try_element(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *node,
                        bool *ret_conforms)
{
    struct profile_run quiet = silent_run(run);
    int rc = profile_element_check(&quiet, p, el, node);
    run->steps = quiet.steps;
    *ret_conforms = !quiet.errors;
    return rc;
}

/* The resource that a node is in, and the outermost of those but for bundles and parameters. */
static const struct path_node *outermost(const struct path_node *node)
{
    const struct path_node *found = NULL;
    for (const struct path_node *n = node; n; n = n->parent) {
        if (!profile_is_resource(n->type)) {
            continue;
        }
        bool is_holder = n->type == FHIR_BUNDLE || n->type == FHIR_PARAMETERS;
        if (found && is_holder) {
            break;
        }
        found = n;
    }
    return found;
}

static const struct path_node *resource_of(const struct path_node *node)
{
    while (node && !profile_is_resource(node->type)) {
        node = node->parent;
    }
    return node;
}

int profile_check(struct profile_run *run, const struct profile *p, const struct path_node *at)
{
    const struct path_node *root = run->root;
    const struct path_node *resource = run->resource;
    run->root = root ? root : outermost(at);
    run->resource = resource ? resource : resource_of(at);
    int rc = profile_apply(run, p, at);
    run->root = root;
    run->resource = resource;
    return rc;
}

int profile_conforms(struct profile_run *run, const struct profile *p, const struct path_node *at,
                     bool *ret_does)
{
    struct profile_run quiet = silent_run(run);
    const struct profile *base = NULL;
    quiet.root = outermost(at);
    quiet.resource = resource_of(at);
    int rc = 0;
    if (!p->is_base && profile_is_resource(at->type) && run->defs) {
        rc = defs_profile(run->defs, fhir_type_name((fhir_type)at->type), &base, run->e);
        rc = rc ? rc : profile_apply(&quiet, base, at);
    }
    if (!rc && !quiet.errors) {
        rc = profile_apply(&quiet, p, at);
    }
    run->steps = quiet.steps;
    if (!rc) {
        *ret_does = !quiet.errors;
    }
    return rc;
}
