#include "identity/webauthn_cbor.h"

/* The number of a head. Shortest form only: else one item would have two encodings. */
static bool read_number(struct cbor *c, unsigned low, uint64_t *ret)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    if (low < 24) {
        *ret = low;
        return true;
    }
    size_t size = (size_t)1 << (low - 24);
    if (low > 27 || c->rest.n < size) { /* 31: of indefinite length */
        return false;
    }
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n = n << 8 | (unsigned char)c->rest.p[i];
    }
    c->rest = text_from(c->rest, size);
    *ret = n;
    return n >= least[low - 24];
}

bool cbor_read(struct cbor *c, struct cbor_item *ret)
{
    if (c->rest.n == 0) {
        return false;
    }
    unsigned head = (unsigned char)c->rest.p[0];
    unsigned major = head >> 5;
    struct cbor_item item = {.kind = CBOR_UNSIGNED};
    c->rest = text_from(c->rest, 1);
    if (major == 6) { /* a tag */
        return false;
    }
    if (major == 7) { /* false, true, null; no floating point */
        item.kind = CBOR_SIMPLE;
        item.value = head & 31;
        *ret = item;
        return item.value >= 20 && item.value <= 22;
    }
    item.kind = (enum cbor_kind)major;
    if (!read_number(c, head & 31, &item.value)) {
        return false;
    }
    if (item.kind == CBOR_BYTES || item.kind == CBOR_TEXT) {
        if (item.value > c->rest.n) {
            return false;
        }
        item.bytes = text_first(c->rest, (size_t)item.value);
        c->rest = text_from(c->rest, (size_t)item.value);
    } else if (item.kind == CBOR_ARRAY || item.kind == CBOR_MAP) {
        if (item.value > CBOR_ITEMS_MAX) {
            return false;
        }
    }
    *ret = item;
    return true;
}

bool cbor_map_key(struct cbor *c, struct cbor_map *m, struct cbor_item *ret_key)
{
    text before = c->rest;
    if (m->left == 0 || m->count == CBOR_ITEMS_MAX || !cbor_read(c, ret_key) ||
        (ret_key->kind != CBOR_UNSIGNED && ret_key->kind != CBOR_NEGATIVE &&
         ret_key->kind != CBOR_TEXT)) {
        return false;
    }
    text key = text_first(before, before.n - c->rest.n);
    for (size_t i = 0; i < m->count; i++) {
        if (text_eq(m->seen[i], key)) {
            return false;
        }
    }
    m->seen[m->count++] = key;
    m->left--;
    return true;
}

static bool skip(struct cbor *c, unsigned depth);

static bool skip_map(struct cbor *c, uint64_t count, unsigned depth)
{
    struct cbor_map m = {.left = count};
    struct cbor_item key;
    while (m.left) {
        if (!cbor_map_key(c, &m, &key) || !skip(c, depth)) {
            return false;
        }
    }
    return true;
}

static bool skip(struct cbor *c, unsigned depth)
{
    struct cbor_item item;
    if (!cbor_read(c, &item)) {
        return false;
    }
    if (item.kind != CBOR_ARRAY && item.kind != CBOR_MAP) {
        return true;
    }
    if (depth == CBOR_DEPTH_MAX) {
        return false;
    }
    if (item.kind == CBOR_MAP) {
        return skip_map(c, item.value, depth + 1);
    }
    for (uint64_t left = item.value; left; left--) {
        if (!skip(c, depth + 1)) {
            return false;
        }
    }
    return true;
}

bool cbor_skip(struct cbor *c)
{
    return skip(c, 0);
}

bool cbor_map_begin(struct cbor *c, struct cbor_map *ret)
{
    struct cbor_item item;
    if (!cbor_read(c, &item) || item.kind != CBOR_MAP) {
        return false;
    }
    *ret = (struct cbor_map){.left = item.value};
    return true;
}

bool cbor_is(const struct cbor_item *item, int64_t value)
{
    return value >= 0 ? item->kind == CBOR_UNSIGNED && item->value == (uint64_t)value
                      : item->kind == CBOR_NEGATIVE && item->value == (uint64_t)(-1 - value);
}
