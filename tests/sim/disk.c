/* What a node keeps: its disk, its rows, its alarms; and its clock. */
#include "sim_int.h"

/* --- disk
 * ------------------------------------------------------------------------------------------------
 */

void disk_finish(struct disk_write *w, bool apply)
{
    w->result = apply ? w->apply(w->arg) : ERR_IO;
    w->done = true;
    sim_wake_task(w->task);
}

/* The oldest write of the node's disk is durable now. */
static void write_done(struct sim *s, void *a, uint64_t b)
{
    struct life *l = a;
    struct sim_node *n = l->node;
    struct disk_write *w = n->under_way;
    (void)b;
    if (l->dead || !w) {
        return;
    }
    n->writes += w->of_rows;
    bool crash = w->of_rows && n->crash_at && n->writes >= n->crash_at;
    if (crash && !n->crash_applied) {
        sim_crash(s, n->index);
        return;
    }
    n->under_way = w->next;
    n->under_way_end = n->under_way ? n->under_way_end : &n->under_way;
    disk_finish(w, true);
    if (crash) {
        sim_crash(s, n->index);
    }
}

int disk_do(struct life *l, bool of_rows, int (*apply)(void *arg), void *arg, struct err *e)
{
    struct sim_node *n = l->node;
    struct sim *s = n->s;
    int64_t takes = prng_below(&s->chance, 1000) < s->trouble.slow_disk
                        ? (int64_t)prng_below(&s->chance, 3000)
                        : (int64_t)prng_below(&s->chance, 3);
    struct disk_write w = {.apply = apply, .arg = arg, .task = sim_self(s), .of_rows = of_rows};
    int rc = life_check(l, e);
    if (rc) {
        return rc;
    }
    *n->under_way_end = &w;
    n->under_way_end = &w.next;
    n->disk_free_ms = (n->disk_free_ms > s->now_ms ? n->disk_free_ms : s->now_ms) + takes;
    sim_at(s, n->disk_free_ms, write_done, l, 0);
    while (!w.done) {
        sim_wait(s, INT64_MAX);
    }
    rc = life_check(l, e);
    return rc ? rc : w.result;
}

/* --- rows
 * ------------------------------------------------------------------------------------------------
 */

static int world_get(void *context, const char *kind, text key, struct arena *a, text *ret_value,
                     struct err *e)
{
    struct life *l = context;
    text value;
    int rc = life_check(l, e);
    if (!rc && !rows_get(l->node->rows, kind, key, &value)) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no such %s", kind);
    }
    text copy = rc ? (text){0} : value.n ? arena_copy(a, value) : T("");
    rc = rc || copy.p ? rc : err_set(e, ERR_MEMORY, "no memory for a row");
    if (!rc) {
        *ret_value = copy;
    }
    return rc;
}

struct writing {
    struct sim_node *node;
    const struct kept_change *changes;
    size_t count, failed;
    struct err err;
};

static int apply_rows(void *arg)
{
    struct writing *w = arg;
    struct sim *s = w->node->s;
    int rc = rows_write(w->node->rows, w->changes, w->count, &w->failed, &w->err);
    for (size_t i = 0; !rc && s->watch && i < w->count; i++) {
        s->watch(s->watch_context, w->node->index, &w->changes[i]);
    }
    return rc;
}

static int world_write(void *context, const struct kept_change *changes, size_t count,
                       size_t *ret_failed, struct err *e)
{
    struct life *l = context;
    struct writing w = {.node = l->node, .changes = changes, .count = count};
    int rc = disk_do(l, true, apply_rows, &w, e);
    if (rc == ERR_CONFLICT) {
        if (ret_failed) {
            *ret_failed = w.failed;
        }
        return err_set(e, rc, "%s", w.err.detail);
    }
    return rc;
}

static int world_each(void *context, const char *kind, text prefix,
                      int (*one)(void *context, text key, text value), void *one_context,
                      struct err *e)
{
    struct life *l = context;
    int rc = life_check(l, e);
    if (!rc) {
        rc = rows_each(l->node->rows, kind, prefix, one, one_context);
    }
    return rc;
}

void sim_drop_row(struct sim *s, size_t node, const char *kind, text key)
{
    const struct kept_change gone = {.change = KEPT_DELETE, .kind = kind, .key = key};
    (void)rows_write(s->nodes[node].rows, &gone, 1, NULL, NULL);
}

void sim_watch(struct sim *s, sim_watcher *watch, void *context)
{
    s->watch = watch;
    s->watch_context = context;
}

uint64_t sim_writes(struct sim *s, size_t node)
{
    return s->nodes[node].writes;
}

void sim_crash_at_write(struct sim *s, size_t node, uint64_t n, bool applied, int64_t again_ms)
{
    struct sim_node *x = &s->nodes[node];
    x->crash_at = n ? x->writes + n : 0;
    x->crash_applied = applied;
    x->crash_again_ms = again_ms;
}

void sim_lose_rows(struct sim *s, size_t node, const char *kind)
{
    rows_drop(s->nodes[node].rows, kind);
}

/* --- clock, chance, alarms
 * --------------------------------------------------------------------------------- */

static int64_t world_now(void *context)
{
    const struct sim_node *n = ((struct life *)context)->node;
    return n->s->now_ms + n->skew_ms;
}

static void world_random(void *context, void *to_void, size_t n)
{
    struct life *l = context;
    uint8_t *to = to_void;
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)(prng_next(&l->node->random) >> 24);
    }
}

static void bytes_random(void *context, uint8_t *to, size_t n)
{
    world_random(context, to, n);
}

static void world_sleep(void *context, int64_t ms)
{
    struct life *l = context;
    struct sim *s = l->node->s;
    if (!l->dead) {
        sim_self(s)->lock = l;
        sim_wait(s, s->now_ms + (ms < 0 ? 0 : ms));
    }
}

static void world_wake(void *context)
{
    struct life *l = context;
    sim_wake_lock(l->node->s, l, true);
}

struct alarming {
    struct sim_node *node;
    const char *kind;
    text member, words;
};

static int apply_alarm(void *arg)
{
    struct alarming *x = arg;
    buf_printf(&x->node->alarms, "%s %.*s: %.*s\n", x->kind, TEXT_ARG(x->member),
               TEXT_ARG(x->words));
    return 0;
}

static int world_alarm(void *context, const char *kind, text member, text words, struct err *e)
{
    struct life *l = context;
    struct alarming x = {.node = l->node, .kind = kind, .member = member, .words = words};
    sim_say(l->node->s, l->node->index, "alarm %s %.*s: %.*s", kind, TEXT_ARG(member),
            TEXT_ARG(words));
    return disk_do(l, false, apply_alarm, &x, e);
}

const char *sim_alarms(struct sim *s, size_t node)
{
    struct buf *b = &s->nodes[node].alarms;
    buf_addc(b, 0);
    b->n--;
    return b->p;
}

void disk_face(struct loc_world *w)
{
    w->now_ms = world_now;
    w->random = bytes_random;
    w->sleep = world_sleep;
    w->wake = world_wake;
    w->get = world_get;
    w->write = world_write;
    w->each = world_each;
    w->alarm = world_alarm;
}
