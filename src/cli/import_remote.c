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
    yyjson_val *asked = json_get(sent, T("entry"));
    yyjson_val *answers = json_get(root, T("entry"));
    for (size_t i = 0; i < yyjson_arr_size(asked); i++) {
        yyjson_val *answer = yyjson_arr_get(answers, i);
        int one = status_of(answer);
        if (one >= 400) {
            take_outcome(item, one, json_get(json_get(answer, T("response")), T("outcome")));
        } else {
            count_one(item, one, entry_type(yyjson_arr_get(asked, i)));
        }
    }
    return 0;
}

static void add_entry(struct buf *out, const struct rest_item *item, const yyjson_val *root)
{
    text id = json_text(json_get(root, T("id")));
    text type = json_text(json_get(root, T("resourceType")));
    buf_add(out, T("{\"resource\":"));
    buf_add(out, item->json);
    buf_printf(out, ",\"request\":{\"method\":\"%s\",\"url\":\"%.*s%s%.*s\"}}",
               id.n ? "PUT" : "POST", TEXT_ARG(type), id.n ? "/" : "", TEXT_ARG(id));
}

static int send_singles(struct sender *s, struct rest_item **items, yyjson_val **roots,
                        size_t count, struct arena *a, struct err *e)
{
    struct buf body;
    int status;
    yyjson_val *root;
    buf_init(&body, (size_t)1 << 31);
    buf_add(&body, T("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&body, i ? T(",") : T(""));
        add_entry(&body, items[i], roots[i]);
    }
    buf_add(&body, T("]}"));
    int rc = buf_failed(&body) ? err_set(e, ERR_MEMORY, "no memory")
                               : post(s, buf_text(&body), a, &status, &root, e);
    buf_done(&body);
    for (size_t i = 0; !rc && i < count; i++) {
        yyjson_val *answer = yyjson_arr_get(json_get(root, T("entry")), i);
        int one = answer ? status_of(answer) : status;
        if (!answer || one >= 400) {
            take_outcome(items[i], one,
                         answer ? json_get(json_get(answer, T("response")), T("outcome")) : root);
        } else {
            count_one(items[i], one,
                      fhir_type_of(json_text(json_get(roots[i], T("resourceType")))));
        }
    }
    return rc;
}

static bool is_posted_whole(const yyjson_val *root)
{
    text type = json_text(json_get(root, T("type")));
    return text_eq(json_text(json_get(root, T("resourceType"))), T("Bundle")) &&
           (text_eq(type, T("transaction")) || text_eq(type, T("batch")));
}

static int remote_take(void *self, struct rest_item *items, size_t count, struct arena *a,
                       struct err *e)
{
    struct sender *s = self;
    struct rest_item **singles = arena_zalloc(a, count + 1, sizeof(void *));
    yyjson_val **roots = arena_zalloc(a, count + 1, sizeof(void *));
    size_t n = 0;
    int rc = singles && roots ? 0 : err_set(e, ERR_MEMORY, "no memory");
    for (size_t i = 0; !rc && i < count; i++) {
        yyjson_val *root;
        if (json_read(items[i].json, 64, a, &root, &items[i].err)) {
            items[i].result = items[i].err.code;
            items[i].failed = 1;
        } else if (is_posted_whole(root)) {
            rc = send_bundle(s, &items[i], root, a, e);
        } else if (!fhir_type_of(json_text(json_get(root, T("resourceType"))))) {
            items[i].failed = 1;
            items[i].result = err_at(&items[i].err, ERR_INVALID, T("resourceType"),
                                     "this is no resource of FHIR R4");
        } else {
            singles[n] = &items[i];
            roots[n++] = root;
        }
    }
    return rc || n == 0 ? rc : send_singles(s, singles, roots, n, a, e);
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
