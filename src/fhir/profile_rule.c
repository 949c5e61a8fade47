/* Invariants (R4 conformance-rules.html#constraints): compiled, asked, told. */
#include "fhir/profile_rule.h"

#include "base/clock.h"

enum { HUMAN_MOST = 500, SHOWN_MOST = 200, STEPS_RULE = 5 * 1000 * 1000 };

struct profile_rule {
    text key;
    text words; /* the expression where there are none */
    text source;
    bool is_told; /* the words are words */
    bool is_error;
    bool is_practice;  /* good practice: said once of a resource and all that is in it */
    bool is_contained; /* dom-3, which walks the whole resource */
    bool is_narrative; /* txt-1, txt-2: one expression for two rules */
    const struct path *path;
    const struct native_term *native; /* NULL: the engine alone */
};

/* --- compiling ----------------------------------------------------------------------------- */

/* What every element or resource has, and resource_check() holds. */
static bool is_held(text expression)
{
    static const text held[] = {
        T("hasValue() or (children().count() > id.count())"), /* ele-1 */
        T("hasValue() | (children().count() > id.count())"),
        T("hasValue() or (children().count() > id.count()) or $this is Parameters"),
        T("extension.exists() != value.exists()"), /* ext-1 */
        T("contained.contained.empty()"),          /* dom-2 */
        T("contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()"),
        T("contained.meta.security.empty()"), /* dom-5 */
        T("reference.startsWith('#').not() or (reference.substring(1).trace('url') in "
          "%rootResource.contained.id.trace('ids'))"), /* ref-1 */
    };
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        if (text_eq(expression, held[i])) {
            return true;
        }
    }
    return false;
}

static const text contained_expression =
    T("contained.where((('#'+id in (%resource.descendants().reference | "
      "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
      "%resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
      "descendants().where(as(canonical) = '#').exists() or "
      "descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()");

static text member(const yyjson_val *constraint, text name)
{
    return json_text(json_get(constraint, name));
}

int profile_rule_compile(const yyjson_val *constraint, text source, struct arena *a,
                         const struct profile_rule **ret_rule, struct err *e)
{
    text expression = member(constraint, T("expression"));
    text key = member(constraint, T("key"));
    if (!expression.n || is_held(expression)) {
        *ret_rule = NULL;
        return 0;
    }
    struct profile_rule *rule = arena_alloc(a, sizeof *rule);
    if (!rule) {
        return err_set(e, ERR_MEMORY, "no memory for the rule %.*s", TEXT_ARG(text_short(key, 64)));
    }
    text own = member(constraint, T("source"));
    text words = profile_rule_words(key, own.n ? own : source);
    words = words.n ? words : member(constraint, T("human"));
    *rule = (struct profile_rule){
        .key = key,
        .words = words.n ? words : expression,
        .is_told = words.n > 0,
        .source = own.n ? own : source,
        .is_error = !text_eq(member(constraint, T("severity")), T("warning")),
        .is_practice = text_eq(expression, T("text.`div`.exists()")) ||
                       text_eq(expression, T("name.matches('[A-Z]([A-Za-z0-9_]){0,254}')")),
        .is_contained = text_eq(expression, contained_expression),
        .is_narrative = text_eq(expression, T("htmlChecks()")),
    };
    struct err fault = {.code = 0};
    int code = path_compile(profile_rule_corrected(expression), a, &rule->path, &fault);
    if (code == ERR_MEMORY) {
        return err_set(e, code, "no memory for the rule %.*s", TEXT_ARG(text_short(key, 64)));
    }
    if (code) {
        return err_set(e, ERR_INVALID, "the expression of the constraint %.*s of %.*s: %s",
                       TEXT_ARG(text_short(key, 64)), TEXT_ARG(text_short(source, SHOWN_MOST)),
                       err_text(&fault));
    }
    rule->native = native_compile(rule->path, a);
    *ret_rule = rule;
    return 0;
}

bool profile_rule_is_error(const struct profile_rule *rule)
{
    return rule->is_error;
}

/* --- asking -------------------------------------------------------------------------------- */

static struct path_item item_of(const struct path_node *node)
{
    struct path_item item = {.kind = node ? PATH_NODE : PATH_NOTHING};
    item.u.node = node;
    return item;
}

static enum native_truth ask_native(const struct profile_run *run, const struct profile_rule *rule,
                                    const struct path_node *at)
{
    struct native_run native = {
        .context = at,
        .resource = run->resource,
        .root = run->root,
        .arena = run->arena,
        .work = NATIVE_WORK,
    };
    return native_eval(&native, rule->native, at);
}

/* One boolean as it is, one of anything else is true, none is no finding. */
static int truth_of(const struct path_items *items, enum native_truth *ret, struct err *e)
{
    struct path_item plain;
    if (items->count > 1) {
        return err_set(e, ERR_INVALID, "a rule has one result, but this one has %zu here",
                       items->count);
    }
    bool has = items->count && path_plain(items->items, &plain);
    bool is_boolean = items->count && items->items[0].kind == PATH_NODE &&
                      items->items[0].u.node->type == MODEL_BOOLEAN;
    if (!items->count || (is_boolean && !has)) {
        *ret = NATIVE_EMPTY;
    } else if (has && plain.kind == PATH_BOOLEAN) {
        *ret = plain.u.boolean ? NATIVE_TRUE : NATIVE_FALSE;
    } else {
        *ret = NATIVE_TRUE;
    }
    return 0;
}

static int ask_engine(struct profile_run *run, const struct profile_rule *rule,
                      const struct path_node *at, enum native_truth *ret, struct err *e)
{
    struct path_env env = {
        .world = run->world,
        .resource = item_of(run->resource),
        .root = item_of(run->root),
        .now_ms = profile_now(run),
        .as_of_many = true, /* as the invariants of R4 are written */
        .limits = path_limits_default(),
    };
    env.limits.steps = STEPS_RULE;
    env.limits.deadline = run->deadline;
    struct path_item item = item_of(at);
    const struct path_items focus = {&item, 1};
    struct path_items items;
    struct arena_mark mark = arena_mark(run->arena);
    int code = path_eval(rule->path, &env, &focus, run->arena, &items, e);
    if (!code) {
        code = truth_of(&items, ret, e);
    }
    arena_rewind(run->arena, mark);
    return code;
}

/* --- telling ------------------------------------------------------------------------------- */

/* Every resource may lack what is good practice only: once is enough for all that are in one. */
static bool is_said(const struct profile_run *run, const struct profile_rule *rule)
{
    for (size_t i = 0; run->issues && i < run->issues->count; i++) {
        const struct issue *one = &run->issues->items[i];
        if (one->severity == ISSUE_WARNING && text_starts(one->details, rule->key) &&
            text_starts(text_from(one->details, rule->key.n), T(": "))) {
            return true;
        }
    }
    return false;
}

static void say_broken(struct profile_run *run, const struct profile_rule *rule,
                       const struct path_node *at)
{
    bool is_base = profile_rule_is_base(rule->source);
    if (rule->is_practice && is_said(run, rule)) {
        return;
    }
    profile_issue(run, rule->is_error ? ISSUE_ERROR : ISSUE_WARNING, ERR_INVARIANT, at,
                  "%.*s%s: %.*s%s%.*s%s", TEXT_ARG(text_short(rule->key, 64)),
                  rule->is_told ? "" : " does not hold",
                  TEXT_ARG(text_short(rule->words, HUMAN_MOST)), is_base ? "" : " (a rule of ",
                  TEXT_ARG(is_base ? T("") : text_short(rule->source, SHOWN_MOST)),
                  is_base ? "" : ")");
}

/* What the engine could not do is no fault of the resource; but that nobody has looked is said. */
static int say_unknown(struct profile_run *run, const struct profile_rule *rule,
                       const struct path_node *at, int code, const struct err *fault)
{
    bool is_late = run->deadline && code == ERR_TOO_COSTLY && clock_mono_ns() > run->deadline;
    if (code == ERR_MEMORY || is_late) {
        return err_set(run->e, code, "%s", err_text(fault));
    }
    profile_issue(run, ISSUE_WARNING, code == ERR_TOO_COSTLY ? code : ERR_NOT_SUPPORTED, at,
                  "%.*s was not checked: %s", TEXT_ARG(text_short(rule->key, 64)), err_text(fault));
    return 0;
}

int profile_rule_check(struct profile_run *run, const struct profile_rule *rule,
                       const struct path_node *at)
{
    if (!rule->is_error && (run->silent || run->options.no_warnings)) {
        return 0;
    }
    enum native_truth truth = rule->native ? ask_native(run, rule, at) : NATIVE_UNSURE;
    if (truth == NATIVE_UNSURE && rule->is_contained) {
        truth = profile_rule_contained(run, at);
    } else if (rule->is_narrative && at->type == MODEL_XHTML && at->value) {
        truth = profile_rule_narrative(json_text(at->value), text_eq(rule->key, T("txt-2")));
    }
    if (truth == NATIVE_UNSURE) {
        struct err fault = {.code = 0};
        int code = ask_engine(run, rule, at, &truth, &fault);
        if (code) {
            return say_unknown(run, rule, at, code, &fault);
        }
    }
    if (truth == NATIVE_FALSE) {
        say_broken(run, rule, at);
    }
    return profile_step(run);
}
