/* What somebody sees who has a link to something that a person shared. */
import { area } from './area.ts';

export const en = {
    heading: 'Something was shared with you',
    label: (label: string) => `It is called “${label}”.`,
    intro: 'A person shared a part of their health record with you. It is locked. Your link has the key.',
    until: (when: string) => `You can open it until ${when}.`,
    over: (when: string) => `This link could be opened until ${when}. That time is over.`,
    who: 'Who are you?',
    whoHint: 'Your name, and where you work if you open this for your work. The person who shared it will read this. Nobody checks it.',
    whoMissing: 'Enter who you are',
    passcode: 'Passcode',
    passcodeHint: 'The person who shared this chose it. Ask them if you do not have it.',
    passcodeMissing: 'Enter the passcode',
    passcodeWrong: (left: number) =>
        left
            ? `This is not the passcode. You can try ${left} more ${left === 1 ? 'time' : 'times'}`
            : 'This is not the passcode, and the link has ended now. Ask the person for a new one',
    open: 'Open it',
    told: 'They are told when you open it, and what you wrote here.',
    bad: 'This link is not complete',
    badAdvice: 'Copy the whole link, or scan the code again. If that does not help, ask the person for a new one.',
    elsewhere: 'This link is kept somewhere else',
    elsewhereAdvice: (host: string) => `It opens on the page of ${host}:`,
    elsewhereGo: (host: string) => `Open it on ${host}`,
    recordOf: (name: string) => `Shared by ${name}`,
    born: 'Born',
    nhs: 'NHS number',
    copy: (when: string) => `This is a copy that they made on ${when}. It does not change when their record does.`,
    part: 'It is the part that they chose, not their whole record.',
    key: 'It was unlocked in this browser. The key is in your link only. The place that keeps the copy cannot read it.',
    contents: 'What was shared',
    empty: 'There is nothing in it that this page can show.',
    originals: 'Files',
    noAnswer: 'The place that keeps this does not answer',
    noAnswerAdvice: 'Check that you are connected, then try again.',
    notOpen: 'This link is not open',
    notOpenAdvice: 'It has run out, or the person has ended it. Ask them for a new one.',
    tooOften: 'This link was opened too often in the last minute',
    tooOftenAdvice: 'Wait a minute, then try again.',
    notRead: 'This could not be opened',
    notReadAdvice: 'Try again. If it goes on, ask the person for a new link.',
    wrongKey: 'This could not be unlocked',
    wrongKeyAdvice: 'A part of the link may be missing. Copy the whole link, or scan the code again.',
};

export const sharedTexts = area(en, () => import('./shared.cy.ts'));
