/* The operations of a terminology service: what they answer and what they refuse, as pure calls.
 * What goes over HTTP stands in tests/flow/test_terminology.py, the ecosystem's suite in
 * tests/conformance/terminology_suite.py. */
#include "fhir/terminology.h"

#include "fhir_kit.h"
/* After the other: it has a global of the name of its parameters. */
#include "arena_kit.h"

#define SYSTEM "http://example.org/animals"
#define SET "http://example.org/all"
#define MAP "http://example.org/map"

static const char *const definitions[] = {
    "{'resourceType':'CodeSystem','url':'" SYSTEM "','version':'2','name':'Animals','status':"
    "'active','content':'complete','caseSensitive':true,'language':'en','concept':["
    "{'code':'cat','display':'Cat','designation':[{'language':'de-CH','value':'Katze'}],"
    "'concept':[{'code':'lion','display':'Lion'}]},"
    "{'code':'dodo','display':'Dodo','property':[{'code':'inactive','valueBoolean':true}]}]}",
    "{'resourceType':'ValueSet','url':'" SET "','version':'1','status':'active','compose':"
    "{'include':[{'system':'" SYSTEM "'}]}}",
    "{'resourceType':'NamingSystem','status':'active','kind':'codesystem','uniqueId':["
    "{'type':'oid','value':'2.999.1'},{'type':'uri','value':'http://example.org/old'},"
    "{'type':'uri','value':'" SYSTEM "','preferred':true}]}",
    "{'resourceType':'NamingSystem','status':'active','kind':'identifier','uniqueId':["
    "{'type':'oid','value':'urn:oid:2.999.2'},{'type':'uri','value':'" SYSTEM "'}]}",
    "{'resourceType':'ConceptMap','url':'" MAP "','status':'active','group':[{'source':'" SYSTEM
    "','target':'http://example.org/tiere','element':[{'code':'cat','target':[{'code':'katze',"
    "'equivalence':'equal'}]}]}]}",
};

enum operation { EXPAND, VALIDATE, VALIDATE_SYSTEM, LOOKUP, SUBSUMES, TRANSLATE, PREFERRED_ID };

static int call(struct defs *d, enum operation operation, const struct term_ask *ask,
                struct buf *out, struct err *e)
{
    switch (operation) {
    case EXPAND:
        return term_expand(d, ask, &a, out, e);
    case VALIDATE:
    case VALIDATE_SYSTEM:
        return term_validate_code(d, ask, operation == VALIDATE_SYSTEM, &a, out, e);
    case LOOKUP:
        return term_lookup(d, ask, &a, out, e);
    case TRANSLATE:
        return term_translate(d, ask, &a, out, e);
    case PREFERRED_ID:
        return term_preferred_id(d, ask, &a, out, e);
    case SUBSUMES:
        break;
    }
    return term_subsumes(d, ask, &a, out, e);
}

/* "name=value name=value": the reply, or "CODE words" of the error. */
static text answer(struct defs *d, enum operation operation, const char *words, const char *accept)
{
    struct term_parameter parameters[10];
    size_t count = 0;
    text rest = text_of(words);
    text one;
    struct err e = {0};
    struct buf out;
    while (text_cut(&rest, ' ', &one)) {
        size_t at = text_find(one, '=');
        parameters[count++] =
            (struct term_parameter){text_first(one, at), text_from(one, at + 1), NULL};
    }
    struct term_ask ask = {.parameters = parameters,
                           .count = count,
                           .accept_language = text_of(accept),
                           .codes_most = 2};
    buf_init(&out, 1 << 20);
    int rc = call(d, operation, &ask, &out, &e);
    text said = rc ? arena_printf(&a, "%s %s", err_info(rc)->name, err_text(&e))
                   : arena_copy(&a, buf_text(&out));
    buf_done(&out);
    if (!rc) {
        yyjson_val *root;
        assert_int_equal(json_read(said, KIT_DEPTH, &a, &root, &e), 0);
    }
    return said;
}

/* What is cut of a long code is cut between characters: the reply is read again. */
static void check_long(struct defs *d)
{
    struct buf words;
    buf_init(&words, 1 << 16);
    for (size_t more = 0; more < 3; more++) {
        buf_clear(&words);
        buf_add(&words, T("url=" SET " system=" SYSTEM " code="));
        buf_add(&words, text_first(T("xx"), more));
        for (int i = 0; i < 3000; i++) {
            buf_add(&words, T("\xe2\x82\xac"));
        }
        buf_addc(&words, '\0');
        text said = answer(d, VALIDATE, words.p, "");
        assert_non_null(memmem(said.p, said.n, "not-in-vs", 9));
    }
    buf_done(&words);
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        enum operation operation;
        const char *words, *accept, *expected;
    } rows[] = {
        {VALIDATE, "url=" SET " system=" SYSTEM " code=cat", "",
         "\"result\",\"valueBoolean\":true"},
        {VALIDATE, "url=" SET "|1 system=" SYSTEM " code=cat", "", "\"valueBoolean\":true"},
        {VALIDATE, "url=" SET "|2 system=" SYSTEM " code=cat", "", "NOT_FOUND"},
        {VALIDATE, "url=" SET " system=" SYSTEM " code=dog", "", "Unknown code 'dog'"},
        {VALIDATE, "url=" SET " code=cat", "", "REQUIRED"},
        {VALIDATE, "url=" SET " code=cat inferSystem=true", "", "\"valueUri\":\"" SYSTEM},
        {VALIDATE, "url=" SET " code=cat inferSystem=perhaps", "", "VALUE"},
        {VALIDATE, "url=" SET " system=" SYSTEM " code=dodo activeOnly=true", "", "not active"},
        {VALIDATE, "url=" SET " system=" SYSTEM " code=cat display=CAT", "",
         "\"valueBoolean\":true"},
        {VALIDATE, "url=" SET " system=" SYSTEM " code=cat display=Kat", "", "invalid-display"},
        {VALIDATE, "url=" SET " system=" SYSTEM " code=cat", "fr, de;q=0.5", "Katze"},
        {VALIDATE, "system=" SYSTEM " code=cat", "", "REQUIRED"},
        {VALIDATE_SYSTEM, "url=" SYSTEM " code=lion", "", "\"valueBoolean\":true"},
        {VALIDATE_SYSTEM, "url=http://unitsofmeasure.org code=mg", "", "\"valueBoolean\":true"},
        {VALIDATE_SYSTEM, "url=http://unitsofmeasure.org code=qq", "", "\"valueBoolean\":false"},
        {VALIDATE_SYSTEM, "url=http://example.org/none code=x", "", "UNKNOWN_CODESYSTEM"},
        {EXPAND, "url=" SET, "", "TOO_COSTLY"},
        {EXPAND, "url=" SET " count=1", "", "\"total\":3"},
        {EXPAND, "url=" SET " activeOnly=true", "",
         "\"contains\":[{\"system\":\"" SYSTEM "\",\"code\":\"lion\""},
        {EXPAND, "url=" SET " filter=li", "", "\"total\":1"},
        {EXPAND, "url=" SET " filter=katz displayLanguage=de", "", "\"display\":\"Katze\""},
        {EXPAND, "url=" SET " count=2 force-system-version=" SYSTEM "|9", "", "NOT_FOUND"},
        {EXPAND, "url=" SET " count=2 exclude-system=" SYSTEM, "", "\"total\":0"},
        {EXPAND, "url=" SET " count=2 system-version=" SYSTEM, "", "VALUE"},
        {EXPAND, "url=" SET " nonsense=1", "", "INVALID"},
        /* What is repeated in the reply is what was understood. */
        {EXPAND, "url=" SET " count=002", "", "\"valueInteger\":2}"},
        {EXPAND, "url=" SET " count=2 excludeNotForUI=perhaps", "", "VALUE"},
        {EXPAND, "url=" SET " count=2 excludePostCoordinated=1,2", "", "VALUE"},
        {EXPAND, "url=" SET " count=2 limitedExpansion=}", "", "VALUE"},
        {EXPAND, "url=" SET " count=2 limitedExpansion=true", "",
         "\"limitedExpansion\",\"valueBoolean\":true"},
        {LOOKUP, "system=" SYSTEM " code=lion", "", "\"valueCode\":\"cat\""},
        {LOOKUP, "system=" SYSTEM " code=dog", "", "NOT_FOUND Unknown code"},
        {LOOKUP, "code=dog", "", "REQUIRED"},
        {SUBSUMES, "system=" SYSTEM " codeA=cat codeB=lion", "", "\"subsumes\""},
        {SUBSUMES, "system=" SYSTEM " codeA=lion codeB=cat", "", "\"subsumed-by\""},
        {SUBSUMES, "system=" SYSTEM " codeA=lion codeB=dodo", "", "\"not-subsumed\""},
        {SUBSUMES, "system=" SYSTEM " codeA=lion", "", "REQUIRED"},
        /* An OID that a NamingSystem says is this system's; one that is not a code system's. */
        {LOOKUP, "system=urn:oid:2.999.1 code=lion", "", "\"valueUri\":\"" SYSTEM},
        {LOOKUP, "system=urn:oid:2.999.2 code=lion", "", "NOT_FOUND"},
        {LOOKUP, "system=urn:oid:2.999.3 code=lion", "", "NOT_FOUND the CodeSystem 'urn:oid:2"},
        {LOOKUP, "system=http://example.org/old code=lion", "", "NOT_FOUND"},
        {VALIDATE, "url=" SET " system=urn:oid:2.999.1 code=cat", "", "\"valueBoolean\":true"},
        {VALIDATE, "url=" SET " system=urn:oid:2.999.3 code=cat", "", "UNKNOWN_CODESYSTEM"},
        {VALIDATE_SYSTEM, "url=urn:oid:2.999.1 code=cat", "", "\"valueBoolean\":true"},
        {SUBSUMES, "system=urn:oid:2.999.1 codeA=cat codeB=lion", "", "\"subsumes\""},
        {TRANSLATE, "url=" MAP " system=urn:oid:2.999.1 code=cat", "", "\"katze\""},
        {TRANSLATE, "url=" MAP " system=urn:oid:2.999.2 code=cat", "", "\"valueBoolean\":false"},
        {TRANSLATE, "url=" MAP " system=" SYSTEM, "", "REQUIRED"},
        {PREFERRED_ID, "id=urn:oid:2.999.1 type=uri", "", "\"valueString\":\"" SYSTEM},
        {PREFERRED_ID, "id=2.999.1 type=uri", "", "\"valueString\":\"" SYSTEM},
        {PREFERRED_ID, "id=http://example.org/old type=oid", "", "\"2.999.1\""},
        {PREFERRED_ID, "id=2.999.1 type=uuid", "", "NOT_FOUND"},
        {PREFERRED_ID, "id=2.999.3 type=uri", "", "NOT_FOUND"},
        {PREFERRED_ID, "id=2.999.1 type=url", "", "VALUE"},
        {PREFERRED_ID, "id=2.999.1", "", "REQUIRED"},
    };
    struct err e = {0};
    struct defs_shelf *shelf = NULL;
    struct defs *d = NULL;
    bool taken;
    assert_int_equal(defs_shelf_make(&a, &shelf, &e), 0);
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        assert_int_equal(defs_shelf_add(shelf, kit_read(definitions[i], &a), &taken, &e), 0);
    }
    struct defs_source source = defs_shelf_source(shelf);
    assert_int_equal(defs_make(&source, 1, 64 * 1024 * 1024, &d, &e), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text said = answer(d, rows[i].operation, rows[i].words, rows[i].accept);
        if (!memmem(said.p, said.n, rows[i].expected, strlen(rows[i].expected))) {
            fail_msg("%s: '%.*s' has no '%s'", rows[i].words, TEXT_ARG(said), rows[i].expected);
        }
    }
    check_long(d);
    defs_free(d);
    defs_shelf_done(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
