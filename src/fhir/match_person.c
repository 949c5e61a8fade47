#include "fhir/index.h"
#include "fhir/match_int.h"

/* A Patient made ready to be compared. */

/* --- arrays --------------------------------------------------------------------------------- */

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

static text folded(const yyjson_val *value, struct arena *a)
{
    return index_fold(index_beginning(json_text(value)), a);
}

/* Without spaces. */
static text squeezed(text value, struct arena *a)
{
    if (text_find(value, ' ') == value.n) {
        return value;
    }
    char *p = arena_alloc(a, value.n);
    size_t n = 0;
    for (size_t i = 0; p && i < value.n; i++) {
        if (value.p[i] != ' ') {
            p[n++] = value.p[i];
        }
    }
    return (text){p, n};
}

/* --- numbers -------------------------------------------------------------------------------- */

static bool stands_for_none(const char digits[11])
{
    bool one = true;
    for (size_t i = 1; i < 10; i++) {
        one = one && digits[i] == digits[0];
    }
    return one || strcmp(digits, "0123456789") == 0 || strcmp(digits, "9876543210") == 0;
}

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
    if (n != 10 || check == 10 || (char)('0' + check) != digits[9] || stands_for_none(digits)) {
        return false;
    }
    if (ret_digits) {
        memcpy(ret_digits, digits, 11);
    }
    return true;
}

/* UK Core's NHSNumberVerificationStatus: traced without success, or in conflict. */
static bool is_doubtful(const yyjson_val *identifier)
{
    static const char codes[] = "04 05 trace-attempted-no-match-or-multiple-match-found "
                                "trace-needs-to-be-resolved";
    bool doubtful = text_eq(json_text(json_get(identifier, T("use"))), T("temp"));
    EACH(extension, json_get(identifier, T("extension")))
    {
        const yyjson_val *concept = json_get(extension, T("valueCodeableConcept"));
        bool status =
            text_ends(json_text(json_get(extension, T("url"))), T("NHSNumberVerificationStatus"));
        const yyjson_val *codings = status ? json_get(concept, T("coding")) : NULL;
        EACH(coding, codings)
        {
            doubtful = doubtful || match_is_word_of(json_text(json_get(coding, T("code"))),
                                                    text_make(codes, sizeof codes - 1));
        }
    }
    return doubtful;
}

static void take_number(struct match_person *p, const yyjson_val *identifier)
{
    text value = json_text(json_get(identifier, T("value")));
    char digits[11];
    if (!match_nhs_number(value, digits)) {
        p->wrong = value.n < 40 ? value : p->wrong;
    } else if (is_doubtful(identifier)) {
        memcpy(p->doubtful, digits, 11);
    } else if (p->number_count < MATCH_CONTACTS_MOST) {
        memcpy(p->numbers[p->number_count++], digits, 11);
    }
}

static void take_identifiers(struct match_person *p, const yyjson_val *root)
{
    EACH(identifier, json_get(root, T("identifier")))
    {
        text system = json_text(json_get(identifier, T("system")));
        text value = json_text(json_get(identifier, T("value")));
        if (text_eq(system, T(MATCH_NHS_NUMBER))) {
            take_number(p, identifier);
        } else if (system.n && value.n && p->identifier_count < MATCH_CONTACTS_MOST) {
            p->identifiers[p->identifier_count++] = (struct match_identifier){system, value};
        }
    }
}

/* --- names ---------------------------------------------------------------------------------- */

/* "Twin 2", "Triplet B": which of them. */
static unsigned order_of(text words)
{
    static const char *const orders[] = {"1 i one first a", "2 ii two second b",
                                         "3 iii three third c", "4 iv four fourth d"};
    text word;
    while (text_cut(&words, ' ', &word)) {
        for (unsigned i = 0; i < 4; i++) {
            if (match_is_word_of(word, text_of(orders[i]))) {
                return i + 1;
            }
        }
    }
    return 0;
}

/* "baby", "twin 2", "b o sharon": true when there is no name in it. */
static bool take_placeholder(struct match_person *p, text words)
{
    text first = text_first(words, text_find(words, ' '));
    if (!match_given_placeholder(first) && !text_starts(words, T("b o ")) &&
        !text_starts(words, T("not known"))) {
        return false;
    }
    bool twin = match_is_word_of(T("twin"), words) || match_is_word_of(T("triplet"), words);
    p->unnamed = true;
    p->one_of_many = p->one_of_many || twin;
    p->birth_order = p->birth_order || !twin ? p->birth_order : order_of(words);
    return true;
}

/* The words of all given names, in order, apart by one space. */
static text given_words(const yyjson_val *name, struct arena *a)
{
    text all = T("");
    size_t count = 0;
    EACH(given, json_get(name, T("given")))
    {
        text one = count++ < MATCH_WORDS_MOST ? folded(given, a) : T("");
        if (!one.p) {
            return one;
        }
        if (one.n) {
            all = all.n ? arena_printf(a, "%.*s %.*s", TEXT_ARG(all), TEXT_ARG(one)) : one;
        }
    }
    return all;
}

static void take_given(struct match_name *n, text words)
{
    text word;
    while (words.n && n->given_count < MATCH_WORDS_MOST && text_cut(&words, ' ', &word)) {
        if (n->given_count == 0 && words.n && !n->custom.n && match_given_custom(word)) {
            n->custom = word;
        } else {
            n->given[n->given_count++] = word;
        }
    }
}

/* Name.text alone: the last word is the family's. */
static void split_text(text whole, text *ret_family, text *ret_given)
{
    size_t at = whole.n;
    while (at && whole.p[at - 1] != ' ') {
        at--;
    }
    *ret_family = text_from(whole, at);
    *ret_given = text_first(whole, at ? at - 1 : 0);
}

static bool take_name(struct match_person *p, const yyjson_val *name, struct arena *a)
{
    struct match_name n = {0};
    text family = folded(json_get(name, T("family")), a);
    text given = given_words(name, a);
    if (family.p && given.p && family.n == 0 && given.n == 0) {
        split_text(folded(json_get(name, T("text")), a), &family, &given);
    }
    n.family = family;
    n.family_whole = squeezed(family, a);
    if (given.n && !take_placeholder(p, given)) {
        take_given(&n, given);
        n.given_whole = squeezed(given, a);
    }
    if ((family.n && !n.family_whole.p) || (n.given_count && !n.given_whole.p)) {
        return false;
    }
    match_sound(n.family_whole, n.sound);
    match_sound(n.given[0], n.given_sound);
    if (n.family.n || n.given_count) {
        p->names[p->name_count++] = n;
    }
    return true;
}

static bool take_names(struct match_person *p, const yyjson_val *root, struct arena *a)
{
    size_t looked = 0;
    EACH(name, json_get(root, T("name")))
    {
        if (looked++ == MATCH_NAMES_MOST) {
            return true;
        }
        if (!take_name(p, name, a)) {
            return false;
        }
    }
    return true;
}

/* --- addresses, telephones ------------------------------------------------------------------ */

/* "flat 2 10 high street" -> "flat210highst". */
static text short_line(const yyjson_val *lines, struct arena *a)
{
    bool some = json_type(lines) == YYJSON_TYPE_ARR && json_len(lines);
    text rest = some ? folded(lines + 1, a) : T("");
    text all = T("");
    text word;
    for (size_t i = 0; i < 12 && rest.n && all.p && text_cut(&rest, ' ', &word); i++) {
        text one = match_line_word(word);
        all = arena_printf(a, "%.*s%.*s", TEXT_ARG(all), TEXT_ARG(one));
    }
    return all;
}

static bool take_addresses(struct match_person *p, const yyjson_val *root, struct arena *a)
{
    EACH(address, json_get(root, T("address")))
    {
        if (p->place_count == MATCH_CONTACTS_MOST) {
            return true;
        }
        text code = squeezed(folded(json_get(address, T("postalCode")), a), a);
        text line = short_line(json_get(address, T("line")), a);
        if (!code.p || !line.p) {
            return false;
        }
        /* ZZ99 is where people are who have no address, or none here. */
        code = text_starts(code, T("zz99")) ? T("") : code;
        if (code.n || line.n) {
            p->places[p->place_count++] = (struct match_place){code, line};
        }
    }
    return true;
}

/* The digits of a telephone number from the national part on, or the e-mail address in lower case;
 * empty: what stands for none. */
static text plain_contact(text value, struct arena *a)
{
    bool email = text_find(value, '@') < value.n;
    value = text_first(text_trim(value), 100);
    char *p = arena_alloc(a, value.n + 1);
    size_t n = 0;
    bool other = false;
    for (size_t i = 0; p && i < value.n; i++) {
        char c = value.p[i];
        if (email) {
            p[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        } else if (c >= '0' && c <= '9') {
            other = other || (n && p[n - 1] != c);
            p[n++] = c;
        }
    }
    if (!p) {
        return (text){0};
    }
    text plain = {p, n};
    bool none = email ? n < 6 || text_starts(plain, T("no@")) || text_starts(plain, T("none@")) ||
                            text_starts(plain, T("noemail")) || text_starts(plain, T("unknown@"))
                      : n < 7 || !other;
    return none ? T("") : email || n <= 10 ? plain : text_from(plain, n - 10);
}

static bool take_contacts(struct match_person *p, const yyjson_val *root, struct arena *a)
{
    EACH(telecom, json_get(root, T("telecom")))
    {
        if (p->contact_count == MATCH_CONTACTS_MOST) {
            return true;
        }
        text value = plain_contact(json_text(json_get(telecom, T("value"))), a);
        if (!value.p) {
            return false;
        }
        if (value.n) {
            p->contacts[p->contact_count++] = value;
        }
    }
    return true;
}

/* --- all together --------------------------------------------------------------------------- */

/* Dates that registers write where none is known. */
static text known_date(text date)
{
    static const char none[] = "1900-01-01 1901-01-01 1800-01-01 1899-12-30 1899-12-31 1111-11-11 "
                               "0001-01-01 9999-12-31 1753-01-01 1900-01 1900";
    bool is_none = match_is_word_of(date, text_make(none, sizeof none - 1));
    return is_none || date.n > 10 ? T("") : date;
}

static void take_birth(struct match_person *p, const yyjson_val *root)
{
    const yyjson_val *said = json_get(root, T("multipleBirthBoolean"));
    uint64_t order = 0;
    p->birth_date = known_date(json_text(json_get(root, T("birthDate"))));
    (void)text_to_u64(json_text(json_get(root, T("multipleBirthInteger"))), &order);
    p->birth_order = order && order < 100 ? (unsigned)order : 0;
    p->one_of_many =
        order > 0 || (said && (said->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE);
}

int match_person_make(const yyjson_val *root, struct arena *a, struct match_person **ret_person)
{
    struct match_person *p = arena_zalloc(a, 1, sizeof *p);
    text gender = json_text(json_get(root, T("gender")));
    if (!p) {
        return ERR_MEMORY;
    }
    p->gender = text_eq(gender, T("male")) || text_eq(gender, T("female")) ? gender : T("");
    p->death = text_first(json_text(json_get(root, T("deceasedDateTime"))), 10);
    take_birth(p, root);
    take_identifiers(p, root);
    if (!take_names(p, root, a) || !take_addresses(p, root, a) || !take_contacts(p, root, a)) {
        return ERR_MEMORY;
    }
    *ret_person = p;
    return 0;
}

bool match_person_says(const struct match_person *p)
{
    return p->number_count || p->doubtful[0] || p->wrong.n || p->identifier_count ||
           p->birth_date.n || p->name_count || p->contact_count;
}
