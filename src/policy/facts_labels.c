/* The labels of a resource: those that stand in meta.security, and those that rules give to the
 * codes anywhere in it. */
#include "policy/facts_int.h"
#include "policy/label_rules.h"

#define URL "https://kith.care/fhir/StructureDefinition/"

struct labelling {
    const struct label_rules *rules;
    struct facts_writer *w;
    uint32_t by_hand;
    uint32_t by_rule;
    bool normal;        /* by hand: the rules' categories do not count */
    bool held_open;     /* held without an end */
    int64_t held_until; /* the latest */
};

static uint32_t label_of(text system, text code, unsigned *ret_bit)
{
#define LABEL_ROW(name, bit, label_system, label_code, words)               \
    if (text_eq(code, T(label_code)) && text_eq(system, T(label_system))) { \
        *ret_bit = (bit);                                                   \
        return LABEL_##name;                                                \
    }
    LABEL_TABLE(LABEL_ROW)
#undef LABEL_ROW
    if (text_eq(code, T("V")) && text_eq(system, T(LABEL_SYSTEM_CONFIDENTIALITY))) {
        *ret_bit = 23;
        return LABEL_RESTRICTED;
    }
    return 0;
}

/* Who goes on seeing it, or must not: a party that is not understood is kept as such, so that a
 * protection which names nobody that is known still protects. */
static void take_parties(struct labelling *l, const yyjson_val *coding, unsigned bit)
{
    bool any = false;
    for (const yyjson_val *x = look_extension(coding, T(URL "label-party"), NULL); x;
         x = look_extension(coding, T(URL "label-party"), x)) {
        const yyjson_val *who = json_get(x, T("valueReference"));
        text party = UINT32_C(1) << bit == LABEL_PROTECTS ? look_refused(who) : look_party(who);
        facts_add(l->w, &(struct fact){.kind = FACT_PARTY, .detail = (uint8_t)bit, .name = party});
        any = true;
    }
    if (!any && UINT32_C(1) << bit == LABEL_PROTECTS) {
        facts_add(l->w, &(struct fact){.kind = FACT_PARTY, .detail = (uint8_t)bit});
    }
}

static void take_held(struct labelling *l, const yyjson_val *coding)
{
    int64_t start, end;
    const yyjson_val *x = look_extension(coding, T(URL "label-until"), NULL);
    if (!x || !look_date(json_get(x, T("valueDateTime")), &start, &end)) {
        l->held_open = true;
    } else if (start > l->held_until) {
        l->held_until = start;
    }
}

static void take_security(struct labelling *l, const yyjson_val *meta, bool own)
{
    struct look all = look_items(json_get(meta, T("security")));
    for (const yyjson_val *coding = look_next(&all); coding; coding = look_next(&all)) {
        text system = json_text(json_get(coding, T("system")));
        text code = json_text(json_get(coding, T("code")));
        unsigned bit = 0;
        uint32_t label = label_of(system, code, &bit);
        l->by_hand |= label;
        if (label & (LABEL_SEALED | LABEL_LOCKED | LABEL_PROTECTS)) {
            take_parties(l, coding, bit);
        } else if (label & LABEL_HELD) {
            take_held(l, coding);
        } else if (!label) {
            /* Further codes of a category (v3 PSY, ETH ...) count as if by hand, too. */
            l->by_hand |= label_rules_ask(l->rules, system, code) & LABEL_CATEGORIES;
            const yyjson_val *x = look_extension(coding, T(URL "label-by-hand"), NULL);
            const yyjson_val *yes = json_get(x, T("valueBoolean"));
            l->normal = l->normal || (own && text_eq(code, T("N")) &&
                                      text_eq(system, T(LABEL_SYSTEM_CONFIDENTIALITY)) && yes &&
                                      yes->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE));
        }
    }
}

/* Whether an object is a Coding (or an Identifier-like pair), and what rules say of it. */
static void take_coding(struct labelling *l, const yyjson_val *object)
{
    const yyjson_val *system = NULL;
    const yyjson_val *code = NULL;
    const yyjson_val *name = object + 1;
    for (size_t left = json_len(object); left; left--, name = json_after(name + 1)) {
        size_t n = json_len(name);
        if (n == 6 && memcmp(name->uni.str, "system", 6) == 0) {
            system = name + 1;
        } else if (n == 4 && memcmp(name->uni.str, "code", 4) == 0) {
            code = name + 1;
        }
    }
    if (json_type(system) == YYJSON_TYPE_STR && json_type(code) == YYJSON_TYPE_STR) {
        l->by_rule |= label_rules_ask(l->rules, json_text(system), json_text(code));
    }
}

/* The values of a tree stand one behind the other, so that one loop sees every object, also those
 * of contained resources and of a Bundle's entries. */
static void take_tree(struct labelling *l, const yyjson_val *root)
{
    const yyjson_val *end = json_after(root);
    const yyjson_val *own = json_get(root, T("meta"));
    for (const yyjson_val *v = root; v < end; v++) {
        uint8_t type = json_type(v);
        if (type == YYJSON_TYPE_OBJ && json_len(v) >= 2) {
            take_coding(l, v);
        } else if (type == YYJSON_TYPE_STR && json_len(v) == 4 &&
                   memcmp(v->uni.str, "meta", 4) == 0 && v + 1 < end &&
                   json_type(v + 1) == YYJSON_TYPE_OBJ && json_get(v + 1, T("security"))) {
            take_security(l, v + 1, v + 1 == own);
        }
    }
}

uint32_t facts_take_labels(fhir_type type, const yyjson_val *root, const struct label_rules *rules,
                           struct facts_writer *w)
{
    struct labelling l = {.rules = rules, .w = w, .held_until = INT64_MIN};
    (void)type;
    if (json_type(root) != YYJSON_TYPE_OBJ || json_len(root) == 0) {
        return 0;
    }
    take_tree(&l, root);
    if (l.by_hand & LABEL_HELD) {
        facts_add(
            w, &(struct fact){.kind = FACT_HELD, .until = l.held_open ? INT64_MAX : l.held_until});
    }
    return l.by_hand | (l.normal ? 0 : l.by_rule);
}
