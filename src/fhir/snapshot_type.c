/* ElementDefinition.type: narrowed, never widened. */
#include "fhir/snapshot_int.h"

enum { TYPES_MAX = 200, KINDS_MAX = 16 };

#define SYSTEM_TYPE "http://hl7.org/fhirpath/System."

static const text part_names[TYPE_PART_COUNT] = {
    {"id", 2},           {"extension", 9},     {"code", 4},           {"_code", 5},
    {"profile", 7},      {"_profile", 8},      {"targetProfile", 13}, {"_targetProfile", 14},
    {"aggregation", 11}, {"_aggregation", 12}, {"versioning", 10},    {"_versioning", 11},
};

static struct snapshot_type read_one(const yyjson_val *type)
{
    struct snapshot_type t = {.code = json_text(json_get(type, T("code")))};
    for (size_t i = 0; i < TYPE_PART_COUNT; i++) {
        t.parts[i] = json_get(type, part_names[i]);
    }
    return t;
}

int snapshot_types_read(struct snapshot_work *w, const yyjson_val *types, struct snapshot_made *m)
{
    size_t count = json_type(types) == YYJSON_TYPE_ARR ? json_len(types) : 0;
    if (count > TYPES_MAX) {
        return snapshot_wrong(w, m->id, "an element has more than %d types", TYPES_MAX);
    }
    struct snapshot_type *made = arena_zalloc(&w->scratch, count ? count : 1, sizeof *made);
    if (!made) {
        return snapshot_memory(w);
    }
    const yyjson_val *type = NULL;
    for (size_t i = 0; i < count; i++) {
        type = i ? json_after(type) : types + 1;
        made[i] = read_one(type);
    }
    m->types = made;
    m->type_count = count;
    return 0;
}

/* Whether a type is a specialisation of another: Age of Quantity, Patient of Resource. */
static bool specialises(struct snapshot_work *w, text code, text wanted)
{
    struct err e;
    const yyjson_val *root = NULL;
    text base = {NULL, 0};
    text name = code;
    for (size_t i = 0; i < KINDS_MAX; i++) {
        const text parts[] = {T(DEFS_BASE), name};
        text url = base.p ? base : arena_join(&w->scratch, parts, 2);
        if (!url.p ||
            defs_resource(w->defs, fhir_type_of(T("StructureDefinition")), url, &root, &e)) {
            return false;
        }
        name = json_text(json_get(root, T("type")));
        base = json_text(json_get(root, T("baseDefinition")));
        if (text_eq(name, wanted)) {
            return true;
        }
        if (!base.p) {
            return false;
        }
    }
    return false;
}

/* R4 writes the ids of elements and the urls of extensions with types of FHIRPath, differentials
 * with those of FHIR. */
static bool is_any(text code)
{
    return text_starts(code, T(SYSTEM_TYPE)) || text_eq(code, T("*"));
}

static const struct snapshot_type *find_type(struct snapshot_work *w, const struct snapshot_made *m,
                                             text code)
{
    for (size_t i = 0; i < m->type_count; i++) {
        if (text_eq(m->types[i].code, code)) {
            return &m->types[i];
        }
    }
    for (size_t i = 0; i < m->type_count; i++) {
        if (is_any(m->types[i].code) || specialises(w, code, m->types[i].code)) {
            return &m->types[i];
        }
    }
    return NULL;
}

/* What the narrower type does not say, the wider still does, where it is the same type. */
static void inherit(struct snapshot_type *t, const struct snapshot_type *from)
{
    for (size_t i = TYPE_PROFILE; text_eq(t->code, from->code) && i < TYPE_PART_COUNT; i += 2) {
        if (!t->parts[i]) {
            t->parts[i] = from->parts[i];
            t->parts[i + 1] = from->parts[i + 1];
        }
    }
}

int snapshot_types_apply(struct snapshot_work *w, const yyjson_val *types, struct snapshot_made *m)
{
    struct snapshot_made now = {.id = m->id};
    int code = snapshot_types_read(w, types, &now);
    for (size_t i = 0; i < now.type_count && m->type_count && !code; i++) {
        const struct snapshot_type *from = find_type(w, m, now.types[i].code);
        if (!from) {
            code = snapshot_wrong(w, m->id,
                                  "the type %.*s is none of those of the base; name only types "
                                  "that the base has",
                                  TEXT_ARG(text_short(now.types[i].code, 100)));
        } else {
            inherit(&now.types[i], from);
        }
    }
    if (!code && now.type_count) {
        m->types = now.types;
        m->type_count = now.type_count;
    }
    return code;
}

int snapshot_narrow(struct snapshot_work *w, const text *codes, size_t count,
                    struct snapshot_made *m)
{
    struct snapshot_type *kept = arena_zalloc(&w->scratch, m->type_count + 1, sizeof *kept);
    size_t kept_count = 0;
    if (!kept) {
        return snapshot_memory(w);
    }
    for (size_t i = 0; i < m->type_count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (text_eq(m->types[i].code, codes[k])) {
                kept[kept_count++] = m->types[i];
                break;
            }
        }
    }
    if (kept_count) {
        m->types = kept;
        m->type_count = kept_count;
    }
    return 0;
}

bool snapshot_type_of_choice(const struct snapshot_made *m, text choice, text name, text *ret_code)
{
    if (!text_ends(choice, T("[x]")) || !text_starts(name, text_first(choice, choice.n - 3))) {
        return false;
    }
    text rest = text_from(name, choice.n - 3);
    for (size_t i = 0; i < m->type_count && rest.n; i++) {
        text code = m->types[i].code;
        char first = code.n ? code.p[0] : 0;
        first = (char)(first >= 'a' && first <= 'z' ? first - 'a' + 'A' : first);
        if (code.n == rest.n && first == rest.p[0] &&
            text_eq(text_from(code, 1), text_from(rest, 1))) {
            *ret_code = code;
            return true;
        }
    }
    return false;
}

void snapshot_types_write(const struct snapshot_made *m, struct buf *out)
{
    if (!m->type_count) {
        return;
    }
    buf_add(out, T(",\"type\":["));
    for (size_t i = 0; i < m->type_count; i++) {
        bool first = true;
        buf_add(out, i ? T(",{") : T("{"));
        for (size_t part = 0; part < TYPE_PART_COUNT; part++) {
            if (m->types[i].parts[part]) {
                buf_add(out, first ? T("\"") : T(",\""));
                buf_add(out, part_names[part]);
                buf_add(out, T("\":"));
                json_write(m->types[i].parts[part], out);
                first = false;
            }
        }
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}
