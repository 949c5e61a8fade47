"""XML in and out on every interaction (R4 xml.html, http.html#mime-type and #parameters)."""

import collections
import gzip
import json
import xml.etree.ElementTree as ET

import kith
from kith import FHIR_JSON, FHIR_XML, XML, bundle, entry, eq, observation, ok, patient

XHTML = '{http://www.w3.org/1999/xhtml}'
ET.register_namespace('', XHTML[1:-1])
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b<br/></p>\n</div>'


def from_json(value, path, name, found):
    """{path: values in order} of what a resource says; ids and urls as XML has them."""
    if isinstance(value, dict):
        resource = 'resourceType' in value
        path += (value['resourceType'],) if resource else ()
        for key, inner in value.items():
            if key == 'div':
                found[path + ('div',)].append(ET.canonicalize(inner))
            elif key == 'id' and not resource or key == 'url' and name in ('extension', 'modifierExtension'):
                found[path + ('@' + key,)].append(inner)
            elif key != 'resourceType':
                from_json(inner, path + (key.lstrip('_'),), key, found)
    elif isinstance(value, list):
        for item in value:
            from_json(item, path, name, found)
    elif value is not None:
        found[path].append({True: 'true', False: 'false'}.get(value, value) if isinstance(value, bool) else value)


def from_xml(node, path, found):
    if node.tag == XHTML + 'div':
        found[path + ('div',)].append(ET.canonicalize(ET.tostring(node, encoding='unicode').rstrip()))
        return
    path += (node.tag[len(XML):],)
    for key, value in node.attrib.items():
        found[path if key == 'value' else path + ('@' + key,)].append(value)
    for child in node:
        from_xml(child, path, found)


def says(what):
    found = collections.defaultdict(list)
    if isinstance(what, ET.Element):
        from_xml(what, (), found)
    else:
        from_json(json.loads(what, parse_float=str, parse_int=str), (), '', found)
    return dict(found)


def value(node, path):
    """The value of the first element at a path."""
    found = node.find('/'.join(XML + step for step in path.split('/')))
    return None if found is None else found.get('value')


def is_xml(reply, status, what=''):
    return reply.is_(status, what) and eq(reply.headers.get('Content-Type'), FHIR_XML + '; charset=utf-8',
                                          '%s %s: Content-Type' % (reply.asked, what))


def same_in_both(node, path, but=()):
    """A GET says the same in XML as in JSON."""
    plain, marked = node.get(path), node.get(path, Accept=FHIR_XML)
    if is_xml(marked, plain.status):
        told, read = says(plain.body), says(marked.xml)
        for key in set(told) | set(read):
            if key not in but:
                eq(read.get(key), told.get(key), '%s: %s' % (path, '.'.join(key)))
    return marked


def test_read(node):
    rich = patient(
        id='rich', text={'status': 'generated', 'div': DIV},
        extension=[{'id': 'e', 'url': 'http://example.org/e', 'valueDecimal': 'DIGITS'}],
        name=[{'id': 'n', 'family': 'O\'\n"Brien" & <Söhne>', 'given': ['A', None, 'C'],
               '_given': [None, {'extension': [{'url': 'http://example.org/g', 'valueBoolean': True}]}, {'id': 'x'}]}],
        _birthDate={'extension': [{'url': 'http://example.org/b', 'valueString': 'unknown'}]},
        contained=[{'resourceType': 'Organization', 'id': 'o', 'name': 'In'}],
        managingOrganization={'reference': '#o'})
    node.put('Patient/rich', json.dumps(rich).replace('"DIGITS"', '1.2300'))
    got = same_in_both(node, 'Patient/rich')
    ok(b'value="1.2300"' in got.body, 'digits stay')
    ok(DIV.encode() in got.body, 'the narrative has its bytes')
    eq(got.etag, node.get('Patient/rich').etag, 'ETag')
    same_in_both(node, 'Patient/rich/_history/1')
    same_in_both(node, 'Patient/rich?_summary=true')
    same_in_both(node, 'Patient/rich?_elements=name')
    head = node.request('HEAD', 'Patient/rich', Accept=FHIR_XML)
    eq((head.status, head.headers.get('Content-Length')), (200, str(len(got.body))), 'HEAD')
    node.get('Patient/rich', Accept=FHIR_XML, If_None_Match=got.etag).is_(304)


def test_which_form(node):
    node.put('Patient/form', patient(id='form'))
    for accept, form in (
            (FHIR_XML, FHIR_XML), ('application/xml', FHIR_XML), ('text/xml', FHIR_XML), ('Application/FHIR+XML', FHIR_XML),
            ('application/fhir+xml; fhirVersion=4.0', FHIR_XML), ('application/fhir+xml, */*', FHIR_XML),
            ('application/fhir+xml, application/fhir+json;q=0.5', FHIR_XML),
            ('application/fhir+xml;q=0.5, application/fhir+json', FHIR_JSON),
            ('application/fhir+xml;q=0.5, application/fhir+json;q=0.51', FHIR_JSON),
            ('application/fhir+json, application/fhir+xml', FHIR_JSON),
            ('application/fhir+xml, application/fhir+json', FHIR_XML),
            ('application/fhir+json;q=0, */*', FHIR_XML), ('application/fhir+json;q=0.2, */*;q=0.9', FHIR_XML),
            ('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', FHIR_XML),
            ('text/html, */*', FHIR_JSON), ('application/*', FHIR_JSON), ('text/turtle, text/xml;q=0.1', FHIR_XML)):
        r = node.get('Patient/form', Accept=accept)
        if r.is_(200, accept):
            eq(r.headers.get('Content-Type'), form + '; charset=utf-8', 'Accept: ' + accept)
    for word in ('xml', 'text/xml', 'application/xml', 'application/fhir%2Bxml', 'application/fhir+xml'):
        is_xml(node.get('Patient/form?_format=' + word, Accept=FHIR_JSON), 200, '_format rules over Accept')
        is_xml(node.get('Patient/form?_pretty=true&_format=' + word), 200, 'with _pretty')
    r = node.get('Patient/form?_format=json', Accept=FHIR_XML)
    eq(r.headers.get('Content-Type'), FHIR_JSON + '; charset=utf-8', '_format=json')
    for accept in ('application/fhir+xml;q=0', 'text/turtle', 'application/fhir+xml;q=0.0, text/html'):
        node.get('Patient/form', Accept=accept).refused(406, 'not-supported', 'fhir.json or application/fhir.xml')
    node.get('Patient/form?_format=ttl', Accept=FHIR_XML).is_(406)
    packed = node.get('metadata?_format=xml', Accept_Encoding='gzip')
    eq(packed.headers.get('Content-Encoding'), 'gzip', 'compressed where it is asked for')
    eq(ET.fromstring(gzip.decompress(packed.body)).tag, XML + 'CapabilityStatement', 'and whole')


def test_write(node):
    body = '''<?xml version="1.0" encoding="UTF-8"?>
        <Patient xmlns="http://hl7.org/fhir">
          <!-- comments are not kept -->
          <text><status value="generated"/>%s</text>
          <active value="true"/>
          <name id="n"><family value="Éa &amp; b"/><given value="A"/><given><extension url="http://example.org/g">
            <valueDecimal value="1.50"/></extension></given></name>
        </Patient>''' % DIV
    stored = {
        'resourceType': 'Patient', 'text': {'status': 'generated', 'div': DIV}, 'active': True,
        'name': [{'id': 'n', 'family': 'Éa & b', 'given': ['A', None],
                  '_given': [None, {'extension': [{'url': 'http://example.org/g', 'valueDecimal': 1.5}]}]}]}
    for type in (FHIR_XML, 'application/xml', 'text/xml; charset=utf-8'):
        r = node.post('Patient', body, Content_Type=type)
        r.is_(201, type)
        got = node.get(r.headers['Location'])
        ok(b'1.50' in got.body, 'digits')
        made = kith.without_meta(got.json)
        made.pop('id')
        eq(made, stored, 'stored as JSON would be')
    both = node.post('Patient', body, Content_Type=FHIR_XML, Accept=FHIR_XML)
    is_xml(both, 201, 'XML in and out')
    eq(value(both.xml, 'name/family'), 'Éa & b', 'its content')
    updated = body.replace('<text>', '<id value="x1"/><text>')
    node.put('Patient/x1', updated, Content_Type=FHIR_XML).is_(201, 'PUT')
    again = node.put('Patient/x1', updated, Content_Type=FHIR_XML, Accept=FHIR_XML)
    is_xml(again, 200, 'PUT again')
    is_xml(node.put('Patient/x1', updated, Content_Type=FHIR_XML, Accept=FHIR_XML, Prefer='return=OperationOutcome'), 200)
    node.put('Patient/x1', updated, Content_Type=FHIR_XML, Accept=FHIR_XML, Prefer='return=minimal').is_(200)
    # what XML says is what the store gives back, in either form
    same_in_both(node, 'Patient/x1')
    node.put('Patient/x1', node.get('Patient/x1', Accept=FHIR_XML).body, Content_Type=FHIR_XML).is_(200, 'its own XML')
    node.post('Patient', gzip.compress(body.encode()), Content_Type=FHIR_XML, Content_Encoding='gzip').is_(201, 'gzip')


def test_refusals(node):
    head = '<Patient xmlns="http://hl7.org/fhir">'
    for body, status, code, words in (
            ('', 400, 'required', 'body'),
            ('  ', 400, 'structure', 'empty'),
            ('{"resourceType":"Patient"}', 400, 'structure', 'well-formed.*line 1, column'),
            (head + '\n<name></Patient>', 400, 'structure', 'line 2, column'),
            ('<!DOCTYPE a [<!ENTITY b "b">]>' + head + '<language value="&b;"/></Patient>', 400, 'structure', 'DOCTYPE'),
            ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + head + '</Patient>', 400, 'structure', 'DOCTYPE'),
            ('<?xml-stylesheet href="x"?>' + head + '</Patient>', 400, 'structure', 'processing instruction'),
            ((head + '<active value="true"/></Patient>').encode('utf-16'), 400, 'structure', 'UTF-8'),
            ('<?xml version="1.0" encoding="iso-8859-1"?>' + head + '</Patient>', 400, 'structure', 'UTF-8'),
            (head + '<nothing/></Patient>', 400, 'invalid', 'Patient has no element <nothing>'),
            (head + '<active>true</active></Patient>', 400, 'invalid', 'text stands in <active>'),
            ('<Patient/>', 400, 'invalid', 'namespace'),
            ('<Observation xmlns="http://hl7.org/fhir"/>', 400, None, None),
            (head + '<active value="yes"/></Patient>', 400, 'structure', 'true or false'),
            (head + '<birthDate value="1970-02-31"/></Patient>', 400, 'value', 'date'),
            (head + '<extension url="u">' * 300 + '</extension>' * 300 + '</Patient>', 400, 'invalid', 'deep')):
        node.post('Patient', body, Content_Type=FHIR_XML).refused(status, code, words)
        if body:
            is_xml(node.post('Patient', body, Content_Type=FHIR_XML, Accept=FHIR_XML), status)
    node.put('Patient/z', head + '<id value="y"/></Patient>', Content_Type=FHIR_XML).refused(400)
    node.post('Patient', patient(), Content_Type='application/xml').refused(400, 'structure')
    node.post('Patient', head + '</Patient>', Content_Type=FHIR_JSON).refused(400, 'structure')
    node.post('Patient', head + '</Patient>', Content_Type='text/turtle').refused(415, None, 'fhir.xml')


def test_errors(node):
    """An OperationOutcome is in the form that was asked for, wherever the request fails."""
    for method, path, body, status in (
            ('GET', 'Patient/nobody', None, 404), ('GET', 'Nothing/1', None, 404), ('GET', 'Patient?nonsense=1', None, 400),
            ('DELETE', 'Patient', None, 405), ('GET', 'Patient/a/b/c/d', None, 404), ('GET', 'Patient?name=%zz', None, 400),
            ('POST', 'Patient', '{', 400), ('POST', 'Patient', '[]', 400)):
        plain = node.request(method, path, body)
        r = node.request(method, path, body, Accept=FHIR_XML)
        if is_xml(r, plain.status, method + ' ' + path):
            eq(says(r.xml), says(plain.body), '%s %s: the same outcome' % (method, path))
        ok(plain.status >= 400, '%s %s is refused' % (method, path), plain.status)
    is_xml(node.get('Patient/nobody?_format=xml'), 404, '_format')
    is_xml(node.get('Nothing/1?_format=xml'), 404, '_format, and no such type')
    node.put('Patient/gone', patient(id='gone'))
    node.delete('Patient/gone', Accept=FHIR_XML)
    is_xml(node.get('Patient/gone', Accept=FHIR_XML), 410)


def test_bundles(node):
    xml = '''<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/>
        <entry><fullUrl value="urn:uuid:0a6f3c3e-5a0a-4b1a-9d57-0d8fd1b1a001"/>
          <resource><Patient><name><family value="Marked"/></name></Patient></resource>
          <request><method value="POST"/><url value="Patient"/></request></entry>
        <entry><resource><Observation><status value="final"/><code><text value="x"/></code>
            <subject><reference value="urn:uuid:0a6f3c3e-5a0a-4b1a-9d57-0d8fd1b1a001"/></subject>
            <valueQuantity><value value="0.10"/></valueQuantity></Observation></resource>
          <request><method value="POST"/><url value="Observation"/></request></entry></Bundle>'''
    r = node.post('', xml, Content_Type=FHIR_XML, Accept=FHIR_XML)
    is_xml(r, 200, 'a transaction')
    eq(value(r.xml, 'type'), 'transaction-response', 'its reply')
    places = [e.get('value') for e in r.xml.iter(XML + 'location')]
    eq(len(places), 2, 'two entries')
    made = node.get(places[1].split('/_history')[0])
    ok(b'0.10' in made.body, 'digits')
    eq(made.json['subject']['reference'], places[0].split('/_history')[0].split('/fhir/')[-1], 'the reference')
    batch = bundle('batch', entry('GET', places[0].split('/_history')[0]), entry('GET', 'Patient/nobody'))
    r = node.post('', batch, Accept=FHIR_XML)
    is_xml(r, 200, 'a batch in JSON, its reply in XML')
    eq([e.get('value') for e in r.xml.iter(XML + 'family')], ['Marked'], 'a resource of it')
    ok(r.xml.find('.//%sOperationOutcome' % XML) is not None, 'an outcome inside')
    r = node.post('', xml.replace('Patient>', 'Person>'), Content_Type=FHIR_XML, Accept=FHIR_XML)
    ok(r.status >= 400, 'a wrong one', r.status)


def test_search_and_history(node):
    for i in range(5):
        node.put('Patient/s%d' % i, patient('Searched', id='s%d' % i, gender='female'))
        node.put('Observation/s%d' % i, observation('Patient/s%d' % i, id='s%d' % i))
    self_link = ('Bundle', 'link', 'url')
    same_in_both(node, 'Patient?family=searched')
    same_in_both(node, 'Observation?patient.family=searched&_include=Observation:subject&_total=accurate')
    same_in_both(node, 'Patient?family=searched&_summary=count')
    same_in_both(node, 'Patient/s1/_history')
    same_in_both(node, 'Patient/_history?_count=3', but=(self_link,))
    same_in_both(node, 'Patient/s1/Observation')
    form = 'application/x-www-form-urlencoded'
    is_xml(node.request('POST', 'Patient/_search', 'family=searched&_format=xml', Content_Type=form), 200)
    is_xml(node.request('POST', 'Patient/_search', 'family=searched', Content_Type=form, Accept=FHIR_XML), 200)
    seen, path = [], 'Patient?family=searched&_count=2&_format=xml'
    while path:
        page = node.get(path)
        if not is_xml(page, 200, 'a page'):
            break
        seen += [p.find(XML + 'id').get('value') for p in page.xml.iter(XML + 'Patient')]
        path = None
        for link in page.xml.findall(XML + 'link'):
            if value(link, 'relation') == 'next':
                path = value(link, 'url')
    eq(sorted(seen), ['s%d' % i for i in range(5)], 'the pages, whose links keep _format')


def test_metadata(node):
    same_in_both(node, 'metadata', but=(('CapabilityStatement', 'date'),))
    eq([f for f in node.get('metadata').json['format'] if 'xml' in f], ['application/fhir+xml', 'xml'], 'format')


def test_everything_comes_whole(node):
    """A reply that is streamed in JSON is collected for XML."""
    node.put('Patient/all', patient(id='all', generalPractitioner=[{'reference': 'Practitioner/gp'}]))
    node.put('Practitioner/gp', {'resourceType': 'Practitioner', 'id': 'gp'})
    for first in range(0, 2500, 500):
        node.post('', bundle('batch', *[entry('PUT', 'Observation/all%d' % i, observation('Patient/all', id='all%d' % i))
                                        for i in range(first, first + 500)])).is_(200)
    plain = node.get('Patient/all/$everything')
    r = node.get('Patient/all/$everything', Accept=FHIR_XML)
    if is_xml(r, 200):
        eq(says(r.xml), says(plain.body), 'the same record')
        eq(value(r.xml, 'total'), '2502', 'all of it')
        children = [child.tag[len(XML):] for child in r.xml]
        eq(children[:4], ['type', 'total', 'link', 'entry'], 'elements in the order of the definition')
    is_xml(node.get('Patient/nobody/$everything', Accept=FHIR_XML), 404)


def test_operations(node):
    body = '<Parameters xmlns="http://hl7.org/fhir"/>'
    r = node.post('$reindex', body, Content_Type=FHIR_XML, Accept=FHIR_XML)
    ok(r.status in (200, 202), 'Parameters of an operation', r.body[:300])
    ok(not r.body or r.headers.get('Content-Type', '').startswith(FHIR_XML), 'its reply')
    wrong = body.replace('/>', '><parameter><name value="nonsense"/><valueString value="a"/></parameter></Parameters>')
    is_xml(node.post('$export', wrong, Content_Type=FHIR_XML, Accept=FHIR_XML, Prefer='respond-async'), 400)
    begun = node.get('$export?_type=Practitioner', Accept=FHIR_XML, Prefer='respond-async')
    is_xml(begun, 202, 'a kick-off')
    node.delete(begun.headers['Content-Location']).is_(202)


def test_what_xml_cannot_say(node):
    """A read says so; what was stored is told of in JSON."""
    for div in ('<div xmlns="http://www.w3.org/1999/xhtml"><o:p>a</o:p></div>', '<div>a&nbsp;b</div>'):
        node.put('Patient/odd', patient(id='odd', text={'status': 'generated', 'div': div})).refused(422, 'invariant', 'txt-1')
    odd = patient(id='odd', name=[{'family': 'a\ufffe'}])
    r = node.put('Patient/odd', odd, Accept=FHIR_XML)
    r.is_(201)
    eq(r.headers.get('Content-Type'), FHIR_JSON + '; charset=utf-8', 'stored, and told of in JSON')
    is_xml(node.get('Patient/odd', Accept=FHIR_XML), 406)
    node.get('Patient/odd').is_(200)


kith.main(globals())
