/* Where a patient begins: what is new, what comes next, what there is. */
import { area } from './area.ts';

export const en = {
    hello: (name: string) => (name ? `Hello, ${name}` : 'Hello'),
    recordOf: (name: string) => `The record of ${name}`,
    newTitle: 'New since you last looked',
    lastLooked: (when: string) => `You last looked on ${when}.`,
    nothingNew: 'Nothing new has come since then.',
    latest: 'Latest in your record',
    latestTheirs: 'Latest in the record',
    allNew: 'See everything on the timeline',
    emptyTitle: 'Nothing is recorded yet',
    empty: 'When somebody who looks after you writes something down, you find it here.',
    todo: 'For you to know',
    waiting: (count: number) =>
        count === 1 ? 'One request waits for an answer' : `${count} requests wait for an answer`,
    offered: (when: string) => `You have been offered an appointment on ${when}`,
    allergies: 'Allergies',
    cards: 'Your record',
    cardsTheirs: 'The record',
    reading: 'Reading',
    appointment: 'Next appointment',
    noAppointment: 'No appointment is booked.',
    results: 'Test results',
    noResults: 'No test results yet.',
    newest: (what: string, when: string) => (when ? `Newest: ${what}, ${when}` : `Newest: ${what}`),
    medicines: 'Medicines',
    medicinesNow: (count: number) => (count === 1 ? '1 medicine now' : `${count} medicines now`),
    noMedicines: 'No medicines now.',
    letters: 'Letters and documents',
    noLetters: 'No letters yet.',
    messages: 'Messages and requests',
    noMessages: 'No messages yet.',
    looked: 'Who looked',
    lookedBy: (name: string, when: string) => `${name}, ${when}`,
    nobodyLooked: 'Nobody else has looked lately.',
    lookedUnknown: 'See who has looked at this record.',
    hidden: (kind: string) => `${kind}: open it to see what it says`,
};

export const home = area(en, () => import('./home.cy.ts'));
