/* The own record of a node: a small FHIR server over resources in memory. */
#include "sim_int.h"

#include "identity/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEPTH = 64, RESOURCE_MEMORY = 32 << 20 };

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* --- what is kept
 * -------------------------------------------------------------------------------------------- */

static struct stored *find(struct sim_node *n, text type, text id)
{
    for (size_t i = 0; i < n->resource_count; i++) {
        struct stored *r = n->resources[i];
        if (text_eq(type, text_of(r->type)) && text_eq(id, text_of(r->id))) {
            return r;
        }
    }
    return NULL;
}

static char *own_text(text t)
{
    char *p = malloc(t.n + 1);
    if (!p) {
        sim_die("no memory");
    }
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    p[t.n] = 0;
    return p;
}

static struct stored *add(struct sim_node *n, text type, text id)
{
    struct stored *r = calloc(1, sizeof *r);
    if (n->resource_count == n->resource_capacity) {
        n->resource_capacity = n->resource_capacity ? 2 * n->resource_capacity : 64;
        n->resources = realloc(n->resources, n->resource_capacity * sizeof(struct stored *));
    }
    if (!r || !n->resources) {
        sim_die("no memory");
    }
    r->type = own_text(type);
    r->id = own_text(id);
    buf_init(&r->json, RESOURCE_MEMORY);
    arena_init(&r->arena, 4 * RESOURCE_MEMORY);
    n->resources[n->resource_count++] = r;
    return r;
}

static void print_time(int64_t ms, struct buf *out)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char at[32];
    gmtime_r(&seconds, &tm);
    (void)strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(out, "%s.%03dZ", at, (int)(ms % 1000));
}

/* What came, with id and meta of this node. */
static void print_resource(struct sim_node *n, const struct stored *r, const yyjson_val *tree,
                           struct buf *out)
{
    const yyjson_val *meta = json_get(tree, T("meta"));
    buf_printf(out, "{\"resourceType\":\"%s\",\"id\":\"%s\",\"meta\":{\"versionId\":\"%llu\"",
               r->type, r->id, (unsigned long long)r->version);
    buf_add(out, T(",\"lastUpdated\":\""));
    print_time(n->s->now_ms + n->skew_ms, out);
    buf_addc(out, '"');
    for (int inner = 1; inner >= 0; inner--) {
        const yyjson_val *of = inner ? meta : tree;
        const yyjson_val *name = json_type(of) == YYJSON_TYPE_OBJ && json_len(of) ? of + 1 : NULL;
        for (size_t left = name ? json_len(of) : 0; left; left--, name = json_after(name + 1)) {
            text is = json_text(name);
            if (text_eq(is, inner ? T("versionId") : T("resourceType")) ||
                text_eq(is, inner ? T("lastUpdated") : T("id")) ||
                (!inner && text_eq(is, T("meta")))) {
                continue;
            }
            buf_addc(out, ',');
            json_write_string(is, out);
            buf_addc(out, ':');
            json_write(name + 1, out);
        }
        buf_addc(out, '}');
    }
}

struct storing {
    struct sim_node *node;
    text type, id, json; /* id empty: a new one */
    bool deletes;
    struct stored *made;
    struct err err;
};

static int apply_store(void *arg)
{
    struct storing *x = arg;
    struct sim_node *n = x->node;
    struct arena a;
    yyjson_val *tree = NULL;
    char id[24];
    arena_init(&a, 2 * RESOURCE_MEMORY);
    int rc = x->deletes ? 0 : json_read(x->json, DEPTH, &a, &tree, &x->err);
    if (!rc && !x->deletes && !text_eq(json_text(json_get(tree, T("resourceType"))), x->type)) {
        rc = err_set(&x->err, ERR_INVALID, "this is no %.*s", TEXT_ARG(x->type));
    }
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)n->next_id + 1);
    n->next_id += !x->id.n;
    text name = x->id.n ? x->id : text_of(id);
    struct stored *r = rc ? NULL : find(n, x->type, name);
    r = rc || r ? r : add(n, x->type, name);
    if (r) {
        r->version++;
        r->deleted = x->deletes;
        buf_clear(&r->json);
        arena_reset(&r->arena);
        r->tree = NULL;
        if (!x->deletes) {
            print_resource(n, r, tree, &r->json);
            rc = json_read(buf_text(&r->json), DEPTH, &r->arena, &r->tree, &x->err);
        }
    }
    x->made = r;
    arena_done(&a);
    return rc;
}

void record_free(struct sim_node *n)
{
    for (size_t i = 0; i < n->resource_count; i++) {
        struct stored *r = n->resources[i];
        free(r->type);
        free(r->id);
        buf_done(&r->json);
        arena_done(&r->arena);
        free(r);
    }
    free(n->resources);
}

/* --- who may see
 * --------------------------------------------------------------------------------------------- */

/* The id of the patient that a resource is about; empty: none. */
static text patient_of(const struct stored *r)
{
    if (strcmp(r->type, "Patient") == 0) {
        return text_of(r->id);
    }
    text subject = json_text(json_get(json_get(r->tree, T("subject")), T("reference")));
    text patient = json_text(json_get(json_get(r->tree, T("patient")), T("reference")));
    text is = subject.n ? subject : patient;
    return text_starts(is, T("Patient/")) ? text_from(is, 8) : (text){0};
}

static bool names(const struct caller *as, text party)
{
    for (size_t i = 0; i < as->actor.party_count; i++) {
        if (text_eq(as->actor.parties[i], party)) {
            return true;
        }
    }
    return false;
}

static bool denies(const struct stored *consent, const struct caller *as)
{
    const yyjson_val *provision = json_get(consent->tree, T("provision"));
    const yyjson_val *actors = json_get(provision, T("actor")), *item = first_of(actors);
    if (!text_eq(json_text(json_get(consent->tree, T("status"))), T("active")) ||
        !text_eq(json_text(json_get(provision, T("type"))), T("deny"))) {
        return false;
    }
    for (size_t left = item ? json_len(actors) : 0; left; left--, item = json_after(item)) {
        if (names(as, json_text(json_get(json_get(item, T("reference")), T("reference"))))) {
            return true;
        }
    }
    return false;
}

static bool may_see(struct sim_node *n, const struct caller *as, const struct stored *r)
{
    text patient = patient_of(r);
    for (size_t i = 0; as && patient.n && i < n->resource_count; i++) {
        const struct stored *c = n->resources[i];
        if (strcmp(c->type, "Consent") == 0 && !c->deleted && text_eq(patient_of(c), patient) &&
            denies(c, as)) {
            return false;
        }
    }
    return true;
}

/* --- searching
 * ------------------------------------------------------------------------------------------------
 */

static text decode(text t, struct arena *a)
{
    char *out = arena_alloc(a, t.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < t.n; i++) {
        char hex[3] = {0};
        if (t.p[i] == '%' && i + 2 < t.n) {
            hex[0] = t.p[i + 1];
            hex[1] = t.p[i + 2];
            out[n++] = (char)strtol(hex, NULL, 16);
            i += 2;
        } else {
            out[n++] = t.p[i] == '+' ? ' ' : t.p[i];
        }
    }
    return text_make(out, n);
}

static bool has_identifier(const struct stored *r, text token)
{
    const yyjson_val *list = json_get(r->tree, T("identifier")), *item = first_of(list);
    size_t bar = text_find(token, '|');
    bool systems = bar < token.n;
    text system = systems ? text_first(token, bar) : (text){0};
    text value = systems ? text_from(token, bar + 1) : token;
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("value"))), value) &&
            (!systems || text_eq(json_text(json_get(item, T("system"))), system))) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct stored *r, text name, text value)
{
    if (text_eq(name, T("identifier"))) {
        return has_identifier(r, value);
    }
    if (text_eq(name, T("_id"))) {
        return text_eq(value, text_of(r->id));
    }
    if (text_eq(name, T("patient")) || text_eq(name, T("subject"))) {
        text id = text_starts(value, T("Patient/")) ? text_from(value, 8) : value;
        return text_eq(patient_of(r), id);
    }
    return true; /* _count, _sort and others that a small record does not need */
}

static bool wanted(const struct stored *r, text query, struct arena *a)
{
    text pair, name;
    while (query.n && text_cut(&query, '&', &pair)) {
        text value = pair;
        (void)text_cut(&value, '=', &name);
        if (!holds(r, name, decode(value, a))) {
            return false;
        }
    }
    return true;
}

static void search(struct sim_node *n, const struct caller *as, text type, text query,
                   struct arena *a, struct buf *out)
{
    size_t total = 0;
    struct buf entries;
    buf_init(&entries, RESOURCE_MEMORY);
    for (size_t i = 0; i < n->resource_count; i++) {
        const struct stored *r = n->resources[i];
        bool mixed = n->mixes && text_eq(type, T("Observation"));
        if (r->deleted || !text_eq(type, text_of(r->type)) ||
            (!mixed && (!wanted(r, query, a) || !may_see(n, as, r)))) {
            continue;
        }
        buf_printf(&entries, "%s{\"fullUrl\":\"%s/fhir/%s/%s\",\"resource\":", total ? "," : "",
                   n->url, r->type, r->id);
        buf_add(&entries, buf_text(&r->json));
        buf_add(&entries, T(",\"search\":{\"mode\":\"match\"}}"));
        total++;
    }
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":%zu%s", total,
               total ? ",\"entry\":[" : "");
    buf_add(out, buf_text(&entries));
    buf_add(out, total ? T("]}") : T("}"));
    buf_done(&entries);
}

/* --- one request
 * -----------------------------------------------------------------------------------------------
 */

static int outcome(struct buf *out, int status, const char *code)
{
    buf_clear(out);
    buf_printf(out,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"%s\"}]}",
               code);
    return status;
}

static int read_one(struct sim_node *n, const struct caller *as, text type, text id,
                    struct buf *out)
{
    const struct stored *r = find(n, type, id);
    if (!r || (!r->deleted && !may_see(n, as, r))) {
        return outcome(out, 404, "not-found");
    }
    if (r->deleted) {
        return outcome(out, 410, "deleted");
    }
    buf_add(out, buf_text(&r->json));
    return 200;
}

static int write_one(struct life *l, struct storing *x, struct buf *out, int *ret_status,
                     struct err *e)
{
    bool is_new = x->deletes || !x->id.n || !find(l->node, x->type, x->id);
    int rc = disk_do(l, false, apply_store, x, e);
    if (rc && rc != ERR_IO) {
        *ret_status = outcome(out, 400, "invalid");
        return 0;
    }
    if (!rc) {
        *ret_status = x->deletes ? 204 : is_new ? 201 : 200;
        buf_add(out, x->made && !x->deletes ? buf_text(&x->made->json) : (text){0});
    }
    return rc;
}

static int serve(struct life *l, const struct caller *as, struct own_call *call, struct arena *a,
                 struct buf *out, struct err *e)
{
    struct sim_node *n = l->node;
    size_t mark = text_find(call->path, '?');
    text query = text_from(call->path, mark + 1), id = text_first(call->path, mark), type;
    (void)text_cut(&id, '/', &type);
    struct storing x = {.node = n, .type = type, .id = id, .json = call->body};
    if (as && as->actor.kind == ACTOR_NOBODY) {
        call->status = outcome(out, 401, "login");
        return 0;
    }
    if (text_find(id, '/') < id.n || text_find(type, '$') < type.n) {
        call->status = outcome(out, 404, "not-supported");
        return 0;
    }
    if (text_eq(call->method, T("GET"))) {
        if (id.n) {
            call->status = read_one(n, as, type, id, out);
        } else {
            search(n, as, type, query, a, out);
            call->status = 200;
        }
        return 0;
    }
    x.deletes = text_eq(call->method, T("DELETE"));
    if (x.deletes ? !find(n, type, id) : text_eq(call->method, T("POST")) ? id.n > 0 : !id.n) {
        call->status = outcome(out, x.deletes ? 404 : 400, "not-found");
        return 0;
    }
    return write_one(l, &x, out, &call->status, e);
}

int world_own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
              struct err *e)
{
    struct life *l = context;
    struct buf out;
    int rc = life_check(l, e);
    buf_init(&out, RESOURCE_MEMORY);
    rc = rc ? rc : serve(l, as, call, a, &out, e);
    if (!rc) {
        call->withheld = 0;
        call->answer = out.n ? arena_copy(a, buf_text(&out)) : T("");
        rc = call->answer.p ? 0 : err_set(e, ERR_MEMORY, "no memory for an answer");
    }
    buf_done(&out);
    return rc;
}

/* --- for tests
 * ------------------------------------------------------------------------------------------------
 */

void sim_put(struct sim *s, size_t node, text type, text id, text json)
{
    struct storing x = {.node = &s->nodes[node], .type = type, .id = id, .json = json};
    if (apply_store(&x)) {
        sim_die(err_text(&x.err));
    }
}

void sim_mix(struct sim *s, size_t node)
{
    s->nodes[node].mixes = true;
}

text sim_resource(struct sim *s, size_t node, text type, text id)
{
    const struct stored *r = find(&s->nodes[node], type, id);
    return r && !r->deleted ? buf_text(&r->json) : (text){0};
}

static void count_one(void *context, text id, text json)
{
    (void)id;
    (void)json;
    ++*(size_t *)context;
}

size_t sim_count(struct sim *s, size_t node, text type)
{
    size_t count = 0;
    sim_each(s, node, type, count_one, &count);
    return count;
}

void sim_each(struct sim *s, size_t node, text type, void (*one)(void *context, text id, text json),
              void *context)
{
    const struct sim_node *n = &s->nodes[node];
    for (size_t i = 0; i < n->resource_count; i++) {
        const struct stored *r = n->resources[i];
        if (!r->deleted && text_eq(type, text_of(r->type))) {
            one(context, text_of(r->id), buf_text(&r->json));
        }
    }
}
