/* A list for people: somebody here has the number that was asked for, and other details. */
#include "locality/ask_int.h"
#include "policy/facts.h"

#include <openssl/sha.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

/* The same for the same two. */
static text task_path(const struct member *asker, text patient, struct arena *a)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char hex[33];
    text of = arena_printf(a, "%.*s|%.*s", TEXT_ARG(asker->ods), TEXT_ARG(patient));
    if (!of.p) {
        return of;
    }
    SHA256((const unsigned char *)of.p, of.n, hash);
    text_hex(hash, 16, hex);
    return arena_printf(a, "Task/conflict-%s", hex);
}

static void print_task(text path, const struct member *asker, const struct admission *ad,
                       struct arena *a, struct buf *out)
{
    buf_add(out, T("{\"resourceType\":\"Task\",\"id\":"));
    json_write_string(text_from(path, sizeof "Task/" - 1), out);
    buf_add(out,
            T(",\"status\":\"requested\",\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
              "\"" KEPT_TASKS "\",\"code\":\"identity-conflict\"}],\"text\":\"Whether two people "
              "are one\"},\"description\":"));
    json_write_string(arena_printf(a,
                                   "%.*s has asked about somebody with the NHS number of this "
                                   "patient. Nothing was given. %.*s. Compare the details with "
                                   "them, and correct or merge what is wrong.",
                                   TEXT_ARG(asker->name), TEXT_ARG(ad->conflict_why)),
                      out);
    buf_add(out, T(",\"for\":{\"reference\":"));
    json_write_string(arena_printf(a, "Patient/%.*s", TEXT_ARG(ad->conflict)), out);
    buf_add(out, T("},\"requester\":{\"type\":\"Organization\",\"identifier\":{\"system\":"
                   "\"" ODS_SYSTEM "\",\"value\":"));
    json_write_string(asker->ods, out);
    buf_add(out, T("},\"display\":"));
    json_write_string(asker->name, out);
    buf_add(out, T("}}"));
}

int ask_conflict(const struct loc_world *w, const struct member *asker, const struct admission *ad,
                 struct arena *a, struct err *e)
{
    struct buf out;
    text path = ad->conflict.n ? task_path(asker, ad->conflict, a) : T("");
    struct own_call get = {.method = T("GET"), .path = path};
    struct own_call put = {.method = T("PUT"), .path = path};
    if (!ad->conflict.n) {
        return 0;
    }
    int rc = path.p && ad->conflict_why.p ? w->own(w->context, NULL, &get, a, e) : ask_no_memory(e);
    if (rc || get.status != 404) {
        return rc;
    }
    buf_init(&out, 16384);
    print_task(path, asker, ad, a, &out);
    put.body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    rc = put.body.p ? w->own(w->context, NULL, &put, a, e) : ask_no_memory(e);
    if (!rc && put.status / 100 != 2) {
        rc = err_set(e, ERR_IO, "the Task of a conflict could not be stored (status %d)",
                     put.status);
    }
    return rc;
}
