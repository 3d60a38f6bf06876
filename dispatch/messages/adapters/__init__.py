"""How does a message leave the house? One small protocol, and an adapter for each way."""

from dispatch.messages.adapters.protocol import Adapter, Adapters, Failed, Message, Outcome, Sent

__all__ = ["Adapter", "Adapters", "Failed", "Message", "Outcome", "Sent"]
