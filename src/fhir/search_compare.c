/*
 * The operations of _filter (R4 search_filter.html) on one parameter.
 *
 * Values are never case-sensitive there: a string is compared in its folded form, and eq means the
 * whole of it. "ne" means that there is a value that differs, which is not the same as no value
 * that is equal; where entries cannot say the first, "not (... eq ...)" says the second. Strings
 * and tokens have no order here.
 */
#include "fhir/search_parse.h"

#include <stdio.h>

enum operation {
    OPERATION_EQ,
    OPERATION_NE,
    OPERATION_GT,
    OPERATION_LT,
    OPERATION_GE,
    OPERATION_LE,
    OPERATION_SA,
    OPERATION_EB,
    OPERATION_AP,
    OPERATION_PO,
    OPERATION_CO,
    OPERATION_SW,
    OPERATION_EW,
    OPERATION_PR,
    OPERATION_SS,
    OPERATION_SB,
    OPERATION_IN,
    OPERATION_RE,
    OPERATIONS
};

/* The first ones in the order of enum search_prefix. */
static const char *const operations[OPERATIONS] = {"eq", "ne", "gt", "lt", "ge", "le",
                                                   "sa", "eb", "ap", "po", "co", "sw",
                                                   "ew", "pr", "ss", "sb", "in", "re"};

#define OP(name) (1u << OPERATION_##name)
#define ORDERED \
    (OP(EQ) | OP(NE) | OP(GT) | OP(LT) | OP(GE) | OP(LE) | OP(SA) | OP(EB) | OP(AP) | OP(PR))

static uint32_t fitting(const struct search_param *param)
{
    if (text_eq(param->name, T("_id"))) {
        return OP(EQ) | OP(NE) | OP(PR);
    }
    if (text_eq(param->name, T("_text")) || text_eq(param->name, T("_content"))) {
        return OP(CO);
    }
    switch ((enum search_type)param->type) {
    case SEARCH_NUMBER:
    case SEARCH_QUANTITY:
        return ORDERED;
    case SEARCH_DATE:
        return ORDERED | OP(PO);
    case SEARCH_STRING:
        return OP(EQ) | OP(NE) | OP(CO) | OP(SW) | OP(EW) | OP(PR);
    case SEARCH_TOKEN:
        return OP(EQ) | OP(NE) | OP(PR) | OP(SS) | OP(SB) | OP(IN);
    case SEARCH_REFERENCE:
        return OP(EQ) | OP(RE) | OP(PR);
    case SEARCH_URI:
        return OP(EQ) | OP(NE) | OP(SW) | OP(PR);
    case SEARCH_COMPOSITE:
        return OP(EQ);
    case SEARCH_SPECIAL:
        return OP(EQ) | OP(PR);
    }
    return 0;
}

static int not_fitting(struct search_reader *r, const struct search_param *param, text operation)
{
    char names[120] = "";
    size_t n = 0;
    uint32_t fits = fitting(param);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        if (fits >> i & 1) {
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
                                  operations[i]);
        }
    }
    return search_bad(r, "'%.*s' is not an operation on '%.*s'; it takes %s%s",
                      TEXT_ARG(text_short(operation, 20)), TEXT_ARG(param->name), names,
                      text_eq(operation, T("ne")) ? "; write not (... eq ...)" : "");
}

/* Every entry that is not this one: those before it and those after it. */
static int but_value(struct search_reader *r, const struct search_about *about, text value,
                     struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_RANGE);
    text behind = arena_copy(r->arena, value); /* ends in a NUL of its own */
    if (!behind.p) {
        return search_no_memory(r->e);
    }
    node.low = T("\x02"); /* behind the marks of elements without a value */
    node.high = value;
    int code = search_add(r, PLAN_OR, out, &node);
    node.low = text_make(behind.p, value.n + 1);
    node.high = T("");
    return code ? code : search_add(r, PLAN_OR, out, &node);
}

/* eq and ne: of the whole form that an entry has. */
static int whole_value(struct search_reader *r, const struct search_about *about, text value,
                       bool equal, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_VALUE);
    if (about->param->type == SEARCH_URI) {
        node.value = index_uri(value, r->arena);
    } else {
        text folded = index_fold(index_beginning(value), r->arena);
        node.value = folded.p ? index_shorten(folded, r->arena) : folded;
    }
    if (!node.value.p) {
        return search_no_memory(r->e);
    }
    if (node.value.n == 0) {
        return search_bad(r, "a value of punctuation alone is equal to none");
    }
    return equal ? search_add(r, PLAN_OR, out, &node) : but_value(r, about, node.value, out);
}

static int string_value(struct search_reader *r, struct search_about *about,
                        enum operation operation, text value, struct search_nodes *out)
{
    text escaped = search_escape(value, r->arena);
    if (!escaped.p) {
        return search_no_memory(r->e);
    }
    switch (operation) {
    case OPERATION_CO:
        return search_value_contains(r, about, escaped, out);
    case OPERATION_SW:
        return search_value(r, about, escaped, out);
    case OPERATION_EW:
        return search_value_ends(r, about, escaped, out);
    default:
        return whole_value(r, about, value, operation == OPERATION_EQ, out);
    }
}

/* A code that is another one: entries of tokens cannot be asked for all but one, the resource can.
 */
static int other_token(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out)
{
    struct plan_node check = search_leaf(about, PLAN_CHECK), other, node;
    struct plan_node candidates = search_leaf(about, PLAN_EXISTS);
    struct search_nodes equal = {0};
    check.check = CHECK_PARAM;
    check.checked = about->param;
    int code = search_value(r, about, value, &equal);
    other = search_join(about->type, PLAN_OR, &equal);
    code = code ? code : search_negate(r, &other);
    code = code ? code : search_wrap(r, &check, &candidates, &other, &node);
    return code ? code : search_add(r, PLAN_OR, out, &node);
}

static int token_value(struct search_reader *r, struct search_about *about,
                       enum operation operation, text value, struct search_nodes *out)
{
    switch (operation) {
    case OPERATION_IN:
        return search_value_members(r, about, value, out);
    case OPERATION_SS: /* the value is above the concept */
        return search_value_related(r, about, false, value, out);
    case OPERATION_SB:
        return search_value_related(r, about, true, value, out);
    case OPERATION_NE:
        return other_token(r, about, value, out);
    default:
        return search_value(r, about, value, out);
    }
}

static int one_part(struct search_reader *r, struct search_about *about, enum operation operation,
                    text value, struct search_nodes *out)
{
    if (text_eq(about->param->name, T("_id"))) {
        return search_value(r, about, value, out);
    }
    switch ((enum search_type)about->param->type) {
    case SEARCH_NUMBER:
    case SEARCH_QUANTITY:
    case SEARCH_DATE:
        return search_value_ordered(r, about, (enum search_prefix)operation, value, out);
    case SEARCH_STRING:
        if (text_eq(about->param->name, T("_text")) || text_eq(about->param->name, T("_content"))) {
            return search_value(r, about, value, out);
        }
        return string_value(r, about, operation, value, out);
    case SEARCH_TOKEN:
        return token_value(r, about, operation, value, out);
    case SEARCH_URI:
        if (operation == OPERATION_SW) {
            return search_value_uri_start(r, about, value, out);
        }
        return whole_value(r, about, value, operation == OPERATION_EQ, out);
    case SEARCH_REFERENCE:
    case SEARCH_COMPOSITE:
    case SEARCH_SPECIAL:
        break;
    }
    return about->param->composite ? search_value_composite(r, about, value, out)
                                   : search_value(r, about, value, out);
}

static int present(struct search_reader *r, const struct search_about *about, text value,
                   struct plan_node *ret)
{
    bool is_true = text_eq(value, T("true"));
    if (!is_true && !text_eq(value, T("false"))) {
        return search_bad(r, "behind 'pr' true or false should stand, not '%.*s'",
                          TEXT_ARG(text_short(value, 64)));
    }
    return search_missing(r, about, !is_true, ret);
}

static int find_operation(struct search_reader *r, text name, enum operation *ret)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        if (text_eq(name, text_of(operations[i]))) {
            *ret = (enum operation)i;
            return 0;
        }
    }
    return search_bad(r,
                      "'%.*s' is not an operation: eq, ne, co, sw, ew, gt, lt, ge, le, ap, sa, eb, "
                      "pr, po, ss, sb, in or re",
                      TEXT_ARG(text_short(name, 20)));
}

int search_compare(struct search_reader *r, fhir_type type, text name, text operation, text value,
                   struct plan_node *ret)
{
    struct search_about about = {.type = type};
    struct search_nodes any = {0};
    enum operation op = OPERATION_EQ;
    int code = find_operation(r, operation, &op);
    code = code ? code : search_find(r, type, name, &about.param);
    if (code) {
        return code;
    }
    if (!(fitting(about.param) >> op & 1)) {
        return not_fitting(r, about.param, operation);
    }
    if (op == OPERATION_PR) {
        return present(r, &about, value, ret);
    }
    if (value.n == 0) {
        return search_bad(r, "the value is empty");
    }
    for (size_t i = 0; code == 0; i++) {
        struct search_about part = {.type = type, .param = search_part(r, about.param, i)};
        if (!part.param) {
            break;
        }
        code = one_part(r, &part, op, value, &any);
    }
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_OR, &any);
    bool opposite = op == OPERATION_NE && text_eq(about.param->name, T("_id"));
    return opposite ? search_negate(r, ret) : 0;
}
