#include "cli/cli.h"

#include "base/clock.h"
#include "identity/oauth.h"
#include "identity/people.h"

#include <stdio.h>

enum { HOURS_MOST = 24 * 31 };

static const struct cli_option options[] = {
    {"--scope", "WORDS", "what it opens: scopes of system/ (default: system/*.cruds)", false},
    {"--hours", "N", "how long it lives (default 8, 744 at most)", false},
    {"--name", "WORDS", "what it is for: this stands in the access log", false},
    {0},
};

static int make(const char *dir, text scope, text name, int64_t seconds, struct arena *a,
                text *ret_token, struct err *e)
{
    char path[4096];
    struct kept *kept = NULL;
    if (snprintf(path, sizeof path, "%s/identity.db", dir) >= (int)sizeof path) {
        return err_set(e, ERR_INVALID, "the path '%s' is too long", dir);
    }
    /* Opening for writing would make the file: first look that there is a node. */
    int code = kept_look(path, &kept, e);
    kept_close(kept);
    kept = NULL;
    if (code == ERR_NOT_FOUND) {
        return err_set(e, code, "there is no node in '%s'; kith init makes one", dir);
    }
    code = code ? code : kept_open_shared(path, &kept, e);
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = EVENT_TOKEN,
                                .access = ACCESS_SYSTEM,
                                .name = T("kith token"),
                                .client = T("kith-token"),
                                .client_name = name,
                                .why = T("made by the administrator at the machine")};
    code = code ? code : oauth_local_token(kept, scope, name, seconds, a, ret_token, e);
    code = code ? code : event_leave(kept, &event, e);
    kept_close(kept);
    return code;
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct arena a;
    text token;
    uint64_t hours = 8;
    const char *asked = cli_option(args, "--hours");
    const char *scope = cli_option(args, "--scope");
    const char *name = cli_option(args, "--name");
    text words = text_of(name ? name : "kith token");
    if (asked && (!text_to_u64(text_of(asked), &hours) || hours == 0 || hours > HOURS_MOST)) {
        return cli_usage_error("token", "--hours is a number from 1 to %d", HOURS_MOST);
    }
    if (words.n == 0 || words.n > 200) {
        return cli_usage_error("token", "--name has up to 200 bytes");
    }
    arena_init(&a, 1 << 20);
    int code = make(args->positionals[0], text_of(scope ? scope : "system/*.cruds"), words,
                    (int64_t)hours * 3600, &a, &token, &e);
    if (!code && args->json) {
        printf("{\"access_token\":\"%.*s\",\"token_type\":\"Bearer\",\"expires_in\":%llu}\n",
               TEXT_ARG(token), (unsigned long long)hours * 3600);
    } else if (!code) {
        printf("%.*s\n", TEXT_ARG(token));
    }
    arena_done(&a);
    return code ? cli_fail("token", &e) : EXIT_DONE;
}

const struct cli_command command_token = {
    .name = "token",
    .usage = "DIR [--scope WORDS] [--hours N] [--name WORDS]",
    .summary = "Prints an access token for the administrator at this machine",
    .about = "For curl, scripts and the commands that talk to a node over HTTP. Whoever can read "
             "DIR may make one; each use stands in the access log under --name. Works whether or "
             "not the node serves. The node keeps the token's hash alone: it cannot be shown "
             "again.",
    .example = "  TOKEN=$(kith token /srv/kith --name 'nightly report' --scope system/Patient.rs)\n"
               "  curl -H \"Authorization: Bearer $TOKEN\" http://localhost:8080/fhir/Patient\n",
    .least = 1,
    .most = 1,
    .options = options,
    .run = run,
};
