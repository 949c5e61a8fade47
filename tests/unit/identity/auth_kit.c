#include "auth_kit.h"

#include "base/clock.h"
#include "identity/people.h"

#include <openssl/hmac.h>

static int record(void *context, const struct audit_event *event, struct err *e)
{
    struct node *n = context;
    if (n->log_broken) {
        return err_set(e, ERR_IO, "the log cannot be written");
    }
    n->events[event->kind]++;
    return 0;
}

void open_node(struct node *n, struct kit *k, bool demo)
{
    struct err e = {0};
    struct identity_config config = {.dir = k->dir,
                                     .organisation = T("Y90001"),
                                     .organisation_name = T("Mill Lane"),
                                     .organisation_reference = T("Organization/o"),
                                     .version = T("1"),
                                     .loopback = true,
                                     .demo = demo};
    *n = (struct node){.kit = k, .peer = "127.0.0.1", .origin = "http://localhost:8080"};
    config.world.context = n;
    config.world.record = record;
    if (identity_open(&config, &n->id, &e)) {
        fail_msg("%s", err_text(&e));
    }
}

/* The cookies that a reply sets. */
static void take_cookies(struct node *n, text head)
{
    text line;
    while (text_cut(&head, '\n', &line)) {
        text value = text_trim(line);
        text name;
        if (text_starts(value, T("Set-Cookie: "))) {
            assert_non_null(memmem(value.p, value.n, "; HttpOnly; SameSite=Lax", 24));
            assert_non_null(memmem(value.p, value.n, "; Path=/;", 9));
            value = text_from(value, sizeof "Set-Cookie: " - 1);
            value = text_first(value, text_find(value, ';'));
            assert_true(text_cut(&value, '=', &name));
            text copy = arena_copy(&n->kit->a, value);
            if (text_eq(name, T("kith"))) {
                n->session = copy;
            } else if (text_eq(name, T("kith-sign-in"))) {
                n->binding = copy;
            } else {
                fail_msg("a cookie %.*s", TEXT_ARG(name));
            }
        }
    }
}

int ask(struct node *n, enum http_method method, const char *path, text body)
{
    struct arena *a = &n->kit->a;
    struct http_reply reply = {0};
    struct err e = {0};
    text cookie =
        arena_printf(a, "kith=%.*s; kith-sign-in=%.*s", TEXT_ARG(n->session), TEXT_ARG(n->binding));
    struct http_field fields[] = {{T("Host"), T("localhost:8080")},
                                  {T("Cookie"), cookie},
                                  {T("Content-Type"), T("application/json")},
                                  {T("X-Kith-CSRF"), n->csrf},
                                  {T("Origin"), text_of(n->origin)}};
    struct http_request request = {.method = method,
                                   .path = text_of(path),
                                   .fields = fields,
                                   .field_count = n->origin ? 5 : 4,
                                   .body = body,
                                   .arena = a,
                                   .peer = text_of(n->peer)};
    buf_init(&reply.head, 65536);
    buf_init(&reply.body, 1 << 20);
    identity_handle(n->id, &request, &reply);
    n->status = reply.status;
    take_cookies(n, arena_copy(a, buf_text(&reply.head)));
    n->answer = NULL;
    text bytes = arena_copy(a, buf_text(&reply.body));
    if (bytes.n && json_read(bytes, 16, a, &n->answer, &e)) {
        fail_msg("%s: %.*s", err_text(&e), TEXT_ARG(bytes));
    }
    text csrf = json_text(json_get(n->answer, T("csrf")));
    n->csrf = csrf.p ? csrf : n->csrf;
    buf_done(&reply.head);
    buf_done(&reply.body);
    return n->status;
}

int post(struct node *n, const char *path, const char *body)
{
    return ask(n, HTTP_POST, path, text_of(body));
}

int get(struct node *n, const char *path)
{
    return ask(n, HTTP_GET, path, T(""));
}

text member(const struct node *n, const char *name)
{
    text t = json_text(json_get(n->answer, text_of(name)));
    return t.p ? t : T("");
}

int who(struct node *n, struct caller *ret_caller)
{
    struct http_field fields[] = {
        {T("Host"), T("localhost:8080")},
        {T("Cookie"), arena_printf(&n->kit->a, "kith=%.*s", TEXT_ARG(n->session))}};
    struct http_request request = {
        .method = HTTP_GET, .fields = fields, .field_count = 2, .arena = &n->kit->a};
    return identity_page_caller(n->id, &request, ret_caller, NULL);
}

void forget(struct node *n)
{
    n->session = T("");
    n->binding = T("");
    n->csrf = T("");
}

const char *code_of(struct node *n, text base32, int64_t at_s)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char secret[20] = {0};
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = 0;
    for (size_t i = 0; i < base32.n; i++) {
        bits = bits << 5 | (uint32_t)(strchr(letters, base32.p[i]) - letters);
        held += 5;
        if (held >= 8 && at < sizeof secret) {
            held -= 8;
            secret[at++] = (unsigned char)(bits >> held);
        }
    }
    unsigned char counter[8];
    unsigned char mac[EVP_MAX_MD_SIZE];
    for (int i = 0; i < 8; i++) {
        counter[i] = (unsigned char)((uint64_t)at_s / 30 >> (56 - 8 * i));
    }
    assert_non_null(HMAC(EVP_sha1(), secret, sizeof secret, counter, sizeof counter, mac, NULL));
    unsigned from = mac[19] & 15;
    uint32_t number = ((uint32_t)mac[from] & 0x7F) << 24 | (uint32_t)mac[from + 1] << 16 |
                      (uint32_t)mac[from + 2] << 8 | mac[from + 3];
    return arena_printf(&n->kit->a, "{\"code\":\"%06u\"}", number % 1000000).p;
}

text invited(struct node *n, const char *name, struct account_role *role, text *ret_id)
{
    text token;
    int64_t expires;
    struct account a = {.name = text_of(name),
                        .kind = ACTOR_PROFESSIONAL,
                        .person = T("Practitioner/1"),
                        .roles = role,
                        .role_count = 1};
    struct kept *k = identity_kept(n->id);
    assert_int_equal(account_add(k, &a, &n->kit->a, NULL), 0);
    assert_int_equal(invite_make(k, &a, INVITE_MS, &n->kit->a, &token, &expires, NULL), 0);
    *ret_id = a.id;
    return arena_printf(&n->kit->a, "/auth/invite/%.*s", TEXT_ARG(token));
}

text enrol(struct node *n, const char *path, const char *login)
{
    text body = arena_printf(&n->kit->a, "{\"login\":\"%s\"," PASSWORD "}", login);
    struct caller caller;
    assert_int_equal(get(n, path), 200);
    assert_int_equal(ask(n, HTTP_POST, path, body), 200);
    assert_true(text_eq(member(n, "step"), T("enrol")));
    /* Half-way is nobody, and may do nothing else. */
    assert_int_equal(who(n, &caller), ERR_LOGIN);
    assert_int_equal(get(n, "/auth/passkeys"), 403);
    assert_int_equal(post(n, "/auth/passkey/new/options", "{}"), 403);
    assert_int_equal(post(n, "/auth/totp/new", "{}"), 200);
    text secret = member(n, "secret");
    assert_int_equal(secret.n, 32);
    text half = n->session;
    n->enrolled_s = clock_real_ms() / 1000;
    assert_int_equal(post(n, "/auth/totp/confirm", "{\"code\":\"000000x\"}"), 403);
    assert_int_equal(post(n, "/auth/totp/confirm", code_of(n, secret, n->enrolled_s)), 200);
    assert_false(text_eq(half, n->session));
    const yyjson_val *list = json_get(n->answer, T("recovery"));
    assert_int_equal(json_len(list), 10);
    n->recovery = json_text(list + 1);
    assert_int_equal(who(n, &caller), 0);
    /* Used up. */
    assert_int_equal(get(n, path), 404);
    assert_int_equal(ask(n, HTTP_POST, path, body), 404);
    return secret;
}
