/* Apps: those that were let in, letting one in, and opening one from here. */
import { area } from './area.ts';

export const en = {
    title: 'Apps',
    intro: 'These apps can use what is here, because you let them.',
    none: 'You have let no app in.',
    can: 'It can:',
    since: (day: string) => `Since ${day}.`,
    used: (day: string) => `Last used ${day}.`,
    notUsed: 'Not used yet.',
    end: 'End its access',
    endTitle: (name: string) => `End the access of ${name}?`,
    endWords: 'It stops at once. The app may still hold what it has read before.',
    ended: (name: string) => `${name} can no longer see anything`,
    keep: 'Keep it',
    letIn: 'Let an app in',
    letThisIn: (name: string) => `Let ${name} in?`,
    tooLong: 'This took too long',
    tooLongAdvice: 'Go back to the app, and start again there.',
    reading: 'Reading what the app wants',
    youAre: (name: string) => `You are ${name}.`,
    theApp: 'The app',
    asks: 'asks you to let it in.',
    itSees: 'It would see the record of',
    whose: 'Whose record may it see?',
    whoseHint: 'Enter a name, then press Find',
    whoseMissing: 'Choose whose record it may see',
    find: 'Find',
    nobody: 'Nobody was found',
    chooseOne: 'Choose one person',
    born: (day: string) => `Born ${day}`,
    wants: 'It wants to:',
    wantsHint: 'Take away the tick from what you do not want',
    wantsMissing: 'Tick one thing, or choose “Do not allow”',
    writes: 'Can change your record',
    offline: 'It can do this also when you do not use it, until you end that.',
    notOurs:
        'We do not run this app. What it reads, it may keep. You can end its access at any time, under “Apps”.',
    allow: 'Allow',
    deny: 'Do not allow',
    open: 'Open an app',
    openForOther: 'Open an app for this person',
    openWords:
        'You leave this page. The app is told whose record is open here, and nothing more until you let it in.',
    openNone: 'No app can be opened from here yet.',
    openIt: 'Open',
    cannotOpen: 'The app cannot be opened',
    cannotOpenAdvice:
        'Its address is not one that this page opens. Tell the people who run this website.',
    cannotReturnAdvice: 'Its address is not one that this page opens. Close this page.',
};

export const apps = area(en, () => import('./apps.cy.ts'));
