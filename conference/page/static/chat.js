// The chat beside the call. The node gives each message in the reader's language; a translation that comes late is an edit.
import { me, send } from "./api.js";
import { byId, make } from "./say.js";

const MOST = 300;

export function chat(room) {
    const list = byId("chat");
    const box = list.parentElement;
    const shown = new Map(); // of paragraphs by event
    room.addEventListener("message", ({ detail: event }) => {
        const old = shown.get(event.event_id);
        const body = String(event.content?.body ?? "");
        if (!body || old) return;
        const text = make("div", { dir: "auto" }, body);
        const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
        list.append(make("li", {}, make("b", { dir: "auto" }, room.nameOf(event.sender)), text));
        shown.set(event.event_id, text);
        while (list.children.length > MOST) list.firstElementChild.remove();
        if (atEnd || event.sender === me.user) box.scrollTop = box.scrollHeight;
    });
    room.addEventListener("edited", ({ detail }) => {
        const text = shown.get(detail.of);
        if (text && detail.body) text.textContent = detail.body;
    });
    room.addEventListener("redacted", ({ detail: id }) => shown.get(id)?.parentElement.remove());

    const field = byId("message");
    const form = byId("say");
    field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const body = field.value.trim();
        if (!body) return;
        field.value = "";
        await send(room.id, "m.room.message", { msgtype: "m.text", body }).catch(() => { field.value = body; });
    });
}
