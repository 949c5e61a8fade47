/* Invariants: those of R4 compile, what is answered without the engine is answered as by it, and
 * findings say what is wrong. */
#include "fhir/profile_rule.h"

#include "fhir/core.h"
#include "fhir/path_run.h"
#include "profile_part_kit.h"

#include <stdlib.h>

enum { VALUES = 40, POOL = 40, DEEPEST = 4 };

/* --- random elements ----------------------------------------------------------------------- */

static uint64_t seed = 20261122;

static unsigned chance(unsigned of)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % of;
}

static text pool[POOL];
static size_t pool_count;

/* Strings that an expression speaks of are worth more than others. */
static void fill_pool(text expression)
{
    static const char *const always[] = {"a", "#", "#a", "http://a", "A1"};
    pool_count = 0;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        pool[pool_count++] = text_of(always[i]);
    }
    text rest = expression;
    text part;
    for (size_t i = 0; text_cut(&rest, '\'', &part); i++) {
        if (i % 2 && part.n && part.n < 60 && text_find(part, '\\') == part.n &&
            text_find(part, '"') == part.n && pool_count < POOL) {
            pool[pool_count++] = part;
        }
    }
}

static void put_primitive(struct buf *out, uint16_t type)
{
    static const char *const dates[] = {"2020", "2020-05", "2020-05-17", "2021-01-01"};
    static const char *const times[] = {"2020", "2020-05-17", "2020-05-17T10:00:00Z",
                                        "2020-05-17T12:00:00+02:00", "2021-01"};
    static const char *const numbers[] = {"0", "1", "-1", "1.0", "200", "2.5"};
    text chosen = pool[chance((unsigned)pool_count)];
    switch (type) {
    case MODEL_BOOLEAN:
        buf_add(out, chance(2) ? T("true") : T("false"));
        break;
    case MODEL_INTEGER:
    case MODEL_POSITIVE_INT:
    case MODEL_UNSIGNED_INT:
        buf_add_u64(out, chance(4));
        break;
    case MODEL_DECIMAL:
        buf_add(out, text_of(numbers[chance(6)]));
        break;
    case MODEL_DATE:
        buf_printf(out, "\"%s\"", dates[chance(4)]);
        break;
    case MODEL_DATE_TIME:
    case MODEL_INSTANT:
        buf_printf(out, "\"%s\"", times[chance(5)]);
        break;
    case MODEL_TIME:
        buf_add(out, T("\"10:00:00\""));
        break;
    default:
        buf_printf(out, "\"%.*s\"", TEXT_ARG(chosen));
        break;
    }
}

static void put_object(struct buf *out, uint16_t type, unsigned depth);

static void put_value(struct buf *out, uint16_t type, unsigned depth)
{
    if (path_is_primitive(type)) {
        put_primitive(out, type);
    } else if (type == MODEL_RESOURCE) {
        put_object(out, fhir_type_of(T("Organization")), depth);
    } else {
        put_object(out, type, depth);
    }
}

static void put_shadow(struct buf *out)
{
    buf_add(out, chance(2) ? T("{\"id\":\"a\"}")
                           : T("{\"extension\":[{\"url\":\"http://a\",\"valueUri\":\"#a\"}]}"));
}

/* A member, perhaps with what stands beside it: values, null, or one without the other. */
static void put_member(struct buf *out, const struct model_element *el, unsigned depth, bool *first)
{
    text name = model_text(el->name);
    bool many = el->flags & MODEL_REPEATS;
    bool primitive = path_is_primitive(el->type) && !(el->flags & MODEL_BARE);
    bool value = !primitive || chance(10);
    bool shadow = primitive && (!value || !chance(5));
    unsigned count = many ? 1 + chance(2) : 1;
    if (value) {
        buf_printf(out, "%s\"%.*s\":%s", *first ? "" : ",", TEXT_ARG(name), many ? "[" : "");
        *first = false;
        for (unsigned i = 0; i < count; i++) {
            buf_add(out, i ? T(",") : T(""));
            if (many && shadow && !chance(3)) {
                buf_add(out, T("null"));
            } else {
                put_value(out, el->type, depth + 1);
            }
        }
        buf_add(out, many ? T("]") : T(""));
    }
    if (shadow) {
        buf_printf(out, "%s\"_%.*s\":%s", *first ? "" : ",", TEXT_ARG(name), many ? "[" : "");
        *first = false;
        for (unsigned i = 0; i < count; i++) {
            buf_add(out, i ? T(",") : T(""));
            put_shadow(out);
        }
        buf_add(out, many ? T("]") : T(""));
    }
}

static void put_object(struct buf *out, uint16_t type, unsigned depth)
{
    const struct model_type *of = &model_types[type];
    bool first = true;
    bool chosen[256] = {false};
    buf_addc(out, '{');
    if (type <= MODEL_RESOURCE_LAST) {
        buf_printf(out, "\"resourceType\":\"%.*s\"", TEXT_ARG(fhir_type_name((fhir_type)type)));
        first = false;
    }
    unsigned wanted = depth < 2 ? 2 : 4;
    for (size_t i = 0; i < of->count && depth < DEEPEST; i++) {
        const struct model_element *el = &model_elements[of->first + i];
        if (chance(wanted) || (el->choice && (chosen[el->choice] || chance(4)))) {
            continue;
        }
        chosen[el->choice] = true;
        put_member(out, el, depth, &first);
    }
    buf_addc(out, '}');
}

/* --- the engine and what stands for it ----------------------------------------------------- */

static enum native_truth by_engine(const struct path *path, const struct path_node *node)
{
    struct path_item item = {.kind = PATH_NODE};
    item.u.node = node;
    const struct path_items focus = {&item, 1};
    const struct path_env env = {.resource = item, .root = item, .as_of_many = true};
    struct path_items items;
    struct path_item plain;
    struct err e = {.code = 0};
    if (path_eval(path, &env, &focus, &a, &items, &e) || items.count > 1) {
        return NATIVE_UNSURE;
    }
    if (items.count == 0) {
        return NATIVE_EMPTY;
    }
    if (path_plain(items.items, &plain) && plain.kind == PATH_BOOLEAN) {
        return plain.u.boolean ? NATIVE_TRUE : NATIVE_FALSE;
    }
    bool boolean = items.items[0].kind == PATH_NODE && items.items[0].u.node->type == MODEL_BOOLEAN;
    return boolean ? NATIVE_EMPTY : NATIVE_TRUE;
}

static size_t told_by[4];

static void compare_on(const struct path *path, const struct native_term *native, uint16_t type,
                       text expression)
{
    struct buf json;
    struct err e;
    yyjson_val *root;
    buf_init(&json, 1 << 22);
    put_object(&json, type, 0);
    assert_false(buf_failed(&json));
    uint64_t at_seed = seed;
    struct arena_mark mark = arena_mark(&a);
    if (json_read(buf_text(&json), KIT_DEPTH, &a, &root, &e)) {
        fail_msg("%s: %.*s", e.detail, TEXT_ARG(buf_text(&json)));
    }
    const struct path_node node = {.value = root, .type = type, .name = T("x")};
    struct native_run run = {
        .context = &node, .resource = &node, .root = &node, .arena = &a, .work = NATIVE_WORK};
    enum native_truth got = native_eval(&run, native, &node);
    enum native_truth wanted = got == NATIVE_UNSURE ? got : by_engine(path, &node);
    if (got != wanted) {
        fail_msg("seed %llu: %.*s on %.*s: %d, the engine %d", (unsigned long long)at_seed,
                 TEXT_ARG(expression), TEXT_ARG(buf_text(&json)), got, wanted);
    }
    told_by[got]++;
    arena_rewind(&a, mark);
    buf_done(&json);
}

static uint16_t type_of_path(text path)
{
    for (unsigned i = 1; i < model_type_count; i++) {
        if (text_eq(model_text(model_types[i].name), path)) {
            return (uint16_t)i;
        }
    }
    return MODEL_NONE;
}

static size_t compiled;

static void compare_rule(const yyjson_val *constraint, text path)
{
    const struct profile_rule *rule;
    struct err e = {.code = 0};
    text expression = json_text(json_get(constraint, T("expression")));
    if (profile_rule_compile(constraint, T(""), &a, &rule, &e)) {
        fail_msg("%.*s: %s", TEXT_ARG(path), e.detail);
    }
    compiled++;
    uint16_t type = type_of_path(path);
    const struct path *parsed;
    if (!rule || !type) {
        return;
    }
    assert_int_equal(path_compile(profile_rule_corrected(expression), &a, &parsed, &e), 0);
    const struct native_term *native = native_compile(parsed, &a);
    fill_pool(expression);
    for (size_t i = 0; native && i < VALUES; i++) {
        compare_on(parsed, native, type, expression);
    }
}

static void compare_elements(const yyjson_val *elements)
{
    size_t left = json_type(elements) == YYJSON_TYPE_ARR ? json_len(elements) : 0;
    const yyjson_val *el = left ? elements + 1 : NULL;
    for (; left; left--, el = json_after(el)) {
        const yyjson_val *all = json_get(el, T("constraint"));
        size_t count = json_type(all) == YYJSON_TYPE_ARR ? json_len(all) : 0;
        const yyjson_val *one = count ? all + 1 : NULL;
        for (; count; count--, one = json_after(one)) {
            compare_rule(one, json_text(json_get(el, T("path"))));
        }
    }
}

/* Every rule of R4 on random elements of its type. */
static void as_the_engine(void **state)
{
    (void)state;
    size_t at = 0;
    fhir_type type;
    text url;
    text json;
    while (core_next(&at, &type, &url, &json)) {
        if (!text_eq(fhir_type_name(type), T("StructureDefinition"))) {
            continue;
        }
        struct err e;
        yyjson_val *root;
        assert_int_equal(json_read(json, KIT_DEPTH, &a, &root, &e), 0);
        compare_elements(json_get(json_get(root, T("snapshot")), T("element")));
        arena_reset(&a);
    }
    print_message("%zu rules; %zu true, %zu false, %zu empty, %zu left to the engine\n", compiled,
                  told_by[NATIVE_TRUE], told_by[NATIVE_FALSE], told_by[NATIVE_EMPTY],
                  told_by[NATIVE_UNSURE]);
    assert_true(compiled > 200);
    assert_true(told_by[NATIVE_TRUE] > 5000 && told_by[NATIVE_FALSE] > 2000);
    assert_true(told_by[NATIVE_UNSURE] * 2 < told_by[NATIVE_TRUE]);
}

/* Expressions that the rules of R4 do not have, on random observations. */
static void as_the_engine_elsewhere(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "valueQuantity.exists()",
        "value.ofType(Quantity).value > 1",
        "(value as Quantity).unit = 'a'",
        "component.value.ofType(boolean)",
        "component.exists(value is boolean)",
        "status",
        "status = code.text",
        "code.coding.code in ('a' | 'A1')",
        "component.first().value.exists()",
        "component.where(valueQuantity.exists()).empty()",
        "note.text.extension.exists()",
        "status.extension.value = '#a'",
        "category.coding.all(system = 'http://a')",
        "category.coding.select(code).isDistinct()",
        "%resource.subject.reference.startsWith('#')",
        "Observation.issued >= effective",
        "component.count() + note.count() > 2",
        "component.count() = note.count()",
        "performer.reference.contains('a') xor derivedFrom.empty()",
        "extension.where(url = 'http://a').value.exists() implies status.exists()",
        "meta.lastUpdated.hasValue()",
        "contained.name.exists()",
        "identifier.period.start <= identifier.period.end",
        "code = code",
        "effective is dateTime",
        "bodySite.coding.where(code = 'a' or system.empty()).exists().not()",
        "Patient.name.exists()",
        "$this.status.exists() = %context.code.exists()",
        "focus.identifier.assigner.display = 'a'",
        "status in ('a')",
        "value.as(integer) != 1",
        "basedOn.reference.trace('x').exists()",
    };
    uint16_t type = type_of_path(T("Observation"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct path *path;
        struct err e = {.code = 0};
        assert_int_equal(path_compile(text_of(rows[i]), &a, &path, &e), 0);
        const struct native_term *native = native_compile(path, &a);
        if (!native) {
            fail_msg("left to the engine: %s", rows[i]);
        }
        fill_pool(text_of(rows[i]));
        for (size_t k = 0; k < VALUES; k++) {
            compare_on(path, native, type, text_of(rows[i]));
        }
    }
}

/* Wheres within wheres, each tried as a chain and as a condition: compiling ends. */
static void deep(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    for (int i = 0; i < 24; i++) {
        buf_add(&out, T("name.where("));
    }
    buf_add(&out, T("given = 'a'"));
    for (int i = 0; i < 24; i++) {
        buf_add(&out, T(").lower() = 'a'"));
    }
    const struct path *path;
    struct err e = {.code = 0};
    assert_int_equal(path_compile(buf_text(&out), &a, &path, &e), 0);
    size_t before = a.total;
    (void)native_compile(path, &a);
    assert_true(a.total - before < 4 * 1024 * 1024);
    buf_done(&out);
}

/* Numbers too large to be summed up are the engine's. */
static void large_sums(void **state)
{
    (void)state;
    const struct path *path;
    struct err e = {.code = 0};
    text t = T("name.count() + 9223372036854775807 + 9223372036854775807 > 1");
    if (path_compile(t, &a, &path, &e) == 0) {
        const struct native_term *native = native_compile(path, &a);
        assert_true(!native || native->kind == RULE_UNSURE);
    }
}

/* --- contained resources ------------------------------------------------------------------- */

static const char dom_3[] =
    "contained.where((('#'+id in (%resource.descendants().reference | "
    "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
    "%resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()";

static void contained(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool holds;
    } rows[] = {
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a'}]}",
         false},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a'}],"
         "'managingOrganization':{'reference':'#a'}}",
         true},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a'}],"
         "'managingOrganization':{'reference':'#b'}}",
         false},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a','partOf':{"
         "'reference':'#'}}]}",
         true},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a','partOf':{"
         "'reference':'#b'}},{'resourceType':'Organization','id':'b'}]}",
         false},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a','partOf':{"
         "'reference':'#'}},{'resourceType':'Organization','id':'b'}],"
         "'link':[{'other':{'display':'#b'}}]}",
         false},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'b'}],"
         "'_birthDate':{'extension':[{'url':'http://e','valueUri':'#b'}]}}",
         true},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'b'}],"
         "'extension':[{'url':'http://e','valueCanonical':'#b'}]}",
         true},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'b'}],"
         "'extension':[{'url':'http://e','valueString':'#b'}]}",
         false},
        /* '#' as a uri does not mean the container */
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'b',"
         "'extension':[{'url':'http://e','valueUri':'#'}]}]}",
         false},
        {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'b',"
         "'extension':[{'url':'http://e','valueCanonical':'#'}]}]}",
         true},
    };
    const struct path *path;
    struct err e = {.code = 0};
    assert_int_equal(path_compile(text_of(dom_3), &a, &path, &e), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct path_node *node = node_of(rows[i].json, "$this");
        struct issues is;
        struct profile_run run = run_of(node, &is);
        enum native_truth wanted = rows[i].holds ? NATIVE_TRUE : NATIVE_FALSE;
        if (profile_rule_contained(&run, node) != wanted || by_engine(path, node) != wanted) {
            fail_msg("%s: %d, the engine %d", rows[i].json, profile_rule_contained(&run, node),
                     by_engine(path, node));
        }
    }
}

/* --- findings ------------------------------------------------------------------------------ */

/* Strings within the expression are written with `. */
static yyjson_val *read_constraint(const char *json)
{
    yyjson_val *root = kit_read(json, &a);
    yyjson_val *expression = json_get(root, T("expression"));
    text t = arena_copy(&a, json_text(expression));
    assert_non_null(t.p);
    char *p = (char *)(uintptr_t)t.p;
    for (size_t i = 0; i < t.n; i++) {
        p[i] = p[i] == '`' ? '\'' : p[i];
    }
    json_set_string(expression, t);
    return root;
}

static void rules_tell(void **state)
{
    (void)state;
    static const struct {
        const char *constraint;
        const char *json;
        const char *at;
        const char *told;
    } rows[] = {
        {"{'key':'per-1','severity':'error','human':'first start, then end','expression':"
         "'start.hasValue().not() or end.hasValue().not() or (start <= end)'}",
         "{'resourceType':'Encounter','period':{'start':'2020-02','end':'2020-01'}}", "period",
         "error Encounter.period: per-1: the period's start must not be after its end"},
        {"{'key':'per-1','severity':'error','human':'first start, then end','expression':"
         "'start.hasValue().not() or end.hasValue().not() or (start <= end)'}",
         "{'resourceType':'Encounter','period':{'start':'2020-02-10','end':'2020-02'}}", "period",
         ""},
        {"{'key':'x-1','severity':'warning','expression':'name.exists()','source':'http://p'}",
         "{'resourceType':'Patient'}", "$this",
         "warning Patient: x-1 does not hold: name.exists()|(a rule of http://p)"},
        /* an empty result is no finding */
        {"{'key':'x-2','severity':'error','expression':'birthDate = @2020-01-01'}",
         "{'resourceType':'Patient'}", "$this", ""},
        /* what the engine alone can do */
        {"{'key':'x-3','severity':'error','human':'h','expression':'name.given.join(`-`) = "
         "`A-B`'}",
         "{'resourceType':'Patient','name':[{'given':['A','C']}]}", "$this",
         "error Patient: x-3: h"},
        /* what it cannot */
        {"{'key':'x-4','severity':'error','expression':'code.memberOf(`http://v`)'}",
         "{'resourceType':'Observation','code':{'coding':[{'code':'a'}]}}", "$this",
         "warning Observation: x-4 was not checked: "},
        {"{'key':'x-5','severity':'error','expression':'name.given'}",
         "{'resourceType':'Patient','name':[{'given':['A','C']}]}", "$this",
         "warning|x-5 was not checked|has 2 here"},
        /* rules that R4 wrote too strictly */
        {"{'key':'que-7','severity':'error','expression':'operator = `exists` implies (answer is "
         "Boolean)'}",
         "{'resourceType':'Questionnaire','item':[{'enableWhen':[{'question':'a','operator':"
         "'exists','answerBoolean':true}]}]}",
         "item.enableWhen", ""},
        {"{'key':'que-7','severity':'error','expression':'operator = `exists` implies (answer is "
         "Boolean)'}",
         "{'resourceType':'Questionnaire','item':[{'enableWhen':[{'question':'a','operator':"
         "'exists','answerInteger':1}]}]}",
         "item.enableWhen", "que-7: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct path_node *node = node_of(rows[i].json, rows[i].at);
        struct issues is;
        struct profile_run run = run_of(node, &is);
        const struct profile_rule *rule;
        struct err e = {.code = 0};
        yyjson_val *constraint = read_constraint(rows[i].constraint);
        assert_int_equal(profile_rule_compile(constraint, T(""), &a, &rule, &e), 0);
        assert_non_null(rule);
        assert_int_equal(profile_rule_check(&run, rule, node), 0);
        expect_told(&is, rows[i].told, rows[i].constraint);
    }
}

static void rules_compile(void **state)
{
    (void)state;
    const struct profile_rule *rule;
    struct err e = {.code = 0};
    static const char *const none[] = {
        "{'key':'a','severity':'error','xpath':'f:name'}",
        ("{'key':'ele-1','severity':'error','expression':'hasValue() or (children().count() > "
         "id.count())'}"),
        "{'key':'ext-1','severity':'error','expression':'extension.exists() != value.exists()'}",
        "{'key':'dom-2','severity':'error','expression':'contained.contained.empty()'}",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(profile_rule_compile(kit_read(none[i], &a), T(""), &a, &rule, &e), 0);
        assert_null(rule);
    }
    yyjson_val *bad = kit_read("{'key':'b-1','severity':'error','expression':'name.exists('}", &a);
    assert_int_equal(profile_rule_compile(bad, T("http://p"), &a, &rule, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "b-1"));
    assert_non_null(strstr(e.detail, "http://p"));
}

/* Warnings cost nothing where nobody wants them; a run that is over says so. */
static void runs(void **state)
{
    (void)state;
    const struct path_node *node = node_of("{'resourceType':'Patient'}", "$this");
    struct issues is;
    struct profile_run run = run_of(node, &is);
    const struct profile_rule *rule;
    struct err e = {.code = 0};
    yyjson_val *w = kit_read("{'key':'w','severity':'warning','expression':'name.exists()'}", &a);
    yyjson_val *s = kit_read("{'key':'s','severity':'error','expression':'name.exists()'}", &a);
    assert_int_equal(profile_rule_compile(w, T(""), &a, &rule, &e), 0);
    run.options.no_warnings = true;
    assert_int_equal(profile_rule_check(&run, rule, node), 0);
    assert_int_equal(run.steps, 0);
    assert_int_equal(profile_rule_compile(s, T(""), &a, &rule, &e), 0);
    run.silent = true;
    assert_int_equal(profile_rule_check(&run, rule, node), 0);
    assert_int_equal(run.errors, 1);
    assert_int_equal(is.count, 0);
}

int main(void)
{
    const char *given = getenv("KITH_SEED");
    seed = given ? strtoull(given, NULL, 10) : seed;
    print_message("KITH_SEED=%llu\n", (unsigned long long)seed);
    static const struct CMUnitTest tests[] = {
        TEST(as_the_engine), TEST(as_the_engine_elsewhere),
        TEST(deep),          TEST(large_sums),
        TEST(contained),     TEST(rules_tell),
        TEST(rules_compile), TEST(runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
