#include "rest/bundle.h"
#include "rest/record.h"

#include "fhir/reference.h"

/*
 * transaction (R4 http.html#trules). Everything is prepared here against what is stored now; the
 * writer then decides in one step whether every condition still holds, and applies all or nothing.
 * When one no longer holds, the bundle is read and prepared again from its text.
 *
 *   1 entries are read and routed; who is meant by each write (ids, conditional matches)
 *   2 no resource is meant twice
 *   3 fullUrls are replaced by the resources they became, conditional references by what they match
 *   4 commit; then the reading entries see the result
 */

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the transaction needs more memory than a request may have");
}

/* "Patient.name[0]" found inside entry 3 is "Bundle.entry[3].resource.name[0]" for the sender. */
static void move_findings(struct bundle *b, size_t at)
{
    struct issues *from = &b->items[at].call.issues;
    for (size_t i = 0; i < from->count; i++) {
        text x = from->items[i].expression;
        size_t dot = text_find(x, '.');
        text place = arena_printf(b->arena, "Bundle.entry[%zu].resource%.*s", at,
                                  TEXT_ARG(text_from(x, dot)));
        issues_add(&b->call->issues, from->items[i].severity, from->items[i].code, place, "%.*s",
                   TEXT_ARG(from->items[i].details));
    }
    issues_add(&b->call->issues, ISSUE_INFORMATION, ERR_OK, bundle_place(b, at, ""),
               "nothing of the transaction was stored");
}

/* The place of an error, as the sender sees it. */
static text place_of(struct bundle *b, size_t at, text expression)
{
    if (expression.n == 0) {
        return bundle_place(b, at, ".request");
    }
    if (text_starts(expression, T("Bundle.entry["))) {
        return expression;
    }
    return arena_printf(b->arena, "Bundle.entry[%zu].resource%.*s", at,
                        TEXT_ARG(text_from(expression, text_find(expression, '.'))));
}

static int fail(struct bundle *b, size_t at, int rc, const struct err *why, struct err *e)
{
    if (b->items[at].call.issues.errors) {
        move_findings(b, at);
    }
    return err_at(e, rc, place_of(b, at, text_of(why->expression)),
                  "entry %zu: %s; nothing of the transaction was stored", at, err_text(why));
}

/* --- 1 who is meant ------------------------------------------------------------------------ */

static int target_items(struct bundle *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        if (!item->result && item->is_write) {
            item->result = prepare_target(&item->call, &item->prepared, &item->err);
        }
        if (item->result) {
            return fail(b, i, item->result, &item->err, e);
        }
    }
    return 0;
}

/* A conditional create whose match this transaction deletes: deletes come first, so it creates. */
static int create_after_delete(struct bundle *b, const struct map *deleted, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        if (!item->is_write || !item->prepared.exists ||
            !map_get(deleted, bundle_item_name(b, item))) {
            continue;
        }
        struct prepared found = item->prepared;
        text condition = item->call.if_none_exist;
        item->call.if_none_exist = (text){0};
        int rc = prepare_target(&item->call, &item->prepared, e);
        item->call.if_none_exist = condition;
        for (size_t k = 0; !rc && k < found.condition_count; k++) {
            rc = prepared_condition(&item->prepared, &found.conditions[k], e);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* The search by which an entry will create, since it matches nothing now; p == NULL: none. */
static text creates_by(const struct bundle_item *item)
{
    const struct call *c = &item->call;
    bool by_query = c->route.interaction == INTERACTION_UPDATE_CONDITIONAL;
    if (!item->is_write || item->prepared.exists || item->prepared.write.expect != EXPECT_ABSENT) {
        return (text){0};
    }
    return by_query ? c->query : c->if_none_exist;
}

/*
 * The same conditional create twice: the second finds what the first creates. Else both would
 * create, since conditions are decided before anything is changed. Two updates of what one search
 * matches are refused, as they are when it matches already.
 */
static int find_twins(struct bundle *b, struct err *e)
{
    struct map queries;
    int rc = 0;
    map_init(&queries);
    for (size_t i = 0; !rc && i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        bool is_new;
        text search = creates_by(item);
        if (!search.p) {
            continue;
        }
        text query =
            arena_printf(b->arena, "%.*s?%.*s", TEXT_ARG(fhir_type_name(item->call.route.type)),
                         TEXT_ARG(search));
        uint64_t *first = query.p ? map_put(&queries, query, &is_new) : NULL;
        if (!first) {
            rc = no_memory(e);
        } else if (is_new) {
            *first = i;
        } else if (item->call.route.interaction == INTERACTION_UPDATE_CONDITIONAL ||
                   b->items[*first].call.route.interaction == INTERACTION_UPDATE_CONDITIONAL) {
            rc = err_at(e, ERR_DUPLICATE, bundle_place(b, i, ".request"),
                        "entries %llu and %zu both create what '%.*s' matches; a transaction may "
                        "do so once (R4 http.html#trules)",
                        (unsigned long long)*first, i, TEXT_ARG(text_short(query, 200)));
        } else {
            item->twin = *first + 1;
            item->prepared.exists = true;
            item->prepared.write.id = b->items[*first].prepared.write.id;
        }
    }
    map_done(&queries);
    return rc;
}

/* --- 2 no resource twice ------------------------------------------------------------------- */

static int no_overlap(struct bundle *b, struct err *e)
{
    struct map meant;
    struct map deleted;
    int rc = 0;
    map_init(&meant);
    map_init(&deleted);
    for (size_t i = 0; !rc && i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        bool is_new;
        if (!item->is_write || item->prepared.exists || item->prepared.write.id.n == 0) {
            continue;
        }
        text name = bundle_item_name(b, item);
        uint64_t *first = name.p ? map_put(&meant, name, &is_new) : NULL;
        if (!first) {
            rc = no_memory(e);
        } else if (!is_new) {
            rc = err_at(e, ERR_DUPLICATE, bundle_place(b, i, ".request"),
                        "entries %llu and %zu both change %.*s; a transaction may do so once (R4 "
                        "http.html#trules)",
                        (unsigned long long)*first, i, TEXT_ARG(name));
        } else {
            *first = i;
        }
        if (!rc && item->prepared.write.kind == WRITE_DELETE && !map_put(&deleted, name, &is_new)) {
            rc = no_memory(e);
        }
    }
    if (!rc) {
        rc = create_after_delete(b, &deleted, e);
    }
    map_done(&deleted);
    map_done(&meant);
    return rc;
}

/* --- 3 references -------------------------------------------------------------------------- */

static int map_urls(struct bundle *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        bool is_new;
        struct bundle_item *item = &b->items[i];
        if (item->full_url.n == 0) {
            continue;
        }
        uint64_t *at = map_put(&b->urls, item->full_url, &is_new);
        if (!at) {
            return no_memory(e);
        }
        if (!is_new) {
            return err_at(e, ERR_DUPLICATE, bundle_place(b, i, ".fullUrl"),
                          "entries %llu and %zu have the same fullUrl '%.*s'; each must have its "
                          "own (R4 bdl-7)",
                          (unsigned long long)*at - 1, i,
                          TEXT_ARG(text_short(item->full_url, 100)));
        }
        *at = i + 1;
    }
    return 0;
}

/* What a fullUrl became: "Patient/123"; p == NULL when no entry has it or the entry is no resource
 * of its own. */
static text became(struct bundle *b, text url)
{
    const uint64_t *at = map_get(&b->urls, url);
    if (!at || !b->items[*at - 1].is_write || b->items[*at - 1].prepared.write.id.n == 0) {
        return (text){0};
    }
    return bundle_item_name(b, &b->items[*at - 1]);
}

/* The part of a RESTful fullUrl before Type/id: what relative references of that entry are relative
 * to. */
static text base_of(text full_url)
{
    struct reference r = reference_parse(full_url, (text){0});
    if (r.kind != REFERENCE_ABSOLUTE) {
        return (text){0};
    }
    size_t tail = fhir_type_name(r.type).n + 1 + r.id.n;
    return text_first(full_url, full_url.n - tail);
}

static int rewrite_reference(struct bundle *b, struct bundle_item *item, yyjson_val *value,
                             struct err *e)
{
    text t = json_text(value);
    text to = became(b, t);
    struct reference r = reference_parse(t, b->call->base);
    if (!to.p && r.kind == REFERENCE_LOCAL && !item->call.change) {
        text base = base_of(item->full_url);
        to = base.n ? became(b, arena_printf(b->arena, "%.*s%.*s", TEXT_ARG(base), TEXT_ARG(t)))
                    : to;
    } else if (!to.p && (text_starts(t, T("urn:uuid:")) || text_starts(t, T("urn:oid:")))) {
        return err_set(e, ERR_VALUE,
                       "the reference '%.*s' is the fullUrl of no entry, so it would be lost; add "
                       "the entry or refer to "
                       "something else",
                       TEXT_ARG(text_short(t, 100)));
    }
    if (to.p) {
        json_set_string(value, to);
    }
    return 0;
}

/* href and src in narrative: each "urn:..." up to the closing quote that is a fullUrl here. */
static int rewrite_narrative(struct bundle *b, yyjson_val *value, struct err *e)
{
    text t = json_text(value);
    struct buf out;
    size_t from = 0;
    buf_init(&out, (size_t)b->call->rest->limits->request_memory);
    for (size_t i = 0; i + 4 < t.n; i++) {
        if (memcmp(t.p + i, "urn:", 4) != 0) {
            continue;
        }
        size_t end = i;
        while (end < t.n && !strchr("\"'<> \t\r\n", t.p[end])) {
            end++;
        }
        text to = became(b, text_make(t.p + i, end - i));
        if (to.p) {
            buf_add(&out, text_make(t.p + from, i - from));
            buf_add(&out, to);
            from = end;
        }
        i = end;
    }
    int rc = 0;
    if (from) {
        buf_add(&out, text_from(t, from));
        text changed = buf_failed(&out) ? (text){0} : arena_copy(b->arena, buf_text(&out));
        rc = changed.p ? 0 : no_memory(e);
        if (!rc) {
            json_set_string(value, changed);
        }
    }
    buf_done(&out);
    return rc;
}

static int rewrite_item(struct bundle *b, struct bundle_item *item, struct err *e)
{
    struct resource *r = &item->prepared.resource;
    int rc = 0;
    for (size_t i = 0; !rc && i < r->link_count; i++) {
        struct resource_link *link = &r->links[i];
        if (link->is_reference) {
            rc = rewrite_reference(b, item, link->value, e);
        } else if (link->is_narrative) {
            rc = rewrite_narrative(b, link->value, e);
        } else {
            text to = became(b, json_text(link->value));
            if (to.p) {
                json_set_string(link->value, to);
            }
        }
        if (rc) {
            link_error(&item->prepared, link, e);
        }
    }
    return rc;
}

static bool has_content(const struct bundle_item *item)
{
    return item->is_write && item->prepared.write.kind != WRITE_DELETE && !item->prepared.exists;
}

/* Conditional references come last: they may mean what the transaction itself creates. */
static int rewrite_items(struct bundle *b, struct err *e)
{
    struct resolver resolver;
    int rc = 0;
    resolver_init(&resolver, b->call, b);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; !rc && i < b->count; i++) {
            struct bundle_item *item = &b->items[i];
            if (has_content(item)) {
                rc = pass == 0 ? rewrite_item(b, item, &item->err)
                               : resolve_links(&resolver, &item->prepared, &item->err);
                rc = rc ? fail(b, i, rc, &item->err, e) : 0;
            }
        }
    }
    resolver_done(&resolver);
    return rc;
}

/*
 * A transaction succeeds as a whole or not at all (R4 http.html#transaction-response), and its
 * reads come last: what cannot succeed is found before anything is stored. What the transaction
 * itself writes is there by then.
 */
static int try_read(struct bundle *b, struct bundle_item *item, const struct map *written)
{
    struct call trial = item->call;
    const struct route *r = &trial.route;
    text name =
        arena_printf(b->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(r->id));
    const uint64_t *kind = r->id.n && name.p ? map_get(written, name) : NULL;
    if (kind && *kind == WRITE_PUT) {
        return 0;
    }
    if (kind && r->interaction == INTERACTION_READ) {
        return err_set(&item->err, ERR_DELETED, "the transaction deletes %.*s", TEXT_ARG(name));
    }
    buf_init(&trial.answer.body, 0);
    int rc = bundle_run_read(b, item, &trial);
    buf_done(&trial.answer.body);
    return rc;
}

static int try_reads(struct bundle *b, struct err *e)
{
    struct map written;
    int rc = 0;
    bool is_new;
    map_init(&written);
    for (size_t i = 0; !rc && i < b->count; i++) {
        if (b->items[i].is_write && b->items[i].prepared.write.id.n) {
            uint64_t *kind = map_put(&written, bundle_item_name(b, &b->items[i]), &is_new);
            rc = kind ? 0 : no_memory(e);
            if (kind) {
                *kind = b->items[i].prepared.write.kind;
            }
        }
    }
    for (size_t i = 0; !rc && i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        rc = item->is_write ? 0 : try_read(b, item, &written);
        rc = rc ? fail(b, i, rc, &item->err, e) : 0;
    }
    map_done(&written);
    b->answer_bytes = 0;
    b->read_ns = 0;
    return rc;
}

/* --- 4 commit ------------------------------------------------------------------------------ */

/* The conditions of all entries, each once: they are the writer's to decide. */
static int gather_conditions(struct bundle *b, struct write_request *request, struct err *e)
{
    struct write_condition *all;
    struct map seen;
    size_t most = 0;
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i < b->count; i++) {
        most += b->items[i].prepared.condition_count;
    }
    all = arena_zalloc(b->arena, most + 1, sizeof *all);
    if (!all) {
        return no_memory(e);
    }
    map_init(&seen);
    for (size_t i = 0; !rc && i < b->count; i++) {
        const struct prepared *p = &b->items[i].prepared;
        for (size_t k = 0; !rc && k < p->condition_count; k++) {
            bool is_new = false;
            const struct plan *const *plan =
                &p->conditions[k].plan; /* the resolver's: one plan a query */
            rc = map_put(&seen, text_make((const char *)plan, sizeof *plan), &is_new)
                     ? 0
                     : no_memory(e);
            if (is_new) {
                all[n++] = p->conditions[k];
            }
        }
    }
    map_done(&seen);
    request->conditions = all;
    request->condition_count = n;
    return rc;
}

static int gather(struct bundle *b, struct write_request *request, size_t *owners, struct err *e)
{
    struct write *writes = arena_zalloc(b->arena, b->count + 1, sizeof *writes);
    size_t n = 0;
    if (!writes) {
        return no_memory(e);
    }
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        struct prepared *p = &item->prepared;
        if (!item->is_write) {
            continue;
        }
        int rc = prepare_content(p, &item->err);
        if (!rc && !p->exists && p->write.id.n) {
            rc = record_note(&item->call, p, &item->err);
        }
        if (rc) {
            return fail(b, i, rc, &item->err, e);
        }
        if (!p->exists && p->write.id.n) {
            owners[n] = i;
            writes[n++] = p->write;
        }
    }
    *request = (struct write_request){.writes = writes, .write_count = n};
    return gather_conditions(b, request, e);
}

/* What the writer made of it: *ret_again as in transaction_run(). */
static int settle(struct bundle *b, struct write_request *request, const size_t *owners,
                  bool *ret_again, struct err *e)
{
    if (request->result) {
        bool is_condition = request->failed_write >= request->write_count;
        size_t at = is_condition ? 0 : owners[request->failed_write];
        *ret_again = write_again(is_condition ? NULL : &b->items[at].prepared, request);
        if (is_condition) {
            *e = request->err;
            return request->result;
        }
        int rc = refused_write(&b->items[at].call, request->result, &request->err);
        return fail(b, at, rc, &request->err, e);
    }
    for (size_t i = 0; i < request->write_count; i++) {
        b->items[owners[i]].prepared.write = request->writes[i];
    }
    return 0;
}

static int prepare(struct bundle *b, struct err *e)
{
    int rc = target_items(b, e);
    if (!rc) {
        rc = no_overlap(b, e);
    }
    if (!rc) {
        rc = find_twins(b, e);
    }
    if (!rc) {
        rc = map_urls(b, e);
    }
    if (!rc) {
        rc = rewrite_items(b, e);
    }
    return rc ? rc : try_reads(b, e);
}

static int answer_items(struct bundle *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        if (item->twin) {
            version_of_write(&b->items[item->twin - 1].prepared, &item->prepared.existing);
        }
        if (item->is_write) {
            int rc = answer_write(&item->prepared, e);
            if (rc) {
                return rc;
            }
        } else {
            item->result = bundle_run_read(b, item, &item->call);
        }
    }
    return 0;
}

int transaction_prepare(struct bundle *b, struct write_request *ret_request, struct err *e)
{
    b->owners = arena_zalloc(b->arena, b->count + 1, sizeof *b->owners);
    int rc = b->owners ? prepare(b, e) : no_memory(e);
    return rc ? rc : gather(b, ret_request, b->owners, e);
}

int transaction_settle(struct bundle *b, struct write_request *request, bool *ret_again,
                       struct err *e)
{
    *ret_again = false;
    int rc = request->write_count ? settle(b, request, b->owners, ret_again, e) : 0;
    return rc ? rc : answer_items(b, e);
}

int transaction_run(struct bundle *b, bool *ret_again, struct err *e)
{
    struct write_request request;
    *ret_again = false;
    int rc = transaction_prepare(b, &request, e);
    if (rc) {
        return rc;
    }
    if (request.write_count) {
        store_commit(b->call->rest->store, b->call->grant, &request, 1);
    }
    return transaction_settle(b, &request, ret_again, e);
}
