#include "fhir/match.h"

#include "fhir/index.h"

#include <math.h>

enum {
    NAMES_MOST = 16,    /* of one patient that are looked at */
    CONTACTS_MOST = 16, /* numbers and addresses of post */
    PRIOR = -170,       /* two of some 130,000 people are the same one */
};

/* What is compared, made ready. */
struct person {
    char number[11]; /* a valid NHS number, or empty */
    text wrong;      /* one that is none */
    text birth_date;
    text gender;
    text families[NAMES_MOST];
    size_t family_count;
    text givens[NAMES_MOST]; /* the first of each name, then the others */
    size_t given_count;
    size_t first_given_count;
    text postcodes[CONTACTS_MOST];
    text lines[CONTACTS_MOST];
    size_t address_count;
    text contacts[CONTACTS_MOST];
    size_t contact_count;
    bool one_of_many; /* multipleBirth */
};

const char *match_grade_code(enum match_grade grade)
{
    static const char *const codes[] = {"certainly-not", "possible", "probable", "certain"};
    return codes[grade];
}

/* --- a person as text ----------------------------------------------------------------------- */

bool match_nhs_number(text value, char ret_digits[11])
{
    char digits[11] = {0};
    size_t n = 0;
    unsigned sum = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == ' ' || c == '-') {
            continue;
        }
        if (c < '0' || c > '9' || n == 10) {
            return false;
        }
        sum += n < 9 ? (unsigned)(c - '0') * (unsigned)(10 - n) : 0;
        digits[n++] = c;
    }
    unsigned check = (11 - sum % 11) % 11;
    if (n != 10 || check == 10 || (char)('0' + check) != digits[9]) {
        return false;
    }
    if (ret_digits) {
        memcpy(ret_digits, digits, 11);
    }
    return true;
}

/* Items of an array member, one after another; NULL at the end. */
static const yyjson_val *next_of(const yyjson_val *array, const yyjson_val *item, size_t *left)
{
    if (!item) {
        *left = json_type(array) == YYJSON_TYPE_ARR ? json_len(array) : 0;
        return *left ? array + 1 : NULL;
    }
    (*left)--;
    return *left ? json_after(item) : NULL;
}

#define EACH(item, array)                                                       \
    for (size_t left_##item = 0, once_##item = 1; once_##item; once_##item = 0) \
        for (const yyjson_val *item = next_of(array, NULL, &left_##item); item; \
             item = next_of(array, item, &left_##item))

static void add_text(text *list, size_t *count, size_t most, text t)
{
    for (size_t i = 0; i < *count; i++) {
        if (text_eq(list[i], t)) {
            return;
        }
    }
    if (t.n && *count < most) {
        list[(*count)++] = t;
    }
}

/* Letters and digits alone, folded: "SW1A 1AA" and "sw1a1aa". */
static text squeezed(text value, struct arena *a)
{
    text folded = index_fold(value, a);
    char *p = folded.p ? arena_alloc(a, folded.n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; p && i < folded.n; i++) {
        if (folded.p[i] != ' ') {
            p[n++] = folded.p[i];
        }
    }
    return p ? (text){p, n} : (text){0};
}

static bool take_names(struct person *p, const yyjson_val *root, struct arena *a)
{
    bool ok = true;
    for (int later = 0; later < 2; later++) {
        EACH(name, json_get(root, T("name")))
        {
            text family = index_fold(json_text(json_get(name, T("family"))), a);
            size_t at = 0;
            ok = ok && family.p;
            if (!later) {
                add_text(p->families, &p->family_count, NAMES_MOST, family);
            }
            EACH(given, json_get(name, T("given")))
            {
                text folded = index_fold(json_text(given), a);
                ok = ok && folded.p;
                if ((at++ > 0) == (later > 0)) {
                    add_text(p->givens, &p->given_count, NAMES_MOST, folded);
                }
            }
        }
        p->first_given_count = later ? p->first_given_count : p->given_count;
    }
    return ok;
}

static bool take_addresses(struct person *p, const yyjson_val *root, struct arena *a)
{
    bool ok = true;
    EACH(address, json_get(root, T("address")))
    {
        const yyjson_val *lines = json_get(address, T("line"));
        text first = json_type(lines) == YYJSON_TYPE_ARR && json_len(lines) ? json_text(lines + 1)
                                                                            : (text){0};
        text code = squeezed(json_text(json_get(address, T("postalCode"))), a);
        text line = squeezed(first, a);
        ok = ok && code.p && line.p;
        if (p->address_count < CONTACTS_MOST) {
            p->postcodes[p->address_count] = code;
            p->lines[p->address_count++] = line;
        }
    }
    return ok;
}

static bool take_contacts(struct person *p, const yyjson_val *root, struct arena *a)
{
    bool ok = true;
    EACH(telecom, json_get(root, T("telecom")))
    {
        text value = squeezed(json_text(json_get(telecom, T("value"))), a);
        ok = ok && value.p;
        if (text_starts(value, T("+44"))) {
            text rest = text_from(value, 3);
            value = arena_printf(a, "0%.*s", TEXT_ARG(rest));
        }
        add_text(p->contacts, &p->contact_count, CONTACTS_MOST, value);
    }
    return ok;
}

static void take_number(struct person *p, const yyjson_val *root)
{
    EACH(identifier, json_get(root, T("identifier")))
    {
        text value = json_text(json_get(identifier, T("value")));
        if (text_eq(json_text(json_get(identifier, T("system"))), T(MATCH_NHS_NUMBER)) &&
            !p->number[0] && !match_nhs_number(value, p->number)) {
            p->wrong = value;
        }
    }
}

static bool is_multiple(const yyjson_val *root)
{
    const yyjson_val *said = json_get(root, T("multipleBirthBoolean"));
    return json_get(root, T("multipleBirthInteger")) ||
           (said && (said->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE);
}

static int make_person(const yyjson_val *root, struct arena *a, struct person *p)
{
    *p = (struct person){.birth_date = json_text(json_get(root, T("birthDate"))),
                         .gender = json_text(json_get(root, T("gender"))),
                         .one_of_many = is_multiple(root)};
    take_number(p, root);
    return take_names(p, root, a) && take_addresses(p, root, a) && take_contacts(p, root, a)
               ? 0
               : ERR_MEMORY;
}

/* --- one thing after another ---------------------------------------------------------------- */

static void say(struct match *m, enum match_thing thing, int weight, const char *finding)
{
    m->things[thing].weight = weight;
    m->things[thing].finding = finding;
}

static void compare_numbers(const struct person *a, const struct person *b, struct match *m)
{
    text x = a->number[0] ? text_of(a->number) : a->wrong;
    text y = b->number[0] ? text_of(b->number) : b->wrong;
    bool valid = a->number[0] && b->number[0];
    if (x.n == 0 || y.n == 0) {
        return;
    }
    if (valid && text_eq(x, y)) {
        say(m, MATCH_NUMBER, 200, "the same NHS number");
    } else if (valid) {
        say(m, MATCH_NUMBER, -120, "different NHS numbers");
    } else if (text_eq(x, y) || match_slip(x, y)) {
        say(m, MATCH_NUMBER, 60, "NHS numbers one slip apart, of which one is not valid");
    } else {
        say(m, MATCH_NUMBER, -40, "different NHS numbers, of which one is not valid");
    }
}

/* 1987-03-05 and 1987-05-03. */
static bool swapped_day_and_month(text x, text y)
{
    return x.n == 10 && y.n == 10 && memcmp(x.p, y.p, 4) == 0 && memcmp(x.p + 5, y.p + 8, 2) == 0 &&
           memcmp(x.p + 8, y.p + 5, 2) == 0;
}

static void compare_births(const struct person *a, const struct person *b, struct match *m)
{
    text x = a->birth_date;
    text y = b->birth_date;
    size_t least = x.n < y.n ? x.n : y.n;
    if (least < 4) {
        return;
    }
    if (memcmp(x.p, y.p, least) == 0) {
        say(m, MATCH_BIRTH_DATE,
            least == 10  ? 130
            : least == 7 ? 90
                         : 50,
            least == 10 ? "the same birth date" : "the same birth date, as far as it is known");
    } else if (swapped_day_and_month(x, y)) {
        say(m, MATCH_BIRTH_DATE, 70, "birth dates with day and month changed round");
    } else if (match_slip(x, y)) {
        say(m, MATCH_BIRTH_DATE, 60, "birth dates one slip apart");
    } else {
        say(m, MATCH_BIRTH_DATE, -100, "different birth dates");
    }
}

/* How well two lists of names agree: the best pair. */
enum agreement { AGREE_NOTHING, AGREE_DIFFERENT, AGREE_SOUND, AGREE_PART, AGREE_SAME };

static bool sounds_alike(text x, text y)
{
    char code_x[MATCH_SOUND_SIZE];
    char code_y[MATCH_SOUND_SIZE];
    match_sound(x, code_x);
    match_sound(y, code_y);
    return code_x[0] && strcmp(code_x, code_y) == 0;
}

/* A word of a name of several: "smith" of "smith jones". */
static bool is_word_of(text part, text whole)
{
    text word;
    while (text_cut(&whole, ' ', &word)) {
        if (text_eq(part, word)) {
            return true;
        }
    }
    return false;
}

static enum agreement compare_names(text x, text y)
{
    if (text_eq(x, y)) {
        return AGREE_SAME;
    }
    if (is_word_of(x, y) || is_word_of(y, x)) {
        return AGREE_PART;
    }
    bool slip = x.n > 3 && y.n > 3 && match_slip(x, y);
    return slip || sounds_alike(x, y) ? AGREE_SOUND : AGREE_DIFFERENT;
}

static enum agreement best_of(const text *x, size_t x_count, const text *y, size_t y_count)
{
    enum agreement best = AGREE_NOTHING;
    for (size_t i = 0; i < x_count; i++) {
        for (size_t j = 0; j < y_count; j++) {
            enum agreement one = compare_names(x[i], y[j]);
            best = one > best ? one : best;
        }
    }
    return best;
}

static void compare_families(const struct person *a, const struct person *b, struct match *m)
{
    bool changes = text_eq(a->gender, T("female")) || text_eq(b->gender, T("female"));
    switch (best_of(a->families, a->family_count, b->families, b->family_count)) {
    case AGREE_SAME:
        say(m, MATCH_FAMILY, 90, "the same family name");
        break;
    case AGREE_PART:
        say(m, MATCH_FAMILY, 60, "family names that share a part");
        break;
    case AGREE_SOUND:
        say(m, MATCH_FAMILY, 50, "family names that sound alike or are one slip apart");
        break;
    case AGREE_DIFFERENT:
        say(m, MATCH_FAMILY, changes ? -40 : -70, "different family names");
        break;
    default:
        break;
    }
}

/* Short forms of given names that people go by. */
static const char *const short_forms[] = {
    "alexander alex sandy alec",
    "andrew andy drew",
    "anthony tony",
    "barbara barb babs",
    "benjamin ben",
    "catherine kate katie cathy kath",
    "charles charlie chas",
    "christina christine chris",
    "christopher chris",
    "daniel dan danny",
    "david dave davy dai",
    "deborah debbie deb",
    "dorothy dot dottie",
    "edward ed eddie ted ned",
    "elizabeth liz beth betty lizzie eliza",
    "frederick fred freddie",
    "geoffrey jeffrey geoff jeff",
    "gillian jill gill",
    "henry harry",
    "isabella isabel bella izzy",
    "jacqueline jackie",
    "james jim jimmy jamie",
    "jennifer jen jenny",
    "joanne jo joanna",
    "john jack johnny",
    "jonathan jon",
    "joseph joe joey",
    "joshua josh",
    "kenneth ken kenny",
    "lawrence laurence larry",
    "leonard len lenny",
    "margaret maggie peggy meg rita",
    "matthew matt",
    "michael mike mick micky",
    "mohammed muhammad mohamed mohammad mo",
    "nicholas nick",
    "pamela pam",
    "patricia pat trish tricia",
    "patrick pat paddy",
    "peter pete",
    "philip phil",
    "rebecca becky becca",
    "richard dick rick ricky rich",
    "robert bob rob bobby robbie bert",
    "ronald ron ronnie",
    "samantha sam",
    "samuel sam",
    "sarah sally",
    "stephen steven steve",
    "susan sue suzanne susie",
    "theresa teresa tess terry",
    "thomas tom tommy",
    "timothy tim",
    "victoria vicky tori",
    "walter wally walt",
    "william bill will billy willie liam",
};

static bool same_by_short_form(text x, text y)
{
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++) {
        text forms = text_of(short_forms[i]);
        if (is_word_of(x, forms) && is_word_of(y, forms)) {
            return true;
        }
    }
    return false;
}

static bool any_pair(const struct person *a, const struct person *b, bool (*holds)(text, text))
{
    for (size_t i = 0; i < a->first_given_count; i++) {
        for (size_t j = 0; j < b->first_given_count; j++) {
            if (holds(a->givens[i], b->givens[j])) {
                return true;
            }
        }
    }
    return false;
}

static bool same_initial(text x, text y)
{
    return x.n && y.n && (x.n == 1 || y.n == 1) && x.p[0] == y.p[0];
}

static void compare_givens(const struct person *a, const struct person *b, struct match *m)
{
    enum agreement first =
        best_of(a->givens, a->first_given_count, b->givens, b->first_given_count);
    if (first == AGREE_NOTHING) {
        return;
    }
    if (first == AGREE_SAME) {
        say(m, MATCH_GIVEN, 70, "the same given name");
    } else if (any_pair(a, b, same_by_short_form)) {
        say(m, MATCH_GIVEN, 50, "given names of which one is short for the other");
    } else if (best_of(a->givens, a->given_count, b->givens, b->given_count) == AGREE_SAME) {
        say(m, MATCH_GIVEN, 35, "a given name that is the other's middle name");
    } else if (first == AGREE_PART || first == AGREE_SOUND) {
        say(m, MATCH_GIVEN, 35, "given names that sound alike or are one slip apart");
    } else if (any_pair(a, b, same_initial)) {
        say(m, MATCH_GIVEN, 15, "the same initial");
    } else {
        say(m, MATCH_GIVEN, -80, "different given names");
    }
}

/* Given and family name changed round, as on forms that ask for them in another order. */
static void compare_swapped(const struct person *a, const struct person *b, struct match *m)
{
    bool there = m->things[MATCH_FAMILY].weight < 0 && m->things[MATCH_GIVEN].weight < 0;
    if (there && best_of(a->families, a->family_count, b->givens, b->given_count) == AGREE_SAME &&
        best_of(a->givens, a->given_count, b->families, b->family_count) == AGREE_SAME) {
        say(m, MATCH_FAMILY, 70, "family and given name changed round");
        say(m, MATCH_GIVEN, 60, NULL);
    }
}

static void compare_addresses(const struct person *a, const struct person *b, struct match *m)
{
    int best = 0;
    bool both = false;
    for (size_t i = 0; i < a->address_count; i++) {
        for (size_t j = 0; j < b->address_count; j++) {
            text x = a->postcodes[i];
            text y = b->postcodes[j];
            bool same = x.n && text_eq(x, y);
            both = both || (x.n && y.n);
            /* The last three characters of a postcode are its inward part. */
            bool district =
                x.n > 4 && y.n > 4 && text_eq(text_first(x, x.n - 3), text_first(y, y.n - 3));
            bool line = a->lines[i].n && text_eq(a->lines[i], b->lines[j]);
            int one = same && line ? 100 : same ? 80 : district ? 25 : line ? 20 : 0;
            best = one > best ? one : best;
        }
    }
    if (best >= 80) {
        say(m, MATCH_ADDRESS, best, best == 100 ? "the same address" : "the same postcode");
    } else if (best) {
        say(m, MATCH_ADDRESS, best, "addresses near each other");
    } else if (both) {
        say(m, MATCH_ADDRESS, -15, "different postcodes");
    }
}

static void compare_rest(const struct person *a, const struct person *b, struct match *m)
{
    if (a->gender.n && b->gender.n && !text_eq(a->gender, T("unknown")) &&
        !text_eq(b->gender, T("unknown"))) {
        bool same = text_eq(a->gender, b->gender);
        say(m, MATCH_GENDER, same ? 10 : -50, same ? "the same gender" : "different genders");
    }
    for (size_t i = 0; i < a->contact_count; i++) {
        for (size_t j = 0; j < b->contact_count; j++) {
            if (text_eq(a->contacts[i], b->contacts[j])) {
                say(m, MATCH_CONTACT, 60, "the same telephone number or e-mail address");
            }
        }
    }
    bool given_differs = m->things[MATCH_GIVEN].weight < 50;
    if (m->things[MATCH_BIRTH_DATE].weight >= 130 && m->things[MATCH_FAMILY].weight >= 90 &&
        m->things[MATCH_GIVEN].finding && given_differs) {
        bool said = a->one_of_many || b->one_of_many;
        say(m, MATCH_TWINS, said ? -100 : -60,
            said ? "one of several born together, with another given name"
                 : "they may be twins: all but the given name agrees");
    }
}

/* --- the verdict ---------------------------------------------------------------------------- */

static int weight(const struct match *m, enum match_thing thing)
{
    return m->things[thing].weight;
}

static enum match_grade grade_of(const struct match *m, double likely)
{
    bool number = weight(m, MATCH_NUMBER) == 200;
    bool other_number = weight(m, MATCH_NUMBER) == -120;
    bool born = weight(m, MATCH_BIRTH_DATE) >= 130;
    bool born_near = weight(m, MATCH_BIRTH_DATE) >= 60;
    bool family = weight(m, MATCH_FAMILY) >= 50;
    bool given = weight(m, MATCH_GIVEN) >= 35;
    bool place = weight(m, MATCH_ADDRESS) >= 80 || weight(m, MATCH_CONTACT) > 0;
    bool conflict = m->things[MATCH_TWINS].finding || weight(m, MATCH_GENDER) < 0;
    if (number && !conflict && ((born && (family || given)) || (born_near && family && given))) {
        return MATCH_CERTAIN;
    }
    if (other_number) {
        return born && family && given && !conflict ? MATCH_POSSIBLE : MATCH_CERTAINLY_NOT;
    }
    if (!conflict &&
        ((number && likely >= 0.99 && (born_near || (family && given))) ||
         (born && family && given && place) ||
         (born_near && weight(m, MATCH_FAMILY) >= 90 && weight(m, MATCH_GIVEN) >= 70 && place))) {
        return MATCH_PROBABLE;
    }
    return number || likely >= 0.5 ? MATCH_POSSIBLE : MATCH_CERTAINLY_NOT;
}

int match_patients(const yyjson_val *a, const yyjson_val *b, struct arena *arena,
                   struct match *ret_match)
{
    /* A grade's share of the score, so that the order by score is an order by grade. */
    static const double floors[] = {0, 0.10, 0.60, 0.95};
    static const double tops[] = {0.09, 0.59, 0.94, 1.0};
    struct person x;
    struct person y;
    struct match m = {.grade = MATCH_CERTAINLY_NOT};
    int sum = PRIOR;
    if (make_person(a, arena, &x) || make_person(b, arena, &y)) {
        return ERR_MEMORY;
    }
    compare_numbers(&x, &y, &m);
    compare_births(&x, &y, &m);
    compare_families(&x, &y, &m);
    compare_givens(&x, &y, &m);
    compare_swapped(&x, &y, &m);
    compare_addresses(&x, &y, &m);
    compare_rest(&x, &y, &m);
    for (size_t i = 0; i < MATCH_THINGS; i++) {
        sum += m.things[i].weight;
    }
    double likely = 1 / (1 + exp2(-sum / 10.0));
    m.grade = grade_of(&m, likely);
    double within = floors[m.grade] + likely * (tops[m.grade] - floors[m.grade]);
    m.score = (unsigned)lround(within * 1000);
    *ret_match = m;
    return 0;
}

text match_explain(const struct match *m, struct arena *a)
{
    text all = T("");
    for (size_t i = 0; i < MATCH_THINGS; i++) {
        if (m->things[i].finding) {
            all =
                arena_printf(a, "%.*s%s%s", TEXT_ARG(all), all.n ? "; " : "", m->things[i].finding);
        }
    }
    return all.n ? all : T("nothing that both say can be compared");
}
