/*
 * An expression. What is refused has a reason; what is understood has a normal form that is
 * understood as the same, and an evaluation that ends within its limits.
 */
#include "fhir/path.h"

#include <stdlib.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 4096, STEPS = 20000, ITEMS = 1000, DEPTH = 64 };

static const char resource[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,\"birthDate\":\"1974-12-25\","
    "\"_birthDate\":{\"extension\":[{\"url\":\"http://kith.test/time\",\"valueDateTime\":"
    "\"1974-12-25T14:35:45-05:00\"}]},"
    "\"name\":[{\"use\":\"usual\",\"family\":\"Chalmers\",\"given\":[\"Peter\",\"James\"],"
    "\"_given\":[null,{\"id\":\"second\"}]},{\"text\":\"a \\\\ b\",\"period\":{\"end\":\"2002\"}}],"
    "\"multipleBirthInteger\":2,\"contact\":[{\"name\":{\"family\":\"du March\\u00e9\"}}],"
    "\"contained\":[{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":"
    "{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]},\"valueQuantity\":"
    "{\"value\":185.50,\"unit\":\"lbs\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
    "\"[lb_av]\"},\"subject\":{\"reference\":\"#\"}}],"
    "\"generalPractitioner\":[{\"reference\":\"#o1\"}]}";

static void check_error(int code, const struct err *e)
{
    const char *t = e->detail;
    size_t left = strlen(t);
    CHECK(code == e->code && left);
    while (left) {
        int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const unsigned char *)t, (utf8proc_ssize_t)left, &c);
        CHECK(n > 0);
        t += n;
        left -= (size_t)n;
    }
}

static const struct path *understand(text expression, struct arena *a)
{
    struct err e = {0};
    const struct path *path = NULL;
    const struct path *again = NULL;
    int code = path_compile(expression, a, &path, &e);
    if (code) {
        check_error(code, &e);
        CHECK(code == ERR_INVALID || code == ERR_TOO_LARGE);
        return NULL;
    }
    text printed = path_print(path, a);
    CHECK(printed.p);
    CHECK(printed.n > PATH_BYTES_MAX || path_compile(printed, a, &again, &e) == 0);
    CHECK(!again || text_eq(path_print(again, a), printed));
    return path;
}

static void evaluate(const struct path *path, const struct path_item *focus, struct arena *a)
{
    struct path_item one = *focus;
    struct path_items items = {&one, focus->kind != PATH_NOTHING};
    struct path_items result = {0};
    struct path_env env = {.now_ms = 1700000000000, .limits = path_limits_default()};
    struct err e = {0};
    bool holds = false;
    env.limits.steps = STEPS;
    env.limits.items = ITEMS;
    int code = path_eval(path, &env, &items, a, &result, &e);
    if (code) {
        check_error(code, &e);
    }
    CHECK(code || result.count <= ITEMS);
    for (size_t i = 0; !code && i < result.count; i++) {
        const struct path_item *item = &result.items[i];
        text space;
        text name;
        path_type_of(item, &space, &name);
        CHECK(space.n && name.n);
        CHECK(item->kind == PATH_NODE || item->kind == PATH_TYPE || path_print_value(item, a).p);
        CHECK(item->kind != PATH_INTEGER ||
              (item->u.integer <= INT32_MAX && item->u.integer >= INT32_MIN));
    }
    if (path_holds(path, &env, &items, a, &holds, &e) == 0 && !code) {
        CHECK(!holds || result.count == 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    yyjson_val *root = NULL;
    struct path_item patient = {0};
    struct path_item nothing = {0};
    if (n > BYTES_MAX) {
        return 0;
    }
    arena_init(&a, (size_t)1 << 26);
    CHECK(json_read(text_of(resource), DEPTH, &a, &root, &e) == 0);
    CHECK(path_of_resource(root, &a, &patient, &e) == 0);
    const struct path *path = understand(text_make((const char *)data, n), &a);
    if (path) {
        evaluate(path, &patient, &a);
        evaluate(path, &nothing, &a);
    }
    arena_done(&a);
    return 0;
}
