#include "fhir/search_custom.h"

#include "fhir/search_path.h"

#include <stdlib.h>

static text get(yyjson_val *definition, const char *name)
{
    return json_text(json_get(definition, text_of(name)));
}

static int search_type_of(text name)
{
    static const char *const names[] = {"number",    "date",     "string", "token",  "reference",
                                        "composite", "quantity", "uri",    "special"};
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        if (text_eq(name, text_of(names[i]))) {
            return i;
        }
    }
    return -1;
}

static bool word_ok(text code)
{
    bool ok = code.n > 0 && code.n <= 64 && code.p[0] != '_';
    for (size_t i = 0; ok && i < code.n; i++) {
        char c = code.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    }
    return ok;
}

static int check_head(yyjson_val *definition, struct err *e)
{
    text code = get(definition, "code");
    int type = search_type_of(get(definition, "type"));
    if (!word_ok(code)) {
        return err_at(e, ERR_INVALID, T("SearchParameter.code"),
                      "a search parameter needs a code of 1 to 64 letters, digits, '-' or '_' that "
                      "does not begin with '_'");
    }
    if (type < 0) {
        return err_at(e, ERR_INVALID, T("SearchParameter.type"),
                      "'%.*s' is not a type of search parameter",
                      TEXT_ARG(text_short(get(definition, "type"), 60)));
    }
    if (type == SEARCH_COMPOSITE || type == SEARCH_SPECIAL) {
        return err_at(e, ERR_NOT_SUPPORTED, T("SearchParameter.type"),
                      "composite and special parameters cannot be added; add the parts one by one");
    }
    if (get(definition, "expression").n == 0) {
        return err_at(e, ERR_INVALID, T("SearchParameter.expression"),
                      "a search parameter needs an expression that says where its values stand");
    }
    return 0;
}

/* Some of the standard's (_query, _filter ...) are no parameters of a type: those have no
 * expression and a code with '_'. */
static bool is_standard(text url, text code)
{
    if (!text_starts(url, T("http://hl7.org/fhir/SearchParameter/"))) {
        return false;
    }
    bool found = text_starts(code, T("_"));
    for (unsigned type = 1; type < fhir_type_count() && !found; type++) {
        size_t count;
        const struct search_param *params = search_params((fhir_type)type, &count);
        for (size_t i = 0; i < count && !found; i++) {
            found = text_eq(params[i].url, url);
        }
    }
    return found;
}

bool search_custom_wanted(yyjson_val *definition)
{
    text code = get(definition, "code");
    return text_eq(get(definition, "status"), T("active")) &&
           !is_standard(get(definition, "url"), code) &&
           !is_standard(get(definition, "derivedFrom"), code);
}

static int compare_types(const void *a, const void *b)
{
    return (int)*(const fhir_type *)a - (int)*(const fhir_type *)b;
}

static bool is_abstract(text base)
{
    return text_eq(base, T("Resource")) || text_eq(base, T("DomainResource"));
}

/* All types that are one. Returns how many types there are then. */
static size_t add_all(text base, bool seen[256], fhir_type *types, size_t count)
{
    bool domain = text_eq(base, T("DomainResource"));
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        text name = fhir_type_name((fhir_type)type);
        bool other = text_eq(name, T("Bundle")) || text_eq(name, T("Binary")) ||
                     text_eq(name, T("Parameters"));
        if (!seen[type] && !(domain && other)) {
            seen[type] = true;
            types[count++] = (fhir_type)type;
        }
    }
    return count;
}

static int read_bases(yyjson_val *definition, struct arena *a, fhir_type **ret_types,
                      size_t *ret_count, struct err *e)
{
    fhir_type *types = arena_zalloc(a, fhir_type_count(), sizeof *types);
    bool seen[256] = {false};
    size_t count = 0;
    if (!types) {
        return err_set(e, ERR_MEMORY, "no memory for a search parameter");
    }
    size_t i;
    size_t n;
    yyjson_val *base;
    yyjson_arr_foreach(json_get(definition, T("base")), i, n, base)
    {
        if (is_abstract(json_text(base))) {
            count = add_all(json_text(base), seen, types, count);
            continue;
        }
        fhir_type type = fhir_type_of(json_text(base));
        if (!type) {
            return err_at(e, ERR_INVALID, T("SearchParameter.base"),
                          "'%.*s' is not a resource type of FHIR R4; name each type that the "
                          "parameter is for",
                          TEXT_ARG(text_short(json_text(base), 60)));
        }
        if (!seen[type]) {
            seen[type] = true;
            types[count++] = type;
        }
    }
    if (count == 0) {
        return err_at(e, ERR_INVALID, T("SearchParameter.base"),
                      "a search parameter needs at least one resource type as its base");
    }
    qsort(types, count, sizeof *types, compare_types);
    *ret_types = types;
    *ret_count = count;
    return 0;
}

/* What a reference may lead to; NULL: anything. */
static int read_targets(yyjson_val *definition, struct arena *a, const fhir_type **ret_targets,
                        struct err *e)
{
    yyjson_val *list = json_get(definition, T("target"));
    size_t most = yyjson_arr_size(list);
    fhir_type *targets = arena_zalloc(a, most + 1, sizeof *targets);
    bool any = most == 0;
    size_t count = 0;
    size_t i;
    size_t n;
    yyjson_val *item;
    if (!targets) {
        return err_set(e, ERR_MEMORY, "no memory for a search parameter");
    }
    yyjson_arr_foreach(list, i, n, item)
    {
        text name = json_text(item);
        fhir_type type = fhir_type_of(name);
        any = any || text_eq(name, T("Resource"));
        if (!type && !any) {
            return err_at(e, ERR_INVALID, T("SearchParameter.target"),
                          "'%.*s' is not a resource type of FHIR R4",
                          TEXT_ARG(text_short(name, 60)));
        }
        targets[count++] = type;
    }
    *ret_targets = any ? NULL : targets;
    return 0;
}

int search_custom_check(yyjson_val *definition, struct arena *a, fhir_type **ret_types,
                        size_t *ret_count, struct err *e)
{
    fhir_type *types = NULL;
    size_t count = 0;
    int rc = check_head(definition, e);
    rc = rc ? rc : read_bases(definition, a, &types, &count, e);
    for (size_t i = 0; i < count && !rc; i++) {
        const struct search_custom *made;
        text code = get(definition, "code");
        if (search_param_of(NULL, types[i], code)) {
            return err_at(e, ERR_INVALID, T("SearchParameter.code"),
                          "%.*s has the search parameter '%.*s' already, from the standard: choose "
                          "another code",
                          TEXT_ARG(fhir_type_name(types[i])), TEXT_ARG(code));
        }
        rc =
            search_custom_make(definition, types[i],
                               (uint16_t)(types[i] << 8 | SEARCH_CUSTOM_FIRST), false, a, &made, e);
    }
    if (!rc) {
        *ret_types = types;
        *ret_count = count;
    }
    return rc;
}

static text copy(struct arena *a, text t)
{
    return t.n ? arena_copy(a, t) : T("");
}

/* As tables, which are fast, or as a path. */
static int read_expression(struct search_custom *made, fhir_type type, struct arena *a,
                           struct err *e)
{
    struct search_param *param = &made->param;
    enum search_type of = (enum search_type)param->type;
    bool beyond = false;
    int rc = search_expression(param->expression, type, of, (uint8_t)param->number, a,
                               &made->tables, &param->identifiers, &beyond, e);
    if (rc && beyond) {
        made->tables = NULL;
        rc = search_path_compile(param->expression, type, of, a, &made->path, &param->identifiers,
                                 e);
    }
    return rc;
}

int search_custom_make(yyjson_val *definition, fhir_type type, uint16_t number, bool usable,
                       struct arena *a, const struct search_custom **ret_custom, struct err *e)
{
    struct search_custom *made = arena_zalloc(a, 1, sizeof *made);
    if (!made) {
        return err_set(e, ERR_MEMORY, "no memory for a search parameter");
    }
    struct search_param *param = &made->param;
    param->name = copy(a, get(definition, "code"));
    param->url = copy(a, get(definition, "url"));
    param->expression = copy(a, get(definition, "expression"));
    param->type = (uint8_t)search_type_of(get(definition, "type"));
    param->number = number;
    param->stored = true;
    made->id = copy(a, get(definition, "id"));
    made->usable = usable;
    if (!param->name.p || !param->url.p || !param->expression.p || !made->id.p) {
        return err_set(e, ERR_MEMORY, "no memory for a search parameter");
    }
    int rc = read_expression(made, type, a, e);
    if (!rc && param->type == SEARCH_REFERENCE) {
        rc = read_targets(definition, a, &param->targets, e);
    }
    if (!rc) {
        *ret_custom = made;
    }
    return rc;
}

const struct search_custom *const *search_customs_of(const struct search_customs *customs,
                                                     fhir_type type, size_t *ret_count)
{
    size_t first = 0;
    size_t count = 0;
    while (customs && first < customs->count && customs->items[first]->param.number >> 8 < type) {
        first++;
    }
    while (customs && first + count < customs->count &&
           customs->items[first + count]->param.number >> 8 == type) {
        count++;
    }
    *ret_count = count;
    return customs ? customs->items + first : NULL;
}

const struct search_custom *search_custom_find(const struct search_customs *customs, fhir_type type,
                                               text name)
{
    size_t count;
    const struct search_custom *const *items = search_customs_of(customs, type, &count);
    for (size_t i = 0; i < count; i++) {
        if (text_eq(items[i]->param.name, name)) {
            return items[i];
        }
    }
    return NULL;
}
