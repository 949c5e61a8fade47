/*
 * All words of the pages, in English and in Welsh: one table. Words of a record, and what the node
 * says of a fault, stay as they are.
 */
#ifndef KITH_PLAIN_TEXTS_H
#define KITH_PLAIN_TEXTS_H

#include "base/text.h"

enum language { ENGLISH, WELSH, LANGUAGES };

/* X(name, English, Welsh). A %s stands for what the page puts there. */
#define PLAIN_TEXTS(X)                                                                             \
    X(SKIP, "Skip to main content", "Neidio i’r prif gynnwys")                                     \
    X(PAGES, "Pages", "Tudalennau")                                                                \
    X(OTHER_LANGUAGE, "Cymraeg", "English")                                                        \
    X(FULL_SITE, "Full website (needs JavaScript)", "Gwefan lawn (angen JavaScript)")              \
    X(ABOUT, "These pages work without JavaScript.",                                               \
      "Mae’r tudalennau hyn yn gweithio heb JavaScript.")                                          \
    X(ENDS_AFTER,                                                                                  \
      "To keep your record safe, you are signed out after %s minutes without a new page.",         \
      "I gadw eich cofnod yn ddiogel, cewch eich allgofnodi ar ôl %s munud heb dudalen newydd.")   \
    X(SIGNED_IN_AS, "Signed in as", "Wedi mewngofnodi fel")                                        \
    X(SIGN_OUT, "Sign out", "Allgofnodi")                                                          \
    X(READING, "You are reading the record of", "Rydych yn darllen cofnod")                        \
    X(ACTING, "You are acting for", "Rydych yn gweithredu ar ran")                                 \
    X(BORN, "Born", "Ganwyd")                                                                      \
    X(DIED, "Died", "Bu farw")                                                                     \
    X(GENDER, "Gender", "Rhywedd")                                                                 \
    X(ADDRESS, "Address", "Cyfeiriad")                                                             \
    X(NHS_NUMBER, "NHS number", "Rhif GIG")                                                        \
    X(NOT_RECORDED, "Not recorded", "Heb ei gofnodi")                                              \
    X(NAME_NOT_RECORDED, "Name not recorded", "Enw heb ei gofnodi")                                \
    X(ERROR_PREFIX, "Error: ", "Gwall: ")                                                          \
    X(PROBLEM, "There is a problem", "Mae problem")                                                \
    X(CONTINUE, "Continue", "Parhau")                                                              \
    /* signing in */                                                                               \
    X(SIGN_IN, "Sign in", "Mewngofnodi")                                                           \
    X(SIGN_IN_FIRST, "Sign in to see this page. If you were signed in, you were away too long.",   \
      "Mewngofnodwch i weld y dudalen hon. Os oeddech wedi mewngofnodi, buoch i ffwrdd yn rhy "    \
      "hir.")                                                                                      \
    X(SIGNED_OUT, "You are signed out.", "Rydych wedi allgofnodi.")                                \
    X(LOGIN, "Sign-in name", "Enw mewngofnodi")                                                    \
    X(LOGIN_HINT, "For example, your email address", "Er enghraifft, eich cyfeiriad e-bost")       \
    X(PASSWORD, "Password", "Cyfrinair")                                                           \
    X(PASSKEYS, "Passkeys need JavaScript. To use a passkey, open the full website.",              \
      "Mae angen JavaScript ar gyfer allweddi mynediad. I ddefnyddio un, agorwch y wefan lawn.")   \
    X(OTHER_WAY, "Sign in another way", "Mewngofnodi mewn ffordd arall")                           \
    X(LOGIN_MISSING, "Enter your sign-in name", "Rhowch eich enw mewngofnodi")                     \
    X(PASSWORD_MISSING, "Enter your password", "Rhowch eich cyfrinair")                            \
    X(LOGIN_WRONG, "The sign-in name or the password is not right. Check both and try again",      \
      "Nid yw’r enw mewngofnodi neu’r cyfrinair yn gywir. Gwiriwch y ddau a cheisiwch eto")        \
    X(TOO_MANY, "There were too many wrong tries. Try again in %s",                                \
      "Bu gormod o ymdrechion anghywir. Ceisiwch eto ymhen %s")                                    \
    X(SECONDS, "%s seconds", "%s eiliad")                                                          \
    X(MINUTES, "%s minutes", "%s munud")                                                           \
    X(CODE_TITLE, "Enter your code", "Rhowch eich cod")                                            \
    X(CODE, "Code", "Cod")                                                                         \
    X(CODE_HINT, "The 6 numbers that your authenticator app shows now",                            \
      "Y 6 rhif y mae eich ap dilysu yn eu dangos nawr")                                           \
    X(CODE_MISSING, "Enter the 6 numbers that your app shows",                                     \
      "Rhowch y 6 rhif y mae eich ap yn eu dangos")                                                \
    X(CODE_WRONG, "This code is not right. Enter the newest one",                                  \
      "Nid yw’r cod hwn yn gywir. Rhowch yr un diweddaraf")                                        \
    X(CODE_CANNOT, "I cannot use my app", "Ni allaf ddefnyddio fy ap")                             \
    X(RECOVERY_TITLE, "Use a recovery code", "Defnyddio cod adfer")                                \
    X(RECOVERY, "Recovery code", "Cod adfer")                                                      \
    X(RECOVERY_HINT, "One of the codes that you wrote down, like abcd-efgh-jkmn. Each works once", \
      "Un o’r codau a ysgrifennoch i lawr, fel abcd-efgh-jkmn. Mae pob un yn gweithio unwaith")    \
    X(RECOVERY_MISSING, "Enter one of your recovery codes", "Rhowch un o’ch codau adfer")          \
    X(RECOVERY_WRONG, "This recovery code is not right, or you have used it before",               \
      "Nid yw’r cod adfer hwn yn gywir, neu rydych wedi’i ddefnyddio o’r blaen")                   \
    X(CODE_INSTEAD, "Use your app instead", "Defnyddio eich ap yn lle hynny")                      \
    X(SOMEBODY_ELSE, "Sign in as somebody else", "Mewngofnodi fel rhywun arall")                   \
    X(ENROL_TITLE, "Set up a second step first", "Gosodwch ail gam yn gyntaf")                     \
    X(ENROL_WORDS,                                                                                 \
      "Your password is right. Before you can see a record, you need a second way to show who "    \
      "you are: a passkey, or an authenticator app. Open the full website once on a device with "  \
      "JavaScript and follow its steps. Then you can sign in here.",                               \
      "Mae eich cyfrinair yn gywir. Cyn gweld cofnod, mae angen ail ffordd i ddangos pwy ydych: "  \
      "allwedd mynediad, neu ap dilysu. Agorwch y wefan lawn unwaith ar ddyfais gyda JavaScript "  \
      "a dilynwch ei chamau. Wedyn gallwch fewngofnodi yma.")                                      \
    X(DEMO_TITLE, "Try it as somebody else", "Rhowch gynnig arni fel rhywun arall")                \
    X(DEMO_WORDS, "This is a demonstration. All people here are made up.",                         \
      "Arddangosiad yw hwn. Pobl ddychmygol yw pawb yma.")                                         \
    X(DEMO_AS, "Sign in as %s", "Mewngofnodi fel %s")                                              \
    X(OVER_TITLE, "Are you still there?", "Ydych chi yno o hyd?")                                  \
    X(OVER_WORDS,                                                                                  \
      "You are still signed in. Your record was hidden because nothing happened for "              \
      "a while.",                                                                                  \
      "Rydych wedi mewngofnodi o hyd. Cuddiwyd eich cofnod gan nad oedd dim wedi "                 \
      "digwydd ers tro.")                                                                          \
    X(ELSEWHERE_TITLE, "Do you want to open this page?", "Ydych chi am agor y dudalen hon?")       \
    X(ELSEWHERE_WORDS,                                                                             \
      "A link on another website led here. If you go on, the list of who looked "                  \
      "will have your name.",                                                                      \
      "Dolen ar wefan arall a arweiniodd yma. Os ewch ymlaen, bydd eich "                          \
      "enw ar y rhestr o bwy edrychodd.")                                                          \
    X(GO_ON, "Go on", "Ewch ymlaen")                                                               \
    X(HOME, "Start", "Dechrau")                                                                    \
    X(HOME_WORDS,                                                                                  \
      "These pages are for reading records. For all other work, open the full "                    \
      "website.",                                                                                  \
      "Mae’r tudalennau hyn ar gyfer darllen cofnodion. Ar gyfer pob gwaith arall, "               \
      "agorwch y wefan lawn.")                                                                     \
    X(ROLE_NOW, "You work in this role now.", "Rydych yn gweithio yn y rôl hon nawr.")             \
    X(ROLE_CHANGE, "Work in this role", "Gweithio yn y rôl hon")                                   \
    /* who */                                                                                      \
    X(HELPING, "People you help", "Pobl yr ydych yn eu helpu")                                     \
    X(HELPING_WORDS, "They, or the law, let you act for them. Each can see when you look.",        \
      "Maen nhw, neu’r gyfraith, yn gadael i chi weithredu ar eu rhan. Gall pob un weld pryd "     \
      "rydych yn edrych.")                                                                         \
    X(HELPING_NOBODY, "There is nobody whose record you may see just now.",                        \
      "Nid oes neb y cewch weld eu cofnod ar hyn o bryd.")                                         \
    X(FIND, "Find a person", "Dod o hyd i berson")                                                 \
    X(FIND_NUMBER_HINT, "10 digits, for example 999 123 4567",                                     \
      "10 digid, er enghraifft 999 123 4567")                                                      \
    X(FIND_OR, "If you do not have the NHS number, enter the name and the date of birth.",         \
      "Os nad yw’r rhif GIG gennych, rhowch yr enw a’r dyddiad geni.")                             \
    X(FAMILY_NAME, "Last name", "Cyfenw")                                                          \
    X(GIVEN_NAME, "First name", "Enw cyntaf")                                                      \
    X(BIRTH_DATE, "Date of birth", "Dyddiad geni")                                                 \
    X(BIRTH_DATE_HINT, "Day, month and year, for example 31 3 1980",                               \
      "Diwrnod, mis a blwyddyn, er enghraifft 31 3 1980")                                          \
    X(FIND_NEEDS, "Enter an NHS number, or a last name and a date of birth",                       \
      "Rhowch rif GIG, neu gyfenw a dyddiad geni")                                                 \
    X(NUMBER_WRONG, "This is no NHS number. Check the 10 digits",                                  \
      "Nid yw hwn yn rhif GIG. Gwiriwch y 10 digid")                                               \
    X(DATE_WRONG, "Enter a real date, for example 31 3 1980",                                      \
      "Rhowch ddyddiad go iawn, er enghraifft 31 3 1980")                                          \
    X(FOUND, "People found", "Pobl a gafwyd")                                                      \
    X(FOUND_NOBODY,                                                                                \
      "Nobody was found here. Check what you entered. Their record may be held by "                \
      "another organisation.",                                                                     \
      "Ni chafwyd neb yma. Gwiriwch yr hyn a roesoch. Efallai bod eu "                             \
      "cofnod gan sefydliad arall.")                                                               \
    X(FOUND_MORE, "There are more people than this list shows. Enter more of the name.",           \
      "Mae mwy o bobl nag y mae’r rhestr hon yn eu dangos. Rhowch fwy o’r enw.")                   \
    /* the record */                                                                               \
    X(RECORD, "Summary", "Crynodeb")                                                               \
    X(MY_RECORD, "My record", "Fy nghofnod")                                                       \
    X(RECORD_PARTS, "Parts of this summary", "Rhannau o’r crynodeb hwn")                           \
    X(HELD_UNTIL, "Something is held back until %s. You will see it then.",                        \
      "Mae rhywbeth yn cael ei ddal yn ôl tan %s. Byddwch yn ei weld bryd hynny.")                 \
    X(MADE,                                                                                        \
      "Made on %s from the record as it is kept here. Lists have the newest entries; the "         \
      "full website has all of them.",                                                             \
      "Gwnaed ar %s o’r cofnod fel y’i cedwir yma. Mae gan y "                                     \
      "rhestrau’r cofnodion diweddaraf; mae’r cyfan ar y wefan lawn.")                             \
    X(ALLERGIES, "Allergies and intolerances", "Alergeddau ac anoddefiadau")                       \
    X(MEDICINES, "Medicines", "Meddyginiaethau")                                                   \
    X(PROBLEMS, "Problems", "Problemau")                                                           \
    X(VACCINATIONS, "Vaccinations", "Brechiadau")                                                  \
    X(PROCEDURES, "Operations and treatments", "Llawdriniaethau a thriniaethau")                   \
    X(DEVICES, "Medical devices", "Dyfeisiau meddygol")                                            \
    X(LATEST_RESULTS, "Latest results", "Canlyniadau diweddaraf")                                  \
    X(MEASUREMENTS, "Latest measurements", "Mesuriadau diweddaraf")                                \
    X(SOCIAL, "How you live", "Sut yr ydych yn byw")                                               \
    X(PAST, "Past illnesses", "Salwch yn y gorffennol")                                            \
    X(FUNCTION, "Daily living", "Bywyd bob dydd")                                                  \
    X(PLANS, "Plans of care", "Cynlluniau gofal")                                                  \
    X(PREGNANCY, "Pregnancy", "Beichiogrwydd")                                                     \
    X(DIRECTIVES, "Wishes for the future", "Dymuniadau at y dyfodol")                              \
    /* results */                                                                                  \
    X(RESULTS, "Results", "Canlyniadau")                                                           \
    X(RESULTS_NONE, "No results are recorded here.", "Nid oes canlyniadau wedi’u cofnodi yma.")    \
    X(RESULTS_CAPTION, "Results, newest first", "Canlyniadau, y diweddaraf yn gyntaf")             \
    X(REPORTS, "Test reports", "Adroddiadau prawf")                                                \
    X(REPORTS_CAPTION, "Newest test reports", "Yr adroddiadau prawf diweddaraf")                   \
    X(REPORT, "Report", "Adroddiad")                                                               \
    X(DATE, "Date", "Dyddiad")                                                                     \
    X(TEST, "Test", "Prawf")                                                                       \
    X(RESULT, "Result", "Canlyniad")                                                               \
    X(RANGE, "Usual range", "Ystod arferol")                                                       \
    X(NOTE, "Note", "Nodyn")                                                                       \
    X(COMMENT, "Comment", "Sylw")                                                                  \
    X(STATUS, "Status", "Statws")                                                                  \
    X(BY, "By", "Gan")                                                                             \
    X(WORDS, "In words", "Mewn geiriau")                                                           \
    X(VALUES, "Values of this report", "Gwerthoedd yr adroddiad hwn")                              \
    X(AND, "to", "i")                                                                              \
    X(OR_MORE, "or more", "neu fwy")                                                               \
    X(UP_TO, "up to", "hyd at")                                                                    \
    X(SINCE, "since", "ers")                                                                       \
    X(UNTIL, "until", "tan")                                                                       \
    X(YES, "yes", "ie")                                                                            \
    X(NO, "no", "na")                                                                              \
    X(SERIES, "a series of measurements", "cyfres o fesuriadau")                                   \
    X(OLDER, "Older results", "Canlyniadau hŷn")                                                   \
    X(NEWEST, "Newest", "Diweddaraf")                                                              \
    /* letters */                                                                                  \
    X(LETTERS, "Letters and documents", "Llythyrau a dogfennau")                                   \
    X(LETTERS_CAPTION, "Letters and documents, newest first",                                      \
      "Llythyrau a dogfennau, y diweddaraf yn gyntaf")                                             \
    X(LETTERS_NONE, "No letters are recorded here.", "Nid oes llythyrau wedi’u cofnodi yma.")      \
    X(LETTER, "Letter or document", "Llythyr neu ddogfen")                                         \
    X(LETTER_FROM, "From", "Oddi wrth")                                                            \
    X(LETTER_KIND, "Kind", "Math")                                                                 \
    X(LETTER_OLDER, "Older letters", "Llythyrau hŷn")                                              \
    X(LETTER_FILE, "Open the original", "Agor y gwreiddiol")                                       \
    X(LETTER_NO_TEXT,                                                                              \
      "This document is a file that cannot be shown as text here. Open the "                       \
      "original.",                                                                                 \
      "Ffeil yw’r ddogfen hon, ac ni ellir ei dangos fel testun yma. Agorwch y "                   \
      "gwreiddiol.")                                                                               \
    X(LETTER_ELSEWHERE,                                                                            \
      "The file is kept elsewhere and cannot be opened from this page. Ask the "                   \
      "organisation that it is from.",                                                             \
      "Cedwir y ffeil mewn man arall ac ni ellir ei hagor o’r "                                    \
      "dudalen hon. Gofynnwch i’r sefydliad y daeth ohono.")                                       \
    X(LETTER_STRANGE, "This text has signs that cannot be shown. Open the original.",              \
      "Mae gan y testun hwn arwyddion na ellir eu dangos. Agorwch y gwreiddiol.")                  \
    /* who looked */                                                                               \
    X(LOOKED, "Who looked", "Pwy edrychodd")                                                       \
    X(LOOKED_MINE, "Who looked at your record", "Pwy edrychodd ar eich cofnod")                    \
    X(LOOKED_CAPTION, "Who looked, newest first", "Pwy edrychodd, y diweddaraf yn gyntaf")         \
    X(LOOKED_NONE, "Nobody has looked yet.", "Nid oes neb wedi edrych eto.")                       \
    X(LOOKED_ASK,                                                                                  \
      "If you do not recognise somebody, ask the organisation. You can also ask and "              \
      "check this list on the full website.",                                                      \
      "Os nad ydych yn adnabod rhywun, gofynnwch i’r "                                             \
      "sefydliad. Gallwch hefyd ofyn a gwirio’r rhestr hon ar y wefan lawn.")                      \
    X(LOOKED_OLDER, "Older entries", "Cofnodion hŷn")                                              \
    X(WHEN, "When", "Pryd")                                                                        \
    X(WHO, "Who", "Pwy")                                                                           \
    X(ORGANISATION, "Organisation", "Sefydliad")                                                   \
    X(WHY, "Why", "Pam")                                                                           \
    X(WHAT, "What", "Beth")                                                                        \
    X(TIMES, "%s times", "%s gwaith")                                                              \
    X(YOU, "You", "Chi")                                                                           \
    X(THE_PATIENT, "The patient", "Y claf")                                                        \
    X(A_PROGRAM, "A program", "Rhaglen")                                                           \
    X(NOT_TOLD_YET, "Not told yet", "Heb ei ddweud eto")                                           \
    X(ERASED, "Erased", "Wedi’i ddileu")                                                           \
    X(NAME_NOT_NOTED, "Name not noted", "Enw heb ei nodi")                                         \
    X(NO_TIE, "nothing here said that they look after this person",                                \
      "nid oedd dim yma’n dweud eu bod yn gofalu am y person hwn")                                 \
    X(THEY_SAID, "They said", "Dywedasant")                                                        \
    /* faults */                                                                                   \
    X(NO_PAGE, "Page not found", "Heb ddod o hyd i’r dudalen")                                     \
    X(NO_PAGE_WORDS,                                                                               \
      "There is nothing at this address, or you may not see it. Check the "                        \
      "address, or go back to the start.",                                                         \
      "Nid oes dim yn y cyfeiriad hwn, neu ni chewch ei "                                          \
      "weld. Gwiriwch y cyfeiriad, neu ewch yn ôl i’r dechrau.")                                   \
    X(NOT_ALLOWED, "You may not see this", "Ni chewch weld hwn")                                   \
    X(NOT_ALLOWED_WORDS,                                                                           \
      "If you think that you should see it, ask the organisation that looks "                      \
      "after this record.",                                                                        \
      "Os credwch y dylech ei weld, gofynnwch i’r sefydliad sy’n gofalu "                          \
      "am y cofnod hwn.")                                                                          \
    X(STALE, "This page is too old", "Mae’r dudalen hon yn rhy hen")                               \
    X(STALE_WORDS,                                                                                 \
      "The form was open too long, was opened in another browser, or comes from "                  \
      "another website. Nothing was done. Go back to the start and try again. Your browser "       \
      "must accept cookies.",                                                                      \
      "Bu’r ffurflen ar agor yn rhy hir, neu daw o wefan arall. Ni "                               \
      "wnaed dim. Ewch yn ôl i’r dechrau a cheisiwch eto. Rhaid i’ch porwr dderbyn cwcis.")        \
    X(NOT_UNDERSTOOD, "This could not be understood", "Ni ellid deall hwn")                        \
    X(CLOSED, "This record is closed to you", "Mae’r cofnod hwn ar gau i chi")                     \
    X(CLOSED_WORDS,                                                                                \
      "Nothing of it is shown. That does not mean that there is nothing in it. If you look after " \
      "this person and may read records, open it with a reason on the full website.",              \
      "Ni ddangosir dim ohono. Nid yw hynny’n golygu nad oes dim ynddo. Os ydych yn gofalu am y "  \
      "person hwn ac yn cael darllen cofnodion, agorwch ef gyda rheswm ar y wefan lawn.")          \
    X(TROUBLE, "Sorry, there is a problem", "Mae’n ddrwg gennym, mae problem")                     \
    X(TROUBLE_WORDS,                                                                               \
      "Nothing was changed. Try again in some minutes. If it goes on, tell the "                   \
      "organisation whose page this is.",                                                          \
      "Ni newidiwyd dim. Ceisiwch eto ymhen ychydig "                                              \
      "funudau. Os yw’n parhau, dywedwch wrth y sefydliad y mae’r dudalen hon yn perthyn iddo.")   \
    X(START, "Go to the start", "Mynd i’r dechrau")

enum plain_text {
#define PLAIN_ENUM(name, en, cy) TEXT_##name,
    PLAIN_TEXTS(PLAIN_ENUM)
#undef PLAIN_ENUM
        TEXT_COUNT
};

text plain_text(enum language language, enum plain_text which);
/* 1 to 12: "March", "Mawrth". Empty: there is no such month. */
text plain_month(enum language language, unsigned month);
/* "en-GB", "cy" */
text plain_language(enum language language);

#endif
