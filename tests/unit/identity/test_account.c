/* Accounts: what may be kept, the rows that lead to them, the actors that they are. */
#include "identity_kit.h"

static struct account_role gp = {.code = {"R8000", 5}};

static struct account person(const char *name, const char *login)
{
    return (struct account){.name = text_of(name), .login = text_of(login), .kind = ACTOR_PERSON};
}

static void test_login(void **state)
{
    struct kit *k = *state;
    struct account one = person("One", "Str\xc3\xa4\xc3\x9f"
                                       "E");
    struct account two = person("Two", "STRA\xcc\x88SSE");
    struct account found;
    assert_int_equal(account_add(k->kept, &one, &k->a, NULL), 0);
    assert_int_equal(account_add(k->kept, &two, &k->a, NULL), ERR_CONFLICT);
    assert_int_equal(account_by_login(k->kept, two.login, &k->a, &found, NULL), 0);
    assert_true(text_eq(found.id, one.id));
    static const char *const bad[] = {"", "ab", "with space", "a/b/c", "a<b>c", "tab\tx", "a\"bc"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text folded;
        assert_int_equal(login_fold(text_of(bad[i]), &k->a, &folded, NULL), ERR_VALUE);
        assert_int_equal(account_by_login(k->kept, text_of(bad[i]), &k->a, &found, NULL),
                         ERR_NOT_FOUND);
    }
}

static const struct {
    const char *number;
    bool valid;
} numbers[] = {{"9000000009", true}, {"9000000017", true},   {"9449304130", true},
               {"9990500002", true}, {"9912003888", true},   {"9000000008", false},
               {"900000000", false}, {"90000000090", false}, {"900000000a", false},
               {"", false},          {"1234567890", false}};

static void test_nhs_number(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(nhs_number_valid(text_of(numbers[i].number)), numbers[i].valid);
    }
    struct account one = person("One", "one");
    struct account two = person("Two", "two");
    struct account found;
    one.nhs_number = T("9000000009");
    two.nhs_number = T("9000000009");
    assert_int_equal(account_add(k->kept, &one, &k->a, NULL), 0);
    assert_int_equal(account_add(k->kept, &two, &k->a, NULL), ERR_CONFLICT);
    two.nhs_number = T("9000000008");
    assert_int_equal(account_add(k->kept, &two, &k->a, NULL), ERR_VALUE);
    assert_int_equal(account_by_nhs_number(k->kept, one.nhs_number, &k->a, &found, NULL), 0);
    assert_true(text_eq(found.id, one.id));
}

static void test_rules(void **state)
{
    struct kit *k = *state;
    struct err e = {0};
    struct account_role unknown = {.code = T("R9999")};
    struct account a = person("A", "aaa");
    a.roles = &gp;
    a.role_count = 1;
    assert_int_equal(account_add(k->kept, &a, &k->a, &e), ERR_VALUE); /* a patient with a role */
    a.kind = ACTOR_PROFESSIONAL;
    a.roles = &unknown;
    assert_int_equal(account_add(k->kept, &a, &k->a, &e), ERR_VALUE);
    assert_non_null(strstr(err_text(&e), "R8000"));
    a.roles = &gp;
    a.person = T("Patient/1");
    assert_int_equal(account_add(k->kept, &a, &k->a, &e), ERR_VALUE);
    a.person = T("Practitioner/1");
    a.nhs_number = T("9000000009");
    assert_int_equal(account_add(k->kept, &a, &k->a, &e), ERR_VALUE);
    a.nhs_number = T("");
    assert_int_equal(account_add(k->kept, &a, &k->a, &e), 0);
    struct account other = person("B", "bbb");
    other.person = T("Patient/1");
    other.patient = T("2");
    assert_int_equal(account_add(k->kept, &other, &k->a, &e), ERR_VALUE);
    other.person = T("RelatedPerson/1");
    assert_int_equal(account_add(k->kept, &other, &k->a, &e), 0);
}

static void test_change(void **state)
{
    struct kit *k = *state;
    struct account_passkey key = {.id = T("cred"), .key = T("cose"), .name = T("Phone")};
    struct account_external external = {T("nhs-login"), T("sub")};
    struct account a = person("A", "aaa");
    struct account b = person("B", "bbb");
    struct account was;
    struct account found;
    assert_int_equal(account_add(k->kept, &a, &k->a, NULL), 0);
    assert_int_equal(account_add(k->kept, &b, &k->a, NULL), 0);
    assert_int_equal(account_read(k->kept, a.id, &k->a, &was, NULL), 0);
    struct account changed = was;
    changed.login = T("ccc");
    changed.passkeys = &key;
    changed.passkey_count = 1;
    changed.externals = &external;
    changed.external_count = 1;
    assert_int_equal(account_change(k->kept, &was, &changed, &k->a, NULL), 0);
    /* From what is there no more nothing is changed. */
    assert_int_equal(account_change(k->kept, &was, &changed, &k->a, NULL), ERR_CONFLICT);
    assert_int_equal(account_by_login(k->kept, T("aaa"), &k->a, &found, NULL), ERR_NOT_FOUND);
    assert_int_equal(account_by_login(k->kept, T("ccc"), &k->a, &found, NULL), 0);
    assert_int_equal(account_by_passkey(k->kept, T("cred"), &k->a, &found, NULL), 0);
    assert_int_equal(account_by_external(k->kept, T("nhs-login"), T("sub"), &k->a, &found, NULL),
                     0);
    assert_true(text_eq(found.passkeys[0].name, T("Phone")));
    /* What one has no other gets. */
    assert_int_equal(account_read(k->kept, b.id, &k->a, &was, NULL), 0);
    changed = was;
    changed.passkeys = &key;
    changed.passkey_count = 1;
    assert_int_equal(account_change(k->kept, &was, &changed, &k->a, NULL), ERR_CONFLICT);
    /* What goes leads nowhere. */
    changed = found;
    changed.passkey_count = 0;
    changed.external_count = 0;
    assert_int_equal(account_change(k->kept, &found, &changed, &k->a, NULL), 0);
    assert_int_equal(account_by_passkey(k->kept, T("cred"), &k->a, &found, NULL), ERR_NOT_FOUND);
    assert_int_equal(account_by_external(k->kept, T("nhs-login"), T("sub"), &k->a, &found, NULL),
                     ERR_NOT_FOUND);
}

static bool has_party(const struct actor *actor, const char *party)
{
    for (size_t i = 0; i < actor->party_count; i++) {
        if (text_eq(actor->parties[i], text_of(party))) {
            return true;
        }
    }
    return false;
}

static void test_actor(void **state)
{
    struct kit *k = *state;
    text team = T("CareTeam/t");
    text more = T("PractitionerRole/r");
    struct account_role roles[] = {
        {.code = T("R8009"), .organisation = T("Organization/x"), .teams = &team, .team_count = 1},
        {.code = T("R0001"), .organisation = T("Organization/x")},
        {.code = T("R8000"), .organisation = T("Organization/y")}};
    struct account a = {.id = T("1"),
                        .name = T("A"),
                        .kind = ACTOR_PROFESSIONAL,
                        .person = T("Practitioner/p"),
                        .roles = roles,
                        .role_count = 3};
    struct actor actor;
    assert_int_equal(account_actor(&a, 0, &more, 1, &k->a, &actor, NULL), 0);
    assert_true(actor.activities & ACTIVITY_BIT(ACTIVITY_BOOK));
    assert_false(actor.activities & ACTIVITY_BIT(ACTIVITY_REVIEW)); /* until it is chosen */
    assert_false(actor.activities & ACTIVITY_BIT(ACTIVITY_PRESCRIBE));
    assert_int_equal(actor.purpose, PURPOSE_OPERATIONS);
    assert_true(has_party(&actor, "Practitioner/p") && has_party(&actor, "Organization/x") &&
                has_party(&actor, "CareTeam/t") && has_party(&actor, "PractitionerRole/r"));
    assert_false(has_party(&actor, "Organization/y"));
    assert_int_equal(account_actor(&a, 1, NULL, 0, &k->a, &actor, NULL), 0);
    assert_true(actor.activities & ACTIVITY_BIT(ACTIVITY_REVIEW));
    assert_false(actor.activities & ACTIVITY_BIT(ACTIVITY_BOOK));
    assert_true(has_party(&actor, "Organization/x"));
    assert_false(has_party(&actor, "CareTeam/t")); /* of the other role */
    assert_int_equal(account_actor(&a, 2, NULL, 0, &k->a, &actor, NULL), 0);
    assert_true(actor.activities & ACTIVITY_BIT(ACTIVITY_PRESCRIBE));
    assert_false(actor.activities & ACTIVITY_BIT(ACTIVITY_REVIEW));
    assert_int_equal(actor.purpose, PURPOSE_TREAT);
    assert_int_equal(account_actor(&a, 3, NULL, 0, &k->a, &actor, NULL), 0);
    assert_int_equal(actor.activities, 0);
    a.disabled = true;
    assert_int_equal(account_actor(&a, 0, NULL, 0, &k->a, &actor, NULL), ERR_LOGIN);
    struct account patient = {.id = T("2"),
                              .name = T("P"),
                              .kind = ACTOR_PERSON,
                              .person = T("Patient/z"),
                              .patient = T("z")};
    assert_int_equal(account_actor(&patient, 0, NULL, 0, &k->a, &actor, NULL), 0);
    assert_int_equal(actor.activities, 0);
    assert_int_equal(actor.party_count, 1);
    assert_int_equal(actor.purpose, PURPOSE_PATIENT);
}

/* Another process changes what is kept, and this one notices. */
static void test_shared(void **state)
{
    struct kit *k = *state;
    struct kept *other = NULL;
    struct kept *alone = NULL;
    struct account a = person("A", "aaa");
    assert_int_equal(kept_open_shared(k->path, &other, NULL), 0);
    assert_int_equal(kept_open(k->path, &alone, NULL), ERR_CONFLICT);
    uint64_t before = kept_changes(k->kept, "account");
    assert_int_equal(kept_changes(k->kept, "account"), before);
    assert_int_equal(account_add(other, &a, &k->a, NULL), 0);
    (void)usleep(250 * 1000);
    uint64_t after = kept_changes(k->kept, "account");
    assert_true(after != before);
    assert_int_equal(account_read(k->kept, a.id, &k->a, &a, NULL), 0);
    a.login = T("bbb");
    a.id = T("");
    assert_int_equal(account_add(k->kept, &a, &k->a, NULL), 0);
    assert_true(kept_changes(k->kept, "account") != after);
    kept_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_login, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_nhs_number, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_rules, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_change, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_actor, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_shared, kit_setup, kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
