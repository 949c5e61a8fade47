/* What a patient has refused so far, for a member that did not hear of it when it was said: one
 * that holds something of them only now. */
#include "locality/choice_int.h"

#include "base/buf.h"
#include "format/json.h"

enum { MEMORY = 64 << 20, DEPTH = 64, MOST = 200 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what a patient has chosen");
}

struct standing {
    const struct loc_world *w;
    struct feed *feed;
    const struct note_signer *by;
    text self, to;
    struct feed_row row; /* of the person; each choice has its own words */
    struct arena *a;
};

/* One that came from another member, as that member has signed it. *ret_travels false: how it came
 * is not known any more. */
static int as_it_came(struct standing *x, text id, struct feed_row *row, bool *ret_travels,
                      struct err *e)
{
    const struct loc_world *w = x->w;
    struct choice_kept kept;
    text value;
    int rc = w->get(w->context, CHOICE_ROWS, id, x->a, &value, e);
    *ret_travels = !rc && choice_kept_read(value, &kept) && kept.body.n;
    if (*ret_travels) {
        row->consent_version = kept.version;
        row->what = kept.what;
        row->body = kept.body;
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The newest version that is known: nothing has changed. */
static int as_it_is(struct standing *x, text id, const yyjson_val *consent, struct feed_row *row,
                    bool *ret_travels, struct err *e)
{
    int rc = feed_consent(x->feed, row->person, &row->consent_version, e);
    row->consent_version += row->consent_version == 0;
    row->what = arena_printf(x->a, "Consent/%.*s", TEXT_ARG(id));
    rc = rc || row->what.p ? rc : no_memory(e);
    rc = rc ? rc : choice_print(x->w, x->by, x->self, row, consent, x->a, &row->body, e);
    *ret_travels =
        !rc && memmem(row->body.p, row->body.n, CHOICE_TRAVELS, sizeof CHOICE_TRAVELS - 1);
    return rc;
}

static int tell_one(struct standing *x, const yyjson_val *consent, struct err *e)
{
    struct feed_row row = x->row;
    text id = json_text(json_get(consent, T("id")));
    bool travels = false;
    int rc = choice_is_told(consent)   ? as_it_came(x, id, &row, &travels, e)
             : choice_is_news(consent) ? as_it_is(x, id, consent, &row, &travels, e)
                                       : 0;
    return rc || !travels ? rc : feed_send(x->feed, &x->to, 1, &row, NULL, 0, e);
}

static int tell_all(struct standing *x, text patient, struct err *e)
{
    const struct loc_world *w = x->w;
    yyjson_val *bundle = NULL;
    struct own_call call = {.method = T("GET"),
                            .path =
                                arena_printf(x->a, "Consent?patient=%.*s&status=active&_count=%d",
                                             TEXT_ARG(patient), MOST)};
    int rc = call.path.p ? w->own(w->context, NULL, &call, x->a, e) : no_memory(e);
    if (!rc && call.status != 200) {
        rc = err_set(e, ERR_IO, "the own record answered with %d when choices were looked for",
                     call.status);
    }
    rc = rc ? rc : json_read(call.answer, DEPTH, x->a, &bundle, e);
    const yyjson_val *entries = rc ? NULL : json_get(bundle, T("entry"));
    bool any = json_type(entries) == YYJSON_TYPE_ARR && json_len(entries);
    const yyjson_val *entry = any ? entries + 1 : NULL;
    for (size_t left = any ? json_len(entries) : 0; !rc && left;
         left--, entry = json_after(entry)) {
        const yyjson_val *one = json_get(entry, T("resource"));
        rc = text_eq(json_text(json_get(one, T("resourceType"))), T("Consent"))
                 ? tell_one(x, one, e)
                 : 0;
    }
    return rc;
}

int choice_tell_standing(const struct loc_world *w, struct trust *trust, struct feed *feed,
                         const struct subject *s, text to, struct err *e)
{
    struct arena a;
    struct err why = {0};
    text patient = {0};
    struct standing x = {.w = w, .feed = feed, .to = to, .a = &a};
    x.row = (struct feed_row){.kind = FEED_CONSENT, .subject = *s, .at_once = true};
    arena_init(&a, MEMORY);
    int rc = trust_self(trust, &x.by, &x.self, e);
    rc = rc || text_eq(x.self, to) ? rc : feed_person(feed, s->nhs_number, x.row.person, e);
    int found = rc || text_eq(x.self, to) ? ERR_NOT_FOUND : person_find(w, s, &a, &patient, &why);
    if (!found) {
        rc = tell_all(&x, patient, e);
    } else if (!rc && found != ERR_NOT_FOUND && found != ERR_CONFLICT) {
        rc = err_set(e, found, "%s", err_text(&why));
    }
    arena_done(&a);
    return rc;
}
