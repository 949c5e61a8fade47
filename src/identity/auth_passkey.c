#include "identity/auth.h"

#include "identity/jose.h"
#include "identity/webauthn.h"

enum { KEY_NAME_MOST = 100 };

/* Without scheme and port. */
static text rp_id(text origin)
{
    text host = text_from(origin, text_find(origin, '/') + 2);
    size_t end = host.n && host.p[0] == '[' ? text_find(host, ']') + 1 : text_find(host, ':');
    return text_first(host, end);
}

static struct webauthn_expect expect(const struct auth *c, text challenge)
{
    return (struct webauthn_expect){.challenge = challenge,
                                    .origin = c->origin,
                                    .rp_id = rp_id(c->origin),
                                    .user_verified = true};
}

static int begin(struct auth *c, enum ceremony_kind kind, text binding, text account,
                 text *ret_challenge, struct err *e)
{
    text id;
    text challenge = secret_token(c->a);
    struct ceremony begun = {kind, binding, account, challenge};
    int rc = challenge.p ? ceremony_begin(c->id->ceremonies, &begun, c->request->peer, c->now_ms,
                                          c->a, &id, e)
                         : err_set(e, ERR_MEMORY, "no memory");
    if (!rc) {
        *ret_challenge = challenge;
        buf_addc(&c->reply->body, '{');
        auth_put(&c->reply->body, "ceremony", id);
        auth_name(&c->reply->body, "publicKey");
        buf_addc(&c->reply->body, '{');
        auth_put(&c->reply->body, "challenge", challenge);
    }
    return rc;
}

/* Passkeys are discoverable, so no list of them is given out: it would tell who has an account. */
int auth_post_passkey_options(struct auth *c, struct err *e)
{
    const yyjson_val *login;
    text cookie;
    text hash;
    text challenge;
    int rc = auth_body(c, &(struct auth_member){"login", YYJSON_TYPE_STR, false, &login}, 1, e);
    rc = rc ? rc : auth_binding(c, true, &cookie, &hash, e);
    rc = rc ? rc : begin(c, CEREMONY_SIGN_IN, hash, T(""), &challenge, e);
    if (rc) {
        return rc;
    }
    struct buf *out = &c->reply->body;
    auth_put(out, "rpId", rp_id(c->origin));
    auth_put_number(out, "timeout", CEREMONY_MS);
    auth_put(out, "userVerification", T("required"));
    buf_add(out, T(",\"allowCredentials\":[]}}\n"));
    return 0;
}

/* --- what browsers send -------------------------------------------------------------------------
 */

struct credential {
    text id; /* base64url, as it was sent */
    const yyjson_val *client_data, *authenticator_data, *signature, *user_handle, *attestation;
};

/* With the members that browsers add of themselves. */
static int read_credential(const yyjson_val *v, struct credential *to, struct err *e)
{
    const yyjson_val *id, *raw_id, *type, *response, *attachment, *results, *ignored[3];
    const struct auth_member outer[] = {
        {"id", YYJSON_TYPE_STR, true, &id},
        {"rawId", YYJSON_TYPE_STR, false, &raw_id},
        {"type", YYJSON_TYPE_STR, true, &type},
        {"response", YYJSON_TYPE_OBJ, true, &response},
        {"authenticatorAttachment", 0, false, &attachment},
        {"clientExtensionResults", YYJSON_TYPE_OBJ, false, &results}};
    const struct auth_member inner[] = {
        {"clientDataJSON", YYJSON_TYPE_STR, true, &to->client_data},
        {"authenticatorData", YYJSON_TYPE_STR, false, &to->authenticator_data},
        {"signature", YYJSON_TYPE_STR, false, &to->signature},
        {"userHandle", 0, false, &to->user_handle},
        {"attestationObject", YYJSON_TYPE_STR, false, &to->attestation},
        {"transports", YYJSON_TYPE_ARR, false, &ignored[0]},
        {"publicKey", 0, false, &ignored[1]},
        {"publicKeyAlgorithm", 0, false, &ignored[2]}};
    int rc = auth_members(v, outer, sizeof outer / sizeof *outer, e);
    rc = rc ? rc : auth_members(response, inner, sizeof inner / sizeof *inner, e);
    if (!rc && (!text_eq(auth_text(type), T("public-key")) ||
                (raw_id && !text_eq(auth_text(raw_id), auth_text(id))))) {
        rc = err_set(e, ERR_INVALID, "this is no passkey's answer");
    }
    to->id = auth_text(rc ? NULL : id);
    return rc;
}

static int bytes_of(const yyjson_val *v, struct arena *a, text *ret_bytes, struct err *e)
{
    return base64url_read(auth_text(v), a, ret_bytes, e);
}

static int read_assertion(const struct credential *sent, struct arena *a,
                          struct webauthn_assertion *to, struct err *e)
{
    int rc = sent->authenticator_data && sent->signature
                 ? 0
                 : err_set(e, ERR_REQUIRED, "the answer of the passkey is not whole");
    rc = rc ? rc : bytes_of(sent->client_data, a, &to->client_data_json, e);
    rc = rc ? rc : bytes_of(sent->authenticator_data, a, &to->authenticator_data, e);
    rc = rc ? rc : bytes_of(sent->signature, a, &to->signature, e);
    to->user_handle = T("");
    return rc || json_type(sent->user_handle) != YYJSON_TYPE_STR
               ? rc
               : bytes_of(sent->user_handle, a, &to->user_handle, e);
}

/* --- signing in ---------------------------------------------------------------------------------
 */

static struct account_passkey *passkey_of(struct account *account, text id)
{
    for (size_t i = 0; i < account->passkey_count; i++) {
        if (text_eq(account->passkeys[i].id, id)) {
            return &account->passkeys[i];
        }
    }
    return NULL;
}

/* A copy of the account with passkeys of its own. */
static int copy_passkeys(const struct auth *c, size_t more, struct account *ret_copy, struct err *e)
{
    struct account copy = c->account;
    copy.passkeys = arena_zalloc(c->a, copy.passkey_count + more, sizeof *copy.passkeys);
    if (!copy.passkeys && copy.passkey_count + more) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    for (size_t i = 0; i < copy.passkey_count; i++) {
        copy.passkeys[i] = c->account.passkeys[i];
    }
    *ret_copy = copy;
    return 0;
}

static int verify(struct auth *c, text challenge, const struct credential *sent, struct err *e)
{
    struct webauthn_expect wanted = expect(c, challenge);
    struct webauthn_assertion assertion;
    struct webauthn_credential known;
    struct account changed;
    uint64_t sign_count = 0;
    bool regressed = false;
    int rc = copy_passkeys(c, 0, &changed, e);
    struct account_passkey *key = rc ? NULL : passkey_of(&changed, sent->id);
    if (!rc && (!key || changed.disabled)) {
        rc = err_set(e, ERR_FORBIDDEN, "this passkey is not known here");
    }
    rc = rc ? rc : read_assertion(sent, c->a, &assertion, e);
    rc = rc ? rc : base64url_read(sent->id, c->a, &known.id, e);
    rc = rc ? rc : base64url_read(key->key, c->a, &known.key, e);
    if (rc) {
        return rc;
    }
    known.sign_count = key->sign_count;
    known.backed_up = key->backed_up;
    if (assertion.user_handle.n && !text_eq(assertion.user_handle, c->account.id)) {
        return err_set(e, ERR_FORBIDDEN, "this passkey is another person's");
    }
    rc = webauthn_verify(&wanted, &known, &assertion, c->a, &sign_count, &regressed, e);
    if (!rc && regressed) {
        rc = auth_record_change(c, &c->account, "a passkey's counter went back: it may be a copy",
                                e);
    }
    if (!rc) {
        key->sign_count = sign_count;
        key->used_ms = c->now_ms;
        rc = auth_change(c, &changed, e);
    }
    return rc;
}

int auth_post_passkey_verify(struct auth *c, struct err *e)
{
    const yyjson_val *ceremony, *v;
    text cookie;
    text hash;
    struct ceremony begun;
    struct credential sent;
    struct account account;
    const struct auth_member members[] = {{"ceremony", YYJSON_TYPE_STR, true, &ceremony},
                                          {"credential", YYJSON_TYPE_OBJ, true, &v}};
    int rc = auth_body(c, members, 2, e);
    rc = rc ? rc : read_credential(v, &sent, e);
    rc = rc ? rc : auth_binding(c, false, &cookie, &hash, e);
    rc = rc ? rc
            : ceremony_take(c->id->ceremonies, auth_text(ceremony), CEREMONY_SIGN_IN, hash,
                            c->now_ms, c->a, &begun, e);
    if (rc) {
        return rc;
    }
    rc = account_by_passkey(c->id->kept, sent.id, c->a, &account, e);
    if (rc && rc != ERR_NOT_FOUND) {
        return rc;
    }
    if (rc) {
        rc = err_set(e, ERR_FORBIDDEN, "this passkey is not known here");
        return auth_sign_in_failed(c, NULL, "a passkey that is not known", rc, e);
    }
    struct auth other = *c; /* the session of somebody else is not this one's */
    other.has_session = c->has_session && text_eq(c->account.id, account.id);
    other.account = account;
    rc = verify(&other, begun.challenge, &sent, e);
    if (rc == ERR_FORBIDDEN || rc == ERR_SYNTAX || rc == ERR_REQUIRED) {
        return auth_sign_in_failed(c, &account, "the passkey's answer does not hold", rc, e);
    }
    rc = rc ? rc : auth_sign_in(&other, SESSION_SIGNED_IN, true, e);
    return rc ? rc : auth_answer_session(&other, e);
}

/* --- those of one person ------------------------------------------------------------------------
 */

int auth_get_passkeys(struct auth *c, struct err *e)
{
    struct buf *out = &c->reply->body;
    (void)e;
    buf_add(out, T("{\"passkeys\":["));
    for (size_t i = 0; i < c->account.passkey_count; i++) {
        const struct account_passkey *key = &c->account.passkeys[i];
        buf_add(out, i ? T(",{") : T("{"));
        auth_put(out, "id", key->id);
        auth_put(out, "name", key->name);
        auth_put_instant(out, "added", key->added_ms);
        if (key->used_ms) {
            auth_put_instant(out, "used", key->used_ms);
        }
        auth_put_bool(out, "backed_up", key->backed_up);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    auth_put(out, "csrf", c->session.csrf);
    buf_add(out, T("}\n"));
    return 0;
}

/* Somebody half-way may add the first one, where the account has no password; who was invited, one
 * more. */
static int may_add(const struct auth *c, struct err *e)
{
    bool enrols = c->session.step == SESSION_WANTS_ENROL;
    bool invited = c->session.invited && c->account.invite.n; /* not used up by a password */
    if (enrols && !invited && (c->account.password.n || c->account.passkey_count)) {
        return err_set(e, ERR_FORBIDDEN, "set up one-time codes first");
    }
    if (!enrols && !c->session.strong && (c->account.passkey_count || c->account.totp.n)) {
        return err_set(e, ERR_FORBIDDEN,
                       "sign in with a passkey or a one-time code first, then change this");
    }
    if (c->account.passkey_count >= ACCOUNT_PASSKEYS_MAX) {
        return err_set(e, ERR_CONFLICT, "there are %d passkeys already; remove one first",
                       ACCOUNT_PASSKEYS_MAX);
    }
    return 0;
}

int auth_post_passkey_new_options(struct auth *c, struct err *e)
{
    text challenge;
    int rc = may_add(c, e);
    rc = rc ? rc : auth_body(c, NULL, 0, e);
    rc = rc ? rc : begin(c, CEREMONY_PASSKEY, c->session.hash, c->account.id, &challenge, e);
    text handle = rc ? T("") : base64url_print(c->account.id, c->a);
    if (rc || !handle.p) {
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory");
    }
    struct buf *out = &c->reply->body;
    auth_name(out, "rp");
    buf_addc(out, '{');
    auth_put(out, "id", rp_id(c->origin));
    auth_put(out, "name", c->id->config.organisation_name);
    buf_addc(out, '}');
    auth_name(out, "user");
    buf_addc(out, '{');
    auth_put(out, "id", handle);
    auth_put(out, "name", c->account.login.n ? c->account.login : c->account.name);
    auth_put(out, "displayName", c->account.name);
    buf_add(out, T("},\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7},"
                   "{\"type\":\"public-key\",\"alg\":-8},{\"type\":\"public-key\",\"alg\":-257}],"
                   "\"attestation\":\"none\",\"authenticatorSelection\":{\"residentKey\":"
                   "\"required\",\"requireResidentKey\":true,\"userVerification\":\"required\"},"
                   "\"excludeCredentials\":["));
    for (size_t i = 0; i < c->account.passkey_count; i++) {
        buf_add(out, i ? T(",{\"type\":\"public-key\"") : T("{\"type\":\"public-key\""));
        auth_put(out, "id", c->account.passkeys[i].id);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    auth_put_number(out, "timeout", CEREMONY_MS);
    buf_add(out, T("}}\n"));
    return 0;
}

static int add_passkey(struct auth *c, text challenge, const struct credential *sent, text name,
                       struct err *e)
{
    struct webauthn_expect wanted = expect(c, challenge);
    struct webauthn_credential made;
    struct account changed;
    text client_data;
    text attestation;
    int rc = sent->attestation ? 0 : err_set(e, ERR_REQUIRED, "the passkey's answer is not whole");
    rc = rc ? rc : bytes_of(sent->client_data, c->a, &client_data, e);
    rc = rc ? rc : bytes_of(sent->attestation, c->a, &attestation, e);
    rc = rc ? rc : webauthn_register(&wanted, client_data, attestation, c->a, &made, e);
    rc = rc ? rc : copy_passkeys(c, 1, &changed, e);
    if (rc) {
        return rc;
    }
    struct account_passkey key = {.id = base64url_print(made.id, c->a),
                                  .key = base64url_print(made.key, c->a),
                                  .sign_count = made.sign_count,
                                  .name = name,
                                  .added_ms = c->now_ms,
                                  .backed_up = made.backed_up};
    if (!key.id.p || !key.key.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    if (!text_eq(key.id, sent->id)) {
        return err_set(e, ERR_FORBIDDEN, "the passkey's answer names two passkeys");
    }
    changed.passkeys[changed.passkey_count++] = key;
    changed.invite = T("");
    rc = auth_record_change(c, &c->account, "a passkey was added", e);
    return rc ? rc : auth_change(c, &changed, e);
}

static int check_key_name(text words, struct err *e)
{
    return words.n <= KEY_NAME_MOST
               ? 0
               : err_set(e, ERR_VALUE, "the name of a passkey has %d bytes at most", KEY_NAME_MOST);
}

int auth_post_passkey_new_verify(struct auth *c, struct err *e)
{
    const yyjson_val *ceremony, *name, *v;
    struct ceremony begun;
    struct credential sent;
    bool enrols = c->session.step == SESSION_WANTS_ENROL;
    const struct auth_member members[] = {{"ceremony", YYJSON_TYPE_STR, true, &ceremony},
                                          {"name", YYJSON_TYPE_STR, false, &name},
                                          {"credential", YYJSON_TYPE_OBJ, true, &v}};
    int rc = may_add(c, e);
    rc = rc ? rc : auth_body(c, members, 3, e);
    rc = rc ? rc : read_credential(v, &sent, e);
    rc = rc ? rc
            : ceremony_take(c->id->ceremonies, auth_text(ceremony), CEREMONY_PASSKEY,
                            c->session.hash, c->now_ms, c->a, &begun, e);
    text words = text_trim(auth_text(rc ? NULL : name));
    rc = rc ? rc : check_key_name(words, e);
    rc = rc ? rc : add_passkey(c, begun.challenge, &sent, words.n ? words : T("Passkey"), e);
    if (!rc && enrols) {
        rc = auth_sign_in(c, SESSION_SIGNED_IN, true, e);
    }
    return rc ? rc : auth_get_passkeys(c, e);
}

int auth_post_passkey_remove(struct auth *c, struct err *e)
{
    const yyjson_val *wanted;
    struct account changed;
    int rc = auth_body(c, &(struct auth_member){"id", YYJSON_TYPE_STR, true, &wanted}, 1, e);
    rc = rc ? rc : copy_passkeys(c, 0, &changed, e);
    if (rc) {
        return rc;
    }
    size_t left = 0;
    for (size_t i = 0; i < changed.passkey_count; i++) {
        if (!text_eq(changed.passkeys[i].id, auth_text(wanted))) {
            changed.passkeys[left++] = changed.passkeys[i];
        }
    }
    if (left == changed.passkey_count) {
        return err_set(e, ERR_NOT_FOUND, "there is no such passkey");
    }
    changed.passkey_count = left;
    if (!account_has_way_in(&changed)) {
        return err_set(e, ERR_CONFLICT, "this is the only way in: add another one first");
    }
    if (!c->session.strong) {
        return err_set(e, ERR_FORBIDDEN,
                       "sign in with a passkey or a one-time code first, then change this");
    }
    rc = auth_record_change(c, &c->account, "a passkey was removed", e);
    /* Whoever signed in by it is out; this session goes on. */
    changed.epoch++;
    rc = rc ? rc : auth_change(c, &changed, e);
    c->session.epoch = changed.epoch;
    rc = rc ? rc : session_change(c->id->sessions, &c->session, e);
    return rc ? rc : auth_get_passkeys(c, e);
}

int auth_post_passkey_rename(struct auth *c, struct err *e)
{
    const yyjson_val *wanted, *name;
    struct account changed;
    const struct auth_member members[] = {{"id", YYJSON_TYPE_STR, true, &wanted},
                                          {"name", YYJSON_TYPE_STR, true, &name}};
    int rc = auth_body(c, members, 2, e);
    text words = text_trim(auth_text(rc ? NULL : name));
    if (!rc && !words.n) {
        rc = err_set(e, ERR_REQUIRED, "enter a name for the passkey");
    }
    rc = rc ? rc : check_key_name(words, e);
    rc = rc ? rc : copy_passkeys(c, 0, &changed, e);
    struct account_passkey *key = rc ? NULL : passkey_of(&changed, auth_text(wanted));
    if (!key) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "there is no such passkey");
    }
    key->name = words;
    rc = auth_record_change(c, &c->account, "a passkey was given another name", e);
    rc = rc ? rc : auth_change(c, &changed, e);
    return rc ? rc : auth_get_passkeys(c, e);
}
