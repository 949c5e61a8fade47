#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
    &command_init,     &command_serve,       &command_import,  &command_export,  &command_synth,
    &command_check,    &command_backup,      &command_restore, &command_package, &command_path,
    &command_validate, &command_terminology, &command_client,  &command_token,   &command_provider,
    &command_user,     &command_locality,    &command_parcel,  &command_version, &command_audit,
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const struct cli_option common[] = {
    {"--json", NULL, "print results as JSON, for programs", false},
    {"--help", NULL, "show this help", false},
    {0},
};

static const char about[] = "Kith is a health and care record that stays local. One program is one "
                            "node: a FHIR R4 server on embedded storage.";

static const char statuses[] =
    "0  done\n"
    "1  done, but something was refused or found wrong, and was reported\n"
    "2  the command line is not right\n"
    "3  it could not be done\n";

static void print_options(const struct cli_option *options)
{
    for (; options && options->name; options++) {
        char word[64];
        (void)snprintf(word, sizeof word, "%s%s%s", options->name, options->value_name ? " " : "",
                       options->value_name ? options->value_name : "");
        printf("  %-26s %s\n", word, options->help);
    }
}

static int help_all(void)
{
    printf("%s\n\nUsage: kith COMMAND ...\n\n", about);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\nkith COMMAND --help shows a command, with an example.\n\nExit status:\n%s", statuses);
    return EXIT_DONE;
}

static int help_one(const struct cli_command *c)
{
    printf("kith %s %s\n\n%s.\n\n%s\n\nOptions:\n", c->name, c->usage, c->summary, c->about);
    print_options(c->options);
    print_options(common);
    printf("\nExample:\n%s", c->example);
    return EXIT_DONE;
}

/* --- the manual page ----------------------------------------------------------------------- */

/* A line that starts with a dot or quote would be a macro. */
static void man_text(const char *s)
{
    for (bool start = true; *s; s++) {
        if (start && (*s == '.' || *s == '\'')) {
            fputs("\\&", stdout);
        }
        if (*s == '\\') {
            fputs("\\e", stdout);
        } else {
            putchar(*s);
        }
        start = *s == '\n';
    }
    putchar('\n');
}

static void man_options(const struct cli_option *options)
{
    for (; options && options->name; options++) {
        printf(".It Fl \\-%s", options->name + 2);
        if (options->value_name) {
            printf(" Ar %s", options->value_name);
        }
        putchar('\n');
        man_text(options->help);
    }
}

static int manual(void)
{
    printf(".Dd $Mdocdate$\n.Dt KITH 1\n.Os\n.Sh NAME\n.Nm kith\n.Nd health and care record "
           "node\n.Sh SYNOPSIS\n");
    for (int i = 0; i < COMMAND_COUNT; i++) {
        printf(".Nm kith %s\n", commands[i]->name);
        if (commands[i]->usage[0]) {
            printf(".Ar %s\n", commands[i]->usage);
        }
    }
    printf(".Sh DESCRIPTION\n");
    man_text(about);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        const struct cli_command *c = commands[i];
        printf(".Ss kith %s\n", c->name);
        printf("%s.\n.Pp\n", c->summary);
        man_text(c->about);
        printf(".Bl -tag -width Ds\n");
        man_options(c->options);
        printf(".El\n.Pp\nExample:\n.Bd -literal -offset indent\n");
        man_text(c->example);
        printf(".Ed\n");
    }
    printf(".Ss Options of every command\n.Bl -tag -width Ds\n");
    man_options(common);
    printf(".El\n.Sh EXIT STATUS\n.Bd -literal\n");
    man_text(statuses);
    printf(".Ed\n");
    return EXIT_DONE;
}

/* --- arguments ----------------------------------------------------------------------------- */

static const struct cli_option *find_option(const struct cli_option *options, const char *word,
                                            size_t n)
{
    for (; options && options->name; options++) {
        if (strlen(options->name) == n && memcmp(options->name, word, n) == 0) {
            return options;
        }
    }
    return NULL;
}

/* --name value and --name=value. Returns how many further words were used, or -1. */
static int take_option(const struct cli_command *c, struct cli_args *args, const char *word,
                       const char *next)
{
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *option = find_option(c->options, word, n);
    if (!option && strcmp(word, "--json") == 0) {
        args->json = true;
        return 0;
    }
    if (!option) {
        (void)cli_usage_error(c->name, "there is no option %.*s; see kith %s --help", (int)n, word,
                              c->name);
        return -1;
    }
    const char *value = equals ? equals + 1 : option->value_name ? next : "";
    if (!value || (equals && !option->value_name)) {
        (void)cli_usage_error(c->name, value ? "%s takes no value" : "%s needs a value",
                              option->name);
        return -1;
    }
    if (!option->repeatable && cli_option(args, option->name)) {
        (void)cli_usage_error(c->name, "%s is given twice", option->name);
        return -1;
    }
    args->values[args->value_count++] = (struct cli_value){option->name, value};
    return !equals && option->value_name ? 1 : 0;
}

static int run(const struct cli_command *c, int argc, char **argv)
{
    struct cli_args args = {.colour = isatty(STDERR_FILENO) == 1 && !getenv("NO_COLOR")};
    args.positionals = calloc((size_t)argc + 1, sizeof(char *));
    args.values = calloc((size_t)argc + 1, sizeof *args.values);
    int status = args.positionals && args.values ? EXIT_DONE : EXIT_UNABLE;
    bool only_words = false;
    for (int i = 0; status == EXIT_DONE && i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            int used = take_option(c, &args, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            status = used < 0 ? EXIT_USAGE : EXIT_DONE;
            i += used > 0 ? used : 0;
        } else {
            args.positionals[args.positional_count++] = argv[i];
        }
    }
    if (status == EXIT_DONE &&
        (args.positional_count < c->least || args.positional_count > c->most)) {
        status = cli_usage_error(c->name, "usage: kith %s %s; kith %s --help says more", c->name,
                                 c->usage, c->name);
    }
    if (status == EXIT_DONE) {
        status = c->run(&args);
    }
    free(args.positionals);
    free(args.values);
    return status;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
        if (strcmp(argv[i], "--") == 0) {
            return false;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    bool wants_help = false;
    (void)umask(077); /* what is written holds records: for its owner only */
    if (strcmp(word, "help") == 0 && argc == 3 && strcmp(argv[2], "--man") == 0) {
        return manual();
    }
    if (strcmp(word, "--version") == 0) {
        word = "version";
    }
    if (strcmp(word, "help") == 0 && argc == 3) {
        word = argv[2];
        wants_help = true;
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i]->name) == 0) {
            return wants_help || asks_help(argc - 2, argv + 2)
                       ? help_one(commands[i])
                       : run(commands[i], argc - 2, argv + 2);
        }
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0 || strcmp(word, "-h") == 0) {
        (void)help_all();
        return argc > 1 ? EXIT_DONE : EXIT_USAGE;
    }
    fprintf(stderr, "kith: there is no command '%s'; kith --help lists them\n", word);
    return EXIT_USAGE;
}
