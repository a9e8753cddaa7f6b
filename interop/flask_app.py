"""A real Flask application at the other end of the session cookie, for the tests.

The configuration comes as one line of JSON on standard input, so that no key stands in an argument
or the environment; `ready PORT` goes to standard output; and when standard input ends, so does the
application: it cannot outlive the test that started it.

A request may say what time it is (`X-Test-Time: 1700000000`). The application serves one request at
a time, so that time holds for exactly that request.
"""

import datetime
import hashlib
import json
import os
import struct
import sys
import threading
import time
import types
import uuid

import flask
import flask.sessions
import itsdangerous
import itsdangerous.timed
from markupsafe import Markup
from werkzeug.serving import WSGIRequestHandler, make_server

UTC = datetime.timezone.utc
now = None


def current_time():
    return time.time() if now is None else float(now)


class Datetime(datetime.datetime):
    """`datetime` whose `now` is the time of the request."""

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(current_time(), tz)


itsdangerous.timed.time = types.SimpleNamespace(time=current_time)
flask.sessions.datetime = Datetime


def typed(value):
    """The value in JSON that keeps apart what Python keeps apart; texts are UTF-16 in hex."""
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", "nan" if value != value else struct.pack(">d", value).hex()]
    if isinstance(value, Markup):
        return ["markup", in_hex(value)]
    if isinstance(value, str):
        return ["str", in_hex(value)]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, uuid.UUID):
        return ["uuid", value.hex]
    if isinstance(value, datetime.datetime):
        return ["datetime", str(int(value.timestamp()))]
    if isinstance(value, tuple):
        return ["tuple", [typed(item) for item in value]]
    if isinstance(value, list):
        return ["list", [typed(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", sorted([in_hex(key), typed(item)] for key, item in value.items())]
    raise TypeError(f"a session cannot hold a {type(value)}")


def untyped(rendering):
    """The inverse of `typed`."""
    kind, *content = rendering
    content = content[0] if content else None
    match kind:
        case "null":
            return None
        case "bool":
            return content
        case "int":
            return int(content)
        case "float":
            return float("nan") if content == "nan" else struct.unpack(">d", bytes.fromhex(content))[0]
        case "markup":
            return Markup(from_hex(content))
        case "str":
            return from_hex(content)
        case "bytes":
            return bytes.fromhex(content)
        case "uuid":
            return uuid.UUID(hex=content)
        case "datetime":
            return datetime.datetime.fromtimestamp(int(content), UTC)
        case "tuple":
            return tuple(untyped(item) for item in content)
        case "list":
            return [untyped(item) for item in content]
        case "dict":
            return {from_hex(key): untyped(item) for key, item in content}
    raise ValueError(f"no kind {kind!r}")


def in_hex(text):
    return str(text).encode("utf-16-be", "surrogatepass").hex()


def from_hex(text):
    return bytes.fromhex(text).decode("utf-16-be", "surrogatepass")


class Sha256Sessions(flask.sessions.SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)


app = flask.Flask(__name__)


@app.get("/untouched")
def untouched():
    return "untouched"


@app.get("/read")
def read():
    return typed(dict(flask.session))


@app.post("/login")
def login():
    flask.session["user"] = flask.request.get_data(as_text=True)
    return "signed in"


@app.post("/logout")
def logout():
    flask.session.clear()
    return "signed out"


@app.post("/do")
def do():
    """Does to the session what the steps in the body say."""
    session = flask.session
    for name, *arguments in flask.request.get_json():
        match name, arguments:
            case "set", [key, value]:
                session[key] = untyped(value)
            case "pop", [key]:
                session.pop(key, None)
            case "setdefault", [key, value]:
                session.setdefault(key, untyped(value))
            case "contains", [key]:
                key in session
            case "clear", []:
                session.clear()
            case "permanent", [permanent]:
                session.permanent = permanent
            case "modified", []:
                session.modified = True
            case _:
                raise ValueError(f"no step {name!r}")
    return "done"


@app.post("/flash")
def flash():
    """Flashes the pairs of category and message in the body; `markup` makes one Markup."""
    for category, message in flask.request.get_json():
        flask.flash(Markup(message) if category == "markup" else message, category)
    return "flashed"


@app.post("/flashed")
def flashed():
    """The messages that wait, which are shown with that."""
    return flask.jsonify(flask.get_flashed_messages(with_categories=True))


@app.post("/forge")
def forge():
    """The cookie of an administrator under a key, salt and digest of the caller's choice."""
    body = flask.request.get_json()
    serializer = itsdangerous.URLSafeTimedSerializer(
        body["key"],
        salt=body.get("salt", "cookie-session"),
        serializer=flask.sessions.session_json_serializer,
        signer_kwargs={
            "key_derivation": "hmac",
            "digest_method": getattr(hashlib, body.get("digest", "sha1")),
        },
    )
    return serializer.dumps({"admin": True})


@app.post("/config")
def configure():
    """Another configuration from the next request on, as a restart would bring it."""
    app.config.update(flask.request.get_json())
    return "configured"


def at_its_time(environ, start_response):
    global now
    now = environ.get("HTTP_X_TEST_TIME")
    return app.wsgi_app(environ, start_response)


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


def main():
    config = json.loads(sys.stdin.readline())
    if config.pop("DIGEST", "sha1") == "sha256":
        app.session_interface = Sha256Sessions()
    app.config.update(config)
    server = make_server("127.0.0.1", 0, at_its_time, request_handler=Quiet)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    print("ready", server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
