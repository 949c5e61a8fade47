/* What a member signs of a patient's choice there, so that others can tell it on. */
#include "locality/choice_int.h"

#include "base/buf.h"
#include "format/json.h"
#include "locality/trust_int.h"

#include <openssl/sha.h>

enum { DEPTH = 64, BODY_MAX = 1 << 20 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what a patient has chosen");
}

/* What its member signs; `consent` NULL: it says nothing to others any more. */
static void print_signed(text from, const struct feed_row *row, const yyjson_val *consent,
                         struct buf *out)
{
    struct buf json;
    uint8_t hash[32];
    buf_init(&json, BODY_MAX);
    buf_printf(out, "kith.care/choice/v1\nfrom %.*s\nperson ", TEXT_ARG(from));
    base64_print(text_make((const char *)row->person, 32), out);
    buf_printf(out, "\nwhat %.*s\nversion %llu\nconsent ", TEXT_ARG(row->what),
               (unsigned long long)row->consent_version);
    if (consent) {
        json_write(consent, &json);
        (void)SHA256((const unsigned char *)buf_text(&json).p, buf_text(&json).n, hash);
        base64_print(text_make((const char *)hash, 32), out);
    }
    buf_add(out, consent ? T("\n") : T("-\n"));
    buf_done(&json);
}

int choice_sign(const struct note_signer *by, text from, const struct feed_row *row, text consent,
                struct arena *a, text *ret_note, struct err *e)
{
    struct buf body, note;
    yyjson_val *root = NULL;
    int rc = consent.n ? json_read(consent, DEPTH, a, &root, e) : 0;
    buf_init(&body, 8192);
    buf_init(&note, 16384);
    print_signed(from, row, root, &body);
    rc = rc ? rc : buf_failed(&body) ? no_memory(e) : note_sign(by, buf_text(&body), &note, e);
    *ret_note = rc || buf_failed(&note) ? (text){0} : arena_copy(a, buf_text(&note));
    buf_done(&body);
    buf_done(&note);
    return rc || ret_note->p ? rc : no_memory(e);
}

/* --- by which key -------------------------------------------------------------------------------
 */

/* Members have new keys now and then, and what they signed before is told on to who comes later. */
struct former {
    text from, note, body;
    bool is_signed;
    int64_t until_ms; /* from when on the key that has signed it was another one */
};

static bool holds(const struct member *m, text note, text body)
{
    struct err none;
    text said;
    return m && note_verify(note, &m->key, &said, &none) == 0 && text_eq(said, body);
}

/* One version of the directory, in order. */
static int look_there(void *context, text key, text value)
{
    struct former *x = context;
    struct directory_ref *ref = NULL;
    struct err ignored;
    (void)key;
    if (trust_ref_new(value, &ref, &ignored) == 0) {
        const struct directory *d = &ref->directory;
        if (holds(directory_member(d, x->from), x->note, x->body)) {
            x->is_signed = true;
            x->until_ms = INT64_MAX;
        } else if (x->is_signed && d->from_ms < x->until_ms) {
            x->until_ms = d->from_ms;
        }
        trust_done(ref);
    }
    return 0;
}

static bool was_signed(const struct loc_world *w, text from, const struct feed_row *row, text note,
                       text body)
{
    struct former x = {.from = from, .note = note, .body = body};
    struct err ignored;
    return w->each(w->context, "directory", (text){0}, look_there, &x, &ignored) == 0 &&
           x.is_signed && row->consent_version < (uint64_t)x.until_ms;
}

bool choice_is_signed(const struct loc_world *w, struct trust *trust, text from,
                      const struct feed_row *row, const yyjson_val *root)
{
    struct directory_ref *ref = NULL;
    const char *why;
    struct buf body;
    text note = json_text(json_get(root, T("note")));
    const struct directory *d = trust_directory(trust, &ref, &why);
    const struct member *m = d ? directory_member(d, from) : NULL;
    buf_init(&body, 8192);
    print_signed(from, row, json_get(root, T("consent")), &body);
    bool is = m && !buf_failed(&body) &&
              (holds(m, note, buf_text(&body)) || was_signed(w, from, row, note, buf_text(&body)));
    buf_done(&body);
    if (d) {
        trust_done(ref);
    }
    return is;
}
