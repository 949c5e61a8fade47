#include "locality/joined_int.h"

#include "base/random.h"
#include "identity/jose.h"

#include <stdlib.h>

/* A joined record from start to end: what joined_gather.c has gathered, one list, pages. */

enum { TOKEN_BYTES = 16 };

int joining_open(const struct asking_config *config, struct asking *asking, struct joining **ret,
                 struct err *e)
{
    struct joining *j = calloc(1, sizeof *j);
    int rc =
        j ? joined_kept_new(&j->kept, e) : err_set(e, ERR_MEMORY, "no memory for joined records");
    rc = rc ? rc : joined_known_new(config->world, &j->known, e);
    if (rc) {
        joining_close(j);
        return rc;
    }
    j->config = *config;
    j->asking = asking;
    *ret = j;
    return 0;
}

void joining_close(struct joining *j)
{
    if (j) {
        joined_known_free(j->known);
        joined_kept_free(j->kept);
        free(j);
    }
}

void joining_forget(struct joining *j, text nhs_number)
{
    joined_kept_forget(j->kept, nhs_number);
}

static int make_pages(struct gathering *g, struct joined_pages *ret, struct err *e)
{
    struct joined_entry *entries;
    size_t count;
    int rc = joined_merge(g->parts, g->part_count, g->ask->sorts, g->ask->sort_count, g->a,
                          &entries, &count, e);
    if (rc) {
        return rc;
    }
    struct joined_print print = {.parts = g->parts,
                                 .part_count = g->part_count,
                                 .entries = entries,
                                 .entry_count = count,
                                 .places_unasked = g->unasked,
                                 .alone = g->alone,
                                 .self = g->self,
                                 .patient = g->ask->patient,
                                 .signer = g->signer,
                                 .now_ms = joined_now(g->j)};
    return joined_pages_make(&print, g->a, ret, e);
}

static int64_t shown_until(const struct gathering *g)
{
    int64_t until = joined_now(g->j) + JOINED_KEPT_S * INT64_C(1000);
    for (size_t i = 1; i < g->part_count; i++) {
        const struct joined_part *part = &g->parts[i];
        if (part->until_ms < until) {
            until = part->until_ms;
        }
    }
    return until;
}

/* --- pages --------------------------------------------------------------------------------------
 */

/* What the policy says to the caller about the person: where it says something else, they have to
 * ask again. */
static text decided(const struct gathering *g)
{
    const struct decision *d = &g->decision;
    return arena_printf(g->a, "%d%d%d%d%d%d %x %x %x %x %x", d->reads, d->demographics_only,
                        d->overridden, d->plain, d->chosen, d->in_context, d->relation, d->hidden,
                        d->functions, d->asks, d->classes);
}

static int fill_keeping(const struct gathering *g, struct joined_keeping *what, struct err *e)
{
    const struct caller *c = g->ask->caller;
    text policy = decided(g);
    *what = (struct joined_keeping){
        .caller = arena_printf(g->a, "%.*s|%.*s|%.*s|%.*s|%.*s", TEXT_ARG(c->actor.account),
                               TEXT_ARG(c->session), TEXT_ARG(c->client), TEXT_ARG(c->actor.role),
                               TEXT_ARG(c->actor.organisation)),
        .ask = arena_printf(g->a, "%.*s|%.*s|%llu|%.*s", TEXT_ARG(g->ask->patient),
                            TEXT_ARG(g->ask->path), (unsigned long long)g->ask->count,
                            TEXT_ARG(policy)),
        .nhs_number = g->subject.nhs_number,
        .forgotten = g->forgotten,
        .now_ms = joined_now(g->j),
        .most_bytes = g->ask->kept_bytes};
    return what->caller.p && what->ask.p && policy.p ? 0 : joined_no_memory(e);
}

/* Links have "<token>.<entry>". */
static int link_to(const struct gathering *g, const uint8_t *token, size_t from, text *ret_link,
                   struct err *e)
{
    text self = g->ask->self;
    text page =
        token ? base64url_print(text_make((const char *)token, TOKEN_BYTES), g->a) : (text){0};
    *ret_link = arena_printf(g->a, "%.*s/%.*s", TEXT_ARG(g->ask->base), TEXT_ARG(self));
    if (token && page.p && ret_link->p) {
        *ret_link = arena_printf(g->a, "%.*s%s_page=%.*s.%zu", TEXT_ARG(*ret_link),
                                 text_find(self, '?') < self.n ? "&" : "?", TEXT_ARG(page), from);
    }
    return ret_link->p ? 0 : joined_no_memory(e);
}

static int print_page(const struct gathering *g, const struct joined_pages *pages,
                      const uint8_t *token, size_t from, size_t most, struct buf *out,
                      struct err *e)
{
    text self = {0}, next = {0};
    int rc = link_to(g, from ? token : NULL, from, &self, e);
    if (!rc && most && from + most < pages->count) {
        rc = link_to(g, token, from + most, &next, e);
    }
    if (!rc) {
        joined_pages_print(pages, from, most ? most : pages->count, self, next, out);
        rc = buf_failed(out) ? joined_no_memory(e) : 0;
    }
    return rc;
}

static int first_page(struct gathering *g, struct buf *out, struct err *e)
{
    const struct loc_world *w = g->j->config.world;
    struct directory_ref *ref = NULL;
    const char *why = NULL;
    struct joined_pages pages;
    struct joined_keeping what;
    uint64_t most = g->ask->count;
    bool kept = false;
    g->forgotten = joined_kept_forgotten(g->j->kept, g->subject.nhs_number);
    g->d = trust_directory(g->j->config.trust, &ref, &why);
    if (!g->d && !g->alone.n) {
        g->alone = text_of(why ? why : "this node is in no locality");
    }
    int rc = joined_gather(g, e);
    rc = rc ? rc : make_pages(g, &pages, e);
    rc = rc ? rc : fill_keeping(g, &what, e);
    /* Who is alone is not told of choices: nothing says when pages that are kept have to go. */
    if (!rc && most && most < pages.count && !g->alone.n) {
        what.until_ms = shown_until(g);
        w->random(w->context, what.token, sizeof what.token);
        joined_keep(g->j->kept, &what, &pages, &kept);
    }
    /* What cannot be kept is given at once: nothing may be lost between pages. */
    rc = rc ? rc : print_page(g, &pages, what.token, 0, kept ? most : 0, out, e);
    foreigns_done(g->foreign);
    if (ref) {
        trust_done(ref);
    }
    return rc;
}

static int further_page(struct gathering *g, struct buf *out, struct err *e)
{
    struct joined_keeping what;
    struct joined_pages pages;
    text rest = g->ask->token, token, bytes = {0};
    uint64_t from = 0;
    struct err ignored;
    (void)text_cut(&rest, '.', &token);
    int rc = fill_keeping(g, &what, e);
    if (!rc && (base64url_read(token, g->a, &bytes, &ignored) || bytes.n != TOKEN_BYTES ||
                !rest.p || !text_to_u64(rest, &from) || !from || !g->ask->count)) {
        rc =
            err_set(e, ERR_INVALID,
                    "the paging token (_page) is not one of this record; follow the 'next' link as "
                    "it is, or start again without _page");
    }
    if (rc) {
        return rc;
    }
    memcpy(what.token, bytes.p, TOKEN_BYTES);
    rc = joined_again(g->j->kept, &what, from, g->ask->count, g->a, &pages, e);
    return rc ? rc : print_page(g, &pages, what.token, from, g->ask->count, out, e);
}

int joined_answer(struct joining *j, const struct joined_ask *ask, struct arena *a, struct buf *out,
                  struct err *e)
{
    struct gathering g = {.j = j, .ask = ask, .a = a, .now_ms = joined_now(j)};
    g.deadline_ms = g.now_ms + ask->deadline_ms;
    int rc = joined_find_person(&g, e);
    return rc ? rc : ask->token.n ? further_page(&g, out, e) : first_page(&g, out, e);
}
