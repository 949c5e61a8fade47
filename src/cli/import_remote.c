#include "cli/cli.h"
#include "cli/import.h"

#include "format/json.h"
#include "net/client.h"

#include <stdio.h>
#include <stdlib.h>

/* Input for a server elsewhere: transactions and batches are posted as they are, single resources
 * travel as batches. */

enum { CALL_SECONDS = 600 };
#define ANSWER_MAX ((uint64_t)1 << 30)

struct remote {
    char *base;
};

struct sender {
    const struct remote *remote;
    struct http_client *client;
};

static int remote_open(void *context, void **ret_self, struct err *e)
{
    struct sender *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    s->remote = context;
    int rc = http_client_new(&s->client, e);
    if (rc) {
        free(s);
        return rc;
    }
    *ret_self = s;
    return 0;
}

static void remote_close(void *self)
{
    struct sender *s = self;
    http_client_free(s->client);
    free(s);
}

/* The first issue of an OperationOutcome, as the server put it. */
static void take_outcome(struct rest_item *item, int status, const yyjson_val *outcome)
{
    yyjson_val *issue = yyjson_arr_get_first(json_get(outcome, T("issue")));
    text words = json_text(json_get(issue, T("diagnostics")));
    text place = json_text(yyjson_arr_get_first(json_get(issue, T("expression"))));
    if (words.n == 0) {
        words = json_text(json_get(json_get(issue, T("details")), T("text")));
    }
    int code = status == 412 ? ERR_PRECONDITION : status >= 500 ? ERR_BUSY : ERR_INVALID;
    item->failed++;
    if (!item->result) {
        item->result = err_at(&item->err, code, place, "the server answered %d: %.*s", status,
                              TEXT_ARG(words));
    }
}

static void count_one(struct rest_item *item, int status, fhir_type type)
{
    item->written += status == 201 || status == 200;
    item->by_type[type]++;
}

static int post(struct sender *s, text body, struct arena *a, int *ret_status,
                yyjson_val **ret_root, struct err *e)
{
    struct http_answer answer;
    struct http_call call = {.method = T("POST"),
                             .url = text_of(s->remote->base),
                             .content_type = T("application/fhir+json"),
                             .body = body,
                             .fields = cli_fields(),
                             .most_bytes = ANSWER_MAX,
                             .seconds = CALL_SECONDS};
    int rc = http_client_call(s->client, &call, &answer, e);
    if (rc) {
        return rc;
    }
    *ret_status = answer.status;
    text copy = arena_copy(a, buf_text(&answer.body));
    http_answer_done(&answer);
    if (!copy.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct err ignored = {0};
    if (json_read(copy, 64, a, ret_root, &ignored)) {
        *ret_root = NULL;
    }
    return 0;
}

static int status_of(const yyjson_val *entry)
{
    text word = text_first(json_text(json_get(json_get(entry, T("response")), T("status"))), 3);
    uint64_t status = 0;
    return text_to_u64(word, &status) ? (int)status : 500;
}

static fhir_type entry_type(const yyjson_val *entry)
{
    return fhir_type_of(json_text(json_get(json_get(entry, T("resource")), T("resourceType"))));
}

static int send_bundle(struct sender *s, struct rest_item *item, const yyjson_val *sent,
                       struct arena *a, struct err *e)
{
    int status;
    yyjson_val *root;
    int rc = post(s, item->json, a, &status, &root, e);
    if (rc) {
        return rc;
    }
    if (status != 200 && status != 201) {
        take_outcome(item, status, root);
        return 0;
    }
    yyjson_arr_iter asked = yyjson_arr_iter_with(json_get(sent, T("entry")));
    yyjson_arr_iter answers = yyjson_arr_iter_with(json_get(root, T("entry")));
    yyjson_val *entry;
    while ((entry = yyjson_arr_iter_next(&asked))) {
        yyjson_val *answer = yyjson_arr_iter_next(&answers);
        int one = status_of(answer);
        if (one >= 400) {
            take_outcome(item, one, json_get(json_get(answer, T("response")), T("outcome")));
        } else {
            count_one(item, one, entry_type(entry));
        }
    }
    return 0;
}

/* One resource that travels as an entry of a batch. */
struct single {
    struct rest_item *item; /* that it came in */
    yyjson_val *root;
    bool conditional; /* has conditional references, which only a transaction may have */
};

struct singles {
    struct single *items;
    size_t count;
    size_t capacity;
};

static void add_entry(struct buf *out, const yyjson_val *root)
{
    text id = json_text(json_get(root, T("id")));
    text type = json_text(json_get(root, T("resourceType")));
    buf_add(out, T("{\"resource\":"));
    json_write(root, out);
    buf_printf(out, ",\"request\":{\"method\":\"%s\",\"url\":\"%.*s%s%.*s\"}}",
               id.n ? "PUT" : "POST", TEXT_ARG(type), id.n ? "/" : "", TEXT_ARG(id));
}

static void take_answer(const struct single *one, int status, const yyjson_val *answer,
                        const yyjson_val *root)
{
    int code = answer ? status_of(answer) : status;
    if (!answer || code >= 400) {
        take_outcome(one->item, code,
                     answer ? json_get(json_get(answer, T("response")), T("outcome")) : root);
    } else {
        count_one(one->item, code, fhir_type_of(json_text(json_get(one->root, T("resourceType")))));
    }
}

/* Several as a batch, or one as a transaction. */
static int send_singles(struct sender *s, const struct single *some, size_t count, const char *type,
                        struct arena *a, struct err *e)
{
    struct buf body;
    int status;
    yyjson_val *root;
    buf_init(&body, (size_t)1 << 31);
    buf_printf(&body, "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":[", type);
    for (size_t i = 0; i < count; i++) {
        buf_add(&body, i ? T(",") : T(""));
        add_entry(&body, some[i].root);
    }
    buf_add(&body, T("]}"));
    int rc = buf_failed(&body) ? err_set(e, ERR_MEMORY, "no memory")
                               : post(s, buf_text(&body), a, &status, &root, e);
    buf_done(&body);
    for (size_t i = 0; !rc && i < count; i++) {
        take_answer(&some[i], status, yyjson_arr_get(json_get(root, T("entry")), i), root);
    }
    return rc;
}

static int send_all(struct sender *s, struct singles *all, struct arena *a, struct err *e)
{
    struct single *plain = arena_zalloc(a, all->count + 1, sizeof *plain);
    size_t n = 0;
    int rc = plain ? 0 : err_set(e, ERR_MEMORY, "no memory");
    for (size_t i = 0; !rc && i < all->count; i++) {
        if (all->items[i].conditional) {
            rc = send_singles(s, &all->items[i], 1, "transaction", a, e);
        } else {
            plain[n++] = all->items[i];
        }
    }
    return rc || n == 0 ? rc : send_singles(s, plain, n, "batch", a, e);
}

static bool is_conditional(const yyjson_val *root)
{
    static const char member[] = "\"reference\":\"";
    struct buf json;
    bool found = false;
    buf_init(&json, (size_t)1 << 31);
    json_write(root, &json);
    text rest = buf_text(&json);
    const char *at;
    while (!found && rest.n && (at = memmem(rest.p, rest.n, member, sizeof member - 1)) != NULL) {
        rest = text_from(rest, (size_t)(at - rest.p) + sizeof member - 1);
        found = text_find(rest, '?') < text_find(rest, '"');
    }
    buf_done(&json);
    return found;
}

static int add_single(struct singles *all, struct rest_item *item, yyjson_val *root,
                      struct arena *a, struct err *e)
{
    if (!fhir_type_of(json_text(json_get(root, T("resourceType"))))) {
        item->failed++;
        item->result =
            err_at(&item->err, ERR_INVALID, T("resourceType"), "this is no resource of FHIR R4");
        return 0;
    }
    struct single *items = arena_grow(a, all->items, all->count, &all->capacity, sizeof *items);
    if (!items) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    all->items = items;
    all->items[all->count++] = (struct single){item, root, is_conditional(root)};
    return 0;
}

/* A transaction or batch is posted as it is; any other bundle is taken apart; a resource travels
 * alone. */
static int remote_take_one(struct sender *s, struct rest_item *item, struct singles *all,
                           struct arena *a, struct err *e)
{
    yyjson_val *root;
    if (json_read(item->json, 64, a, &root, &item->err)) {
        item->result = item->err.code;
        item->failed = 1;
        return 0;
    }
    if (!text_eq(json_text(json_get(root, T("resourceType"))), T("Bundle"))) {
        return add_single(all, item, root, a, e);
    }
    text type = json_text(json_get(root, T("type")));
    if (text_eq(type, T("transaction")) || text_eq(type, T("batch"))) {
        return send_bundle(s, item, root, a, e);
    }
    size_t at;
    size_t most;
    yyjson_val *entry;
    int rc = 0;
    yyjson_arr_foreach(json_get(root, T("entry")), at, most, entry)
    {
        yyjson_val *resource = json_get(entry, T("resource"));
        rc = rc || !resource ? rc : add_single(all, item, resource, a, e);
    }
    return rc;
}

static int remote_take(void *self, struct rest_item *items, size_t count, struct arena *a,
                       struct err *e)
{
    struct sender *s = self;
    struct singles all = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = remote_take_one(s, &items[i], &all, a, e);
    }
    return rc ? rc : send_all(s, &all, a, e);
}

int import_remote(const char *url, struct import_target *ret_target, struct err *e)
{
    struct remote *r = calloc(1, sizeof *r);
    char *base = r ? strdup(url) : NULL;
    if (!base) {
        free(r);
        return err_set(e, ERR_MEMORY, "no memory");
    }
    for (size_t n = strlen(base); n > 8 && base[n - 1] == '/'; n--) {
        base[n - 1] = '\0';
    }
    r->base = base;
    *ret_target = (struct import_target){remote_open, remote_take, remote_close, r};
    return 0;
}

void import_remote_done(struct import_target *t)
{
    struct remote *r = t->context;
    free(r->base);
    free(r);
}
