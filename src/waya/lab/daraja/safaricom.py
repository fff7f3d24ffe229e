"""The simulated Safaricom itself: telephones ring, money moves once, and merchants are told.

Everything runs on one event loop, so a state never changes between two awaits. Money moves in
`_settle` and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
import string
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from waya.kernel import clock
from waya.lab.daraja import wording
from waya.lab.daraja.knobs import SUFFIXES, Knobs, turned
from waya.lab.daraja.outgoing import Notice, Outgoing
from waya.lab.daraja.records import (
    Application,
    Event,
    Merchant,
    Message,
    Phone,
    Ringing,
    Settlement,
    name_for,
)

_NAIROBI = ZoneInfo("Africa/Nairobi")
_ALPHABET = string.ascii_uppercase + string.digits
_OWN_SENDER = "MPESA"
_INBOX = 50  # messages a telephone keeps
SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"


class NotPossible(Exception):
    """A person asked for something that cannot be: no such merchant, nothing ringing."""


class Safaricom:
    """Merchants, telephones, prompts and the ledger."""

    def __init__(self, knobs: Knobs | None = None, seed: int | None = None) -> None:
        self.knobs = knobs or Knobs()
        self.merchants: dict[str, Merchant] = {}
        self.applications: dict[str, Application] = {}
        self.phones: dict[str, Phone] = {}
        self.prompts: dict[str, Ringing] = {}
        self.ledger: list[Settlement] = []
        self.events: deque[Event] = deque(maxlen=500)
        self.outgoing = Outgoing()
        self._ringing: dict[str, Ringing] = {}  # by telephone: only one at a time
        self._touched: dict[str, None] = {}  # telephones, the last touched last
        self._receipts: set[str] = set()
        self._random = random.Random(seed)
        self._count = 0

    def now(self) -> datetime:
        """The simulation's clock, in Nairobi and without microseconds."""
        ahead = timedelta(seconds=self.knobs.clock_ahead_seconds)
        return (clock.real_now() + ahead).astimezone(_NAIROBI).replace(microsecond=0)

    def turn(self, changes: Mapping[str, Any]) -> None:
        """Turn some knobs; raises ValueError."""
        self.knobs = turned(self.knobs, changes)

    def add_merchant(self, merchant: Merchant) -> None:
        """Open a paybill or till, or change its name and passkey; its money stays."""
        known = self.merchants.get(merchant.shortcode)
        if known is not None:
            known.name, known.passkey, known.store = merchant.name, merchant.passkey, merchant.store
        else:
            self.merchants[merchant.shortcode] = merchant

    def phone(self, msisdn: str) -> Phone:
        """A telephone, which begins to exist when it is first spoken of."""
        found = self.phones.get(msisdn)
        if found is None:
            found = Phone(msisdn, name_for(msisdn), self.knobs.starting_balance)
            self.phones[msisdn] = found
        return found

    def ringing(self, msisdn: str) -> Ringing | None:
        """The prompt a telephone shows."""
        return self._ringing.get(msisdn)

    def latest(self) -> Iterator[Phone]:
        """Every telephone once: those that ring, then the last touched, then the others.

        Lazily, because a town has a hundred thousand and a page shows the first few.
        """
        numbers = chain(self._ringing, reversed(self._touched), self.phones)
        return (self.phone(msisdn) for msisdn in _each_once(numbers))

    def text(self, msisdn: str, sender: str, words: str) -> None:
        """Put a message into a telephone's inbox."""
        phone = self.phone(msisdn)
        phone.inbox.append(Message(self.now(), sender, words))
        del phone.inbox[:-_INBOX]
        self._touch(msisdn)
        if sender != _OWN_SENDER:  # what we write ourselves repeats an event
            self.note(msisdn, f"Message from {sender}", words)

    def note(self, msisdn: str, what: str, detail: str = "", tone: str = "") -> None:
        """Remember an event for the screen."""
        self._count += 1
        at = clock.real_now().astimezone(_NAIROBI)
        self.events.append(Event(self._count, at, msisdn, what, detail, tone))

    def _touch(self, msisdn: str) -> None:
        self.phone(msisdn)
        self._touched.pop(msisdn, None)
        self._touched[msisdn] = None

    # ---- prompts ------------------------------------------------------------------------

    async def ring(self, prompt: Ringing) -> None:
        """Show a prompt on its telephone, and answer it if the knobs say that it answers itself."""
        knobs = self.knobs
        self.prompts[prompt.prompt_key] = prompt
        self._ringing[prompt.msisdn] = prompt
        self._touch(prompt.msisdn)
        name = self.merchants[prompt.shortcode].name
        asked = f"KES {prompt.amount:,} to {name}, account {prompt.account}"
        self.note(prompt.msisdn, "The telephone rings", asked, "wait")
        verdict = "2028" if prompt.mismatched else self._automatic(prompt.msisdn)
        if knobs.callback_before_ack:
            await self.answer(prompt, verdict or "0")
        elif verdict:
            self.outgoing.later(self._answer_after(prompt, verdict, knobs.answer_delay))
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(knobs.ring / 1000, self._ring_out, prompt)

    def new_prompt_key(self) -> tuple[str, str]:
        """A CheckoutRequestID and a MerchantRequestID that nobody has yet."""
        tail = "".join(self._random.choices(string.digits, k=9))
        number = self._random.randrange(10**8)
        return f"ws_CO_{self.now():%d%m%Y%H%M%S}{tail}", f"{number % 99991}-{number}-1"

    async def answer(self, prompt: Ringing, verdict: str, *, lose_callback: bool = False) -> None:
        """Decide a ringing prompt: `0` pays, a code does not, `silence` never tells anyone.

        A telephone with too little money answers 1 instead of paying. Deciding twice does
        nothing.
        """
        if self._ringing.get(prompt.msisdn) is not prompt:
            return
        del self._ringing[prompt.msisdn]
        phone, knobs = self.phone(prompt.msisdn), self.knobs
        if verdict == "silence":
            self.note(prompt.msisdn, "Nothing happens", "no callback will ever come", "bad")
            return
        if verdict == "0" and phone.balance < prompt.amount:
            verdict = "1"
        settled = self._settle_prompt(prompt) if verdict == "0" else None
        self._decide(prompt, verdict)
        if settled is None:
            self.note(prompt.msisdn, f"Not paid: {prompt.result_text}", verdict, "bad")
        await self._tell_outcome(prompt, settled, lose_callback=lose_callback)
        if verdict == "1037" and knobs.late_success:
            self.outgoing.later(self._succeed_late(prompt, knobs.late_success))

    def _automatic(self, msisdn: str) -> str:
        match self.knobs.answer:
            case "suffix":
                return SUFFIXES.get(msisdn[-3:], "")
            case "person":
                return ""
            case fixed:
                return fixed

    async def _answer_after(self, prompt: Ringing, verdict: str, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)
        await self.answer(prompt, verdict)

    def _ring_out(self, prompt: Ringing) -> None:
        if self._ringing.get(prompt.msisdn) is prompt:
            self.outgoing.later(self.answer(prompt, "1037"))

    async def _succeed_late(self, prompt: Ringing, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)
        settled = self._settle_prompt(prompt)
        self._decide(prompt, "0")
        await self._tell_outcome(prompt, settled, lose_callback=False)

    def _decide(self, prompt: Ringing, verdict: str) -> None:
        prompt.result_code = verdict
        prompt.result_text = wording.RESULTS.get(verdict, "The transaction failed")

    def _settle_prompt(self, prompt: Ringing) -> Settlement:
        settled = self._draft(prompt.shortcode, prompt.account, prompt.amount, prompt.msisdn)
        settled.origin, settled.prompt_key = "prompt", prompt.prompt_key
        self._settle(settled)
        return settled

    async def _tell_outcome(
        self, prompt: Ringing, settled: Settlement | None, *, lose_callback: bool
    ) -> None:
        """The callback, and the paybill's confirmation beside it, at the same time."""
        knobs, merchant = self.knobs, self.merchants[prompt.shortcode]
        telling = []
        if lose_callback or not self._kept("drop_callbacks"):
            self.note(prompt.msisdn, "The callback is lost", tone="bad")
        else:
            payload = wording.callback(prompt, settled, knobs)
            heard = self._hearing(prompt.msisdn, "Callback", settled)
            telling.append(self.outgoing.tell(Notice(prompt.callback_url, payload, heard), knobs))
        if settled is not None and knobs.double_notification and merchant.confirmation_url:
            telling.append(self._confirm(settled, knobs))
        await asyncio.gather(*telling)

    # ---- paybill ------------------------------------------------------------------------

    async def pay(
        self, *, msisdn: str, shortcode: str, account: str, amount: int, knobs: Knobs | None = None
    ) -> dict[str, Any]:
        """A person pays a paybill or till; returns when the confirmation was answered.

        The answer says `paid`, the `receipt`, the `status` of the first answer (0 for none)
        and why not. Raises NotPossible for a shortcode nobody has.
        """
        knobs = knobs or self.knobs
        merchant, phone = self.merchants.get(shortcode), self.phone(msisdn)
        if merchant is None:
            raise NotPossible(f"nobody has the business number {shortcode}")
        if not 1 <= amount <= 250_000 or len(account) > 20:
            raise NotPossible("an amount from 1 to 250,000, and an account of 20 letters at most")
        if phone.balance < amount:
            self.text(msisdn, _OWN_SENDER, f"Failed. You have only Ksh{phone.balance:,}.00.")
            return {"paid": False, "why": "balance", "receipt": "", "status": 0}
        where = f"{merchant.name}, account {account}" if account else merchant.name
        self.note(msisdn, f"Pays KES {amount:,} to {where}", "by paybill", "wait")
        settled = self._draft(shortcode, "" if merchant.is_till else account, amount, msisdn)
        allowed, third_party = await self._validated(settled, merchant, knobs)
        if not allowed:
            self.text(msisdn, _OWN_SENDER, f"Failed. {merchant.name} does not accept this payment.")
            return {"paid": False, "why": third_party, "receipt": "", "status": 0}
        self._settle(settled)
        status = await self._confirm(settled, knobs, third_party=third_party)
        return {"paid": True, "why": "", "receipt": settled.receipt, "status": status}

    async def _validated(
        self, draft: Settlement, merchant: Merchant, knobs: Knobs
    ) -> tuple[bool, str]:
        """Whether the merchant lets it through, with its reference, or the code of its refusal.

        Silence means what it registered: Completed lets it through.
        """
        if not (knobs.validation and merchant.validation_url):
            return True, ""
        question = wording.confirmation(draft, merchant, self.phone(draft.msisdn), knobs)
        question["OrgAccountBalance"] = ""
        answer = await self.outgoing.ask(
            merchant.validation_url, question, knobs.validation_timeout
        )
        if not isinstance(answer, dict):
            silent = merchant.response_type == "Completed"
            self.note(draft.msisdn, "Validation not answered", merchant.response_type, "bad")
            return silent, "" if silent else "no answer"
        code = str(answer.get("ResultCode"))
        self.note(draft.msisdn, f"Validation answered {code}", str(answer.get("ResultDesc", "")))
        if code != "0":
            return False, code
        return True, str(answer.get("ThirdPartyTransID") or "")

    async def _confirm(self, settled: Settlement, knobs: Knobs, *, third_party: str = "") -> int:
        merchant, phone = self.merchants[settled.shortcode], self.phone(settled.msisdn)
        if not merchant.confirmation_url:
            return 0
        if not self._kept("drop_confirmations", knobs):
            self.note(settled.msisdn, "The confirmation is lost", settled.receipt, "bad")
            return 0
        payload = wording.confirmation(settled, merchant, phone, knobs, third_party=third_party)
        heard = self._hearing(settled.msisdn, f"Confirmation {settled.receipt}", settled)
        return await self.outgoing.tell(Notice(merchant.confirmation_url, payload, heard), knobs)

    # ---- money --------------------------------------------------------------------------

    def _draft(self, shortcode: str, account: str, amount: int, msisdn: str) -> Settlement:
        return Settlement(
            self._new_receipt(), shortcode, account, amount, msisdn, self.now(), "paybill"
        )

    def _settle(self, settled: Settlement) -> None:
        """Move the money: the only place where it moves."""
        phone, merchant = self.phone(settled.msisdn), self.merchants[settled.shortcode]
        phone.balance -= settled.amount
        merchant.balance += settled.amount
        self.ledger.append(settled)
        phone.paid.append(settled)
        self.note(settled.msisdn, f"Paid KES {settled.amount:,}", settled.receipt, "ok")
        self.text(settled.msisdn, _OWN_SENDER, wording.to_payer(settled, merchant, phone))

    def _new_receipt(self) -> str:
        """Ten capitals and digits that begin with the date, as M-Pesa's do (U for 2026)."""
        now = self.now()
        day = (string.digits + string.ascii_uppercase)[now.day]
        start = (
            string.ascii_uppercase[(now.year - 2006) % 26] + string.ascii_uppercase[now.month - 1]
        )
        while True:
            receipt = start + day + "".join(self._random.choices(_ALPHABET, k=7))
            if receipt not in self._receipts:
                self._receipts.add(receipt)
                return receipt

    def _kept(self, knob: str, knobs: Knobs | None = None) -> bool:
        """Whether the next notification survives; one to be lost counts the knob down."""
        chosen = knobs or self.knobs
        left: int = getattr(chosen, knob)
        if left > 0 and getattr(self.knobs, knob) > 0:
            self.turn({knob: left - 1})
        return left == 0

    def _hearing(self, msisdn: str, what: str, settled: Settlement | None) -> Any:
        def heard(status: int, milliseconds: int) -> None:
            if settled is not None and status == 200:
                settled.heard += 1
            shown = f"HTTP {status} in {milliseconds} ms" if status else "nobody answered"
            self.note(msisdn, f"{what} sent", shown, "" if status == 200 else "bad")

        return heard


def _each_once(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name
