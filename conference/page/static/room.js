// The room as /sync gives it: state, what is written (translated by the node), and calls' members.
import { ask } from "./api.js";

const PAUSE = 2000; // ms before asking again after an error
const STICKS = 60 * 60 * 1000; // ms at most

// Room tells of "state" (with type), "message", "edited", "event" and "redacted"; detail is the event.
export class Room extends EventTarget {
    constructor(id) {
        super();
        this.id = id;
        this.state = new Map(); // of events by type and key
        this.sticky = new Map(); // of events, and until when (ms) they are sticky, by type, sender and key
        this.since = "";
    }

    get(type, key = "") { return this.state.get(type + "\n" + key); }

    // all gives the events of a type.
    all(type) { return [...this.state.entries()].filter(([name]) => name.startsWith(type + "\n")).map(([, event]) => event); }

    // nameOf is how somebody is called in the room.
    nameOf(user) { return this.get("m.room.member", user)?.content?.displayname || user; }

    async run() {
        const filter = JSON.stringify({
            presence: { not_types: ["*"] }, account_data: { not_types: ["*"] },
            room: { rooms: [this.id], timeline: { limit: 30 }, ephemeral: { not_types: ["*"] }, account_data: { not_types: ["*"] } },
        });
        for (;;) {
            try {
                const query = new URLSearchParams({ filter, timeout: this.since ? "25000" : "0", ...(this.since ? { since: this.since } : {}) });
                const answer = await ask("GET", `/_matrix/client/v3/sync?${query}`);
                this.take(answer.rooms?.join?.[this.id]);
                this.since = answer.next_batch;
                if (answer.rooms?.leave?.[this.id]) this.tell("left", {});
            } catch (error) {
                if (error.status === 401 || error.status === 403) {
                    this.tell("left", {});
                    return;
                }
                await new Promise((done) => setTimeout(done, PAUSE));
            }
        }
    }

    tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

    take(joined) {
        for (const event of joined?.state?.events ?? []) this.takeState(event);
        for (const event of [...(joined?.sticky?.events ?? []), ...(joined?.msc4354_sticky?.events ?? [])]) this.takeSticky(event);
        for (const event of joined?.timeline?.events ?? []) {
            if (event.state_key !== undefined) this.takeState(event);
            else this.takeEvent(event);
        }
    }

    takeState(event) {
        this.state.set(event.type + "\n" + event.state_key, event);
        this.tell("state", event);
    }

    // takeSticky keeps the latest of those with a key, in whatever order they come (MSC4354).
    takeSticky(event) {
        const key = [event.type, event.sender, event.content?.msc4354_sticky_key ?? event.content?.sticky_key ?? event.event_id].join("\n");
        const before = this.sticky.get(key)?.event;
        if (before && (before.origin_server_ts - event.origin_server_ts || (before.event_id < event.event_id ? -1 : 1)) > 0) return;
        const lasts = (event.msc4354_sticky ?? event.sticky)?.duration_ms;
        const until = Math.min(event.origin_server_ts, Date.now()) + Math.min(lasts > 0 ? lasts : 0, STICKS);
        this.sticky.set(key, { event, until });
        this.tell("state", event);
    }

    takeEvent(event) {
        if (event.msc4354_sticky || event.sticky) this.takeSticky(event);
        const relation = event.content?.["m.relates_to"];
        if (event.type === "m.room.redaction") this.tell("redacted", event.redacts ?? event.content?.redacts);
        else if (event.type !== "m.room.message") this.tell("event", event);
        else if (relation?.rel_type === "m.replace") this.tell("edited", { of: relation.event_id, body: event.content["m.new_content"]?.body ?? event.content.body });
        else this.tell("message", event);
    }
}
