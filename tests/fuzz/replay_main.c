/* Feeds files, and all files of folders, to a fuzz target: fuzz_x FILE-OR-FOLDER ... */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { INPUT_MAX = 64 * 1024 * 1024 };

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rbe");
    uint8_t *data = NULL;
    size_t n = 0;
    size_t room = 0;
    while (f && !feof(f) && !ferror(f) && room < INPUT_MAX) {
        room = room ? room * 2 : 4096;
        uint8_t *larger = realloc(data, room);
        if (!larger) {
            break;
        }
        data = larger;
        n += fread(data + n, 1, room - n, f);
    }
    int whole = f && feof(f) && !ferror(f);
    if (f) {
        (void)fclose(f);
    }
    if (whole) { /* exactly as long as the input, so that a sanitizer sees reads behind it */
        uint8_t *exact = malloc(n ? n : 1);
        if (exact) {
            memcpy(exact, data, n);
            (void)LLVMFuzzerTestOneInput(exact, n);
        }
        whole = exact != NULL;
        free(exact);
    }
    free(data);
    if (!whole) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
    }
    return whole ? 1 : -1;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return errno == ENOTDIR ? replay_file(path) : -1;
    }
    int count = 0;
    const struct dirent *entry;
    while (count >= 0 && (entry = readdir(folder))) {
        char file[PATH_MAX];
        int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof file) {
            continue;
        }
        int r = replay_file(file);
        count = r < 0 ? -1 : count + r;
    }
    (void)closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        int r = replay(argv[i]);
        if (r <= 0) {
            (void)fprintf(stderr, "%s: no inputs\n", argv[i]);
            return 1;
        }
        count += r;
    }
    (void)printf("%d inputs\n", count);
    return 0;
}
