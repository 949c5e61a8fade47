/* A Questionnaire as a list of items, and its own rules. */
#include "fhir/questionnaire_rules.h"

static int no_memory(struct profile_run *run)
{
    return err_set(run->e, ERR_MEMORY, "the validation needs more memory than it may have");
}

/* --- elements ------------------------------------------------------------------------------ */

const struct path_node *questionnaire_node(struct arena *a, const struct path_node *parent,
                                           const char *name, const yyjson_val *value, size_t index)
{
    const struct model_element *el = model_find(&model_types[parent->type], text_of(name));
    struct path_node *node = arena_alloc(a, sizeof *node);
    if (node) {
        *node = (struct path_node){.value = value,
                                   .type = el ? el->type : MODEL_ELEMENT,
                                   .name = text_of(name),
                                   .index = (uint32_t)index,
                                   .repeats = el && (el->flags & MODEL_REPEATS),
                                   .parent = parent};
    }
    return node;
}

bool questionnaire_choice(const yyjson_val *object, const struct path_node *parent,
                          const char *name, struct path_node *ret)
{
    if (json_type(object) != YYJSON_TYPE_OBJ) {
        return false;
    }
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        text said = json_text(key);
        const struct model_element *el =
            text_starts(said, text_of(name)) ? model_find(&model_types[parent->type], said) : NULL;
        if (el && el->choice) {
            *ret = (struct path_node){
                .value = key + 1, .type = el->type, .name = text_of(name), .parent = parent};
            return true;
        }
    }
    return false;
}

bool questionnaire_is_true(const yyjson_val *object, const char *name)
{
    const yyjson_val *v = json_get(object, text_of(name));
    return json_type(v) == YYJSON_TYPE_BOOL && yyjson_is_true((yyjson_val *)(uintptr_t)v);
}

bool questionnaire_type_ok(text question, uint16_t type)
{
    static const struct {
        const char *question;
        const char *type;
    } pairs[] = {
        {"boolean", "boolean"},
        {"decimal", "decimal"},
        {"integer", "integer"},
        {"date", "date"},
        {"dateTime", "dateTime"},
        {"time", "time"},
        {"string", "string"},
        {"text", "string"},
        {"url", "uri"},
        {"choice", "Coding"},
        {"open-choice", "Coding"},
        {"open-choice", "string"},
        {"attachment", "Attachment"},
        {"reference", "Reference"},
        {"quantity", "Quantity"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (text_eq(text_of(pairs[i].question), question) &&
            text_eq(text_of(pairs[i].type), model_text(model_types[type].name))) {
            return true;
        }
    }
    return false;
}

/* --- reading ------------------------------------------------------------------------------- */

static int add_item(struct questionnaire *q, const struct path_node *node, uint32_t parent,
                    bool tell)
{
    bool is_new = false;
    struct questionnaire_item *grown =
        arena_grow(q->run->arena, q->items, q->count, &q->capacity, sizeof *q->items);
    if (!grown || q->count >= UINT32_MAX) {
        return no_memory(q->run);
    }
    q->items = grown;
    struct questionnaire_item *item = &q->items[q->count];
    *item = (struct questionnaire_item){
        .value = node->value,
        .node = node,
        .link_id = json_text(json_get(node->value, T("linkId"))),
        .type = json_text(json_get(node->value, T("type"))),
        .parent = parent,
        .repeats = questionnaire_is_true(node->value, "repeats"),
        .required = questionnaire_is_true(node->value, "required"),
    };
    uint64_t *at = item->link_id.n ? map_put(&q->by_link, item->link_id, &is_new) : NULL;
    if (item->link_id.n && !at) {
        return no_memory(q->run);
    }
    if (at && is_new) {
        *at = q->count;
    } else if (at && tell) {
        profile_issue(q->run, ISSUE_ERROR, ERR_DUPLICATE, node,
                      "the linkId '%.*s' stands twice in this questionnaire",
                      TEXT_ARG(text_short(item->link_id, 100)));
    }
    q->count++;
    return profile_step(q->run);
}

static int add_items(struct questionnaire *q, const struct path_node *in, uint32_t parent,
                     size_t depth, bool tell)
{
    const yyjson_val *items = json_get(in->value, T("item"));
    size_t count = json_type(items) == YYJSON_TYPE_ARR ? json_len(items) : 0;
    const yyjson_val *item = count ? items + 1 : NULL;
    int code = 0;
    for (size_t i = 0; !code && depth < QUESTIONNAIRE_DEPTH_MOST && i < count;
         i++, item = json_after(item)) {
        const struct path_node *node = questionnaire_node(q->run->arena, in, "item", item, i);
        uint32_t index = (uint32_t)q->count;
        code = node ? add_item(q, node, parent, tell) : no_memory(q->run);
        code = code ? code : add_items(q, node, index, depth + 1, tell);
    }
    return code;
}

struct questionnaire_item *questionnaire_find(const struct questionnaire *q, text link_id)
{
    const uint64_t *at = link_id.n ? map_get(&q->by_link, link_id) : NULL;
    return at ? &q->items[*at] : NULL;
}

/* --- its own rules ------------------------------------------------------------------------- */

static void check_condition(struct questionnaire *q, const struct questionnaire_item *item,
                            const struct path_node *when)
{
    struct path_node answer;
    text question = json_text(json_get(when->value, T("question")));
    text operator= json_text(json_get(when->value, T("operator")));
    const struct questionnaire_item *other = questionnaire_find(q, question);
    if (!question.n) {
        return;
    }
    if (!other || text_eq(question, item->link_id)) {
        profile_issue(q->run, ISSUE_ERROR, ERR_INVALID, when,
                      other ? "an item cannot depend on itself ('%.*s')"
                            : "there is no item with the linkId '%.*s'",
                      TEXT_ARG(text_short(question, 100)));
        return;
    }
    if (text_eq(other->type, T("group")) || text_eq(other->type, T("display"))) {
        profile_issue(q->run, ISSUE_ERROR, ERR_INVALID, when,
                      "'%.*s' is of type %.*s, which has no answers to depend on",
                      TEXT_ARG(text_short(question, 100)), TEXT_ARG(text_short(other->type, 20)));
        return;
    }
    bool exists = text_eq(operator, T("exists"));
    if (questionnaire_choice(when->value, when, "answer", &answer) && !exists &&
        !questionnaire_type_ok(other->type, answer.type)) {
        profile_issue(q->run, ISSUE_ERROR, ERR_INVALID, &answer,
                      "the question '%.*s' is of type %.*s; an answer of type %.*s cannot be "
                      "compared with its answers",
                      TEXT_ARG(text_short(question, 100)), TEXT_ARG(text_short(other->type, 20)),
                      TEXT_ARG(model_text(model_types[answer.type].name)));
    }
}

static int check_conditions(struct questionnaire *q, const struct questionnaire_item *item)
{
    const yyjson_val *list = json_get(item->value, T("enableWhen"));
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *when = count ? list + 1 : NULL;
    for (size_t i = 0; i < count; i++, when = json_after(when)) {
        const struct path_node *node =
            questionnaire_node(q->run->arena, item->node, "enableWhen", when, i);
        if (!node) {
            return no_memory(q->run);
        }
        check_condition(q, item, node);
    }
    return profile_step(q->run);
}

int questionnaire_read(struct questionnaire *q, const struct path_node *root, bool tell)
{
    map_init(&q->by_link);
    q->root = root->value;
    q->holder = q->holder ? q->holder : root->value;
    int code = add_items(q, root, UINT32_MAX, 0, tell);
    for (size_t i = 0; !code && tell && i < q->count; i++) {
        code = check_conditions(q, &q->items[i]);
    }
    return code;
}

void questionnaire_done(struct questionnaire *q)
{
    map_done(&q->by_link);
}

/* --- which questionnaire ------------------------------------------------------------------- */

static const yyjson_val *contained(const yyjson_val *root, text id)
{
    const yyjson_val *list = json_get(root, T("contained"));
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *item = count ? list + 1 : NULL;
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("id"))), id)) {
            return item;
        }
    }
    return NULL;
}

/* A fragment means a resource in `contained`, wherever else there is one with that id. */
static const yyjson_val *find_contained(struct profile_run *run, const struct path_node *at,
                                        text id)
{
    const yyjson_val *found = contained(at->parent->value, id);
    text type = json_text(json_get(found, T("resourceType")));
    if (text_eq(type, T("Questionnaire"))) {
        return found;
    }
    if (found) {
        profile_issue(run, ISSUE_ERROR, ERR_INVALID, at,
                      "the contained resource '%.*s' is a %.*s; answers need a Questionnaire",
                      TEXT_ARG(text_short(id, 64)), TEXT_ARG(text_short(type, 64)));
    } else {
        profile_issue(run, ISSUE_ERROR, ERR_NOT_FOUND, at,
                      "there is no resource with the id '%.*s' in contained; put the questionnaire "
                      "there, or give its address",
                      TEXT_ARG(text_short(id, 64)));
    }
    return NULL;
}

/* *ret_root NULL: not here, which has been said. *ret_holder: see struct questionnaire. */
static int find_questionnaire(struct profile_run *run, const struct path_node *response,
                              const yyjson_val **ret_root, const yyjson_val **ret_holder)
{
    const yyjson_val *named = json_get(response->value, T("questionnaire"));
    text canonical = json_text(named);
    struct path_node at = {
        .name = T("questionnaire"), .type = MODEL_CANONICAL, .value = named, .parent = response};
    struct err why = {0};
    *ret_root = NULL;
    if (!canonical.n) {
        return 0;
    }
    if (canonical.p[0] == '#') {
        *ret_root = find_contained(run, &at, text_from(canonical, 1));
        *ret_holder = response->value;
        return 0;
    }
    int code =
        defs_resource(run->defs, fhir_type_of(T("Questionnaire")), canonical, ret_root, &why);
    if (code == ERR_MEMORY) {
        return err_set(run->e, code, "%s", err_text(&why));
    }
    if (code && !run->options.no_unknown) {
        profile_issue(run, ISSUE_WARNING, ERR_NOT_FOUND, &at,
                      "the answers were not checked: the questionnaire %.*s is not here; add it, "
                      "or correct its address",
                      TEXT_ARG(text_short(canonical, 200)));
    }
    *ret_root = code ? NULL : *ret_root;
    return 0;
}

int questionnaire_rules(struct profile_run *run, const struct path_node *resource)
{
    fhir_type own = fhir_type_of(T("Questionnaire"));
    struct questionnaire q = {.run = run};
    struct path_node root = *resource;
    if (resource->type != own) {
        const yyjson_val *found = NULL;
        int code = find_questionnaire(run, resource, &found, &q.holder);
        if (code || !found) {
            return code;
        }
        root = (struct path_node){.value = found, .type = own, .name = T("Questionnaire")};
    }
    int code = questionnaire_read(&q, &root, resource->type == own);
    if (!code && resource->type != own) {
        code = questionnaire_response(&q, resource);
    }
    questionnaire_done(&q);
    return code;
}
