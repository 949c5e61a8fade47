#include "identity/oauth_int.h"

/* What this node says of itself: SMART App Launch 2.2 (conformance), OpenID Connect Discovery 1.0,
 * RFC 8414. Only what it does. */

static void address(struct oauth_call *c, const char *name, const char *path)
{
    text url = arena_printf(c->a, "%.*s%s", TEXT_ARG(c->origin), path);
    oauth_member(&c->reply->body, name, url.p ? url : T(""));
}

static void common(struct oauth_call *c)
{
    static const char methods[] = "client_secret_basic private_key_jwt";
    static const char algorithms[] = "ES256 ES384 RS256 RS384 PS256 PS384 EdDSA";
    struct buf *b = &c->reply->body;
    oauth_member(b, "issuer", c->origin);
    address(c, "jwks_uri", "/oauth/jwks");
    address(c, "authorization_endpoint", "/oauth/authorize");
    address(c, "token_endpoint", "/oauth/token");
    address(c, "introspection_endpoint", "/oauth/introspect");
    address(c, "revocation_endpoint", "/oauth/revoke");
    if (c->o->config->registration) {
        address(c, "registration_endpoint", "/oauth/register");
    }
    oauth_member_words(b, "response_types_supported", "code");
    oauth_member_words(b, "response_modes_supported", "query");
    oauth_member_words(b, "grant_types_supported",
                       "authorization_code refresh_token client_credentials");
    oauth_member_words(b, "code_challenge_methods_supported", "S256");
    oauth_member_words(b, "token_endpoint_auth_methods_supported",
                       "client_secret_basic private_key_jwt none");
    oauth_member_words(b, "token_endpoint_auth_signing_alg_values_supported", algorithms);
    oauth_member_words(b, "introspection_endpoint_auth_methods_supported", methods);
    oauth_member_words(b, "introspection_endpoint_auth_signing_alg_values_supported", algorithms);
    oauth_member_words(b, "revocation_endpoint_auth_methods_supported",
                       "client_secret_basic private_key_jwt none");
    oauth_member_words(b, "revocation_endpoint_auth_signing_alg_values_supported", algorithms);
    oauth_member_bool(b, "authorization_response_iss_parameter_supported", true);
    oauth_member_words(b, "scopes_supported",
                       "openid fhirUser profile launch launch/patient launch/encounter "
                       "offline_access online_access patient/*.cruds user/*.cruds system/*.cruds");
}

static void open_to_all(struct oauth_call *c)
{
    oauth_json(c, 200);
    http_reply_field(c->reply, T("Access-Control-Allow-Origin"), T("*"));
}

void oauth_smart_configuration(struct oauth_call *c)
{
    struct buf *b = &c->reply->body;
    buf_addc(b, '{');
    common(c);
    address(c, "management_endpoint", "/#/apps");
    oauth_member_words(
        b, "capabilities",
        "launch-ehr launch-standalone authorize-post client-public client-confidential-symmetric "
        "client-confidential-asymmetric sso-openid-connect context-banner context-ehr-patient "
        "context-standalone-patient permission-offline permission-online permission-patient "
        "permission-user permission-v1 permission-v2");
    buf_addc(b, '}');
    open_to_all(c);
}

void oauth_openid_configuration(struct oauth_call *c)
{
    struct buf *b = &c->reply->body;
    buf_addc(b, '{');
    common(c);
    oauth_member_words(b, "subject_types_supported", "public");
    oauth_member_words(b, "id_token_signing_alg_values_supported", "ES256");
    oauth_member_words(b, "claim_types_supported", "normal");
    oauth_member_words(b, "claims_supported", "iss sub aud iat exp auth_time nonce fhirUser name");
    oauth_member_words(b, "prompt_values_supported", "none login consent select_account");
    oauth_member_bool(b, "claims_parameter_supported", false);
    oauth_member_bool(b, "request_parameter_supported", false);
    oauth_member_bool(b, "request_uri_parameter_supported", false);
    buf_addc(b, '}');
    open_to_all(c);
}

void oauth_jwks(struct oauth_call *c)
{
    struct err e = {0};
    text jwk;
    if (jose_key_print(c->o->key, false, c->a, &jwk, &e)) {
        oauth_refuse(c, 503, "temporarily_unavailable", err_text(&e));
        return;
    }
    buf_add(&c->reply->body, T("{\"keys\":["));
    buf_add(&c->reply->body, jwk);
    buf_add(&c->reply->body, T("]}"));
    open_to_all(c);
}
