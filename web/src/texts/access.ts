/* The page of who looked at a record. */
import { area } from './area.ts';

const entries = (n: number) => `${n.toLocaleString('en-GB')} ${n === 1 ? 'entry' : 'entries'}`;

export const en = {
    title: (own: boolean) => (own ? 'Who looked at my record' : 'Who looked at this record'),
    lead: (own: boolean) =>
        own
            ? 'Each time somebody sees your record, it is written down here. We cannot take it away again.'
            : 'Each time somebody sees this record, it is written down here.',
    emergency: 'Emergency',
    refused: 'Refused',
    program: 'Program',
    proxy: (own: boolean) => `Acts for ${own ? 'you' : 'them'}`,
    waits: (until: string) => `A law lets this wait. You will see more from ${until}.`,
    why: (why: string) => `Why: ${why}`,
    at: (time: string) => `At ${time}.`,
    with: (program: string) => `, with ${program}`,
    unknown: 'I don’t recognise this',
    proof: 'Download the proof',

    askTitle: 'You do not recognise this',
    askLead: 'A privacy officer will look into it. You will get an answer.',
    askWords: 'Is there something that we should know? (optional)',
    ask: 'Ask the privacy officer',
    asked: 'Your question was sent to the privacy officer',

    check: 'Check this list',
    checkLead: 'Nobody can change or hide an entry without being found out. Your browser can check that itself.',
    checkDo: 'Check the list',
    checking: 'Checking',
    checked: (n: number, of: number) => `Checked ${n} of ${of}`,
    good: 'The list is complete and unchanged',
    goodWords: (n: number) =>
        `We checked all ${entries(n)}, from the first to the newest. None is missing, and none was changed.`,
    silent: (n: number) => `${entries(n)} ${n === 1 ? 'has' : 'have'} no words: erased, or not told yet.`,
    old: 'This browser cannot check the list',
    oldWords:
        'It is too old for the kind of signature that the list has. Use a newer browser, or download the proofs.',
    bad: 'The list is not right',
    badWords: (why: string) => `The check failed: ${why}. Tell your practice or hospital, and keep this page.`,
    stopped: 'The check could not end',
    stoppedWords: 'We did not get the answer that we need. Try again.',
    how: 'How does it work?',
    howWords:
        'Each time somebody looks, a numbered entry is written: 1, 2, 3 and so on. All entries are joined by sums, like links of a chain, and signed. If one were taken out or changed, the sums would not fit any more.',
    without: 'Download a proof to check it without us. You can also use what is public:',
    key: 'The key',
    sum: 'The newest signed sum',

    show: 'Show',
    all: 'Everything',
    people: 'People only',
    programs: 'Programs only',
    lines: (n: number) => `${n.toLocaleString('en-GB')} ${n === 1 ? 'line' : 'lines'} here`,
    ofAll: (n: number) => `, of ${entries(n)} in all`,
    more: (n: number) => `${entries(n)} more`,
    none: 'There is nothing here.',
    older: 'Show older entries',
    table: 'Download as a table (CSV)',
    file: 'who-looked',
    reading: 'Reading the list',
};

export const access = area(en, () => import('./access.cy.ts'));
