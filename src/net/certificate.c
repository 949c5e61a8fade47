#include "net/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits.h>

enum { NAME_MAX_BYTES = 64, SERIAL_BITS = 120 };

/* Those who pin the key do not look at the dates: one that ended would only break tools that do. */
static const char not_after[] = "99991231235959Z"; /* RFC 5280, 4.1.2.5: no end */

static bool set_serial(X509 *x)
{
    BIGNUM *serial = BN_new();
    bool done = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
    BN_free(serial);
    return done;
}

static bool set_name(X509 *x, text common_name)
{
    X509_NAME *name = X509_NAME_new();
    bool done = name &&
                X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                           (const unsigned char *)common_name.p, (int)common_name.n,
                                           -1, 0) == 1 &&
                X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1;
    X509_NAME_free(name);
    return done;
}

static bool set_usage(X509 *x)
{
    static const struct {
        int nid;
        const char *value;
    } rows[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature"},
                {NID_ext_key_usage, "serverAuth,clientAuth"}};
    bool done = true;
    for (size_t i = 0; done && i < sizeof rows / sizeof *rows; i++) {
        X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, NULL, rows[i].nid, rows[i].value);
        done = one && X509_add_ext(x, one, -1) == 1;
        X509_EXTENSION_free(one);
    }
    return done;
}

static bool fill(X509 *x, EVP_PKEY *key, text common_name)
{
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -86400) && /* clocks differ */
           ASN1_TIME_set_string_X509(X509_getm_notAfter(x), not_after) == 1 &&
           X509_set_pubkey(x, key) == 1 && set_name(x, common_name) && set_usage(x) &&
           X509_sign(x, key, EVP_sha256()) > 0;
}

static bool print(X509 *x, EVP_PKEY *key, struct buf *ret_pem)
{
    BIO *out = BIO_new(BIO_s_secmem());
    char *bytes = NULL;
    bool done = out && PEM_write_bio_X509(out, x) == 1 &&
                PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    long n = done ? BIO_get_mem_data(out, &bytes) : 0;
    if (n > 0) {
        buf_add(ret_pem, text_make(bytes, (size_t)n));
    }
    BIO_free(out);
    return n > 0 && !buf_failed(ret_pem);
}

int certificate_make(text common_name, struct buf *ret_pem, struct err *e)
{
    if (common_name.n == 0 || common_name.n > NAME_MAX_BYTES) {
        return err_set(e, ERR_VALUE, "the name in a certificate has 1 to %d bytes", NAME_MAX_BYTES);
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    bool done = key && x && fill(x, key, common_name) && print(x, key, ret_pem);
    X509_free(x);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done ? 0 : err_set(e, ERR_INTERNAL, "OpenSSL could not make a certificate");
}

int certificate_key(text pem, uint8_t ret_spki[32], struct err *e)
{
    BIO *in = pem.n && pem.n < INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    unsigned char *spki = NULL;
    unsigned got = 0;
    int n = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki) : 0;
    bool done = n > 0 && EVP_Digest(spki, (size_t)n, ret_spki, &got, EVP_sha256(), NULL) == 1;
    OPENSSL_free(spki);
    X509_free(x);
    BIO_free(in);
    ERR_clear_error();
    return done ? 0 : err_set(e, ERR_INVALID, "this is no certificate in PEM");
}
