#!/usr/bin/env python3
"""Turns the official definitions of FHIR R4 into the tables of src/fhir/model_tables.c.

    spec/gen_model.py <folder of hl7.fhir.r4.core 4.0.1> > src/fhir/model_tables.c

The folder holds StructureDefinition-*.json, ValueSet-*.json, CodeSystem-*.json and
CompartmentDefinition-patient.json. The output depends on nothing else. src/fhir/model_tables.h
explains the tables.
"""
import glob
import json
import os
import sys

from search_definitions import ABOUT_A_PATIENT

# The order of enum model_type_number in src/fhir/model_tables.h.
PRIMITIVES = ['base64Binary', 'boolean', 'canonical', 'code', 'date', 'dateTime', 'decimal', 'id',
              'instant', 'integer', 'markdown', 'oid', 'positiveInt', 'string', 'time',
              'unsignedInt', 'uri', 'url', 'uuid', 'xhtml']
SPECIAL = ['CodeableConcept', 'Coding', 'Element', 'Extension', 'Meta', 'Reference', 'Resource']
BASE = 'http://hl7.org/fhir/StructureDefinition/'
FHIR_TYPE = BASE + 'structuredefinition-fhir-type'
MASK = (1 << 64) - 1
SPREAD = 0x9E3779B97F4A7C15


def load(folder, kind):
    for path in sorted(glob.glob(os.path.join(folder, kind + '-*.json'))):
        with open(path, encoding='utf-8') as f:
            yield json.load(f)


def name_hash(name, seed):
    """The same as model_hash() in src/fhir/model.c."""
    b = name.encode()
    n = len(b)
    if n >= 8:
        head, tail = b[:8], b[-8:]
    elif n >= 4:
        head, tail = b[:4], b[-4:]
    else:
        head, tail = bytes([b[0], b[n // 2], b[n - 1]]), b''
    h = int.from_bytes(head, 'little') ^ ((int.from_bytes(tail, 'little') + n) * SPREAD & MASK)
    h ^= h >> 32
    return h * seed & MASK


def seeds():
    state = 1
    while True:  # splitmix64
        state = (state + SPREAD) & MASK
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        yield (z ^ (z >> 31)) | 1


def hash_table(names, bits, tries=64):
    """Open addressing; of several seeds, the one with which all names are found soonest."""
    best = None
    for seed, _ in zip(seeds(), range(tries)):
        slots = [0] * (1 << bits)
        cost = 0
        for i, name in enumerate(names):
            at = name_hash(name, seed) >> (64 - bits)
            while slots[at]:
                at = (at + 1) % len(slots)
                cost += 1
            slots[at] = i + 1
        if best is None or cost < best[0]:
            best = (cost, seed, slots)
        if cost == 0:
            break
    return best[1], best[2]


class Pool:
    """Strings, each once; a name is offset << 8 | length."""

    def __init__(self):
        self.at = {}
        self.parts = []
        self.size = 0

    def name(self, s):
        b = s.encode()
        assert len(b) < 256, s
        if b not in self.at:
            self.at[b] = self.size
            self.parts.append(b)
            self.size += len(b)
        return self.at[b] << 8 | len(b)


class Codes:
    """Value sets that can be enumerated in full, as lists of (system, codes)."""

    def __init__(self, folder, pool):
        self.pool = pool
        self.value_sets = {v['url']: v for v in load(folder, 'ValueSet')}
        self.systems = {c['url']: c for c in load(folder, 'CodeSystem')}
        self.sets = [('', 0, 0)]
        self.set_at = {}
        self.rows = []
        self.lists = {}
        self.codes = []

    def all_codes(self, concepts, out):
        for c in concepts:
            out.add(c['code'])
            self.all_codes(c.get('concept', []), out)
        return out

    def include(self, inc):
        if 'valueSet' in inc or 'filter' in inc or 'system' not in inc:
            return None
        if 'concept' in inc:
            return {c['code'] for c in inc['concept']}
        system = self.systems.get(inc['system'])
        if not system or system['content'] != 'complete':
            return None
        return self.all_codes(system.get('concept', []), set()) or None

    def expand(self, url):
        value_set = self.value_sets.get(url)
        if not value_set or 'exclude' in value_set['compose']:
            return None
        found = {}
        for inc in value_set['compose']['include']:
            codes = self.include(inc)
            if codes is None:
                return None
            found.setdefault(inc['system'], set()).update(codes)
        return found

    def number(self, canonical):
        """The index of a value set among the code sets; 0 when it cannot be enumerated."""
        url = canonical.split('|')[0]
        if url not in self.set_at:
            found = self.expand(url)
            self.set_at[url] = 0
            if found:
                self.set_at[url] = len(self.sets)
                self.sets.append((url, len(self.rows), len(found)))
                for system, codes in sorted(found.items()):
                    self.add_system(system, codes)
        return self.set_at[url]

    def add_system(self, system, codes):
        key = tuple(sorted(codes, key=lambda c: c.encode()))
        if key not in self.lists:
            self.lists[key] = len(self.codes)
            self.codes.extend(key)
        self.rows.append((system, self.lists[key], len(key)))


class Element:
    def __init__(self, name, type_name, definition, choice):
        self.name = name
        self.type = type_name
        self.repeats = definition['max'] != '1'
        self.choice = choice
        self.bare = False
        self.summary = bool(definition.get('isSummary'))
        self.required = definition['min'] > 0
        self.targets = ()
        self.codes = 0


class Model:
    def __init__(self, folder):
        self.pool = Pool()
        self.codes = Codes(folder, self.pool)
        self.definitions = {}
        self.simple_quantity = None
        resources, datatypes = [], []
        for d in load(folder, 'StructureDefinition'):
            if d['name'] == 'SimpleQuantity':
                self.simple_quantity = d
            if d.get('derivation') != 'specialization' and d['name'] != 'Element':
                continue
            if d['abstract'] and d['name'] != 'Element':
                continue
            if d['kind'] == 'resource':
                resources.append(d['name'])
            elif d['kind'] == 'complex-type':
                datatypes.append(d['name'])
            else:
                continue
            self.definitions[d['name']] = d
        self.resources = sorted(resources)
        plain = sorted(set(datatypes) - set(SPECIAL))
        self.order = [''] + self.resources + PRIMITIVES + SPECIAL + plain + ['SimpleQuantity']
        self.parts = {}  # type name -> (elements, required)
        self.target_sets = [()]
        for name in self.resources + [s for s in SPECIAL if s != 'Resource'] + plain:
            self.read(name, self.definitions[name])
        self.read('SimpleQuantity', self.simple_quantity)
        self.order += sorted(set(self.parts) - set(self.order))
        self.index = {name: i for i, name in enumerate(self.order)}
        self.read_compartment(folder)

    def read_compartment(self, folder):
        path = os.path.join(folder, 'CompartmentDefinition-patient.json')
        with open(path, encoding='utf-8') as f:
            d = json.load(f)
        # Beside those of the definition, types that are about one patient although R4 leaves them out of it.
        self.compartment = tuple(sorted({r['code'] for r in d['resource'] if r.get('param')} | ABOUT_A_PATIENT
                                        | {'Binary', 'Bundle'}))

    def read(self, type_name, definition):
        rows = definition['snapshot']['element']
        root = rows[0]['path']
        with_children = {r['path'].rsplit('.', 1)[0] for r in rows[1:]}
        for path in sorted(with_children):
            own = [r for r in rows[1:] if r['path'].rsplit('.', 1)[0] == path and r['max'] != '0']
            self.parts[type_name + path[len(root):]] = self.members(type_name, root, own,
                                                                    with_children)

    def members(self, type_name, root, rows, with_children):
        elements, required, choice = [], [], 0
        for row in rows:
            name = row['path'].rsplit('.', 1)[1]
            if name.endswith('[x]'):
                choice += 1
                if row['min']:
                    required.append(0x8000 | choice)
                for t in row['type']:
                    code = self.type_of(row, t, type_name)
                    upper = t['code'][0].upper() + t['code'][1:]
                    elements.append(self.element(name[:-3] + upper, code, row, t, choice))
                continue
            if row['min']:
                assert row['min'] == 1, row['path']
                required.append(len(elements))
            if 'contentReference' in row:
                code, t = type_name + row['contentReference'][1 + len(root):], {}
            elif row['path'] in with_children:
                code, t = type_name + row['path'][len(root):], {}
            else:
                assert len(row['type']) == 1, row['path']
                t = row['type'][0]
                code = self.type_of(row, t, type_name)
            elements.append(self.element(name, code, row, t, 0))
        assert choice <= 8 and len(elements) <= 256
        return elements, required

    def type_of(self, row, t, type_name):
        """FHIRPath's System.String stands where FHIR has a primitive without extensions."""
        for x in t.get('extension', []):
            if x['url'] == FHIR_TYPE:
                is_resource_id = row['base']['path'] == 'Resource.id'
                return 'id' if is_resource_id else x['valueUrl']
        if t['code'] == 'Quantity' and t.get('profile') == [BASE + 'SimpleQuantity']:
            return 'SimpleQuantity'
        assert not t.get('profile'), row['path']
        return t['code']

    def element(self, name, code, row, t, choice):
        e = Element(name, code, row, choice)
        system_type = t.get('code', '').startswith('http://hl7.org/fhirpath/')
        e.bare = code == 'xhtml' or (system_type and row['base']['path'] != 'Resource.id')
        assert row['max'] in ('1', '*') and (not choice or row['max'] == '1'), row['path']
        if code == 'Reference':
            targets = [p[len(BASE):] for p in t.get('targetProfile', [])]
            if targets and 'Resource' not in targets:
                assert all(x in self.resources for x in targets), row['path']
                e.targets = tuple(sorted(targets))
        binding = row.get('binding', {})
        if binding.get('strength') == 'required' and code in ('code', 'Coding', 'CodeableConcept'):
            e.codes = self.codes.number(binding['valueSet'])
        return e

    def target_number(self, targets):
        if targets not in self.target_sets:
            self.target_sets.append(targets)
        return self.target_sets.index(targets)


class Printer:
    def __init__(self, model):
        self.m = model
        self.out = []

    def table(self, declaration, items, width=100):
        self.out.append(declaration + ' = {')
        line = '   '
        for item in items:
            if len(line) + len(item) + 2 > width:
                self.out.append(line)
                line = '   '
            line += ' ' + item + ','
        self.out.extend([line, '};', ''])

    def type_set(self, names):
        words = [0, 0, 0]
        for name in names:
            number = self.m.index[name]
            words[number >> 6] |= 1 << (number & 63)
        return '{' + ', '.join('0x%x' % w for w in words) + '}'

    def types(self):
        m, pool = self.m, self.m.pool
        types, elements, slots, required = [], [], [], []
        for name in m.order:
            own, needed = m.parts.get(name, ([], []))
            shown = 'Quantity' if name == 'SimpleQuantity' else name
            bits, seed, table = 0, 0, []
            if own:
                bits = max(3, (2 * len(own) - 1).bit_length())
                seed, table = hash_table([e.name for e in own], bits)
            types.append('{0x%x, %d, %d, %d, %d, %d, %d, 0x%xU}' % (
                pool.name(shown), len(elements), len(own), len(required), len(needed), bits,
                len(slots), seed))
            for e in own:
                elements.append('{0x%x, %d, %d, %d, %d, %d}' % (
                    pool.name(e.name), m.index[e.type], e.codes, m.target_number(e.targets),
                    e.repeats + 2 * e.bare + 4 * e.summary + 8 * e.required, e.choice))
            slots += table
            required += needed
        assert len(elements) < 65536 and len(required) < 65536
        self.out.append('const unsigned model_type_count = %d;\n' % len(types))
        self.table('const struct model_type model_types[]', types)
        self.table('const struct model_element model_elements[]', elements)
        self.table('const uint16_t model_slots[]', map(str, slots))
        self.table('const uint16_t model_required[]', map(hex, required))

    def sets(self):
        m, pool = self.m, self.m.pool
        self.table('const uint64_t model_targets[][MODEL_TARGET_WORDS]',
                   [self.type_set(t) for t in m.target_sets])
        self.out.append('const uint64_t model_patient_compartment[MODEL_TARGET_WORDS] = '
                        + self.type_set(m.compartment) + ';\n')
        self.table('const struct model_code_set model_code_sets[]',
                   ['{0x%x, %d, %d}' % (pool.name(u), a, n) for u, a, n in m.codes.sets])
        self.table('const struct model_system model_systems[]',
                   ['{0x%x, %d, %d}' % (pool.name(u), a, n) for u, a, n in m.codes.rows])
        self.table('const model_name model_codes[]',
                   ['0x%x' % pool.name(c) for c in m.codes.codes])

    def numbers(self):
        m = self.m
        seed, slots = hash_table(m.resources, 9, 1024)
        self.out.append('const uint64_t model_resource_seed = 0x%xU;\n' % seed)
        self.table('const uint8_t model_resource_slots[]', map(str, slots))
        self.out.append('_Static_assert(MODEL_RESOURCE_LAST == %d, "resource types");'
                        % len(m.resources))
        for name in PRIMITIVES + SPECIAL:
            constant = ''.join('_' + c if c.isupper() and i else c for i, c in enumerate(name))
            constant = 'MODEL_' + constant.upper().replace('INT_EGER', 'INTEGER')
            self.out.append('_Static_assert(%s == %d, "%s");' % (constant, m.index[name], name))
        self.out.append('')
        for name in ('Patient', 'Encounter', 'Practitioner', 'Bundle', 'Binary', 'Group', 'List',
                     'Device', 'RelatedPerson', 'OperationOutcome', 'Parameters',
                     'SearchParameter'):
            constant = ''.join('_' + c if c.isupper() and i else c for i, c in enumerate(name))
            self.out.append('const fhir_type FHIR_%s = %d;' % (constant.upper(), m.index[name]))
        self.out.append('')

    def strings(self):
        self.out.append('const char model_pool[] =')
        line = b''
        for part in self.m.pool.parts + [None]:
            if part is None or len(line) + len(part) > 88:
                quoted = line.decode().replace('\\', '\\\\').replace('"', '\\"')
                self.out.append('    "%s"' % quoted)
                line = b''
            line += part or b''
        self.out[-1] += ';'

    def text(self):
        self.out += [
            '/*',
            ' * Generated from the official definitions of FHIR R4 (hl7.fhir.r4.core 4.0.1) by',
            ' *     spec/gen_model.py <folder of the definitions> > src/fhir/model_tables.c',
            ' * Change the generator, not this file.',
            ' */',
            '/* clang-format off */',
            '#include "fhir/model_tables.h"',
            '']
        self.types()
        self.sets()
        self.numbers()
        self.strings()
        return '\n'.join(self.out) + '\n'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(Printer(Model(sys.argv[1])).text())


main()
