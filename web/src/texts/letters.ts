/* Letters and documents: the list, and one of them. */
import { area } from './area.ts';

export const en = {
    heading: 'Letters and documents',
    intro: 'Letters that hospitals, your surgery and others have written about you.',
    none: 'There are no letters in this record.',
    noneMore: 'A letter comes here when the place that wrote it has sent it.',
    caption: 'Letters, newest first',
    date: 'Date',
    letter: 'Letter',
    from: 'From',
    notSaid: 'Not recorded',
    back: 'All letters',
    notFound: 'Letter not found',
    notFoundAdvice: 'There is no such letter in this record. It may have been withdrawn. Go to',
    wrong: 'Entered in error',
    text: 'The letter',
    noText: 'We do not have the words of this letter as text. Open the original to read it.',
    original: 'The original',
    originals: 'The originals',
    originalHint: 'This is the file as it was sent. It is saved on your device, and others who use the device can see it.',
    open: (form: string, size: string) => `Open the original (${[form, size].filter(Boolean).join(', ')})`,
    opening: 'Fetching the original',
    saved: (name: string) => `Saved as ${name}. Look in your downloads.`,
    away: (place: string) => `${place} keeps the original and has not sent it along. Ask them for a copy.`,
    lost: 'The original is named in this letter, but it is not here. Ask the place that wrote it.',
    picture: (title: string) => `Picture that belongs to the letter: ${title}`,
    more: (n: number) => `Show ${n} more`,
};

export const letterTexts = area(en, () => import('./letters.cy.ts'));
