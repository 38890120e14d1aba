"""The nouns of the helpdesk, one a file."""

from helpdesk.models.apikeys import ApiKey
from helpdesk.models.attachments import Attachment
from helpdesk.models.batches import Batch, BatchItem
from helpdesk.models.devmail import DevMail
from helpdesk.models.events import ASSISTANT, SYSTEM, Event, EventConsumption
from helpdesk.models.held import HeldReply
from helpdesk.models.knowledge import Article, ArticleFeedback, ArticleVersion, Audience, Category
from helpdesk.models.macros import Macro
from helpdesk.models.merging import Merge
from helpdesk.models.messages import Message
from helpdesk.models.notifications import Notification
from helpdesk.models.outbox import Outbox
from helpdesk.models.parties import Participant
from helpdesk.models.people import Customer, CustomerEmail, Organisation, Team, User, find_or_create_customer
from helpdesk.models.ratings import Rating
from helpdesk.models.search import Chunk, Source
from helpdesk.models.settings import SiteSettings
from helpdesk.models.signin import SignInCode
from helpdesk.models.sites import Site, Visit
from helpdesk.models.tickets import ReadMark, Resolution, Ticket
from helpdesk.models.unsent import DeskMark, Unsent
from helpdesk.models.views import AgentSettings, SavedView, Tag
from helpdesk.models.words import TicketWords

__all__ = [
    "ASSISTANT",
    "SYSTEM",
    "AgentSettings",
    "ApiKey",
    "Article",
    "ArticleFeedback",
    "ArticleVersion",
    "Attachment",
    "Audience",
    "Batch",
    "BatchItem",
    "Category",
    "Chunk",
    "Customer",
    "CustomerEmail",
    "DeskMark",
    "DevMail",
    "Event",
    "EventConsumption",
    "HeldReply",
    "Macro",
    "Merge",
    "Message",
    "Notification",
    "Organisation",
    "Outbox",
    "Participant",
    "Rating",
    "ReadMark",
    "Resolution",
    "SavedView",
    "SignInCode",
    "Site",
    "SiteSettings",
    "Source",
    "Tag",
    "Team",
    "Ticket",
    "TicketWords",
    "Unsent",
    "User",
    "Visit",
    "find_or_create_customer",
]
