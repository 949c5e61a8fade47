#include "identity/inner.h"

#include "base/hash.h"
#include "base/random.h"

#include <stdlib.h>

enum { TOKEN = 43, TEXT_MOST = 64, ADDRESSES = 4096 };

struct waiting {
    uint8_t kind; /* CEREMONY_NONE: free */
    uint8_t token_n, binding_n, account_n, challenge_n;
    uint16_t address; /* place in `of_address` */
    int64_t until_ms;
    char token[TEXT_MOST];
    char binding[TEXT_MOST];
    char account[TEXT_MOST];
    char challenge[TEXT_MOST];
};

/* A ring. The token that is given out names the place, so that nothing is searched for. */
struct ceremonies {
    pthread_mutex_t lock;
    struct hash_key key;
    size_t next;
    uint16_t of_address[ADDRESSES];
    struct waiting rows[CEREMONIES_MAX];
};

struct ceremonies *ceremonies_new(void)
{
    struct ceremonies *c = calloc(1, sizeof *c);
    if (c) {
        (void)pthread_mutex_init(&c->lock, NULL);
        random_bytes(&c->key, sizeof c->key);
    }
    return c;
}

void ceremonies_free(struct ceremonies *c)
{
    if (c) {
        (void)pthread_mutex_destroy(&c->lock);
        explicit_bzero(c, sizeof *c);
        free(c);
    }
}

static void drop(struct ceremonies *c, struct waiting *row)
{
    if (row->kind != CEREMONY_NONE) {
        c->of_address[row->address]--;
        explicit_bzero(row, sizeof *row);
    }
}

static bool store(char to[TEXT_MOST], uint8_t *ret_n, text from)
{
    if (from.n > TEXT_MOST) {
        return false;
    }
    (void)memcpy(to, from.n ? from.p : "", from.n);
    *ret_n = (uint8_t)from.n;
    return true;
}

static bool room_for(struct ceremonies *c, uint16_t address, int64_t now_ms)
{
    if (c->of_address[address] >= CEREMONIES_OF_ADDRESS) {
        for (size_t i = 0; i < CEREMONIES_MAX; i++) {
            if (c->rows[i].until_ms < now_ms) {
                drop(c, &c->rows[i]);
            }
        }
    }
    return c->of_address[address] < CEREMONIES_OF_ADDRESS;
}

int ceremony_begin(struct ceremonies *c, const struct ceremony *ceremony, text address,
                   int64_t now_ms, struct arena *a, text *ret_id, struct err *e)
{
    int rc = 0;
    size_t at = 0;
    text token = secret_token(a);
    uint16_t from = (uint16_t)(hash_text(c->key, address) % ADDRESSES);
    if (!token.p || token.n != TOKEN) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    (void)pthread_mutex_lock(&c->lock);
    if (!room_for(c, from, now_ms)) {
        rc = err_set(e, ERR_TOO_MANY,
                     "too many have begun to sign in from this address; wait some "
                     "minutes");
    } else {
        at = c->next;
        c->next = (c->next + 1) % CEREMONIES_MAX;
        struct waiting *row = &c->rows[at];
        drop(c, row);
        if (store(row->token, &row->token_n, token) &&
            store(row->binding, &row->binding_n, ceremony->binding) &&
            store(row->account, &row->account_n, ceremony->account) &&
            store(row->challenge, &row->challenge_n, ceremony->challenge)) {
            row->kind = (uint8_t)ceremony->kind;
            row->address = from;
            row->until_ms = now_ms + CEREMONY_MS;
            c->of_address[from]++;
        } else {
            rc = err_set(e, ERR_INTERNAL, "a ceremony has a text that is too long");
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (rc) {
        return rc;
    }
    text id = arena_printf(a, "%.*s.%zu", TEXT_ARG(token), at);
    if (!id.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_id = id;
    return 0;
}

static bool is_live(const struct waiting *row, enum ceremony_kind kind, text binding,
                    int64_t now_ms)
{
    return row->kind == kind && now_ms <= row->until_ms &&
           now_ms >= row->until_ms - CEREMONY_MS - 60000 &&
           secret_eq(text_make(row->binding, row->binding_n), binding);
}

static int tell(const struct waiting *row, struct arena *a, struct ceremony *ret_ceremony)
{
    struct ceremony c = {.kind = row->kind,
                         .binding = arena_copy(a, text_make(row->binding, row->binding_n)),
                         .account = arena_copy(a, text_make(row->account, row->account_n)),
                         .challenge = arena_copy(a, text_make(row->challenge, row->challenge_n))};
    if (!c.binding.p || !c.account.p || !c.challenge.p) {
        return ERR_MEMORY;
    }
    *ret_ceremony = c;
    return 0;
}

int ceremony_take(struct ceremonies *c, text id, enum ceremony_kind kind, text binding,
                  int64_t now_ms, struct arena *a, struct ceremony *ret_ceremony, struct err *e)
{
    text token;
    uint64_t at = 0;
    int rc = ERR_FORBIDDEN;
    if (text_cut(&id, '.', &token) && id.p && text_to_u64(id, &at) && at < CEREMONIES_MAX) {
        (void)pthread_mutex_lock(&c->lock);
        struct waiting *row = &c->rows[at];
        if (secret_eq(text_make(row->token, row->token_n), token)) {
            rc = is_live(row, kind, binding, now_ms) ? tell(row, a, ret_ceremony) : rc;
            drop(c, row);
        }
        (void)pthread_mutex_unlock(&c->lock);
    }
    return rc ? err_set(e, rc, "this took too long, or was begun in another browser; begin again")
              : 0;
}

int ceremony_find(struct ceremonies *c, enum ceremony_kind kind, text binding, int64_t now_ms,
                  struct arena *a, struct ceremony *ret_ceremony, struct err *e)
{
    int rc = ERR_FORBIDDEN;
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < CEREMONIES_MAX && rc == ERR_FORBIDDEN; i++) {
        const struct waiting *row = &c->rows[(c->next + CEREMONIES_MAX - 1 - i) % CEREMONIES_MAX];
        if (is_live(row, kind, binding, now_ms)) {
            rc = tell(row, a, ret_ceremony);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    return rc ? err_set(e, rc, "this took too long; begin again") : 0;
}

void ceremony_end(struct ceremonies *c, text binding)
{
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < CEREMONIES_MAX; i++) {
        struct waiting *row = &c->rows[i];
        if (row->kind && text_eq(text_make(row->binding, row->binding_n), binding)) {
            drop(c, row);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
}
