"""Three nodes of a locality for the browser: prints their addresses, then does what lines of its input say:
stop, start (the third), alarm, end. Answers each with a line."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'flow'))

import kith  # noqa: E402
import locality  # noqa: E402
from test_locality import stranger  # noqa: E402
from test_locality_joined import fill  # noqa: E402


def main():
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL, locality.COUNCIL) as members:
        gp, hospital, council = members
        fill(members)
        say = lambda **words: print(json.dumps(words), flush=True)
        say(base='http://localhost:%d' % gp.port, home=gp.dir, patient=gp.patient, names=[m.name for m in members])
        for line in sys.stdin:
            word = line.strip()
            if word == 'stop':
                council.stop()
            elif word == 'start':
                council.start()
            elif word == 'alarm':
                locality.ask(gp, stranger(folder), 'POST', '/locality/ask', '{"statement":"x","request":{}}')
            elif word == 'propose':
                hospital.do('propose', 'renew')
            else:
                break
            say(done=word)
    say(failures=len(kith.failures))


main()
