#include "rest/access.h"

#include "base/clock.h"

/*
 * Patient/{id}/$withheld: that something is withheld from the asker, as far as it may be told
 * (docs/policy.md). Staff who look after the person are told that it is so, never what; the person
 * is told of each entry that is held back, with its date; those who act for them of nothing.
 */

#define UNTIL KITH_STRUCTURE "label-until"

enum { HELD_MOST = 1000 };

struct held {
    struct access *access;
    struct buf *out;
    size_t count;
};

/* Held back, and for no other reason that the person must not know of. */
static bool is_told(const struct held *h, const struct version *v)
{
    const struct access *a = h->access;
    uint32_t labels = a->sheet ? sheet_labels(a->sheet, v->rid) : 0;
    uint32_t others = labels & ~(uint32_t)LABEL_HELD &
                      (a->decision.hidden | LABEL_PROTECTS | LABEL_NOT_PATIENT | LABEL_THIRD_PARTY);
    return (labels & LABEL_HELD) && !others && (grant_rights(a->call->grant, v->type) & MAY_READ) &&
           !grant_sees(a->call->grant, &a->decision, a->sheet, v->type, v->rid, false);
}

static int tell_held(void *context, const struct version *v, struct err *e)
{
    struct held *h = context;
    struct access *a = h->access;
    struct arena_mark mark = arena_mark(a->arena);
    yyjson_val *root;
    if (h->count == HELD_MOST || !is_told(h, v)) {
        return 0;
    }
    int rc = version_tree(v, a->call->rest->limits, a->arena, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(json_get(root, T("meta")), T("security"));
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        text until = json_text(tree_extension(item, UNTIL, "valueDateTime"));
        if (!text_eq(json_text(json_get(item, T("code"))), T("held"))) {
            continue;
        }
        part_open(h->out, "held");
        part_text(h->out, "until", "DateTime", until);
        part_text(h->out, "words", "String",
                  until.n ? arena_printf(a->arena,
                                         "Something is held back until %.*s. You will see it then.",
                                         TEXT_ARG(until))
                          : T("Something is held back until it is released to you."));
        part_close(h->out);
        h->count++;
        break;
    }
    arena_rewind(a->arena, mark);
    return rc;
}

static int run(struct access *a, struct buf *out, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    struct held h = {.access = a, .out = out};
    int rc = access_input(a->call, names, NULL, &in, e);
    /* Programs are told of nothing; that they could see a person who is not here would tell them of
     * those who are. */
    bool program = grant_actor(a->call->grant)->kind == ACTOR_SYSTEM;
    if (!rc && !a->self && (!a->sees || program)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "you may not see this record, nor what of it is withheld from you");
    }
    if (rc) {
        return rc;
    }
    access_params_open(out);
    if (a->self) {
        rc = access_scan(a, true, tell_held, &h, e);
    } else if (!a->proxy) {
        bool some = grant_withheld(a->call->grant, &a->decision, a->sheet) != 0;
        bool opens = some && grant_can(a->call->grant, ACTIVITY_OVERRIDE);
        part_flag(out, "withheld", some);
        if (some) {
            part_flag(out, "may-open", opens);
            part_text(out, "words", "String",
                      opens ? T("Something in this record is withheld from you. In an emergency "
                                "you can open it, with a reason; the person is told.")
                            : T("Something in this record is withheld from you."));
        }
    }
    access_params_close(out);
    return rc;
}

int do_withheld(struct call *c, struct err *e)
{
    struct access a;
    struct buf out;
    buf_init(&out, (size_t)c->rest->limits->body_bytes);
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : run(&a, &out, e);
    access_close(&a);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}
