#include "cli/locality.h"

#include "node/backup.h"

#include <stdio.h>

enum { MEMORY_MOST = 1 << 28 };

static const struct cli_option options[] = {
    {"--url", "URL", "address at which members reach this node: https://host:port", false},
    {"--kind", "KIND",
     "what this organisation is: gp, hospital, council, pharmacy, platform, other", false},
    {"--why", "WORDS", "why a member is removed; all members can read it", false},
    {"--signing-key", NULL, "rotate-key: a new key for signing too", false},
    {"--base", "URL", "foreign add: FHIR base of the server, https://host/fhir", false},
    {"--client-id", "ID", "foreign add: by which the server knows this node", false},
    {"--key", "FILE", "foreign add: this node's private key there, one JWK", false},
    {"--scope", "WORDS", "foreign add: what is asked for (default system/*.rs)", false},
    {0},
};

int tool_word(const struct locality_tool *t, size_t i, const char *what, text *ret, struct err *e)
{
    if (t->args->positional_count <= 2 + i) {
        return err_set(e, ERR_REQUIRED, "%s is missing: kith locality %s DIR ...", what,
                       t->args->positionals[0]);
    }
    *ret = text_of(t->args->positionals[2 + i]);
    return 0;
}

int tool_note(const struct locality_tool *t, enum event_kind kind, text why, struct err *e)
{
    return node_note(t->dir, kind, T("kith locality"), why, e);
}

static int read_identity(struct locality_tool *t, struct err *e)
{
    struct store *store;
    struct limits limits = limits_default();
    struct store_config config = {.dir = t->dir, .mode = STORE_LOOK, .limits = &limits};
    int rc = store_open(&config, &store, e);
    if (rc) {
        return rc;
    }
    struct store_identity who = store_identity(store);
    t->ods = arena_copy(&t->a, who.organisation);
    t->name = arena_copy(&t->a, who.name);
    store_close(store);
    return t->ods.p && t->name.p ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static int open_all(struct locality_tool *t, struct err *e)
{
    struct locality_world_config config = {.dir = t->dir};
    int rc = read_identity(t, e);
    rc = rc ? rc : locality_world_open(&config, &t->world, e);
    if (rc) {
        return rc;
    }
    t->face = locality_world_face(t->world);
    return trust_open(t->face, &t->trust, e);
}

static const struct {
    const char *name;
    size_t words; /* behind DIR, at most */
    int (*act)(struct locality_tool *t, struct err *e);
} actions[] = {
    {"create", 1, locality_create},   {"invite", 1, locality_invite},
    {"join", 1, locality_join},       {"propose", 1, locality_propose},
    {"sign", 1, locality_sign},       {"list", 0, locality_list},
    {"remove", 1, locality_remove},   {"rotate-key", 0, locality_rotate},
    {"ally", 3, locality_ally},       {"reconcile", 1, locality_reconcile},
    {"foreign", 2, locality_foreign}, {"leave", 0, locality_leave},
    {"anew", 1, locality_anew},       {"verify", 1, locality_verify},
    {"fork", 1, locality_fork},
};

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct locality_tool t = {.args = args, .dir = args->positionals[1]};
    const size_t count = sizeof actions / sizeof *actions;
    size_t at = 0;
    while (at < count && strcmp(actions[at].name, args->positionals[0]) != 0) {
        at++;
    }
    if (at == count) {
        return cli_usage_error("locality",
                               "the action is create, invite, join, propose, sign, list, remove, "
                               "leave, anew, rotate-key, reconcile, fork, verify, foreign or ally");
    }
    if (args->positional_count > 2 + actions[at].words) {
        return cli_usage_error("locality",
                               "'%s' is one word too many for %s; put quotes around a name of "
                               "several words",
                               args->positionals[2 + actions[at].words], actions[at].name);
    }
    arena_init(&t.a, MEMORY_MOST);
    int rc = open_all(&t, &e);
    rc = rc ? rc : actions[at].act(&t, &e);
    trust_close(t.trust);
    locality_world_close(t.world);
    arena_done(&t.a);
    return rc == ERR_REQUIRED || rc == ERR_VALUE ? cli_usage_error("locality", "%s", err_text(&e))
           : rc                                  ? cli_fail("locality", &e)
                                                 : t.status;
}

const struct cli_command command_locality = {
    .name = "locality",
    .usage = "ACTION DIR [WORD...]",
    .summary = "Joins this node to those of other organisations, and shows who is with it",
    .about =
        "create DIR NAME begins a locality with this node alone (--url, --kind). invite DIR ODS "
        "prints an invitation for one organisation; there, join DIR INVITATION answers it. From "
        "then on each change is a proposal that more than half of the members have to sign: list "
        "DIR shows the members, what waits, and alarms; sign DIR PROPOSAL signs. remove DIR ODS "
        "--why WORDS, rotate-key DIR, ally DIR NAME HASH FILE, propose DIR renew (a new year), "
        "propose DIR address --url URL and propose DIR log (a new access log has begun) make "
        "one. reconcile DIR [ODS] compares at once what this "
        "node "
        "and the others have in their logs about each other. anew DIR ODS takes what a member "
        "tells "
        "from wherever it goes on, after one of both was restored from a backup and people have "
        "looked at what that lacks. fork DIR ODS prints the two checkpoints that prove that a "
        "member has shown two histories of its log. foreign DIR add|list|remove [NAME] "
        "names "
        "servers of another make behind this node (--base, --client-id, --key). verify DIR FILE "
        "tells whether a joined record in a file (as $joined gave it) is what a member signed. "
        "leave DIR, while the node is stopped, forgets the locality, so that the node can begin or "
        "join another. All else "
        "works while the node "
        "serves, and holds "
        "there within a second; the node brings it to the other members. docs/locality.md has "
        "what is behind it.",
    .example =
        "  kith locality create /srv/kith Riverside --kind gp --url https://gp.example.org:8081\n"
        "  kith locality invite /srv/kith Y90002\n"
        "  kith locality sign /srv/kith 3f9a61c0\n",
    .least = 2,
    .most = 5,
    .options = options,
    .run = run,
};
