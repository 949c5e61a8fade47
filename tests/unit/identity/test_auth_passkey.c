/* The addresses below /auth: signing in by a passkey, and what asking who it is costs. */
#include "auth_kit.h"
#include "passkey_kit.h"

#include "base/clock.h"
#include "identity/jose.h"

static struct account_role gp = {.code = {"R8000", 5}};

static text b64(struct node *n, text bytes)
{
    return base64url_print(bytes, &n->kit->a);
}

static struct passkey_says says_here(const struct node *n, bool creates)
{
    struct passkey_says says = passkey_says(creates);
    says.challenge =
        arena_copy(&n->kit->a,
                   json_text(json_get(json_get(n->answer, T("publicKey")), T("challenge"))))
            .p;
    says.origin = "http://localhost:8080";
    says.rp_id = "localhost";
    return says;
}

static text assertion(struct node *n, const struct passkey *p, uint32_t count)
{
    text ceremony = member(n, "ceremony");
    struct passkey_says says = says_here(n, false);
    says.count = count;
    text client = passkey_client(p, &says);
    text data = passkey_data(p, &says, false);
    text signature = b64(n, passkey_sign(p, data, client)); /* each one is another one */
    return arena_printf(
        &n->kit->a,
        "{\"ceremony\":\"%.*s\",\"credential\":{\"id\":\"%.*s\",\"type\":\"public-key\","
        "\"response\":{\"clientDataJSON\":\"%.*s\",\"authenticatorData\":\"%.*s\","
        "\"signature\":\"%.*s\",\"userHandle\":null}}}",
        TEXT_ARG(ceremony), TEXT_ARG(b64(n, text_make(p->id, sizeof p->id))),
        TEXT_ARG(b64(n, client)), TEXT_ARG(b64(n, data)), TEXT_ARG(signature));
}

/* Signed in by the passkey: a password beside it, once guessed, makes no one-time codes of the
 * guesser's, which would be a way in without the passkey. */
static void password_beside_passkey(struct node *n)
{
    struct caller caller;
    assert_int_equal(post(n, "/auth/password/set", "{\"new\":\"correct pony battery\"}"), 200);
    forget(n);
    assert_int_equal(post(n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 200);
    assert_true(text_eq(member(n, "step"), T("enrol")));
    assert_int_equal(post(n, "/auth/totp/new", "{}"), 403);
    assert_int_equal(post(n, "/auth/totp/confirm", "{\"code\":\"000000\"}"), 403);
    assert_int_equal(post(n, "/auth/passkey/new/options", "{}"), 403);
    assert_int_equal(who(n, &caller), ERR_LOGIN);
}

static void test_passkey(void **state)
{
    struct node n;
    struct passkey p;
    struct caller caller;
    text id;
    open_node(&n, *state, false);
    passkey_make(&p, PASSKEY_ES256, &n.kit->a);
    text path = invited(&n, "Amina", &gp, &id);
    assert_int_equal(post(&n, path.p, "{\"login\":\"amina\"}"), 200);
    assert_true(text_eq(member(&n, "step"), T("enrol")));
    assert_int_equal(post(&n, "/auth/passkey/new/options", "{}"), 200);
    struct passkey_says says = says_here(&n, true);
    text ceremony = member(&n, "ceremony");
    text client = passkey_client(&p, &says);
    text body = arena_printf(
        &n.kit->a,
        "{\"ceremony\":\"%.*s\",\"name\":\"Phone\",\"credential\":{\"id\":\"%.*s\",\"type\":"
        "\"public-key\",\"response\":{\"clientDataJSON\":\"%.*s\",\"attestationObject\":"
        "\"%.*s\"}}}",
        TEXT_ARG(ceremony), TEXT_ARG(b64(&n, text_make(p.id, sizeof p.id))),
        TEXT_ARG(b64(&n, client)), TEXT_ARG(b64(&n, passkey_object(&p, &says, client))));
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/new/verify", body), 200);
    assert_int_equal(json_len(json_get(n.answer, T("passkeys"))), 1);
    assert_int_equal(who(&n, &caller), 0);
    assert_int_equal(get(&n, path.p), 404);
    /* The only way in stays. */
    text remove = arena_printf(&n.kit->a, "{\"id\":\"%.*s\"}",
                               TEXT_ARG(b64(&n, text_make(p.id, sizeof p.id))));
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/remove", remove), 409);
    text rename = arena_printf(&n.kit->a, "{\"id\":\"%.*s\",\"name\":\" My key \"}",
                               TEXT_ARG(b64(&n, text_make(p.id, sizeof p.id))));
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/rename", rename), 200);
    yyjson_val *key = yyjson_arr_get_first(json_get(n.answer, T("passkeys")));
    assert_true(text_eq(json_text(json_get(key, T("name"))), T("My key")));
    assert_int_equal(post(&n, "/auth/passkey/rename", "{\"id\":\"none\",\"name\":\"x\"}"), 404);
    assert_int_equal(post(&n, "/auth/passkey/rename", "{\"id\":\"none\",\"name\":\" \"}"), 400);
    forget(&n);
    assert_int_equal(post(&n, "/auth/passkey/options", "{\"login\":\"amina\"}"), 200);
    assert_int_equal(json_len(json_get(json_get(n.answer, T("publicKey")), T("allowCredentials"))),
                     0);
    body = assertion(&n, &p, 5);
    /* In another browser it is nothing; and then it is gone. */
    text binding = n.binding;
    n.binding = secret_token(&n.kit->a);
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/verify", body), 403);
    n.binding = binding;
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/verify", body), 403);
    assert_int_equal(post(&n, "/auth/passkey/options", "{}"), 200);
    body = assertion(&n, &p, 5);
    if (ask(&n, HTTP_POST, "/auth/passkey/verify", body) != 200) {
        fail_msg("%.*s", TEXT_ARG(member(&n, "words")));
    }
    assert_true(text_eq(member(&n, "step"), T("done")));
    assert_int_equal(who(&n, &caller), 0);
    password_beside_passkey(&n);
    forget(&n);
    n.binding = binding;
    assert_int_equal(ask(&n, HTTP_POST, "/auth/passkey/verify", body), 403);
    passkey_done(&p);
    identity_close(n.id);
}

/* A session that was seen costs no database: stated, and held with room to spare. */
static void test_caller_is_cheap(void **state)
{
    enum { TIMES = 100000 };
    struct node n;
    text id;
    struct caller caller;
    open_node(&n, *state, false);
    text path = invited(&n, "Amina", &gp, &id);
    (void)enrol(&n, path.p, "amina");
    assert_int_equal(who(&n, &caller), 0);
    struct http_field fields[] = {
        {T("Host"), T("localhost:8080")},
        {T("Cookie"), arena_printf(&n.kit->a, "kith=%.*s", TEXT_ARG(n.session))}};
    struct http_request request = {
        .method = HTTP_GET, .fields = fields, .field_count = 2, .arena = &n.kit->a};
    int64_t begin = clock_thread_cpu_ns();
    for (int i = 0; i < TIMES; i++) {
        struct arena_mark mark = arena_mark(&n.kit->a);
        assert_int_equal(identity_caller(n.id, &request, &caller, NULL), 0);
        arena_rewind(&n.kit->a, mark);
    }
    int64_t each = (clock_thread_cpu_ns() - begin) / TIMES;
    print_message("identity_caller: %lld ns\n", (long long)each);
    assert_true(each < 20000);
    identity_close(n.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_passkey, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_caller_is_cheap, kit_setup, kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
