/* Invitations: written, read, kept. trust_join.c: what is done with them. */
#include "locality/trust_int.h"

#include "format/json.h"
#include "identity/jose.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { CODE = 16, DEPTH = 6 };
static const char prefix[] = "kith-join:";

/* --- what is invited
 * ------------------------------------------------------------------------------------------------
 */

void trust_member_print(const struct member *m, struct buf *out)
{
    const struct {
        const char *name;
        text value;
    } members[] = {{"{\"ods\":", m->ods},
                   {",\"kind\":", text_of(member_kind_code(m->kind))},
                   {",\"url\":", m->url},
                   {",\"name\":", m->name}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        buf_add(out, text_of(members[i].name));
        json_write_string(members[i].value, out);
    }
    buf_add(out, T(",\"key\":\""));
    note_key_print(&m->key, out);
    buf_add(out, T("\",\"log\":\""));
    note_key_print(&m->log, out);
    buf_add(out, T("\",\"tls\":["));
    for (size_t i = 0; i < m->tls_count; i++) {
        buf_add(out, i ? T(",\"") : T("\""));
        base64_print(text_make((const char *)m->tls[i], 32), out);
        buf_addc(out, '"');
    }
    buf_add(out, T("]}"));
}

static bool read_hash(const yyjson_val *v, uint8_t ret[32])
{
    size_t n = 0;
    return base64_read(json_text(v), ret, 32, &n) && n == 32;
}

int trust_member_read(const yyjson_val *v, struct member *ret, struct err *e)
{
    struct member m = {.ods = json_text(json_get(v, T("ods"))),
                       .url = json_text(json_get(v, T("url"))),
                       .name = json_text(json_get(v, T("name")))};
    const yyjson_val *tls = json_get(v, T("tls"));
    bool good = member_kind_find(json_text(json_get(v, T("kind"))), &m.kind) &&
                json_type(tls) == YYJSON_TYPE_ARR && json_len(tls) >= 1 &&
                json_len(tls) <= MEMBER_TLS_KEYS_MAX;
    const yyjson_val *item = good ? tls + 1 : NULL;
    for (; good && m.tls_count < json_len(tls); m.tls_count++, item = json_after(item)) {
        good = read_hash(item, m.tls[m.tls_count]);
    }
    int rc = good ? 0
                  : err_set(e, ERR_INVALID,
                            "a member is told with ods, kind, url, name, key, log and tls (one or "
                            "two hashes as base64)");
    rc = rc ? rc : note_key_read(json_text(json_get(v, T("key"))), &m.key, e);
    rc = rc ? rc : note_key_read(json_text(json_get(v, T("log"))), &m.log, e);
    if (!rc) {
        *ret = m;
    }
    return rc;
}

/* --- an invitation
 * ------------------------------------------------------------------------------------------------
 */

static int print_invitation(const struct directory *d, const struct member *self, text ods,
                            text code, struct arena *a, text *ret, struct err *e)
{
    struct buf json;
    buf_init(&json, 16384);
    buf_add(&json, T("{\"v\":1,\"locality\":"));
    json_write_string(d->name, &json);
    buf_add(&json, T(",\"for\":"));
    json_write_string(ods, &json);
    buf_printf(&json, ",\"number\":\"%llu\",\"hash\":\"", (unsigned long long)d->number);
    base64_print(text_make((const char *)d->hash, 32), &json);
    buf_printf(&json, "\",\"code\":\"%.*s\",\"from\":", TEXT_ARG(code));
    trust_member_print(self, &json);
    buf_addc(&json, '}');
    text encoded = buf_failed(&json) ? (text){0} : base64url_print(buf_text(&json), a);
    text whole = encoded.p ? arena_printf(a, "%s%.*s", prefix, TEXT_ARG(encoded)) : (text){0};
    OPENSSL_cleanse(json.p, json.n);
    buf_done(&json);
    if (!whole.p) {
        return err_set(e, ERR_MEMORY, "no memory for an invitation");
    }
    *ret = whole;
    return 0;
}

int trust_invitation_read(text t, struct arena *a, struct invitation *ret, struct err *e)
{
    text json;
    yyjson_val *root = NULL;
    struct invitation i = {0};
    struct err ignored;
    text rest = text_trim(t);
    if (!text_starts(rest, text_of(prefix)) || rest.n > 16384 ||
        base64url_read(text_from(rest, sizeof prefix - 1), a, &json, &ignored) ||
        json_read(json, DEPTH, a, &root, &ignored)) {
        return err_set(e, ERR_SYNTAX,
                       "this is no invitation: it begins with '%s' and is one long word; copy the "
                       "whole of it",
                       prefix);
    }
    i.ods = json_text(json_get(root, T("for")));
    i.name = json_text(json_get(root, T("locality")));
    i.code = json_text(json_get(root, T("code")));
    int rc = trust_member_read(json_get(root, T("from")), &i.from, e);
    if (!rc && (!text_eq(json_text(json_get(root, T("v"))), T("1")) ||
                !text_to_u64(json_text(json_get(root, T("number"))), &i.number) ||
                !read_hash(json_get(root, T("hash")), i.hash) || !i.code.n)) {
        rc = err_set(e, ERR_SYNTAX, "this invitation is not whole, or of another form");
    }
    if (!rc) {
        *ret = i;
    }
    return rc;
}

/* --- inviting
 * ---------------------------------------------------------------------------------------------------
 */

void trust_invite_hash(text code, uint8_t ret[32])
{
    (void)SHA256((const unsigned char *)code.p, code.n, ret);
}

struct old_invites {
    struct arena *a;
    int64_t now_ms;
    struct kept_change *changes;
    size_t count, capacity;
};

/* "<until> <ODS>" */
bool trust_invite_read(text value, int64_t *ret_until_ms, text *ret_ods)
{
    uint64_t until;
    text word;
    if (!text_cut(&value, ' ', &word) || !text_to_u64(word, &until) || until > INT64_MAX) {
        return false;
    }
    *ret_until_ms = (int64_t)until;
    *ret_ods = value;
    return true;
}

static int old_invite(void *context, text key, text value)
{
    struct old_invites *x = context;
    int64_t until;
    text ods;
    if (trust_invite_read(value, &until, &ods) && until > x->now_ms) {
        return 0;
    }
    struct kept_change *grown =
        arena_grow(x->a, x->changes, x->count, &x->capacity, sizeof *x->changes);
    text copy = arena_copy(x->a, key);
    if (!grown || !copy.p) {
        return ERR_MEMORY;
    }
    x->changes = grown;
    x->changes[x->count++] =
        (struct kept_change){.change = KEPT_DELETE, .kind = "invite", .key = copy};
    return 0;
}

/* The code's hash is kept; those that have ended go. */
static int keep_invite(struct trust *t, text ods, text code, struct arena *a, struct err *e)
{
    const struct loc_world *w = t->world;
    struct old_invites x = {.a = a, .now_ms = w->now_ms(w->context)};
    uint8_t hash[32];
    int rc = w->each(w->context, "invite", (text){0}, old_invite, &x, e);
    struct kept_change *grown =
        rc ? NULL : arena_grow(a, x.changes, x.count, &x.capacity, sizeof *x.changes);
    text value = arena_printf(a, "%lld %.*s",
                              (long long)(x.now_ms + TRUST_INVITATION_DAYS * INT64_C(86400000)),
                              TEXT_ARG(ods));
    if (rc || !grown || !value.p) {
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory for an invitation");
    }
    trust_invite_hash(code, hash);
    grown[x.count++] = (struct kept_change){.change = KEPT_ADD,
                                            .kind = "invite",
                                            .key = text_make((const char *)hash, 32),
                                            .value = value};
    return w->write(w->context, grown, x.count, NULL, e);
}

int trust_invite(struct trust *t, text ods, struct arena *a, text *ret_invitation, struct err *e)
{
    const char *why;
    struct directory_ref *ref = NULL;
    uint8_t random[CODE];
    int rc = trust_refresh(t, e);
    const struct directory *d = rc ? NULL : trust_directory(t, &ref, &why);
    if (!rc && !d) {
        rc = err_set(e, ERR_FORBIDDEN, "nobody can be invited: %s", why);
    }
    if (!rc && !directory_ods_valid(ods)) {
        rc = err_set(e, ERR_VALUE,
                     "'%.*s' is no ODS code: 1 to 9 capital letters and digits, as the "
                     "organisation gave it to 'kith init'",
                     TEXT_ARG(text_short(ods, 20)));
    }
    if (!rc && directory_member(d, ods)) {
        rc = err_set(e, ERR_CONFLICT, "%.*s is a member already", TEXT_ARG(ods));
    }
    t->world->random(t->world->context, random, sizeof random);
    text code = rc ? (text){0} : base64url_print(text_make((const char *)random, CODE), a);
    if (!rc && !code.p) {
        rc = err_set(e, ERR_MEMORY, "no memory for an invitation");
    }
    rc = rc ? rc : keep_invite(t, ods, code, a, e);
    rc = rc ? rc
            : print_invitation(d, directory_member(d, text_of(t->ods)), ods, code, a,
                               ret_invitation, e);
    trust_done(ref);
    return rc;
}
