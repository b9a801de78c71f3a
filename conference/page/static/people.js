// Those who are in the call, raised hands and reactions, and what a moderator may do.
import { annotations, me, moderate, redact, send } from "./api.js";
import { byId, make, say } from "./say.js";

const HAND = "🖐️"; // as Element Call has it
const REACTION = "io.element.call.reaction";
const SHOWN = 5000; // ms that a reaction stays

export class People {
    constructor(room, complain) {
        this.room = room;
        this.complain = complain;
        this.members = [];
        this.sends = new Map(); // by SFU identity, see media.people
        this.hands = new Map(); // of reaction events by membership event
        this.flying = new Map(); // of emoji by membership event
        this.may = { mute: false, remove: false };
        this.asked = new Set(); // membership events whose hands were asked for
        room.addEventListener("event", ({ detail }) => this.hear(detail));
        room.addEventListener("redacted", ({ detail: id }) => {
            for (const [of, hand] of this.hands) if (hand.event_id === id) this.hands.delete(of);
            this.draw();
        });
        for (const button of document.querySelectorAll("button.reaction")) button.addEventListener("click", () => this.react(button.dataset.emoji));
        byId("hand").addEventListener("click", () => this.raise());
    }

    own() { return this.members.find((m) => m.user === me.user && m.device === me.device); }

    // take sets who is in the call. Hands that were raised before this page was opened are asked for.
    take(members) {
        this.members = members;
        for (const { event } of members) {
            if (this.asked.has(event)) continue;
            this.asked.add(event);
            annotations(this.room.id, event).then((found) => { for (const raised of found) this.hear(raised); }, () => {});
        }
    }

    hear(event) {
        const relation = event.content?.["m.relates_to"];
        const of = this.members.find((m) => m.event === relation?.event_id && m.user === event.sender);
        if (!of) return;
        if (event.type === "m.reaction" && relation.key === HAND) this.hands.set(of.event, event);
        else if (event.type === REACTION && typeof event.content.emoji === "string") {
            this.flying.set(of.event, event.content.emoji.slice(0, 8));
            setTimeout(() => { this.flying.delete(of.event); this.draw(); }, SHOWN);
        } else return;
        this.draw();
    }

    async raise() {
        const own = this.own();
        if (!own) return;
        const hand = this.hands.get(own.event);
        await (hand ? redact(this.room.id, hand.event_id) :
            send(this.room.id, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: own.event, key: HAND } })).catch(() => this.complain("not_done"));
    }

    async react(emoji) {
        const own = this.own();
        if (own) await send(this.room.id, REACTION, { emoji, name: emoji, "m.relates_to": { rel_type: "m.reference", event_id: own.event } }).catch(() => this.complain("not_done"));
    }

    sent(member) {
        for (const identity of member.identities) if (this.sends.has(identity)) return this.sends.get(identity);
        return undefined;
    }

    // nameOf is the name of who has an SFU identity; "" for those who are not in the call.
    nameOf(identity, local) {
        if (local) return this.room.nameOf(me.user);
        const member = this.members.find((m) => m.identities.includes(identity));
        return member ? this.room.nameOf(member.user) : "";
    }

    act(member, action, content = {}) {
        const name = this.room.nameOf(member.user);
        const button = make("button", { type: "button" }, say(action));
        button.setAttribute("aria-label", say(action + "_whom", { name }));
        button.addEventListener("click", () => moderate(this.room.id, action, { user_id: member.user, ...content }).catch((error) => this.complain("not_done", error.message)));
        return button;
    }

    draw() {
        const own = this.own();
        const up = own ? this.hands.has(own.event) : false;
        byId("hand").setAttribute("aria-pressed", String(up));
        byId("hand").textContent = say(up ? "hand_down" : "hand_up");
        const focused = document.activeElement?.closest("#people li")?.dataset.key;
        byId("people").replaceChildren(...this.members.map((member) => {
            const sends = this.sent(member);
            const marks = [];
            if (this.hands.has(member.event)) marks.push(`${HAND} ${say("raised")}`);
            if (this.flying.has(member.event)) marks.push(this.flying.get(member.event));
            if (sends && sends.muted) marks.push(say("muted"));
            const item = make("li", { dataset: { key: member.user + member.device } },
                make("span", { className: "who" }, make("bdi", {}, this.room.nameOf(member.user)), member === own ? ` (${say("you")})` : "", " ",
                    make("small", { dir: "ltr" }, member.user.slice(member.user.indexOf(":") + 1))),
                make("small", {}, marks.join(" · ")));
            if (member !== own && this.may.mute && sends && !sends.muted) item.append(this.act(member, "mute", { source: "microphone" }));
            if (member !== own && this.may.remove) item.append(this.act(member, "remove"));
            return item;
        }));
        if (focused) document.querySelector(`#people li[data-key="${CSS.escape(focused)}"] button`)?.focus();
    }
}
