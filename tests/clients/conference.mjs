// Two browsers with fake cameras and microphones, each logged in at its own hospital, meet on the conference pages. Says what it saw
// in lines of JSON, which the Go test judges.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const complaints = [];

function report(step, seen) { process.stdout.write(JSON.stringify({ step, ...seen }) + "\n"); }

// keepConnections lets the test ask what arrives: the page's own connections are not to be reached otherwise.
function keepConnections() {
    globalThis.connections = [];
    const Plain = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Plain {
        constructor(...args) { super(...args); globalThis.connections.push(this); }
    };
}

async function visit(who, options = {}) {
    const browser = await chromium.launch({ executablePath: input.chromium, args: [
        "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
        "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
    ] });
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["camera", "microphone"], ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.addInitScript(keepConnections);
    page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("status of")) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("response", (response) => {
        const known = /\/favicon\.ico$/; // browsers ask by themselves
        if (response.status() >= 400 && !known.test(response.url())) complaints.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    await page.goto(who.url + who.path);
    await page.fill("#user", who.name);
    await page.fill("#password", who.password);
    await page.click("button[type=submit]");
    await page.waitForSelector("body[data-ready=yes]").catch(async (error) => {
        throw new Error(`${await page.title()} at ${page.url()}: ${complaints}`, { cause: error });
    });
    return { page, browser };
}

const shot = async (page, name) => { if (input.shots) await page.screenshot({ path: join(input.shots, name + ".png"), fullPage: true }); };

// arriving sums what the page receives: frames that were decoded and the energy of sound.
const arriving = (page) => page.evaluate(async () => {
    const seen = { frames: 0, energy: 0 };
    for (const connection of globalThis.connections) {
        if (connection.connectionState === "closed") continue;
        for (const stat of (await connection.getStats()).values()) {
            if (stat.type !== "inbound-rtp") continue;
            seen.frames += stat.framesDecoded ?? 0;
            seen.energy += stat.totalAudioEnergy ?? 0;
        }
    }
    return seen;
});

async function untilArriving(page) {
    for (let i = 0; i < 600; i++) {
        const seen = await arriving(page);
        if (seen.frames > 20 && seen.energy > 0) return seen;
        await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`nothing arrives at ${page.url()}: ${await page.textContent("#state")} ${await page.textContent("#trouble")} ${JSON.stringify(complaints)}`);
}

async function violations(page) {
    await page.evaluate(axe + ";0");
    return page.evaluate(async () => (await axe.run(document)).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`));
}

// replayed opens the recording that the room tells of, at one's own hospital, and plays it.
async function replayed(page) {
    const link = await page.locator("#replays a").first().getAttribute("href");
    const replay = await page.context().newPage();
    await replay.goto(new URL(link, page.url()).href);
    await replay.waitForSelector("body[data-ready=yes]");
    await replay.click("#play");
    // What comes from the other hospital's SFU may begin later, when the recorder has come there.
    await replay.waitForFunction(() => [...document.querySelectorAll("audio")].every((e) => e.currentTime > 0.5) &&
        [...document.querySelectorAll("video")].every((e) => e.getVideoPlaybackQuality().totalVideoFrames > 5));
    const seen = await replay.evaluate(() => ({
        audio: document.querySelectorAll("audio").length, video: document.querySelectorAll("video").length, speakers: document.querySelectorAll(".speaker").length,
    }));
    await shot(replay, `recorded-${seen.speakers}-${link.includes("@") ? "there" : "here"}`);
    await replay.close();
    return { ...seen, elsewhere: link.includes("@") };
}

const text = (page, selector, wanted) => page.waitForFunction(([where, what]) => [...document.querySelectorAll(where)].some((e) => e.textContent.includes(what)), [selector, wanted]);

const { page: zh, browser: first } = await visit(input.zh);
const { page: es, browser: second } = await visit(input.es);
await zh.click("#join");
await zh.waitForSelector("body[data-state=alone]").catch(async (error) => {
    throw new Error(`${await zh.textContent("#trouble")}: ${complaints}`, { cause: error });
});
await es.focus("#join");
await es.keyboard.press("Enter");
report("zh", await untilArriving(zh));
report("es", await untilArriving(es));
report("heard", { zh: Number(await zh.getAttribute("body", "data-heard")), es: Number(await es.getAttribute("body", "data-heard")) });
report("people", { zh: await zh.locator("#people li").count(), es: await es.locator("#people li").count(), tiles: await zh.locator(".tile").count() });

await zh.click("#record");
for (const page of [zh, es]) await page.waitForSelector("#recording:not([hidden])");
const recordedSince = Date.now();

await es.click("#hand");
await text(zh, "#people li", "🖐️");
await es.locator("button.reaction").first().click();
await text(zh, "#people li", "👍");
await zh.fill("#message", input.message);
await zh.press("#message", "Enter");
await text(es, "#chat li", input.read);
const said = (page, words) => page.locator("#chat li div", { hasText: words }).last().textContent(); // notices of the recording may come after it
report("chat", { own: await said(zh, input.message), read: await said(es, input.read) });
await shot(zh, "conference-zh");
await shot(es, "conference-ar");
report("axe", { zh: await violations(zh), es: await violations(es), dir: await es.getAttribute("html", "dir") });

await new Promise((done) => setTimeout(done, Math.max(0, 6000 - (Date.now() - recordedSince)))); // so that there is something to replay
await zh.click("#record");
for (const page of [zh, es]) await page.waitForSelector("#recording", { state: "hidden" });
report("replay", { zh: await replayed(zh), es: await replayed(es) });

await es.click("#hand");
await zh.waitForFunction(() => ![...document.querySelectorAll("#people li")].some((e) => e.textContent.includes("🖐️")));
await zh.locator("#people li button").first().click(); // mute
await es.waitForSelector("#microphone[aria-pressed=false]");
report("muted", { es: await es.getAttribute("#microphone", "aria-pressed") });
await es.click("#camera");
await es.waitForSelector("#camera[aria-pressed=false]");
await zh.waitForFunction(() => document.querySelectorAll(".tile").length === 1);
report("camera", { tiles: await zh.locator(".tile").count() });

await es.setViewportSize({ width: 360, height: 740 });
report("phone", { over: await es.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth) });
await shot(es, "conference-phone");
await es.setViewportSize({ width: 1280, height: 900 });

await second.close(); // as a tab is closed, or a browser crashes
await zh.waitForSelector("body[data-state=alone]");
report("gone", { people: await zh.locator("#people li").count() });
await zh.click("#join");
await zh.waitForSelector("body[data-state=not_joined]");
report("left", { people: await zh.locator("#people li").count() });
report("complaints", { complaints });
await first.close();
