#include "locality/changed.h"

enum { DEPTH = 16, MEMORY = 4 << 20 };

int changed_row(const struct loc_world *w, const struct feed_row *row, struct arena *a,
                struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    *ret_changes = NULL;
    *ret_count = 0;
    return row->kind == FEED_CONSENT && row->subject.nhs_number.n
               ? choice_changes(w, row, a, ret_changes, ret_count, e)
               : 0;
}

/* A text or a true of the body; *ret_true may be NULL. */
static int look(const struct feed_row *row, text name, struct arena *a, text *ret, bool *ret_true,
                struct err *e)
{
    yyjson_val *root = NULL;
    int rc = row->body.n ? json_read(row->body, DEPTH, a, &root, e) : 0;
    const yyjson_val *value = rc ? NULL : json_get(root, name);
    *ret = json_text(value);
    if (ret_true) {
        *ret_true = json_is_true(value);
    }
    return rc;
}

static int contact(struct places *p, text sender, const struct feed_row *row, struct arena *a,
                   struct err *e)
{
    text ignored;
    bool ended = false;
    int rc = look(row, T("ended"), a, &ignored, &ended, e);
    if (rc || ended) {
        return rc ? rc : places_forget(p, sender, &row->subject, e);
    }
    rc = places_note(p, sender, &row->subject, e);
    return rc ? rc : places_redirect(p, sender, &row->subject, e);
}

static int registration(struct places *p, text sender, const struct feed_row *row, struct arena *a,
                        struct err *e)
{
    struct places_home to;
    int rc = look(row, T("home"), a, &to.practice, NULL, e);
    rc = rc ? rc : look(row, T("also"), a, &to.platform, NULL, e);
    return rc ? rc : places_moved(p, &row->subject, sender, &to, e);
}

/* Only where the person is: others need not know that there are two records. */
static int merged(const struct loc_world *w, text sender, const struct feed_row *row,
                  struct arena *a, struct err *e)
{
    struct err why = {0};
    text patient = {0};
    int found = person_find(w, &row->subject, a, &patient, &why);
    bool merge = row->kind == FEED_MERGE;
    if (found == ERR_NOT_FOUND) {
        return 0;
    }
    if (found && found != ERR_CONFLICT) {
        return err_set(e, found, "%s", err_text(&why));
    }
    text words = arena_printf(
        a,
        merge
            ? "it has found that its %.*s and another record of its are one person; people here "
              "compare them with %s%.*s, and merge nothing that they are not sure of"
            : "it has found that its %.*s had been merged by mistake, and has undone that; people "
              "here look whether the same was done to %s%.*s",
        TEXT_ARG(row->what), found ? "the one with this number" : "Patient/",
        TEXT_ARG(found ? (text){0} : patient));
    return words.p ? w->alarm(w->context, merge ? "identity-merge" : "identity-unmerge", sender,
                              words, e)
                   : err_set(e, ERR_MEMORY, "no memory for an alarm");
}

int changed_effect(const struct loc_world *w, struct places *p, text sender,
                   const struct feed_row *row, struct err *e)
{
    struct arena a;
    int rc = 0;
    arena_init(&a, MEMORY);
    switch (row->kind) {
    case FEED_CONTACT:
        rc = contact(p, sender, row, &a, e);
        break;
    case FEED_CONSENT:
        rc = row->subject.nhs_number.n && row->body.n ? choice_effect(w, row, e) : 0;
        break;
    case FEED_REGISTRATION:
        rc = registration(p, sender, row, &a, e);
        break;
    case FEED_MERGE:
    case FEED_UNMERGE:
        rc = merged(w, sender, row, &a, e);
        break;
    default:
        break;
    }
    arena_done(&a);
    return rc;
}
