#!/usr/bin/env python3
"""The index answers what a plain scan answers: random stores and queries, as a set, in order, through all pages, also while others write.

  tests/property/run.py KITH                the fixed seeds, at least 20,000 pairs of store and query
  tests/property/run.py KITH --seed N       one store, as a failure names it
  tests/property/run.py KITH --random       seeds from the clock
  tests/property/run.py KITH --replay FILE  what a failure has left
KITH_DATA names the folder of public test data; without the definitions in it the test is skipped. PROPERTY_PAIRS: how many pairs.
"""

import argparse
import atexit
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import asks
import makes
import matcher
import paths
import shrink
from nodes import Broken, Node, as_json, from_json

QUERIES = 100
DATA = os.environ.get('KITH_DATA') or os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../shared/data')


def unpacked_data():
    """A folder with the definitions: DATA, or what its archive is unpacked to (removed at the end). None: there are none."""
    if os.path.isdir(os.path.join(DATA, paths.CORE)):
        return DATA
    archive = os.path.join(DATA, 'fhir-r4', paths.CORE + '.tar.xz')
    if not os.path.exists(archive):
        print('skipped: neither %s nor its archive in %s (KITH_DATA)' % (paths.CORE, DATA))
        return None
    folder = tempfile.mkdtemp(prefix='kith-property-')
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
    subprocess.run(['tar', '-xJf', archive, '-C', folder], check=True)
    return folder


# --- one pair -------------------------------------------------------------------------------------


def expected(m, query):
    """The keys; None where the answer hangs on the moment or on rounding (near, and ap of dates)."""
    text = json.dumps(query)
    if '"ap"' not in text and '"near"' not in text:
        return m.answer(query)
    answers = []
    for slack in (-1, 1):
        m.slack = slack
        m.memo.clear()
        answers.append(m.answer(query))
    m.slack = 0
    m.memo.clear()
    return answers[0] if answers[0] == answers[1] else None


def compare(m, query, answer, wanted, writing=False):
    """None, or what is wrong with an answer."""
    if isinstance(answer, str):
        return answer
    keys, total = answer
    if writing:
        keys = [k for k in keys if not k.split('/')[1].startswith('w')]
    twice = {k for k in keys if keys.count(k) > 1}
    if twice:
        return 'more than once: %s' % sorted(twice)
    if set(keys) != wanted:
        return 'missing: %s; too many: %s' % (sorted(wanted - set(keys)), sorted(set(keys) - wanted))
    wrong = m.in_order(keys, query['sort'])
    if wrong:
        return 'out of order: %s %s before %s %s' % (wrong[0], m.sort_key(wrong[0], query['sort']), wrong[1], m.sort_key(wrong[1], query['sort']))
    if query.get('total') and not writing and total != len(wanted):
        return 'total %s instead of %d' % (total, len(wanted))
    return None


def check(node, m, query, whole_too=False, writing=False):
    """None, or what is wrong; False where there is nothing to compare."""
    wanted = expected(m, query)
    if wanted is None:
        return False
    m.found = len(wanted)
    answer = node.ask(m.d, query)
    wrong = compare(m, query, answer, wanted, writing)
    if wrong or writing or not whole_too:
        return wrong
    total = node.count(m.d, query)
    if total != len(wanted):
        return '_summary=count: %s instead of %d' % (total, len(wanted))
    if len(wanted) > query['count']:
        again = node.ask(m.d, dict(query, post=False, explain=False), 1000)
        if isinstance(again, str) or again[0] != answer[0]:
            wrong = 'in one page it is another order: %s, in pages of %d: %s' % (again[0], query['count'], answer[0])
    return wrong


# --- one store ------------------------------------------------------------------------------------


class Writer(threading.Thread):
    """Creates, changes and deletes resources whose ids begin with w, which refer to each other alone."""

    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.node, self.rng, self.over, self.count, self.trouble = node, random.Random(seed), threading.Event(), 0, None

    def run(self):
        connection = self.node.connect()
        steps, _ = makes.make_store(self.rng, 60, 'w')
        try:
            while not self.over.is_set():
                step = self.rng.choice(steps)
                if self.rng.random() < 0.25 and 'put' in step:
                    self.node.request('DELETE', '%s/%s' % (step['put']['resourceType'], step['put']['id']), None, None, connection)
                elif 'put' in step:
                    self.node.put(step['put'], connection)
                self.count += 1
        except Broken as e:
            self.trouble = str(e)
        connection.close()


def ask_all(node, m, asker, wanted, writing, result):
    """Asks until there are enough pairs, or too many failures."""
    while result['pairs'] < wanted and len(result['failures']) < result['most']:
        query = result['query'] = asker.query()
        wrong = check(node, m, query, asker.rng.random() < 0.2, writing)
        if wrong is False:
            result['skipped'] += 1
            continue
        result['pairs'] += 1
        result['found'] += m.found > 0
        if wrong:
            result['failures'].append({'wrong': wrong, 'query': query, 'writing': writing})
    result['query'] = None


def try_store(job):
    """Runs one seed; returns what happened as a dict."""
    kith, seed, pairs, features, most = job
    rng = random.Random(seed)
    steps, whole = makes.make_store(rng, rng.choice([13, 20, 40, 80, 120, 193]))
    result = {'seed': seed, 'pairs': 0, 'skipped': 0, 'found': 0, 'writes': 0, 'most': most, 'failures': [], 'query': None}
    troubles, writer = [], None
    node = Node(kith)
    try:
        m = matcher.Matcher(definitions(), node.load(steps, whole, 1.2 if seed % 16 == 3 else 0))
        asker = asks.Asker(rng, m, features)
        if seed % 16 == 3:
            asker.common = 0.5  # of words, above all
        if seed % 5 == 0:
            writer = Writer(node, seed)
            writer.start()
        ask_all(node, m, asker, pairs, writer is not None, result)
    except Broken as e:
        troubles.append(str(e))
    finally:
        if writer:
            writer.over.set()
            writer.join()
            result['writes'] = writer.count
            troubles.append(writer.trouble)
        troubles.append(node.stop(check=seed % 4 == 0))
    result['failures'] += [{'wrong': t, 'query': result['query'], 'writing': writer is not None} for t in [t for t in troubles if t][:1]]
    for f in result['failures']:
        f.update(steps=steps, whole=whole)
    return result


_definitions = []


def definitions():
    if not _definitions:
        _definitions.append(matcher.Definitions(DATA, makes.TYPES))
    return _definitions[0]


def fails(kith, steps, whole, query):
    """What is wrong with this store and query in a new node; None: nothing. For shrinking and replaying."""
    node = Node(kith)
    try:
        m = matcher.Matcher(definitions(), node.load(steps, whole))
        return check(node, m, query, True) or None
    except KeyError:
        return None  # a ValueSet or CodeSystem that the query needs is gone
    except Broken as e:
        return str(e) if 'the node' in str(e) else None
    finally:
        node.stop()


def report(kith, seed, failure, shrinking):
    print('\nFAILED, seed %d: %s' % (seed, failure['wrong']))
    print('  again: tests/property/run.py %s --seed %d' % (kith, seed))
    if not failure['query']:
        return
    path, text = asks.url(definitions(), failure['query'], '[base]')
    print('  query: %s?%s%s' % (path, text, '  (while writing)' if failure['writing'] else ''))
    if shrinking:
        failure = shrink.shrink(lambda s, w, q: fails(kith, s, w, q), failure, 60)
        path, text = asks.url(definitions(), failure['query'], '[base]')
        print('  least: %s?%s\n         %s' % (path, text, failure['wrong']))
    name = os.path.join(os.environ.get('MESON_BUILD_ROOT', '/tmp'), 'property-%d.json' % seed)
    with open(name, 'w', encoding='utf-8') as f:
        f.write(as_json({'seed': seed, 'wrong': failure['wrong'], 'query': failure['query'], 'whole': failure['whole'],
                         'steps': failure['steps']}, makes.BASE))
    print('  left in %s: run.py KITH --replay %s' % (name, name))
    if len(failure['steps']) <= 12:
        for step in failure['steps']:
            print('    ' + as_json(step, '[base]'))
    sys.stdout.flush()


def replay(kith, path):
    with open(path, encoding='utf-8') as f:
        failure = from_json(f.read())
    failure['whole'] = int(failure['whole'].lstrip('\ue000'))
    failure['query']['count'] = int(str(failure['query']['count']).lstrip('\ue000'))
    wrong = fails(kith, failure['steps'], failure['whole'], failure['query'])
    print(wrong or 'as it should be')
    return 1 if wrong else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument('kith')
    p.add_argument('--seed', type=int)
    p.add_argument('--random', action='store_true')
    p.add_argument('--pairs', type=int, default=int(os.environ.get('PROPERTY_PAIRS', 20000)))
    p.add_argument('--processes', type=int, default=2)
    p.add_argument('--features', default=','.join(asks.FEATURES))
    p.add_argument('--keep-going', type=int, default=1, metavar='N', help='failures a store before it is left')
    p.add_argument('--no-shrink', action='store_true')
    p.add_argument('--replay')
    a = p.parse_args()
    a.kith = os.path.abspath(a.kith)
    global DATA
    DATA = unpacked_data()
    if not DATA:
        return 77
    if a.replay:
        return replay(a.kith, a.replay)
    first = a.seed if a.seed is not None else int(time.time() * 1000) % 10 ** 9 if a.random else 1
    seeds = [first] if a.seed is not None else range(first, first + (a.pairs + QUERIES - 1) // QUERIES)
    print('seeds %d to %d' % (first, list(seeds)[-1]), flush=True)
    definitions()
    start, sums, failed = time.monotonic(), {'pairs': 0, 'skipped': 0, 'writes': 0, 'found': 0}, 0
    jobs = [(a.kith, s, QUERIES, a.features.split(','), a.keep_going) for s in seeds]
    with multiprocessing.Pool(a.processes, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for result in pool.imap(try_store, jobs):
            for k in sums:
                sums[k] += result[k]
            for f in result['failures']:
                failed += 1
                report(a.kith, result['seed'], f, not a.no_shrink and failed <= 3)
            if failed >= 3 * a.keep_going:
                pool.terminate()
                break
    print('%d pairs of store and query in %d stores (%d of them find something; %d more hang on the moment), %d writes meanwhile, %d failures, %.1f s'
          % (sums['pairs'], len(jobs), sums['found'], sums['skipped'], sums['writes'], failed, time.monotonic() - start))
    return 1 if failed or sums['pairs'] < len(jobs) * QUERIES else 0


if __name__ == '__main__':
    sys.exit(main())
