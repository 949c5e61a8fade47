import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../src/model/bytes.ts';
import { qrCode, qrPath } from '../src/model/qr.ts';

/* Text, version, and of each mask the beginning of the SHA-256 of its rows: by another program. */
const TABLE: [string, number, string][] = [
    [
        'A',
        1,
        '2bae48594b732587 43f688a881761c91 1df28de52a4a3bd0 bc9009ae87ca68f1 177b3a1897a152ae a6fca46e028f9962 90e985ca4eb58895 23eee31305a65603',
    ],
    [
        'otpauth://totp/Kith:grace%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Kith&algorithm=SHA1&digits=6&period=30',
        8,
        'd6333f7fd769bc89 bab21c43cc11cbf8 0c275125518aeb46 8366f867fd485070 032b4eb4c2233efd 85c588ce1886f437 007fe1d1618233b5 fea363ad60e80b0e',
    ],
    [
        'é'.repeat(20),
        3,
        '46d3edf63ecb96ec 226924ec61754db4 c0e13859048a09c6 f2cf6d6e9da56f85 d8f44b22f9ce1633 e31bb640a83d2d7c 11f7ceec84074aac a9ab29d78d7a2f98',
    ],
    [
        'x'.repeat(15),
        2,
        'be1f4b93f39e9f2b 12ac42ff396eaaf5 9dd0b16a1d8f3f51 1dc45a3fe41aa249 62b088d1ce7fd471 dee8b2a943793efc b44782b1e3424ce7 d461cc5452a678ca',
    ],
    [
        'x'.repeat(43),
        4,
        '667c8686efb4de9c 8b48a2bb10299161 1f4d2e04b148eb84 c35b95850367372e b343986bbc61a532 f8301c9fb64076c6 c223746276fd7377 bcc1c6c015b354ef',
    ],
    [
        'x'.repeat(63),
        5,
        '24be53587ecb352a 1251fff5e16d35f0 fcc8278569d63b26 08d63226eb6225c3 eacb86200ee8117a fd43a4581e90a393 8dd6884c28470290 de782f6e75ba7784',
    ],
    [
        'x'.repeat(85),
        6,
        '8b03df5e80a2420b 38f00f6bfeea38fc 32a42cd87c7e49a1 efaeea63bf7ac785 1a646f3a18995521 a057050b6b9739cd 4f3e46c6744611f2 91244f6a9e632a1b',
    ],
    [
        'x'.repeat(107),
        7,
        '659e987df4176ab6 1e44eba8b077204f f461d081f0015b88 7b896e0dc59e7484 21f1f5603339b304 b22311ed5472414f 327e00cadd38b5a7 d88387b83e79afcf',
    ],
    [
        'x'.repeat(153),
        9,
        '591bbea64aed3057 6a062dd681cb5be2 b2142a20eeb3c8d8 7aa53f6320bb962d c7890cfc7cc0a6d8 a5d106fd7d023bc9 40843a56f172dda4 0e4ab45f547e7b26',
    ],
    [
        'x'.repeat(181),
        10,
        '1633144ef758dfc2 e6cfcbb895761e5c 6f87f0f4e0a3a510 1c80ec8adf79728c 3b6dae40917e5129 3c68e5e3483b4699 de16b646afed2b7a f4598565726ae33f',
    ],
];

test('codes of versions 1 to 10 with every mask are those of another program', async () => {
    const versions = new Set<number>();
    for (const [text, version, hashes] of TABLE) {
        versions.add(version);
        for (const [mask, should] of hashes.split(' ').entries()) {
            const rows = qrCode(text, mask)!;
            assert.equal(rows.length, version * 4 + 17);
            const bits = rows.map((r) => r.map((d) => (d ? '1' : '0')).join('')).join('\n');
            const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(bits));
            assert.equal(hex(new Uint8Array(hash)).slice(0, 16), should, `${version} ${mask}`);
        }
    }
    assert.equal(versions.size, 10);
});

test('213 bytes fit, 214 do not; the mask that is chosen is one of the eight', () => {
    assert.ok(qrCode('x'.repeat(213)));
    assert.equal(qrCode('x'.repeat(214)), null);
    assert.equal(qrCode('é'.repeat(107)), null);
    const chosen = JSON.stringify(qrCode('kith'));
    assert.ok([0, 1, 2, 3, 4, 5, 6, 7].some((m) => JSON.stringify(qrCode('kith', m)) === chosen));
});

test('the picture has a dark square for each dark module, behind a quiet zone of four', () => {
    const rows = qrCode('kith')!;
    const path = qrPath(rows);
    assert.equal(path.match(/M/g)?.length, rows.flat().filter(Boolean).length);
    assert.ok(path.startsWith('M4 4h1v1h-1z'));
});
