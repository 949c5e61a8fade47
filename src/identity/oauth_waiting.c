#include "identity/oauth_int.h"

#include <stdlib.h>

struct waiting {
    char *value; /* NULL: free */
    size_t n;
    int64_t expires_ms;
    char key[48];
    size_t key_n;
};

struct oauth_waiting {
    pthread_mutex_t lock;
    size_t most;
    size_t next;
    struct waiting slots[];
};

struct oauth_waiting *waiting_new(size_t most)
{
    struct oauth_waiting *w = calloc(1, sizeof *w + most * sizeof w->slots[0]);
    if (w) {
        w->most = most;
        pthread_mutex_init(&w->lock, NULL);
    }
    return w;
}

static void forget(struct waiting *slot)
{
    free(slot->value);
    *slot = (struct waiting){0};
}

void waiting_free(struct oauth_waiting *w)
{
    for (size_t i = 0; w && i < w->most; i++) {
        forget(&w->slots[i]);
    }
    if (w) {
        pthread_mutex_destroy(&w->lock);
    }
    free(w);
}

int waiting_put(struct oauth_waiting *w, text value, int64_t expires_ms, struct arena *a,
                text *ret_key, struct err *e)
{
    text secret = secret_token(a);
    char *copy = malloc(value.n + 1);
    if (!secret.p || secret.n > 43 || !copy) {
        free(copy);
        return err_set(e, ERR_MEMORY, "there is no memory for another request");
    }
    memcpy(copy, value.p, value.n);
    (void)pthread_mutex_lock(&w->lock);
    size_t at = w->next;
    w->next = (w->next + 1) % w->most;
    struct waiting *slot = &w->slots[at];
    forget(slot);
    slot->value = copy;
    slot->n = value.n;
    slot->expires_ms = expires_ms;
    /* The place in four hexadecimal digits, then the secret. */
    slot->key_n =
        (size_t)snprintf(slot->key, sizeof slot->key, "%04x%.*s", (unsigned)at, TEXT_ARG(secret));
    *ret_key = arena_copy(a, text_make(slot->key, slot->key_n));
    (void)pthread_mutex_unlock(&w->lock);
    return ret_key->p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for another request");
}

static bool place_of(text key, size_t most, size_t *ret_at)
{
    size_t at = 0;
    if (key.n < 5) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        char c = key.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) {
            return false;
        }
        at = at << 4 | (size_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *ret_at = at;
    return at < most;
}

bool waiting_get(struct oauth_waiting *w, text key, int64_t now_ms, bool take, struct arena *a,
                 text *ret_value)
{
    size_t at;
    text value = {NULL, 0};
    if (!place_of(key, w->most, &at)) {
        return false;
    }
    (void)pthread_mutex_lock(&w->lock);
    struct waiting *slot = &w->slots[at];
    if (slot->value && secret_eq(text_make(slot->key, slot->key_n), key)) {
        if (slot->expires_ms > now_ms) {
            value = arena_copy(a, text_make(slot->value, slot->n));
        }
        if (take || slot->expires_ms <= now_ms) {
            forget(slot);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (value.p) {
        *ret_value = value;
    }
    return value.p;
}
