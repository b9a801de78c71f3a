// What the scripts with matrix-js-sdk share. A script gets its input as JSON, and says what it saw in lines of JSON, one
// for each step, which the Go test judges.
import { ClientEvent, createClient } from "matrix-js-sdk";
import { host } from "./host.mjs";

export const input = await host.input();

const patience = 30_000; // ms; nothing that works takes so long

const silent = {
    trace() {}, debug() {}, info() {}, warn() {}, error() {},
    getChild() { return silent; },
};

// Parts of the library write to the console whatever logger it is given; the lines of this script go past it.
for (const level of ["trace", "debug", "info", "log", "warn"]) console[level] = () => {};

export function report(step, seen) {
    host.report(JSON.stringify({ step, ...seen }));
}

// until waits for a condition and returns the first value that is not falsy.
export async function until(what, condition) {
    for (const end = Date.now() + patience; Date.now() < end; await new Promise((r) => setTimeout(r, 10))) {
        const value = condition();
        if (value) return value;
    }
    throw new Error(`not seen in time: ${what}`);
}

// started logs in and returns a client whose first sync is through.
export async function started({ url, user, password }, options = {}) {
    const login = await createClient({ baseUrl: url, logger: silent }).loginRequest({
        type: "m.login.password", identifier: { type: "m.id.user", user }, password,
    });
    const client = createClient({
        baseUrl: url, userId: login.user_id, deviceId: login.device_id, accessToken: login.access_token,
        timelineSupport: true, logger: silent,
    });
    const prepared = new Promise((resolve) => client.on(ClientEvent.Sync, (state) => state === "PREPARED" && resolve()));
    await client.startClient({ lazyLoadMembers: true, threadSupport: true, initialSyncLimit: 10, ...options });
    await prepared;
    return client;
}

// share lets one create a room and the other, who may be at another hospital, join it.
export async function share(creator, other, options = {}) {
    const { room_id: room } = await creator.createRoom({ preset: "private_chat", invite: [other.getUserId()], ...options });
    await until("the invite", () => other.getRoom(room)?.getMyMembership() === "invite");
    await other.joinRoom(room);
    await until("the join", () => creator.getRoom(room)?.getMember(other.getUserId())?.membership === "join");
    await until("the room", () => other.getRoom(room)?.getMyMembership() === "join");
    return room;
}

// seen waits for an event in a room's timeline or in one of its threads.
export function seen(client, room, eventId) {
    return until(`event ${eventId}`, () => client.getRoom(room)?.findEventById(eventId));
}

// run tells the test that the script got to its end, or why it did not.
export async function run(script) {
    try {
        await script();
        host.end();
    } catch (err) {
        host.end(err);
    }
}
