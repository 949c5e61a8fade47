#!/usr/bin/env python3
"""Generates src/fhir/search_tables.c from the official definitions of FHIR R4 (4.0.1).

    spec/gen_search.py <folder of hl7.fhir.r4.core-4.0.1> <search_tables.c>

For every concrete resource type: its search parameters with their numbers, its principal date, and one trie that
says what to take from a resource of that type, keyed by JSON member names. For every composite: tries from the
resource to its contexts and from there to its parts. Parameters that are others together (Observation's combo-code)
are found by their expressions, printed, and get no place in the trie. Stops on any expression that it does not
understand, so that no parameter is lost without notice. The output depends on the input alone.
"""
import json
import os
import re
import sys

# Where the definitions name an extension that does not exist, the one that does is looked at as well.
ALSO = {
    'Patient-mothersMaidenName':
        "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName')",
}

COMPARTMENTS = ['Patient', 'Encounter', 'Practitioner', 'RelatedPerson', 'Device']

# What a value of a data type gives for a search type. None: knowingly nothing, but :missing sees that it is there.
QUANTITIES = ['Quantity', 'Age', 'Duration', 'Count', 'Distance']
STRINGS = ['string', 'markdown', 'code', 'id', 'uri', 'url', 'canonical', 'oid', 'uuid']
TAKE = {
    'token': {
        'Coding': 'CODING', 'CodeableConcept': 'CONCEPT', 'Identifier': 'IDENTIFIER', 'ContactPoint': 'CONTACT',
        'code': 'CODE', 'boolean': 'BOOLEAN', 'integer': None, 'Quantity': None, 'Range': None, 'Reference': None,
        **{t: 'WORD' for t in STRINGS if t != 'code'}},
    'reference': {'Reference': 'REFERENCE', 'uri': 'LINK', 'canonical': 'LINK', 'Resource': 'RESOURCE',
                  'CodeableConcept': None, 'Identifier': None, 'Attachment': None},
    'date': {'date': 'DATE', 'dateTime': 'DATE', 'instant': 'DATE', 'Period': 'PERIOD', 'Timing': 'TIMING',
             'string': None, 'Age': None, 'Range': None, 'CodeableConcept': None},
    'string': {'HumanName': 'NAME', 'Address': 'ADDRESS', **{t: 'STRING' for t in STRINGS}},
    'number': {t: 'NUMBER' for t in ['decimal', 'integer', 'positiveInt', 'unsignedInt']} | {'Range': None},
    'quantity': {**{t: 'QUANTITY' for t in QUANTITIES}, 'Money': 'MONEY', 'Range': 'RANGE', 'SampledData': None,
                 'CodeableConcept': None, 'Reference': None},
    'uri': {t: 'URI' for t in ['uri', 'url', 'canonical', 'oid', 'uuid']},
    'special': {'BackboneElement': 'POSITION'},
}
# Specials that have entries.
POSITIONS = {('Location', 'near')}

# Where the definition of a composite names its parts the wrong way round: their parameters, in order.
COMPONENTS = {('DocumentReference', 'relationship'): ['relation', 'relatesto']}

# A type's principal date is the parameter here, or else its parameter 'date'.
WHEN = {
    'Account': 'period', 'Basic': 'created', 'Bundle': 'timestamp', 'ChargeItem': 'occurrence', 'Claim': 'created',
    'ClaimResponse': 'created', 'Communication': 'sent', 'CommunicationRequest': 'authored', 'Condition': 'onset-date',
    'Contract': 'issued', 'CoverageEligibilityRequest': 'created', 'CoverageEligibilityResponse': 'created',
    'DetectedIssue': 'identified', 'DeviceRequest': 'authored-on', 'DocumentManifest': 'created',
    'ExplanationOfBenefit': 'created', 'Goal': 'start-date', 'ImagingStudy': 'started', 'Media': 'created',
    'MedicationAdministration': 'effective-time', 'MedicationDispense': 'whenhandedover',
    'MedicationRequest': 'authoredon', 'MedicationStatement': 'effective', 'NutritionOrder': 'datetime',
    'Patient': 'birthdate', 'PaymentNotice': 'created', 'PaymentReconciliation': 'created', 'Person': 'birthdate',
    'Provenance': 'recorded', 'QuestionnaireResponse': 'authored', 'RelatedPerson': 'birthdate',
    'RequestGroup': 'authored', 'ServiceRequest': 'authored', 'Slot': 'start', 'Specimen': 'collected',
    'Task': 'authored-on', 'TestReport': 'issued', 'VisionPrescription': 'datewritten',
}

# Facets: parameters with few different values. Those of codes from a required list of at most so many, and these.
FACET_CODES = 50
FACETS = {'category', 'class', 'language', '_language', '_profile', '_tag', '_security'}
# Beside facets and the principal date itself, what people ask for newest first.
DATED = {'code', 'category', 'type', 'class', 'vaccine-code', 'service-type', 'component-code'}

BOOLEAN_SYSTEM = 'http://terminology.hl7.org/CodeSystem/special-values'


def stop(message):
    sys.exit('gen_search: ' + message)


class Definitions:
    def __init__(self, folder):
        self.by_kind = {}
        for name in sorted(os.listdir(folder)):
            kind = name.split('-')[0]
            if kind in ('StructureDefinition', 'SearchParameter', 'CompartmentDefinition', 'ValueSet', 'CodeSystem') \
                    and name.endswith('.json'):
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    self.by_kind.setdefault(kind, []).append(json.load(f))
        self.structures = {}
        self.extensions = {}
        self.types = []
        for s in self.by_kind['StructureDefinition']:
            if s.get('derivation') == 'specialization' or s['kind'] == 'primitive-type':
                self.structures[s['type']] = {e['path']: e for e in s['snapshot']['element']}
                if s['kind'] == 'resource' and not s['abstract'] and s.get('derivation') == 'specialization':
                    self.types.append(s['type'])
            elif s.get('type') == 'Extension':
                self.extensions[s['url']] = s
        self.structures.setdefault('Element', {})
        self.types.sort()
        self.number = {t: i + 1 for i, t in enumerate(self.types)}
        self.value_sets = {v['url']: v for v in self.by_kind['ValueSet']}
        self.code_systems = {c['url']: c for c in self.by_kind['CodeSystem']}
        self.parameter_codes = {p['url']: p['code'] for p in self.by_kind['SearchParameter']}

    def parameters(self):
        """type -> name -> definition. The examples among the definitions are left out."""
        result = {t: {} for t in self.types}
        for p in self.by_kind['SearchParameter']:
            if p['id'].startswith('example'):
                continue
            for base in p.get('base', []):
                for t in self.types if base in ('Resource', 'DomainResource') else [base]:
                    if base == 'DomainResource' and t in ('Binary', 'Bundle', 'Parameters'):
                        continue
                    if p['code'] in result[t]:
                        stop(f'{t} has two parameters {p["code"]}')
                    result[t][p['code']] = p
        return result

    def systems(self, value_set, seen=()):
        """The code systems that a value set draws on; None when it is not known."""
        url = value_set.split('|')[0]
        v = self.value_sets.get(url)
        if v is None or url in seen or 'include' not in v.get('compose', {}):
            return None
        result = set()
        for include in v['compose']['include']:
            if 'system' in include:
                result.add(include['system'])
            else:
                for other in include.get('valueSet', []):
                    more = self.systems(other, seen + (url,))
                    if more is None:
                        return None
                    result |= more
        return result

    def code_count(self, value_set, seen=()):
        """How many codes a value set has; None when it does not list them."""
        url = value_set.split('|')[0]
        v = self.value_sets.get(url)
        if v is None or url in seen or 'include' not in v.get('compose', {}):
            return None
        total = 0
        for include in v['compose']['include']:
            system = self.code_systems.get(include.get('system'))
            if 'concept' in include:
                count = len(include['concept'])
            elif 'filter' in include:
                return None
            elif 'system' in include:
                count = concept_count(system['concept']) if system and system['content'] == 'complete' else None
            else:
                counts = [self.code_count(other, seen + (url,)) for other in include.get('valueSet', [])]
                count = None if None in counts else sum(counts)
            if count is None:
                return None
            total += count
        return total


def concept_count(concepts):
    return sum(1 + concept_count(c.get('concept', [])) for c in concepts)


# --- expressions: FHIRPath, as much of it as search parameters use ---

TOKEN = re.compile(r"\s*(?:('[^']*')|(%?[A-Za-z_][A-Za-z0-9_]*)|(\d+)|(!=|[|().\[\]=]))")


def tokens(expression):
    at, out = 0, []
    expression = expression.strip()
    while at < len(expression):
        m = TOKEN.match(expression, at)
        if not m:
            stop(f'cannot read {expression!r} at {at}')
        out.append(m.group(0).strip())
        at = m.end()
    return out


class Parser:
    """Makes a list of alternatives, each a list of steps: ('type', T) ('member', m) ('filter', ...) ('as', T)
    ('extension', url) ('true-unless-false',)."""

    def __init__(self, expression):
        self.expression = expression
        self.t = tokens(expression)
        self.at = 0

    def peek(self):
        return self.t[self.at] if self.at < len(self.t) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or (expected is not None and token != expected):
            stop(f'{self.expression!r}: {expected or "more"} expected, got {token!r}')
        self.at += 1
        return token

    def parse(self):
        result = self.union()
        if self.peek() is not None:
            stop(f'{self.expression!r}: {self.peek()!r} not understood')
        return result

    def union(self):
        result = self.cast()
        while self.peek() == '|':
            self.take()
            result += self.cast()
        return result

    def cast(self):
        result = self.path()
        if self.peek() == 'as':
            self.take()
            to = self.take()
            result = [p + [('as', to)] for p in result]
        elif self.peek() == 'and':
            result = self.true_unless_false(result)
        return result

    def true_unless_false(self, left):
        """X.exists() and X != false"""
        self.take('and')
        right = self.path()
        self.take('!=')
        self.take('false')
        if len(left) != 1 or left[0] != right[0] + [('exists',)]:
            stop(f'{self.expression!r}: this use of "and" is not understood')
        return [right[0] + [('true-unless-false',)]]

    def path(self):
        if self.peek() == '(':
            self.take()
            result = self.union()
            self.take(')')
        elif self.peek() is not None and self.peek()[0].islower():
            result = [[('type', 'Resource'), ('member', self.take())]]
        else:
            result = [[('type', self.take())]]
        while self.peek() in ('.', '['):
            if self.take() == '[':
                if self.take() != '0':
                    stop(f'{self.expression!r}: only [0] is understood')
                self.take(']')
                step = ('filter', 'FIRST', '', '')
            else:
                step = self.step()
            result = [p + [step] for p in result]
        return result

    def step(self):
        name = self.take()
        if self.peek() != '(':
            return ('member', name)
        self.take('(')
        if name in ('as', 'ofType'):
            step = ('as', self.take())
        elif name == 'exists':
            step = ('exists',)
        elif name == 'extension':
            step = ('extension', self.take()[1:-1])
        elif name == 'where':
            step = self.condition()
        else:
            stop(f'{self.expression!r}: function {name} is not understood')
        self.take(')')
        return step

    def condition(self):
        name = self.take()
        if name == 'resolve':
            [self.take(token) for token in ('(', ')', 'is')]
            return ('filter', 'TARGET', self.take(), '')
        if name == 'hasExtension':
            self.take('(')
            url = self.take()[1:-1]
            self.take(')')
            return ('filter', 'HAS_EXTENSION', url, '')
        self.take('=')
        value = self.take()
        if not value.startswith("'"):
            stop(f'{self.expression!r}: where() is not understood')
        return ('filter', 'EQUALS', name, value[1:-1])


def show(steps):
    """The steps as FHIRPath again, for the expression cut to one type."""
    out = ''
    for s in steps:
        if s[0] == 'type':
            out = s[1]
        elif s[0] == 'member':
            out += '.' + s[1]
        elif s[0] == 'as':
            out += f'.ofType({s[1]})'
        elif s[0] == 'extension':
            out += f".extension('{s[1]}')"
        elif s[0] == 'exists':
            out += '.exists()'
        elif s[0] == 'true-unless-false':
            out = f'{out}.exists() and {out} != false'
        elif s[1] == 'FIRST':
            out += '[0]'
        elif s[1] == 'TARGET':
            out += f'.where(resolve() is {s[2]})'
        elif s[1] == 'HAS_EXTENSION':
            out += f".where(hasExtension('{s[2]}'))"
        else:
            out += f".where({s[2]}='{s[3]}')"
    return out


# --- from expressions to places in JSON ---

class Place:
    """Where a path has come to: the members on the way, and the element's type and definition."""

    def __init__(self, edges, structure, path, datatype, element):
        self.edges = edges          # ((member, filter), ...)
        self.structure = structure  # the type whose table has the path
        self.path = path
        self.datatype = datatype
        self.element = element


def type_code(entry):
    code = entry['code']
    return 'string' if code.startswith('http://hl7.org/fhirpath/') else code


def children(d, place, name):
    if place.datatype in ('BackboneElement', 'Element') or place.path.count('.') == 0 and place.element is None:
        table, path = place.structure, place.path
    else:
        table, path = place.datatype, place.datatype
    elements = d.structures.get(table)
    if elements is None:
        stop(f'{path}: type {table} is not known')
    out = []
    if f'{path}.{name}' in elements:
        out.append((name, f'{path}.{name}', None))
    elif f'{path}.{name}[x]' in elements:
        for entry in elements[f'{path}.{name}[x]']['type']:
            code = type_code(entry)
            out.append((name + code[0].upper() + code[1:], f'{path}.{name}[x]', entry))
    else:
        stop(f'{path} has no {name}')
    result = []
    for member, element_path, chosen in out:
        element = elements[element_path]
        edges = place.edges + ((member, None), )
        if 'contentReference' in element:
            target = element['contentReference'].lstrip('#')
            result.append(Place(edges, table, target, 'BackboneElement', elements[target]))
            continue
        entries = [chosen] if chosen else element['type']
        result.append(Place(edges, table, element_path, type_code(entries[0]), dict(element, type=entries)))
    return result


def with_filter(place, step):
    member, old = place.edges[-1]
    if old is not None:
        stop(f'{place.path}: two filters on one member')
    return Place(place.edges[:-1] + ((member, step[1:]),), place.structure, place.path, place.datatype, place.element)


def extension_places(d, place, url, search_type):
    """An extension stands for its value."""
    found = children(d, place, 'extension')
    found = [with_filter(p, ('filter', 'EQUALS', 'url', url)) for p in found]
    values = [v for p in found for v in children(d, p, 'value')]
    allowed = TAKE[search_type]
    for e in d.extensions.get(url, {'snapshot': {'element': []}})['snapshot']['element']:
        if e['path'] == 'Extension.value[x]' and e.get('type'):
            allowed = {type_code(t): 1 for t in e['type']}
    return [v for v in values if v.datatype in allowed and TAKE[search_type].get(v.datatype)]


def root_place(root):
    return Place((), root, root, root, None)


def follow(d, start, steps, search_type):
    places = [start]
    for step in steps:
        if step[0] == 'member':
            places = [c for p in places for c in children(d, p, step[1])]
        elif step[0] == 'as':
            places = [p for p in places if p.datatype.lower() == step[1].lower()]  # one says DateTime
        elif step[0] == 'filter':
            places = [with_filter(p, step) for p in places]
        elif step[0] == 'extension':
            places = [v for p in places for v in extension_places(d, p, step[1], search_type)]
        else:
            stop(f'{start.path}: step {step[0]} is not understood here')
        if not places:
            stop(f'{show([("type", start.path)] + steps)}: leads nowhere')
    return places


def implied_system(d, place):
    binding = place.element.get('binding', {})
    if binding.get('strength') != 'required' or 'valueSet' not in binding:
        return ''
    systems = d.systems(binding['valueSet'])
    return next(iter(systems)) if systems and len(systems) == 1 else ''


def place_targets(d, place):
    """The types that a reference at this place can lead to; None: any."""
    member, condition = place.edges[-1]
    if condition and condition[0] == 'TARGET':
        return {condition[1]}
    result = set()
    if place.datatype == 'Resource':
        return None
    for entry in place.element['type']:
        if type_code(entry) != place.datatype:
            continue
        for profile in entry.get('targetProfile', []):
            name = profile.rsplit('/', 1)[1]
            if name in d.number:
                result.add(name)
    return result or None


def few_codes(d, place):
    binding = place.element.get('binding', {})
    if binding.get('strength') != 'required':
        return False
    count = d.code_count(binding.get('valueSet', ''))
    return count is not None and count <= FACET_CODES


class Leaf(tuple):
    """(edges, take, system): what makes two leaves the same."""

    few = False  # a boolean, or a code of a short list

    @property
    def take(self):
        return self[1]


def leaf_of(d, place, search_type):
    take = TAKE[search_type][place.datatype] or 'NOTHING'
    system = implied_system(d, place) if take == 'CODE' else BOOLEAN_SYSTEM if take == 'BOOLEAN' else ''
    leaf = Leaf((place.edges, take, system))
    leaf.few = take == 'BOOLEAN' or take == 'CODE' and few_codes(d, place)
    return leaf


class Compiled:
    """One parameter of one type."""

    def __init__(self, d, root, definition):
        self.name = definition['code']
        self.type = definition['type']
        self.url = definition['url']
        self.definition = definition
        self.leaves = []
        self.targets = None
        self.union = []  # names of parameters
        self.composite = None
        parts = []
        if definition.get('expression') and (self.type != 'special' or (root, self.name) in POSITIONS):
            parts = [p for p in Parser(definition['expression']).parse()
                     if p[0][1] in (root, 'Resource', 'DomainResource')]
            if not parts:
                stop(f'{root}.{self.name}: no part of the expression is about {root}')
        self.parts = parts
        self.expression = ' | '.join(show([('type', root)] + p[1:]) for p in parts)
        if not parts:
            self.expression = definition.get('expression', '')
        if self.type == 'composite':
            return
        if f'{root}-{self.name}' in ALSO:
            parts = parts + Parser(ALSO[f'{root}-{self.name}']).parse()
        self.compile(d, root, definition, parts)

    def compile(self, d, root, definition, parts):
        targets, any_target = set(), False
        for part in parts:
            if part[-1] == ('true-unless-false',):
                self.leaves.append(self.true_unless_false(d, root, part))
                continue
            taken = 0
            for place in follow(d, root_place(root), part[1:], self.type):
                if place.datatype not in TAKE[self.type]:
                    stop(f'{root}.{self.name}: {self.type} from {place.datatype}')
                leaf = leaf_of(d, place, self.type)
                self.leaves.append(leaf)
                if leaf.take == 'NOTHING':
                    continue
                taken += 1
                if self.type == 'reference':
                    here = place_targets(d, place)
                    any_target |= here is None
                    targets |= here or set()
            if not taken and not any(s[0] == 'as' for s in part):
                stop(f'{root}.{self.name}: nothing is taken by {show(part)}')
        if self.type == 'reference':
            self.targets = self.narrow(d, definition, None if any_target else targets)
        # _id and _lastUpdated are what the store knows.
        if self.name in ('_id', '_lastUpdated'):
            self.leaves = []

    @property
    def stored(self):
        return bool(self.leaves) and not self.union

    @property
    def facet(self):
        if not self.stored or self.type not in ('token', 'uri'):
            return False
        return self.name in FACETS or all(leaf.few for leaf in self.leaves)

    @property
    def dated(self):
        return self.facet or self.stored and self.type == 'token' and self.name in DATED

    @property
    def identifiers(self):
        return any(leaf.take == 'IDENTIFIER' for leaf in self.leaves)

    def taken(self):
        """What makes entries, as a set."""
        return {leaf for leaf in self.leaves if leaf.take != 'NOTHING'}

    @staticmethod
    def narrow(d, definition, possible):
        said = {t for t in definition.get('target', []) if t in d.number}
        if not said or 'Resource' in definition.get('target', []):
            said = set(d.types)
        both = said if possible is None else said & possible or said
        return None if len(both) == len(d.types) else sorted(both)

    @staticmethod
    def true_unless_false(d, root, part):
        (place, ) = follow(d, root_place(root), part[1:-1] + [('as', 'boolean')], 'token')
        (other, ) = follow(d, root_place(root), part[1:-1] + [('as', 'dateTime')], 'token')
        if [e[0] for e in place.edges + other.edges] != ['deceasedBoolean', 'deceasedDateTime']:
            stop(f'{root}: only the death of a patient is understood as "exists and is not false"')
        leaf = Leaf(((), 'DECEASED', BOOLEAN_SYSTEM))
        leaf.few = True
        return leaf


# --- unions: parameters whose entries others have ---

def find_unions(compiled, kept):
    """Fills p.union for each parameter that is exactly two or more others of its search type together. kept: names
    of parameters that stay as they are (those that put a resource in a compartment)."""
    def inside(p):
        own = set(p.leaves)
        return [q for q in compiled if q is not p and q.type == p.type and q.leaves and set(q.leaves) < own]

    def is_union(p):
        return p.name not in kept and set(p.leaves) == {leaf for q in inside(p) for leaf in q.leaves}

    unions = [p for p in compiled if p.leaves and is_union(p)]
    for p in unions:
        missing, parts = set(p.leaves), []
        simple = [q for q in inside(p) if q not in unions]
        for q in sorted(simple, key=lambda q: (-len(set(q.leaves)), q.name)):
            if missing & set(q.leaves):
                parts.append(q.name)
                missing -= set(q.leaves)
        if missing:
            stop(f'{p.name}: the union has parts that no parameter stores')
        p.union = sorted(parts)


# --- composites: the parts stand together in one element ---

class Composite:
    def __init__(self, d, root, p, by_name):
        self.components = []  # (search type, name of the type's parameter or None, code)
        self.contexts = []    # (edges to the context, [(of the resource, leaves) for each component])
        self.whole = len(p.parts) == 1
        definitions = p.definition['component']
        if len(definitions) > 4:
            stop(f'{root}.{p.name}: more than 4 components')
        codes = COMPONENTS.get((root, p.name)) or [d.parameter_codes.get(c['definition']) for c in definitions]
        if None in codes or any(code not in by_name for code in codes):
            stop(f'{root}.{p.name}: a component is no parameter of {root}')
        holds = [True] * len(definitions)
        for part in p.parts:
            for context in follow(d, root_place(root), part[1:], 'token') if part[1:] else [root_place(root)]:
                parts = []
                for i, component in enumerate(definitions):
                    of_resource, leaves, absolute = self.component(d, root, context, component, by_name[codes[i]])
                    parts.append((of_resource, leaves))
                    own = by_name[codes[i]].taken()
                    holds[i] &= absolute <= own
                    self.whole &= not context.edges and absolute == own
                self.contexts.append((context.edges, parts))
        self.components = [(by_name[code].type, code if holds[i] else None, code) for i, code in enumerate(codes)]

    @staticmethod
    def component(d, root, context, component, parameter):
        leaves, absolute, of_resource = [], set(), False
        for steps in Parser(component['expression']).parse():
            of_resource = steps[0][1] == '%resource'
            if not of_resource and steps[0][1] != 'Resource':
                stop(f'{component["expression"]!r}: a component is relative to its context')
            start = root_place(root) if of_resource else \
                Place((), context.structure, context.path, context.datatype, context.element)
            before = () if of_resource else context.edges
            for place in follow(d, start, steps[1:], parameter.type):
                if place.datatype not in TAKE[parameter.type]:
                    stop(f'{root}: component {component["expression"]!r} from {place.datatype}')
                leaf = leaf_of(d, place, parameter.type)
                if leaf.take != 'NOTHING':
                    leaves.append(leaf)
                    absolute.add(Leaf((before + leaf[0], leaf[1], leaf[2])))
        if not leaves:
            stop(f'{root}: component {component["expression"]!r} gives nothing')
        return of_resource, leaves, absolute


# --- the tables ---

class Tables:
    def __init__(self):
        self.nodes, self.edges, self.leaves = [], [], []
        self.filters = [('NONE', '', '')]
        self.systems = ['']
        self.contexts, self.context_parts = [], []

    def index_of(self, items, item):
        if item not in items:
            items.append(item)
        return items.index(item)

    def add_type(self, parameters):
        """A union is walked by its parts: it has no leaves."""
        return self.add_trie([(ordinal, leaf) for ordinal, p in enumerate(parameters) if p.stored
                              for leaf in p.leaves])

    def add_composite(self, composite, ordinals):
        first = len(self.contexts)
        for edges, parts in composite.contexts:
            self.contexts.append((self.add_trie([(0, (edges, 'CONTEXT', ''))]), len(self.context_parts)))
            for (of_resource, leaves), (_, _, code) in zip(parts, composite.components):
                root = self.add_trie([(ordinals[code], leaf) for leaf in leaves])
                self.context_parts.append((root, str(of_resource).lower()))
        self.contexts.append((0, 0))
        return first

    def add_trie(self, leaves):
        """Breadth first, so that the edges of one node are neighbours. Returns the number of the root."""
        trie = {'edges': {}, 'leaves': []}
        for ordinal, (edges, take, system) in leaves:
            node = trie
            for edge in edges:
                node = node['edges'].setdefault(edge, {'edges': {}, 'leaves': []})
            leaf = (ordinal, take, self.index_of(self.systems, system))
            if leaf not in node['leaves']:
                node['leaves'].append(leaf)
        root = len(self.nodes)
        queue = [trie]
        self.nodes.append(None)
        numbers = {id(trie): root}
        while queue:
            node = queue.pop(0)
            first_edge, first_leaf = len(self.edges), len(self.leaves)
            order = sorted(node['edges'].items(),
                           key=lambda e: (len(e[0][0]), e[0][0], e[0][1] or ('', '', '')))
            for (member, condition), child in order:
                numbers[id(child)] = len(self.nodes)
                self.nodes.append(None)
                condition = condition or self.filters[0]
                self.edges.append((member, numbers[id(child)], self.index_of(self.filters, condition)))
                queue.append(child)
            self.leaves += node['leaves']
            self.nodes[numbers[id(node)]] = (first_edge, len(order), first_leaf, len(node['leaves']))
        return root


def quote(s):
    return '"' + s.replace('\\', '\\\\').replace('"', '\\"') + '"'


def slice_of(s):
    return f'{{{quote(s)}, {len(s.encode())}}}'


def write_targets(out, d, compiled):
    names = {}
    for t in d.types:
        for p in compiled[t]:
            if p.targets is not None and tuple(p.targets) not in names:
                names[tuple(p.targets)] = f'targets_{len(names)}'
    for key, name in names.items():
        out.append(f'static const fhir_type {name}[] = {{{", ".join(str(d.number[t]) for t in key)}, 0}};'
                   f' /* {" ".join(key)} */')
    out.append('')
    return names


def compartment_ordinals(d, t, compartment, names):
    """Ordinals of the parameters, 'patient' and 'subject' first; 0xFE: the resource itself."""
    for c in d.by_kind['CompartmentDefinition']:
        if c['code'] != compartment or c['id'] != compartment[0].lower() + compartment[1:]:
            continue
        for r in c['resource']:
            if r['code'] == t and 'param' in r:
                for p in r['param']:
                    if p != '{def}' and p not in names:
                        stop(f'compartment {compartment}: {t} has no parameter {p}')
                first = [p for p in ('patient', 'subject') if p in r['param']]
                return [0xFE if p == '{def}' else names.index(p)
                        for p in first + [p for p in r['param'] if p not in first]]
    return None


def write_composites(out, d, t, parameters, ordinals, tables):
    for p in parameters:
        number = f'{d.number[t] << 8 | ordinals[p.name]:04X}'
        if p.union:
            parts = ', '.join(f'0x{d.number[t] << 8 | ordinals[name]:04X}' for name in p.union)
            out.append(f'static const uint16_t parts_{number}[] = {{{parts}, 0}};')
        if p.composite is None:
            continue
        first = tables.add_composite(p.composite, ordinals)
        rows = ', '.join(f'{{SEARCH_{kind.upper()}, {"0x%04X" % (d.number[t] << 8 | ordinals[name]) if name else 0},'
                         f' {slice_of(code)}}}' for kind, name, code in p.composite.components)
        out.append(f'static const struct search_component components_{number}[] = {{{rows}}};')
        out.append(f'static const struct search_composite composite_{number} = {{components_{number},'
                   f' {len(p.composite.components)}, {str(p.composite.whole).lower()}, {first}}};')


def write_parameters(out, d, compiled, target_names, in_patient_compartment, tables):
    for t in d.types:
        write_composites(out, d, t, compiled[t], {p.name: i for i, p in enumerate(compiled[t])}, tables)
        out.append(f'static const struct search_param params_{t}[] = {{')
        for ordinal, p in enumerate(compiled[t]):
            implied = (p.name in ('patient', 'subject') and p.type == 'reference' and t in in_patient_compartment
                       and (p.targets is None or 'Patient' in p.targets))
            targets = 'NULL' if p.targets is None else target_names[tuple(p.targets)]
            number = f'{d.number[t] << 8 | ordinal:04X}'
            dated = p.dated or d.number[t] << 8 | ordinal == principal_date(d, t, compiled[t])
            flags = ', '.join(str(flag).lower() for flag in (p.stored, implied, p.facet, dated, p.identifiers))
            parts = f'parts_{number}' if p.union else 'NULL'
            composite = f'&composite_{number}' if p.composite else 'NULL'
            out.append(f'    {{{slice_of(p.name)}, 0x{number}, SEARCH_{p.type.upper()}, {flags}, {parts}, {composite},')
            out.append(f'     {slice_of(p.expression)},')
            out.append(f'     {slice_of(p.url)}, {targets}}},')
        out.append('};')
    out.append('')


def write_tables(out, d, tables):
    def rows(name, ctype, items, scope='static '):
        out.append(f'{scope}const {ctype} {name}[] = {{')
        out.extend('    {' + i + '},' for i in items)
        out.extend(['};', ''])
    rows('search_nodes', 'struct search_node', [', '.join(map(str, node)) for node in tables.nodes])
    rows('search_edges', 'struct search_edge',
         [f'{quote(m)}, {len(m)}, {f}, {n}' for m, n, f in tables.edges])
    rows('search_leaves', 'struct search_leaf', [f'{o}, TAKE_{t}, {s}' for o, t, s in tables.leaves])
    items = []
    for kind, a, b in tables.filters:
        target = d.number[a] if kind == 'TARGET' else 0
        items.append(f'FILTER_{kind}, {target}, {slice_of("" if kind == "TARGET" else a)}, {slice_of(b)}')
    rows('search_filters', 'struct search_filter', items)
    rows('search_contexts', 'struct search_context', [f'{root}, {first}' for root, first in tables.contexts], '')
    rows('search_context_parts', 'struct search_context_part',
         [f'{root}, {of_resource}' for root, of_resource in tables.context_parts], '')
    out.append('static const text search_systems[] = {')
    out.extend(f'    {slice_of(s)},' for s in tables.systems)
    out.extend(['};', ''])
    out.append('const struct search_tables search_standard = {search_nodes, search_edges, search_leaves,'
               ' search_filters, search_systems, 0};')
    out.append('')


def principal_date(d, t, compiled):
    dates = [p.name for p in compiled if p.type == 'date' and p.stored]
    name = WHEN.get(t, 'date' if 'date' in dates else None)
    if name is None:
        return 0
    if name not in dates:
        stop(f'{t} has no date parameter {name}')
    return d.number[t] << 8 | [p.name for p in compiled].index(name)


def write_types(out, d, compiled, roots, ordinals):
    for t in d.types:
        for c in COMPARTMENTS:
            if ordinals[t][c] is not None:
                out.append(f'static const uint8_t {c.lower()}_{t}[] = '
                           f'{{{", ".join(str(o) for o in ordinals[t][c] + [255])}}};')
    out.append('')
    out.append('const struct search_type_table search_types[] = {')
    out.append('    {NULL, 0, 0, 0, {NULL}},')
    for t in d.types:
        lists = ', '.join(f'{c.lower()}_{t}' if ordinals[t][c] is not None else 'NULL' for c in COMPARTMENTS)
        out.append(f'    {{params_{t}, {len(compiled[t])}, {roots[t]},'
                   f' 0x{principal_date(d, t, compiled[t]):04X}, {{{lists}}}}}, /* {d.number[t]} */')
    out.extend(['};', '', f'const unsigned search_type_count = {len(d.types) + 1};'])
    numbers = ', '.join(str(d.number[c]) for c in COMPARTMENTS)
    out.append(f'const fhir_type search_compartments[SEARCH_COMPARTMENTS] = {{{numbers}}};')


def main():
    if len(sys.argv) != 3:
        stop('usage: gen_search.py <folder of definitions> <search_tables.c>')
    d = Definitions(sys.argv[1])
    parameters = d.parameters()
    tables, compiled, roots, ordinals = Tables(), {}, {}, {}
    for t in d.types:
        compiled[t] = [Compiled(d, t, parameters[t][name]) for name in sorted(parameters[t])]
        if len(compiled[t]) > 0x80:  # the rest is for those that people add
            stop(f'{t} has too many parameters')
        names = [p.name for p in compiled[t]]
        ordinals[t] = {c: compartment_ordinals(d, t, c, names) for c in COMPARTMENTS}
        find_unions(compiled[t], {names[o] for o in ordinals[t]['Patient'] or [] if o != 0xFE})
        for p in compiled[t]:
            if p.type == 'composite':
                p.composite = Composite(d, t, p, {q.name: q for q in compiled[t]})
        roots[t] = tables.add_type(compiled[t])
    out = ['/* Made by spec/gen_search.py from the definitions of FHIR R4 (4.0.1). Do not edit. */',
           '/* clang-format off */', '#include "fhir/search_tables.h"', '']
    names = write_targets(out, d, compiled)
    in_compartment = {t for t in d.types if ordinals[t]['Patient'] is not None}
    write_parameters(out, d, compiled, names, in_compartment, tables)
    if max(len(tables.nodes), len(tables.edges), len(tables.leaves)) > 0xFFFF:
        stop('the tables are too large for 16-bit indices')
    write_tables(out, d, tables)
    write_types(out, d, compiled, roots, ordinals)
    with open(sys.argv[2], 'w', encoding='utf-8', newline='\n') as f:
        f.write('\n'.join(out) + '\n')
    for t in d.types:
        for p in compiled[t]:
            if p.union:
                print(f'union: {t}.{p.name} = {" + ".join(p.union)}')
    print(f'{len(d.types)} types, {sum(map(len, compiled.values()))} parameters, {len(tables.nodes)} nodes,'
          f' {len(tables.leaves)} leaves, {len(tables.filters)} filters, {len(tables.systems)} systems,'
          f' {sum(p.composite is not None for t in d.types for p in compiled[t])} composites')


main()
