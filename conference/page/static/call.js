// Who is in the call, by the membership events of Element Call (MSC3401 with MSC4143's transports), and being one of them.
import { ask, me, setState } from "./api.js";

export const MEMBER = "org.matrix.msc3401.call.member";
const STICKY_MEMBER = "org.matrix.msc4143.rtc.member";
export const SLOT = "m.call#ROOM";

const LEAVES_AFTER = 15_000; // ms without a sign of life after which the node says that one has left
const SIGN_OF_LIFE = 5_000;
const EXPIRES = 4 * 60 * 60 * 1000;

const sha256 = async (text) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(hash))).replace(/=+$/, "");
};

function ofState(event) {
    const c = event.content ?? {};
    if (c.application !== "m.call" || c.call_id || !c.device_id) return null;
    const since = c.created_ts ?? event.origin_server_ts;
    if (since + (c.expires ?? EXPIRES) < Date.now()) return null;
    return {
        event: event.event_id, user: event.sender, device: c.device_id, since, preferred: c.foci_preferred?.[0], multi: c.focus_active?.focus_selection === "multi_sfu",
        identities: [`${event.sender}:${c.device_id}`],
    };
}

function ofSticky(event) {
    const c = event.content ?? {};
    const member = c.member;
    if (event.type !== STICKY_MEMBER || c.slot_id !== SLOT || !member?.id || !c.rtc_transports?.length) return null;
    const device = member.claimed_device_id ?? member.device_id;
    const parts = JSON.stringify([event.sender, device, member.id]);
    return { event: event.event_id, user: event.sender, device, since: event.origin_server_ts, preferred: c.rtc_transports[0], multi: true, hashed: parts, identities: [] };
}

// membersOf gives those who are in the call: user, device, the address of the service for their SFU, and what the SFU calls them.
export async function membersOf(room) {
    const found = [...room.all(MEMBER).map(ofState), ...[...room.sticky.values()].map(ofSticky)].filter((m) => m && room.get("m.room.member", m.user)?.content?.membership === "join");
    found.sort((a, b) => a.since - b.since);
    const oldest = found[0]?.preferred;
    for (const member of found) {
        member.service = (member.multi ? member.preferred : oldest)?.livekit_service_url;
        if (member.hashed && crypto.subtle) member.identities.push(await sha256(member.hashed));
    }
    return found.filter((m) => typeof m.service === "string" && /^https?:\/\//.test(m.service));
}

// Membership is one's own.
export class Membership {
    constructor(roomID) {
        this.room = roomID;
        this.key = `_${me.user}_${me.device}_m.call`;
        this.delayed = "";
        this.timer = 0;
    }

    async join(service) {
        await this.schedule();
        await setState(this.room, MEMBER, this.key, {
            application: "m.call", call_id: "", scope: "m.room", device_id: me.device, membershipID: `${me.user}:${me.device}`, expires: EXPIRES, "m.call.intent": "video",
            focus_active: { type: "livekit", focus_selection: "multi_sfu" },
            foci_preferred: [{ type: "livekit", livekit_service_url: service, livekit_alias: this.room }],
        });
        this.timer = setInterval(() => this.alive(), SIGN_OF_LIFE);
    }

    // schedule has the node end the membership when nothing is heard any more (MSC4140).
    async schedule() {
        try {
            const answer = await setState(this.room, MEMBER, this.key, {}, `?org.matrix.msc4140.delay=${LEAVES_AFTER}`);
            this.delayed = answer.delay_id ?? "";
        } catch {
            this.delayed = ""; // a node without delayed events: the membership expires
        }
    }

    tell(action) { return ask("POST", `/_matrix/client/unstable/org.matrix.msc4140/delayed_events/${encodeURIComponent(this.delayed)}`, { action }); }

    async alive() {
        if (!this.delayed) return;
        try {
            await this.tell("restart");
        } catch (error) {
            if (error.status === 404) await this.schedule();
        }
    }

    async leave(options = {}) {
        clearInterval(this.timer);
        await setState(this.room, MEMBER, this.key, {}, "", options).catch(() => {});
        if (this.delayed && !options.keepalive) await this.tell("cancel").catch(() => {});
        this.delayed = "";
    }
}
