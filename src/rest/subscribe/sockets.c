#include "rest/subscribe/sockets.h"

#include "base/clock.h"
#include "base/random.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SOCKETS_MOST = 256,
    BINDINGS_MOST = 1024,
    TOKENS_MOST = 1024,
    ID_ROOM = 65,
    IN_BYTES = 4096,
    OUT_BYTES = 64 << 20,
    ALL_BYTES = 256 << 20,
    UNBOUND_SECONDS = 10,
    GREETING_BYTES = 65536,
};

struct binding {
    uint64_t socket; /* 0: free */
    char id[ID_ROOM];
};
struct token {
    char word[SOCKET_TOKEN_ROOM];
    char id[ID_ROOM];
    int64_t ends_ms; /* 0: free */
};

struct sockets {
    struct sockets_config config;
    struct websockets *web;
    pthread_mutex_t lock; /* of all that follows */
    struct binding bindings[BINDINGS_MOST];
    struct token tokens[TOKENS_MOST];
    uint64_t drops; /* how often sockets_drop() was called */
};

/* --- tokens -------------------------------------------------------------------------------------
 */

int sockets_token(struct sockets *s, text subscription, char ret[SOCKET_TOKEN_ROOM],
                  int64_t *ret_ends_ms, struct err *e)
{
    unsigned char bytes[16];
    int64_t now = clock_real_ms();
    struct token *free_one = NULL;
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    }
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; !free_one && i < TOKENS_MOST; i++) {
        free_one = s->tokens[i].ends_ms <= now ? &s->tokens[i] : NULL;
    }
    if (free_one && subscription.n < ID_ROOM) {
        *free_one = (struct token){.ends_ms = now + SOCKET_TOKEN_MS};
        memcpy(free_one->word, ret, SOCKET_TOKEN_ROOM);
        memcpy(free_one->id, subscription.p, subscription.n);
    }
    (void)pthread_mutex_unlock(&s->lock);
    *ret_ends_ms = now + SOCKET_TOKEN_MS;
    return free_one ? 0 : err_set(e, ERR_TOO_MANY, "too many tokens wait to be used; try again");
}

/* Counts once. False: none that is valid. */
static bool use_token(struct sockets *s, text word, char ret_id[ID_ROOM], uint64_t *ret_drops)
{
    bool found = false;
    int64_t now = clock_real_ms();
    (void)pthread_mutex_lock(&s->lock);
    *ret_drops = s->drops;
    for (size_t i = 0; !found && i < TOKENS_MOST; i++) {
        struct token *t = &s->tokens[i];
        found = t->ends_ms > now && text_eq(word, text_of(t->word));
        if (found) {
            memcpy(ret_id, t->id, ID_ROOM);
            *t = (struct token){0};
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    return found;
}

/* --- bindings -----------------------------------------------------------------------------------
 */

/* `drops`: of use_token(); what has gone since may have been this. */
static bool bind_to(struct sockets *s, uint64_t socket, const char *id, uint64_t drops)
{
    struct binding *place = NULL;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < BINDINGS_MOST && s->drops == drops; i++) {
        struct binding *b = &s->bindings[i];
        if (b->socket == socket && strcmp(b->id, id) == 0) {
            place = b; /* again */
            break;
        }
        place = !place && !b->socket ? b : place;
    }
    if (place) {
        place->socket = socket;
        (void)snprintf(place->id, sizeof place->id, "%s", id);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return place != NULL;
}

static void gone(void *context, uint64_t socket)
{
    struct sockets *s = context;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < BINDINGS_MOST; i++) {
        if (s->bindings[i].socket == socket) {
            s->bindings[i] = (struct binding){0};
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void sockets_drop(struct sockets *s, text subscription)
{
    (void)pthread_mutex_lock(&s->lock);
    s->drops++;
    for (size_t i = 0; i < BINDINGS_MOST; i++) {
        if (text_eq(text_of(s->bindings[i].id), subscription)) {
            s->bindings[i] = (struct binding){0};
        }
    }
    for (size_t i = 0; i < TOKENS_MOST; i++) {
        if (text_eq(text_of(s->tokens[i].id), subscription)) {
            s->tokens[i] = (struct token){0};
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* The greeting goes before anything else does. */
static void bind_with(struct sockets *s, uint64_t socket, text word)
{
    char id[ID_ROOM];
    uint64_t drops;
    struct buf out;
    buf_init(&out, GREETING_BYTES);
    bool good = use_token(s, word, id, &drops) &&
                s->config.bound(s->config.context, text_of(id), &out) && !buf_failed(&out);
    good = good && websockets_send(s->web, socket, buf_text(&out));
    if (good && bind_to(s, socket, id, drops)) {
        websockets_keep(s->web, socket);
        s->config.listens(s->config.context);
    } else {
        (void)websockets_send(
            s->web, socket,
            T("{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
              "\"error\",\"code\":\"forbidden\",\"details\":{\"text\":\"this is no "
              "token of a subscription, or it has been used, or has ended: "
              "$get-ws-binding-token gives another\"}}]}"));
    }
    buf_done(&out);
}

static void message(void *context, uint64_t socket, text words)
{
    struct sockets *s = context;
    text rest = text_trim(words), first;
    (void)text_cut(&rest, ' ', &first);
    text word = text_trim(text_starts(first, T("bind-with-token")) ? rest : (text){0});
    bind_with(s, socket, word);
}

/* --- sending ------------------------------------------------------------------------------------
 */

static size_t bound_to(struct sockets *s, text subscription, uint64_t ret[SOCKETS_MOST])
{
    size_t n = 0;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < BINDINGS_MOST && n < SOCKETS_MOST; i++) {
        if (s->bindings[i].socket && text_eq(text_of(s->bindings[i].id), subscription)) {
            ret[n++] = s->bindings[i].socket;
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

size_t sockets_send(struct sockets *s, text subscription, text bytes)
{
    uint64_t ids[SOCKETS_MOST];
    size_t count = bound_to(s, subscription, ids);
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        taken += websockets_send(s->web, ids[i], bytes);
    }
    return taken;
}

bool sockets_has(struct sockets *s, text subscription)
{
    uint64_t ids[SOCKETS_MOST];
    return bound_to(s, subscription, ids) > 0;
}

/* --- opening ------------------------------------------------------------------------------------
 */

int sockets_open(const struct sockets_config *config, struct sockets **ret, struct err *e)
{
    struct sockets *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for websockets");
    }
    s->config = *config;
    (void)pthread_mutex_init(&s->lock, NULL);
    struct websockets_config web = {.most = SOCKETS_MOST,
                                    .in_bytes = IN_BYTES,
                                    .out_bytes = OUT_BYTES,
                                    .all_bytes = ALL_BYTES,
                                    .unkept_seconds = UNBOUND_SECONDS,
                                    .message = message,
                                    .gone = gone,
                                    .context = s};
    int rc = websockets_open(&web, &s->web, e);
    if (rc) {
        sockets_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void sockets_close(struct sockets *s)
{
    if (s) {
        websockets_close(s->web);
        (void)pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

int sockets_upgrade(struct sockets *s, const struct http_request *request, struct http_reply *reply,
                    struct err *e)
{
    return websockets_upgrade(s->web, request, reply, e);
}
