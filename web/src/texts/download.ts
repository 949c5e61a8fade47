/* Taking everything away, as one file. */
import { area } from './area.ts';

export const en = {
    heading: 'Download or print your record',
    headingOther: 'Download or print this record',
    intro: 'You can save all that we have about you in one file. It is yours to keep.',
    introOther: 'You can save all of this record that you may see in one file.',
    has: 'What is in the file',
    points: [
        'A page that you can read in any web browser, and print.',
        'Your letters, each with the file it came as.',
        'Everything as data in the form that health services use, so that another one can read it.',
    ],
    places: 'Where it comes from',
    all: 'All places that keep a part of your record have answered.',
    one: 'Only this place keeps your record, as far as we know.',
    waiting: 'We are still asking other places.',
    missing: 'These places are not in the file. They did not answer:',
    missingAdvice: 'You can make the file now, or read the record again later.',
    couldNot: 'We could not ask other places. The file has only what is kept here.',
    withheld: 'Some things are not in it: what somebody has to talk to you about first, and what would harm you or others.',
    careful: 'Keep it safe',
    carefulWords: 'The file is not locked. Anyone who has it can read it. Do not save it on a device that others use.',
    make: 'Make my file',
    makeOther: 'Make the file',
    making: (n: number, of: number) => `Fetching letter ${n} of ${of}`,
    packing: 'Putting it together',
    saved: (name: string, size: string) => `Saved as ${name} (${size}). Look in your downloads.`,
    lostOriginals: (n: number) =>
        n === 1
            ? 'One original could not be fetched. The file says which.'
            : `${n} originals could not be fetched. The file says which.`,
    print: 'Print',
    printIntro: 'To print all of it, open “record.html” in the file. You can also print a page of your record here:',
    printPages: 'Each of these pages has a button to print it, also in large letters.',
    fileTitle: (name: string) => `Health record of ${name}`,
    fileMade: (when: string) => `Made on ${when}.`,
    fileFrom: 'From:',
    fileMissing: 'Not in this file, because they did not answer:',
    fileLost: 'Originals that could not be fetched:',
    fileNames: (page: string, data: string, folder: string) =>
        `${page} is to read and print. ${data} is data, for another health service. ${folder} has your letters and their originals.`,
};

export const downloadTexts = area(en, () => import('./download.cy.ts'));
