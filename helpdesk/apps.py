from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
    verbose_name = "Helpdesk"

    def ready(self) -> None:
        from helpdesk import receivers, storage  # noqa: F401  (connects them)
        from helpdesk.mail import notices  # noqa: F401  (registers them)
