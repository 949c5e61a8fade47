/* The ways in without a script: a password and a code; another service; demo accounts. What is
 * right and what has to wait is identity's to say: each form becomes one request to /auth. */
#include "plain/inner.h"

/* --- where somebody goes on to ------------------------------------------------------------------
 */

text landing_page(struct page *p)
{
    text then = safe_then(p);
    const struct visitor *v = &p->visitor;
    return then.n           ? then
           : !v->is_patient ? T("/plain/")
           : v->patient.n   ? T("/plain/record")
                            : T("/plain/helping");
}

/* An address with `then` behind it, so that it is not lost on the way. */
static text with_then(struct page *p, const char *address)
{
    text then = safe_then(p);
    return arena_printf(p->a, "%s%s%.*s", address, then.n ? "?then=" : "", TEXT_ARG(then));
}

static int go_on(struct page *p, const yyjson_val *session, struct err *e)
{
    text step = json_text(json_get(session, T("step")));
    const yyjson_val *account = json_get(session, T("account"));
    if (text_eq(step, T("totp"))) {
        return page_go(p, with_then(p, "/plain/code"), e);
    }
    if (!text_eq(step, T("done"))) {
        return page_go(p, T("/plain/second-step"), e);
    }
    p->visitor.is_patient = text_eq(json_text(json_get(account, T("kind"))), T("patient"));
    p->visitor.patient = json_text(json_get(account, T("patient")));
    return page_go(p, landing_page(p), e);
}

/* --- asking ------------------------------------------------------------------------------------
 */

static void add_member(struct buf *body, const char *name, text value)
{
    buf_addc(body, body->n ? ',' : '{');
    buf_printf(body, "\"%s\":", name);
    json_write_string(value, body);
}

/* {"a":"...","b":"..."} of fields of the form. */
static int send_form(struct page *p, const char *path, const char *first, const char *second,
                     yyjson_val **ret_session, uint64_t *ret_wait, struct err *e)
{
    struct buf body;
    buf_init(&body, (size_t)8 * FORM_BYTES_MOST);
    if (first) {
        add_member(&body, first, text_trim(page_value(p, first)));
    }
    if (second) { /* spaces of a password are a part of it */
        add_member(&body, second, page_value(p, second));
    }
    buf_add(&body, body.n ? T("}") : T("{}"));
    int rc = ask_auth(p, path, &body, ret_session, ret_wait, e);
    explicit_bzero(body.p ? body.p : (char[1]){0}, body.n);
    buf_done(&body);
    return rc;
}

/* What somebody can put right is said at the field; all else is a fault. */
static int say_wrong(struct page *p, const char *field, enum plain_text wrong, uint64_t wait,
                     int rc)
{
    text number;
    switch (rc) {
    case ERR_FORBIDDEN:
    case ERR_LOGIN:
        p->problem = page_text(p, wrong);
        p->reply->status = 403;
        break;
    case ERR_TOO_MANY:
        number =
            arena_printf(p->a, "%llu", (unsigned long long)(wait > 90 ? (wait + 59) / 60 : wait));
        p->problem = page_text_with(
            p, TEXT_TOO_MANY, page_text_with(p, wait > 90 ? TEXT_MINUTES : TEXT_SECONDS, number));
        p->reply->status = 429;
        break;
    default:
        return rc;
    }
    p->problem_field = field;
    return 0;
}

static int say_missing(struct page *p, const char *field, enum plain_text missing)
{
    p->problem = page_text(p, missing);
    p->problem_field = field;
    p->reply->status = 400;
    return 0;
}

/* --- the start ---------------------------------------------------------------------------------
 */

static void put_demo(struct page *p)
{
    yyjson_val *demo = NULL;
    struct err ignored = {0};
    bool is_demo = json_is_true(json_get(p->visitor.session, T("demo")));
    if (!is_demo || ask_auth(p, "demo", NULL, &demo, NULL, &ignored)) {
        return;
    }
    const yyjson_val *accounts = json_get(demo, T("accounts"));
    const yyjson_val *one = accounts && json_len(accounts) ? accounts + 1 : NULL;
    page_heading(p, "h2", page_text(p, TEXT_DEMO_TITLE));
    page_paragraph(p, page_text(p, TEXT_DEMO_WORDS));
    for (size_t left = one ? json_len(accounts) : 0; left; left--, one = json_after(one)) {
        text name = json_text(json_get(one, T("name")));
        page_heading(p, "h3", name);
        page_paragraph(p, json_text(json_get(one, T("words"))));
        page_form(p, "/plain/demo");
        html_open(&p->h, "input");
        html_attribute(&p->h, "type", T("hidden"));
        html_attribute(&p->h, "name", T("login"));
        html_attribute(&p->h, "value", json_text(json_get(one, T("login"))));
        page_form_end(p, page_text_with(p, TEXT_DEMO_AS, name));
    }
}

static void put_providers(struct page *p)
{
    const yyjson_val *all = json_get(p->visitor.session, T("providers"));
    const yyjson_val *one = json_type(all) == YYJSON_TYPE_ARR && json_len(all) ? all + 1 : NULL;
    page_heading(p, "h2", page_text(p, TEXT_OTHER_WAY));
    page_paragraph(p, page_text(p, TEXT_PASSKEYS));
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        text name = json_text(json_get(one, T("name")));
        text words = json_text(json_get(one, T("words")));
        text address = url_encoded(p, name);
        address = arena_printf(p->a, "/auth/external/%.*s", TEXT_ARG(address));
        if (address.p) {
            page_link(p, address, words.n ? words : name);
        }
    }
    page_link(p, T("/"), page_text(p, TEXT_FULL_SITE));
}

static int show_sign_in(struct page *p, struct err *e)
{
    page_begin(p, page_text(p, TEXT_SIGN_IN));
    if (page_value(p, "out").n) {
        page_paragraph(p, page_text(p, TEXT_SIGNED_OUT));
    } else if (safe_then(p).n && !p->problem.n) {
        page_paragraph(p, page_text(p, TEXT_SIGN_IN_FIRST));
    }
    const struct page_field login = {"login",
                                     "text",
                                     "username",
                                     "email",
                                     page_text(p, TEXT_LOGIN),
                                     page_text(p, TEXT_LOGIN_HINT),
                                     false};
    const struct page_field password = {
        "password", "password", "current-password", NULL, page_text(p, TEXT_PASSWORD),
        T(""),      false};
    page_form(p, "/plain/sign-in");
    page_input(p, &login);
    page_input(p, &password);
    page_form_end(p, page_text(p, TEXT_CONTINUE));
    put_providers(p);
    put_demo(p);
    return page_end(p, e);
}

/* The role that they act in, and the others. */
static void put_roles(struct page *p)
{
    const yyjson_val *account = json_get(p->visitor.session, T("account"));
    const yyjson_val *roles = json_get(account, T("roles"));
    const yyjson_val *one =
        json_type(roles) == YYJSON_TYPE_ARR && json_len(roles) ? roles + 1 : NULL;
    text now = json_text(json_get(account, T("role")));
    size_t count = one ? json_len(roles) : 0;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        text number = arena_printf(p->a, "%zu", i);
        text words = arena_printf(p->a, "%.*s, %.*s", TEXT_ARG(json_text(json_get(one, T("name")))),
                                  TEXT_ARG(json_text(json_get(one, T("organisation_name")))));
        page_heading(p, "h2", words);
        if (text_eq(number, now)) {
            page_paragraph(p, page_text(p, TEXT_ROLE_NOW));
            continue;
        }
        page_form(p, "/plain/role");
        html_open(&p->h, "input");
        html_attribute(&p->h, "type", T("hidden"));
        html_attribute(&p->h, "name", T("role"));
        html_attribute(&p->h, "value", number);
        page_form_end(p, page_text(p, TEXT_ROLE_CHANGE));
    }
}

static int show_home(struct page *p, struct err *e)
{
    page_begin(p, page_text(p, TEXT_HOME));
    page_paragraph(p, page_text(p, TEXT_HOME_WORDS));
    if (p->visitor.finds) {
        page_link(p, T("/plain/find"), page_text(p, TEXT_FIND));
    }
    put_roles(p);
    return page_end(p, e);
}

int page_start(struct page *p, struct err *e)
{
    const struct visitor *v = &p->visitor;
    if (v->half_way) {
        return text_eq(v->step, T("totp")) ? page_code(p, e) : page_enrol(p, e);
    }
    if (!v->signed_in) {
        return show_sign_in(p, e);
    }
    return v->is_patient || safe_then(p).n ? page_go(p, landing_page(p), e) : show_home(p, e);
}

int page_sign_in(struct page *p, struct err *e)
{
    yyjson_val *session = NULL;
    uint64_t wait = 0;
    bool has_login = text_trim(page_value(p, "login")).n > 0;
    int rc = 0;
    if (has_login && page_value(p, "password").n) {
        rc = send_form(p, "password", "login", "password", &session, &wait, e);
        if (!rc) {
            return go_on(p, session, e);
        }
        rc = say_wrong(p, "login", TEXT_LOGIN_WRONG, wait, rc);
    } else {
        rc = has_login ? say_missing(p, "password", TEXT_PASSWORD_MISSING)
                       : say_missing(p, "login", TEXT_LOGIN_MISSING);
    }
    return rc ? rc : show_sign_in(p, e);
}

int page_demo(struct page *p, struct err *e)
{
    yyjson_val *session = NULL;
    int rc = send_form(p, "demo", "login", NULL, &session, NULL, e);
    return rc ? rc : go_on(p, session, e);
}

/* --- the second step ----------------------------------------------------------------------------
 */

static void put_way_out(struct page *p)
{
    page_form(p, "/plain/sign-out");
    page_form_end(p, page_text(p, TEXT_SOMEBODY_ELSE));
}

static int show_code(struct page *p, bool recovery, struct err *e)
{
    const struct page_field code = {"code",
                                    "text",
                                    recovery ? "off" : "one-time-code",
                                    recovery ? NULL : "numeric",
                                    page_text(p, recovery ? TEXT_RECOVERY : TEXT_CODE),
                                    page_text(p, recovery ? TEXT_RECOVERY_HINT : TEXT_CODE_HINT),
                                    true};
    page_begin(p, page_text(p, recovery ? TEXT_RECOVERY_TITLE : TEXT_CODE_TITLE));
    page_form(p, recovery ? "/plain/recovery" : "/plain/code");
    page_input(p, &code);
    page_form_end(p, page_text(p, TEXT_SIGN_IN));
    text other = with_then(p, recovery ? "/plain/code" : "/plain/recovery");
    page_link(p, other.p ? other : T("/plain/"),
              page_text(p, recovery ? TEXT_CODE_INSTEAD : TEXT_CODE_CANNOT));
    put_way_out(p);
    return page_end(p, e);
}

/* Who is at another step, or past it, has no business here. */
static int at_code(struct page *p, bool *ret_is, struct err *e)
{
    *ret_is = text_eq(p->visitor.step, T("totp"));
    return *ret_is ? 0 : page_go(p, T("/plain/"), e);
}

int page_code(struct page *p, struct err *e)
{
    bool is;
    int rc = at_code(p, &is, e);
    return rc || !is ? rc : show_code(p, false, e);
}

int page_recovery(struct page *p, struct err *e)
{
    bool is;
    int rc = at_code(p, &is, e);
    return rc || !is ? rc : show_code(p, true, e);
}

/* "123 456" is how apps show it. */
static text without_spaces(struct page *p, text t)
{
    struct buf b;
    buf_init(&b, FORM_BYTES_MOST);
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] != ' ') {
            buf_addc(&b, t.p[i]);
        }
    }
    text made = arena_copy(p->a, buf_text(&b));
    buf_done(&b);
    return made.p ? made : t;
}

static int post_code(struct page *p, bool recovery, struct err *e)
{
    yyjson_val *session = NULL;
    uint64_t wait = 0;
    bool is;
    int rc = at_code(p, &is, e);
    if (rc || !is) {
        return rc;
    }
    for (size_t i = 0; i < p->pair_count; i++) {
        if (text_eq(p->pairs[i].name, T("code"))) {
            p->pairs[i].value = without_spaces(p, p->pairs[i].value);
        }
    }
    if (!page_value(p, "code").n) {
        rc = say_missing(p, "code", recovery ? TEXT_RECOVERY_MISSING : TEXT_CODE_MISSING);
    } else {
        rc = send_form(p, recovery ? "recovery" : "totp", "code", NULL, &session, &wait, e);
        if (!rc) {
            return go_on(p, session, e);
        }
        rc = say_wrong(p, "code", recovery ? TEXT_RECOVERY_WRONG : TEXT_CODE_WRONG, wait, rc);
    }
    return rc ? rc : show_code(p, recovery, e);
}

int page_code_post(struct page *p, struct err *e)
{
    return post_code(p, false, e);
}

int page_recovery_post(struct page *p, struct err *e)
{
    return post_code(p, true, e);
}

int page_enrol(struct page *p, struct err *e)
{
    if (p->visitor.signed_in) {
        return page_go(p, T("/plain/"), e);
    }
    page_begin(p, page_text(p, TEXT_ENROL_TITLE));
    page_paragraph(p, page_text(p, TEXT_ENROL_WORDS));
    page_link(p, T("/"), page_text(p, TEXT_FULL_SITE));
    put_way_out(p);
    return page_end(p, e);
}

/* --- out, and in another role -------------------------------------------------------------------
 */

int page_sign_out(struct page *p, struct err *e)
{
    yyjson_val *done = NULL;
    int rc = send_form(p, "sign-out", NULL, NULL, &done, NULL, e);
    return rc ? rc : page_go(p, T("/plain/?out=1"), e);
}

int page_role(struct page *p, struct err *e)
{
    struct buf body;
    yyjson_val *session = NULL;
    uint64_t role = 0;
    if (!text_to_u64(page_value(p, "role"), &role)) {
        return err_set(e, ERR_VALUE, "this account has no such role");
    }
    buf_init(&body, FORM_BYTES_MOST);
    buf_printf(&body, "{\"role\":%llu}", (unsigned long long)role);
    int rc = ask_auth(p, "role", &body, &session, NULL, e);
    buf_done(&body);
    return rc ? rc : page_go(p, T("/plain/"), e);
}

/* What the browser shows in the place of a page that was left open: nothing of a record. */
int page_over(struct page *p, struct err *e)
{
    if (!p->visitor.signed_in) {
        return page_go(p, T("/plain/?out=1"), e);
    }
    page_begin(p, page_text(p, TEXT_OVER_TITLE));
    page_paragraph(p, page_text(p, TEXT_OVER_WORDS));
    page_link(p, T("/plain/"), page_text(p, TEXT_GO_ON));
    return page_end(p, e);
}
