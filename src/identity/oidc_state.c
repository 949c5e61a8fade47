/*
 * `state` is what was asked, sealed: it cannot be made by others, and those who never come back
 * leave nothing behind, so nobody can push out the sign-ins of others by beginning many.
 */
#include "base/clock.h"
#include "base/random.h"
#include "identity/oidc_int.h"

#include <openssl/crypto.h>

static const char purpose[] = "oidc state";

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "this sign-in cannot go on: %s; start it again", why);
}

/* The first 8 bytes of the SHA-256. */
static uint64_t short_hash(text t)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    uint64_t n = 0;
    (void)EVP_Digest(t.p, t.n, digest, NULL, jose_digest("SHA256"), NULL);
    memcpy(&n, digest, sizeof n);
    return n;
}

static void put(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", name);
    json_write_string(value, out);
}

int oidc_state_make(struct oidc *o, text provider, text redirect_uri, text binding, struct arena *a,
                    struct oidc_state *ret_state, text *ret_sealed, struct err *e)
{
    struct oidc_state s = {secret_token(a), secret_token(a)};
    struct buf out;
    text bound = binding.n ? secret_hash(binding, a) : (text){NULL, 0};
    if (!bound.p) {
        return err_set(e, ERR_INVALID, "a sign-in is bound to a browser by a cookie; none was set");
    }
    if (!s.nonce.p || !s.verifier.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    buf_init(&out, OIDC_QUERY_MAX);
    buf_addc(&out, '{');
    put(&out, "boot", text_of(o->boot));
    put(&out, "provider", provider);
    put(&out, "to", secret_hash(redirect_uri, a));
    put(&out, "binding", bound);
    put(&out, "nonce", s.nonce);
    put(&out, "verifier", s.verifier);
    buf_printf(&out, ",\"until\":%lld}", (long long)(o->clock() + OIDC_PENDING_MS));
    int r = buf_failed(&out) ? err_set(e, ERR_MEMORY, "%s", "")
                             : seal_make(o->seal, purpose, buf_text(&out), a, ret_sealed, e);
    OPENSSL_cleanse(out.p, out.n);
    buf_done(&out);
    if (!r) {
        *ret_state = s;
    }
    return r;
}

/* Each once. They end in the order in which they were used, nearly: the search stops at the first
 * that ended long ago. */
static bool use(struct oidc *o, text sealed, int64_t now_ms)
{
    uint64_t hash = short_hash(sealed);
    bool fresh = true;
    (void)pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < OIDC_USED && fresh; i++) {
        const struct oidc_used *u = &o->used[(o->newest + OIDC_USED - i) % OIDC_USED];
        if (u->until_ms + OIDC_PENDING_MS < now_ms) {
            break;
        }
        fresh = u->hash != hash;
    }
    if (fresh) {
        o->newest = (o->newest + 1) % OIDC_USED;
        o->used[o->newest] = (struct oidc_used){hash, now_ms + OIDC_PENDING_MS};
    }
    (void)pthread_mutex_unlock(&o->lock);
    return fresh;
}

static bool is(const yyjson_val *root, text name, text wanted)
{
    return wanted.n && secret_eq(json_text(json_get(root, name)), wanted);
}

int oidc_state_take(struct oidc *o, text sealed, text provider, text redirect_uri, text binding,
                    struct arena *a, struct oidc_state *ret_state, struct err *e)
{
    text bytes = {NULL, 0};
    yyjson_val *root = NULL;
    struct err why = {0};
    uint64_t until = 0;
    int64_t now_ms = o->clock();
    if (!sealed.n || seal_read(o->seal, purpose, sealed, a, &bytes, &why) ||
        json_read(bytes, 2, a, &root, &why)) {
        return refuse(e, "its state was not given out by this node");
    }
    if (!is(root, T("boot"), text_of(o->boot)) ||
        !text_to_u64(json_text(json_get(root, T("until"))), &until) || now_ms > (int64_t)until) {
        return refuse(e, "it was begun more than ten minutes ago, or before this node was started");
    }
    if (!binding.n || !is(root, T("binding"), secret_hash(binding, a))) {
        return refuse(e, "it was begun in another browser");
    }
    if (!is(root, T("provider"), provider) || !is(root, T("to"), secret_hash(redirect_uri, a))) {
        return refuse(e, "it was begun with another provider");
    }
    if (!use(o, sealed, now_ms)) {
        return refuse(e, "its answer was used before");
    }
    *ret_state = (struct oidc_state){json_text(json_get(root, T("nonce"))),
                                     json_text(json_get(root, T("verifier")))};
    return 0;
}
