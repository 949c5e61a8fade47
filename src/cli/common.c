#include "cli/cli.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *cli_option(const struct cli_args *args, const char *name)
{
    for (size_t i = args->value_count; i > 0; i--) {
        if (strcmp(args->values[i - 1].name, name) == 0) {
            return args->values[i - 1].value;
        }
    }
    return NULL;
}

int cli_fail(const char *command, const struct err *e)
{
    fprintf(stderr, "kith %s: %s\n", command, err_text(e));
    return EXIT_UNABLE;
}

int cli_usage_error(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "kith %s: ", command);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_USAGE;
}

void cli_progress(const struct cli_args *args, const char *what, uint64_t done, uint64_t all,
                  const char *tail)
{
    enum { WIDTH = 30 };
    char bar[WIDTH + 1];
    if (!isatty(STDERR_FILENO) || all == 0) {
        return;
    }
    double share = done >= all ? 1.0 : (double)done / (double)all;
    for (int i = 0; i < WIDTH; i++) {
        bar[i] = i < (int)(share * 30.0) ? '#' : '.';
    }
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s %s%s%s %3d%%  %s", what, args->colour ? "\033[36m" : "", bar,
            args->colour ? "\033[0m" : "", (int)(share * 100), tail);
    (void)fflush(stderr);
}

void cli_progress_end(const struct cli_args *args)
{
    (void)args;
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

const char *cli_thousands(uint64_t n, char out[32])
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *to = out;
    for (int i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

bool cli_is_url(const char *where)
{
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

static bool is_input(const char *name)
{
    static const char *const ends[] = {".json",    ".ndjson",    ".jsonl",
                                       ".json.gz", ".ndjson.gz", ".jsonl.gz"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (name[0] != '.' && text_ends(text_of(name), text_of(ends[i]))) {
            return true;
        }
    }
    return false;
}

static const char *call_fields[] = {"Accept: application/fhir+json", NULL, NULL};

static void make_fields(void)
{
    static char bearer[600];
    const char *token = getenv("KITH_TOKEN");
    if (token && *token && strlen(token) < sizeof bearer - 40) {
        (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token);
        call_fields[1] = bearer;
    }
}

const char *const *cli_fields(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_fields); /* several connections send at once */
    return call_fields;
}

static int filter(const struct dirent *entry)
{
    return is_input(entry->d_name);
}

int cli_each_file(const char *path, int (*visit)(void *context, const char *file), void *context,
                  struct err *e)
{
    struct stat st;
    struct dirent **names;
    if (stat(path, &st) != 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no file or folder '%s'", path);
    }
    if (!S_ISDIR(st.st_mode)) {
        return visit(context, path);
    }
    int n = scandir(path, &names, filter, alphasort);
    int rc = n < 0 ? err_set(e, ERR_IO, "the folder '%s' cannot be read", path) : 0;
    if (n == 0) {
        rc = err_set(e, ERR_NOT_FOUND, "the folder '%s' has no .json or .ndjson file", path);
    }
    for (int i = 0; i < n; i++) {
        char file[4096];
        int size = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (!rc) {
            rc = size < (int)sizeof file
                     ? visit(context, file)
                     : err_set(e, ERR_INVALID, "the path '%s' is too long", path);
        }
        free(names[i]);
    }
    if (n >= 0) {
        free(names);
    }
    return rc;
}
