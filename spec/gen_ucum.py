#!/usr/bin/env python3
"""The unit atoms of UCUM (2.1, case-sensitive codes) -> src/fhir/ucum_table.c.

    spec/gen_ucum.py > src/fhir/ucum_table.c

Each atom is defined as UCUM defines it, by a number and other units; here it is resolved into base units: a fraction,
a power of ten, a power of pi, and the exponents of the base units. Everything is exact.
"""
import re
from fractions import Fraction

BASE = ["C", "K", "cd", "g", "m", "rad", "s"]
PREFIXES = {"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "d": -1, "c": -2,
            "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24}

# code: number unit. On a scale of its own: code: function, and what its argument is counted in; an offset is added
# before the factor. Metric atoms may have a prefix.
METRIC = """
mol: 6.0221367e23 1
sr: 1 rad2
Hz: 1 s-1
N: 1 kg.m/s2
Pa: 1 N/m2
J: 1 N.m
W: 1 J/s
A: 1 C/s
V: 1 J/C
F: 1 C/V
Ohm: 1 V/A
S: 1 Ohm-1
Wb: 1 V.s
T: 1 Wb/m2
H: 1 Wb/A
lm: 1 cd.sr
lx: 1 lm/m2
Bq: 1 s-1
Gy: 1 J/kg
Sv: 1 J/kg
l: 1 dm3
L: 1 l
ar: 100 m2
t: 1e3 kg
bar: 1e5 Pa
u: 1.6605402e-24 g
eV: 1 [e].V
pc: 3.085678e16 m
[c]: 299792458 m/s
[h]: 6.6260755e-34 J.s
[k]: 1.380658e-23 J/K
[eps_0]: 8.854187817e-12 F/m
[mu_0]: 4e-7 [pi].N/A2
[e]: 1.60217733e-19 C
[m_e]: 9.1093897e-28 g
[m_p]: 1.6726231e-24 g
[G]: 6.67259e-11 m3.kg-1.s-2
[g]: 9.80665 m/s2
[ly]: 1 [c].a_j
gf: 1 g.[g]
Ky: 1 cm-1
Gal: 1 cm/s2
dyn: 1 g.cm/s2
erg: 1 dyn.cm
P: 1 dyn.s/cm2
Bi: 10 A
St: 1 cm2/s
Mx: 1e-8 Wb
G: 1e-4 T
Oe: 250 A/m/[pi]
Gb: 1 Oe.cm
sb: 1 cd/cm2
Lmb: 1 cd/cm2/[pi]
ph: 1e-4 lx
Ci: 37e9 Bq
R: 2.58e-4 C/kg
RAD: 100 erg/g
REM: 1 RAD
cal_[15]: 4.18580 J
cal_[20]: 4.18190 J
cal_m: 4.19002 J
cal_IT: 4.1868 J
cal_th: 4.184 J
cal: 1 cal_th
tex: 1 g/km
m[H2O]: 9.80665 kPa
m[Hg]: 133.3220 kPa
eq: 1 mol
osm: 1 mol
g%: 1 g/dl
kat: 1 mol/s
U: 1 umol/min
st: 1 m3
mho: 1 S
bit: 1 1
By: 8 bit
Bd: 1 s-1
Cel: CELSIUS 1 K
Np: LN 1 1
B: LG 1 1
B[SPL]: LG_TWICE 2e-5 Pa
B[V]: LG_TWICE 1 V
B[mV]: LG_TWICE 1 mV
B[uV]: LG_TWICE 1 uV
B[10.nV]: LG_TWICE 10 nV
B[W]: LG 1 W
B[kW]: LG 1 kW
"""

PLAIN = """
10*: 10 1
10^: 10 1
%: 1e-2 1
[ppth]: 1e-3 1
[ppm]: 1e-6 1
[ppb]: 1e-9 1
[pptr]: 1e-12 1
gon: 0.9 deg
deg: 2/360 [pi].rad
': 1/60 deg
'': 1/60 '
min: 60 s
h: 60 min
d: 24 h
a_t: 365.24219 d
a_j: 365.25 d
a_g: 365.2425 d
a: 1 a_j
wk: 7 d
mo_s: 29.53059 d
mo_j: 1/12 a_j
mo_g: 1/12 a_g
mo: 1 mo_j
AU: 149597.870691 Mm
atm: 101325 Pa
[lbf_av]: 1 [lb_av].[g]
[in_i]: 2.54 cm
[ft_i]: 12 [in_i]
[yd_i]: 3 [ft_i]
[mi_i]: 5280 [ft_i]
[fth_i]: 6 [ft_i]
[nmi_i]: 1852 m
[kn_i]: 1 [nmi_i]/h
[sin_i]: 1 [in_i]2
[sft_i]: 1 [ft_i]2
[syd_i]: 1 [yd_i]2
[cin_i]: 1 [in_i]3
[cft_i]: 1 [ft_i]3
[cyd_i]: 1 [yd_i]3
[bf_i]: 144 [in_i]3
[cr_i]: 128 [ft_i]3
[mil_i]: 1e-3 [in_i]
[cml_i]: 1/4 [pi].[mil_i]2
[hd_i]: 4 [in_i]
[ft_us]: 1200/3937 m
[yd_us]: 3 [ft_us]
[in_us]: 1/12 [ft_us]
[rd_us]: 16.5 [ft_us]
[ch_us]: 4 [rd_us]
[lk_us]: 1/100 [ch_us]
[rch_us]: 100 [ft_us]
[rlk_us]: 1/100 [rch_us]
[fth_us]: 6 [ft_us]
[fur_us]: 40 [rd_us]
[mi_us]: 8 [fur_us]
[acr_us]: 160 [rd_us]2
[srd_us]: 1 [rd_us]2
[smi_us]: 1 [mi_us]2
[sct]: 1 [mi_us]2
[twp]: 36 [sct]
[mil_us]: 1e-3 [in_us]
[in_br]: 2.539998 cm
[ft_br]: 12 [in_br]
[rd_br]: 16.5 [ft_br]
[ch_br]: 4 [rd_br]
[lk_br]: 1/100 [ch_br]
[fth_br]: 6 [ft_br]
[pc_br]: 2.5 [ft_br]
[yd_br]: 3 [ft_br]
[mi_br]: 5280 [ft_br]
[nmi_br]: 6080 [ft_br]
[kn_br]: 1 [nmi_br]/h
[acr_br]: 4840 [yd_br]2
[gal_us]: 231 [in_i]3
[bbl_us]: 42 [gal_us]
[qt_us]: 1/4 [gal_us]
[pt_us]: 1/2 [qt_us]
[gil_us]: 1/4 [pt_us]
[foz_us]: 1/4 [gil_us]
[fdr_us]: 1/8 [foz_us]
[min_us]: 1/60 [fdr_us]
[crd_us]: 128 [ft_i]3
[bu_us]: 2150.42 [in_i]3
[gal_wi]: 1/8 [bu_us]
[pk_us]: 1/4 [bu_us]
[dqt_us]: 1/8 [pk_us]
[dpt_us]: 1/2 [dqt_us]
[tbs_us]: 1/2 [foz_us]
[tsp_us]: 1/3 [tbs_us]
[cup_us]: 16 [tbs_us]
[foz_m]: 30 mL
[cup_m]: 240 mL
[tsp_m]: 5 mL
[tbs_m]: 15 mL
[gal_br]: 4.54609 l
[pk_br]: 2 [gal_br]
[bu_br]: 4 [pk_br]
[qt_br]: 1/4 [gal_br]
[pt_br]: 1/2 [qt_br]
[gil_br]: 1/4 [pt_br]
[foz_br]: 1/5 [gil_br]
[fdr_br]: 1/8 [foz_br]
[min_br]: 1/60 [fdr_br]
[gr]: 64.79891 mg
[lb_av]: 7000 [gr]
[oz_av]: 1/16 [lb_av]
[dr_av]: 1/16 [oz_av]
[scwt_av]: 100 [lb_av]
[lcwt_av]: 112 [lb_av]
[ston_av]: 20 [scwt_av]
[lton_av]: 20 [lcwt_av]
[stone_av]: 14 [lb_av]
[pwt_tr]: 24 [gr]
[oz_tr]: 20 [pwt_tr]
[lb_tr]: 12 [oz_tr]
[sc_ap]: 20 [gr]
[dr_ap]: 3 [sc_ap]
[oz_ap]: 8 [dr_ap]
[lb_ap]: 12 [oz_ap]
[oz_m]: 28 g
[lne]: 1/12 [in_i]
[pnt]: 1/6 [lne]
[pca]: 12 [pnt]
[pnt_pr]: 0.013837 [in_i]
[pca_pr]: 12 [pnt_pr]
[pied]: 32.48 cm
[pouce]: 1/12 [pied]
[ligne]: 1/12 [pouce]
[didot]: 1/6 [ligne]
[cicero]: 12 [didot]
[degR]: 5/9 K
[Cal]: 1 kcal_th
[Btu_39]: 1.05967 kJ
[Btu_59]: 1.05480 kJ
[Btu_60]: 1.05468 kJ
[Btu_m]: 1.05587 kJ
[Btu_IT]: 1.05505585262 kJ
[Btu_th]: 1.054350 kJ
[Btu]: 1 [Btu_th]
[HP]: 550 [ft_i].[lbf_av]/s
[den]: 1/9 g/km
[in_i'H2O]: 1 m[H2O].[in_i]/m
[in_i'Hg]: 1 m[Hg].[in_i]/m
[PRU]: 1 mm[Hg].s/ml
[wood'U]: 1 mm[Hg].min/L
[diop]: 1 m-1
[mesh_i]: 1 [in_i]-1
[Ch]: 1/3 mm
[drp]: 1/20 ml
[hnsf'U]: 1 1
[MET]: 3.5 mL/min/kg
[S]: 1e-13 s
[HPF]: 1 1
[LPF]: 100 1
Ao: 0.1 nm
b: 100 fm2
att: 1 kgf/cm2
[psi]: 1 [lbf_av]/[in_i]2
circ: 2 [pi].rad
sph: 4 [pi].sr
[car_m]: 0.2 g
[car_Au]: 1/24 1
[smoot]: 67 [in_i]
[degF]: FAHRENHEIT 5/9 K
[degRe]: REAUMUR 5/4 K
[p'diop]: TAN100 1 rad
%[slope]: TAN100 1 rad
[pH]: PH 1 mol/l
[hp'_X]: HP_X 1 1
[hp'_C]: HP_C 1 1
[hp'_M]: HP_M 1 1
[hp'_Q]: HP_Q 1 1
[m/s2/Hz^0.5]: SQRT 1 m2/s4/Hz
bit_s: LD 1 1
"""

# Units that only their own measurement defines. The second name of a pair is another name of the first.
ARBITRARY_METRIC = "[iU]=[IU]"
ARBITRARY = """[arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U] [smgy'U] [bdsk'U] [ka'U]
[knk'U] [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU] [CFU] [IR] [BAU] [AU] [Amb'a'1'U] [PNU] [Lf] [D'ag'U]
[FEU] [ELU] [EU] [NTU] [FNU] [hp_X] [hp_C] [hp_M] [hp_Q] [kp_X] [kp_C] [kp_M] [kp_Q]"""


class Atoms:
    def __init__(self):
        self.defined, self.metric, self.functions = {}, set(), {}
        for code in BASE:
            self.metric.add(code)
        for block, metric in ((METRIC, True), (PLAIN, False)):
            for line in block.strip().split("\n"):
                code, rest = line.split(": ")
                *function, value, unit = rest.split(" ")
                self.defined[code] = (Fraction(value), unit)
                if function:
                    self.functions[code] = "UCUM_" + function[0]
                if metric:
                    self.metric.add(code)
        self.known = {code: (Fraction(1), 0, {code: 1}) for code in BASE}
        self.known["[pi]"] = (Fraction(1), 1, {})

    def atom(self, code):
        if code not in self.known:
            value, unit = self.defined[code]
            factor, pi, dims = self.unit(unit)
            self.known[code] = (value * factor, pi, dims)
        return self.known[code]

    def symbol(self, symbol):
        if symbol in self.known or symbol in self.defined:
            return self.atom(symbol)
        for prefix, ten in PREFIXES.items():
            rest = symbol[len(prefix):]
            if symbol.startswith(prefix) and rest in self.metric:
                factor, pi, dims = self.atom(rest)
                return factor * Fraction(10) ** ten, pi, dims
        raise KeyError(symbol)

    def unit(self, text):
        """Without parentheses: none of the definitions has any."""
        factor, pi, dims = Fraction(1), 0, {}
        for op, part in re.findall(r"(^|[./])((?:\[[^]]*\]|[^./\[])+)", text):
            symbol, power = re.fullmatch(r"((?:\[[^]]*\]|[^-\d\[])+|1)(-?\d+)?", part).groups()
            n = int(power or 1) * (-1 if op == "/" else 1)
            if symbol == "1":
                continue
            f, p, d = self.symbol(symbol)
            factor *= f ** n
            pi += p * n
            for base, exponent in d.items():
                dims[base] = dims.get(base, 0) + exponent * n
        return factor, pi, {b: e for b, e in dims.items() if e}


def split(factor):
    """n / d * 10^ten, of the smallest n and d."""
    best = None
    for ten in range(-80, 81):
        shifted = factor / Fraction(10) ** ten
        size = shifted.numerator * shifted.denominator
        if best is None or size < best[0]:
            best = (size, shifted.numerator, shifted.denominator, ten)
    _, n, d, ten = best
    assert n < 2 ** 64 and d < 2 ** 64, factor
    return n, d, ten


def row(code, resolved, flags, function="UCUM_LINEAR", same=""):
    factor, pi, dims = resolved
    n, d, ten = split(factor)
    exponents = ", ".join(str(dims.get(b, 0)) for b in BASE)
    return code, '    {"%s", %d, UCUM_U64(%d), UCUM_U64(%d), %d, %d, {%s}, %s, %s, "%s"},' % (
        code, len(code), n, d, ten, pi, exponents, " | ".join(flags) or "0", function, same)


def main():
    atoms = Atoms()
    rows = []
    for code in BASE + ["[pi]"] + list(atoms.defined):
        flags = ["UCUM_METRIC"] if code in atoms.metric else []
        rows.append(row(code, atoms.atom(code), flags, atoms.functions.get(code, "UCUM_LINEAR")))
    for names, flags in ((ARBITRARY_METRIC, ["UCUM_METRIC", "UCUM_ARBITRARY"]), (ARBITRARY, ["UCUM_ARBITRARY"])):
        for name in names.split():
            first = name.split("=")[0]
            for code in name.split("="):
                rows.append(row(code, (Fraction(1), 0, {}), flags, same=first))
    rows.sort(key=lambda r: r[0].encode())
    assert len({r[0] for r in rows}) == len(rows)
    print("/* Made by spec/gen_ucum.py. Do not edit. */")
    print('#include "fhir/ucum_table.h"\n')
    print("/* clang-format off */")
    print("const struct ucum_atom ucum_atoms[] = {")
    print("\n".join(r[1] for r in rows))
    print("};")
    print("/* clang-format on */\n")
    print("const size_t ucum_atom_count = sizeof ucum_atoms / sizeof *ucum_atoms;")


if __name__ == "__main__":
    main()
