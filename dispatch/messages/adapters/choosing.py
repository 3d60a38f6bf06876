"""By which adapter does each channel leave here? As the operator set it; what is not set goes to the outbox file."""

from pathlib import Path

from dispatch.errors import BadInput
from dispatch.messages.adapters.files import FileAdapter
from dispatch.messages.adapters.gateway import GatewayAdapter
from dispatch.messages.adapters.protocol import Adapter, Adapters
from dispatch.messages.adapters.push import PushAdapter
from dispatch.messages.adapters.smtp import SmtpAdapter
from dispatch.messages.occasions import Channel
from dispatch.settings import MessageSettings

OUTBOX = "outbox.jsonl"


def choose_adapters(settings: MessageSettings, data_dir: Path) -> Adapters:
    """An adapter for each channel; `data_dir` is where the outbox is written.

    Raises
    ------
    BadInput
        When a gateway has an address and no secret.
    """
    chosen: dict[Channel, Adapter] = dict.fromkeys(("push", "sms", "mail", "voice"), FileAdapter(data_dir / OUTBOX))
    if settings.smtp_host is not None:
        chosen["mail"] = SmtpAdapter(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_from,
            sender_name=settings.mail_name,
            user=settings.smtp_user,
            password=settings.smtp_password,
            relay_domain=settings.relay_domain,
        )
    gateways: tuple[tuple[Channel, str | None, str | None], ...] = (
        ("sms", settings.sms_url, settings.sms_secret),
        ("voice", settings.voice_url, settings.voice_secret),
    )
    for channel, url, secret in gateways:
        if url is not None:
            if secret is None:
                raise BadInput(f"TRUCKROLL_{channel.upper()}_SECRET", None, "set it: requests to a gateway are signed")
            chosen[channel] = GatewayAdapter(url, secret, settings.relay_number)
    if settings.push_private_key is not None:
        chosen["push"] = PushAdapter(settings.push_private_key, settings.mail_from)
    return chosen
