/* Results of the demonstration's patient: one that waits for a comment, and one that has it. */
#include "node/demo_int.h"

#define HL7 "http://terminology.hl7.org/CodeSystem/"
#define QUANTITY(value, unit) \
    "{'value':" value ",'unit':'" unit "','system':'http://unitsofmeasure.org','code':'" unit "'}"
#define LAB(id, when, loinc, display, words, more)                                             \
    {"Observation", id,                                                                        \
     "'status':'final','category':[{'coding':[{'system':'" HL7                                 \
     "observation-category','code':'laboratory'}]}],"                                          \
     "'code':{'coding':[{'system':'http://loinc.org','code':'" loinc "','display':'" display   \
     "'}],'text':'" words "'},'subject':{'reference':'<patient>'},'effectiveDateTime':'<" when \
     ">','performer':[{'reference':'<practice>','display':'<practice-name>'}]," more}

static const struct demo_told told[] = {
    LAB("demo-potassium", "2-days-ago", "2823-3", "Potassium [Moles/volume] in Serum or Plasma",
        "Serum potassium",
        "'interpretation':[{'coding':[{'system':'" HL7
        "v3-ObservationInterpretation','code':'H'}]}],'valueQuantity':" QUANTITY(
            "5.4",
            "mmol/L") ",'referenceRange':[{'low':" QUANTITY("3.5",
                                                            "mmol/L") ",'high':" QUANTITY("5.3",
                                                                                          "mmol/L") "}]"),
    LAB("demo-sodium", "2-days-ago", "2951-2", "Sodium [Moles/volume] in Serum or Plasma",
        "Serum sodium",
        "'valueQuantity':" QUANTITY("139", "mmol/L") ",'referenceRange':[{'low':" QUANTITY(
            "133", "mmol/L") ",'high':" QUANTITY("146", "mmol/L") "}]"),
    {"DiagnosticReport", "demo-bloods",
     "'status':'final','category':[{'coding':[{'system':'" HL7 "v2-0074','code':'LAB'}]}],"
     "'code':{'coding':[{'system':'http://loinc.org','code':'24326-1'}],'text':'Electrolytes'},"
     "'subject':{'reference':'<patient>'},'effectiveDateTime':'<2-days-ago>',"
     "'performer':[{'reference':'<practice>','display':'<practice-name>'}],"
     "'result':[{'reference':'Observation/demo-potassium'},{'reference':'Observation/"
     "demo-sodium'}]"},
    LAB("demo-cholesterol", "30-days-ago", "14647-2",
        "Cholesterol [Moles/volume] in Serum or Plasma", "Total cholesterol",
        "'valueQuantity':" QUANTITY("5.2", "mmol/L") ",'referenceRange':[{'high':" QUANTITY(
            "5.0", "mmol/L") "}],'note':[{'authorReference':{'reference':'<gp>',"
                             "'display':'<gp-name>'},'time':'<30-days-ago>','text':'A little high. "
                             "This can wait "
                             "until we next meet. Nothing has to change now.'}]"),
};

int demo_results(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                 struct arena *a, struct err *e)
{
    return demo_tell(w, rest, cast, told, sizeof told / sizeof *told, a, e);
}
