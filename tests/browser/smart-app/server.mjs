/* Serves the app of this folder on a loopback port of its own: another origin than the node's. */
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const FILES = {
    '/': ['index.html', 'text/html; charset=utf-8'],
    '/app.mjs': ['app.mjs', 'text/javascript'],
};

export async function startApp() {
    const server = createServer((request, reply) => {
        const file = FILES[new URL(request.url, 'http://localhost').pathname];
        reply.writeHead(file ? 200 : 404, { 'content-type': file?.[1] ?? 'text/plain' });
        reply.end(file ? readFileSync(new URL(file[0], import.meta.url)) : 'there is no such page');
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return {
        base: `http://127.0.0.1:${server.address().port}`,
        stop: () => new Promise((done) => (server.closeAllConnections(), server.close(done))),
    };
}
