/* What people and chance do. */
#include "play.h"

static void change_members(struct play *p, size_t node, size_t other)
{
    struct prng *c = sim_chance(p->s);
    struct trust_change change = {.kind = TRUST_RENEW};
    if (p->nodes > 3 && !p->was_removed[other] && prng_below(c, 3) == 0) {
        sim_cut(p->s, node, other, true); /* the last message does not reach it any more */
        play_send(p, node, other);
        change = (struct trust_change){
            .kind = TRUST_REMOVE, .ods = sim_ods(p->s, other), .why = T("by chance")};
        p->was_removed[other] = members_propose(p->m, node, &change, NULL);
    } else if (!members_is_member(p->m, node, other)) {
        (void)members_join(p->m, other, node, NULL);
    } else {
        (void)members_propose(p->m, node, &change, NULL);
    }
}

static void trouble(struct play *p, size_t node, size_t other)
{
    struct prng *c = sim_chance(p->s);
    switch (prng_below(c, 4)) {
    case 0:
        sim_cut(p->s, node, other, true); /* one way */
        break;
    case 1:
        sim_cut(p->s, node, other, true);
        sim_cut(p->s, other, node, true);
        break;
    case 2:
        sim_cut(p->s, node, other, false);
        sim_cut(p->s, other, node, false);
        break;
    default:
        sim_crash_at_write(p->s, node, 1 + prng_below(c, 6), prng_below(c, 2),
                           (int64_t)prng_below(c, 120000));
    }
}

static void cut_both(struct play *p, size_t node, size_t other, bool cut)
{
    sim_cut(p->s, node, other, cut);
    sim_cut(p->s, other, node, cut);
}

/* A copy is on its way when the patient's choice comes, and then the two are apart: nobody can tell
 * the other, and the right to show it has to end by itself. */
static void overtake(struct play *p, size_t node, size_t other)
{
    struct prng *c = sim_chance(p->s);
    struct sim_trouble late = p->trouble;
    late.delay = 1000;
    cut_both(p, node, other, false);
    play_choose(p, node, other, true);
    play_give(p, node, other, true);
    sim_set_trouble(p->s, &late);
    play_correct(p, node);
    sim_run(p->s, sim_now(p->s) + 50 + (int64_t)prng_below(c, 500));
    cut_both(p, node, other, true);
    play_choose(p, node, other, false);
    sim_set_trouble(p->s, &p->trouble);
    play_pass(p, PLAY_LIMIT_MS);
    for (int i = 0; i < 15; i++) {
        play_check_copies(p);
        sim_run(p->s, sim_now(p->s) + 2000);
    }
    cut_both(p, node, other, false);
}

static void on_the_record(struct play *p, size_t node, size_t other)
{
    struct prng *c = sim_chance(p->s);
    switch (prng_below(c, 10)) {
    case 0:
        play_ask(p, other, 1, 0); /* it is being looked at when it is withdrawn */
        sim_run(p->s, sim_now(p->s) + 500 + (int64_t)prng_below(c, 3000));
        play_choose(p, node, other, false);
        break;
    case 1:
        prng_below(c, 3) ? play_choose(p, node, other, false) : overtake(p, node, other);
        break;
    case 2:
        play_choose(p, node, other, true);
        play_give(p, node, other, true);
        break;
    case 3:
        play_give(p, node, other, false);
        break;
    case 4:
    case 5:
        play_give(p, node, other, true);
        break;
    default:
        play_correct(p, node);
    }
}

/* Asked for while people at some node find that two records are one, or that they are not. */
static void two_records(struct play *p, size_t node, size_t other)
{
    struct prng *c = sim_chance(p->s);
    play_ask_old(p, other, (int64_t)prng_below(c, 2000));
    play_merge(p, node, prng_below(c, 2));
    play_ask_old(p, other, (int64_t)prng_below(c, 2000));
}

void play_act(struct play *p)
{
    struct prng *c = sim_chance(p->s);
    size_t node = (size_t)prng_below(c, p->nodes);
    size_t other = (node + 1 + (size_t)prng_below(c, p->nodes - 1)) % p->nodes;
    p->acts++;
    switch (prng_below(c, 20)) {
    case 16:
    case 17:
        two_records(p, node, other);
        break;
    case 0:
        change_members(p, node, other);
        break;
    case 1:
    case 2:
        trouble(p, node, other);
        break;
    case 3:
        (void)members_sign(p->m, node, SIZE_MAX, NULL);
        break;
    case 4:
        play_lie(p);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
        on_the_record(p, node, other);
        break;
    case 10:
        if (prng_below(c, 2)) {
            sim_crash_at_write(p->s, node, 1 + prng_below(c, 3), prng_below(c, 2), 1000);
        }
        play_acknowledge(p, node);
        break;
    case 11:
    case 12:
        play_send(p, node, other);
        break;
    default:
        play_ask(p, node, prng_below(c, 2), (int64_t)prng_below(c, 3000));
    }
    /* Mostly seconds; sometimes so long that what may be shown ends. */
    play_pass(p, (int64_t)prng_below(c, prng_below(c, 12) ? 5000 : 400000));
    play_check_copies(p);
}
