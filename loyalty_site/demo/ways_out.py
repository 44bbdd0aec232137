"""Who hears of what happens in the demo? Members by e-mail and text message, the team in Slack, another system.

Text messages, Slack and the other system are the receiver of this machine (receiver.py); e-mails go to the console
until a mail server is set.
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path

from loyalty_site.demo import receiver
from members.models import Consent, Member
from partners.models import Connection, Partner, WebhookEndpoint
from partners.models.endpoints import new_secret
from programs.models import Message, MessagePolicy, MessageText, Program

FOLDER = Path(__file__).parent
#: {platform: (name of the connection, what staff would have pasted)}
CONNECTIONS = {
    "email": ("E-mail", {"sender": "club@encore.example", "name": "Encore Records", "reply_to": ""}),
    "twilio": (
        "Text messages",
        {
            "sid": f"AC{0:032x}",
            "token": "demo",
            "sender": "+12025550199",
            "service": "",
            "api": receiver.ADDRESS,
        },
    ),
    "slack": (
        "Team channel",
        {"way": "webhook", "url": receiver.ADDRESS + receiver.SLACK, "token": "", "channel": "", "api": ""},
    ),
    "webhooks": ("Customer data platform", {}),
}


def are_there() -> bool:
    """Whether anything is sent to the receiver of this machine."""
    address = receiver.ADDRESS + receiver.WEBHOOK
    return WebhookEndpoint.objects.filter(url=address, status=WebhookEndpoint.Status.ACTIVE).exists()


def connect(program: Program) -> None:
    """The connections, the endpoint and the messages of the demo. Last of all: of what was before nobody is told."""
    made = {platform: _connection(program.owner, platform) for platform in CONNECTIONS}
    WebhookEndpoint.objects.create(
        connection=made["webhooks"],
        name="Everything that happens to members",
        url=receiver.ADDRESS + receiver.WEBHOOK,
        events=["*"],
        secret=new_secret(),
    )
    MessagePolicy.objects.create(program=program, most_per_week=3)
    for given in json.loads((FOLDER / "messages.json").read_text(encoding="utf-8")):
        _message(program, made[given["over"]], given)


def _connection(owner: Partner, platform: str) -> Connection:
    name, credentials = CONNECTIONS[platform]
    return Connection.objects.create(partner=owner, name=name, platform=platform, credentials=credentials)


def _message(program: Program, connection: Connection, given: dict[str, str]) -> None:
    message = Message(
        program=program,
        name=given["name"],
        event=given["event"],
        connection=connection,
        purpose=given["purpose"],
        days_before=given.get("days_before"),
        is_active=True,
    )
    message.full_clean()
    message.save()
    text = MessageText(message=message, language="en", subject=given.get("subject", ""), text=given["text"])
    text.full_clean()
    text.save()


def agree(members: Iterable[Member]) -> None:
    """Most members have agreed to e-mails when they joined, many to text messages; a few want none."""
    consents = []
    for place, member in enumerate(members):
        chance = random.Random(f"consent {place}")
        for channel, share in ((Consent.Channel.EMAIL, 0.8), (Consent.Channel.SMS, 0.6)):
            if chance.random() < 0.9:
                consents.append(
                    Consent(
                        customer_id=member.customer_id,
                        channel=channel,
                        is_given=chance.random() < share,
                        said_at=member.enrolled_at,
                        source="Enrolment form",
                        version="2024-05",
                    )
                )
    Consent.objects.bulk_create(consents)
