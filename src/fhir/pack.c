#include "base/clock.h"
#include "fhir/resource.h"

static bool kept_by_store(text name)
{
    return text_eq(name, T("resourceType")) || text_eq(name, T("id")) || text_eq(name, T("meta"));
}

static bool meta_kept_by_store(text name)
{
    return text_eq(name, T("versionId")) || text_eq(name, T("lastUpdated"));
}

/* The members of an object but those the store knows itself, with commas and without braces. */
static void add_members(const yyjson_val *object, bool (*left_out)(text name), struct buf *out)
{
    const yyjson_val *key = object + 1;
    bool first = true;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        if (left_out(json_text(key))) {
            continue;
        }
        if (!first) {
            buf_addc(out, ',');
        }
        first = false;
        json_write(key, out);
        buf_addc(out, ':');
        json_write(key + 1, out);
    }
}

static void add_varint(struct buf *out, size_t n)
{
    while (n >= 0x80) {
        buf_addc(out, (char)(unsigned char)(n | 0x80));
        n >>= 7;
    }
    buf_addc(out, (char)n);
}

static bool take_varint(text *t, size_t *ret)
{
    size_t n = 0;
    for (unsigned shift = 0; shift < 56 && t->n; shift += 7) {
        unsigned char byte = (unsigned char)*t->p;
        *t = text_from(*t, 1);
        n |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = n;
            return true;
        }
    }
    return false;
}

void resource_pack(const struct resource *r, struct buf *out)
{
    size_t start = out->n;
    if (json_type(r->meta) == YYJSON_TYPE_OBJ) {
        add_members(r->meta, meta_kept_by_store, out);
    }
    /* The length stands in front, and its own length depends on it: write behind, then turn. */
    size_t n = out->n - start;
    size_t end = out->n;
    add_varint(out, n);
    size_t width = out->n - end;
    if (buf_failed(out)) {
        return;
    }
    char varint[10];
    memcpy(varint, out->p + end, width);
    if (n) {
        memmove(out->p + start + width, out->p + start, n);
    }
    memcpy(out->p + start, varint, width);
    add_members(r->root, kept_by_store, out);
}

text resource_packed_meta(text packed)
{
    size_t n;
    return take_varint(&packed, &n) ? text_first(packed, n) : (text){0};
}

text resource_packed_words(text packed)
{
    size_t n;
    return take_varint(&packed, &n) && n <= packed.n ? text_from(packed, n) : (text){0};
}

int resource_print(const struct resource_head *head, text packed, struct buf *out, struct err *e)
{
    size_t n;
    text rest = packed;
    text name = fhir_type_name(head->type);
    if (!take_varint(&rest, &n) || n > rest.n || !name.n) {
        return err_set(e, ERR_CORRUPT, "a stored version is not of the form that this node writes");
    }
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(head->instant, instant);
    buf_add(out, T("{\"resourceType\":\""));
    buf_add(out, name);
    buf_add(out, T("\",\"id\":"));
    json_write_string(head->id, out);
    buf_add(out, T(",\"meta\":{\"versionId\":\""));
    buf_add_u64(out, head->version);
    buf_add(out, T("\",\"lastUpdated\":\""));
    buf_add(out, text_of(instant));
    buf_addc(out, '"');
    if (n) {
        buf_addc(out, ',');
        buf_add(out, text_first(rest, n));
    }
    buf_addc(out, '}');
    rest = text_from(rest, n);
    if (rest.n) {
        buf_addc(out, ',');
        buf_add(out, rest);
    }
    buf_addc(out, '}');
    return buf_failed(out) ? err_set(e, ERR_MEMORY, "%s", "") : 0;
}
