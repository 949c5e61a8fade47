#include "net/http_int.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/epoll.h>

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *context)
{
    static const unsigned char http11[] = "\x08http/1.1";
    (void)ssl;
    (void)context;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_n, http11, sizeof http11 - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int tls_failed(SSL_CTX *context, struct err *e, const char *what, const char *file)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    SSL_CTX_free(context);
    ERR_clear_error();
    return err_set(e, ERR_INVALID, "%s %s cannot be used for TLS: %s", what, file,
                   reason ? reason : "unknown reason");
}

/* Whoever signed it: keys are pinned by those who know them. */
static int take_any(X509_STORE_CTX *store, void *context)
{
    (void)store;
    (void)context;
    return 1;
}

/* No tickets: each connection proves that its client has the key. */
static bool ask_client(SSL_CTX *c)
{
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c, take_any, NULL);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(c, 0) == 1 &&
           SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1;
}

int tls_context_new(const struct http_config *config, struct ssl_ctx_st **ret_context,
                    struct err *e)
{
    static const unsigned char session_id[] = "kith";
    ERR_clear_error();
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (!c) {
        return err_set(e, ERR_MEMORY, "OpenSSL could not be started");
    }
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
    if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1") != 1 ||
        SSL_CTX_set_session_id_context(c, session_id, sizeof session_id - 1) != 1 ||
        (config->asks_client && !ask_client(c))) {
        return tls_failed(c, e, "the list of", "ciphers");
    }
    if (SSL_CTX_use_certificate_chain_file(c, config->tls_cert) != 1) {
        return tls_failed(c, e, "the certificate", config->tls_cert);
    }
    if (SSL_CTX_use_PrivateKey_file(c, config->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(c) != 1) {
        return tls_failed(c, e, "the key", config->tls_key);
    }
    *ret_context = c;
    return 0;
}

void tls_context_free(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}

int http_server_renew(struct http_server *s, struct err *e)
{
    SSL_CTX *fresh;
    if (!s->tls) {
        return err_set(e, ERR_NOT_SUPPORTED, "this listener has no certificate to renew");
    }
    int r = tls_context_new(&s->config, &fresh, e);
    if (r == 0) {
        pthread_mutex_lock(&s->tls_lock);
        SSL_CTX *old = s->tls;
        s->tls = fresh;
        pthread_mutex_unlock(&s->tls_lock);
        SSL_CTX_free(old); /* connections that have it keep it */
    }
    return r;
}

struct ssl_st *tls_new(struct http_server *s, int fd)
{
    pthread_mutex_lock(&s->tls_lock);
    SSL *ssl = SSL_new(s->tls);
    pthread_mutex_unlock(&s->tls_lock);
    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (ssl) {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

bool tls_client_key(struct ssl_st *ssl, uint8_t ret_key[32])
{
    X509 *shown = SSL_get0_peer_certificate(ssl);
    unsigned char *spki = NULL;
    unsigned n = 0;
    int length = shown ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(shown), &spki) : 0;
    bool done = length > 0 &&
                EVP_Digest(spki, (size_t)length, ret_key, &n, EVP_sha256(), NULL) == 1 && n == 32;
    OPENSSL_free(spki);
    return done;
}

void tls_free(struct ssl_st *ssl)
{
    SSL_free(ssl);
}

/* A failed operation: IO_AGAIN with what to wait for, 0 at the client's orderly end, or IO_BROKEN.
 */
static int why_not(SSL *ssl, int r, uint32_t *ret_want)
{
    switch (SSL_get_error(ssl, r)) {
    case SSL_ERROR_WANT_READ:
        *ret_want = EPOLLIN;
        return IO_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        *ret_want = EPOLLOUT;
        return IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        return IO_BROKEN;
    }
}

int tls_handshake(struct ssl_st *ssl, uint32_t *ret_want)
{
    ERR_clear_error();
    int r = SSL_do_handshake(ssl);
    if (r == 1) {
        return 0;
    }
    int why = why_not(ssl, r, ret_want);
    return why == 0 ? IO_BROKEN : why;
}

ssize_t tls_read(struct ssl_st *ssl, char *to, size_t n, uint32_t *ret_want)
{
    size_t got = 0;
    ERR_clear_error();
    int r = SSL_read_ex(ssl, to, n, &got);
    return r == 1 ? (ssize_t)got : why_not(ssl, r, ret_want);
}

ssize_t tls_write(struct ssl_st *ssl, text t, uint32_t *ret_want)
{
    size_t sent = 0;
    ERR_clear_error();
    int r = SSL_write_ex(ssl, t.p, t.n, &sent);
    if (r == 1) {
        return (ssize_t)sent;
    }
    int why = why_not(ssl, r, ret_want);
    return why == 0 ? IO_BROKEN : why;
}

bool tls_has_buffered(struct ssl_st *ssl)
{
    return SSL_has_pending(ssl) == 1;
}

void tls_end_sending(struct ssl_st *ssl)
{
    ERR_clear_error();
    if (SSL_is_init_finished(ssl)) {
        (void)SSL_shutdown(ssl);
    }
    ERR_clear_error();
}
