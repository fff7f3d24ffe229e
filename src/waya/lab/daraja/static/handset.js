/* The handset: ask for the state each second while someone looks, and draw it. */
"use strict";
const at = (id) => document.getElementById(id);
const held = { msisdn: new URLSearchParams(location.search).get("msisdn") || "", prompt: "", drawn: {} };
const CONFIRMATIONS = {
  once: {}, twice: { duplicates: 1, duplicate_gap: 20 }, together: { duplicates: 2, duplicate_gap: 0 },
  late: { callback_delay: 5000 }, never: { drop_confirmations: -1 },
};
const FAULTS = [
  ["Lose the next callback", "drop_callbacks", 1], ["Lose the next confirmation", "drop_confirmations", 1],
  ["Tell everything twice", "duplicates", 1], ["Tell 5 s late", "callback_delay", 5000],
  ["Tell the last first", "reorder", 2], ["1037, then pay after all", "late_success", 8000],
  ["Refuse prompts: too many", "spike_arrest", true], ["Take prompts, say nothing", "push_answer_lost", true],
  ["No validation", "validation", false], ["Text messages fail", "sms_status", 500],
];
const USUAL = { validation: true, spike_arrest: false, push_answer_lost: false, sms_status: 101 };
const ICONS = { rings: "mobile", Message: "message", Paid: "check", Not: "cross", Callback: "arrow", Confirmation: "arrow", Validation: "arrow", The: "lost" };

function node(tag, words, className) {
  const made = document.createElement(tag);
  if (words) made.textContent = words;
  if (className) made.className = className;
  return made;
}

function icon(name, className) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${className || ""}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `icons.svg#${name}`);
  svg.append(use);
  return svg;
}

const shillings = (amount) => `KES ${amount.toLocaleString("en-KE")}`;
const national = (msisdn) => `0${msisdn.slice(3, 6)} ${msisdn.slice(6, 9)} ${msisdn.slice(9)}`;
const KENYA = { timeZone: "Africa/Nairobi", hour12: false };
const time = (iso, seconds) => new Intl.DateTimeFormat("en-GB", { ...KENYA, hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) }).format(new Date(iso));
const day = (iso) => new Intl.DateTimeFormat("en-GB", { ...KENYA, day: "numeric", month: "short" }).format(new Date(iso));

/* Draw a part again only when what it shows has changed, so that nothing flickers or loses focus. */
function changed(part, value) {
  const written = JSON.stringify(value);
  if (held.drawn[part] === written) return false;
  held.drawn[part] = written;
  return true;
}

async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error || "That did not work.");
  return said;
}

function numberTyped() {
  const digits = at("find").value.replace(/\D/g, "");
  if (/^0\d{9}$/.test(digits)) return `254${digits.slice(1)}`;
  return /^254\d{9}$/.test(digits) ? digits : "";
}

function drawPhones(phones) {
  const typed = numberTyped();
  const shown = typed && !phones.some((phone) => phone.msisdn === typed)
    ? [{ msisdn: typed, name: "Hold this number", ringing: false, messages: 0 }, ...phones] : phones;
  at("no-phones").hidden = shown.length > 0;
  if (!changed("phones", [shown, held.msisdn])) return;
  at("phones").replaceChildren(...shown.map((phone) => {
    const button = node("button");
    button.type = "button";
    button.dataset.msisdn = phone.msisdn;
    if (phone.msisdn === held.msisdn) button.setAttribute("aria-current", "true");
    const who = node("span", phone.name, "who");
    who.append(node("small", national(phone.msisdn)));
    button.append(who);
    if (phone.ringing) {
      const ringing = node("span", "rings", "st wait");
      ringing.prepend(icon("turn", "spin"));
      button.append(ringing);
    }
    const item = node("li");
    item.append(button);
    return item;
  }));
}

function drawPrompt(prompt, now) {
  const key = prompt ? prompt.prompt_key : "";
  if (key !== held.prompt) {
    held.prompt = key;
    at("prompt").hidden = !prompt;
    at("pin").value = "";
    for (const button of at("verdicts").children) button.disabled = !prompt;
    if (prompt) {
      const account = prompt.account ? `, account ${prompt.account}` : "";
      at("asked").textContent = `Do you want to pay ${shillings(prompt.amount)} to ${prompt.merchant}${account}?`;
      at("said").textContent = `The phone rings. ${at("asked").textContent}`;
    } else at("said").textContent = "The phone does not ring any more.";
  }
  const ringing = at("ringing");
  if (!prompt) { ringing.className = "st"; ringing.textContent = "nothing rings"; return; }
  const seconds = Math.max(0, Math.floor((new Date(now) - new Date(prompt.began_at)) / 1000));
  ringing.className = "st wait";
  ringing.replaceChildren(icon("turn", "spin"), `ringing ${seconds} s of ${prompt.ring_seconds}`);
}

function drawPhone(state) {
  const phone = state.phone;
  at("phone-clock").textContent = time(state.clock);
  at("pay-button").disabled = !held.msisdn;
  if (!phone) return;
  const shown = `${phone.name}, ${national(phone.msisdn)}`;
  at("owner").textContent = phone.name;
  at("held").textContent = shown;
  at("wallet").textContent = `${national(phone.msisdn)} · ${shillings(phone.balance)} in M-PESA`;
  drawPrompt(phone.prompt, state.now);
  at("no-messages").hidden = phone.messages.length > 0;
  if (!changed("messages", phone.messages)) return;
  at("messages").replaceChildren(...phone.messages.map((message) => {
    const item = node("li", message.text);
    const when = day(message.at) === day(state.clock) ? time(message.at) : day(message.at);
    item.prepend(node("span", `${when} · ${message.sender}`, "small tab"));
    return item;
  }));
}

function since(milliseconds) {
  return milliseconds < 1000 ? `+${Math.round(milliseconds)} ms` : `+${(milliseconds / 1000).toFixed(1)} s`;
}

function drawWire(state) {
  const settled = state.settled;
  at("settled").textContent = settled ? `${settled.count} of this phone, ${shillings(settled.total)}` : "–";
  at("receipt").textContent = settled && settled.receipt ? settled.receipt : "–";
  at("heard").textContent = settled && settled.receipt ? (settled.heard === 1 ? "once" : `${settled.heard} times`) : "–";
  const events = state.events;
  at("no-events").hidden = events.length > 0;
  if (!changed("events", events)) return;
  const begins = Math.max(0, events.findLastIndex((event) => event.tone === "wait"));
  const recent = events.slice(begins);
  at("since").textContent = recent.length ? `since ${time(recent[0].at, true)}` : "";
  at("events").replaceChildren(...recent.map((event) => {
    const item = node("li");
    const circle = node("span", "", `nd ${event.tone}`);
    const known = Object.keys(ICONS).find((word) => event.what.split(" ").includes(word));
    circle.append(icon(known ? ICONS[known] : "mobile"));
    const words = node("div", event.what);
    if (event.detail) words.append(node("small", event.detail));
    item.append(node("time", since(new Date(event.at) - new Date(recent[0].at))), circle, words);
    return item;
  }));
}

function drawKnobs(knobs) {
  if (!changed("knobs", knobs)) return;
  at("knobs").replaceChildren(...FAULTS.map(([words, knob, on]) => {
    const button = node("button", words, "b line");
    button.type = "button";
    button.setAttribute("aria-pressed", String(knobs[knob] === on));
    button.addEventListener("click", async () => {
      await send("set", { [knob]: knobs[knob] === on ? USUAL[knob] ?? 0 : on });
      refresh();
    });
    return button;
  }));
}

function draw(state) {
  at("clock").textContent = `Lab clock: ${day(state.clock)}, ${time(state.clock, true)}`;
  if (!held.msisdn && state.phones.length) { hold(state.phones[0].msisdn); return; }
  if (!at("shortcode").value && state.merchants.length) at("shortcode").value = state.merchants[0].shortcode;
  if (changed("merchants", state.merchants)) {
    at("merchants").replaceChildren(...state.merchants.map((merchant) => new Option(merchant.name, merchant.shortcode)));
  }
  drawPhones(state.phones);
  drawPhone(state);
  drawWire(state);
  drawKnobs(state.knobs);
}

let asking = 0;
async function refresh() {
  const mine = ++asking;
  const asked = new URLSearchParams({ msisdn: held.msisdn, find: at("find").value });
  try {
    const state = await (await fetch(`state?${asked}`)).json();
    if (mine === asking) draw(state);
  } catch {
    at("clock").textContent = "The simulated M-PESA does not answer.";
  }
}

function hold(msisdn) {
  held.msisdn = msisdn;
  history.replaceState(null, "", `?msisdn=${msisdn}`);
  at("paid").textContent = "";
  document.querySelector(".phones").classList.remove("open");
  at("pick").setAttribute("aria-expanded", "false");
  refresh();
}

async function answer(verdict, lose) {
  try {
    await send("answer", { msisdn: held.msisdn, verdict, lose_callback: lose });
  } catch (refusal) {
    at("said").textContent = refusal.message;
  }
  refresh();
}

function paidWords(outcome) {
  if (!outcome.paid) return outcome.why === "balance" ? "Not paid: too little money." : `Not paid: the merchant said no (${outcome.why}).`;
  if (!outcome.receipt) return "Paid. The confirmation is on its way.";
  return `Paid, ${outcome.receipt}. ${outcome.status === 200 ? "Waya has it." : "Waya has not heard of it."}`;
}

at("phones").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) hold(button.dataset.msisdn);
});
at("prompt").addEventListener("submit", (event) => { event.preventDefault(); answer("approve", false); });
for (const place of ["prompt", "verdicts"]) {
  at(place).addEventListener("click", (event) => {
    const button = event.target.closest("[data-verdict]");
    if (button && !button.disabled) answer(button.dataset.verdict, button.dataset.lose === "yes");
  });
}
at("pay").addEventListener("submit", async (event) => {
  event.preventDefault();
  const order = { msisdn: held.msisdn, shortcode: at("shortcode").value.trim(), account: at("account").value, amount: at("amount").value.replace(/\D/g, ""), knobs: CONFIRMATIONS[at("arrives").value] };
  at("paid").className = "small";
  at("paid").textContent = "Paying…";
  try {
    const outcome = await send("pay", order);
    at("paid").className = outcome.paid ? "small t-ok" : "small t-bad";
    at("paid").textContent = paidWords(outcome);
  } catch (refusal) {
    at("paid").className = "small t-bad";
    at("paid").textContent = `Not paid: ${refusal.message}.`;
  }
  refresh();
});
at("account").addEventListener("input", async () => {
  const account = at("account").value.trim();
  if (!account) { at("hint").textContent = ""; return; }
  const answered = await fetch(`check?${new URLSearchParams({ account })}`);
  const { valid } = await answered.json();
  if (account === at("account").value.trim()) at("hint").textContent = valid ? "" : `${account} fails its check digit: it will go to suspense`;
});
at("find").addEventListener("input", refresh);
document.querySelector(".find").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = at("phones").querySelector("button");
  if (first) hold(first.dataset.msisdn);
});
at("pick").addEventListener("click", () => {
  const open = document.querySelector(".phones").classList.toggle("open");
  at("pick").setAttribute("aria-expanded", String(open));
  if (open) at("find").focus();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(() => { if (!document.hidden) refresh(); }, 1000);
refresh();
