/* An invitation to make an account. */
import { area } from './area.ts';

export const en = {
    title: 'Your invitation',
    reading: 'Reading your invitation',
    over: 'This invitation does not count any more',
    overAdvice: 'It was used, or its time is over. Ask for a new one.',
    signIn: 'Sign in',
    welcome: (name: string) => `Welcome, ${name}`,
    patient: (place: string) => `${place || 'This website'} invites you to see your record here.`,
    staff: (place: string) => `${place || 'This website'} invites you to work with records here.`,
    until: (when: string) => `The invitation counts until ${when}.`,
    login: 'Sign-in name',
    loginHint: 'An email address is easy to remember',
    loginMissing: 'Enter a sign-in name',
    loginTaken: 'Somebody has this sign-in name. Choose another one',
    way: 'How do you want to sign in?',
    byPasskey: 'With a passkey',
    byPasskeyHint: 'Your fingerprint, face or PIN. The safest way, and nothing to remember',
    byPassword: 'With a password and a code',
    byPasswordHint: 'You need an authenticator app on a phone',
    makePasskey: 'Make a passkey',
    next: 'Continue',
};

export const invite = area(en, () => import('./invite.cy.ts'));
