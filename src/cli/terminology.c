#include "cli/terminology_add.h"

#include "base/clock.h"
#include "format/json.h"
#include "store/shelf.h"

#include <inttypes.h>
#include <stdio.h>

static const struct cli_option options[] = {
    {"--kind", "KIND", "snomed, loinc, dmd or ucum; else told by the names of the files", false},
    {"--version", "VERSION", "the version, where the release does not say it", false},
    {"--fragment", NULL, "a part of a release: codes that are not in it may be right", false},
    {0},
};

static void add_member(struct buf *out, const char *name, text value)
{
    buf_printf(out, ",\"%s\":", name);
    json_write_string(value, out);
}

static void print_json(const struct shelf_item *item)
{
    struct buf out;
    char added[CLOCK_INSTANT_SIZE];
    buf_init(&out, 64UL * 1024);
    clock_instant(item->added_ms, added);
    buf_printf(&out, "{\"file\":");
    json_write_string(text_of(item->file), &out);
    if (item->wrong) {
        add_member(&out, "wrong", text_of(item->wrong));
    } else {
        add_member(&out, "system", item->system);
        add_member(&out, "version", item->version);
        add_member(&out, "name", item->name);
        buf_printf(&out, ",\"concepts\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"added\":\"%s\"",
                   item->count, item->bytes, added);
    }
    printf("%.*s}\n", TEXT_ARG(buf_text(&out)));
    buf_done(&out);
}

static int list(const struct cli_args *args)
{
    struct shelf *s = NULL;
    struct err e = {0};
    char concepts[32];
    int status = EXIT_DONE;
    if (shelf_open(args->positionals[1], &s, &e)) {
        return cli_fail("terminology", &e);
    }
    for (size_t i = 0; i < shelf_count(s); i++) {
        struct shelf_item item = shelf_item(s, i);
        status = item.wrong ? EXIT_FINDINGS : status;
        if (args->json) {
            print_json(&item);
        } else if (item.wrong) {
            printf("%s cannot be used: %s\n", item.file, item.wrong);
        } else {
            printf("%.*s|%.*s  %.*s, %s concepts, %" PRIu64 " MB\n", TEXT_ARG(item.system),
                   TEXT_ARG(item.version), TEXT_ARG(item.name), cli_thousands(item.count, concepts),
                   (item.bytes + 999999) / 1000000);
        }
    }
    if (!args->json && shelf_count(s) == 0) {
        printf("No releases have been added. UCUM, languages, countries and other systems whose "
               "codes have a grammar are built in.\n");
    }
    shelf_close(s);
    return status;
}

static int remove_system(const struct cli_args *args)
{
    struct err e = {0};
    size_t removed = 0;
    text version = {NULL, 0};
    text system = text_of(args->positionals[2]);
    text rest = system;
    if (text_cut(&rest, '|', &system)) {
        version = rest;
    }
    if (shelf_remove(args->positionals[1], system, version, &removed, &e)) {
        return cli_fail("terminology", &e);
    }
    if (args->json) {
        printf("{\"removed\":%zu}\n", removed);
    } else {
        printf("Removed %zu.\n", removed);
    }
    return EXIT_DONE;
}

static int run(const struct cli_args *args)
{
    text word = text_of(args->positionals[0]);
    if (text_eq(word, T("add"))) {
        return terminology_add(args);
    }
    if (text_eq(word, T("list")) && args->positional_count == 2) {
        return list(args);
    }
    if (text_eq(word, T("remove")) && args->positional_count == 3) {
        return remove_system(args);
    }
    return cli_usage_error("terminology", "it is add DIR FILE-OR-FOLDER, list DIR or remove DIR "
                                          "SYSTEM[|VERSION]");
}

const struct cli_command command_terminology = {
    .name = "terminology",
    .usage = "add|list|remove DIR [FILE-OR-FOLDER ... | SYSTEM[|VERSION]]",
    .summary = "Adds releases of SNOMED CT, LOINC and dm+d to a node",
    .about =
        "add reads the unpacked files of one release (for SNOMED CT the Snapshot of several "
        "modules "
        "together) and puts them into the node's folder as one code system. A node that runs "
        "sees it at once; a release of the same version is replaced. Lines that are wrong are told "
        "of and passed over (exit status 1).\n\nlist shows what is there, remove takes a system or "
        "one version of it away.\n\nUCUM, BCP 47 and other systems whose codes have a grammar are "
        "built in. The releases themselves come from their publishers, under their licences.",
    .example = "  kith terminology add /srv/kith SnomedCT_UKClinicalRF2 SnomedCT_UKDrugRF2\n"
               "  kith terminology add /srv/kith Loinc_2.77\n"
               "  kith terminology list /srv/kith\n"
               "  kith terminology remove /srv/kith 'http://loinc.org|2.77'\n",
    .least = 2,
    .most = 100,
    .options = options,
    .run = run,
};
