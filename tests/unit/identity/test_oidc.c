/*
 * Sign-in by a provider outside, against one that runs: test_oidc PATH-OF-oidc_provider.py
 */
#include "oidc_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* --- who it is ---------------------------------------------------------------------------------
 */

static void a_patient_signs_in(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    if (sign_in(T("nhs-login"), &p, &e)) {
        fail_msg("%s", e.detail);
    }
    assert_string_equal(p.provider.p, "nhs-login");
    assert_string_equal(p.subject.p, "ann-0001");
    assert_string_equal(p.name.p, "Ann Example");
    assert_string_equal(p.nhs_number.p, "9434765919");
    assert_string_equal(p.birthdate.p, "1971-03-04");
    assert_string_equal(p.proofing.p, "P9");
    assert_true(p.strong);
    assert_int_equal(p.roles.n, 0);
}

static void a_number_counts_only_when_it_is_vouched_for(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        int code;
        const char *number;
    } rows[] = {{"key", 0, "9434765919"},       /* with a passkey at the provider */
                {"number", 0, ""},              /* its check digit is wrong */
                {"levels", 0, ""},              /* vot says P9, userinfo P5 */
                {"weak", ERR_FORBIDDEN, NULL}}; /* P5 where P9 was asked */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e;
        struct oidc_person p;
        set("user", "user", rows[i].user);
        int r = sign_in(T("nhs-login"), &p, &e);
        if (r != rows[i].code || (!r && strcmp(p.nhs_number.p, rows[i].number) != 0)) {
            fail_msg("%s: %d, %s", rows[i].user, r, e.detail);
        }
        assert_true(r || (p.strong && p.birthdate.n == 0));
    }
}

static void a_professional_signs_in(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    struct oidc_new n = nhs_login();
    n.name = T("cis2");
    n.words = T("NHS CIS2");
    n.client_id = T("kith-cis2");
    n.vtr = n.least_proofing = T("");
    n.acr_values = T("AAL2_OR_AAL3_ANY AAL3_ANY");
    n.professional = true;
    n.by_nhs_number = false;
    n.max_age = 3600;
    add(&n);
    set("user", "user", "nurse");
    if (sign_in(T("cis2"), &p, &e)) {
        fail_msg("%s", e.detail);
    }
    assert_string_equal(p.subject.p, "555036632103");
    assert_true(p.strong);
    assert_int_equal(p.nhs_number.n, 0);
    assert_int_equal(p.proofing.n, 0);
    assert_non_null(strstr(p.roles.p, "R8001"));
    set("fault", "fault", "old_sign_in");
    assert_int_equal(sign_in(T("cis2"), &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "auth_time"));
    set("fault", "fault", "without_auth_time");
    assert_int_equal(sign_in(T("cis2"), &p, &e), ERR_FORBIDDEN);
    set("fault", "fault", "");
    set("user", "user", "password");
    assert_int_equal(sign_in(T("cis2"), &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "acr"));
}

static void keys_of_rsa(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    if (sign_in(T("nhs-login"), &p, &e)) {
        fail_msg("%s", e.detail);
    }
    set("fault", "fault", "wrong_at_hash");
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN);
    set("fault", "fault", "alg_hmac");
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN);
    set("fault", "fault", "other_key");
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN);
}

/* --- what is wrong with the provider's answer --------------------------------------------------
 */

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        int code;
        const char *why;
    } rows[] = {
        {"wrong_nonce", ERR_FORBIDDEN, "nonce"},
        {"without_nonce", ERR_FORBIDDEN, "nonce"},
        {"wrong_aud", ERR_FORBIDDEN, "aud"},
        {"without_aud", ERR_FORBIDDEN, "aud"},
        {"wrong_iss", ERR_FORBIDDEN, "iss"},
        {"without_iss", ERR_FORBIDDEN, "iss"},
        {"expired", ERR_FORBIDDEN, "exp"},
        {"without_exp", ERR_FORBIDDEN, "exp"},
        {"future", ERR_FORBIDDEN, "iat"},
        {"stale", ERR_FORBIDDEN, "iat"},
        {"without_iat", ERR_FORBIDDEN, "iat"},
        {"without_sub", ERR_FORBIDDEN, "sub"},
        {"no_sub", ERR_FORBIDDEN, "sub"},
        {"other_azp", ERR_FORBIDDEN, "azp"},
        {"several", ERR_FORBIDDEN, "azp"},
        {"several_azp", 0, ""},
        {"wrong_at_hash", ERR_FORBIDDEN, "at_hash"},
        {"without_at_hash", 0, ""},
        {"without_vot", ERR_FORBIDDEN, "vot"},
        {"low_vot", ERR_FORBIDDEN, "vot"},
        {"odd_vot", ERR_FORBIDDEN, "vot"},
        {"alg_none", ERR_FORBIDDEN, "algorithm"},
        {"alg_hmac", ERR_FORBIDDEN, "algorithm"},
        {"other_key", ERR_FORBIDDEN, "not made with this key"},
        {"header_key", ERR_FORBIDDEN, "not made with this key"},
        {"unknown_kid", ERR_FORBIDDEN, "kid"},
        {"crit", ERR_FORBIDDEN, "crit"},
        {"logout_token", ERR_FORBIDDEN, "typ"},
        {"twice", ERR_FORBIDDEN, "twice"},
        {"other_sub", ERR_FORBIDDEN, "somebody else"},
        {"no_id_token", ERR_FORBIDDEN, "ID token"},
        {"other_type", ERR_FORBIDDEN, "Bearer"},
        {"injected", ERR_FORBIDDEN, "at_hash"},
        {"denied", ERR_FORBIDDEN, "access_denied"},
        {"other_issuer", ERR_FORBIDDEN, "iss"},
        {"no_issuer", ERR_FORBIDDEN, "iss"},
        {"other_state", ERR_FORBIDDEN, "state"},
        {"elsewhere", ERR_IO, "307"},
        {"broken", ERR_IO, "500"},
        {"huge", ERR_TOO_LARGE, "larger"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e;
        struct oidc_person p = {.subject = T("")};
        set("fault", "fault", rows[i].fault);
        int r = sign_in(T("nhs-login"), &p, &e);
        if (r != rows[i].code || (r && (!strstr(e.detail, rows[i].why) || p.subject.n))) {
            fail_msg("%s: %d, %s", rows[i].fault, r, e.detail);
        }
    }
    assert_int_equal(asked_for("/jwks"), 1);
}

/* --- what comes back to the wrong place --------------------------------------------------------
 */

static void answers_are_bound(void **state)
{
    (void)state;
    struct err e = {0};
    struct oidc_person p;
    text query = go(T("nhs-login"));
    text name = T("nhs-login");
    unsigned long before = asked_for("/token");
    assert_int_equal(oidc_finish(kit.oidc, name, query, BACK, T("another"), &arena, &p, &e),
                     ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "browser"));
    assert_int_equal(oidc_finish(kit.oidc, name, query, BACK, T(""), &arena, &p, &e),
                     ERR_FORBIDDEN);
    assert_int_equal(
        oidc_finish(kit.oidc, name, query, T("https://other.example/"), BROWSER, &arena, &p, &e),
        ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "another provider"));
    assert_int_equal(come_back(T("nobody"), query, &p, &e), ERR_NOT_FOUND);
    assert_int_equal(asked_for("/token"), before);
    assert_int_equal(come_back(name, query, &p, &e), 0);
    assert_int_equal(come_back(name, query, &p, &e), ERR_FORBIDDEN); /* once only */
    assert_non_null(strstr(e.detail, "used before"));
    assert_int_equal(asked_for("/token"), before + 1);
}

static void another_provider_gets_nothing(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    struct oidc_new n = nhs_login();
    n.name = T("second");
    n.client_id = T("kith-second");
    add(&n);
    assert_int_equal(come_back(T("second"), go(T("nhs-login")), &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "another provider"));
    assert_int_equal(sign_in(T("second"), &p, &e), 0);
}

static void answers_come_too_late(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    text query = go(T("nhs-login"));
    ahead_ms = OIDC_PENDING_MS + 1000;
    assert_int_equal(come_back(T("nhs-login"), query, &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "ten minutes"));
    ahead_ms = 0;
    query = go(T("nhs-login"));
    oidc_close(kit.oidc);
    assert_int_equal(oidc_open_with(kit.kept, kit.dir, test_clock, &kit.oidc, &e), 0);
    assert_int_equal(come_back(T("nhs-login"), query, &p, &e), ERR_FORBIDDEN);
}

static void callbacks_that_are_no_answers(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "code=x", "state=x", "code=x&state=", "code=x&state=x", "code=%zz&state=x", "code=%00",
    };
    struct err e;
    struct oidc_person p;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(come_back(T("nhs-login"), text_of(rows[i]), &p, &e), ERR_FORBIDDEN);
    }
    text good = go(T("nhs-login"));
    text twice = arena_printf(&arena, "%.*s&code=other", TEXT_ARG(good));
    assert_int_equal(come_back(T("nhs-login"), twice, &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "twice"));
    text ours = arena_printf(&arena, "%.*s&more=x", TEXT_ARG(good));
    assert_int_equal(come_back(T("nhs-login"), ours, &p, &e), 0);
    struct err why = {0};
    text url = {NULL, 0};
    assert_int_equal(oidc_start(kit.oidc, T("nhs-login"), BACK, T(""), &arena, &url, &why),
                     ERR_INVALID);
    assert_int_equal(oidc_start(kit.oidc, T("none"), BACK, BROWSER, &arena, &url, &why),
                     ERR_NOT_FOUND);
}

/* --- the provider's keys -----------------------------------------------------------------------
 */

static void keys_rotate(void **state)
{
    (void)state;
    struct err e;
    struct oidc_person p;
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), 0);
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), 0);
    assert_int_equal(asked_for("/jwks"), 1);
    (void)tell("rotate", T("{\"keep\":true}"));
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN); /* asked a moment ago */
    assert_int_equal(asked_for("/jwks"), 1);
    ahead_ms = OIDC_KEYS_AGAIN_MS + 1000;
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), 0);
    assert_int_equal(asked_for("/jwks"), 2);
    set("fault", "fault", "unknown_kid"); /* many that are unknown: one question a minute */
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN);
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), ERR_FORBIDDEN);
    assert_int_equal(asked_for("/jwks"), 2);
}

static void keys_that_were_taken_back(void **state)
{
    (void)state;
    struct err e = {0};
    yyjson_val *header = NULL;
    text payload = {NULL, 0};
    struct oidc_provider row;
    struct oidc_person p;
    assert_int_equal(sign_in(T("nhs-login"), &p, &e), 0);
    assert_int_equal(oidc_provider_read(kit.kept, T("nhs-login"), &arena, &row, &e), 0);
    ahead_ms = OIDC_KEYS_MS + 1000; /* known keys, too, are asked for again after a while */
    (void)oidc_keys_verify(kit.oidc, &row, T("e30.e30.e30"), &arena, &header, &payload, &e);
    assert_int_equal(asked_for("/jwks"), 2);
}

/* --- adding ------------------------------------------------------------------------------------
 */

static void providers_are_listed_and_removed(void **state)
{
    (void)state;
    struct err e = {0};
    size_t count = 0;
    struct oidc_provider_info *all = NULL;
    struct oidc_new n = nhs_login();
    text jwk = {NULL, 0};
    text row = {NULL, 0};
    assert_int_equal(oidc_provider_add(kit.kept, kit.seal, &n, &arena, &jwk, &e), ERR_CONFLICT);
    assert_int_equal(oidc_providers(kit.oidc, &arena, &all, &count, &e), 0);
    assert_int_equal(count, 1);
    assert_string_equal(all[0].words.p, "NHS login");
    assert_int_equal(oidc_provider_key(kit.kept, kit.seal, T("nhs-login"), &arena, &jwk, &e), 0);
    assert_null(strstr(jwk.p, "\"d\""));
    assert_int_equal(kept_get(kit.kept, "provider", T("nhs-login"), &arena, &row, &e), 0);
    assert_null(strstr(row.p, "\"d\"")); /* sealed */
    assert_int_equal(oidc_provider_remove(kit.kept, T("nhs-login"), &arena, &e), 0);
    assert_int_equal(oidc_provider_remove(kit.kept, T("nhs-login"), &arena, &e), ERR_NOT_FOUND);
    assert_int_equal(oidc_providers(kit.oidc, &arena, &all, &count, &e), 0);
    assert_int_equal(count, 0);
}

#define DOC(iss, auth, tok, more)                                                               \
    "{\"issuer\":\"" iss "\",\"authorization_endpoint\":\"" auth "\",\"token_endpoint\":\"" tok \
    "\",\"jwks_uri\":\"https://o.example/jwks\"" more "}"
#define FINE(more) DOC("https://o.example", "https://o.example/a", "https://o.example/t", more)

static void what_cannot_be_added(void **state)
{
    (void)state;
    const struct {
        struct oidc_new n; /* what differs from a good one */
        const char *why;   /* NULL: it can */
    } rows[] = {
        {{.discovery = T(FINE(""))}, NULL},
        {{.discovery = T(FINE(",\"id_token_signing_alg_values_supported\":[\"RS512\"]"))}, NULL},
        {{.name = T("NHS")}, "small letters"},
        {{.name = T("-x")}, "small letters"},
        {{.name = T("a/b")}, "small letters"},
        {{.client_id = T("a\"b")}, "client id"},
        {{.scope = T("profile")}, "openid"},
        {{.vtr = T("P9.P9")}, "vectors"},
        {{.vtr = T("P9.Cp,P9")}, "vectors"},
        {{.least_proofing = T("P9.Cp")}, "P0 to P9"},
        {{.least_proofing = T("P5")}, "NHS number"},
        {{.max_age = -1}, "seconds"},
        {{.issuer = T("https://p.example")}, "another issuer"},
        {{.discovery = T("{")}, "JSON"},
        {{.discovery = T("[]")}, "issuer"},
        {{.discovery =
              T(DOC("http://o.example", "https://o.example/a", "https://o.example/t", ""))},
         "issuer"},
        {{.discovery = T(DOC("https://o.example", "javascript:1", "https://o.example/t", ""))},
         "authorization_endpoint"},
        {{.discovery =
              T(DOC("https://o.example", "https://o.example/a#b", "https://o.example/t", ""))},
         "authorization_endpoint"},
        {{.discovery =
              T(DOC("https://o.example", "https://o.example/a", "https://u:p@o.example/", ""))},
         "token_endpoint"},
        {{.discovery =
              T(DOC("https://o.example", "https://o.example/a", "file:///etc/passwd", ""))},
         "token_endpoint"},
        {{.discovery = T(FINE(",\"issuer\":\"https://p.example\""))}, "twice"},
        {{.discovery = T(FINE(",\"response_types_supported\":[\"token\"]"))}, "code flow"},
        {{.discovery =
              T(FINE(",\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\"]"))},
         "private_key_jwt"},
        {{.discovery = T(FINE(",\"id_token_signing_alg_values_supported\":[\"HS256\",\"none\"]"))},
         "algorithm"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct oidc_new *row = &rows[i].n;
        struct err e = {0};
        text jwk = {NULL, 0};
        struct oidc_new n = {.name = row->name.n ? row->name : T("test"),
                             .words = T("Test"),
                             .issuer = row->issuer,
                             .discovery = row->discovery.n ? row->discovery : T(FINE("")),
                             .client_id = row->client_id.n ? row->client_id : T("kith"),
                             .scope = row->scope.n ? row->scope : T("openid"),
                             .vtr = row->vtr.n ? row->vtr : T("P9.Cp.Cd"),
                             .least_proofing =
                                 row->least_proofing.n ? row->least_proofing : T("P9"),
                             .by_nhs_number = true,
                             .key_alg = JOSE_ES256,
                             .max_age = row->max_age};
        int r = oidc_provider_add(kit.kept, kit.seal, &n, &arena, &jwk, &e);
        if (rows[i].why ? !r || !strstr(e.detail, rows[i].why) : r) {
            fail_msg("row %zu: %d, %s", i, r, e.detail);
        }
        assert_true(r || !oidc_provider_remove(kit.kept, n.name, &arena, &e));
    }
}

/* A provider that is to be on the internet is not asked at an address of this network. */
static void private_networks_are_not_reached(void **state)
{
    (void)state;
    struct err e = {0};
    struct oidc_person p;
    text body = {NULL, 0};
    struct oidc_new n = nhs_login();
    n.name = T("open");
    n.client_id = T("kith-open");
    n.is_private = false;
    add(&n);
    unsigned long before = asked_for("/token");
    assert_int_equal(sign_in(T("open"), &p, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "private network"));
    assert_int_equal(asked_for("/token"), before);
    text url = arena_printf(&arena, "%s/jwks", kit.issuer);
    assert_int_equal(oidc_fetch(url, false, &arena, &body, &e), ERR_FORBIDDEN);
    assert_int_equal(oidc_fetch(T("http://o.example/jwks"), true, &arena, &body, &e),
                     ERR_FORBIDDEN);
    assert_int_equal(oidc_fetch(T("http://127.o.example/jwks"), true, &arena, &body, &e),
                     ERR_FORBIDDEN);
    assert_int_equal(oidc_fetch(T("file:///etc/hosts"), true, &arena, &body, &e), ERR_INVALID);
    assert_int_equal(oidc_fetch(url, true, &arena, &body, &e), 0);
}

/* --- vectors of trust --------------------------------------------------------------------------
 */

static void vectors_of_trust(void **state)
{
    (void)state;
    static const struct {
        const char *vot;
        bool vector;
        int proofing;
        bool enough; /* for P5.Cp.Cd or P9.Ck */
        bool strong;
    } rows[] = {
        {"P5.Cp.Cd", true, 5, true, true},    {"P9.Cd.Cp", true, 9, true, true},
        {"P9.Ck", true, 9, true, true},       {"P5.Ck", true, 5, false, true},
        {"P9.Cp", true, 9, false, false},     {"P0.Cp.Cd", true, 0, false, true},
        {"Cp.Cd", true, -1, false, true},     {"P9.Cp.Cd.Ck", true, 9, true, true},
        {"", false, -1, false, false},        {"P9.Cp.Cd.", false, 9, false, true},
        {"P5.P9.Ck", false, 5, false, true},  {"p9.ck", false, -1, false, false},
        {"P9.Cp.Cp", false, 9, false, false}, {"Px.Ck", true, -1, false, true},
    };
    static const text asked[] = {T("P5.Cp.Cd"), T("P9.Ck")};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text vot = text_of(rows[i].vot);
        if (trust_is_vector(vot) != rows[i].vector || trust_proofing(vot) != rows[i].proofing ||
            trust_is_enough(vot, asked, 2) != rows[i].enough ||
            trust_is_strong(vot) != rows[i].strong) {
            fail_msg("%s", rows[i].vot);
        }
    }
    assert_false(trust_is_enough(T("P9.Ck"), asked, 0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_trust),
        cmocka_unit_test_setup_teardown(a_patient_signs_in, begin, end),
        cmocka_unit_test_setup_teardown(a_number_counts_only_when_it_is_vouched_for, begin, end),
        cmocka_unit_test_setup_teardown(a_professional_signs_in, begin, end),
        cmocka_unit_test_setup_teardown(keys_of_rsa, begin_rsa, end),
        cmocka_unit_test_setup_teardown(faults, begin, end),
        cmocka_unit_test_setup_teardown(answers_are_bound, begin, end),
        cmocka_unit_test_setup_teardown(another_provider_gets_nothing, begin, end),
        cmocka_unit_test_setup_teardown(answers_come_too_late, begin, end),
        cmocka_unit_test_setup_teardown(callbacks_that_are_no_answers, begin, end),
        cmocka_unit_test_setup_teardown(keys_rotate, begin, end),
        cmocka_unit_test_setup_teardown(keys_that_were_taken_back, begin, end),
        cmocka_unit_test_setup_teardown(providers_are_listed_and_removed, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_added, begin, end),
        cmocka_unit_test_setup_teardown(private_networks_are_not_reached, begin, end),
    };
    if (argc != 2) {
        (void)printf("usage: test_oidc oidc_provider.py\n");
        return 1;
    }
    script = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
