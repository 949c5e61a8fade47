/*
 * An expression on FHIRPath's engine, looked at before anybody searches with it: which types its
 * terms may have, as far as that can be told without a resource.
 */
#include "fhir/search_path.h"

#include "fhir/path_int.h"

enum { KINDS_MAX = 60 };

/* The types of model_types that a collection may have. */
struct kinds {
    uint16_t types[KINDS_MAX];
    size_t count;
    bool unknown; /* others as well */
};

struct look {
    text whole;
    fhir_type base;
    struct err *e;
};

static int wrong(const struct look *l, uint32_t at, const char *words)
{
    return err_at(l->e, ERR_INVALID, T("SearchParameter.expression"),
                  "at character %u of '%.*s': %s", at + 1, TEXT_ARG(text_short(l->whole, 200)),
                  words);
}

/* --- kinds ----------------------------------------------------------------------------------- */

static const struct kinds anything = {.unknown = true};

static struct kinds only(uint16_t type)
{
    return (struct kinds){.types = {type}, .count = 1};
}

static void add(struct kinds *k, uint16_t type)
{
    for (size_t i = 0; i < k->count; i++) {
        if (k->types[i] == type) {
            return;
        }
    }
    if (type == MODEL_NONE || type == MODEL_RESOURCE || k->count == KINDS_MAX) {
        k->unknown = true;
        return;
    }
    k->types[k->count++] = type;
}

static void add_all(struct kinds *k, const struct kinds *more)
{
    k->unknown = k->unknown || more->unknown;
    for (size_t i = 0; i < more->count; i++) {
        add(k, more->types[i]);
    }
}

static uint16_t type_called(text name)
{
    for (unsigned i = 1; i < model_type_count; i++) {
        if (text_eq(model_text(model_types[i].name), name)) {
            return (uint16_t)i;
        }
    }
    return MODEL_NONE;
}

static bool is_system(text name)
{
    static const char *const names[] = {"Boolean", "String",   "Integer", "Decimal",
                                        "Date",    "DateTime", "Time",    "Quantity"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || text_eq(name, text_of(names[i]));
    }
    return found;
}

static bool is_abstract(text name)
{
    static const char *const names[] = {"Resource", "DomainResource", "Element", "BackboneElement"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || text_eq(name, text_of(names[i]));
    }
    return found;
}

/* --- members --------------------------------------------------------------------------------- */

/* "value" stands for valueQuantity, valueString ...: those of one choice. */
static bool is_called(const struct model_element *el, text name)
{
    text full = model_text(el->name);
    size_t type = el->choice ? model_text(model_types[el->type].name).n : 0;
    return text_eq(full, name) || (type && text_eq(text_first(full, full.n - type), name));
}

static bool is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

static void add_members(struct kinds *ret, uint16_t of, text name)
{
    const struct model_type *type = &model_types[is_primitive(of) ? MODEL_ELEMENT : of];
    for (uint16_t i = 0; i < type->count; i++) {
        const struct model_element *el = &model_elements[type->first + i];
        if (is_called(el, name)) {
            add(ret, el->type);
        }
    }
}

static bool starts_upper(text name)
{
    return name.n && name.p[0] >= 'A' && name.p[0] <= 'Z';
}

/* At the start of a path: Patient of Patient.name. Of another type than the resource's: nothing. */
static int look_head(const struct look *l, const struct path_term *term, const struct kinds *focus,
                     struct kinds *ret)
{
    fhir_type type = fhir_type_of(term->name);
    if (!type && !is_abstract(term->name) && !type_called(term->name)) {
        return wrong(l, term->at, "FHIR R4 has no such type");
    }
    *ret = (struct kinds){.count = 0};
    for (size_t i = 0; i < focus->count; i++) {
        if (!type || focus->types[i] == type) {
            add(ret, focus->types[i]);
        }
    }
    ret->unknown = focus->unknown;
    return 0;
}

static int look_member(const struct look *l, const struct path_term *term,
                       const struct kinds *focus, struct kinds *ret)
{
    if (!term->left && starts_upper(term->name)) {
        return look_head(l, term, focus, ret);
    }
    *ret = (struct kinds){.unknown = focus->unknown};
    bool found = focus->count == 0 || focus->unknown;
    for (size_t i = 0; i < focus->count; i++) {
        size_t before = ret->count;
        add_members(ret, focus->types[i], term->name);
        found = found || ret->count > before || ret->unknown;
    }
    return found ? 0
                 : err_at(l->e, ERR_INVALID, T("SearchParameter.expression"),
                          "at character %u of '%.*s': there is no element '%.*s' there, so the "
                          "path leads nowhere",
                          term->at + 1, TEXT_ARG(text_short(l->whole, 200)),
                          TEXT_ARG(text_short(term->name, 64)));
}

/* --- functions ------------------------------------------------------------------------------- */

enum gives { GIVES_ANY, GIVES_FOCUS, GIVES_BOOLEAN, GIVES_INTEGER, GIVES_STRING };

static const struct known_function {
    const char *name;
    enum gives gives;
    bool lambda; /* its arguments are asked of each item */
} known_functions[] = {
    {"where", GIVES_FOCUS, true},         {"first", GIVES_FOCUS, false},
    {"last", GIVES_FOCUS, false},         {"tail", GIVES_FOCUS, false},
    {"skip", GIVES_FOCUS, false},         {"take", GIVES_FOCUS, false},
    {"single", GIVES_FOCUS, false},       {"distinct", GIVES_FOCUS, false},
    {"exclude", GIVES_FOCUS, false},      {"intersect", GIVES_FOCUS, false},
    {"trace", GIVES_FOCUS, true},         {"exists", GIVES_BOOLEAN, true},
    {"all", GIVES_BOOLEAN, true},         {"empty", GIVES_BOOLEAN, false},
    {"not", GIVES_BOOLEAN, false},        {"hasValue", GIVES_BOOLEAN, false},
    {"isDistinct", GIVES_BOOLEAN, false}, {"allTrue", GIVES_BOOLEAN, false},
    {"anyTrue", GIVES_BOOLEAN, false},    {"allFalse", GIVES_BOOLEAN, false},
    {"anyFalse", GIVES_BOOLEAN, false},   {"startsWith", GIVES_BOOLEAN, false},
    {"endsWith", GIVES_BOOLEAN, false},   {"contains", GIVES_BOOLEAN, false},
    {"matches", GIVES_BOOLEAN, false},    {"subsetOf", GIVES_BOOLEAN, false},
    {"supersetOf", GIVES_BOOLEAN, false}, {"count", GIVES_INTEGER, false},
    {"length", GIVES_INTEGER, false},     {"indexOf", GIVES_INTEGER, false},
    {"toString", GIVES_STRING, false},    {"substring", GIVES_STRING, false},
    {"upper", GIVES_STRING, false},       {"lower", GIVES_STRING, false},
    {"replace", GIVES_STRING, false},     {"replaceMatches", GIVES_STRING, false},
    {"join", GIVES_STRING, false},        {"trim", GIVES_STRING, false},
};

static const struct known_function *function_called(text name)
{
    for (size_t i = 0; i < sizeof known_functions / sizeof known_functions[0]; i++) {
        if (text_eq(name, text_of(known_functions[i].name))) {
            return &known_functions[i];
        }
    }
    return NULL;
}

static int refuse_changing(const struct look *l, const struct path_term *term)
{
    static const char *const clock[] = {"now", "today", "timeOfDay"};
    static const char *const known[] = {"memberOf",   "subsumes",          "subsumedBy",
                                        "conformsTo", "elementDefinition", "slice"};
    for (size_t i = 0; i < sizeof clock / sizeof clock[0]; i++) {
        if (text_eq(term->name, text_of(clock[i]))) {
            return wrong(l, term->at,
                         "what is searched for is kept when a resource is written, and cannot hang "
                         "on the time of day; compare with a date in the search instead");
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_eq(term->name, text_of(known[i]))) {
            return wrong(l, term->at,
                         "what is searched for cannot hang on definitions, which change without "
                         "the resource; for codes of a value set search with :in");
        }
    }
    return 0;
}

static int look_at(const struct look *l, const struct path_term *term, const struct kinds *focus,
                   struct kinds *ret);

/* What is in the brackets; the last argument's kinds are *ret. */
static int look_args(const struct look *l, const struct path_term *term, const struct kinds *on,
                     struct kinds *ret)
{
    int rc = 0;
    *ret = anything;
    for (size_t i = 0; i < term->arg_count && !rc; i++) {
        rc = look_at(l, term->args[i], on, ret);
    }
    return rc;
}

/* focus: where the whole call stands; left: what it is called on. */
static int look_function(const struct look *l, const struct path_term *term,
                         const struct kinds *focus, const struct kinds *left, struct kinds *ret)
{
    struct kinds inside;
    const struct known_function *known = function_called(term->name);
    bool selects = text_eq(term->name, T("select"));
    bool joins = text_eq(term->name, T("union")) || text_eq(term->name, T("combine"));
    const struct kinds *on = selects || (known && known->lambda) ? left
                             : known || joins                    ? focus
                                                                 : &anything;
    int rc = refuse_changing(l, term);
    rc = rc ? rc : look_args(l, term, on, &inside);
    if (rc) {
        return rc;
    }
    *ret = anything;
    if (selects) {
        *ret = inside;
    } else if (joins) {
        *ret = *left;
        add_all(ret, &inside);
    } else if (text_eq(term->name, T("extension"))) {
        *ret = only(MODEL_EXTENSION);
    } else if (known && known->gives != GIVES_ANY) {
        *ret = known->gives == GIVES_FOCUS     ? *left
               : known->gives == GIVES_BOOLEAN ? only(MODEL_BOOLEAN)
               : known->gives == GIVES_INTEGER ? only(MODEL_INTEGER)
                                               : only(MODEL_STRING);
    }
    return 0;
}

/* --- other terms ----------------------------------------------------------------------------- */

static int look_type(const struct look *l, const struct path_term *term, struct kinds *ret)
{
    bool fhir = !term->space.n || text_eq(term->space, T("FHIR"));
    uint16_t type = fhir ? type_called(term->name) : MODEL_NONE;
    bool known = type || (fhir && is_abstract(term->name)) ||
                 (!text_eq(term->space, T("FHIR")) && is_system(term->name));
    if (!known) {
        return wrong(l, term->at,
                     "FHIR R4 has no such type; where(resolve() is Type) takes a "
                     "resource type");
    }
    *ret = term->kind == TERM_IS ? only(MODEL_BOOLEAN) : type ? only(type) : anything;
    return 0;
}

static int look_binary(const struct look *l, const struct path_term *term,
                       const struct kinds *focus, const struct kinds *left, struct kinds *ret)
{
    struct kinds right;
    int rc = look_at(l, term->right, focus, &right);
    switch (term->op) {
    case OP_UNION:
        *ret = *left;
        add_all(ret, &right);
        break;
    case OP_CONCAT:
        *ret = only(MODEL_STRING);
        break;
    case OP_MULTIPLY:
    case OP_DIVIDE:
    case OP_DIV:
    case OP_MOD:
    case OP_ADD:
    case OP_SUBTRACT:
        *ret = anything;
        break;
    default:
        *ret = only(MODEL_BOOLEAN);
        break;
    }
    return rc;
}

static int look_variable(const struct look *l, const struct path_term *term)
{
    static const char *const names[] = {"context", "resource", "rootResource",
                                        "ucum",    "sct",      "loinc"};
    bool known = text_starts(term->name, T("vs-")) || text_starts(term->name, T("ext-"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        known = known || text_eq(term->name, text_of(names[i]));
    }
    return known ? 0
                 : wrong(l, term->at,
                         "there is no such variable; known are %context, %resource, "
                         "%rootResource, %ucum, %sct, %loinc, %`vs-...` and %`ext-...`");
}

/* The tree is no higher than PATH_DEPTH_MAX. */
static int look_at(const struct look *l, const struct path_term *term, const struct kinds *focus,
                   struct kinds *ret)
{
    struct kinds left = *focus;
    struct kinds inside;
    int rc = term->left ? look_at(l, term->left, focus, &left) : 0;
    *ret = anything;
    if (rc) {
        return rc;
    }
    switch (term->kind) {
    case TERM_EMPTY:
        *ret = (struct kinds){.count = 0};
        return 0;
    case TERM_VARIABLE:
        return look_variable(l, term);
    case TERM_THIS:
        *ret = *focus;
        return 0;
    case TERM_MEMBER:
        return look_member(l, term, &left, ret);
    case TERM_FUNCTION:
        return look_function(l, term, focus, &left, ret);
    case TERM_INDEXER:
        rc = look_args(l, term, focus, &inside);
        *ret = left;
        return rc;
    case TERM_BINARY:
        return look_binary(l, term, focus, &left, ret);
    case TERM_IS:
    case TERM_AS:
        return look_type(l, term, ret);
    default: /* literals, $index, $total, -x */
        return 0;
    }
}

/* --- the face -------------------------------------------------------------------------------- */

/* Whether a parameter can hold any of it; an extension stands for its value. */
static bool can_hold(enum search_type type, const struct kinds *kinds)
{
    bool can = kinds->unknown;
    for (size_t i = 0; i < kinds->count && !can; i++) {
        bool computed =
            kinds->types[i] == MODEL_STRING && (type == SEARCH_URI || type == SEARCH_REFERENCE);
        can = computed || kinds->types[i] == MODEL_EXTENSION ||
              search_take_of(type, kinds->types[i]) >= 0;
    }
    return can;
}

static int look_whole(const struct look *l, const struct path *path, enum search_type type,
                      bool *ret_identifiers)
{
    struct kinds base = only(l->base);
    struct kinds found;
    int rc = look_at(l, path->root, &base, &found);
    if (rc) {
        return rc;
    }
    if (!found.count && !found.unknown) {
        return err_at(l->e, ERR_INVALID, T("SearchParameter.expression"),
                      "no part of the expression is about %.*s, which is one of its bases",
                      TEXT_ARG(fhir_type_name(l->base)));
    }
    if (!can_hold(type, &found)) {
        return wrong(l, path->root->at,
                     "a parameter of this type cannot take anything from what the expression "
                     "leads to");
    }
    *ret_identifiers = false;
    for (size_t i = 0; i < found.count && type == SEARCH_TOKEN; i++) {
        *ret_identifiers =
            *ret_identifiers || search_take_of(type, found.types[i]) == TAKE_IDENTIFIER;
    }
    return 0;
}

int search_path_compile(text expression, fhir_type base, enum search_type type, struct arena *a,
                        const struct path **ret_path, bool *ret_identifiers, struct err *e)
{
    const struct path *path;
    const struct look look = {.whole = expression, .base = base, .e = e};
    struct err why = {0};
    int rc = path_compile(expression, a, &path, &why);
    if (rc) {
        return err_at(e, rc, T("SearchParameter.expression"), "'%.*s': %s",
                      TEXT_ARG(text_short(expression, 200)), err_text(&why));
    }
    rc = look_whole(&look, path, type, ret_identifiers);
    if (!rc) {
        *ret_path = path;
    }
    return rc;
}
