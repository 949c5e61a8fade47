"""A plain scan: which resources of a store answer a query, by R4 search.html and the official SearchParameters alone.

A store is a dict of 'Type/id' to Resource. A query is JSON, as asks.py makes it:
    {'type': 'Observation', 'types': several instead or absent, 'in': patient id or None, 'criteria': [criterion ...], 'sort': [['date', True (descending)] ...]}
and a criterion one of
    {'k': 'param', 'p': name, 'm': modifier or None, 'v': [value ...]}      any of the values
    {'k': 'chain', 'p': reference parameter, 't': type or None, 'c': criterion}
    {'k': 'has', 't': type, 'p': its reference parameter, 'c': criterion}
    {'k': 'list', 'id': id of a List}
    {'k': 'filter', 'f': ['and' or 'or', f, f] or ['not', f] or ['p', name, operator, value] or ['via', reference parameter, f]}
Values: date and number [prefix, text]; quantity [prefix, text, system or None, code or None]; token [system or None, code or None];
of-type [system, code, value]; near [latitude, longitude, distance, unit]; composite a list of values; all others a text.
"""

import glob
import re

import paths
import values as V
from paths import evaluate

LOCAL = re.compile(r'(?:@BASE@/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$')
ID = re.compile(r'[A-Za-z0-9\-.]{1,64}$')
STRING_PARTS = {'HumanName': ('text', 'family', 'given', 'prefix', 'suffix'),
                'Address': ('text', 'line', 'city', 'district', 'state', 'postalCode', 'country')}
IMPLICIT = {('Patient', 'gender'): 'http://hl7.org/fhir/administrative-gender',
            ('Practitioner', 'gender'): 'http://hl7.org/fhir/administrative-gender',
            ('Observation', 'status'): 'http://hl7.org/fhir/observation-status',
            ('Encounter', 'status'): 'http://hl7.org/fhir/encounter-status'}
NOT_PROSE = {'id', 'reference', 'system', 'url', 'uri', 'code', 'status', 'resourceType', 'versionId', 'lastUpdated', 'div', 'linkId'}


class Parameter:
    def __init__(self, definition):
        self.name, self.type = definition['code'], definition['type']
        self.expression = definition.get('expression')
        self.targets = definition.get('target', [])
        self.components = [(c['definition'], c['expression']) for c in definition.get('component', [])]


class Definitions:
    """The official parameters, model and compartment of patients."""

    def __init__(self, data, types):
        folder = data + '/' + paths.CORE
        self.model, self.of, self.by_url = paths.Model(folder), {t: {} for t in types}, {}
        for path in sorted(glob.glob(folder + '/SearchParameter-*.json')):
            d = self.model.read(path)
            if 'code' not in d or 'base' not in d or 'example' in path or 'extensions' in path:
                continue
            parameter = Parameter(d)
            self.by_url[d['url']] = parameter
            for t in types:
                if t in d['base'] or 'Resource' in d['base'] or 'DomainResource' in d['base']:
                    self.of[t][d['code']] = parameter
        self.compartment = {r['code']: r.get('param', [])
                            for r in self.model.read('CompartmentDefinition-patient.json')['resource']}


class Resource:
    def __init__(self, body, updated=0):
        self.body, self.updated, self.cache = body, updated, {}

    @property
    def key(self):
        return '%s/%s' % (self.body['resourceType'], self.body['id'])


class Reference:
    """What a Reference or canonical says: a local (type, id), or URLs, and an identifier."""

    def __init__(self, value):
        self.local, self.urls, self.identifier = None, (), None
        text = value
        if isinstance(value, dict):
            text = value.get('reference', '')
            if 'identifier' in value:
                self.identifier = (value['identifier'].get('system', ''), value['identifier'].get('value'))
        m = LOCAL.match(text)
        if m:
            self.local = (m[1], m[2])
        elif text and not text.startswith('#'):
            self.urls = (text, text.split('|')[0])


class Matcher:
    def __init__(self, definitions, store):
        self.d, self.store, self.slack = definitions, store, 0
        self.by_type = {}
        for key, r in store.items():
            self.by_type.setdefault(r.body['resourceType'], []).append(r)
        self.memo = {}
        self.found = 0  # how many the last answer had, for the harness

    # --- what a resource has ---

    def raw(self, r, parameter):
        """The elements that a parameter stands for."""
        key = ('raw', parameter.expression)
        if key not in r.cache:
            r.cache[key] = evaluate(self.d.model, parameter.expression, r.body) if parameter.expression else []
        return r.cache[key]

    def values(self, r, parameter):
        key = (parameter.name, parameter.expression)
        if key not in r.cache:
            if parameter.name == '_lastUpdated':
                r.cache[key] = [(r.updated, r.updated + 1)]
            else:
                r.cache[key] = self.typed(parameter.type, self.raw(r, parameter),
                                          IMPLICIT.get((r.body['resourceType'], parameter.name)))
        return r.cache[key]

    def typed(self, search_type, items, implicit=None):
        take = getattr(self, 'take_' + search_type)
        return [v for type, value in items for v in (take(type, value, implicit) if search_type == 'token' else take(type, value))]

    @staticmethod
    def take_token(type, value, implicit=None):
        """(system or '' or None where codes have no say in it, code in lower case)."""
        if type == 'CodeableConcept':
            return [(c.get('system', ''), V.lower(c.get('code', ''))) for c in value.get('coding', [])]
        if type == 'Coding':
            return [(value.get('system', ''), V.lower(value.get('code', '')))]
        if type == 'Identifier':
            return [(value.get('system', ''), V.lower(value.get('value', '')))]
        if type == 'ContactPoint':
            return [(None, V.lower(value.get('value', '')))]
        if type == 'boolean':
            return [(None, 'true' if value else 'false')]
        return [(implicit, V.lower(value))] if isinstance(value, str) else []

    @staticmethod
    def take_date(type, value):
        if type == 'Period':
            return [V.period_range(value)]
        return [V.date_range(value)] if isinstance(value, str) else []

    @staticmethod
    def take_string(type, value):
        if isinstance(value, str):
            return [value]
        out = []
        for part in STRING_PARTS.get(type, ()):
            v = value.get(part, [])
            out += v if isinstance(v, list) else [v]
        return out

    @staticmethod
    def take_number(type, value):
        return [V.exact(value)]

    @staticmethod
    def take_quantity(type, value):
        if not isinstance(value, dict) or 'value' not in value:
            return []
        return [(V.exact(value['value']), value.get('system', ''), value.get('code', ''), value.get('unit', ''))]

    @staticmethod
    def take_reference(type, value):
        return [Reference(value)]

    @staticmethod
    def take_uri(type, value):
        return [value]

    @staticmethod
    def take_special(type, value):
        return [(float(V.exact(value['latitude'])), float(V.exact(value['longitude'])))]

    def texts(self, r, parameter):
        """The folded texts beside tokens."""
        out = []
        for type, value in self.raw(r, parameter):
            if type == 'CodeableConcept':
                out += [value.get('text')] + [c.get('display') for c in value.get('coding', [])]
            elif type == 'Coding':
                out.append(value.get('display'))
            elif type == 'Identifier':
                out.append(value.get('type', {}).get('text'))
        return [V.fold(t) for t in out if t]

    # --- one value of a query against one value of a resource ---

    def accepts(self, search_type, query, value):
        return getattr(self, 'is_' + search_type)(query, value)

    @staticmethod
    def is_token(query, value):
        system, code = query
        if code is not None and V.lower(code) != value[1]:
            return False
        if code is None and not value[1]:
            return value[0] == system
        return system is None or value[0] == system

    def is_date(self, query, value):
        return V.date_accepts(query[0], V.date_range(query[1]), value, self.slack)

    @staticmethod
    def is_string(query, value):
        return V.fold(value).startswith(V.fold(query))

    @staticmethod
    def is_number(query, value):
        return V.number_accepts(query[0], query[1], value)

    @staticmethod
    def is_quantity(query, value):
        prefix, text, system, code = query
        number = value[0]
        if code is not None:
            if not system:
                if code not in (value[2], value[3]):
                    return False
            elif value[1] != system:
                return False
            elif system == V.UCUM:
                number = V.convert(number, value[2], code)
                if number is None:
                    return False
            elif value[2] != code:
                return False
        return V.number_accepts(prefix, text, number)

    @staticmethod
    def is_reference(query, value):
        m = LOCAL.match(query)
        if m:
            return value.local == (m[1], m[2])
        if ID.match(query):
            return value.local is not None and value.local[1] == query
        return query in value.urls

    @staticmethod
    def is_uri(query, value):
        return query == value or (isinstance(value, str) and value.split('|')[0] == query)

    def is_special(self, query, value):
        limit = float(query[2]) * V.METRES[query[3]]
        return V.distance(float(query[0]), float(query[1]), *value) <= limit * (1 + self.slack * 0.01)

    # --- a criterion against one resource ---

    def tests(self, r, parameter, modifier, query):
        """Whether one value of a query is met; modifiers that are negations are not seen here."""
        if parameter.name in ('_text', '_content'):
            return self.has_words(r, parameter.name, query)
        if parameter.type == 'composite':
            return self.composite(r, parameter, query)
        if modifier == 'of-type':
            return any(self.of_type(query, v) for t, v in self.raw(r, parameter) if t == 'Identifier')
        if modifier == 'text':
            return any(V.starts_a_word(V.fold(query), t) for t in self.texts(r, parameter))
        found = self.values(r, parameter)
        if parameter.name == '_id':
            return r.body['id'] == query[1]
        if modifier == 'exact':
            return query in found
        if modifier == 'contains':
            return any(V.fold(query) in V.fold(v) for v in found)
        if modifier == 'identifier':
            return any(v.identifier and self.is_token(query, (v.identifier[0], V.lower(v.identifier[1]))) for v in found)
        if modifier in ('in', 'below', 'above') and parameter.type == 'token':
            return any(self.is_token(code, v) for code in self.codes(modifier, query) for v in found)
        if modifier == 'below':
            return any(is_below(v.split('|')[0], query) for v in found)
        if modifier == 'above':
            return any(is_below(query, v.split('|')[0]) for v in found)
        if modifier and modifier[0].isupper():
            query = modifier + '/' + query
        return any(self.accepts(parameter.type, query, v) for v in found)

    @staticmethod
    def of_type(query, identifier):
        system, code, value = query
        return (V.lower(identifier.get('value', '')) == V.lower(value)
                and any(c.get('system', '') == system and V.lower(c.get('code', '')) == V.lower(code)
                        for c in identifier.get('type', {}).get('coding', [])))

    def composite(self, r, parameter, query):
        contexts = self.raw(r, parameter)
        for index, context in enumerate(contexts):
            for (url, expression), part in zip(parameter.components, query):
                key = (parameter.name, index, expression)
                if key not in r.cache:
                    items = evaluate(self.d.model, expression, r.body, context)
                    r.cache[key] = self.typed(self.d.by_url[url].type, items)
                if not any(self.accepts(self.d.by_url[url].type, part, v) for v in r.cache[key]):
                    break
            else:
                return True
        return False

    def has_words(self, r, name, query):
        if name not in r.cache:
            words = r.body.get('text', {}).get('div', '')
            texts = [re.sub(r'<[^>]*>', ' ', words)]
            if name == '_content':
                texts += list(prose(r.body))
            r.cache[name] = {w for t in texts for w in V.fold(t).split()}
        return all(w in r.cache[name] for w in V.fold(query).split())

    def codes(self, modifier, query):
        """(system, code or None) of a value set; of a code and what is below or above it."""
        if modifier == 'in':
            for r in self.by_type.get('ValueSet', []):
                if query in (r.body.get('url'), r.key, '@BASE@/' + r.key):
                    return [(i['system'], c) for i in r.body['compose']['include']
                            for c in ([c['code'] for c in i['concept']] if 'concept' in i else [None])]
            raise KeyError(query)
        for r in self.by_type.get('CodeSystem', []):
            if r.body.get('url') == query[0]:
                found = hierarchy(r.body.get('concept', []), query[1], modifier == 'below', [])
                return [(query[0], c) for c in found or [query[1]]]
        raise KeyError(query)

    # --- sets ---

    def select(self, type, c):
        """The keys of the resources of a type that a criterion accepts."""
        memo = repr((type, c))
        if memo not in self.memo:
            self.memo[memo] = getattr(self, 'select_' + c['k'])(type, c)
        return self.memo[memo]

    def all(self, type):
        return {r.key for r in self.by_type.get(type, [])}

    def select_param(self, type, c):
        parameter, modifier = self.d.of[type][c['p']], c['m']
        resources = self.by_type.get(type, [])
        if modifier == 'missing':
            return {r.key for r in resources
                    if (c['p'] not in ('_id', '_lastUpdated') and not self.raw(r, parameter)) == (c['v'][0] == 'true')}
        positive = {'not': None, 'not-in': 'in'}.get(modifier, modifier)
        found = {r.key for r in resources if any(self.tests(r, parameter, positive, v) for v in c['v'])}
        return self.all(type) - found if modifier in ('not', 'not-in') else found

    def targets(self, r, parameter):
        """The keys of existing resources that it refers to by a parameter."""
        key = ('targets', parameter.name)
        if key not in self.memo.setdefault(r.key, {}):
            found = set()
            for v in self.values(r, parameter):
                if v.local:
                    found.add('%s/%s' % v.local)
                elif v.urls:
                    found |= {t.key for type in parameter.targets for t in self.by_type.get(type, [])
                              if t.body.get('url') in v.urls}
            self.memo[r.key][key] = {k for k in found if k in self.store}
        return self.memo[r.key][key]

    def select_chain(self, type, c):
        parameter = self.d.of[type][c['p']]
        inner = c['c']
        name = inner['p'] if inner['k'] in ('param', 'chain') else None
        types = [c['t']] if c['t'] else [t for t in self.d.of if t in parameter.targets and (not name or name in self.d.of[t])]
        wanted = set().union(*(self.select(t, inner) for t in types))
        return {r.key for r in self.by_type.get(type, []) if self.targets(r, parameter) & wanted}

    def select_has(self, type, c):
        parameter, sources = self.d.of[c['t']][c['p']], self.select(c['t'], c['c'])
        found = set().union(*(self.targets(self.store[k], parameter) for k in sources))
        return {k for k in found if k.startswith(type + '/')}

    def select_list(self, type, c):
        r = self.store.get('List/' + c['id'])
        items = [Reference(e['item']).local for e in r.body.get('entry', [])] if r else []
        return self.all(type) & {'%s/%s' % i for i in items if i}

    def select_filter(self, type, c):
        return self.filter(type, c['f'])

    def filter(self, type, f):
        if f[0] == 'and':
            return self.filter(type, f[1]) & self.filter(type, f[2])
        if f[0] == 'or':
            return self.filter(type, f[1]) | self.filter(type, f[2])
        if f[0] == 'not':
            return self.all(type) - self.filter(type, f[1])
        if f[0] == 'via':
            parameter, name = self.d.of[type][f[1]], f[2][1]
            wanted = set().union(*(self.filter(t, f[2]) for t in parameter.targets if name in self.d.of.get(t, ())))
            return {r.key for r in self.by_type.get(type, []) if self.targets(r, parameter) & wanted}
        parameter = self.d.of[type][f[1]]
        return {r.key for r in self.by_type.get(type, []) if self.operator(r, parameter, f[2], f[3])}

    def operator(self, r, parameter, operator, query):
        """search_filter.html: an item in the set ..."""
        if operator == 'pr':
            return bool(self.raw(r, parameter)) == (query == 'true')
        found = self.values(r, parameter)
        if parameter.type == 'string':
            how = {'eq': lambda a, b: a == b, 'co': lambda a, b: b in a, 'sw': lambda a, b: a.startswith(b),
                   'ew': lambda a, b: a.endswith(b)}[operator]
            return any(how(V.fold(v), V.fold(query)) for v in found)
        if parameter.type in ('date', 'number', 'quantity'):
            return any(self.accepts(parameter.type, [operator] + query[1:], v) for v in found)
        return any(self.accepts(parameter.type, query, v) for v in found)  # eq of tokens, re of references

    def answer(self, query):
        """The keys that a whole query accepts."""
        if query.get('types'):
            return set().union(*(self.answer(dict(query, type=t, types=None)) for t in query['types']))
        found = self.all(query['type'])
        if query.get('in'):
            found = {k for k in found if self.in_compartment(self.store[k], query['in'])}
        for c in query['criteria']:
            found = found & self.select(query['type'], c)
        return found

    def in_compartment(self, r, patient):
        of = self.d.of[r.body['resourceType']]
        return any(v.local == ('Patient', patient)
                   for name in self.d.compartment[r.body['resourceType']] for v in self.values(r, of[name]))

    # --- order ---

    def sort_key(self, key, sorts):
        """One comparable a sort: what has no value stands last, whichever the direction."""
        r = self.store[key]
        return [self.one_sort_key(r, name, descending) for name, descending in sorts]

    def one_sort_key(self, r, name, descending):
        memo = ('sort', name, descending)
        if memo not in r.cache:
            parameter = self.d.of[r.body['resourceType']][name]
            ranks = [r.body['id']] if name == '_id' else [self.rank(parameter, v) for v in self.values(r, parameter)]
            r.cache[memo] = (max(ranks) if descending else min(ranks)) if ranks else None
        return r.cache[memo]

    @staticmethod
    def rank(parameter, value):
        if parameter.type == 'string':
            return V.fold(value).encode()[:88]  # longer ones are in the order of what is kept of them
        if parameter.type == 'token':
            return value[1].encode()[:88]
        if parameter.type == 'date':
            return value[0]
        if parameter.type == 'quantity':
            return V.to_base(value[0], value[2]) if value[1] == V.UCUM else value[0]
        return value

    def in_order(self, keys, sorts):
        """The first pair of neighbours that stands wrongly, or None."""
        for a, b in zip(keys, keys[1:]):
            for x, y, (_, descending) in zip(self.sort_key(a, sorts), self.sort_key(b, sorts), sorts):
                if x == y:
                    continue
                if x is None or (y is not None and (x < y if descending else x > y)):
                    return a, b
                break
        return None


def is_below(lower, upper):
    """By whole segments of the path."""
    return lower == upper or lower.startswith(upper.rstrip('/') + '/')


def hierarchy(concepts, code, below, above):
    """The code and those below it, or those above it and itself."""
    for c in concepts:
        if V.lower(c['code']) == V.lower(code):
            return list(everything(c)) if below else above + [c['code']]
        found = hierarchy(c.get('concept', []), code, below, above + [c['code']])
        if found:
            return found
    return []


def everything(concept):
    yield concept['code']
    for c in concept.get('concept', []):
        yield from everything(c)


def prose(value, name=None):
    """Texts, as far as the vocabulary of the generator's words reaches: no codes, ids, addresses of the net."""
    if isinstance(value, dict):
        for k, v in value.items():
            if k not in NOT_PROSE or not isinstance(v, str):
                yield from prose(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from prose(v, name)
    elif isinstance(value, str) and not value.startswith(V.MARK):
        yield value
