"""The services of moto as a child process: AWS Secrets Manager and KMS, kept in memory.

One request is answered after the other: moto itself looks first and writes then, and two requests
at once could both find what only one of them may.

Further paths are for tests. A POST to /faults is a list of answers to come instead of moto's, each
for one call: {"target": "GetSecretValue", "code": "ThrottlingException", "status": 400}, and with
"done": true for a call that is done, but whose answer is lost. A GET of /calls is how often each
target was called.
"""

import collections
import json
import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
faults = []
calls = collections.Counter()


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/calls":
        return answer(start_response, "200 OK", calls)
    if path == "/faults":
        length = int(environ["CONTENT_LENGTH"])
        faults[:] = json.loads(environ["wsgi.input"].read(length))
        return answer(start_response, "200 OK", {})
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    calls[target] += 1
    fault = next((fault for fault in faults if fault["target"] == target), None)
    if fault is None:
        return moto(environ, start_response)
    faults.remove(fault)
    if fault.get("done"):
        b"".join(moto(environ, lambda *_: None))
    body = {"__type": fault["code"], "message": fault.get("message", "as the test wants it")}
    return answer(start_response, f"{fault['status']} Fault", body)


def answer(start_response, status, body):
    start_response(status, [("Content-Type", "application/x-amz-json-1.1")])
    return [json.dumps(body).encode()]


class Quiet(MotoRequestHandler):
    def log_request(self, *_):
        pass


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


def main():
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    print("ready", server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
