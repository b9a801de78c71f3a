// What was written in the room during the recording, in the reader's language: the node translates it as for every client.
import { make, clockTime, say } from "./say.js";

const PAGE = 100;
const MOST = 500;

async function get(token, path) {
    const answer = await fetch(path, token ? { headers: { Authorization: "Bearer " + token } } : {});
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}

// messagesOf reads the room between the beginning and the end of a recording.
async function messagesOf(token, manifest, end) {
    const room = `/_matrix/client/v3/rooms/${encodeURIComponent(manifest.room_id)}`;
    const near = await get(token, `/_matrix/client/v1/rooms/${encodeURIComponent(manifest.room_id)}/timestamp_to_event?dir=f&ts=${manifest.started_ts}`);
    const context = await get(token, `${room}/context/${encodeURIComponent(near.event_id)}?limit=1`);
    const found = [context.event];
    let from = context.end;
    // The context has an event after the first one, which its token has passed.
    found.push(...context.events_after);
    while (from && found.length < MOST && found.at(-1).origin_server_ts <= end) {
        const page = await get(token, `${room}/messages?dir=f&limit=${PAGE}&from=${encodeURIComponent(from)}`);
        found.push(...page.chunk);
        from = page.chunk.length > 0 ? page.end : undefined;
    }
    return found.filter((e) => e.type === "m.room.message" && typeof e.content?.body === "string" &&
        !e.content["org.medixchange.replay"] && !e.content["org.medixchange.recording"] && e.content["m.relates_to"]?.rel_type !== "m.replace" &&
        e.origin_server_ts >= manifest.started_ts && e.origin_server_ts <= end).slice(0, MOST);
}

// chat fills the list and gives what marks the messages that were there at a moment.
export async function chat(list, empty, manifest, duration, seek) {
    const { access_token: token } = await get("", "/_medix/login/token");
    const messages = await messagesOf(token, manifest, manifest.started_ts + duration);
    const members = await get(token, `/_matrix/client/v3/rooms/${encodeURIComponent(manifest.room_id)}/joined_members`);
    const nameOf = (id) => members.joined?.[id]?.display_name || id;
    const items = messages.map((e) => {
        const at = e.origin_server_ts - manifest.started_ts;
        const go = make("button", { type: "button", className: "moment" }, clockTime(at));
        go.setAttribute("aria-label", say("go_to", { time: clockTime(at) }));
        go.addEventListener("click", () => seek(at));
        return { at, item: make("li", {}, go, make("div", {}, make("b", { dir: "auto" }, nameOf(e.sender)), make("p", { dir: "auto" }, e.content.body))) };
    });
    list.replaceChildren(...items.map((i) => i.item));
    empty.hidden = items.length > 0;
    return (at) => { for (const i of items) i.item.classList.toggle("later", i.at > at); };
}
