"""How does a mail leave? By SMTP, encrypted unless the operator says otherwise, one recipient a message."""

import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Literal

from dispatch.messages.adapters.protocol import Failed, Message, Outcome, Sent

Security = Literal["starttls", "tls", "none"]

#: Seconds for each step with the server; it is asked again later.
_TIMEOUT_S = 10.0
#: One address, and nothing that a header or a list of recipients could be made of.
_ADDRESS = re.compile(r"[^@\s,;<>\"()]{1,64}@[^@\s,;<>\"()]{1,255}")


@dataclass(frozen=True, slots=True)
class SmtpAdapter:
    """A mail server. `sender` is the address that mails come from; `relay_domain` receives the answers."""

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = "Truckroll"
    user: str | None = None
    password: str | None = None
    relay_domain: str | None = None
    tls: ssl.SSLContext | None = None

    def send(self, message: Message) -> Outcome:
        """Send one mail in a connection of its own."""
        if not _ADDRESS.fullmatch(message.address):
            return Failed("address_unusable", retry=False)
        try:
            mail = self._compose(message)
        except (ValueError, UnicodeError):
            return Failed("address_unusable", retry=False)
        try:
            with self._connected() as server:
                server.send_message(mail, from_addr=self.sender, to_addrs=[message.address])
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(next(iter(error.recipients.values()))[0])
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return Failed("server_cannot", retry=False)
        except ssl.SSLError:
            return Failed("tls", retry=True)
        except (OSError, smtplib.SMTPException):
            return Failed("server_away", retry=True)
        return Sent(str(mail["Message-ID"]))

    def _compose(self, message: Message) -> EmailMessage:
        """The mail; the library refuses a header with a line break, and encodes what is not ASCII."""
        mail = EmailMessage(policy=SMTP)
        domain = self.relay_domain or self.sender.rpartition("@")[2]
        mail["Subject"] = message.subject
        mail["From"] = formataddr((self.sender_name, self.sender))
        mail["To"] = message.address
        if message.alias is not None and self.relay_domain is not None:
            mail["Reply-To"] = f"relay+{message.alias.lower()}@{self.relay_domain}"
        # The same for the same notice: who gets it twice after a crash is shown it once.
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        mail["Content-Language"] = message.language
        return mail

    def _connected(self) -> smtplib.SMTP:
        context = self.tls or ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user is not None:
                server.login(self.user, self.password or "")
        except BaseException:
            server.close()
            raise
        return server


def _refused(code: int) -> Failed:
    """4xx is for now, 5xx for good; save where the server's own login or rule is the trouble, which a person mends."""
    if code in (530, 534, 535, 538):
        return Failed("login_refused", retry=True)
    return Failed(f"smtp_{code}", retry=400 <= code < 500 or code == -1)
