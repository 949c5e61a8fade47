#!/usr/bin/env python3
"""Generates src/fhir/search_tables.c from the official definitions of FHIR R4 (4.0.1).

    spec/gen_search.py <folder of hl7.fhir.r4.core-4.0.1> <search_tables.c>

For every concrete resource type: its search parameters with their numbers, and one trie that says what to take
from a resource of that type, keyed by JSON member names. Stops on any expression that it does not understand, so
that no parameter is lost without notice. The output depends on the input alone.
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

# What a value of a data type gives for a search type. None: knowingly nothing.
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
}
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


# --- expressions: FHIRPath, as much of it as search parameters use ---

TOKEN = re.compile(r"\s*(?:('[^']*')|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|(!=|[|().\[\]=]))")


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


def follow(d, root, steps, search_type):
    places = [Place((), root, root, root, None)]
    for step in steps:
        if step[0] == 'member':
            places = [c for p in places for c in children(d, p, step[1])]
        elif step[0] == 'as':
            places = [p for p in places if p.datatype == step[1]]
        elif step[0] == 'filter':
            places = [with_filter(p, step) for p in places]
        elif step[0] == 'extension':
            places = [v for p in places for v in extension_places(d, p, step[1], search_type)]
        else:
            stop(f'{root}: step {step[0]} is not understood here')
        if not places:
            stop(f'{show([("type", root)] + steps)}: leads nowhere')
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


class Compiled:
    """One parameter of one type."""

    def __init__(self, d, root, definition):
        self.name = definition['code']
        self.type = definition['type']
        self.url = definition['url']
        self.indexed = False
        self.leaves = []  # (edges, take, system)
        self.targets = None
        parts = []
        if definition.get('expression') and self.type not in ('composite', 'special'):
            parts = [p for p in Parser(definition['expression']).parse()
                     if p[0][1] in (root, 'Resource', 'DomainResource')]
            if not parts:
                stop(f'{root}.{self.name}: no part of the expression is about {root}')
            self.indexed = True
        self.expression = ' | '.join(show([('type', root)] + p[1:]) for p in parts)
        if not parts:
            self.expression = definition.get('expression', '')
        if f'{root}-{self.name}' in ALSO:
            parts += Parser(ALSO[f'{root}-{self.name}']).parse()
        self.compile(d, root, definition, parts)

    def compile(self, d, root, definition, parts):
        targets, any_target = set(), False
        for part in parts:
            if part[-1] == ('true-unless-false',):
                self.leaves.append(self.true_unless_false(d, root, part))
                continue
            taken = 0
            for place in follow(d, root, part[1:], self.type):
                if place.datatype not in TAKE[self.type]:
                    stop(f'{root}.{self.name}: {self.type} from {place.datatype}')
                take = TAKE[self.type][place.datatype]
                if take is None:
                    continue
                taken += 1
                system = ''
                if take == 'CODE':
                    system = implied_system(d, place)
                elif take == 'BOOLEAN':
                    system = BOOLEAN_SYSTEM
                self.leaves.append((place.edges, take, system))
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

    @staticmethod
    def narrow(d, definition, possible):
        said = {t for t in definition.get('target', []) if t in d.number}
        if not said or 'Resource' in definition.get('target', []):
            said = set(d.types)
        both = said if possible is None else said & possible or said
        return None if len(both) == len(d.types) else sorted(both)

    @staticmethod
    def true_unless_false(d, root, part):
        (place, ) = follow(d, root, part[1:-1] + [('as', 'boolean')], 'token')
        (other, ) = follow(d, root, part[1:-1] + [('as', 'dateTime')], 'token')
        if [e[0] for e in place.edges + other.edges] != ['deceasedBoolean', 'deceasedDateTime']:
            stop(f'{root}: only the death of a patient is understood as "exists and is not false"')
        return ((), 'DECEASED', BOOLEAN_SYSTEM)


# --- the tables ---

class Tables:
    def __init__(self):
        self.nodes, self.edges, self.leaves = [], [], []
        self.filters = [('NONE', '', '')]
        self.systems = ['']

    def index_of(self, items, item):
        if item not in items:
            items.append(item)
        return items.index(item)

    def add_type(self, parameters):
        """Breadth first, so that the edges of one node are neighbours. Returns the number of the root."""
        trie = {'edges': {}, 'leaves': []}
        for ordinal, p in enumerate(parameters):
            for edges, take, system in p.leaves:
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
                self.edges.append((member, numbers[id(child)], self.index_of(self.filters, condition or self.filters[0])))
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


def write_parameters(out, d, compiled, target_names, in_patient_compartment):
    for t in d.types:
        out.append(f'static const struct search_param params_{t}[] = {{')
        for ordinal, p in enumerate(compiled[t]):
            implied = (p.name in ('patient', 'subject') and p.type == 'reference' and t in in_patient_compartment
                       and (p.targets is None or 'Patient' in p.targets))
            targets = 'NULL' if p.targets is None else target_names[tuple(p.targets)]
            out.append(f'    {{{slice_of(p.name)}, 0x{d.number[t] << 8 | ordinal:04X}, SEARCH_{p.type.upper()},'
                       f' {str(p.indexed).lower()}, {str(implied).lower()},')
            out.append(f'     {slice_of(p.expression)},')
            out.append(f'     {slice_of(p.url)}, {targets}}},')
        out.append('};')
    out.append('')


def write_tables(out, d, tables):
    def rows(name, ctype, items):
        out.append(f'const {ctype} {name}[] = {{')
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
    out.append('const text search_systems[] = {')
    out.extend(f'    {slice_of(s)},' for s in tables.systems)
    out.extend(['};', ''])


def write_types(out, d, compiled, roots, ordinals):
    for t in d.types:
        for c in COMPARTMENTS:
            if ordinals[t][c] is not None:
                out.append(f'static const uint8_t {c.lower()}_{t}[] = '
                           f'{{{", ".join(str(o) for o in ordinals[t][c] + [255])}}};')
    out.append('')
    out.append('const struct search_type_table search_types[] = {')
    out.append('    {NULL, 0, 0, {NULL}},')
    for t in d.types:
        lists = ', '.join(f'{c.lower()}_{t}' if ordinals[t][c] is not None else 'NULL' for c in COMPARTMENTS)
        out.append(f'    {{params_{t}, {len(compiled[t])}, {roots[t]}, {{{lists}}}}}, /* {d.number[t]} */')
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
        if len(compiled[t]) > 0xF0:
            stop(f'{t} has too many parameters')
        roots[t] = tables.add_type(compiled[t])
        names = [p.name for p in compiled[t]]
        ordinals[t] = {c: compartment_ordinals(d, t, c, names) for c in COMPARTMENTS}
    if max(len(tables.nodes), len(tables.edges), len(tables.leaves)) > 0xFFFF:
        stop('the tables are too large for 16-bit indices')
    out = ['/* Made by spec/gen_search.py from the definitions of FHIR R4 (4.0.1). Do not edit. */',
           '/* clang-format off */', '#include "fhir/search_tables.h"', '']
    names = write_targets(out, d, compiled)
    write_parameters(out, d, compiled, names, {t for t in d.types if ordinals[t]['Patient'] is not None})
    write_tables(out, d, tables)
    write_types(out, d, compiled, roots, ordinals)
    with open(sys.argv[2], 'w', encoding='utf-8', newline='\n') as f:
        f.write('\n'.join(out) + '\n')
    print(f'{len(d.types)} types, {sum(map(len, compiled.values()))} parameters, {len(tables.nodes)} nodes,'
          f' {len(tables.leaves)} leaves, {len(tables.filters)} filters, {len(tables.systems)} systems')


main()
