"""What values mean: folded strings, decimals, dates, units. Written from the standard (R4 search.html, datatypes.html; UCUM) and from
what src/fhir/index.h documents where the standard leaves room. Shares nothing with src/."""

import datetime
import math
import re
import unicodedata
from fractions import Fraction

# --- strings --------------------------------------------------------------------------------------

LETTERS = {'ł': 'l', 'ø': 'o', 'đ': 'd', 'æ': 'ae'}
VANISH = "'’."


def fold(text):
    """Without case, accents and width; apostrophes and full stops vanish, other punctuation and runs of white space are one space."""
    out = []
    for c in unicodedata.normalize('NFKD', text).casefold():
        c = LETTERS.get(c, c)
        if unicodedata.category(c[0])[0] == 'M' or c in VANISH:
            continue
        out.append(' ' if c.isspace() or unicodedata.category(c[0])[0] == 'P' else c)
    return ' '.join(unicodedata.normalize('NFKD', ''.join(out)).split())


def lower(code):
    """ASCII letters alone."""
    return ''.join(chr(ord(c) + 32) if 'A' <= c <= 'Z' else c for c in code)


def starts_a_word(query, words):
    return (' ' + words).find(' ' + query) >= 0


# --- decimals -------------------------------------------------------------------------------------

MARK = '\ue000'  # in front of the text of a JSON number, so that its digits stay as written


def number(text):
    return MARK + text


def exact(text):
    return Fraction(text.lstrip(MARK))


def ulp(text):
    """The value of one unit in the last place that was written: 100 -> 1, 5.40 -> 1/100. The standard reads 1e2 as 95 to 105, so a whole
    number with an exponent has one more place."""
    mantissa, _, exponent = text.lower().partition('e')
    places = len(mantissa.partition('.')[2])
    return Fraction(10) ** (int(exponent or 0) - (places or (1 if exponent else 0)))


def number_range(prefix, text):
    """[low, high, low included, high included] of the values that a prefix and a number accept; None is open. Not for ne."""
    value, half = exact(text), ulp(text) / 2
    if prefix in ('gt', 'sa'):
        return value, None, False, False
    if prefix in ('lt', 'eb'):
        return None, value, False, False
    if prefix == 'ge':
        return value, None, True, False
    if prefix == 'le':
        return None, value, False, True
    if prefix == 'ap':
        return value - abs(value) / 10, value + abs(value) / 10, True, True
    return value - half, value + half, True, False


def number_accepts(prefix, text, value):
    """value: what the resource has, in the unit of the query."""
    if prefix == 'ne':
        return not number_accepts('eq', text, value)
    low, high, low_in, high_in = number_range(prefix, text)
    return ((low is None or value > low or (low_in and value == low))
            and (high is None or value < high or (high_in and value == high)))


# --- dates ----------------------------------------------------------------------------------------

OPEN_LOW, OPEN_HIGH = -math.inf, math.inf
DATE = re.compile(r'(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$')
EPOCH = datetime.datetime(1, 1, 1)


def milliseconds(year, month=1, day=1, hour=0, minute=0, second=0):
    days = (datetime.datetime(year, month, day) - EPOCH).days
    return ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000


def date_range(text):
    """[start, end) in ms since the year 1; without a zone it is UTC."""
    m = DATE.match(text)
    year, month, day, hour, minute, second = (int(g) if g else None for g in m.groups()[:6])
    if month is None:
        return milliseconds(year), milliseconds(year + 1)
    if day is None:
        return milliseconds(year, month), milliseconds(year + month // 12, month % 12 + 1)
    if hour is None:
        start = milliseconds(year, month, day)
        return start, start + 86400000
    start = milliseconds(year, month, day, hour, minute, second or 0)
    length = 60000 if second is None else 1000
    if m[7]:
        start, length = start + int((m[7] + '00')[:3]), 1
    if m[8] and m[8] != 'Z':
        shift = (int(m[8][1:3]) * 60 + int(m[8][4:6])) * 60000
        start += -shift if m[8][0] == '+' else shift
    return start, start + length


def period_range(period):
    """An open side reaches to infinity."""
    start = date_range(period['start'])[0] if 'start' in period else OPEN_LOW
    end = date_range(period['end'])[1] if 'end' in period else OPEN_HIGH
    return start, end


def now_ms():
    return milliseconds(1970) + int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)


def date_accepts(prefix, query, value, slack=0):
    """search.html#prefix, the column for ranges. slack: for ap, how much more or less than 10 % of the distance from now."""
    (qs, qe), (s, e) = query, value
    contains = qs <= s and e <= qe
    if prefix == 'ne':
        return not contains
    if prefix == 'gt':
        return e > qe
    if prefix == 'lt':
        return s < qs
    if prefix == 'ge':
        return e > qe or contains
    if prefix == 'le':
        return s < qs or contains
    if prefix == 'sa':
        return s >= qe
    if prefix == 'eb':
        return e <= qs
    if prefix == 'ap':
        gap = abs(now_ms() - qs) / 10
        margin = slack * (gap * 0.02 + (qe - qs) * 0.11 + 600000)
        return s < qe + gap + margin and e > qs - gap - margin
    return contains


# --- units ----------------------------------------------------------------------------------------

UCUM = 'http://unitsofmeasure.org'


def _units():
    """code -> (dimension, factor, offset): the value in base units (m, g, s, K) is number * factor + offset."""
    f = Fraction
    avogadro = 60221367 * f(10) ** 16
    pascal = f(1000)  # kg.m-1.s-2 in g
    litre = f(1, 1000)
    table = {
        'g': ('g', f(1)), 'mg': ('g', f(1, 1000)), 'ug': ('g', f(1, 10 ** 6)), 'kg': ('g', f(1000)), 'ng': ('g', f(1, 10 ** 9)),
        'm': ('m', f(1)), 'cm': ('m', f(1, 100)), 'mm': ('m', f(1, 1000)), '[in_i]': ('m', f(254, 10000)),
        'mmol/L': ('m-3', avogadro / 1000 / litre), 'mol/L': ('m-3', avogadro / litre), 'umol/L': ('m-3', avogadro / 10 ** 6 / litre),
        'mm[Hg]': ('g.m-1.s-2', f(133322, 1000) * pascal), 'kPa': ('g.m-1.s-2', 1000 * pascal), 'Pa': ('g.m-1.s-2', pascal),
        '/min': ('s-1', f(1, 60)), '{beats}/min': ('s-1', f(1, 60)), '/s': ('s-1', f(1)), 'Hz': ('s-1', f(1)),
        's': ('s', f(1)), 'min': ('s', f(60)), 'h': ('s', f(3600)), 'd': ('s', f(86400)), 'wk': ('s', f(604800)),
        'a': ('s', f(31557600)), 'mo': ('s', f(31557600, 12)),
        '%': ('1', f(1, 100)), '1': ('1', f(1)),
        'mg/dL': ('g.m-3', f(1, 1000) / (litre / 10)), 'g/L': ('g.m-3', 1 / litre), 'kg/m3': ('g.m-3', f(1000)),
        'K': ('K', f(1)),
    }
    table = {k: (d, v, f(0)) for k, (d, v) in table.items()}
    table['Cel'] = ('K', f(1), f(27315, 100))
    table['[degF]'] = ('K', f(5, 9), f(45967, 180))
    return table


UNITS = _units()


def convert(value, source, target):
    """None where the units are not comparable, or not known here."""
    if source == target:
        return value
    a, b = UNITS.get(source), UNITS.get(target)
    if not a or not b or a[0] != b[0]:
        return None
    return (value * a[1] + a[2] - b[2]) / b[1]


def to_base(value, code):
    unit = UNITS.get(code)
    return value * unit[1] + unit[2] if unit else value


# --- the sphere -----------------------------------------------------------------------------------

METRES = {'km': 1000.0, 'm': 1.0}


def distance(lat1, lon1, lat2, lon2):
    """In metres, by the haversine formula."""
    a, b = math.radians(lat1), math.radians(lat2)
    h = (math.sin((b - a) / 2) ** 2
         + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2)
    return 2 * 6371008.8 * math.asin(min(1.0, math.sqrt(h)))
