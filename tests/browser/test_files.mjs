import { check, equal } from './kit.mjs';

const text = async (url, headers = {}) => {
    const reply = await fetch(url, { headers });
    return { reply, body: await reply.text() };
};

export async function filesAreServed({ base }) {
    const { reply, body } = await text(`${base}/`);
    equal('the page is there', reply.status, 200);
    const policy = reply.headers.get('content-security-policy') ?? '';
    check(
        'its policy allows nothing but its own',
        policy.includes("default-src 'none'") && !/unsafe|\*|https?:/.test(policy),
        policy,
    );
    check('nothing stands inline', !/<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/.test(body));
    const again = await fetch(`${base}/`, {
        headers: { 'if-none-match': reply.headers.get('etag') },
    });
    equal('it is not sent twice', again.status, 304);
    const names = [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]);
    equal(
        'it consists of scripts, one style sheet and one picture',
        ['js', 'css', 'svg'].map((end) => Math.min(2, names.filter((n) => n.endsWith(`.${end}`)).length)).join(),
        '2,1,1',
    );
    let size = 0;
    for (const name of names) {
        const plain = await text(base + name, { 'accept-encoding': 'identity' });
        const packed = await text(base + name, { 'accept-encoding': 'gzip' });
        check(
            `${name.replace(/-\w+\./, '.')} is the same packed and not`,
            plain.reply.status === 200 && plain.body === packed.body,
        );
        check(
            'nothing in it names another site',
            !/url\(\s*["']?(?:https?:)?\/\//.test(plain.body) && !/\bimport\((?!["']\.\/)/.test(plain.body),
        );
        size += Number(packed.reply.headers.get('content-length')) || 0;
    }
    check('all of it is below 90 kB packed', size < 90000, `${size} bytes`);
    equal('what is not there is not found', (await fetch(`${base}/assets/nothing.js`)).status, 404);
    equal(
        'folders are not left',
        (await fetch(`${base}/assets/..%2f..%2fetc%2fpasswd`)).status,
        404,
    );
}
