"""Who a visitor is: what the site's own server has signed, as a JSON Web Token (RFC 7519), and nothing that the page says by itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import jwt
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from helpdesk.formatting import clean_line
from helpdesk.models import Customer, Site

ALGORITHMS = ["HS256"]  # pinned: what the token itself says of it is not asked
TOKEN_LIMIT = 4_000  # characters
LONGEST = dt.timedelta(hours=24)  # that a token may be good for: one that leaks must not be good for ever
LEEWAY = dt.timedelta(seconds=30)  # between two clocks


class BadIdentity(Exception):
    """With a sentence for whoever builds the site: it says what is wrong with the token, and nothing of the customer."""


@dataclass(frozen=True)
class Claims:
    """`subject`: the site's own number of the customer. `email`: only where the site says that it has verified it, since whoever has an address
    has the history that belongs to it."""

    subject: str
    email: str = ""
    name: str = ""


def read(token: str, site: Site, *, at: dt.datetime) -> Claims:
    """What the site has signed. Raises BadIdentity for whatever else."""
    if len(token) > TOKEN_LIMIT:
        raise BadIdentity("The identity token is too long.")
    for secret in site.secrets:
        try:
            told = jwt.decode(
                token,
                secret,
                algorithms=ALGORITHMS,
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_aud": False, "verify_iat": False},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.MissingRequiredClaimError as error:
            raise BadIdentity(f"The identity token has no “{error.claim}”.") from error
        except jwt.InvalidAlgorithmError as error:
            raise BadIdentity("The identity token must be signed with HS256.") from error
        except jwt.InvalidTokenError as error:
            raise BadIdentity("The identity token cannot be read.") from error
        return _claims(told, at)
    raise BadIdentity("The identity token is not signed with this site’s secret.")


def customer_of(claims: Claims, *, at: dt.datetime) -> Customer:
    """Found by the site's number for them, else by the address that it vouches for; made when they are new."""
    found = Customer.objects.filter(external_id=claims.subject).first()
    if found is None and claims.email:
        found = Customer.objects.with_email(claims.email)
        if found is not None and found.external_id not in (None, claims.subject):
            found = None  # somebody else's by the site's own word
    if found is None:
        return _made(claims, at)
    changed = [
        name for name, value in (("external_id", claims.subject), ("verified_at", found.verified_at or at)) if getattr(found, name) != value
    ]
    if changed:
        found.external_id, found.verified_at = claims.subject, found.verified_at or at
        found.save(update_fields=changed)
    return found


def _made(claims: Claims, at: dt.datetime) -> Customer:
    email = claims.email if claims.email and Customer.objects.with_email(claims.email) is None else None
    name = claims.name or claims.email.split("@")[0].replace(".", " ").title() or "Customer"
    try:
        with transaction.atomic():
            return Customer.objects.create(name=name, email=email, external_id=claims.subject, verified_at=at, created_at=at)
    except IntegrityError:  # two tabs at once
        return Customer.objects.get(external_id=claims.subject)


def _claims(told: dict[str, Any], at: dt.datetime) -> Claims:
    try:
        until = dt.datetime.fromtimestamp(int(told["exp"]), dt.UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise BadIdentity("The “exp” of the identity token is not a time.") from error
    if until <= at - LEEWAY:
        raise BadIdentity("The identity token has run out. Sign a new one for each page that is loaded.")
    if until > at + LONGEST + LEEWAY:
        raise BadIdentity("The identity token is good for more than a day. Let it run out sooner.")
    subject, email = told["sub"], told.get("email") or ""
    if not isinstance(subject, str) or not subject.strip() or len(subject) > 190 or "\x00" in subject:
        raise BadIdentity("The “sub” of the identity token must be your number for the customer, as text of at most 190 characters.")
    try:
        if email:
            validate_email(email)
    except (ValidationError, TypeError) as error:
        raise BadIdentity("The “email” of the identity token is not an address.") from error
    name = told.get("name") or ""
    is_proven = told.get("email_verified") is True
    return Claims(subject, str(email).lower() if is_proven else "", clean_line(name, limit=160) if isinstance(name, str) else "")
