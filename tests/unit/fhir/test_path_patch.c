/* FHIRPath Patch (R4 fhirpatch.html): tables of operations with what they make of a patient. */
#include "fhir/path_patch.h"

#include "fhir_kit.h"

#include "arena_kit.h"

static const char before[] =
    "{'resourceType':'Patient','id':'p','active':true,"
    "'identifier':[{'system':'http://s','value':'1'},{'system':'http://s','value':'2'},"
    "{'system':'http://s','value':'3'}],"
    "'name':[{'use':'official','family':'Chalmers','given':['Peter',null,'James'],"
    "'_given':[null,{'extension':[{'url':'http://g','valueCode':'masked'}]},{'id':'j'}]},"
    "{'use':'usual','given':['Jim']}],"
    "'birthDate':'1974-12-25','deceasedBoolean':false,"
    "'_multipleBirthInteger':{'extension':[{'url':'http://m','valueString':'x'}]},"
    "'contact':[{'gender':'female'}],'maritalStatus':{'text':'m'}}";

static text print(const yyjson_val *v)
{
    struct buf out;
    buf_init(&out, KIT_MEMORY);
    json_write(v, &out);
    text t = arena_copy(&a, buf_text(&out));
    buf_done(&out);
    return t;
}

/* Operations in short: "type|path|part=json|...", several behind one another by a line's end. */
static const yyjson_val *read_operations(const char *lines)
{
    text rest = kit_quoted(lines, &a);
    text line;
    text all = T("");
    while (text_cut(&rest, '\n', &line)) {
        text type;
        text path;
        text part;
        assert_true(text_cut(&line, '|', &type));
        assert_true(text_cut(&line, '|', &path));
        text parts = arena_printf(&a,
                                  "{\"name\":\"type\",\"valueCode\":\"%.*s\"},{\"name\":\"path\","
                                  "\"valueString\":\"%.*s\"}",
                                  TEXT_ARG(type), TEXT_ARG(path));
        while (text_cut(&line, '|', &part)) {
            size_t at = text_find(part, '=');
            parts = arena_printf(&a, "%.*s,{\"name\":\"%.*s\",%.*s}", TEXT_ARG(parts),
                                 TEXT_ARG(text_first(part, at)), TEXT_ARG(text_from(part, at + 1)));
        }
        all = arena_printf(&a, "%.*s%s{\"name\":\"operation\",\"part\":[%.*s]}", TEXT_ARG(all),
                           all.n ? "," : "", TEXT_ARG(parts));
    }
    text whole =
        arena_printf(&a, "{\"resourceType\":\"Parameters\",\"parameter\":[%.*s]}", TEXT_ARG(all));
    yyjson_val *root = NULL;
    struct err e;
    if (json_read(whole, KIT_DEPTH, &a, &root, &e)) {
        fail_msg("%s: %s", lines, e.detail);
    }
    return root;
}

struct change {
    const char *operations;
    const char *at;     /* a member of the resource */
    const char *result; /* its value; NULL: it is gone */
};

static const yyjson_val *apply(const char *resource, const char *operations)
{
    struct err e = {0};
    struct issues is;
    struct resource r;
    yyjson_val *made = NULL;
    if (path_patch(kit_read(resource, &a), read_operations(operations), KIT_DEPTH, &a, &made, &e)) {
        fail_msg("%s: %s", operations, e.detail);
    }
    issues_init(&is, &a);
    if (resource_check(made, false, &a, &is, &r)) {
        kit_show(&is);
        fail_msg("%s: %.*s", operations, TEXT_ARG(print(made)));
    }
    return made;
}

static void check_changes(const char *resource, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        const yyjson_val *made = apply(resource, c->operations);
        const yyjson_val *v = json_get(made, text_of(c->at));
        if (!c->result != !v || (v && !text_eq(print(v), kit_quoted(c->result, &a)))) {
            fail_msg("%s: %s is %.*s", c->operations, c->at,
                     TEXT_ARG(v ? print(v) : T("not there")));
        }
    }
}

#define CHANGES(resource, changes) \
    check_changes(resource, changes, sizeof(changes) / sizeof *(changes))

#define IDS(a, b, c)                                                                \
    "[{'system':'http://s','value':'" a "'},{'system':'http://s','value':'" b "'}," \
    "{'system':'http://s','value':'" c "'}]"

static void add(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"add|Patient|name=\"valueString\":\"gender\"|value=\"valueCode\":\"male\"", "gender",
         "'male'"},
        /* a list that is not there */
        {"add|Patient|name='valueString':'telecom'|value='valueContactPoint':{'value':'1'}",
         "telecom", "[{'value':'1'}]"},
        /* at the end of one that is */
        {"add|Patient|name='valueString':'identifier'|value='valueIdentifier':{'value':'4'}\n"
         "delete|Patient.identifier[0]\ndelete|Patient.identifier[0]\n"
         "delete|Patient.identifier[0]",
         "identifier", "[{'value':'4'}]"},
        {"add|Patient.name[1]|name='valueString':'given'|value='valueString':'J.'", "name",
         "[{'use':'official','family':'Chalmers','given':['Peter',null,'James'],'_given':[null,"
         "{'extension':[{'url':'http://g','valueCode':'masked'}]},{'id':'j'}]},"
         "{'use':'usual','given':['Jim','J.']}]"},
        /* a primitive with an extension, behind one without */
        {"add|Patient.name[1]|name='valueString':'given'|value='valueString':'J.',"
         "'_valueString':{'id':'x'}\ndelete|Patient.name[0]",
         "name", "[{'use':'usual','given':['Jim','J.'],'_given':[null,{'id':'x'}]}]"},
        /* only an extension */
        {"add|Patient|name='valueString':'gender'|value='_valueCode':{'extension':[{'url':"
         "'http://e','valueString':'s'}]}",
         "_gender", "{'extension':[{'url':'http://e','valueString':'s'}]}"},
        /* a complex value in parts; lists by repeating a name; a backbone element */
        {"add|Patient|name='valueString':'contact'|value='part':[{'name':'name','valueHumanName':"
         "{'text':'a'}},{'name':'telecom','valueContactPoint':{'value':'1'}},{'name':'telecom',"
         "'valueContactPoint':{'value':'2'}}]\ndelete|Patient.contact[0]",
         "contact", "[{'name':{'text':'a'},'telecom':[{'value':'1'},{'value':'2'}]}]"},
        /* parts in parts, also of a datatype */
        {"add|Patient|name='valueString':'contact'|value='part':[{'name':'name','part':[{'name':'"
         "family','valueString':'f'},{'name':'given','valueString':'g'},{'name':'given','_"
         "valueString':{'extension':[{'url':'h','valueCode':'x'}]}}]}]\ndelete|Patient.contact[0]",
         "contact",
         "[{'name':{'family':'f','given':['g',null],'_given':[null,{'extension':[{'url':'h','"
         "valueCode':'x'}]}]}}]"},
        /* an extension, whose type Parameters cannot give at once */
        {"add|Patient|name='valueString':'extension'|value='part':[{'name':'url','valueUri':"
         "'http://e'},{'name':'value','valueQuantity':{'value':1.50}}]",
         "extension", "[{'url':'http://e','valueQuantity':{'value':1.50}}]"},
        /* an extension of a primitive: with and without `_name` */
        {"add|Patient.birthDate|name='valueString':'extension'|value='part':[{'name':'url',"
         "'valueUri':'http://e'},{'name':'value','valueString':'s'}]",
         "_birthDate", "{'extension':[{'url':'http://e','valueString':'s'}]}"},
        {"add|Patient.multipleBirth|name='valueString':'id'|value='valueString':'i'",
         "_multipleBirthInteger", "{'extension':[{'url':'http://m','valueString':'x'}],'id':'i'}"},
        {"add|Patient.name[1].given[0]|name='valueString':'id'|value='valueString':'i'\n"
         "delete|Patient.name[0]",
         "name", "[{'use':'usual','given':['Jim'],'_given':[{'id':'i'}]}]"},
        /* a resource */
        {"add|Patient|name='valueString':'contained'|value='resource':{'resourceType':"
         "'Organization','id':'o','name':'n'}\n"
         "add|Patient|name='valueString':'managingOrganization'|value='valueReference':{"
         "'reference':'#o'}",
         "contained", "[{'resourceType':'Organization','id':'o','name':'n'}]"},
        /* to what an operation before has added */
        {"add|Patient|name='valueString':'photo'|value='valueAttachment':{'title':'t'}\n"
         "add|Patient.photo[0]|name='valueString':'size'|value='valueUnsignedInt':5",
         "photo", "[{'title':'t','size':5}]"},
        /* a string for a code, an integer for a decimal's like */
        {"add|Patient|name='valueString':'gender'|value='valueString':'other'", "gender",
         "'other'"},
        {"add|Patient|name='valueString':'language'|value='valueCode':'en'", "language", "'en'"},
        {"add|Patient|name='valueString':'text'|value='part':[{'name':'status','valueCode':"
         "'generated'},{'name':'div','valueString':'<div xmlns=\\'http://www.w3.org/1999/xhtml\\'>x"
         "</div>'}]",
         "active", "true"},
    };
    CHANGES(before, changes);
}

static void add_choice(void **state)
{
    (void)state;
    static const char observation[] =
        "{'resourceType':'Observation','id':'o','status':'final','code':{'text':'c'},"
        "'component':[{'code':{'text':'d'}}]}";
    static const struct change changes[] = {
        {"add|Observation|name='valueString':'value'|value='valueQuantity':{'value':1.0}",
         "valueQuantity", "{'value':1.0}"},
        {"add|Observation|name='valueString':'value'|value='valueBoolean':true", "valueBoolean",
         "true"},
        {"add|Observation|name='valueString':'effective'|value='valueDateTime':'2020'",
         "effectiveDateTime", "'2020'"},
        {"add|Observation.component|name='valueString':'value'|value='valueInteger':7", "component",
         "[{'code':{'text':'d'},'valueInteger':7}]"},
        {"add|Observation|name='valueString':'component'|value='part':[{'name':'code',"
         "'valueCodeableConcept':{'text':'e'}},{'name':'value','valueString':'v'}]\n"
         "delete|Observation.component[0]",
         "component", "[{'code':{'text':'e'},'valueString':'v'}]"},
    };
    CHANGES(observation, changes);
}

static void insert(void **state)
{
    (void)state;
    static const char observed[] =
        "{'resourceType':'Patient','id':'p','identifier':" IDS("1", "2", "3") "}";
#define INSERT(i) \
    "insert|Patient.identifier|index='valueInteger':" i "|value='valueIdentifier':{'value':'n'}"
    static const struct change changes[] = {
        {INSERT("0") "\ndelete|Patient.identifier[1]", "identifier",
         "[{'value':'n'},{'system':'http://s','value':'2'},{'system':'http://s','value':'3'}]"},
        {INSERT("1") "\ndelete|Patient.identifier[0]\ndelete|Patient.identifier[1]", "identifier",
         "[{'value':'n'},{'system':'http://s','value':'3'}]"},
        {INSERT("3") "\ndelete|Patient.identifier[0]\ndelete|Patient.identifier[0]", "identifier",
         "[{'system':'http://s','value':'3'},{'value':'n'}]"},
        /* a list that is not there yet, at its beginning */
        {"insert|Patient.name|index='valueInteger':0|value='valueHumanName':{'text':'t'}", "name",
         "[{'text':'t'}]"},
        {"insert|name|index='valueInteger':0|value='valueHumanName':{'text':'t'}", "name",
         "[{'text':'t'}]"},
    };
    CHANGES(observed, changes);
    static const struct change others[] = {
        /* values and what stands beside them keep together */
        {"insert|Patient.name[0].given|index='valueInteger':1|value='valueString':'x'\n"
         "delete|Patient.name[1]",
         "name",
         "[{'use':'official','family':'Chalmers','given':['Peter','x',null,'James'],'_given':["
         "null,null,{'extension':[{'url':'http://g','valueCode':'masked'}]},{'id':'j'}]}]"},
        {"insert|Patient.contact|index='valueInteger':0|value='part':[{'name':'gender',"
         "'valueCode':'male'}]",
         "contact", "[{'gender':'male'},{'gender':'female'}]"},
    };
    CHANGES(before, others);
}

static void delete(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"delete|Patient.birthDate", "birthDate", NULL},
        {"delete|Patient.deceased", "deceasedBoolean", NULL},
        {"delete|Patient.deceased.ofType(boolean)", "deceasedBoolean", NULL},
        {"delete|Patient.multipleBirth", "_multipleBirthInteger", NULL},
        {"delete|Patient.gender", "gender", NULL}, /* nothing there */
        {"delete|Patient.name[7].given", "active", "true"},
        {"delete|Patient.identifier.where(value = \\u00272\\u0027)", "identifier",
         "[{'system':'http://s','value':'1'},{'system':'http://s','value':'3'}]"},
        {"delete|Patient.identifier.last()", "identifier",
         "[{'system':'http://s','value':'1'},{'system':'http://s','value':'2'}]"},
        {"delete|Patient.name[0].given[1]\ndelete|Patient.name[1]", "name",
         "[{'use':'official','family':'Chalmers','given':['Peter','James'],'_given':[null,"
         "{'id':'j'}]}]"},
        {"delete|Patient.name[0].given[2]\ndelete|Patient.name[0].given[1]\n"
         "delete|Patient.name[1]",
         "name", "[{'use':'official','family':'Chalmers','given':['Peter']}]"},
        /* what is left without content goes too, up to the list */
        {"delete|Patient.contact.gender", "contact", NULL},
        {"delete|Patient.maritalStatus.text", "maritalStatus", NULL},
        {"delete|Patient.multipleBirth.extension", "_multipleBirthInteger", NULL},
        {"delete|Patient.name[1].given[0]\ndelete|Patient.name[1].use\ndelete|Patient.name[0]",
         "name", NULL},
        {"delete|Patient.name[0].given[1].extension\ndelete|Patient.name[1]", "name",
         "[{'use':'official','family':'Chalmers','given':['Peter','James'],'_given':[null,{'id':"
         "'j'}]}]"},
        /* but only at the end */
        {"delete|Patient.maritalStatus.text\n"
         "add|Patient.maritalStatus|name='valueString':'text'|value='valueString':'n'",
         "maritalStatus", "{'text':'n'}"},
    };
    CHANGES(before, changes);
}

static void replace(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"replace|Patient.birthDate|value='valueDate':'1980'", "birthDate", "'1980'"},
        {"replace|birthDate|value='valueDate':'1980'", "birthDate", "'1980'"},
        {"replace|Patient.deceased|value='valueBoolean':true", "deceasedBoolean", "true"},
        /* another type of a choice */
        {"replace|Patient.deceased|value='valueDateTime':'2020'", "deceasedDateTime", "'2020'"},
        {"replace|Patient.deceased|value='valueDateTime':'2020'", "deceasedBoolean", NULL},
        {"replace|Patient.multipleBirth|value='valueInteger':2", "_multipleBirthInteger", NULL},
        {"replace|Patient.multipleBirth|value='valueBoolean':true", "multipleBirthBoolean", "true"},
        {"replace|Patient.maritalStatus|value='valueCodeableConcept':{'text':'x'}", "maritalStatus",
         "{'text':'x'}"},
        {"replace|Patient.identifier.where(value=\\u00273\\u0027).value|value='valueString':'4'",
         "identifier", IDS("1", "2", "4")},
        {"replace|Patient.identifier[1]|value='part':[{'name':'value','valueString':'x'}]",
         "identifier",
         "[{'system':'http://s','value':'1'},{'value':'x'},{'system':'http://s','value':'3'}]"},
        {"replace|Patient.name[0].given[1]|value='valueString':'y'\ndelete|Patient.name[1]", "name",
         "[{'use':'official','family':'Chalmers','given':['Peter','y','James'],'_given':[null,"
         "null,{'id':'j'}]}]"},
        {"replace|Patient.name[0].given[1].extension.value|value='valueString':'z'\n"
         "delete|Patient.name[1]",
         "name",
         "[{'use':'official','family':'Chalmers','given':['Peter',null,'James'],'_given':[null,"
         "{'extension':[{'url':'http://g','valueString':'z'}]},{'id':'j'}]}]"},
        {"replace|Patient.contact|value='part':[{'name':'gender','valueCode':'male'}]", "contact",
         "[{'gender':'male'}]"},
    };
    CHANGES(before, changes);
}

static void move(void **state)
{
    (void)state;
#define MOVE(from, to) \
    "move|Patient.identifier|source='valueInteger':" from "|destination='valueInteger':" to
    static const struct change changes[] = {
        {MOVE("0", "0"), "identifier", IDS("1", "2", "3")},
        {MOVE("0", "1"), "identifier", IDS("2", "1", "3")},
        {MOVE("0", "2"), "identifier", IDS("2", "3", "1")},
        {MOVE("2", "0"), "identifier", IDS("3", "1", "2")},
        {MOVE("2", "1"), "identifier", IDS("1", "3", "2")},
        {"move|Patient.name[0].given|source='valueInteger':2|destination='valueInteger':0\n"
         "delete|Patient.name[1]",
         "name",
         "[{'use':'official','family':'Chalmers','given':['James','Peter',null],'_given':[{'id':"
         "'j'},null,{'extension':[{'url':'http://g','valueCode':'masked'}]}]}]"},
    };
    CHANGES(before, changes);
}

static void bundle(void **state)
{
    (void)state;
    static const char resource[] =
        "{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'urn:uuid:"
        "0b6ad1a5-0000-4000-8000-00000000f0f0','resource':{'resourceType':'Patient','name':[{"
        "'text':'a'}]}}]}";
    static const struct change changes[] = {
        {"replace|Bundle.entry[0].resource.ofType(Patient).name[0].text|value='valueString':'b'\n"
         "replace|Bundle.entry[0].fullUrl|value='valueUri':'urn:uuid:"
         "0b6ad1a5-0000-4000-8000-00000000f0f1'",
         "entry",
         "[{'fullUrl':'urn:uuid:0b6ad1a5-0000-4000-8000-00000000f0f1','resource':{'resourceType':"
         "'Patient','name':[{'text':'b'}]}}]"},
        {"replace|Bundle.entry[0].resource|value='resource':{'resourceType':'Group','type':"
         "'person','actual':true}\nreplace|Bundle.entry[0].fullUrl|value='valueUri':'http://x'",
         "entry",
         "[{'fullUrl':'http://x','resource':{'resourceType':'Group','type':'person','actual':true"
         "}}]"},
    };
    CHANGES(resource, changes);
}

struct refusal {
    const char *operations;
    int code;
    const char *words;
};

static void refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"explode|Patient", ERR_INVALID, "add, insert, delete"},
        {"add|Patient|name='valueString':'gender'", ERR_INVALID, "'value' is missing"},
        {"add|Patient|value='valueCode':'male'", ERR_INVALID, "'name' is missing"},
        {"delete|Patient.birthDate|value='valueCode':'male'", ERR_INVALID, "not for this type"},
        {"delete|Patient.birthDate|path='valueString':'x'", ERR_INVALID, "stands twice"},
        {"delete|Patient.birthDate|nonsense='valueString':'x'", ERR_INVALID, "no part"},
        {"delete|Patient.(", ERR_INVALID, "operation 0 (delete `Patient.(`)"},
        {"delete|Patient.nonsense", ERR_INVALID, "nonsense"},
        {"delete|Observation.status", ERR_INVALID, "Observation"},
        {"delete|Patient.deceasedBoolean", ERR_INVALID, "deceased"},
        {"delete|Patient", ERR_BUSINESS_RULE, "the resource itself"},
        {"delete|Patient.identifier", ERR_BUSINESS_RULE, "3 elements"},
        {"delete|Patient.name.count()", ERR_BUSINESS_RULE, "computed"},
        {"replace|Patient.gender|value='valueCode':'male'", ERR_BUSINESS_RULE, "nothing"},
        {"replace|Patient.identifier|value='valueIdentifier':{'value':'1'}", ERR_BUSINESS_RULE,
         "3 elements"},
        {"replace|Patient|value='valueCode':'male'", ERR_BUSINESS_RULE, "the resource itself"},
        {"replace|Patient.birthDate|value='valueInteger':1", ERR_INVALID, "of type date"},
        {"replace|Patient.birthDate|value='part':[{'name':'x'}]", ERR_INVALID, "parts"},
        {"replace|Patient.maritalStatus|value='valueCoding':{'code':'x'}", ERR_INVALID,
         "CodeableConcept"},
        {"replace|Patient.deceased|value='valueString':'x'", ERR_INVALID, "boolean, dateTime"},
        {"replace|Patient.birthDate|value='resource':{'resourceType':'Patient'}", ERR_INVALID,
         "no resource"},
        {"replace|Patient.contact|value='valueString':'x'", ERR_INVALID, "string"},
        {"add|Patient.gender|name='valueString':'id'|value='valueString':'x'", ERR_BUSINESS_RULE,
         "nothing"},
        {"add|Patient.name|name='valueString':'text'|value='valueString':'x'", ERR_BUSINESS_RULE,
         "2 elements"},
        {"add|Patient|name='valueString':'birthDate'|value='valueDate':'2020'", ERR_BUSINESS_RULE,
         "there already"},
        {"add|Patient|name='valueString':'multipleBirth'|value='valueBoolean':true",
         ERR_BUSINESS_RULE, "there already"},
        {"add|Patient|name='valueString':'deceasedBoolean'|value='valueBoolean':true", ERR_INVALID,
         "called 'deceased'"},
        {"add|Patient|name='valueString':'nonsense'|value='valueBoolean':true", ERR_INVALID,
         "no element 'nonsense'"},
        {"add|Patient|name='valueString':'contact'|value='part':[{'name':'nonsense',"
         "'valueString':'x'}]",
         ERR_INVALID, "no element 'nonsense'"},
        {"add|Patient|name='valueString':'contact'|value='part':[{'name':'gender','valueCode':"
         "'male'},{'name':'gender','valueCode':'male'}]",
         ERR_INVALID, "stands twice"},
        {"add|Patient|name='valueString':'contact'|value='part':[{'valueString':'x'}]", ERR_INVALID,
         "no name"},
        {"add|Patient|name='valueString':'gender'|value='valueCode':'male','valueString':'x'",
         ERR_INVALID, "two types"},
        {"add|Patient|name='valueString':'gender'|value='valueCode':'male','part':[]", ERR_INVALID,
         "several ways"},
        {"add|Patient.name[0].given[1].extension[0]|name='valueString':'id'|value='valueString':"
         "'x','_valueString':{'id':'y'}",
         ERR_INVALID, "id or extensions"},
        {"insert|Patient.identifier|index='valueInteger':4|value='valueIdentifier':{'value':'1'}",
         ERR_BUSINESS_RULE, "past the end"},
        {"insert|Patient.identifier|index='valueInteger':-1|value='valueIdentifier':{'value':'1'}",
         ERR_INVALID, "'index'"},
        {"insert|Patient.birthDate|index='valueInteger':0|value='valueDate':'2020'",
         ERR_BUSINESS_RULE, "no list"},
        {"insert|Patient.gender|index='valueInteger':0|value='valueCode':'male'", ERR_BUSINESS_RULE,
         "no list"},
        {"insert|Patient.telecom|index='valueInteger':1|value='valueContactPoint':{'value':'1'}",
         ERR_BUSINESS_RULE, "past the end"},
        {"insert|Patient.identifier[0]|index='valueInteger':0|value='valueIdentifier':{'value':"
         "'1'}",
         ERR_BUSINESS_RULE, "whole list"},
        {"insert|Patient.name.given|index='valueInteger':0|value='valueString':'x'",
         ERR_BUSINESS_RULE, "several lists"},
        {MOVE("3", "0"), ERR_BUSINESS_RULE, "source 3"},
        {MOVE("0", "3"), ERR_BUSINESS_RULE, "destination 3"},
        {"move|Patient.telecom|source='valueInteger':0|destination='valueInteger':0",
         ERR_BUSINESS_RULE, "nothing"},
        {"move|Patient.identifier|source='valueString':'x'|destination='valueInteger':0",
         ERR_INVALID, "'source'"},
        /* the number is that of the operation */
        {"delete|Patient.birthDate\nreplace|Patient.birthDate|value='valueDate':'2020'",
         ERR_BUSINESS_RULE, "operation 1"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct err e = {0};
        yyjson_val *made = NULL;
        int code = path_patch(kit_read(before, &a), read_operations(r->operations), KIT_DEPTH, &a,
                              &made, &e);
        if (code != r->code || !strstr(e.detail, r->words) || made ||
            strncmp(e.expression, "Parameters.parameter[", 21) != 0) {
            fail_msg("%s: %s: %s at %s", r->operations, err_info(code)->name, e.detail,
                     e.expression);
        }
    }
}

static void no_patch(void **state)
{
    (void)state;
    static const char *const patches[] = {
        "{'resourceType':'Patient'}",
        "[]",
        "{'resourceType':'Parameters','parameter':{}}",
        "{'resourceType':'Parameters','parameter':[1]}",
        "{'resourceType':'Parameters','parameter':[{'name':'x'}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'operation'}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'operation','part':[7]}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'operation','part':[{'name':'type'}]}]}",
    };
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        struct err e = {0};
        yyjson_val *made = NULL;
        if (path_patch(kit_read(before, &a), kit_read(patches[i], &a), KIT_DEPTH, &a, &made, &e) !=
            ERR_INVALID) {
            fail_msg("%s: %s", patches[i], e.detail);
        }
        assert_true(e.detail[0]);
    }
    yyjson_val *made = NULL;
    struct err e;
    assert_int_equal(path_patch(kit_read(before, &a), kit_read("{'resourceType':'Parameters'}", &a),
                                KIT_DEPTH, &a, &made, &e),
                     0);
    assert_true(text_eq(print(made), kit_quoted(before, &a)));
}

/* Bounds: operations, depth; a long patch does not take memory for each operation. */
static void bounds(void **state)
{
    (void)state;
    text line = T("add|Patient|name='valueString':'identifier'|value='valueIdentifier':{'value':"
                  "'x'}");
    char *many = malloc((line.n + 1) * 1001 + 1);
    assert_non_null(many);
    for (size_t i = 0; i <= 1000; i++) {
        memcpy(many + i * (line.n + 1), line.p, line.n);
        many[i * (line.n + 1) + line.n] = '\n';
    }
    struct err e = {0};
    yyjson_val *made = NULL;
    many[(line.n + 1) * 1001 - 1] = '\0';
    assert_int_equal(
        path_patch(kit_read(before, &a), read_operations(many), KIT_DEPTH, &a, &made, &e),
        ERR_TOO_LARGE);
    many[(line.n + 1) * 1000 - 1] = '\0';
    const yyjson_val *list = json_get(apply(before, many), T("identifier"));
    assert_int_equal(json_len(list), 1003);
    free(many);
    assert_int_equal(path_patch(kit_read(before, &a),
                                read_operations("add|Patient.name[0]|name='valueString':'period'|"
                                                "value='valuePeriod':{'extension':[{'url':'u',"
                                                "'valueString':'x'}]}"),
                                5, &a, &made, &e),
                     ERR_INVALID);
    assert_non_null(strstr(e.detail, "operation 0"));
}

/* A value with more members than any element has, one of them empty, so that all are looked at. */
static void members(void **state)
{
    (void)state;
    struct buf line;
    struct err e = {0};
    yyjson_val *made = NULL;
    buf_init(&line, KIT_MEMORY);
    buf_add(&line, T("add|Patient|name='valueString':'name'|value='valueHumanName':{'given':[]"));
    for (int i = 0; i < 2000; i++) {
        buf_printf(&line, ",'m%d':1", i);
    }
    buf_add(&line, T("}"));
    buf_addc(&line, '\0');
    assert_int_equal(
        path_patch(kit_read(before, &a), read_operations(line.p), KIT_DEPTH, &a, &made, &e),
        ERR_INVALID);
    assert_non_null(strstr(e.detail, "members"));
    buf_done(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(add),    TEST(add_choice), TEST(insert),   TEST(delete), TEST(replace), TEST(move),
        TEST(bundle), TEST(refused),    TEST(no_patch), TEST(bounds), TEST(members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
