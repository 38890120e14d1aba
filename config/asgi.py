"""Sockets only: `granian --interface asginl config.asgi:application`. Pages are served by WSGI, several times faster."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs the app registry)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from helpdesk.consumers import websocket_urlpatterns  # noqa: E402
from helpdesk.polling import Poll  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": URLRouter([path("ws/widget/poll/", Poll.as_asgi()), re_path("", http)]),  # type: ignore[arg-type]
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
