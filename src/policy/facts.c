#include "policy/facts_int.h"

enum { FACTS_BYTES_MAX = 8 << 20 };

uint32_t facts_labels(text facts)
{
    uint32_t labels = 0;
    text items;
    return facts_open(facts, &labels, &items) ? labels : UINT32_MAX;
}

bool facts_kept(text facts)
{
    uint32_t labels;
    text items;
    struct fact f;
    bool kept = false;
    if (facts.n == 0 || !facts_open(facts, &labels, &items)) {
        return false;
    }
    while (!kept && facts_next(&items, &f) > 0) {
        kept = f.kind == FACT_KEPT;
    }
    return kept;
}

static const yyjson_val *kinds_of(fhir_type type, const yyjson_val *root)
{
    return type == TYPE_Task            ? json_get(root, T("code"))
           : type == TYPE_Communication ? json_get(root, T("category"))
                                        : NULL;
}

/* What people asked, or said about an entry (docs/requests.md). */
static bool is_request(fhir_type type, const yyjson_val *root)
{
    text code;
    return look_concept(kinds_of(type, root), T(KEPT_REQUESTS), &code);
}

bool policy_keeps(fhir_type type, const yyjson_val *root)
{
    text code;
    return is_request(type, root) ||
           look_concept(kinds_of(type, root), type == TYPE_Task ? T(KEPT_TASKS) : T(KEPT_NOTICES),
                        &code);
}

/* It is seen where the entry is that it is about (R3). */
static void take_about(fhir_type type, const yyjson_val *root, struct facts_writer *w)
{
    struct look all = look_items(json_get(root, type == TYPE_Task ? T("focus") : T("about")));
    text name = look_party(look_next(&all));
    if (name.n) {
        facts_add(w, &(struct fact){.kind = FACT_ABOUT, .name = name});
    }
}

static int finish(struct facts_writer *w, uint32_t labels, struct arena *a, text *ret_facts,
                  struct err *e)
{
    if (w->too_many) {
        return err_set(e, ERR_TOO_LARGE,
                       "this resource names more than %d parties of choices or relationships, or "
                       "one with too long an address; split it",
                       FACTS_ITEMS_MAX);
    }
    if (labels == 0 && w->items == 0) {
        *ret_facts = T("");
        return 0;
    }
    unsigned char head[FACTS_HEAD] = {
        FACTS_VERSION, (unsigned char)(labels & 0xFF), (unsigned char)(labels >> 8 & 0xFF),
        (unsigned char)(labels >> 16 & 0xFF), (unsigned char)(labels >> 24 & 0xFF)};
    const text parts[] = {{(const char *)head, sizeof head}, buf_text(&w->out)};
    text all = buf_failed(&w->out) ? (text){NULL, 0} : arena_join(a, parts, 2);
    if (!all.p) {
        return err_set(e, ERR_MEMORY,
                       "what policy keeps of this resource needs more memory than there is");
    }
    *ret_facts = all;
    return 0;
}

int policy_facts(fhir_type type, yyjson_val *root, const struct label_rules *rules, struct arena *a,
                 text *ret_facts, struct err *e)
{
    struct facts_writer w = {.self = json_text(json_get(root, T("id")))};
    buf_init(&w.out, FACTS_BYTES_MAX);
    uint32_t labels = facts_take_labels(type, root, rules, &w);
    int code = 0;
    if (type == TYPE_Consent) {
        code = facts_take_consent(root, &w, e);
    } else {
        facts_take_care(type, root, &w);
    }
    facts_take_own(type, root, &w);
    if (policy_keeps(type, root)) {
        facts_add(&w, &(struct fact){.kind = FACT_KEPT, .detail = is_request(type, root)});
    }
    if (is_request(type, root)) {
        take_about(type, root, &w);
    }
    if (code == 0) {
        code = finish(&w, labels, a, ret_facts, e);
    }
    buf_done(&w.out);
    return code;
}
