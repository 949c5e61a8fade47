/*
 * What strangers send to the token endpoint and to the portal's addresses: a form, an assertion
 * that nobody has verified, a JSON object; and the rows that are kept of it, which come back as
 * they were.
 */
#include "identity/oauth_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static void check_row(const struct oauth_form *form, struct arena *a)
{
    struct oauth_ask ask = {.client = oauth_form_get(form, "client_id"),
                            .redirect = oauth_form_get(form, "redirect_uri"),
                            .state = oauth_form_get(form, "state"),
                            .expires_ms = -1,
                            .launched = true};
    struct oauth_ask again = {0};
    struct err e = {0};
    text row = row_print(oauth_ask_fields, &ask, a);
    CHECK(row.p && row_read(oauth_ask_fields, row, a, &again, &e) == 0);
    CHECK(text_eq(again.client, ask.client) && text_eq(again.redirect, ask.redirect) &&
          text_eq(again.state, ask.state) && again.expires_ms == -1 && again.launched &&
          !again.used);
}

static void check_form(text form_text, struct arena *a)
{
    struct oauth_form form;
    struct err e = {0};
    if (oauth_form_read(form_text, a, &form, &e)) {
        CHECK(e.detail[0]);
        return;
    }
    CHECK(form.count <= OAUTH_PARAMETERS_MAX);
    for (size_t i = 0; i < form.count; i++) {
        text escaped = uri_escape(form.pairs[i].value, a);
        struct oauth_form one;
        text again = arena_printf(a, "x=%.*s", TEXT_ARG(escaped));
        CHECK(escaped.p && again.p && oauth_form_read(again, a, &one, &e) == 0);
        CHECK(one.count == 1 && text_eq(oauth_form_get(&one, "x"), form.pairs[i].value));
    }
    (void)oauth_assertion_issuer(oauth_form_get(&form, "client_assertion"), a);
    (void)oauth_challenge(oauth_form_get(&form, "code_verifier"), a);
    (void)client_address_ok(oauth_form_get(&form, "redirect_uri"));
    check_row(&form, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const known[] = {"allow", "scopes", "patient", NULL};
    struct arena a;
    struct err e = {0};
    struct oauth_grant grant = {0};
    yyjson_val *root;
    text all = {(const char *)data, n};
    arena_init(&a, (size_t)1 << 26);
    check_form(all, &a);
    (void)oauth_assertion_issuer(all, &a);
    (void)row_read(oauth_grant_fields, all, &a, &grant, &e);
    if (oauth_object_read(all, known, &a, &root, &e) == 0) {
        CHECK(json_type(root) == YYJSON_TYPE_OBJ && json_len(root) <= 3);
    }
    arena_done(&a);
    return 0;
}
