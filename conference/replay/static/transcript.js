// The transcript: each line leads to its moment, and can be corrected at the hospital that made the recording.
import { make, clockTime, directionOf, say } from "./say.js";

const { base, correct } = document.body.dataset;

// editor lets a reader set right what was understood wrongly.
function editor(item, utterance, done) {
    const field = make("textarea", { value: utterance.text, lang: utterance.lang ?? "", dir: directionOf(utterance.lang ?? "") });
    field.setAttribute("aria-label", say("correct"));
    const form = make("form", { className: "editor" }, field, make("button", { type: "submit" }, say("save")), make("button", { type: "reset" }, say("cancel")));
    form.addEventListener("reset", () => form.remove());
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const answer = await fetch(`${base}/transcript/${encodeURIComponent(utterance.id)}`, {
            method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: field.value }),
        });
        if (!answer.ok) {
            field.setCustomValidity(say("not_saved"));
            field.reportValidity();
            return;
        }
        utterance.text = field.value.trim();
        form.remove();
        done();
    });
    item.append(form);
    field.focus();
}

function line(cue, language, utterance, clock, changed) {
    const go = make("button", { type: "button", className: "said" },
        make("span", { className: "moment" }, clockTime(cue.start)), " ", make("b", { dir: "auto" }, cue.voice), " ",
        make("span", { lang: language, dir: directionOf(language) }, cue.text));
    go.addEventListener("click", () => clock.seek(cue.start));
    const item = make("li", {}, go);
    if (!utterance) return { cue, item, go };
    if (utterance.lang && utterance.lang.split("-")[0] !== language.split("-")[0]) {
        item.append(make("details", {}, make("summary", {}, say("original")),
            make("p", { lang: utterance.lang, dir: directionOf(utterance.lang) }, utterance.text)));
    }
    if (utterance.corrected_by) item.append(make("small", {}, say("corrected", { name: utterance.corrected_by })));
    if (correct === "yes") {
        const edit = make("button", { type: "button", className: "small" }, say("correct"));
        edit.addEventListener("click", () => item.querySelector("form") ?? editor(item, utterance, changed));
        item.append(edit);
    }
    return { cue, item, go };
}

// transcript fills the list and marks the line that is said.
export function transcript(list, none, clock) {
    let lines = [];
    return {
        fill(cues, language, utterances) {
            const byIdentity = new Map(utterances.map((u) => [u.id, u]));
            const byStart = new Map(utterances.map((u) => [u.start, u]));
            lines = cues.map((cue) => {
                const utterance = byIdentity.get(cue.id) ?? byStart.get(cue.start);
                return line(cue, language, utterance, clock, () => location.reload());
            });
            list.replaceChildren(...lines.map((l) => l.item));
            none.hidden = lines.length > 0;
        },
        at(now) {
            for (const { cue, item, go } of lines) {
                const current = cue.start <= now && now < cue.end;
                if (item.classList.contains("current") === current) continue;
                item.classList.toggle("current", current);
                if (current) go.setAttribute("aria-current", "true");
                else go.removeAttribute("aria-current");
                // Only within the list: the page stays where the reader is.
                if (current && !list.contains(document.activeElement)) list.scrollTop = item.offsetTop - list.offsetTop - 40;
            }
        },
    };
}
