#!/usr/bin/env python3
"""Reduces the official definitions of FHIR R4 to the facts that the program has built in.

    spec/gen_core.py <folder of hl7.fhir.r4.core 4.0.1> [<folder to write, else spec/core>]

Writes structures.ndjson, code_systems.ndjson, value_sets.ndjson and concept_maps.ndjson: one
resource a line, in the order of their URLs. Each line starts with resourceType and url, which
src/fhir/core.c finds them by. What is prose (narratives, descriptions, definitions, comments,
mappings, examples) is left out, and what says only what is so anyway (isSummary false). Base
definitions have their snapshot; constraints on them and new extensions their differential. The
output depends on nothing but the folder.
"""
import glob
import json
import os
import re
import sys

BASE = 'http://hl7.org/fhir/StructureDefinition/'
STATUS = BASE + 'structuredefinition-standards-status'
FILES = [('StructureDefinition', 'structures'), ('CodeSystem', 'code_systems'), ('ValueSet', 'value_sets'),
         ('ConceptMap', 'concept_maps')]

ROOT = ['resourceType', 'url', 'id', 'language', 'extension', 'version', 'name', 'title', 'status', 'experimental']
STRUCTURE = ROOT + ['fhirVersion', 'kind', 'abstract', 'context', 'contextInvariant', 'type', 'baseDefinition',
                    'derivation']
CODE_SYSTEM = ROOT + ['identifier', 'caseSensitive', 'valueSet', 'hierarchyMeaning', 'compositional', 'versionNeeded',
                      'content', 'supplements', 'count']
VALUE_SET = ROOT + ['contained']
CONCEPT_MAP = ROOT + ['sourceUri', 'sourceCanonical', 'targetUri', 'targetCanonical']
# Of an ElementDefinition, beside fixed[x], pattern[x], minValue[x], maxValue[x], defaultValue[x].
ELEMENT = ['id', 'path', 'extension', 'sliceName', 'sliceIsConstraining', 'min', 'max', 'base', 'contentReference',
           'maxLength', 'condition', 'isModifier', 'isSummary', 'mustSupport']
VALUE = re.compile(r'(fixed|pattern|minValue|maxValue|defaultValue)[A-Z]')
# Extensions that say facts.
EXTENSIONS = [STATUS, BASE + 'regex', BASE + 'structuredefinition-fhir-type', BASE + 'elementdefinition-maxValueSet',
              BASE + 'elementdefinition-bestpractice', BASE + 'elementdefinition-profile-element',
              BASE + 'structuredefinition-regex']
DISPLAY = {'system': 'http://terminology.hl7.org/CodeSystem/designation-usage', 'code': 'display'}
# Rules of every element and extension: they stand with Element and Extension alone.
EVERYWHERE = {'ele-1': BASE + 'Element', 'ext-1': BASE + 'Extension'}


def some(source, names):
    """The members of these names, in their order; extensions only where they say facts."""
    out = {}
    for name in names:
        if name == 'extension':
            kept = [e for e in source.get(name, []) if e['url'] in EXTENSIONS]
            if kept:
                out[name] = kept
        elif name in source:
            out[name] = source[name]
    return out


def each(items, function):
    return [function(item) for item in items]


def element_type(source):
    out = some(source, ['extension', 'code'])
    if '_code' in source:
        # An older form: the extensions of a type with the code, which then says nothing.
        out.setdefault('extension', []).extend(some(source['_code'], ['extension']).get('extension', []))
        if not out['extension']:
            del out['extension']
    out.update(some(source, ['profile', 'targetProfile', 'aggregation', 'versioning']))
    if '_profile' in source:
        out['_profile'] = [some(p, ['extension']) if p else None for p in source['_profile']]
    return out


def slicing(source):
    return some(source, ['discriminator', 'ordered', 'rules'])


def constraints(source, url):
    return [some(c, ['key', 'extension', 'severity', 'expression']) for c in source
            if EVERYWHERE.get(c['key'], url) == url]


def element(source, url):
    out = {}
    for name, value in some(source, ELEMENT).items():
        if name not in ('isModifier', 'isSummary', 'mustSupport') or value:
            out[name] = value
    if 'slicing' in source:
        out['slicing'] = slicing(source['slicing'])
    if 'type' in source:
        out['type'] = each(source['type'], element_type)
    out.update((name, value) for name, value in source.items() if VALUE.match(name))
    rules = constraints(source.get('constraint', []), url)
    if rules:
        out['constraint'] = rules
    if 'binding' in source:
        out['binding'] = some(source['binding'], ['extension', 'strength', 'valueSet'])
    return out


def structure(source):
    out = some(source, STRUCTURE)
    form = 'differential' if source.get('derivation') == 'constraint' else 'snapshot'
    if form not in source:
        form = 'differential'
    if form in source:
        out[form] = {'element': [element(e, source['url']) for e in source[form]['element']]}
    return out


def designation(source):
    # A use that says "a display" says what a designation without use is.
    return some(source, ['language', 'value'] if source.get('use') == DISPLAY else ['language', 'use', 'value'])


def concept(source):
    out = some(source, ['code', 'display'])
    if 'designation' in source:
        out['designation'] = each(source['designation'], designation)
    out.update(some(source, ['property']))
    if 'concept' in source:
        out['concept'] = each(source['concept'], concept)
    return out


def code_system(source):
    out = some(source, CODE_SYSTEM)
    if 'filter' in source:
        out['filter'] = [some(f, ['code', 'operator', 'value']) for f in source['filter']]
    if 'property' in source:
        out['property'] = [some(p, ['code', 'uri', 'type']) for p in source['property']]
    if 'concept' in source:
        out['concept'] = each(source['concept'], concept)
    return out


def include(source):
    out = some(source, ['system', 'version'])
    if 'concept' in source:
        out['concept'] = each(source['concept'], concept)
    out.update(some(source, ['filter', 'valueSet']))
    return out


def value_set(source):
    out = some(source, VALUE_SET)
    if 'contained' in out:
        out['contained'] = each(out['contained'], reduce)
    compose = some(source['compose'], ['lockedDate', 'inactive'])
    for part in ('include', 'exclude'):
        if part in source['compose']:
            compose[part] = each(source['compose'][part], include)
    out['compose'] = compose
    return out


def map_element(source):
    out = some(source, ['code', 'display'])
    out['target'] = [some(t, ['code', 'display', 'equivalence', 'dependsOn', 'product']) for t in source['target']]
    return out


def concept_map(source):
    out = some(source, CONCEPT_MAP)
    out['group'] = []
    for group in source.get('group', []):
        kept = some(group, ['source', 'sourceVersion', 'target', 'targetVersion'])
        kept['element'] = each(group['element'], map_element)
        kept.update(some(group, ['unmapped']))
        out['group'].append(kept)
    return out


REDUCE = {'StructureDefinition': structure, 'CodeSystem': code_system, 'ValueSet': value_set,
          'ConceptMap': concept_map}


def reduce(source):
    return REDUCE[source['resourceType']](source)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = sys.argv[1]
    to = sys.argv[2] if len(sys.argv) == 3 else os.path.join(os.path.dirname(os.path.abspath(__file__)), 'core')
    os.makedirs(to, exist_ok=True)
    for kind, name in FILES:
        lines = {}
        for path in sorted(glob.glob(os.path.join(folder, kind + '-*.json'))):
            with open(path, encoding='utf-8') as file:
                source = json.load(file)
            if source['url'] in lines:
                sys.exit(f'{path}: its url stands in another file too')
            lines[source['url']] = json.dumps(reduce(source), ensure_ascii=False, separators=(',', ':'))
        if not lines:
            sys.exit(f'{folder} has no {kind}-*.json')
        with open(os.path.join(to, name + '.ndjson'), 'w', encoding='utf-8') as file:
            file.writelines(lines[url] + '\n' for url in sorted(lines))


if __name__ == '__main__':
    main()
