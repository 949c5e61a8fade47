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
    [
        'x'.repeat(251),
        11,
        '02c6d07909d402b4 84e6755bb166f004 35bdf5ab66af01bc e89877096db6cd51 2b80998c56a6fcff c858214b28dbb2c0 7093d628a35a6f3f 939adff7ea6ac8d0',
    ],
    [
        'x'.repeat(287),
        12,
        '8c89cf96ef607e58 ed251b9dbf895ea0 de6498ee832fadaa b68451eef526b559 f6b91e2353099aa6 0abdab5343935ecf 9489b6dfa4375a9a 8d48dd7809b7a8a7',
    ],
    [
        'x'.repeat(331),
        13,
        '4e71bbf98fe1cf36 5fc1b26dbba6d895 6c3878e8bbf996d3 531633ef22663acb 6e84ceb8e37bcd72 f9f2664de44a9472 f96e56da52298c6a eb3a07f4d3754a40',
    ],
    [
        'x'.repeat(362),
        14,
        '521700893d7601b5 3bf63ccfeaceccae 6d4a6be717d065b1 ac916391bd38ce15 69e814801f00b587 28ae872a9b5f4daf 602933dad2192d97 fd6c05522de4d63d',
    ],
    [
        'x'.repeat(412),
        15,
        '1545cdf36ca5be9f 94b6279a2887e35c 3eb6936a1e17811e 38245aa486329291 2780b72526480eb5 61293286df87b103 4303d63cf6584fb5 b6e7d7fbe7d09cf3',
    ],
    [
        'x'.repeat(450),
        16,
        '042823f2fe0f2dfc ab0eafba64480d6e ed82ae8765f7aa14 2e159c1494d54a0f 8b58dedbf454e17d fdfded718fdaf52f 507845688857e723 74bc69c44513fa2e',
    ],
    [
        'x'.repeat(504),
        17,
        '51681db2d62e2bc0 1a96d1ad687b1ad6 3e5b965e844b0fbd 762c347fb4d5ec19 5e2da08da888d76a 976fb2cc9abac61b 637103366c93cea9 79af5bc3475b7483',
    ],
    [
        'x'.repeat(560),
        18,
        'bfaa4226d19d5492 ff9a99d28b889a0f 9b41e6499625c64c 4591ea0cd9764866 00647583f7337217 6d215ef8065861a6 1f667040b0844d4c c2dd9f6d310b1ecf',
    ],
    [
        'x'.repeat(624),
        19,
        '7ddfe0529ef7fc06 b8ea5ae30c2184ce adcf8f016dcca4fa 07868eb7c5f82654 e072501ca22156f7 67ad26e77f9a4cb5 64566f8dd9009b1f d7a5a3cb56afe34b',
    ],
    [
        'x'.repeat(666),
        20,
        '497df6c35a67d13f 491a1b75cd9165e6 4b15facc05a54832 56874ee06cd07ca6 9bdc72db97d5a036 f8050a62192e0685 917b513dcfc7dc2f f2e7b4a9b0b23d76',
    ],
];

test('codes of versions 1 to 20 with every mask are those of another program', async () => {
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
    assert.equal(versions.size, 20);
});

test('666 bytes fit, 667 do not; the mask that is chosen is one of the eight', () => {
    assert.ok(qrCode('x'.repeat(666)));
    assert.equal(qrCode('x'.repeat(667)), null);
    assert.equal(qrCode('é'.repeat(334)), null);
    const chosen = JSON.stringify(qrCode('kith'));
    assert.ok([0, 1, 2, 3, 4, 5, 6, 7].some((m) => JSON.stringify(qrCode('kith', m)) === chosen));
});

test('the picture has a dark square for each dark module, behind a quiet zone of four', () => {
    const rows = qrCode('kith')!;
    const path = qrPath(rows);
    assert.equal(path.match(/M/g)?.length, rows.flat().filter(Boolean).length);
    assert.ok(path.startsWith('M4 4h1v1h-1z'));
});
