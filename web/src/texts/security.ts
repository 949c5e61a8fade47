/* How somebody signs in: passkeys, the password, codes, signing out everywhere. */
import { area } from './area.ts';

export const en = {
    title: 'How you sign in',
    invited: (when: string) =>
        `Somebody made an invitation on ${when}. With it, a new way to sign in to your account can be added.`,
    invitedAdvice: 'If you did not ask for it, tell us. Remove any passkey below that you do not know.',
    passkeys: 'Passkeys',
    noPasskey: 'You have no passkey yet.',
    noPasskeys: 'This browser cannot use passkeys.',
    added: (day: string) => `Added ${day || 'on a day not noted'}`,
    used: (day: string) => `last used ${day}`,
    everywhereTag: 'On all your devices',
    passkeyAdded: 'The passkey was added',
    passkeyRemoved: (name: string) => `${name} was removed`,
    passkeyRenamed: (name: string, to: string) => `${name} is now called ${to}`,
    addPasskey: 'Add a passkey',
    makePasskey: 'Make the passkey',
    passkeyName: 'Name of this passkey',
    passkeyNameHint: 'So that you know it again, like the name of your phone',
    rename: 'Rename',
    renameTitle: (name: string) => `Rename ${name}`,
    newName: 'New name',
    nameMissing: 'Enter a name',
    saveName: 'Save the name',
    cancel: 'Cancel',
    remove: 'Remove',
    removeTitle: (name: string) => `Remove ${name}?`,
    removeWords: 'You cannot sign in with it any more.',
    removeLast: 'It is your only passkey. Be sure that you can still sign in with a password and a code.',
    keep: 'Keep it',
    password: 'Password',
    passwordToday: 'Password of today',
    passwordMissing: 'Enter your password of today',
    passwordSave: 'Save the password',
    passwordChanged: 'Your password was changed',
    hasPassword: 'You have a password. With it you need a code each time.',
    noPassword: 'You have no password. With a passkey you need none.',
    changePassword: 'Change the password',
    setPassword: 'Set a password',
    codes: 'Codes',
    hasCodes:
        'An authenticator app is set up. Setting it up anew also gives you new recovery codes; the old ones stop working.',
    noCodes: 'No authenticator app is set up. You need one only with a password.',
    codesAnew: 'Set up anew',
    setUpCodes: 'Set up an authenticator app',
    back: 'Go back',
    everywhere: 'Sign out everywhere',
    everywhereWords:
        'Use this if you lost a device, or think that somebody else is signed in. It signs you out on all devices, and on this one, too.',
};

export const security = area(en, () => import('./security.cy.ts'));
