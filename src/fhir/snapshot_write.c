/* An element definition, as JSON. */
#include "fhir/snapshot_int.h"

static void write_name(text name, struct buf *out)
{
    buf_addc(out, ',');
    json_write_string(name, out);
    buf_addc(out, ':');
}

static void write_string(text name, text value, struct buf *out)
{
    if (value.n) {
        write_name(name, out);
        json_write_string(value, out);
    }
}

/* The built-in definitions have the rules without their words, which a resource must have: the rule
 * itself, or its name, stands for them. */
static void write_item(const yyjson_val *item, size_t number, struct buf *out)
{
    json_write(item, out);
    if (number != SNAPSHOT_CONSTRAINT || json_type(item) != YYJSON_TYPE_OBJ || !json_len(item) ||
        json_get(item, T("human")) || buf_failed(out)) {
        return;
    }
    text rule = json_text(json_get(item, T("expression")));
    out->n--;
    buf_add(out, T(",\"human\":"));
    json_write_string(rule.n ? rule : json_text(json_get(item, T("key"))), out);
    buf_addc(out, '}');
}

static void write_list(const struct snapshot_made *m, size_t number, struct buf *out)
{
    const struct snapshot_values *list = &m->lists[number];
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0) {
            write_name(snapshot_list_names[number], out);
        }
        buf_addc(out, i ? ',' : '[');
        write_item(list->items[i], number, out);
    }
    if (list->count) {
        buf_addc(out, ']');
    }
}

static void write_base(const struct snapshot_made *m, struct buf *out)
{
    write_name(T("base"), out);
    if (json_type(m->base) == YYJSON_TYPE_OBJ) {
        json_write(m->base, out);
        return;
    }
    buf_add(out, T("{\"path\":"));
    json_write_string(m->base_path.n ? m->base_path : m->path, out);
    buf_add(out, T(",\"min\":"));
    buf_add_u64(out, m->first_least);
    buf_add(out, T(",\"max\":"));
    json_write_string(m->first_max.n ? m->first_max : T("*"), out);
    buf_addc(out, '}');
}

/* Whether a newer one of the bindings has this member. */
static bool is_said(const struct snapshot_made *m, size_t newer, text name)
{
    for (size_t i = newer; i < m->bindings.count; i++) {
        if (json_get(m->bindings.items[i], name)) {
            return true;
        }
    }
    return false;
}

static void write_binding(const struct snapshot_made *m, struct buf *out)
{
    bool first = true;
    if (!m->bindings.count) {
        return;
    }
    write_name(T("binding"), out);
    buf_addc(out, '{');
    for (size_t i = m->bindings.count; i; i--) {
        const yyjson_val *binding = m->bindings.items[i - 1];
        const yyjson_val *key = binding + 1;
        size_t left = json_type(binding) == YYJSON_TYPE_OBJ ? json_len(binding) : 0;
        for (; left; left--, key = json_after(key + 1)) {
            if (!is_said(m, i, json_text(key))) {
                buf_add(out, first ? T("") : T(","));
                json_write_string(json_text(key), out);
                buf_addc(out, ':');
                json_write(key + 1, out);
                first = false;
            }
        }
    }
    buf_addc(out, '}');
}

/* Prose that goes on is written as one string of JSON: the first without its closing quote, the
 * second without its opening quote and the three full stops. */
static void write_member(const struct snapshot_member *member, struct buf *out)
{
    write_name(member->name, out);
    if (!member->before) {
        json_write(member->value, out);
        return;
    }
    json_write_string(json_text(member->before), out);
    out->n -= out->n ? 1 : 0;
    buf_add(out, T("\\n"));
    size_t at = out->n;
    json_write_string(text_from(json_text(member->value), 3), out);
    if (!buf_failed(out)) {
        memmove(out->p + at, out->p + at + 1, out->n - at - 1);
        out->n--;
    }
}

void snapshot_element_write(const struct snapshot_made *m, struct buf *out)
{
    buf_add(out, T("{\"id\":"));
    json_write_string(m->id, out);
    write_list(m, 1, out);
    write_string(T("path"), m->path, out);
    write_string(T("sliceName"), m->slice, out);
    if (m->slicing) {
        write_name(T("slicing"), out);
        json_write(m->slicing, out);
    } else if (m->implied_slicing) {
        write_name(T("slicing"), out);
        buf_add(out, text_of(m->implied_slicing));
    }
    write_name(T("min"), out);
    buf_add_u64(out, m->least);
    write_string(T("max"), m->max.n ? m->max : T("*"), out);
    write_base(m, out);
    write_string(T("contentReference"), m->reference, out);
    snapshot_types_write(m, out);
    for (size_t i = 0; i < m->member_count; i++) {
        write_member(&m->members[i], out);
    }
    for (size_t i = 0; i < SNAPSHOT_LISTS; i++) {
        if (i != 1) {
            write_list(m, i, out);
        }
    }
    write_binding(m, out);
    buf_addc(out, '}');
}
