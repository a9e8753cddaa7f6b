"""Measures itsdangerous and Flask for the benchmarks, one line of work at a time.

Reads `<operation> <payload> <iterations>` from standard input, and answers with the seconds that
it took. The payloads come first: one line with a JSON object of tagged JSON texts by name.
"""

import json
import sys
import time

from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
app.secret_key = "b436ca2a091deb3401aead38c119efab"
app.app_context().push()
interface = SecureCookieSessionInterface()
plain = URLSafeTimedSerializer(app.secret_key)


def flask_serializer():
    # Flask makes its serializer anew on every request, so making it is part of the cost.
    return interface.get_signing_serializer(app)


OPERATIONS = {
    "itsdangerous_dumps": plain.dumps,
    "itsdangerous_loads": lambda token: plain.loads(token, max_age=3600),
    "flask_dumps": lambda session: flask_serializer().dumps(session),
    "flask_loads": lambda token: flask_serializer().loads(token, max_age=3600),
}

arguments = {}
for name, text in json.loads(sys.stdin.readline()).items():
    value, session = json.loads(text), TaggedJSONSerializer().loads(text)
    arguments["itsdangerous_dumps", name] = value
    arguments["itsdangerous_loads", name] = plain.dumps(value)
    arguments["flask_dumps", name] = session
    arguments["flask_loads", name] = flask_serializer().dumps(session)

compressed = [name for (operation, name), token in arguments.items()
              if operation == "flask_loads" and token.startswith(".")]
print(json.dumps(compressed), flush=True)

for line in sys.stdin:
    operation, payload, iterations = line.split()
    function, argument = OPERATIONS[operation], arguments[operation, payload]
    repeat = range(int(iterations))
    start = time.perf_counter()
    for _ in repeat:
        function(argument)
    print(time.perf_counter() - start, flush=True)
