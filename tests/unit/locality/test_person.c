/* Whether two are one person: near-twins are never joined, and what is written in another way is.
 * docs/locality.md, "The same person". */
#include "locality/person.h"

#include "fhir/match.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

/* --- people -------------------------------------------------------------------------------------
 */

struct human {
    const char *family, *given, *birth, *gender, *postcode;
};
static const struct human people[] = {
    {"Smith", "Ana", "1970-01-02", "female", "LS1 4AP"},
    {"Jones", "David", "1948-11-30", "male", "CF10 1AA"},
    {"Patel", "Priya", "1991-06-15", "female", "LE1 3RR"},
    {"O'Brien", "Siobhan", "1983-03-07", "female", "BT1 5GS"},
    {"Khan", "Mohammed", "1965-12-25", "male", "B8 1RR"},
    {"Nowak", "Łukasz", "1988-02-29", "male", "EH1 1YZ"},
    {"Smith-Jones", "Harriet", "2001-10-10", "female", "SW1A 2AA"},
    {"de la Cruz", "María", "1976-08-19", "female", "M1 1AE"},
    {"Okafor", "Chidi", "1994-05-05", "male", "SE15 4QL"},
    {"Chen", "Wei", "1959-09-09", "male", "L1 8JQ"},
    {"Taylor", "Rose", "1933-04-21", "female", "NE1 7RU"},
    {"Singh", "Gurpreet", "1979-07-03", "male", "UB1 1AA"},
    {"MacLeod", "Iain", "1955-02-14", "male", "IV1 1AA"},
    {"Evans", "Rhys", "2019-01-31", "male", "SA1 1AA"},
    {"Ahmed", "Fatima", "1999-12-01", "female", "BD1 1AA"},
    {"Müller", "Jürgen", "1962-06-06", "male", "BS1 1AA"},
    {"Wilson", "Grace", "2010-08-08", "female", "NG1 1AA"},
    {"Adeyemi", "Tunde", "1985-11-11", "male", "E1 1AA"},
    {"Kowalska", "Zofia", "1972-03-23", "female", "PE1 1AA"},
    {"Brown", "Leonard", "1941-10-02", "male", "YO1 1AA"},
};
enum { PEOPLE = sizeof people / sizeof *people };

static void number_of(size_t i, char ret[11])
{
    for (unsigned n = 943476500 + (unsigned)i * 37;; n++) {
        for (char check = '0'; check <= '9'; check++) {
            (void)snprintf(ret, 11, "%09u%c", n, check);
            if (match_nhs_number(text_of(ret), NULL)) {
                return;
            }
        }
    }
}

static struct subject subject_of(const struct human *h, const char *number)
{
    return (struct subject){text_of(number),   text_of(h->family), text_of(h->given),
                            text_of(h->birth), text_of(h->gender), text_of(h->postcode)};
}

static enum sameness compare(const struct subject *s, const struct human *h, const char *number,
                             struct arena *a)
{
    enum sameness same = SAME_PERSON;
    text why;
    struct err e = {0};
    yyjson_val *patient;
    text json = arena_printf(
        a,
        "{\"resourceType\":\"Patient\",\"id\":\"p\",\"identifier\":[{\"system\":\"" MATCH_NHS_NUMBER
        "\",\"value\":\"%s\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"]}],\"birthDate\":"
        "\"%s\",\"gender\":\"%s\",\"address\":[{\"postalCode\":\"%s\"}]}",
        number, h->family, h->given, h->birth, h->gender, h->postcode);
    assert_int_equal(json_read(json, 64, a, &patient, &e), 0);
    assert_int_equal(person_same(s, patient, a, &same, &why, &e), 0);
    assert_true(same != SAME_CONFLICT || why.n != 0);
    return same;
}

/* --- near-twins ---------------------------------------------------------------------------------
 */

/* One digit, two digits or a part of a birth date otherwise; other parts stay. */
static void turn_date(const char *from, char to[11], size_t at)
{
    (void)snprintf(to, 11, "%s", from);
    to[at] = to[at] == '0' ? '1' : '0';
}

static void with_birth(const struct human *h, const char *birth, const struct subject *s,
                       const char *number, struct arena *a, unsigned *count)
{
    struct human twin = *h;
    twin.birth = birth;
    if (strcmp(birth, h->birth) != 0) {
        assert_int_equal(compare(s, &twin, number, a), SAME_CONFLICT);
        ++*count;
    }
}

/* The number was given to the wrong one, or one is a slip for the other. */
static void near_birth_dates(size_t i, const struct subject *s, const char *number, struct arena *a,
                             unsigned *count)
{
    static const size_t places[] = {3, 6, 9};
    const struct human *h = &people[i];
    char birth[11];
    for (size_t k = 0; k < 3; k++) {
        turn_date(h->birth, birth, places[k]);
        with_birth(h, birth, s, number, a, count);
    }
    (void)snprintf(birth, sizeof birth, "%.4s-%.2s-%.2s", h->birth, h->birth + 8, h->birth + 5);
    with_birth(h, birth, s, number, a, count);
    (void)snprintf(birth, sizeof birth, "%.4s-%.2s", h->birth, h->birth + 5);
    with_birth(h, birth, s, number, a, count);
    (void)snprintf(birth, sizeof birth, "19%02zu%.6s", 11 + i, h->birth + 4); /* a generation */
    with_birth(h, birth, s, number, a, count);
}

static void near_names(size_t i, const struct subject *s, const char *number, struct arena *a,
                       unsigned *count)
{
    const struct human *h = &people[i], *next = &people[(i + 1) % PEOPLE];
    struct human twin = *h;
    bool same_name = strcmp(next->given, h->given) == 0;
    assert_false(same_name);
    twin.given = next->given; /* a twin's */
    assert_int_equal(compare(s, &twin, number, a), SAME_CONFLICT);
    twin = *h;
    twin.family = next->family; /* a maiden name, and another address */
    twin.postcode = "ZE1 0AA";
    assert_int_equal(compare(s, &twin, number, a), SAME_CONFLICT);
    twin = *next; /* somebody else, to whom the number was given */
    assert_int_equal(compare(s, &twin, number, a), SAME_CONFLICT);
    twin = *h;
    twin.gender = strcmp(h->gender, "male") == 0 ? "female" : "male";
    assert_int_equal(compare(s, &twin, number, a), SAME_CONFLICT);
    *count += 4;
}

static void other_numbers(size_t i, const struct subject *s, const char *number, struct arena *a,
                          unsigned *count)
{
    char other[11], wrong[11];
    number_of(i + 1, other);
    (void)snprintf(wrong, sizeof wrong, "%s", number);
    wrong[9] = wrong[9] == '9' ? '0' : (char)(wrong[9] + 1);
    assert_int_equal(compare(s, &people[i], other, a), SAME_NOT);
    assert_int_equal(compare(s, &people[i], wrong, a), SAME_NOT);
    assert_int_equal(compare(s, &people[i], "9999999999", a), SAME_NOT);
    *count += 3;
}

static void near_twins_are_never_joined(void **state)
{
    unsigned count = 0;
    (void)state;
    for (size_t i = 0; i < PEOPLE; i++) {
        struct arena a;
        char number[11];
        arena_init(&a, 1 << 20);
        number_of(i, number);
        struct subject s = subject_of(&people[i], number);
        assert_int_equal(compare(&s, &people[i], number, &a), SAME_PERSON);
        near_birth_dates(i, &s, number, &a, &count);
        near_names(i, &s, number, &a, &count);
        other_numbers(i, &s, number, &a, &count);
        arena_done(&a);
    }
    print_message("%u near-twins, none joined\n", count);
    assert_true(count >= 200);
}

/* --- the same, written in another way -----------------------------------------------------------
 */

static void what_is_written_in_another_way_is_joined(void **state)
{
    static const struct {
        struct human here, there;
        bool same;
    } rows[] = {
        {{"Smith", "Ana", "1970-01-02", "female", "LS1 4AP"},
         {"SMITH", "ANA", "1970-01-02", "female", "ls14ap"},
         true},
        {{"Müller", "Jürgen", "1962-06-06", "male", "BS1 1AA"},
         {"Muller", "Jurgen", "1962-06-06", "male", "BS1 1AA"},
         true},
        {{"Smith-Jones", "Harriet", "2001-10-10", "female", "SW1A 2AA"},
         {"Smith Jones", "Harriet", "2001-10-10", "female", "EX1 1AA"},
         true},
        {{"O'Brien", "Siobhan", "1983-03-07", "female", "BT1 5GS"},
         {"OBrien", "Siobhán", "1983-03-07", "female", "EX1 1AA"},
         true},
        /* Married, at the same address: given name and postcode carry it. */
        {{"Smith", "Ana", "1970-01-02", "female", "LS1 4AP"},
         {"Kowalska", "Ana", "1970-01-02", "female", "LS1 4AP"},
         true},
        /* Alike is not enough where the address is another one. */
        {{"Smith", "Ana", "1970-01-02", "female", "LS1 4AP"},
         {"Smyth", "Ana", "1970-01-02", "female", "EX1 1AA"},
         false},
        {{"Smith", "Ana", "1970-01-02", "female", "LS1 4AP"},
         {"Smithe", "Anna", "1970-01-02", "female", "LS1 4AP"},
         false},
    };
    char number[11], spaced[13];
    (void)state;
    number_of(3, number);
    (void)snprintf(spaced, sizeof spaced, "%.3s %.3s %.4s", number, number + 3, number + 6);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        struct subject s = subject_of(&rows[i].here, number);
        enum sameness wanted = rows[i].same ? SAME_PERSON : SAME_CONFLICT;
        if (compare(&s, &rows[i].there, spaced, &a) != wanted) {
            fail_msg("row %zu is %s", i, rows[i].same ? "not joined" : "joined");
        }
        s = subject_of(&rows[i].there, spaced);
        if (compare(&s, &rows[i].here, number, &a) != wanted) {
            fail_msg("row %zu, the other way round, is %s", i,
                     rows[i].same ? "not joined" : "joined");
        }
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_twins_are_never_joined),
        cmocka_unit_test(what_is_written_in_another_way_is_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
