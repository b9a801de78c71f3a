// The page of a recording.
import { Clock, Track } from "./clock.js";
import { readVTT, spokenAt } from "./captions.js";
import { speakersOf, rows } from "./timeline.js";
import { chat } from "./chat.js";
import { transcript } from "./transcript.js";
import { byId, clockTime, directionOf, make, momentOf, say } from "./say.js";

const base = document.body.dataset.base; // /replay/ID
const trouble = byId("trouble");

function complain(key) {
    trouble.textContent = say(key);
    trouble.hidden = false;
}

async function load(path, kind) {
    const answer = await fetch(`${base}/${path}`);
    if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { status: answer.status });
    return answer[kind]();
}

const optional = (path, kind, otherwise) => load(path, kind).catch(() => otherwise);

// tiles makes an element for each track: a tile for each picture and each voice without one.
function tiles(manifest, clock) {
    const stage = byId("tiles");
    const names = new Map((manifest.participants ?? []).map((p) => [p.user_id, p.name || p.user_id]));
    const elements = [];
    for (const about of manifest.tracks ?? []) {
        const element = make(about.kind === "video" ? "video" : "audio", {
            src: `${base}/tracks/${about.file}`, preload: "metadata", playsInline: true, muted: about.kind === "video",
            dataset: { user: about.user_id, source: about.source, offset: about.offset },
        });
        element.disableRemotePlayback = true;
        const track = new Track(element, about);
        element.addEventListener("error", () => complain("missing_track"));
        clock.tracks.push(track);
        elements.push({ element, about, track });
        if (about.kind !== "video") {
            stage.append(element);
            continue;
        }
        const screen = about.source === "screen_share";
        const tile = make("figure", { className: screen ? "tile screen" : "tile" }, element,
            make("figcaption", {}, make("bdi", {}, names.get(about.user_id) ?? about.user_id), screen ? ` · ${say("screen")}` : ""));
        element.setAttribute("aria-label", say(screen ? "screen_of" : "picture_of", { name: names.get(about.user_id) ?? about.user_id }));
        clock.addEventListener("tick", () => { tile.hidden = !track.covers(clock.now()); });
        stage.append(tile);
    }
    return elements;
}

function controls(clock, duration) {
    const play = byId("play");
    const slider = byId("position");
    const time = byId("time");
    slider.max = String(duration);
    play.addEventListener("click", () => (clock.playing ? clock.pause() : clock.play()));
    byId("back").addEventListener("click", () => clock.seek(clock.now() - 10_000));
    byId("forward").addEventListener("click", () => clock.seek(clock.now() + 10_000));
    slider.addEventListener("input", () => clock.seek(Number(slider.value)));
    byId("speed").addEventListener("change", (event) => clock.speed(Number(event.target.value)));
    clock.addEventListener("state", () => {
        play.textContent = say(clock.playing ? "pause" : "play");
        play.dataset.state = clock.playing ? (clock.stalled ? "waiting" : "playing") : "paused";
        byId("waiting").hidden = !clock.stalled;
    });
    clock.addEventListener("tick", () => {
        const at = clock.now();
        slider.value = String(Math.round(at));
        const text = `${clockTime(at)} / ${clockTime(duration)}`;
        if (time.textContent === text) return;
        time.textContent = text;
        slider.setAttribute("aria-valuetext", say("of", { time: clockTime(at), total: clockTime(duration) }));
    });
    clock.addEventListener("refused", () => complain("press_play"));
}

function keys(clock) {
    const step = { ArrowLeft: -5000, ArrowRight: 5000, j: -10_000, l: 10_000 };
    document.addEventListener("keydown", (event) => {
        const busy = event.target.closest("input, select, textarea, a, summary, button");
        if (event.ctrlKey || event.metaKey || event.altKey || (busy && (event.key !== "k" || busy.matches("textarea")))) return;
        if (event.key === " " || event.key === "k") (clock.playing ? clock.pause() : clock.play());
        else if (step[event.key]) clock.seek(clock.now() + step[event.key]);
        else return;
        event.preventDefault();
    });
}

function moments(clock) {
    const jump = () => {
        const at = momentOf(location.hash) ?? momentOf(`#t=${new URLSearchParams(location.search).get("t")}`);
        if (at !== null) clock.seek(at);
    };
    addEventListener("hashchange", jump);
    jump();
    byId("link").addEventListener("click", async () => {
        const here = new URL(location.href);
        here.hash = ""; // what stands there is lost where one has to log in first
        here.searchParams.set("t", Math.floor(clock.now() / 1000));
        history.replaceState(null, "", here);
        try {
            await navigator.clipboard.writeText(location.href);
            byId("said").textContent = say("linked");
        } catch { // not allowed, or no secure connection: the address bar has it
            byId("said").textContent = say("link_above");
        }
    });
}

function captionsIn(clock, manifest, utterances) {
    const choice = byId("captions");
    const line = byId("caption");
    let cues = [];
    const mark = transcript(byId("transcript"), byId("transcript-none"), clock, manifest);
    const show = () => {
        const now = choice.value === "off" ? [] : spokenAt(cues, clock.now());
        const text = now.map((cue) => (cue.voice ? `${cue.voice}: ${cue.text}` : cue.text)).join("\n");
        if (line.textContent !== text) line.textContent = text;
        line.hidden = text === "";
        mark.at(clock.now());
    };
    const change = async () => {
        const language = choice.value === "off" ? document.documentElement.lang : choice.value;
        cues = readVTT(await optional(`captions/${language}.vtt`, "text", ""));
        Object.assign(line, { lang: language, dir: directionOf(language) });
        mark.fill(cues, language, utterances);
        choice.dataset.loaded = choice.value;
        show();
    };
    choice.addEventListener("change", change);
    clock.addEventListener("tick", show);
    return change();
}

function audioOnly(elements) {
    const box = byId("audio-only");
    box.addEventListener("change", () => {
        document.body.classList.toggle("voices", box.checked);
        for (const { element, about, track } of elements) {
            if (about.kind !== "video") continue;
            track.duration = box.checked ? 0 : about.duration; // nothing follows the clock, nothing is loaded
            if (box.checked) element.removeAttribute("src");
            else element.src = `${base}/tracks/${about.file}`;
            element.load();
        }
    });
}

function chapters(clock, manifest) {
    const found = manifest.chapters ?? [];
    byId("chapters-part").hidden = found.length === 0;
    byId("chapters").replaceChildren(...found.map((chapter) => {
        const go = make("button", { type: "button" }, make("span", { className: "moment" }, clockTime(chapter.at)), " ", make("bdi", {}, chapter.title));
        go.addEventListener("click", () => clock.seek(chapter.at));
        return make("li", {}, go);
    }));
}

async function start() {
    let manifest;
    try {
        manifest = await load("manifest.json", "json");
    } catch (error) {
        complain(error.status === 404 ? "not_here" : "unreachable");
        return;
    }
    if (manifest.state === "deleted" || manifest.state === "recording") return; // the page says so
    const duration = Math.max(1, manifest.ended_ts - manifest.started_ts);
    const clock = new Clock(duration);
    const elements = tiles(manifest, clock);
    controls(clock, duration);
    keys(clock);
    audioOnly(elements);
    chapters(clock, manifest);
    const { utterances } = await optional("transcript.json", "json", { utterances: [] });
    const marks = rows(byId("speakers"), speakersOf(manifest, utterances ?? []), duration, (at) => clock.seek(at), (user, volume) => {
        for (const { element, about } of elements) if (about.user_id === user) element.volume = volume;
    });
    clock.addEventListener("tick", () => marks(clock.now()));
    await captionsIn(clock, manifest, utterances ?? []);
    moments(clock);
    document.body.dataset.ready = "yes";
    const later = await chat(byId("chat"), byId("chat-none"), manifest, duration, (at) => clock.seek(at)).catch(() => () => {});
    clock.addEventListener("tick", () => later(clock.now()));
}

start();
