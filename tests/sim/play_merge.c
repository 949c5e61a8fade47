/*
 * Two records of one person at a node, under two numbers: people there find that they are one, and
 * sometimes that they were not. Others are told, and look for themselves: I3, I11.
 */
#include "play.h"

#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>

const struct subject play_old = {{PLAY_OLD_NHS, 10}, {"Smith", 5},  {"Ana", 3},
                                 {"1970-01-02", 10}, {"female", 6}, {"LS1 4AP", 7}};

struct merging {
    struct play *p;
    size_t node;
    bool merges;
    int result;
    struct err err;
};

/* As at the begin, with what it is to the other one. */
static text person(struct merging *x, struct arena *a)
{
    text json = sim_resource(x->p->s, x->node, T("Patient"), T("p3"));
    const char *link = memmem(json.p, json.n, ",\"link\":", 8);
    text first = link ? text_first(json, (size_t)(link - json.p)) : text_first(json, json.n - 1);
    return arena_printf(a,
                        "%.*s,\"link\":[{\"other\":{\"reference\":\"Patient/p1\"},\"type\":"
                        "\"%s\"}]}",
                        TEXT_ARG(first), x->merges ? "replaced-by" : "seealso");
}

static void do_merge(void *context)
{
    struct merging *x = context;
    struct play *p = x->p;
    struct player *n = play_node(p, x->node);
    struct arena a;
    arena_init(&a, 16 << 20);
    const text home = sim_ods(p->s, p->home);
    struct own_call put = {.method = T("PUT"), .path = T("Patient/p3"), .body = person(x, &a)};
    struct feed_row row = {.kind = x->merges ? FEED_MERGE : FEED_UNMERGE,
                           .subject = play_old,
                           .what = arena_printf(&a, PLAY_LINKAGE "%u", ++p->merges)};
    p->merged[x->node] = true; /* until it is certain that it is not */
    int rc = n->world->own(n->world->context, NULL, &put, &a, &x->err);
    if (!rc && put.status != 200) {
        rc = err_set(&x->err, ERR_INVALID, "the Patient is refused with %d", put.status);
    }
    if (!rc && !x->merges) {
        p->merged[x->node] = false;
        p->parted_ms[x->node] = sim_now(p->s);
    }
    rc = rc ? rc : feed_person(locality_feed(n->locality), T(PLAY_OLD_NHS), row.person, &x->err);
    x->result =
        rc ? rc : copies_tell_also(locality_copies(n->locality), &row, &home, 1, NULL, 0, &x->err);
    p->merge_acts[x->node] += !x->result;
    arena_done(&a);
}

void play_merge(struct play *p, size_t node, bool merges)
{
    struct merging x = {.p = p, .node = node, .merges = merges, .result = ERR_IO};
    (void)(sim_state(p->s, node) && sim_do(p->s, node, do_merge, &x));
    sim_say(p->s, node, "%s two records: %s", merges ? "merges" : "parts",
            x.result ? err_text(&x.err) : "done");
}

/* --- what has to be true ------------------------------------------------------------------------
 */

static bool has(text t, const char *words, size_t node)
{
    char all[40];
    (void)snprintf(all, sizeof all, "%s at X%02zu", words, node);
    return memmem(t.p, t.n, all, strlen(all)) != NULL;
}

void play_check_person(struct play *p, size_t from, bool old, int64_t begun_ms, text json)
{
    for (size_t i = 0; play_is_honest(p, from) && i < p->nodes; i++) {
        bool apart = !p->merged[i] && p->parted_ms[i] < begun_ms;
        if (!old && has(json, PLAY_OLD_WORDS, i)) {
            sim_violated(p->s, "I3", "X%02zu shows what X%02zu has under another number", from, i);
        }
        if (old && apart && has(json, "pulse", i)) {
            sim_violated(p->s, "I3", "X%02zu shows what X%02zu has parted from the one asked for",
                         from, i);
        }
        p->joined_old += old && i != from && has(json, "pulse", i);
    }
}

void play_watch_merge(struct play *p, size_t from, size_t to, text line)
{
    struct play_line *l = &p->told_merges[from][to];
    const char *at = memmem(line.p, line.n, PLAY_LINKAGE, sizeof PLAY_LINKAGE - 1);
    if (at && (memmem(line.p, line.n, "{\"kind\":\"merge\"", 15) ||
               memmem(line.p, line.n, "{\"kind\":\"unmerge\"", 17))) {
        l->numbers = play_grow(l->numbers, l->count, &l->capacity, sizeof *l->numbers);
        l->numbers[l->count++] = strtoull(at + sizeof PLAY_LINKAGE - 1, NULL, 10);
    }
}

/* Each once (a crash may repeat the last), and in order. */
static void check_told(struct play *p, size_t from, size_t to)
{
    const struct play_line *l = &p->told_merges[from][to];
    text rest = text_of(sim_alarms(p->s, to)), line;
    char merge[32], unmerge[32];
    size_t taken = 0;
    (void)snprintf(merge, sizeof merge, "identity-merge X%02zu:", from);
    (void)snprintf(unmerge, sizeof unmerge, "identity-unmerge X%02zu:", from);
    while (text_cut(&rest, '\n', &line)) {
        const char *at = memmem(line.p, line.n, PLAY_LINKAGE, sizeof PLAY_LINKAGE - 1);
        if (!at || !(text_starts(line, text_of(merge)) || text_starts(line, text_of(unmerge)))) {
            continue;
        }
        uint64_t number = strtoull(at + sizeof PLAY_LINKAGE - 1, NULL, 10);
        bool again = taken && l->numbers[taken - 1] == number;
        bool next = taken < l->count && l->numbers[taken] == number;
        taken += next;
        if (!again && !next) {
            sim_violated(p->s, "I11", "X%02zu hears of number %llu of X%02zu out of its turn", to,
                         (unsigned long long)number, from);
            return;
        }
    }
    if (taken != l->count) {
        sim_violated(p->s, "I11", "X%02zu has told X%02zu of %zu, and %zu came", from, to, l->count,
                     taken);
    }
}

void play_check_merges(struct play *p)
{
    for (size_t i = 0; i < p->nodes; i++) {
        text json = sim_resource(p->s, i, T("Patient"), T("p3"));
        if (!p->merged[i] && memmem(json.p, json.n, "replaced-by", 11)) {
            sim_violated(p->s, "I11", "X%02zu has merged what nobody there has merged", i);
        }
        if (i != p->home && p->told_merges[i][p->home].count < p->merge_acts[i]) {
            sim_violated(p->s, "I11", "X%02zu has not told the home of all that was found there",
                         i);
        }
        for (size_t k = 0; k < p->nodes; k++) {
            if (i != k && !p->was_removed[i] && !p->was_removed[k]) {
                check_told(p, i, k);
            }
        }
    }
}
