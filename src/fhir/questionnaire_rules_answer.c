/* One answer against its question: type, options, value set, length, range, pattern. */
#include "fhir/path_regex.h"
#include "fhir/questionnaire_rules.h"

static text code_of(const struct path_node *node)
{
    return json_text(json_get(node->value, T("code")));
}

/* A Coding is the same by system and code; where one has no code, by its display. */
static bool same_coding(const struct path_node *answer, const struct path_node *wanted)
{
    text system = json_text(json_get(wanted->value, T("system")));
    if (!code_of(wanted).n) {
        return text_eq(json_text(json_get(wanted->value, T("display"))),
                       json_text(json_get(answer->value, T("display"))));
    }
    return text_eq(code_of(answer), code_of(wanted)) &&
           text_eq(system, json_text(json_get(answer->value, T("system"))));
}

bool questionnaire_same(const struct path_node *answer, const struct path_node *wanted,
                        struct arena *a)
{
    struct path_item x = {.kind = PATH_NODE, .u.node = answer};
    struct path_item y = {.kind = PATH_NODE, .u.node = wanted};
    struct path_item p = x;
    struct path_item q = y;
    if (answer->type != wanted->type) {
        return false;
    }
    if (answer->type == MODEL_CODING) {
        return same_coding(answer, wanted);
    }
    if (answer->type == MODEL_REFERENCE) {
        return text_eq(json_text(json_get(answer->value, T("reference"))),
                       json_text(json_get(wanted->value, T("reference"))));
    }
    (void)path_plain(&x, &p);
    (void)path_plain(&y, &q);
    return path_equal(&p, &q, a) == PATH_TRUE;
}

bool questionnaire_order(const struct path_node *a, const struct path_node *b, struct arena *s,
                         int *ret_order)
{
    struct path_item x = {.kind = PATH_NODE, .u.node = a};
    struct path_item y = {.kind = PATH_NODE, .u.node = b};
    struct path_item p;
    struct path_item q;
    return path_plain(&x, &p) && path_plain(&y, &q) &&
           path_order(&p, &q, s, ret_order) == PATH_TRUE;
}

/* --- options ------------------------------------------------------------------------------- */

static void check_options(struct questionnaire *q, const struct questionnaire_item *item,
                          const yyjson_val *options, const struct path_node *value)
{
    const struct model_element *el = model_find(&model_types[item->node->type], T("answerOption"));
    struct path_node option = {.type = el->type, .name = T("answerOption"), .parent = item->node};
    bool free_text = text_eq(item->type, T("open-choice")) && value->type == MODEL_STRING;
    const yyjson_val *one = options + 1;
    for (size_t left = json_len(options); left && !free_text; left--, one = json_after(one)) {
        struct path_node wanted;
        option.value = one;
        if (questionnaire_choice(one, &option, "value", &wanted) &&
            questionnaire_same(value, &wanted, q->run->arena)) {
            return;
        }
    }
    if (!free_text) {
        profile_issue(q->run, ISSUE_ERROR, ERR_CODE_INVALID, value,
                      "the answer to '%.*s' is none of its %zu options (answerOption)",
                      TEXT_ARG(text_short(item->link_id, 100)), json_len(options));
    }
}

static int find_set(struct questionnaire *q, struct questionnaire_item *item, text canonical)
{
    struct err why = {0};
    int code = 0;
    if (item->asked) {
        return 0;
    }
    item->asked = true;
    if (canonical.p[0] != '#') {
        code = defs_value_set(q->run->defs, canonical, &item->set, &why);
    } else {
        const yyjson_val *list = json_get(q->holder, T("contained"));
        size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
        const yyjson_val *one = left ? list + 1 : NULL;
        while (left && !text_eq(json_text(json_get(one, T("id"))), text_from(canonical, 1))) {
            one = --left ? json_after(one) : NULL;
        }
        code = one ? value_set_compile(q->run->defs, one, q->run->arena, &item->set, &why)
                   : ERR_NOT_FOUND;
    }
    item->set = code ? NULL : item->set;
    return code == ERR_MEMORY ? err_set(q->run->e, code, "%s", err_text(&why)) : 0;
}

static int check_set(struct questionnaire *q, struct questionnaire_item *item, text canonical,
                     const struct path_node *value)
{
    text system = json_text(json_get(value->value, T("system")));
    int code = find_set(q, item, canonical);
    if (code || value->type != MODEL_CODING || !code_of(value).n) {
        return code;
    }
    system = system.p ? system : T("");
    enum value_set_answer has =
        item->set
            ? value_set_has(item->set, system, json_text(json_get(value->value, T("version"))),
                            code_of(value), q->run->arena)
            : VALUE_SET_UNKNOWN;
    if (has == VALUE_SET_NO) {
        profile_issue(q->run, ISSUE_ERROR, ERR_CODE_INVALID, value,
                      "the answer '%.*s' to '%.*s' is not in the value set %.*s",
                      TEXT_ARG(text_short(code_of(value), 64)),
                      TEXT_ARG(text_short(item->link_id, 100)),
                      TEXT_ARG(text_short(canonical, 200)));
    } else if (has == VALUE_SET_UNKNOWN && !q->run->options.no_unknown) {
        profile_issue(
            q->run, ISSUE_WARNING, ERR_NOT_FOUND, value,
            "whether the answer is in the value set %.*s cannot be told with what is here",
            TEXT_ARG(text_short(canonical, 200)));
    }
    return 0;
}

/* --- bounds -------------------------------------------------------------------------------- */

static size_t characters(text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        n += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    }
    return n;
}

static bool number_of(const yyjson_val *v, uint64_t *ret)
{
    return v && text_to_u64(json_text(v), ret);
}

static void wrong(struct questionnaire *q, const struct questionnaire_item *item,
                  const struct path_node *value, const char *what, text bound)
{
    profile_issue(q->run, ISSUE_ERROR, ERR_VALUE, value, "the answer to '%.*s' %s %.*s",
                  TEXT_ARG(text_short(item->link_id, 100)), what, TEXT_ARG(text_short(bound, 200)));
}

static int check_regex(struct questionnaire *q, const struct questionnaire_item *item, text pattern,
                       const struct path_node *value)
{
    struct path_regex regex = {
        .pattern = pattern, .work_left = PATH_REGEX_WORK_MAX, .deadline = q->run->deadline};
    struct err why = {0};
    bool does = true;
    int code = path_regex_matches(&regex, json_text(value->value), true, &does, &why);
    if (code == ERR_MEMORY) {
        return err_set(q->run->e, code, "%s", err_text(&why));
    }
    if (code) {
        profile_issue(q->run, ISSUE_WARNING, code, value,
                      "the answer was not compared with the pattern of its question: %s",
                      err_text(&why));
    } else if (!does) {
        wrong(q, item, value, "does not match the pattern", pattern);
    }
    return 0;
}

static size_t decimals(text number)
{
    size_t dot = text_find(number, '.');
    size_t n = 0;
    while (dot + 1 + n < number.n && number.p[dot + 1 + n] >= '0' && number.p[dot + 1 + n] <= '9') {
        n++;
    }
    return n;
}

static int check_extension(struct questionnaire *q, const struct questionnaire_item *item,
                           const yyjson_val *extension, const struct path_node *value)
{
    struct path_node at = {
        .value = extension, .type = MODEL_EXTENSION, .name = T("extension"), .parent = item->node};
    struct path_node bound;
    text url = json_text(json_get(extension, T("url")));
    int order = 0;
    uint64_t n = 0;
    if (!text_starts(url, T(DEFS_BASE)) || !questionnaire_choice(extension, &at, "value", &bound)) {
        return 0;
    }
    text name = text_from(url, sizeof DEFS_BASE - 1);
    text said = json_text(value->value);
    if (text_eq(name, T("minValue")) || text_eq(name, T("maxValue"))) {
        bool least = text_eq(name, T("minValue"));
        if (questionnaire_order(value, &bound, q->run->arena, &order) &&
            (least ? order < 0 : order > 0)) {
            wrong(q, item, value, least ? "is less than" : "is more than", json_text(bound.value));
        }
    } else if (text_eq(name, T("maxDecimalPlaces")) && value->type == MODEL_DECIMAL) {
        if (number_of(bound.value, &n) && decimals(said) > n) {
            wrong(q, item, value, "has more decimals than", json_text(bound.value));
        }
    } else if (text_eq(name, T("minLength")) && value->type == MODEL_STRING) {
        if (number_of(bound.value, &n) && characters(said) < n) {
            wrong(q, item, value, "has fewer characters than", json_text(bound.value));
        }
    } else if (text_eq(name, T("regex")) && said.p) {
        return check_regex(q, item, json_text(bound.value), value);
    }
    return 0;
}

static int check_extensions(struct questionnaire *q, const struct questionnaire_item *item,
                            const struct path_node *value)
{
    const yyjson_val *list = json_get(item->value, T("extension"));
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *one = count ? list + 1 : NULL;
    int code = 0;
    for (size_t i = 0; !code && i < count; i++, one = json_after(one)) {
        code = check_extension(q, item, one, value);
    }
    return code;
}

int questionnaire_answer(struct questionnaire *q, struct questionnaire_item *item,
                         const struct path_node *value)
{
    uint64_t most = 0;
    const yyjson_val *options = json_get(item->value, T("answerOption"));
    text set = json_text(json_get(item->value, T("answerValueSet")));
    /* A choice may have options that are no codings. */
    bool choice = text_eq(item->type, T("choice")) || text_eq(item->type, T("open-choice"));
    bool listed = json_type(options) == YYJSON_TYPE_ARR && json_len(options);
    if (!questionnaire_type_ok(item->type, value->type) && !(choice && listed)) {
        profile_issue(q->run, ISSUE_ERROR, ERR_INVALID, value,
                      "'%.*s' is a question of type %.*s; an answer of type %.*s does not fit",
                      TEXT_ARG(text_short(item->link_id, 100)),
                      TEXT_ARG(text_short(item->type, 20)),
                      TEXT_ARG(model_text(model_types[value->type].name)));
        return 0;
    }
    if (listed) {
        check_options(q, item, options, value);
    }
    if (number_of(json_get(item->value, T("maxLength")), &most) && json_text(value->value).p &&
        characters(json_text(value->value)) > most) {
        wrong(q, item, value, "has more characters than",
              json_text(json_get(item->value, T("maxLength"))));
    }
    int code = set.n ? check_set(q, item, set, value) : 0;
    return code ? code : check_extensions(q, item, value);
}
