"""What the builders of a site copy from its admin page. Plain text: the templates escape it."""

from __future__ import annotations

from dataclasses import dataclass

SNIPPET = '<script async src="DESK/widget.js" data-site="KEY"></script>'

LONG = """\
<script async src="DESK/widget.js"></script>
<script>
  // Calls made before the script has arrived wait for it.
  window.Whetstone ||= function () { (Whetstone.q ||= []).push(arguments); };
  // identity: what your server has signed for whoever is signed in; leave it out for nobody.
  Whetstone("init", { site: "KEY", identity: "…" });
  // One address for pages that are the same to help with, whatever number stands in them.
  Whetstone("setContext", { page: "/orders/detail" });
</script>"""

POLICY = "script-src DESK; frame-src DESK"

SIGNING = {
    "Python": """\
import os, time
import jwt  # pip install pyjwt

def whetstone_identity(user):
    claims = {
        "sub": str(user.id),
        "email": user.email,
        "email_verified": user.has_verified_email,
        "name": user.name,
        "exp": int(time.time()) + 3600,
    }
    return jwt.encode(claims, os.environ["WHETSTONE_SITE_SECRET"], algorithm="HS256")
""",
    "Node": """\
const jwt = require("jsonwebtoken"); // npm install jsonwebtoken

function whetstoneIdentity(user) {
  const claims = {
    sub: String(user.id),
    email: user.email,
    email_verified: user.hasVerifiedEmail,
    name: user.name,
    exp: Math.floor(Date.now() / 1000) + 3600,
  };
  return jwt.sign(claims, process.env.WHETSTONE_SITE_SECRET, { algorithm: "HS256" });
}
""",
    "Ruby": """\
require "jwt" # gem install jwt

def whetstone_identity(user)
  claims = {
    sub: user.id.to_s,
    email: user.email,
    email_verified: user.verified_email?,
    name: user.name,
    exp: Time.now.to_i + 3600,
  }
  JWT.encode(claims, ENV.fetch("WHETSTONE_SITE_SECRET"), "HS256")
end
""",
    "PHP": """\
use Firebase\\JWT\\JWT; // composer require firebase/php-jwt

function whetstone_identity(User $user): string {
    $claims = [
        'sub' => (string) $user->id,
        'email' => $user->email,
        'email_verified' => $user->hasVerifiedEmail,
        'name' => $user->name,
        'exp' => time() + 3600,
    ];
    return JWT::encode($claims, getenv('WHETSTONE_SITE_SECRET'), 'HS256');
}
""",
}


@dataclass(frozen=True)
class Embedding:
    """Everything filled in for one site. `desk`: this desk's own address, without a slash at its end."""

    desk: str
    key: str

    @property
    def snippet(self) -> str:
        return self._filled(SNIPPET)

    @property
    def long(self) -> str:
        return self._filled(LONG)

    @property
    def policy(self) -> str:
        return self._filled(POLICY)

    @property
    def signing(self) -> list[tuple[str, str]]:
        return list(SIGNING.items())

    def _filled(self, text: str) -> str:
        return text.replace("DESK", self.desk).replace("KEY", self.key)
