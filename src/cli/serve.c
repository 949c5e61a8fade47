#include "cli/cli.h"

#include "node/node.h"
#include "rest/rest.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

static const struct cli_option options[] = {
    {"--listen", "HOST:PORT",
     "address to listen on (default 127.0.0.1:8080; port 0 takes any free one)", false},
    {"--locality-port", "PORT",
     "where other members of the locality reach this node, on the same host (default: the port "
     "behind that of --listen; docs/locality.md)",
     false},
    {"--tls-cert", "FILE", "certificate chain, PEM; needed for any address but loopback", false},
    {"--tls-key", "FILE", "its private key, PEM", false},
    {"--base-url", "URL", "FHIR base as clients see it, such as https://kith.example.org/fhir",
     false},
    {"--import-dir", "DIR", "where $import may read files (default: import/ in the node's folder)",
     false},
    {"--profiles", "[TYPE=]POLICY",
     "what becomes of a write that breaks a profile which it names in meta.profile: off (they are "
     "not looked at), warn (findings are told and counted; the default) or reject; of one TYPE, or "
     "of all (may be repeated, the last one counts)",
     true},
    {"--withheld", "tell|hide",
     "whether professionals are told that something of a record is withheld from them (default "
     "tell; docs/policy.md)",
     false},
    {"--private-subscribers", NULL,
     "subscriptions may be told at addresses of private networks, too (docs/subscriptions.md; off "
     "by default)",
     false},
    {"--app-registration", NULL, "apps may register themselves (RFC 7591; off by default)", false},
    {"--demo", NULL, "accounts of the demonstration, entered by one click; loopback only", false},
    {"--demo-patient", "NUMBER", "with --demo: NHS number of whom it is about (default: somebody)",
     false},
    {"--demo-nodes", "FOLDER",
     "with --demo: where tools/demo-locality says which other nodes there are, and is asked to "
     "stop "
     "or start one",
     false},
    {"--workers", "N", "threads that answer requests (default 64)", false},
    {"--limit", "NAME=N", "changes a limit; docs/operations.md lists them (may be repeated)", true},
    {0},
};

/* HOST:PORT, [::1]:PORT, :PORT or HOST. */
static int read_address(const char *word, char host[256], uint16_t *ret_port)
{
    text t = text_of(word ? word : "127.0.0.1:8080");
    text name = t;
    uint64_t port = 8080;
    const char *colon = memrchr(t.p, ':', t.n);
    bool bracket = text_starts(t, T("["));
    if (colon && !(bracket && memchr(colon, ']', (size_t)(t.p + t.n - colon)))) {
        name = text_make(t.p, (size_t)(colon - t.p));
        if (!text_to_u64(text_make(colon + 1, (size_t)(t.p + t.n - colon - 1)), &port) ||
            port > 65535) {
            return cli_usage_error("serve",
                                   "the port of --listen must be a number from 0 to 65535");
        }
    }
    if (bracket && text_ends(name, T("]"))) {
        name = text_make(name.p + 1, name.n - 2);
    }
    if (name.n == 0) {
        name = T("127.0.0.1");
    }
    if (name.n > 255) {
        return cli_usage_error("serve", "the host of --listen is too long");
    }
    memcpy(host, name.p, name.n);
    host[name.n] = '\0';
    *ret_port = (uint16_t)port;
    return EXIT_DONE;
}

static int read_limits(const struct cli_args *args, struct limits *l)
{
    *l = limits_default();
    for (size_t i = 0; i < args->value_count; i++) {
        uint64_t value;
        text rest = text_of(args->values[i].value);
        text name;
        if (strcmp(args->values[i].name, "--limit") != 0) {
            continue;
        }
        (void)text_cut(&rest, '=', &name);
        if (!text_to_u64(rest, &value) || !limits_set(l, name, value)) {
            (void)cli_usage_error(
                "serve", "--limit %s is not possible; the limits are:", args->values[i].value);
            for (const struct limit_info *info = limit_table; info->name; info++) {
                fprintf(stderr, "  %-18s %llu to %llu %s (default %llu)\n", info->name,
                        (unsigned long long)info->least, (unsigned long long)info->most, info->unit,
                        (unsigned long long)info->value);
            }
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

static bool read_policy(text word, uint8_t *ret_policy)
{
    static const text words[] = {[PROFILES_OFF] = {"off", 3},
                                 [PROFILES_WARN] = {"warn", 4},
                                 [PROFILES_REJECT] = {"reject", 6}};
    for (uint8_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_eq(word, words[i])) {
            *ret_policy = i;
            return true;
        }
    }
    return false;
}

static int read_profiles(const struct cli_args *args, uint8_t policies[256])
{
    memset(policies, PROFILES_WARN, 256);
    for (size_t i = 0; i < args->value_count; i++) {
        uint8_t policy = PROFILES_WARN;
        text rest = text_of(args->values[i].value);
        if (strcmp(args->values[i].name, "--profiles") != 0) {
            continue;
        }
        size_t equals = text_find(rest, '=');
        bool of_all = equals == rest.n;
        fhir_type type = of_all ? 0 : fhir_type_of(text_first(rest, equals));
        if ((!of_all && !type) ||
            !read_policy(of_all ? rest : text_from(rest, equals + 1), &policy)) {
            return cli_usage_error(
                "serve",
                "--profiles takes off, warn or reject, or a resource type and one "
                "of them, as in Patient=reject; not '%s'",
                args->values[i].value);
        }
        if (of_all) {
            memset(policies, policy, 256);
        } else {
            policies[type] = policy;
        }
    }
    return EXIT_DONE;
}

/* A signal is waited for, not handled: there is no code that could run at a bad moment. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void announce(const struct cli_args *args, const struct node *n)
{
    char count[32];
    text url = node_url(n);
    text members = node_locality_url(n);
    if (args->json) {
        printf("{\"address\":\"%.*s\",\"fhir\":\"%.*s/fhir\",\"locality\":\"%.*s\"}\n",
               TEXT_ARG(url), TEXT_ARG(url), TEXT_ARG(members));
    } else {
        printf("Kith serves %s resources at %.*s (FHIR at %.*s/fhir). Ctrl-C stops it.\n",
               cli_thousands(node_resources(n), count), TEXT_ARG(url), TEXT_ARG(url));
    }
    (void)fflush(stdout);
}

/*
 * What a password is hashed in (19 MiB) goes back to the system each time. As glibc does it by
 * itself, blocks of that size would soon come from the heap of each thread, and a flood of
 * sign-ins, four at a time, would leave one in every heap for good.
 */
static void give_large_memory_back(void)
{
#ifdef __GLIBC__
    enum { LARGE = 8 << 20, SPARE = 16 << 20 };
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, SPARE);
#endif
}

static int run(const struct cli_args *args)
{
    char host[256];
    sigset_t signals;
    struct node *node;
    struct err e = {0};
    uint64_t workers = 0;
    uint64_t locality_port = 0;
    struct node_config config = {.dir = args->positionals[0],
                                 .host = host,
                                 .tls_cert = cli_option(args, "--tls-cert"),
                                 .tls_key = cli_option(args, "--tls-key"),
                                 .import_dir = cli_option(args, "--import-dir"),
                                 .base = text_of(cli_option(args, "--base-url"))};
    const char *withheld = cli_option(args, "--withheld");
    config.demo = cli_option(args, "--demo") != NULL;
    config.demo_nodes = config.demo ? cli_option(args, "--demo-nodes") : NULL;
    config.demo_patient = text_of(cli_option(args, "--demo-patient"));
    config.registration = cli_option(args, "--app-registration") != NULL;
    config.private_subscribers = cli_option(args, "--private-subscribers") != NULL;
    config.hides_withheld = withheld && strcmp(withheld, "hide") == 0;
    if (withheld && !config.hides_withheld && strcmp(withheld, "tell") != 0) {
        return cli_usage_error("serve", "--withheld takes tell or hide");
    }
    const char *asked = cli_option(args, "--workers");
    if (asked && (!text_to_u64(text_of(asked), &workers) || workers < 1 || workers > 1024)) {
        return cli_usage_error("serve", "--workers must be a number from 1 to 1024");
    }
    config.workers = (unsigned)workers;
    const char *port = cli_option(args, "--locality-port");
    if (port && (!text_to_u64(text_of(port), &locality_port) || locality_port > 65535)) {
        return cli_usage_error("serve", "--locality-port must be a number from 0 to 65535");
    }
    config.locality_port = port ? (int32_t)locality_port : -1;
    int status = read_address(cli_option(args, "--listen"), host, &config.port);
    if (status == EXIT_DONE) {
        status = read_limits(args, &config.limits);
    }
    if (status == EXIT_DONE) {
        status = read_profiles(args, config.profiles);
    }
    if (status != EXIT_DONE) {
        return status;
    }
    while (text_ends(config.base, T("/"))) {
        config.base.n--;
    }
    (void)prctl(PR_SET_DUMPABLE, 0); /* records must not end up in a core dump */
    give_large_memory_back();
    block_signals(&signals);
    if (node_start(&config, &node, &e)) {
        return cli_fail("serve", &e);
    }
    announce(args, node);
    int which;
    (void)sigwait(&signals, &which);
    node_stop(node);
    return EXIT_DONE;
}

const struct cli_command command_serve = {
    .name = "serve",
    .usage = "DIR [--listen HOST:PORT]",
    .summary = "Serves a node: FHIR at /fhir, the page at /, /health and /metrics",
    .about = "Without --tls-cert and --tls-key it listens on loopback addresses only and refuses "
             "any other. SIGINT and\n"
             "SIGTERM stop it gracefully: open requests are finished first. Log lines go to "
             "standard error, one JSON\n"
             "object each.",
    .example = "  kith serve /srv/kith --listen 127.0.0.1:8080\n",
    .least = 1,
    .most = 1,
    .options = options,
    .run = run,
};
