/*
 * The simulator's programme: `sim --seeds 1-300`, or one seed again with its trace:
 * `sim --seed 4711 -v`. Ends with 1 when an invariant of docs/locality.md was violated, and
 * prints the command that replays it.
 */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>

enum { ACTS = 40, QUIET_MS = 90000, RECONCILE_LATE_MS = 60000 };

static void calm(struct play *p)
{
    sim_set_trouble(p->s, &(struct sim_trouble){0});
    for (size_t i = 0; i < p->nodes; i++) {
        sim_crash_at_write(p->s, i, 0, false, 0);
        sim_restart(p->s, i);
        for (size_t k = 0; k < p->nodes; k++) {
            sim_cut(p->s, i, k, false);
        }
    }
    play_hide_liar(p, true);
    sim_run(p->s, sim_now(p->s) + QUIET_MS);
    play_check_log(p);
    play_hide_liar(p, false);
    play_pass(p, QUIET_MS / 3);
}

/* When all is quiet: one directory, all rows taken, liars found; and who may not see still does
 * not. */
static void check_end(struct play *p)
{
    if (!members_settle(p->m, 3600000)) {
        sim_violated(p->s, "I7", "the members do not come to one number of the directory");
    }
    if (!members_agree(p->m)) {
        sim_violated(p->s, "I7", "two texts of one number are in force");
    }
    for (size_t i = 0; i < p->nodes; i++) { /* by an act that nobody saw succeed, too */
        p->was_removed[i] = p->was_removed[i] || !members_is_member(p->m, i, i);
    }
    for (size_t i = 0; i < p->nodes; i++) {
        for (size_t k = 0; k < p->nodes; k++) {
            play_knock(p, i, k);
        }
    }
    play_pass(p, 2 * PLAY_LIMIT_MS);
    play_check_shown(p);
    play_acknowledge_all(p);
    play_check_rows(p);
    play_check_merges(p);
    play_check_copies(p);
    play_spread_choices(p);
    sim_run(p->s, sim_now(p->s) + 1000);
    for (size_t i = 0; i < p->nodes; i++) {
        play_ask(p, i, 0, -1);
        play_ask_old(p, i, -1);
    }
    play_pass(p, 2 * RECONCILE_LATE_MS);
    play_check_liar(p);
    play_check_mail(p);
}

static unsigned run_seed(uint64_t seed, size_t nodes, bool trace)
{
    static const struct sim_trouble trouble = {
        .drop = 40, .duplicate = 40, .delay = 30, .slow_disk = 30};
    struct play *p = play_new(seed, nodes, trace);
    if (!sim_violations(p->s)) {
        p->trouble = trouble;
        sim_set_trouble(p->s, &p->trouble);
        for (int i = 0; i < ACTS; i++) {
            play_act(p);
        }
        calm(p);
        check_end(p);
    }
    unsigned violations = sim_violations(p->s);
    if (violations) {
        (void)printf("again: tests/sim/sim --seed %llu --nodes %zu -v\n", (unsigned long long)seed,
                     nodes);
    }
    if (trace) {
        (void)printf(
            "seed %llu: %zu nodes, %u acts; %u records asked for, %u shown with %u pages, %u "
            "whole; %zu answers, %u refused as broken; %u corrections; %u choices elsewhere; %zu "
            "letters, %u undeliverable; %u merges, %u entries of the one number for the other\n",
            (unsigned long long)seed, nodes, p->acts, p->asked, p->shown, p->pages, p->whole,
            p->gift_count, p->broken, p->sent, p->spread, p->letter_count, p->undelivered,
            p->merges, p->joined_old);
    }
    play_free(p);
    return violations;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim [--seed N | --seeds A-B] [--nodes 3..9] [-v]\n");
    return 2;
}

int main(int count, char **words)
{
    uint64_t first = 1, last = 1;
    size_t nodes = 0;
    bool trace = false;
    unsigned violations = 0;
    for (int i = 1; i < count; i++) {
        char *rest = i + 1 < count ? words[i + 1] : NULL;
        if (strcmp(words[i], "-v") == 0) {
            trace = true;
        } else if (rest && strcmp(words[i], "--nodes") == 0) {
            nodes = (size_t)strtoul(words[++i], NULL, 10);
        } else if (rest && strncmp(words[i], "--seed", 6) == 0) {
            first = last = strtoull(words[++i], &rest, 10);
            last = *rest == '-' ? strtoull(rest + 1, NULL, 10) : last;
        } else {
            return usage();
        }
    }
    if (nodes && (nodes < 3 || nodes > SIM_NODES_MAX)) {
        return usage();
    }
    for (uint64_t seed = first; seed <= last; seed++) {
        violations += run_seed(seed,
                               nodes            ? nodes
                               : seed % 25 == 0 ? SIM_NODES_MAX
                                                : 3 + (size_t)(seed % 4),
                               trace);
    }
    (void)printf("%llu seeds, %u violations\n", (unsigned long long)(last - first + 1), violations);
    return violations ? 1 : 0;
}
