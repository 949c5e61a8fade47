/* The network: requests and answers that are late, lost, twice, or do not get through. */
#include "sim_int.h"

#include <stdlib.h>

enum { ANSWER_MEMORY = 64 << 20 };

/* Who waits for the answers of one world.call(). */
struct group {
    struct task *task;
    struct life *life;
    struct peer_call *calls; /* NULL: it waits no more */
    struct arena *a;
    size_t left;
    unsigned holders;
};

/* One request on its way, and its answer. */
struct delivery {
    struct sim *s;
    struct group *group;
    size_t index;
    size_t from, to;
    struct life *at; /* who answers */
    int64_t sent_ms;
    uint8_t tls[32];
    struct arena a; /* the request and the answer */
    struct sim_request request;
    int result;
    struct err err;
};

static void group_drop(struct group *g)
{
    if (--g->holders == 0) {
        free(g);
    }
}

static void delivery_free(struct delivery *d)
{
    group_drop(d->group);
    arena_done(&d->a);
    free(d);
}

static bool chance(struct sim *s, unsigned of_1000)
{
    return of_1000 && prng_below(&s->chance, 1000) < of_1000;
}

static int64_t latency(struct sim *s)
{
    return 1 + (int64_t)prng_below(&s->chance, chance(s, s->trouble.delay) ? 20000 : 50);
}

/* --- the way back
 * --------------------------------------------------------------------------------------------- */

static void answer_arrives(struct sim *s, void *a, uint64_t b)
{
    struct delivery *d = a;
    struct group *g = d->group;
    struct peer_call *c = g->calls ? &g->calls[d->index] : NULL;
    (void)b;
    if (c && c->result == ERR_BUSY) {
        c->result = d->result;
        c->err = d->err;
        c->status = d->request.status;
        c->took_ms = s->now_ms - d->sent_ms;
        if (!c->result && d->request.answer.n > c->most_bytes) {
            c->result = err_set(&c->err, ERR_TOO_LARGE, "the answer is larger than was allowed");
        } else if (!c->result) {
            c->answer = arena_copy(g->a, d->request.answer);
            c->receipt = arena_copy(g->a, d->request.receipt);
            if ((d->request.answer.n && !c->answer.p) || (d->request.receipt.n && !c->receipt.p)) {
                c->result = err_set(&c->err, ERR_MEMORY, "no memory for an answer");
            }
        }
        if (--g->left == 0) {
            sim_wake_task(g->task);
        }
    }
    delivery_free(d);
}

static void send_back(struct delivery *d)
{
    struct sim *s = d->s;
    if (s->cut[d->to][d->from] || chance(s, s->trouble.drop)) {
        delivery_free(d);
        return;
    }
    sim_at(s, s->now_ms + latency(s), answer_arrives, d, 0);
}

/* --- at the one who answers
 * --------------------------------------------------------------------------------- */

static int answer_now(struct sim *s, struct life *l, size_t from, struct sim_request *r,
                      struct arena *a, struct err *e)
{
    struct err why = {0};
    int rc = life_check(l, e);
    if (!rc && (!l->state || !s->program->answer)) {
        rc = err_set(e, ERR_IO, "nobody answers yet");
    }
    if (rc) {
        return rc;
    }
    r->status = 200;
    int refused = s->program->answer(l->state, r, a, &why);
    rc = life_check(l, e);
    if (!rc && refused) {
        r->status = err_info(refused)->status;
        r->answer = arena_copy(a, text_of(err_text(&why)));
        r->receipt = (text){0};
    }
    if (!rc && s->hear) {
        s->hear(s->hear_context, from, l->node->index, r, a);
    }
    return rc;
}

static void answer_task(void *context)
{
    struct delivery *d = context;
    d->result = answer_now(d->s, d->at, d->from, &d->request, &d->a, &d->err);
    send_back(d);
}

int sim_ask(struct sim *s, size_t node, struct sim_request *request, struct arena *a, struct err *e)
{
    struct life *l = s->nodes[node].life;
    return l ? answer_now(s, l, SIM_NODES_MAX, request, a, e)
             : err_set(e, ERR_IO, "the node is down");
}

void sim_hear(struct sim *s, sim_hearer *hear, void *context)
{
    s->hear = hear;
    s->hear_context = context;
}

static bool pinned(const struct sim_node *n, const struct delivery *d)
{
    const struct member *to = d->group->calls ? d->group->calls[d->index].to : NULL;
    for (size_t i = 0; to && i < to->tls_count; i++) {
        if (memcmp(to->tls[i], n->tls, 32) == 0) {
            return true;
        }
    }
    return false;
}

static void request_arrives(struct sim *s, void *a, uint64_t b)
{
    struct delivery *d = a;
    struct sim_node *n = &s->nodes[d->to];
    (void)b;
    if (!n->life) {
        d->result = err_set(&d->err, ERR_IO, "nobody listens there");
        send_back(d);
    } else if (d->group->calls && !pinned(n, d)) {
        d->result = err_set(&d->err, ERR_FORBIDDEN, "it is not who the directory says");
        send_back(d);
    } else {
        d->at = n->life;
        sim_say(s, d->to, "<- n%zu %.*s %.*s%s%.*s", d->from, TEXT_ARG(d->request.method),
                TEXT_ARG(d->request.path), d->request.query.n ? "?" : "",
                TEXT_ARG(d->request.query));
        sim_start(s, n->life, answer_task, d);
    }
}

/* --- the way there
 * -------------------------------------------------------------------------------------------- */

static size_t node_of_url(const struct sim *s, text url)
{
    for (size_t i = 0; i < s->node_count; i++) {
        if (text_eq(url, text_of(s->nodes[i].url))) {
            return i;
        }
    }
    return SIM_NODES_MAX;
}

static void send_one(struct sim *s, struct group *g, size_t index, size_t to)
{
    const struct peer_call *c = &g->calls[index];
    struct sim_node *from = g->life->node;
    struct delivery *d = calloc(1, sizeof *d);
    if (!d) {
        sim_die("no memory");
    }
    text path = c->path;
    d->s = s;
    d->group = g;
    g->holders++;
    d->index = index;
    d->from = from->index;
    d->to = to;
    d->sent_ms = s->now_ms;
    memcpy(d->tls, from->tls, 32);
    arena_init(&d->a, ANSWER_MEMORY);
    size_t mark = text_find(path, '?');
    d->request = (struct sim_request){.tls = d->tls,
                                      .method = arena_copy(&d->a, c->method),
                                      .path = arena_copy(&d->a, text_first(path, mark)),
                                      .query = arena_copy(&d->a, text_from(path, mark + 1)),
                                      .body = arena_copy(&d->a, c->body)};
    if (s->cut[d->from][to] || chance(s, s->trouble.drop)) {
        delivery_free(d);
        return;
    }
    sim_at(s, s->now_ms + latency(s), request_arrives, d, 0);
}

void world_call(void *context, struct peer_call *calls, size_t count, int64_t deadline_ms,
                struct arena *a)
{
    struct life *l = context;
    struct sim *s = l->node->s;
    struct group *g = calloc(1, sizeof *g);
    if (!g) {
        sim_die("no memory");
    }
    int64_t until = deadline_ms - l->node->skew_ms, begun = s->now_ms;
    *g = (struct group){
        .task = sim_self(s), .life = l, .calls = calls, .a = a, .left = count, .holders = 1};
    for (size_t i = 0; i < count; i++) {
        struct peer_call *c = &calls[i];
        size_t to = node_of_url(s, c->to->url);
        c->answer = c->receipt = (text){0};
        c->status = 0;
        c->took_ms = 0;
        memset(&c->err, 0, sizeof c->err);
        c->result = l->dead || to == SIM_NODES_MAX
                        ? err_set(&c->err, ERR_IO, "there is no way to it")
                        : ERR_BUSY; /* has no answer yet */
        g->left -= c->result != ERR_BUSY;
        if (c->result == ERR_BUSY) {
            send_one(s, g, i, to);
            if (chance(s, s->trouble.duplicate)) {
                send_one(s, g, i, to);
            }
        }
    }
    while (g->left && !l->dead && s->now_ms < until) {
        sim_wait(s, until);
    }
    for (size_t i = 0; i < count; i++) {
        if (calls[i].result == ERR_BUSY) {
            calls[i].result =
                l->dead ? err_set(&calls[i].err, ERR_IO, "the node has stopped")
                        : err_set(&calls[i].err, ERR_TIMEOUT, "it did not answer in time");
            calls[i].took_ms = s->now_ms - begun;
        }
    }
    g->calls = NULL;
    group_drop(g);
}

void sim_cut(struct sim *s, size_t from, size_t to, bool cut)
{
    s->cut[from][to] = cut;
}
