// Who spoke when: a row for each speaker, with their volume.
import { make, say, clockTime } from "./say.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

function bar(spans, duration, kind) {
    return spans.map(([from, to]) => {
        const rect = document.createElementNS(SVG, "rect");
        const x = Math.max(0, from) / duration * WIDTH;
        rect.setAttribute("x", x.toFixed(1));
        rect.setAttribute("width", Math.max(1.5, Math.min(to, duration) / duration * WIDTH - x).toFixed(1));
        rect.setAttribute("y", kind === "spoke" ? "4" : "8");
        rect.setAttribute("height", kind === "spoke" ? "12" : "4");
        rect.setAttribute("class", kind);
        return rect;
    });
}

const length = (spans) => spans.reduce((sum, [from, to]) => sum + to - from, 0);

// merged joins what overlaps or nearly touches.
function merged(spans) {
    const out = [];
    for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
        const last = out.at(-1);
        if (last && from <= last[1] + 300) last[1] = Math.max(last[1], to);
        else out.push([from, to]);
    }
    return out;
}

// openMicrophone is when a microphone was on, for recordings that nobody wrote down.
function openMicrophone(track) {
    let spans = [[track.offset, track.offset + track.duration]];
    for (const [from, to] of track.mutes ?? []) {
        spans = spans.flatMap(([a, b]) => [[a, Math.min(b, from)], [Math.max(a, to), b]].filter(([x, y]) => y > x));
    }
    return spans;
}

// speakersOf gives those who took part, each once, in the order in which they came.
export function speakersOf(manifest, utterances) {
    const people = new Map();
    for (const p of manifest.participants ?? []) {
        const known = people.get(p.user_id) ?? { id: p.user_id, name: p.name || p.user_id, server: p.server, present: [], spoke: [] };
        known.present.push(...(p.spans ?? []));
        people.set(p.user_id, known);
    }
    for (const person of people.values()) {
        const said = utterances.filter((u) => u.user_id === person.id).map((u) => [u.start, u.end]);
        const heard = (manifest.tracks ?? []).filter((t) => t.user_id === person.id && t.source === "microphone").flatMap(openMicrophone);
        person.spoke = merged(utterances.length > 0 ? said : heard);
    }
    return [...people.values()];
}

// rows fills the list of speakers. setVolume is called with a user's id and 0 to 1.
export function rows(list, people, duration, seek, setVolume) {
    const marks = [];
    list.replaceChildren(...people.map((person, i) => {
        const svg = document.createElementNS(SVG, "svg");
        for (const [name, value] of Object.entries({ viewBox: `0 0 ${WIDTH} 20`, preserveAspectRatio: "none", "aria-hidden": "true" })) svg.setAttribute(name, value);
        const mark = document.createElementNS(SVG, "rect");
        for (const [name, value] of Object.entries({ class: "now", y: "0", width: "3", height: "20" })) mark.setAttribute(name, value);
        svg.append(...bar(person.present, duration, "present"), ...bar(person.spoke, duration, "spoke"), mark);
        marks.push(mark);
        svg.addEventListener("click", (event) => {
            const box = svg.getBoundingClientRect();
            seek((event.clientX - box.left) / box.width * duration);
        });
        const volume = make("input", { type: "range", id: `volume-${i}`, min: "0", max: "100", value: "100" });
        volume.addEventListener("input", () => setVolume(person.id, Number(volume.value) / 100));
        return make("li", { className: "speaker" },
            make("span", { className: "who" }, make("bdi", {}, person.name), " ", make("small", { dir: "ltr" }, person.server ?? "")),
            make("small", { className: "spoken" }, say("spoke", { time: clockTime(length(person.spoke)) })),
            make("label", { htmlFor: `volume-${i}`, className: "unseen" }, say("volume", { name: person.name })), volume,
            make("div", { className: "line", dir: "ltr" }, svg));
    }));
    return (at) => { for (const mark of marks) mark.setAttribute("x", (Math.min(at / duration, 1) * (WIDTH - 3)).toFixed(1)); };
}
