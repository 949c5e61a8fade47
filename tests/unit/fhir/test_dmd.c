/* dm+d: records of XML files, lookups, links. */
#include "fhir/dmd.h"

#include "release_kit.h"

static const struct file {
    enum dmd_kind kind;
    const char *bytes;
} files[] = {
    {DMD_LOOKUP,
     "<?xml version=\"1.0\"?>\n<LOOKUP>\n<SUPPLIER>\n<INFO><CD>7</CD><DESC>Maker &amp; "
     "Co</DESC></INFO></SUPPLIER><FORM><INFO><CD>7</CD><DESC>Tablet</DESC></INFO></FORM>"
     "</LOOKUP>"},
    {DMD_INGREDIENT, "<INGREDIENT_SUBSTANCES><ING><ISID>100</ISID><NM>Salt</NM></ING>"
                     "</INGREDIENT_SUBSTANCES>"},
    {DMD_VTM,
     "<VTMS><VTM>\n<VTMID>200</VTMID><NM>Salt</NM><VTMIDPREV>199</VTMIDPREV></VTM></VTMS>"},
    {DMD_VMP, "<X><VMPS><VMP><VPID>300</VPID><VTMID>200</VTMID><NM>Salt tablets</NM>"
              "<INVALID>1</INVALID></VMP><VMP><VPID>301</VPID></VMP></VMPS><V><VPI><VPID>300</VPID>"
              "<ISID>100</ISID></VPI></V><D><DFORM><VPID>300</VPID><FORMCD>7</FORMCD></DFORM>"
              "<DFORM><VPID>9</VPID><FORMCD>7</FORMCD></DFORM></D></X>"},
    {DMD_AMP, "<X><AMPS><AMP><APID>400</APID><VPID>300</VPID><NM>Salt</NM><DESC>Salt (Maker)</DESC>"
              "<SUPPCD>7</SUPPCD></AMP></AMPS></X>"},
    {DMD_VMPP,
     "<X><VMPP><VPPID>500</VPPID><VPID>300</VPID><NM>Salt 10</NM><QTYVAL>10</QTYVAL></VMPP>"
     "</X>"},
    {DMD_AMPP, "<X><AMPP><APPID>600</APPID><VPPID>500</VPPID><APID>400</APID><NM>Pack</NM></AMPP>"
               "</X>"},
};

static void a_release(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 1000; piece = piece * 5 + 1) {
        struct dmd_options options = {.version = T("2025-01-06"), .wrong = on_wrong};
        struct dmd *d = NULL;
        struct codes_build *b = NULL;
        struct codes_about about;
        struct err e = {0};
        wrong_count = 0;
        assert_int_equal(dmd_begin(&options, &d, &e), 0);
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            text bytes = text_of(files[i].bytes);
            int rc = dmd_file(d, files[i].kind, T("f"), &e);
            for (; !rc && bytes.n; bytes = text_from(bytes, piece)) {
                rc = dmd_bytes(d, text_first(bytes, piece), &e);
            }
            if (rc || dmd_file_end(d, &e)) {
                fail_msg("%s", err_text(&e));
            }
        }
        assert_int_equal(dmd_end(d, &b, &about, &e), 0);
        const struct codes *c = opened(b);
        dmd_drop(d);
        assert_int_equal(wrong_count, 2); /* a product without a name, a form of none */
        shows(c, "199", "Salt 1;; inactive=true replacedBy=200;");
        shows(c, "300",
              "Salt tablets 1; 200; class=VMP inactive=true VTM=200 ING=100 FORM=Tablet;");
        shows(c, "400",
              "Salt (Maker) 0; 300; class=AMP inactive=false VMP=300 SUPPLIER=Maker & Co; "
              "en-GB:Salt");
        shows(c, "600", "Pack 0; 400 500; class=AMPP inactive=false VMPP=500 AMP=400;");
    }
}

static void refusals(void **state)
{
    (void)state;
    struct dmd *d = NULL;
    struct err e = {0};
    assert_int_equal(dmd_begin(&(struct dmd_options){0}, &d, &e), ERR_REQUIRED);
    assert_int_equal(dmd_begin(&(struct dmd_options){.version = T("1")}, &d, &e), 0);
    assert_int_equal(dmd_file(d, DMD_VTM, T("f.xml"), &e), 0);
    assert_int_equal(dmd_bytes(d, T("<X>\n<VTM><A></VTM>"), &e), ERR_SYNTAX);
    assert_non_null(strstr(e.detail, "from line 2"));
    assert_int_equal(dmd_file(d, DMD_VTM, T("f.xml"), &e), 0);
    assert_int_equal(dmd_bytes(d, T("<X><VTM><A>"), &e), 0);
    assert_int_equal(dmd_file_end(d, &e), ERR_SYNTAX);
    dmd_drop(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_release), TEST(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
