/* Setting up an authenticator app, and the recovery codes that come with it. */
import { area } from './area.ts';

export const en = {
    title: 'Set up an authenticator app',
    steps: [
        'Put an authenticator app on your phone, if you have none yet.',
        'With the app, scan the picture below. Or type in the key.',
        'Enter the 6 numbers that the app shows.',
    ],
    picture: 'QR code for your authenticator app. The key below says the same.',
    key: 'Key:',
    making: 'Making your key',
    code: 'Code',
    codeHint: 'The 6 numbers that the app shows now',
    codeMissing: 'Enter the 6 numbers that your app shows',
    codeWrong: 'This code is not right. Enter the newest one',
    next: 'Continue',
    stop: 'Stop and sign out',
    codesTitle: 'Your recovery codes',
    codesLost: 'If you lose your phone, each of these codes lets you in',
    codesOnce: 'once',
    codesKeep: 'Write them down or print them. Keep them safe.',
    codesOnlyNow: 'We show them only now.',
    codesLabel: 'Recovery codes',
    copy: 'Copy the codes',
    copied: 'Copied',
    notCopied: 'The browser did not copy them. Write them down',
    cannotCopy: 'The browser cannot copy them. Write them down',
    kept: 'I have kept my codes',
    keptMissing: 'Keep your codes first, then tick the box',
};

export const enrol = area(en, () => import('./enrol.cy.ts'));
