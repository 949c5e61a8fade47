/* Values of each type of parameter (R4 search.html#ptypes) as leaves. */
#include "fhir/search_parse.h"

/* --- prefixes (R4 search.html#prefix) ------------------------------------------------------ */

static int take_prefix(struct search_reader *r, text *value, enum search_prefix *ret)
{
    static const char *const prefixes[] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
    *ret = PREFIX_EQ;
    if (value->n == 0 || !((value->p[0] | 0x20) >= 'a' && (value->p[0] | 0x20) <= 'z')) {
        return 0;
    }
    for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (text_starts(*value, text_of(prefixes[i]))) {
            *ret = (enum search_prefix)i;
            *value = text_from(*value, 2);
            return 0;
        }
    }
    return search_bad(
        r,
        "'%.*s' is not a value with a known prefix: eq, ne, gt, lt, ge, le, sa, eb or "
        "ap",
        TEXT_ARG(text_short(*value, 200)));
}

/* --- dates --------------------------------------------------------------------------------- */

static int read_date(struct search_reader *r, text value, int64_t *ret_start, int64_t *ret_end)
{
    if (!index_date(value, ret_start, ret_end)) {
        return search_bad(
            r,
            "'%.*s' is not a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z or "
            "+hh:mm], with '+' written as %%2B",
            TEXT_ARG(text_short(value, 200)));
    }
    return 0;
}

static int value_date(struct search_reader *r, const struct search_about *about,
                      enum search_prefix prefix, text value, struct search_nodes *out)
{
    int64_t start, end;
    int code = read_date(r, value, &start, &end);
    return code ? code : search_dates(r, about, prefix, start, end, out);
}

static int add_updated(struct search_reader *r, const struct search_about *about, int64_t from,
                       int64_t to, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_UPDATED);
    node.param = (uint16_t)(about->type << 8 | INDEX_LAST_UPDATED);
    node.start_from = from;
    node.start_to = to;
    return search_add(r, PLAN_OR, out, &node);
}

/* The moment of a write has no length, so that what begins in a stretch is in it. */
static int value_updated(struct search_reader *r, const struct search_about *about,
                         enum search_prefix prefix, text value, struct search_nodes *out)
{
    int64_t start, end;
    int code = read_date(r, value, &start, &end);
    if (code) {
        return code;
    }
    start = index_ms_to_1970(start);
    end = index_ms_to_1970(end);
    int64_t now = r->now;
    int64_t gap = (now < start ? start - now : now > end ? now - end : 0) / 10;
    switch (prefix) {
    case PREFIX_EQ:
    case PREFIX_PO:
        return add_updated(r, about, start, end, out);
    case PREFIX_NE:
        code = add_updated(r, about, INT64_MIN, start, out);
        return code ? code : add_updated(r, about, end, INT64_MAX, out);
    case PREFIX_GT:
    case PREFIX_SA:
        return add_updated(r, about, end, INT64_MAX, out);
    case PREFIX_LT:
    case PREFIX_EB:
        return add_updated(r, about, INT64_MIN, start, out);
    case PREFIX_GE:
        return add_updated(r, about, start, INT64_MAX, out);
    case PREFIX_LE:
        return add_updated(r, about, INT64_MIN, end, out);
    case PREFIX_AP:
        return add_updated(r, about, start - gap, end + gap, out);
    }
    return 0;
}

/* --- number and quantity ------------------------------------------------------------------- */

/* Behind the mark of elements without a value (0x01) the numbers begin, with that byte as well. */
static text encoded(text decimal, const char *open, struct arena *a)
{
    return decimal.n ? index_decimal(decimal, a) : text_of(open);
}

/* No encoding is the start of another: one zero byte behind makes the next place. */
static text behind(text encoding, struct arena *a)
{
    char *out = encoding.p && encoding.n ? arena_alloc(a, encoding.n + 1) : NULL;
    if (!out) {
        return (text){0};
    }
    memcpy(out, encoding.p, encoding.n);
    out[encoding.n] = '\0';
    return text_make(out, encoding.n + 1);
}

static int add_number(struct search_reader *r, const struct search_about *about,
                      const struct search_stretch *s, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_RANGE);
    node.low = encoded(s->low, "\x01\x01", r->arena);
    node.high = encoded(s->high, "", r->arena);
    if (s->low.n && !s->low_included) {
        node.low = behind(node.low, r->arena);
    }
    if (s->high.n && s->high_included) {
        node.high = behind(node.high, r->arena);
    }
    if (!node.low.p || !node.high.p) {
        return search_no_memory(r->e);
    }
    return search_add(r, PLAN_OR, out, &node);
}

static int read_stretches(struct search_reader *r, enum search_prefix prefix, text value,
                          struct search_stretch out[2], unsigned *ret_count)
{
    struct search_bounds b;
    if (!search_bounds(value, r->arena, &b)) {
        return search_bad(
            r,
            "'%.*s' is not a number such as 100, -5.40 or 1e2, of at most 60 digits and "
            "with an exponent within 999999900",
            TEXT_ARG(text_short(value, 200)));
    }
    if (!b.exact.p || !b.low.p || !b.high.p || !b.approximate_low.p || !b.approximate_high.p) {
        return search_no_memory(r->e);
    }
    *ret_count = search_stretches(prefix, &b, out);
    return 0;
}

static int value_number(struct search_reader *r, const struct search_about *about,
                        enum search_prefix prefix, text value, struct search_nodes *out)
{
    struct search_stretch stretches[2];
    unsigned count = 0;
    int code = read_stretches(r, prefix, value, stretches, &count);
    for (unsigned i = 0; i < count && code == 0; i++) {
        code = add_number(r, about, &stretches[i], out);
    }
    return code;
}

/* number, number|system|code, number||code (code or name of the unit), number|system| */
static int value_quantity(struct search_reader *r, const struct search_about *about,
                          enum search_prefix prefix, text value, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_QUANTITY);
    struct search_stretch stretches[2];
    text rest = value, number, system = T(""), unit = T("");
    unsigned count = 0;
    search_cut(&rest, '|', &number);
    if (rest.p) {
        text all = rest, more;
        search_cut(&rest, '|', &system);
        text left = rest;
        if (!rest.p || (search_cut(&left, '|', &more) && left.p)) {
            return search_bad(r, "'%.*s' is not a unit: write number|system|code, or number||unit",
                              TEXT_ARG(text_short(all, 200)));
        }
        unit = rest;
    }
    node.system = search_unescape(system, r->arena);
    node.code = search_unescape(unit, r->arena);
    if (!node.system.p || !node.code.p) {
        return search_no_memory(r->e);
    }
    int code = read_stretches(r, prefix, number, stretches, &count);
    for (unsigned i = 0; i < count && code == 0; i++) {
        node.low = stretches[i].low;
        node.high = stretches[i].high;
        node.low_included = stretches[i].low_included;
        node.high_included = stretches[i].high_included;
        code = search_add(r, PLAN_OR, out, &node);
    }
    return code;
}

int search_value_ordered(struct search_reader *r, const struct search_about *about,
                         enum search_prefix prefix, text value, struct search_nodes *out)
{
    if (about->param->type == SEARCH_QUANTITY) {
        return value_quantity(r, about, prefix, value, out);
    }
    if (about->param->type == SEARCH_NUMBER) {
        return value_number(r, about, prefix, value, out);
    }
    if (text_eq(about->param->name, T("_lastUpdated"))) {
        return value_updated(r, about, prefix, value, out);
    }
    return value_date(r, about, prefix, value, out);
}

static int value_prefixed(struct search_reader *r, const struct search_about *about, text value,
                          struct search_nodes *out)
{
    enum search_prefix prefix;
    int code = take_prefix(r, &value, &prefix);
    return code ? code : search_value_ordered(r, about, prefix, value, out);
}

/* --- string, token, uri -------------------------------------------------------------------- */

/*
 * "Starts with". An entry keeps the beginning of a long text and a digest of the whole, so that a
 * longer query is looked for in the text itself.
 */
static int value_string(struct search_reader *r, const struct search_about *about, text value,
                        struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_RANGE);
    text folded = search_folded(value, r->arena);
    if (!folded.p) {
        return search_no_memory(r->e);
    }
    if (folded.n == 0) {
        return 0; /* punctuation alone: nothing begins with it */
    }
    node.low = text_first(folded, INDEX_VALUE_MAX - 32);
    node.high = search_successor(node.low, r->arena);
    if (!node.high.p) {
        return search_no_memory(r->e);
    }
    if (folded.n > node.low.n) {
        struct plan_node check = search_leaf(about, PLAN_CHECK), inner = node;
        check.check = CHECK_CONTAINS;
        check.at_start = true;
        check.checked = about->param;
        check.value = folded;
        int code = search_wrap(r, &check, &inner, NULL, &node);
        if (code) {
            return code;
        }
    }
    return search_add(r, PLAN_OR, out, &node);
}

/* code, system|code, |code, system| */
int search_token_read(struct search_reader *r, text value, struct search_token *ret)
{
    text rest = value, first, code, extra;
    search_cut(&rest, '|', &first);
    code = rest.p ? rest : first;
    text second = rest;
    bool too_many = rest.p && search_cut(&second, '|', &extra) && second.p;
    ret->code = search_unescape(code, r->arena);
    ret->system = rest.p ? search_unescape(first, r->arena) : T("");
    if (!ret->code.p || !ret->system.p) {
        return search_no_memory(r->e);
    }
    if (too_many || (ret->code.n == 0 && ret->system.n == 0)) {
        return search_bad(r,
                          "'%.*s' is not code, system|code, |code or system| (write other bars as "
                          "\\|)",
                          TEXT_ARG(text_short(value, 200)));
    }
    ret->mode = !rest.p ? PLAN_SYSTEM_ANY : ret->system.n ? PLAN_SYSTEM_GIVEN : PLAN_SYSTEM_NONE;
    return 0;
}

int search_token_add(struct search_reader *r, const struct search_about *about,
                     const struct search_token *token, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, token->code.n ? PLAN_TOKEN : PLAN_SYSTEM);
    node.of_reference = about->modifier == MODIFIER_IDENTIFIER;
    node.system_mode = token->mode;
    node.system = token->system;
    node.value = index_code(token->code, r->arena);
    return node.value.p ? search_add(r, PLAN_OR, out, &node) : search_no_memory(r->e);
}

static int value_token(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out)
{
    struct search_token token;
    int code = search_token_read(r, value, &token);
    return code ? code : search_token_add(r, about, &token, out);
}

static int value_id(struct search_reader *r, const struct search_about *about, text value,
                    struct search_nodes *out)
{
    if (!reference_id_ok(value)) {
        return search_bad(r, "'%.*s' is not a resource id: 1 to 64 letters, digits, '-' or '.'",
                          TEXT_ARG(text_short(value, 200)));
    }
    struct plan_node node = {
        .kind = PLAN_ID, .type = about->type, .target = about->type, .value = value};
    return search_add(r, PLAN_OR, out, &node);
}

static int value_uri(struct search_reader *r, const struct search_about *about, text value,
                     struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_VALUE);
    text plain = search_unescape(value, r->arena);
    node.value = plain.p ? index_uri(plain, r->arena) : plain;
    return node.value.p ? search_add(r, PLAN_OR, out, &node) : search_no_memory(r->e);
}

/* --- reference (R4 search.html#reference) -------------------------------------------------- */

/* target 0: a URL. A patient is looked for in the key as well, where the parameter is implied by
 * it. */
static int add_reference(struct search_reader *r, const struct search_about *about,
                         fhir_type target, bool is_patient, text value, struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_REFERENCE);
    node.target = target;
    node.value = value;
    int code = search_add(r, PLAN_OR, out, &node);
    if (code == 0 && about->param->implied && is_patient) {
        node.kind = PLAN_HOME;
        code = search_add(r, PLAN_OR, out, &node);
    }
    return code;
}

/* A resource of this node. Canonicals may name one by its address here instead of its URL. */
static int add_local(struct search_reader *r, const struct search_about *about, fhir_type type,
                     text id, struct search_nodes *out)
{
    int code = add_reference(r, about, type, type == FHIR_PATIENT, id, out);
    if (code || r->base.n == 0 || !search_has_url(type)) {
        return code;
    }
    text url = arena_printf(r->arena, "%.*s/%.*s/%.*s", TEXT_ARG(r->base),
                            TEXT_ARG(fhir_type_name(type)), TEXT_ARG(id));
    return url.p ? add_reference(r, about, 0, false, url, out) : search_no_memory(r->e);
}

static int add_bare_id(struct search_reader *r, const struct search_about *about, text id,
                       struct search_nodes *out)
{
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        int code = 0;
        if (search_may_target(about->param, (fhir_type)type)) {
            code = add_local(r, about, (fhir_type)type, id, out);
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

static int typed_reference(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out)
{
    struct reference ref = reference_parse(value, r->base);
    text id = value;
    if (ref.kind == REFERENCE_LOCAL && ref.type == about->target && ref.version.n == 0) {
        id = ref.id;
    }
    if (!reference_id_ok(id)) {
        return search_bad(r, "'%.*s' is not the id of a resource of the type after the colon",
                          TEXT_ARG(text_short(value, 200)));
    }
    return add_local(r, about, about->target, id, out);
}

static int value_reference(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out)
{
    text plain = search_unescape(value, r->arena);
    if (!plain.p) {
        return search_no_memory(r->e);
    }
    if (about->modifier == MODIFIER_TYPE) {
        return typed_reference(r, about, plain, out);
    }
    if (reference_id_ok(plain)) {
        return add_bare_id(r, about, plain, out);
    }
    struct reference ref = reference_parse(plain, r->base);
    switch (ref.kind) {
    case REFERENCE_LOCAL:
        return add_local(r, about, ref.type, ref.id, out);
    case REFERENCE_ABSOLUTE:
        if (ref.version.n) {
            plain = text_first(plain, (size_t)(ref.id.p + ref.id.n - plain.p));
        }
        return add_reference(r, about, 0, ref.type == FHIR_PATIENT, plain, out);
    case REFERENCE_URI:
        return add_reference(r, about, 0, false, plain, out);
    default:
        return search_bad(
            r, "'%.*s' is not a reference: Type/id, id or a URL, of a resource type of R4",
            TEXT_ARG(text_short(value, 200)));
    }
}

/* --- */

static int value_special(struct search_reader *r, const struct search_about *about, text value,
                         struct search_nodes *out)
{
    if (text_eq(about->param->name, T("near"))) {
        return search_value_near(r, about, value, out);
    }
    return search_fail(r, ERR_NOT_SUPPORTED,
                       "this parameter has rules of its own that are not known here; search by the "
                       "others of the type");
}

int search_value(struct search_reader *r, const struct search_about *about, text value,
                 struct search_nodes *out)
{
    text name = about->param->name;
    if (text_eq(name, T("_id"))) {
        return value_id(r, about, value, out);
    }
    if (text_eq(name, T("_text")) || text_eq(name, T("_content"))) {
        return search_value_words(r, about, value, out);
    }
    switch ((enum search_type)about->param->type) {
    case SEARCH_NUMBER:
    case SEARCH_DATE:
    case SEARCH_QUANTITY:
        return value_prefixed(r, about, value, out);
    case SEARCH_STRING:
        return value_string(r, about, value, out);
    case SEARCH_TOKEN:
        return value_token(r, about, value, out);
    case SEARCH_REFERENCE:
        return about->modifier == MODIFIER_IDENTIFIER ? value_token(r, about, value, out)
                                                      : value_reference(r, about, value, out);
    case SEARCH_URI:
        return value_uri(r, about, value, out);
    case SEARCH_COMPOSITE:
    case SEARCH_SPECIAL:
        break;
    }
    return value_special(r, about, value, out);
}
