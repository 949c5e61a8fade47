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

static void print_bytes(text value, struct buf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c > ' ' && c < 0x7F) {
            buf_addc(out, (char)c);
        } else {
            buf_printf(out, "<%02x>", c);
        }
    }
}

static void print_position(text value, struct buf *out)
{
    uint32_t parts[2] = {0};
    assert_int_equal(value.n, 8);
    for (int i = 0; i < 8; i++) {
        parts[i / 4] = parts[i / 4] << 8 | (unsigned char)value.p[i];
    }
    buf_printf(out, "%.7f %.7f", parts[0] / 1e7 - 90, parts[1] / 1e7 - 180);
}

static void print_complete(text value, enum search_type type, struct buf *out, struct arena *a)
{
    int64_t start, end;
    if (text_eq(value, text_make("\0", 1))) {
        buf_addc(out, '-');
    } else if (text_eq(value, text_make("\1", 1))) {
        buf_addc(out, '!');
    } else if (type == SEARCH_TOKEN) {
        assert_int_equal(value.p[0], 2);
        buf_printf(out, "'%.*s'", TEXT_ARG(text_from(value, 1)));
    } else if (type == SEARCH_DATE) {
        assert_true(index_date_read(value, &start, &end));
        buf_printf(out, "%.*s..%.*s", TEXT_ARG(kit_moment(start, a)), TEXT_ARG(kit_moment(end, a)));
    } else if (type == SEARCH_NUMBER) {
        print_bytes(value, out);
    } else if (type == SEARCH_SPECIAL) {
        print_position(value, out);
    } else {
        buf_add(out, value);
    }
}

static void print_value(const struct index_entry *e, enum search_type type, struct buf *out,
                        struct arena *a)
{
    switch ((enum index_kind)e->kind) {
    case INDEX_IDENTIFIER:
        buf_add(out, T("identifier "));
        buf_printf(out, "%.*s|%.*s", TEXT_ARG(e->system), TEXT_ARG(e->value));
        break;
    case INDEX_TOKEN:
        buf_printf(out, "%.*s|%.*s", TEXT_ARG(e->system), TEXT_ARG(e->value));
        break;
    case INDEX_REFERENCE:
        buf_add(out, fhir_type_name(e->target));
        buf_add(out, e->target ? T("/") : T(""));
        buf_add(out, e->value);
        break;
    case INDEX_QUANTITY:
        print_bytes(e->value, out);
        buf_addc(out, ' ');
        for (size_t i = 0; i < e->system.n; i++) {
            buf_addc(out, e->system.p[i] == 0x1F ? '|' : e->system.p[i]);
        }
        break;
    case INDEX_BYTES:
        print_complete(e->value, type, out, a);
        break;
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
