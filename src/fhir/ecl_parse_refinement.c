#include "fhir/ecl_int.h"

/* [0..1], [1..*], [1 to many] */
static void parse_cardinality(struct ecl_parser *p, struct ecl_refinement *r)
{
    uint32_t *bounds[2] = {&r->least, &r->most};
    for (size_t i = 0; i < 2 && !p->rc; i++) {
        ecl_space(p);
        text rest = text_from(p->source, p->at);
        size_t n = 0;
        uint64_t value = 0;
        while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9') {
            n++;
        }
        if (i == 1 && (ecl_token(p, "*") || ecl_word(p, "many"))) {
            r->most = ECL_MANY;
        } else if (n && n < 7 && text_to_u64(text_first(rest, n), &value)) {
            *bounds[i] = (uint32_t)value;
            p->at += n;
        } else {
            (void)ecl_wrong(p, ERR_INVALID, "a number must stand here, as in [0..1] or [1..*]");
        }
        if (!p->rc && i == 0 && !ecl_token(p, "..") && !ecl_word(p, "to")) {
            (void)ecl_wrong(p, ERR_INVALID, ".. must stand here, as in [0..1]");
        }
    }
    if (!p->rc && !ecl_token(p, "]")) {
        (void)ecl_wrong(p, ERR_INVALID, "] must stand here");
    }
    if (!p->rc && r->least > r->most) {
        (void)ecl_wrong(p, ERR_INVALID, "the cardinality must not end before it begins");
    }
}

static void parse_number(struct ecl_parser *p, struct ecl_refinement *r)
{
    text rest = text_from(p->source, p->at);
    size_t n = rest.n && (rest.p[0] == '-' || rest.p[0] == '+');
    size_t digits = 0;
    size_t dots = 0;
    for (; n < rest.n; n++) {
        bool digit = rest.p[n] >= '0' && rest.p[n] <= '9';
        bool dot = rest.p[n] == '.' && digits && !dots;
        if (!digit && !dot) {
            break;
        }
        digits += digit;
        dots += dot;
    }
    if (!digits || digits > 40 || rest.p[n - 1] == '.') {
        (void)ecl_wrong(p, ERR_INVALID, "a number must stand behind #");
        return;
    }
    r->value_kind = ECL_VALUE_NUMBER;
    r->literal = text_first(rest, n);
    p->at += n;
}

/* A set of texts opens with a bracket too: ("a" "b"). */
static bool strings_follow(struct ecl_parser *p)
{
    if (ecl_peek(p, "\"") || ecl_peek(p, "match:") || ecl_peek(p, "wild:")) {
        return true;
    }
    size_t at = p->at;
    bool set =
        ecl_token(p, "(") && (ecl_peek(p, "\"") || ecl_peek(p, "match:") || ecl_peek(p, "wild:"));
    p->at = at;
    return set;
}

static void parse_value(struct ecl_parser *p, struct ecl_refinement *r)
{
    bool ordered = r->comparison != ECL_EQUAL && r->comparison != ECL_NOT_EQUAL;
    if (ecl_token(p, "#")) {
        parse_number(p, r);
    } else if (ordered) {
        (void)ecl_wrong(p, ERR_INVALID, "a number such as #5 must stand behind <, <=, > and >=");
    } else if (strings_follow(p)) {
        r->value_kind = ECL_VALUE_STRINGS;
        r->strings = ecl_parse_strings(p);
    } else if (ecl_word(p, "true") || ecl_word(p, "false")) {
        r->value_kind = ECL_VALUE_BOOLEAN;
        r->literal = (p->source.p[p->at - 2] | 0x20) == 'u' ? T("true") : T("false");
    } else {
        r->value_kind = ECL_VALUE_EXPRESSION;
        r->value = ecl_parse_sub(p);
    }
}

static void parse_attribute(struct ecl_parser *p, struct ecl_refinement *r)
{
    r->kind = ECL_REF_ATTRIBUTE;
    r->leaf = p->leaves++;
    r->reverse = ecl_word(p, "R") || ecl_word(p, "reverseOf");
    r->name = ecl_parse_sub(p);
    if (r->name && !ecl_comparison(p, &r->comparison)) {
        (void)ecl_wrong(p, ERR_INVALID, "= or another comparison must stand here");
    }
    if (!p->rc) {
        parse_value(p, r);
    }
    if (!p->rc && r->reverse && r->value_kind != ECL_VALUE_EXPRESSION) {
        (void)ecl_wrong(p, ERR_INVALID, "an attribute that is reversed has concepts as its values");
    }
}

/*
 * An opening bracket begins either the name of an attribute, (a OR b) = c, or a refinement in
 * brackets, (a = c OR b = d): what stands behind the closing one tells.
 */
static bool bracket_is_name(const struct ecl_parser *p)
{
    size_t depth = 0;
    char closes = 0;
    for (size_t i = p->at; i < p->source.n; i++) {
        char c = p->source.p[i];
        if (closes) {
            i += c == '\\' && closes == '"';
            closes = c == closes ? 0 : closes;
        } else if (c == '"' || c == '|') {
            closes = c;
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            text rest = text_trim(text_from(p->source, i + 1));
            return rest.n && (strchr("=!<>", rest.p[0]) || text_starts(rest, T("{{")));
        }
    }
    return false;
}

static struct ecl_refinement *parse_item(struct ecl_parser *p)
{
    struct ecl_refinement *r = ecl_new(p, sizeof *r);
    if (!r) {
        return NULL;
    }
    *r = (struct ecl_refinement){.least = 1, .most = ECL_MANY};
    bool counted = ecl_token(p, "[");
    if (counted) {
        parse_cardinality(p, r);
    }
    if (!p->rc && ecl_peek(p, "{") && !ecl_peek(p, "{{")) {
        if (p->in_group) {
            (void)ecl_wrong(p, ERR_INVALID, "an attribute must stand here: a group has no groups");
            return NULL;
        }
        p->at++;
        r->kind = ECL_REF_GROUP;
        p->in_group = true;
        r->first = ecl_parse_refinement(p);
        p->in_group = false;
        if (!p->rc && !ecl_token(p, "}")) {
            (void)ecl_wrong(p, ERR_INVALID, "AND, OR or } must stand here");
        }
    } else if (!p->rc && !counted && ecl_peek(p, "(") && !bracket_is_name(p)) {
        p->at++;
        const struct ecl_refinement *inside = ecl_parse_refinement(p);
        if (!p->rc && !ecl_token(p, ")")) {
            (void)ecl_wrong(p, ERR_INVALID, "AND, OR or ) must stand here");
        }
        r->kind = ECL_REF_AND;
        r->first = inside;
    } else if (!p->rc) {
        parse_attribute(p, r);
    }
    return p->rc ? NULL : r;
}

static const struct ecl_refinement *parse_items(struct ecl_parser *p)
{
    struct ecl_refinement *whole = ecl_new(p, sizeof *whole);
    const struct ecl_refinement **tail = whole ? &whole->first : NULL;
    bool more = whole != NULL;
    bool first = true;
    while (more) {
        struct ecl_refinement *item = parse_item(p);
        if (!item) {
            return NULL;
        }
        *tail = item;
        tail = &item->next;
        size_t at = p->at;
        bool both = ecl_word(p, "AND") || ecl_token(p, ",");
        bool either = !both && ecl_word(p, "OR");
        enum ecl_refinement_kind kind = either ? ECL_REF_OR : ECL_REF_AND;
        more = both || either;
        if (more && !first && kind != whole->kind) {
            p->at = at;
            (void)ecl_wrong(p, ERR_INVALID, "brackets are needed where AND and OR are mixed");
            return NULL;
        }
        whole->kind = more ? kind : whole->kind;
        first = false;
    }
    return p->rc ? NULL : whole;
}

const struct ecl_refinement *ecl_parse_refinement(struct ecl_parser *p)
{
    if (p->depth >= ECL_DEPTH_MOST) {
        (void)ecl_wrong(p, ERR_INVALID, "brackets are nested more than 40 deep");
        return NULL;
    }
    p->depth++;
    const struct ecl_refinement *r = parse_items(p);
    p->depth--;
    return r;
}
