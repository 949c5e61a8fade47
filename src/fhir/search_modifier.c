/* Modifiers (R4 search.html#modifiers). */
#include "fhir/search_parse.h"

#include <stdio.h>

/* Letters of the types of parameter that each one fits. */
static const struct {
    const char *name;
    enum search_modifier modifier;
    uint16_t types;
} modifiers[] = {
#define BIT(type) (1u << SEARCH_##type)
    {"missing", MODIFIER_MISSING,
     BIT(NUMBER) | BIT(DATE) | BIT(STRING) | BIT(TOKEN) | BIT(REFERENCE) | BIT(QUANTITY) |
         BIT(URI) | BIT(SPECIAL)},
    {"exact", MODIFIER_EXACT, BIT(STRING)},
    {"contains", MODIFIER_CONTAINS, BIT(STRING)},
    {"text", MODIFIER_TEXT, BIT(TOKEN)},
    {"not", MODIFIER_NOT, BIT(TOKEN)},
    {"above", MODIFIER_ABOVE, BIT(TOKEN) | BIT(URI)},
    {"below", MODIFIER_BELOW, BIT(TOKEN) | BIT(URI)},
    {"in", MODIFIER_IN, BIT(TOKEN)},
    {"not-in", MODIFIER_NOT_IN, BIT(TOKEN)},
    {"of-type", MODIFIER_OF_TYPE, BIT(TOKEN)},
    {"identifier", MODIFIER_IDENTIFIER, BIT(REFERENCE)},
    {"ofType", MODIFIER_OF_TYPE, BIT(TOKEN)}, /* R4's list of codes spells it so */
#undef BIT
};
enum { MODIFIERS = sizeof(modifiers) / sizeof(modifiers[0]), LISTED = MODIFIERS - 1 };

/* The union's parts know whether they are of identifiers. */
static bool of_identifiers(const struct search_reader *r, const struct search_param *param)
{
    const struct search_param *part = NULL;
    for (size_t i = 0; (part = search_part(r, param, i)); i++) {
        if (part->identifiers) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct search_reader *r, const struct search_param *param, unsigned at)
{
    enum search_modifier m = modifiers[at].modifier;
    if (text_eq(param->name, T("_text")) || text_eq(param->name, T("_content"))) {
        return false;
    }
    if (text_eq(param->name, T("_id"))) {
        return m == MODIFIER_NOT || m == MODIFIER_MISSING;
    }
    if (m == MODIFIER_OF_TYPE && !of_identifiers(r, param)) {
        return false;
    }
    return modifiers[at].types >> param->type & 1;
}

static int not_fitting(struct search_reader *r, const struct search_param *param, text modifier)
{
    char names[300] = "";
    size_t n = 0;
    for (unsigned i = 0; i < LISTED; i++) {
        if (fits(r, param, i)) {
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
                                  modifiers[i].name);
        }
    }
    if (param->type == SEARCH_REFERENCE) {
        snprintf(names + n, sizeof(names) - n, " and a resource type, as in subject:Patient=23");
    }
    if (names[0] == '\0') {
        return search_bad(r, "'%.*s' is not a modifier of this parameter; it takes none",
                          TEXT_ARG(text_short(modifier, 64)));
    }
    return search_bad(r, "'%.*s' is not a modifier of this parameter; it takes %s",
                      TEXT_ARG(text_short(modifier, 64)), names);
}

int search_modifier_read(struct search_reader *r, const struct search_param *param, text modifier,
                         struct search_about *about)
{
    for (unsigned i = 0; i < MODIFIERS; i++) {
        if (text_eq(modifier, text_of(modifiers[i].name))) {
            about->modifier = modifiers[i].modifier;
            return fits(r, param, i) ? 0 : not_fitting(r, param, modifier);
        }
    }
    about->target = fhir_type_of(modifier);
    if (param->type != SEARCH_REFERENCE || !about->target) {
        return not_fitting(r, param, modifier);
    }
    if (!search_may_target(param, about->target)) {
        return search_bad(r, "%.*s never refers to a %.*s", TEXT_ARG(param->name),
                          TEXT_ARG(modifier));
    }
    about->modifier = MODIFIER_TYPE;
    return 0;
}

/* --- string -------------------------------------------------------------------------------- */

/* A CHECK of the parameter over a plan that finds its candidates. */
static int add_check(struct search_reader *r, const struct search_about *about,
                     enum plan_check check, text value, const struct plan_node *candidates,
                     struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_CHECK), whole;
    node.check = check;
    node.checked = about->param;
    node.value = value;
    int code = search_wrap(r, &node, candidates, NULL, &whole);
    return code ? code : search_add(r, PLAN_OR, out, &whole);
}

int search_value_exact(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out)
{
    struct plan_node candidates = search_leaf(about, PLAN_EXISTS);
    text plain = search_unescape(value, r->arena);
    text folded = plain.p ? index_fold(plain, r->arena) : plain;
    if (!folded.p) {
        return search_no_memory(r->e);
    }
    if (folded.n) { /* else punctuation alone, of which entries say nothing */
        candidates.kind = PLAN_RANGE;
        candidates.low = text_first(folded, INDEX_VALUE_MAX - 32);
        candidates.high = search_successor(candidates.low, r->arena);
        if (!candidates.high.p) {
            return search_no_memory(r->e);
        }
    }
    return add_check(r, about, CHECK_EXACT, plain, &candidates, out);
}

static int contains(struct search_reader *r, const struct search_about *about, bool at_end,
                    text value, struct search_nodes *out)
{
    struct plan_node candidates = search_leaf(about, PLAN_RANGE), check, whole;
    text folded = search_folded(value, r->arena);
    if (!folded.p) {
        return search_no_memory(r->e);
    }
    if (folded.n == 0) {
        return 0;
    }
    candidates.low = candidates.high = T("");
    candidates.test = PLAN_TEST_CONTAINS;
    candidates.value = folded;
    check = search_leaf(about, PLAN_CHECK);
    check.check = CHECK_CONTAINS;
    check.checked = about->param;
    check.value = folded;
    check.at_end = at_end;
    int code = search_wrap(r, &check, &candidates, NULL, &whole);
    return code ? code : search_add(r, PLAN_OR, out, &whole);
}

int search_value_contains(struct search_reader *r, const struct search_about *about, text value,
                          struct search_nodes *out)
{
    return contains(r, about, false, value, out);
}

int search_value_ends(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out)
{
    return contains(r, about, true, value, out);
}

/* --- token --------------------------------------------------------------------------------- */

int search_value_text(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out)
{
    struct plan_node candidates =
        search_leaf(about, about->param->identifiers ? PLAN_EXISTS : PLAN_TEXT);
    text folded = search_folded(value, r->arena);
    if (!folded.p) {
        return search_no_memory(r->e);
    }
    if (folded.n == 0) {
        return 0;
    }
    if (candidates.kind == PLAN_TEXT) {
        candidates.value = folded;
    }
    return add_check(r, about, CHECK_TEXT, folded, &candidates, out);
}

/* system|code|value: Identifier.type and Identifier.value */
int search_value_of_type(struct search_reader *r, const struct search_about *about, text value,
                         struct search_nodes *out)
{
    text rest = value, system, code, number = T(""), extra;
    search_cut(&rest, '|', &system);
    bool whole = search_cut(&rest, '|', &code) && rest.p && search_cut(&rest, '|', &number) &&
                 !search_cut(&rest, '|', &extra);
    if (!whole || system.n == 0 || code.n == 0 || number.n == 0) {
        return search_bad(r,
                          "'%.*s' is not system|code|value: the coding of Identifier.type, then "
                          "Identifier.value",
                          TEXT_ARG(text_short(value, 200)));
    }
    struct plan_node check = search_leaf(about, PLAN_CHECK), node;
    struct plan_node candidates = search_leaf(about, PLAN_TOKEN);
    check.check = CHECK_OF_TYPE;
    check.checked = about->param;
    check.system = search_unescape(system, r->arena);
    check.value = search_unescape(code, r->arena);
    check.code = search_unescape(number, r->arena);
    if (!check.system.p || !check.value.p || !check.code.p) {
        return search_no_memory(r->e);
    }
    candidates.value = index_code(check.code, r->arena);
    candidates.system = T("");
    if (!candidates.value.p) {
        return search_no_memory(r->e);
    }
    int result = search_wrap(r, &check, &candidates, NULL, &node);
    return result ? result : search_add(r, PLAN_OR, out, &node);
}

/* --- terminologies ------------------------------------------------------------------------- */

static int add_codes(struct search_reader *r, const struct search_about *about,
                     const struct search_codes *codes, struct search_nodes *out)
{
    int code = 0;
    for (size_t i = 0; i < codes->count && code == 0; i++) {
        struct search_token token = {.system =
                                         codes->items[i].system.n ? codes->items[i].system : T(""),
                                     .code = codes->items[i].code.n ? codes->items[i].code : T("")};
        token.mode = token.system.n ? PLAN_SYSTEM_GIVEN : PLAN_SYSTEM_ANY;
        if (++r->codes > SEARCH_CODES_MAX) {
            return search_over(r,
                               "the value sets of the query have more than %d codes; ask for "
                               "smaller ones",
                               SEARCH_CODES_MAX);
        }
        if (token.code.n || token.system.n) {
            code = search_token_add(r, about, &token, out);
        }
    }
    return code;
}

/* What the terminology says is told with the name of the parameter in front. */
static int of_terms(struct search_reader *r, int code, const struct err *e)
{
    return code ? search_fail(r, code, "%s", err_text(e)) : 0;
}

static int no_terms(struct search_reader *r)
{
    return search_fail(r, ERR_NOT_SUPPORTED,
                       "no code systems or value sets are kept here; list the codes themselves, "
                       "with commas between them");
}

int search_value_members(struct search_reader *r, const struct search_about *about, text value,
                         struct search_nodes *out)
{
    struct search_codes codes = {0};
    struct err e = {0};
    text url = search_unescape(value, r->arena);
    if (!url.p) {
        return search_no_memory(r->e);
    }
    if (!r->q->terms || !r->q->terms->members) {
        return no_terms(r);
    }
    int code =
        of_terms(r, r->q->terms->members(r->q->terms->context, url, r->arena, &codes, &e), &e);
    return code ? code : add_codes(r, about, &codes, out);
}

int search_value_related(struct search_reader *r, const struct search_about *about, bool above,
                         text value, struct search_nodes *out)
{
    struct search_token token;
    struct search_codes codes = {0};
    struct err e = {0};
    int code = search_token_read(r, value, &token);
    if (code) {
        return code;
    }
    if (token.code.n == 0 || token.mode == PLAN_SYSTEM_NONE) {
        return search_bad(r, "'%.*s' has no place in a hierarchy: write system|code",
                          TEXT_ARG(text_short(value, 200)));
    }
    if (!r->q->terms || !r->q->terms->related) {
        return no_terms(r);
    }
    code = r->q->terms->related(r->q->terms->context, token.system, token.code, above, r->arena,
                                &codes, &e);
    code = of_terms(r, code, &e);
    return code ? code : add_codes(r, about, &codes, out);
}
