/* What is kept and has to be read again is sealed: AES-256-GCM (NIST SP 800-38D). */
#include "identity/secret.h"

#include "base/random.h"
#include "identity/jose.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 12, TAG_BYTES = 16, SEALED_MOST = 1024 * 1024 };

struct seal_key {
    unsigned char bytes[KEY_BYTES];
};

static int read_key(int fd, const char *path, unsigned char to[KEY_BYTES], struct err *e)
{
    struct stat st;
    unsigned char more;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_IO, "the key file %s cannot be read", path);
    }
    if (st.st_mode & 077) {
        return err_set(e, ERR_FORBIDDEN,
                       "others can read the key file %s: run chmod 600 on it, and consider what "
                       "it seals as known",
                       path);
    }
    size_t n = 0;
    while (n < KEY_BYTES) {
        ssize_t got = read(fd, to + n, KEY_BYTES - n);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    if (n != KEY_BYTES || read(fd, &more, 1) != 0) {
        return err_set(e, ERR_CORRUPT,
                       "the key file %s is not whole: restore it from a backup; without it "
                       "one-time codes and signing keys cannot be read",
                       path);
    }
    return 0;
}

static bool write_all(int fd, const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        p += put;
        n -= (size_t)put;
    }
    return fsync(fd) == 0;
}

/* Whole under its name or not there at all: of two that make it at once, one wins. */
static int make_key(const char *dir, const char *path, struct err *e)
{
    char temporary[4096];
    char suffix[UUID_SIZE];
    unsigned char bytes[KEY_BYTES];
    random_uuid(suffix);
    random_bytes(bytes, sizeof bytes);
    int size = snprintf(temporary, sizeof temporary, "%s.%s", path, suffix);
    int fd = size < (int)sizeof temporary
                 ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    bool good = fd >= 0 && write_all(fd, bytes, sizeof bytes);
    explicit_bzero(bytes, sizeof bytes);
    if (fd >= 0) {
        (void)close(fd);
    }
    good = good && (link(temporary, path) == 0 || errno == EEXIST);
    if (fd >= 0) {
        (void)unlink(temporary);
    }
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = good && folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) {
        (void)close(folder);
    }
    return good ? 0 : err_set(e, ERR_IO, "the key file %s cannot be made", path);
}

int seal_open(const char *dir, struct seal_key **ret_key, struct err *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/secret", dir) >= (int)sizeof path - UUID_SIZE - 1) {
        return err_set(e, ERR_INVALID, "the path '%s' is too long", dir);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        int rc = make_key(dir, path, e);
        if (rc) {
            return rc;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        return err_set(e, ERR_IO, "the key file %s cannot be read", path);
    }
    struct seal_key *key = calloc(1, sizeof *key);
    int rc = key ? read_key(fd, path, key->bytes, e) : err_set(e, ERR_MEMORY, "no memory");
    (void)close(fd);
    if (rc) {
        seal_free(key);
        return rc;
    }
    *ret_key = key;
    return 0;
}

void seal_free(struct seal_key *key)
{
    if (key) {
        explicit_bzero(key, sizeof *key);
        free(key);
    }
}

int seal_derive(const struct seal_key *key, const char *purpose, uint8_t ret_key[32], struct err *e)
{
    unsigned n = 0;
    return HMAC(EVP_sha256(), key->bytes, KEY_BYTES, (const unsigned char *)purpose,
                strlen(purpose), ret_key, &n) &&
                   n == 32
               ? 0
               : err_set(e, ERR_MEMORY, "no memory");
}

static bool begin(EVP_CIPHER_CTX *c, const struct seal_key *key, const char *purpose,
                  const unsigned char *nonce, int encrypt)
{
    int n;
    return c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key->bytes, nonce, encrypt) == 1 &&
           EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)purpose, (int)strlen(purpose)) == 1;
}

int seal_make(const struct seal_key *key, const char *purpose, text bytes, struct arena *a,
              text *ret_sealed, struct err *e)
{
    if (bytes.n > SEALED_MOST) {
        return err_set(e, ERR_TOO_LARGE, "this is too long to be sealed");
    }
    unsigned char *out = arena_alloc(a, NONCE_BYTES + bytes.n + TAG_BYTES);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;
    bool good = out && c;
    if (good) {
        unsigned char *to = out + NONCE_BYTES;
        random_bytes(out, NONCE_BYTES);
        good = begin(c, key, purpose, out, 1) &&
               EVP_CipherUpdate(c, to, &n, (const unsigned char *)(bytes.n ? bytes.p : ""),
                                (int)bytes.n) == 1 &&
               EVP_CipherFinal_ex(c, to + n, &last) == 1 && (size_t)(n + last) == bytes.n &&
               EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, to + bytes.n) == 1;
    }
    EVP_CIPHER_CTX_free(c);
    text sealed =
        good ? base64url_print(text_make((char *)out, NONCE_BYTES + bytes.n + TAG_BYTES), a)
             : (text){0};
    if (!sealed.p) {
        return err_set(e, ERR_MEMORY, "no memory to seal this");
    }
    *ret_sealed = sealed;
    return 0;
}

int seal_read(const struct seal_key *key, const char *purpose, text sealed, struct arena *a,
              text *ret_bytes, struct err *e)
{
    text in;
    int rc = sealed.n > 2 * (size_t)SEALED_MOST
                 ? err_set(e, ERR_CORRUPT, "what is sealed is too long")
                 : base64url_read(sealed, a, &in, e);
    if (rc || in.n < NONCE_BYTES + TAG_BYTES) {
        return err_set(e, rc == ERR_MEMORY ? rc : ERR_CORRUPT, "what is sealed is damaged");
    }
    const unsigned char *from = (const unsigned char *)in.p;
    size_t size = in.n - NONCE_BYTES - TAG_BYTES;
    unsigned char *out = arena_alloc(a, size + 1);
    unsigned char tag[TAG_BYTES];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;
    if (!out || !c) {
        EVP_CIPHER_CTX_free(c);
        return err_set(e, ERR_MEMORY, "no memory");
    }
    (void)memcpy(tag, from + NONCE_BYTES + size, TAG_BYTES);
    bool good = begin(c, key, purpose, from, 0) &&
                EVP_CipherUpdate(c, out, &n, from + NONCE_BYTES, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                EVP_CipherFinal_ex(c, out + n, &last) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!good) {
        return err_set(e, ERR_CORRUPT,
                       "what is sealed does not fit the key file of this node, or is damaged");
    }
    out[size] = '\0';
    *ret_bytes = text_make((char *)out, size);
    return 0;
}
