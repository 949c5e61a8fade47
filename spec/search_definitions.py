"""What gen_search.py reads: the official definitions, and their expressions as places in JSON. FHIRPath, as much of it
as search parameters use; everything else stops the generator."""
import json
import os
import re
import sys

# Where the definitions name an extension that does not exist, the one that does is looked at as well.
ALSO = {
    'Patient-mothersMaidenName':
        "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName')",
}

# About one patient, though R4's compartment of the patient leaves them out: their records are the patient's all the same.
ABOUT_A_PATIENT = {'Contract', 'Device', 'GuidanceResponse', 'Task'}
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
