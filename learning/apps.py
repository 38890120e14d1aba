from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"
    verbose_name = "Learning"

    def ready(self) -> None:
        from learning import audits, consume, gaps, incidents, notices, promotion, ratings, staleness  # noqa: F401  (they register consumers)
