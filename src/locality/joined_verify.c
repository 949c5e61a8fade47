/* J4, from the other side: whether a joined record in somebody's hand is what a member signed. */
#include "locality/joined_int.h"

#include "audit/note.h"
#include "identity/jose.h"
#include "locality/member_key.h"

#define PLACE_URL "https://kith.care/fhir/StructureDefinition/joined-place"

enum { MANIFEST_DEPTH = 6 };

struct verifying {
    const yyjson_val *bundle, *claims;
    const struct directory *d;
    int64_t now_ms;
    struct arena *a;
};

static int wrong(const char *why, struct err *e)
{
    return err_set(e, ERR_FORBIDDEN, "this joined record is not what was signed: %s", why);
}

static bool number(const yyjson_val *v, uint64_t *ret)
{
    return json_type(v) == YYJSON_TYPE_RAW && text_to_u64(json_text(v), ret);
}

/* --- the signature ------------------------------------------------------------------------------
 */

static int manifest_of(struct verifying *x, text *ret_jws, struct err *e)
{
    text data = json_text(json_get(json_get(x->bundle, T("signature")), T("data")));
    uint8_t *bytes = data.n <= 2 * JOSE_MAX ? arena_alloc(x->a, data.n + 1) : NULL;
    size_t n = 0;
    if (!data.n || !bytes || !base64_read(data, bytes, data.n, &n)) {
        return wrong("there is no manifest in Bundle.signature", e);
    }
    *ret_jws = text_make((const char *)bytes, n);
    return 0;
}

/* Who says that it is theirs, before that is known to be so. */
static const struct member *issuer_of(const struct verifying *x, text jws)
{
    text rest = jws, part, bytes;
    yyjson_val *claims = NULL;
    struct err ignored;
    if (!text_cut(&rest, '.', &part) || !text_cut(&rest, '.', &part) ||
        base64url_read(part, x->a, &bytes, &ignored) ||
        json_read(bytes, MANIFEST_DEPTH, x->a, &claims, &ignored)) {
        return NULL;
    }
    return directory_member(x->d, json_text(json_get(claims, T("iss"))));
}

static int check_signature(struct verifying *x, const struct member **ret_issuer, struct err *e)
{
    struct jose_key *key = NULL;
    yyjson_val *header, *claims = NULL;
    text jws, payload;
    struct err ignored;
    int rc = manifest_of(x, &jws, e);
    const struct member *issuer = rc ? NULL : issuer_of(x, jws);
    if (rc || !issuer) {
        return rc ? rc : wrong("whoever has signed it is no member of this locality", e);
    }
    rc = member_key_public(&issuer->key, x->a, &key, e);
    if (!rc && (jws_verify(jws, &key, 1, "kith-manifest+jwt", x->a, &header, &payload, &ignored) ||
                json_read(payload, MANIFEST_DEPTH, x->a, &claims, &ignored) ||
                jose_unique(claims, &ignored))) {
        rc = wrong("its signature is not that of the member it names", e);
    }
    jose_key_free(key);
    text who = json_text(
        json_get(json_get(json_get(json_get(x->bundle, T("signature")), T("who")), T("identifier")),
                 T("value")));
    if (!rc && !text_eq(who, issuer->ods)) {
        rc = wrong("Bundle.signature.who is another one than has signed", e);
    }
    if (!rc) {
        x->claims = claims;
        *ret_issuer = issuer;
    }
    return rc;
}

/* --- what is said to people against what is signed ----------------------------------------------
 */

static bool same_flag(const yyjson_val *place, const yyjson_val *said, const char *name)
{
    return json_is_true(json_get(place, text_of(name))) ==
           json_is_true(joined_value(said, name, "valueBoolean"));
}

static bool same_place(const yyjson_val *place, const yyjson_val *said)
{
    uint64_t signed_count = 0, said_count = 0, signed_copies = 0, said_copies = 0;
    text outcome = json_text(json_get(place, T("outcome")));
    bool answered = text_eq(outcome, T("answered"));
    return text_eq(json_text(json_get(place, T("ods"))),
                   json_text(joined_value(said, "ods", "valueString"))) &&
           text_eq(outcome, json_text(joined_value(said, "outcome", "valueCode"))) &&
           (!answered || (number(json_get(place, T("entries")), &signed_count) &&
                          number(joined_value(said, "entries", "valueUnsignedInt"), &said_count) &&
                          signed_count == said_count)) &&
           number(json_get(place, T("copies")), &signed_copies) ==
               number(joined_value(said, "copies", "valueUnsignedInt"), &said_copies) &&
           signed_copies == said_copies && same_flag(place, said, "more") &&
           same_flag(place, said, "withheld") && same_flag(place, said, "unwitnessed");
}

static const yyjson_val *place_said(const yyjson_val *issue)
{
    const yyjson_val *list = json_get(issue, T("extension")), *one = joined_first(list);
    for (size_t left = one ? json_len(list) : 0; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("url"))), T(PLACE_URL))) {
            return one;
        }
    }
    return NULL;
}

static bool has_all(const yyjson_val *place)
{
    return text_eq(json_text(json_get(place, T("outcome"))), T("answered")) &&
           !json_is_true(json_get(place, T("more")));
}

/* Each issue that is about a place is the next place that was signed; *ret_all: each of them has
 * given all it has. */
static int check_places(const struct verifying *x, bool *ret_all, struct err *e)
{
    const yyjson_val *entry = joined_first(json_get(x->bundle, T("entry")));
    const yyjson_val *issues = json_get(json_get(entry, T("resource")), T("issue"));
    const yyjson_val *issue = joined_first(issues), *places = json_get(x->claims, T("places"));
    const yyjson_val *place = joined_first(places);
    size_t left_places = place ? json_len(places) : 0;
    *ret_all = true;
    for (size_t left = issue ? json_len(issues) : 0; left; left--, issue = json_after(issue)) {
        const yyjson_val *said = place_said(issue);
        if (said && (!left_places || !same_place(place, said))) {
            return wrong("what is said of a place is not what was signed of it", e);
        }
        if (said) {
            *ret_all = *ret_all && has_all(place);
            left_places--;
            place = json_after(place);
        }
    }
    return left_places ? wrong("a place that was signed for is not named", e) : 0;
}

static bool is_page(const yyjson_val *bundle)
{
    const yyjson_val *links = json_get(bundle, T("link")), *link = joined_first(links);
    for (size_t left = link ? json_len(links) : 0; left; left--, link = json_after(link)) {
        text url = json_text(json_get(link, T("url")));
        if (text_eq(json_text(json_get(link, T("relation"))), T("next")) ||
            memmem(url.p ? url.p : "", url.n, "_page=", 6)) {
            return true;
        }
    }
    return false;
}

/* Entries, total and whether it is the whole. */
static int check_counts(const struct verifying *x, bool all, bool *ret_whole, struct err *e)
{
    const yyjson_val *entries = json_get(x->bundle, T("entry"));
    const yyjson_val *total = json_get(x->bundle, T("total"));
    uint64_t signed_count = 0, said = 0;
    size_t shown = joined_first(entries) ? json_len(entries) - 1 : 0;
    bool whole = json_is_true(json_get(x->claims, T("whole")));
    bool unasked = json_is_true(json_get(x->claims, T("unasked")));
    if (!number(json_get(x->claims, T("entries")), &signed_count) || shown > signed_count ||
        (!is_page(x->bundle) && shown != signed_count)) {
        return wrong("it has other entries than were signed for", e);
    }
    if (whole && (!all || unasked)) {
        return wrong("a part was signed as the whole", e);
    }
    if ((total != NULL) != whole || (total && (!number(total, &said) || said != signed_count))) {
        return wrong("a part is shown as the whole, or Bundle.total is another number", e);
    }
    *ret_whole = whole;
    return 0;
}

int joined_verify(const yyjson_val *bundle, const struct directory *d, int64_t now_ms,
                  struct arena *a, struct joined_verdict *ret, struct err *e)
{
    struct verifying x = {.bundle = bundle, .d = d, .now_ms = now_ms, .a = a};
    struct joined_verdict verdict = {0};
    uint64_t made = 0, ends = 0;
    bool all = false;
    int rc = check_signature(&x, &verdict.issuer, e);
    rc = rc ? rc : check_places(&x, &all, e);
    rc = rc ? rc : check_counts(&x, all, &verdict.whole, e);
    if (!rc &&
        (!number(json_get(x.claims, T("iat")), &made) ||
         !number(json_get(x.claims, T("exp")), &ends) || made > ends || ends > INT64_MAX / 1000 ||
         (int64_t)made * 1000 > now_ms + STATEMENT_SKEW_S * INT64_C(1000))) {
        rc = wrong("its time has not come, or is no time", e);
    }
    if (!rc) {
        verdict.made_ms = (int64_t)made * 1000;
        verdict.ends_ms = (int64_t)ends * 1000;
        verdict.patient = json_text(json_get(x.claims, T("sub")));
        *ret = verdict;
    }
    return rc;
}
