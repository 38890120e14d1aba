"""What a customer's own server does: it knows who is signed in, says so to the widget with a signature, and refuses what is wrong."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any

import jwt

from config.pretend import TRY

PAGES = Path(__file__).with_name("pages")
FILES = {"app.css": "text/css", "app.js": "text/javascript", "icon.svg": "image/svg+xml"}
ADDRESS = re.compile(r"/(permits(/new|/\d{1,6})?|people|settings/webhooks|billing/invoices)?")
COOKIE = "fieldnote_customer"
SIGNED_FOR = 3600  # seconds; the page asks for a new one long before
BODY_LIMIT = 20_000
TAKEN = "Platform 3"  # where another permit is in force


@dataclass(frozen=True)
class Person:
    """Somebody of the demo company's customers, as this product knows them."""

    number: int
    email: str
    name: str
    role: str
    workspace: str
    plan: str
    flags: tuple[str, ...]

    def identity(self, secret: str) -> str:
        claims = {"sub": f"fn-{self.number}", "email": self.email, "email_verified": True, "name": self.name}
        return jwt.encode({**claims, "exp": int(time.time()) + SIGNED_FOR}, secret, algorithm="HS256")


PEOPLE = {
    "priya": Person(
        4107, "priya@northline-rail.example", "Priya Raghunathan", "Admin", "Northline Rail", "Business", ("guest-signatures",)
    ),
    "mateus": Person(5230, "mateus@serraverde.example", "Mateus Oliveira", "Viewer", "Serra Verde", "Business", ("api", "webhooks-v2")),
    "adaeze": Person(
        2981, "adaeze.okonkwo@brightwater.example", "Adaeze Okonkwo", "Admin", "Brightwater", "Enterprise", ("approval-chains", "sso")
    ),
}


class Handler(BaseHTTPRequestHandler):
    server: "Product"
    timeout = 20

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        name = path.removeprefix("/assets/")
        if not self.is_asked_by_name():
            self.answer(HTTPStatus.MISDIRECTED_REQUEST, b"", "text/plain")
        elif path == "/api/me":
            self.tell(HTTPStatus.OK, self.who())
        elif path.startswith("/assets/") and name in FILES:
            self.answer(HTTPStatus.OK, (PAGES / name).read_bytes(), FILES[name])
        elif path.startswith(("/assets/", "/api/")):
            self.tell(HTTPStatus.NOT_FOUND, {"error": "There is nothing here."})
        else:
            status = HTTPStatus.OK if ADDRESS.fullmatch(path) else HTTPStatus.NOT_FOUND
            self.answer(status, self.server.shell(), "text/html")

    def do_POST(self) -> None:
        given = self.body()
        if not self.is_asked_by_name() or given is None:
            self.tell(HTTPStatus.BAD_REQUEST, {"error": "That could not be read."})
        elif self.path == "/api/session":
            who = str(given.get("who", ""))
            cookie = f"{COOKIE}={who if who in PEOPLE else ''}; Path=/; HttpOnly; SameSite=Lax"
            self.tell(HTTPStatus.OK, self.who(who), {"Set-Cookie": cookie})
        elif self.path == "/api/permits":
            self.tell(*asked_for(given))
        elif self.path == "/api/webhooks/test":
            self.tell(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "Your endpoint answered 401: the signature check failed."})
        else:
            self.tell(HTTPStatus.NOT_FOUND, {"error": "There is nothing here."})

    def who(self, name: str | None = None) -> dict[str, Any]:
        """Who is signed in, and the signature that tells the widget so."""
        person = PEOPLE.get(self.signed_in() if name is None else name)
        if person is None:
            return {"who": "", "identity": ""}
        _, secret = self.server.site()
        known = {key: value for key, value in vars(person).items() if key not in {"number", "email"}}
        who = next(key for key, each in PEOPLE.items() if each is person)
        domain = person.email.partition("@")[2]
        return {"who": who, **known, "domain": domain, "identity": person.identity(secret) if secret else ""}

    def signed_in(self) -> str:
        found = re.search(rf"(?:^|;\s*){COOKIE}=(\w+)", self.headers.get("Cookie", ""))
        return found[1] if found else ""

    def is_asked_by_name(self) -> bool:
        """Not through a name that somebody else has pointed at this machine."""
        return self.headers.get("Host", "") in {f"{name}:{self.server.server_port}" for name in ("localhost", "127.0.0.1")}

    def body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_LIMIT or self.headers.get_content_type() != "application/json":
            return None
        try:
            given = json.loads(self.rfile.read(int(length)))
        except ValueError:
            return None
        return given if isinstance(given, dict) else None

    def tell(self, status: HTTPStatus, told: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self.answer(status, json.dumps(told).encode(), "application/json", headers)

    def answer(self, status: HTTPStatus, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def asked_for(permit: Mapping[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
    if not str(permit.get("contractor", "")).strip():
        return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "Name the contractor who does the work.", "field": "contractor"}
    if permit.get("area") == TAKEN:
        return HTTPStatus.CONFLICT, {
            "error": "This permit conflicts with another one: PTW-2291, hot work on Platform 3 until 17:00.",
            "field": "area",
        }
    return HTTPStatus.CREATED, {"number": 2308}


class Product(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, desk: str, kept_in: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.desk, self.kept_in = desk, kept_in
        # What the desk's admin page asks of a page that carries the widget, and what this product needs for itself.
        self.policy = (
            f"default-src 'none'; script-src 'self' {desk}; frame-src {desk}; "
            "style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def site(self) -> tuple[str, str]:
        """(key, secret) as the demo has left them; empty where it has not, and the product goes without the widget."""
        try:
            kept = json.loads(self.kept_in.read_text())
        except (OSError, ValueError):
            return "", ""
        return str(kept["key"]), str(kept["secret"])

    def shell(self) -> bytes:
        key, _ = self.site()
        text = Template((PAGES / "shell.html").read_text(encoding="utf-8"))
        people = "".join(f'<option value="{name}">{each.name}, {each.workspace}</option>' for name, each in PEOPLE.items())
        return text.substitute(desk=self.desk, site=key, people=people, question=TRY).encode()


def serve(port: int, desk: str, kept_in: Path) -> None:
    with Product(port, desk, kept_in) as product:
        product.serve_forever()
