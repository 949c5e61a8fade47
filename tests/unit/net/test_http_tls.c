/* TLS, and the client. */
#include "net_kit.h"

#include "net/client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" H "\r\n"

struct tls_kit {
    struct kit kit;
    char folder[64];
    char cert[128];
    char key[128];
};

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(cert ? PEM_write_X509(f, cert)
                          : PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL),
                     1);
    assert_int_equal(fclose(f), 0);
}

static void make_certificate(struct tls_kit *t)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_non_null(key);
    assert_non_null(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_EXTENSION *alt =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    assert_non_null(alt);
    X509_add_ext(cert, alt, -1);
    X509_EXTENSION_free(alt);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    write_pem(t->cert, cert, NULL);
    write_pem(t->key, NULL, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static SSL *tls_connect(const struct kit *k, SSL_CTX *context, int *ret_fd)
{
    *ret_fd = kit_connect(k);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, *ret_fd);
    if (SSL_connect(ssl) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    return ssl;
}

/* Reads to the end of the connection. */
static size_t read_all(SSL *ssl, char *to, size_t room)
{
    size_t n = 0;
    size_t got;
    while (n < room && SSL_read_ex(ssl, to + n, room - n, &got) == 1) {
        n += got;
    }
    return n;
}

static void requests_over_tls(void **state)
{
    struct tls_kit *t = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int v = 0; v < 2; v++) {
        char reply[4096];
        int fd;
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, versions[v]);
        SSL_CTX_set_max_proto_version(context, versions[v]);
        SSL *ssl = tls_connect(&t->kit, context, &fd);
        assert_non_null(ssl);
        /* Two requests in one record, then one in single bytes. */
        static const char two[] = HELLO HELLO;
        static const char last[] = "GET /hello HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
        assert_int_equal(SSL_write(ssl, two, sizeof two - 1), sizeof two - 1);
        for (size_t i = 0; i < sizeof last - 1; i++) {
            assert_int_equal(SSL_write(ssl, last + i, 1), 1);
        }
        size_t n = read_all(ssl, reply, sizeof reply - 1);
        reply[n] = '\0';
        int count = 0;
        for (const char *p = reply; (p = strstr(p, "\r\n\r\nhello")); p++) {
            count++;
        }
        assert_int_equal(count, 3);
        assert_int_equal(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl);
        SSL_CTX_free(context);
        (void)close(fd);
    }
}

static void large_bodies_over_tls(void **state)
{
    struct tls_kit *t = *state;
    enum { N = 3000000 };
    int fd;
    char *reply = test_malloc(2 * N);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = tls_connect(&t->kit, context, &fd);
    assert_non_null(ssl);
    struct buf q;
    buf_init(&q, 2 * N);
    buf_printf(&q, "POST /echo HTTP/1.1\r\n" H "Connection: close\r\nContent-Length: %d\r\n\r\n",
               N);
    for (int i = 0; i < N; i++) {
        buf_addc(&q, (char)('a' + i % 25));
    }
    assert_int_equal(SSL_write(ssl, q.p, (int)q.n), q.n);
    size_t n = read_all(ssl, reply, 2 * N);
    assert_true(n > N);
    assert_memory_equal(reply + n - N, q.p + q.n - N, N);
    SSL_free(ssl);
    (void)close(fd);

    ssl = tls_connect(&t->kit, context, &fd);
    static const char stream[] = "GET /stream/40 HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
    assert_int_equal(SSL_write(ssl, stream, sizeof stream - 1), sizeof stream - 1);
    n = read_all(ssl, reply, 2 * N);
    assert_true(n > 40 * KIT_PIECE);
    assert_memory_equal(reply + n - 7, "\r\n0\r\n\r\n", 7);
    SSL_free(ssl);
    (void)close(fd);
    SSL_CTX_free(context);
    buf_done(&q);
    test_free(reply);
}

static void what_is_not_tls_is_ended(void **state)
{
    struct tls_kit *t = *state;
    int plain = kit_connect(&t->kit);
    int silent = kit_connect(&t->kit);
    kit_send(plain, T(HELLO));
    assert_true(kit_ended(plain, 2000));
    assert_true(kit_ended(silent, 3000)); /* handshake_seconds */
    (void)close(plain);
    (void)close(silent);
    int fd;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    assert_null(tls_connect(&t->kit, context, &fd));
    (void)close(fd);
    SSL_CTX_free(context);
}

static void certificates_must_fit(void **state)
{
    struct tls_kit *t = *state;
    struct http_config c = t->kit.config;
    struct http_server *s;
    struct err e = {0};
    c.tls_key = NULL;
    assert_int_equal(http_server_start(&c, &s, &e), ERR_REQUIRED);
    c.tls_key = t->cert;
    assert_int_equal(http_server_start(&c, &s, &e), ERR_INVALID);
    c.tls_cert = "/nowhere/cert.pem";
    assert_int_equal(http_server_start(&c, &s, &e), ERR_INVALID);
    assert_non_null(strstr(err_text(&e), "/nowhere/cert.pem"));
    c = t->kit.config;
    c.host = "0.0.0.0"; /* with TLS it may be open */
    assert_int_equal(http_server_start(&c, &s, &e), 0);
    http_server_stop(s, 0);
}

/* --- the client ---------------------------------------------------------------------------- */

static text url_of(const struct kit *k, const char *path, char *to, size_t n)
{
    (void)snprintf(to, n, "%.*s%s", TEXT_ARG(http_server_url(k->server)), path);
    return text_of(to);
}

static void the_client_calls(void **state)
{
    struct kit k;
    struct http_client *c;
    struct http_answer a;
    struct err e = {0};
    char url[200];
    (void)state;
    kit_init(&k);
    kit_start(&k);
    assert_int_equal(http_client_new(&c, &e), 0);
    struct http_call call = {
        .method = T("GET"), .url = url_of(&k, "/hello", url, sizeof url), .seconds = 5};
    call.most_bytes = 5;
    assert_int_equal(http_client_call(c, &call, &a, &e), 0);
    assert_int_equal(a.status, 200);
    assert_true(text_eq(buf_text(&a.body), T("hello")));
    assert_true(text_eq(http_answer_field(&a, T("content-length")), T("5")));
    assert_null(http_answer_field(&a, T("nothing")).p);
    http_answer_done(&a);
    call.most_bytes = 4;
    assert_int_equal(http_client_call(c, &call, &a, &e), ERR_TOO_LARGE);

    static const char *const fields[] = {"X-One: 1", "Accept: a/b", NULL};
    static char body[2000000];
    memset(body, 'z', sizeof body);
    call = (struct http_call){.method = T("PUT"),
                              .url = url_of(&k, "/x?y=1", url, sizeof url),
                              .content_type = T("application/fhir+json"),
                              .body = T("{}"),
                              .fields = fields,
                              .most_bytes = 10000000,
                              .seconds = 5};
    assert_int_equal(http_client_call(c, &call, &a, &e), 0);
    assert_true(text_starts(buf_text(&a.body), T("3|PUT|/x?y=1|/x|y=1|")));
    assert_non_null(memmem(a.body.p, a.body.n, "<X-One>=<1>", 11));
    assert_non_null(memmem(a.body.p, a.body.n, "<Content-Type>=<application/fhir+json>", 38));
    http_answer_done(&a);
    call.body = (text){body, sizeof body}; /* with Expect: 100-continue */
    call.method = T("POST");
    call.url = url_of(&k, "/echo", url, sizeof url);
    assert_int_equal(http_client_call(c, &call, &a, &e), 0);
    assert_int_equal(a.body.n, sizeof body);
    http_answer_done(&a);
    call = (struct http_call){
        .method = T("HEAD"), .url = url_of(&k, "/hello", url, sizeof url), .seconds = 5};
    assert_int_equal(http_client_call(c, &call, &a, &e), 0);
    assert_int_equal(a.body.n, 0);
    http_answer_done(&a);
    call = (struct http_call){
        .method = T("GET"), .url = url_of(&k, "/slow/1500", url, sizeof url), .seconds = 1};
    assert_int_equal(http_client_call(c, &call, &a, &e), ERR_TIMEOUT);
    kit_stop(&k);
    call.url = T("http://127.0.0.1:1/");
    assert_int_equal(http_client_call(c, &call, &a, &e), ERR_IO);
    http_client_free(c);
}

static void the_client_is_careful(void **state)
{
    static const char *const addresses[] = {
        "file:///etc/passwd",    "ftp://127.0.0.1/",     "nonsense:",
        "http://u:p@127.0.0.1/", "https://u@127.0.0.1/", ""};
    struct tls_kit *t = *state;
    struct http_client *c;
    struct http_answer a;
    struct err e = {0};
    char url[200];
    assert_int_equal(http_client_new(&c, &e), 0);
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct http_call call = {.method = T("GET"), .url = text_of(addresses[i]), .seconds = 1};
        assert_int_equal(http_client_call(c, &call, &a, &e), ERR_INVALID);
    }
    static const char *const split[] = {"X: a\r\nY: b", NULL};
    struct http_call call = {.method = T("GET"),
                             .url = url_of(&t->kit, "/hello", url, sizeof url),
                             .fields = split,
                             .most_bytes = 1000,
                             .seconds = 5};
    assert_int_equal(http_client_call(c, &call, &a, &e), ERR_INVALID);
    call.fields = NULL;
    assert_int_equal(http_client_call(c, &call, &a, &e), ERR_IO); /* nobody vouches for it */
    http_client_free(c);
}

static int set_up(void **state)
{
    static struct tls_kit t;
    (void)snprintf(t.folder, sizeof t.folder, "/tmp/kith-tls-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    (void)snprintf(t.cert, sizeof t.cert, "%s/cert.pem", t.folder);
    (void)snprintf(t.key, sizeof t.key, "%s/key.pem", t.folder);
    make_certificate(&t);
    kit_init(&t.kit);
    t.kit.limits.handshake_seconds = 1;
    t.kit.config.tls_cert = t.cert;
    t.kit.config.tls_key = t.key;
    kit_start(&t.kit);
    *state = &t;
    return 0;
}

static int tear_down(void **state)
{
    struct tls_kit *t = *state;
    kit_stop(&t->kit);
    (void)unlink(t->cert);
    (void)unlink(t->key);
    return rmdir(t->folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_over_tls),        cmocka_unit_test(large_bodies_over_tls),
        cmocka_unit_test(what_is_not_tls_is_ended), cmocka_unit_test(certificates_must_fit),
        cmocka_unit_test(the_client_calls),         cmocka_unit_test(the_client_is_careful),
    };
    return cmocka_run_group_tests_name("http: TLS and client", tests, set_up, tear_down);
}
