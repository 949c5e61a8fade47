#include "fhir/search_parse.h"

#include "base/clock.h"

int search_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the query needs more memory than a request may have");
}

int search_atom_add(struct search_reader *r, struct search_atoms *atoms, struct plan_atom atom)
{
    struct plan_atom *items =
        arena_grow(r->arena, atoms->items, atoms->count, &atoms->capacity, sizeof(*items));
    if (!items) {
        return search_no_memory(r->e);
    }
    items[atoms->count++] = atom;
    atoms->items = items;
    return 0;
}

static int bad(struct search_reader *r, text name, text value, const char *right)
{
    return err_set(r->e, ERR_INVALID, "%.*s: '%.*s' is not %s", TEXT_ARG(name),
                   TEXT_ARG(text_first(value, 200)), right);
}

/* --- prefixes (R4 search.html#prefix) ------------------------------------------------------ */

static int take_prefix(struct search_reader *r, text name, text *value, enum search_prefix *ret)
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
    return bad(r, name, *value,
               "a value with a known prefix: eq, ne, gt, lt, ge, le, sa, eb or ap");
}

static int date_value(struct search_reader *r, text name, text value,
                      enum search_prefix *ret_prefix, int64_t *ret_start, int64_t *ret_end)
{
    int code = take_prefix(r, name, &value, ret_prefix);
    if (code) {
        return code;
    }
    if (!index_date(value, ret_start, ret_end)) {
        return bad(r, name, value,
                   "a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z or +hh:mm], "
                   "with '+' written as %2B");
    }
    return 0;
}

static int value_date(struct search_reader *r, const struct search_param *param, text name,
                      text value, struct search_atoms *atoms)
{
    enum search_prefix prefix;
    int64_t start, end;
    int code = date_value(r, name, value, &prefix, &start, &end);
    if (code) {
        return code;
    }
    return search_dates(r, param->number, prefix, start, end, index_ms_from_1970(clock_real_ms()),
                        atoms);
}

static int add_updated(struct search_reader *r, int64_t from, int64_t to,
                       struct search_atoms *atoms)
{
    struct plan_atom atom = {.kind = PLAN_UPDATED, .start_from = from, .start_to = to};
    atom.param = (uint16_t)(r->type << 8 | INDEX_LAST_UPDATED);
    return search_atom_add(r, atoms, atom);
}

/* The moment of a write has no length, so that what begins in a stretch is in it. */
int search_value_updated(struct search_reader *r, text value, struct search_atoms *atoms)
{
    enum search_prefix prefix;
    int64_t start, end;
    int code = date_value(r, T("_lastUpdated"), value, &prefix, &start, &end);
    if (code) {
        return code;
    }
    start = index_ms_to_1970(start);
    end = index_ms_to_1970(end);
    int64_t now = clock_real_ms();
    int64_t gap = (now < start ? start - now : now > end ? now - end : 0) / 10;
    switch (prefix) {
    case PREFIX_EQ:
        return add_updated(r, start, end, atoms);
    case PREFIX_NE:
        code = add_updated(r, INT64_MIN, start, atoms);
        return code ? code : add_updated(r, end, INT64_MAX, atoms);
    case PREFIX_GT:
    case PREFIX_SA:
        return add_updated(r, end, INT64_MAX, atoms);
    case PREFIX_LT:
    case PREFIX_EB:
        return add_updated(r, INT64_MIN, start, atoms);
    case PREFIX_GE:
        return add_updated(r, start, INT64_MAX, atoms);
    case PREFIX_LE:
        return add_updated(r, INT64_MIN, end, atoms);
    case PREFIX_AP:
        return add_updated(r, start - gap, end + gap, atoms);
    }
    return 0;
}

int search_value_id(struct search_reader *r, text value, struct search_atoms *atoms)
{
    if (!reference_id_ok(value)) {
        return bad(r, T("_id"), value, "a resource id: 1 to 64 letters, digits, '-' or '.'");
    }
    return search_atom_add(r, atoms,
                           (struct plan_atom){.kind = PLAN_ID, .target = r->type, .value = value});
}

/* --- number and quantity ------------------------------------------------------------------- */

static int add_range(struct search_reader *r, struct plan_atom like, text low, text high,
                     struct search_atoms *atoms)
{
    if (!low.p || !high.p) {
        return search_no_memory(r->e);
    }
    like.kind = PLAN_RANGE;
    like.low = low;
    like.high = high;
    return search_atom_add(r, atoms, like);
}

/* eq, ne and ap have a range; the others compare with exactly the number that stands there. */
static int add_numbers(struct search_reader *r, struct plan_atom like, enum search_prefix prefix,
                       const struct search_bounds *b, struct search_atoms *atoms)
{
    const text end = T("");
    int code;
    switch (prefix) {
    case PREFIX_EQ:
        return add_range(r, like, b->low, b->high, atoms);
    case PREFIX_NE:
        code = add_range(r, like, end, b->low, atoms);
        return code ? code : add_range(r, like, b->high, end, atoms);
    case PREFIX_GT:
    case PREFIX_SA:
        return add_range(r, like, search_successor(b->exact, r->arena), end, atoms);
    case PREFIX_GE:
        return add_range(r, like, b->exact, end, atoms);
    case PREFIX_LT:
    case PREFIX_EB:
        return add_range(r, like, end, b->exact, atoms);
    case PREFIX_LE:
        return add_range(r, like, end, search_successor(b->exact, r->arena), atoms);
    case PREFIX_AP:
        return add_range(r, like, b->approximate_low,
                         search_successor(b->approximate_high, r->arena), atoms);
    }
    return 0;
}

static int value_number(struct search_reader *r, struct plan_atom like, text name, text value,
                        struct search_atoms *atoms)
{
    enum search_prefix prefix;
    struct search_bounds bounds;
    int code = take_prefix(r, name, &value, &prefix);
    if (code) {
        return code;
    }
    if (!search_bounds(value, r->arena, &bounds)) {
        return bad(r, name, value, "a number such as 100, -5.40 or 1e2, of at most 60 digits");
    }
    if (!bounds.exact.p || !bounds.low.p || !bounds.high.p || !bounds.approximate_low.p ||
        !bounds.approximate_high.p) {
        return search_no_memory(r->e);
    }
    return add_numbers(r, like, prefix, &bounds, atoms);
}

/* number, number|system|code, number||code (code or name of the unit) */
static int value_quantity(struct search_reader *r, const struct search_param *param, text name,
                          text value, struct search_atoms *atoms)
{
    struct plan_atom like = {.param = param->number};
    text rest = value, number, system = T(""), unit = T("");
    search_cut(&rest, '|', &number);
    if (rest.p) {
        text all = rest;
        search_cut(&rest, '|', &system);
        if (!rest.p || text_find(rest, '|') < rest.n) {
            return bad(r, name, all, "a unit: write number|system|code, or number||unit");
        }
        unit = rest;
    }
    like.system = search_unescape(system, r->arena);
    like.unit = search_unescape(unit, r->arena);
    if (!like.system.p || !like.unit.p) {
        return search_no_memory(r->e);
    }
    like.test = like.system.n || like.unit.n ? PLAN_TEST_UNIT : PLAN_TEST_NONE;
    return value_number(r, like, name, number, atoms);
}

/* --- string, token, uri -------------------------------------------------------------------- */

/*
 * "Starts with". An entry keeps the beginning of a long text and a digest of the whole, so that a
 * long query can only be compared with those beginnings.
 */
static int value_string(struct search_reader *r, const struct search_param *param, text value,
                        struct search_atoms *atoms)
{
    struct plan_atom atom = {.kind = PLAN_RANGE, .param = param->number};
    text plain = search_unescape(value, r->arena);
    text folded = plain.p ? index_fold(plain, r->arena) : plain;
    if (!folded.p) {
        return search_no_memory(r->e);
    }
    if (folded.n == 0) {
        atom.kind = PLAN_NONE; /* punctuation alone: nothing begins with it */
        return search_atom_add(r, atoms, atom);
    }
    atom.low = text_first(folded, INDEX_VALUE_MAX - 32);
    atom.high = search_successor(atom.low, r->arena);
    return atom.high.p ? search_atom_add(r, atoms, atom) : search_no_memory(r->e);
}

/* code, system|code, |code, system| */
static int value_token(struct search_reader *r, const struct search_param *param, text name,
                       text value, struct search_atoms *atoms)
{
    struct plan_atom atom = {.kind = PLAN_TOKEN, .param = param->number};
    text rest = value, first;
    search_cut(&rest, '|', &first);
    text code = rest.p ? rest : first;
    text second = rest;
    if (rest.p && search_cut(&second, '|', &code) && second.p) {
        return bad(r, name, value, "code, system|code, |code or system| (write other bars as \\|)");
    }
    text plain = search_unescape(code, r->arena);
    atom.system = rest.p ? search_unescape(first, r->arena) : T("");
    atom.value = plain.p ? index_code(plain, r->arena) : plain;
    if (!atom.system.p || !atom.value.p) {
        return search_no_memory(r->e);
    }
    if (plain.n == 0 && atom.system.n == 0) {
        return bad(r, name, value, "code, system|code, |code or system|");
    }
    atom.system_mode = !rest.p         ? PLAN_SYSTEM_ANY
                       : atom.system.n ? PLAN_SYSTEM_GIVEN
                                       : PLAN_SYSTEM_NONE;
    if (plain.n == 0) {
        atom.kind = PLAN_SYSTEM;
    }
    return search_atom_add(r, atoms, atom);
}

static int value_uri(struct search_reader *r, const struct search_param *param, text value,
                     struct search_atoms *atoms)
{
    text plain = search_unescape(value, r->arena);
    struct plan_atom atom = {.kind = PLAN_VALUE, .param = param->number};
    atom.value = plain.p ? index_uri(plain, r->arena) : plain;
    return atom.value.p ? search_atom_add(r, atoms, atom) : search_no_memory(r->e);
}

/* --- reference (R4 search.html#reference) -------------------------------------------------- */

/* target 0: a URL. A patient is looked for in the key as well, where the parameter is implied by
 * it. */
static int add_reference(struct search_reader *r, const struct search_param *param,
                         fhir_type target, bool is_patient, text value, struct search_atoms *atoms)
{
    struct plan_atom atom = {
        .kind = PLAN_REFERENCE, .param = param->number, .target = target, .value = value};
    int code = search_atom_add(r, atoms, atom);
    if (code == 0 && param->implied && is_patient) {
        atom.kind = PLAN_HOME;
        code = search_atom_add(r, atoms, atom);
    }
    return code;
}

static bool may_target(const struct search_param *param, fhir_type type)
{
    const fhir_type *t = param->targets;
    while (t && *t && *t != type) {
        t++;
    }
    return !t || *t;
}

static int add_bare_id(struct search_reader *r, const struct search_param *param, text id,
                       struct search_atoms *atoms)
{
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        int code = 0;
        if (may_target(param, (fhir_type)type)) {
            code = add_reference(r, param, (fhir_type)type, type == FHIR_PATIENT, id, atoms);
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

static int typed_reference(struct search_reader *r, const struct search_param *param,
                           fhir_type type, text name, text value, struct search_atoms *atoms)
{
    struct reference ref = reference_parse(value, r->base);
    text id = value;
    if (!may_target(param, type)) {
        return err_set(r->e, ERR_INVALID, "%.*s: %.*s never refers to a %.*s", TEXT_ARG(name),
                       TEXT_ARG(param->name), TEXT_ARG(fhir_type_name(type)));
    }
    if (ref.kind == REFERENCE_LOCAL && ref.type == type) {
        id = ref.id;
    }
    if (!reference_id_ok(id)) {
        return bad(r, name, value, "the id of a resource of the type after the colon");
    }
    return add_reference(r, param, type, type == FHIR_PATIENT, id, atoms);
}

static int value_reference(struct search_reader *r, const struct search_param *param, text modifier,
                           text name, text value, struct search_atoms *atoms)
{
    text plain = search_unescape(value, r->arena);
    if (!plain.p) {
        return search_no_memory(r->e);
    }
    if (modifier.n) {
        return typed_reference(r, param, fhir_type_of(modifier), name, plain, atoms);
    }
    if (reference_id_ok(plain)) {
        return add_bare_id(r, param, plain, atoms);
    }
    struct reference ref = reference_parse(plain, r->base);
    switch (ref.kind) {
    case REFERENCE_LOCAL:
        return add_reference(r, param, ref.type, ref.type == FHIR_PATIENT, ref.id, atoms);
    case REFERENCE_ABSOLUTE:
        if (ref.version.n) {
            plain = text_first(plain, (size_t)(ref.id.p + ref.id.n - plain.p));
        }
        return add_reference(r, param, 0, ref.type == FHIR_PATIENT, plain, atoms);
    case REFERENCE_URI:
        return add_reference(r, param, 0, false, plain, atoms);
    default:
        return bad(r, name, value, "a reference: Type/id, id or a URL, of a resource type of R4");
    }
}

int search_value(struct search_reader *r, const struct search_param *param, text modifier,
                 text name, text value, struct search_atoms *atoms)
{
    switch ((enum search_type)param->type) {
    case SEARCH_NUMBER:
        return value_number(r, (struct plan_atom){.param = param->number}, name, value, atoms);
    case SEARCH_DATE:
        return value_date(r, param, name, value, atoms);
    case SEARCH_STRING:
        return value_string(r, param, value, atoms);
    case SEARCH_TOKEN:
        return value_token(r, param, name, value, atoms);
    case SEARCH_REFERENCE:
        return value_reference(r, param, modifier, name, value, atoms);
    case SEARCH_QUANTITY:
        return value_quantity(r, param, name, value, atoms);
    case SEARCH_URI:
        return value_uri(r, param, value, atoms);
    case SEARCH_COMPOSITE:
    case SEARCH_SPECIAL:
        break;
    }
    return err_set(r->e, ERR_NOT_SUPPORTED, "%.*s: not answered yet", TEXT_ARG(name));
}
