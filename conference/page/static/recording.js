// That the conference is recorded, whether one agrees, and what was recorded before.
import { consent, me, record, recordingNow, recordings } from "./api.js";
import { byId, clockTime, make, say } from "./say.js";

const STATE = "org.medixchange.recording";
const OWN = "m.call#ROOM"; // the slot of the room's own call, which this page is for
const serverOf = (user) => user.slice(user.indexOf(":") + 1);

export function recording(room, complain) {
    const button = byId("record");
    const dialog = byId("consent");
    const asked = new Set();
    const links = new Map();
    let may = false;

    const now = () => room.get(STATE)?.content ?? {};
    const running = () => now().state === "recording";

    function show() {
        byId("recording").textContent = running() ? say("recorded") : "";
        byId("recording").hidden = !running();
        button.hidden = !may;
        byId("ask").hidden = !may || running();
        button.textContent = say(running() ? "record_stop" : "record_start");
        const state = now();
        if (!running() || state.consent !== "explicit" || asked.has(state.id) || !document.body.dataset.joined) return;
        asked.add(state.id);
        byId("consent-text").textContent = say("consent_text", { name: room.nameOf(state.by ?? "") });
        dialog.showModal();
    }

    dialog.addEventListener("close", () => consent(room.id, dialog.returnValue === "yes" ? "yes" : "no").catch(() => complain("not_done")));
    dialog.addEventListener("cancel", () => { dialog.returnValue = "no"; });
    button.addEventListener("click", async () => {
        button.disabled = true;
        const start = { action: "start", consent: byId("explicit").checked ? "explicit" : "notice", title: byId("title").textContent };
        await record(room.id, running() ? { action: "stop" } : start).catch((error) => complain("not_done", error.message));
        button.disabled = false;
    });

    function add(id, text) {
        if (links.has(id)) return;
        const item = make("li", {}, make("a", { href: "/replay/" + id, target: "_blank", rel: "noopener" }, text));
        links.set(id, item);
        byId("replays").prepend(item);
        byId("replays-part").hidden = false;
    }

    const linkText = (title, duration, slot) => `${title || say("recording")}${slot && slot !== OWN ? ` · ${slot}` : ""} · ${clockTime(duration ?? 0)}`;

    room.addEventListener("message", ({ detail: event }) => {
        const replay = event.content?.["org.medixchange.replay"];
        if (typeof replay?.id !== "string" || !/^[0-9a-z]{8,40}$/.test(replay.id)) return;
        const server = serverOf(event.sender);
        add(server === serverOf(me.user) ? replay.id : `${replay.id}@${server}`, linkText(replay.title, replay.duration, typeof replay.slot_id === "string" ? replay.slot_id : ""));
    });
    room.addEventListener("state", ({ detail: event }) => { if (event.type === STATE) show(); });
    recordingNow(room.id).then((answer) => { may = answer.may_record === true; show(); }).catch(() => {});
    recordings(room.id).then((answer) => {
        for (const r of (answer.recordings ?? []).toReversed()) if (r.state !== "deleted" && r.state !== "recording") add(r.id, linkText(r.title, r.duration, r.slot_id));
    }).catch(() => {});
    return show;
}
