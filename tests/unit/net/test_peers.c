/* Connections between nodes: certificates on both sides, pinned. */
#include "net_kit.h"

#include "net/certificate.h"
#include "net/peers.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)

enum { PATIENCE_MS = 90000 }; /* of calls that have to succeed, on a busy machine too */

struct peers_kit {
    struct kit kit;
    char folder[64];
    char pem[128];
    uint8_t server_key[32];
    struct buf client_pem;
    uint8_t client_key[32];
    struct peers *peers;
};

static void make_identity(struct buf *pem, uint8_t key[32])
{
    struct err e = {0};
    buf_init(pem, 65536);
    assert_int_equal(certificate_make(T("kith Y90001"), pem, &e), 0);
    assert_int_equal(certificate_key(buf_text(pem), key, &e), 0);
}

static void write_identity(struct peers_kit *t)
{
    struct buf pem;
    make_identity(&pem, t->server_key);
    FILE *f = fopen(t->pem, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(pem.p, 1, pem.n, f), pem.n);
    assert_int_equal(fclose(f), 0);
    buf_done(&pem);
}

static int set_up(void **state)
{
    static struct peers_kit t;
    struct err e = {0};
    (void)snprintf(t.folder, sizeof t.folder, "/tmp/kith-peers-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    (void)snprintf(t.pem, sizeof t.pem, "%s/tls.pem", t.folder);
    write_identity(&t);
    make_identity(&t.client_pem, t.client_key);
    kit_init(&t.kit);
    t.kit.config.workers = 12;
    t.kit.config.tls_cert = t.kit.config.tls_key = t.pem;
    t.kit.config.asks_client = true;
    kit_start(&t.kit);
    assert_int_equal(peers_new(buf_text(&t.client_pem), &t.peers, &e), 0);
    *state = &t;
    return 0;
}

static int tear_down(void **state)
{
    struct peers_kit *t = *state;
    peers_free(t->peers);
    kit_stop(&t->kit);
    buf_done(&t->client_pem);
    (void)unlink(t->pem);
    return rmdir(t->folder);
}

static struct peer_exchange exchange_to(struct peers_kit *t, const char *path, char url[200])
{
    (void)snprintf(url, 200, "%.*s%s", TEXT_ARG(http_server_url(t->kit.server)), path);
    return (struct peer_exchange){.method = T("GET"),
                                  .url = text_of(url),
                                  .pins = &t->server_key,
                                  .pin_count = 1,
                                  .most_bytes = 100000};
}

static void call_in(struct peers *p, struct peer_exchange *x, size_t count, int64_t ms)
{
    peers_call(p, x, count, clock_mono_ns() + ms * NS_PER_MS);
}

static void assert_body(struct peer_exchange *x, const char *words)
{
    if (x->result) {
        fail_msg("%s", err_text(&x->err));
    }
    assert_int_equal(x->answer.status, 200);
    assert_true(text_eq(buf_text(&x->answer.body), text_of(words)));
    http_answer_done(&x->answer);
}

static void hex(const uint8_t key[32], char out[65])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", key[i]);
    }
}

/* --- who they are ----------------------------------------------------------------------------- */

static void the_key_of_the_client_is_known(void **state)
{
    struct peers_kit *t = *state;
    char url[200];
    char key[65];
    struct peers *nobody;
    struct err e = {0};
    struct peer_exchange x = exchange_to(t, "/key", url);
    hex(t->client_key, key);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_body(&x, key);
    call_in(t->peers, &x, 1, PATIENCE_MS); /* on the connection that was kept */
    assert_body(&x, key);
    assert_int_equal(peers_new(T(""), &nobody, &e), 0);
    call_in(nobody, &x, 1, PATIENCE_MS);
    assert_body(&x, "none");
    peers_free(nobody);
}

static void only_the_pinned_key_is_talked_to(void **state)
{
    struct peers_kit *t = *state;
    char url[200];
    uint8_t pins[3][32];
    int before = atomic_load(&t->kit.requests);
    struct peer_exchange x = exchange_to(t, "/hello", url);
    memset(pins, 7, sizeof pins);
    x.pins = pins;
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, ERR_FORBIDDEN);
    x.pin_count = 3;
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, ERR_FORBIDDEN);
    x.pin_count = 0; /* nothing is known: nobody is trusted */
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, ERR_FORBIDDEN);
    assert_int_equal(atomic_load(&t->kit.requests), before);
    x.pin_count = 3;
    memcpy(pins[2], t->server_key, 32);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_body(&x, "hello");
    /* A kept connection is not used for a call that asks for another key. */
    memset(pins[2], 9, 32);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, ERR_FORBIDDEN);
}

static void addresses_are_of_nodes(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1:1/", "file:///etc/passwd",
                                       "https://u:p@127.0.0.1:1/", ""};
    struct peers_kit *t = *state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char url[200];
        struct peer_exchange x = exchange_to(t, "/hello", url);
        x.url = text_of(urls[i]);
        call_in(t->peers, &x, 1, 1000);
        assert_int_equal(x.result, ERR_INVALID);
    }
}

static int connects_with(struct peers_kit *t, int version)
{
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(c, version);
    int fd = kit_connect(&t->kit);
    SSL *ssl = SSL_new(c);
    SSL_set_fd(ssl, fd);
    int done = SSL_connect(ssl) == 1;
    char byte;
    if (done) { /* the server may refuse after the client is done */
        static const char hello[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_int_equal(SSL_write(ssl, hello, sizeof hello - 1), sizeof hello - 1);
        assert_int_equal(SSL_read(ssl, &byte, 1), 1);
    }
    SSL_free(ssl);
    SSL_CTX_free(c);
    (void)close(fd);
    return done;
}

static int note_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    (void)cert;
    (void)key;
    ++*(int *)SSL_get_app_data(ssl);
    return 0;
}

/* How often the server asked for a certificate. */
static int times_asked(struct peers_kit *t)
{
    int asked = 0;
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_client_cert_cb(c, note_asked);
    int fd = kit_connect(&t->kit);
    SSL *ssl = SSL_new(c);
    SSL_set_fd(ssl, fd);
    SSL_set_app_data(ssl, &asked);
    assert_int_equal(SSL_connect(ssl), 1);
    SSL_free(ssl);
    SSL_CTX_free(c);
    (void)close(fd);
    return asked;
}

static void browsers_are_not_asked(void **state)
{
    struct peers_kit *t = *state;
    struct peers_kit plain = *t;
    assert_int_equal(times_asked(t), 1);
    kit_init(&plain.kit);
    plain.kit.config.tls_cert = plain.kit.config.tls_key = t->pem;
    kit_start(&plain.kit);
    assert_int_equal(times_asked(&plain), 0);
    assert_int_equal(connects_with(&plain, TLS1_2_VERSION), 1);
    /* Whatever is shown there counts for nothing. */
    char url[200];
    struct peer_exchange x = exchange_to(&plain, "/key", url);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_body(&x, "none");
    kit_stop(&plain.kit);
}

static void members_use_tls_1_3(void **state)
{
    assert_int_equal(connects_with(*state, TLS1_2_VERSION), 0);
    assert_int_equal(connects_with(*state, TLS1_3_VERSION), 1);
}

/* --- several at once -------------------------------------------------------------------------- */

static void all_are_asked_at_once(void **state)
{
    enum { N = 8, MS = 300 };
    struct peers_kit *t = *state;
    char urls[N][200];
    struct peer_exchange x[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = exchange_to(t, "/slow/300", urls[i]);
    }
    int64_t begin = clock_mono_ns();
    call_in(t->peers, x, N, PATIENCE_MS);
    int64_t took_ms = (clock_mono_ns() - begin) / NS_PER_MS;
    for (size_t i = 0; i < N; i++) {
        assert_true(x[i].took_ms >= MS);
        assert_body(&x[i], "slow");
    }
    assert_true(took_ms < N * MS); /* one after another would be longer, on any machine */
}

static void the_deadline_is_one_for_all(void **state)
{
    struct peers_kit *t = *state;
    char urls[4][200];
    struct peer_exchange x[4] = {
        exchange_to(t, "/slow/9000", urls[0]), exchange_to(t, "/hello", urls[1]),
        exchange_to(t, "/nothing", urls[2]), exchange_to(t, "/hello", urls[3])};
    x[2].url = T("https://127.0.0.1:1/"); /* nobody listens there */
    x[3].pin_count = 0;
    int64_t begin = clock_mono_ns();
    call_in(t->peers, x, 4, 4000);
    assert_true(clock_mono_ns() - begin < 8000 * NS_PER_MS);
    assert_int_equal(x[0].result, ERR_TIMEOUT);
    assert_true(x[0].took_ms >= 4000);
    assert_body(&x[1], "hello");
    assert_int_equal(x[2].result, ERR_IO);
    assert_int_equal(x[3].result, ERR_FORBIDDEN);
    call_in(t->peers, &x[1], 1, -5);
    assert_int_equal(x[1].result, ERR_TIMEOUT);
}

static void answers_have_a_bound_while_they_arrive(void **state)
{
    struct peers_kit *t = *state;
    char urls[3][200];
    struct peer_exchange x[3] = {exchange_to(t, "/big", urls[0]),
                                 exchange_to(t, "/stream/1000000", urls[1]), /* 64 GB */
                                 exchange_to(t, "/break", urls[2])};
    x[0].most_bytes = KIT_BIG - 1;
    x[2].most_bytes = 10 * KIT_PIECE;
    call_in(t->peers, x, 3, PATIENCE_MS);
    assert_int_equal(x[0].result, ERR_TOO_LARGE);
    assert_int_equal(x[1].result, ERR_TOO_LARGE);
    assert_int_equal(x[2].result, ERR_IO); /* it broke off */
    x[0].most_bytes = KIT_BIG;
    call_in(t->peers, x, 1, PATIENCE_MS);
    assert_int_equal(x[0].result, 0);
    assert_int_equal(x[0].answer.body.n, KIT_BIG);
    http_answer_done(&x[0].answer);
}

static void bodies_are_sent_whole(void **state)
{
    enum { N = 3000000 };
    struct peers_kit *t = *state;
    char url[200];
    char *body = test_malloc(N);
    struct peer_exchange x = exchange_to(t, "/echo", url);
    memset(body, 'q', N);
    x.method = T("POST");
    x.content_type = T("application/json");
    x.body = text_make(body, N);
    x.most_bytes = N;
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, 0);
    assert_true(text_eq(buf_text(&x.answer.body), x.body));
    assert_non_null(http_answer_field(&x.answer, T("Content-Type")).p);
    http_answer_done(&x.answer);
    test_free(body);
}

static void connections_are_kept(void **state)
{
    struct peers_kit *t = *state;
    char url[200];
    struct peer_exchange x = exchange_to(t, "/hello", url);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_body(&x, "hello");
    int64_t before = metric_get(METRIC_http_connections_total);
    for (int i = 0; i < 20; i++) {
        call_in(t->peers, &x, 1, PATIENCE_MS);
        assert_body(&x, "hello");
    }
    assert_int_equal(metric_get(METRIC_http_connections_total), before);
}

/* --- other keys ------------------------------------------------------------------------------- */

static void both_sides_can_change_their_key(void **state)
{
    struct peers_kit *t = *state;
    char url[200];
    char key[65];
    struct buf pem;
    struct err e = {0};
    uint8_t old[32];
    struct peer_exchange x = exchange_to(t, "/key", url);
    make_identity(&pem, t->client_key);
    assert_int_equal(peers_renew(t->peers, buf_text(&pem), &e), 0);
    buf_done(&pem);
    hex(t->client_key, key);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_body(&x, key);

    memcpy(old, t->server_key, 32);
    assert_int_equal(unlink(t->pem), 0);
    assert_int_equal(http_server_renew(t->kit.server, &e), ERR_INVALID); /* the old one stays */
    write_identity(t);
    assert_int_equal(http_server_renew(t->kit.server, &e), 0);
    call_in(t->peers, &x, 1, PATIENCE_MS); /* pins by reference: the new one, on a new connection */
    assert_body(&x, key);
    x.pins = &old;
    peers_free(t->peers);
    assert_int_equal(peers_new(T(""), &t->peers, &e), 0);
    call_in(t->peers, &x, 1, PATIENCE_MS);
    assert_int_equal(x.result, ERR_FORBIDDEN);
}

static void names_of_certificates_have_a_length(void **state)
{
    char name[66];
    struct buf pem;
    struct err e = {0};
    uint8_t key[32];
    (void)state;
    memset(name, 'a', sizeof name);
    buf_init(&pem, 65536);
    assert_int_equal(certificate_make(T(""), &pem, &e), ERR_VALUE);
    assert_int_equal(certificate_make(text_make(name, 65), &pem, &e), ERR_VALUE);
    assert_int_equal(pem.n, 0);
    assert_int_equal(certificate_make(text_make(name, 64), &pem, &e), 0);
    assert_int_equal(certificate_key(buf_text(&pem), key, &e), 0);
    assert_int_equal(certificate_key(T("-----BEGIN CERTIFICATE-----\n"), key, &e), ERR_INVALID);
    assert_int_equal(certificate_key(T(""), key, &e), ERR_INVALID);
    buf_done(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_the_client_is_known),
        cmocka_unit_test(only_the_pinned_key_is_talked_to),
        cmocka_unit_test(addresses_are_of_nodes),
        cmocka_unit_test(browsers_are_not_asked),
        cmocka_unit_test(members_use_tls_1_3),
        cmocka_unit_test(all_are_asked_at_once),
        cmocka_unit_test(the_deadline_is_one_for_all),
        cmocka_unit_test(answers_have_a_bound_while_they_arrive),
        cmocka_unit_test(bodies_are_sent_whole),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(both_sides_can_change_their_key),
        cmocka_unit_test(names_of_certificates_have_a_length),
    };
    return cmocka_run_group_tests_name("net: peers", tests, set_up, tear_down);
}
