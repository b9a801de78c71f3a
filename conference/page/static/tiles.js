// The pictures and voices of those in the call.
import { make, say } from "./say.js";

const tiles = new Map(); // of elements by identity and source

function show(stage, key, track, label, options) {
    let tile = tiles.get(key);
    if (tile?.track === track) {
        tile.caption.textContent = label;
        return tile;
    }
    tile?.remove();
    const element = track.attach();
    element.muted = options.local;
    element.dataset.key = key;
    const caption = make("figcaption", { dir: "auto" }, label);
    const node = track.kind === "video" ? make("figure", { className: options.screen ? "tile screen" : "tile" }, element, caption) : element;
    if (track.kind === "video") element.setAttribute("aria-label", label);
    stage.append(node);
    tile = { track, caption, node, remove() { track.detach(element); node.remove(); tiles.delete(key); } };
    tiles.set(key, tile);
    return tile;
}

// draw shows what people send; nameOf gives the name of an SFU identity, "" for those who are not in the call.
export function draw(stage, people, nameOf) {
    const wanted = new Set();
    for (const person of people.values()) {
        const name = nameOf(person.identity, person.local);
        if (!name) continue;
        for (const [source, track] of person.tracks) {
            if (person.local && track.kind === "audio") continue;
            const screen = source === "screen_share";
            const key = `${person.identity} ${source}`;
            wanted.add(key);
            const tile = show(stage, key, track, screen ? say("screen_of", { name }) : name, { local: person.local, screen });
            tile.node.classList.toggle("speaking", person.speaking && !screen);
        }
    }
    for (const [key, tile] of tiles) if (!wanted.has(key)) tile.remove();
}

// speaking marks who speaks.
export function speaking(people) {
    for (const person of people.values()) tiles.get(`${person.identity} camera`)?.node.classList.toggle("speaking", person.speaking);
}

// clear takes everything away.
export function clear() { for (const tile of [...tiles.values()]) tile.remove(); }
