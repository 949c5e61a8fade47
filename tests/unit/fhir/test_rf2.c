/* SNOMED CT's release files: columns, versions, displays, relationships, and lines that are wrong.
 */
#include "fhir/rf2.h"

#include "release_kit.h"

static const struct file {
    enum rf2_kind kind;
    const char *name, *bytes;
} files[] = {
    {RF2_MODULES, "modules",
     "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tsourceEffectiveTime\t"
     "targetEffectiveTime\r\n"
     "x\t20250101\t1\t999000011000000103\t900000000000534007\t900000000000207008\t20250101\t"
     "20241201\r\n"},
    {RF2_LANGUAGE, "language",
     "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tacceptabilityId\n"
     "x\t20250101\t1\t900000\t900000000000508004\t500001\t900000000000548007\n"
     "x\t20250101\t1\t900000\t900000000000509007\t500002\t900000000000548007\n"
     "x\t20250101\t1\t900000\t999001261000000100\t500003\t900000000000548007\n"},
    {RF2_CONCEPTS, "concepts",
     "\xEF\xBB\xBFid\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n"
     "100001\t20200101\t1\t900000\t900000000000074008\n"
     "100002\t20200101\t1\t900000\t900000000000073002\n"
     "100003\t20200101\t1\t900000\t900000000000074008\n"
     "100003\t20240101\t0\t900000\t900000000000074008\n"
     "100003\t20220101\t1\t900000\t900000000000074008\n"
     "100004\t20200101\t1\t900000\t900000000000074008\n"
     "12\t20200101\t1\t900000\t900000000000074008\n"
     "100005\t2020011\t1\t900000\t900000000000074008\n"
     "100005\t20200101\tyes\t900000\t900000000000074008\n"
     "100005\t20200101\t1\n"},
    {RF2_DESCRIPTIONS, "descriptions",
     "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\t"
     "caseSignificanceId\n"
     "500000\t20200101\t1\t900000\t100001\ten\t900000000000003001\tAnaemia (disorder)\t1\n"
     "500004\t20200101\t1\t900000\t100001\ten\t900000000000013009\tLow blood\t1\n"
     "500001\t20200101\t1\t900000\t100001\ten\t900000000000013009\tAnaemia\t1\n"
     "500002\t20200101\t1\t900000\t100001\ten\t900000000000013009\tAnemia\t1\n"
     "500003\t20200101\t1\t900000\t100001\ten\t900000000000013009\tAnaemia, NHS\t1\n"
     "500005\t20200101\t0\t900000\t100001\ten\t900000000000013009\tWithdrawn\t1\n"
     "500006\t20200101\t1\t900000\t100002\ten\t900000000000003001\tOnly this (thing)\t1\n"
     "500007\t20200101\t1\t900000\t999999\ten\t900000000000003001\tLost\t1\n"},
    {RF2_RELATIONSHIPS, "relationships",
     "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\t"
     "characteristicTypeId\tmodifierId\n"
     "700001\t20200101\t1\t900000\t100002\t100001\t0\t116680003\t900000000000011006\t1\n"
     "700001\t20200101\t0\t900000\t100004\t100001\t0\t116680003\t900000000000011006\t1\n"
     "700002\t20200101\t1\t900000\t100002\t100001\t3\t100004\t900000000000011006\t1\n"
     "700003\t20200101\t1\t900000\t100002\t888888\t3\t100004\t900000000000011006\t1\n"},
    {RF2_CONCRETE_VALUES, "values",
     "id\teffectiveTime\tactive\tmoduleId\tsourceId\tvalue\trelationshipGroup\ttypeId\t"
     "characteristicTypeId\tmodifierId\n"
     "700005\t20200101\t1\t900000\t100002\t#7.5\t1\t100001\t900000000000011006\t1\n"},
    {RF2_REFERENCE_SET, "association",
     "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\ttargetComponentId\n"
     "x\t20200101\t1\t900000\t100004\t100003\t100001\n"},
    {RF2_REFERENCE_SET, "simple",
     "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\n"
     "x\t20200101\t1\t900000\t100001\t100002"},
};

/* All files, in pieces of `piece` bytes. */
static const struct codes *load(size_t piece)
{
    struct rf2_options options = {.wrong = on_wrong};
    struct rf2 *r = rf2_begin(&options);
    struct codes_build *b = NULL;
    struct codes_about about;
    struct rf2_counts counts;
    struct err e = {0};
    wrong_count = 0;
    assert_non_null(r);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        text bytes = text_of(files[i].bytes);
        int rc = rf2_file(r, files[i].kind, text_of(files[i].name), &e);
        for (; !rc && bytes.n; bytes = text_from(bytes, piece)) {
            rc = rf2_bytes(r, text_first(bytes, piece), &e);
        }
        if (rc || rf2_file_end(r, &e)) {
            fail_msg("%s", err_text(&e));
        }
    }
    assert_int_equal(rf2_end(r, &b, &about, &counts, &e), 0);
    assert_int_equal(counts.wrong, wrong_count);
    const struct codes *c = opened(b);
    rf2_drop(r);
    return c;
}

static void a_release(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 5000; piece = piece * 7 + 1) {
        const struct codes *c = load(piece);
        assert_int_equal(wrong_count, 6);
        assert_string_equal(wrong_last, "relationships:5 a concept of it is in no file");
        text version = T("http://snomed.info/sct/999000011000000103/version/20250101");
        assert_true(text_eq(codes_about(c)->version, version));
        assert_int_equal(codes_about(c)->count, 4);
        shows(c, "100001",
              "Anaemia, NHS 0;; inactive=false sufficientlyDefined=false moduleId=900000 "
              "effectiveTime=2020-01-01; en:Anaemia (disorder) en:Low blood en-US:Anemia "
              "en-GB:Anaemia");
        shows(c, "100002",
              "Only this (thing) 0; 100001; 100004=100001@3 100001=7.5@1 inactive=false "
              "sufficientlyDefined=true moduleId=900000 effectiveTime=2020-01-01; en:Only this "
              "(thing)");
        shows(c, "100003",
              " 1;; 100004=100001 inactive=true sufficientlyDefined=false moduleId=900000 "
              "effectiveTime=2024-01-01;");
        size_t count = 0;
        const uint32_t *members = codes_members(c, codes_find(c, T("100001")), &count);
        assert_int_equal(count, 1);
        assert_int_equal(members[0], codes_find(c, T("100002")));
    }
}

static void names_of_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum rf2_kind kind;
    } rows[] = {
        {"sct2_Concept_Snapshot_INT_20250101.txt", RF2_CONCEPTS},
        {"sct2_Concept_UKCLSnapshot_GB1000000_20250101.txt", RF2_CONCEPTS},
        {"sct2_Concept_Full_INT_20250101.txt", RF2_OTHER},
        {"sct2_Description_Snapshot-en_INT_20250101.txt", RF2_DESCRIPTIONS},
        {"sct2_TextDefinition_Snapshot-en_INT_20250101.txt", RF2_DEFINITIONS},
        {"sct2_Relationship_Snapshot_INT_20250101.txt", RF2_RELATIONSHIPS},
        {"sct2_StatedRelationship_Snapshot_INT_20250101.txt", RF2_OTHER},
        {"sct2_RelationshipConcreteValues_Snapshot_INT_20250101.txt", RF2_CONCRETE_VALUES},
        {"der2_cRefset_LanguageSnapshot-en_INT_20250101.txt", RF2_LANGUAGE},
        {"der2_ssRefset_ModuleDependencySnapshot_INT_20250101.txt", RF2_MODULES},
        {"der2_Refset_SimpleSnapshot_INT_20250101.txt", RF2_REFERENCE_SET},
        {"der2_iisssccRefset_ExtendedMapSnapshot_INT_20250101.txt", RF2_REFERENCE_SET},
        {"der2_cciRefset_RefsetDescriptorSnapshot_INT_20250101.txt", RF2_OTHER},
        {"Readme.txt", RF2_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rf2_kind_of(text_of(rows[i].name)) != rows[i].kind) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void refusals(void **state)
{
    (void)state;
    struct rf2_options options = {.version = T("v")};
    struct codes_build *b = NULL;
    struct codes_about about;
    struct rf2_counts counts;
    struct err e = {0};
    struct rf2 *r = rf2_begin(&options);
    assert_int_equal(rf2_file(r, RF2_CONCEPTS, T("f.txt"), &e), 0);
    assert_int_equal(rf2_bytes(r, T("id\tactive\n"), &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "f.txt, line 1"));
    assert_int_equal(rf2_end(r, &b, &about, &counts, &e), ERR_REQUIRED);
    rf2_drop(r);
    r = rf2_begin(&(struct rf2_options){0});
    assert_int_equal(rf2_file(r, RF2_CONCEPTS, T("f.txt"), &e), ERR_REQUIRED);
    assert_non_null(strstr(e.detail, "--version"));
    rf2_drop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_release), TEST(names_of_files), TEST(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
