"""Runs real nodes with random stores and asks them, page by page."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import asks
import makes
import values as V
from matcher import Resource

FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
JSON = {'Content-Type': 'application/fhir+json'}
PAGES = 400


class Broken(Exception):
    """The node does not do what any request must get."""


def as_json(value, base):
    """JSON text with numbers as they were written and the node's address put in."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub('"%s([^"]*)"' % V.MARK, r'\1', text).replace(makes.BASE, base)


def from_json(text):
    return json.loads(text, parse_float=V.number, parse_int=V.number)


class Node:
    def __init__(self, kith):
        self.folder = tempfile.mkdtemp(prefix='kith-property-')
        self.kith, self.connection = kith, None
        dir = os.path.join(self.folder, 'node')
        subprocess.run([kith, 'init', dir, '--organisation', 'Y90001', '--name', 'Property test'], check=True, capture_output=True)
        self.sign = 'Bearer ' + subprocess.run([kith, 'token', dir], check=True, capture_output=True, text=True).stdout.strip()
        self.log = open(dir + '.log', 'w+b')
        self.process = subprocess.Popen([kith, 'serve', dir, '--listen', '127.0.0.1:0', '--json', '--workers', '8'],
                                        stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            raise Broken('the node did not start')
        address = json.loads(line)
        self.base = address['fhir']
        at = urllib.parse.urlsplit(address['address'])
        self.address = (at.hostname, at.port)

    def connect(self):
        c = http.client.HTTPConnection(*self.address, timeout=60)
        c.connect()
        c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return c

    def request(self, method, path, body=None, headers=None, connection=None):
        """(status, text); path is below the FHIR base or a whole address."""
        if path.startswith('http'):
            path = path[path.index('/', 8):]
        elif not path.startswith('/'):
            path = '/fhir/' + path if path[:1] != '?' else '/fhir' + path
        if connection is None:
            self.connection = connection = self.connection or self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}, Authorization=self.sign))
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as e:
            raise Broken('%s %s: %r; the node %s' % (method, path, e, self.state())) from e

    def state(self):
        try:
            status = self.process.wait(0.3)
        except subprocess.TimeoutExpired:
            return 'still runs'
        self.log.seek(0)
        return 'ended with status %s: %s' % (status, self.log.read().decode('utf-8', 'replace')[-3000:])

    def put(self, resource, connection=None):
        key = '%s/%s' % (resource['resourceType'], resource['id'])
        status, text = self.request('PUT', key, as_json(resource, self.base).encode(), JSON, connection)
        if status not in (200, 201):
            raise Broken('PUT %s: %d %s' % (key, status, text[:800]))
        return text

    def load(self, steps, whole, pause=0):
        """Does the steps, the first `whole` as one transaction; returns the store: key -> Resource. pause: seconds before and after the
        others, in which an idle node puts words into its index."""
        store = {}
        entries = [{'resource': s['put'], 'request': {'method': 'PUT', 'url': '%s/%s' % (s['put']['resourceType'], s['put']['id'])}}
                   for s in steps[:whole]]
        if entries:
            bundle = {'resourceType': 'Bundle', 'type': 'transaction', 'entry': entries}
            status, text = self.request('POST', '/fhir', as_json(bundle, self.base).encode(), JSON)
            if status != 200:
                raise Broken('transaction: %d %s' % (status, text[:1500]))
            for s, e in zip(steps, json.loads(text)['entry']):
                r = s['put']
                store['%s/%s' % (r['resourceType'], r['id'])] = Resource(r, V.date_range(e['response']['lastModified'])[0])
        time.sleep(pause)
        for s in steps[whole:]:
            if 'put' in s:
                reply = json.loads(self.put(s['put']))
                r = Resource(s['put'], V.date_range(reply['meta']['lastUpdated'])[0])
                store[r.key] = r
            else:
                status, text = self.request('DELETE', s['delete'])
                if status not in (200, 204):
                    raise Broken('DELETE %s: %d %s' % (s['delete'], status, text[:500]))
                store.pop(s['delete'], None)
        time.sleep(pause)
        return store

    def ask(self, definitions, query, count=None):
        """(keys in order, total or None), through all pages; or a text that says what is wrong."""
        path, text = asks.url(definitions, dict(query, count=count or query['count']), self.base)
        if query.get('post'):
            status, body = self.request('POST', (path + '/' if path else '') + '_search', text.encode(), FORM)
        else:
            status, body = self.request('GET', path + '?' + text)
        keys, total, pages = [], None, 0
        while True:
            pages += 1
            if status != 200:
                return 'page %d: status %d: %s' % (pages, status, body[:700])
            bundle = json.loads(body)
            entries = [e for e in bundle.get('entry', []) if e['search']['mode'] == 'match']
            if len(entries) > (count or query['count']):
                return 'page %d has %d entries' % (pages, len(entries))
            keys += ['%s/%s' % (e['resource']['resourceType'], e['resource']['id']) for e in entries]
            total = bundle.get('total', total) if pages == 1 else total
            following = [l['url'] for l in bundle['link'] if l['relation'] == 'next']
            if not following:
                return keys, total
            if pages == PAGES:
                return 'more than %d pages' % PAGES
            status, body = self.request('GET', following[0])

    def count(self, definitions, query):
        """The total alone, or a text that says what is wrong."""
        path, text = asks.url(definitions, dict(query, sort=[], total=False, explain=False), self.base)
        status, body = self.request('GET', path + '?' + re.sub(r'_count=\d+', '_summary=count', text))
        bundle = json.loads(body) if status == 200 else {}
        return bundle['total'] if status == 200 and 'entry' not in bundle else 'count: status %d: %s' % (status, body[:500])

    def stop(self, check=False):
        """None, or what is wrong at the end: the exit status, an error in the log, a store that is not whole (where asked)."""
        if self.connection:
            self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = 'none within 60 s, %s' % self.process.wait()
        self.process.stdout.close()
        self.log.seek(0)
        lines = self.log.read().decode('utf-8', 'replace').splitlines()
        self.log.close()
        bad = [l for l in lines if not re.search(r'"level":\s*"(info|warning|debug)"', l)]
        wrong = 'the node ended with status %s: %s' % (status, '\n'.join(bad)[-3000:]) if status or bad else None
        if check and not wrong:
            found = subprocess.run([self.kith, 'check', os.path.join(self.folder, 'node')], capture_output=True, text=True)
            wrong = 'kith check: the node has %s' % found.stdout[-2000:] if found.returncode else None
        shutil.rmtree(self.folder, ignore_errors=True)
        return wrong
