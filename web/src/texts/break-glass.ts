/* Opening what is withheld, for professionals. In English. */
import { area } from './area.ts';

export const en = {
    title: 'See what is withheld',
    told: 'This is written down with your name. The patient is told, and a privacy officer looks at it.',
    how: 'How?',
    needHow: 'Choose how you want to see the record',
    claim: 'I look after this person',
    claimHint:
        'You see what somebody in your role sees. Choices of the patient still count',
    open: 'It is an emergency',
    openHint:
        'For 60 minutes you also see what the patient does not share, and what is sealed',
    why: 'Why?',
    needWhy: 'Choose a reason',
    whatReason: 'What is the reason?',
    needReason: 'Enter what the reason is',
    ownWords: 'In your own words (optional)',
    wordsHint: 'Privacy officers read this. The patient reads the reason that you chose',
    forHowLong: 'For how long?',
    hours: (n: number) => (n === 1 ? '1 hour' : `${n} hours`),
    see: 'See the record',
    cancel: 'Cancel',
};

export const breakGlass = area(en);
