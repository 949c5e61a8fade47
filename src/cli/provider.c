/* kith provider: who else may say who somebody is. */
#include "cli/cli.h"

#include "base/clock.h"
#include "identity/oidc.h"
#include "identity/people.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_MAX = 16 * 1024 * 1024, DOCUMENT_MAX = 65536 };

static const struct cli_option options[] = {
    {"--issuer", "URL", "its issuer; the discovery document is read from there", false},
    {"--discovery", "FILE", "the discovery document instead, as a file or address", false},
    {"--client-id", "ID", "what the provider calls this node", false},
    {"--words", "WORDS", "what its button says; otherwise its name", false},
    {"--kind", "KIND", "who signs in there: patient (as without it) or professional", false},
    {"--scope", "WORDS", "what is asked for; otherwise 'openid profile'", false},
    {"--vtr", "VECTORS", "vectors of trust that are asked for, such as 'P9.Cp.Cd P9.Ck'", false},
    {"--least-proofing", "P9", "the least proof of identity that counts", false},
    {"--acr-values", "WORDS", "authentication classes that are asked for and count", false},
    {"--max-age", "SECONDS", "how long ago a person may have signed in there", false},
    {"--link", "BY", "how an account is found: nhs_number, or subject (as without it)", false},
    {"--token-alg", "ALG", "what its ID tokens are signed with; otherwise as it says", false},
    {"--key-alg", "ALG", "the kind of this node's key; otherwise as the provider says", false},
    {"--private-network", NULL, "it is at an address that is not of the internet", false},
    {0},
};

struct node {
    struct arena a;
    struct kept *kept;
    struct seal_key *seal;
};

static text option(const struct cli_args *args, const char *name, const char *otherwise)
{
    const char *value = cli_option(args, name);
    return text_of(value ? value : otherwise);
}

/* For the access log, which the node writes. */
static int leave(struct node *node, text provider, const char *why, struct err *e)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = EVENT_KEY,
                                .access = ACCESS_PERSON,
                                .name = T("kith provider"),
                                .what = provider,
                                .why = text_of(why)};
    return event_leave(node->kept, &event, e);
}

/* --- add ---------------------------------------------------------------------------------------
 */

static int read_file(const char *path, struct arena *a, text *ret, struct err *e)
{
    FILE *f = fopen(path, "rbe");
    char *p = arena_alloc(a, DOCUMENT_MAX + 1);
    size_t n = f && p ? fread(p, 1, DOCUMENT_MAX + 1, f) : 0;
    bool whole = f && p && !ferror(f) && n <= DOCUMENT_MAX;
    if (f) {
        (void)fclose(f);
    }
    if (!whole) {
        return err_set(e, ERR_IO, "%s cannot be read, or is longer than %d bytes", path,
                       DOCUMENT_MAX);
    }
    *ret = (text){p, n};
    return 0;
}

static int read_discovery(const struct cli_args *args, struct arena *a, struct oidc_new *n,
                          struct err *e)
{
    const char *given = cli_option(args, "--discovery");
    if (given && !cli_is_url(given)) {
        return read_file(given, a, &n->discovery, e);
    }
    text issuer = n->issuer;
    issuer.n -= text_ends(issuer, T("/")); /* Discovery 4.1 */
    text url = given ? text_of(given)
                     : arena_printf(a, "%.*s/.well-known/openid-configuration", TEXT_ARG(issuer));
    return url.p ? oidc_fetch(url, n->is_private, a, &n->discovery, e)
                 : err_set(e, ERR_MEMORY, "%s", "");
}

/* An algorithm by name. False: there is none such. */
static bool read_alg(const struct cli_args *args, const char *name, enum jose_algorithm *ret)
{
    const char *given = cli_option(args, name);
    *ret = given ? jose_named(text_of(given)) : JOSE_NONE;
    return !given || *ret != JOSE_NONE;
}

/* NULL, or what is wrong with the command line. */
static const char *read_options(const struct cli_args *args, struct oidc_new *n)
{
    text kind = option(args, "--kind", "patient");
    text link = option(args, "--link", "subject");
    uint64_t max_age = 0;
    if (!n->issuer.n && !cli_option(args, "--discovery")) {
        return "give --issuer or --discovery";
    }
    if (!n->client_id.n) {
        return "give --client-id: what the provider calls this node";
    }
    if (!text_eq(kind, T("patient")) && !text_eq(kind, T("professional"))) {
        return "--kind is patient or professional";
    }
    if (!text_eq(link, T("nhs_number")) && !text_eq(link, T("subject"))) {
        return "--link is nhs_number or subject";
    }
    if (!text_to_u64(option(args, "--max-age", "0"), &max_age) || max_age > INT32_MAX) {
        return "--max-age is a number of seconds";
    }
    if (!read_alg(args, "--token-alg", &n->alg) || !read_alg(args, "--key-alg", &n->key_alg)) {
        return "an algorithm is one of ES256, ES384, EdDSA, PS256, PS384, RS256, RS384, RS512";
    }
    n->professional = text_eq(kind, T("professional"));
    n->by_nhs_number = text_eq(link, T("nhs_number"));
    n->max_age = (int64_t)max_age;
    return NULL;
}

static int add(const struct cli_args *args, struct node *node, struct err *e)
{
    text name = text_of(args->positionals[2]);
    text jwk = {NULL, 0};
    struct oidc_new n = {.name = name,
                         .words = option(args, "--words", args->positionals[2]),
                         .issuer = option(args, "--issuer", ""),
                         .client_id = option(args, "--client-id", ""),
                         .scope = option(args, "--scope", "openid profile"),
                         .vtr = option(args, "--vtr", ""),
                         .least_proofing = option(args, "--least-proofing", ""),
                         .acr_values = option(args, "--acr-values", ""),
                         .is_private = cli_option(args, "--private-network") != NULL};
    const char *wrong = read_options(args, &n);
    if (wrong) {
        return cli_usage_error("provider", "%s", wrong);
    }
    if (read_discovery(args, &node->a, &n, e) ||
        oidc_provider_add(node->kept, node->seal, &n, &node->a, &jwk, e) ||
        leave(node, name, "people may sign in by this provider now", e)) {
        return cli_fail("provider", e);
    }
    if (args->json) {
        printf("{\"name\":\"%.*s\",\"jwk\":%.*s}\n", TEXT_ARG(name), TEXT_ARG(jwk));
    } else {
        printf("Added %.*s. Give the provider this public key:\n%.*s\n"
               "and this address to come back to: "
               "https://HOST/auth/external/%.*s/callback\n",
               TEXT_ARG(name), TEXT_ARG(jwk), TEXT_ARG(name));
    }
    return EXIT_DONE;
}

/* --- list, key, remove -------------------------------------------------------------------------
 */

static int list(const struct cli_args *args, struct node *node, struct err *e)
{
    struct oidc_provider *all = NULL;
    size_t count = 0;
    struct buf out;
    if (oidc_provider_each(node->kept, &node->a, &all, &count, e)) {
        return cli_fail("provider", e);
    }
    buf_init(&out, MEMORY_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct oidc_provider *p = &all[i];
        const char *kind = p->professional ? "professional" : "patient";
        if (args->json) {
            buf_printf(&out, "%s{\"name\":\"%.*s\",\"kind\":\"%s\",\"issuer\":", i ? "," : "",
                       TEXT_ARG(p->name), kind);
            json_write_string(p->issuer, &out);
            buf_add(&out, T(",\"client_id\":"));
            json_write_string(p->client_id, &out);
            buf_addc(&out, '}');
        } else {
            buf_printf(&out, "%.*s  %s  %.*s  %.*s\n", TEXT_ARG(p->name), kind, TEXT_ARG(p->issuer),
                       TEXT_ARG(p->client_id));
        }
    }
    printf(args->json ? "{\"providers\":[%.*s]}\n" : "%.*s", TEXT_ARG(buf_text(&out)));
    buf_done(&out);
    return EXIT_DONE;
}

static int key(const struct cli_args *args, struct node *node, struct err *e)
{
    text jwk = {NULL, 0};
    if (oidc_provider_key(node->kept, node->seal, text_of(args->positionals[2]), &node->a, &jwk,
                          e)) {
        return cli_fail("provider", e);
    }
    printf("%.*s\n", TEXT_ARG(jwk));
    return EXIT_DONE;
}

static int take_away(const struct cli_args *args, struct node *node, struct err *e)
{
    text name = text_of(args->positionals[2]);
    if (oidc_provider_remove(node->kept, name, &node->a, e) ||
        leave(node, name, "nobody signs in by this provider any more", e)) {
        return cli_fail("provider", e);
    }
    printf(args->json ? "{\"removed\":true}\n" : "Removed. Nobody signs in by it any more.\n");
    return EXIT_DONE;
}

/* --- all ---------------------------------------------------------------------------------------
 */

static const struct verb {
    const char *name;
    bool needs_name;
    int (*run)(const struct cli_args *args, struct node *node, struct err *e);
} verbs[] = {
    {"add", true, add}, {"list", false, list}, {"key", true, key}, {"remove", true, take_away}};

static int open_node(const char *dir, struct node *node, struct err *e)
{
    arena_init(&node->a, MEMORY_MAX);
    text path = arena_printf(&node->a, "%s/identity.db", dir);
    /* Opening for writing would make the file: first look that there is a node. */
    int r = path.p ? kept_look(path.p, &node->kept, e) : err_set(e, ERR_MEMORY, "no memory");
    kept_close(node->kept);
    node->kept = NULL;
    if (r == ERR_NOT_FOUND) {
        return err_set(e, r, "there is no node in '%s'; kith init makes one", dir);
    }
    r = r ? r : kept_open_shared(path.p, &node->kept, e);
    return r ? r : seal_open(dir, &node->seal, e);
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct node node = {.kept = NULL};
    const char *given = args->positionals[0];
    const struct verb *verb = NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, given) == 0) {
            verb = &verbs[i];
        }
    }
    if (!verb) {
        return cli_usage_error("provider", "there is no '%s': it is add, list, key or remove",
                               given);
    }
    if (args->positional_count != (verb->needs_name ? 3U : 2U)) {
        return cli_usage_error("provider", "usage: kith provider %s DIR%s", given,
                               verb->needs_name ? " NAME" : "");
    }
    int status = open_node(args->positionals[1], &node, &e) ? cli_fail("provider", &e)
                                                            : verb->run(args, &node, &e);
    seal_free(node.seal);
    kept_close(node.kept);
    arena_done(&node.a);
    return status;
}

const struct cli_command command_provider = {
    .name = "provider",
    .usage = "add|list|key|remove DIR [NAME]",
    .summary = "Lets people sign in by a provider outside, such as NHS login or CIS2",
    .about = "add reads the provider's discovery document, makes a key for this node and prints "
             "its public part, which the provider needs. The private part stays in DIR, sealed. "
             "key prints the public part again. All of it works while the node serves.\n\n"
             "Only addresses of the internet are asked, by https; with --private-network also "
             "those of your own network.",
    .example = "  kith provider add /srv/kith nhs-login --issuer https://auth.login.nhs.uk \\\n"
               "      --client-id my-node --words 'NHS login' --vtr 'P9.Cp.Cd P9.Cp.Ck P9.Cm' \\\n"
               "      --least-proofing P9 --link nhs_number --key-alg RS512 \\\n"
               "      --scope 'openid profile profile_extended'\n",
    .least = 2,
    .most = 3,
    .options = options,
    .run = run,
};
