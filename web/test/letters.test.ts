import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBase64 } from '../src/model/bytes.ts';
import { parseKeepingDigits, writeKeepingDigits } from '../src/model/digits.ts';
import { plainCopy, wholeCopy } from '../src/model/extract.ts';
import type { Resource } from '../src/model/fhir.ts';
import { bodyPart, images } from '../src/model/images.ts';
import { fileName, isPicture, letterOf, letters, sizeWords } from '../src/model/letters.ts';
import { RecordIndex } from '../src/model/record.ts';
import { sharedBundle, wantedEntries } from '../src/model/share.ts';
import { crc32, zip } from '../src/model/zip.ts';

const text = (words: string): string => toBase64(new TextEncoder().encode(words));
const letter = (id: string, more: Partial<Resource>): Resource => ({
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    content: [],
    ...more,
});

const index = new RecordIndex();
index.add([
    letter('old', { date: '2024-01-02', description: 'Old letter' }),
    letter('new', {
        date: '2026-03-04',
        type: { text: 'Discharge summary' },
        custodian: { reference: 'Organization/1', display: 'Marsh Hospital' },
        author: [{ reference: 'Practitioner/9' }],
        content: [
            { attachment: { contentType: 'text/plain;charset=utf-8', data: text('Dear patient\n') } },
            {
                attachment: {
                    contentType: 'application/pdf',
                    url: 'https://node.example/fhir/Binary/77',
                    size: 40960,
                    title: 'Letter: <1>/2',
                },
            },
        ],
    }),
    letter('wrong', { status: 'entered-in-error' }),
    letter('Y90001~5', {
        description: 'From elsewhere',
        content: [{ attachment: { contentType: 'image/png', url: 'Binary/1' } }],
    }),
]);
index.tell('DocumentReference/Y90001~5', {
    place: 'Quay Surgery',
    ods: 'Y90001',
    own: false,
    also: [],
    alike: [],
    unwitnessed: false,
});
index.named(new Map([['Practitioner/9', 'Dr Amina Shah']]));

test('letters are newest first, with who sent them, their words and their files', () => {
    const all = letters(index);
    assert.deepEqual(
        all.map((l) => [l.res.id, l.title, l.organisation]),
        [
            ['new', 'Letter: <1>/2', 'Marsh Hospital'],
            ['old', 'Old letter', ''],
            ['Y90001~5', 'From elsewhere', 'Quay Surgery'],
        ],
    );
    assert.equal(all[0]!.text, 'Dear patient');
    assert.equal(all[0]!.people, 'Dr Amina Shah');
    const pdf = all[0]!.originals[1]!;
    assert.deepEqual([pdf.binary, pdf.size, pdf.away], ['Binary/77', 40960, false]);
    assert.equal(fileName(pdf, all[0]!), '2026-03-04 Letter 1 2.pdf');
});

test('a letter that two places keep is one; another of the same day is not', () => {
    const two = new RecordIndex();
    const words = (w: string) => [{ attachment: { contentType: 'text/plain', data: text(w) } }];
    two.add([
        letter('Y9~1', { date: '2026-01-01', description: 'Clinic', content: words('Same') }),
        letter('1', { date: '2026-01-01', description: 'Clinic', content: words('Same') }),
        letter('2', { date: '2026-01-01', description: 'Clinic', content: words('Other') }),
        letter('3', { date: '2026-01-01', description: 'Clinic' }),
        letter('4', { date: '2026-01-01', description: 'Clinic' }),
    ]);
    two.tell('DocumentReference/Y9~1', { ...index.about.get('DocumentReference/Y90001~5')! });
    assert.deepEqual(letters(two).map((l) => l.res.id), ['1', '2', '3', '4']);
});

test('what another place keeps and has not sent is not asked for here', () => {
    const [picture] = letterOf(index, index.byReference.get('DocumentReference/Y90001~5')!).originals;
    assert.deepEqual([picture!.away, picture!.binary, isPicture(picture!)], [true, '', true]);
    const sent = new RecordIndex();
    sent.add([
        index.byReference.get('DocumentReference/Y90001~5')!,
        { resourceType: 'Binary', id: 'Y90001~1', contentType: 'image/png', data: 'AAAA' },
    ]);
    sent.tell('DocumentReference/Y90001~5', index.about.get('DocumentReference/Y90001~5')!);
    const [came] = letters(sent)[0]!.originals;
    assert.deepEqual([came!.away, came!.data], [false, 'AAAA']);
});

test('no file that could run is drawn in the page', () => {
    for (const type of ['image/svg+xml', 'text/html', 'application/pdf', 'image/tiff', '']) {
        assert.ok(!isPicture({ type, title: '', size: 0, data: '', at: '', binary: '', away: false }), type);
    }
});

test('sizes in words', () => {
    assert.deepEqual([0, 10, 40960, 1023 * 1024, 5.25 * 1048576].map(sizeWords), [
        '',
        '1 KB',
        '40 KB',
        '1 MB',
        '5.3 MB',
    ]);
});

test('images in words that people use, with their report', () => {
    const i = new RecordIndex();
    i.add([
        {
            resourceType: 'ImagingStudy',
            id: 'k',
            started: '2026-01-01',
            modality: [{ code: 'DX' }],
            series: [{ bodySite: { display: 'Knee region structure' }, performer: [{ actor: { display: 'Marsh' } }] }],
        },
        { resourceType: 'DiagnosticReport', id: 'r', imagingStudy: [{ reference: 'ImagingStudy/k' }] },
    ]);
    const [knee] = images(i);
    assert.deepEqual([knee!.kind, knee!.part, knee!.place, knee!.report?.id], ['DX', 'Knee', 'Marsh', 'r']);
    assert.deepEqual(['Thoracic structure', 'Abdomen', 'Entire hand', 'Skin'].map(bodyPart), [
        'Chest',
        'Belly',
        'hand',
        'Skin',
    ]);
});

test('digits come through reading and writing', () => {
    const json =
        '{"resourceType":"Observation","identifier":[{"system":"x","value":"0012"}],"telecom":[{"value":"01234"}],' +
        '"valueQuantity":{"value":6.40,"unit":"mmol/L"},"component":[{"valueDecimal":1e-3},{"valueString":"5"}],"n":2,"b":false,"s":"\\"value\\":1.0"}';
    assert.equal(writeKeepingDigits(parseKeepingDigits(json)), json);
});

test('what is shared is what was chosen, with names and files, and without what is this node’s', () => {
    const wanted = wantedEntries(index, { what: 'parts', parts: ['letters'] }, undefined, 0);
    assert.deepEqual(wanted.map((r) => r.id), ['new', 'old', 'Y90001~5']);
    const patient: Resource = {
        resourceType: 'Patient',
        id: 'p',
        name: [{ family: 'Flow' }, { family: 'Before' }],
        address: [{ text: '1 High Street' }],
        telecom: [{ value: '01234' }],
        identifier: [
            { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' },
            { system: 'https://other.example', value: '1' },
        ],
    };
    const files = new Map([['Binary/77', 'UERG']]);
    const bundle = sharedBundle(index, patient, wanted, files, 'https://node.example/fhir', 0);
    const [who, first] = bundle.entry!.map((e) => e.resource!);
    assert.deepEqual(Object.keys(who!), ['resourceType', 'id', 'identifier', 'name']);
    assert.equal(who!.name.length, 1);
    assert.equal(who!.identifier.length, 1);
    assert.equal(first!.author[0].display, 'Dr Amina Shah');
    const read = new RecordIndex();
    read.add(bundle.entry!.map((e) => e.resource!));
    const [shared] = letters(read);
    assert.deepEqual([shared!.text, shared!.originals[1]!.data], ['Dear patient', 'UERG']);
    assert.deepEqual(bundle.entry!.map((e) => e.resource!.id), ['p', 'new', 'old', 'Y90001.5']);
});

test('labels and versions stay here; references are ids of FHIR', () => {
    const r: Resource = {
        resourceType: 'Observation',
        id: 'Y90001~3',
        meta: { security: [{ code: 'R' }], versionId: '4' },
        subject: { reference: 'Patient/Y90001~1' },
    };
    assert.deepEqual(plainCopy(index, r), {
        resourceType: 'Observation',
        id: 'Y90001.3',
        subject: { reference: 'Patient/Y90001.1' },
    });
    assert.equal(wholeCopy(r).meta?.versionId, '4');
    assert.equal(wholeCopy(r).subject.reference, 'Patient/Y90001.1');
});

test('only what was asked for, and nothing where nothing was chosen', () => {
    const none = wantedEntries(index, { what: '', parts: ['letters'] }, undefined, 0);
    assert.deepEqual(none, []);
    const item = index.byReference.get('DocumentReference/old');
    assert.deepEqual(wantedEntries(index, { what: 'item', parts: [] }, item, 0), [item]);
    assert.deepEqual(wantedEntries(index, { what: 'item', parts: [] }, undefined, 0), []);
    assert.deepEqual(wantedEntries(index, { what: 'summary', parts: [] }, undefined, 0), []);
});

test('an archive is as the specification has it', () => {
    assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
    const bytes = (t: string) => new TextEncoder().encode(t);
    const files = [
        { name: 'a.txt', bytes: bytes('one') },
        { name: 'A.txt', bytes: bytes('two') },
    ];
    const made = zip(files, new Date(2026, 10, 23, 9, 30, 4));
    const at = new DataView(made.buffer);
    assert.equal(at.getUint32(0, true), 0x04034b50);
    assert.equal(at.getUint16(10, true), (9 << 11) | (30 << 5) | 2);
    assert.equal(at.getUint16(12, true), (46 << 9) | (11 << 5) | 23);
    const end = made.length - 22;
    assert.equal(at.getUint32(end, true), 0x06054b50);
    assert.equal(at.getUint16(end + 10, true), 2);
    const list = at.getUint32(end + 16, true);
    assert.equal(at.getUint32(list, true), 0x02014b50);
    const names = new TextDecoder().decode(made);
    assert.ok(names.includes('A (2).txt'), 'no name twice');
});
