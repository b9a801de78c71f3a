// Who is in the call, by the membership events that deployed clients write (MSC3401's state events, and MSC4143's sticky ones in the
// forms of its drafts), and being one of them.
import { ask, me, sendDelayed, sendSticky, setState } from "./api.js";

export const MEMBER = "org.matrix.msc3401.call.member";
const STICKY_MEMBER = "org.matrix.msc4143.rtc.member";
const STICKY_MEMBERS = new Set([STICKY_MEMBER, "m.rtc.member"]);
export const SLOT = "m.call#ROOM";

const LEAVES_AFTER = 15_000; // ms without a sign of life after which the node says that one has left
const SIGN_OF_LIFE = 5_000;
const EXPIRES = 4 * 60 * 60 * 1000;
const STICKS = 60 * 60 * 1000; // the most that MSC4354 allows

const sha256 = async (text) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(hash))).replace(/=+$/, "");
};

export const isMember = (type) => type === MEMBER || STICKY_MEMBERS.has(type);

// serviceOf is the address of the service for the SFU that a transport names; "" for transports of other kinds. MSC4195 names the SFU
// itself, which at hospitals of this kind stands beside the service.
function serviceOf(transport) {
    const { livekit_service_url: service, url } = transport ?? {};
    const named = typeof service === "string" ? service : String(url ?? "").replace(/^ws(s?:.*)\/livekit\/sfu\/?$/, "http$1/livekit/jwt");
    return /^(https?|wss?):\/\//.test(named) ? named.replace(/\/$/, "") : "";
}

// firstService is that of the first transport that this page can use.
const firstService = (transports) => (Array.isArray(transports) ? transports : []).map(serviceOf).find(Boolean) ?? "";

function ofState(event) {
    const c = event.content ?? {};
    if (c.application !== "m.call" || c.call_id || !c.device_id) return null;
    const since = c.created_ts ?? event.origin_server_ts;
    if (since + (c.expires ?? EXPIRES) < Date.now()) return null;
    return {
        event: event.event_id, user: event.sender, device: c.device_id, since, preferred: firstService(c.foci_preferred),
        multi: c.focus_active?.focus_selection === "multi_sfu", hashed: [], identities: [`${event.sender}:${c.device_id}`],
    };
}

// ofSticky reads transports.published (2026), rtc_transports (2025), and the device by both of its names.
function ofSticky({ event, until }) {
    const c = event.content ?? {};
    const member = c.member;
    if (!STICKY_MEMBERS.has(event.type) || until < Date.now() || c.slot_id !== SLOT || !member?.id) return null;
    if ((member.user_id ?? member.claimed_user_id ?? event.sender) !== event.sender) return null;
    const device = member.device_id ?? member.claimed_device_id;
    return {
        event: event.event_id, user: event.sender, device, since: event.origin_server_ts,
        preferred: firstService(c.transports?.published ?? c.rtc_transports ?? c.transports), multi: true,
        hashed: [[event.sender, device, member.id], [event.sender, member.id]], identities: [],
    };
}

// membersOf gives those who are in the call: user, device, the address of the service for their SFU, and what the SFU calls them.
export async function membersOf(room) {
    const found = [...room.all(MEMBER).map(ofState), ...[...room.sticky.values()].map(ofSticky)].filter((m) => m && room.get("m.room.member", m.user)?.content?.membership === "join");
    found.sort((a, b) => a.since - b.since);
    const oldest = found[0]?.preferred;
    for (const member of found) {
        member.service = member.multi ? member.preferred : oldest;
        if (crypto.subtle) for (const parts of member.hashed) member.identities.push(await sha256(JSON.stringify(parts)));
    }
    return found.filter((m) => m.service);
}

// mayWriteState reports whether one may say in the room's state that one is in the call. Rooms that were made without calls in mind
// leave state to their moderators.
function mayWriteState(room) {
    const created = room.get("m.room.create");
    const creators = [created?.sender, ...(created?.content?.additional_creators ?? [])];
    if (Number(created?.content?.room_version) >= 12 && creators.includes(me.user)) return true;
    const levels = room.get("m.room.power_levels")?.content;
    if (!levels) return true;
    return (levels.users?.[me.user] ?? levels.users_default ?? 0) >= (levels.events?.[MEMBER] ?? levels.state_default ?? 50);
}

// The two forms of being a member: where the event is sent, and what stands in it.

class StateForm {
    constructor(roomID) {
        Object.assign(this, { roomID, key: `_${me.user}_${me.device}_m.call`, lasts: EXPIRES, token: null });
    }

    join(service) {
        return setState(this.roomID, MEMBER, this.key, {
            application: "m.call", call_id: "", scope: "m.room", device_id: me.device, membershipID: `${me.user}:${me.device}`, expires: this.lasts, "m.call.intent": "video",
            focus_active: { type: "livekit", focus_selection: "multi_sfu" },
            foci_preferred: [{ type: "livekit", livekit_service_url: service, livekit_alias: this.roomID }],
        });
    }

    leave(options) { return setState(this.roomID, MEMBER, this.key, {}, "", options); }
    leaveLater(delay) { return setState(this.roomID, MEMBER, this.key, {}, `?org.matrix.msc4140.delay=${delay}`); }
}

// StickyForm writes both drafts' names. The SFU knows such a member by a name that is made of token.
class StickyForm {
    constructor(roomID) {
        const id = `${me.device}-${Date.now()}`;
        Object.assign(this, { roomID, lasts: STICKS, token: { id, claimed_device_id: me.device }, left: { slot_id: SLOT, msc4354_sticky_key: id } });
    }

    join(service) {
        const transports = [{ type: "livekit", livekit_service_url: service }];
        return sendSticky(this.roomID, STICKY_MEMBER, {
            ...this.left, application: { type: "m.call", "m.call.intent": "video" }, versions: [], transports: { published: transports, can_subscribe: ["livekit"] },
            rtc_transports: transports, member: { ...this.token, claimed_user_id: me.user, user_id: me.user, device_id: me.device },
        }, STICKS);
    }

    leave(options) { return sendSticky(this.roomID, STICKY_MEMBER, this.left, STICKS, options); }
    leaveLater(delay) { return sendDelayed(this.roomID, STICKY_MEMBER, this.left, STICKS, delay); }
}

// Membership is one's own.
export class Membership {
    constructor(room) {
        Object.assign(this, { room, form: null, service: "", delayed: "", timer: 0, renewed: 0, stood: false });
    }

    // prepare chooses the form, and gives what the SFU's token has to say of it; null for what older clients say.
    prepare() {
        this.form = mayWriteState(this.room) ? new StateForm(this.room.id) : new StickyForm(this.room.id);
        return this.form.token;
    }

    async join(service) {
        this.service = service;
        await this.schedule();
        await this.write();
        this.timer = setInterval(() => this.alive(), SIGN_OF_LIFE);
    }

    async write() {
        this.renewed = Date.now();
        await this.form.join(this.service);
    }

    // schedule has the node end the membership when nothing is heard any more (MSC4140).
    async schedule() {
        try {
            this.delayed = (await this.form.leaveLater(LEAVES_AFTER)).delay_id ?? "";
        } catch {
            this.delayed = ""; // a node without delayed events: the membership expires
        }
    }

    tell(action, options = {}) {
        return ask("POST", `/_matrix/client/unstable/org.matrix.msc4140/delayed_events/${encodeURIComponent(this.delayed)}`, { action }, options);
    }

    async alive() {
        if (Date.now() - this.renewed > this.form.lasts / 2) await this.write().catch(() => {});
        if (!this.delayed) return;
        try {
            await this.tell("restart");
        } catch (error) {
            if (error.status === 404) await this.schedule();
        }
    }

    // seen takes whether others see one in the call. Who is not seen any more, though nobody left, says it again: the leave of this page's
    // life before, which ended without a word, may have come after one had joined anew.
    async seen(stands) {
        const lost = this.stood && !stands;
        this.stood = stands;
        if (lost) await this.write().catch(() => {});
    }

    // leave has the node send the delayed leave at once, so that it is not sent later, when one may have joined anew.
    async leave(options = {}) {
        clearInterval(this.timer);
        this.stood = false;
        if (!this.form) return;
        const said = this.delayed && await this.tell("send", options).then(() => true, () => false);
        if (!said) await this.form.leave(options).catch(() => {});
        this.delayed = "";
    }
}
