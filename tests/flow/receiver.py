"""A subscriber's server, as a process of its own: python3 receiver.py FOLDER

Prints its port. Each request becomes a line of FOLDER/got: path, header fields and body. FOLDER/say, where it is there, is
the status that it answers with; FOLDER/wait the seconds before it does.
"""

import http.server
import json
import os
import sys
import time

FOLDER = sys.argv[1]


def word(name, otherwise):
    try:
        with open(os.path.join(FOLDER, name), encoding='ascii') as f:
            return f.read().strip() or otherwise
    except FileNotFoundError:
        return otherwise


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        status = int(word('say', '200'))
        time.sleep(float(word('wait', '0')))
        with open(os.path.join(FOLDER, 'got'), 'a', encoding='utf-8') as f:
            f.write(json.dumps({'path': self.path, 'headers': dict(self.headers.items()), 'status': status,
                                'body': json.loads(body)}) + '\n')
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
