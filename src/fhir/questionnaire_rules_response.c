/* The items of a QuestionnaireResponse against those of its Questionnaire. */
#include "fhir/questionnaire_rules.h"

/* An item of the response. */
struct given {
    const struct path_node *node;
    uint32_t next; /* 1 + index of the next with its linkId in the same place; 0: the last */
};

struct responding {
    struct questionnaire *q;
    struct profile_run *run;
    bool complete; /* status: required items must be there */
    struct given *given;
    size_t count;
    size_t capacity;
    struct map by_place; /* linkId and the place of the parent -> 1 + index of the first */
    struct map by_link;  /* linkId -> 1 + index of the first anywhere */
};

enum { ELSEWHERE_MOST = 100 };

static int no_memory(struct responding *r)
{
    return err_set(r->run->e, ERR_MEMORY, "the validation needs more memory than it may have");
}

static const yyjson_val *list_of(const yyjson_val *object, const char *name, size_t *ret_count)
{
    const yyjson_val *list = json_get(object, text_of(name));
    *ret_count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    return *ret_count ? list + 1 : NULL;
}

/* --- where answers stand ------------------------------------------------------------------- */

/* A key of a linkId below a node: values have their own addresses. */
static text place_key(char *out, size_t size, text link_id, const struct path_node *parent)
{
    uintptr_t p = (uintptr_t)parent->value;
    text id = text_first(link_id, size - sizeof p);
    memcpy(out, &p, sizeof p);
    memcpy(out + sizeof p, id.p ? id.p : "", id.n);
    return text_make(out, sizeof p + id.n);
}

static int put_given(struct responding *r, const struct path_node *node)
{
    char key[512];
    bool is_new = false;
    text link_id = json_text(json_get(node->value, T("linkId")));
    text place = arena_copy(r->run->arena, place_key(key, sizeof key, link_id, node->parent));
    uint64_t *at = place.p ? map_put(&r->by_place, place, &is_new) : NULL;
    uint64_t *any = link_id.n ? map_put(&r->by_link, link_id, &is_new) : NULL;
    struct given *given =
        arena_grow(r->run->arena, r->given, r->count, &r->capacity, sizeof *r->given);
    if (!at || (link_id.n && !any) || !given) {
        return no_memory(r);
    }
    r->given = given;
    r->given[r->count++] = (struct given){.node = node, .next = (uint32_t)*at};
    *at = r->count;
    if (any && is_new) {
        *any = r->count;
    }
    return profile_step(r->run);
}

static int put_items(struct responding *r, const struct path_node *in, size_t depth);

static int put_answers(struct responding *r, const struct path_node *item, size_t depth)
{
    size_t count;
    const yyjson_val *answer = list_of(item->value, "answer", &count);
    int code = 0;
    for (size_t i = 0; !code && i < count; i++, answer = json_after(answer)) {
        const struct path_node *node = questionnaire_node(r->run->arena, item, "answer", answer, i);
        code = node ? put_items(r, node, depth) : no_memory(r);
    }
    return code;
}

static int put_items(struct responding *r, const struct path_node *in, size_t depth)
{
    size_t count;
    const yyjson_val *item = list_of(in->value, "item", &count);
    int code = 0;
    for (size_t i = 0; !code && depth < QUESTIONNAIRE_DEPTH_MOST && i < count;
         i++, item = json_after(item)) {
        const struct path_node *node = questionnaire_node(r->run->arena, in, "item", item, i);
        code = node ? put_given(r, node) : no_memory(r);
        code = code ? code : put_items(r, node, depth + 1);
        code = code ? code : put_answers(r, node, depth + 1);
    }
    return code;
}

/* --- enableWhen ---------------------------------------------------------------------------- */

/* Whether one answer is what a condition wants. */
static bool meets(struct responding *r, text operator, const struct path_node * answer,
                  const struct path_node *wanted)
{
    int order = 0;
    bool same = questionnaire_same(answer, wanted, r->run->arena);
    if (text_eq(operator, T("=")) || text_eq(operator, T("!="))) {
        return same == (operator.n == 1);
    }
    if (!questionnaire_order(answer, wanted, r->run->arena, &order)) {
        return false;
    }
    bool less = operator.n && operator.p[0] == '<';
    return (operator.n == 2 && order == 0) || (less ? order < 0 : order > 0);
}

static bool item_meets(struct responding *r, const struct path_node *item, text operator,
                       const struct path_node * wanted)
{
    size_t count;
    const yyjson_val *answer = list_of(item->value, "answer", &count);
    const struct model_element *el = model_find(&model_types[item->type], T("answer"));
    if (text_eq(operator, T("exists"))) {
        return count > 0;
    }
    for (size_t i = 0; el && i < count; i++, answer = json_after(answer)) {
        struct path_node at = {
            .value = answer, .type = el->type, .name = T("answer"), .parent = item};
        struct path_node value;
        if (questionnaire_choice(answer, &at, "value", &value) &&
            meets(r, operator, & value, wanted)) {
            return true;
        }
    }
    return false;
}

/* The nearest items of a linkId: beside the item, then beside what it is in, then anywhere. */
static uint32_t find_given(struct responding *r, text link_id, const struct path_node *from)
{
    char key[512];
    for (; from; from = from->parent) {
        uint64_t *at = map_get(&r->by_place, place_key(key, sizeof key, link_id, from));
        if (at) {
            return (uint32_t)*at;
        }
    }
    uint64_t *any = map_get(&r->by_link, link_id);
    return any ? (uint32_t)*any : 0;
}

static bool condition_holds(struct responding *r, const struct questionnaire_item *item,
                            const yyjson_val *when, const struct path_node *in)
{
    const struct model_element *el = model_find(&model_types[item->node->type], T("enableWhen"));
    struct path_node at = {.value = when,
                           .type = el ? el->type : MODEL_ELEMENT,
                           .name = T("enableWhen"),
                           .parent = item->node};
    struct path_node wanted;
    text operator= json_text(json_get(when, T("operator")));
    bool found = false;
    if (!questionnaire_choice(when, &at, "answer", &wanted)) {
        return true;
    }
    uint32_t next = find_given(r, json_text(json_get(when, T("question"))), in);
    for (size_t i = 0; next && !found && i < ELSEWHERE_MOST; i++) {
        const struct given *given = &r->given[next - 1];
        found = item_meets(r, given->node, operator, & wanted);
        next = given->next;
    }
    bool absent = text_eq(operator, T("exists")) && !questionnaire_is_true(when, "answerBoolean");
    return found != absent;
}

/* in: the item or answer of the response in which the item stands, or would. */
static bool is_enabled(struct responding *r, const struct questionnaire_item *item,
                       const struct path_node *in)
{
    size_t count;
    const yyjson_val *when = list_of(item->value, "enableWhen", &count);
    bool any = text_eq(json_text(json_get(item->value, T("enableBehavior"))), T("any"));
    for (size_t i = 0; i < count; i++, when = json_after(when)) {
        if (condition_holds(r, item, when, in) == any) {
            return any;
        }
    }
    return !any || !count;
}

/* --- items --------------------------------------------------------------------------------- */

static int check_items(struct responding *r, const struct path_node *in, uint32_t parent,
                       size_t depth);

static int check_answers(struct responding *r, struct questionnaire_item *item,
                         const struct path_node *node, size_t depth)
{
    size_t count;
    const yyjson_val *answer = list_of(node->value, "answer", &count);
    uint32_t index = (uint32_t)(item - r->q->items);
    int code = 0;
    if (count > 1 && !item->repeats) {
        profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                      "'%.*s' has %zu answers, but may have one: it does not repeat",
                      TEXT_ARG(text_short(item->link_id, 100)), count);
    }
    for (size_t i = 0; !code && i < count; i++, answer = json_after(answer)) {
        const struct path_node *at = questionnaire_node(r->run->arena, node, "answer", answer, i);
        struct path_node value;
        if (!at) {
            return no_memory(r);
        }
        code = questionnaire_choice(answer, at, "value", &value)
                   ? questionnaire_answer(r->q, item, &value)
                   : 0;
        code = code ? code : check_items(r, at, index, depth + 1);
    }
    return code;
}

static int check_item(struct responding *r, struct questionnaire_item *item,
                      const struct path_node *node, size_t depth)
{
    size_t answers;
    size_t inner;
    bool group = text_eq(item->type, T("group"));
    bool display = text_eq(item->type, T("display"));
    text id = text_short(item->link_id, 100);
    (void)list_of(node->value, "answer", &answers);
    (void)list_of(node->value, "item", &inner);
    if ((group || display) && answers) {
        profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                      "'%.*s' is of type %.*s and has no answers", TEXT_ARG(id),
                      TEXT_ARG(text_short(item->type, 20)));
        return 0;
    }
    if ((answers || inner) && !is_enabled(r, item, node->parent)) {
        profile_issue(r->run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "'%.*s' is not to be answered: its conditions (enableWhen) do not hold",
                      TEXT_ARG(id));
    }
    if (group) {
        return check_items(r, node, (uint32_t)(item - r->q->items), depth + 1);
    }
    if (inner) {
        profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                      "'%.*s' is a question: what stands in it stands in its answer (answer.item)",
                      TEXT_ARG(id));
    }
    return check_answers(r, item, node, depth);
}

/* The item that a linkId names; NULL where it is none of this place, which has been told. */
static struct questionnaire_item *named_item(struct responding *r, const struct path_node *node,
                                             uint32_t parent)
{
    text link_id = json_text(json_get(node->value, T("linkId")));
    struct questionnaire_item *item = questionnaire_find(r->q, link_id);
    if (item && item->parent == parent) {
        return item;
    }
    if (link_id.n && !item) {
        profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                      "the questionnaire has no item with the linkId '%.*s'",
                      TEXT_ARG(text_short(link_id, 100)));
    } else if (item) {
        text in = item->parent == UINT32_MAX ? T("the questionnaire itself")
                                             : r->q->items[item->parent].link_id;
        profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                      "the item '%.*s' stands at a wrong place; in the questionnaire it is in %.*s",
                      TEXT_ARG(text_short(link_id, 100)), TEXT_ARG(text_short(in, 100)));
    }
    return NULL;
}

static bool has_content(const struct path_node *in, bool group)
{
    size_t count;
    (void)list_of(in->value, group ? "item" : "answer", &count);
    return count > 0;
}

/* Required items of a place that are asked (R4 questionnaire.html: required, enableWhen). */
static int check_required(struct responding *r, const struct path_node *in, uint32_t parent)
{
    char key[512];
    size_t from = parent == UINT32_MAX ? 0 : (size_t)parent + 1;
    size_t count;
    const yyjson_val *owner = parent == UINT32_MAX ? r->q->root : r->q->items[parent].value;
    const yyjson_val *one = list_of(owner, "item", &count);
    /* The items of a place follow one another, each with those in it behind it. */
    for (size_t i = from; count && i < r->q->count; i++) {
        const struct questionnaire_item *item = &r->q->items[i];
        if (item->value != one) {
            continue;
        }
        one = --count ? json_after(one) : NULL;
        uint64_t *at = map_get(&r->by_place, place_key(key, sizeof key, item->link_id, in));
        bool group = text_eq(item->type, T("group"));
        bool there = at && has_content(r->given[*at - 1].node, group);
        if (item->required && !there && !text_eq(item->type, T("display")) &&
            is_enabled(r, item, in)) {
            profile_issue(r->run, ISSUE_ERROR, ERR_REQUIRED, in,
                          "the %s '%.*s' is required, and has no %s", group ? "group" : "question",
                          TEXT_ARG(text_short(item->link_id, 100)), group ? "items" : "answer");
        }
        int code = profile_step(r->run);
        if (code) {
            return code;
        }
    }
    return 0;
}

static int check_items(struct responding *r, const struct path_node *in, uint32_t parent,
                       size_t depth)
{
    size_t count;
    const yyjson_val *one = list_of(in->value, "item", &count);
    const struct questionnaire_item *last = NULL;
    int code = 0;
    if (depth >= QUESTIONNAIRE_DEPTH_MOST) {
        return 0;
    }
    for (size_t i = 0; !code && i < count; i++, one = json_after(one)) {
        const struct path_node *node = questionnaire_node(r->run->arena, in, "item", one, i);
        if (!node) {
            return no_memory(r);
        }
        struct questionnaire_item *item = named_item(r, node, parent);
        if (!item) {
            continue;
        }
        bool twice = item == last && !(item->repeats && text_eq(item->type, T("group")));
        if (last && (item < last || twice)) {
            profile_issue(r->run, ISSUE_ERROR, ERR_INVALID, node,
                          twice ? "'%.*s' stands twice; only groups that repeat do, a question has "
                                  "several answers in one item"
                                : "'%.*s' stands behind an item that follows it in the "
                                  "questionnaire",
                          TEXT_ARG(text_short(item->link_id, 100)));
        }
        last = last && item < last ? last : item;
        code = check_item(r, item, node, depth);
    }
    return code || !r->complete ? code : check_required(r, in, parent);
}

int questionnaire_response(struct questionnaire *q, const struct path_node *response)
{
    struct responding r = {.q = q, .run = q->run};
    text status = json_text(json_get(response->value, T("status")));
    r.complete = text_eq(status, T("completed")) || text_eq(status, T("amended"));
    map_init(&r.by_place);
    map_init(&r.by_link);
    int code = put_items(&r, response, 0);
    code = code ? code : check_items(&r, response, UINT32_MAX, 0);
    map_done(&r.by_place);
    map_done(&r.by_link);
    return code;
}
