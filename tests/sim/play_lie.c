/* One member lies, by its own keys: what the others find, and whom they name. */
#include "play.h"

#include "locality/reconcile.h"

#include <stdio.h>
#include <string.h>

enum { SHOW_MS = 25000 /* to each half: longer than from one round of witnesses to the next */ };

static void part(struct play *p, size_t parity, bool cut)
{
    for (size_t i = 0; i < p->nodes; i++) {
        if (i != p->liar && i % 2 == parity) {
            sim_cut(p->s, p->liar, i, cut);
            sim_cut(p->s, i, p->liar, cut);
        }
    }
}

void play_hide_liar(struct play *p, bool hidden)
{
    if (p->lie == LIE_LOG && p->liar < SIM_NODES_MAX) {
        part(p, 0, hidden);
        part(p, 1, hidden);
    }
}

/* One half sees a history of its log, the other half another one of the same length. Then it is
 * away, so that nobody finds out but by what the others tell each other. */
static void two_logs(struct play *p)
{
    part(p, 0, false);
    part(p, 1, true);
    sim_run(p->s, sim_now(p->s) + SHOW_MS);
    (void)sim_fork_log(p->s, p->liar);
    part(p, 1, false);
    part(p, 0, true);
    sim_run(p->s, sim_now(p->s) + SHOW_MS);
    play_hide_liar(p, true);
}

/* Two texts of one number: whoever sees both names it at once. */
static void two_directories(struct play *p)
{
    struct arena a;
    struct trust_change change = {.kind = TRUST_RENEW};
    size_t to = (p->liar + 1) % p->nodes;
    uint64_t number = members_number(p->m, to);
    char word[40];
    if (!number || members_number(p->m, p->liar) != number ||
        !members_is_member(p->m, to, p->liar)) {
        return;
    }
    arena_init(&a, 64 << 20);
    members_liar(p->m, p->liar);
    text one = members_forge(p->m, &p->liar, 1, &change, 1, &a);
    change =
        (struct trust_change){.kind = TRUST_REMOVE, .ods = sim_ods(p->s, to), .why = T("a lie")};
    text other = members_forge(p->m, &p->liar, 1, &change, 1, &a);
    bool took = one.n && other.n && members_show(p->m, to, one) && members_show(p->m, to, other);
    (void)snprintf(word, sizeof word, "directory-double X%02zu", p->liar);
    if (took && members_number(p->m, to) == number && !strstr(sim_alarms(p->s, to), word)) {
        sim_violated(p->s, "D1a", "X%02zu sees two texts of one number by X%02zu, and is silent",
                     to, p->liar);
    }
    arena_done(&a);
}

void play_lie(struct play *p)
{
    if (p->lie == LIE_NONE || p->liar != SIM_NODES_MAX) {
        return;
    }
    size_t liar = (size_t)prng_below(sim_chance(p->s), p->nodes);
    if (!sim_is_up(p->s, liar) || !sim_is_up(p->s, (liar + 1) % p->nodes) || !play_node(p, liar) ||
        !play_node(p, (liar + 1) % p->nodes) || p->was_removed[liar]) {
        return;
    }
    p->liar = liar;
    sim_say(p->s, liar, "lies from now on (%d)", (int)p->lie);
    if (p->lie == LIE_LOG) {
        two_logs(p);
    } else if (p->lie == LIE_DIRECTORIES) {
        two_directories(p);
    } else if (p->lie == LIE_MIX) {
        sim_mix(p->s, liar);
    }
}

/* --- was it found?
 * --------------------------------------------------------------------------------------------- */

static bool has_alarm(struct play *p, size_t node, const char *kind, size_t about)
{
    char word[40];
    (void)snprintf(word, sizeof word, "%s X%02zu", kind, about);
    return strstr(sim_alarms(p->s, node), word) != NULL;
}

static bool counts(struct play *p, size_t node)
{
    return members_is_member(p->m, node, node) && members_is_member(p->m, node, p->liar);
}

/* I5: two that have cosigned different ones have met since. */
void play_check_log(struct play *p)
{
    for (size_t i = 0; i < p->sight_count; i++) {
        const struct play_sight *one = &p->sights[i];
        for (size_t k = i + 1; k < p->sight_count; k++) {
            const struct play_sight *other = &p->sights[k];
            if (one->size != other->size || strcmp(one->root, other->root) == 0 ||
                !counts(p, one->by) || !counts(p, other->by)) {
                continue;
            }
            sim_say(p->s, one->by, "and X%02zu have seen two logs of %llu entries", other->by,
                    (unsigned long long)one->size);
            if (!has_alarm(p, one->by, "log-fork", p->liar) ||
                !has_alarm(p, other->by, "log-fork", p->liar)) {
                sim_violated(p->s, "I5",
                             "X%02zu and X%02zu have seen two logs of X%02zu, and do not know",
                             one->by, other->by, p->liar);
                return;
            }
        }
    }
}

struct reconciling {
    struct play *p;
    size_t node, with;
    int result;
};

static void do_reconcile(void *context)
{
    struct reconciling *x = context;
    struct player *n = play_node(x->p, x->node);
    struct arena a;
    struct difference *found;
    size_t count;
    struct err e;
    arena_init(&a, 256U << 20);
    x->result = reconcile_member(n->world, locality_trust(n->locality), sim_ods(x->p->s, x->with),
                                 &a, &found, &count, &e);
    if (x->result) {
        sim_say(x->p->s, x->node, "does not compare with X%02zu: %s", x->with, err_text(&e));
    }
    arena_done(&a);
}

/* I4: each of its exchanges that somebody has an answer of is reported. */
static void check_hidden(struct play *p)
{
    for (size_t i = 0; i < p->gift_count; i++) {
        const struct play_gift *g = &p->gifts[i];
        uint64_t leaf;
        if (g->hidden && play_logged(p, g->from, "answered", g->nonce, &leaf) &&
            !p->was_removed[g->from] && !p->was_removed[g->to] &&
            !strstr(sim_alarms(p->s, g->from), g->nonce)) {
            sim_violated(p->s, "I4", "X%02zu hides that it answered X%02zu, and nobody is told",
                         g->to, g->from);
            return;
        }
    }
}

static void compare_all(struct play *p)
{
    for (size_t i = 0; i < p->nodes; i++) {
        for (size_t k = 0; k < p->nodes; k++) {
            struct reconciling x = {.p = p, .node = i, .with = k};
            if (i != k && play_node(p, i) && play_is_honest(p, i) &&
                members_is_member(p->m, i, k) && members_is_member(p->m, i, i)) {
                (void)sim_do(p->s, i, do_reconcile, &x);
            }
        }
    }
}

/* Nobody honest is named as one who forks or hides. */
static void check_honest(struct play *p)
{
    static const char *const kinds[] = {"log-fork", "directory-fork", "directory-double",
                                        "exchange"};
    for (size_t i = 0; i < p->nodes; i++) {
        for (size_t k = 0; k < p->nodes; k++) {
            for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
                if (play_is_honest(p, i) && play_is_honest(p, k) && has_alarm(p, i, kinds[n], k)) {
                    sim_violated(p->s, n == 3 ? "I4" : "I5",
                                 "X%02zu names X%02zu, who is honest: %s", i, k, kinds[n]);
                }
            }
        }
    }
}

/* What cannot be used is an alarm that names who gave it. */
static void check_told(struct play *p)
{
    for (size_t i = 0; i < p->nodes; i++) {
        for (size_t k = 0; k < p->nodes; k++) {
            if (p->due[i][k] && p->due[i][k] == play_node(p, i) && !has_alarm(p, i, "answer", k) &&
                !has_alarm(p, i, "receipt", k)) {
                sim_violated(p->s, "I3", "X%02zu could not use what X%02zu gave, and told nobody",
                             i, k);
            }
        }
    }
}

void play_check_liar(struct play *p)
{
    check_told(p);
    compare_all(p);
    check_honest(p);
    if (p->liar == SIM_NODES_MAX || p->was_removed[p->liar]) {
        return;
    }
    if (p->lie == LIE_HIDE) {
        check_hidden(p);
    }
}
