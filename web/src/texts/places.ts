/* "Where my record is": the places that keep a part of it, who has answered, and what each one keeps. */
import { area } from './area.ts';

export const en = {
    title: 'Where my record is',
    theirs: 'Where the record is',
    intro: 'Your record is not in one big store. Each place that looks after you keeps its own part. This page asks all of them now.',
    introTheirs:
        'The record is not in one big store. Each organisation keeps its own part. This page asks all of them now.',
    here: '(you are here)',
    part: 'This may not be the whole record',
    all: (n: number) =>
        n === 1 ? 'This place has all of the record.' : `All ${n} places have answered.`,
    some: (n: number, of: number) => `${n} of ${of} places have answered.`,
    again: 'Ask all places again',
    outcomes: {
        answered: 'Answered',
        'timed-out': 'Did not answer in time',
        away: 'Cannot be reached',
        refused: 'Refused',
        broken: 'Answer could not be used',
    },
    keeps: 'It keeps:',
    keepsNothing: 'It keeps nothing that you may see.',
    more: 'It has more than could be fetched at once.',
    withheld: 'Something there is not shown to you.',
    unwitnessed: 'No other organisation checks its list of who looked.',
    see: 'See what it keeps',
    seeAt: (place: string) => ` at ${place}`,
    placesHeading: 'Places',
    timeline: 'See all of it as one timeline',
    couldNot: 'Other places could not be asked',
    onlyThis: 'What you see is from this place alone.',
    demo: {
        title: 'Try it: stop one of the places',
        lead: 'This is a demonstration: each of these organisations is a program of its own on this machine. Stop one, and see what this page then says. One that is started again is noticed by the others within six seconds.',
        here: '(here)',
        runs: 'Runs',
        stopped: 'Stopped',
        stop: 'Stop',
        start: 'Start again',
    },
};

export const places = area(en, () => import('./places.cy.ts'));
