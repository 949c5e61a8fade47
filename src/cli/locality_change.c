/* The actions of `kith locality` that change something: each tells what the next step is, and
 * whose.
 */
#include "cli/locality.h"

#include "audit/audit.h"
#include "format/json.h"

#include <stdio.h>
#include <sys/stat.h>

/* --- who this node is -------------------------------------------------------------------------
 */

/* The key of the access log; the log is made where the node has not served yet. */
static int log_key(struct locality_tool *t, struct note_key *ret_key, struct err *e)
{
    struct audit *log = NULL;
    struct stat there;
    text dir = arena_printf(&t->a, "%s/audit", t->dir);
    text origin = arena_printf(&t->a, "kith.care/log/%.*s", TEXT_ARG(t->ods));
    if (!dir.p || !origin.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct audit_config config = {
        .dir = dir.p, .origin = origin, .writes = stat(dir.p, &there) != 0};
    int rc = audit_open(&config, &log, e);
    rc = rc ? rc : note_key_read(audit_verifier_key(log), ret_key, e);
    audit_close(log);
    return rc;
}

static int read_self(struct locality_tool *t, struct trust_self_config *ret, struct err *e)
{
    text kind = text_of(cli_option(t->args, "--kind"));
    *ret = (struct trust_self_config){
        .ods = t->ods, .name = t->name, .url = text_of(cli_option(t->args, "--url"))};
    if (!ret->url.n) {
        return err_set(e, ERR_REQUIRED,
                       "say by --url at which address members reach this node, such as "
                       "https://gp.example.org:8081 (the port is that of 'kith serve "
                       "--locality-port')");
    }
    if (!text_starts(ret->url, T("https://")) || text_ends(ret->url, T("/"))) {
        return err_set(e, ERR_VALUE,
                       "--url is of the form https://host:port, without a slash at its end");
    }
    if (!member_kind_find(kind, &ret->kind)) {
        return err_set(e, kind.n ? ERR_VALUE : ERR_REQUIRED,
                       "--kind is gp, hospital, council, pharmacy, platform or other");
    }
    int rc = log_key(t, &ret->log, e);
    return rc ? rc : locality_world_make_key(t->world, false, t->ods, ret->tls, e);
}

/* --- beginning --------------------------------------------------------------------------------
 */

int locality_create(struct locality_tool *t, struct err *e)
{
    struct trust_self_config self;
    text name;
    int rc = tool_word(t, 0, "the locality's name", &name, e);
    rc = rc ? rc : read_self(t, &self, e);
    rc = rc ? rc : trust_create(t->trust, name, &self, e);
    rc = rc ? rc : tool_note(t, EVENT_KEY, T("began a locality"), e);
    if (!rc && t->args->json) {
        printf("{\"created\":true}\n");
    } else if (!rc) {
        printf("The locality '%.*s' has begun, with %.*s (%.*s) as its only member.\n"
               "Next: invite another organisation by its ODS code:\n"
               "  kith locality invite %s ODS\n",
               TEXT_ARG(name), TEXT_ARG(t->name), TEXT_ARG(t->ods), t->dir);
    }
    return rc;
}

int locality_invite(struct locality_tool *t, struct err *e)
{
    text ods, invitation;
    int rc = tool_word(t, 0, "the ODS code of the organisation", &ods, e);
    rc = rc ? rc : trust_invite(t->trust, ods, &t->a, &invitation, e);
    text why = rc ? (text){0} : arena_printf(&t->a, "invited %.*s", TEXT_ARG(ods));
    rc = rc ? rc : tool_note(t, EVENT_KEY, why, e);
    if (!rc && t->args->json) {
        printf("{\"invitation\":\"%.*s\"}\n", TEXT_ARG(invitation));
    } else if (!rc) {
        printf("%.*s\n\n"
               "Hand this over to %.*s by a way on which you know that it is them (in person, or "
               "by a call to a number\nthat you have looked up yourself): whoever has it can ask "
               "to join as %.*s. It is good for 14 days, once.\nThere, an administrator runs:\n"
               "  kith locality join DIR INVITATION --kind KIND --url URL\n"
               "while this node serves. Then the members sign.\n",
               TEXT_ARG(invitation), TEXT_ARG(ods), TEXT_ARG(ods));
    }
    return rc;
}

/* Who was removed may have lost its keys: it comes back with others. */
static int drop_spent_key(struct locality_tool *t, struct err *e)
{
    uint8_t now[32];
    struct err none;
    bool spent = false;
    int rc = t->face->own_tls(t->face->context, now, &none)
                 ? 0
                 : trust_tls_spent(t->trust, now, &spent, e);
    return rc || !spent ? rc : locality_world_drop_key(t->world, e);
}

/* How it stands, also for whoever runs it again. */
static int tell_joining(struct locality_tool *t, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    text *words = NULL;
    size_t count = 0;
    const struct directory *d = trust_directory(t->trust, &ref, &why);
    int rc = trust_proposals(t->trust, &t->a, &words, &count, e);
    if (!rc && t->args->json) {
        printf("{\"asked\":true,\"member\":%s}\n", d ? "true" : "false");
    } else if (!rc && d) {
        printf("This node is a member of '%.*s' (number %llu of its directory); nothing is left to "
               "do.\n",
               TEXT_ARG(d->name), (unsigned long long)d->number);
    } else if (!rc) {
        printf("The inviter has proposed this node as a member, and this node has signed that.\n");
        for (size_t i = 0; i < count; i++) {
            printf("  %.*s\n", TEXT_ARG(words[i]));
        }
        printf("Next: administrators of more than half of the members look at it and sign:\n"
               "  kith locality list DIR\n"
               "  kith locality sign DIR PROPOSAL\n"
               "Start this node meanwhile (kith serve %s): it notices by itself when it is taken "
               "in. 'kith locality list %s'\nshows how far it is, and so does the same 'kith "
               "locality join' again.\n",
               t->dir, t->dir);
    }
    if (d) {
        trust_done(ref);
    }
    return rc;
}

int locality_join(struct locality_tool *t, struct err *e)
{
    struct trust_self_config self;
    text invitation;
    int rc = tool_word(t, 0, "the invitation", &invitation, e);
    rc = rc ? rc : drop_spent_key(t, e);
    rc = rc ? rc : read_self(t, &self, e);
    rc = rc ? rc : trust_join(t->trust, invitation, &self, e);
    rc = rc ? rc : tool_note(t, EVENT_KEY, T("asked to join a locality"), e);
    return rc ? rc : tell_joining(t, e);
}

/* --- changes ----------------------------------------------------------------------------------
 */

static int propose(struct locality_tool *t, const struct trust_change *change, text why,
                   struct err *e)
{
    int rc = trust_propose(t->trust, change, e);
    rc = rc ? rc : tool_note(t, EVENT_KEY, why, e);
    return rc ? rc : locality_tell_waiting(t, e);
}

/* This node as the directory has it; its texts in the arena. */
static int own_member(struct locality_tool *t, struct member *ret, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(t->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    const struct member *self = directory_member(d, t->ods);
    int rc = self ? 0 : err_set(e, ERR_NOT_FOUND, "this node is no member");
    if (self) {
        *ret = *self;
        ret->ods = arena_copy(&t->a, self->ods);
        ret->url = arena_copy(&t->a, self->url);
        ret->name = arena_copy(&t->a, self->name);
        rc = ret->ods.p && ret->url.p && ret->name.p ? 0 : err_set(e, ERR_MEMORY, "no memory");
    }
    trust_done(ref);
    return rc;
}

/* After a loss: the log that is there now has another key than the one in the directory. */
static int propose_log(struct locality_tool *t, struct err *e)
{
    struct trust_change change = {.kind = TRUST_KEYS};
    struct note_key log;
    int rc = own_member(t, &change.member, e);
    rc = rc ? rc : log_key(t, &log, e);
    if (!rc && memcmp(log.key, change.member.log.key, sizeof log.key) == 0) {
        rc = err_set(e, ERR_CONFLICT,
                     "the directory has the key of this node's access log (%s/audit) already",
                     t->dir);
    }
    change.member.log = log;
    return rc ? rc : propose(t, &change, T("proposed the key of a new access log"), e);
}

int locality_propose(struct locality_tool *t, struct err *e)
{
    struct trust_change change = {.kind = TRUST_RENEW};
    text what;
    int rc = tool_word(t, 0, "what is proposed (renew, log, or address)", &what, e);
    if (!rc && text_eq(what, T("renew"))) {
        return propose(t, &change, T("proposed the directory for another year"), e);
    }
    if (!rc && text_eq(what, T("log"))) {
        return propose_log(t, e);
    }
    if (!rc && !text_eq(what, T("address"))) {
        rc = err_set(e, ERR_VALUE, "what can be proposed is renew, log, or address with --url");
    }
    text url = text_of(cli_option(t->args, "--url"));
    if (!rc && (!text_starts(url, T("https://")) || text_ends(url, T("/")))) {
        rc = err_set(e, ERR_REQUIRED, "say the new address by --url https://host:port");
    }
    change.kind = TRUST_KEYS;
    rc = rc ? rc : own_member(t, &change.member, e);
    change.member.url = url;
    return rc ? rc : propose(t, &change, T("proposed another address of this node"), e);
}

int locality_sign(struct locality_tool *t, struct err *e)
{
    text proposal;
    int rc = tool_word(t, 0, "the proposal (its first 8 digits; 'kith locality list' shows them)",
                       &proposal, e);
    rc = rc ? rc : trust_sign(t->trust, proposal, e);
    text why =
        rc ? (text){0}
           : arena_printf(&t->a, "signed the proposal %.*s", TEXT_ARG(text_short(proposal, 16)));
    rc = rc ? rc : tool_note(t, EVENT_KEY, why, e);
    return rc ? rc : locality_tell_waiting(t, e);
}

int locality_remove(struct locality_tool *t, struct err *e)
{
    struct trust_change change = {.kind = TRUST_REMOVE};
    change.why = text_of(cli_option(t->args, "--why"));
    int rc = tool_word(t, 0, "the ODS code of the member", &change.ods, e);
    if (!rc && !change.why.n) {
        rc = err_set(e, ERR_REQUIRED, "say why by --why WORDS: the other members read it");
    }
    text why =
        rc ? (text){0}
           : arena_printf(&t->a, "proposed to remove %.*s", TEXT_ARG(text_short(change.ods, 16)));
    return rc ? rc : propose(t, &change, why, e);
}

/* For a node that was removed, or whose locality cannot change any more. A node that serves would
 * go on with what it has read. */
int locality_leave(struct locality_tool *t, struct err *e)
{
    struct limits limits = limits_default();
    const struct store_config config = {.dir = t->dir, .mode = STORE_SERVE, .limits = &limits};
    struct store *store = NULL;
    struct directory_ref *ref;
    const struct directory *d = trust_newest(t->trust, &ref);
    text name = d ? arena_copy(&t->a, d->name) : T("-");
    bool member = d && directory_member(d, t->ods);
    trust_done(ref);
    int rc = d || trust_asks(t->trust)
                 ? 0
                 : err_set(e, ERR_NOT_FOUND, "this node is in no locality, so it leaves none");
    rc = rc ? rc : store_open(&config, &store, e);
    rc = rc ? rc : tool_note(t, EVENT_KEY, T("left the locality"), e);
    /* In this order: ended in between, it is done by the same command again. */
    rc = rc ? rc : locality_world_drop_key(t->world, e);
    rc = rc ? rc : trust_leave(t->trust, e);
    store_close(store);
    if (!rc && t->args->json) {
        printf("{\"left\":true}\n");
    } else if (!rc) {
        printf("This node has forgotten the locality '%.*s' and its keys there.\n%s"
               "Next: 'kith locality create' or 'kith locality join'.\n",
               TEXT_ARG(name),
               member ? "The others still have it as a member: have one of them run 'kith locality "
                        "remove'.\n"
                      : "");
    }
    return rc;
}

/* --- keys -------------------------------------------------------------------------------------
 */

/* First step: both keys are in the directory, and the node turns to the new one. */
static int begin_rotation(struct locality_tool *t, struct trust_change *change, struct err *e)
{
    int rc = locality_world_make_key(t->world, true, t->ods, change->member.tls[1], e);
    change->member.tls_count = 2;
    rc = rc ? rc : propose(t, change, T("proposed a new key of this node"), e);
    if (!rc && !t->args->json) {
        printf("When the members have signed, this node uses the new key by itself, at once where "
               "it serves.\nThen run 'kith locality rotate-key %s' again: it takes the old key "
               "out.\n",
               t->dir);
    }
    return rc;
}

/* Second step: the old one is taken out. */
static int end_rotation(struct locality_tool *t, struct trust_change *change, struct err *e)
{
    uint8_t now[32];
    int rc = t->face->own_tls(t->face->context, now, e);
    if (!rc && memcmp(now, change->member.tls[0], 32) != 0 &&
        memcmp(now, change->member.tls[1], 32) != 0) {
        rc = err_set(e, ERR_CONFLICT,
                     "this node uses a key that the directory does not name; look whether "
                     "DIR/locality/tls.pem is of this node");
    }
    memcpy(change->member.tls[0], now, sizeof now);
    change->member.tls_count = 1;
    return rc ? rc : propose(t, change, T("proposed to take the old key of this node out"), e);
}

int locality_rotate(struct locality_tool *t, struct err *e)
{
    struct trust_change change = {.kind = TRUST_KEYS,
                                  .new_key = cli_option(t->args, "--signing-key") != NULL};
    uint8_t next[32];
    struct err none = {0};
    int rc = own_member(t, &change.member, e);
    if (rc) {
        return rc;
    }
    bool waits = locality_world_next_key(t->world, next, &none) == 0;
    if (change.member.tls_count == 1) {
        return begin_rotation(t, &change, e);
    }
    if (waits) {
        return err_set(e, ERR_CONFLICT,
                       "the directory has both keys, but this node does not use the new one yet: "
                       "start it (kith serve %s), and try again",
                       t->dir);
    }
    return end_rotation(t, &change, e);
}

/* --- allies -----------------------------------------------------------------------------------
 */

/* What a member there answers at /locality/directory. It is checked by the hash. */
static int read_directories(text path, struct arena *a, text *ret, struct err *e)
{
    enum { MOST = 4 * DIRECTORY_MAX };
    text name = arena_copy(a, path);
    FILE *f = name.p ? fopen(name.p, "rbe") : NULL;
    char *p = arena_alloc(a, MOST + 1);
    size_t n = f && p ? fread(p, 1, MOST + 1, f) : 0;
    bool whole = f && p && !ferror(f) && n <= MOST;
    if (f) {
        (void)fclose(f);
    }
    *ret = text_make(p, whole ? n : 0);
    return whole ? 0
                 : err_set(e, ERR_IO,
                           "%.*s cannot be read, or is longer than %d bytes: it is what a member "
                           "there answers at https://.../locality/directory",
                           TEXT_ARG(path), MOST);
}

int locality_ally(struct locality_tool *t, struct err *e)
{
    struct trust_change change = {.kind = TRUST_ALLY};
    text hash, path, notes;
    size_t n = 0;
    int rc = tool_word(t, 0, "the name of the other locality", &change.ally.name, e);
    rc = rc ? rc : tool_word(t, 1, "the hash of its first directory", &hash, e);
    if (!rc && (!base64_read(hash, change.ally.first, sizeof change.ally.first, &n) ||
                n != sizeof change.ally.first)) {
        rc = err_set(e, ERR_VALUE,
                     "the hash of a first directory has 44 characters of base64; 'kith locality "
                     "list' shows it at whoever began the other locality");
    }
    rc = rc ? rc : tool_word(t, 2, "the file with the directories of the other locality", &path, e);
    rc = rc ? rc : read_directories(path, &t->a, &notes, e);
    rc = rc ? rc : trust_ally_take(t->trust, &change.ally, notes, e);
    return rc ? rc : propose(t, &change, T("proposed to recognise another locality"), e);
}
