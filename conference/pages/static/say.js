// What the page's scripts share: words, times, elements.

const words = JSON.parse(document.body.dataset.words);

// say gives a text in the page's language, with {name}s replaced.
export function say(key, values = {}) {
    let text = words[key] ?? key;
    for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
    return text;
}

// make builds an element: properties, then children, which are elements or text.
export function make(tag, properties = {}, ...children) {
    const { dataset, attributes, ...rest } = properties;
    const element = Object.assign(document.createElement(tag), rest);
    Object.assign(element.dataset, dataset ?? {});
    for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

export const byId = (id) => document.getElementById(id);

// clockTime writes milliseconds as 1:02:03 or 2:03.
export function clockTime(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(s / 3600);
    const minutes = Math.floor(s / 60) % 60;
    return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// momentOf reads #t=75, #t=1:15 or #t=1:01:15 as milliseconds; null where there is none.
export function momentOf(hash) {
    const found = /^#t=(\d{1,6}(?::\d{1,2}){0,2})$/.exec(hash);
    if (!found) return null;
    return found[1].split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}

const rightToLeft = new Set(["ar", "fa", "ur", "he"]);

// directionOf is the direction that a language is written in.
export const directionOf = (tag) => (rightToLeft.has(tag.split("-")[0]) ? "rtl" : "ltr");
