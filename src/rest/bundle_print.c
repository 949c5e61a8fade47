#include "rest/call.h"

#include "base/hash.h"
#include "base/pace.h"
#include "format/json.h"

#include <stdio.h>

/* What bundles of every type have in common: links, entries, paging tokens. */

const char *status_line(int status)
{
    switch (status) {
    case 200:
        return "200 OK";
    case 201:
        return "201 Created";
    case 204:
        return "204 No Content";
    case 304:
        return "304 Not Modified";
    default:
        return "500 Internal Server Error";
    }
}

void bundle_open(struct buf *out, const char *type, const uint64_t *total,
                 const struct bundle_link *links, size_t link_count)
{
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"type\":\"%s\"", type);
    if (total) {
        buf_printf(out, ",\"total\":%llu", (unsigned long long)*total);
    }
    const char *before = ",\"link\":[";
    for (size_t i = 0; i < link_count; i++) {
        if (links[i].url.p) {
            pace_give_way();
            buf_printf(out, "%s{\"relation\":\"%s\",\"url\":", before, links[i].relation);
            json_write_string(links[i].url, out);
            buf_addc(out, '}');
            before = ",";
        }
    }
    if (before[1] == '\0') {
        buf_addc(out, ']');
    }
}

/* An empty `entry` array would not be valid JSON of FHIR: the member appears with the first entry.
 */
int bundle_entry(struct call *c, const struct version *v, const struct subset *s, size_t at,
                 struct err *e)
{
    struct buf *out = &c->answer.body;
    pace_give_way();
    buf_add(out, at ? T(",") : T(",\"entry\":["));
    buf_add(out, T("{\"fullUrl\":\""));
    buf_add(out, c->base);
    buf_addc(out, '/');
    buf_add(out, fhir_type_name(v->type));
    buf_addc(out, '/');
    buf_add(out, v->id);
    buf_addc(out, '"');
    if (v->deleted) {
        return 0;
    }
    buf_add(out, T(",\"resource\":"));
    return s ? print_part(v, s, c->rest->limits, c->arena, out, e) : print_version(v, out, e);
}

void bundle_close(struct buf *out)
{
    buf_add(out, T("}"));
}

/* --- paging tokens: base64url(bytes | 8 bytes of keyed hash over purpose and bytes) -------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint64_t seal(const struct call *c, text bytes, text purpose)
{
    struct hash_key key = store_key(c->rest->store, T("paging"));
    key.k0 ^= hash_text(key, purpose);
    return hash_text(key, bytes);
}

text token_make(const struct call *c, text bytes, text purpose)
{
    size_t n = bytes.n + 8;
    unsigned char *raw = arena_alloc(c->arena, n);
    char *out = arena_alloc(c->arena, (n + 2) / 3 * 4);
    if (!raw || !out) {
        return (text){0};
    }
    uint64_t mac = seal(c, bytes, purpose);
    memcpy(raw, bytes.p, bytes.n);
    memcpy(raw + bytes.n, &mac, 8);
    size_t used = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t group = (uint32_t)raw[i] << 16;
        group |= i + 1 < n ? (uint32_t)raw[i + 1] << 8 : 0;
        group |= i + 2 < n ? raw[i + 2] : 0;
        for (size_t k = 0; k < 4 && i * 8 + k * 6 < n * 8; k++) {
            out[used++] = digits[group >> (18 - 6 * k) & 63];
        }
    }
    return text_make(out, used);
}

static int bad_token(struct err *e)
{
    return err_set(
        e, ERR_INVALID,
        "the paging token (_page) does not belong to this query; follow the 'next' link as it is, "
        "or start again without _page");
}

int token_read(const struct call *c, text token, text purpose, text *ret_bytes, struct err *e)
{
    unsigned char *raw = arena_alloc(c->arena, token.n + 1);
    size_t n = 0;
    uint32_t group = 0;
    unsigned bits = 0;
    if (!raw) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; i < token.n; i++) {
        const char *at = token.p[i] ? strchr(digits, token.p[i]) : NULL;
        if (!at) {
            return bad_token(e);
        }
        group = group << 6 | (uint32_t)(at - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            raw[n++] = (unsigned char)(group >> bits);
        }
    }
    uint64_t mac;
    if (n < 8) {
        return bad_token(e);
    }
    text bytes = text_make((const char *)raw, n - 8);
    memcpy(&mac, raw + n - 8, 8);
    if (mac != seal(c, bytes, purpose)) {
        return bad_token(e);
    }
    *ret_bytes = bytes;
    return 0;
}

int call_pairs(const struct call *c, struct search_pair **ret_pairs, size_t *ret_count,
               struct err *e)
{
    text form = c->query.p ? c->query : T("");
    if (c->form.p && c->form.n) {
        const text parts[] = {form, T("&"), c->form};
        form = form.n ? arena_join(c->arena, parts, 3) : c->form;
        if (!form.p) {
            return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
        }
    }
    return search_decode(form, c->rest->limits, c->arena, ret_pairs, ret_count, e);
}

int call_no_parameters(const struct call *c, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    int rc = c->query.p ? call_pairs(c, &pairs, &count, e) : 0;
    for (size_t i = 0; !rc && c->query.p && i < count; i++) {
        if (!text_eq(pairs[i].name, T("_format")) && !text_eq(pairs[i].name, T("_pretty"))) {
            return err_set(
                e, ERR_NOT_SUPPORTED,
                "the parameter '%.*s' is not supported on this interaction; it takes _format and "
                "_pretty%s",
                TEXT_ARG(text_short(pairs[i].name, 60)),
                c->route.interaction == INTERACTION_CREATE
                    ? ", and a conditional create has its search in If-None-Exist"
                    : "");
        }
    }
    return rc;
}
