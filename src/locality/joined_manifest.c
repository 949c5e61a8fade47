#include "locality/joined_int.h"

#include "identity/jose.h"
#include "locality/member_key.h"

#include <inttypes.h>

/* J4: who gave what, as the asker signs it. */

static void print_place(const struct joined_part *part, size_t count, struct arena *a,
                        struct buf *out)
{
    buf_add(out, T("{\"ods\":"));
    json_write_string(part->ods, out);
    buf_printf(out, ",\"outcome\":\"%s\"", joined_outcome_code(part->outcome));
    if (part->outcome == ASK_ANSWERED) {
        buf_printf(out, ",\"entries\":%zu%s%s%s", count, part->more ? ",\"more\":true" : "",
                   part->withheld ? ",\"withheld\":true" : "",
                   part->unwitnessed || joined_behind_entries(part) ? ",\"unwitnessed\":true" : "");
    }
    if (part->copies) {
        buf_printf(out, ",\"copies\":%zu", part->copies);
    }
    if (part->outcome == ASK_ANSWERED && !part->is_own) {
        buf_add(out, T(",\"body\":"));
        json_write_string(base64url_print(text_make((const char *)part->body, 32), a), out);
    }
    buf_addc(out, '}');
}

/* The right to show ends with the first that ends. */
static int64_t ends(const struct joined_print *p)
{
    int64_t end = p->now_ms + (int64_t)JOINED_KEPT_S * 1000;
    for (size_t i = 0; i < p->part_count; i++) {
        const struct joined_part *part = &p->parts[i];
        if (!part->is_own && part->until_ms < end) {
            end = part->until_ms;
        }
    }
    return end;
}

int joined_manifest(const struct joined_print *p, const size_t *counts, struct arena *a,
                    text *ret_jws, struct err *e)
{
    struct buf out;
    struct jose_key *key = NULL;
    buf_init(&out, JOSE_MAX / 4 * 3);
    buf_add(&out, T("{\"iss\":"));
    json_write_string(p->self, &out);
    buf_printf(&out, ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 ",\"sub\":", p->now_ms / 1000,
               ends(p) / 1000);
    json_write_string(arena_printf(a, "Patient/%.*s", TEXT_ARG(p->patient)), &out);
    buf_printf(&out, ",\"whole\":%s,\"unasked\":%s,\"entries\":%zu,\"places\":[",
               joined_whole(p) ? "true" : "false", p->places_unasked ? "true" : "false",
               p->entry_count);
    for (size_t i = 0; i < p->part_count; i++) {
        if (i) {
            buf_addc(&out, ',');
        }
        print_place(&p->parts[i], counts[i], a, &out);
    }
    buf_add(&out, T("]}"));
    int rc = buf_failed(&out) ? err_set(e, ERR_TOO_LARGE,
                                        "more places have answered than a manifest can tell of")
                              : member_key_secret(p->signer, a, &key, e);
    rc = rc ? rc : jws_sign(key, "kith-manifest+jwt", buf_text(&out), a, ret_jws, e);
    jose_key_free(key);
    buf_done(&out);
    return rc;
}
