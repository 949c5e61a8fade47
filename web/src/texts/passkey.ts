/* What can go wrong in the browser's own dialog about passkeys. */
import { area } from './area.ts';

export const en = {
    devices: {
        'Mac OS': 'Mac',
        CrOS: 'Chromebook',
        Linux: 'Linux computer',
        Windows: 'Windows computer',
        Android: 'Android phone or tablet',
    },
    mine: (device: string) => `My ${device}`,
    device: 'My device',
    already: {
        heading: 'This device already has a passkey here',
        advice: 'Use the passkey that you have, or add one on another device.',
    },
    notMade: {
        heading: 'No passkey was made',
        advice: 'It was stopped, or took too long. You can try again.',
    },
    notUsed: {
        heading: 'The passkey was not used',
        advice: 'It was stopped, took too long, or there is none on this device. You can try again, or sign in with a password.',
    },
    cannot: {
        heading: 'Passkeys do not work here',
        advice: 'Try again, use another device, or sign in with a password.',
    },
};

export const passkey = area(en, () => import('./passkey.cy.ts'));
