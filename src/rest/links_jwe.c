#include "rest/links_jwe.h"

#include "format/json.h"
#include "identity/jose.h"

enum { PARTS = 5, NONCE_DIGITS = 16, TAG_DIGITS = 22, HEADER_DEPTH = 2 };

static bool is_base64url(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        bool is = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
        if (!is) {
            return false;
        }
    }
    return t.n % 4 != 1;
}

/* A member that is not known could be the key itself, which the node must never have. */
static int check_members(const yyjson_val *root, struct err *e)
{
    const yyjson_val *key = root + 1;
    for (size_t left = json_len(root); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        bool known = text_eq(name, T("alg")) || text_eq(name, T("enc")) ||
                     text_eq(name, T("cty")) || text_eq(name, T("zip"));
        if (!known || json_type(key + 1) != YYJSON_TYPE_STR) {
            return err_set(e, ERR_INVALID,
                           "the header of the JWE has '%.*s'; it takes alg, enc, cty and zip, each "
                           "a text",
                           TEXT_ARG(text_short(name, 40)));
        }
    }
    return 0;
}

static int check_header(text encoded, struct arena *a, struct err *e)
{
    text bytes = {0};
    yyjson_val *root = NULL;
    if (!encoded.n || encoded.n > JWE_HEADER_MAX) {
        return err_set(e, ERR_INVALID,
                       "the header of the JWE is empty or longer than %d characters",
                       JWE_HEADER_MAX);
    }
    int rc = base64url_read(encoded, a, &bytes, e);
    rc = rc ? rc : json_read(bytes, HEADER_DEPTH, a, &root, e);
    if (rc == ERR_MEMORY) {
        return rc;
    }
    if (rc || json_type(root) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_INVALID, "the header of the JWE is not a JSON object in base64url");
    }
    rc = check_members(root, e);
    text zip = json_text(json_get(root, T("zip")));
    if (!rc && (!text_eq(json_text(json_get(root, T("alg"))), T("dir")) ||
                !text_eq(json_text(json_get(root, T("enc"))), T("A256GCM")))) {
        rc = err_set(e, ERR_INVALID,
                     "the header of the JWE must say \"alg\":\"dir\" and \"enc\":\"A256GCM\"");
    }
    if (!rc && zip.p && !text_eq(zip, T("DEF"))) {
        rc = err_set(e, ERR_INVALID, "the zip of the JWE can be DEF alone; leave it out otherwise");
    }
    return rc;
}

int jwe_check(text jwe, struct arena *a, struct err *e)
{
    text parts[PARTS] = {{0}};
    size_t count = 0;
    text part;
    while (text_cut(&jwe, '.', &part)) {
        if (count < PARTS) {
            parts[count] = part;
        }
        count++;
    }
    if (count != PARTS) {
        return err_set(e, ERR_INVALID,
                       "this is no JWE in compact form: it has %zu parts between dots, not 5",
                       count);
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (!is_base64url(parts[i])) {
            return err_set(e, ERR_INVALID, "part %zu of the JWE is not base64url", i + 1);
        }
    }
    if (parts[1].n) {
        return err_set(e, ERR_INVALID,
                       "the JWE brings an encrypted key; with \"alg\":\"dir\" that part is empty");
    }
    if (parts[2].n != NONCE_DIGITS || parts[4].n != TAG_DIGITS || !parts[3].n) {
        return err_set(e, ERR_INVALID,
                       "the JWE needs a nonce of 96 bits, ciphertext, and a tag of 128 bits");
    }
    return check_header(parts[0], a, e);
}
