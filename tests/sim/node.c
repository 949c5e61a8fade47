/* Nodes: their starts and crashes. */
#include "sim_int.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int life_check(const struct life *l, struct err *e)
{
    return l->dead ? err_set(e, ERR_IO, "the node has stopped") : 0;
}

/* --- from a start to a crash
 * ----------------------------------------------------------------------------- */

struct courier {
    struct life *life;
};

static void run_courier(void *context)
{
    struct courier *c = context;
    struct life *l = c->life;
    struct sim *s = l->node->s;
    free(c);
    while (!l->dead) {
        int64_t again_ms = 1000;
        struct err e;
        int rc = s->program->round(l->state, &again_ms, &e);
        if (rc && !l->dead) {
            sim_say(s, l->node->index, "round: %s", err_text(&e));
        }
        again_ms = again_ms < 50 ? 50 : again_ms > 60000 ? 60000 : again_ms;
        l->world.sleep(l, again_ms);
    }
}

static void open_program(void *context)
{
    struct life *l = context;
    struct sim *s = l->node->s;
    struct err e = {0};
    int rc = s->program->open(&l->world, l->node->index, &l->state, &e);
    if (rc && !l->dead) {
        sim_violated(s, "start", "node %zu does not start: %s", l->node->index, err_text(&e));
    }
    if (!rc && s->program->round && !l->dead) {
        struct courier *c = malloc(sizeof *c);
        if (!c) {
            sim_die("no memory");
        }
        c->life = l;
        sim_start(s, l, run_courier, c);
    }
}

static int world_own_tls(void *context, uint8_t ret_spki[32], struct err *e)
{
    struct life *l = context;
    int rc = life_check(l, e);
    if (!rc) {
        memcpy(ret_spki, l->node->tls, 32);
    }
    return rc;
}

static void begin_life(struct sim *s, struct sim_node *n)
{
    struct life *l = calloc(1, sizeof *l);
    if (!l) {
        sim_die("no memory");
    }
    l->node = n;
    l->world = (struct loc_world){.context = l,
                                  .call = world_call,
                                  .own_tls = world_own_tls,
                                  .own = world_own,
                                  .decide = world_decide,
                                  .record = world_record,
                                  .checkpoint = world_checkpoint,
                                  .consistency = world_consistency};
    disk_face(&l->world);
    l->next = s->lives;
    s->lives = l;
    n->life = l;
    n->disk_free_ms = 0;
    if (s->program) {
        sim_start(s, l, open_program, l);
    }
}

static void close_dead(struct sim *s, void *a, uint64_t b)
{
    struct life *l = a;
    (void)b;
    if (l->tasks) {
        sim_at(s, s->now_ms + 1000, close_dead, l, 0);
        return;
    }
    l->closed = true;
    if (l->state && s->program->close) {
        s->program->close(l->state);
    }
    l->state = NULL;
}

static void restart_event(struct sim *s, void *a, uint64_t b)
{
    (void)b;
    if (!s->ending) {
        sim_restart(s, ((struct sim_node *)a)->index);
    }
}

void sim_crash(struct sim *s, size_t node)
{
    struct sim_node *n = &s->nodes[node];
    struct life *l = n->life;
    if (!l) {
        return;
    }
    bool planned = n->crash_at && n->writes >= n->crash_at;
    size_t waiting = 0, durable = 0;
    for (const struct disk_write *w = n->under_way; w; w = w->next) {
        waiting++;
    }
    durable = planned ? 0 : (size_t)prng_below(&s->chance, waiting + 1);
    sim_say(s, node, "crashes; %zu of %zu writes under way are durable", durable, waiting);
    struct disk_write *next;
    for (struct disk_write *w = n->under_way; w; w = next) {
        next = w->next;
        disk_finish(w, durable > 0);
        durable -= durable > 0;
    }
    n->under_way = NULL;
    n->under_way_end = &n->under_way;
    l->dead = true;
    n->life = NULL;
    for (struct task *t = s->tasks; t; t = t->next) {
        if (t->life == l && t->waits) {
            sim_wake_task(t);
        }
    }
    sim_at(s, s->now_ms, close_dead, l, 0);
    if (planned) {
        n->crash_at = 0;
        sim_at(s, s->now_ms + n->crash_again_ms, restart_event, n, 0);
    }
}

void sim_restart(struct sim *s, size_t node)
{
    if (!s->nodes[node].life) {
        sim_say(s, node, "starts");
        begin_life(s, &s->nodes[node]);
    }
}

bool sim_is_up(struct sim *s, size_t node)
{
    return s->nodes[node].life != NULL;
}

/* --- begin and end
 * -------------------------------------------------------------------------------------------- */

int sim_make_key(struct sim *s, text name, struct buf *ret_text, struct err *e)
{
    uint8_t seed[32], typed[33] = {1};
    size_t n = 32;
    sim_random(s, seed, sizeof seed);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    if (!key || EVP_PKEY_get_raw_public_key(key, typed + 1, &n) != 1) {
        EVP_PKEY_free(key);
        return err_set(e, ERR_INTERNAL, "no key");
    }
    EVP_PKEY_free(key);
    text parts[] = {name, T("\n"), {(const char *)typed, sizeof typed}};
    struct tlog_hash id = sha_of(s->sha, parts, 3);
    memcpy(typed + 1, seed, 32);
    buf_printf(ret_text, "PRIVATE+KEY+%.*s+%02x%02x%02x%02x+", TEXT_ARG(name), id.b[0], id.b[1],
               id.b[2], id.b[3]);
    base64_print(text_make((const char *)typed, sizeof typed), ret_text);
    return 0;
}

static int begin_node(struct sim *s, size_t i)
{
    struct sim_node *n = &s->nodes[i];
    struct buf key;
    char name[40];
    n->s = s;
    n->index = i;
    prng_seed(&n->random, prng_next(&s->chance));
    (void)snprintf(n->url, sizeof n->url, "https://n%zu.sim", i);
    (void)snprintf(n->ods, sizeof n->ods, "X%02zu", i);
    n->skew_ms = s->trouble.skew_ms
                     ? (int64_t)prng_below(&s->chance, 2 * (uint64_t)s->trouble.skew_ms + 1) -
                           s->trouble.skew_ms
                     : 0;
    n->rows = rows_new();
    n->under_way_end = &n->under_way;
    buf_init(&n->alarms, 16 << 20);
    buf_init(&n->note, 8192);
    buf_init(&key, 4096);
    sim_random(s, n->tls, sizeof n->tls);
    (void)snprintf(name, sizeof name, "kith.care/log/%s", n->ods);
    int rc = sim_make_key(s, text_of(name), &key, NULL);
    rc = rc ? rc : note_signer_read(buf_text(&key), &n->log_signer, NULL);
    buf_done(&key);
    return rc;
}

static bool all_open(const struct sim *s)
{
    for (size_t i = 0; i < s->node_count; i++) {
        if (s->program && s->nodes[i].life && !s->nodes[i].life->state && !s->violations) {
            return false;
        }
    }
    return true;
}

int sim_new(uint64_t seed, size_t nodes, const struct sim_trouble *trouble,
            const struct sim_program *program, struct sim **ret_sim)
{
    struct sim *s = calloc(1, sizeof *s);
    if (!s || nodes > SIM_NODES_MAX) {
        free(s);
        return s ? ERR_VALUE : ERR_MEMORY;
    }
    s->seed = seed;
    s->now_ms = SIM_BEGIN_MS;
    s->program = program;
    s->trouble = trouble ? *trouble : (struct sim_trouble){0};
    s->node_count = nodes;
    s->sha = sha_new();
    prng_seed(&s->chance, seed);
    prng_seed(&s->acts, seed ^ 0x9e3779b97f4a7c15u);
    sched_init(s);
    int rc = s->sha ? 0 : ERR_MEMORY;
    for (size_t i = 0; !rc && i < nodes; i++) {
        rc = begin_node(s, i);
    }
    for (size_t i = 0; !rc && i < nodes; i++) {
        begin_life(s, &s->nodes[i]);
    }
    while (!rc && !all_open(s)) {
        sim_run(s, s->now_ms + 10);
    }
    if (rc) {
        sim_free(s);
        return rc;
    }
    *ret_sim = s;
    return 0;
}

void sim_free(struct sim *s)
{
    struct life *next;
    if (!s) {
        return;
    }
    s->ending = true;
    for (size_t i = 0; i < s->node_count; i++) {
        sim_crash(s, i);
    }
    sim_run(s, INT64_MAX);
    for (struct life *l = s->lives; l; l = next) {
        next = l->next;
        free(l);
    }
    sched_done(s);
    for (size_t i = 0; i < s->node_count; i++) {
        rows_free(s->nodes[i].rows);
        buf_done(&s->nodes[i].alarms);
        note_signer_free(s->nodes[i].log_signer);
        record_free(&s->nodes[i]);
        log_free(&s->nodes[i]);
    }
    sha_free(s->sha);
    free(s);
}

/* --- small things
 * --------------------------------------------------------------------------------------------- */

void sim_trace(struct sim *s, bool on)
{
    s->trace = on;
}

void sim_say(struct sim *s, size_t node, const char *format, ...)
{
    if (s->trace) {
        va_list args;
        (void)printf("%12.3f n%zu ", (double)(s->now_ms - SIM_BEGIN_MS) / 1000, node);
        va_start(args, format);
        (void)vprintf(format, args);
        va_end(args);
        (void)printf("\n");
        (void)fflush(stdout);
    }
}

void sim_violated(struct sim *s, const char *invariant, const char *format, ...)
{
    va_list args;
    s->violations++;
    (void)printf("seed %llu, %.3f s: %s violated: ", (unsigned long long)s->seed,
                 (double)(s->now_ms - SIM_BEGIN_MS) / 1000, invariant);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
    (void)fflush(stdout);
}

unsigned sim_violations(const struct sim *s)
{
    return s->violations;
}

uint64_t sim_seed(const struct sim *s)
{
    return s->seed;
}

void sim_set_trouble(struct sim *s, const struct sim_trouble *trouble)
{
    s->trouble = *trouble;
}

size_t sim_nodes(const struct sim *s)
{
    return s->node_count;
}

int64_t sim_now(const struct sim *s)
{
    return s->now_ms;
}

struct prng *sim_chance(struct sim *s)
{
    return &s->acts;
}

const struct loc_world *sim_world(struct sim *s, size_t node)
{
    return s->nodes[node].life ? &s->nodes[node].life->world : NULL;
}

void *sim_state(struct sim *s, size_t node)
{
    return s->nodes[node].life ? s->nodes[node].life->state : NULL;
}

struct later {
    struct sim *s;
    size_t node;
    void (*run)(void *context);
    void *context;
};

static void start_later(struct sim *s, void *a, uint64_t b)
{
    struct later *x = a;
    (void)b;
    if (s->nodes[x->node].life && !s->ending) {
        sim_start(s, s->nodes[x->node].life, x->run, x->context);
    }
    free(x);
}

void sim_task(struct sim *s, size_t node, int64_t after_ms, void (*run)(void *context),
              void *context)
{
    struct later *x = malloc(sizeof *x);
    if (!x) {
        sim_die("no memory");
    }
    *x = (struct later){.s = s, .node = node, .run = run, .context = context};
    sim_at(s, s->now_ms + after_ms, start_later, x, 0);
}

struct doing {
    void (*run)(void *context);
    void *context;
    struct task *asker;
    bool done;
};

static void do_task(void *context)
{
    struct doing *d = context;
    d->run(d->context);
    d->done = true;
    sim_wake_task(d->asker);
}

bool sim_do(struct sim *s, size_t node, void (*run)(void *context), void *context)
{
    struct doing d = {.run = run, .context = context, .asker = sim_self(s)};
    if (!s->nodes[node].life) {
        return false;
    }
    sim_start(s, s->nodes[node].life, do_task, &d);
    while (!d.done) {
        sim_wait(s, INT64_MAX);
    }
    return true;
}

text sim_url(struct sim *s, size_t node)
{
    return text_of(s->nodes[node].url);
}

text sim_ods(struct sim *s, size_t node)
{
    return text_of(s->nodes[node].ods);
}

size_t sim_node_of(struct sim *s, text ods)
{
    for (size_t i = 0; i < s->node_count; i++) {
        if (text_eq(ods, text_of(s->nodes[i].ods))) {
            return i;
        }
    }
    return SIM_NODES_MAX;
}

const uint8_t *sim_tls(struct sim *s, size_t node)
{
    return s->nodes[node].tls;
}

void sim_new_tls(struct sim *s, size_t node)
{
    sim_random(s, s->nodes[node].tls, 32);
}

const struct note_signer *sim_log_signer(struct sim *s, size_t node)
{
    return s->nodes[node].log_signer;
}
