/* People with accounts on the node under test: invited, enrolled and signed in without the page. */
import { createHash, createHmac, randomBytes } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(words) {
    let bits = '';
    for (const c of words.replace(/[^A-Z2-7]/g, '')) {
        bits += LETTERS.indexOf(c).toString(2).padStart(5, '0');
    }
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
}

/* RFC 6238: six digits, SHA-1, 30 seconds; `step` 1 is the code that comes next. */
export function codeOf(secret, step = 0) {
    const at = Buffer.alloc(8);
    at.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
    const digest = createHmac('sha1', fromBase32(secret)).update(at).digest();
    const n = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(n % 1000000).padStart(6, '0');
}

export const tokenOf = (words) => /\/invite\/([A-Za-z0-9_-]+)/.exec(words)[1];

/* Adds an account by the command line; gives the token of its invitation. */
export const invited = (node, name, ...options) =>
    tokenOf(node.kith('user', 'add', node.home, name, ...options));

/* A browser's side of the portal's addresses: cookies, and the session's own token. */
export class Person {
    constructor(base) {
        this.base = base;
        this.cookies = new Map();
        this.csrf = '';
        this.token = '';
    }

    /* An access token as the portal gets it; '' where nobody is signed in. */
    async renew() {
        const verifier = randomBytes(32).toString('base64url');
        const app = { client_id: 'kith-portal', redirect_uri: `${this.base}/` };
        const asked = new URLSearchParams({
            ...app,
            response_type: 'code',
            scope: 'user/*.cruds',
            state: 's',
            aud: `${this.base}/fhir`,
            prompt: 'none',
            code_challenge: createHash('sha256').update(verifier).digest('base64url'),
            code_challenge_method: 'S256',
        });
        const back = await this.once('GET', `/oauth/authorize?${asked}`);
        const code = new URL(back.headers.get('location')).searchParams.get('code');
        const form = { ...app, grant_type: 'authorization_code', code, code_verifier: verifier };
        this.token = code
            ? (
                  await (
                      await fetch(`${this.base}/oauth/token`, {
                          method: 'POST',
                          body: new URLSearchParams(form),
                      })
                  ).json()
              ).access_token
            : '';
        return this.token;
    }

    /* The record opens to a token, which ends with the session and with its role. */
    async send(method, path, body, headers = {}) {
        if (!/^\/(fhir|audit|locality-state)/.test(path)) {
            this.token = /^\/auth\/(role|sign)/.test(path) ? '' : this.token;
            return this.once(method, path, body, headers);
        }
        const token = this.token || (await this.renew());
        const reply = await this.once(method, path, body, headers);
        return reply.status === 401 && token && (await this.renew())
            ? this.once(method, path, body, headers)
            : reply;
    }

    async once(method, path, body, headers = {}) {
        const reply = await fetch(this.base + path, {
            method,
            redirect: 'manual',
            headers: {
                origin: this.base,
                'sec-fetch-site': 'same-origin',
                cookie: [...this.cookies].map((c) => c.join('=')).join('; '),
                ...(this.csrf ? { 'x-kith-csrf': this.csrf } : {}),
                ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
                ...(body === undefined ? {} : { 'content-type': 'application/json' }),
                ...headers,
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        for (const line of reply.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            this.cookies.set(name, value);
        }
        return reply;
    }

    async json(method, path, body, headers) {
        const reply = await this.send(method, path, body, headers);
        const text = await reply.text();
        if (!reply.ok) {
            throw new Error(`${method} ${path}: ${reply.status} ${text.slice(0, 500)}`);
        }
        const answer = JSON.parse(text || '{}');
        this.csrf = answer.csrf ?? this.csrf;
        return answer;
    }

    async enrol(token, login) {
        this.login = login;
        this.password = `pass phrase ${randomBytes(9).toString('hex')}`;
        await this.json('POST', `/auth/invite/${token}`, { login, password: this.password });
        this.secret = (await this.json('POST', '/auth/totp/new', {})).secret;
        const { recovery } = await this.json('POST', '/auth/totp/confirm', {
            code: codeOf(this.secret),
        });
        this.recovery = recovery;
        return this;
    }

    /* For a browser: as if this person had signed in there. */
    contextCookies() {
        return [...this.cookies].map(([name, value]) => ({ name, value, url: this.base }));
    }
}

/* Invited, enrolled with password and codes, signed in. */
export const person = async (node, login, name, ...options) =>
    new Person(node.base).enrol(invited(node, name, ...options), login);

/* A browser in which every new window is signed in as `who`. */
export const browserOf = (browser, who) => ({
    newContext: async (options) => {
        const context = await browser.newContext(options);
        await context.addCookies(who.contextCookies());
        return context;
    },
});
