#include "fhir/codes.h"
#include "fhir/terminology.h"
#include "rest/definitions.h"
#include "rest/terms.h"

/* What is no resource here, as a release of SNOMED CT and the value sets that its addresses mean,
 * or is built in: by the definitions in force. */

enum { EXPANSION_MOST = 64 * 1024 * 1024, EXPANSION_DEPTH = 64 };

static int add_code(struct search_codes *codes, size_t *capacity, text system, text code,
                    struct arena *a, struct err *e)
{
    if (codes->count == TERMS_CODES_MOST) {
        return err_set(e, ERR_TOO_COSTLY, "the query means more than %d codes; narrow it",
                       TERMS_CODES_MOST);
    }
    struct search_code *items =
        arena_grow(a, codes->items, codes->count, capacity, sizeof *codes->items);
    struct search_code made = {arena_copy(a, system), arena_copy(a, code)};
    if (!items || !made.system.p || !made.code.p) {
        return terms_no_memory(e);
    }
    codes->items = items;
    items[codes->count++] = made;
    return 0;
}

/* --- hierarchies ---------------------------------------------------------------------------- */

static int find_code(const struct codes *c, text system, text code, uint32_t *ret, struct err *e)
{
    *ret = codes_find(c, code);
    if (*ret == CODES_NONE) {
        return err_set(e, ERR_NOT_FOUND, "the CodeSystem '%.*s' that is here has no code '%.*s'",
                       TEXT_ARG(text_short(system, 200)), TEXT_ARG(text_short(code, 100)));
    }
    return codes_about(c)->content == CODES_COMPLETE
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED,
                         "the CodeSystem '%.*s' that is here does not have all of its codes, so "
                         "what the query means cannot be worked out; name the codes",
                         TEXT_ARG(text_short(system, 200)));
}

static int take_related(const struct terms *t, const struct codes *c, text system, uint32_t concept,
                        bool above, struct arena *a, struct search_codes *ret, struct err *e)
{
    size_t capacity = 0;
    uint32_t count = codes_about(c)->count;
    int rc = 0;
    for (uint32_t i = 0; !rc && i < count; i++) {
        bool is =
            i == concept || (above ? codes_is_below(c, concept, i) : codes_is_below(c, i, concept));
        rc = i % 65536 == 65535 ? terms_in_time(t, e) : 0;
        rc = rc || !is ? rc : add_code(ret, &capacity, system, codes_code(c, i), a, e);
    }
    return rc;
}

int terms_related_defined(const struct terms *t, text system, text code, bool above,
                          struct arena *a, struct search_codes *ret_codes, struct err *e)
{
    struct defs *d = NULL;
    const struct codes *c;
    uint32_t concept = 0;
    struct search_codes codes = {0};
    int rc = definitions_hold(t->call->rest, &d, e);
    if (rc) {
        return rc;
    }
    rc = defs_codes(d, system, T(""), &c, e);
    rc = rc ? rc : find_code(c, system, code, &concept, e);
    rc = rc ? rc : take_related(t, c, system, concept, above, a, &codes, e);
    definitions_release(t->call->rest, d);
    if (!rc) {
        *ret_codes = codes;
    }
    return rc;
}

/* --- value sets ----------------------------------------------------------------------------- */

static int take_expansion(text json, struct arena *a, struct search_codes *ret, struct err *e)
{
    yyjson_val *root;
    size_t capacity = 0;
    int rc = json_read(json, EXPANSION_DEPTH, a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(json_get(root, T("expansion")), T("contains"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        text code = json_text(json_get(item, T("code")));
        text system = json_text(json_get(item, T("system")));
        rc = code.n ? add_code(ret, &capacity, system.p ? system : T(""), code, a, e) : 0;
    }
    return rc;
}

int terms_members_defined(const struct terms *t, text url, const yyjson_val *value_set,
                          struct arena *a, struct search_codes *ret_codes, struct err *e)
{
    struct defs *d = NULL;
    struct buf out;
    struct search_codes codes = {0};
    const struct term_parameter parameters[] = {
        {T("excludeNested"), T("true"), NULL},
        value_set ? (struct term_parameter){T("valueSet"), {0}, value_set}
                  : (struct term_parameter){T("url"), url, NULL},
    };
    struct term_ask ask = {.parameters = parameters,
                           .count = sizeof parameters / sizeof *parameters,
                           .codes_most = TERMS_CODES_MOST,
                           .deadline = t->deadline};
    int rc = definitions_hold(t->call->rest, &d, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, EXPANSION_MOST);
    rc = term_expand(d, &ask, a, &out, e);
    rc = rc ? rc : take_expansion(buf_text(&out), a, &codes, e);
    buf_done(&out);
    definitions_release(t->call->rest, d);
    if (!rc) {
        *ret_codes = codes;
    }
    return rc;
}
