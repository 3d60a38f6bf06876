"""The tables of the record: clients, talent, jobs, offers and what happened."""

from dispatch.record.tables.admission import AdmissionRow, PoolOverrideRow
from dispatch.record.tables.alarms import AlarmRow, DutyShiftRow
from dispatch.record.tables.audit import (
    ApiKeyRow,
    BoardFrameRow,
    CursorRow,
    DecisionRow,
    EventRow,
    IdempotencyKeyRow,
    SealRow,
)
from dispatch.record.tables.base import Base, new_id
from dispatch.record.tables.budgets import BudgetRow
from dispatch.record.tables.changes import ChargeRow, IncidentRow, ProposalRow
from dispatch.record.tables.cleared import ClearedTextRow
from dispatch.record.tables.clients import (
    ClientMarkRow,
    ClientRow,
    PoolMemberRow,
    PoolRow,
    SiteRow,
    StaffRow,
    TechnicianMarkRow,
)
from dispatch.record.tables.evidence import DeliverableRow, DeliverableTemplateRow, PartRow, SiteRequestRow
from dispatch.record.tables.files import FileRow
from dispatch.record.tables.jobs import BundleRow, JobRow, SlotRow, TermsRow, VisitRow
from dispatch.record.tables.messages import MessageRow, NoticeRow, ThreadRow
from dispatch.record.tables.money import (
    DisputeRow,
    LedgerAccountRow,
    LedgerEntryRow,
    LedgerTransactionRow,
    PaymentRow,
    PayoutRow,
)
from dispatch.record.tables.offers import AssignmentRow, CounterRow, OfferRow, RoundRow, WaveRow
from dispatch.record.tables.presence import PhoneWordRow, TimeEntryRow
from dispatch.record.tables.privacy import ErasureRow, LegalHoldRow, PersonKeyRow, PositionRow
from dispatch.record.tables.proofs import AgreementRow, DocumentRow, RemovalRow
from dispatch.record.tables.reputation import NetworkMeansRow, OutcomeRow, RatingRow, ReviewRow
from dispatch.record.tables.signin import PasswordRow, SessionRow, SignInRow
from dispatch.record.tables.standing import SeriesRow, TemplateRow
from dispatch.record.tables.talent import (
    BookingRow,
    CompanyRow,
    CredentialKindRow,
    CredentialRow,
    DayAskRow,
    SkillRow,
    TaxClassRow,
    TechnicianRow,
    TechnicianSkillRow,
    TimeOffRow,
    WorkingHoursRow,
)
from dispatch.record.tables.usage import UsageRow
from dispatch.record.tables.webhooks import WebhookDeliveryRow, WebhookRow

__all__ = [
    "AdmissionRow",
    "AgreementRow",
    "AlarmRow",
    "ApiKeyRow",
    "AssignmentRow",
    "Base",
    "BoardFrameRow",
    "BookingRow",
    "BudgetRow",
    "BundleRow",
    "ChargeRow",
    "ClearedTextRow",
    "ClientMarkRow",
    "ClientRow",
    "CompanyRow",
    "CounterRow",
    "CredentialKindRow",
    "CredentialRow",
    "CursorRow",
    "DayAskRow",
    "DecisionRow",
    "DeliverableRow",
    "DeliverableTemplateRow",
    "DisputeRow",
    "DocumentRow",
    "DutyShiftRow",
    "ErasureRow",
    "EventRow",
    "FileRow",
    "IdempotencyKeyRow",
    "IncidentRow",
    "JobRow",
    "LedgerAccountRow",
    "LedgerEntryRow",
    "LedgerTransactionRow",
    "LegalHoldRow",
    "MessageRow",
    "NetworkMeansRow",
    "NoticeRow",
    "OfferRow",
    "OutcomeRow",
    "PartRow",
    "PasswordRow",
    "PaymentRow",
    "PayoutRow",
    "PersonKeyRow",
    "PhoneWordRow",
    "PoolMemberRow",
    "PoolOverrideRow",
    "PoolRow",
    "PositionRow",
    "ProposalRow",
    "RatingRow",
    "RemovalRow",
    "ReviewRow",
    "RoundRow",
    "SealRow",
    "SeriesRow",
    "SessionRow",
    "SignInRow",
    "SiteRequestRow",
    "SiteRow",
    "SkillRow",
    "SlotRow",
    "StaffRow",
    "TaxClassRow",
    "TechnicianMarkRow",
    "TechnicianRow",
    "TechnicianSkillRow",
    "TemplateRow",
    "TermsRow",
    "ThreadRow",
    "TimeEntryRow",
    "TimeOffRow",
    "UsageRow",
    "VisitRow",
    "WaveRow",
    "WebhookDeliveryRow",
    "WebhookRow",
    "WorkingHoursRow",
    "new_id",
]
