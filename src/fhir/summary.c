#include "base/map.h"
#include "base/pace.h"
#include "fhir/summary_int.h"

#include <stdlib.h>

/* How many a section has at most. What a reader must not miss is cut only where a record is no
 * record of one person's care any more. */
static const size_t most[SUMMARY_SECTIONS] = {
    [SUMMARY_MEDICATIONS] = 500,   [SUMMARY_ALLERGIES] = 500,         [SUMMARY_PROBLEMS] = 500,
    [SUMMARY_IMMUNIZATIONS] = 200, [SUMMARY_PROCEDURES] = 100,        [SUMMARY_DEVICES] = 100,
    [SUMMARY_RESULTS] = 200,       [SUMMARY_VITAL_SIGNS] = 50,        [SUMMARY_SOCIAL_HISTORY] = 50,
    [SUMMARY_PAST_ILLNESS] = 100,  [SUMMARY_FUNCTIONAL_STATUS] = 50,  [SUMMARY_PLAN_OF_CARE] = 50,
    [SUMMARY_PREGNANCY] = 50,      [SUMMARY_ADVANCE_DIRECTIVES] = 50,
};

struct candidate {
    const struct summary_item *item;
    enum summary_section section;
    int64_t date;
};

/* Newest first; those without a date last. */
static int by_date(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->section != y->section) {
        return x->section < y->section ? -1 : 1;
    }
    if (x->date != y->date) {
        return x->date > y->date ? -1 : 1;
    }
    if (x->item->changed != y->item->changed) {
        return x->item->changed > y->item->changed ? -1 : 1;
    }
    if (x->item->type != y->item->type) {
        return x->item->type < y->item->type ? -1 : 1;
    }
    return text_cmp(x->item->id, y->item->id);
}

/* Of what is measured again and again only the latest counts; a medicine that is asked for again in
 * the same words is one medicine. */
static bool is_once(enum summary_section section)
{
    return section == SUMMARY_MEDICATIONS || section == SUMMARY_RESULTS ||
           section == SUMMARY_VITAL_SIGNS || section == SUMMARY_SOCIAL_HISTORY ||
           section == SUMMARY_FUNCTIONAL_STATUS || section == SUMMARY_PREGNANCY;
}

/* What makes two of a section the same thing. Observations of one code at two sites are two. */
static text key_of(const struct summary_ask *ask, const struct candidate *one, struct arena *a)
{
    text words;
    const yyjson_val *root = one->item->root;
    const yyjson_val *code = summary_subject_code(ask, root, &words);
    const yyjson_val *coding = summary_at(json_get(code, T("coding")), 0);
    text value = json_text(json_get(coding, T("code")));
    text medicine = {0};
    if (one->section == SUMMARY_MEDICATIONS) {
        const yyjson_val *dosage = json_get(root, T("dosageInstruction"));
        dosage = dosage ? dosage : json_get(root, T("dosage"));
        medicine = summary_dosage(summary_at(dosage, 0));
    }
    bool by_words = !value.n || one->section == SUMMARY_MEDICATIONS;
    return arena_printf(
        a, "%u %u %.*s|%.*s|%.*s|%.*s|%.*s", (unsigned)one->section, (unsigned)one->item->type,
        TEXT_ARG(json_text(json_get(coding, T("system")))), TEXT_ARG(value),
        TEXT_ARG(by_words ? text_short(words, 200) : T("")), TEXT_ARG(text_short(medicine, 500)),
        TEXT_ARG(summary_concept(json_get(root, T("bodySite")))));
}

static size_t gather(const struct summary_ask *ask, struct candidate *to, struct summary *s)
{
    size_t count = 0;
    for (size_t i = 0; i < ask->count; i++) {
        bool over;
        enum summary_section section = summary_section_of(ask, &ask->items[i], &over);
        pace_give_way();
        if (section == SUMMARY_PAST_ILLNESS) {
            s->sections[SUMMARY_PROBLEMS].ended = true;
        }
        if (section < SUMMARY_SECTIONS && over) {
            s->sections[section].ended = true;
        } else if (section < SUMMARY_SECTIONS) {
            to[count++] =
                (struct candidate){&ask->items[i], section, summary_date(ask->items[i].root)};
        }
    }
    return count;
}

static int take(const struct summary_ask *ask, const struct candidate *one, struct map *seen,
                struct summary_chosen *to, struct arena *a)
{
    bool is_new = true;
    if (is_once(one->section)) {
        text key = key_of(ask, one, a);
        if (!key.p || !map_put(seen, key, &is_new)) {
            return ERR_MEMORY;
        }
    }
    if (is_new && to->count == most[one->section]) {
        to->dropped++;
    } else if (is_new) {
        to->items[to->count++] = one->item;
    }
    return 0;
}

int summary_choose(const struct summary_ask *ask, struct arena *a, struct summary *ret_summary)
{
    struct summary s = {0};
    struct map seen;
    struct candidate *all = arena_zalloc(a, ask->count + 1, sizeof *all);
    const struct summary_item **chosen = arena_zalloc(a, ask->count + 1, sizeof *chosen);
    if (!all || !chosen) {
        return ERR_MEMORY;
    }
    int rc = 0;
    size_t count = gather(ask, all, &s);
    if (count) {
        qsort(all, count, sizeof *all, by_date);
    }
    map_init(&seen);
    for (size_t i = 0; !rc && i < count; i++) {
        struct summary_chosen *to = &s.sections[all[i].section];
        to->items = to->items ? to->items : &chosen[i];
        rc = take(ask, &all[i], &seen, to, a);
    }
    map_done(&seen);
    *ret_summary = s;
    return rc;
}
