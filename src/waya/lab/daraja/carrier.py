"""Africa's Talking's address for SMS; what it takes lands on the simulated telephones."""

from __future__ import annotations

import re
from uuid import uuid4

from waya.lab.daraja.safaricom import Safaricom
from waya.lab.web import Request, Response, Routes, as_json
from waya.messaging.rules.segments import segments

_STATUS = {
    100: "Processed",
    101: "Success",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}


class AfricasTalking:
    """One account: `username` and `api_key` must match."""

    def __init__(self, safaricom: Safaricom, username: str, api_key: str) -> None:
        self._safaricom = safaricom
        self._username = username
        self._api_key = api_key

    def routes(self) -> Routes:
        """Its one address."""
        return {("POST", "/version1/messaging"): self.messaging}

    async def messaging(self, request: Request) -> Response:
        """Deliver a text to telephones; each is answered for by itself."""
        form, knobs = request.form(), self._safaricom.knobs
        right = form.get("username") == self._username
        if not right or request.headers.get("apikey") != self._api_key:
            return Response(401, b"The supplied authentication is invalid", "text/plain")
        if knobs.sms_http != 201:
            return Response(knobs.sms_http, b"Trouble", "text/plain")
        numbers, text = [n for n in form.get("to", "").split(",") if n], form.get("message", "")
        if not numbers or not text:
            return Response(400, b"Request is missing required form field", "text/plain")
        sender = form.get("from") or "AFRICASTKNG"
        recipients = [self._deliver(number, sender, text) for number in numbers]
        taken = sum(entry["statusCode"] in (100, 101, 102) for entry in recipients)
        cents = 80 * segments(text).parts * taken
        cost = f"KES {cents // 100}.{cents % 100:02}00"
        overall = f"Sent to {taken}/{len(numbers)} Total Cost: {cost}"
        return as_json({"SMSMessageData": {"Message": overall, "Recipients": recipients}}, 201)

    def _deliver(self, number: str, sender: str, text: str) -> dict[str, object]:
        valid = re.fullmatch(r"\+254[17]\d{8}", number)
        code = self._safaricom.knobs.sms_status if valid else 403
        taken = code in (100, 101, 102)
        if taken:
            self._safaricom.text(number.removeprefix("+"), sender, text)
        cents = 80 * segments(text).parts
        return {
            "statusCode": code,
            "number": number,
            "status": _STATUS.get(code, "Failed"),
            "cost": f"KES {cents // 100}.{cents % 100:02}00" if taken else "0",
            "messageId": f"ATXid_{uuid4().hex}" if taken else "None",
        }
