/*
 * Evaluating FHIRPath: the operators and the functions on collections, by the rules and examples of
 * http://hl7.org/fhirpath/N1; the limits.
 */
#include "base/clock.h"
#include "path_eval_kit.h"

/* --- operators ----------------------------------------------------------------------------- */

/* N1 "Boolean logic": each operator on true, false and empty; rows left, columns right. */
static void truth_tables(void **state)
{
    (void)state;
    static const char *const values[] = {"true", "false", "{}"};
    static const struct {
        const char *op;
        const char *results[3][3];
    } tables[] = {
        {"and", {{"true", "false", ""}, {"false", "false", "false"}, {"", "false", ""}}},
        {"or", {{"true", "true", "true"}, {"true", "false", ""}, {"true", "", ""}}},
        {"xor", {{"false", "true", ""}, {"true", "false", ""}, {"", "", ""}}},
        {"implies", {{"true", "false", ""}, {"true", "true", "true"}, {"true", "", ""}}},
        {"=", {{"true", "false", ""}, {"false", "true", ""}, {"", "", ""}}},
        {"!=", {{"false", "true", ""}, {"true", "false", ""}, {"", "", ""}}},
        {"~", {{"true", "false", "false"}, {"false", "true", "false"}, {"false", "false", "true"}}},
        {"!~", {{"false", "true", "true"}, {"true", "false", "true"}, {"true", "true", "false"}}},
    };
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (size_t l = 0; l < 3; l++) {
            for (size_t r = 0; r < 3; r++) {
                text expression = arena_printf(&a, "%s %s %s", values[l], tables[t].op, values[r]);
                struct path_case one[] = {{expression.p, tables[t].results[l][r]}};
                CHECK(patient, one);
            }
        }
    }
}

/* N1 "Singleton evaluation of collections". */
static void singletons(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"name.first() and true", "true"},
        {"'x' and true", "true"},
        {"0.not()", "false"},
        {"{}.not()", ""},
        {"active and active", "true"},
        {"deceased or false", "false"},
        {"name and true", NULL},
        {"true or name", "true"}, /* decided without the right side */
        {"false or name", NULL},
        {"(1 | 2) + 1", NULL},
        {"1 + (1 | 2)", NULL},
        {"(1 | 2) < 3", NULL},
        {"(1 | 2) in (1 | 2)", NULL},
        {"(1 | 2) contains (1 | 2)", NULL},
        {"name.given & 'x'", NULL},
        {"name.single()", NULL},
        {"name[0].single().family", "Chalmers"},
        {"name[0 | 1]", NULL},
        {"name is HumanName", NULL},
        {"name as HumanName", NULL},
        {"-(1 | 2)", NULL},
    };
    CHECK(patient, cases);
    /* A boolean with nothing but extensions is there, but is neither true nor false. */
    static const char unknown[] = "{'resourceType':'Patient','_active':{'extension':[{'url':'u',"
                                  "'valueCode':'unknown'}]},'_gender':{'id':'g'}}";
    static const struct path_case without_value[] = {
        {"active and true", ""},     {"active.not()", ""},  {"active.exists()", "true"},
        {"gender and true", "true"}, {"gender & 'x'", "x"},
    };
    CHECK(unknown, without_value);
}

/* N1 "Equality" and "Comparison" of collections; the values have tests of their own. */
static void comparing(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"(1 | 2) = (1 | 2)", "true"},
        {"(1 | 2) = (2 | 1)", "false"},
        {"(1 | 2) = 1", "false"},
        {"(1 | 2) ~ (2 | 1)", "true"},
        {"(1 | 2) ~ (1 | 3)", "false"},
        {"1.combine(1).combine(2) ~ 1.combine(2).combine(2)", "false"},
        {"(1 | 2) != (1 | 3)", "true"},
        {"@2012 = @2012-01", ""},
        {"@2012.combine(1) = @2012-01.combine(1)", ""},
        {"(@2012 | @2013).combine(1) = (@2012-01 | @2013).combine(2)", "false"},
        {"1 < 2", "true"},
        {"2 <= 2.0", "true"},
        {"'a' > 'b'", "false"},
        {"2 >= 3", "false"},
        {"1 < {}", ""},
        {"{} >= 1", ""},
        {"1 < 'a'", NULL},
        {"true < false", NULL},
        {"birthDate < @1975", "true"},
        {"birthDate < @1974-12", ""},
    };
    CHECK(patient, cases);
}

/* N1 "Math": overflow and division by zero are empty. */
static void arithmetic(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"1 + 1", "2"},
        {"2147483647 + 1", ""},
        {"-2147483647 - 2", ""},
        {"65536 * 65536", ""},
        {"7 div 2", "3"},
        {"-7 div 2", "-3"},
        {"7 mod -2", "1"},
        {"5 div 0", ""},
        {"5 mod 0", ""},
        {"1 / 0", ""},
        {"1 / 2", "0.5"},
        {"1.5 + 1", "2.5"},
        {"5.5 div 0.7", "7"},
        {"1 + {}", ""},
        {"{} * 2", ""},
        {"'a' + 'b'", "ab"},
        {"'a' + {}", ""},
        {"'a' & {}", "a"},
        {"{} & {}", ""},
        {"'a' & 'b' & 'c'", "abc"},
        {"'a' & 1", NULL},
        {"'a' + 1", NULL},
        {"'a' - 'b'", NULL},
        {"true + true", NULL},
        {"-'a'", NULL},
        {"-(-3)", "3"},
        {"-(1.50)", "-1.50"},
        {"-(3 'mg')", "-3 'mg'"},
        {"name[0].given[0] + name[0].family", "PeterChalmers"},
    };
    CHECK(patient, cases);
}

static void quantities_and_times(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"3 'm' + 3 'cm'", "303 'cm'"},
        {"3 'cm' + 3 'm'", "303 'cm'"},
        {"1 'kg' - 1 'g'", "999 'g'"},
        {"1 'm' + 1 's'", ""},
        {"2 'cm' * 3", "6 'cm'"},
        {"12 'cm2' / 3 'cm' = 4 'cm'", "true"},
        {"1 'm' div 2", NULL},
        {"@2014 + 24 months", "2016"},
        {"@2014-01-31 + 1 month", "2014-02-28"},
        {"@2014-01-31 - 1 day", "2014-01-30"},
        {"@9999 + 1 year", ""},
        {"@2014-01-31 + 1", NULL},
        {"@2014-01-31 + 1 'mo'", NULL},
        {"@2014-01-31 * 2", NULL},
        {"@2014 - @2013", NULL},
        {"1 day + @2014", NULL},
        {"birthDate + 1 week", "1975-01-01"},
        {"@2014 + {}", ""},
    };
    CHECK(patient, cases);
}

static void conditions(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        int holds; /* -1: an error */
    } cases[] = {
        {"active", 1},        {"deceased", 0},      {"{}", 0},
        {"birthDate", 1},     {"name", -1},         {"name[0]", 1},
        {"name.exists()", 1}, {"multipleBirth", 1},
    };
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct path *path;
        struct err e;
        bool holds = false;
        assert_int_equal(path_compile(text_of(cases[i].expression), &a, &path, &e), 0);
        int code = path_holds(path, NULL, &focus, &a, &holds, &e);
        assert_int_equal(code ? -1 : holds, cases[i].holds);
    }
}

/* --- functions ----------------------------------------------------------------------------- */

static void existence(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"name.exists() and {}.exists().not() and {}.empty()", "true"},
        {"name.exists(use = 'usual')", "true"},
        {"name.exists(use = 'old')", "false"},
        {"name.exists($index = 1 and use = 'usual')", "true"},
        {"name.all(given.exists())", "true"},
        {"name.all(family.exists())", "false"},
        {"{}.all(false)", "true"},
        {"name.all(given)", NULL},
        {"(true | false).allTrue()", "false"},
        {"(true | false).anyTrue()", "true"},
        {"(true | false).allFalse()", "false"},
        {"(true | false).anyFalse()", "true"},
        {"false.allFalse() and true.allFalse().not()", "true"},
        {"true.allTrue() and false.allTrue().not()", "true"},
        {"false.anyTrue() or true.anyFalse()", "false"},
        {"{}.allTrue() and {}.allFalse()", "true"},
        {"{}.anyTrue() or {}.anyFalse()", "false"},
        {"(true | 'foo').allTrue()", NULL},
        {"(1 | 2).subsetOf(1 | 2 | 3)", "true"},
        {"(1 | 4).subsetOf(1 | 2 | 3)", "false"},
        {"{}.subsetOf({}) and {}.subsetOf(1)", "true"},
        {"(1 | 2).supersetOf(2)", "true"},
        {"(1 | 2).supersetOf({})", "true"},
        {"{}.supersetOf(1)", "false"},
        {"name.first().subsetOf($this.name)", "true"},
        {"{}.count()", "0"},
        {"(1 | 1.0 | '1').count()", "2"},
        {"1.combine(1).isDistinct()", "false"},
        {"{}.isDistinct() and (1 | 2).isDistinct()", "true"},
        {"'a'.combine('b').combine('a').distinct()", "a b"},
        {"identifier.system.distinct()", "http://s"},
        {"identifier.combine(identifier).distinct().value", "1 2"},
    };
    CHECK(patient, cases);
}

static void choosing(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"name.where(use = 'usual').given", "Jim"},
        {"name.where($index = 0).family", "Chalmers"},
        {"name.where({})", ""},
        {"name.where(given)", NULL},
        {"name.select(given.count())", "3 1"},
        {"name.select($index)", "0 1"},
        {"name.select(use | given.first())", "official Peter usual Jim"},
        {"name.first().use | name.last().use", "official usual"},
        {"(1 | 2 | 3).tail()", "2 3"},
        {"(1 | 2 | 3).skip(2)", "3"},
        {"(1 | 2 | 3).skip(-1)", "1 2 3"},
        {"(1 | 2 | 3).skip(9)", ""},
        {"(1 | 2 | 3).take(2)", "1 2"},
        {"(1 | 2 | 3).take(0)", ""},
        {"(1 | 2 | 3).take(-1)", ""},
        {"(1 | 2).take('a')", NULL},
        {"(1 | 2 | 3)[2]", "3"},
        {"(1 | 2 | 3)[3]", ""},
        {"(1 | 2 | 3)[-1]", ""},
        {"(1 | 2)[{}]", ""},
        {"{}.first() | {}.last() | {}.tail() | {}.single()", ""},
        {"1.combine(1).intersect(1 | 2)", "1"},
        {"1.combine(1).combine(2).exclude(2)", "1 1"},
        {"1.combine(1).union(2)", "1 2"},
        {"(1 | 2) | (2 | 3) | {}", "1 2 3"},
        {"2 in (1 | 2) and (1 | 2) contains 2", "true"},
        {"3 in (1 | 2) or {} contains 3 or 3 in {}", "false"},
        {"{} in (1 | 2)", ""},
        {"(1 | 2) contains {}", ""},
    };
    CHECK(patient, cases);
}

static void computing(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"(1 | 2 | 3).aggregate($this + $total, 10)", "16"},
        {"(3 | 1 | 2).aggregate(iif($total.empty(), $this, iif($this < $total, $this, $total)))",
         "1"},
        {"{}.aggregate($this, 5)", "5"},
        {"(1 | 2).aggregate($total | $this, {})", "1 2"},
        {"iif(true, 'a', 1 + 'x')", "a"},
        {"iif(false, 1 + 'x')", ""},
        {"iif({}, 'a', 'b')", "b"},
        {"iif(name, 'a', 'b')", NULL},
        {"iif('x', 'a', 'b')", NULL},
        {"(1 | 2).iif(true, 'a')", NULL},
        {"name.select(iif(use = 'usual', $index, {}))", "1"},
        {"'item'.iif($this = 'item', $this + '!', 'other')", "item!"},
        {"name.trace('x').count()", "2"},
        {"(3 | 1 | 2).sort()", "1 2 3"},
        {"('b' | 'a').sort(-$this)", "b a"},
        {"(3 | 1 | 2).sort(-$this)", "3 2 1"},
        {"name.sort(-family).use", "usual official"},
        {"name.sort(family).use", "official usual"},
        {"name.given.where(hasValue()).sort()", "James Jim Peter"},
        {"(5 | 4 | 3 | 2 | 1).sort($this mod 2, -$this)", "4 2 5 3 1"},
        {"(1 | 'a').sort()", NULL},
        {"{}.sort()", ""},
    };
    CHECK(patient, cases);
}

static void repeating(void **state)
{
    (void)state;
    static const char questions[] =
        "{'resourceType':'Questionnaire','status':'draft','item':[{'linkId':'1','type':'group',"
        "'item':[{'linkId':'1.1','type':'group','item':[{'linkId':'1.1.1','type':'string'}]}]},"
        "{'linkId':'2','type':'string'}]}";
    static const struct path_case cases[] = {
        {"repeat(item).linkId", "1 2 1.1 1.1.1"},
        {"repeat(item).type()", "<BackboneElement> <BackboneElement> <BackboneElement> "
                                "<BackboneElement>"},
        {"repeat($this).count()", "1"},
        {"repeat('x')", "x"},
        {"{}.repeat(item)", ""},
        {"1.repeat(iif($this < 5, $this + 1, 1))", "2 3 4 5 1"},
        {"descendants().where(linkId.exists()).count()", "4"},
    };
    CHECK(questions, cases);
}

static void seen(void *context, text name, const struct path_items *items)
{
    text *log = context;
    *log =
        arena_printf(&a, "%.*s%.*s: %.*s;", TEXT_ARG(*log), TEXT_ARG(name), TEXT_ARG(show(items)));
}

static void traces(void **state)
{
    (void)state;
    text log = T("");
    struct path_world world = {.trace = seen, .context = &log};
    struct path_env env = {.world = &world};
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    struct path_items items;
    struct err e;
    assert_int_equal(
        evaluate("name.trace('n', use).use.trace('u').count()", &focus, &env, &items, &e), 0);
    assert_true(text_eq(log, T("n: official usual;u: official usual;")));
}

/* --- limits -------------------------------------------------------------------------------- */

static void expect_end(const char *expression, const struct path_items *focus,
                       struct path_limits limits)
{
    struct path_env env = {.limits = limits};
    struct path_items items;
    struct err e;
    int64_t start = clock_mono_ns();
    int code = evaluate(expression, focus, &env, &items, &e);
    if (code != ERR_TOO_COSTLY && code != ERR_MEMORY) {
        fail_msg("%s: %s", expression, err_info(code)->name);
    }
    assert_non_null(strstr(err_text(&e), "(at character "));
    /* Sanitisers and a busy machine included. */
    assert_true(clock_mono_ns() - start < (int64_t)60 * 1000 * 1000 * 1000);
}

static void endless(void **state)
{
    (void)state;
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    static const char *const endless[] = {
        "1.repeat($this + 1)",
        "'a'.repeat($this + 'a')",
        "(1 | 2).repeat($this.combine($this.toString() + 'x'))",
    };
    struct path_limits small = {.steps = 100000, .items = 1000};
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct arena_mark mark = arena_mark(&a);
        expect_end(endless[i], &focus, small);
        arena_rewind(&a, mark);
    }
    expect_end("'a'.repeat($this + 'a')", &focus, path_limits_default());
}

/* Projections in projections multiply: the items and the steps end them. */
static void explosions(void **state)
{
    (void)state;
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    static const char d[] = "iif($this.exists(), %resource).descendants()";
    text expression = arena_printf(&a, "%s.select(%s.select(%s.select(%s)))", d, d, d, d);
    expect_end(expression.p, &focus, path_limits_default());
    expression = arena_printf(&a, "%s.all(%s.all(%s.all(%s.exists(false).not())))", d, d, d, d);
    expect_end(expression.p, &focus, (struct path_limits){.steps = 20000, .items = 1000});
    expect_end(d, &focus, (struct path_limits){.steps = 1000, .items = 10});
    expect_end(expression.p, &focus,
               (struct path_limits){
                   .steps = 1000000000, .items = 1000, .deadline = clock_mono_ns() + 1000000});
}

/* What is the same for every item is found once, and what is not, is not. */
static void constants(void **state)
{
    (void)state;
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    struct path_items items;
    struct err e;
    struct path_env env = {.limits = {.steps = 6000}};
    static const char walk[] = "descendants().where(%resource.descendants().count() > 1).count()";
    assert_int_equal(evaluate(walk, &focus, &env, &items, &e), 0);
    assert_true(items.items[0].u.integer > 40);
    expect_end("descendants().where($this.select(%resource).descendants().count() > 1).count()",
               &focus, env.limits);
    static const struct path_case cases[] = {
        {"(1 | 2 | 3).select(%resource.name.given[$this])", "<string> James Jim"},
        {"(1 | 2).select(%resource.name.select($index))", "0 1 0 1"},
        {"(1 | 2).where(%resource.name.count() = $this)", "2"},
        {"name.select(%context.identifier.where(value = '2').value & use)", "2official 2usual"},
        {"(1 | 2).where(%resource.name.where(use = 'usual').exists(given = 'Jim'))", "1 2"},
    };
    CHECK(patient, cases);
}

/* A tree of thousands of elements, and one as deep as JSON may be. */
static void big_trees(void **state)
{
    (void)state;
    text json = T("");
    text parts[4000];
    size_t n = 0;
    parts[n++] = T("{'resourceType':'Patient','identifier':[{'value':'0'}");
    while (n < 3999) {
        parts[n] = arena_printf(&a, ",{'value':'%zu'}", n);
        n++;
    }
    parts[n++] = T("]}");
    json = arena_copy(&a, arena_join(&a, parts, n)); /* with a NUL */
    struct path_item root = item_of(json.p);
    struct path_items focus = {&root, 1};
    struct path_items items;
    struct err e;
    assert_int_equal(evaluate("descendants().count()", &focus, NULL, &items, &e), 0);
    assert_int_equal(items.items[0].u.integer, 2 * 3999);
    /* Texts are found by their hash: thousands of them are far from the limit. */
    assert_int_equal(evaluate("identifier.value.isDistinct()", &focus, NULL, &items, &e), 0);
    assert_true(items.items[0].u.boolean);
    struct path_env env = {.limits = {.steps = 100000}};
    assert_int_equal(evaluate("identifier.value.distinct().count()", &focus, &env, &items, &e), 0);
    assert_int_equal(items.items[0].u.integer, 3999);
    expect_end("identifier.distinct()", &focus, (struct path_limits){.steps = 100000});

    json = T("'url':'u','valueString':'x'");
    for (int i = 0; i < 25; i++) {
        json = arena_printf(&a, "'url':'u','extension':[{%.*s}]", TEXT_ARG(json));
    }
    json = arena_printf(&a, "{'resourceType':'Patient','extension':[{%.*s}]}", TEXT_ARG(json));
    root = item_of(json.p);
    assert_int_equal(evaluate("descendants().value", &focus, NULL, &items, &e), 0);
    assert_true(text_eq(show(&items), T("x")));
    assert_int_equal(evaluate("repeat(extension).count()", &focus, NULL, &items, &e), 0);
    assert_int_equal(items.items[0].u.integer, 26);
}

/* Out of memory is an error as any other. */
static void little_memory(void **state)
{
    (void)state;
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    const struct path *path;
    struct err e;
    text expression = T("descendants().select($this | 'a').distinct().sort($this.toString())"
                        ".aggregate($total & 'x', '')");
    assert_int_equal(path_compile(expression, &a, &path, &e), 0);
    for (size_t cap = 0; cap < 400000; cap += 7000) {
        struct arena little;
        arena_init(&little, cap);
        struct path_items items;
        int code = path_eval(path, NULL, &focus, &little, &items, &e);
        assert_true(code == 0 || code == ERR_MEMORY || code == ERR_INVALID);
        arena_done(&little);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truth_tables),
        TEST(singletons),
        TEST(comparing),
        TEST(arithmetic),
        TEST(quantities_and_times),
        TEST(conditions),
        TEST(existence),
        TEST(choosing),
        TEST(computing),
        TEST(repeating),
        TEST(traces),
        TEST(endless),
        TEST(explosions),
        TEST(constants),
        TEST(big_trees),
        TEST(little_memory),
    };
    return cmocka_run_group_tests_name("path_eval", tests, NULL, NULL);
}
