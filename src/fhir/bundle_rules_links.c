/* Where the references of a bundle's entries lead (R4 bundle.html#references). */
#include "fhir/bundle_rules.h"

enum { DEPTH_MOST = 250, ADDRESS_MOST = 2048 };

static const struct bundle_entry *entry_at(const struct bundle_walk *w, const uint64_t *at)
{
    return at ? &w->entries[*at] : NULL;
}

/* A relative reference is relative to the entry's fullUrl, where that is an address by REST. */
static const struct bundle_entry *find_relative(const struct bundle_walk *w,
                                                const struct bundle_entry *from,
                                                const struct reference *to)
{
    char address[ADDRESS_MOST];
    text own = from->full_url;
    text type = fhir_type_name(to->type);
    size_t tail = fhir_type_name(from->address.type).n + 1 + from->address.id.n;
    if (from->address.kind != REFERENCE_ABSOLUTE || from->address.version.n || own.n < tail ||
        own.n - tail + type.n + 1 + to->id.n > sizeof address) {
        return NULL;
    }
    size_t n = own.n - tail;
    memcpy(address, own.p, n);
    memcpy(address + n, type.p, type.n);
    n += type.n;
    address[n++] = '/';
    memcpy(address + n, to->id.p, to->id.n);
    return entry_at(w, map_get(&w->urls, text_make(address, n + to->id.n)));
}

static const struct bundle_entry *find_entry(const struct bundle_walk *w,
                                             const struct bundle_entry *from, text reference,
                                             const struct reference *to)
{
    const struct bundle_entry *found = entry_at(w, map_get(&w->urls, reference));
    if (!found && to->kind == REFERENCE_ABSOLUTE && to->version.n) {
        size_t tail = to->version.n + sizeof "/_history/" - 1;
        found = entry_at(w, map_get(&w->urls, text_first(reference, reference.n - tail)));
    }
    return found || to->kind != REFERENCE_LOCAL ? found : find_relative(w, from, to);
}

/* Whether an entry has the type and id that a reference names, but not the address. */
static bool is_near(const struct bundle_walk *w, const struct reference *to)
{
    char key[192];
    text type = fhir_type_name(to->type);
    bool named = to->kind == REFERENCE_LOCAL || to->kind == REFERENCE_ABSOLUTE;
    if (!named || type.n + 1 + to->id.n > sizeof key) {
        return false;
    }
    memcpy(key, type.p, type.n);
    key[type.n] = '/';
    memcpy(key + type.n + 1, to->id.p, to->id.n);
    return map_get(&w->locals, text_make(key, type.n + 1 + to->id.n)) != NULL;
}

/*
 * A document has in it what its Composition refers to, a message what its header has in focus (R4
 * documents.html#content, messaging.html); what others refer to may stand elsewhere, but nothing is
 * found by a urn: or by an address that is relative to none.
 */
static void check_lost(struct bundle_walk *w, const struct bundle_entry *from,
                       const struct path_node *at, text reference, const struct reference *to)
{
    bool whole = text_eq(w->type, T("document")) || text_eq(w->type, T("message"));
    bool message = text_eq(w->type, T("message"));
    bool first = from == w->entries && whole && (!message || text_eq(at->parent->name, T("focus")));
    bool urn = text_starts(reference, T("urn:"));
    bool must = first || (urn && (whole || text_eq(w->type, T("transaction"))));
    if (!must && !(whole && to->kind == REFERENCE_LOCAL)) {
        return;
    }
    const char *hint = is_near(w, to)
                           ? "; an entry has this type and id, but its fullUrl is not what the "
                             "reference means beside the fullUrl of this entry"
                           : "; add the resource, or correct the reference or a fullUrl";
    profile_issue(w->run, must ? ISSUE_ERROR : ISSUE_WARNING, ERR_NOT_FOUND, at,
                  "the reference '%.*s' leads to no entry of this %.*s%s",
                  TEXT_ARG(text_short(reference, 200)), TEXT_ARG(w->type), hint);
}

static int add_link(struct bundle_walk *w, struct bundle_entry *from, const struct bundle_entry *to)
{
    struct bundle_link *links =
        arena_grow(w->run->arena, w->links, w->link_count, &w->link_capacity, sizeof *w->links);
    if (!links) {
        return err_set(w->run->e, ERR_MEMORY, "the validation needs more memory than it may have");
    }
    w->links = links;
    links[w->link_count++] =
        (struct bundle_link){.to = (uint32_t)(to - w->entries), .next = from->first_link};
    from->first_link = (uint32_t)w->link_count;
    return 0;
}

static int take_reference(struct bundle_walk *w, struct bundle_entry *from,
                          const struct path_node *node)
{
    text reference = json_text(json_get(node->value, T("reference")));
    if (!reference.n || reference.p[0] == '#') {
        return profile_step(w->run);
    }
    struct reference to = reference_parse(reference, T(""));
    const struct bundle_entry *found = find_entry(w, from, reference, &to);
    if (found) {
        return add_link(w, from, found);
    }
    /* The document that this one replaces or adds to is another one. */
    if (from == w->entries && node->parent && text_eq(node->parent->name, T("relatesTo"))) {
        return profile_step(w->run);
    }
    struct path_node at = {.name = T("reference"), .type = MODEL_STRING, .parent = node};
    check_lost(w, from, &at, reference, &to);
    return profile_step(w->run);
}

static int walk(struct bundle_walk *w, struct bundle_entry *from, const struct path_node *node,
                size_t depth);

static int walk_value(struct bundle_walk *w, struct bundle_entry *from,
                      const struct path_node *parent, const struct model_element *el,
                      const yyjson_val *value, bool shadow, size_t index, size_t depth)
{
    text name = model_text(el->name);
    struct path_node node = {.type = el->type, .index = (uint32_t)index, .parent = parent};
    if (json_type(value) != YYJSON_TYPE_OBJ) {
        return 0;
    }
    node.name =
        el->choice ? text_first(name, name.n - model_text(model_types[el->type].name).n) : name;
    node.repeats = (el->flags & MODEL_REPEATS) != 0;
    *(shadow ? &node.shadow : &node.value) = value;
    if (el->type == MODEL_RESOURCE) {
        fhir_type own = fhir_type_of(json_text(json_get(value, T("resourceType"))));
        node.type = own ? own : el->type;
    }
    if (node.type == FHIR_BUNDLE) {
        return 0; /* its references are between its own entries */
    }
    int code = node.type == MODEL_REFERENCE ? take_reference(w, from, &node) : 0;
    return code ? code : walk(w, from, &node, depth + 1);
}

static bool is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

/* All references in an element; strings and numbers are passed over. */
static int walk(struct bundle_walk *w, struct bundle_entry *from, const struct path_node *node,
                size_t depth)
{
    const yyjson_val *object = node->value ? node->value : node->shadow;
    const struct model_type *type =
        &model_types[is_primitive(node->type) ? MODEL_ELEMENT : node->type];
    const yyjson_val *key = object + 1;
    int code = 0;
    if (depth > DEPTH_MOST) {
        return 0;
    }
    for (size_t left = json_len(object); !code && left; left--, key = json_after(key + 1)) {
        const yyjson_val *value = key + 1;
        if (!json_is_container(value)) {
            continue;
        }
        text name = json_text(key);
        bool shadow = name.n && name.p[0] == '_';
        const struct model_element *el = model_find(type, shadow ? text_from(name, 1) : name);
        bool many = json_type(value) == YYJSON_TYPE_ARR;
        size_t count = !el ? 0 : many ? json_len(value) : 1;
        const yyjson_val *item = many ? value + 1 : value;
        for (size_t i = 0; !code && i < count; i++) {
            code = walk_value(w, from, node, el, item, shadow, i, depth);
            item = i + 1 < count ? json_after(item) : item;
        }
    }
    return code;
}

static int walk_entry(struct bundle_walk *w, size_t i)
{
    struct bundle_entry *entry = &w->entries[i];
    uint16_t type = model_find(&model_types[FHIR_BUNDLE], T("entry"))->type;
    if (!entry->type || entry->type == FHIR_BUNDLE) {
        return 0;
    }
    struct path_node at = {.value = entry->value,
                           .type = type,
                           .name = T("entry"),
                           .index = (uint32_t)i,
                           .repeats = true,
                           .parent = w->bundle};
    struct path_node resource = {
        .value = entry->resource, .type = entry->type, .name = T("resource"), .parent = &at};
    return walk(w, entry, &resource, 0);
}

/* --- what nothing leads to ------------------------------------------------------------------ */

/* From the first entry on, and from what may point at the document from outside it. */
static int reach(struct bundle_walk *w)
{
    uint32_t *waiting = arena_zalloc(w->run->arena, w->count + 1, sizeof *waiting);
    size_t count = 0;
    if (!waiting) {
        return err_set(w->run->e, ERR_MEMORY, "the validation needs more memory than it may have");
    }
    for (size_t i = 0; i < w->count; i++) {
        bool outside = text_eq(fhir_type_name(w->entries[i].type), T("Provenance"));
        if (i == 0 || outside) {
            w->entries[i].reached = true;
            waiting[count++] = (uint32_t)i;
        }
    }
    while (count) {
        uint32_t next = w->entries[waiting[--count]].first_link;
        for (; next; next = w->links[next - 1].next) {
            struct bundle_entry *to = &w->entries[w->links[next - 1].to];
            if (!to->reached) {
                to->reached = true;
                waiting[count++] = w->links[next - 1].to;
            }
        }
    }
    return 0;
}

int bundle_references(struct bundle_walk *w)
{
    bool document = text_eq(w->type, T("document"));
    bool whole = document || text_eq(w->type, T("message"));
    int code = 0;
    if (!whole && !text_eq(w->type, T("transaction"))) {
        return 0;
    }
    for (size_t i = 0; !code && i < w->count; i++) {
        code = walk_entry(w, i);
    }
    code = code || !whole ? code : reach(w);
    for (size_t i = 0; !code && whole && i < w->count; i++) {
        if (w->entries[i].resource && !w->entries[i].reached) {
            bundle_issue(w, ISSUE_WARNING, ERR_BUSINESS_RULE, i, NULL, NULL,
                         "no reference leads here from the %s, directly or through others; leave "
                         "the entry out, or refer to it",
                         document ? "Composition" : "MessageHeader");
        }
    }
    return code;
}
