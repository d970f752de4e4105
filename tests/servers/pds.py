"""The real server of Bluesky accounts, @atproto/pds from npm, and a directory of identities for it.

It is installed once into ``NEWSLETTER_PDS_CACHE``, else ``.venv/pds``, at the
versions in ``pds_npm/package-lock.json``; that takes minutes and 230 MB. See
https://github.com/bluesky-social/atproto/tree/main/packages/pds.
"""

from __future__ import annotations

import atexit
import base64
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from newsletter import http
from newsletter.social.bluesky.session import claims
from tests.servers.wire import Wire

SOURCE: Final = Path(__file__).with_name("pds_npm")
"""What is installed, and the program that starts it."""
PASSWORD: Final = "planted-pds-password-66"
"""Of every account."""
_INSTALL_S: Final = 840
_JWT_KEY: Final = "planted-key-of-the-tests"


class NoPdsError(Exception):
    """The server cannot be had on this machine."""


@dataclass(frozen=True)
class Holder:
    """One account, as whoever opened it knows it."""

    handle: str
    """``trust1.test``."""
    did: str
    """Its identity."""
    app_password: str
    """Lets programs in."""


class Pds:
    """One running server; `stop` it."""

    def __init__(self) -> None:
        """Install it, if it is not yet, and start it with nothing in it.

        Raises:
            NoPdsError: npm or Node.js is missing, or cannot get it.
        """
        installed = _installed()
        self._folder = Path(tempfile.mkdtemp(prefix="newsletter-pds-"))
        self._directory = _Directory()
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [_program("node"), str(installed / "run.mjs")],
                env={**os.environ, **self._settings()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop it themselves
            )
        self._wire: Wire | None = None
        atexit.register(self.stop)
        assert self._server.stdout is not None
        said = self._server.stdout.readline()
        if not said:
            log_text = (self._folder / "log").read_text(errors="replace")
            self.stop()
            raise RuntimeError(f"the PDS does not start:\n{log_text}")
        started = json.loads(said)
        self.version = str(started["version"])
        """Of @atproto/pds."""
        self._wire = Wire(int(started["port"]))
        self._directory.endpoint = self.url
        self._opened = 0

    @property
    def url(self) -> str:
        """Return its address, which leads over `wire`."""
        return f"http://127.0.0.1:{self.wire.port}"

    @property
    def wire(self) -> Wire:
        """Return the wire to it, which can be told to lose an answer."""
        assert self._wire is not None
        return self._wire

    def open_account(self) -> Holder:
        """Open an account of its own, with an app password."""
        self._opened += 1
        handle = f"trust{self._opened}.test"
        who = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
        opened = self.ask("com.atproto.server.createAccount", json=who)
        made = self.ask(
            "com.atproto.server.createAppPassword", opened["accessJwt"], json={"name": "newsletter"}
        )
        return Holder(handle, opened["did"], made["password"])

    def records(self, did: str) -> list[dict[str, Any]]:
        """Return the posts of an account, ``{"uri", "cid", "value"}``, the oldest first."""
        query = f"repo={did}&collection=app.bsky.feed.post&limit=100&reverse=true"
        records: list[dict[str, Any]] = self.ask(f"com.atproto.repo.listRecords?{query}", verb="GET")[
            "records"
        ]
        return records

    def ask(self, method: str, token: str = "", *, verb: str = "POST", json: Any = None) -> Any:
        """Call a method and return its answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http.call(verb, f"{self.url}/xrpc/{method}", repeatable=True, headers=headers, json=json).body

    def ended(self, token: str) -> str:
        """Return a token of this server as if its time were over."""
        said = {**claims(token), "iat": 1_600_000_000, "exp": 1_600_007_200}
        signed = f"{token.partition('.')[0]}.{_base64(json.dumps(said).encode())}"
        return f"{signed}.{_base64(hmac.digest(_JWT_KEY.encode(), signed.encode(), hashlib.sha256))}"

    def stop(self) -> None:
        """Stop the server and remove its folder; a second time does nothing."""
        atexit.unregister(self.stop)
        if self._wire is not None:
            self._wire.cut()
        for end in (self._server.stdin, self._server.stdout):
            if end is not None:
                end.close()
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._directory.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settings(self) -> dict[str, str]:
        return {
            "PDS_HOSTNAME": "localhost",
            "PDS_PORT": "2583",  # run.mjs takes a free one
            "PDS_DEV_MODE": "true",
            "PDS_INVITE_REQUIRED": "0",
            "PDS_DATA_DIRECTORY": str(self._folder),
            "PDS_BLOBSTORE_DISK_LOCATION": str(self._folder / "blobs"),
            "PDS_JWT_SECRET": _JWT_KEY,
            "PDS_ADMIN_PASSWORD": PASSWORD,
            "PDS_DPOP_SECRET": secrets.token_hex(32),
            "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32),
            "PDS_DID_PLC_URL": self._directory.url,
            "PDS_ENABLE_DID_DOC_WITH_SESSION": "true",
            "PDS_RATE_LIMITS_ENABLED": "true",
            "PDS_DISABLE_SSRF_PROTECTION": "1",
            "LOG_ENABLED": "0",
        }


class _Directory:
    """The PLC directory (https://web.plc.directory): identities and the server that each lives on."""

    def __init__(self) -> None:
        self.endpoint = ""
        """Where all of them live, whatever they said."""
        self.operations: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Entry)
        self._server.directory = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def document(self, did: str) -> dict[str, Any]:
        """Return the DID document of an identity."""
        operation = self.operations[did]
        return {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": did,
            "alsoKnownAs": operation["alsoKnownAs"],
            "verificationMethod": [
                {
                    "id": f"{did}#{name}",
                    "type": "Multikey",
                    "controller": did,
                    "publicKeyMultibase": key.removeprefix("did:key:"),
                }
                for name, key in operation["verificationMethods"].items()
            ],
            "service": [
                {"id": f"#{name}", "type": service["type"], "serviceEndpoint": self.endpoint}
                for name, service in operation["services"].items()
            ],
        }

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Entry(BaseHTTPRequestHandler):
    """``POST /did`` writes an identity, ``GET /did`` and ``GET /did/data`` read it."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._directory.operations[self.path[1:]] = said
        self._answer(200, {})

    def do_GET(self) -> None:
        did, _, part = self.path[1:].partition("/")
        if did not in self._directory.operations:
            self._answer(404, {"message": f"DID not registered: {did}"})
        elif part == "data":
            self._answer(200, {"did": did, **self._directory.operations[did]})
        else:
            self._answer(200, self._directory.document(did))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        del format, args

    @property
    def _directory(self) -> _Directory:
        found: _Directory = self.server.directory  # type: ignore[attr-defined]
        return found

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _installed() -> Path:
    """Return the folder where the server is installed, after installing it when it is not there as pinned."""
    npm, named = _program("npm"), os.environ.get("NEWSLETTER_PDS_CACHE")
    cache = Path(named) if named else Path(__file__).parents[2] / ".venv" / "pds"
    pins = (SOURCE / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(pins).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Workers of one run wait for the first of them.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "run.mjs"):
            shutil.copyfile(SOURCE / name, folder / name)
        if not (folder / "installed").exists():
            _install(npm, folder)
            (folder / "installed").touch()
    return folder


def _install(npm: str, folder: Path) -> None:
    command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    env, node = dict(os.environ), Path(_program("node")).resolve().parents[1]
    if (node / "include" / "node" / "node.h").is_file():
        # What is compiled takes these headers, and need not fetch any.
        env["npm_config_nodedir"] = str(node)
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, check=False, timeout=_INSTALL_S
        )
    except subprocess.TimeoutExpired:
        raise NoPdsError(f"npm did not install @atproto/pds within {_INSTALL_S} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise NoPdsError("npm cannot install @atproto/pds: " + re.sub(r"\s+", " ", said)[:600])


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    raise NoPdsError(f"needs {name} to run a PDS (Debian: apt install nodejs npm)")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
