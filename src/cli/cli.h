/*
 * The command line: one table of commands; each command in a file of its own. Help texts and the
 * manual page are made from the same rows.
 *
 * Exit status: 0 all done; 1 done, but something was refused or found wrong (it was reported); 2
 * the command line is not right; 3 could not be done at all (no such store, no room, no connection
 * ...).
 */
#ifndef KITH_CLI_CLI_H
#define KITH_CLI_CLI_H

#include "base/err.h"

enum { EXIT_DONE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_UNABLE = 3 };

enum { POSITIONALS_MAX = 65536 };

struct cli_option {
    const char *name;       /* "--listen" */
    const char *value_name; /* NULL: a switch */
    const char *help;
    bool repeatable;
};

struct cli_value {
    const char *name;
    const char *value;
};

struct cli_args {
    const char **positionals; /* what is no option */
    size_t positional_count;
    struct cli_value *values; /* options in the order given */
    size_t value_count;
    bool json;   /* --json: one JSON object on standard output instead of words */
    bool colour; /* standard error is a terminal */
};

struct cli_command {
    const char *name;
    const char *usage;   /* what follows the name */
    const char *summary; /* one line */
    const char *about;   /* paragraphs */
    const char *example; /* command lines */
    size_t least;        /* positionals */
    size_t most;
    const struct cli_option *options; /* ended by a row without a name; may be NULL */
    int (*run)(const struct cli_args *args);
};

extern const struct cli_command command_init, command_serve, command_import, command_export,
    command_synth, command_check, command_backup, command_restore, command_package, command_path,
    command_validate, command_terminology, command_version, command_audit, command_provider,
    command_client, command_token, command_user, command_locality, command_parcel;

/* The last value given for an option, or NULL. */
const char *cli_option(const struct cli_args *args, const char *name);

/* "kith COMMAND: what is wrong" on standard error; returns EXIT_UNABLE or the given status. */
int cli_fail(const char *command, const struct err *e);
int cli_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A progress line on standard error, rewritten in place; only on a terminal. done and all in any
 * unit. */
void cli_progress(const struct cli_args *args, const char *what, uint64_t done, uint64_t all,
                  const char *tail);
/* Wipes the progress line. */
void cli_progress_end(const struct cli_args *args);

/* 1234567 -> "1,234,567" */
const char *cli_thousands(uint64_t n, char out[32]);

/* http:// or https:// */
bool cli_is_url(const char *where);

/* Calls visit for a file, or for each .json, .ndjson, .jsonl (each also .gz) file of a folder, by
 * name. */
int cli_each_file(const char *path, int (*visit)(void *context, const char *file), void *context,
                  struct err *e);

/*
 * The fields of calls to another server: with `Authorization: Bearer` where KITH_TOKEN is set,
 * which keeps the token out of the list of processes. Ended by NULL; valid until the program ends.
 */
const char *const *cli_fields(void);

#endif
