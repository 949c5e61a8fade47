#!/usr/bin/env python3
"""Countries (ISO 3166-1) and currencies (ISO 4217) -> src/fhir/code_grammar_tables.c.

    spec/gen_code_lists.py [iso_3166-1.json iso_4217.json] > src/fhir/code_grammar_tables.c

The two files are lists of the codes alone, as the package iso-codes of most Linux distributions has them in
/usr/share/iso-codes/json. Currencies that were in force at some time since 2019 are all taken, since records stay.
"""
import json
import sys
import textwrap

folder = "/usr/share/iso-codes/json/"
files = sys.argv[1:] or [folder + "iso_3166-1.json", folder + "iso_4217.json"]
countries = json.load(open(files[0]))["3166-1"]
currencies = {row["alpha_3"] for row in json.load(open(files[1]))["4217"]}
currencies |= {"CUC", "HRK", "SLL", "SLE", "VED", "VEF", "XAD", "XCG", "ZWG", "ZWL"}


def text(name, rows):
    print(f"const char {name}[] =")
    lines = textwrap.wrap("".join(rows), 80)
    print("\n".join(f'    "{line}"' for line in lines) + ";")


print("/* Made by spec/gen_code_lists.py. */")
print('#include "fhir/code_grammar_tables.h"')
print()
text("code_grammar_countries", sorted(r["alpha_2"] + r["alpha_3"] + r["numeric"] for r in countries))
print(f"const size_t code_grammar_country_count = {len(countries)};")
print()
text("code_grammar_currencies", sorted(currencies))
print(f"const size_t code_grammar_currency_count = {len(currencies)};")
