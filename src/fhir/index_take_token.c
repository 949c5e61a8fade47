#include "fhir/index_take.h"

/* --- token (R4 search.html#token) ---------------------------------------------------------- */

/* False: there is nothing that a token could say. */
static bool add_token(struct extract *x, const struct search_leaf *leaf, enum index_kind kind,
                      text code, text system)
{
    if (code.n == 0 && system.n == 0) {
        return false;
    }
    extract_add(x, leaf, kind, 0, index_code(code, x->arena), system.n ? system : T(""));
    return true;
}

void extract_token(struct extract *x, const struct search_leaf *leaf, text code, text system)
{
    add_token(x, leaf, INDEX_TOKEN, code, system);
}

/* A text without a code: 0x02 and its words. */
static void add_text(struct extract *x, const struct search_leaf *leaf, text t)
{
    text words = t.n ? extract_fold(x, t) : T("");
    if (words.n == 0) {
        return;
    }
    char *out = arena_alloc(x->arena, words.n + 1);
    if (!out) {
        x->no_memory = true;
        return;
    }
    out[0] = 2;
    memcpy(out + 1, words.p, words.n);
    extract_add(x, leaf, INDEX_BYTES, 0, index_shorten(text_make(out, words.n + 1), x->arena),
                T(""));
}

/* The token that was added last stands beside a text. */
static void add_display(struct extract *x, text t)
{
    text words = x->whole && t.n && !x->no_memory ? extract_fold(x, t) : T("");
    if (words.n == 0) {
        return;
    }
    struct index_display *displays = arena_grow(x->arena, x->displays, x->display_count,
                                                &x->display_capacity, sizeof(*displays));
    words = index_shorten(words, x->arena);
    if (!displays || !words.p) {
        x->no_memory = true;
        return;
    }
    const struct index_entry *token = &x->entries[x->count - 1];
    x->displays = displays;
    displays[x->display_count++] =
        (struct index_display){.words = words, .code = token->value, .system = token->system};
}

/* A Coding, with the text of its concept (or empty). Whether it gave a token. */
static bool take_coding(struct extract *x, const struct search_leaf *leaf, yyjson_val *v,
                        text beside)
{
    text display = extract_member(v, T("display"));
    if (!add_token(x, leaf, INDEX_TOKEN, extract_member(v, T("code")),
                   extract_member(v, T("system")))) {
        add_text(x, leaf, display);
        return false;
    }
    add_display(x, display);
    if (!text_eq(display, beside)) {
        add_display(x, beside);
    }
    return true;
}

void extract_coding(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    take_coding(x, leaf, v, T(""));
}

void extract_concept(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    yyjson_val *codings = json_get(v, T("coding"));
    text words = extract_member(v, T("text"));
    bool coded = false;
    size_t i, count;
    yyjson_val *coding;
    yyjson_arr_foreach(codings, i, count, coding)
    {
        coded |= take_coding(x, leaf, coding, words);
    }
    if (!coded) {
        add_text(x, leaf, words);
    }
}

void extract_boolean(struct extract *x, const struct search_leaf *leaf, bool value)
{
    extract_token(x, leaf, value ? T("true") : T("false"), x->tables->systems[leaf->system]);
}

void extract_deceased(struct extract *x, const struct search_leaf *leaf, yyjson_val *root)
{
    bool said = yyjson_is_true(json_get(root, T("deceasedBoolean")));
    extract_boolean(x, leaf, said || json_get(root, T("deceasedDateTime")) != NULL);
}

/* --- reference (R4 search.html#reference) -------------------------------------------------- */

/* Remembers a patient when the parameter is one of those that put a resource in a compartment. */
static void note_patient(struct extract *x, const struct search_leaf *leaf, text id, bool elsewhere)
{
    const uint8_t *ordinals = x->table->home;
    for (unsigned rank = 0; ordinals && ordinals[rank] != SEARCH_COMPARTMENT_END; rank++) {
        if (ordinals[rank] != leaf->ordinal) {
            continue;
        }
        struct extract_patient *patients = arena_grow(x->arena, x->patients, x->patient_count,
                                                      &x->patient_capacity, sizeof(*patients));
        if (!patients) {
            x->no_memory = true;
            return;
        }
        x->patients = patients;
        x->patients[x->patient_count++] = (struct extract_patient){rank, elsewhere, id};
        return;
    }
}

struct reference extract_parse(struct extract *x, text t)
{
    if (!t.p || t.p != x->unparsed.p || t.n != x->unparsed.n) {
        x->unparsed = t;
        x->parsed = reference_parse(t, x->rules->base);
    }
    return x->parsed;
}

static void take_target(struct extract *x, const struct search_leaf *leaf, text t)
{
    struct reference r = extract_parse(x, t);
    switch (r.kind) {
    case REFERENCE_LOCAL:
        extract_add(x, leaf, INDEX_REFERENCE, r.type, r.id, T(""));
        if (r.type == FHIR_PATIENT) {
            note_patient(x, leaf, r.id, false);
        }
        break;
    case REFERENCE_ABSOLUTE:
        if (r.version.n) {
            t = text_first(t, (size_t)(r.id.p + r.id.n - t.p));
        }
        extract_add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
        if (r.type == FHIR_PATIENT) {
            note_patient(x, leaf, t, true);
        }
        break;
    case REFERENCE_URI:
        extract_add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
        break;
    default: /* inside the same resource, or a reference that nobody can follow */
        break;
    }
}

void extract_reference(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    text t = extract_member(v, T("reference"));
    yyjson_val *identifier = json_get(v, T("identifier"));
    if (t.n) {
        take_target(x, leaf, t);
    }
    if (identifier) {
        add_token(x, leaf, INDEX_IDENTIFIER, extract_member(identifier, T("value")),
                  extract_member(identifier, T("system")));
    }
}

/*
 * A canonical URL gives itself without its version, and itself. People also write Questionnaire/1
 * where the URL of a resource should stand: that gives the resource, too. Entries do not hang on
 * this node's own address: such a URL is the query's to look for.
 */
void extract_link(struct extract *x, const struct search_leaf *leaf, text t)
{
    size_t bar = text_find(t, '|');
    struct reference r = reference_parse(text_first(t, bar), T(""));
    if (r.kind == REFERENCE_LOCAL) {
        extract_add(x, leaf, INDEX_REFERENCE, r.type, r.id, T(""));
    }
    if (bar) {
        extract_add(x, leaf, INDEX_REFERENCE, 0, text_first(t, bar), T(""));
    }
    if (bar && bar + 1 < t.n) {
        extract_add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
    }
}

void extract_resource(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    fhir_type type = fhir_type_of(extract_member(v, T("resourceType")));
    text id = extract_member(v, T("id"));
    const struct search_param *param =
        search_param_by_number(x->rules->customs, (uint16_t)(x->type << 8 | leaf->ordinal));
    if (type && id.n && (!param || search_may_target(param, type))) {
        extract_add(x, leaf, INDEX_REFERENCE, type, id, T(""));
    }
}
