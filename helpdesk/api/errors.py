"""One shape for every refusal: {"error": {"code", "message", "fields"?}}."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import exception_handler

BODY_LIMIT = 512 * 1024  # bytes


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The request is larger than {BODY_LIMIT // 1024} KiB."
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > BODY_LIMIT:
            raise TooLarge()
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig as error:
            raise TooLarge() from error
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that there is not: in the API's words for programs, as a page for people."""
    if request.path.startswith("/api/"):
        return JsonResponse({"error": {"code": "not_found", "message": "There is nothing at this address."}}, status=404)
    return page_not_found(request, exception)


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, DjangoValidationError):
        error = ValidationError({"non_field_errors": error.messages}, code=getattr(error, "code", None) or "invalid")
    response = exception_handler(error, context)
    if response is None:
        return None
    body: dict[str, Any] = {"code": _code(error), "message": _message(response.data)}
    if isinstance(error, ValidationError) and isinstance(error.detail, dict):
        body["fields"] = error.detail
    response.data = {"error": body}
    return response


def _code(error: Exception) -> str:
    codes = error.get_codes() if isinstance(error, APIException) else "not_found"
    return codes if isinstance(codes, str) else "invalid"


def _message(data: Any) -> str:
    """The first sentence of whatever DRF gathered."""
    if isinstance(data, dict):
        name, value = next(iter(data.items()), ("", ""))
        return _message(value) if name in {"detail", "non_field_errors"} else f"{name}: {_message(value)}"
    if isinstance(data, list):
        return _message(data[0]) if data else ""
    return str(data)
