#include "synth/names.h"

#include <stddef.h>

const char *const english_female[] = {
    "Olivia",   "Amelia", "Isla",      "Ava",     "Lily",    "Freya",    "Florence",
    "Grace",    "Evie",   "Charlotte", "Emily",   "Daisy",   "Poppy",    "Ruby",
    "Sophie",   "Chloe",  "Jessica",   "Lauren",  "Hannah",  "Rebecca",  "Laura",
    "Gemma",    "Kelly",  "Emma",      "Sarah",   "Claire",  "Nicola",   "Rachel",
    "Victoria", "Zoë",    "Megan",     "Bethany", "Georgia", "Abigail",  "Holly",
    "Katie",    "Amy",    "Samantha",  "Natalie", "Joanne",  "Michelle", "Lucy",
    "Ellie",    "Phoebe", "Harriet",   "Chloé",   "Eleanor", "Imogen",   NULL};
const char *const english_male[] = {
    "Oliver", "George",  "Arthur",   "Noah",        "Leo",    "Oscar",  "Harry",   "Archie",
    "Jack",   "Henry",   "Charlie",  "Freddie",     "Alfie",  "Thomas", "William", "Joshua",
    "Daniel", "Matthew", "James",    "Luke",        "Adam",   "Ryan",   "Jordan",  "Lee",
    "Craig",  "Gareth",  "Andrew",   "Christopher", "Mark",   "Paul",   "Stephen", "Simon",
    "Darren", "Jason",   "Benjamin", "Samuel",      "Joseph", "Edward", "Callum",  "Nathan",
    "Kieran", "Connor",  "Lewis",    "Toby",        "Elliot", "Reuben", "Theo",    NULL};
const char *const english_female_old[] = {
    "Margaret", "Jean",       "Mary",     "Joan",     "Patricia", "Sheila", "Barbara", "Doreen",
    "June",     "Shirley",    "Dorothy",  "Joyce",    "Maureen",  "Brenda", "Pamela",  "Doris",
    "Hilda",    "Edna",       "Sylvia",   "Beryl",    "Marjorie", "Susan",  "Linda",   "Christine",
    "Carol",    "Jacqueline", "Janet",    "Valerie",  "Eileen",   "Audrey", "Ivy",     "Gladys",
    "Vera",     "Muriel",     "Jennifer", "Rosemary", NULL};
const char *const english_male_old[] = {
    "John",   "Ronald",  "Peter",    "Derek",    "Kenneth", "Dennis", "Raymond", "Brian",
    "Roy",    "Eric",    "Leslie",   "Norman",   "Gordon",  "Frank",  "Albert",  "Stanley",
    "Ernest", "Cyril",   "Reginald", "Geoffrey", "Alan",    "Keith",  "Trevor",  "Graham",
    "Roger",  "Terence", "Colin",    "Malcolm",  "Bernard", "Harold", "Sidney",  "Walter",
    "David",  "Michael", "Robert",   "Anthony",  NULL};
const char *const english_family[] = {
    "Smith",       "Taylor",      "Brown",     "Wilson",         "Johnson",    "Wright",
    "Walker",      "White",       "Green",     "Hall",           "Wood",       "Clarke",
    "Jackson",     "Turner",      "Hill",      "Cooper",         "Ward",       "Moore",
    "Baker",       "Harrison",    "Carter",    "Shaw",           "Mitchell",   "Parker",
    "Cook",        "Bennett",     "Marshall",  "Fletcher",       "Barker",     "Holmes",
    "Mason",       "Webb",        "Chapman",   "Palmer",         "Knight",     "Fox",
    "Hargreaves",  "Butterworth", "Ackroyd",   "Thistlethwaite", "Birtwistle", "Featherstonehaugh",
    "Smith-Jones", "Hope-Barton", "Sykes",     "Ogden",          "Pickering",  "Wainwright",
    "Hartley",     "Greenhalgh",  "Rowbottom", "Penrose",        "Trelawney",  "Tregenza",
    "Fairclough",  "Whittaker",   "Sugden",    "Armitage",       "Holroyd",    "Lister",
    "Barraclough", "Crabtree",    "Dewhurst",  "Entwistle",      "Gaunt",      "Hebblethwaite",
    "Ibbotson",    "Jagger",      "Kershaw",   "Ludlam",         "Midgley",    "Naylor",
    "Ormerod",     "Priestley",   "Quarmby",   "Ramsbottom",     "Sowerby",    "Tattersall",
    "Umpleby",     "Varley",      "Womersley", "Yates",          "Dean",       "Ashworth",
    "Beaumont",    "Cartwright",  "Drake",     "Ellis",          "Farrow",     "Garside",
    "Haigh",       NULL};

const char *const welsh_female[] = {"Siân", "Ffion", "Cerys", "Angharad", "Nia",   "Mair", "Eirlys",
                                    "Gwen", "Carys", "Lowri", "Bronwen",  "Nerys", NULL};
const char *const welsh_male[] = {"Gareth", "Rhys",  "Iwan",   "Dafydd", "Huw",  "Emyr", "Siôn",
                                  "Ieuan",  "Owain", "Gwilym", "Tomos",  "Llŷr", NULL};
const char *const welsh_family[] = {"Jones",     "Davies",    "Evans",     "Williams", "Morgan",
                                    "Llewellyn", "Griffiths", "Pritchard", "Bowen",    "Rees",
                                    "ap Rhys",   "Vaughan",   "Probert",   "Bevan",    NULL};

const char *const scottish_female[] = {"Morag",  "Eilidh", "Fiona", "Kirsty", "Ailsa", "Catriona",
                                       "Isobel", "Mhairi", "Shona", "Iona",   "Senga", NULL};
const char *const scottish_male[] = {"Hamish", "Angus", "Callum",  "Fraser", "Ewan",  "Alasdair",
                                     "Duncan", "Iain",  "Ruaridh", "Gregor", "Murdo", NULL};
const char *const scottish_family[] = {
    "MacDonald", "Campbell", "Stewart",  "Robertson", "McKenzie", "Fraser", "Mac an Tòisich",
    "Sinclair",  "McLeod",   "Buchanan", "Ferguson",  "Kerr",     NULL};

const char *const irish_female[] = {"Siobhán",    "Niamh",   "Aoife", "Caoimhe", "Róisín",
                                    "Gráinne",    "Bríd",    "Maeve", "Orla",    "Sinéad",
                                    "Bernadette", "Deirdre", NULL};
const char *const irish_male[] = {"Seán",   "Pádraig", "Ciarán", "Eoin",  "Oisín", "Tadhg", "Liam",
                                  "Declan", "Brendan", "Cathal", "Fionn", "Eamon", NULL};
const char *const irish_family[] = {"O'Neill",        "O'Brien",       "Murphy",   "Kelly",
                                    "Ó Súilleabháin", "Ní Dhomhnaill", "O'Connor", "Byrne",
                                    "Gallagher",      "Doherty",       "McCarthy", "O'Shaughnessy",
                                    "D'Arcy",         "Fitzpatrick",   NULL};

const char *const caribbean_female[] = {"Shanice",   "Marcia",   "Yvonne", "Latoya", "Beverley",
                                        "Keisha",    "Hyacinth", "Gloria", "Simone", "Naomi",
                                        "Claudette", "Aaliyah",  NULL};
const char *const caribbean_male[] = {"Winston", "Delroy",  "Jermaine", "Tyrone", "Leroy",
                                      "Marlon",  "Devon",   "Clive",    "Errol",  "Isaiah",
                                      "Malachi", "Desmond", NULL};
const char *const caribbean_family[] = {"Campbell",  "Grant",    "Francis",  "Reid",     "Gordon",
                                        "Powell",    "Blake",    "Bailey",   "Gayle",    "Samuels",
                                        "St. Louis", "Baptiste", "Morrison", "Beckford", NULL};
