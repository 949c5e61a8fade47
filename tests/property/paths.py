"""The part of FHIRPath that search parameters are written in, over JSON with the types of the official StructureDefinitions.

An item is (type, value): type is the name of a data type ('HumanName', 'code') or the path of an element without a type of its own
('Observation.component').
"""

import functools
import json
import os
import re

CORE = 'hl7.fhir.r4.core-4.0.1'
TOKENS = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*)|'((?:[^'\\]|\\.)*)'|(\d+)|(!=|[.|()=]))")
ABSTRACT = {'BackboneElement', 'Element'}


class Model:
    """What the definitions say about the children of elements."""

    def __init__(self, folder):
        self.folder = folder
        self.children = {}

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding='utf-8') as f:
            return json.load(f)

    def _learn(self, type):
        path = os.path.join(self.folder, 'StructureDefinition-%s.json' % type)
        self.children.setdefault(type, {})
        if not os.path.exists(path):
            return
        for element in self.read(path)['snapshot']['element']:
            parent, _, name = element['path'].rpartition('.')
            if not parent:
                continue
            if 'contentReference' in element:
                types = [element['contentReference'].lstrip('#')]
            else:
                types = []
                for t in element.get('type', []):
                    code = t['code'].rpartition('/')[2]
                    if 'System.' in code:
                        code = 'id' if name == 'id' else 'string'
                    types.append(element['path'] if code in ABSTRACT else code)
            self.children.setdefault(parent, {})[name] = types

    def members(self, type):
        root = type.split('.')[0]
        if root not in self.children:
            self._learn(root)
        return self.children.get(type, {})

    def child(self, item, name):
        """The items that stand below an item under a name."""
        type, value = item
        if not isinstance(value, dict):
            return []
        if type in ('Resource', 'DomainResource'):
            type = value.get('resourceType', type)
        members = self.members(type)
        if name in members:
            found, child_type = value.get(name), members[name][0]
        else:
            found, child_type = None, None
            for t in members.get(name + '[x]', []):
                key = name + t[0].upper() + t[1:]
                if key in value:
                    found, child_type = value[key], t
        if found is None:
            return []
        if child_type == 'Resource':
            return [(v['resourceType'], v) for v in (found if isinstance(found, list) else [found])]
        return [(child_type, v) for v in (found if isinstance(found, list) else [found])]


# --- parsing: tuples ------------------------------------------------------------------------------


class Parser:
    def __init__(self, text):
        self.tokens, at = [], 0
        while at < len(text.rstrip()):
            m = TOKENS.match(text, at)
            if not m:
                raise ValueError('%r at %d' % (text, at))
            kind = ('name', 'text', 'number', 'sign')[m.lastindex - 1]
            self.tokens.append((kind, m[m.lastindex]))
            at = m.end()
        self.at = 0

    def peek(self, *values):
        return self.at < len(self.tokens) and self.tokens[self.at][0] != 'text' and self.tokens[self.at][1] in values

    def take(self, *values):
        if self.peek(*values):
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def need(self, value):
        if not self.take(value):
            raise ValueError('%s expected at %d of %r' % (value, self.at, self.tokens))

    def conjunction(self):
        left = self.equality()
        while self.take('and'):
            left = ('and', left, self.equality())
        return left

    def equality(self):
        left = self.union()
        sign = self.take('=', '!=')
        return (sign, left, self.union()) if sign else left

    def union(self):
        left = self.typed()
        while self.take('|'):
            left = ('|', left, self.typed())
        return left

    def typed(self):
        left = self.path()
        while self.peek('as', 'is'):
            sign = self.take('as', 'is')
            left = (sign, left, self.tokens[self.at][1])
            self.at += 1
        return left

    def path(self):
        left = self.term(None)
        while self.take('.'):
            left = self.term(left)
        return left

    def term(self, left):
        if left is None and self.take('('):
            inner = self.conjunction()
            self.need(')')
            return inner
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind in ('text', 'number'):
            return ('literal', value)
        if left is None and value in ('true', 'false'):
            return ('literal', value == 'true')
        if self.take('('):
            argument = None if self.peek(')') else self.conjunction()
            self.need(')')
            return ('call', left, value, argument)
        return ('name', left, value)


@functools.lru_cache(maxsize=None)
def parse(expression):
    parser = Parser(expression)
    tree = parser.conjunction()
    if parser.at != len(parser.tokens):
        raise ValueError('%r is not all understood' % expression)
    return tree


# --- evaluating -----------------------------------------------------------------------------------

REFERENCE = re.compile(r'(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$')


def type_of_reference(reference, root):
    """What a reference points to, by its own text; a contained one by what is contained."""
    text = reference.get('reference', '') if isinstance(reference, dict) else str(reference)
    if text.startswith('#'):
        for contained in root.get('contained', []):
            if contained.get('id') == text[1:]:
                return contained['resourceType']
        return None
    m = REFERENCE.match(text)
    return m[1] if m else None


class Evaluator:
    def __init__(self, model, root):
        self.model, self.root = model, root

    def run(self, tree, items):
        kind = tree[0]
        if kind == 'literal':
            return [('literal', tree[1])]
        if kind == '|':
            return self.run(tree[1], items) + self.run(tree[2], items)
        if kind == 'and':
            return [('boolean', self.truth(tree[1], items) and self.truth(tree[2], items))]
        if kind in ('=', '!='):
            left, right = self.run(tree[1], items), self.run(tree[2], items)
            if not left or not right:
                return []
            same = [v for _, v in left] == [v for _, v in right]
            return [('boolean', same == (kind == '='))]
        if kind in ('as', 'is'):
            return self.typed(kind, self.run(tree[1], items), tree[2])
        if kind == 'name':
            return self.name(tree, items)
        return self.call(tree, items)

    def truth(self, tree, items):
        found = self.run(tree, items)
        return bool(found) and found[0][1] is True

    def typed(self, kind, items, type):
        matching = [i for i in items if i[0].lower() == type.lower()]
        if kind == 'as':
            return matching
        return [('boolean', bool(items) and len(matching) == len(items))]

    def name(self, tree, items):
        if tree[1] is None:
            if tree[2][0].isupper():
                return [i for i in items if i[0] == tree[2]]
            return [c for i in items for c in self.model.child(i, tree[2])]
        return [c for i in self.run(tree[1], items) for c in self.model.child(i, tree[2])]

    def call(self, tree, items):
        left = items if tree[1] is None else self.run(tree[1], items)
        name, argument = tree[2], tree[3]
        if name == 'where':
            return [i for i in left if self.truth(argument, [i])]
        if name == 'exists':
            return [('boolean', bool(left))]
        if name in ('as', 'ofType'):
            return self.typed('as', left, argument[2])
        if name == 'resolve':
            types = (type_of_reference(v, self.root) for _, v in left)
            return [(t, {}) for t in types if t]
        if name == 'extension':
            return [('Extension', e) for _, v in left for e in v.get('extension', []) if e.get('url') == argument[1]]
        raise ValueError('no function ' + name)


def evaluate(model, expression, resource, start=None):
    items = [start or (resource['resourceType'], resource)]
    return Evaluator(model, resource).run(parse(expression), items)
