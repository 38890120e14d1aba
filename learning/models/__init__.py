"""Everything learning remembers: what was decided, what came back, what follows from it, and the weights in use."""

from learning.models.audit import Audit
from learning.models.decision import Decision
from learning.models.episode import Episode
from learning.models.gap import Gap, GapQuestion
from learning.models.incident import Incident, Report
from learning.models.metric import Metric
from learning.models.policy import Policy
from learning.models.resolution import LearnedResolution
from learning.models.signal import Signal
from learning.models.suspicion import Suspicion

__all__ = [
    "Audit",
    "Decision",
    "Episode",
    "Gap",
    "GapQuestion",
    "Incident",
    "LearnedResolution",
    "Metric",
    "Policy",
    "Report",
    "Signal",
    "Suspicion",
]
