"""Random stores: resources with awkward values, some of them changed, deleted and made again afterwards."""

from values import UCUM, number

BASE = '@BASE@'  # the node's own address, put in when it is known
TYPES = ['Patient', 'Observation', 'Condition', 'Encounter', 'MedicationRequest', 'DiagnosticReport', 'Practitioner', 'Organization',
         'Location', 'Provenance', 'List', 'ValueSet', 'CodeSystem', 'DocumentReference', 'Group', 'Questionnaire',
         'QuestionnaireResponse', 'RiskAssessment', 'RelatedPerson', 'Medication']
SHARE = {'Patient': 16, 'Observation': 34, 'Condition': 12, 'Encounter': 9, 'MedicationRequest': 6, 'DiagnosticReport': 6,
         'Practitioner': 6, 'Organization': 7, 'Location': 6, 'Provenance': 5, 'List': 4, 'DocumentReference': 5, 'Group': 3,
         'QuestionnaireResponse': 4, 'RiskAssessment': 4, 'RelatedPerson': 3, 'Medication': 2}
FAMILIES = ['Müller-Lüdenscheidt', "O'Brien", 'Ó Briain', 'Ó Néill', 'Łukaszewicz', 'łuk', 'Wałęsa', 'Weiß', 'WEISS', 'Llŷr', 'Siân',
            'Smith', 'Smithe', 'smith-jones', 'Smith Jones', 'خان', 'قریشی', 'García', 'Garcia', 'Carréno Quiñones', 'van der Berg',
            'Ødegård', 'Æther', 'Đorđević', 'A', 'St. John', 'Strauß, d. Ä.', 'Ｗｉｄｅ', 'Ŵyn', 'Ffŵc', 'Ince']
GIVENS = ['Eve', 'Evelyn', 'Severine', 'Łukasz', 'Óscar', 'oscar', 'Zoë', 'Zoe', 'ZOË', 'محمد', 'فاطمہ', 'Siobhán', 'Gwenllïan', 'Ann Marie',
          'Ann-Marie', 'J.', 'Peter', 'Pétér', 'Małgorzata', 'Żaneta', 'ﬁona', 'Ŷnyr']
CITIES = ['London', 'Londonderry', 'Łódź', 'Lodz', 'Caerffili', 'Dún Laoghaire', 'Kraków', 'Stoke-on-Trent', 'Stoke on Trent', 'لاہور']
WORDS = ['zorblax', 'quimble', 'Éclat', 'eclat', 'fęver', 'cough', 'coughing', 'heart', 'heartfelt', 'Größe', 'straße', 'llwyd', 'tá', 'ból']
LOINC, SNOMED, LOCAL = 'http://loinc.org', 'http://snomed.info/sct', 'urn:oid:1.2.3.4'
SYSTEMS = [LOINC, SNOMED, LOCAL, 'http://example.org/codes', None]
CODES = ['8480-6', '8462-4', '29463-7', 'A', 'a', 'AB', 'a,b', 'a|b', 'a$b', 'a\\b', 'a b', '1', '01', 'ä', 'x' * 130, 'root', 'mid', 'leaf']
DISPLAYS = ['Systolic blood pressure', 'systolic', 'Blood', 'Bloodstream', 'Heart rate', 'Größe', 'Ból głowy', 'tá sé, fuar', "d'accord",
            'high blood-pressure']
TREE = 'http://example.org/codes'
DAYS = ['2013', '2013-01', '2013-01-14', '2013-01-15', '2013-02', '2012-12-31', '2012-02-29', '1999', '1950-06-05', '2020-03-29',
        '2024-01-01', '0004-05-06', '1969-12-31']
TIMES = ['2013-01-14T00:00:00Z', '2013-01-14T10:00:00Z', '2013-01-14T10:00:00.000Z', '2013-01-14T10:00:00.123Z', '2013-01-14T11:00:00+01:00',
         '2013-01-14T23:30:00-01:00', '2013-01-15T00:00:00+00:00', '2013-01-13T23:59:59.999Z', '2024-07-01T12:00:00+05:30',
         '2012-12-31T23:59:59Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z']
NUMBERS = ['5.4', '5.40', '5.44', '5400', '0.0054', '5', '0', '0.0', '-1', '-1.50', '120', '120.0', '119.5', '120.5', '1e2', '100', '100.00',
           '1E-3', '0.001', '999999999999999999.99', '0.000000000000000001', '37.0', '310.15', '98.6', '16', '60', '1', '72']
UNITS = ['mg', 'g', 'kg', 'ug', 'mmol/L', 'umol/L', 'mm[Hg]', 'kPa', '/min', '{beats}/min', 'Cel', 'K', '[degF]', 'cm', 'm', '%']
NAMES_OF_UNITS = {'mg': 'milligram', '/min': 'per minute', 'mm[Hg]': 'mmHg', '%': '%', 'Cel': '°C'}


class Maker:
    def __init__(self, rng, mark=''):
        self.rng, self.mark, self.count, self.made = rng, mark, {}, []
        self.patients = max(2, rng.randint(2, 7))

    # --- parts ---

    def some(self, chance):
        return self.rng.random() < chance

    def several(self, make, most=3):
        return [make() for _ in range(self.rng.choice([1, 1, 1, 2, 2, most]))]

    def coding(self):
        c = {}
        if self.some(0.97):
            system = self.rng.choice(SYSTEMS)
            if system:
                c['system'] = system
            c['code'] = self.rng.choice(CODES[:6] if self.some(0.5) else CODES)
            if self.some(0.15):
                c['system'], c['code'] = TREE, self.rng.choice(['root', 'mid', 'leaf', 'a,b', 'A', '1', '01'])
        if self.some(0.5) or not c:
            c['display'] = self.rng.choice(DISPLAYS)
        return c

    def concept(self):
        c = {}
        if self.some(0.9):
            c['coding'] = self.several(self.coding)
        if self.some(0.3) or not c:
            c['text'] = self.rng.choice(DISPLAYS + WORDS)
        return c

    def day(self):
        return self.rng.choice(DAYS)

    def time(self):
        return self.rng.choice(TIMES)

    def when(self):
        return self.day() if self.some(0.4) else self.time()

    def period(self):
        days = sorted(self.rng.choice([d for d in DAYS if len(d) == 10]) for _ in range(2))
        p = {}
        if self.some(0.75):
            p['start'] = days[0]
        if self.some(0.7) or not p:
            p['end'] = days[1] + ('T23:00:00Z' if self.some(0.3) else '')
        return p

    def quantity(self):
        q = {'value': number(self.rng.choice(NUMBERS))}
        if self.some(0.05):
            del q['value']
        elif self.some(0.05):
            q['comparator'] = '<'
        unit = self.rng.choice(UNITS)
        kind = self.rng.random()
        if kind < 0.65:
            q.update(system=UCUM, code=unit)
            if self.some(0.5):
                q['unit'] = NAMES_OF_UNITS.get(unit, unit)
        elif kind < 0.75:
            q['unit'] = unit
        elif kind < 0.85:
            q.update(system='http://example.org/units', code=unit)
        elif not q:
            q['unit'] = unit
        return q

    def identifier(self):
        i = {}
        if self.some(0.8):
            i['system'] = self.rng.choice(['https://fhir.nhs.uk/Id/nhs-number', 'http://acme.org/mrn', LOCAL])
        i['value'] = self.rng.choice(['2345', '02345', 'AbC', 'abc', 'a|b', 'a,b', '$1', '9876543210'])
        if self.some(0.4):
            i['type'] = {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v2-0203', 'code': self.rng.choice(['MR', 'SS'])}]}
            if self.some(0.6):
                i['type']['text'] = self.rng.choice(DISPLAYS)
        return i

    def id_of(self, type):
        """The id of a resource of the type that may exist, or not."""
        if type == 'Patient':
            return '%s%d' % (self.mark, self.rng.randint(1, self.patients + 1))
        return '%s%d' % (self.mark, self.rng.randint(1, self.count.get(type, 0) + 2))

    def refer(self, *types, wild=True):
        type = self.rng.choice(types)
        kind = self.rng.random()
        to = '%s/%s' % (type, self.id_of(type))
        if not wild or kind < 0.8:
            r = {'reference': to}
        elif kind < 0.87:
            r = {'reference': BASE + '/' + to}
        elif kind < 0.885:
            r = {'reference': to + '/_history/1'}
        elif kind < 0.91:
            r = {'reference': 'http://elsewhere.example.org/fhir/' + to}
        elif kind < 0.96:
            return {'identifier': self.identifier()}
        else:
            return {'display': 'somebody'}
        if self.some(0.08):
            r['identifier'] = self.identifier()
        if self.some(0.1):
            r['display'] = 'somebody else'
        return r

    def human_name(self):
        n = {}
        if self.some(0.9):
            n['family'] = self.rng.choice(FAMILIES)
        if self.some(0.85) or not n:
            n['given'] = self.several(lambda: self.rng.choice(GIVENS))
        if self.some(0.15):
            n['prefix'] = ['Dr.']
        if self.some(0.1):
            n['text'] = self.rng.choice(GIVENS) + ' ' + self.rng.choice(FAMILIES)
        return n

    def address(self):
        a = {'city': self.rng.choice(CITIES)}
        if self.some(0.4):
            a['line'] = ['%d Größe Street' % self.rng.randint(1, 9)]
        if self.some(0.4):
            a['postalCode'] = self.rng.choice(['SW1A 1AA', 'sw1a1aa', 'LL57 2DG'])
        if self.some(0.3):
            a['country'] = self.rng.choice(['GB', 'Éire', 'Polska'])
        if self.some(0.3):
            a['use'] = self.rng.choice(['home', 'work'])
        return a

    def telecom(self):
        t = {'system': self.rng.choice(['phone', 'email'])}
        t['value'] = 'A@example.org' if t['system'] == 'email' else self.rng.choice(['020 7946 0000', '+44 20'])
        return t

    def maybe(self, r, chance, **parts):
        """Sets each part, made by its function, with a chance of its own."""
        for name, make in parts.items():
            if self.some(chance):
                r[name] = make()

    def sentence(self):
        return ' '.join(self.rng.choice(WORDS) for _ in range(self.rng.randint(1, 5)))

    # --- resources ---

    def make(self, type):
        n = self.count[type] = self.count.get(type, 0) + 1
        if type == 'Patient' and n > self.patients:
            self.patients = n
        r = {'resourceType': type, 'id': '%s%d' % (self.mark, n)}
        if self.some(0.15):
            r['meta'] = {}
            if self.some(0.7):
                r['meta']['profile'] = self.several(lambda: self.rng.choice(['http://example.org/p', 'http://hl7.org/fhir/StructureDefinition/Patient',
                                                                             'http://example.org/p/2', 'http://example.org/p|1.0']))
            if self.some(0.5) or not r['meta']:
                r['meta']['tag'] = [self.coding()]
            self.maybe(r['meta'], 0.3, security=lambda: [self.coding()], source=lambda: 'http://example.org/source/1')
        if self.some(0.15):
            r['text'] = {'status': 'generated', 'div': '<div xmlns="http://www.w3.org/1999/xhtml"><p>%s</p><b>%s</b></div>'
                                                       % (self.sentence(), self.sentence())}
        getattr(self, 'fill_' + type)(r)
        self.made.append(r)
        return r

    def fill_Patient(self, r):
        self.maybe(r, 0.85, name=lambda: self.several(self.human_name))
        self.maybe(r, 0.5, identifier=lambda: self.several(self.identifier), gender=lambda: self.rng.choice(['male', 'female', 'other', 'unknown']),
                   birthDate=lambda: self.rng.choice(['1974-12-25', '1974-12', '1974', '1999-01-01', '2001-09-11']),
                   address=lambda: self.several(self.address), active=lambda: self.some(0.7))
        self.maybe(r, 0.3, telecom=lambda: self.several(self.telecom), generalPractitioner=lambda: self.several(
            lambda: self.refer('Practitioner', 'Organization')), managingOrganization=lambda: self.refer('Organization'),
            link=lambda: [{'other': self.refer('Patient', 'RelatedPerson'), 'type': 'seealso'}],
            communication=lambda: [{'language': {'coding': [{'system': 'urn:ietf:bcp:47', 'code': self.rng.choice(['cy', 'pl', 'ur', 'ga'])}]}}])
        if self.some(0.25):
            if self.some(0.5):
                r['deceasedBoolean'] = self.some(0.5)
            else:
                r['deceasedDateTime'] = self.when()

    def value(self, r, component=False):
        kind = self.rng.random()
        if kind < 0.55:
            r['valueQuantity'] = self.quantity()
        elif kind < 0.7:
            r['valueCodeableConcept'] = self.concept()
        elif kind < 0.8:
            r['valueString'] = self.rng.choice(FAMILIES + [self.sentence(), 'ä' * self.rng.choice([86, 87, 88, 100]) + self.rng.choice(['', 'x', 'y', ' z'])])
        elif kind < 0.85 and not component:
            r['valueDateTime'] = self.when()
        elif kind < 0.9 and not component:
            r['valuePeriod'] = self.period()
        elif kind < 0.95:
            r['dataAbsentReason'] = self.concept()

    def subject(self, *others):
        return self.refer('Patient', 'Patient', 'Patient', 'Patient', *others)

    def fill_Observation(self, r):
        r.update(status=self.rng.choice(['final', 'preliminary', 'amended']), code=self.concept())
        if self.some(0.9):
            r['subject'] = self.subject('Group', 'Location')
        if self.some(0.04):
            r.update(subject={'reference': '#inside'}, contained=[{'resourceType': 'Patient', 'id': 'inside', 'gender': 'male'}])
        if self.some(0.85):
            if self.some(0.75):
                r['effectiveDateTime'] = self.when()
            else:
                r['effectivePeriod'] = self.period()
        self.maybe(r, 0.4, category=lambda: self.several(self.concept), performer=lambda: self.several(
            lambda: self.refer('Practitioner', 'Organization', 'Patient')), encounter=lambda: self.refer('Encounter'))
        self.maybe(r, 0.15, identifier=lambda: [self.identifier()], hasMember=lambda: [self.refer('Observation')],
                   method=self.concept, note=lambda: [{'text': self.sentence()}])
        self.value(r)
        if self.some(0.35):
            r['component'] = self.several(self.component)
            codes = {(c.get('system'), c.get('code')) for c in r['code'].get('coding', [])}
            if any((c.get('system'), c.get('code')) in codes for one in r['component'] for c in one['code'].get('coding', [])):
                for name in [name for name in r if name.startswith('value')]:  # obs-7
                    del r[name]

    def component(self):
        c = {'code': self.concept()}
        self.value(c, True)
        return c

    def fill_Condition(self, r):
        r['subject'] = self.subject()
        if self.some(0.6):
            r['clinicalStatus'] = {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/condition-clinical',
                                              'code': self.rng.choice(['active', 'resolved'])}]}
        self.maybe(r, 0.8, code=self.concept)
        self.maybe(r, 0.4, encounter=lambda: self.refer('Encounter'), asserter=lambda: self.refer('Practitioner', 'Patient'), recordedDate=self.when,
                   severity=self.concept, category=lambda: self.several(self.concept))
        kind = self.rng.random()
        if kind < 0.4:
            r['onsetDateTime'] = self.when()
        elif kind < 0.55:
            r['onsetPeriod'] = self.period()
        elif kind < 0.7:
            r['onsetAge'] = {'value': number(self.rng.choice(['5', '5.0', '60', '0.5'])), 'system': UCUM,
                             'code': self.rng.choice(['a', 'mo', 'wk', 'd'])}
        elif kind < 0.8:
            r['onsetString'] = self.sentence()

    def fill_Encounter(self, r):
        r.update({'status': self.rng.choice(['finished', 'planned', 'in-progress']),
                  'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': self.rng.choice(['AMB', 'IMP'])}})
        self.maybe(r, 0.8, subject=self.subject, period=self.period)
        self.maybe(r, 0.4, serviceProvider=lambda: self.refer('Organization'), partOf=lambda: self.refer('Encounter'), type=lambda: [self.concept()],
                   location=lambda: [{'location': self.refer('Location')}], participant=lambda: self.several(
                       lambda: {'individual': self.refer('Practitioner', 'RelatedPerson')}))
        self.maybe(r, 0.3, length=lambda: {'value': number(self.rng.choice(['1', '60', '90.0', '0.5'])), 'system': UCUM,
                                           'code': self.rng.choice(['min', 'h', 'd'])})

    def fill_MedicationRequest(self, r):
        r.update(status=self.rng.choice(['active', 'stopped']), intent='order', subject=self.subject('Group'))
        if self.some(0.6):
            r['medicationCodeableConcept'] = self.concept()
        else:
            r['medicationReference'] = self.refer('Medication')
        self.maybe(r, 0.5, authoredOn=self.when, requester=lambda: self.refer('Practitioner', 'Organization'), encounter=lambda: self.refer('Encounter'))

    def fill_Medication(self, r):
        r['code'] = self.concept()

    def fill_DiagnosticReport(self, r):
        r.update(status=self.rng.choice(['final', 'partial']), code=self.concept(), subject=self.subject('Location'))
        self.maybe(r, 0.6, issued=self.time, effectiveDateTime=self.when, result=lambda: self.several(lambda: self.refer('Observation')),
                   performer=lambda: self.several(lambda: self.refer('Practitioner', 'Organization')), encounter=lambda: self.refer('Encounter'))

    def fill_Practitioner(self, r):
        self.maybe(r, 0.9, name=lambda: self.several(self.human_name))
        self.maybe(r, 0.5, identifier=lambda: [self.identifier()], active=lambda: self.some(0.5), telecom=lambda: [self.telecom()])

    def fill_Organization(self, r):
        r['name'] = self.rng.choice(FAMILIES + CITIES) + ' Hospital'
        self.maybe(r, 0.5, partOf=lambda: self.refer('Organization', wild=False), alias=lambda: self.several(lambda: self.rng.choice(CITIES)),
                   type=lambda: [self.concept()], address=lambda: self.several(self.address), active=lambda: self.some(0.5))
        for address in r.get('address', []):
            if address.get('use') == 'home':  # org-2
                address['use'] = 'work'

    def fill_Location(self, r):
        r['name'] = self.rng.choice(CITIES)
        self.maybe(r, 0.8, position=lambda: {'latitude': number(self.rng.choice(['51.5074', '51.51', '-33.9', '0', '89.9', '53.8'])),
                                             'longitude': number(self.rng.choice(['-0.1278', '-0.13', '179.99', '-179.99', '151.2', '0']))})
        self.maybe(r, 0.5, managingOrganization=lambda: self.refer('Organization'), partOf=lambda: self.refer('Location', wild=False),
                   status=lambda: self.rng.choice(['active', 'suspended']), address=self.address)

    def fill_Provenance(self, r):
        r.update(target=self.several(lambda: self.refer('Observation', 'Patient', 'Condition', 'DocumentReference')), recorded=self.time(),
                 agent=[{'who': self.refer('Practitioner', 'Patient')}])

    def fill_List(self, r):
        r.update(status=self.rng.choice(['current', 'retired']), mode='working')
        self.maybe(r, 0.6, code=self.concept, subject=self.subject, date=self.when, title=self.sentence)
        self.maybe(r, 0.9, entry=lambda: [{'item': self.refer('Patient', 'Observation', 'Condition', 'Encounter')}
                                          for _ in range(self.rng.randint(1, 8))])

    def fill_DocumentReference(self, r):
        r.update(status='current', content=[{'attachment': {'contentType': self.rng.choice(['text/plain', 'application/pdf'])}}])
        self.maybe(r, 0.6, subject=self.subject, date=self.time, type=self.concept, description=self.sentence, category=lambda: [self.concept()],
                   author=lambda: self.several(lambda: self.refer('Practitioner', 'Organization', 'Patient')))

    def fill_Group(self, r):
        r.update(type='person', actual=self.some(0.5))
        self.maybe(r, 0.8 if r['actual'] else 0, member=lambda: self.several(lambda: {'entity': self.refer('Patient', 'Practitioner')}, 5))
        self.maybe(r, 0.6, characteristic=lambda: self.several(self.characteristic))

    def characteristic(self):
        c = {'code': self.concept(), 'exclude': self.some(0.3)}
        if self.some(0.6):
            c['valueCodeableConcept'] = self.concept()
        else:
            c['valueBoolean'] = self.some(0.5)
        return c

    def fill_QuestionnaireResponse(self, r):
        r['status'] = self.rng.choice(['completed', 'in-progress'])
        n = self.rng.randint(1, 3)
        url = 'http://example.org/Questionnaire/q%d' % n
        if not self.mark:
            self.maybe(r, 0.7, questionnaire=lambda: url + self.rng.choice(['', '|%d.0' % n]))
        self.maybe(r, 0.7, subject=self.subject, authored=self.when,
                   author=lambda: self.refer('Practitioner', 'Patient'))

    def fill_Questionnaire(self, r):
        n = int(r['id'][len(self.mark):])
        r.update(url='http://example.org/Questionnaire/q%d' % n, version='%d.0' % n, status=self.rng.choice(['active', 'draft']), title=self.sentence(),
                 name='Q')

    def fill_RiskAssessment(self, r):
        r.update(status='final', subject=self.subject('Group'), prediction=self.several(
            lambda: {'probabilityDecimal': number(self.rng.choice(['0.5', '0.50', '0.05', '1e-1', '0.1', '1', '0', '0.999', '0.45', '0.55']))}))
        self.maybe(r, 0.5, occurrenceDateTime=self.when)

    def fill_RelatedPerson(self, r):
        r['patient'] = self.refer('Patient')
        self.maybe(r, 0.8, name=lambda: self.several(self.human_name), birthDate=lambda: '1950-01-01')

    def fill_ValueSet(self, r):
        include = []
        for system in self.rng.sample([s for s in SYSTEMS if s], 2):
            i = {'system': system}
            if self.some(0.8):
                i['concept'] = [{'code': c} for c in self.rng.sample(CODES[:10], 3)]
            include.append(i)
        r.update(url='http://example.org/ValueSet/vs-' + r['id'], status='active', compose={'include': include}, name='Vs' + r['id'])

    def fill_CodeSystem(self, r):
        r.update(url=TREE, status='active', content='complete', name='Tree', concept=[
            {'code': 'root', 'concept': [{'code': 'mid', 'concept': [{'code': 'leaf'}, {'code': 'a,b'}]}, {'code': 'A'}]},
            {'code': '1', 'concept': [{'code': '01'}]}])


def make_store(rng, size, mark=''):
    """Steps that make a store: {'put': resource} or {'delete': key}. The first ones are one transaction, `whole` of them."""
    maker = Maker(rng, mark)
    types, shares = list(SHARE), list(SHARE.values())
    wanted = rng.choices(types, shares, k=size)
    for type in ['Patient', 'Patient'] + ([] if mark else ['ValueSet', 'ValueSet', 'CodeSystem', 'Questionnaire', 'Questionnaire']) + wanted:
        maker.make(type)
    steps = [{'put': r} for r in maker.made]
    whole = len(steps)
    for r in rng.sample(maker.made, len(maker.made) // 8):
        if r['resourceType'] in ('ValueSet', 'CodeSystem', 'Questionnaire'):
            continue
        key = '%s/%s' % (r['resourceType'], r['id'])
        again = {'resourceType': r['resourceType'], 'id': r['id']}
        getattr(maker, 'fill_' + r['resourceType'])(again)
        how = rng.random()
        if how < 0.5:
            steps.append({'put': again})
        else:
            steps.append({'delete': key})
            if how < 0.75:
                steps.append({'put': again})
    return steps, whole


def current(steps):
    """key -> resource, after all steps."""
    store = {}
    for step in steps:
        if 'put' in step:
            store['%s/%s' % (step['put']['resourceType'], step['put']['id'])] = step['put']
        else:
            store.pop(step['delete'], None)
    return store
