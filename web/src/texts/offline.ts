/* Reading without a connection. */
import { area } from './area.ts';

export const en = {
    title: 'Use without a connection',
    what: 'This device can keep the record that you read last. Then you can read it for up to 12 hours when there is no connection.',
    kept: 'It is on this device',
    rules: [
        'Only what you have opened is kept, of one person at a time.',
        'It is locked with a key that stays in this browser.',
        'It is removed when you sign out, when somebody else signs in here, and after 12 hours.',
        'You can read without a connection. You cannot change or send anything.',
    ],
    warning: 'Only do this on a device that nobody else uses. Whoever can unlock it may be able to read the record.',
    on: 'Keep my record on this device',
    off: 'Stop, and remove it from this device',
    isOn: 'This device keeps the record that you read last.',
    isOff: 'This device keeps nothing.',
    done: 'It is on. Open the pages that you want to read later.',
    removed: 'It is off. Everything was removed from this device.',
    cannot: 'This device cannot keep it',
    cannotAdvice: 'A private window cannot keep anything, nor can a device without room. Try a normal window.',
    offline: (time: string) => `You are offline. This was read at ${time}.`,
    nothing: 'You can read, but not change or send anything.',
    tryAgain: 'Try to connect',
};

export const offline = area(en, () => import('./offline.cy.ts'));
