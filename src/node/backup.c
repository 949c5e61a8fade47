#include "node/backup.h"

#include "base/clock.h"
#include "identity/people.h"
#include "rest/links.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, SECRET_MOST = 4096, TREE_FILES = 16 };

static const char records_file[] = "store.db";
static const char accounts_file[] = "identity.db";
static const char subscriptions_file[] = "subscriptions.db";
static const char shared_file[] = "links.db";
static const char secret_file[] = "secret";
static const char log_folder[] = "audit";
static const char members_file[] = "locality.db";
static const char members_folder[] = "locality"; /* keys of connections with members */

static int io_error(struct err *e, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "cannot %s %s: %s", what, path, strerror(errno));
}

static int path_of(const char *dir, const char *name, char out[PATH_ROOM], struct err *e)
{
    return snprintf(out, PATH_ROOM, "%s/%s", dir, name) < PATH_ROOM
               ? 0
               : err_set(e, ERR_VALUE, "the name of the folder is too long");
}

static bool is_there(const char *dir, const char *name)
{
    char path[PATH_ROOM];
    struct stat info;
    return path_of(dir, name, path, NULL) == 0 && lstat(path, &info) == 0;
}

static int sync_folder(const char *dir, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) != 0 ? io_error(e, "make durable", dir) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

/* What this process has made itself and could not end. */
static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, TREE_FILES, FTW_DEPTH | FTW_PHYS);
}

/* --- events -------------------------------------------------------------------------------------
 */

static struct audit_event event_of(enum event_kind kind, text name, text why)
{
    return (struct audit_event){.at_ms = clock_real_ms(),
                                .kind = kind,
                                .access = ACCESS_SYSTEM,
                                .name = name,
                                .client = name,
                                .client_name = T("command line"),
                                .why = why};
}

int node_note(const char *dir, enum event_kind kind, text name, text why, struct err *e)
{
    char path[PATH_ROOM];
    struct kept *kept = NULL;
    struct audit_event event = event_of(kind, name, why);
    int rc = path_of(dir, accounts_file, path, e);
    if (rc || !is_there(dir, accounts_file)) {
        return rc;
    }
    rc = kept_open_shared(path, &kept, e);
    rc = rc ? rc : event_leave(kept, &event, e);
    kept_close(kept);
    return rc;
}

static int append(struct audit *log, const struct audit_event *event, struct err *e)
{
    uint64_t ticket = 0;
    int rc = audit_append(log, event, 1, &ticket, e);
    return rc ? rc : audit_wait(log, ticket, e);
}

int node_note_now(const char *dir, enum event_kind kind, text name, text why, struct err *e)
{
    char path[PATH_ROOM];
    struct audit *log = NULL;
    struct audit_event event = event_of(kind, name, why);
    int rc = path_of(dir, log_folder, path, e);
    if (rc) {
        return rc;
    }
    if (!is_there(dir, log_folder)) {
        return node_note(dir, kind, name, why, e);
    }
    rc = audit_open(&(struct audit_config){.dir = path, .writes = true}, &log, e);
    if (rc == ERR_CONFLICT) {
        return node_note(dir, kind, name, why, e);
    }
    rc = rc ? rc : append(log, &event, e);
    audit_close(log);
    return rc;
}

/* --- parts --------------------------------------------------------------------------------------
 */

/* A small file that is its owner's alone, where there is one. */
static int copy_key(const char *from, const char *to, const char *name, struct err *e)
{
    char in_path[PATH_ROOM];
    char out_path[PATH_ROOM];
    char bytes[SECRET_MOST];
    int rc = path_of(from, name, in_path, e);
    rc = rc ? rc : path_of(to, name, out_path, e);
    if (rc || !is_there(from, name)) {
        return rc;
    }
    int in = open(in_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = in < 0 ? -1 : read(in, bytes, sizeof bytes);
    rc = n < 0 ? io_error(e, "read", in_path) : 0;
    if (!rc && n == sizeof bytes) {
        rc = err_set(e, ERR_CORRUPT, "%s is no key file: it is too long", in_path);
    }
    int out = rc ? -1 : open(out_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (!rc && (out < 0 || write(out, bytes, (size_t)n) != n || fsync(out) != 0)) {
        rc = io_error(e, "write", out_path);
    }
    explicit_bzero(bytes, sizeof bytes);
    if (out >= 0 && close(out) != 0 && !rc) {
        rc = io_error(e, "write", out_path);
    }
    if (in >= 0) {
        (void)close(in);
    }
    return rc;
}

static int copy_accounts(const char *from, const char *to, struct err *e)
{
    char in[PATH_ROOM];
    char out[PATH_ROOM];
    int rc = path_of(from, accounts_file, in, e);
    rc = rc ? rc : path_of(to, accounts_file, out, e);
    rc = rc || !is_there(from, accounts_file) ? rc : kept_copy(in, out, e);
    return rc ? rc : copy_key(from, to, secret_file, e); /* which seals what is in there */
}

static int copy_locality(const char *from, const char *to, struct err *e)
{
    char in[PATH_ROOM];
    char out[PATH_ROOM];
    int rc = path_of(from, members_file, in, e);
    rc = rc ? rc : path_of(to, members_file, out, e);
    rc = rc || !is_there(from, members_file) ? rc : kept_copy(in, out, e);
    if (rc || !is_there(from, members_folder)) {
        return rc;
    }
    rc = path_of(to, members_folder, out, e);
    rc = rc || mkdir(out, 0700) == 0 ? rc : io_error(e, "make", out);
    rc = rc ? rc : copy_key(from, to, "locality/tls.pem", e);
    rc = rc ? rc : copy_key(from, to, "locality/tls-next.pem", e);
    return rc ? rc : sync_folder(out, e);
}

/* What subscribers still have to be told. */
static int copy_subscriptions(const char *from, const char *to, struct err *e)
{
    char in[PATH_ROOM];
    char out[PATH_ROOM];
    int rc = path_of(from, subscriptions_file, in, e);
    rc = rc ? rc : path_of(to, subscriptions_file, out, e);
    return rc || !is_there(from, subscriptions_file) ? rc : kept_copy(in, out, e);
}

/* What people share by links. */
static int copy_links(const char *from, const char *to, struct err *e)
{
    char in[PATH_ROOM];
    char out[PATH_ROOM];
    int rc = path_of(from, shared_file, in, e);
    rc = rc ? rc : path_of(to, shared_file, out, e);
    return rc || !is_there(from, shared_file) ? rc : kept_copy(in, out, e);
}

static int copy_log(const char *from, const char *to, struct node_copied *ret, struct err *e)
{
    char in[PATH_ROOM];
    char out[PATH_ROOM];
    int rc = path_of(from, log_folder, in, e);
    rc = rc ? rc : path_of(to, log_folder, out, e);
    if (rc || !is_there(from, log_folder)) {
        return rc;
    }
    rc = audit_copy(in, out, &ret->log, e);
    ret->has_log = rc == 0;
    return rc;
}

/* --- backup -------------------------------------------------------------------------------------
 */

static int fill(const char *dir, const char *to, struct node_copied *ret, struct err *e)
{
    char records[PATH_ROOM];
    int rc = path_of(to, records_file, records, e);
    rc = rc ? rc : store_backup(dir, records, e);
    rc = rc ? rc : copy_accounts(dir, to, e);
    rc = rc ? rc : copy_locality(dir, to, e);
    rc = rc ? rc : copy_subscriptions(dir, to, e);
    rc = rc ? rc : copy_links(dir, to, e);
    /* Last: an event that the node takes over from the accounts meanwhile may stand in both, but
     * none is lost. */
    rc = rc ? rc : copy_log(dir, to, ret, e);
    return rc ? rc : sync_folder(to, e);
}

static int sync_parent(const char *path, struct err *e)
{
    char parent[PATH_ROOM];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash) {
        return sync_folder(".", e);
    }
    slash[slash == parent] = '\0';
    return sync_folder(parent, e);
}

int node_backup(const char *dir, const char *to, struct node_copied *ret_copied, struct err *e)
{
    char part[PATH_ROOM];
    struct stat info;
    struct node_copied copied = {0};
    text name = text_of(to);
    while (name.n > 1 && text_ends(name, T("/"))) {
        name.n--;
    }
    char whole[PATH_ROOM];
    if (snprintf(whole, sizeof whole, "%.*s", TEXT_ARG(name)) >= PATH_ROOM - 8) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    (void)snprintf(part, sizeof part, "%.4080s.part", whole);
    if (!is_there(dir, records_file)) {
        return err_set(e, ERR_NOT_FOUND, "there is no node in %s", dir);
    }
    if (lstat(whole, &info) == 0) {
        return err_set(e, ERR_CONFLICT, "%s exists already: choose another name", whole);
    }
    if (mkdir(part, 0700) != 0) {
        return errno == EEXIST
                   ? err_set(e, ERR_CONFLICT,
                             "%s is there: a backup that is under way, or one that was broken off "
                             "and has to be removed",
                             part)
                   : io_error(e, "make", part);
    }
    int rc = node_note(dir, EVENT_EXPORT, T("kith backup"), T("a copy of the whole node"), e);
    rc = rc ? rc : fill(dir, part, &copied, e);
    if (!rc && rename(part, whole) != 0) {
        rc = io_error(e, "rename", part);
    }
    if (rc) {
        remove_tree(part);
        return rc;
    }
    *ret_copied = copied;
    return sync_parent(whole, e);
}

/* --- restore ------------------------------------------------------------------------------------
 */

static int nothing_there(const char *dir, struct err *e)
{
    static const char *const parts[] = {records_file,       accounts_file, secret_file,
                                        log_folder,         members_file,  members_folder,
                                        subscriptions_file, shared_file};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (is_there(dir, parts[i])) {
            return err_set(e, ERR_CONFLICT,
                           "%s has %s of a node already; restore into another folder", dir,
                           parts[i]);
        }
    }
    return 0;
}

static int end_all(const char *dir, struct err *e)
{
    char path[PATH_ROOM];
    struct kept *kept = NULL;
    int rc = path_of(dir, accounts_file, path, e);
    if (rc || !is_there(dir, accounts_file)) {
        return rc;
    }
    rc = kept_open(path, &kept, e);
    rc = rc ? rc : people_end_all(kept, e);
    kept_close(kept);
    return rc;
}

/* One that its person ended after the copy was made would be open again. */
static int end_links(const char *dir, struct err *e)
{
    char path[PATH_ROOM];
    int rc = path_of(dir, shared_file, path, e);
    return rc || !is_there(dir, shared_file) ? rc : links_end_all(path, clock_real_ms(), e);
}

#define CONTINUED \
    "restored from a copy: what was logged after the entry before this one is not in this log"

static int restore_parts(const char *from, const char *dir, struct node_copied *ret, struct err *e)
{
    char records[PATH_ROOM];
    int rc = path_of(from, records_file, records, e);
    rc = rc ? rc : copy_log(from, dir, ret, e);
    rc = rc ? rc : copy_accounts(from, dir, e);
    rc = rc ? rc : copy_locality(from, dir, e);
    rc = rc ? rc : copy_subscriptions(from, dir, e);
    rc = rc ? rc : copy_links(from, dir, e);
    rc = rc ? rc : end_all(dir, e);
    rc = rc ? rc : end_links(dir, e);
    rc = rc ? rc : node_note_now(dir, EVENT_START, T("kith restore"), T(CONTINUED), e);
    /* Last: what has records is a node. */
    return rc ? rc : store_restore(records, dir, e);
}

static void take_back(const char *dir)
{
    static const char *const parts[] = {log_folder,   accounts_file,  secret_file,
                                        members_file, members_folder, subscriptions_file,
                                        shared_file};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char path[PATH_ROOM];
        if (path_of(dir, parts[i], path, NULL) == 0) {
            remove_tree(path);
        }
    }
}

int node_restore(const char *from, const char *dir, struct node_copied *ret_copied, struct err *e)
{
    struct stat info;
    struct node_copied copied = {0};
    int rc = nothing_there(dir, e);
    if (rc) {
        return rc;
    }
    if (stat(from, &info) != 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no file or folder %s", from);
    }
    if (!S_ISDIR(info.st_mode)) {
        rc = store_restore(from, dir, e);
    } else if (!is_there(from, records_file)) {
        rc = err_set(e, ERR_NOT_FOUND, "%s is no copy of a node: it has no %s", from, records_file);
    } else if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        rc = io_error(e, "make", dir);
    } else {
        rc = restore_parts(from, dir, &copied, e);
        if (rc) {
            take_back(dir);
        }
    }
    if (!rc) {
        *ret_copied = copied;
    }
    return rc;
}
