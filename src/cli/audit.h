/* What the files of `kith audit` share. */
#ifndef KITH_CLI_AUDIT_H
#define KITH_CLI_AUDIT_H

#include "audit/cosign.h"
#include "cli/cli.h"

/* "kith audit: what is wrong"; EXIT_UNABLE. */
int audit_unable(const struct err *e);
/* What was found wrong with a log, told on standard output: EXIT_FINDINGS. */
int audit_finding(const struct cli_args *args, const struct err *e);
/* A whole file; the buffer is the caller's, also on failure. ERR_NOT_FOUND, ERR_IO, ERR_TOO_LARGE.
 */
int audit_load(const char *path, size_t most, struct buf *out, struct err *e);
/* --key: a key, or a file with one; the buffer is the caller's, empty where none was given. */
int audit_key_option(const struct cli_args *args, struct buf *out, struct err *e);
/* --witness and --quorum: how many of whom have to have cosigned, in the arena. The exit status,
 * with what is wrong told. */
int audit_policy_option(const struct cli_args *args, struct arena *a, struct cosign_policy *ret);

int audit_run_watch(const struct cli_args *args);

#endif
