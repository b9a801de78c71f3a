// Live captions: what is understood of the speakers, in the reader's language.
import { byId, make } from "./say.js";

const TOPIC = "org.medixchange.captions";
const STAYS = 8000; // ms
const MOST = 200;

// captions shows utterances {id, user_id, text, lang, texts: {LANGUAGE: text}, final} that come over the SFU or as events of the room.
export function captions(room, media) {
    const line = byId("caption");
    const list = byId("said");
    const known = new Map();
    const language = document.documentElement.lang.split("-")[0];
    let timer = 0;

    function take(u) {
        if (typeof u?.user_id !== "string") return;
        const text = u.texts?.[document.documentElement.lang] ?? u.texts?.[language] ?? u.text;
        if (typeof text !== "string" || !text) return;
        const name = room.nameOf(u.user_id);
        let item = known.get(u.id);
        if (!item) {
            item = make("li", { dir: "auto" });
            known.set(u.id, item);
            list.append(item);
            byId("said-part").hidden = false;
            while (list.children.length > MOST) list.firstElementChild.remove();
        }
        item.replaceChildren(make("b", {}, name + ": "), text);
        list.scrollTop = list.scrollHeight;
        line.dir = "auto";
        line.textContent = `${name}: ${text}`;
        line.hidden = !byId("captions").checked;
        clearTimeout(timer);
        timer = setTimeout(() => { line.hidden = true; }, STAYS);
    }

    media.addEventListener("data", ({ detail }) => {
        if (detail.topic !== TOPIC || detail.payload.length > 16_384) return;
        try {
            take(JSON.parse(new TextDecoder().decode(detail.payload)));
        } catch { /* not ours */ }
    });
    room.addEventListener("event", ({ detail: event }) => { if (event.type === TOPIC) take({ id: event.event_id, ...event.content }); });
    byId("captions").addEventListener("change", () => { line.hidden = true; });
}
