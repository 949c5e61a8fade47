#include "cli/cli.h"

#include "base/clock.h"
#include "cli/resource.h"
#include "identity/oauth.h"
#include "identity/people.h"
#include "identity/secret.h"

#include <stdio.h>

enum { REDIRECTS_MOST = 10, JWKS_MOST = 65536 };

static const struct cli_option options[] = {
    {"--id", "ID", "its client_id; without it one is made", false},
    {"--kind", "KIND",
     "public (an app on people's devices), confidential (with a server of its own) or system (a "
     "backend service)",
     false},
    {"--redirect", "URL", "where people come back to: https, or http on this machine", true},
    {"--launch", "URL", "where the portal starts it", false},
    {"--uri", "URL", "its home page, for people", false},
    {"--jwks", "FILE", "its public keys, a JWK Set", false},
    {"--scope", "WORDS", "the most that it may ever have", false},
    {0},
};

struct work {
    const struct cli_args *args;
    struct arena a;
    struct kept *kept;
    struct err e;
};

static int open_kept(struct work *w, const char *dir, bool writes)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/identity.db", dir) >= (int)sizeof path) {
        return err_set(&w->e, ERR_INVALID, "the path '%s' is too long", dir);
    }
    /* Opening for writing would make the file: first look that there is a node. */
    int code = kept_look(path, &w->kept, &w->e);
    if (code == ERR_NOT_FOUND) {
        return err_set(&w->e, code, "there is no node in '%s'; kith init makes one", dir);
    }
    if (!code && writes) {
        kept_close(w->kept);
        w->kept = NULL;
        code = kept_open_shared(path, &w->kept, &w->e);
    }
    return code;
}

/* For the access log, which the node writes. */
static int leave(struct work *w, const struct client *client, const char *why)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = EVENT_KEY,
                                .access = ACCESS_PERSON,
                                .name = T("kith client"),
                                .client = client->id,
                                .client_name = client->name,
                                .why = text_of(why)};
    return event_leave(w->kept, &event, &w->e);
}

static int read_jwks(struct work *w, const char *file, text *ret_jwks)
{
    struct buf b;
    buf_init(&b, CLI_RESOURCE_MAX);
    int code = cli_read_whole(file, &b, &w->e);
    if (!code && (buf_failed(&b) || b.n > JWKS_MOST)) {
        code = err_set(&w->e, ERR_TOO_LARGE, "'%s' is larger than %d bytes", file, JWKS_MOST);
    }
    *ret_jwks = code ? T("") : arena_copy(&w->a, buf_text(&b));
    buf_done(&b);
    return !code && !ret_jwks->p ? err_set(&w->e, ERR_MEMORY, "there is no memory for the keys")
                                 : code;
}

static void print_string(const char *name, text value, const char *before)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    json_write_string(value, &b);
    printf("%s\"%s\":%.*s", before, name, TEXT_ARG(buf_text(&b)));
    buf_done(&b);
}

static void print_client(const struct cli_args *args, const struct client *c, const char *before)
{
    if (args->json) {
        printf("%s{", before);
        print_string("id", c->id, "");
        print_string("name", c->name, ",");
        print_string("kind", text_of(client_kind_name(c->kind)), ",");
        print_string("scope", c->scope, ",");
        printf(",\"disabled\":%s}", c->disabled ? "true" : "false");
        return;
    }
    printf("%.*s  %s%s  %.*s\n  %.*s\n", TEXT_ARG(c->id), client_kind_name(c->kind),
           c->disabled ? ", disabled" : "", TEXT_ARG(c->name), TEXT_ARG(c->scope));
}

static int fill(struct work *w, struct client *c, text *redirects)
{
    const struct cli_args *args = w->args;
    const char *jwks = cli_option(args, "--jwks");
    c->name = text_of(args->positionals[2]);
    c->id = text_of(cli_option(args, "--id"));
    c->launch = text_of(cli_option(args, "--launch"));
    c->uri = text_of(cli_option(args, "--uri"));
    c->scope = text_of(cli_option(args, "--scope"));
    c->added_by = T("kith client");
    c->redirects = redirects;
    for (size_t i = 0; i < args->value_count; i++) {
        if (strcmp(args->values[i].name, "--redirect") == 0) {
            if (c->redirect_count == REDIRECTS_MOST) {
                return err_set(&w->e, ERR_VALUE, "a client has at most %d redirect addresses",
                               REDIRECTS_MOST);
            }
            redirects[c->redirect_count++] = text_of(args->values[i].value);
        }
    }
    return jwks ? read_jwks(w, jwks, &c->jwks) : 0;
}

static int add(struct work *w)
{
    text redirects[REDIRECTS_MOST], secret = T("");
    struct client c = {0};
    text kind = text_of(cli_option(w->args, "--kind"));
    if (!client_kind_find(kind, &c.kind)) {
        return err_set(&w->e, ERR_VALUE, "--kind has to be public, confidential or system");
    }
    int code = fill(w, &c, redirects);
    if (!code && c.kind == CLIENT_CONFIDENTIAL && !c.jwks.n) {
        secret = secret_token(&w->a);
        c.secret = secret_hash(secret, &w->a);
        code = secret.p && c.secret.p ? 0 : err_set(&w->e, ERR_MEMORY, "no memory for a secret");
    }
    code = code ? code : client_add(w->kept, &c, &w->a, &w->e);
    code = code ? code : leave(w, &c, "the app was registered");
    if (code) {
        return code;
    }
    if (w->args->json) {
        print_string("client_id", c.id, "{");
        if (secret.n) {
            print_string("client_secret", secret, ",");
        }
        printf("}\n");
        return 0;
    }
    printf("Registered %.*s.\nclient_id: %.*s\n", TEXT_ARG(c.name), TEXT_ARG(c.id));
    if (secret.n) {
        printf("client_secret: %.*s\nThe secret is shown this once; the node keeps its hash.\n",
               TEXT_ARG(secret));
    }
    return 0;
}

static int list(struct work *w)
{
    struct client *clients;
    size_t count;
    int code = client_each(w->kept, &w->a, &clients, &count, &w->e);
    if (code) {
        return code;
    }
    if (w->args->json) {
        printf("{\"clients\":[");
    }
    for (size_t i = 0; i < count; i++) {
        print_client(w->args, &clients[i], i ? "," : "");
    }
    printf(w->args->json ? "]}\n" : count ? "" : "There are no clients.\n");
    return 0;
}

static int turn(struct work *w, bool off)
{
    struct client c;
    text id = text_of(w->args->positionals[2]);
    int code = client_disable(w->kept, id, off, &w->a, &w->e);
    code = code ? code : client_read(w->kept, id, &w->a, &c, &w->e);
    code = code ? code : leave(w, &c, off ? "the app was disabled" : "the app was enabled again");
    if (code) {
        return code;
    }
    if (w->args->json) {
        print_client(w->args, &c, "");
        printf("\n");
    } else {
        printf("%.*s is %s.\n", TEXT_ARG(c.name),
               off ? "disabled: its tokens have ended for now" : "enabled");
    }
    return 0;
}

static int run(const struct cli_args *args)
{
    static const char *const verbs[] = {"add", "list", "disable", "enable"};
    struct work w = {.args = args};
    const char *verb = args->positionals[0];
    size_t which = 0;
    while (which < 4 && strcmp(verb, verbs[which]) != 0) {
        which++;
    }
    if (which == 4 || (args->positional_count == 3) == (which == 1)) {
        return cli_usage_error(
            "client",
            "usage: kith client add DIR NAME ..., list DIR, disable DIR ID or enable DIR ID");
    }
    arena_init(&w.a, (size_t)64 << 20);
    int code = open_kept(&w, args->positionals[1], which != 1);
    if (!code) {
        code = which == 0 ? add(&w) : which == 1 ? list(&w) : turn(&w, which == 2);
    }
    kept_close(w.kept);
    arena_done(&w.a);
    return code ? cli_fail("client", &w.e) : EXIT_DONE;
}

const struct cli_command command_client = {
    .name = "client",
    .usage = "add|list|disable|enable DIR [NAME --kind KIND --scope WORDS ... | ID]",
    .summary = "Registers apps and backend services (OAuth clients)",
    .about =
        "An app reaches records only when it is registered here, and then only what --scope and "
        "the person who lets it in leave it. A confidential app without --jwks gets a secret, "
        "which is shown once. Works while the node serves: within a second it knows.\n\n"
        "docs/smart.md has the whole way of an app, with examples.",
    .example =
        "  kith client add /srv/kith 'Step counter' --kind public \\\n"
        "    --redirect https://steps.example/callback --scope 'openid fhirUser launch/patient "
        "patient/Observation.rs'\n"
        "  kith client add /srv/kith Laboratory --kind system --jwks lab.jwks.json --scope "
        "'system/Observation.crus system/Patient.rs'\n"
        "  kith client disable /srv/kith 0190f3c2-7d1e-7000-8000-5f0a3c9b1d22\n",
    .least = 2,
    .most = 3,
    .options = options,
    .run = run,
};
