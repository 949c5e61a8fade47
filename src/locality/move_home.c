/* What a move changes in the own record, what is signed at its end, and what is left of it. */
#include "base/clock.h"
#include "locality/move_int.h"

#include <inttypes.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define RECEIPT "kith.care/parcel-received/v1"

/* --- whose patient it is ------------------------------------------------------------------------
 */

static int own(struct moves *m, const char *method, text path, text body, struct arena *a,
               yyjson_val **ret, struct err *e)
{
    const struct loc_world *w = m->world;
    struct own_call call = {.method = text_of(method), .path = path, .body = body};
    int rc = path.p ? w->own(w->context, NULL, &call, a, e) : move_no_memory(e);
    if (!rc && (call.status < 200 || call.status > 299)) {
        rc = err_set(e, call.status == 404 || call.status == 410 ? ERR_NOT_FOUND : ERR_BUSY,
                     "the own record answered with %d to %s %.*s", call.status, method,
                     TEXT_ARG(path));
    }
    return rc || !call.answer.n ? rc : json_read(call.answer, MOVE_TREE, a, ret, e);
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* The Organization of a member, made where there is none yet. */
static int organisation(struct moves *m, text ods, struct arena *a, text *ret_id, struct err *e)
{
    struct directory_ref *ref;
    struct buf out;
    yyjson_val *root = NULL;
    text path =
        arena_printf(a, "Organization?identifier=" ODS_SYSTEM "%%7C%.*s&_count=1", TEXT_ARG(ods));
    int rc = own(m, "GET", path, (text){0}, a, &root, e);
    const yyjson_val *found = rc ? NULL : first_of(json_get(root, T("entry")));
    text id = json_text(json_get(json_get(found, T("resource")), T("id")));
    if (rc || id.n) {
        *ret_id = id;
        return rc;
    }
    const struct member *member = move_member(m, ods, &ref);
    buf_init(&out, 8192);
    buf_printf(&out,
               "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":\"" ODS_SYSTEM
               "\",\"value\":\"%.*s\"}],\"name\":",
               TEXT_ARG(ods));
    json_write_string(member ? member->name : ods, &out);
    buf_addc(&out, '}');
    trust_done(ref);
    text body = arena_copy(a, buf_text(&out));
    buf_done(&out);
    rc = body.p ? own(m, "POST", T("Organization"), body, a, &root, e) : move_no_memory(e);
    *ret_id = rc ? (text){0} : json_text(json_get(root, T("id")));
    return rc || ret_id->n ? rc : err_set(e, ERR_BUSY, "an Organization could not be made");
}

static void put_practice(struct buf *out, text id)
{
    buf_printf(out, "\"generalPractitioner\":[{\"reference\":\"Organization/%.*s\"}]",
               TEXT_ARG(id));
}

int move_set_home(struct moves *m, text patient, text ods, struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    text id, path = arena_printf(a, "Patient/%.*s", TEXT_ARG(patient));
    struct buf out;
    int rc = organisation(m, ods, a, &id, e);
    rc = rc ? rc : own(m, "GET", path, (text){0}, a, &root, e);
    const yyjson_val *practices = rc ? NULL : json_get(root, T("generalPractitioner"));
    text now = json_text(json_get(first_of(practices), T("reference")));
    text wanted = rc ? (text){0} : arena_printf(a, "Organization/%.*s", TEXT_ARG(id));
    if (rc || (text_eq(now, wanted) && json_len(practices) == 1)) {
        return rc;
    }
    const yyjson_val *key = json_type(root) == YYJSON_TYPE_OBJ ? root + 1 : NULL;
    buf_init(&out, MOVE_MEMORY / 8);
    buf_addc(&out, '{');
    for (size_t left = key ? json_len(root) : 0; left; left--, key = json_after(key + 1)) {
        if (!text_eq(json_text(key), T("generalPractitioner"))) {
            json_write(key, &out);
            buf_addc(&out, ':');
            json_write(key + 1, &out);
            buf_addc(&out, ',');
        }
    }
    put_practice(&out, id);
    buf_addc(&out, '}');
    text body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return body.p ? own(m, "PUT", path, body, a, &root, e) : move_no_memory(e);
}

/* --- the receipt --------------------------------------------------------------------------------
 */

static void receipt_head(const struct move *v, text manifest, struct buf *out)
{
    uint8_t hash[32];
    parcel_manifest_hash(manifest, hash);
    buf_printf(out, RECEIPT "\nid %.*s\nmanifest ", TEXT_ARG(v->id));
    base64_print(text_make((const char *)hash, 32), out);
    buf_addc(out, '\n');
}

int move_receipt_print(const struct move *v, text manifest, const struct note_signer *by,
                       struct arena *a, text *ret_note, struct err *e)
{
    struct buf body, note;
    buf_init(&body, 4096);
    buf_init(&note, 8192);
    receipt_head(v, manifest, &body);
    int rc = note_sign(by, buf_text(&body), &note, e);
    *ret_note = rc || buf_failed(&note) ? (text){0} : arena_copy(a, buf_text(&note));
    buf_done(&body);
    buf_done(&note);
    return rc || ret_note->p ? rc : move_no_memory(e);
}

bool move_receipt_holds(text note, const struct move *v, text manifest, const struct note_key *by)
{
    struct buf head;
    text body;
    struct err none;
    buf_init(&head, 4096);
    receipt_head(v, manifest, &head);
    bool holds = note_verify(note, by, &body, &none) == 0 && text_eq(body, buf_text(&head));
    buf_done(&head);
    return holds;
}

/* --- what is left -------------------------------------------------------------------------------
 */

enum { DROP_A_TIME = 64 };

struct dropping {
    struct arena a;
    bool keep_log;
    struct kept_change changes[DROP_A_TIME];
    size_t count;
};

static int drop_one(void *context, text key, text value)
{
    struct dropping *d = context;
    if (d->keep_log && text_starts(value, T("{\"leaf\":"))) {
        return 0;
    }
    text copy = d->count < DROP_A_TIME ? arena_copy(&d->a, key) : (text){0};
    if (!copy.p) {
        return -1;
    }
    d->changes[d->count++] = move_kept(KEPT_DELETE, "parcel-piece", copy, T(""));
    return 0;
}

int move_drop_pieces(struct moves *m, text id, bool keep_log, struct err *e)
{
    const struct loc_world *w = m->world;
    struct dropping d = {.keep_log = keep_log};
    int rc;
    arena_init(&d.a, 1 << 20);
    do {
        arena_reset(&d.a);
        d.count = 0;
        rc = w->each(w->context, "parcel-piece", id, drop_one, &d, e);
        rc = rc == -1 ? 0 : rc;
        rc = rc || !d.count ? rc : w->write(w->context, d.changes, d.count, NULL, e);
    } while (!rc && d.count);
    arena_done(&d.a);
    return rc;
}
