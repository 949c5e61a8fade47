/* What went wrong, and what to do about it. */
import { area } from './area.ts';

const tell = 'Try again. If it goes on, tell the people who run this service.';

export const en = {
    signedOut: { heading: 'You are not signed in', advice: 'Sign in, then try again.' },
    notAllowed: {
        heading: 'You may not do this',
        advice: 'If you think that you should be able to, ask the people who run this service.',
    },
    notHere: {
        heading: 'There is no such record here',
        advice: 'Check the address, or find the person by name.',
    },
    deleted: {
        heading: 'This entry has been deleted',
        advice: 'Find the person to see the rest of the record.',
    },
    changed: {
        heading: 'This was changed meanwhile',
        advice: 'Look at what is there now, then decide which to keep.',
    },
    busy: { heading: 'This service is busy', advice: 'Wait a moment, then try again.' },
    failed: { heading: 'This service could not answer', advice: tell },
    refused: {
        heading: 'This service could not use what was sent',
        advice: 'Change what you entered, then try again.',
    },
    another: {
        heading: 'Somebody else has signed in with this browser',
        advice: 'Look at the top of the page who is signed in, then try again.',
    },
    elsewhere: {
        heading: 'This is done where you have your account',
        advice: (address: string) => `Open ${address} to sign in, and for all that is about your account.`,
    },
    notOpened: {
        heading: 'This page was not let see the record',
        advice: 'Load the page again. If it goes on, tell the people who run this service.',
    },
    offline: {
        heading: 'You are offline',
        advice: 'This was not kept on this device, and nothing can be sent. What you type stays here until you are connected.',
    },
    noAnswer: {
        heading: 'This service does not answer',
        advice: 'Check that you are connected, then try again.',
    },
    brokeOff: {
        heading: 'The answer broke off',
        advice: 'Check that you are connected, then try again.',
    },
    unreadable: { heading: 'This service sent something unreadable', advice: tell },
    notShown: {
        heading: 'The page could not show this',
        advice: 'Load it again. If it goes on, tell the people who run this service.',
    },
    tooLong: {
        heading: 'This record is too long to show at once',
        advice: 'Tell the people who run this service.',
    },
    notLetIn: 'This page was not let in. You can try again.',
    sessionOver: 'You have been signed out. Sign in again to go on.',
    unused: (minutes: number) =>
        `You were signed out because this page was not used for ${minutes} minutes. This keeps your information safe.`,
    otherTab: 'You signed out in another tab.',
    out: 'You have signed out.',
    outEverywhere: 'You have signed out on all devices.',
};

export const trouble = area(en, () => import('./trouble.cy.ts'));
