/*
 * A patient's choices. The most specific wins: one that names a party before one that names none;
 * then one that names an entry, or a category; then one that names the purpose. Among equals a
 * refusal wins.
 */
#include "policy/grant_int.h"

enum { CATEGORIES = 16, PLAIN = CATEGORIES, SLOTS = CATEGORIES + 1 };

/* Shared where there is no choice. Research, and what serves the public's health, is not: only a
 * permission that names such a purpose opens it. */
enum {
    NEEDS_PERMIT = 1 << PURPOSE_RESEARCH | 1 << PURPOSE_PUBLIC_HEALTH,
};

struct contest {
    const struct grant *g;
    const struct sheet *s;
    unsigned purpose; /* as a bit */
    uint64_t rid;
    bool overridden;
    bool of_entries;
    int16_t general;     /* the best of choices for all categories: rank * 2 + denies; -1: none */
    int16_t best[SLOTS]; /* of those that name the category */
    uint32_t touched;    /* categories with a best */
};

static bool names_entry(const struct contest *c, const struct sheet_choice *choice)
{
    const uint64_t *rids = c->s->instances + choice->first_instance;
    for (size_t i = 0; i < choice->instance_count; i++) {
        if (rids[i] == c->rid) {
            return true;
        }
    }
    return false;
}

/* How exactly the choice names the purpose: 0 not at all; -1 it is about others. Care in an
 * emergency is care. */
static int purpose_rank(const struct contest *c, const struct sheet_choice *choice)
{
    if (choice->purposes == 0) {
        return 0;
    }
    if (choice->purposes & c->purpose) {
        return 2;
    }
    return c->purpose == 1U << PURPOSE_EMERGENCY && (choice->purposes & 1U << PURPOSE_TREAT) ? 1
                                                                                             : -1;
}

static void hear(struct contest *c, const struct sheet_choice *choice)
{
    int64_t now = c->g->config.now_ms;
    bool permit = choice->flags & CHOICE_PERMIT;
    int purpose = purpose_rank(c, choice);
    if (now < choice->from || now >= choice->until || purpose < 0 ||
        (c->overridden && !permit && !(choice->flags & CHOICE_FIRM)) ||
        (permit && purpose == 0 && (c->purpose & NEEDS_PERMIT))) {
        return;
    }
    int scope = choice->categories ? 1 : 0;
    if (choice->flags & CHOICE_OF_ENTRIES) {
        c->of_entries = true;
        if (c->rid == 0 || !names_entry(c, choice)) {
            return;
        }
        scope = 2;
    }
    int16_t score =
        (int16_t)(((choice->party ? 16 : 0) + scope * 4 + purpose) * 2 + (permit ? 0 : 1));
    if (choice->categories == 0) {
        c->general = score > c->general ? score : c->general;
        return;
    }
    for (uint32_t left = choice->categories; left; left &= left - 1) {
        int category = __builtin_ctz(left);
        if (!(c->touched >> category & 1) || score > c->best[category]) {
            c->best[category] = score;
            c->touched |= UINT32_C(1) << category;
        }
    }
}

static size_t first_of(const struct sheet *s, uint64_t party)
{
    size_t from = s->common_choices;
    size_t to = s->choice_count;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (s->choices[at].party < party) {
            from = at + 1;
        } else {
            to = at;
        }
    }
    return from;
}

static bool shares(int16_t score, bool otherwise)
{
    return score < 0 ? otherwise : (score & 1) == 0;
}

static struct choosing outcome(const struct contest *c, bool otherwise)
{
    bool plain = shares(c->general, otherwise);
    struct choosing result = {.plain = plain,
                              .any = plain,
                              .denied = plain ? 0 : LABEL_CATEGORIES,
                              .of_entries = c->of_entries};
    for (uint32_t left = c->touched; left; left &= left - 1) {
        int category = __builtin_ctz(left);
        int16_t best = c->best[category] > c->general ? c->best[category] : c->general;
        uint32_t bit = UINT32_C(1) << category;
        bool shared = shares(best, otherwise);
        result.denied = shared ? result.denied & ~bit : result.denied | bit;
        result.any = result.any || shared;
    }
    return result;
}

struct choosing choices_of(const struct grant *g, const struct sheet *s, bool overridden,
                           uint64_t rid)
{
    unsigned purpose = 1U << g->config.actor->purpose;
    bool otherwise = !(purpose & NEEDS_PERMIT);
    struct contest c = {
        .g = g, .s = s, .purpose = purpose, .rid = rid, .overridden = overridden, .general = -1};
    for (size_t i = 0; s && i < s->common_choices; i++) {
        hear(&c, &s->choices[i]);
    }
    for (size_t p = 0; s && s->choice_count > s->common_choices && p < g->party_count; p++) {
        if (!sheet_may_name(s, g->parties[p])) {
            continue;
        }
        for (size_t i = first_of(s, g->parties[p]);
             i < s->choice_count && s->choices[i].party == g->parties[p]; i++) {
            hear(&c, &s->choices[i]);
        }
    }
    return outcome(&c, otherwise);
}

struct choosing choices_about_proxy(const struct grant *g, const struct sheet *s, bool grown,
                                    uint64_t rid)
{
    struct contest c = {
        .g = g, .s = s, .purpose = 1U << g->config.actor->purpose, .rid = rid, .general = -1};
    for (size_t p = 0; s && p < g->party_count; p++) {
        if (!sheet_may_name(s, g->parties[p])) {
            continue;
        }
        for (size_t i = first_of(s, g->parties[p]);
             i < s->choice_count && s->choices[i].party == g->parties[p]; i++) {
            if (grown || !(s->choices[i].flags & CHOICE_BY_SELF)) {
                hear(&c, &s->choices[i]);
            }
        }
    }
    return outcome(&c, true);
}
