// The page of a conference.
import { conference, me, transports } from "./api.js";
import { isMember, Membership, membersOf } from "./call.js";
import { captions } from "./captions.js";
import { chat } from "./chat.js";
import { Media } from "./media.js";
import { People } from "./people.js";
import { recording } from "./recording.js";
import { Room } from "./room.js";
import { byId, say } from "./say.js";
import { clear, draw, speaking } from "./tiles.js";

const LOOKS = 60_000; // ms

const room = new Room(document.body.dataset.room);
const media = new Media(room.id);
const membership = new Membership(room);
const people = new People(room, complain);
const showRecording = recording(room, complain);
let service = ""; // of this hospital's SFU
let joining = false;
let started = 0;

function complain(key, detail = "") {
    byId("trouble").textContent = detail ? `${say(key)} (${detail})` : say(key);
    byId("trouble").hidden = false;
}

function state(key) {
    byId("state").textContent = say(key);
    document.body.dataset.state = key;
}

const joined = () => document.body.dataset.joined === "yes";

// refresh follows who is in the call: to their SFUs, and in the list.
let refreshing = Promise.resolve();
function refresh() {
    refreshing = refreshing.then(async () => {
        people.take(await membersOf(room));
        if (joined()) {
            await membership.seen(people.own() !== undefined);
            const wanted = new Map();
            for (const m of people.members) if (m.service !== service) wanted.set(m.service, m.user.slice(m.user.indexOf(":") + 1));
            media.follow(wanted);
        }
        show();
    }).catch(() => {});
}

function show() {
    people.sends = media.people();
    people.draw();
    draw(byId("tiles"), people.sends, (identity, local) => people.nameOf(identity, local));
    const local = media.publisher?.localParticipant;
    for (const [id, on, up, down] of [
        ["microphone", local?.isMicrophoneEnabled, "microphone_on", "microphone_off"], ["camera", local?.isCameraEnabled, "camera_on", "camera_off"],
        ["screen", local?.isScreenShareEnabled, "screen_on", "screen_off"],
    ]) {
        byId(id).setAttribute("aria-pressed", String(Boolean(on)));
        byId(id).textContent = say(on ? down : up);
    }
    for (const id of ["microphone", "camera", "screen"]) byId(id).disabled = !joined();
    for (const button of document.querySelectorAll("#hand, button.reaction")) button.disabled = !joined() || !people.own(); // they refer to one's membership
    byId("join").textContent = say(joined() || joining ? "leave" : "join");
    byId("join").classList.toggle("leave", joined() || joining);
    if (joined()) state(people.members.length > 1 ? "in_call" : "alone");
}

// publish switches a source; a browser that refuses is told to the reader, and the call goes on.
async function publish(what, on) {
    const local = media.publisher?.localParticipant;
    if (!local) return;
    try {
        if (what === "microphone") await local.setMicrophoneEnabled(on, chosen("microphones"));
        else if (what === "camera") await local.setCameraEnabled(on, chosen("cameras"));
        else await local.setScreenShareEnabled(on, { audio: true });
    } catch (error) {
        if (what !== "screen" || error.name !== "NotAllowedError") complain(`no_${what}`);
    }
    show();
}

const chosen = (id) => (byId(id).value ? { deviceId: byId(id).value } : undefined);

async function devices() {
    const found = await navigator.mediaDevices?.enumerateDevices() ?? [];
    for (const [id, kind] of [["microphones", "audioinput"], ["cameras", "videoinput"]]) {
        const before = byId(id).value;
        const options = found.filter((d) => d.kind === kind).map((d, i) => new Option(d.label || `${say(id.slice(0, -1))} ${i + 1}`, d.deviceId));
        byId(id).replaceChildren(...options);
        if (before) byId(id).value = before;
    }
}

async function join() {
    joining = true;
    started = performance.now();
    byId("trouble").hidden = true;
    state("joining");
    try {
        const answer = await transports();
        service = (answer.rtc_transports ?? answer.transports ?? []).find((t) => t.type === "livekit")?.livekit_service_url?.replace(/\/$/, "") ?? "";
        if (!service) throw Object.assign(new Error("no SFU"), { key: "no_sfu" });
        await media.join(service, membership.prepare());
        await membership.join(service);
        document.body.dataset.joined = "yes";
        joining = false;
        showRecording();
        refresh();
        const may = await conference(room.id).then((c) => c.may ?? {}).catch(() => ({}));
        people.may = { mute: may.mute === true, remove: may.remove === true };
        await publish("microphone", true);
        await publish("camera", true);
        await devices();
    } catch (error) {
        joining = false;
        await leave();
        complain(error.key ?? (error.status === 403 ? "not_allowed" : "cannot_join"), error.key ? "" : error.message);
    }
    show();
}

async function leave() {
    delete document.body.dataset.joined;
    media.leave();
    clear();
    await membership.leave();
    state("not_joined");
    show();
}

byId("join").addEventListener("click", () => { if (joined()) leave(); else if (!joining) join(); });
for (const what of ["microphone", "camera", "screen"]) {
    byId(what).addEventListener("click", () => publish(what, byId(what).getAttribute("aria-pressed") !== "true"));
}
byId("microphones").addEventListener("change", () => media.publisher?.switchActiveDevice("audioinput", byId("microphones").value));
byId("cameras").addEventListener("change", () => media.publisher?.switchActiveDevice("videoinput", byId("cameras").value));

media.addEventListener("changed", show);
media.addEventListener("speakers", () => speaking(media.people()));
media.addEventListener("lost", async () => {
    await leave();
    complain("removed");
});
document.addEventListener("playing", (event) => { // the first sound or picture of somebody else
    if (!event.target.dataset?.key || event.target.muted || document.body.dataset.heard) return;
    document.body.dataset.heard = String(Math.round(performance.now() - started));
}, true);

room.addEventListener("state", ({ detail: event }) => {
    if (event.type === "m.room.name") byId("title").firstElementChild.textContent = event.content?.name || say("conference");
    if (isMember(event.type) || event.type === "m.room.member") refresh();
});
room.addEventListener("left", async () => {
    if (joined()) await leave();
    complain("not_here");
});
addEventListener("pagehide", () => {
    if (!joined()) return;
    membership.leave({ keepalive: true });
    media.leave();
});

byId("screen").hidden = !navigator.mediaDevices?.getDisplayMedia; // telephones share none
captions(room, media);
chat(room);
show();
devices().catch(() => {});
document.body.dataset.ready = "yes";
document.body.dataset.me = me.user;
setInterval(refresh, LOOKS); // memberships end by the clock, too
room.run();
