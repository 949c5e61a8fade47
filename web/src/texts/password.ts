/* What a new password needs. */
import { area } from './area.ts';

export const en = {
    label: 'New password',
    hint: '12 characters or more. Three words that you can remember are good',
    short: 'Enter a password of 12 characters or more. Three words that you can remember are good',
    long: 'Enter a password of 128 characters or fewer',
    name: 'Enter a password that does not have your sign-in name in it',
    show: 'Show',
    hide: 'Hide',
};

export const password = area(en, () => import('./password.cy.ts'));
