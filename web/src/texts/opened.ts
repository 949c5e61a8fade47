/* A record that was opened from another system. Its people are staff as a rule. */
import { area } from './area.ts';

export const en = {
    opening: 'Opening the record',
    wait: 'Asking for the record that the other system named.',
    not: 'The record could not be opened',
    again: 'Go back to the system that you came from, and open the record there once more.',
    find: 'Or find the person here',
    start: 'Go to the start page',
    reasons: {
        link: 'This link does not count. It was used before, or it is older than 5 minutes, or it was not made for this node.',
        used: 'This link has been used, or it is too old.',
        busy: 'Too many links failed, or the node is busy. Wait a minute first.',
        no_patient: 'There is no record here of the person whom the other system named, or you may not see who it is.',
        other_person: 'The link was made for somebody else. Sign out, sign in as yourself, and try again.',
        elsewhere: 'This link is for another node.',
    },
    people: 'If it goes on, tell the people who run that system. Its clock may be wrong.',
};

export const opened = area(en);
