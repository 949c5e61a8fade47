/* The OpenID provider of the flow tests as a process of its own: a way in from another service. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../flow/oidc_provider.py', import.meta.url));

export async function startProvider() {
    const child = spawn('python3', [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const issuer = line.trim().split(/\s+/).at(-1);
    const post = (path, body) =>
        fetch(issuer + path, { method: 'POST', body: JSON.stringify(body) });
    let made;
    return {
        issuer,
        /* Told to a node that does not serve yet. */
        add: (kith, home) => {
            made = JSON.parse(
                kith(
                    ...['provider', 'add', home, 'nhs-login', '--issuer', issuer, '--json'],
                    ...['--client-id', 'nhs-login', '--private-network', '--words', 'NHS login'],
                    ...['--vtr', 'P9.Cp.Cd P9.Ck P9.Cm', '--least-proofing', 'P9'],
                    ...['--link', 'nhs_number'],
                ),
            );
        },
        /* Once its address is known. */
        know: async (base) => {
            const redirect = `${base}/auth/external/nhs-login/callback`;
            await post('/test/client', {
                client_id: 'nhs-login',
                jwk: made.jwk ?? made,
                redirect_uris: [redirect],
            });
            await post('/test/user', { user: 'ann' });
        },
        stop: async () => {
            child.kill('SIGTERM');
            await once(child, 'exit');
        },
    };
}
