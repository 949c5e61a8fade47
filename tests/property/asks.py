"""Random queries, made from the values of a store and near misses, and how they are written in a URL."""

import datetime
import re
import urllib.parse

import makes
import values as V
from paths import evaluate

DATE_PREFIXES = ['', '', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']
ODD = {'relationship', 'context', 'context-quantity', 'context-type', 'context-type-quantity', 'context-type-value', 'part-agree', 'age',
       'birthOrderBoolean', 'mothersMaidenName', '_query'}
ANY_TARGET = {'name', 'identifier', 'family', 'given', 'gender', 'active', 'address-city'}
SORT_TOKENS = {'status', 'gender', 'active', 'identifier', 'clinical-status'}
PRINCIPAL_DATES = {'date', 'onset-date', 'authoredon', 'authored', 'recorded', 'issued', 'birthdate'}
LONG = {'value-string', 'description', 'title', 'onset-info', 'notes'}
WEIGHTS = {'token': 4, 'reference': 3, 'string': 3, 'date': 3, 'quantity': 3, 'composite': 3, 'number': 2, 'uri': 1,
           'special': 2}
FEATURES = ['modifier', 'chain', 'has', 'filter', 'list', 'composite', 'near', 'words', 'compartment', 'post', 'explain', 'terms',
            'convert', 'system']


class Asker:
    def __init__(self, rng, matcher, features=FEATURES):
        self.rng, self.m, self.features = rng, matcher, features
        self.types = [t for t in makes.TYPES if matcher.by_type.get(t)]
        self.weights = [len(matcher.by_type[t]) ** 0.7 for t in self.types]
        self.filled = {}
        self.common = 0.06  # how often a parameter is one that all types have

    def some(self, chance):
        return self.rng.random() < chance

    def may(self, feature, chance):
        return feature in self.features and self.some(chance)

    # --- whole queries ---

    def query(self):
        if self.may('system', 0.03):
            return self.system_query()
        type = self.rng.choices(self.types, self.weights)[0]
        q = {'type': type, 'in': None, 'criteria': [], 'sort': [], 'count': self.rng.choice([1, 2, 3, 5, 7, 10, 13, 20, 20, 50])}
        if type != 'Patient' and self.m.d.compartment.get(type) and self.may('compartment', 0.07):
            q['in'] = self.rng.choice(['1', '2', '3', '99'])
        pool = self.m.by_type[type]
        if self.some(0.6):
            pool = [self.rng.choice(pool)]  # so that several criteria have something in common
        for _ in range(self.rng.choice([0, 1, 1, 1, 1, 2, 2, 3, 4])):
            q['criteria'].append(self.criterion(type, 3, pool))
        patients = [v for v in self.m.values(pool[0], self.m.d.of[type]['patient']) if v.local] if 'patient' in self.m.d.of[type] else []
        if patients and self.some(0.15):
            q['criteria'].append({'k': 'param', 'p': 'patient', 'm': None, 'v': ['%s/%s' % patients[0].local]})
        if self.some(0.45):
            q['sort'] = self.sort(type)
        q['total'] = self.some(0.35)
        q['post'] = self.may('post', 0.05)
        q['explain'] = self.may('explain', 0.03)
        return q

    def system_query(self):
        """Of several types: what all of them have."""
        types = self.rng.sample(self.types, min(len(self.types), self.rng.randint(1, 4)))
        q = {'type': types[0], 'types': types, 'in': None, 'criteria': [], 'count': self.rng.choice([1, 3, 10, 20]), 'total': self.some(0.4),
             'sort': self.rng.choice([[], [], [['_lastUpdated', True]], [['_lastUpdated', False]], [['_id', False], ['_lastUpdated', True]]]),
             'post': self.may('post', 0.2), 'explain': False}
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            c = self.of_all(types[0])
            tags = [p for p in self.parameters(types[0]) if p.name in ('_tag', '_profile', '_security', '_source')]
            if tags and self.some(0.5):
                p = self.rng.choice(tags)
                v = self.value(types[0], p, None, self.m.by_type[types[0]])
                c = {'k': 'param', 'p': p.name, 'm': None, 'v': [v]} if v is not None else c
            q['criteria'].append(c)
        return q

    def sort(self, type):
        dates = [p.name for p in self.parameters(type) if p.name in PRINCIPAL_DATES]
        if dates and self.some(0.35):
            return [[self.rng.choice(dates), self.some(0.8)]]
        names = [p.name for p in self.parameters(type)
                 if p.type in ('string', 'date', 'number', 'quantity') or p.name in SORT_TOKENS] + ['_id', '_lastUpdated']
        chosen = []
        for name in self.rng.sample(names, min(len(names), self.rng.randint(1, 3))):
            chosen.append([name, self.some(0.5)])
            if name in SORT_TOKENS or name in LONG or name in ('_id', '_lastUpdated'):
                break
        return chosen

    # --- criteria ---

    def parameters(self, type):
        """Those that some resource has a value of."""
        if type not in self.filled:
            resources = self.m.by_type.get(type, [])
            self.filled[type] = [p for n, p in sorted(self.m.d.of[type].items())
                                 if n not in ODD and p.expression and n not in ('_id', '_lastUpdated')
                                 and any(self.m.raw(r, p) for r in resources)]
        return self.filled[type]

    def criterion(self, type, depth, pool):
        """pool: the resources that values are taken from."""
        kind = self.rng.random()
        if depth and kind < 0.16 and 'chain' in self.features:
            c = self.chain(type, depth, pool)
        elif depth and kind < 0.28 and 'has' in self.features:
            c = self.has(type, depth, pool)
        elif kind < 0.31 and 'list' in self.features:
            lists = [r.body['id'] for r in self.m.by_type.get('List', [])
                     if any(e['item'].get('reference', '').endswith(pool[0].key) for e in r.body.get('entry', []))]
            c = {'k': 'list', 'id': self.rng.choice(lists + [str(self.rng.randint(1, 5))])}
        elif kind < 0.38 and 'filter' in self.features and depth == 3:
            c = self.filter(type, pool)
        else:
            c = None
        return c or self.parameter(type, pool)

    def chain(self, type, depth, pool):
        references = [(p, r) for r in self.rng.sample(pool, min(4, len(pool))) for p in self.parameters(type)
                      if p.type == 'reference' and self.m.targets(r, p)]
        if not references:
            return None
        p, r = self.rng.choice(references)
        targets = [self.m.store[k] for k in sorted(self.m.targets(r, p)) if k.split('/')[0] in p.targets]
        if not targets:
            return None
        target = self.rng.choice(targets)
        t = target.body['resourceType']
        inner = self.criterion(t, depth - 1, [target] if self.some(0.8) else self.m.by_type[t])
        if inner['k'] in ('filter', 'list'):
            return None
        free = inner['k'] == 'param' and inner['p'] in ANY_TARGET and not inner['m'] and self.some(0.5)
        return {'k': 'chain', 'p': p.name, 't': None if free else t, 'c': inner}

    def referring(self, type):
        """(parameter, resource that refers by it, the keys of this type that it refers to)."""
        if ('refer', type) not in self.filled:
            self.filled['refer', type] = [
                (p, r, found) for s in self.types for p in self.parameters(s) if p.type == 'reference' and type in p.targets
                for r in self.m.by_type[s] for found in [{k for k in self.m.targets(r, p) if k.startswith(type + '/')}] if found]
        return self.filled['refer', type]

    def has(self, type, depth, pool):
        sources = self.referring(type)
        keys = {r.key for r in pool}
        sources = [x for x in sources if x[2] & keys] or sources
        if not sources:
            return None
        p, r, _ = self.rng.choice(sources)
        s = r.body['resourceType']
        inner = self.criterion(s, depth - 1, [r] if self.some(0.8) else self.m.by_type[s])
        if inner['k'] in ('filter', 'list'):
            return None
        return {'k': 'has', 't': s, 'p': p.name, 'c': inner}

    def pick(self, type, pool, types):
        """A parameter that a resource of the pool has values for, mostly; kinds of parameters before parameters."""
        usable = [p for p in self.parameters(type) if p.type in types]
        r = self.rng.choice(pool)
        having = [p for p in usable if self.m.raw(r, p)] if self.some(0.9) else usable
        kinds = sorted({p.type for p in having})
        if not kinds:
            return None
        kind = self.rng.choices(kinds, [WEIGHTS[k] for k in kinds])[0]
        return self.rng.choice([p for p in having if p.type == kind])

    def parameter(self, type, pool):
        types = set(WEIGHTS) - ({'composite'} - set(self.features)) - (set() if 'near' in self.features else {'special'})
        p = None if self.some(self.common) else self.pick(type, pool, types)
        if not p:
            return self.of_all(type)
        modifier = self.modifier(type, p) if self.may('modifier', 0.35) else None
        if modifier == 'missing':
            return {'k': 'param', 'p': p.name, 'm': 'missing', 'v': [self.rng.choice(['true', 'false'])]}
        vs = [self.value(type, p, modifier, pool) for _ in range(self.rng.choice([1, 1, 1, 1, 2, 3]))]
        vs = [v for v in vs if v is not None]
        if not vs:
            return self.of_all(type)
        return {'k': 'param', 'p': p.name, 'm': modifier, 'v': vs}

    def of_all(self, type):
        kind = self.rng.random()
        if kind < 0.3 and 'words' in self.features:
            return {'k': 'param', 'p': self.rng.choice(['_text', '_content']), 'm': None,
                    'v': [' '.join(self.rng.sample(makes.WORDS, self.rng.choice([1, 1, 2])))]}
        r = self.rng.choice(self.m.by_type[type])
        if kind < 0.65:
            ids = [r.body['id']] + ([str(self.rng.randint(1, 40))] if self.some(0.6) else [])
            return {'k': 'param', 'p': '_id', 'm': None, 'v': [[None, i] for i in ids]}
        at = r.updated - V.milliseconds(1970) + self.rng.choice([0, 0, 1, -1, 60000])
        return {'k': 'param', 'p': '_lastUpdated', 'm': None,
                'v': [[self.rng.choice(['', 'gt', 'lt', 'ge', 'le', 'ne', 'sa', 'eb']), instant(at)]]}

    def modifier(self, type, p):
        if p.type == 'string':
            return self.rng.choice(['exact', 'contains', 'missing'])
        if p.type == 'token':
            kinds = {t for r in self.m.by_type[type] for t, _ in self.m.raw(r, p)}
            choices = ['not', 'not', 'missing']
            if kinds & {'CodeableConcept', 'Coding'}:
                choices += ['text', 'text'] + (['in', 'not-in', 'below', 'above'] if 'terms' in self.features else [])
            if 'Identifier' in kinds:
                choices += ['of-type', 'of-type', 'text']
            return self.rng.choice(choices)
        if p.type == 'reference':
            kinds = {v.local[0] for r in self.m.by_type[type] for v in self.m.values(r, p) if v.local} & set(p.targets)
            return self.rng.choice(['missing', 'identifier'] + 2 * sorted(kinds))
        if p.type == 'uri':
            return self.rng.choice(['missing', 'below', 'above'])
        return 'missing' if p.type != 'composite' and p.type != 'special' else None

    # --- values ---

    def value(self, type, p, modifier, pool):
        r = self.rng.choice(pool)
        for _ in range(4):
            if self.m.raw(r, p):
                break
            r = self.rng.choice(self.m.by_type[type])
        if p.type == 'composite':
            return self.composite(r, p)
        found = self.m.values(r, p)
        return getattr(self, 'value_' + p.type)(r, p, modifier, found)

    def composite(self, r, p):
        contexts = self.m.raw(r, p)
        if not contexts:
            return None
        context, out = self.rng.choice(contexts), []
        for url, expression in p.components:
            if self.some(0.15):
                context = self.rng.choice(contexts)
            part = self.m.d.by_url[url]
            items = self.m.typed(part.type, evaluate(self.m.d.model, expression, r.body, context))
            v = getattr(self, 'value_' + part.type)(r, part, None, items)
            if v is None:
                return None
            out.append(v)
        return out

    def value_token(self, r, p, modifier, found):
        if modifier == 'text':
            texts = self.m.texts(r, p)
            return self.piece(self.rng.choice(texts or makes.DISPLAYS), word=True)
        if modifier in ('in', 'not-in'):
            vs = self.rng.choice(self.m.by_type['ValueSet'])
            return self.rng.choice([vs.body['url'], vs.key]) if 'url' in vs.body else None
        if modifier in ('below', 'above'):
            return [makes.TREE, self.rng.choice(['root', 'mid', 'leaf', '1', 'A'])]
        if modifier == 'of-type':
            of = [v for t, v in self.m.raw(r, p) if 'type' in v]
            if not of:
                return None
            i = self.rng.choice(of)
            c, v = i['type']['coding'][0], (i if self.some(0.8) else self.rng.choice(of))['value']
            return [c['system'], c['code'] if self.some(0.8) else 'MR', v]
        found = [v for v in found if v[1]]
        if not found:
            return None
        system, code = self.rng.choice(found)
        original = code.upper() if self.some(0.1) else code
        kind = self.rng.random()
        if system is None or kind < 0.4:
            return [None, original]
        if kind < 0.8:
            return [system, original]
        if kind < 0.86 and system and self.m.d.of[r.body['resourceType']].get(p.name) is p:
            return [system, None]
        if kind < 0.93:
            return ['http://nowhere.example.org', original]
        return [None, original + 'x']

    def value_date(self, r, p, modifier, found):
        prefix = self.rng.choice(DATE_PREFIXES)
        text = self.rng.choice(makes.DAYS + makes.TIMES * 2)
        if found and self.some(0.6):
            start, end = self.rng.choice(found)
            at = start if start != V.OPEN_LOW and self.some(0.6) else end
            if at not in (V.OPEN_LOW, V.OPEN_HIGH):
                at += self.rng.choice([0, 0, 0, -1, 1, 1000, -1000, 86400000]) - V.milliseconds(1970)
                text = instant(at) if at > -60000000000000 else text
        cut = self.rng.choice([None, None, None, 4, 7, 10, 16, 19])
        if cut:
            text = text[:cut] + ('Z' if cut >= 16 and len(text) > cut and self.some(0.5) else '')
        return [prefix, text]

    def value_string(self, r, p, modifier, found):
        text = self.rng.choice(found) if found else self.rng.choice(makes.FAMILIES)
        if modifier == 'exact':
            return text if self.some(0.7) else self.rng.choice([text.upper(), text[:-1], text + ' ', text.lower()]) or None
        return self.piece(text, within=modifier == 'contains')

    def piece(self, text, within=False, word=False):
        """A part of a text, more or less like it."""
        start = self.rng.randint(0, len(text) - 1) if within and self.some(0.8) else 0
        if word and ' ' in text and self.some(0.6):
            start = self.rng.choice([m.end() for m in re.finditer(' ', text)])
        out = text[start:start + self.rng.randint(1, len(text))] if self.some(0.6) else text[start:]
        how = self.rng.random()
        if how < 0.2:
            out = out.upper()
        elif how < 0.4:
            out = V.fold(out)
        elif how < 0.5:
            out = out.replace('-', ' ')
        elif how < 0.55:
            out += 'q'
        return out if V.fold(out) else None

    def value_number(self, r, p, modifier, found):
        return [self.prefix_for(text := self.near_number(found)), text]

    def prefix_for(self, text):
        usable = [x for x in DATE_PREFIXES if x != 'ap' or abs(V.exact(text)) / 10 > V.ulp(text)]
        return self.rng.choice(usable)

    def near_number(self, found):
        if found and self.some(0.6):
            value = self.rng.choice(found)
            text = decimal(value)
            if text:
                return text + self.rng.choice(['', '', '0' if '.' in text else '', '.0' if '.' not in text else ''])
        return self.rng.choice(makes.NUMBERS)

    def value_quantity(self, r, p, modifier, found):
        number, system, code, unit = self.rng.choice(found) if found else (V.exact('5'), V.UCUM, 'mg', '')
        text = self.near_number([number])
        kind = self.rng.random()
        if kind < 0.3:
            return [self.prefix_for(text), text, None, None]
        if kind < 0.5 and (code or unit):
            return [self.prefix_for(text), text, '', self.rng.choice([x for x in (code, unit) if x])]
        if not system or not code:
            return [self.prefix_for(text), text, V.UCUM, 'mg']
        if system == V.UCUM and 'convert' in self.features and code in V.UNITS and self.some(0.7):
            other = self.rng.choice([u for u in V.UNITS if V.UNITS[u][0] == V.UNITS[code][0]])
            text = decimal(V.convert(number, code, other)) or text
            code = other
        return [self.prefix_for(text), text, system, code]

    def value_reference(self, r, p, modifier, found):
        if modifier == 'identifier':
            known = [v.identifier for v in found if v.identifier]
            if not known:
                return None
            system, value = self.rng.choice(known)
            return self.rng.choice([[None, value], [system, value], [None, value + 'x']])
        if not found:
            return None
        v = self.rng.choice(found)
        if v.local:
            type, id = v.local
            if self.some(0.1):
                id = str(self.rng.randint(1, 9))
            if modifier:
                return id
            return self.rng.choice(['%s/%s' % (type, id), '%s/%s' % (type, id), '@BASE@/%s/%s' % (type, id), id])
        return self.rng.choice(v.urls) if v.urls and not modifier else None

    def value_uri(self, r, p, modifier, found):
        if not found:
            return None
        v = self.rng.choice(found)
        if modifier in ('below', 'above'):  # of URLs alone
            v = v.split('|')[0]
            if not v.startswith('http'):
                return None
            return self.rng.choice([v, v + '/more' if modifier == 'above' else re.sub('(?<=[^/])/[^/]+$', '/', v)])
        return v if self.some(0.85) else v + 'x'

    def value_special(self, r, p, modifier, found):
        lat, lon = self.rng.choice(found) if found else (51.5, 0)
        return [str(lat + self.rng.choice([0, 0.01, -0.01])), str(lon), self.rng.choice(['0.5', '1', '5', '100', '12000']), 'km']

    # --- _filter ---

    def filter(self, type, pool):
        f = self.filter_tree(type, 2, pool)
        return {'k': 'filter', 'f': f} if f else None

    def filter_tree(self, type, depth, pool):
        if depth and self.some(0.5):
            a, b = self.filter_tree(type, depth - 1, pool), self.filter_tree(type, depth - 1, pool)
            return [self.rng.choice(['and', 'or']), a, b] if a and b else a or b
        if depth and self.some(0.2):
            a = self.filter_tree(type, depth - 1, pool)
            return ['not', a] if a else None
        if self.some(0.15):
            return self.filter_chain(type, pool)
        p = self.pick(type, pool, {'string', 'token', 'date', 'quantity', 'number', 'reference'})
        if not p:
            return None
        if self.some(0.1):
            return ['p', p.name, 'pr', self.rng.choice(['true', 'false'])]
        v = self.value(type, p, None, pool)
        if v is None or not re.match(r'^[A-Za-z0-9:/.|\- \u00c0-\uffee]*$', term(p.type, v)):
            return None
        if p.type == 'string':
            return ['p', p.name, self.rng.choice(['eq', 'co', 'sw', 'ew']), v]
        if p.type in ('date', 'number', 'quantity'):
            if ' ' in term(p.type, v):
                return None
            if v[0] == 'ap':
                v = ['eq'] + v[1:]
            return ['p', p.name, v[0] or 'eq', v]
        if ' ' in term(p.type, v):
            return None
        return ['p', p.name, 'eq' if p.type == 'token' else 're', v] if '/' in term(p.type, v) or p.type == 'token' else None


    def filter_chain(self, type, pool):
        found = [(p, k) for r in pool for p in self.parameters(type) if p.type == 'reference' for k in sorted(self.m.targets(r, p))]
        if not found:
            return None
        p, key = self.rng.choice(found)
        r = self.m.store[key]
        t = r.body['resourceType']
        names = sorted(n for n in ANY_TARGET if n in self.m.d.of[t] and n != 'identifier' and self.m.raw(r, self.m.d.of[t][n]))
        if t not in p.targets or not names:
            return None
        f = self.m.d.of[t][self.rng.choice(names)]
        v = self.value(t, f, None, [r])
        if v is None or not re.match(r'^[A-Za-z0-9 \u00c0-\uffee]*$', term(f.type, v)) or (f.type == 'token' and ' ' in term(f.type, v)):
            return None
        return ['via', p.name, ['p', f.name, self.rng.choice(['sw', 'co', 'eq']) if f.type == 'string' else 'eq', v]]


def instant(ms_since_1970):
    days, ms = divmod(int(ms_since_1970), 86400000)
    day = (datetime.date(1970, 1, 1) + datetime.timedelta(days)).isoformat()
    return '%sT%02d:%02d:%02d.%03dZ' % (day, ms // 3600000, ms // 60000 % 60, ms // 1000 % 60, ms % 1000)


def decimal(value):
    """A fraction as a decimal, where it has at most 20 places behind the point; else None."""
    for places in range(21):
        scaled = value * 10 ** places
        if scaled.denominator == 1:
            digits = '%0*d' % (places + 1, abs(scaled.numerator))
            return ('-' if value < 0 else '') + (digits[:-places] + '.' + digits[-places:] if places else digits)
    return None


# --- writing --------------------------------------------------------------------------------------


def escape(text):
    return re.sub(r'([\\,|$])', r'\\\1', text)


def token(v):
    system, code = v
    return ('' if system is None else escape(system) + '|') + ('' if code is None else escape(code))


def term(type, v, modifier=None):
    """One value as search.html#escaping wants it."""
    if modifier == 'of-type':
        return '|'.join(map(escape, v))
    if modifier in ('below', 'above') and isinstance(v, list) or modifier == 'identifier':
        return token(v)
    if modifier in ('missing', 'in', 'not-in'):
        return v
    if type == 'token' and isinstance(v, list):
        return token(v)
    if type in ('date', 'number'):
        return v[0] + v[1]
    if type == 'quantity':
        return v[0] + v[1] + ('' if v[3] is None else '|%s|%s' % (escape(v[2]), escape(v[3])))
    if type == 'special':
        return '|'.join(v)
    if type in ('uri', 'reference'):
        return v.replace('\\', '\\\\').replace(',', '\\,')
    return escape(v)


def written(definitions, type, c):
    """(name, value) of a criterion."""
    if c['k'] == 'list':
        return '_list', c['id']
    if c['k'] == 'filter':
        return '_filter', filter_text(definitions, type, c['f'])
    if c['k'] == 'chain':
        types = [c['t']] if c['t'] else [t for t in definitions.of[type][c['p']].targets
                                         if c['c']['p'] in definitions.of.get(t, {})]
        name, value = written(definitions, types[0], c['c'])
        return '%s%s.%s' % (c['p'], ':' + c['t'] if c['t'] else '', name), value
    if c['k'] == 'has':
        name, value = written(definitions, c['t'], c['c'])
        return '_has:%s:%s:%s' % (c['t'], c['p'], name), value
    p = definitions.of[type][c['p']]
    if p.type == 'composite':
        parts = [definitions.by_url[url].type for url, _ in p.components]
        texts = ['$'.join(term(t, x) for t, x in zip(parts, v)) for v in c['v']]
    else:
        texts = [term(p.type, v, c['m']) for v in c['v']]
    return c['p'] + (':' + c['m'] if c['m'] else ''), ','.join(texts)


def filter_text(definitions, type, f):
    if f[0] == 'not':
        return 'not (%s)' % filter_text(definitions, type, f[1])
    if f[0] in ('and', 'or'):
        left = filter_text(definitions, type, f[1])  # and and or are read from left to right
        return '%s %s (%s)' % (left if f[1][0] in ('and', 'or') else '(%s)' % left, f[0], filter_text(definitions, type, f[2]))
    if f[0] == 'via':
        inner = next(t for t in definitions.of[type][f[1]].targets if f[2][1] in definitions.of.get(t, ()))
        return '%s.%s' % (f[1], filter_text(definitions, inner, f[2]))
    p = definitions.of[type][f[1]]
    if f[2] == 'pr':
        value = f[3]
    elif p.type == 'string':
        value = '"%s"' % f[3]
    elif p.type in ('date', 'number', 'quantity'):
        value = term(p.type, [''] + f[3][1:])
    else:
        value = term(p.type, f[3])
    return '%s %s %s' % (f[1], f[2], value)


def url(definitions, q, base):
    """(path, query string) below the FHIR base."""
    pairs = [written(definitions, q['type'], c) for c in q['criteria']]
    if q['sort']:
        pairs.append(('_sort', ','.join(('-' if descending else '') + name for name, descending in q['sort'])))
    pairs.append(('_count', str(q['count'])))
    if q.get('total'):
        pairs.append(('_total', 'accurate'))
    if q.get('explain'):
        pairs.append(('_explain', 'true'))
    path = ('Patient/%s/' % q['in'] if q.get('in') else '') + q['type']
    if q.get('types'):
        path = ''
        pairs.append(('_type', ','.join(q['types'])))
    return path, '&'.join(urllib.parse.quote(n, safe=':._-') + '=' + urllib.parse.quote(v.replace('@BASE@', base), safe=':/|,$.-')
                          for n, v in pairs)
