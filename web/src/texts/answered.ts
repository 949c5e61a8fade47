/* Who has answered when a record is put together from several places. */
import { area } from './area.ts';

export const en = {
    asking: 'Asking the other places that hold a part of this record.',
    all: (n: number) =>
        n === 1 ? 'This place holds all of this record.' : `All ${n} places have answered.`,
    some: (here: number, of: number) => `${here} of ${of} places have answered.`,
    part: 'Parts of this record may be missing',
    couldNot: 'Other places could not be asked',
    again: 'Ask all places again',
    places: 'Where this record comes from',
    outcomes: {
        answered: 'answered',
        'timed-out': 'did not answer in time',
        away: 'cannot be reached',
        refused: 'refused',
        broken: 'sent an answer that cannot be used',
    },
    more: 'has more than could be fetched',
    maybePart: 'This may be a part of the record: not every place could be asked.',
    hereOnly: 'This is what is kept here alone.',
    lacks: (place: string, outcome: string) =>
        `${place} ${outcome}: what it has may be missing here`,
    here: '(here)',
    readAt: (time: string) => `Read at ${time}.`,
};

export const answered = area(en, () => import('./answered.cy.ts'));
