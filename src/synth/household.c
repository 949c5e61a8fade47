#include "synth/person.h"

#include "base/clock.h"

#include <stdio.h>

void nhs_start(struct nhs_numbers *n, uint64_t seed)
{
    n->at = mix(seed, 0x6e6873, 0) % 1000000;
    n->step = mix(seed, 0x6e6873, 1) % 100000 * 10 + 300007; /* odd, and no multiple of 5 */
}

/* Modulus 11: weights 10 to 2, the check digit is 11 less the remainder; 10 is not issued. */
void nhs_next(struct nhs_numbers *n, char out[11])
{
    unsigned check;
    do {
        n->at = (n->at + n->step) % 1000000;
        uint64_t digits = 999000000 + n->at;
        unsigned sum = 0;
        for (int i = 8; i >= 0; i--, digits /= 10) {
            out[i] = (char)('0' + digits % 10);
            sum += (unsigned)(digits % 10) * (unsigned)(10 - i);
        }
        check = (11 - sum % 11) % 11;
    } while (check == 10);
    out[9] = (char)('0' + check);
    out[10] = '\0';
}

/* Kinds of household, with their share in a thousand. */
enum shape {
    SHAPE_SINGLE,
    SHAPE_SINGLE_OLD,
    SHAPE_COUPLE,
    SHAPE_COUPLE_OLD,
    SHAPE_FAMILY,
    SHAPE_LONE_PARENT,
    SHAPE_ADULT_CHILDREN,
    SHAPE_THREE_GENERATIONS,
    SHAPE_SHARERS,
    SHAPE_CARE_HOME,
};
static const int shape_share[] = {165, 145, 180, 130, 200, 70, 50, 20, 25, 15};

static int pick_share(struct prng *r, const int *share, int n, int total)
{
    int left = (int)prng_below(r, (uint64_t)total);
    for (int i = 0; i < n; i++) {
        left -= share[i];
        if (left < 0) {
            return i;
        }
    }
    return 0;
}

static const char *pick(struct prng *r, const char *const *list)
{
    uint64_t n = 0;
    while (list[n]) {
        n++;
    }
    return list[prng_below(r, n)];
}

static int64_t range(struct prng *r, int64_t low, int64_t high)
{
    return low + (int64_t)prng_below(r, (uint64_t)(high - low + 1));
}

static const struct culture *pick_culture(struct prng *r)
{
    int total = 0;
    for (int i = 0; i < culture_count; i++) {
        total += cultures[i].weight;
    }
    int left = (int)prng_below(r, (uint64_t)total);
    for (int i = 0; i < culture_count; i++) {
        left -= cultures[i].weight;
        if (left < 0) {
            return &cultures[i];
        }
    }
    return &cultures[0];
}

/* "Kowalski" to "Kowalska", "Petrov" to "Petrova". */
static void womans_form(char *family, size_t size)
{
    size_t n = strlen(family);
    text t = {family, n};
    if (text_ends(t, T("ski")) || text_ends(t, T("cki"))) {
        family[n - 1] = 'a';
    } else if ((text_ends(t, T("ov")) || text_ends(t, T("ev"))) && n + 1 < size) {
        memcpy(family + n, "a", 2);
    }
}

static void name_family(struct member *m, struct prng *r, const struct member *father,
                        const struct member *mother)
{
    const struct culture *c = m->culture;
    if (c->custom == CUSTOM_SOMALI) {
        const char *father_given = father ? father->given : pick(r, c->male);
        (void)snprintf(m->family, sizeof m->family, "%.20s %s", father_given, pick(r, c->male));
        return;
    }
    const struct member *from = father ? father : mother;
    if (c->custom == CUSTOM_DOUBLE) {
        text first = text_of(father ? father->family : pick(r, c->family));
        if (father) { /* the first of two, "da" and "dos" included */
            size_t particle = text_starts(first, T("d")) ? text_find(first, ' ') + 1 : 0;
            first = text_first(first, particle + text_find(text_from(first, particle), ' '));
        }
        (void)snprintf(m->family, sizeof m->family, "%.*s %.24s", TEXT_ARG(text_first(first, 36)),
                       pick(r, c->family));
        return;
    }
    (void)snprintf(m->family, sizeof m->family, "%s", from ? from->family : pick(r, c->family));
    if (c->custom == CUSTOM_SLAVIC && m->female) {
        womans_form(m->family, sizeof m->family);
    }
}

static void name_given(struct member *m, struct prng *r)
{
    const struct culture *c = m->culture;
    bool old = m->birth < -1826 && c->female_old; /* 1965 */
    m->given =
        pick(r, m->female ? (old ? c->female_old : c->female) : (old ? c->male_old : c->male));
    m->middle = "";
    if (c->custom == CUSTOM_SINGH_KAUR) {
        m->middle = m->female ? "Kaur" : "Singh";
    } else if (c->custom == CUSTOM_SHARED && prng_below(r, 100) < 60) {
        m->middle =
            pick(r, m->female ? (old ? c->female_old : c->female) : (old ? c->male_old : c->male));
        m->middle = strcmp(m->middle, m->given) == 0 ? "" : m->middle;
    }
}

/* People in the records of a practice who have died: mostly the old, in the last eight years. */
static int64_t maybe_die(struct prng *r, int64_t birth, int64_t today)
{
    int64_t age = (today - birth) * 100 / 36525;
    int64_t permille = age < 40 ? 2 : age < 60 ? 8 : age < 75 ? 45 : age < 85 ? 150 : 330;
    int64_t death = today - range(r, 1, 8 * 365);
    if ((int64_t)prng_below(r, 1000) >= permille || death <= birth + 1) {
        return ALIVE;
    }
    return death;
}

static struct member *add(struct household *h, struct prng *r, const struct culture *c,
                          enum role role, bool female, int64_t birth, int64_t today)
{
    struct member *m = &h->member[h->count++];
    *m = (struct member){.culture = c, .role = role, .female = female, .birth = birth};
    m->death = maybe_die(r, birth, today);
    name_given(m, r);
    return m;
}

static int64_t born(struct prng *r, int64_t today, int64_t young, int64_t old)
{
    return today - range(r, young * 365 + young / 4, old * 365 + old / 4 + 364);
}

static void place_household(struct household *h, struct prng *r)
{
    static const char *const streets[] = {"Mill Lane",        "Station Road",   "Church Street",
                                          "Victoria Terrace", "Orchard Way",    "Canal Street",
                                          "The Green",        "Elm Grove",      "Saltmarsh Close",
                                          "Lime Tree Avenue", "Windmill Hill",  "Priory Road",
                                          "Chandlers Row",    "Queen's Drive",  "Tannery Court",
                                          "Heron Way",        "Foundry Street", "Marsh Road",
                                          "Beech Avenue",     "Minster Yard",   NULL};
    static const char letters[] = "ABDEFGHJLNPQRSTUWXYZ"; /* no C, I, K, M, O, V behind the digit */
    h->area = (int)prng_below(r, AREA_COUNT);
    uint64_t street = prng_below(r, 20);
    uint64_t number = 1 + prng_below(r, 120);
    if (h->kind == HOME_CARE) {
        h->care_home = (int)prng_below(r, CARE_HOME_COUNT);
        h->area = care_home_area(h->care_home);
        text line = care_home_street(h->care_home);
        (void)snprintf(h->line, sizeof h->line, "%.*s", TEXT_ARG(line));
        street = 20 - 1 - (uint64_t)h->care_home;
        number = 1;
    } else if (prng_below(r, 100) < 12) {
        (void)snprintf(h->line, sizeof h->line, "Flat %u, %u %s", 1 + (unsigned)prng_below(r, 24),
                       (unsigned)number, streets[street]);
    } else {
        (void)snprintf(h->line, sizeof h->line, "%u %s", (unsigned)number, streets[street]);
    }
    const struct area *a = &areas[h->area];
    (void)snprintf(h->postcode, sizeof h->postcode, "WX%d %d%c%c", a->district, a->sector,
                   letters[street], letters[number / 7 % 20]);
    h->phone = (unsigned)prng_below(r, 900);
}

static void couple(struct household *h, struct prng *r, const struct culture *c, int64_t birth,
                   int64_t today)
{
    bool same_sex = prng_below(r, 100) < 3;
    bool mixed = prng_below(r, 100) < 8;
    struct member *first = add(h, r, c, ROLE_HEAD, same_sex && prng_below(r, 2), birth, today);
    name_family(first, r, NULL, NULL);
    const struct culture *other = mixed ? pick_culture(r) : c;
    struct member *second = add(h, r, other, ROLE_PARTNER, same_sex ? first->female : true,
                                birth + range(r, -700, 1600), today);
    bool own = c->custom == CUSTOM_OWN || c->custom == CUSTOM_DOUBLE ||
               c->custom == CUSTOM_SOMALI || other->custom != c->custom || prng_below(r, 100) < 25;
    name_family(second, r, NULL, own ? NULL : first);
}

static void child(struct household *h, struct prng *r, int64_t birth, int64_t today)
{
    const struct member *first = &h->member[0];
    struct member *m =
        add(h, r, first->culture, ROLE_CHILD, prng_below(r, 1000) < 488, birth, today);
    name_family(m, r, first->female ? NULL : first, first);
    if (first->female && m->culture->custom == CUSTOM_SLAVIC &&
        !m->female) { /* the mother's, back */
        size_t n = strlen(m->family);
        if (text_ends((text){m->family, n}, T("ska")) ||
            text_ends((text){m->family, n}, T("cka"))) {
            m->family[n - 1] = 'i';
        } else if (text_ends((text){m->family, n}, T("ova")) ||
                   text_ends((text){m->family, n}, T("eva"))) {
            m->family[n - 1] = '\0';
        }
    }
}

/* Children are born when their mother is 18 to 43, at least a year apart; twins now and then. */
static void children(struct household *h, struct prng *r, int64_t today, int most)
{
    const struct member *mother = h->count > 1 ? &h->member[1] : &h->member[0];
    int64_t birth = mother->birth + range(r, 19 * 365, 32 * 365);
    static const int share[] = {42, 40, 13, 5};
    int n = 1 + pick_share(r, share, 4, 100);
    for (int i = 0; i < n && i < most && birth < today - 3; i++) {
        if (birth > mother->birth + 43 * 365) {
            break;
        }
        child(h, r, birth, today);
        birth += prng_below(r, 100) < 2 ? 0 : range(r, 400, 1500);
    }
}

static void fill(struct household *h, struct prng *r, enum shape shape, int64_t today)
{
    /* One draw a statement: C leaves the order of arguments open, and the bytes must not. */
    const struct culture *c = pick_culture(r);
    struct member *m;
    bool female;
    int64_t birth;
    switch (shape) {
    case SHAPE_COUPLE:
        couple(h, r, c, born(r, today, 22, 64), today);
        break;
    case SHAPE_COUPLE_OLD:
        couple(h, r, c, born(r, today, 65, 92), today);
        break;
    case SHAPE_FAMILY:
        couple(h, r, c, born(r, today, 23, 50), today);
        children(h, r, today, 4);
        break;
    case SHAPE_LONE_PARENT:
        female = prng_below(r, 100) < 87;
        m = add(h, r, c, ROLE_HEAD, female, born(r, today, 21, 48), today);
        name_family(m, r, NULL, NULL);
        children(h, r, today, 3);
        break;
    case SHAPE_ADULT_CHILDREN:
        couple(h, r, c, born(r, today, 46, 66), today);
        children(h, r, today, 3);
        break;
    case SHAPE_THREE_GENERATIONS:
        couple(h, r, c, born(r, today, 28, 48), today);
        children(h, r, today, 4);
        m = add(h, r, c, ROLE_GRANDPARENT, true, h->member[0].birth - range(r, 19 * 365, 30 * 365),
                today);
        name_family(m, r, NULL, NULL);
        break;
    case SHAPE_SHARERS:
        for (int64_t i = range(r, 2, 5); i > 0; i--) {
            c = pick_culture(r);
            female = prng_below(r, 2);
            m = add(h, r, c, ROLE_SHARER, female, born(r, today, 18, 29), today);
            name_family(m, r, NULL, NULL);
        }
        break;
    default:
        c = shape == SHAPE_CARE_HOME && prng_below(r, 3) ? &cultures[0] : c;
        female = prng_below(r, 100) < (shape == SHAPE_SINGLE ? 45 : 68);
        birth = shape == SHAPE_SINGLE       ? born(r, today, 22, 64)
                : shape == SHAPE_SINGLE_OLD ? born(r, today, 65, 98)
                                            : born(r, today, 74, 103);
        m = add(h, r, c, ROLE_HEAD, female, birth, today);
        name_family(m, r, NULL, NULL);
        break;
    }
}

void household_make(struct household *h, uint64_t seed, uint64_t number, int64_t today,
                    struct nhs_numbers *nhs)
{
    struct prng r;
    prng_seed(&r, mix(seed, 0x686f6d65, number));
    h->count = 0;
    enum shape shape =
        (enum shape)pick_share(&r, shape_share, sizeof shape_share / sizeof *shape_share, 1000);
    h->kind = shape == SHAPE_CARE_HOME ? HOME_CARE
              : shape == SHAPE_SHARERS ? HOME_SHARED
                                       : HOME_FAMILY;
    place_household(h, &r);
    fill(h, &r, shape, today);
    for (int i = 0; i < h->count; i++) {
        nhs_next(nhs, h->member[i].nhs);
    }
}
