/* Who acts for a person. */
import { area } from './area.ts';

export const en = {
    title: (own: boolean) => (own ? 'Who acts for me' : 'Who acts for this person'),
    lead: (own: boolean) =>
        `A parent, carer or attorney can do things here for ${own ? 'you' : 'this person'}. Each time they look is written down, too.`,
    reading: 'Reading who acts',
    list: 'People who act',
    nobody: (own: boolean) => `Nobody acts for ${own ? 'you' : 'this person'}.`,
    add: 'Let somebody act',
    who: 'Who?',
    whoHint: 'People who are named in the record',
    whoMissing: 'Choose who will act',
    noPeople: 'Nobody is named in the record as a relative or carer. Ask the practice to add the person first.',
    may: 'What may they do?',
    mayMissing: 'Choose what they may do',
    functions: {
        view: 'See the record',
        book: 'Book and change appointments',
        order: 'Order medicines again',
        message: 'Write messages',
    },
    why: 'Why do they act?',
    whyMissing: 'Choose why they act',
    bases: {
        carer: { label: 'Carer, relative or friend', hint: 'Because the person wants it' },
        parent: { label: 'Parent', hint: 'For a child. It ends at the 16th birthday' },
        attorney: { label: 'Attorney', hint: 'By a lasting power of attorney for health' },
        deputy: { label: 'Deputy', hint: 'Named by a court' },
    },
    addDo: 'Let them act',
    added: 'They can act now',
    end: 'End this',
    endQuestion: (name: string) => `End this for ${name}?`,
    endWords: 'It stops at once.',
    endDo: 'End it',
    keep: 'Keep it',
    ended: (name: string, own: boolean) => `${name} no longer acts ${own ? 'for you' : 'for them'}`,
};

export const proxies = area(en, () => import('./proxies.cy.ts'));
