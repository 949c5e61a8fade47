#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct requests {
    const struct options *options;
    uint64_t state;
    char **lines; /* paths or patients */
    size_t *sizes;
    size_t count;
    uint64_t made;
};

/* What is measured in a surgery, roughly as often: code, words, unit, least, range, decimals. */
static const struct kind {
    const char *code;
    const char *display;
    const char *unit;
    double least;
    double range;
    int decimals;
} kinds[] = {
    {"8867-4", "Heart rate", "/min", 50, 70, 0},
    {"8310-5", "Body temperature", "Cel", 35, 5, 1},
    {"9279-1", "Respiratory rate", "/min", 10, 20, 0},
    {"29463-7", "Body weight", "kg", 40, 80, 1},
    {"8302-2", "Body height", "cm", 140, 60, 1},
    {"39156-5", "Body mass index", "kg/m2", 17, 25, 2},
    {"4548-4", "Haemoglobin A1c", "%", 4, 8, 1},
    {"2339-0", "Glucose", "mg/dL", 60, 140, 2},
    {"718-7", "Haemoglobin", "g/dL", 9, 9, 1},
    {"2708-6", "Oxygen saturation", "%", 88, 12, 0},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

/* xorshift64*: any good enough order will do, and the same seed gives the same. */
static uint64_t next_random(struct requests *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545F4914F6CDD1DULL;
}

static bool add_line(struct requests *r, const char *line, size_t *capacity)
{
    char *made = NULL;
    if (r->count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 1024;
        char **lines = realloc(r->lines, wanted * sizeof *lines);
        r->lines = lines ? lines : r->lines;
        size_t *sizes = lines ? realloc(r->sizes, wanted * sizeof *sizes) : NULL;
        if (!sizes) {
            return false;
        }
        r->sizes = sizes;
        *capacity = wanted;
    }
    const char *encoding = r->options->encoding;
    int n = r->options->create ? asprintf(&made, "%s", line)
                               : asprintf(&made, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n%s%s%s%s\r\n",
                                          line, r->options->host, r->options->port,
                                          r->options->fields, encoding ? "Accept-Encoding: " : "",
                                          encoding ? encoding : "", encoding ? "\r\n" : "");
    if (n < 0) {
        return false;
    }
    r->lines[r->count] = made;
    r->sizes[r->count++] = (size_t)n;
    return true;
}

static bool read_lines(struct requests *r, const char *file)
{
    char *line = NULL;
    size_t room = 0;
    size_t capacity = 0;
    FILE *f = fopen(file, "re");
    if (!f) {
        fprintf(stderr, "load: %s: %s\n", file, strerror(errno));
        return false;
    }
    bool ok = true;
    while (ok && getline(&line, &room, f) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        ok = !*line || add_line(r, line, &capacity);
    }
    free(line);
    (void)fclose(f);
    if (ok && r->count == 0) {
        fprintf(stderr, "load: %s has no lines\n", file);
    }
    return ok && r->count > 0;
}

struct requests *requests_new(const struct options *o)
{
    struct requests *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->options = o;
    r->state = o->seed * 0x9E3779B97F4A7C15ULL + 1;
    const char *file = o->create ? o->patients_file : o->paths_file;
    if (!file || !read_lines(r, file)) {
        requests_free(r);
        return NULL;
    }
    return r;
}

void requests_free(struct requests *r)
{
    if (r) {
        for (size_t i = 0; i < r->count; i++) {
            free(r->lines[i]);
        }
        free(r->lines);
        free(r->sizes);
        free(r);
    }
}

static const char *make_create(struct requests *r, char *buffer, size_t room, size_t *ret_n)
{
    char body[REQUEST_ROOM];
    char when[32];
    const struct kind *k = &kinds[next_random(r) % KIND_COUNT];
    const char *patient = r->lines[next_random(r) % r->count];
    double value = k->least + k->range * (double)(next_random(r) % 10000) / 10000.0;
    time_t at = 1400000000 + (time_t)(next_random(r) % 350000000);
    struct tm tm;
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&at, &tm));
    int n = snprintf(
        body, sizeof body,
        "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:kith:bench\","
        "\"value\":\"%llu-%llu\"}],"
        "\"status\":\"final\",\"category\":[{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "observation-category\",\"code\":\"vital-signs\","
        "\"display\":\"Vital "
        "signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%s\","
        "\"display\":\"%s\"}],\"text\":\"%s\"},\"subject\":{\"reference\":\"Patient/%s\"},"
        "\"effectiveDateTime\":\"%s\",\"issued\":\"%s\",\"valueQuantity\":{\"value\":%.*f,\"unit\":"
        "\"%s\","
        "\"system\":\"http://unitsofmeasure.org\",\"code\":\"%s\"}}",
        (unsigned long long)r->options->seed, (unsigned long long)r->made++, k->code, k->display,
        k->display, patient, when, when, k->decimals, value, k->unit, k->unit);
    int m = snprintf(
        buffer, room,
        "POST /fhir/Observation HTTP/1.1\r\nHost: %s:%u\r\nContent-Type: application/fhir+json\r\n"
        "%sPrefer: return=minimal\r\nContent-Length: %d\r\n\r\n%s",
        r->options->host, r->options->port, r->options->fields, n, body);
    *ret_n = m > 0 && (size_t)m < room ? (size_t)m : 0;
    return buffer;
}

const char *requests_next(struct requests *r, char *buffer, size_t room, size_t *ret_n)
{
    if (r->options->create) {
        return make_create(r, buffer, room, ret_n);
    }
    size_t at = (size_t)(next_random(r) % r->count);
    *ret_n = r->sizes[at];
    return r->lines[at];
}
