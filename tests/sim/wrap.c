/*
 * Locks and randomness of the real code, while a simulator exists: a task that waits for a lock
 * gives the baton on, and what is random comes from the seed. The linker leads the calls here
 * (--wrap); without a simulator they go where they always go.
 */
#include "sim_int.h"

#include <errno.h>
#include <openssl/evp.h>

int __real_pthread_mutex_lock(pthread_mutex_t *m);
int __real_pthread_mutex_unlock(pthread_mutex_t *m);
int __real_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __real_pthread_cond_signal(pthread_cond_t *c);
int __real_pthread_cond_broadcast(pthread_cond_t *c);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *l);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *l);
int __real_pthread_rwlock_unlock(pthread_rwlock_t *l);
void __real_random_bytes(void *to, size_t n);
void __real_random_uuid(char out[UUID_SIZE]);
int __real_note_signer_make(text name, struct buf *ret_text, struct err *e);
int __real_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_n,
                            const unsigned char *message, size_t message_n);

int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_signal(pthread_cond_t *c);
int __wrap_pthread_cond_broadcast(pthread_cond_t *c);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *l);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *l);
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *l);
void __wrap_random_bytes(void *to, size_t n);
void __wrap_random_uuid(char out[UUID_SIZE]);
int __wrap_note_signer_make(text name, struct buf *ret_text, struct err *e);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_n,
                            const unsigned char *message, size_t message_n);

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    struct sim *s = sim_current();
    int rc = s ? pthread_mutex_trylock(m) : __real_pthread_mutex_lock(m);
    while (s && rc == EBUSY) {
        sim_wait_lock(s, m);
        rc = pthread_mutex_trylock(m);
    }
    return rc;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
    struct sim *s = sim_current();
    int rc = __real_pthread_mutex_unlock(m);
    if (s) {
        sim_wake_lock(s, m, false);
    }
    return rc;
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    struct sim *s = sim_current();
    if (!s) {
        return __real_pthread_cond_wait(c, m);
    }
    __wrap_pthread_mutex_unlock(m);
    sim_wait_lock(s, c);
    return __wrap_pthread_mutex_lock(m);
}

int __wrap_pthread_cond_signal(pthread_cond_t *c)
{
    struct sim *s = sim_current();
    if (s) {
        sim_wake_lock(s, c, false);
        return 0;
    }
    return __real_pthread_cond_signal(c);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *c)
{
    struct sim *s = sim_current();
    if (s) {
        sim_wake_lock(s, c, true);
        return 0;
    }
    return __real_pthread_cond_broadcast(c);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    struct sim *s = sim_current();
    int rc = s ? pthread_rwlock_tryrdlock(l) : __real_pthread_rwlock_rdlock(l);
    while (s && rc == EBUSY) {
        sim_wait_lock(s, l);
        rc = pthread_rwlock_tryrdlock(l);
    }
    return rc;
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    struct sim *s = sim_current();
    int rc = s ? pthread_rwlock_trywrlock(l) : __real_pthread_rwlock_wrlock(l);
    while (s && rc == EBUSY) {
        sim_wait_lock(s, l);
        rc = pthread_rwlock_trywrlock(l);
    }
    return rc;
}

int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    struct sim *s = sim_current();
    int rc = __real_pthread_rwlock_unlock(l);
    if (s) {
        sim_wake_lock(s, l, true);
    }
    return rc;
}

void __wrap_random_bytes(void *to, size_t n)
{
    struct sim *s = sim_current();
    if (s) {
        sim_random(s, to, n);
    } else {
        __real_random_bytes(to, n);
    }
}

void __wrap_random_uuid(char out[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    struct sim *s = sim_current();
    uint8_t b[16];
    if (!s) {
        __real_random_uuid(out);
        return;
    }
    sim_random(s, b, sizeof b);
    for (int i = 0; i < 6; i++) {
        b[i] = (uint8_t)(sim_now(s) >> (40 - 8 * i));
    }
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0f));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    char *to = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = hex[b[i] >> 4];
        *to++ = hex[b[i] & 15];
    }
    *to = 0;
}

int __wrap_note_signer_make(text name, struct buf *ret_text, struct err *e)
{
    struct sim *s = sim_current();
    return s ? sim_make_key(s, name, ret_text, e) : __real_note_signer_make(name, ret_text, e);
}

/*
 * Every node checks the same few signatures again and again, which takes most of the time of a run:
 * what a check has said of a key, a signature and a message is remembered.
 */
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_n,
                            const unsigned char *message, size_t message_n)
{
    struct sim *s = sim_current();
    unsigned char key[32];
    size_t key_n = sizeof key;
    EVP_PKEY_CTX *by = EVP_MD_CTX_get_pkey_ctx(ctx);
    EVP_PKEY *pkey = s && by ? EVP_PKEY_CTX_get0_pkey(by) : NULL;
    if (!pkey || !EVP_PKEY_is_a(pkey, "ED25519") || signature_n != 64 ||
        EVP_PKEY_get_raw_public_key(pkey, key, &key_n) != 1) {
        return __real_EVP_DigestVerify(ctx, signature, signature_n, message, message_n);
    }
    text parts[] = {{(const char *)key, key_n},
                    {(const char *)signature, signature_n},
                    {(const char *)message, message_n}};
    struct tlog_hash of = sha_of(s->sha, parts, 3);
    struct checked *c = &s->checked[(of.b[0] | of.b[1] << 8) % SIM_CHECKED];
    if (!c->used || !tlog_same(&c->of, &of)) {
        *c = (struct checked){.of = of, .used = true};
        c->good = __real_EVP_DigestVerify(ctx, signature, signature_n, message, message_n) == 1;
    }
    return c->good ? 1 : 0;
}
