#include "base/hash.h"
#include "base/random.h"
#include "identity/session_int.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

/*
 * Two tables of fixed size, so that no flood of names takes memory: (account, address) pairs, and
 * addresses. A set of a few rows gives up the row that was used longest ago. A new pair can push
 * out only rows of its own set, and an address that tries many names is held up as an address.
 */
enum {
    SETS = 4096, /* of each table */
    WAYS = 4,
    FREE_OF_PAIR = 5,
    FREE_OF_ADDRESS = 50, /* a whole surgery may stand behind one */
    FREE_OF_CODES = 50,   /* wrong one-time codes of one account, from everywhere */
    DELAY_FIRST_MS = 5000,
    WINDOW_MS = 15 * 60 * 1000,
};

struct tries {
    uint64_t key; /* 0: free */
    uint32_t failed;
    int64_t last_ms;
    int64_t until_ms; /* no try before */
};

struct throttle {
    pthread_mutex_t lock;
    struct hash_key key;
    struct tries pairs[SETS][WAYS];
    struct tries addresses[SETS][WAYS];
};

struct throttle *throttle_new(void)
{
    struct throttle *t = calloc(1, sizeof *t);
    if (t) {
        (void)pthread_mutex_init(&t->lock, NULL);
        random_bytes(&t->key, sizeof t->key);
    }
    return t;
}

void throttle_free(struct throttle *t)
{
    if (t) {
        (void)pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

/* A household or a server has a whole /64 of IPv6 (RFC 6177), so that is one address. */
size_t address_bytes(text address, char out[ADDRESS_BYTES])
{
    struct in6_addr six;
    char word[64];
    size_t n = address.n < sizeof word - 1 ? address.n : sizeof word - 1;
    (void)memcpy(word, address.n ? address.p : "", n);
    word[n] = '\0';
    if (inet_pton(AF_INET6, word, &six) == 1) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&six);
        n = mapped ? 4 : 8;
        (void)memcpy(out, six.s6_addr + (mapped ? 12 : 0), n);
        return n;
    }
    struct in_addr four;
    if (inet_pton(AF_INET, word, &four) == 1) {
        (void)memcpy(out, &four, 4);
        return 4;
    }
    (void)memcpy(out, word, n);
    return n;
}

static uint64_t key_of(const struct throttle *t, text account, text address)
{
    char bytes[ADDRESS_BYTES];
    size_t n = address_bytes(address, bytes);
    struct hash_key inner = {t->key.k0 ^ hash_text(t->key, account), t->key.k1};
    uint64_t key = hash_text(inner, text_make(bytes, n));
    return key ? key : 1;
}

/* The row of a key; with `make`, taken from whoever was there longest ago. */
static struct tries *row_of(struct tries rows[SETS][WAYS], uint64_t key, bool make)
{
    struct tries *set = rows[key % SETS];
    struct tries *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        if (set[i].key == 0 || (oldest->key && set[i].last_ms < oldest->last_ms)) {
            oldest = &set[i];
        }
    }
    if (make) {
        *oldest = (struct tries){.key = key};
    }
    return make ? oldest : NULL;
}

static int64_t wait_of(const struct tries *row, int64_t now_ms)
{
    return row && row->until_ms > now_ms ? row->until_ms - now_ms : 0;
}

static int wait_for(int64_t wait, unsigned *ret_seconds, struct err *e)
{
    /* A clock that went back must not make a wait longer than the longest. */
    wait = wait > WINDOW_MS ? WINDOW_MS : wait;
    if (wait == 0) {
        return 0;
    }
    *ret_seconds = (unsigned)((wait + 999) / 1000);
    return err_set(e, ERR_TOO_MANY,
                   "too many tries did not succeed; wait %u seconds, or sign in with a passkey",
                   *ret_seconds);
}

int throttle_ask(struct throttle *t, text account, text address, int64_t now_ms,
                 unsigned *ret_seconds, struct err *e)
{
    (void)pthread_mutex_lock(&t->lock);
    int64_t pair = wait_of(row_of(t->pairs, key_of(t, account, address), false), now_ms);
    int64_t whole = wait_of(row_of(t->addresses, key_of(t, T(""), address), false), now_ms);
    (void)pthread_mutex_unlock(&t->lock);
    return wait_for(pair > whole ? pair : whole, ret_seconds, e);
}

int throttle_ask_code(struct throttle *t, text account, int64_t now_ms, unsigned *ret_seconds,
                      struct err *e)
{
    (void)pthread_mutex_lock(&t->lock);
    int64_t wait = wait_of(row_of(t->pairs, key_of(t, account, T("")), false), now_ms);
    (void)pthread_mutex_unlock(&t->lock);
    return wait_for(wait, ret_seconds, e);
}

static void count_failure(struct tries *row, uint32_t free_tries, int64_t now_ms)
{
    if (now_ms - row->last_ms > WINDOW_MS) {
        row->failed = 0;
        row->until_ms = 0;
    }
    row->last_ms = now_ms;
    row->failed += row->failed < UINT32_MAX;
    if (row->failed >= free_tries) {
        uint32_t doubled = row->failed - free_tries;
        int64_t delay = doubled < 8 ? (int64_t)DELAY_FIRST_MS << doubled : WINDOW_MS;
        row->until_ms = now_ms + (delay < WINDOW_MS ? delay : WINDOW_MS);
    }
}

void throttle_failed(struct throttle *t, text account, text address, int64_t now_ms)
{
    (void)pthread_mutex_lock(&t->lock);
    count_failure(row_of(t->pairs, key_of(t, account, address), true), FREE_OF_PAIR, now_ms);
    count_failure(row_of(t->addresses, key_of(t, T(""), address), true), FREE_OF_ADDRESS, now_ms);
    (void)pthread_mutex_unlock(&t->lock);
}

void throttle_failed_code(struct throttle *t, text account, int64_t now_ms)
{
    (void)pthread_mutex_lock(&t->lock);
    count_failure(row_of(t->pairs, key_of(t, account, T("")), true), FREE_OF_CODES, now_ms);
    (void)pthread_mutex_unlock(&t->lock);
}

void throttle_passed(struct throttle *t, text account, text address)
{
    (void)pthread_mutex_lock(&t->lock);
    struct tries *rows[] = {row_of(t->pairs, key_of(t, account, address), false),
                            row_of(t->pairs, key_of(t, account, T("")), false)};
    for (size_t i = 0; i < 2; i++) {
        if (rows[i]) {
            *rows[i] = (struct tries){0};
        }
    }
    (void)pthread_mutex_unlock(&t->lock);
}
