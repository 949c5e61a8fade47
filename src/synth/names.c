#include "synth/names.h"

#include <stddef.h>

static const char *const polish_f[] = {"Agnieszka", "Małgorzata", "Katarzyna", "Zofia",
                                       "Bożena",    "Ewa",        "Joanna",    "Łucja",
                                       "Maja",      "Hanna",      NULL};
static const char *const polish_m[] = {"Łukasz",    "Paweł",      "Tomasz", "Wojciech",
                                       "Stanisław", "Krzysztof",  "Jakub",  "Michał",
                                       "Andrzej",   "Bartłomiej", NULL};
static const char *const polish_n[] = {
    "Kowalski",  "Wiśniewski", "Nowak",     "Wójcik",      "Zieliński",  "Szymański", "Śliwiński",
    "Dąbrowski", "Żak",        "Jabłoński", "Łukaszewicz", "Przybylski", NULL};
static const char *const romanian_f[] = {"Ioana", "Elena",  "Ștefania", "Mihaela", "Andreea",
                                         "Doina", "Raluca", "Florica",  NULL};
static const char *const romanian_m[] = {"Ștefan", "Ion",    "Gheorghe", "Mihai", "Cătălin",
                                         "Andrei", "Răzvan", "Vasile",   NULL};
static const char *const romanian_n[] = {"Popescu",  "Ionescu",   "Țurcanu",
                                         "Munteanu", "Stănescu",  "Văcărescu",
                                         "Dumitru",  "Enăchescu", NULL};
static const char *const portuguese_f[] = {"Maria", "Inês",    "Conceição", "Beatriz", "Fátima",
                                           "Joana", "Mariana", "Lúcia",     NULL};
static const char *const portuguese_m[] = {"João",  "António", "Luís",    "Tiago", "José",
                                           "Simão", "Rui",     "Gonçalo", NULL};
static const char *const portuguese_n[] = {"Gonçalves", "Conceição", "Magalhães",  "Simões",
                                           "Araújo",    "da Silva",  "dos Santos", "Fernandes",
                                           "Brandão",   NULL};
static const char *const spanish_f[] = {"Begoña", "Lucía",  "María José", "Inés",
                                        "Rocío",  "Carmen", NULL};
static const char *const spanish_m[] = {"Íñigo",   "José",   "Andrés", "Álvaro",
                                        "Joaquín", "Martín", NULL};
static const char *const spanish_n[] = {"Núñez",   "García",     "Ibáñez", "Peña",
                                        "Jiménez", "de la Cruz", NULL};
static const char *const italian_f[] = {"Giulia", "Chiara", "Lucia", "Antonella", "Rosaria", NULL};
static const char *const italian_m[] = {"Niccolò",   "Giuseppe", "Matteo",
                                        "Salvatore", "Pietro",   NULL};
static const char *const italian_n[] = {"D'Angelo", "Rossi",      "De Luca",
                                        "Esposito", "Dell'Acqua", NULL};
static const char *const turkish_f[] = {"Ayşe",   "Zeynep", "Gülşen", "Elif",
                                        "Çiğdem", "Özlem",  NULL};
static const char *const turkish_m[] = {"Oğuz", "Mehmet", "İbrahim", "Çağlar",
                                        "Ömer", "Emre",   NULL};
static const char *const turkish_n[] = {"Yılmaz", "Şahin", "Öztürk", "Çelik",
                                        "Doğan",  "Kılıç", "Güneş",  NULL};
static const char *const arabic_f[] = {"Fatima", "Noor",  "Layla", "Hala",
                                       "Zainab", "Rania", "Amal",  NULL};
static const char *const arabic_m[] = {"Mohammed", "Omar",   "Yousef", "Khalid",
                                       "Tariq",    "Hassan", "Bilal",  NULL};
static const char *const arabic_n[] = {"Al-Hashimi", "El-Sayed", "Abdullah",
                                       "Al-Tikriti", "Haddad",   "Ben Youssef",
                                       "Mansour",    "Nasser",   NULL};
static const char *const pakistani_f[] = {"Ayesha", "Shazia",  "Nasreen",  "Parveen",
                                          "Zara",   "Saima",   "Rukhsana", "Maryam",
                                          "Iqra",   "Sumaira", NULL};
static const char *const pakistani_m[] = {"Muhammad", "Imran",  "Asif",   "Zeeshan",
                                          "Tariq",    "Haroon", "Shahid", "Usman",
                                          "Yusuf",    "Waqas",  NULL};
static const char *const pakistani_n[] = {"Khan",  "Hussain", "Ahmed", "Akhtar",   "Mahmood",
                                          "Malik", "Iqbal",   "Raja",  "Chaudhry", "Shah",
                                          "Butt",  "Mirza",   NULL};
static const char *const punjabi_f[] = {"Harpreet",  "Manjit",  "Gurpreet", "Simran",
                                        "Jaswinder", "Jasleen", "Baljit",   NULL};
static const char *const punjabi_m[] = {"Gurdeep", "Harjit", "Amarjit", "Jaspal",
                                        "Sukhdev", "Arjan",  "Balbir",  NULL};
static const char *const punjabi_n[] = {"Gill",   "Sandhu", "Dhillon", "Sidhu", "Bains",
                                        "Grewal", "Johal",  "Sahota",  NULL};
static const char *const bengali_f[] = {"Nasima", "Sultana", "Rahima",  "Tahmina",
                                        "Shirin", "Jannat",  "Farzana", NULL};
static const char *const bengali_m[] = {"Abdul",   "Rafiqul", "Shamsul", "Kamal",
                                        "Mizanur", "Tanvir",  "Nazrul",  NULL};
static const char *const bengali_n[] = {"Begum", "Miah",  "Uddin", "Chowdhury", "Rahman",
                                        "Islam", "Haque", "Ali",   "Khatun",    NULL};
static const char *const gujarati_f[] = {"Hansa", "Priya", "Jyoti",  "Kavita",
                                         "Meena", "Diya",  "Ranjan", NULL};
static const char *const gujarati_m[] = {"Rajesh", "Bhavesh", "Dinesh", "Mukesh",
                                         "Nikhil", "Kiran",   "Hitesh", NULL};
static const char *const gujarati_n[] = {"Patel",   "Shah",    "Mistry", "Desai", "Parmar",
                                         "Solanki", "Chauhan", "Joshi",  NULL};
static const char *const tamil_f[] = {"Lakshmi",  "Kavitha", "Meenakshi",
                                      "Sivagami", "Anjali",  NULL};
static const char *const tamil_m[] = {"Senthil",      "Murugan", "Karthik",
                                      "Balakrishnan", "Arun",    NULL};
static const char *const tamil_n[] = {"Sivakumar",        "Ramanathan", "Selvarajah",
                                      "Thirunavukkarasu", "Krishnan",   NULL};
static const char *const keralan_f[] = {"Bindu", "Sheeba", "Annamma", "Jincy", "Reshma", NULL};
static const char *const keralan_m[] = {"Biju", "Shaji", "Jijo", "Sunil", "Anoop", NULL};
static const char *const keralan_n[] = {"Thomas", "Varghese", "Kurian", "Nair", "Mathew", NULL};
static const char *const nepali_f[] = {"Sita", "Laxmi", "Bishnu", "Anita", NULL};
static const char *const nepali_m[] = {"Dhan", "Prem", "Suresh", "Bikram", NULL};
static const char *const nepali_n[] = {"Gurung", "Thapa", "Rai", "Limbu", "Shrestha", NULL};
static const char *const yoruba_f[] = {"Adébáyọ̀",  "Folasade", "Títílayọ̀", "Yetunde",
                                       "Abimbola", "Temitope", "Omolara",  NULL};
static const char *const yoruba_m[] = {"Olumide", "Babatunde", "Adéwálé", "Segun",
                                       "Ayodele", "Kolawole",  "Tunde",   NULL};
static const char *const yoruba_n[] = {"Adeyemi", "Ọláwálé", "Ogunleye", "Akinwande",
                                       "Balogun", "Adebayo", "Fashola",  NULL};
static const char *const igbo_f[] = {"Ngozi", "Chiamaka", "Adaeze", "Ifeoma", "Nkechi", NULL};
static const char *const igbo_m[] = {"Chukwuemeka", "Obinna", "Ikenna", "Chinedu", "Nnamdi", NULL};
static const char *const igbo_n[] = {"Okafor", "Nwosu", "Okonkwo", "Eze", "Onyeka", NULL};
static const char *const ghanaian_f[] = {"Akosua", "Abena", "Efua", "Ama", "Adwoa", "Esi", NULL};
static const char *const ghanaian_m[] = {"Kwame", "Kofi", "Yaw", "Kwabena", "Kojo", "Ebo", NULL};
static const char *const ghanaian_n[] = {"Mensah",     "Owusu",    "Boateng", "Asante",
                                         "Osei-Bonsu", "Amponsah", "Quartey", NULL};
static const char *const somali_f[] = {"Hodan", "Faduma",  "Amina", "Ifrah",
                                       "Sagal", "Khadija", NULL};
static const char *const somali_m[] = {"Abdi",   "Mohamed", "Warsame", "Farah",
                                       "Hassan", "Yusuf",   "Jama",    NULL};
static const char *const zimbabwean_f[] = {"Tendai", "Rudo", "Chipo", "Nyasha", NULL};
static const char *const zimbabwean_m[] = {"Tafadzwa", "Farai", "Tatenda", "Kudakwashe", NULL};
static const char *const zimbabwean_n[] = {"Moyo", "Ndlovu", "Sibanda", "Chikwanha", NULL};
static const char *const eritrean_f[] = {"Selam", "Tsehay", "Semhar", "Hiwet", NULL};
static const char *const eritrean_m[] = {"Yonas", "Tesfay", "Berhane", "Filmon", NULL};
static const char *const eritrean_n[] = {"Gebremedhin", "Tesfamariam", "Haile", "Woldemichael",
                                         NULL};
static const char *const chinese_f[] = {"Xiaoming", "Mei Ling", "Yǔxī", "Siu Fong",
                                        "Jing",     "Lihua",    NULL};
static const char *const chinese_m[] = {"Wei",    "Ka Ho",    "Jiàn", "Chi Keung",
                                        "Haoran", "Zhiqiang", NULL};
static const char *const chinese_n[] = {"Chan", "Wong", "Lǚ", "Zhang", "Cheung",
                                        "Li",   "Ng",   "Xu", "Lam",   NULL};
static const char *const vietnamese_f[] = {"Thị Hương", "Thị Lan", "Ngọc Ánh", "Thị Thu", NULL};
static const char *const vietnamese_m[] = {"Văn Dũng", "Đức Anh", "Quốc Huy", "Văn Minh", NULL};
static const char *const vietnamese_n[] = {"Nguyễn", "Trần", "Lê", "Phạm", "Đặng", NULL};
static const char *const filipino_f[] = {"Marivic", "Rosalie", "Jocelyn", "Maricel", NULL};
static const char *const filipino_m[] = {"Rodel", "Jun-Jun", "Ferdinand", "Arnel", NULL};
static const char *const filipino_n[] = {"Dela Cruz", "Reyes",    "Santos",
                                         "Bautista",  "Peñaflor", NULL};
static const char *const ukrainian_f[] = {"Oksana", "Olena", "Nataliya", "Iryna",
                                          "Sofiya", "Hanna", NULL};
static const char *const ukrainian_m[] = {"Oleksandr", "Dmytro",    "Andriy", "Taras",
                                          "Mykola",    "Volodymyr", NULL};
static const char *const ukrainian_n[] = {"Shevchenko", "Kovalenko", "Bondarenko", "Zelenskyi",
                                          "Melnyk",     "Tkachuk",   "Hrytsenko",  NULL};
static const char *const russian_f[] = {"Svetlana", "Tatiana", "Anastasia", "Galina", NULL};
static const char *const russian_m[] = {"Sergei", "Dmitri", "Aleksei", "Pavel", NULL};
static const char *const russian_n[] = {"Ivanov", "Petrov", "Kuznetsov", "Lebedev", NULL};
static const char *const bulgarian_f[] = {"Desislava", "Radka", "Ivanka", "Galya", NULL};
static const char *const bulgarian_m[] = {"Georgi", "Plamen", "Hristo", "Dimitar", NULL};
static const char *const bulgarian_n[] = {"Dimitrov", "Todorov", "Angelov", "Kolev", NULL};
static const char *const lithuanian_f[] = {"Rūta", "Eglė", "Živilė", "Jūratė", NULL};
static const char *const lithuanian_m[] = {"Vytautas", "Žilvinas", "Mantas", "Gintaras", NULL};
static const char *const lithuanian_n[] = {"Šimkus", "Žukauskas", "Vaitkus", "Petrauskas", NULL};
static const char *const hungarian_f[] = {"Erzsébet", "Ágnes", "Zsuzsanna", "Kinga", NULL};
static const char *const hungarian_m[] = {"László", "György", "Zoltán", "Árpád", NULL};
static const char *const hungarian_n[] = {"Szabó", "Tóth", "Kővári", "Horváth", NULL};
static const char *const afghan_f[] = {"Zahra", "Shukria", "Parwana", "Laila", NULL};
static const char *const afghan_m[] = {"Ahmad", "Jawad", "Najib", "Mirwais", NULL};
static const char *const afghan_n[] = {"Ahmadzai", "Noorzai", "Karimi", "Safi", NULL};
static const char *const kurdish_f[] = {"Shilan", "Rojîn", "Berîvan", "Avin", NULL};
static const char *const kurdish_m[] = {"Azad", "Rêbîn", "Karwan", "Hêmin", NULL};
static const char *const kurdish_n[] = {"Barzan", "Rashid", "Hamasalih", "Şêxo", NULL};
static const char *const greek_f[] = {"Eleni", "Despina", "Androula", "Maria", NULL};
static const char *const greek_m[] = {"Andreas", "Costas", "Giorgos", "Stelios", NULL};
static const char *const greek_n[] = {"Georgiou", "Hadjigeorgiou", "Papadopoulos", "Christodoulou",
                                      NULL};

#define BRITISH(female, male, family, code, shown, weight)                            \
    {female, male,   family, english_female_old, english_male_old, code, shown, NULL, \
     NULL,   weight, 0,      CUSTOM_SHARED}
#define FROM(x, code, shown, lang, lang_name, weight, interpreter, custom) \
    {x##_f, x##_m, x##_n, NULL, NULL, code, shown, lang, lang_name, weight, interpreter, custom}

const struct culture cultures[] = {
    BRITISH(english_female, english_male, english_family, "A", "British, Mixed British", 6000),
    BRITISH(english_female, english_male, english_family, "CA", "English", 560),
    {welsh_female, welsh_male, welsh_family, NULL, NULL, "CC", "Welsh", "cy", "Welsh", 180, 0,
     CUSTOM_SHARED},
    {scottish_female, scottish_male, scottish_family, NULL, NULL, "CB", "Scottish", NULL, NULL, 190,
     0, CUSTOM_SHARED},
    {irish_female, irish_male, irish_family, NULL, NULL, "B", "Irish", NULL, NULL, 160, 0,
     CUSTOM_SHARED},
    {caribbean_female, caribbean_male, caribbean_family, NULL, NULL, "M", "Caribbean", NULL, NULL,
     170, 0, CUSTOM_SHARED},
    {english_female, english_male, caribbean_family, english_female_old, english_male_old, "D",
     "White and Black Caribbean", NULL, NULL, 110, 0, CUSTOM_SHARED},
    FROM(pakistani, "J", "Pakistani or British Pakistani", "ur", "Urdu", 420, 140, CUSTOM_OWN),
    FROM(punjabi, "LB", "Punjabi", "pa", "Panjabi; Punjabi", 160, 110, CUSTOM_SINGH_KAUR),
    FROM(gujarati, "H", "Indian or British Indian", "gu", "Gujarati", 190, 60, CUSTOM_SHARED),
    FROM(keralan, "H", "Indian or British Indian", "ml", "Malayalam", 60, 10, CUSTOM_OWN),
    FROM(bengali, "K", "Bangladeshi or British Bangladeshi", "bn", "Bengali", 150, 190, CUSTOM_OWN),
    FROM(tamil, "LF", "Tamil", "ta", "Tamil", 45, 120, CUSTOM_OWN),
    FROM(nepali, "L", "Any other Asian background", "ne", "Nepali", 40, 180, CUSTOM_SHARED),
    FROM(polish, "CP", "Polish", "pl", "Polish", 240, 110, CUSTOM_SLAVIC),
    FROM(romanian, "CY", "Other white European, European unspecified, European mixed", "ro",
         "Romanian", 170, 180, CUSTOM_SHARED),
    FROM(portuguese, "CY", "Other white European, European unspecified, European mixed", "pt",
         "Portuguese", 90, 140, CUSTOM_DOUBLE),
    FROM(spanish, "CY", "Other white European, European unspecified, European mixed", "es",
         "Spanish; Castilian", 40, 90, CUSTOM_DOUBLE),
    FROM(italian, "CK", "Italian", "it", "Italian", 50, 60, CUSTOM_OWN),
    FROM(turkish, "CH", "Turkish", "tr", "Turkish", 60, 200, CUSTOM_SHARED),
    FROM(kurdish, "S", "Any other ethnic group", "ku", "Kurdish", 30, 320, CUSTOM_OWN),
    FROM(arabic, "S", "Any other ethnic group", "ar", "Arabic", 90, 240, CUSTOM_OWN),
    FROM(afghan, "L", "Any other Asian background", "fa", "Persian", 40, 420, CUSTOM_OWN),
    FROM(yoruba, "PC", "Nigerian", "yo", "Yoruba", 100, 20, CUSTOM_SHARED),
    FROM(igbo, "PC", "Nigerian", "ig", "Igbo", 60, 20, CUSTOM_SHARED),
    FROM(ghanaian, "N", "African", "ak", "Akan", 60, 30, CUSTOM_OWN),
    {somali_f, somali_m, somali_m, NULL, NULL, "PA", "Somali", "so", "Somali", 60, 280,
     CUSTOM_SOMALI},
    FROM(zimbabwean, "N", "African", "sn", "Shona", 50, 10, CUSTOM_SHARED),
    FROM(eritrean, "N", "African", "ti", "Tigrinya", 30, 400, CUSTOM_OWN),
    FROM(chinese, "R", "Chinese", "zh", "Chinese", 90, 170, CUSTOM_OWN),
    FROM(vietnamese, "SA", "Vietnamese", "vi", "Vietnamese", 30, 260, CUSTOM_OWN),
    FROM(filipino, "SC", "Filipino", "tl", "Tagalog", 50, 10, CUSTOM_SHARED),
    FROM(ukrainian, "CQ", "All republics which made up the former USSR", "uk", "Ukrainian", 70, 420,
         CUSTOM_SLAVIC),
    FROM(russian, "CQ", "All republics which made up the former USSR", "ru", "Russian", 25, 260,
         CUSTOM_SLAVIC),
    FROM(bulgarian, "CY", "Other white European, European unspecified, European mixed", "bg",
         "Bulgarian", 50, 230, CUSTOM_SLAVIC),
    FROM(lithuanian, "CY", "Other white European, European unspecified, European mixed", "lt",
         "Lithuanian", 40, 150, CUSTOM_SHARED),
    FROM(hungarian, "CY", "Other white European, European unspecified, European mixed", "hu",
         "Hungarian", 25, 140, CUSTOM_SHARED),
    FROM(greek, "CG", "Greek Cypriot", "el", "Greek, Modern (1453-)", 25, 40, CUSTOM_SHARED),
};
const int culture_count = sizeof cultures / sizeof *cultures;
