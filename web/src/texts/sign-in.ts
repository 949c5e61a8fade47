/* The ways in: a passkey, a password and a code, another service; the people of a demonstration. */
import { area } from './area.ts';

export const en = {
    title: 'Sign in',
    notSignedIn: 'You are not signed in',
    faults: {
        forbidden:
            'The other service knows who you are, but you have no account here that it may open. Ask your practice to invite you.',
        failed: 'The other service could not sign you in. Try again.',
    },
    byPasskey: 'With a passkey',
    byPasskeyWords:
        'Use your fingerprint, your face or the PIN of your device. It is the safest way.',
    passkey: 'Sign in with a passkey',
    byPassword: 'With a password',
    passwordInstead: 'Use a password instead',
    login: 'Sign-in name',
    loginHint: 'For example, your email address',
    loginMissing: 'Enter your sign-in name',
    loginWrong: 'The sign-in name or the password is not right',
    password: 'Password',
    passwordMissing: 'Enter your password',
    next: 'Continue',
    other: 'Sign in another way',
    provider: (name: string) => `Continue with ${name}`,
    keptAt: (host: string) => `Your record is kept at ${host}. You sign in there, and come back here.`,
    goThere: 'Go there to sign in',
    noAccount: 'No account? Ask your practice to send you an invitation.',
    codeTitle: 'Enter your code',
    code: 'Code',
    codeHint: 'The 6 numbers that your authenticator app shows now',
    codeMissing: 'Enter the 6 numbers that your app shows',
    codeWrong: 'This code is not right. Enter the newest one',
    noApp: 'I cannot use my app',
    recoveryTitle: 'Recovery code',
    recoveryHeading: 'Use a recovery code',
    recoveryHint:
        'One of the codes that you wrote down, like abcd-efgh-jkmn. Each works once',
    recoveryMissing: 'Enter one of your recovery codes',
    appInstead: 'Use your app instead',
    somebodyElse: 'Sign in as somebody else',
    demoTitle: 'Try it as somebody else',
    demoWords: 'This is a demonstration. All people here are made up.',
    demoChoose: (place: string) =>
        `Choose who you want to be${place ? ` at ${place}` : ''}, and follow their story.`,
    demoAs: (name: string) => `Sign in as ${name}`,
};

export const signIn = area(en, () => import('./sign-in.cy.ts'));
