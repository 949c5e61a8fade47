/* The claims of a JWT (RFC 7519 section 4.1), whose signature was verified before. */
#include "identity/jose_int.h"

enum { DEPTH = 16, DIGITS_MAX = 15, AUDIENCES_MAX = 16 };

static int refuse(struct err *e, const char *claim, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "the token does not count: %s %s", claim, why);
}

/* NumericDate: seconds, perhaps with a fraction, which is left off. */
static bool seconds_of(const yyjson_val *v, int64_t *ret)
{
    text t = json_text(v);
    uint64_t n = 0;
    size_t dot = text_find(t, '.');
    if (json_type(v) != YYJSON_TYPE_RAW || dot > DIGITS_MAX ||
        !text_to_u64(text_first(t, dot), &n)) {
        return false;
    }
    for (size_t i = dot + 1; i < t.n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
    }
    *ret = (int64_t)n;
    return true;
}

static bool is_string(const yyjson_val *v, text wanted)
{
    return json_type(v) == YYJSON_TYPE_STR && text_eq(json_text(v), wanted);
}

/* One string, or a list of strings, one of which it is. */
static bool has_audience(const yyjson_val *aud, text wanted)
{
    if (json_type(aud) != YYJSON_TYPE_ARR) {
        return is_string(aud, wanted);
    }
    bool found = false;
    const yyjson_val *one = aud + 1;
    for (size_t left = json_len(aud); left; left--, one = json_after(one)) {
        if (json_type(one) != YYJSON_TYPE_STR) {
            return false;
        }
        found = found || text_eq(json_text(one), wanted);
    }
    return found && json_len(aud) <= AUDIENCES_MAX;
}

static int check_names(const yyjson_val *claims, const struct jwt_expect *x, struct err *e)
{
    if (x->issuer.n && !is_string(json_get(claims, T("iss")), x->issuer)) {
        return refuse(e, "iss", "is not the issuer that is expected");
    }
    if (x->subject.n && !is_string(json_get(claims, T("sub")), x->subject)) {
        return refuse(e, "sub", "is not the subject that is expected");
    }
    if (x->audience.n && !has_audience(json_get(claims, T("aud")), x->audience)) {
        return refuse(e, "aud", "does not name who it is shown to");
    }
    if (x->nonce.n && !is_string(json_get(claims, T("nonce")), x->nonce)) {
        return refuse(e, "nonce", "is not the one that was sent: it answers another request");
    }
    return 0;
}

static int check_times(const yyjson_val *claims, const struct jwt_expect *x, struct err *e)
{
    int64_t exp = 0;
    int64_t at = 0;
    if (!seconds_of(json_get(claims, T("exp")), &exp)) {
        return refuse(e, "exp", "is missing, or no number of seconds since 1970");
    }
    if (exp + x->skew_s <= x->now_s) {
        return refuse(e, "exp", "has passed; ask for a new token, and look at the clocks");
    }
    if (x->most_s && exp - x->now_s > x->most_s + x->skew_s) {
        return refuse(e, "exp", "is further ahead than is allowed");
    }
    static const char *const names[] = {"iat", "nbf"};
    for (size_t i = 0; i < 2; i++) {
        const yyjson_val *v = json_get(claims, text_of(names[i]));
        if (v && !seconds_of(v, &at)) {
            return refuse(e, names[i], "is no number of seconds since 1970");
        }
        if (v && at > x->now_s + x->skew_s) {
            return refuse(e, names[i], "is in the future; look at the clocks");
        }
    }
    return 0;
}

int jwt_check(text payload, const struct jwt_expect *expect, struct arena *a,
              yyjson_val **ret_claims, struct err *e)
{
    yyjson_val *claims = NULL;
    struct err why = {0};
    int r = json_read(payload, DEPTH, a, &claims, &why);
    if (r == ERR_MEMORY) {
        return err_set(e, r, "%s", "");
    }
    if (r || json_type(claims) != YYJSON_TYPE_OBJ) {
        return refuse(e, "its content", "is no JSON object");
    }
    if (jose_unique(claims, &why)) {
        return refuse(e, "a claim", "stands twice");
    }
    r = check_names(claims, expect, e);
    r = r ? r : check_times(claims, expect, e);
    if (!r) {
        *ret_claims = claims;
    }
    return r;
}
