#include "fhir/match_int.h"

#include <math.h>

/* Two of some 130,000 people are the same one: in tenths of a bit. */
enum { PRIOR = -170 };

/* How well one thing agrees; the grade is made of these. */
enum number { NUMBER_NONE, NUMBER_OTHER, NUMBER_ODD, NUMBER_NEAR, NUMBER_SAME };
enum birth { BIRTH_NONE, BIRTH_OTHER, BIRTH_PART, BIRTH_FAR, BIRTH_NEAR, BIRTH_SAME };
enum family { FAMILY_NONE, FAMILY_OTHER, FAMILY_LIKE, FAMILY_PART, FAMILY_SAME };
enum given {
    GIVEN_NONE,
    GIVEN_OTHER,
    GIVEN_INITIAL,
    GIVEN_SOUND,
    GIVEN_MIDDLE,
    GIVEN_FIRST_ONLY, /* the first agrees, the others do not */
    GIVEN_SLIP,
    GIVEN_FORM,
    GIVEN_SAME,
};
enum place { PLACE_NONE, PLACE_OTHER, PLACE_NEAR, PLACE_SAME, PLACE_EXACT };

struct comparison {
    const struct match_person *a;
    const struct match_person *b;
    struct match *m;
    enum number number;
    enum birth birth;
    enum family family;
    enum given given;
    enum place place;
    bool identifier, contact, common;
    bool conflict; /* whatever else agrees, two people as likely as one */
    bool twins;    /* so may these be */
};

const char *match_grade_code(enum match_grade grade)
{
    static const char *const codes[] = {"certainly-not", "possible", "probable", "certain"};
    return codes[grade];
}

static void say(struct comparison *c, enum match_thing thing, int weight, const char *finding)
{
    c->m->things[thing].weight = weight;
    c->m->things[thing].finding = finding;
}

/* --- numbers -------------------------------------------------------------------------------- */

static bool share_number(const struct match_person *a, const struct match_person *b)
{
    for (size_t i = 0; i < a->number_count; i++) {
        for (size_t j = 0; j < b->number_count; j++) {
            if (memcmp(a->numbers[i], b->numbers[j], 10) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* What a person says of the number where it is not one that can be relied on. */
static text weak_number(const struct match_person *p)
{
    return p->number_count  ? text_of(p->numbers[0])
           : p->doubtful[0] ? text_of(p->doubtful)
                            : p->wrong;
}

static void compare_numbers(struct comparison *c)
{
    text x = weak_number(c->a);
    text y = weak_number(c->b);
    if (x.n == 0 || y.n == 0) {
        return;
    }
    bool doubtful =
        (!c->a->number_count && c->a->doubtful[0]) || (!c->b->number_count && c->b->doubtful[0]);
    if (share_number(c->a, c->b)) {
        c->number = NUMBER_SAME;
        say(c, MATCH_NUMBER, 200, "the same NHS number");
    } else if (c->a->number_count && c->b->number_count) {
        c->number = NUMBER_OTHER;
        say(c, MATCH_NUMBER, -120, "different NHS numbers");
    } else if (doubtful) {
        bool same = text_eq(x, y);
        c->number = same ? NUMBER_NEAR : NUMBER_ODD;
        say(c, MATCH_NUMBER, same ? 80 : 0,
            same ? "the same NHS number, which is temporary or not agreed on"
                 : "different NHS numbers, of which one is temporary or not agreed on");
    } else if (text_eq(x, y) || match_slip(x, y)) {
        c->number = match_slip(x, y) && !text_eq(x, y) ? NUMBER_NEAR : NUMBER_ODD;
        say(c, MATCH_NUMBER, c->number == NUMBER_NEAR ? 70 : 20,
            c->number == NUMBER_NEAR ? "NHS numbers one slip apart, of which one is not valid"
                                     : "the same NHS number, which is not valid");
    } else {
        c->number = NUMBER_ODD;
        say(c, MATCH_NUMBER, -30, "different NHS numbers, of which one is not valid");
    }
}

static void compare_identifiers(struct comparison *c)
{
    for (size_t i = 0; !c->identifier && i < c->a->identifier_count; i++) {
        const struct match_identifier *x = &c->a->identifiers[i];
        for (size_t j = 0; j < c->b->identifier_count; j++) {
            const struct match_identifier *y = &c->b->identifiers[j];
            c->identifier =
                c->identifier || (text_eq(x->system, y->system) && text_eq(x->value, y->value));
        }
    }
    if (c->identifier) {
        say(c, MATCH_IDENTIFIER, 120, "the same identifier of another system");
    }
}

/* --- birth ---------------------------------------------------------------------------------- */

/* 1987-03-05 and 1987-05-03. */
static bool swapped_day_and_month(text x, text y)
{
    return x.n == 10 && y.n == 10 && memcmp(x.p, y.p, 4) == 0 && memcmp(x.p + 5, y.p + 8, 2) == 0 &&
           memcmp(x.p + 8, y.p + 5, 2) == 0;
}

static uint64_t years_apart(text x, text y)
{
    uint64_t year_x = 0;
    uint64_t year_y = 0;
    (void)text_to_u64(text_first(x, 4), &year_x);
    (void)text_to_u64(text_first(y, 4), &year_y);
    return year_x > year_y ? year_x - year_y : year_y - year_x;
}

/* The same day of the year, a year or ten apart: 1999 and 2000 are further slips than one. */
static bool year_slip(text x, text y)
{
    uint64_t apart = years_apart(x, y);
    return x.n == 10 && y.n == 10 && memcmp(x.p + 4, y.p + 4, 6) == 0 &&
           (apart == 1 || apart == 10);
}

static void compare_births(struct comparison *c)
{
    text x = c->a->birth_date;
    text y = c->b->birth_date;
    size_t least = x.n < y.n ? x.n : y.n;
    if (least < 4) {
        return;
    }
    if (memcmp(x.p, y.p, least) == 0) {
        /* Whoever does not know the day of their birth is given the first of January. */
        bool first = least == 10 && text_ends(x, T("-01-01"));
        c->birth = least == 10 ? BIRTH_SAME : BIRTH_PART;
        say(c, MATCH_BIRTH_DATE,
            first         ? 90
            : least == 10 ? 130
            : least == 7  ? 90
                          : 50,
            least == 10 ? "the same birth date" : "the same birth date, as far as it is known");
    } else if (swapped_day_and_month(x, y)) {
        c->birth = BIRTH_NEAR;
        say(c, MATCH_BIRTH_DATE, 70, "birth dates with day and month changed round");
    } else if ((match_slip(x, y) && x.n == y.n) || year_slip(x, y)) {
        /* So far apart are parent and child: a slip is no likelier than two people. */
        bool far = years_apart(x, y) >= 15;
        c->birth = far ? BIRTH_FAR : BIRTH_NEAR;
        say(c, MATCH_BIRTH_DATE, far ? 40 : 60,
            far ? "birth dates one slip apart, or a generation" : "birth dates one slip apart");
    } else {
        c->birth = BIRTH_OTHER;
        say(c, MATCH_BIRTH_DATE, -100, "different birth dates");
    }
}

/* --- names ---------------------------------------------------------------------------------- */

/* Words that stand in many families' names and say nothing alone. */
static bool is_particle(text word)
{
    static const char particles[] = "de da do dos das la le el al del della di du van von der den "
                                    "ter ap ab mac mc o bin ibn bint ben abu y e san st";
    return match_is_word_of(word, text_make(particles, sizeof particles - 1));
}

static bool share_family_word(text x, text y)
{
    text word;
    while (x.n && text_cut(&x, ' ', &word)) {
        if (word.n > 1 && !is_particle(word) && match_is_word_of(word, y)) {
            return true;
        }
    }
    return false;
}

static enum family family_of(const struct match_name *x, const struct match_name *y)
{
    if (x->family.n == 0 || y->family.n == 0) {
        return FAMILY_NONE;
    }
    if (text_eq(x->family_whole, y->family_whole)) {
        return FAMILY_SAME;
    }
    if (share_family_word(x->family, y->family)) {
        return FAMILY_PART;
    }
    bool slip = x->family_whole.n > 2 && y->family_whole.n > 2 &&
                x->family_whole.n + y->family_whole.n > 6 &&
                match_slip(x->family_whole, y->family_whole);
    bool sound = strlen(x->sound) > 1 && strcmp(x->sound, y->sound) == 0;
    return slip || sound || match_family_forms(x->family, y->family) ? FAMILY_LIKE : FAMILY_OTHER;
}

/* One slip, and not one that makes another name of it: those begin otherwise ("ellie" "allie"). */
static bool given_slip(text p, text q)
{
    bool swapped = p.n > 1 && q.n > 1 && p.p[0] == q.p[1] && p.p[1] == q.p[0];
    return p.n > 3 && q.n > 3 && (p.p[0] == q.p[0] || swapped) && match_slip(p, q) &&
           !match_given_apart(p, q);
}

static char vowel_class(text name)
{
    for (size_t i = 0; i < name.n; i++) {
        switch (name.p[i]) {
        case 'a':
            return 'a';
        case 'e':
        case 'i':
        case 'y':
            return 'e';
        case 'o':
        case 'u':
            return 'o';
        default:
            break;
        }
    }
    return '\0';
}

static bool has_given(const struct match_name *n, text word)
{
    for (size_t i = 1; i < n->given_count; i++) {
        if (text_eq(n->given[i], word) || match_given_forms(n->given[i], word)) {
            return true;
        }
    }
    return text_eq(n->custom, word);
}

/* Whether the names after the first speak against one another: "Mary Ann" and "Mary Jane". */
static bool others_differ(const struct match_name *x, const struct match_name *y)
{
    if (x->given_count < 2 || y->given_count < 2) {
        return false;
    }
    for (size_t i = 1; i < x->given_count; i++) {
        for (size_t j = 1; j < y->given_count; j++) {
            text p = x->given[i];
            text q = y->given[j];
            bool initial = (p.n == 1 || q.n == 1) && p.p[0] == q.p[0];
            if (text_eq(p, q) || initial || given_slip(p, q) || match_given_forms(p, q)) {
                return false;
            }
        }
    }
    return true;
}

static enum given first_of(const struct match_name *x, const struct match_name *y)
{
    text p = x->given[0];
    text q = y->given[0];
    if (text_eq(x->given_whole, y->given_whole)) {
        return GIVEN_SAME;
    }
    if (text_eq(p, q)) {
        return others_differ(x, y) ? GIVEN_FIRST_ONLY : GIVEN_SAME;
    }
    bool apart = match_given_apart(p, q);
    if (match_given_forms(p, q) && !apart) {
        return others_differ(x, y) ? GIVEN_FIRST_ONLY : GIVEN_FORM;
    }
    if (given_slip(p, q)) {
        return others_differ(x, y) ? GIVEN_SOUND : GIVEN_SLIP;
    }
    if (has_given(x, q) || has_given(y, p)) {
        return GIVEN_MIDDLE;
    }
    if (!apart && p.n > 2 && q.n > 2 && x->given_sound[0] &&
        strcmp(x->given_sound, y->given_sound) == 0 && vowel_class(p) == vowel_class(q)) {
        return GIVEN_SOUND;
    }
    return (p.n == 1 || q.n == 1) && p.p[0] == q.p[0] ? GIVEN_INITIAL : GIVEN_OTHER;
}

static enum given given_of(const struct match_name *x, const struct match_name *y)
{
    return x->given_count && y->given_count ? first_of(x, y) : GIVEN_NONE;
}

/* Given and family name changed round, as on forms that ask for them in another order. */
static bool are_swapped(const struct match_name *x, const struct match_name *y)
{
    return x->family.n && y->family.n && x->given_count && y->given_count &&
           text_eq(x->family_whole, y->given_whole) && text_eq(x->given_whole, y->family_whole);
}

static void say_family(struct comparison *c)
{
    bool changes = !text_eq(c->a->gender, T("male")) || !text_eq(c->b->gender, T("male"));
    static const struct {
        int weight;
        const char *finding;
    } words[] = {
        [FAMILY_OTHER] = {-70, "different family names"},
        [FAMILY_LIKE] = {50, "family names that sound alike or are one slip apart"},
        [FAMILY_PART] = {60, "family names that share a part"},
        [FAMILY_SAME] = {90, "the same family name"},
    };
    if (c->family != FAMILY_NONE) {
        int less = c->common && c->family > FAMILY_OTHER ? 20 : 0;
        say(c, MATCH_FAMILY,
            c->family == FAMILY_OTHER && changes ? -40 : words[c->family].weight - less,
            words[c->family].finding);
    }
}

static void say_given(struct comparison *c)
{
    static const struct {
        int weight;
        const char *finding;
    } words[] = {
        [GIVEN_OTHER] = {-80, "different given names"},
        [GIVEN_INITIAL] = {15, "the same initial"},
        [GIVEN_SOUND] = {30, "given names that sound alike"},
        [GIVEN_MIDDLE] = {35, "a given name that is the other's middle name"},
        [GIVEN_FIRST_ONLY] = {35, "the same first given name, but different further ones"},
        [GIVEN_SLIP] = {40, "given names one slip apart"},
        [GIVEN_FORM] = {50, "given names that are forms of one name"},
        [GIVEN_SAME] = {70, "the same given name"},
    };
    if (c->given != GIVEN_NONE) {
        say(c, MATCH_GIVEN, words[c->given].weight, words[c->given].finding);
    }
}

static void compare_names(struct comparison *c)
{
    bool swapped = false;
    for (size_t i = 0; i < c->a->name_count; i++) {
        const struct match_name *x = &c->a->names[i];
        for (size_t j = 0; j < c->b->name_count; j++) {
            const struct match_name *y = &c->b->names[j];
            enum family family = family_of(x, y);
            enum given given = given_of(x, y);
            c->common = family > c->family ? match_family_common(x->family) : c->common;
            c->family = family > c->family ? family : c->family;
            c->given = given > c->given ? given : c->given;
            swapped = swapped || are_swapped(x, y);
        }
    }
    if (swapped && c->family < FAMILY_SAME && c->given < GIVEN_FORM) {
        c->family = FAMILY_PART;
        c->given = GIVEN_SAME;
        say(c, MATCH_FAMILY, 70, "family and given name changed round");
        say(c, MATCH_GIVEN, 60, NULL);
        return;
    }
    say_family(c);
    say_given(c);
}

/* --- place, sex, death, twins --------------------------------------------------------------- */

static enum place place_of(const struct match_place *x, const struct match_place *y)
{
    bool codes = x->postcode.n && y->postcode.n;
    bool same = codes && text_eq(x->postcode, y->postcode);
    bool line = x->line.n && text_eq(x->line, y->line);
    if ((same && line) || (line && codes && match_slip(x->postcode, y->postcode))) {
        return PLACE_EXACT;
    }
    /* The last three characters of a postcode are its inward part. */
    text p = text_first(x->postcode, x->postcode.n > 4 ? x->postcode.n - 3 : 0);
    text q = text_first(y->postcode, y->postcode.n > 4 ? y->postcode.n - 3 : 0);
    return same                             ? PLACE_SAME
           : line || (p.n && text_eq(p, q)) ? PLACE_NEAR
           : codes                          ? PLACE_OTHER
                                            : PLACE_NONE;
}

static void compare_places(struct comparison *c)
{
    static const struct {
        int weight;
        const char *finding;
    } words[] = {
        [PLACE_OTHER] = {-15, "different postcodes"},
        [PLACE_NEAR] = {25, "addresses near each other"},
        [PLACE_SAME] = {80, "the same postcode"},
        [PLACE_EXACT] = {100, "the same address"},
    };
    for (size_t i = 0; i < c->a->place_count; i++) {
        for (size_t j = 0; j < c->b->place_count; j++) {
            enum place place = place_of(&c->a->places[i], &c->b->places[j]);
            c->place = place > c->place ? place : c->place;
        }
    }
    if (c->place != PLACE_NONE) {
        say(c, MATCH_ADDRESS, words[c->place].weight, words[c->place].finding);
    }
    for (size_t i = 0; i < c->a->contact_count; i++) {
        for (size_t j = 0; j < c->b->contact_count; j++) {
            c->contact = c->contact || text_eq(c->a->contacts[i], c->b->contacts[j]);
        }
    }
    if (c->contact) {
        say(c, MATCH_CONTACT, 60, "the same telephone number or e-mail address");
    }
}

static void compare_genders(struct comparison *c)
{
    if (c->a->gender.n && c->b->gender.n) {
        bool same = text_eq(c->a->gender, c->b->gender);
        c->conflict = c->conflict || !same;
        say(c, MATCH_GENDER, same ? 10 : -50, same ? "the same gender" : "different genders");
    }
}

static bool died_before(text death, text birth)
{
    return death.n == 10 && birth.n == 10 && text_cmp(death, birth) < 0;
}

static void compare_deaths(struct comparison *c)
{
    text x = c->a->death;
    text y = c->b->death;
    size_t least = x.n < y.n ? x.n : y.n;
    if (died_before(x, c->b->birth_date) || died_before(y, c->a->birth_date)) {
        c->conflict = true;
        say(c, MATCH_DEATH, -100, "one died before the other was born");
    } else if (least >= 4 && memcmp(x.p, y.p, least) == 0) {
        say(c, MATCH_DEATH, least == 10 ? 60 : 20, "the same date of death");
    } else if (least >= 4 && !match_slip(x, y)) {
        c->conflict = true;
        say(c, MATCH_DEATH, -60, "different dates of death");
    }
}

/* Whether all may as well be said of two who were born together. */
static void compare_twins(struct comparison *c)
{
    unsigned x = c->a->birth_order;
    unsigned y = c->b->birth_order;
    if (x && y && x != y) {
        c->conflict = true;
        say(c, MATCH_TWINS, -120, "different places in the order of a birth of several");
        return;
    }
    bool said = c->a->one_of_many || c->b->one_of_many;
    bool unnamed = c->given == GIVEN_NONE && (c->a->unnamed || c->b->unnamed);
    bool other = c->given != GIVEN_NONE && c->given < GIVEN_FORM;
    if ((c->birth != BIRTH_SAME && c->birth != BIRTH_PART) || c->family < FAMILY_LIKE ||
        !(other || unnamed)) {
        return;
    }
    c->twins = true;
    /* The others are known, and are not the same: as sure as another first name. */
    c->conflict = c->conflict || (said && other) || c->given == GIVEN_FIRST_ONLY;
    say(c, MATCH_TWINS, said ? -100 : -40,
        said ? "one of several born together, and not by the same given name"
             : "they may be twins: all but the given name agrees");
}

/* --- the verdict ---------------------------------------------------------------------------- */

static bool is_certain(const struct comparison *c)
{
    bool named = c->given >= GIVEN_FORM;
    bool none = c->given == GIVEN_NONE && c->family >= FAMILY_PART && !c->a->one_of_many &&
                !c->b->one_of_many;
    return c->number == NUMBER_SAME &&
           ((c->birth == BIRTH_SAME && (named || none)) ||
            (c->birth >= BIRTH_NEAR && named && c->family >= FAMILY_LIKE));
}

static bool is_probable(const struct comparison *c)
{
    bool family = c->family >= FAMILY_LIKE;
    bool named = c->given >= GIVEN_FORM;
    bool near = c->birth >= BIRTH_NEAR;
    if (c->number == NUMBER_SAME) {
        bool nameless = c->family == FAMILY_NONE && c->given == GIVEN_NONE;
        return (c->birth == BIRTH_SAME && (family || named || nameless)) ||
               (near && family && c->given >= GIVEN_SLIP) || (near && named) ||
               ((c->birth == BIRTH_NONE || c->birth == BIRTH_PART) && family && named);
    }
    bool place = c->place >= PLACE_SAME || c->contact || c->identifier || c->number == NUMBER_NEAR;
    bool exact = c->place == PLACE_EXACT || c->contact || c->identifier;
    return !c->twins && ((c->birth == BIRTH_SAME && family && named && place) ||
                         (c->birth == BIRTH_SAME && c->given == GIVEN_SAME && exact) ||
                         (near && c->family == FAMILY_SAME && c->given == GIVEN_SAME && place));
}

static enum match_grade grade_of(const struct comparison *c, double likely)
{
    bool conflict = c->conflict || c->given == GIVEN_OTHER;
    bool same = c->birth == BIRTH_SAME && c->family >= FAMILY_LIKE && c->given >= GIVEN_FORM;
    if (c->number == NUMBER_OTHER) {
        return same && !conflict ? MATCH_POSSIBLE : MATCH_CERTAINLY_NOT;
    }
    if (!conflict && is_certain(c)) {
        return MATCH_CERTAIN;
    }
    if (!conflict && is_probable(c)) {
        return MATCH_PROBABLE;
    }
    return c->number == NUMBER_SAME || c->identifier || same || likely >= 0.5 ? MATCH_POSSIBLE
                                                                              : MATCH_CERTAINLY_NOT;
}

void match_compare(const struct match_person *a, const struct match_person *b,
                   struct match *ret_match)
{
    /* A grade's share of the score, so that the order by score is an order by grade. */
    static const double floors[] = {0, 0.10, 0.60, 0.95};
    static const double tops[] = {0.09, 0.59, 0.94, 1.0};
    struct match m = {.grade = MATCH_CERTAINLY_NOT};
    struct comparison c = {.a = a, .b = b, .m = &m};
    int sum = PRIOR;
    compare_numbers(&c);
    compare_identifiers(&c);
    compare_births(&c);
    compare_names(&c);
    compare_places(&c);
    compare_genders(&c);
    compare_deaths(&c);
    compare_twins(&c);
    for (size_t i = 0; i < MATCH_THINGS; i++) {
        sum += m.things[i].weight;
    }
    double likely = 1 / (1 + exp2(-sum / 10.0));
    m.grade = grade_of(&c, likely);
    double within = floors[m.grade] + likely * (tops[m.grade] - floors[m.grade]);
    m.score = (unsigned)lround(within * 1000);
    *ret_match = m;
}

int match_patients(const yyjson_val *a, const yyjson_val *b, struct arena *arena,
                   struct match *ret_match)
{
    struct match_person *x;
    struct match_person *y;
    if (match_person_make(a, arena, &x) || match_person_make(b, arena, &y)) {
        return ERR_MEMORY;
    }
    match_compare(x, y, ret_match);
    return 0;
}

text match_explain(const struct match *m, struct arena *a)
{
    text all = T("");
    for (size_t i = 0; all.p && i < MATCH_THINGS; i++) {
        if (m->things[i].finding) {
            all =
                arena_printf(a, "%.*s%s%s", TEXT_ARG(all), all.n ? "; " : "", m->things[i].finding);
        }
    }
    return all.n || !all.p ? all : T("nothing that both say can be compared");
}
