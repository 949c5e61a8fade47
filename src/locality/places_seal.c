/* L2: rows that tell nothing without the node's key; and who asks too much. */
#include "locality/places_int.h"

#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

enum { NONCE = 12, TAG = 16, HOUR_MS = 3600000, HEALING_MS = 600000, HEALINGS_MOST = 10 };

static bool begin(EVP_CIPHER_CTX *c, const struct places *p, text row, const uint8_t *nonce,
                  int encrypt)
{
    int n;
    return c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, p->seal_key, nonce, encrypt) == 1 &&
           EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)row.p, (int)row.n) == 1;
}

int places_seal(const struct places *p, text row, text plain, struct arena *a, text *ret,
                struct err *e)
{
    const struct loc_world *w = p->world;
    uint8_t *out = plain.n <= 65536 ? arena_alloc(a, NONCE + plain.n + TAG) : NULL;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    bool good = out && c;
    if (good) {
        w->random(w->context, out, NONCE);
        good = begin(c, p, row, out, 1) &&
               EVP_CipherUpdate(c, out + NONCE, &n, (const unsigned char *)plain.p, (int)plain.n) ==
                   1 &&
               EVP_CipherFinal_ex(c, out + NONCE + n, &last) == 1 &&
               (size_t)(n + last) == plain.n &&
               EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + plain.n) == 1;
    }
    EVP_CIPHER_CTX_free(c);
    if (!good) {
        return err_set(e, ERR_MEMORY, "no memory to seal a place");
    }
    *ret = text_make((char *)out, NONCE + plain.n + TAG);
    return 0;
}

int places_unseal(const struct places *p, text row, text sealed, struct arena *a, text *ret,
                  struct err *e)
{
    const uint8_t *from = (const uint8_t *)sealed.p;
    size_t size = sealed.n >= NONCE + TAG ? sealed.n - NONCE - TAG : 0;
    uint8_t tag[TAG];
    uint8_t *out = sealed.n <= 65536 + NONCE + TAG ? arena_alloc(a, size + 1) : NULL;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    bool good = out && c && sealed.n >= NONCE + TAG;
    if (good) {
        memcpy(tag, from + NONCE + size, TAG);
        good = begin(c, p, row, from, 0) &&
               EVP_CipherUpdate(c, out, &n, from + NONCE, (int)size) == 1 &&
               EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
               EVP_CipherFinal_ex(c, out + n, &last) == 1;
    }
    EVP_CIPHER_CTX_free(c);
    if (!good) {
        return err_set(e, out && c ? ERR_CORRUPT : ERR_MEMORY,
                       "a row of the list of places does not fit this node's key, or is damaged");
    }
    *ret = text_make((char *)out, size);
    return 0;
}

void places_row_key(const struct places *p, text nhs_number, text ods, char ret[PLACES_ROW])
{
    uint8_t hash[32];
    unsigned n = sizeof hash;
    person_key(p->person_key, nhs_number, hash);
    memcpy(ret, hash, 32);
    (void)HMAC(EVP_sha256(), p->member_key, 32, (const unsigned char *)ods.p, ods.n, hash, &n);
    memcpy(ret + 32, hash, PLACES_ROW - 32);
}

void places_digest_add(struct places_digest *d, const uint8_t person[32])
{
    uint8_t hash[32];
    (void)SHA256(person, 32, hash);
    for (size_t i = 0; i < 32; i++) {
        d->sum[i] ^= hash[i];
    }
    d->count++;
}

/* The row of somebody, or the one that was not used for longest. */
static struct places_probe *probe_of(struct places *p, uint64_t who)
{
    struct places_probe *oldest = &p->probes[0];
    for (size_t i = 0; i < PLACES_PROBES; i++) {
        struct places_probe *one = &p->probes[i];
        if (one->who == who) {
            return one;
        }
        oldest = one->since_ms < oldest->since_ms ? one : oldest;
    }
    *oldest = (struct places_probe){.who = who};
    return oldest;
}

void places_count_probe(struct places *p, text asker, text account, bool any, bool *ret_tell)
{
    struct hash_key key;
    int64_t now = p->world->now_ms(p->world->context);
    memcpy(&key, p->member_key, sizeof key);
    uint64_t who = hash_text(key, asker) * 31 + hash_text(key, account);
    who += who == 0;
    pthread_mutex_lock(&p->lock);
    struct places_probe *one = probe_of(p, who);
    unsigned most = account.n ? PLACES_PROBES_HOUR : PLACES_PROBES_ALL;
    if ((any && account.n) || now - one->since_ms >= HOUR_MS) {
        *one = (struct places_probe){.who = who, .since_ms = now};
    }
    one->count += any ? 0 : 1;
    *ret_tell = one->count > most && !one->told;
    one->told = one->told || *ret_tell;
    pthread_mutex_unlock(&p->lock);
}

/* Under the lock. */
static struct places_healing *healing_of(struct places *p, uint64_t who)
{
    struct places_healing *oldest = &p->healings[0];
    for (size_t i = 0; i < PLACES_HEALINGS; i++) {
        struct places_healing *one = &p->healings[i];
        if (one->who == who) {
            return one;
        }
        oldest = one->since_ms < oldest->since_ms ? one : oldest;
    }
    *oldest = (struct places_healing){.who = who};
    return oldest;
}

bool places_may_heal(struct places *p, text home)
{
    struct hash_key key;
    int64_t now = p->world->now_ms(p->world->context);
    memcpy(&key, p->member_key, sizeof key);
    uint64_t who = hash_text(key, home) | 1;
    pthread_mutex_lock(&p->lock);
    struct places_healing *one = healing_of(p, who);
    if (!one->count || now - one->since_ms >= HEALING_MS || now < one->since_ms) {
        *one = (struct places_healing){.who = who, .since_ms = now};
    }
    bool may = one->count < HEALINGS_MOST;
    one->count += may;
    pthread_mutex_unlock(&p->lock);
    return may;
}
