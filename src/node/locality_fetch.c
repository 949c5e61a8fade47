/* Requests to servers that are no members, and the seal of what is kept about them. */
#include "base/clock.h"
#include "identity/secret.h"
#include "net/client.h"
#include "node/locality_world_int.h"

#define PURPOSE "kith.care/locality/foreign"

int locality_fetch(void *context, struct fetch_call *call, struct arena *a, struct err *e)
{
    (void)context;
    struct http_client *client = NULL;
    struct http_answer answer = {0};
    int64_t left = call->deadline_ms - clock_real_ms();
    if (left <= 0) {
        return err_set(e, ERR_TIMEOUT, "it did not answer in time");
    }
    struct http_call http = {.method = call->method,
                             .url = call->url,
                             .content_type = call->content_type,
                             .body = call->body,
                             .fields = call->fields,
                             .most_bytes = call->most_bytes,
                             .ms = left < INT32_MAX ? (unsigned)left : INT32_MAX,
                             .secure = true};
    int rc = http_client_new(&client, e);
    rc = rc ? rc : http_client_call(client, &http, &answer, e);
    if (!rc) {
        call->status = answer.status;
        call->answer = answer.body.n ? arena_copy(a, buf_text(&answer.body)) : T("");
        rc = call->answer.p ? 0 : err_set(e, ERR_MEMORY, "no memory for the answer of a server");
        http_answer_done(&answer);
    }
    http_client_free(client);
    return rc;
}

static int with_key(const struct locality_world *w, bool opens, text in, struct arena *a, text *ret,
                    struct err *e)
{
    struct seal_key *key = NULL;
    int rc = seal_open(w->dir, &key, e);
    rc = rc      ? rc
         : opens ? seal_read(key, PURPOSE, in, a, ret, e)
                 : seal_make(key, PURPOSE, in, a, ret, e);
    seal_free(key);
    return rc;
}

int locality_seal(void *context, text bytes, struct arena *a, text *ret_sealed, struct err *e)
{
    return with_key(context, false, bytes, a, ret_sealed, e);
}

int locality_unseal(void *context, text sealed, struct arena *a, text *ret_bytes, struct err *e)
{
    return with_key(context, true, sealed, a, ret_bytes, e);
}
