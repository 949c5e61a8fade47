#include "fhir/match_int.h"

/*
 * What is known of the names of people in the United Kingdom: forms that go together, and names
 * that only look alike. Folded, as index_fold() does it; a row is a list of words.
 */

static const char *const given_forms[] = {
    /* English, Scottish, Irish and Welsh. */
    "abigail abbie abby abi",
    "adam adamu",
    "agnes nessa nan",
    "alan allan allen alun",
    "alasdair alistair alastair alister ally",
    "albert bert bertie al",
    "alexander alex sandy alec alasdair",
    "alexandra alex sandra lexi",
    "alfred alf alfie fred",
    "alice alys",
    "alison ali ally allison",
    "amanda mandy",
    "andrew andy drew",
    "angela angie",
    "ann anne anna annie nan",
    "anthony tony antony",
    "archibald archie",
    "arthur art artie",
    "barbara barb babs",
    "bartholomew bart",
    "beatrice bea beattie trixie",
    "benjamin ben benny",
    "bernard bernie",
    "bethany beth",
    "bridget brigid bridie biddy",
    "brian bryan",
    "bronwen bron bronwyn",
    "cameron cam",
    "caoimhe keeva kiva queeva",
    "carol carole carolyn caroline carrie",
    ("catherine katherine kathryn katharine kathrine katheryn kate katie katy cathy kathy kath "
     "cath cat catriona katrina caitlin"),
    "charles charlie chas chuck",
    "charlotte charlie lottie lotte",
    "christina christine chris tina kirsty",
    "christopher chris kit topher",
    "clare claire clair",
    "colin col",
    "conor connor",
    "daniel dan danny danil",
    "david dave davy dai dafydd davie dewi",
    "deborah debra debbie debbi deb",
    "derek derrick",
    "diana diane dianne di",
    "dominic dom",
    "donald don donny",
    "dorothy dot dottie dolly",
    "douglas doug",
    "edward ed eddie ted teddy ned eddy",
    "eilidh ailie ayley",
    "eileen aileen eibhlin",
    "eleanor ellie nell nora elinor eleanora",
    "elizabeth elisabeth liz lizzie beth betty eliza libby elsie lisa bess betsy",
    "emily emmy em",
    "eoin owen eoghan euan ewan ewen iwan ieuan evan",
    "eric erik",
    "ethel eth",
    "florence flo florrie flossie",
    "frances fran francesca frankie",
    "francis frank frankie",
    "frederick fred freddie freddy frederic",
    "gabriel gabe",
    "gareth gary garry gaz",
    "geoffrey jeffrey geoff jeff jeffery",
    "george georgie",
    "gerald gerry jerry gerard",
    "gillian jill gill jillian",
    "graham graeme grahame",
    "gregory greg gregor",
    "gwendolen gwen gwenda gwendoline gwendolyn",
    "hannah hanna",
    "harold harry hal",
    "harriet hattie",
    "helen helena ellen nell",
    "henry harry hal hank",
    "hugh hughie huw shug",
    "ian iain",
    "irene rene",
    "isaac zac izaak",
    "isabella isabel isobel isabelle bella izzy ishbel bel",
    "jacob jake",
    "jacqueline jackie jacqui jaqueline",
    "james jim jimmy jamie seamus hamish jem",
    "jane janie sinead jayne",
    "janet jan jenny",
    "janice jan",
    "jennifer jen jenny jenn",
    "jessica jess jessie",
    "joan joanie siobhan",
    "joanne jo joanna joann",
    "john jack johnny jon",
    "jonathan jon jonny johnathan jonathon",
    "joseph joe joey",
    "josephine jo josie",
    "joshua josh",
    "judith judy",
    "julia julie",
    "karen karin",
    "kenneth ken kenny",
    "kimberley kim kimberly",
    "laura laurie",
    "lawrence laurence larry laurie lawrie",
    "leonard len lenny leo",
    "leslie les lesley",
    "lewis louis lou llewelyn",
    "lillian lily lilian lil",
    "llewellyn llywelyn llewelyn llew lyn",
    "louise lou",
    "lucy lucie lucinda",
    "lynn lynne lyn linda",
    "madeleine maddie madeline maddy",
    "malcolm mal",
    "margaret maggie meg peggy rita marge margie mairead greta madge peg",
    "marion marian",
    "marjorie marge margery",
    "mark marc",
    "martin marty martyn",
    "mary maria marie moira maire may molly polly mairi",
    "matilda tilly mattie",
    "matthew matt mathew",
    "maureen mo",
    "maurice morris",
    "maxwell max maximilian",
    "megan meg meghan",
    "michael mike mick mickey micky micheal mikey",
    "michelle shell michele",
    "mildred millie",
    "natalie nat nathalie natalia",
    "nathan nat nathaniel",
    "niamh neve neave",
    "nicholas nick nicky nicolas nico",
    "nicola nicky nikki nichola",
    "olivia liv livvy",
    "oliver ollie olly",
    "oonagh una",
    "padraig patrick pat paddy padraic",
    "pamela pam",
    "patricia pat trish tricia patsy",
    "pauline paula",
    "penelope penny",
    "peter pete",
    "philip phil phillip",
    "philippa pippa pip",
    "rachel rachael rach",
    "raymond ray",
    "rebecca becky becca bex rebekah",
    "reginald reg reggie",
    "rhys reece rees reese",
    "richard dick rick ricky rich richie",
    "robert bob rob bobby robbie bert rab bobbie",
    "roger rodge",
    "ronald ron ronnie",
    "rory ruairi ruaridh",
    "rosemary rose rosie",
    "roy ruairidh",
    "russell russ",
    "ruth ruthie",
    "samantha sam sammy",
    "samuel sam sammy",
    "sarah sally sara sadie",
    "sean shaun shawn eoin",
    "shane shayne",
    "sian shan jane",
    "sidney sid sydney syd",
    "simon si",
    "sinead shinade",
    "siobhan shevaun chevonne shivaun",
    "stanley stan",
    "stephanie steph stephenie",
    "stephen steven steve stevie stefan",
    "stuart stewart stu",
    "susan sue susanne suzanne susie suzie susannah",
    "sylvia silvia sylvie",
    "teresa theresa therese terry tess tessa",
    "terence terry terrance",
    "theodore ted theo",
    "thomas tom tommy tam tomos",
    "timothy tim timmy",
    "tracey tracy",
    "una oona",
    "valerie val",
    "veronica ronnie vera",
    "victor vic",
    "victoria vicky tori vikki vickie",
    "vincent vince vinnie",
    "vivienne viv vivian vivien",
    "walter wally walt",
    "wendy wend",
    "wilfred wilf",
    "william bill will billy willie liam gwilym wills uilleam",
    "winifred win winnie",
    "yvonne evonne",
    "zachary zach zac zack",
    "zoe zoey",
    /* Of the Arab world and South Asia. */
    "mohammed muhammad mohamed mohammad muhammed mohamad mohammod muhamad mahomed mo md mohd muhd",
    "ahmed ahmad ahmet achmed",
    "aisha ayesha aysha aishah aesha aicha",
    "ali aly",
    "amina aminah ameena amna",
    "asma asmaa",
    "bilal bilaal",
    "fatima fatimah fatema fatma fatemah fatoumata",
    "faisal faysal feisal",
    "farouk faruq farooq faruk",
    "hamza hamzah",
    "hassan hasan",
    "hussain hussein husain husayn hossain hussayn husein",
    "ibrahim ebrahim ibraheem",
    "iqbal ikbal",
    "ismail ismael esmail",
    "jamal jamaal gamal",
    "karim kareem",
    "khadija khadijah khadeeja kadija",
    "khalid khaled",
    "leila layla laila leyla",
    "mahmood mahmoud mehmood mahmud",
    "maryam mariam miriam meryem",
    "mehmet mehmed",
    "mustafa mustapha moustafa",
    "nadia nadiya",
    "noor nur nour",
    "omar umar omer",
    "osman usman othman uthman",
    "rashid rasheed",
    "saeed said sayeed",
    "safiya safia safiyya",
    "salim saleem",
    "samira sameera",
    "shaikh sheikh",
    "suleiman sulaiman suleman",
    "syed sayed sayyid saiyad",
    "tariq tarek tarik tareq",
    "yasmin yasmeen jasmin jasmine yasmine",
    "yusuf yousef yousuf yusef youssef yousif",
    "zainab zaynab zeinab zeynep",
    "zahra zara zahrah",
    "gurpreet gurprit",
    "harjit harjeet",
    "manjit manjeet",
    "amarjit amarjeet",
    "sukhjit sukhjeet",
    "jaswinder jasvinder",
    "kulwinder kulvinder",
    "lakshmi laxmi",
    "vijay bijay",
    "vikram bikram",
    "deepak dipak",
    "sunita suneeta",
    /* Of Europe, West Africa and China. */
    "agnieszka aga",
    "aleksandra ola alexandra",
    "andrei andrej andrzej",
    "katarzyna kasia",
    "krzysztof krzysiek",
    "malgorzata gosia",
    "mihai mihail",
    "piotr pyotr",
    "tomasz tomek",
    "wojciech wojtek",
    "giuseppe beppe peppe",
    "jose pepe",
    "francisco paco",
    "joao joaozinho",
    "oluwaseun seun",
    "oluwatobiloba tobiloba tobi oluwatobi",
    "oluwafemi femi",
    "babatunde tunde",
    "olufunke funke",
    "adebayo bayo",
    "oluwaseyi seyi",
    "chukwuemeka emeka",
    "chinedu nedu edu",
    "ngozi ngo",
    "ifeoma ify",
    "kwame kwami",
    "kofi koffi",
    "akosua akos",
    "abena abenaa",
    "efua efia",
    "xiaoming hsiaoming",
    "wai wei",
};

/* Each row: names of different people, alike as they are; where | parts a row, what is between is
 * one name. */
static const char *const given_apart[] = {
    "hassan hasan|hussain husain hussein hossain husayn",
    "mohammed muhammad mohammad mohamed|mahmood mahmoud mahmud mehmet|ahmed ahmad",
    "amir emir|umar omar|amar|amira",
    "jayden hayden kayden brayden aiden caden zayden jaden kaden jaiden",
    "ella elle ellie emma eva ela ellen eliza",
    "louis luis|louise louisa",
    "lewis lewisa",
    "paul|paula pauline",
    "daniel|daniela danielle daniella",
    "simon|simone simona",
    "martin|martina martine",
    "mia maya mya myla mila",
    "aaron erin arran",
    "carl karl|carla|carlo",
    "eric erik|erica erika",
    "patrick patricia",
    "christian christina christine christiane",
    "harry harriet",
    "robert roberta",
    "george georgia georgina",
    "alan|alana alanna",
    "joe zoe noe",
    "max mac",
    "tim tom jim kim",
    "jan jon ian dan",
    "john joan jean jane",
    "mary marie maria|marina|marion",
    "lily lilly|lola|lila",
    "emma gemma jemma",
    "ben ken len",
    "sara sarah|tara|lara|zara|kara|clara",
    "ali|alia alya aliya",
    "amina amna aminah|amira",
    "michael michaela michelle michel",
    "gabriel|gabriela gabrielle",
    "samuel samuela",
    "joseph josepha josephine",
    "julian|juliana|julia julie|julius",
    "justin|justina justine",
    "adrian adriana adrienne",
    "alexander alexandra",
    "andrew andrea",
    "francis frances francesca",
    "nicholas nicola nicole",
    "stephen stephanie",
    "victor victoria",
    "anton antonia",
    "dominic dominica",
    "claude claudia",
    "philip philippa",
    "lee|leah lea",
    "jack jake jade",
    "freddie teddie",
    "ryan bryan rhian",
    "kyle kylie",
    "owen gwen",
    "evan eva ewan",
    "liam lia",
    "noah nora noa",
    "isla ida ila ayla",
    "olivia olive oliver",
    "amelia emilia amelie emily",
    "ava eva ada ayva",
    "ethan evan nathan",
    "logan rogan",
    "mason jason",
    "finn flynn",
    "leo leon theo",
    "alfie archie",
    "rosie josie",
    "molly polly holly dolly",
    "ellis ellie",
    "kian cian|ian",
    "darren warren karen",
    "sharon shannon",
    "tracy tracey|stacy stacey",
    "shane wayne shaun",
    "dean sean jean",
    "manjit baljit harjit amarjit surjit daljit ranjit",
    "harpreet gurpreet manpreet jaspreet sukhpreet simranpreet amanpreet",
    "jaswinder kulwinder parminder baljinder sukhwinder harwinder",
    "rajesh ramesh mahesh suresh dinesh mukesh hitesh bhavesh naresh",
    "priya riya diya",
    "meena reena leena veena heena seema",
    "nasima rahima fatima halima salima karima",
    "kwame kwabena kwaku kweku kwasi",
    "kofi kojo",
    "taiwo kehinde",
    "ming man mei",
    "wei wai wen",
    "yan yun yin",
    "li lee lin",
    "jun jin",
    "hui hua",
    "ravi rani raj",
    "aisha ayesha aysha|isha|alisha",
    "zain zayn|zaid zayd",
    "imran kamran",
    "asif arif atif",
    "nadia nadira",
    "shabana rubana",
    "farah|sarah sara|zara zahra",
    "anna|hanna hannah|emma",
    "luke|luca luka|lucas",
    "ana ina ena",
    "ivan ivana",
    "marian marion|mariana",
};

static const char *const family_forms[] = {
    "chan chen chin tan",
    "wong wang huang hwang",
    "cheung zhang chang cheong",
    "li lee lei",
    "ng wu woo",
    "lam lin lim",
    "leung liang leong",
    "ho he",
    "lau liu low",
    "yip ye yap",
    "kwok guo",
    "cheng zheng",
    "chow zhou chou",
    "hui xu hsu",
    "tsang zeng",
    "yeung yang yong",
    "ma mah",
    "choudhury chaudhry chowdhury choudhry chaudhary choudhary chaudhuri",
    "hussain hussein husain hossain",
    "ahmed ahmad",
    "mohammed muhammad mohamed mohammad",
    "sheikh shaikh shaik",
    "syed sayed sayyid",
    "miah mia mian",
    "rahman rehman",
    "uddin udin din",
    "begum begam",
    "kaur kour",
    "siddiqui siddique siddiqi",
    "qureshi quraishi koreshi",
    "thompson thomson tomson",
    "johnson johnston johnstone",
    "reid reed read",
    "clark clarke",
    "brown browne",
    "smith smyth smythe",
    "stewart stuart steuart",
    "davis davies",
    "rees reece rhys",
    "price preece pryce",
    "evans evan",
    "philips phillips",
    "owen owens",
    "lewis louis",
    "macdonald mcdonald macdonnell",
    "macleod mccloud mcleod",
    "mackenzie mckenzie",
    "mackay mckay mckie",
    "obrien briain obriain",
    "oneill neill oneil neil",
    "murphy murchu",
    "kelly kelley ceallaigh",
    "byrne byrnes obyrne",
    "reilly riley oreilly oriley",
    "doherty docherty odoherty dogherty",
    "gallagher gallacher",
};

static const char given_customs[] =
    "mohammed muhammad mohamed mohammad muhammed mohamad muhamad md mohd muhd abdul abd abdel abu "
    "syed sayed sayyid shaikh sheikh mst mosammat musammat bibi sri shri hafiz haji";

static const char placeholders[] =
    "baby infant newborn neonate twin triplet quad unnamed unknown unk nk na tbc tbn boy girl male "
    "female bb bg bo mother";

static const char common_families[] =
    "smith jones williams taylor brown davies evans thomas wilson johnson roberts khan patel singh "
    "kaur begum bibi ali hussain ahmed miah uddin shah rahman khatun akhtar islam chan wong chen "
    "li "
    "lee wang zhang murphy kelly macdonald campbell nguyen hughes lewis edwards";

/* Roads and what is in them, as people shorten them. */
static const char *const line_words[][2] = {
    {"street", "st"},    {"road", "rd"},       {"avenue", "ave"},     {"av", "ave"},
    {"lane", "ln"},      {"drive", "dr"},      {"close", "cl"},       {"court", "ct"},
    {"gardens", "gdns"}, {"crescent", "cres"}, {"square", "sq"},      {"place", "pl"},
    {"terrace", "tce"},  {"terr", "tce"},      {"apartment", "flat"}, {"apt", "flat"},
    {"saint", "st"},     {"grove", "gr"},      {"park", "pk"},        {"mount", "mt"},
};

bool match_is_word_of(text word, text list)
{
    text one;
    while (word.n && text_cut(&list, ' ', &one)) {
        if (text_eq(word, one)) {
            return true;
        }
    }
    return false;
}

static bool in_one_row(text a, text b, const char *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text row = text_of(rows[i]);
        if (match_is_word_of(a, row) && match_is_word_of(b, row)) {
            return true;
        }
    }
    return false;
}

bool match_given_forms(text a, text b)
{
    return in_one_row(a, b, given_forms, sizeof given_forms / sizeof *given_forms);
}

/* Which group of a row has the word; 0: none. */
static unsigned group_of(text word, text row)
{
    char between = text_find(row, '|') < row.n ? '|' : ' ';
    text group;
    for (unsigned i = 1; text_cut(&row, between, &group); i++) {
        if (match_is_word_of(word, group)) {
            return i;
        }
    }
    return 0;
}

bool match_given_apart(text a, text b)
{
    for (size_t i = 0; i < sizeof given_apart / sizeof *given_apart; i++) {
        text row = text_of(given_apart[i]);
        unsigned x = group_of(a, row);
        unsigned y = x ? group_of(b, row) : 0;
        if (x && y && x != y) {
            return true;
        }
    }
    return false;
}

bool match_family_forms(text a, text b)
{
    return in_one_row(a, b, family_forms, sizeof family_forms / sizeof *family_forms);
}

bool match_given_custom(text word)
{
    return match_is_word_of(word, text_make(given_customs, sizeof given_customs - 1));
}

bool match_given_placeholder(text word)
{
    return match_is_word_of(word, text_make(placeholders, sizeof placeholders - 1));
}

bool match_family_common(text folded)
{
    return match_is_word_of(folded, text_make(common_families, sizeof common_families - 1));
}

text match_line_word(text word)
{
    for (size_t i = 0; i < sizeof line_words / sizeof *line_words; i++) {
        if (text_eq(word, text_of(line_words[i][0]))) {
            return text_of(line_words[i][1]);
        }
    }
    return word;
}
