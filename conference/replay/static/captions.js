// Captions: WebVTT read as text, never as markup.

const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&lrm;": "\u200e", "&rlm;": "\u200f" };
const plain = (text) => text.replace(/<[^>]*>/g, "").replace(/&(?:amp|lt|gt|nbsp|lrm|rlm);/g, (name) => entities[name]);

function moment(text) {
    const found = /^(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})$/.exec(text);
    return found ? ((Number(found[1] ?? 0) * 60 + Number(found[2])) * 60 + Number(found[3])) * 1000 + Number(found[4]) : NaN;
}

// readVTT gives the cues of a WebVTT file in their order: id, start and end in ms, who speaks, what is said.
export function readVTT(file) {
    const cues = [];
    for (const block of file.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
        const lines = block.trim().split("\n");
        const at = lines.findIndex((line) => line.includes("-->"));
        if (at < 0 || at > 1) continue;
        const [from, rest] = lines[at].split("-->");
        const start = moment(from.trim());
        const end = moment(rest.trim().split(/\s+/)[0]);
        if (Number.isNaN(start) || Number.isNaN(end)) continue;
        const text = lines.slice(at + 1).join("\n");
        const voice = /^<v(?:\.[^\s>]*)?\s+([^>]*)>/.exec(text);
        cues.push({ id: at === 1 ? lines[0].trim() : "", start, end, voice: voice ? plain(voice[1]) : "", text: plain(text).trim() });
    }
    return cues.sort((a, b) => a.start - b.start);
}

// spokenAt gives the cues of a moment.
export const spokenAt = (cues, at) => cues.filter((cue) => cue.start <= at && at < cue.end);
