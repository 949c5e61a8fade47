"""Makes a failure small: fewer criteria, fewer resources, fewer elements, as long as it fails."""

import copy
import time

KEEP = {'resourceType', 'id'}


class Shrinker:
    def __init__(self, fails, failure, seconds):
        self.fails, self.end = fails, time.monotonic() + seconds
        self.steps, self.whole, self.query, self.wrong = failure['steps'], failure['whole'], failure['query'], failure['wrong']

    def tries(self, steps, whole, query):
        """Takes it over where it still fails."""
        if time.monotonic() > self.end:
            return False
        wrong = self.fails(steps, whole, query)
        if wrong:
            self.steps, self.whole, self.query, self.wrong = steps, whole, query, wrong
        return bool(wrong)

    def with_query(self, **changes):
        return self.tries(self.steps, self.whole, dict(self.query, **changes))

    def shrink_query(self):
        for plain in ({'post': False, 'explain': False, 'total': False}, {'sort': []}, {'in': None}, {'count': 50}):
            if any(self.query.get(k) != v for k, v in plain.items()):
                self.with_query(**plain)
        for i in range(len(self.query['sort']) - 1, -1, -1):
            self.with_query(sort=self.query['sort'][:i] + self.query['sort'][i + 1:])
        for i in range(len(self.query['criteria']) - 1, -1, -1):
            self.with_query(criteria=self.query['criteria'][:i] + self.query['criteria'][i + 1:])
        for i in range(len(self.query['criteria'])):
            self.simplify(i)

    def simplify(self, i):
        """Smaller forms of one criterion, the first that still fails, again and again."""
        while True:
            for smaller in smaller_criteria(self.query['criteria'][i]):
                criteria = list(self.query['criteria'])
                criteria[i] = smaller
                if self.with_query(criteria=criteria):
                    break
            else:
                return

    def shrink_steps(self):
        size = max(1, len(self.steps) // 2)
        while size:
            at = 0
            while at < len(self.steps):
                steps = self.steps[:at] + self.steps[at + size:]
                whole = self.whole - max(0, min(self.whole, at + size) - at)
                if not self.tries(steps, whole, self.query):
                    at += size
            size //= 2

    def shrink_resources(self):
        """Takes out each member and each item that is not needed, the large ones first."""
        for i in range(len(self.steps)):
            depth = 1
            while any(len(p) == depth for p in places(self.steps[i].get('put', {}))):
                for place in reversed([p for p in places(self.steps[i]['put']) if len(p) == depth]):
                    steps = list(self.steps)
                    steps[i] = {'put': without(steps[i]['put'], place)}
                    self.tries(steps, self.whole, self.query)
                depth += 1


def places(value, at=()):
    """The ways to all members and items below a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        if name not in KEEP:
            yield at + (name,)
            yield from places(inner, at + (name,))


def without(value, place):
    """A copy without what is at a place; a list or object that is empty then goes as well."""
    top = copy.deepcopy(value)
    while place:
        parent = top
        for name in place[:-1]:
            parent = parent[name]
        del parent[place[-1]]
        if parent:
            break
        place = place[:-1]
    return top


def smaller_criteria(c):
    if len(c.get('v', ())) > 1:
        for v in c['v']:
            yield dict(c, v=[v])
    if c['k'] in ('chain', 'has'):
        for inner in smaller_criteria(c['c']):
            yield dict(c, c=inner)
    if c['k'] == 'filter':
        for f in smaller_filters(c['f']):
            yield dict(c, f=f)


def smaller_filters(f):
    if f[0] in ('and', 'or', 'not'):
        yield from f[1:]
        for i in range(1, len(f)):
            for smaller in smaller_filters(f[i]):
                yield f[:i] + [smaller] + f[i + 1:]


def shrink(fails, failure, seconds):
    s = Shrinker(fails, failure, seconds)
    if s.tries(s.steps, s.whole, s.query):
        s.shrink_query()
        s.shrink_steps()
        s.shrink_resources()
    else:
        s.wrong += ' (not so in a new node)'
    return dict(failure, steps=s.steps, whole=s.whole, query=s.query, wrong=s.wrong)
