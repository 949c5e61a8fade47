/* A run: its time, its memory and what it leaves behind. */
#include "store/plan.h"

#include "base/clock.h"
#include "base/pace.h"

enum { LOOK_EVERY = 1024 };

int run_failed(struct run *r, int rc)
{
    if (rc <= 0) {
        return rc;
    }
    if (rc == ERR_TOO_COSTLY) {
        return err_set(r->e, rc,
                       "the search took longer than the %llu s that it may; narrow it by a "
                       "patient, a code or a date",
                       (unsigned long long)r->s->limits.search_seconds);
    }
    return rc == ERR_MEMORY ? run_memory(r) : db_error(r->db, rc, r->e);
}

int run_memory(struct run *r)
{
    return err_set(r->e, ERR_TOO_COSTLY,
                   "the search takes more memory than it may; narrow it by a patient, a code or a "
                   "date");
}

static void look_later(struct run *r)
{
    r->look_at = r->cost + LOOK_EVERY < r->enough ? r->cost + LOOK_EVERY : r->enough;
}

int run_look(struct run *r)
{
    if (r->cost >= r->enough) {
        return RUN_ENOUGH;
    }
    pace_give_way();
    int rc = heavy_look(r, clock_mono_ns());
    if (rc) {
        return rc;
    }
    look_later(r);
    return clock_mono_ns() > r->deadline ? run_failed(r, ERR_TOO_COSTLY) : 0;
}

struct trial trial_begin(struct run *r, uint64_t cost)
{
    struct trial before = {r->enough};
    uint64_t until = r->cost + cost;
    if (until < r->enough) {
        r->enough = until;
    }
    look_later(r);
    return before;
}

void trial_end(struct run *r, struct trial before)
{
    r->enough = before.enough;
    look_later(r);
}

void run_begin(struct run *r, struct store_view *v, bool takes_turns, struct err *e)
{
    *r = (struct run){.v = v, .s = v->s, .db = v->db, .e = e, .enough = UINT64_MAX};
    arena_init(&r->scratch, v->s->limits.request_memory);
    arena_init(&r->lasting, v->s->limits.request_memory);
    r->began = clock_mono_ns();
    r->deadline = r->began + (int64_t)v->s->limits.search_seconds * 1000000000;
    /* Many short searches of one view (includes) are one long one. */
    int64_t left = (int64_t)v->s->limits.search_heavy_ms * 1000000 - v->searched_ns;
    r->heavy_at = takes_turns ? r->began + left : INT64_MAX;
    r->look_at = takes_turns && left < 0 ? 0 : LOOK_EVERY;
    r->most = v->s->limits.search_matches;
    db_deadline(r->db, r->deadline);
}

void run_end(struct run *r)
{
    while (r->streams) {
        stream_close(r->streams);
    }
    for (size_t i = 0; i < JOINS_DEEP && r->candidates[i]; i++) {
        arena_done(&r->candidates[i]->arena);
    }
    if (r->heavy_at != INT64_MAX) {
        r->v->searched_ns += clock_mono_ns() - r->began;
    }
    heavy_done(r);
    db_deadline(r->db, 0);
    arena_done(&r->scratch);
    arena_done(&r->lasting);
}
