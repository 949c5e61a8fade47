#!/usr/bin/env python3
"""Generates src/fhir/search_tables.c from the official definitions of FHIR R4 (4.0.1).

    spec/gen_search.py <folder of hl7.fhir.r4.core-4.0.1> <search_tables.c>

For every concrete resource type: its search parameters with their numbers, its principal date, and one trie that
says what to take from a resource of that type, keyed by JSON member names. For every composite: tries from the
resource to its contexts and from there to its parts. Parameters that are others together (Observation's combo-code)
are found by their expressions, printed, and get no place in the trie. Stops on any expression that it does not
understand, so that no parameter is lost without notice. The output depends on the input alone.
"""
import sys

from search_definitions import (
    ABOUT_A_PATIENT, ALSO, BOOLEAN_SYSTEM, COMPARTMENTS, COMPONENTS, DATED, Definitions, FACETS, POSITIONS, Parser, Place, TAKE,
    WHEN, few_codes, follow, implied_system, place_targets, root_place, show, stop)


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


def home_ordinals(d, t, compiled, in_patient_compartment):
    """Ordinals of the parameters that say whose record a resource belongs to: those of the patient compartment; and of types that R4
    leaves out of it although they are about one patient (Task, Device ...) 'patient' and 'subject'."""
    if in_patient_compartment is not None:
        return in_patient_compartment
    names = [p.name for p in compiled]
    return [names.index(name) for name in ('patient', 'subject')
            if name in names and t in ABOUT_A_PATIENT] or None


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


def write_types(out, d, compiled, roots, ordinals, homes):
    for t in d.types:
        if homes[t] is not None:
            out.append(f'static const uint8_t home_{t}[] = {{{", ".join(str(o) for o in homes[t] + [255])}}};')
        for c in COMPARTMENTS:
            if ordinals[t][c] is not None:
                out.append(f'static const uint8_t {c.lower()}_{t}[] = '
                           f'{{{", ".join(str(o) for o in ordinals[t][c] + [255])}}};')
    out.append('')
    out.append('const struct search_type_table search_types[] = {')
    out.append('    {NULL, 0, 0, 0, NULL, {NULL}},')
    for t in d.types:
        lists = ', '.join(f'{c.lower()}_{t}' if ordinals[t][c] is not None else 'NULL' for c in COMPARTMENTS)
        out.append(f'    {{params_{t}, {len(compiled[t])}, {roots[t]},'
                   f' 0x{principal_date(d, t, compiled[t]):04X}, {f"home_{t}" if homes[t] is not None else "NULL"},'
                   f' {{{lists}}}}}, /* {d.number[t]} */')
    out.extend(['};', '', f'const unsigned search_type_count = {len(d.types) + 1};'])
    numbers = ', '.join(str(d.number[c]) for c in COMPARTMENTS)
    out.append(f'const fhir_type search_compartments[SEARCH_COMPARTMENTS] = {{{numbers}}};')


def main():
    if len(sys.argv) != 3:
        stop('usage: gen_search.py <folder of definitions> <search_tables.c>')
    d = Definitions(sys.argv[1])
    parameters = d.parameters()
    tables, compiled, roots, ordinals, homes = Tables(), {}, {}, {}, {}
    for t in d.types:
        compiled[t] = [Compiled(d, t, parameters[t][name]) for name in sorted(parameters[t])]
        if len(compiled[t]) > 0x80:  # the rest is for those that people add
            stop(f'{t} has too many parameters')
        names = [p.name for p in compiled[t]]
        ordinals[t] = {c: compartment_ordinals(d, t, c, names) for c in COMPARTMENTS}
        homes[t] = home_ordinals(d, t, compiled[t], ordinals[t]['Patient'])
        find_unions(compiled[t], {names[o] for o in homes[t] or [] if o != 0xFE})
        for p in compiled[t]:
            if p.type == 'composite':
                p.composite = Composite(d, t, p, {q.name: q for q in compiled[t]})
        roots[t] = tables.add_type(compiled[t])
    out = ['/* Made by spec/gen_search.py from the definitions of FHIR R4 (4.0.1). Do not edit. */',
           '/* clang-format off */', '#include "fhir/search_tables.h"', '']
    names = write_targets(out, d, compiled)
    write_parameters(out, d, compiled, names, {t for t in d.types if homes[t] is not None}, tables)
    if max(len(tables.nodes), len(tables.edges), len(tables.leaves)) > 0xFFFF:
        stop('the tables are too large for 16-bit indices')
    write_tables(out, d, tables)
    write_types(out, d, compiled, roots, ordinals, homes)
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
