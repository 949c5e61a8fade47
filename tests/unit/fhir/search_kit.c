#include "search_kit.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct resource kit_resource(const char *json, struct arena *a)
{
    struct err e;
    struct resource r = {.id = T("")};
    size_t n = strlen(json);
    char *bytes = arena_alloc(a, n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = json[i];
        if (bytes[i] == '\'') {
            bytes[i] = '"';
        }
    }
    if (json_read(text_make(bytes, n), 64, a, &r.root, &e)) {
        fail_msg("not JSON: %s\n%s", err_text(&e), json);
    }
    r.type = fhir_type_of(json_text(json_get(r.root, T("resourceType"))));
    r.meta = json_get(r.root, T("meta"));
    text id = json_text(json_get(r.root, T("id")));
    r.id = id.n ? id : T("");
    return r;
}

text kit_moment(int64_t ms, struct arena *a)
{
    char out[CLOCK_INSTANT_SIZE];
    if (ms == INT64_MIN || ms == INT64_MAX) {
        return T("open");
    }
    clock_instant(index_ms_to_1970(ms), out);
    return arena_copy(a, text_of(out));
}

static void print_value(const struct index_entry *e, enum search_type type, struct buf *out,
                        struct arena *a)
{
    int64_t start, end;
    if (e->kind == INDEX_TOKEN) {
        buf_printf(out, "%.*s|%.*s", TEXT_ARG(e->system), TEXT_ARG(e->value));
    } else if (e->kind == INDEX_REFERENCE) {
        buf_add(out, fhir_type_name(e->target));
        buf_add(out, e->target ? T("/") : T(""));
        buf_add(out, e->value);
    } else if (text_eq(e->value, text_make("\0", 1))) {
        buf_addc(out, '-');
    } else if (type == SEARCH_DATE) {
        assert_true(index_date_read(e->value, &start, &end));
        buf_printf(out, "%.*s..%.*s", TEXT_ARG(kit_moment(start, a)), TEXT_ARG(kit_moment(end, a)));
    } else if (type == SEARCH_NUMBER || type == SEARCH_QUANTITY) {
        for (size_t i = 0; i < e->value.n; i++) {
            unsigned char c = (unsigned char)e->value.p[i];
            if (c > ' ' && c < 0x7F) {
                buf_addc(out, (char)c);
            } else {
                buf_printf(out, "<%02x>", c);
            }
        }
    } else {
        buf_add(out, e->value);
    }
}

text kit_entries(const struct resource *r, const struct index *index, struct arena *a)
{
    struct buf out;
    size_t count;
    const struct search_param *params = search_params(r->type, &count);
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < index->count; i++) {
        const struct index_entry *e = &index->entries[i];
        const struct search_param *p = &params[e->param & 0xFF];
        assert_int_equal(e->param, p->number);
        buf_add(&out, p->name);
        buf_addc(&out, ' ');
        print_value(e, p->type, &out, a);
        buf_addc(&out, '\n');
    }
    if (index->home.n) {
        buf_printf(&out, "home: %.*s\n", TEXT_ARG(index->home));
    }
    for (size_t i = 0; i < index->member_count; i++) {
        buf_printf(&out, "member: %.*s\n", TEXT_ARG(index->members[i]));
    }
    text result = arena_copy(a, buf_text(&out));
    buf_done(&out);
    return result;
}

int kit_search(const char *type, const char *query, struct arena *a, struct search *ret_search,
               struct err *e)
{
    struct limits limits = limits_default();
    struct search_pair *pairs;
    size_t count;
    int code = search_decode(text_of(query), &limits, a, &pairs, &count, e);
    if (code) {
        return code;
    }
    return search_parse(fhir_type_of(text_of(type)), (struct search_compartment){0}, pairs, count,
                        T(KIT_BASE), &limits, a, ret_search, e);
}

/* --- a store of one resource --------------------------------------------------------------- */

static bool token_matches(const struct plan_atom *atom, const struct index_entry *e)
{
    if (e->kind != INDEX_TOKEN) {
        return false;
    }
    if (atom->kind == PLAN_SYSTEM) {
        return text_eq(atom->system, e->system);
    }
    if (!text_eq(atom->value, e->value)) {
        return false;
    }
    return atom->system_mode == PLAN_SYSTEM_ANY ||
           (atom->system_mode == PLAN_SYSTEM_NONE ? e->system.n == 0
                                                  : text_eq(atom->system, e->system));
}

static bool entry_matches(const struct plan_atom *atom, const struct index_entry *e)
{
    if (e->param != atom->param) {
        return false;
    }
    switch (atom->kind) {
    case PLAN_VALUE:
        return e->kind == INDEX_BYTES && text_eq(e->value, atom->value);
    case PLAN_TOKEN:
    case PLAN_SYSTEM:
        return token_matches(atom, e);
    case PLAN_REFERENCE:
        return e->kind == INDEX_REFERENCE && e->target == atom->target &&
               text_eq(e->value, atom->value);
    case PLAN_RANGE:
        return e->kind == INDEX_BYTES && text_cmp(e->value, atom->low) >= 0 &&
               (atom->high.n == 0 || text_cmp(e->value, atom->high) < 0) &&
               plan_atom_accepts(atom, e->value);
    default:
        return false;
    }
}

static bool is_exception(const struct index *index, uint16_t param)
{
    for (size_t i = 0; i < index->count; i++) {
        if (index->entries[i].param == param && index->entries[i].kind == INDEX_BYTES) {
            return true;
        }
    }
    return false;
}

static bool atom_matches(const struct plan_atom *atom, const struct resource *r,
                         const struct index *index)
{
    switch (atom->kind) {
    case PLAN_NONE:
        return false;
    case PLAN_ALL:
        return true;
    case PLAN_ID:
        return text_eq(atom->value, r->id);
    case PLAN_HOME:
        return text_eq(atom->value, index->home) && !is_exception(index, atom->param);
    case PLAN_COMPARTMENT:
        for (size_t i = 0; i < index->member_count; i++) {
            if (text_eq(index->members[i], atom->value)) {
                return true;
            }
        }
        return text_eq(atom->value, index->home);
    default:
        for (size_t i = 0; i < index->count; i++) {
            if (entry_matches(atom, &index->entries[i])) {
                return true;
            }
        }
        return false;
    }
}

bool kit_matches(const struct search *s, const struct resource *r, struct arena *a)
{
    struct index index;
    assert_int_equal(index_extract(r, T(KIT_BASE), a, &index), 0);
    for (size_t i = 0; i < s->plan.term_count; i++) {
        const struct plan_term *term = &s->plan.terms[i];
        bool found = false;
        for (size_t j = 0; j < term->count; j++) {
            found |= atom_matches(&term->atoms[j], r, &index);
        }
        if (!found) {
            return false;
        }
    }
    return s->plan.type == r->type;
}

bool kit_finds(const char *query, const char *json)
{
    struct arena a;
    struct search s;
    struct err e = {0};
    arena_init(&a, 1 << 26);
    struct resource r = kit_resource(json, &a);
    text type = arena_copy(&a, fhir_type_name(r.type));
    if (kit_search(type.p, query, &a, &s, &e)) {
        fail_msg("%s?%s: %s", type.p, query, err_text(&e));
    }
    bool result = kit_matches(&s, &r, &a);
    arena_done(&a);
    return result;
}
